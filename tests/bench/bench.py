"""scripts/bench: every workload, ours and every peer that is installed, interleaved in one run."""

import argparse
import datetime
import json
import os
import pathlib
import platform
import shutil
import subprocess
import sys
import tempfile
import zlib

import report
from measure import Bench, Entry, Failed
from peers import ROOT, Registry, find, push_entries, quoted, script
from proxy import Proxy

sys.path.insert(0, str(ROOT / "tests" / "e2e"))
from real_registry import Front, RealRegistry, make_certificates  # noqa: E402

CHARTS = ROOT / "tests" / "data" / "charts"
REAL = ROOT.parent / "shared" / "data" / "charts"
GIB = 1 << 30


class Setup:
    """What all workloads share: programs, keys, a registry on a tmpfs, layouts made once."""

    def __init__(self, work, options):
        self.work = work
        self.options = options
        self.programs = find()
        self.keys = work / "keys"
        self.trust = self.keys / "trust"
        self.stopping = []
        self.builder("keygen", self.keys, "--no-passphrase", "--role", "seal")
        self.runs = 0

    def builder(self, *arguments):
        subprocess.run([self.programs["builder"].path, *map(str, arguments), "--quiet"], check=True,
                       stdin=subprocess.DEVNULL)

    def registry(self):
        """docker-registry, new for each workload: it remembers what it had."""
        self.runs += 1
        registry = RealRegistry(ROOT / "build/registry/usr/bin/docker-registry",
                                self.work / f"registry-{self.runs}").start()
        self.stopping.append(registry)
        return registry

    def front(self, registry):
        """nginx with TLS and HTTP/2 before the registry."""
        directory = self.work / f"front-{self.runs}"
        certificates = self.work / "certificates"
        certificates.mkdir(exist_ok=True)
        front = Front(ROOT / "build/nginx/usr/sbin/nginx", directory, registry,
                      make_certificates(certificates))
        self.stopping.append(front)
        return front

    def stop(self):
        for server in reversed(self.stopping):
            server.stop()
            if isinstance(server, RealRegistry):
                shutil.rmtree(server.directory, ignore_errors=True)
        self.stopping.clear()

    def real_chart(self, name):
        """The archive of a real chart and its unpacked directory, or None."""
        archives = sorted(REAL.glob(f"{name}-[0-9]*.tgz"))
        if not archives:
            return None
        place = self.work / "charts"
        if not (place / name).exists():
            place.mkdir(exist_ok=True)
            subprocess.run(["tar", "-xzf", archives[0], "-C", place], check=True)
        return archives[0], place / name

    def layout(self, name, *charts):
        path = self.work / name
        if not path.exists():
            self.builder("build", *charts, "--output", path, "--keys", self.keys)
        return path

    def blob_layout(self, size):
        """A layout with one layer of size bytes, a gzip stream, written without our code, sealed."""
        path = self.work / f"blob-{size}"
        if not path.exists():
            write_blob_layout(path, size)
            self.builder("seal", path, "--keys", self.keys, "--name", "big=big:1")
        return path


def write_blob_layout(path, size):
    """random.org would compress as little: stored deflate blocks of a fixed random megabyte."""
    import hashlib
    import random
    blobs = path / "blobs" / "sha256"
    blobs.mkdir(parents=True)
    piece = random.Random(1).randbytes(1 << 20)
    packer = zlib.compressobj(0, zlib.DEFLATED, 31)
    digest, length = hashlib.sha256(), 0
    with open(blobs / "new", "wb") as file:
        for number in range(size >> 20):
            data = packer.compress(number.to_bytes(8, "big") + piece[8:])
            file.write(data)
            digest.update(data)
            length += len(data)
        data = packer.flush()
        file.write(data)
        digest.update(data)
        length += len(data)
    layer = digest.hexdigest()
    (blobs / "new").rename(blobs / layer)

    def store(value):
        body = json.dumps(value).encode()
        name = hashlib.sha256(body).hexdigest()
        (blobs / name).write_bytes(body)
        return f"sha256:{name}", len(body)

    config, config_size = store({"architecture": "amd64", "os": "linux",
                                 "rootfs": {"type": "layers", "diff_ids": [f"sha256:{layer}"]}})
    manifest, manifest_size = store({
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": config,
                   "size": config_size},
        "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip",
                    "digest": f"sha256:{layer}", "size": length}]})
    (path / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
    (path / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [{
        "mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": manifest,
        "size": manifest_size,
        "annotations": {"org.opencontainers.image.ref.name": "big"}}]}))


def first_ref(layout):
    first = json.loads((layout / "index.json").read_text())["manifests"][0]
    return first["annotations"]["org.opencontainers.image.ref.name"]


# ---- the workloads: each yields (title, baseline, entries, counted, notes) ----

def package_entries(s, directories, archive=None):
    keys = s.keys
    builder = s.programs["builder"].path
    inputs = list(directories)
    ours = Entry("builder", is_ours=True, command=lambda place: [
        builder, "build", *inputs, "--output", place / "layout", "--keys", keys, "--quiet"])
    entries = [ours]
    if archive:
        entries.append(Entry("builder (.tgz)", is_ours=True, command=lambda place: [
            builder, "build", archive, "--output", place / "layout", "--keys", keys, "--quiet"]))
    for name in ("helm4", "helm3"):
        if name not in s.programs:
            continue
        helm = s.programs[name].path
        if len(inputs) == 1:
            entries.append(Entry(name, command=lambda place, helm=helm: [
                helm, "package", inputs[0], "-d", place]))
        else:
            entries.append(Entry(f"{name} loop", command=lambda place, helm=helm: script(
                quoted([helm, "package", directory, "-d", place]) for directory in inputs)))
    entries.append(Entry("tar, gzip", is_limit=True, command=lambda place: script(
        f"tar -C {quoted([d.parent])} -cf - {quoted([d.name])} | gzip -6 > "
        f"{quoted([place / (d.name + '.tgz')])}" for d in inputs)))
    return entries


def workload_package(s):
    small = next(iter(sorted(CHARTS.iterdir())))
    yield "small", f"Package one small chart ({small.name})", package_entries(s, [small])
    for name, size in (("redis", "middle"), ("kube-prometheus-stack", "large")):
        if found := s.real_chart(name):
            archive, directory = found
            yield size, f"Package one {size} chart ({name})", \
                package_entries(s, [directory], archive)


def workload_package_many(s):
    directories = []
    for archive in sorted(REAL.glob("*.tgz")):
        name = archive.name.rsplit("-", 1)[0]
        _, source = s.real_chart(name)
        for number in range(20):
            copy = s.work / "many" / f"{name}-{number}"
            if not copy.exists():
                shutil.copytree(source, copy)
                chart = (copy / "Chart.yaml").read_text().splitlines()
                (copy / "Chart.yaml").write_text("\n".join(
                    f"name: {copy.name}" if line.startswith("name:") else line
                    for line in chart) + "\n")
            directories.append(copy)
    if directories:
        yield "many", f"Package {len(directories)} charts, ours in one call", \
            package_entries(s, directories)


def workload_verify(s):
    layout = s.blob_layout(s.options.size)
    signature = next(layout.glob("SEAL.*.sig"))
    blob = max((layout / "blobs" / "sha256").iterdir(), key=lambda path: path.stat().st_size)
    yield "verify", f"Verify a layout of {s.options.size / GIB:g} GiB", [
        Entry("pusher", is_ours=True, command=lambda place: [
            s.programs["pusher"].path, "verify", layout, "--trust", s.trust, "--quiet"]),
        Entry("ssh-keygen, sha256sum", command=lambda place: script([
            f"cd {quoted([layout])}",
            f"ssh-keygen -Y verify -f {quoted([s.trust / 'allowed_signers'])} -I enclave "
            f"-n seal-v1@sallyport.dev -s {quoted([signature])} <SEAL",
            "sha256sum -c --strict --quiet SEAL"])),
        Entry("openssl dgst", is_limit=True,
              command=lambda place: ["openssl", "dgst", "-sha256", blob])]


def workload_push(s):
    found = s.real_chart("redis")
    archive = found[0] if found else next(iter(sorted(CHARTS.iterdir())))
    layout = s.layout("one", archive)
    charts = [(layout, first_ref(layout), archive)]
    registry = s.registry()
    yield "push", f"Push one chart ({archive.name}), cold", \
        push_entries(s.programs, Registry(registry.host), charts, s.trust, cold), registry
    again = push_entries(s.programs, Registry(registry.host), charts, s.trust, lambda _, name: f"again/{name}")
    for entry in again:
        s.bench.run(entry)
    yield "again", "Push the same chart again", again, registry


def cold(place, _):
    return f"cold/{place.name}"


def workload_push_blob(s):
    for size in s.options.blob_sizes:
        layout = s.blob_layout(size)
        registry = s.registry()
        reach = Registry(registry.host)
        blob = max((layout / "blobs" / "sha256").iterdir(), key=lambda path: path.stat().st_size)
        blobs = [(layout, first_ref(layout), None)]
        entries = [e for e in push_entries(s.programs, reach, blobs, s.trust, cold)
                   if not e.name.startswith("helm")]
        single_pass, = [e for e in push_entries(s.programs, reach, blobs, s.trust, cold,
                                                ["--single-pass"]) if e.is_ours]
        single_pass.name = "pusher --single-pass"
        entries.append(single_pass)
        for entry in [e for e in entries if e.name in ("oras", "crane")]:
            entries.append(checked_first(entry, layout))
        entries.append(Entry("curl -T", is_limit=True, command=lambda place: script([
            f"location=$(curl -sS -X POST -D - -o /dev/null http://{registry.host}/v2/{cold(place, None)}"
            "/blobs/uploads/ | tr -d '\\r' | sed -n 's/^[Ll]ocation: //p')",
            f"curl -sSf -H 'Content-Type: application/octet-stream' -T {quoted([blob])} "
            f'"$location&digest=sha256:{blob.name}"'])))
        yield f"blob-{size}", f"Push a blob of {size / GIB:g} GiB", entries, registry
        s.stop()


def checked_first(entry, layout):
    """Equal work: the digests of the layout are checked, then it is pushed."""
    return Entry(f"sha256sum, {entry.name}", environment=entry.environment,
                 command=lambda place: script([
                     f"(cd {quoted([layout])} && sha256sum -c --quiet SEAL)",
                     quoted(entry.command(place))]))


def small_charts(s, count):
    """A layout of count charts that differ in name and content, and their archives."""
    source = next(iter(sorted(CHARTS.iterdir())))
    directory = s.work / f"small-{count}"
    archives = []
    directory.mkdir(exist_ok=True)
    for number in range(count):
        name = f"chart-{number:03}"
        archive = directory / f"{name}-1.0.0.tgz"
        archives.append(archive)
        if archive.exists():
            continue
        chart = directory / name
        (chart / "templates").mkdir(parents=True)
        (chart / "Chart.yaml").write_text(f"apiVersion: v2\nname: {name}\nversion: 1.0.0\n")
        (chart / "values.yaml").write_text((source / "values.yaml").read_text() + f"# {number}\n")
        subprocess.run(["tar", "-C", directory, "-czf", archive, name], check=True)
    layout = s.layout(f"layout-{count}", *archives)
    entries = json.loads((layout / "index.json").read_text())["manifests"]
    refs = {e["annotations"]["dev.sallyport.repository"]:
            e["annotations"]["org.opencontainers.image.ref.name"] for e in entries}
    return [(layout, refs[a.name.removesuffix("-1.0.0.tgz")], a) for a in archives]


def workload_push_many(s):
    for count in (60, s.options.many):
        registry = s.registry()
        entries = push_entries(s.programs, Registry(registry.host), small_charts(s, count), s.trust,
                               cold)
        if count > 100:  # the others take minutes a round
            entries = [e for e in entries if e.name in ("pusher", "oras loop", "skopeo loop")]
        yield f"many-{count}", f"Push {count} small charts, ours in one call", entries, registry
        s.stop()


def workload_latency(s):
    found = s.real_chart("redis")
    archive = found[0] if found else next(iter(sorted(CHARTS.iterdir())))
    layout = s.layout("one", archive)
    for count, charts in ((1, [(layout, first_ref(layout), archive)]), (20, small_charts(s, 20))):
        for has_tls in (False, True):
            registry = s.registry()
            front = s.front(registry) if has_tls else registry
            far = Proxy(front.port, 0.05)
            s.stopping.append(far)
            reach = Registry(f"127.0.0.1:{far.port}", front.certificates.ca if has_tls else None)
            entries = push_entries(s.programs, reach, charts, s.trust, cold)
            if count > 1:
                entries = [e for e in entries if e.name in ("pusher", "oras loop")]
            yield f"far-{count}{'-tls' if has_tls else ''}", \
                f"Push {count} chart{'s' if count > 1 else ''}, 50 ms away, " + \
                ("HTTP/2 with TLS" if has_tls else "HTTP/1.1"), entries, registry
            s.stop()


def workload_start(s):
    entries = []
    arguments = {"builder": ["version"], "pusher": ["version"], "helm4": ["version", "--short"],
                 "helm3": ["version", "--short"], "oras": ["version"], "crane": ["version"],
                 "regctl": ["version"], "skopeo": ["--version"]}
    for name, words in arguments.items():
        if name in s.programs:
            entries.append(Entry(name, is_ours=name in ("builder", "pusher"), command=lambda place,
                                 path=s.programs[name].path, words=words: [path, *words]))
    yield "start", "Say the version", entries


WORKLOADS = {"package": workload_package, "package-many": workload_package_many,
             "verify": workload_verify, "push": workload_push, "push-blob": workload_push_blob,
             "push-many": workload_push_many, "latency": workload_latency, "start": workload_start}
BASELINES = ["oras", "oras loop", "helm4", "helm4 loop", "ssh-keygen, sha256sum", "tar, gzip",
             "skopeo", "skopeo loop", "builder", "pusher"]


def count_requests(bench, entries, registry):
    """One run more of each, through a proxy that counts: {name: requests, bytes}."""
    counts = {}
    for entry in entries:
        if entry.is_limit or " loop" in entry.name or "sha256sum" in entry.name:
            continue
        proxy = Proxy(registry.port)
        near, far = registry.host, f"127.0.0.1:{proxy.port}"
        through = Entry(entry.name, environment=entry.environment, command=lambda place, e=entry: [
            str(word).replace(near, far) for word in e.command(place)])
        registry.forget()
        try:
            bench.run(through)
            counts[entry.name] = {"requests": len(registry.requests()),
                                  "connections": proxy.connections,
                                  "sent_bytes": proxy.sent_bytes,
                                  "received_bytes": proxy.received_bytes}
        finally:
            proxy.stop()
    return counts


def run_workload(s, function, options):
    for name, title, entries, *registry in function(s):
        print(f"bench: {title}", file=sys.stderr, flush=True)
        rounds = options.rounds
        if any(word in name for word in ("blob", "many", "far", "verify")):
            rounds = max(3, rounds // 4)
        runs = s.bench.rounds(entries, rounds)
        counts = count_requests(s.bench, entries, registry[0]) \
            if registry and not name.startswith("far") else {}
        baseline = next(b for b in BASELINES if b in runs)
        yield {"name": name, "title": title, "baseline": baseline, "runs": runs, "counts": counts,
               "ours": {e.name for e in entries if e.is_ours}, "notes": []}


def about(programs, options):
    with open("/proc/cpuinfo") as file:
        model = next((line.split(":")[1].strip() for line in file if line.startswith("model name")),
                     platform.machine())
    return {"date": datetime.date.today().isoformat(), "rounds": options.rounds, "seed": options.seed,
            "machine": {"cpu": model, "cores": os.cpu_count(), "kernel": platform.release(),
                        "load": round(os.getloadavg()[0], 2)},
            "programs": {p.name: p.version for p in programs.values()}}


def parse():
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("workload", nargs="*", choices=[[], *WORKLOADS], metavar="WORKLOAD",
                        help=", ".join(WORKLOADS) + "; all unless told")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--size", type=int, default=GIB, help="of the layout that is verified, in bytes")
    parser.add_argument("--blob-sizes", type=lambda text: [int(n) for n in text.split(",")],
                        default=[GIB, 4 * GIB], help="bytes, separated by commas")
    parser.add_argument("--many", type=int, default=500, help="small charts to push")
    parser.add_argument("--json", type=pathlib.Path)
    parser.add_argument("--svg", type=pathlib.Path)
    parser.add_argument("--table", type=pathlib.Path, help="the table, as Markdown")
    return parser.parse_args()


def main():
    options = parse()
    memory = pathlib.Path("/dev/shm")
    work = pathlib.Path(tempfile.mkdtemp(dir=memory if os.access(memory, os.W_OK) else None))
    results = []
    try:
        s = Setup(work, options)
        s.bench = Bench(ROOT / "build/tests/bench/launch", work, options.seed)
        facts = about(s.programs, options)
        try:
            for name in options.workload or WORKLOADS:
                results += run_workload(s, WORKLOADS[name], options)
                s.stop()
        finally:
            s.stop()
        facts["machine"]["loadAfter"] = round(os.getloadavg()[0], 2)
    except Failed as failure:
        print(f"bench: {failure}", file=sys.stderr)
        return 1
    finally:
        shutil.rmtree(work, ignore_errors=True)
    text = f"{facts['date']}, {facts['machine']['cores']} cores of {facts['machine']['cpu']}, " \
        f"load {facts['machine']['load']} before and {facts['machine']['loadAfter']} after.\n\n" + \
        "".join(f"- {name}: {version}\n" for name, version in facts["programs"].items()) + "\n" + \
        report.table(results)
    print(text, end="")
    for path, content in ((options.table, text), (options.svg, report.chart(results)),
                          (options.json, json.dumps(report.as_json(facts, results), indent=1))):
        if path:
            path.write_text(content)
    return 0


if __name__ == "__main__":
    sys.exit(main())
