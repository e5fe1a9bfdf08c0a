"""Fixtures of the comparisons with the real Helm.

As in the end-to-end tests, SALLYPORT_BUILD names the directory of builder and pusher, and
SALLYPORT_REQUIRE_ALL=1 turns skips into failures.
"""

import os
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "e2e"))

import differential  # noqa: E402
import helpers  # noqa: E402
from helpers import missing  # noqa: E402
from oracle import Oracle  # noqa: E402
from real_registry import RealRegistry  # noqa: E402
from servers import (certificates, make_front, make_referrers_registry,  # noqa: E402, F401
                     make_registry, make_token_server, peers)


@pytest.fixture(scope="session")
def helm():
    """The real Helm: .ask(archive, op=..., helm=3 or 4)."""
    program = differential.oracle_path() or missing("helm-oracle (scripts/install-peers)")
    with Oracle(program, helm=4) as oracle:
        yield oracle


@pytest.fixture(scope="session")
def ours():
    """Our code in the same clothes."""
    program = differential.our_path()
    if not os.access(program, os.X_OK):
        pytest.exit(f"{program} is not there: run 'make interop-helpers' first", returncode=3)
    with Oracle(program) as oracle:
        yield oracle


def program(name, home):
    directory = pathlib.Path(os.environ.get("SALLYPORT_BUILD", ROOT / "build" / "bin")).resolve()
    return helpers.Program(directory / name, home)


@pytest.fixture(scope="session")
def builder(tmp_path_factory):
    return program("builder", tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="session")
def pusher(tmp_path_factory):
    return program("pusher", tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="session")
def keys(builder, tmp_path_factory):
    directory = tmp_path_factory.mktemp("keys") / "keys"
    builder.run("keygen", directory, "--role", "seal", "--no-passphrase")
    return directory


@pytest.fixture(scope="session")
def registry(tmp_path_factory):
    """A real docker-registry on the loopback."""
    program = ROOT / "build" / "registry" / "usr" / "bin" / "docker-registry"
    if not program.is_file():
        missing("docker-registry in build/registry (scripts/install-deps)")
    registry = RealRegistry(program, tmp_path_factory.mktemp("registry")).start()
    yield registry
    registry.stop()


class Helm:
    """The helm program itself, of one major version, with an empty home."""

    def __init__(self, path, version, home):
        self.path = path
        self.version = version
        self.environment = {"PATH": "/usr/bin:/bin", "HOME": str(home), "TZ": "UTC"}

    def run(self, *arguments, cwd=None):
        command = [self.path, *map(str, arguments)]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True,
                              timeout=60, check=False, cwd=cwd, stdin=subprocess.DEVNULL)
        assert done.returncode == 0, (command, done.stdout, done.stderr)
        return done.stdout


@pytest.fixture(scope="session", params=["4.2.4", "3.21.4"])
def helm_program(request, tmp_path_factory):
    """The helm of one version."""
    name = f"helm-{request.param}"
    found = subprocess.run([ROOT / "scripts" / "install-peers", "--path", name],
                           capture_output=True, text=True, check=False).stdout.strip()
    path = found or missing(f"{name} (scripts/install-peers)")
    return Helm(path, int(request.param[0]), tmp_path_factory.mktemp(name))
