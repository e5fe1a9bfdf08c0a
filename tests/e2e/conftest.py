"""Fixtures of the end-to-end tests. What each gives stands in its first line.

SALLYPORT_BUILD names the directory that holds builder and pusher (build/bin unless set), so that
the same tests run on the build with sanitizers. SALLYPORT_REQUIRE_ALL=1 turns skips into failures.
"""

import os
import pathlib
import subprocess
import types

import helpers
import pytest
from helpers import ROOT, missing
from real_registry import RealRegistry
from scripted_registry import ScriptedRegistry

CHARTS = ROOT / "tests" / "data" / "charts"


def pytest_generate_tests(metafunc):
    """A test with the argument `real_chart` runs once for each row of golden.tsv."""
    if "real_chart" in metafunc.fixturenames:
        charts = helpers.real_charts() or [None]
        metafunc.parametrize("real_chart", charts, indirect=True,
                             ids=[c.path.stem if c else "none" for c in charts])


@pytest.fixture(scope="session", autouse=True)
def _umask():
    # Trust directories that others may write are refused, so the caller's umask may not decide.
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.fixture(scope="session")
def programs(tmp_path_factory):
    """.builder (under no_network) and .pusher; .sanitized tells how they were built."""
    directory = pathlib.Path(os.environ.get("SALLYPORT_BUILD", ROOT / "build" / "bin")).resolve()
    no_network = directory.parent / "tests" / "e2e" / "no_network"
    for path in (directory / "builder", directory / "pusher", no_network):
        if not os.access(path, os.X_OK):
            pytest.exit(f"{path} is not there: run 'make all e2e-helpers' first", returncode=3)
    home = tmp_path_factory.mktemp("home")
    return helpers.Programs(
        builder=helpers.Program(directory / "builder", home, [no_network]),
        pusher=helpers.Program(directory / "pusher", home),
        sanitized=directory.parent.name == "asan")


@pytest.fixture(scope="session")
def make_keys(programs, tmp_path_factory):
    """make_keys(*options): a new key directory, by `builder keygen --role seal`."""
    def make(*options):
        directory = tmp_path_factory.mktemp("keys") / "keys"
        if "--passphrase-file" not in options:
            options = (*options, "--no-passphrase")
        programs.builder.run("keygen", directory, "--role", "seal", *options)
        return helpers.Keys(directory)
    return make


@pytest.fixture(scope="session")
def keys(make_keys):
    """A key directory without passphrase, for all tests: .directory, .trust. Do not write to it."""
    return make_keys()


@pytest.fixture(scope="session")
def stranger(make_keys):
    """A second key directory, whose keys `keys` knows nothing of."""
    return make_keys()


@pytest.fixture
def signer(tmp_path):
    """A seal key held by ssh-keygen: .seal(layout) seals anything, .trust(**policy) trusts it."""
    return helpers.Signer(tmp_path / "signer")


@pytest.fixture(scope="session")
def charts():
    """The charts written for this project: .web, .pegel, .all. Do not write to them."""
    web, pegel = CHARTS / "harbour-web", CHARTS / "hafen-pegel"
    return types.SimpleNamespace(web=web, pegel=pegel, all=[web, pegel])


@pytest.fixture
def real_chart(request):
    """One real chart with its golden values; the test runs for each of them."""
    return request.param or missing("real charts in ../shared/data/charts")


@pytest.fixture(scope="session")
def golden():
    """All real charts with their golden values, by archive name."""
    found = helpers.real_charts() or missing("real charts in ../shared/data/charts")
    return {chart.path.name: chart for chart in found}


@pytest.fixture(scope="session")
def golden_layouts():
    """The layouts of the second implementation: a directory with one/, delivery/, trust/."""
    directory = ROOT.parent / "shared" / "data" / "layouts"
    if not directory.is_dir():
        missing("golden layouts in ../shared/data/layouts")
    return directory


@pytest.fixture
def build(programs, keys, tmp_path):
    """build(chart..., name="layout", keys=keys, options=()): a sealed Layout below tmp_path."""
    def build(*chart, name="layout", keys=keys, options=()):
        path = tmp_path / name
        programs.builder.run("build", *chart, "--output", path, "--keys", keys, *options)
        return helpers.Layout(path)
    return build


@pytest.fixture(scope="session")
def _layouts(programs, keys, charts, tmp_path_factory):
    directory = tmp_path_factory.mktemp("layouts")
    made = {}
    for name, chart in (("one", [charts.web]), ("several", charts.all)):
        programs.builder.run("build", *chart, "--output", directory / name, "--keys", keys)
        made[name] = helpers.Layout(directory / name)
    return made


@pytest.fixture
def layout(_layouts, tmp_path):
    """A sealed layout with one chart, the test's own copy."""
    return _layouts["one"].copy(tmp_path / "one")


@pytest.fixture
def layout_several(_layouts, tmp_path):
    """A sealed layout with several charts, the test's own copy."""
    return _layouts["several"].copy(tmp_path / "several")


@pytest.fixture(scope="session")
def certificates(tmp_path_factory):
    """A CA and a server's certificate for 127.0.0.1 and localhost, by openssl; .other_ca is foreign."""
    directory = tmp_path_factory.mktemp("certificates")

    def openssl(name, *arguments):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                        "-keyout", f"{name}.key", "-out", f"{name}.pem", *arguments],
                       cwd=directory, check=True, capture_output=True)
        return directory / f"{name}.pem"

    ca = openssl("ca", "-subj", "/CN=Harbour test CA")
    other = openssl("other", "-subj", "/CN=Nobody's CA")
    certificate = openssl("server", "-subj", "/CN=registry", "-CA", ca, "-CAkey",
                          directory / "ca.key", "-addext",
                          "subjectAltName=IP:127.0.0.1,DNS:localhost")
    return types.SimpleNamespace(ca=ca, other_ca=other, certificate=certificate,
                                 key=directory / "server.key")


@pytest.fixture
def make_registry(tmp_path, certificates):
    """make_registry(tls=False, basic=False): a real docker-registry, stopped after the test."""
    program = ROOT / "build" / "registry" / "usr" / "bin" / "docker-registry"
    if not program.is_file():
        missing("docker-registry in build/registry (scripts/install-deps)")
    started = []

    def make(tls=False, basic=False):
        registry = RealRegistry(program, tmp_path / f"registry-{len(started)}",
                                certificates if tls else None, basic)
        started.append(registry)
        return registry.start()

    yield make
    for registry in started:
        registry.stop()


@pytest.fixture
def registry(make_registry):
    """A real docker-registry: http, anonymous."""
    return make_registry()


@pytest.fixture
def registry_basic(make_registry):
    """A real docker-registry: http, asks for real_registry.USERNAME and PASSWORD."""
    return make_registry(basic=True)


@pytest.fixture
def registry_tls(make_registry):
    """A real docker-registry: https; its .ca_file is the CA to trust."""
    return make_registry(tls=True)


@pytest.fixture
def make_scripted_registry(certificates):
    """make_scripted_registry(tls=False, credentials=None, ...): see scripted_registry.py."""
    made = []

    def make(tls=False, credentials=None, **options):
        pair = (certificates.certificate, certificates.key) if tls is True else tls or None
        made.append(ScriptedRegistry(pair, credentials, **options))
        return made[-1]

    yield make
    for registry in made:
        registry.close()


@pytest.fixture
def scripted_registry(make_scripted_registry):
    """A correct registry whose every answer can be replaced: http, anonymous."""
    return make_scripted_registry()


class Peers:
    """Foreign clients by name: peers.run("oras", ...), peers.path("helm"). One not here: a skip."""

    SYSTEM = {"skopeo": "/usr/bin/skopeo", "ssh-keygen": "/usr/bin/ssh-keygen"}

    def __init__(self, home):
        self.home = home

    def path(self, name):
        path = self.SYSTEM.get(name)
        if path is None:
            found = subprocess.run([ROOT / "scripts" / "install-peers", "--path", name],
                                   capture_output=True, text=True, check=False)
            path = found.stdout.strip()
        if not path or not os.access(path, os.X_OK):
            missing(f"{name} (scripts/install-deps, scripts/install-peers)")
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
    """helm, oras, skopeo, ssh-keygen: .run(name, argument...) gives stdout."""
    home = tmp_path / "peer-home"
    home.mkdir()
    return Peers(home)
