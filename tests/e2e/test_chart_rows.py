"""Rows of the threat table for charts and YAML that want more than a bad file and a refusal."""

import ctypes
import json
import os
import resource
import struct
import threading

import pytest
from crafted import TINY, archive, chart_yaml, entry, gzip, tar, write_files
from demands import names_in, refused
from helpers import missing, tree
from test_bad_archives import BAD_TAR, CHART, LIMITS, NAMES, TRICKS, beside, deep_yaml, metadata

MIB = 1024 * 1024


@pytest.fixture
def build_bytes(programs, keys, tmp_path):
    """build_bytes(bytes, env=, wrapper=): the Result of building them as tmp_path/a.tgz into layout."""
    def build(body, wrapper=(), **options):
        (tmp_path / "a.tgz").write_bytes(body)
        return programs.builder.run(
            "build", tmp_path / "a.tgz", "--output", tmp_path / "layout", "--keys", keys, status=None,
            wrapper=(*wrapper, *programs.builder.wrapper), **options)
    return build


def config_of(layout, name="tiny"):
    return json.loads(layout.blob(layout.manifest(name)["config"]["digest"]))


CLAIMS = {
    **{name: gzip(body) for name, body in BAD_TAR.items() if name.startswith("row_c9_")},
    **{name: beside(body) for name, body in TRICKS.items() if name.startswith("row_c9_")},
}


@pytest.mark.parametrize("body", CLAIMS.values(), ids=CLAIMS.keys())
def test_no_memory_is_taken_for_a_claim(body, build_bytes, programs, tmp_path):
    """With no more of an address space than the program starts with, and a little."""
    # AddressSanitizer wants the whole address space; it refuses huge allocations itself.
    narrow = [] if programs.sanitized else ["prlimit", f"--as={64 * MIB}"]
    refused(build_bytes(body, wrapper=narrow), 3, "a.tgz")
    assert names_in(tmp_path) == ["a.tgz"]


@pytest.mark.parametrize("name", NAMES.values(), ids=[f"row_c15_{name}" for name in NAMES])
def test_a_name_is_judged_alike_in_any_locale(name, build_bytes):
    said = {build_bytes(beside(entry(name, b"x")), env=env).stderr
            for env in ({"LC_ALL": "C"}, {"LC_ALL": "C.UTF-8"}, {"LC_ALL": None, "LANG": "tr_TR.UTF-8"})}
    assert len(said) == 1, said


def test_row_c17_what_entries_say_beside_their_content(build, tmp_path):
    plain = tar(CHART, entry("tiny/a", b"x"))
    odd = tar(entry("tiny/Chart.yaml", TINY["Chart.yaml"], mode=0o4777, uid=2 ** 21 - 1, mtime=2 ** 33 - 1),
              entry("tiny/a", b"x", mode=0, mtime=1, magic=b"ustar  \0"))
    found = []
    for number, body in enumerate((plain, odd)):
        (tmp_path / f"{number}.tgz").write_bytes(gzip(body))
        layout = build(tmp_path / f"{number}.tgz", name=f"layout-{number}")
        found.append((config_of(layout), {path.stat().st_mode for path in layout.files()}))
    assert found[0] == found[1]


class Watch:
    """Tells whether anybody opened one of some files."""

    IN_OPEN = 0x20

    def __init__(self, *paths):
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._fd = self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        assert self._fd >= 0
        for path in paths:
            assert self._libc.inotify_add_watch(self._fd, os.fsencode(path), self.IN_OPEN) >= 0

    def opened(self):
        """How often, since it was asked last."""
        try:
            events = os.read(self._fd, 65536)
        except BlockingIOError:
            return 0
        count = 0
        while events:
            length = struct.unpack_from("iIII", events)[3]
            events = events[16 + length:]
            count += 1
        return count


@pytest.mark.parametrize("packed", [True, False], ids=["archive", "directory"])
def test_row_c18_a_schema_leads_nowhere(packed, build, programs, tmp_path):
    """What $ref names is not opened, by build nor by lint: no file, no device, no host (no_network)."""
    secret, pipe = tmp_path / "secret.json", tmp_path / "pipe"
    secret.write_bytes(b'{"type":"string"}')
    os.mkfifo(pipe)
    schema = json.dumps({"allOf": [{"$ref": f"file://{secret}"}, {"$ref": str(secret)},
                                   {"$ref": f"file://{pipe}"}, {"$ref": "file:///dev/zero"},
                                   {"$ref": "http://127.0.0.1:9/schema"}]}).encode()
    files = {**TINY, "values.schema.json": schema}
    chart = tmp_path / "chart.tgz"
    chart.write_bytes(archive(files))
    if not packed:
        chart = write_files(tmp_path / "tiny", files)
    watch = Watch(secret, pipe)
    layout = build(chart)
    programs.builder.run("lint", chart)
    assert watch.opened() == 0
    assert schema in archive(files) or layout.manifest("tiny")
    secret.read_bytes()
    assert watch.opened() == 1, "the watch sees nothing"


def test_row_c21_a_chart_that_changes_while_it_is_read(build_bytes, programs, keys, tmp_path):
    """Replaced and overwritten all the time: what is in a layout is one of its states, whole."""
    states = {f"{n}.0.0": archive({"Chart.yaml": chart_yaml(version=f"{n}.0.0"),
                                   "data": os.urandom(200_000 * n)}) for n in (1, 2)}
    chart, stop = tmp_path / "a.tgz", threading.Event()
    chart.write_bytes(states["1.0.0"])

    def change():
        for number in range(1 << 30):
            if stop.is_set():
                return
            body = states[f"{number % 2 + 1}.0.0"]
            if number % 3:
                (tmp_path / "new").write_bytes(body)
                os.replace(tmp_path / "new", chart)
            else:
                chart.write_bytes(body)

    thread = threading.Thread(target=change)
    thread.start()
    built = 0
    try:
        for _ in range(12 if programs.sanitized else 60):
            done = programs.builder.run("build", chart, "--output", tmp_path / "layout", "--force",
                                        "--keys", keys, status=None)
            assert done.status in (0, 3), done.stderr
            if done.status == 0:
                built += 1
                check_whole(tmp_path / "layout", states)
    finally:
        stop.set()
        thread.join()
    assert built > 0


def check_whole(path, states):
    blobs = path / "blobs" / "sha256"
    index = json.loads((path / "index.json").read_bytes())
    manifest = json.loads((blobs / index["manifests"][0]["digest"][7:]).read_bytes())
    config = json.loads((blobs / manifest["config"]["digest"][7:]).read_bytes())
    assert (blobs / manifest["layers"][0]["digest"][7:]).read_bytes() == states[config["version"]]


def test_row_y1_anchors_and_merges_mean_what_they_mean_to_helm(build, tmp_path):
    (tmp_path / "a.tgz").write_bytes(metadata(chart_yaml(more=(
        "description: &d same\nhome: *d\nannotations: &a {a: *d}\n"
        "maintainers: [{<<: {name: merged, email: m@x.example}, email: own@x.example}]\n"))))
    config = config_of(build(tmp_path / "a.tgz"))
    assert (config["home"], config["annotations"]) == ("same", {"a": "same"})
    assert config["maintainers"] == [{"name": "merged", "email": "own@x.example"}]


AT_ONCE = {name: make for name, make in LIMITS.items() if name.startswith(("row_y1_", "row_y2_"))}


@pytest.mark.parametrize("make", AT_ONCE.values(), ids=AT_ONCE.keys())
def test_yaml_bombs_end_at_once(make, build_bytes, programs):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    refused(build_bytes(make()), 3, "a.tgz")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    assert spent < (1.0 if programs.sanitized else 0.05), spent


def test_row_y3_a_key_twice_is_told(build_bytes, programs, tmp_path):
    """The later one counts, as to Helm; build warns and lint finds it, both lines named."""
    body = metadata("apiVersion: v2\nname: tiny\nversion: 0.1.0\nversion: 0.2.0\n"
                    "\"n\\u0061me\": tiny\n")
    done = build_bytes(body)
    assert done.status == 0 and done.stdout.startswith("tiny 0.2.0 ")
    for name, first, second in (("version", 3, 4), ("name", 2, 5)):
        assert f"line {second}: key '{name}' is already set in line {first}" in done.stderr
    said = programs.builder.run("lint", tmp_path / "a.tgz").stdout
    assert "key 'version' is already set in line 3" in said


@pytest.mark.parametrize(("line", "said"), [
    ("version: 1.10", "line 3: version: '1.10' is a number to YAML, which Helm takes for '1.1'"),
    ("version: 1.1\nappVersion: 0o7", "line 4: appVersion: '0o7' is a number to YAML, which Helm takes "
     "for '7'"),
    ("version: 1.1\nhome: no", "line 4: home: 'no' is true or false to YAML, which Helm takes for "
     "'false'"),
], ids=["row_y6_version", "row_y6_appVersion", "row_y6_home"])
def test_what_yaml_misreads_is_told(line, said, build_bytes):
    done = build_bytes(metadata(f"apiVersion: v2\nname: tiny\n{line}\n"))
    assert done.status == 0 and said in done.stderr


def test_row_y7_annotations_of_a_chart(build, tmp_path):
    """All are carried; those of name and version cannot be taken over, as in Helm."""
    (tmp_path / "a.tgz").write_bytes(metadata(chart_yaml(more=(
        "annotations:\n  org.opencontainers.image.version: 9.9.9\n"
        "  org.opencontainers.image.title: other\n  org.opencontainers.image.url: u\n"
        "  dev.sallyport.repository: other\n  control: \"\\e[2J\\x85\"\n"))))
    layout = build(tmp_path / "a.tgz")
    annotations = layout.manifest("tiny")["annotations"]
    assert annotations == {
        "org.opencontainers.image.title": "tiny", "org.opencontainers.image.version": "0.1.0",
        "org.opencontainers.image.url": "u", "dev.sallyport.repository": "other",
        "control": "\x1b[2J\x85"}
    descriptor, = layout.index["manifests"]
    assert descriptor["annotations"]["dev.sallyport.repository"] == "tiny"


@pytest.mark.parametrize("more", ["annotations: {a: \"x\\0\"}\n", "annotations: {\"x\\0\": a}\n",
                                  "dependencies: [{name: a, import-values: [{\"x\\0\": a}]}]\n"],
                         ids=["row_y7_value", "row_y7_key", "row_y7_import-values"])
def test_a_nul_that_no_manifest_can_hold(more, build_bytes, tmp_path):
    refused(build_bytes(metadata(chart_yaml(more=more))), 3, "a.tgz", "NUL")
    assert names_in(tmp_path) == ["a.tgz"]
