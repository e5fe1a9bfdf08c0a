"""builder build DIRECTORY: packed the same everywhere, and as Helm would load it."""

import gzip
import io
import json
import os
import pathlib
import shutil
import subprocess
import tarfile
import tempfile

import pytest
from crafted import TINY, chart_yaml, write_archive, write_files
from demands import names_in, refused
from helpers import Result, bound_by_modes, missing, tree

NOBODY = 65534


def packed(layout, repository):
    """The archive of a chart in a layout."""
    layers = layout.manifest(repository)["layers"]
    assert len(layers) == 1
    return layout.blob(layers[0]["digest"])


def members(archive):
    with tarfile.open(fileobj=io.BytesIO(archive)) as file:
        return file.getmembers()


def contents(archive):
    with tarfile.open(fileobj=io.BytesIO(archive)) as file:
        return {member.name: file.extractfile(member).read() for member in file.getmembers()}


def copied(chart, to, order=sorted):
    """A copy whose files and directories are made in another order."""
    for path in order(path for path in chart.rglob("*") if path.is_file()):
        target = to / path.relative_to(chart)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
    return to


def other_path(chart, scratch):
    return copied(chart, scratch / "another näme")


def other_order(chart, scratch):
    return copied(chart, scratch / "b", lambda paths: sorted(paths, reverse=True))


def other_times(chart, scratch):
    copy = copied(chart, scratch / "b")
    for number, path in enumerate(copy.rglob("*")):
        os.utime(path, (number * 10 ** 6, 2 ** 31 + number))
    return copy


def other_modes(chart, scratch):
    copy = copied(chart, scratch / "b")
    for number, path in enumerate(copy.rglob("*")):
        path.chmod(0o2755 if path.is_dir() else [0o600, 0o4755, 0o666, 0o444][number % 4])
    return copy


def other_attributes(chart, scratch):
    copy = copied(chart, scratch / "b")
    for path in copy.rglob("*"):
        try:
            os.setxattr(path, "user.sallyport", b"x")
        except OSError:
            missing("extended attributes of files")
    return copy


def hard_links(chart, scratch):
    copy = copied(chart, scratch / "b")
    for number, path in enumerate([p for p in copy.rglob("*") if p.is_file()]):
        (scratch / f"link-{number}").hardlink_to(path)
    return copy


def empty_directories(chart, scratch):
    copy = copied(chart, scratch / "b")
    (copy / "files" / "empty" / "emptier").mkdir(parents=True)
    return copy


def through_a_link(chart, scratch):
    (scratch / "link").symlink_to(chart)
    return scratch / "link"


def with_a_slash(chart, scratch):
    return f"{copied(chart, scratch / 'b')}/"


@pytest.mark.parametrize("vary", [other_path, other_order, other_times, other_modes,
                                  other_attributes, hard_links, empty_directories,
                                  through_a_link, with_a_slash],
                         ids=lambda vary: vary.__name__)
def test_row_c17_the_same_files_give_the_same_layout(vary, charts, build, tmp_path):
    for number, chart in enumerate(charts.all):
        scratch = tmp_path / f"scratch-{number}"
        scratch.mkdir()
        first = build(chart, name=f"first-{number}")
        second = build(vary(chart, scratch), name=f"second-{number}")
        assert tree(first) == tree(second)


@pytest.mark.parametrize("environment", [
    {"TZ": "Asia/Kathmandu"},
    {"LC_ALL": "C", "LANG": "C"},
    {"LC_ALL": None, "LANG": "C"},
    {"LC_ALL": "POSIX"},
    {"LC_ALL": "C.UTF-8"},
    {"LC_ALL": "tr_TR.UTF-8", "LANGUAGE": "tr"},
    {"LC_ALL": "de_DE.ISO-8859-1"},
    {"HOME": None, "TMPDIR": None, "PATH": None, "TERM": None},
    {"TMPDIR": "/nonexistent"},
    {"TAR_OPTIONS": "--mtime=now", "GZIP": "-1", "ARCHIVE_OPTIONS": "x"},
], ids=lambda environment: " ".join(f"{k}={v}" for k, v in environment.items()))
def test_the_environment_does_not_matter(environment, charts, build, programs, keys, tmp_path):
    layout = build(*charts.all)
    programs.builder.run("build", *charts.all, "--output", tmp_path / "other", "--keys", keys,
                         env=environment, cwd=tmp_path)
    assert tree(tmp_path / "other") == tree(layout)
    assert "hafen-pegel/templates/grüß.yaml" in contents(packed(layout, "hafen-pegel"))


@pytest.mark.parametrize("umask", [0o000, 0o077], ids=oct)
def test_the_umask_does_not_matter(umask, charts, build, programs, keys, tmp_path):
    layout = build(*charts.all)
    process = programs.builder.popen("build", *charts.all, "--output", tmp_path / "other",
                                     "--keys", keys, umask=umask)
    assert process.wait(30) == 0
    assert tree(tmp_path / "other") == tree(layout)


@pytest.fixture
def many_charts(tmp_path):
    """Charts of which every fourth takes longer than those behind it."""
    charts = []
    for number in range(16):
        text = b"".join(b"%d\n" % (i * i) for i in range(40_000 if number % 4 == 0 else 1))
        charts.append(write_files(tmp_path / f"many-{number}", {
            "Chart.yaml": chart_yaml(f"many-{number}"), "text": text}))
    return charts


@pytest.fixture
def one_core():
    """one_core(): this process and what it starts have one core, until the test ends."""
    cores = os.sched_getaffinity(0)
    yield lambda: os.sched_setaffinity(0, {min(cores)})
    os.sched_setaffinity(0, cores)


def test_the_number_of_cores_does_not_matter(many_charts, one_core, build):
    layout = build(*many_charts, name="all cores")
    one_core()
    assert tree(build(*many_charts, name="one core")) == tree(layout)


@pytest.mark.parametrize("cores", ["one", "all"])
def test_of_many_faults_the_first_is_told(cores, many_charts, one_core, programs, keys, tmp_path):
    before = names_in(tmp_path)
    for number in (15, 9, 8):
        write_files(many_charts[number], {"Chart.yaml": chart_yaml(version="none")})
    if cores == "one":
        one_core()
    done = programs.builder.run("build", *many_charts, "--output", tmp_path / "out", "--keys", keys,
                                status=None)
    refused(done, 3, f"chart '{many_charts[8]}': Chart.yaml")
    assert names_in(tmp_path) == before


def test_relative_paths_and_another_directory(charts, build, programs, keys, tmp_path):
    copied(charts.web, tmp_path / "here")
    layout = build(charts.web)
    programs.builder.run("build", ".", "--output", "../other", "--keys", keys, cwd=tmp_path / "here")
    assert tree(tmp_path / "other") == tree(layout)


@pytest.fixture
def as_nobody(programs, keys):
    """as_nobody(chart): (exit status, stderr) of a build by another user.

    The chart and its layout lie in .directory, since the ordinary temporary directories are private.
    """
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")
    with tempfile.TemporaryDirectory() as name:
        directory = pathlib.Path(name)
        shutil.copytree(keys.directory, directory / "keys")
        # The programs may lie where only root can look.
        program = shutil.copy(programs.builder.path, directory / "builder")

        def run(chart):
            for path in [directory, *directory.rglob("*")]:
                os.chown(path, NOBODY, NOBODY, follow_symlinks=False)
            done = subprocess.run(
                ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", program,
                 "build", chart, "--output", directory / "layout", "--keys", directory / "keys"],
                check=False, capture_output=True, cwd=directory, timeout=10,
                env=programs.builder.environment)
            return Result(done.returncode, done.stdout.decode(), done.stderr.decode())

        run.directory = directory
        yield run


def test_another_user(charts, build, as_nobody):
    layout = build(charts.pegel)
    done = as_nobody(copied(charts.pegel, as_nobody.directory / "chart"))
    assert done.status == 0, done.stderr
    assert tree(as_nobody.directory / "layout") == tree(layout)


def test_entries_say_nothing_about_their_origin(charts, build):
    archive = packed(build(charts.pegel), "hafen-pegel")
    for member in members(archive):
        assert (member.isfile(), member.mode, member.uid, member.gid, member.uname, member.gname,
                member.mtime) == (True, 0o644, 0, 0, "", "", 0), member.name
    names = [member.name for member in members(archive)]
    assert sorted(names) == sorted(
        f"hafen-pegel/{path.relative_to(charts.pegel)}"
        for path in charts.pegel.rglob("*") if path.is_file())
    assert archive[4:8] == b"\0\0\0\0", "the gzip header has no time"
    tar = gzip.decompress(archive)
    assert tar.endswith(b"\0" * 1024)


def test_source_date_epoch_is_the_time_of_every_entry(charts, programs, keys, tmp_path):
    programs.builder.run("build", charts.web, "--output", tmp_path / "layout", "--keys", keys,
                         env={"SOURCE_DATE_EPOCH": "1704164645"})
    index = json.loads((tmp_path / "layout" / "index.json").read_bytes())
    blobs = tmp_path / "layout" / "blobs" / "sha256"
    manifest = json.loads((blobs / index["manifests"][0]["digest"][7:]).read_bytes())
    archive = (blobs / manifest["layers"][0]["digest"][7:]).read_bytes()
    assert {member.mtime for member in members(archive)} == {1704164645}
    assert manifest["annotations"]["org.opencontainers.image.created"] == "2024-01-02T03:04:05Z"


def test_created_does_not_reach_the_archive(charts, build):
    plain = packed(build(charts.web), "harbour-web")
    dated = build(charts.web, name="dated", options=["--created", "2024-01-02T03:04:05Z"])
    assert packed(dated, "harbour-web") == plain


@pytest.mark.parametrize(("options", "expected"), [
    (["--version", "9.8.7+q"], {"version": "9.8.7+q"}),
    (["--app-version", "x y"], {"appVersion": "x y"}),
    (["--version", "1.0.0", "--app-version", "1.10"], {"version": "1.0.0", "appVersion": "1.10"}),
], ids=["version", "app-version", "both"])
def test_versions_can_be_given(options, expected, charts, build):
    layout = build(charts.web, options=options)
    manifest = layout.manifest("harbour-web")
    config = json.loads(layout.blob(manifest["config"]["digest"]))
    assert {key: config[key] for key in expected} == expected
    if "version" in expected:
        tag = layout.index["manifests"][0]["annotations"]["dev.sallyport.tag"]
        assert tag == expected["version"].replace("+", "_")
    untouched = {name: body for name, body in contents(packed(layout, "harbour-web")).items()
                 if not name.endswith("/Chart.yaml")}
    plain = contents(packed(build(charts.web, name="plain"), "harbour-web"))
    assert untouched == {name: plain[name] for name in untouched}


@pytest.mark.parametrize("options", [["--version", ""], ["--version", "one"],
                                     ["--version", "1.0.0/x"], ["--version", "1.0.0 "]],
                         ids=lambda options: repr(options[1]))
def test_a_given_version_has_to_be_one(options, charts, programs, keys, tmp_path):
    done = programs.builder.run("build", charts.web, "--output", tmp_path / "o", "--keys", keys,
                                *options, status=None)
    assert done.status in (2, 3), done.stderr
    refused(done, done.status, "version")
    assert names_in(tmp_path) == []


# ---- what Helm makes of it ----

EDGES = {
    "dot-files": {".gitattributes": b"* text\n", ".dir/a": b"b", "templates/.hidden": b"{{ no",
                  "files/.keep": b""},
    "byte-order-marks": {"values.yaml": b"\xef\xbb\xbfa: 2\n", "files/a.txt": b"\xef\xbb\xbftext",
                         "templates/a.yaml": b"\xef\xbb\xbfa: {{ .Values.a }}\n"},
    "lock-and-schema": {"Chart.lock": b"dependencies: []\ndigest: sha256:00\n"
                        b"generated: \"2024-01-02T03:04:05.678901234Z\"\n",
                        "values.schema.json": b'{"type":"object"}\n'},
    "crds-and-notes": {"crds/a.yaml": b"kind: CustomResourceDefinition\n",
                       "templates/NOTES.txt": b"a is {{ .Values.a }}\n", "README.md": b"# Tiny\n",
                       "LICENSE": b"none\n"},
    "binary-and-empty": {"files/bin": bytes(range(256)) * 10, "files/empty": b"",
                         "templates/f.yaml": b'b: {{ .Files.Get "files/bin" | b64enc }}\n'},
    "subcharts": {"charts/sub/Chart.yaml": chart_yaml("sub", "1.0.0"),
                  "charts/sub/values.yaml": b"b: 2\n", "charts/sub/templates/a.yaml":
                  b"sub: {{ .Values.b }}\n", "charts/sub/charts/deep/Chart.yaml":
                  chart_yaml("deep"), "charts/_hidden/Chart.yaml": b"no: chart\n",
                  "charts/.hidden/Chart.yaml": b"no: chart\n"},
    "long-and-odd-names": {f"files/{'n' * 120}/{'m' * 120}": b"x", "files/a b": b"x",
                           "files/grüß": b"x", "files/u\u0308": b"x"},
    "crlf": {"values.yaml": b"a: 1\r\nb: 2\r\n", "templates/a.yaml": b"a: {{ .Values.b }}\r\n"},
    "metadata": {"Chart.yaml": b"apiVersion: v2\nname: tiny\nversion: 1.10\nappVersion: 1.10\n"
                 b"description: |\n  two\n  lines\nkeywords: [y, 0o7, ~, 1e3]\ndeprecated: yes\n"
                 b"kubeVersion: '>=1.20'\nannotations: {a: '#', b: ': ', c: \"\\u00e9\", d: 1.0}\n"
                 b"maintainers:\n- {name: A, email: a@x.example, url: 'https://a'}\n"},
    "api-version-1": {"Chart.yaml": b"name: tiny\nversion: 0.1.0\nengine: gotpl\n"},
}


@pytest.fixture
def helm_agrees(peers, tmp_path):
    """helm_agrees(directory, archive): Helm loads both alike, and as its own package of it."""
    def agrees(directory, archive):
        peers.run("helm", "package", directory, "--destination", tmp_path / "helms")
        theirs, = (tmp_path / "helms").iterdir()
        ours = tmp_path / theirs.name
        ours.write_bytes(archive)
        for command in (["show", "all"], ["show", "chart"], ["template", "a"]):
            outputs = [peers.run("helm", *command, path) for path in (directory, theirs, ours)]
            assert outputs[1] == outputs[2], command
            if command[0] == "template":
                assert outputs[0] == outputs[2], command
        left, right = contents(theirs.read_bytes()), contents(archive)
        assert set(left) == set(right)
        # Chart.yaml and Chart.lock are written anew, in a style of one's own.
        assert {n: b for n, b in left.items() if not n.endswith(("Chart.yaml", "Chart.lock"))} == \
            {n: b for n, b in right.items() if not n.endswith(("Chart.yaml", "Chart.lock"))}
    return agrees


@pytest.mark.parametrize("name", ["web", "pegel"])
def test_helm_loads_what_it_would_have_packed(name, charts, build, helm_agrees):
    chart = getattr(charts, name)
    helm_agrees(chart, packed(build(chart), chart.name))


@pytest.mark.parametrize("files", EDGES.values(), ids=EDGES.keys())
def test_helm_loads_odd_charts_too(files, build, helm_agrees, tmp_path):
    chart = write_files(tmp_path / "tiny", {**TINY, **files})
    helm_agrees(chart, packed(build(chart), "tiny"))


# ---- what is refused ----

def link(target):
    return lambda path: path.symlink_to(target)


def fifo(path):
    os.mkfifo(path)


def socket(path):
    import socket as sockets
    with sockets.socket(sockets.AF_UNIX) as listener:
        listener.bind(str(path))


def device(path):
    if os.geteuid() != 0:
        pytest.skip("only root can make a device")
    try:
        os.mknod(path, 0o20666, os.makedev(1, 5))
    except PermissionError:
        missing("the right to make a device")


def unreadable(path):
    path.write_bytes(b"x")
    path.chmod(0)


def holding(body):
    return lambda path: path.write_bytes(body)


REFUSED = {
    "helmignore": (".helmignore", holding(b"**/x\n"), 3),
    "row_c5_helmignore-that-leads-out": (".helmignore", link("/etc/passwd"), 3),
    "row_c5_link-to-its-own-directory": ("files/up", link(".."), 3),
    "row_c5_link-to-the-directory-above": ("files/up", link("../.."), 3),
    "row_c5_link-out": ("files/secret", link("/etc/passwd"), 3),
    "row_c5_link-loop": ("files/loop", link("loop"), 3),
    "row_c5_link-dangling": ("files/gone", link("nowhere"), 3),
    "row_c5_link-for-Chart.lock": ("Chart.lock", link("../../.bashrc"), 3),
    "row_c5_fifo": ("templates/pipe", fifo, 3),
    "row_c5_socket": ("templates/socket", socket, 3),
    "row_c5_device": ("templates/zero", device, 3),
    "archive-below-charts": ("charts/sub-1.0.0.tgz", holding(b"anything"), 3),
    "loose-file-in-charts": ("charts/README.md", holding(b"text"), 3),
    "subchart-without-Chart.yaml": ("charts/sub/values.yaml", holding(b""), 3),
    "requirements": ("requirements.yaml", holding(b"dependencies: {}\n"), 3),
    "values": ("values.yaml", holding(b"- a\n"), 3),
    "lock": ("Chart.lock", holding(b"generated: noon\n"), 3),
    "schema": ("values.schema.json", holding(b""), 3),
    "file-over-5-MiB": ("files/big", holding(b"\0" * (5 * 1024 * 1024 + 1)), 3),
    "row_c15_control-in-a-name": ("files/a\x1b[2J", holding(b"x"), 3),
    "row_c15_newline-in-a-name": ("files/a\nb", holding(b"x"), 3),
    "row_c15_not-utf8-name": (os.fsdecode(b"files/\xff"), holding(b"x"), 3),
    "backslash-in-a-name": ("files/a\\b", holding(b"x"), 3),
    "row_c10_depth": ("d/" * 40 + "a", holding(b"x"), 3),
    "row_c5_unreadable": ("files/a", unreadable, 1),
}


@pytest.mark.parametrize(("name", "make", "status"), REFUSED.values(), ids=REFUSED.keys())
def test_refused_by_name(name, make, status, programs, keys, tmp_path):
    chart = write_files(tmp_path / "tiny", TINY)
    (chart / name).parent.mkdir(parents=True, exist_ok=True)
    make(chart / name)
    done = programs.builder.run("build", chart, "--output", tmp_path / "o", "--keys", keys,
                                status=None, timeout=10,
                                wrapper=(*bound_by_modes(), *programs.builder.wrapper))
    printable = name if name.isprintable() and name.isascii() and "\\" not in name else "files/"
    if name.startswith("charts/sub/"):
        printable = "charts/sub"
    refused(done, status, chart, printable[:60])
    assert names_in(tmp_path) == ["tiny"]


@pytest.mark.parametrize(("name", "make", "status"),
                         [case for key, case in REFUSED.items() if key.startswith("row_c5_")],
                         ids=[key for key in REFUSED if key.startswith("row_c5_")])
def test_refused_by_name_for_any_user(name, make, status, as_nobody):
    chart = write_files(as_nobody.directory / "tiny", TINY)
    (chart / name).parent.mkdir(parents=True, exist_ok=True)
    make(chart / name)
    refused(as_nobody(chart), status, chart, name)
    assert names_in(as_nobody.directory) == ["builder", "keys", "tiny"]


@pytest.mark.parametrize(("yaml", "words"), [
    (None, ["Chart.yaml"]),
    (b"", ["name"]),
    (b"apiVersion: v2\nversion: 0.1.0\n", ["name"]),
    (b"apiVersion: v2\nname: tiny\n", ["version"]),
    (b"apiVersion: v2\nname: tiny\nversion: 0.1.0\ndescription: 'open\n", ["line"]),
    (b"apiVersion: v2\nname: tiny\nversion: 0.1.0\n  bad: indent\n", ["line 4"]),
    (b"apiVersion: v2\nname: tiny\nversion: 0.1.0\nkeywords: a\n", ["line 4", "keywords"]),
    (b"apiVersion: v2\nname: tiny\nversion: no\n", ["line 3", "no"]),
    (b"apiVersion: v2\nname: ../tiny\nversion: 0.1.0\n", ["../tiny"]),
], ids=["no-file", "empty", "no-name", "no-version", "open-quote", "indent", "wrong-kind",
        "bad-version", "path-as-name"])
def test_bad_metadata(yaml, words, programs, keys, tmp_path):
    chart = write_files(tmp_path / "dir", {"values.yaml": b""})
    if yaml is not None:
        (chart / "Chart.yaml").write_bytes(yaml)
    done = programs.builder.run("build", chart, "--output", tmp_path / "o", "--keys", keys,
                                status=None)
    refused(done, 3, chart, "Chart.yaml" if yaml else "", *words)
    assert names_in(tmp_path) == ["dir"]


def test_row_c7_chart_yaml_that_is_a_directory(programs, keys, tmp_path):
    (tmp_path / "dir" / "Chart.yaml").mkdir(parents=True)
    done = programs.builder.run("build", tmp_path / "dir", "--output", tmp_path / "o",
                                "--keys", keys, status=None)
    refused(done, 3, "Chart.yaml")
    assert names_in(tmp_path) == ["dir"]


@pytest.mark.parametrize("place", ["tiny/layout", "tiny/files/deep/layout", "link/layout",
                                   "tiny/../tiny/layout"])
def test_output_inside_a_chart_is_refused(place, programs, keys, tmp_path):
    """The blobs of the first chart would be there already, and be packed with the second."""
    first = write_archive(tmp_path / "first.tgz", {**TINY, "Chart.yaml": chart_yaml("first")})
    chart = write_files(tmp_path / "tiny", {**TINY, "files/deep/a": b""})
    (tmp_path / "link").symlink_to("tiny/files")
    before = tree(tmp_path)
    done = programs.builder.run("build", first, chart, "--output", place, "--keys", keys,
                                cwd=tmp_path, status=None)
    refused(done, 2, "layout", chart)
    assert tree(tmp_path) == before


@pytest.mark.parametrize("chart", [".", "../here"])
def test_output_beside_a_chart_with_a_like_name(chart, programs, keys, tmp_path):
    write_files(tmp_path / "here", TINY)
    programs.builder.run("build", chart, "--output", "../here-layout", "--keys", keys,
                         cwd=tmp_path / "here")
    assert names_in(tmp_path) == ["here", "here-layout"]
