"""Fixtures of foreign programs: real registries, nginx, and clients; for the comparisons too."""

import os
import subprocess

import pytest
from helpers import ROOT, missing
from real_registry import Front, RealRegistry, ReferrersRegistry, make_certificates
from token_server import TokenServer


@pytest.fixture(scope="session")
def certificates(tmp_path_factory):
    """A CA and a server's certificate for 127.0.0.1 and localhost, by openssl; .other_ca is foreign."""
    return make_certificates(tmp_path_factory.mktemp("certificates"))


def peer(name):
    """The path of a foreign program; one that is not here is a skip."""
    found = subprocess.run([ROOT / "scripts" / "install-peers", "--path", name],
                           capture_output=True, text=True, check=False)
    return found.stdout.strip() or missing(f"{name} (scripts/install-peers)")


@pytest.fixture
def make_registry(tmp_path, certificates):
    """make_registry(tls=False, basic=False, tokens=None, version=2, asks=False): a real
    docker-registry, or distribution 3; stopped after the test."""
    started = []

    def make(tls=False, basic=False, tokens=None, version=2, asks=False):
        program = ROOT / "build" / "registry" / "usr" / "bin" / "docker-registry"
        if version == 3:
            program = peer("registry")
        elif not program.is_file():
            missing("docker-registry in build/registry (scripts/install-deps)")
        registry = RealRegistry(program, tmp_path / f"registry-{len(started)}",
                                certificates if tls else None, basic, tokens, asks)
        started.append(registry)
        return registry.start()

    yield make
    for registry in started:
        registry.stop()


@pytest.fixture
def make_referrers_registry():
    """make_referrers_registry(*options): go-containerregistry's, which has the referrers API."""
    started = []

    def make(*options):
        started.append(ReferrersRegistry(peer("referrers-registry"), *options))
        return started[-1]

    yield make
    for registry in started:
        registry.stop()


@pytest.fixture
def make_front(tmp_path, certificates):
    """make_front(registry, http2=True, limit="0", ...): nginx with TLS in front of a registry."""
    program = ROOT / "build" / "nginx" / "usr" / "sbin" / "nginx"
    if not program.is_file():
        missing("nginx in build/nginx (scripts/install-deps --tests)")
    started = []

    def make(registry, **options):
        started.append(Front(program, tmp_path / f"nginx-{len(started)}", registry, certificates,
                             **options))
        return started[-1]

    yield make
    for front in started:
        front.stop()


@pytest.fixture
def make_token_server(tmp_path):
    """make_token_server(users, ...): gives the tokens that a real registry accepts."""
    started = []

    def make(users, **options):
        started.append(TokenServer(tmp_path / f"tokens-{len(started)}", users, **options))
        return started[-1]

    yield make
    for server in started:
        server.close()


class Peers:
    """Foreign clients by name: peers.run("oras", ...), peers.path("helm"). One not here: a skip."""

    SYSTEM = {"skopeo": "/usr/bin/skopeo", "ssh-keygen": "/usr/bin/ssh-keygen"}

    def __init__(self, home):
        self.home = home

    def path(self, name):
        path = self.SYSTEM.get(name) or peer(name)
        if not os.access(path, os.X_OK):
            missing(f"{name} (scripts/install-deps)")
        return path

    def run(self, name, *arguments, status=0, env=None, **options):
        """Runs it with an empty home; returns its stdout as bytes."""
        environment = {"PATH": "/usr/bin:/bin", "HOME": str(self.home), "TZ": "UTC", **(env or {})}
        command = [self.path(name), *map(str, arguments)]
        done = subprocess.run(command, env=environment, capture_output=True, timeout=120,
                              check=False, **options)
        assert done.returncode == status, (command, done.returncode, done.stdout, done.stderr)
        return done.stdout


@pytest.fixture
def peers(tmp_path):
    """helm, oras, crane, regctl, skopeo, ssh-keygen: .run(name, argument...) gives stdout."""
    home = tmp_path / "peer-home"
    home.mkdir()
    return Peers(home)
