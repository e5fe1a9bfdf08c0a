"""The registries that are pushed to, and the lines that lead there."""

import contextlib
import dataclasses
import itertools
import pathlib
import shutil
import subprocess
import sys

from peers import ROOT
from proxy import Proxy

sys.path.insert(0, str(ROOT / "tests" / "e2e"))
from real_registry import Front, RealRegistry, make_certificates  # noqa: E402

SYSTEM_ROOTS = pathlib.Path("/etc/ssl/certs")


@dataclasses.dataclass
class Line:
    """How clients reach a registry."""
    host: str  # what they are told, at the time of a run
    port: int  # of the loopback, to which a proxy may lead as well
    registry: object = None  # with the log of requests; the null registry keeps none
    roots: object = None  # certificate authorities, as the system keeps them: with TLS


class Registries:
    """Starts servers below work, each with storage of its own: a registry remembers what it had."""

    def __init__(self, work, programs):
        self.work = work
        self.programs = programs
        self.numbers = itertools.count(1)

    @contextlib.contextmanager
    def real(self, kind="docker-registry"):
        """The line to a real registry."""
        directory = self.work / f"registry-{next(self.numbers)}"
        registry = RealRegistry(self.programs[kind].path, directory)
        try:
            registry.start()
            yield Line(registry.host, registry.port, registry)
        finally:
            registry.stop()
            shutil.rmtree(directory, ignore_errors=True)

    @contextlib.contextmanager
    def null(self):
        """The line to the null registry, which takes all and keeps nothing."""
        with subprocess.Popen([ROOT / "build/tests/bench/null_registry"], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, text=True) as process:
            try:
                host = process.stdout.readline().strip()
                yield Line(host, int(host.rpartition(":")[2]))
            finally:
                process.stdin.close()
                process.wait()

    @contextlib.contextmanager
    def behind_tls(self, line):
        """nginx with TLS and HTTP/2 before a registry. Its CA stands among the system's own."""
        directory = self.work / f"front-{next(self.numbers)}"
        roots, made = self._roots()
        front = Front(self.programs["nginx"].path, directory, line.registry, made)
        try:
            yield Line(front.host, front.port, line.registry, roots)
        finally:
            front.stop()

    def _roots(self):
        """A copy of /etc/ssl/certs with one CA more, in the file and by its name in the directory."""
        roots, made = self.work / "roots", self.work / "certificates"
        if not roots.exists():
            made.mkdir()
            self.certificates = make_certificates(made)
            shutil.copytree(SYSTEM_ROOTS, roots, symlinks=True)
            shutil.copy(self.certificates.ca, roots / "ours.pem")
            subprocess.run(["openssl", "rehash", roots], check=True, stderr=subprocess.DEVNULL)
            with open(roots / "ca-certificates.crt", "ab") as bundle:
                bundle.write(self.certificates.ca.read_bytes())
        return roots, self.certificates


@contextlib.contextmanager
def far_away(line, round_trip_s):
    """The same line, so long that a round trip takes round_trip_s."""
    proxy = Proxy(line.port, round_trip_s)
    try:
        yield dataclasses.replace(line, host=f"127.0.0.1:{proxy.port}")
    finally:
        proxy.stop()
