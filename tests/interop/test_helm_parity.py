"""What we make of charts is what the real Helm makes of them."""

import concurrent.futures
import itertools
import os
import random
import re
import shutil

import differential_trees
import helpers
import pytest
from archive_rules import ARCHIVE_RULES
from archives import CREATED, MTIME, minimal
from differential import Comparison, allowed, real_chart_yamls
from differential_trees import TreeComparison
from grammar import Grammar
from helpers import missing
from rules import HELM3_ACCEPTS, LAXER, REFUSED, RULES, SAME, STRICTER
from trees import Trees

PUSHED = ("repository", "tag", "config", "manifest")


def push(oracle, archive, **job):
    return oracle.ask(archive, op="push", created=CREATED, **job)[0]


def same(helm, ours):
    assert "error" not in helm, helm
    assert "error" not in ours, ours
    assert {name: ours[name] for name in PUSHED} == {name: helm[name] for name in PUSHED}


def package(helm, ours, directory, version, rule=None):
    """(Helm's answer, its archive), (ours, our archive) for a directory."""
    options = {"version": rule.version, "appVersion": rule.app_version} if rule else {}
    job = {"op": "package", "path": str(directory), **options}
    return helm.ask(helm=version, **job), ours.ask(mtime=MTIME, created=CREATED, **job)


def same_package(helm, ours, version, theirs, own):
    """Two archives of one directory, by Helm and by us, that Helm takes for the same chart."""
    (said, their_archive), (answer, our_archive) = theirs, own
    assert "error" not in said, said
    assert "error" not in answer, answer
    # What Helm pushes of our archive is what we made of it, and of its own archive likewise.
    same(push(helm, our_archive, helm=version), answer)
    pushed = push(helm, their_archive, helm=version)
    same(pushed, push(ours, their_archive))
    assert answer["config"] == pushed["config"]
    for loader in (3, 4):
        loaded = helm.ask(our_archive, op="load", helm=loader)[0]
        assert "error" not in loaded, loaded
        assert loaded == helm.ask(their_archive, op="load", helm=loader)[0]


@pytest.mark.parametrize("version", [4, 3])
@pytest.mark.parametrize("rule", RULES, ids=str)
def test_rule(helm, ours, rule, version, tmp_path):
    directory = tmp_path / "source"
    directory.mkdir()
    rule.write(directory, MTIME)
    theirs, own = package(helm, ours, directory, version, rule)
    helm_accepts = rule.expect in (SAME, STRICTER)
    if version == 3 and rule.helm3:
        helm_accepts = rule.helm3 == HELM3_ACCEPTS
    assert ("error" not in theirs[0]) == helm_accepts, theirs[0]
    if rule.expect == SAME:
        if helm_accepts:
            same_package(helm, ours, version, theirs, own)
        return
    assert ("error" in own[0]) == (rule.expect != LAXER), own[0]
    if rule.expect == STRICTER:
        assert rule.why in own[0]["error"]


@pytest.mark.parametrize("version", [4, 3])
@pytest.mark.parametrize("rule", ARCHIVE_RULES, ids=str)
def test_archive_rule(helm, ours, rule, version):
    theirs, own = push(helm, rule.archive, helm=version), push(ours, rule.archive)
    if rule.expect == SAME:
        same(theirs, own)
        return
    assert ("error" in theirs) == (rule.expect in (REFUSED, LAXER)), theirs
    assert ("error" in own) == (rule.expect != LAXER), own
    if rule.expect == STRICTER:
        assert rule.why in own["error"]


# Every kind of node, in flow style so that it fits anywhere.
KINDS = ["", "~", '""', "text", "'quoted'", "1.10", "0o7", "010", "no", "1e3", "-.inf", "2024-01-02",
         "[]", "[a]", "[~]", "[{}]", "{}", "{a: b}", "{a: ~}", "{a: [b]}", "!!str 1.10", "!foo x",
         "&a text", "|\n    block\n"]
FIELDS = ["name", "home", "sources", "version", "description", "keywords", "maintainers", "icon",
          "apiVersion", "condition", "tags", "appVersion", "deprecated", "annotations", "kubeVersion",
          "dependencies", "type",
          *(f"maintainers: {name}" for name in ("name", "email", "url")),
          *(f"dependencies: {name}" for name in (
              "name", "version", "repository", "condition", "tags", "enabled", "import-values",
              "alias"))]


@pytest.mark.parametrize("version", [4, 3])
@pytest.mark.parametrize("field", FIELDS, ids=lambda field: f"row_y6_{field.replace(': ', '.')}")
def test_rule_of_every_field_by_every_kind(helm, ours, field, version):
    """Refused by both, and then with the line, or taken by both as the same."""
    outer, _, inner = field.partition(": ")
    for kind in KINDS:
        lines = [line for line in ("apiVersion: v2", "name: tiny", "version: 1.2.3")
                 if not line.startswith(f"{field}:")]
        lines.append(f"{outer}:\n- {inner}: {kind}" if inner else f"{outer}: {kind}")
        archive = minimal("\n".join(lines).encode() + b"\n")
        theirs, own = push(helm, archive, helm=version), push(ours, archive)
        if "error" in theirs:
            assert "error" in own, (kind, theirs)
            assert re.search("line [1-9]|is required|must not contain|"
                             f"{inner or outer}", own["error"]), (kind, own)
        else:
            assert "error" not in own, (kind, own)
            same(theirs, own)


def test_rules_are_enough():
    assert len(RULES) + len(ARCHIVE_RULES) >= 60
    names = [rule.name for rule in RULES]
    assert len(set(names)) == len(names)


def write_sources(directory, rules):
    sources = []
    for rule in rules:
        source = directory / rule.name
        source.mkdir(parents=True)
        rule.write(source, MTIME)
        sources.append(source)
    return sources


def add_provenance(archives):
    """To most of them, so that it comes before the archive in some manifests, behind it in others."""
    for archive, content in zip(archives, itertools.cycle([b"", b"one", None, b"two"])):
        if content is not None:
            archive.with_name(archive.name + ".prov").write_bytes(content)


def test_pushed_by_the_program_itself(helm_program, builder, keys, registry, tmp_path):
    """helm package and helm push as people type them; what is in the registry is in our layout."""
    rules = [rule for rule in RULES if rule.expect == SAME and not rule.version]
    packages = tmp_path / "packages"
    helm_program.run("package", "-d", packages, *write_sources(tmp_path / "source", rules))
    archives = sorted(packages.iterdir())
    assert len(archives) == len(rules)
    add_provenance(archives)
    for archive in archives:
        os.utime(archive, (MTIME, MTIME))
    prefix = f"helm-{helm_program.version}"
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(lambda path: helm_program.run(
            "push", path, registry.oci(prefix), "--plain-http"), archives))
    builder.run("build", *archives, "--output", tmp_path / "layout", "--keys", keys,
                "--created", CREATED)
    layout = helpers.Layout(tmp_path / "layout")
    assert len(layout.index["manifests"]) == len(rules)
    for descriptor in layout.index["manifests"]:
        repository = descriptor["annotations"]["dev.sallyport.repository"]
        tag = descriptor["annotations"]["dev.sallyport.tag"]
        body, digest, _ = registry.manifest(f"{prefix}/{repository}", tag)
        assert body == layout.blob(descriptor["digest"])
        assert digest == descriptor["digest"]
        config = layout.manifest(repository, tag)["config"]["digest"]
        assert registry.blob(f"{prefix}/{repository}", config) == layout.blob(config)


@pytest.mark.parametrize("version", [4, 3])
def test_real_charts(helm, ours, version, tmp_path):
    """Each real chart, as the archive that it is and as its unpacked directory."""
    charts = helpers.real_charts() or missing("real charts in ../shared/data/charts")
    for chart in charts:
        archive = chart.path.read_bytes()
        same(push(helm, archive, helm=version), push(ours, archive))
        directory = tmp_path / chart.path.stem
        shutil.unpack_archive(chart.path, directory, "gztar")
        source = next(directory.iterdir())
        theirs, own = package(helm, ours, source, version)
        same_package(helm, ours, version, theirs, own)


@pytest.mark.parametrize("version, packaged, count, file", [
    (4, False, 2000, "Chart.yaml"), (3, False, 500, "Chart.yaml"), (4, True, 500, "Chart.yaml"),
    (4, False, 500, "values.yaml"), (4, True, 300, "Chart.lock"), (3, True, 300, "requirements.yaml")])
def test_random_file(helm, ours, version, packaged, count, file, tmp_path):
    """Thousands of Chart.yaml and other files; differential.py --seed repeats a run."""
    seed = random.SystemRandom().randrange(1 << 32)
    again = f"--seed {seed} --count {count} --helm {version} --file {file}{' --packaged' if packaged else ''}"
    print(again)
    grammar = Grammar(random.Random(seed), real_chart_yamls(), packaged)
    comparison = Comparison(helm, ours, tmp_path if packaged else None, file)
    helm.defaults["helm"] = version
    try:
        found = [one for one in comparison.differences(grammar.chart_yaml() for _ in range(count))
                 if not allowed(one)]
        found = [comparison.minimise(one) for one in found[:5]]
    finally:
        helm.defaults["helm"] = 4
    assert not found, again


@pytest.mark.parametrize("version, count", [(4, 300), (3, 100)], ids=["helm-4", "helm-3"])
def test_random_trees(helm, ours, version, count, tmp_path):
    """Directories with a .helmignore; differential_trees.py --seed repeats a run, --count makes more."""
    seed = random.SystemRandom().randrange(1 << 32)
    again = f"differential_trees.py --seed {seed} --count {count} --helm {version} --minimise"
    print(again)
    trees = Trees(random.Random(seed))
    comparison = TreeComparison(helm, ours, tmp_path)
    helm.defaults["helm"] = version
    try:
        found = [one for one in comparison.differences(trees.tree() for _ in range(count))
                 if not differential_trees.allowed(one)]
    finally:
        helm.defaults["helm"] = 4
    assert not found, again


def test_same_printable_characters(helm, ours):
    """Every code point by Go's unicode.IsPrint and by our table."""
    assert ours.ask(op="print") == helm.ask(op="print")
