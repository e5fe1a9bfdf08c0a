"""`builder lint`: its output, in all forms, and its exit status. The rules: tests/interop."""

import hashlib
import shutil
import tarfile

import pytest
from demands import clean, refused

GOOD = "apiVersion: v2\nname: c\nversion: 1.2.3\nicon: https://a.b/i.png\n"


@pytest.fixture
def lint(programs):
    """lint(argument..., status=0): the Result."""
    def lint(*arguments, status=0):
        return programs.builder.run("lint", *arguments, status=status)
    return lint


@pytest.fixture
def chart(tmp_path):
    """chart(name, yaml): a directory with nothing that lint complains of but Chart.yaml."""
    def chart(name="c", yaml=GOOD):
        path = tmp_path / name
        (path / "templates").mkdir(parents=True)
        (path / "Chart.yaml").write_text(yaml)
        (path / "values.yaml").write_text("a: 1\n")
        return path
    return chart


def test_nothing_found(lint, chart):
    done = lint(chart())
    assert done.stdout.endswith("/c\n\n1 chart(s) linted, 0 chart(s) failed\n") and not done.stderr
    assert lint(chart("d"), "--quiet").stdout == ""


def test_text(lint, chart):
    good, bad = chart("good"), chart("bad", GOOD + "foo: 1\nappVersion: 1.10\n")
    done = lint(good, bad, status=3)
    assert done.stdout == (
        f"==> Linting {good}\n\n==> Linting {bad}\n"
        "[WARNING] Chart.yaml: line 5: failed to strictly parse chart metadata file: unknown field 'foo'\n"
        "[ERROR] Chart.yaml: line 6: appVersion should be of type string but it's of type float64, "
        "which Helm takes for '1.1': put it in quotes\n\n2 chart(s) linted, 1 chart(s) failed\n")
    assert done.stderr == "builder: 1 of 2 charts failed\n"
    quiet = lint(good, bad, "--quiet", status=3)
    assert quiet.stdout.splitlines()[0] == f"==> Linting {bad}"
    assert "WARNING" not in quiet.stdout and "[ERROR]" in quiet.stdout


def test_json(lint, chart):
    bad = chart("bad", GOOD.replace("icon", "foo"))
    done = lint(bad, "--json").json
    assert done == {"version": 1, "ok": True, "errors": 0, "warnings": 1, "charts": [
        {"path": str(bad), "findings": [
            {"severity": "warning", "path": "Chart.yaml", "line": 4,
             "message": "failed to strictly parse chart metadata file: unknown field 'foo'"},
            {"severity": "info", "path": "Chart.yaml", "message": "icon is recommended"}]}]}
    failed = lint(bad, "--json", "--strict", status=3).json
    assert failed["error"] == {"code": "bad-chart", "message": "1 of 1 charts failed"}
    assert (failed["ok"], failed["charts"]) == (False, done["charts"])


def test_strict(lint, chart):
    misleading = chart(yaml=GOOD + "home: 1.10\n")
    assert "[WARNING] Chart.yaml: line 5: home: '1.10' is a number" in lint(misleading).stdout
    lint(misleading, "--strict", status=3)


@pytest.mark.parametrize(("recorded", "words"), [
    (None, None), ("right", None), ("sha256:00", "does not match"), ("", "not the provenance of a chart")])
def test_provenance(lint, chart, tmp_path, recorded, words):
    archive = tmp_path / "c-1.2.3.tgz"
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(chart(), "c")
    if recorded is not None:
        right = "sha256:" + hashlib.sha256(archive.read_bytes()).hexdigest()
        text = "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\nname: c\n\n...\nfiles:\n" \
            f"  c-1.2.3.tgz: {right if recorded == 'right' else recorded}\n-----BEGIN PGP SIGNATURE-----\n"
        archive.with_name(archive.name + ".prov").write_text(text if recorded else "-")
    done = lint(archive, status=3 if words else 0)
    assert ("[ERROR] c-1.2.3.tgz.prov: " in done.stdout) == bool(words)
    assert (words or "") in done.stdout


def test_broken_archive(lint, tmp_path):
    (tmp_path / "c.tgz").write_bytes(b"no archive")
    assert "[ERROR] unable to load chart: " in lint(tmp_path / "c.tgz", status=3).stdout


def test_hostile_names(lint, chart):
    path = chart(yaml='apiVersion: v2\nname: "a\\e[31m\\u202eb"\nversion: 1.2.3\n"\\e]0;x\\a": 1\n')
    (path / "templates" / "\x1b[2J.md").write_text("")
    shutil.move(path, path.with_name("\x1b[31m"))
    done = lint(path.with_name("\x1b[31m"), status=3)
    clean(done.stdout)
    assert r"\x1B[2J.md" in done.stdout


def test_refusals(lint, chart, tmp_path):
    refused(lint(status=2), 2, "no CHART")
    refused(lint(tmp_path / "absent", status=1), 1, "absent")
    refused(lint("/dev/null", status=3), 3, "neither a directory nor a regular file")
    assert lint(tmp_path, status=3).stdout.splitlines()[1] == \
        "[ERROR] Chart.yaml: unable to check Chart.yaml file in chart: it does not exist"
