"""Dependencies come out of directories as the real Helm gets them from repositories and paths.

Helm fetches from a chart repository on the loopback, with the index that `helm repo index` makes;
we look into the directory that it serves.
"""

import functools
import http.server
import json
import random
import shutil
import threading

import helpers
import pytest
from archives import CREATED, archive
from differential_constraints import Constraints, differences

VERSIONS = """
0.0.1 0.0.2 0.1.0 0.1.9 0.2.0-alpha 0.2.3 0.2.10 0.3.0 1.0.0-rc.1 1.0.0 1.0.1 1.2.0 1.2.3 1.2.10
1.3.0-beta.2 1.3.0-beta.10 1.10.0 1.10.1+build.5 v1.11.0 1.12 2.0.0-alpha 2.0.0 2.1.0-0 2.1.0
2.9.9 3.0.0-alpha.1 3.0.0-alpha.beta 3.0.0-rc.1 10.0.0 10.0.1-dev
""".split()

CONSTRAINTS = [
    "1.2.3", "v1.2.3", "=1.2.3", "1.2", "1", "1.x", "1.2.x", "1.2.*", "*", "x", ">0", ">=0.0.0",
    ">=0.0.0-0", ">1.2", "<=1.2", "<2", "<2.0.0-0", "<1.0.0", "<0.0.1", "!=10.0.0", "!=10.0.0 <3",
    "~1", "~1.2", "~1.2.3", "~1.3.0-0", "~1.3.0-beta.3", "~>0.2", "^0", "^0.0", "^0.0.1", "^0.1",
    "^0.2.3", "^1", "^1.2.3", "^1.3.0-beta", "^2.1.0-0", "^3", "^3.0.0-0", "^3.0.0-alpha",
    "3.0.0-rc.1", ">=3.0.0-alpha, <3.0.0", ">=1.2 <2", ">=1.2, <1.10", "1.2 - 2.0", "1.2.3 - 1.10.0",
    "^0.1 || ^2", "^7 || ~1.2", "<1 || >=10", "1.12.0", "v1.11", "1.10.1", "^7", ">=4, <10", "~0.0",
    "!=2.x", ">=2.0.0-alpha <2.0.0", "1.3.0-beta.2 - 1.3.0", "2.1.0-0", "^1.10.1+other",
]
UNUSABLE = ["", " ", "a", "1.2.3.4", ">", "^1 ||", "latest", "> 1.2.x-a_b", "1 -", "~~1"]


def chart_yaml(name, version, dependencies=None, api="v2"):
    chart = {"apiVersion": api, "name": name, "version": version}
    if dependencies is not None:
        chart["dependencies"] = dependencies
    return json.dumps(chart)


def write_chart(directory, name, version, dependencies=None):
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "Chart.yaml").write_text(chart_yaml(name, version, dependencies))
    (directory / "values.yaml").write_text(f"from: {name}-{version}\n")
    return directory


def packed(name, version):
    return archive({f"{name}/Chart.yaml": chart_yaml(name, version).encode(),
                    f"{name}/values.yaml": f"from: {name}-{version}\n".encode()})


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    """(URL, directory) of a chart repository: dep in all VERSIONS, and two others."""
    directory = tmp_path_factory.mktemp("repository")
    for version in VERSIONS:
        (directory / f"dep-{version}.tgz").write_bytes(packed("dep", version))
    (directory / "dep-extra-1.5.0.tgz").write_bytes(packed("dep-extra", "1.5.0"))
    (directory / "other-0.4.2.tgz").write_bytes(packed("other", "0.4.2"))
    handler = functools.partial(Quiet, directory=directory)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}", directory
        server.shutdown()
        thread.join()


@pytest.fixture
def compare(helm, helm_program, builder, keys, repository, tmp_path):
    """compare(source): what both make of the chart source/chart; None where both refuse."""
    url, pool = repository
    if not (pool / "index.yaml").exists():
        helm_program.run("repo", "index", pool, "--url", url)

    def theirs(source):
        directory = tmp_path / "theirs"
        shutil.copytree(source, directory, symlinks=True)
        try:
            helm_program.run("package", "--dependency-update", directory / "chart",
                             "--destination", tmp_path / "packages")
        except AssertionError:
            return None
        return next((tmp_path / "packages").glob("*.tgz")).read_bytes()

    def ours(source):
        before = helpers.tree(source)
        output = tmp_path / "layout"
        built = builder.run("build", source / "chart", "--dependency-update", "--dependency-dir",
                            pool, "--output", output, "--keys", keys, status=None)
        assert helpers.tree(source) == before
        assert built.status in (0, 3), built
        return helpers.Layout(output) if built.status == 0 else None

    def compare(source):
        their_archive, layout = theirs(source), ours(source)
        assert (their_archive is None) == (layout is None), (their_archive, layout)
        if layout is None:
            return None
        manifest = layout.manifest("chart")
        config = layout.blob(manifest["config"]["digest"])
        pushed = helm.ask(their_archive, op="push", created=CREATED)[0]
        assert config.decode() == pushed["config"]
        our_archive, = (layout.blob(one["digest"]) for one in manifest["layers"])
        found = loaded(helm, our_archive)
        assert found == loaded(helm, their_archive)
        return found

    return compare


def loaded(helm, content):
    """What Helm has in hand of an archive; of a lock not when it was made, nor how it is spelt."""
    answer = helm.ask(content, op="load")[0]
    assert "error" not in answer, answer
    if answer["lock"]:
        assert answer["lock"].pop("generated")
    answer["files"] = [one for one in answer["files"] or [] if one["name"] != "requirements.lock"]
    return answer


def one_dependency(repository, constraint, name="dep"):
    return [{"name": name, "version": constraint, "repository": repository}]


@pytest.mark.parametrize("constraint", CONSTRAINTS + UNUSABLE)
def test_constraint(compare, repository, tmp_path, constraint):
    source = tmp_path / "source"
    write_chart(source / "chart", "chart", "1.0.0", one_dependency(repository[0], constraint))
    found = compare(source)
    assert found is None or constraint in CONSTRAINTS
    if found:
        version = found["charts"][0]["metadata"]["version"]
        assert found["lock"]["dependencies"][0]["version"] == version


def test_constraints_are_enough():
    assert len(CONSTRAINTS) >= 50
    assert len(set(CONSTRAINTS + UNUSABLE)) == len(CONSTRAINTS) + len(UNUSABLE)


def test_random_constraints(helm, ours):
    """differential_constraints.py --seed repeats a run, --count makes more."""
    seed = random.SystemRandom().randrange(1 << 32)
    again = f"differential_constraints.py --seed {seed} --count 2000"
    print(again)
    constraints = Constraints(random.Random(seed))
    found, taken = differences(helm, ours, [constraints.case() for _ in range(2000)])
    assert not found, (again, found[:3])
    assert taken > 1000


@pytest.mark.parametrize("version, constraint", [
    ("1.2.3", "^1.0"), ("1.2.3", "~1.3"), ("2.0.0-rc.1", ">=1"), ("2.0.0-rc.1", ">=1-0"),
    ("v3", "3.x"), ("01.02.3", "1.2.3"), ("1.2.3+b", "1.2.3+a"), ("1", "*"), ("0.0.0", "<=*"),
    ("1.0.0", ""), ("1.0.0", "b")])
def test_file_version(compare, tmp_path, version, constraint):
    source = tmp_path / "source"
    write_chart(source / "lib", "lib", version)
    write_chart(source / "chart", "chart", "1.0.0",
                one_dependency("file://../lib", constraint, "lib"))
    compare(source)


@pytest.mark.parametrize("path", ["../lib", "lib", "./../x/../lib//", "{}/lib", "../none", ""])
def test_file_path(compare, tmp_path, path):
    source = tmp_path / "source"
    path = path.format(tmp_path / "elsewhere")
    for lib in (source / "lib", source / "chart" / "lib", tmp_path / "elsewhere" / "lib"):
        write_chart(lib, "lib", "1.0.0")
        (lib / "where").write_text(str(lib.relative_to(tmp_path)))
    write_chart(source / "chart", "chart", "1.0.0",
                one_dependency(f"file://{path}", "^1", "lib"))
    found = compare(source)
    assert (found is None) == (path in ("../none", ""))


def nested(source, repository):
    lib = write_chart(source / "lib", "lib", "1.0.0", one_dependency("file://../deep", "1", "deep"))
    (lib / ".helmignore").write_text("secret\n")
    (lib / "secret").write_text("kept at home")
    (lib / "charts").mkdir()
    (lib / "charts" / "deep-1.0.0.tgz").write_bytes(packed("deep", "1.0.0"))
    return one_dependency("file://../lib", "1", "lib")


def nested_without(source, repository):
    write_chart(source / "lib", "lib", "1.0.0", one_dependency(repository, "1", "deep"))
    return one_dependency("file://../lib", "1", "lib")


def another_name(source, repository):
    write_chart(source / "lib", "other", "1.0.0")
    return one_dependency("file://../lib", "1", "lib")


def not_a_directory(source, repository):
    source.mkdir()
    (source / "lib.tgz").write_bytes(packed("lib", "1.0.0"))
    return one_dependency("file://../lib.tgz", "1", "lib")


def all_kinds(source, repository):
    write_chart(source / "lib", "lib", "1.0.0")
    write_chart(source / "chart" / "charts" / "own", "own", "0.9.1")
    return [*one_dependency("file://../lib", "1", "lib"), *one_dependency("", "~0.9", "own"),
            {"name": "dep", "version": "^1.2", "repository": repository, "alias": "a",
             "condition": "a.enabled", "tags": ["x"], "import-values": ["data"]},
            *one_dependency(repository, "0.x", "other")]


def disabled(source, repository):
    return [{"name": "dep", "version": "^1.2", "repository": repository, "enabled": False,
             "condition": "dep.enabled", "tags": ["off"]}]


def twice_the_same(source, repository):
    return [{"name": "dep", "version": version, "repository": repository, "alias": alias}
            for version, alias in (("^1.2", "a"), ("1.12", "b"))]


def outdated(source, repository):
    charts = source / "chart" / "charts"
    charts.mkdir(parents=True)
    (charts / "dep-0.1.0.tgz").write_bytes(packed("dep", "0.1.0"))
    (charts / "left-over-1.0.0.tgz").write_bytes(packed("left-over", "1.0.0"))
    write_chart(charts / "by-hand", "by-hand", "1.0.0")
    return one_dependency(repository, "^1.2")


def there_already(source, repository):
    charts = source / "chart" / "charts"
    charts.mkdir(parents=True)
    (charts / "dep-2.9.9.tgz").write_bytes(packed("dep", "2.9.9"))
    return one_dependency(repository, "^2")


def own_missing(source, repository):
    return one_dependency("", "1", "own")


def own_too_old(source, repository):
    write_chart(source / "chart" / "charts" / "own", "own", "0.9.1")
    return one_dependency("", "1", "own")


def unknown(source, repository):
    return one_dependency(repository, "1", "unknown")


def empty_list(source, repository):
    return []


def no_list(source, repository):
    return None


def bad_and_broken(source, repository):
    write_chart(source / "chart" / "charts" / "broken", "", "1.0.0")
    return one_dependency(repository, "1")


@pytest.mark.parametrize("arrange", [
    nested, nested_without, another_name, not_a_directory, all_kinds, disabled, twice_the_same,
    outdated, there_already, own_missing, own_too_old, unknown, empty_list, no_list,
    bad_and_broken], ids=lambda arrange: arrange.__name__)
@pytest.mark.parametrize("api", ["v1", "v2"])
def test_chart(compare, repository, tmp_path, arrange, api):
    source = tmp_path / "source"
    dependencies = arrange(source, repository[0])
    write_chart(source / "chart", "chart", "1.0.0", dependencies)
    if api == "v1":
        (source / "chart" / "Chart.yaml").write_text(chart_yaml("chart", "1.0.0", api="v1"))
        if dependencies is not None:
            requirements = json.dumps({"dependencies": dependencies})
            (source / "chart" / "requirements.yaml").write_text(requirements)
    found = compare(source)
    refused = (another_name, not_a_directory, own_missing, own_too_old, unknown, bad_and_broken)
    assert (found is None) == (arrange in refused)


@pytest.mark.parametrize("names", [["Chart.lock"], ["requirements.lock"],
                                   ["Chart.lock", "requirements.lock"]], ids="+".join)
@pytest.mark.parametrize("api", ["v1", "v2"])
def test_stale_lock(compare, repository, tmp_path, names, api):
    chart = write_chart(tmp_path / "source" / "chart", "chart", "1.0.0")
    dependencies = one_dependency(repository[0], "^1.2")
    (chart / "Chart.yaml").write_text(chart_yaml("chart", "1.0.0", dependencies, api))
    for name in names:
        (chart / name).write_text('dependencies: []\ndigest: sha256:old\n'
                                  'generated: "2020-01-02T03:04:05Z"\n')
    assert compare(tmp_path / "source")


def test_lock_that_holds_is_kept(compare, helm_program, builder, keys, helm, repository, tmp_path):
    """Its time is then the time of the first update, as in Helm."""
    chart = write_chart(tmp_path / "source" / "chart", "chart", "1.0.0",
                        one_dependency(repository[0], "^1.2"))
    assert compare(tmp_path / "source")
    helm_program.run("dependency", "update", chart)
    generated = json.loads(chart.joinpath("Chart.lock").read_text().split("generated: ")[1])
    builder.run("build", chart, "--dependency-update", "--output", tmp_path / "again",
                "--keys", keys)
    layout = helpers.Layout(tmp_path / "again")
    content = layout.blob(layout.manifest("chart")["layers"][0]["digest"])
    assert helm.ask(content, op="load")[0]["lock"]["generated"] == generated
