"""Archives that builder has to refuse: exit status 3, one clean line, nothing left behind.

Rows of the threat table for chart archives and YAML, and what a broken medium or a careless tool
makes. The other rows of the two groups are in test_chart_rows.py.
"""

import bz2
import io
import lzma
import os
import random
import resource
import time
import zipfile
import zlib
from concurrent.futures import ThreadPoolExecutor

import pytest
from crafted import (TINY, archive, chart_yaml, entry, gzip, long_name, padded, pax, tar, tar_files,
                     write_archive)
from demands import names_in, refused
from helpers import tree

MIB = 1024 * 1024
CHART = entry("tiny/Chart.yaml", TINY["Chart.yaml"])
GOOD = archive(TINY)
GOOD_TAR = tar_files(TINY)


def beside(*entries, level=9):
    """An archive of a good Chart.yaml and these entries."""
    return gzip(tar(CHART, *entries), level=level)


def metadata(text):
    return archive({"Chart.yaml": text if isinstance(text, bytes) else text.encode()})


def zip_of(files):
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as file:
        for name, content in files.items():
            file.writestr(f"tiny/{name}", content)
    return body.getvalue()


def cpio():
    body = TINY["Chart.yaml"]
    name = b"tiny/Chart.yaml\0"
    fields = [0, 0o100644, 0, 0, 1, 0, len(body), 0, 0, 0, 0, len(name), 0]
    head = b"070701" + b"".join(b"%08x" % field for field in fields) + name
    end = b"070701" + b"".join(b"%08x" % f for f in [0] * 4 + [1] + [0] * 6 + [11, 0])
    return head + b"\0" * (-len(head) % 4) + body + b"\0" * (-len(body) % 4) + \
        end + b"TRAILER!!!\0"


def gzip_header(flags, extra=b""):
    """GOOD with other header flags."""
    return GOOD[:3] + bytes([flags]) + GOOD[4:10] + extra + GOOD[10:]


NOT_GZIP = {
    "empty": b"",
    "one-byte": b"\x1f",
    "magic-alone": b"\x1f\x8b",
    "text": b"not an archive\n",
    "yaml": TINY["Chart.yaml"],
    "plain-tar": GOOD_TAR,
    "zip": zip_of(TINY),
    "bzip2": bz2.compress(GOOD_TAR),
    "xz": lzma.compress(GOOD_TAR),
    "zlib": zlib.compress(GOOD_TAR),
    "zeros": b"\0" * 4096,
    "byte-before": b"\0" + GOOD,
    "method-7": GOOD[:2] + b"\x07" + GOOD[3:],
}

BAD_GZIP = {
    "row_c11_crc": gzip(GOOD_TAR, crc=zlib.crc32(GOOD_TAR) ^ 1),
    "row_c11_crc-zero": gzip(GOOD_TAR, crc=0),
    "row_c11_length-more": gzip(GOOD_TAR, length=len(GOOD_TAR) + 1),
    "row_c11_length-less": gzip(GOOD_TAR, length=len(GOOD_TAR) - 512),
    "row_c12_byte-after": GOOD + b"\0",
    "row_c12_newline-after": GOOD + b"\n",
    "row_c12_text-after": GOOD + b"rm -rf /\n",
    "row_c12_second-member": GOOD + GOOD,
    "row_c12_empty-second-member": GOOD + gzip(b""),
    "row_c12_second-half-in-second-member": gzip(GOOD_TAR[:1024]) + gzip(GOOD_TAR[1024:]),
    "reserved-flag": gzip_header(0x20),
    "header-crc-wrong": gzip_header(0x02, b"\x12\x34"),
    "name-without-end": GOOD[:3] + b"\x08" + GOOD[4:10] + b"a" * 40,
    "extra-beyond-end": GOOD[:3] + b"\x04" + GOOD[4:10] + b"\xff\xff" + b"a" * 40,
    "broken-deflate": GOOD[:10] + b"\x07" + GOOD[11:],
    "row_c13_gzip-in-gzip": gzip(GOOD),
}

BAD_TAR = {
    "row_c13_empty": b"",
    "row_c13_end-alone": tar(),
    "row_c13_zeros": b"\0" * 65536,
    "row_c13_not-tar": random.Random(3).randbytes(4096),
    "row_c13_text": b"a: 1\n" * 400,
    "row_c13_cpio": cpio(),
    "row_c13_zip": zip_of(TINY),
    "row_c13_directory-only": tar(entry("tiny/", kind="5")),
    "header-checksum": tar(CHART, entry("tiny/a", b"a", checksum=1234)),
    "header-checksum-first": tar(entry("tiny/Chart.yaml", TINY["Chart.yaml"], checksum=1)),
    "row_c14_body-cut": CHART + entry("tiny/a", b"a" * 2000)[:1500],
    "row_c14_header-cut": CHART + entry("tiny/a", b"a")[:300],
    "row_c12_data-after-end": GOOD_TAR + entry("tiny/evil", b"x"),
    "row_c12_text-after-end": GOOD_TAR + b"hidden" + b"\0" * 506,
    "row_c12_data-between-the-end-blocks": CHART + b"\0" * 512 + entry("tiny/evil", b"x") + b"\0" * 1024,
    "row_c9_size-negative": tar(CHART, entry("tiny/a", size=-1)),
    "row_c9_size-2^40": tar(CHART, entry("tiny/a", size=2 ** 40)),
    "row_c9_size-2^62": tar(CHART, entry("tiny/a", size=2 ** 62)),
    "row_c9_size-over-the-end": tar(CHART, entry("tiny/a", size=1 << 20)),
    "row_c9_size-not-octal": tar(CHART, entry("tiny/a").replace(b"00000000000\0", b"0000000000x\0", 1)),
}

TRAVERSAL = [
    "tiny/../x", "tiny/../../x", "tiny/a/../../x", "tiny/a/../../../etc/x", "../tiny/x", "../x",
    "../../x", "/tiny/x", "/etc/passwd", "//etc/passwd", "tiny//x", "tiny///etc/x", "x", "./x",
    "./tiny/x", "tiny\\..\\x", "tiny\\..\\..\\x", "..\\tiny\\x", "\\tiny\\x", "\\\\host\\x",
    "tiny/c:/x", "tiny\\c:\\x", "c:/x", "c:\\x", "tiny/.", "tiny/..", "tiny/./../..", "tiny/..data",
    "tiny/a/..", "..", ".", "/", "tiny", "tiny\\", "Chart.yaml/a", "~/x", "other/x", "tiny /x",
    "Tiny/x", "tiny./x", "tiny\\\\x", "tiny/templates/../../../x",
]

NAMES = {
    "newline": "tiny/a\nb", "return": "tiny/a\rb", "tab": "tiny/a\tb", "escape": "tiny/\x1b[2J",
    "delete": "tiny/a\x7f", "c1": "tiny/a\u0085b", "csi": "tiny/\u009b2J",
    "right-to-left": "tiny/a\u202egpj.exe", "isolate": "tiny/a\u2066b", "mark": "tiny/a\u200fb",
    "zero-width": "tiny/a\u200bb", "byte-order-mark": "tiny/\ufeffa", "line-separator": "tiny/a\u2028b",
    "not-utf8": b"tiny/a\xffb", "latin-1": b"tiny/gr\xfc\xdf", "overlong": b"tiny/a\xc0\xafb",
    "surrogate": b"tiny/a\xed\xa0\x80b", "cut-utf8": b"tiny/a\xe2\x82", "beyond": b"tiny/\xf4\x90\x80\x80",
    "nul-then-text": b"tiny/a\0hidden", "nul-after-slash": b"tiny/\0a",
    "in-the-base": "ti\x1bny/a",
}

KINDS = {
    "hard-link": entry("tiny/a", kind="1", link="tiny/Chart.yaml"),
    "hard-link-out": entry("tiny/a", kind="1", link="/etc/passwd"),
    "hard-link-with-body": entry("tiny/a", b"body", kind="1", link="tiny/Chart.yaml"),
    "link": entry("tiny/a", kind="2", link="Chart.yaml"),
    "link-out": entry("tiny/a", kind="2", link="/etc/passwd"),
    "link-named-Chart.lock": entry("tiny/Chart.lock", kind="2", link="../../.bashrc"),
    "character-device": entry("tiny/a", kind="3", devices=(1, 5)),
    "block-device": entry("tiny/a", kind="4", devices=(8, 0)),
    "fifo": entry("tiny/a", kind="6"),
    "sparse-gnu": entry("tiny/a", b"x", kind="S"),
    "sparse-pax": pax(("GNU.sparse.major", "1"), ("GNU.sparse.minor", "0"),
                      ("GNU.sparse.name", "tiny/a"), ("GNU.sparse.realsize", "1"))
    + entry("tiny/GNUSparseFile.0/a", b"1\n0\n1\n" + b"\0" * 506 + b"x"),
    "multi-volume": entry("tiny/a", b"x", kind="M"),
    "volume-label": entry("tiny/a", kind="V"),
    "dump-directory": entry("tiny/a", b"Yb\0\0", kind="D"),
    "unknown-kind": entry("tiny/a", b"x", kind="Z"),
    "directory-with-content": entry("tiny/a/", b"hidden", kind="5"),
    "mode-of-a-link": entry("tiny/a", b"x", mode=0o120777),
    "mode-of-a-directory": entry("tiny/a", b"x", mode=0o040755),
    "mode-of-a-fifo": entry("tiny/a", b"x", mode=0o010644),
    "old-directory-with-content": entry("tiny/a/", b"hidden", kind=b"\0"),
    "link-by-pax": pax(("linkpath", "/etc/passwd")) + entry("tiny/a", kind="2", link="b"),
    "link-by-gnu-name": long_name("/etc/passwd", "K") + entry("tiny/a", kind="2", link="b"),
}

TWICE = {
    "same": ("tiny/a", "tiny/a"),
    "Chart.yaml": ("tiny/Chart.yaml", "tiny/a"),
    "by-a-dot": ("tiny/a", "tiny/./a"),
    "by-a-backslash": ("tiny/d/a", "tiny\\d\\a"),
    "by-a-double-slash": ("tiny/d/a", "tiny/d//a"),
    "by-a-trailing-slash": ("tiny/a", "tiny/a/."),
}

TRICKS = {
    "row_c1_pax-path-out": pax(("path", "../../etc/x")) + entry("tiny/a", b"x"),
    "row_c1_pax-path-absolute": pax(("path", "/etc/x")) + entry("tiny/a", b"x"),
    "row_c15_pax-path-nul": pax(("path", b"tiny/a\0/../x")) + entry("tiny/a", b"x"),
    "row_c15_pax-path-control": pax(("path", "tiny/\x1b[2J")) + entry("tiny/a", b"x"),
    "row_c15_pax-path-not-utf8": pax(("path", b"tiny/\xff")) + entry("tiny/a", b"x"),
    "pax-path-twice": pax(("path", "tiny/b"), ("path", "tiny/Chart.yaml")) + entry("tiny/a", b"x"),
    "row_c6_pax-path-makes-a-second-Chart.yaml":
        pax(("path", "tiny/Chart.yaml")) + entry("tiny/a", chart_yaml(version="9.9.9")),
    "row_c9_pax-size": pax(("size", "1")) + entry("tiny/a", b"x" * 600),
    "row_c9_pax-size-huge": pax(("size", str(2 ** 62))) + entry("tiny/a", b"x"),
    "row_c9_pax-size-negative": pax(("size", "-1")) + entry("tiny/a", b"x"),
    "row_c9_pax-size-zero-hides-a-header":
        pax(("size", "0")) + entry("tiny/a", entry("tiny/hidden", b"x")),
    "pax-broken-length": entry("pax", b"99 path=tiny/b\n", "x") + entry("tiny/a", b"x"),
    "pax-no-length": entry("pax", b"path=tiny/b\n", "x") + entry("tiny/a", b"x"),
    "pax-length-zero": entry("pax", b"0 path=tiny/b\n", "x") + entry("tiny/a", b"x"),
    "pax-without-newline": entry("pax", b"14 path=tiny/b", "x") + entry("tiny/a", b"x"),
    "pax-twice": pax(("path", "tiny/b")) + pax(("path", "tiny/c")) + entry("tiny/a", b"x"),
    "pax-then-gnu": pax(("path", "tiny/b")) + long_name("tiny/c") + entry("tiny/a", b"x"),
    "pax-with-nothing-after": pax(("path", "tiny/b")),
    "gnu-then-pax": long_name("tiny/c") + pax(("path", "tiny/b")) + entry("tiny/a", b"x"),
    "gnu-twice": long_name("tiny/b") + long_name("tiny/c") + entry("tiny/a", b"x"),
    "row_c1_gnu-out": long_name("tiny/../../x") + entry("tiny/a", b"x"),
    "row_c15_gnu-nul": long_name(b"tiny/b\0/../x") + entry("tiny/a", b"x"),
    "row_c6_gnu-makes-a-second-Chart.yaml": long_name("tiny/Chart.yaml") + entry("tiny/a", b"x"),
    "gnu-with-nothing-after": long_name("tiny/b"),
    "row_c1_prefix-out": entry("x", b"x", prefix="tiny/../.."),
    "row_c1_prefix-absolute": entry("x", b"x", prefix="/tiny"),
    "row_c15_prefix-nul": entry("x", b"x", prefix=b"tiny\0hidden"),
}

CHARTS = {
    "row_c7_no-Chart.yaml": archive({"values.yaml": b"a: 1\n"}),
    "row_c7_Chart.yaml-deeper": archive({"tiny/Chart.yaml": TINY["Chart.yaml"]}),
    "Chart.yml": archive({"Chart.yml": TINY["Chart.yaml"]}),
    "chart.yaml": archive({"chart.yaml": TINY["Chart.yaml"]}),
    "row_c7_Chart.yaml-is-a-directory": gzip(tar(entry("tiny/Chart.yaml/", kind="5"))),
    "row_c7_two-bases": gzip(tar(CHART, entry("other/values.yaml", b"a: 1\n"))),
    "row_c7_file-beside-the-base": gzip(tar(CHART, entry("README.md", b"x"))),
    "requirements.yaml": archive({**TINY, "requirements.yaml": b"dependencies: {}\n"}),
    "requirements.lock": archive({**TINY, "requirements.lock": b"[]\n"}),
    "Chart.lock": archive({**TINY, "Chart.lock": b"generated: noon\n"}),
    "values": archive({**TINY, "values.yaml": b"a: 1\n---\n- b\n"}),
    "loose-file-in-charts": archive({**TINY, "charts/README.md": b"x"}),
    "bad-subchart": archive({**TINY, "charts/sub/Chart.yaml": b"name: sub\n"}),
    "bad-archive-in-charts": archive({**TINY, "charts/sub.tgz": b"not an archive"}),
    "empty-Chart.yaml": metadata(""),
    "only-comments": metadata("# nothing\n"),
    "no-name": metadata("apiVersion: v2\nversion: 0.1.0\n"),
    "no-version": metadata("apiVersion: v2\nname: tiny\n"),
    "row_c2_name-empty": metadata('apiVersion: v2\nname: ""\nversion: 0.1.0\n'),
    "row_c2_name-null": metadata("apiVersion: v2\nname: ~\nversion: 0.1.0\n"),
    "list": metadata("- a\n"),
    "scalar": metadata("chart\n"),
    "name-is-a-list": metadata("name: [tiny]\nversion: 0.1.0\n"),
    "maintainer-null": metadata(chart_yaml(more="maintainers: [null]\n")),
    "dependency-null": metadata(chart_yaml(more="dependencies: [null]\n")),
    "unknown-type": metadata(chart_yaml(more="type: operator\n")),
    "alias": metadata(chart_yaml(more="dependencies: [{name: a, version: 1, alias: 'a b'}]\n")),
    "row_y4_yaml-1.2": metadata("%YAML 1.2\n---\nname: tiny\nversion: 0.1.0\n"),
    "row_y4_tab": metadata("name: tiny\n\tversion: 0.1.0\n"),
    "unclosed": metadata("name: [tiny\n"),
    "row_y4_control": metadata(b"name: ti\x01ny\nversion: 0.1.0\n"),
    "row_y4_nul": metadata(b"name: tiny\nversion: 0.1.0\n\0"),
    "row_y4_not-utf8": metadata(b"name: tiny\nversion: 0.1.0\ndescription: \xff\n"),
    "row_y4_utf-32": metadata(TINY["Chart.yaml"].decode().encode("utf-32")),
    "row_y4_utf-32-big-endian": metadata(b"\0\0\xfe\xff" + TINY["Chart.yaml"].decode().encode("utf-32-be")),
    "row_y4_two-byte-order-marks": metadata(b"\xef\xbb\xbf" * 3 + TINY["Chart.yaml"]),
    "row_y1_recursive-alias": metadata(chart_yaml(more="annotations: &a {b: *a}\n")),
    "row_y1_unknown-alias": metadata(chart_yaml(more="description: *nowhere\n")),
    "not-a-number": metadata(chart_yaml(more="unknown: .nan\n")),
}

VERSIONS = ["one", "1.2.3.4", "1.2.x", "../1.0.0", "1.0.0/../x", "-1.0.0", "1.0.0-", "1.0.0+",
            "1.0.0-01", "1.0.0 b", "v", "1..0", "\x1b[2J", "1.0.0\n2", "1.0.0-ä", "9" * 30, "0.1.0_x",
            "1.0.0-a_b",
            "1.0.0-" + "a" * 300]

REPOSITORIES = [".", "..", "a/b", "/", "../a", "Tiny", "tiny chart", "-tiny", "tiny-", "ti..ny",
                "ti___ny", "tiny.", "tïny", "tіny", "a" * 300, "tiny:1", "tiny@sha256", "\x1b[31mtiny"]


def quoted(text):
    return '"' + "".join(f"\\u{ord(c):04x}" if ord(c) < 32 else c for c in text) + '"'


CASES = {
    **{f"row_c13_{name}": body for name, body in NOT_GZIP.items()},
    **{f"gzip-{name}": body for name, body in BAD_GZIP.items()},
    **{f"tar-{name}": gzip(body) for name, body in BAD_TAR.items()},
    **{f"row_c1_{path}": beside(entry(path, b"x")) for path in TRAVERSAL},
    **{f"row_c1_pax-{path}": beside(pax(("path", path)) + entry("tiny/a", b"x"))
       for path in TRAVERSAL},
    **{f"row_c15_{name}": beside(entry(path, b"x")) for name, path in NAMES.items()},
    **{f"row_c4_{name}": beside(body) for name, body in KINDS.items()},
    **{f"row_c6_{name}": beside(*(entry(path, b"x") for path in paths))
       for name, paths in TWICE.items()},
    **{f"trick-{name}": beside(body) for name, body in TRICKS.items()},
    **{f"chart-{name}": body for name, body in CHARTS.items()},
    **{f"row_c3_{version!a}"[:50]: metadata(f"name: tiny\nversion: {quoted(version)}\n")
       for version in VERSIONS},
    **{f"row_c2_{name!a}"[:50]: metadata(f"name: {quoted(name)}\nversion: 0.1.0\n")
       for name in REPOSITORIES},
}


@pytest.fixture
def refuse(programs, keys, tmp_path):
    """refuse(bytes): builder refuses them as an archive, in a directory of their own."""
    def refuse(body, *words, name="bad.tgz", status=3):
        directory = tmp_path / f"case-{len(list(tmp_path.iterdir()))}"
        directory.mkdir()
        (directory / name).write_bytes(body)
        done = programs.builder.run("build", directory / name, "--output", directory / "layout",
                                    "--keys", keys, status=None, timeout=30)
        refused(done, status, name, *words)
        assert names_in(directory) == [name]
        return done
    return refuse


@pytest.mark.parametrize("body", CASES.values(), ids=[name.replace("/", "|") for name in CASES])
def test_refused(body, refuse):
    refuse(body)


@pytest.mark.parametrize(("body", "words"), [
    (beside(entry("tiny/templates/../../x", b"x")), ["templates/../../x"]),
    (beside(KINDS["fifo"]), ["tiny/a"]),
    (beside(KINDS["link"]), ["tiny/a", "link"]),
    (gzip(tar(CHART, CHART)), ["Chart.yaml", "twice"]),
    (CHARTS["row_c7_two-bases"], ["other/values.yaml"]),
    (CHARTS["row_c7_no-Chart.yaml"], ["Chart.yaml", "missing"]),
    (CHARTS["requirements.yaml"], ["requirements.yaml"]),
    (CHARTS["no-name"], ["name"]),
    (CHARTS["no-version"], ["version"]),
    (metadata("apiVersion: v2\nname: tiny\nversion: one\n"), ["line 3", "one"]),
    (metadata("apiVersion: v2\nname: tiny\nversion: 0.1.0\nkeywords: [a\n\nb: c\n"), ["line"]),
    (metadata("apiVersion: v2\nname: tiny\nversion: 0.1.0\nkeywords: many\n"), ["line 4", "keywords"]),
    (metadata("name: tiny\nversion: 0.1.0\n\tdescription: x\n"), ["line 3"]),
    (BAD_GZIP["row_c11_crc"], ["CRC"]),
    (BAD_GZIP["row_c12_byte-after"], ["after"]),
    (NOT_GZIP["plain-tar"], ["gzip"]),
], ids=["path", "fifo", "link", "twice", "bases", "no-chart-yaml", "requirements", "no-name",
        "no-version", "bad-version", "unclosed", "wrong-kind", "tab", "crc", "after", "not-gzip"])
def test_says_what_is_wrong(body, words, refuse):
    refuse(body, *words)


def test_hostile_file_name_is_escaped(programs, keys, tmp_path):
    """A line end in the name must not look like a second message."""
    name = "a\x1b[2J\nbuilder: all is well\u202e.tgz"
    (tmp_path / name).write_bytes(b"no archive")
    done = programs.builder.run("build", tmp_path / name, "--output", tmp_path / "layout",
                                "--keys", keys, status=None)
    refused(done, 3, "all is well", "[2J")


def in_threads(function, items):
    """Runs function on all items, as fast as the machine allows; returns the results in order."""
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        return list(pool.map(function, items))


@pytest.fixture
def build_bytes(programs, keys, tmp_path):
    """build_bytes(number, body): the result of building them, and the layout's place."""
    def build(number, body):
        directory = tmp_path / str(number)
        directory.mkdir()
        (directory / "a.tgz").write_bytes(body)
        done = programs.builder.run("build", directory / "a.tgz", "--output", directory / "layout",
                                    "--keys", keys, status=None)
        return done, directory
    return build


def test_row_c14_every_truncation_is_refused(build_bytes, programs):
    stride = 9 if programs.sanitized else 1
    lengths = range(0, len(GOOD), stride)

    def check(length):
        done, directory = build_bytes(length, GOOD[:length])
        refused(done, 3, "a.tgz")
        assert names_in(directory) == ["a.tgz"], length

    in_threads(check, lengths)


def test_row_c14_every_flipped_byte_is_refused_or_harmless(build_bytes, programs):
    """Only the gzip header's time, its system and flags without content can differ unseen."""
    stride = 9 if programs.sanitized else 1
    harmless = set(range(3, 10))
    done, directory = build_bytes("good", GOOD)
    assert done.status == 0
    configs = {name for name in os.listdir(directory / "layout" / "blobs" / "sha256")
               if (directory / "layout" / "blobs" / "sha256" / name).read_bytes()[:1] == b"{"
               and b"schemaVersion" not in
               (directory / "layout" / "blobs" / "sha256" / name).read_bytes()}
    assert len(configs) == 1

    def check(position):
        body = bytearray(GOOD)
        body[position] ^= 1 << (position % 8)
        done, directory = build_bytes(position, bytes(body))
        if position in harmless and done.status == 0:
            assert configs <= set(os.listdir(directory / "layout" / "blobs" / "sha256"))
            return
        refused(done, 3, "a.tgz")
        assert names_in(directory) == ["a.tgz"], position

    in_threads(check, range(0, len(GOOD), stride))


def zeros(count, size, top="tiny"):
    return (entry(f"{top}/f{number}", b"\0" * size) for number in range(count))


def repeated(piece, times):
    """A gzip member that inflates to `times` copies, made without holding them."""
    deflate = zlib.compressobj(1, zlib.DEFLATED, -15)
    crc, length, parts = 0, 0, []
    for _ in range(times):
        parts.append(deflate.compress(piece))
        crc, length = zlib.crc32(piece, crc), length + len(piece)
    parts.append(deflate.flush())
    return (b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + b"".join(parts) + crc.to_bytes(4, "little")
            + (length & 0xFFFFFFFF).to_bytes(4, "little"))


def deep_yaml(opening, depth):
    return metadata(b"name: tiny\nversion: 0.1.0\nunknown: " + opening * depth)


def nested(depth):
    """An archive in charts/ of an archive in charts/ ..."""
    body = GOOD
    for _ in range(depth):
        body = archive({**TINY, "charts/tiny-0.1.0.tgz": body})
    return body


LIMITS = {
    "file-over-5-MiB": lambda: beside(entry("tiny/big", b"\0" * (5 * MIB + 1))),
    "row_c8_50-MiB-file": lambda: beside(entry("tiny/big", b"\0" * (50 * MIB)), level=1),
    "row_c8_100-MiB-in-all": lambda: gzip(tar(CHART, *zeros(20, 5 * MIB)), level=1),
    "row_c8_256-MiB-of-zeros": lambda: repeated(b"\0" * MIB, 256),
    "row_c8_256-MiB-of-one-file": lambda: repeated(entry("tiny/a", b"\0" * MIB), 256),
    "row_c10_200,000-empty-entries": lambda: repeated(entry("tiny/a") * 100, 2000),
    "row_c10_100,000-directories": lambda: repeated(entry("tiny/d/", kind="5") * 100, 1000),
    "row_c10_100,000-global-headers": lambda: repeated(pax(("comment", "x"), kind="g") * 100, 1000),
    "row_c10_gnu-name-1-MiB": lambda: beside(long_name("tiny/" + "a" * MIB) + entry("tiny/a", b"x")),
    "row_c9_gnu-name-2^40": lambda: beside(entry("././@LongLink", b"a", "L", size=2 ** 40)),
    "row_c10_pax-header-64-MiB": lambda: beside(pax(("comment", b"\0" * (64 * MIB)))
                                                     + entry("tiny/a"), level=1),
    "row_c10_pax-path-1-MiB": lambda: beside(pax(("path", "tiny/" + "a" * MIB)) + entry("tiny/a", b"x")),
    "row_c10_path-1,000-deep": lambda: beside(pax(("path", "tiny/" + "d/" * 1000 + "a")) + entry("tiny/a")),
    "row_c10_path-33-deep": lambda: beside(pax(("path", "tiny/" + "d/" * 33 + "a")) + entry("tiny/a", b"x")),
    "row_y5_Chart.yaml-over-1-MiB": lambda: metadata(chart_yaml(more="# " + "x" * (MIB + 10) + "\n")),
    "row_y2_65-brackets": lambda: deep_yaml(b"[", 65),
    "row_y2_65-braces": lambda: deep_yaml(b"{a: ", 65),
    "row_y2_65-dashes": lambda: deep_yaml(b"- ", 65),
    "row_y2_65-questions": lambda: deep_yaml(b"? ", 65),
    "row_y2_1,000,000-brackets": lambda: deep_yaml(b"[", 1_000_000),
    "row_y2_100,000-brackets": lambda: deep_yaml(b"[", 100_000),
    "row_y2_100,000-braces": lambda: deep_yaml(b"{a: ", 100_000),
    "row_y2_100,000-dashes": lambda: deep_yaml(b"- ", 100_000),
    "row_y2_100,000-questions": lambda: deep_yaml(b"? ", 100_000),
    "row_y1_alias-bomb": lambda: metadata(chart_yaml(more="x0: &x0 [a,a,a,a,a,a,a,a,a]\n" + "".join(
        f"x{n}: &x{n} [{','.join([f'*x{n - 1}'] * 9)}]\n" for n in range(1, 10)))),
    "row_y5_100,000-keys": lambda: metadata("".join(f"k{n}:\n" for n in range(100_000))),
    "row_y7_annotation-of-1-MiB": lambda: metadata(chart_yaml(more=f"annotations: {{a: {'x' * MIB}}}\n")),
    "row_c19_archives-50-deep": lambda: nested(50),
    "row_y5_80,000-keys": lambda: metadata(chart_yaml(more="annotations:\n" + "".join(
        f" k{n}: ''\n" for n in range(80_000)))),
}


@pytest.mark.slow
@pytest.mark.parametrize("make", LIMITS.values(), ids=LIMITS.keys())
def test_over_a_limit(make, programs, keys, tmp_path):
    chart = tmp_path / "bad.tgz"
    chart.write_bytes(make())
    begin = time.monotonic()
    process = programs.builder.popen("build", chart, "--output", tmp_path / "layout",
                                     "--keys", keys, stdout=-3, stderr=-1)
    said = process.stderr.read().decode()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 3, said
    assert "bad.tgz" in said and said.count("\n") == 1
    assert names_in(tmp_path) == ["bad.tgz"]
    assert time.monotonic() - begin < 5
    # A chart of the allowed size is held in memory, tar and archive; nothing above that.
    own = max(usage.ru_maxrss - resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, 0)
    assert own < 300 * 1024, f"{usage.ru_maxrss} KiB"


ACCEPTED = {
    "5-MiB-file": lambda: beside(entry("tiny/big", b"\0" * (5 * MIB))),
    "just-below-100-MiB": lambda: gzip(tar(CHART, *zeros(19, 5 * MIB), entry(
        "tiny/last", b"\0" * (5 * MIB - len(TINY["Chart.yaml"]) - 1))), level=1),
    "path-30-deep": lambda: beside(pax(("path", "tiny/" + "d/" * 30 + "a")) + entry("tiny/a", b"x")),
    "row_c19_archives-15-deep": lambda: nested(15),
    "row_y2_60-brackets": lambda: metadata(chart_yaml(more=f"x: {'[' * 60}{']' * 60}\n")),
    "row_y5_text-of-100-KiB": lambda: metadata(chart_yaml(more=f"description: {'x' * 102400}\n")),
    "row_y7_10,000-annotations": lambda: metadata(chart_yaml(more="annotations:\n" + "".join(
        f" k{n}: v\n" for n in range(10_000)))),
}


@pytest.mark.parametrize("make", ACCEPTED.values(), ids=ACCEPTED.keys())
def test_at_the_limit(make, build, tmp_path):
    chart = tmp_path / "good.tgz"
    chart.write_bytes(make())
    layout = build(chart)
    assert layout.blob(layout.manifest("tiny")["layers"][0]["digest"]) == chart.read_bytes()


HARMLESS = {
    "row_c6_case-variants": beside(entry("tiny/A", b"x"), entry("tiny/a", b"x")),
    "row_c6_unicode-forms": beside(entry("tiny/\u00fc", b"x"), entry("tiny/u\u0308", b"x")),
    "row_c7_base-is-not-the-name": archive(TINY, top="other"),
    "backslashes": gzip(tar(entry("tiny\\Chart.yaml", TINY["Chart.yaml"]),
                            entry("tiny\\templates\\a.yaml", b""))),
    "directory-entries": gzip(tar(entry("tiny/", kind="5"), CHART, entry("tiny/d/", kind="5"))),
    "dots": beside(entry("tiny/./a", b"x")),
    "blank-in-a-name": beside(entry("tiny/a b", b"x")),
    "row_c17_setuid-and-owner": beside(
        entry("tiny/a", b"x", mode=0o4777, uid=2 ** 21 - 1, mtime=2 ** 33 - 1)),
    "row_c17_global-pax-header": gzip(tar(pax(("comment", "x"), kind="g"), CHART)),
    "row_c17_pax-mtime": beside(pax(("mtime", "1.5"), ("SCHILY.xattr.user.a", "b")) + entry("tiny/a", b"x")),
    "pax-path": beside(pax(("path", "tiny/" + "é" * 100)) + entry("tiny/a", b"x")),
    "gnu-name": beside(long_name("tiny/" + "a" * 200) + entry("tiny/a", b"x")),
    "gnu-magic": beside(entry("tiny/a", b"x", magic=b"ustar  \0")),
    "old-tar": beside(entry("tiny/a", b"x", kind=b"\0", magic=b"\0" * 8)),
    "no-end-blocks": gzip(CHART),
    "one-end-block": gzip(CHART + b"\0" * 512),
    "long-padding": gzip(tar(CHART) + b"\0" * 10240),
    "unicode-path": beside(entry("tiny/templates/grüß.yaml", b"x")),
    "gzip-with-name-and-comment": GOOD[:3] + b"\x1c" + GOOD[4:10] + b"\x02\0ab" + b"n\0" + b"c\0"
    + GOOD[10:],
    "gzip-stored": gzip(GOOD_TAR, level=0),
    "row_y4_byte-order-mark": metadata(b"\xef\xbb\xbf" + TINY["Chart.yaml"]),
    "row_y4_utf-16": metadata(TINY["Chart.yaml"].decode().encode("utf-16")),
    "row_y4_later-documents": metadata(TINY["Chart.yaml"] + b"---\n[broken\n"),
    "row_y4_tag": metadata(chart_yaml(more="description: !foo bar\n")),
    "row_c2_nul-in-the-name": metadata('name: "ti\\0ny"\nversion: 0.1.0\n'),
    "row_y3_duplicate-keys": metadata(chart_yaml("other") + b"name: tiny\n"),
    "row_y1_anchors-and-merges": metadata(chart_yaml(
        more="annotations: {a: &a b, c: *a}\nx: {<<: {d: e}}\n")),
    "row_c2_invisible-in-the-name": metadata(chart_yaml('"ti\\u200bny\\u202e"')),
    "unknown-members": metadata(chart_yaml(more="unknown: [1, 2]\n")),
}


@pytest.mark.parametrize("body", HARMLESS.values(), ids=HARMLESS.keys())
def test_what_helm_accepts_stays_accepted(body, build, tmp_path):
    chart = tmp_path / "good.tgz"
    chart.write_bytes(body)
    layout = build(chart)
    assert layout.blob(layout.manifest("tiny")["layers"][0]["digest"]) == body
    assert {path.stat().st_mode & 0o7777 for path in layout.files()} == {0o644}


def test_a_bad_chart_among_good_ones_leaves_nothing(programs, keys, tmp_path):
    good = write_archive(tmp_path / "good.tgz")
    (tmp_path / "bad.tgz").write_bytes(BAD_GZIP["row_c11_crc"])
    before = tree(tmp_path)
    done = programs.builder.run("build", good, tmp_path / "bad.tgz", "--output",
                                tmp_path / "layout", "--keys", keys, status=None)
    refused(done, 3, "bad.tgz")
    assert tree(tmp_path) == before


def test_padding_after_an_entry_is_not_read_as_content(build, tmp_path):
    """What stands in an entry's padding is no part of it: a header there is not an entry."""
    hidden = entry("tiny/evil", b"")[:512 - 10]
    body = b"0123456789" + hidden
    chart = tmp_path / "a.tgz"
    header = entry("tiny/a", b"", size=10)
    chart.write_bytes(gzip(tar(CHART, header + padded(body))))
    layout = build(chart)
    assert layout.entry("tiny")
