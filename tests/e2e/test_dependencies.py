"""builder build --dependency-update: dependencies without a network."""

import io
import json
import os
import shutil
import tarfile

import pytest
from demands import refused
from helpers import Layout, tree


def chart(directory, name, version, **fields):
    directory.mkdir(parents=True)
    text = {"apiVersion": "v2", "name": name, "version": version, **fields}
    (directory / "Chart.yaml").write_text(json.dumps(text))
    return directory


def archive(path, name, version):
    text = json.dumps({"apiVersion": "v2", "name": name, "version": version}).encode()
    with tarfile.open(path, "w:gz", format=tarfile.USTAR_FORMAT) as file:
        entry = tarfile.TarInfo(f"{name}/Chart.yaml")
        entry.size = len(text)
        file.addfile(entry, io.BytesIO(text))


@pytest.fixture
def top(tmp_path):
    """A chart that needs lib by its path, and dep out of a directory."""
    chart(tmp_path / "lib", "lib", "0.1.0")
    return chart(tmp_path / "top", "top", "1.0.0", dependencies=[
        {"name": "lib", "version": "0.x", "repository": "file://../lib"},
        {"name": "dep", "version": "^1.2", "repository": "https://charts.example.com"}])


@pytest.fixture
def pool(tmp_path):
    directory = tmp_path / "pool"
    directory.mkdir()
    for version in ("1.1.0", "1.2.0", "1.10.0", "2.0.0"):
        archive(directory / f"dep-{version}.tgz", "dep", version)
    return directory


def contents(layout):
    layers = layout.manifest("top")["layers"]
    with tarfile.open(fileobj=io.BytesIO(layout.blob(layers[0]["digest"]))) as file:
        return {member.name: file.extractfile(member).read() for member in file.getmembers()}


def test_filled(build, top, pool):
    before = tree(top)
    built = build(top, options=("--dependency-update", "--dependency-dir", pool))
    found = contents(built)
    assert sorted(found) == ["top/Chart.lock", "top/Chart.yaml", "top/charts/dep/Chart.yaml",
                             "top/charts/lib/Chart.yaml"]
    assert b"1.10.0" in found["top/charts/dep/Chart.yaml"]
    assert b'generated: "1970-01-01T00:00:00Z"' in found["top/Chart.lock"]
    assert tree(top) == before


@pytest.mark.parametrize("place", ["lib/layout", "lib/files/layout", "pool/dep/layout"])
def test_output_inside_a_dependency_is_refused(place, programs, keys, top, pool, tmp_path):
    """What has been written of the layout by then would be packed with the dependency."""
    chart(tmp_path / "first", "first", "1.0.0")
    chart(pool / "dep", "dep", "1.20.0")
    (tmp_path / "lib" / "files").mkdir()
    before = tree(tmp_path)
    done = programs.builder.run("build", "first", top, "--dependency-update", "--dependency-dir", pool,
                                "--output", place, "--keys", keys, cwd=tmp_path, status=None)
    refused(done, 2, "layout", "which is to be packed")
    assert tree(tmp_path) == before
    programs.builder.run("build", "first", top, "--dependency-update", "--dependency-dir", pool,
                         "--output", "pool/layout", "--keys", keys, cwd=tmp_path)


def test_same_bytes_wherever_it_lies(build, top, pool, tmp_path):
    options = ("--dependency-update", "--dependency-dir")
    first = build(top, name="first", options=(*options, pool))
    for name in ("lib", "top", "pool"):
        shutil.copytree(tmp_path / name, tmp_path / "else" / "where" / name)
    moved = tmp_path / "else" / "where"
    os.utime(moved / "lib" / "Chart.yaml", (1, 1))
    second = build(moved / "top", name="second", options=(*options, moved / "pool"))
    assert first.seal_id == second.seal_id


def test_time_of_the_lock(programs, keys, top, pool, tmp_path):
    programs.builder.run("build", top, "--output", tmp_path / "out", "--keys", keys,
                         "--dependency-update", "--dependency-dir", pool,
                         env={"SOURCE_DATE_EPOCH": "86400"})
    assert b'"1970-01-02T00:00:00Z"' in contents(Layout(tmp_path / "out"))["top/Chart.lock"]


def test_several_directories(build, top, pool, tmp_path):
    (tmp_path / "more").mkdir()
    archive(tmp_path / "more" / "dep-1.11.0.tgz", "dep", "1.11.0")
    built = build(top, options=("--dependency-update", "--dependency-dir", pool,
                                "--dependency-dir", tmp_path / "more"))
    assert b"1.11.0" in contents(built)["top/charts/dep/Chart.yaml"]


def test_missing(programs, keys, top, tmp_path):
    shutil.rmtree(tmp_path / "lib")
    refused = programs.builder.run("build", top, "--output", tmp_path / "out", "--keys", keys,
                                   "--dependency-update", status=3)
    assert "2 dependencies are not to be had here and must be brought into the enclave: " \
        "'lib' '0.x' from file://../lib (none seen), " \
        "'dep' '^1.2' from https://charts.example.com (none seen)" in refused.stderr
    assert not (tmp_path / "out").exists()


def test_note_of_what_cannot_be_used(programs, keys, top, pool, tmp_path):
    (pool / "other\x1b.tgz").write_bytes(b"junk")
    os.symlink("dep-1.2.0.tgz", pool / "latest.tgz")
    os.mkfifo(pool / "pipe.tgz")
    command = ("build", top, "--output", tmp_path / "out", "--keys", keys, "--force",
               "--dependency-update", "--dependency-dir", pool)
    said = programs.builder.run(*command).stderr.splitlines()
    assert len(said) == 3
    assert all(line.startswith(f"builder: passed over: {pool}/") for line in said)
    assert "\x1b" not in "".join(said)
    assert programs.builder.run(*command, "--quiet").stderr == ""
    (pool / "dep-old.tgz").write_bytes(b"junk")
    assert "dep-old.tgz': not a gzipped archive" in \
        programs.builder.run(*command, status=3).stderr


def test_usage(programs, keys, top, pool, tmp_path):
    def run(*arguments, status=2):
        return programs.builder.run("build", *arguments, "--output", tmp_path / "out",
                                    "--keys", keys, status=status).stderr

    assert "--dependency-dir is given without --dependency-update" in \
        run(top, "--dependency-dir", pool)
    assert "--dependency-update is for chart directories, this is an archive" in \
        run(pool / "dep-1.2.0.tgz", "--dependency-update")
    assert "dependency directory '" in \
        run(top, "--dependency-update", "--dependency-dir", tmp_path / "none", status=1)
    assert "given twice" in run(top, "--dependency-update", "--dependency-update")
    assert not (tmp_path / "out").exists()
