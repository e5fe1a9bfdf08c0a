"""`builder lint` finds what `helm lint` of Helm 4 finds, and what OWN names besides."""

import random
import shutil

import archives
import lint_charts
import pytest
from differential_lint import Charts, compare, helm_path
from helpers import ROOT, missing, real_charts
from lint_findings import differences, helm_findings, our_findings


@pytest.fixture(scope="module")
def helm_lint(tmp_path_factory):
    """helm_lint(paths, *options): as helm_findings()."""
    helm = helm_path() or missing("helm-4.2.4 (scripts/install-peers)")
    home = tmp_path_factory.mktemp("helm-home")
    return lambda paths, *options: helm_findings(helm, home, paths, *options)


@pytest.fixture(scope="module")
def our_lint(builder):
    """our_lint(paths): as our_findings()."""
    return lambda paths: our_findings(builder.path, paths)


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


def test_random_charts(builder, tmp_path):
    """differential_lint.py --seed repeats a run, --count makes more."""
    helm = helm_path() or missing("helm-4.2.4 (scripts/install-peers)")
    seed = random.SystemRandom().randrange(1 << 32)
    again = f"differential_lint.py --seed {seed} --count 200"
    print(again)
    charts = Charts(random.Random(seed))
    found = []
    for part in range(2):
        (tmp_path / str(part)).mkdir()
        batch = [charts.chart() for _ in range(100)]
        found += compare(helm, builder.path, tmp_path, batch, tmp_path / str(part))
    assert not found, again
