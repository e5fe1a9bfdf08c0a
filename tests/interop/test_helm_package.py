"""A chart directory that we pack is the package of helm package: file by file, and as loaded."""

import io
import shutil
import tarfile

import helpers
import pytest
from archives import MTIME
from helpers import missing
from package_rules import PACKAGE_RULES
from rules import HELM3_ACCEPTS, REFUSED, SAME, STRICTER
from test_helm_parity import package, same_package

REWRITTEN = ("Chart.yaml", "Chart.lock")


def contents(archive):
    """{path: bytes} of a package; what is written anew counts as loaded only, so not here."""
    found = {}
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        for member in tar:
            content = tar.extractfile(member).read()
            found[member.name] = None if member.name.endswith(REWRITTEN) else content
    return found


def same_files(theirs, own):
    assert contents(own[1]) == contents(theirs[1])


@pytest.mark.parametrize("version", [4, 3])
@pytest.mark.parametrize("rule", PACKAGE_RULES, ids=str)
def test_package(helm, ours, rule, version, tmp_path):
    directory = tmp_path / "source"
    directory.mkdir()
    rule.write(directory, MTIME)
    theirs, own = package(helm, ours, directory, version, rule)
    accepted = rule.expect != REFUSED or (version == 3 and rule.helm3 == HELM3_ACCEPTS)
    assert ("error" not in theirs[0]) == accepted, theirs[0]
    if rule.expect == SAME:
        same_package(helm, ours, version, theirs, own)
        same_files(theirs, own)
    else:
        assert "error" in own[0], own[0]
    if rule.expect == STRICTER:
        assert rule.why in own[0]["error"]


@pytest.mark.parametrize("version", [4, 3])
def test_real_directories(helm, ours, version, tmp_path):
    charts = helpers.real_charts() or missing("real charts in ../shared/data/charts")
    for chart in charts:
        shutil.unpack_archive(chart.path, tmp_path / chart.path.stem, "gztar")
        source = next((tmp_path / chart.path.stem).iterdir())
        theirs, own = package(helm, ours, source, version)
        same_package(helm, ours, version, theirs, own)
        same_files(theirs, own)


def test_rules_are_enough():
    assert len(PACKAGE_RULES) >= 60
    assert len({rule.name for rule in PACKAGE_RULES}) == len(PACKAGE_RULES)
