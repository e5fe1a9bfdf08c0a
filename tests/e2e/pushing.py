"""Fixtures of the tests in which a registry misbehaves: one small chart, pushed with a password that
may show nowhere, and what holds after every push whatever came of it."""

import dataclasses
import re
import time

import pytest
from crafted import chart_yaml, write_archive
from demands import clean, names_in
from helpers import Layout, sha256

HEAD, POST, BLOB, TAG = ("HEAD", "/manifests/"), ("POST", "/blobs/uploads/"), \
    ("PUT", "/blobs/uploads/"), ("PUT", "/manifests/")
STAGES = {"head": HEAD, "post": POST, "blob": BLOB, "tag": TAG}
USERNAME, PASSWORD = "hafen", "kanarienvogel-4711"
REPOSITORY = "charts/tiny"
OTHER = "sha256:" + "0123456789abcdef" * 4
MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
MIB = 2 ** 20


def noise(size, seed=b"harbour"):
    """Bytes that no compression makes smaller, the same each time."""
    import hashlib
    return hashlib.shake_128(seed).digest(size)


@pytest.fixture(scope="session")
def layout(programs, keys, tmp_path_factory):
    """A layout of one very small chart. Do not write to it."""
    directory = tmp_path_factory.mktemp("tiny")
    chart = write_archive(directory / "tiny.tgz")
    programs.builder.run("build", chart, "--output", directory / "layout", "--keys", keys)
    return Layout(directory / "layout")


def _noisy_layout(programs, keys, directory, size):
    chart = write_archive(directory / "tiny.tgz", {"Chart.yaml": chart_yaml(),
                                                   "noise.bin": noise(size)})
    programs.builder.run("build", chart, "--output", directory / "layout", "--keys", keys)
    return Layout(directory / "layout")


@pytest.fixture(scope="session")
def medium_layout(programs, keys, tmp_path_factory):
    """One chart of 128 KiB that does not shrink, which goes over HTTP/2. Do not write to it."""
    return _noisy_layout(programs, keys, tmp_path_factory.mktemp("medium"), MIB // 8)


@pytest.fixture(scope="session")
def large_layout(programs, keys, tmp_path_factory):
    """One chart of 3 MiB that does not shrink. Do not write to it."""
    return _noisy_layout(programs, keys, tmp_path_factory.mktemp("large"), 3 * MIB)


@dataclasses.dataclass
class Attack:
    """attack(registry, *options): the Result of a push, with what must hold in any case."""

    programs: object
    keys: object
    layout: object
    directory: object
    traps: list = dataclasses.field(default_factory=list)

    def __call__(self, registry, *options, login=False, layout=None, host=None, faults=0, **how):
        layout = layout or self.layout
        secure = any(str(option) in ("--ca-file", "--plain-http") for option in options)
        if login:
            options = (*options, "--username", USERNAME, "--password-stdin")
            how["stdin"] = PASSWORD.encode()
        receipt = self.directory / "receipt"
        receipt.unlink(missing_ok=True)
        url = f"oci://{host or registry.host}/charts"
        begin = time.monotonic()
        done = self.programs.pusher.run(
            "push", layout, url, "--trust", self.keys.trust, *([] if secure else ["--plain-http"]),
            *options, "--receipt", receipt, status=None, **{"timeout": 60, **how})
        done.seconds = time.monotonic() - begin
        assert (done.status == 0) == receipt.exists(), done
        assert [name for name in names_in(self.directory) if name.startswith(".receipt")] == []
        said = done.stdout + done.stderr + (receipt.read_text() if receipt.exists() else "")
        assert PASSWORD not in said
        clean(done.stdout + done.stderr)
        for trap in self.traps:
            for request in trap.requests():
                assert PASSWORD not in str(request.headers) and request.method in ("GET", "HEAD")
                assert not {"authorization", "cookie", "proxy-authorization"} & set(request.headers)
        digest = layout.entry("tiny")["digest"]
        if registry is not None and hasattr(registry, "manifests"):
            self._check(registry, digest, done, faults)
        return done

    @staticmethod
    def _check(registry, digest, done, faults):
        held = registry.manifests.get((REPOSITORY, "0.1.0"))
        if done.status == 0:
            assert "sha256:" + sha256(held[1]) == digest
        for (_, reference), (_, body) in registry.manifests.items():
            assert ":" not in reference or reference == "sha256:" + sha256(body)
        for (_, reference), body in registry.blobs.items():
            assert not isinstance(body, bytes) or reference == "sha256:" + sha256(body)
        assert len(registry.faults) <= faults, registry.faults


@pytest.fixture
def attack(programs, keys, layout, tmp_path):
    """attack(registry, *options, login=False, layout=...): see Attack."""
    return Attack(programs, keys, layout, tmp_path)


@pytest.fixture
def trap(make_scripted_registry, attack):
    """A second listener: nothing of ours may ever arrive there."""
    attack.traps.append(make_scripted_registry())
    return attack.traps[-1]


def failed(done, status, *words):
    """A push that ended with one of these exit statuses, in one clean line with these words."""
    expected = status if isinstance(status, tuple) else (status,)
    assert done.status in expected, (done.status, done.stderr)
    lines = [line for line in done.stderr.splitlines() if line.startswith("pusher: ")]
    assert len(lines) >= 1, done.stderr
    for word in words:
        assert str(word) in done.stderr, (word, done.stderr)
    assert len(done.stderr) < 8000


def tag_of(registry, repository=REPOSITORY, tag="0.1.0"):
    """The digest under the tag, or None."""
    found = registry.manifests.get((repository, tag))
    return None if found is None else "sha256:" + sha256(found[1])


def by(table):
    """Parametrize arguments of {row id and name: value}."""
    for name in table:
        assert re.match(r"row_[a-z][0-9]+_", name), name
    return {"argvalues": list(table.values()), "ids": list(table)}
