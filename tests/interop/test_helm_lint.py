"""`builder lint` finds what `helm lint` of Helm 4 finds, and what OWN names besides."""

import os
import pathlib
import re
import shutil
import subprocess

import archives
import lint_charts
import pytest
from helpers import missing, real_charts

ROOT = pathlib.Path(__file__).resolve().parents[2]
# What both say, in the words that are the same in both; the first that is found is the meaning.
MEANINGS = [re.compile(pattern) for pattern in (
    r"unable to (check|load|extract)", r"unable to parse YAML", r"failed to strictly parse",
    r"each maintainer requires a name", r"a maintainer entry is empty", r"name is required",
    r"chart name (?=.* is invalid)", r"apiVersion is required", r"apiVersion '.*' is not valid",
    r"\S+ should be of type string but it's of type [^\s,]+( \{\})?", r"version is required",
    r"is not a valid SemVerV2", r"is not a valid SemVer\b", r"is less than or equal to",
    r"invalid (email|url) '.*' for maintainer", r"invalid (source|icon) URL", r"icon is recommended",
    r"chart type is not valid in apiVersion", r"dependencies are not valid in the Chart file",
    r"file does not exist", r"directory does not exist",
    r"should be a file, not a directory", r"not a directory", r"file extension '.*' not valid",
    r"chart (metadata|directory) is missing these dependencies: .*",
    r"apiVersion is not in 'apiextensions.k8s.io'", r"object kind is not")]

# Findings of our own, beyond Helm's: builder(1) lists them.
OWN = re.compile(r"are one field to Helm|is (a number|true or false) to YAML|cannot be pushed|"
                 r"Helm drops or replaces characters")

DIRECTORY = ("ERROR", "Chart.yaml", "should be a file, not a directory")

# Where we refuse a chart that Helm loads, as `builder build` does: builder(1), COMPATIBILITY.
REFUSED = re.compile(r"unable to load chart: .*not handled by this version")


def meaning(message):
    for pattern in MEANINGS:
        found = pattern.search(message)
        if found:
            return found.group()
    return message


def canonical(severity, path, message):
    """A finding as both are compared. Helm repeats what its loader refuses for templates/ and crds/."""
    what = meaning(message)
    if severity == "ERROR" and path in ("templates/", "crds/") and what != "not a directory":
        path, what = "", "unable to load"
    if os.path.isabs(path):
        path = "charts/"
    if what.startswith("chart metadata is missing"):
        head, _, names = what.rpartition(": ")
        what = f"{head}: {','.join(sorted(names.split(',')))}"
    return severity, re.sub(r"^charts/.*/(crds/.*)", r"\1", path), what


@pytest.fixture(scope="module")
def helm_lint(tmp_path_factory):
    """helm_lint(paths, *options): {path: set of findings}, by one run."""
    path = subprocess.run([ROOT / "scripts" / "install-peers", "--path", "helm-4.2.4"],
                          capture_output=True, text=True, check=False).stdout.strip()
    helm = path or missing("helm-4.2.4 (scripts/install-peers)")
    home = tmp_path_factory.mktemp("helm-home")

    def lint(paths, *options):
        run = subprocess.run([helm, "lint", *options, *paths], capture_output=True, text=True,
                             check=False, env={"HOME": str(home), "PATH": "/usr/bin:/bin"})
        found, current = {}, None
        for line in re.split(r"\n(?!\t)", run.stdout):
            if line.startswith("==> Linting "):
                current = found.setdefault(line.removeprefix("==> Linting "), set())
            elif line.startswith("Error "):
                current.add(canonical("ERROR", "Chart.yaml" if "unable to check" in line else "", line))
            elif line.startswith("["):
                severity, path, message = re.match(r"\[(\w+)\] (.*?): (.*)", line, re.S).groups()
                current.add(canonical(severity, path, message))
        for findings in found.values():
            if DIRECTORY in findings:  # which it then also cannot parse
                findings.discard(("ERROR", "Chart.yaml", "unable to parse YAML"))
        assert sorted(found) == sorted(map(str, paths)), run.stderr[-2000:]
        return found
    return lint


@pytest.fixture(scope="module")
def our_lint(builder):
    """our_lint(paths): {path: (set of Helm's findings, list of our own)}."""
    def lint(paths):
        result = builder.run("lint", "--json", *paths, status=None)
        assert result.status in (0, 3), result.stderr
        found = {}
        for chart in result.json["charts"]:
            findings, own = set(), []
            for item in chart["findings"]:
                if OWN.search(item["message"]) or REFUSED.search(item["message"]):
                    own.append(item["message"])
                else:
                    findings.add(canonical(item["severity"].upper(), item["path"], item["message"]))
            found[chart["path"]] = findings, own
        return found
    return lint


def archive_of(files, top):
    return archives.archive({f"{top}/{path}": content_of(content) for path, content in files.items()})


def content_of(content):
    if isinstance(content, dict):
        return archives.archive({path: content_of(inner) for path, inner in content.items()})
    return content if isinstance(content, bytes) else content.encode()


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """The charts of lint_charts as directories: {name: path}."""
    top = tmp_path_factory.mktemp("charts")
    paths = {}
    for name, files in lint_charts.all_charts().items():
        paths[name] = top / name
        for path, content in files.items():
            file = top / name / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content_of(content))
        paths[name].mkdir(exist_ok=True)
    return paths


def differences(helm, ours):
    """Lines that tell where the findings differ."""
    lines = []
    for path, expected in helm.items():
        found, own = ours[path]
        if any(REFUSED.search(message) for message in own):
            # Nothing behind the loader was looked at.
            expected = {item for item in expected if item[1] not in ("", "charts/")
                        and not item[1].startswith(("crds/", "templates/x"))}
            found = {item for item in found if not item[1].startswith(("crds/", "templates/x"))}
        for item in sorted(expected - found):
            lines.append(f"{pathlib.Path(path).name}: Helm alone: {item}")
        for item in sorted(found - expected):
            lines.append(f"{pathlib.Path(path).name}: we alone: {item}")
    return lines


def check(helm, ours):
    found = differences(helm, ours)
    assert not found, "\n".join(found)


def test_enough_charts():
    assert len(lint_charts.all_charts()) >= 150


def test_directories(helm_lint, our_lint, written):
    paths = list(written.values())
    check(helm_lint(paths), our_lint(paths))


def test_archives(helm_lint, our_lint, tmp_path):
    """The same charts packed. What Helm cannot unpack fails with us too, perhaps for more reasons."""
    paths = []
    for name, files in lint_charts.all_charts().items():
        paths.append(tmp_path / f"{name}.tgz")
        paths[-1].write_bytes(archive_of(files, "c"))
    helm, ours = helm_lint(paths), our_lint(paths)
    unpacked = {}
    for path, expected in helm.items():
        if ("ERROR", "", "unable to extract") in expected:
            assert any(item[0] == "ERROR" for item in ours[path][0]) or ours[path][1], path
        else:
            unpacked[path] = expected
    assert len(unpacked) >= 150
    check(unpacked, ours)


def test_real_charts(helm_lint, our_lint, tmp_path):
    found = [chart.path for chart in real_charts()] or missing("real charts in ../shared/data/charts")
    paths = [*(ROOT / "tests" / "data" / "charts").iterdir(), *found]
    for path in found:
        shutil.unpack_archive(path, tmp_path / path.stem)
        paths.extend((tmp_path / path.stem).iterdir())
    check(helm_lint(paths), our_lint(paths))


def test_strict(builder, written):
    """A warning fails with --strict alone."""
    for name in ("files-no-templates", "yaml-unknown-field", "yaml-case-variant"):
        assert builder.run("lint", written[name]).status == 0
        builder.run("lint", "--strict", written[name], status=3)
    builder.run("lint", "--strict", written["yaml-icon-0"])  # information only
