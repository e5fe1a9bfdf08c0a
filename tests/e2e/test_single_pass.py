"""push --single-pass: large blobs are hashed only while they are sent, and nothing else gets laxer."""

import random
import re
import shutil
import uuid

import pytest
from crafted import chart_yaml, write_archive
from helpers import Layout
from traced import ENVIRONMENT, only_root_sees_arguments

MIB = 1 << 20


@pytest.fixture(scope="module")
def heavy(programs, keys, tmp_path_factory):
    """Two charts, each with an archive that is larger than anything that is parsed."""
    directory = tmp_path_factory.mktemp("heavy")
    charts = []
    for name in ("one", "two"):
        noise = random.Random(name).randbytes(9 * MIB)
        files = {"Chart.yaml": chart_yaml(name), "a": noise[:4 * MIB], "b": noise[4 * MIB:8 * MIB],
                 "c": noise[8 * MIB:]}
        charts.append(write_archive(directory / f"{name}.tgz", files, name))
    programs.builder.run("build", *charts, "--output", directory / "layout", "--keys", keys)
    return Layout(directory / "layout")


@pytest.fixture
def mine(heavy, tmp_path):
    return heavy.copy(tmp_path / "mine")


@pytest.fixture
def push(programs, keys, registry):
    prefix = f"single/{uuid.uuid4().hex}"

    def push(layout, *options, **how):
        return programs.pusher.run("push", layout, registry.oci(prefix), "--trust", keys.trust,
                                   "--plain-http", *options, **how)
    push.prefix = prefix
    return push


def blob_of(layout, name):
    return layout.blob_path(layout.manifest(name)["layers"][0]["digest"])


def change(path):
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2)
        byte = file.read(1)
        file.seek(-1, 1)
        file.write(bytes([byte[0] ^ 1]))


def bytes_read(trace, name):
    """Of the file of this name, by whichever thread; strace -y writes the name behind each descriptor."""
    return sum(int(n) for n in re.findall(rf"read\(\d+<[^>]*{name}>.*? = (\d+)$", trace, re.M))


@only_root_sees_arguments
def test_a_large_blob_is_read_once(mine, push, registry, tmp_path):
    blob = blob_of(mine, "one")
    sizes = {}
    for mode in ([], ["--single-pass"]):
        trace = tmp_path / f"trace-{len(mode)}"
        shutil.rmtree(registry.directory / "storage" / "docker/registry/v2/repositories" / push.prefix,
                      ignore_errors=True)
        push(mine, *mode, env=ENVIRONMENT, wrapper=["strace", "-ff", "-qq", "-y", "-o", trace, "-e", "trace=read"])
        for name in ("one", "two"):
            assert registry.manifest(f"{push.prefix}/{name}", "0.1.0")[1] == mine.entry(name)["digest"]
        sizes[len(mode)] = bytes_read("".join(
            p.read_text() for p in tmp_path.glob(f"{trace.name}.*")), blob.name) / blob.stat().st_size
    assert sizes == {0: 2, 1: 1}


@pytest.mark.parametrize("name", ["one", "two"])
def test_a_changed_blob_stops_all(name, mine, push, registry):
    change(blob_of(mine, name))
    done = push(mine, "--single-pass", status=4)
    assert blob_of(mine, name).name in done.stderr
    for repository in ("one", "two"):
        assert registry.tags(f"{push.prefix}/{repository}") == []
        digest = mine.entry(repository)["digest"]
        assert registry.manifest(f"{push.prefix}/{repository}", digest) is None
    assert registry.blob(f"{push.prefix}/{name}", mine.manifest(name)["layers"][0]["digest"]) is None


@pytest.mark.parametrize("options", [[], ["--dry-run"]], ids=["push", "dry-run"])
def test_what_is_there_already_is_checked_all_the_same(options, heavy, mine, push, registry):
    push(heavy)
    change(blob_of(mine, "two"))
    before = len(registry.writes())
    done = push(mine, "--single-pass", *options, status=4)
    assert blob_of(mine, "two").name in done.stderr and len(registry.writes()) == before


@pytest.mark.parametrize("name", ["index.json", "manifest", "config", "SEAL"])
def test_what_is_parsed_is_verified_before_the_first_request(name, mine, push, registry):
    manifest = mine.entry("one")["digest"]
    path = {"manifest": mine.blob_path(manifest), "index.json": mine.path / "index.json",
            "config": mine.blob_path(mine.manifest("one")["config"]["digest"]),
            "SEAL": mine.path / "SEAL"}[name]
    registry.forget()
    change(path)
    push(mine, "--single-pass", status=4)
    assert registry.requests() == []


def test_a_large_blob_of_another_size_is_refused(mine, push, registry):
    for way in (lambda p: p.write_bytes(p.read_bytes() + b"x"),
                lambda p: p.write_bytes(p.read_bytes()[:-1]), lambda p: p.unlink()):
        layout = mine.copy(mine.path.with_name(uuid.uuid4().hex))
        registry.forget()
        way(blob_of(layout, "one"))
        assert push(layout, "--single-pass", status=None).status in (3, 4)
        assert registry.requests() == []
