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
from scripted_registry import ScriptedRegistry
from servers import (certificates, make_front, make_referrers_registry, make_registry,  # noqa: F401
                     make_token_server, peers)

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
    authenticator = no_network.with_name("authenticator.so")
    for path in (directory / "builder", directory / "pusher", no_network, authenticator):
        if not os.access(path, os.X_OK):
            pytest.exit(f"{path} is not there: run 'make all e2e-helpers' first", returncode=3)
    home = tmp_path_factory.mktemp("home")
    return helpers.Programs(
        builder=helpers.Program(directory / "builder", home, [no_network]),
        pusher=helpers.Program(directory / "pusher", home), authenticator=authenticator,
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
