"""The workloads: what is done, on what, by whom, how often."""

import contextlib
import dataclasses
import os
import shutil

from inputs import MIB, SMALL
from measure import Entry
from peers import ROOT, checked_first, curl_entry, push_entries, push_entry, quoted, script
from registries import far_away

GIB = 1 << 30


class Skipped(Exception):
    """Something that the workload needs is not here."""


@dataclasses.dataclass
class Workload:
    name: str
    title: str
    entries: list
    rounds: int
    baseline: str  # of the table; the goals have their own
    line: object = None  # where requests and bytes can be counted
    counts_peers: bool = True  # in the run that counts
    round_trip_s: float = 0.0
    size_bytes: int = 0  # where a rate says something


@dataclasses.dataclass
class Sizes:
    chart_copies: int
    blob: int
    large_blob: int
    layers: int
    layer: int
    charts: int
    many_charts: int
    far_charts: int
    far_blob: int
    round_trip_s: float


FULL = Sizes(20, GIB, 4 * GIB, 16, 32 * MIB, 60, 500, 50, 16 * MIB, 0.05)
TINY = Sizes(1, 2 * MIB, 3 * MIB, 3, MIB, 3, 5, 4, MIB, 0.005)


class Workloads:
    """Each method is a generator of Workload; the servers of one end when the next is asked for."""

    def __init__(self, work, programs, inputs, registries, sizes):
        self.work = work
        self.programs = programs
        self.inputs = inputs
        self.registries = registries
        self.sizes = sizes

    def _need(self, *names):
        for name in names:
            if name not in self.programs:
                raise Skipped(f"{name} is not here")

    def _fast_registry(self):
        """For large blobs: Debian's docker-registry hashes without the CPU's instructions."""
        if "distribution" not in self.programs:
            self._need("docker-registry")
            return "docker-registry"
        return "distribution"

    def _need_memory(self, count):
        """Room for count bytes in the tmpfs, which is memory."""
        with open("/proc/meminfo") as file:
            available = next(int(line.split()[1]) << 10 for line in file
                             if line.startswith("MemAvailable:"))
        if min(available, shutil.disk_usage(self.work).free) < count:
            raise Skipped(f"{count / GIB:.1f} GiB of free memory are needed")

    # ---- the machine and the programs by themselves

    def limits(self):
        _, _, blob = self.inputs.blobs(self.sizes.blob)
        copy = ROOT / "build" / f"bench-{os.getpid()}"
        try:
            shutil.copy(blob, copy)

            def forget(_):
                with open(copy, "rb") as file:
                    os.fsync(file.fileno())
                    os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)

            with self.registries.null() as line:
                yield Workload("limits", f"What the machine can do with {said(self.sizes.blob)}", [
                    hash_entry(blob), curl_entry(line, blob),
                    Entry("cat, from memory", is_limit=True, command=lambda _: ["cat", blob]),
                    Entry("cat, from the disk", is_limit=True, prepare=forget,
                          command=lambda _: ["cat", copy])],
                    3, "openssl dgst", size_bytes=self.sizes.blob)
        finally:
            copy.unlink(missing_ok=True)

    def start(self):
        words = {"builder": ["version"], "pusher": ["version"], "helm4": ["version", "--short"],
                 "helm3": ["version", "--short"], "oras": ["version"], "crane": ["version"],
                 "regctl": ["version"], "skopeo": ["--version"]}
        yield Workload("start", "Say the version", [
            Entry(name, is_ours=name in ("builder", "pusher"),
                  command=lambda _, name=name: [self.programs[name].path, *words[name]])
            for name in words if name in self.programs], 15, "oras")

    # ---- packaging and verifying

    def _package_entries(self, directories, archive=None):
        builder, keys = self.programs["builder"].path, self.inputs.keys

        def ours(name, *inputs):
            return Entry(name, is_ours=True, command=lambda place: [
                builder, "build", *inputs, "--output", place / "layout", "--keys", keys, "--quiet"])

        def helm(name):
            if len(directories) == 1:
                return Entry(name, lambda place: [
                    self.programs[name].path, "package", directories[0], "-d", place])
            return Entry(f"{name} loop", lambda place: script(
                quoted([self.programs[name].path, "package", directory, "-d", place])
                for directory in directories))

        return [ours("builder", *directories), *([ours("builder (.tgz)", archive)] if archive else []),
                *(helm(name) for name in ("helm4", "helm3") if name in self.programs),
                Entry("tar, gzip", is_limit=True, command=lambda place: script(
                    f"tar -C {quoted([d.parent])} -cf - {quoted([d.name])} | gzip -6 > "
                    f"{quoted([place / (d.name + '.tgz')])}" for d in directories))]

    def package(self):
        yield Workload("package-small", f"Package one small chart ({SMALL.name})",
                       self._package_entries([SMALL]), 15, "helm4")
        for name, size in (("redis", "middle"), ("kube-prometheus-stack", "large")):
            found = self.inputs.real_chart(name)
            if found is None:
                raise Skipped("the real charts are not here")
            archive, directory = found
            yield Workload(f"package-{size}", f"Package one {size} chart ({name})",
                           self._package_entries([directory], archive), 15, "helm4")

    def package_many(self):
        directories = self.inputs.chart_copies(self.sizes.chart_copies)
        if not directories:
            raise Skipped("the real charts are not here")
        yield Workload("package-many", f"Package {len(directories)} charts, ours in one call",
                       only(self._package_entries(directories), ("helm4", "tar, gzip")), 3,
                       "helm4 loop")

    def verify(self):
        layout, _, blob = self.inputs.blobs(self.sizes.blob)
        trust = self.inputs.trust
        signature, = layout.glob("SEAL.*.sig")
        yield Workload("verify", f"Verify a layout of {said(self.sizes.blob)}", [
            Entry("pusher", is_ours=True, command=lambda _: [
                self.programs["pusher"].path, "verify", layout, "--trust", trust, "--quiet"]),
            Entry("ssh-keygen, sha256sum", lambda _: script([
                f"cd {quoted([layout])}",
                f"ssh-keygen -Y verify -f {quoted([trust / 'allowed_signers'])} -I enclave "
                f"-n seal-v1@sallyport.dev -s {quoted([signature])} <SEAL",
                "sha256sum -c --strict --quiet SEAL"])),
            hash_entry(blob)], 3, "ssh-keygen, sha256sum", size_bytes=self.sizes.blob)

    # ---- pushing

    def _push_entries(self, line, content, **options):
        layout, artifacts, *_ = content
        return push_entries(self.programs, line, layout, artifacts, self.inputs.trust, **options)

    def push(self):
        self._need("docker-registry")
        chart = self.inputs.chart_layout()
        title = f"Push one chart ({chart[1][0][1].name.removesuffix('.tgz')})"
        with self.registries.real() as line:
            yield Workload("push", f"{title} to docker-registry",
                           self._push_entries(line, chart), 15, "oras", line)
            again = self._push_entries(line, chart, prefix=lambda _, name: f"again/{name}")
            yield Workload("push-again", f"{title} again", again, 15, "oras", line)
        with self.registries.null() as line:
            yield Workload("push-null", f"{title} to the null registry",
                           self._push_entries(line, chart), 15, "oras")
        self._need("nginx")
        with self.registries.real() as behind, self.registries.behind_tls(behind) as line:
            yield Workload("push-tls", f"{title} to docker-registry behind nginx with TLS",
                           self._push_entries(line, chart), 15, "oras", line)

    def _blob_entries(self, line, content, peers):
        """Ours in both modes, the peers alone and after a check of the digests, and curl."""
        layout, artifacts, blob = content
        pushing = self._push_entries(line, content)
        listed = [entry for entry in pushing if entry.is_ours or entry.name in peers]
        listed.append(push_entry(self.programs, line, layout, self.inputs.trust,
                                 options=["--single-pass"]))
        listed += [checked_first(entry, layout) for entry in pushing
                   if entry.name in ("oras", "crane") and entry.name in peers]
        return [*listed, curl_entry(line, blob)]

    def push_blob(self):
        size = self.sizes.blob
        self._need_memory(4 * size)
        kind = self._fast_registry()
        content = self.inputs.blobs(size)
        with self.registries.real(kind) as line:
            yield Workload("blob", f"Push {said(size)} to {kind}", self._blob_entries(
                line, content, ("oras", "crane", "regctl", "skopeo")), 3, "curl -T", line,
                counts_peers=False)
        with self.registries.null() as line:
            yield Workload("blob-null", f"Push {said(size)} to the null registry",
                           [*self._blob_entries(line, content, ("oras", "crane")),
                            hash_entry(content[2])], 3, "openssl dgst")

    def push_large_blob(self):
        size = self.sizes.large_blob
        self._need_memory(4 * size)
        kind = self._fast_registry()
        content = self.inputs.blobs(size)
        try:
            with self.registries.real(kind) as line:
                yield Workload("blob-large", f"Push {said(size)} to {kind}",
                               self._blob_entries(line, content, ("oras",)), 2, "curl -T")
        finally:
            shutil.rmtree(content[0])

    def push_layers(self):
        kind = self._fast_registry()
        content = self.inputs.blobs(self.sizes.layer, self.sizes.layers)
        with self.registries.real(kind) as line:
            entries = self._blob_entries(line, content, ("oras", "crane"))[:-1]
            yield Workload("layers", f"Push {self.sizes.layers} layers of {said(self.sizes.layer)} "
                           f"to {kind}", entries, 3, "openssl, oras", line)

    def push_many(self):
        self._need("docker-registry")
        for name, count, rounds, peers in (
                ("many", self.sizes.charts, 3, ("oras", "skopeo", "helm4")),
                ("many-more", self.sizes.many_charts, 2, ("oras", "skopeo"))):
            with self.registries.real() as line:
                entries = only(self._push_entries(line, self.inputs.small_charts(count)), peers)
                yield Workload(name, f"Push {count} small charts, ours in one call", entries, rounds,
                               "oras loop", line, counts_peers=rounds > 2)

    # ---- the same over a long line

    @contextlib.contextmanager
    def _far_line(self, has_tls):
        with contextlib.ExitStack() as stack:
            line = stack.enter_context(self.registries.real())
            if has_tls:
                self._need("nginx")
                line = stack.enter_context(self.registries.behind_tls(line))
            yield stack.enter_context(far_away(line, self.sizes.round_trip_s))

    def push_far(self):
        self._need("docker-registry")
        far = f"{self.sizes.round_trip_s * 1000:.0f} ms away"
        for has_tls, how in ((False, "HTTP/1.1"), (True, "HTTP/2 with TLS")):
            with self._far_line(has_tls) as line:
                suffix = "-tls" if has_tls else ""
                one = self._push_entries(line, self.inputs.chart_layout())
                yield Workload(f"far{suffix}", f"Push one chart, {far}, {how}", one, 5, "oras", line,
                               round_trip_s=self.sizes.round_trip_s)
                count = self.sizes.far_charts
                many = only(self._push_entries(line, self.inputs.small_charts(count)), ("oras",))
                yield Workload(f"far-many{suffix}", f"Push {count} small charts, {far}, {how}", many, 2,
                               "oras loop", line, round_trip_s=self.sizes.round_trip_s)

    def push_far_blob(self):
        self._need("docker-registry", "nginx")
        content = self.inputs.blobs(self.sizes.far_blob)
        with self._far_line(has_tls=True) as line:
            yield Workload(
                "far-blob", f"Push a layer of {said(self.sizes.far_blob)}, "
                f"{self.sizes.round_trip_s * 1000:.0f} ms away, nginx with HTTP/2",
                only(self._push_entries(line, content), ("oras", "crane", "regctl")), 2, "oras", line,
                round_trip_s=self.sizes.round_trip_s)


NAMES = [name.replace("_", "-") for name, member in vars(Workloads).items()
         if not name.startswith("_") and callable(member)]


def only(entries, peers):
    return [entry for entry in entries if entry.is_ours or entry.name.removesuffix(" loop") in peers]


def hash_entry(blob):
    return Entry("openssl dgst", is_limit=True,
                 command=lambda _: ["openssl", "dgst", "-sha256", blob])


def said(size):
    return f"{size / GIB:g} GiB" if size >= GIB else f"{size / MIB:g} MiB"
