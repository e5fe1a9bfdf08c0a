"""Archives written for one rule of Helm's loader each (reference helm.md 5): many that Helm takes
and we refuse, because nobody who means well makes them (design formats.md 9).
"""

import dataclasses

from archives import gzip, tar_entry
from rules import BOM, REFUSED, SAME, STRICTER, chart_yaml

END = bytes(1024)
GLOBAL = tar_entry(b"pax_global_header", b"17 comment=abcde\n", b"g")
CHART = tar_entry(b"c/Chart.yaml", chart_yaml("archive"))


@dataclasses.dataclass
class ArchiveRule:
    name: str
    archive: bytes
    expect: str = SAME
    why: str = ""

    def __str__(self):
        return self.name


def entries(name, *parts, expect=SAME, why="", end=END):
    """An archive of Chart.yaml and these entries."""
    return ArchiveRule(name, gzip(CHART + b"".join(parts) + end), expect, why)


def path(name, member, expect=SAME, why=""):
    """An archive with one more file of this name."""
    archive = gzip(CHART + tar_entry(member, b"x") + END)
    return ArchiveRule(name, archive, expect, why)


WHOLE = gzip(CHART + END)

ARCHIVE_RULES = [
    entries("minimal"),
    entries("files", tar_entry(b"c/values.yaml", b"a: 1\n"), tar_entry(b"c/templates/x.yaml", b"")),
    entries("byte-order-mark", tar_entry(b"c/values.yaml", BOM + b"a: 1\n")),
    entries("directories", tar_entry(b"c/", b"", b"5"), tar_entry(b"c/d/", b"", b"5")),
    ArchiveRule("global-pax-header-first", gzip(GLOBAL + CHART + END)),
    entries("global-pax-header-last", GLOBAL, expect=STRICTER, why="after its end"),
    entries("no-end-of-tar", end=b""),
    entries("one-block-of-end", end=bytes(512)),
    entries("half-a-block-of-end", end=bytes(700), expect=REFUSED),
    entries("time-before-1970", tar_entry(b"c/x", b"", mtime=-1)),
    entries("much-end-of-tar", end=bytes(10240)),
    entries("old-type-of-file", tar_entry(b"c/x", b"x", b"\0")),
    path("doubled-slash-inside", b"c/a//x"),
    path("dots-inside", b"c/a/./x"),
    path("bad-subchart", b"c/charts/sub/Chart.yaml", REFUSED),
    path("parent-inside", b"c/a/../x", STRICTER, "refers to a parent directory"),
    path("backslashes", b"c\\templates\\x"),
    path("drive-like-file", b"c/c:x"),
    path("absolute", b"/c/x", STRICTER, "absolute"),
    path("doubled-slash", b"c//x", REFUSED),
    path("top-level-file", b"README.md", REFUSED),
    path("parent-first", b"../x", STRICTER, "parent"),
    path("parent", b"c/../../x", REFUSED),
    path("two-dots-in-a-name", b"c/..data", REFUSED),
    path("drive", b"c/c:/x", REFUSED),
    path("chart-yaml-as-a-directory", b"Chart.yaml/x", REFUSED),
    path("another-base", b"d/x", STRICTER, "not in the directory"),
    path("control-character", b"c/a\x1bb", STRICTER, "control"),
    path("bad-utf-8", b"c/\xff", STRICTER, ""),
    path("twice", b"c/Chart.yaml", REFUSED),
    entries("file-twice", tar_entry(b"c/x", b"1"), tar_entry(b"c/x", b"2"), expect=STRICTER, why="twice"),
    entries("symbolic-link", tar_entry(b"c/l", b"", b"2"), expect=STRICTER, why=""),
    entries("hard-link", tar_entry(b"c/l", b"", b"1"), expect=STRICTER, why=""),
    entries("device", tar_entry(b"c/l", b"", b"3"), expect=STRICTER, why="device or FIFO"),
    entries("fifo", tar_entry(b"c/l", b"", b"6"), expect=STRICTER, why="device or FIFO"),
    ArchiveRule("no-chart-yaml", gzip(tar_entry(b"c/x", b"x") + END), REFUSED),
    ArchiveRule("no-files", gzip(END), REFUSED),
    ArchiveRule("empty", b"", REFUSED),
    ArchiveRule("plain-tar", CHART + END, REFUSED),
    ArchiveRule("gzip-of-nothing", gzip(b""), REFUSED),
    ArchiveRule("gzip-in-gzip", gzip(WHOLE), REFUSED),
    ArchiveRule("cut-off", WHOLE[:-30], REFUSED),
    ArchiveRule("trailing-bytes", WHOLE + b"x", STRICTER, "after"),
    ArchiveRule("second-member", WHOLE + gzip(b"x"), STRICTER, "after"),
    ArchiveRule("wrong-crc", WHOLE[:-8] + bytes(4) + WHOLE[-4:], STRICTER, ""),
    ArchiveRule("no-crc", WHOLE[:-8], STRICTER, ""),
    entries("5-mib", tar_entry(b"c/x", bytes(5242880))),
    entries("5-mib-and-one", tar_entry(b"c/x", bytes(5242881)), expect=REFUSED),
    entries("100-mib", *[tar_entry(b"c/%d" % n, bytes(5242880)) for n in range(20)], expect=REFUSED),
    entries("data-behind-the-end", end=END + tar_entry(b"c/x", b"x"), expect=STRICTER, why="after its end"),
]
