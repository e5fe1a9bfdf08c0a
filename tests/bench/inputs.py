"""What the workloads work on: charts and sealed layouts, made once and always the same."""

import hashlib
import json
import pathlib
import random
import shutil
import subprocess
import zlib

from peers import ROOT

MIB = 1 << 20
SMALL = ROOT / "tests" / "data" / "charts" / "hafen-pegel"
REAL = ROOT.parent / "shared" / "data" / "charts"  # eight archives of well-known charts
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
REF_NAME = "org.opencontainers.image.ref.name"


class Inputs:
    def __init__(self, work, builder):
        self.work = work
        self.program = builder.path
        self.keys = work / "keys"
        self.trust = self.keys / "trust"
        self._builder("keygen", self.keys, "--no-passphrase", "--role", "seal")

    def _builder(self, *arguments):
        subprocess.run([self.program, *map(str, arguments), "--quiet"], check=True,
                       stdin=subprocess.DEVNULL)

    def real_chart(self, name):
        """(archive, directory) of a real chart, or None where those are not at hand."""
        archive = next(REAL.glob(f"{name}-[0-9]*.tgz"), None)
        if archive is None:
            return None
        place = self.work / "charts"
        if not (place / name).exists():
            place.mkdir(exist_ok=True)
            subprocess.run(["tar", "-xzf", archive, "-C", place], check=True)
        return archive, place / name

    def chart_copies(self, count):
        """Directories: each real chart count times under new names."""
        copies = []
        for archive in sorted(REAL.glob("*.tgz")):
            _, source = self.real_chart(archive.name.rsplit("-", 1)[0])
            for number in range(count):
                copy = self.work / "copies" / f"{source.name}-{number}"
                copies.append(copy)
                shutil.copytree(source, copy)
                lines = (copy / "Chart.yaml").read_text().splitlines()
                (copy / "Chart.yaml").write_text("".join(
                    (f"name: {copy.name}" if line.startswith("name:") else line) + "\n"
                    for line in lines))
        return copies

    def chart_layout(self):
        """(layout, [(ref name, archive)]) of one chart of middle size."""
        found = self.real_chart("redis")
        if found is None:
            return self.small_charts(1)
        layout = self.work / "one"
        if not layout.exists():
            self._builder("build", found[0], "--output", layout, "--keys", self.keys)
        return layout, [(ref_names(layout)[0], found[0])]

    def small_charts(self, count):
        """(layout, [(ref name, archive)]) of count charts that differ in name and content."""
        directory = self.work / f"small-{count}"
        layout = directory / "layout"
        archives = [directory / f"chart-{number:03}-1.0.0.tgz" for number in range(count)]
        if not layout.exists():
            directory.mkdir()
            values = (SMALL / "values.yaml").read_text()
            for archive in archives:
                name = archive.name.removesuffix("-1.0.0.tgz")
                chart = directory / name
                chart.mkdir()
                (chart / "Chart.yaml").write_text(f"apiVersion: v2\nname: {name}\nversion: 1.0.0\n")
                (chart / "values.yaml").write_text(f"{values}# {name}\n")
                subprocess.run(["tar", "-C", directory, "-czf", archive, name], check=True)
            self._builder("build", *archives, "--output", layout, "--keys", self.keys)
        return layout, list(zip(ref_names(layout), archives))

    def blobs(self, size, count=1):
        """(layout, [(ref name, None)], the first blob): an image of count layers of size bytes,
        written without our code, sealed by it."""
        path = self.work / f"blobs-{count}-{size}"
        if not path.exists():
            write_image(path, size, count)
            self._builder("seal", path, "--keys", self.keys, "--name", "big=big:1")
        blob = max((path / "blobs" / "sha256").iterdir(), key=lambda file: file.stat().st_size)
        return path, [(ref_names(path)[0], None)], blob


def ref_names(layout):
    """Of all artifacts, in the order of their repositories."""
    return [entry["annotations"][REF_NAME]
            for entry in json.loads((layout / "index.json").read_text())["manifests"]]


def write_image(path, size, count):
    """Gzip streams, because skopeo would compress anything else, of noise that does not repeat."""
    blobs = path / "blobs" / "sha256"
    blobs.mkdir(parents=True)
    noise = random.Random(1).randbytes(MIB)
    config = {"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": []}}
    layers = []
    for number in range(count):
        content, digest, length = hashlib.sha256(), hashlib.sha256(), 0
        packer = zlib.compressobj(0, zlib.DEFLATED, 31)
        with open(blobs / "new", "wb") as file:
            for position in range(0, size, MIB):
                piece = number.to_bytes(8, "big") + position.to_bytes(8, "big") + noise[16:]
                content.update(piece)
                packed = packer.compress(piece)
                if position + MIB >= size:
                    packed += packer.flush()
                digest.update(packed)
                length += file.write(packed)
        (blobs / "new").rename(blobs / digest.hexdigest())
        config["rootfs"]["diff_ids"].append(f"sha256:{content.hexdigest()}")
        layers.append({"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip",
                       "digest": f"sha256:{digest.hexdigest()}", "size": length})

    def store(value, media_type):
        body = json.dumps(value).encode()
        digest = hashlib.sha256(body).hexdigest()
        (blobs / digest).write_bytes(body)
        return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(body)}

    manifest = store({"schemaVersion": 2, "mediaType": MANIFEST,
                      "config": store(config, "application/vnd.oci.image.config.v1+json"),
                      "layers": layers}, MANIFEST)
    (path / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
    (path / "index.json").write_text(json.dumps(
        {"schemaVersion": 2, "manifests": [{**manifest, "annotations": {REF_NAME: "big"}}]}))
