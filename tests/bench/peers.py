"""The programs that the benchmarks compare, those that are installed, and how each does the work."""

import dataclasses
import pathlib
import shutil
import subprocess

from measure import Entry

ROOT = pathlib.Path(__file__).resolve().parents[2]


@dataclasses.dataclass
class Program:
    name: str
    path: str
    version: str


def _version(path, *arguments):
    done = subprocess.run([path, *arguments], capture_output=True, text=True, check=False)
    return (done.stdout + done.stderr).strip().splitlines()[0] if done.returncode == 0 else "unknown"


def find():
    """{name: Program} of what is there."""
    wanted = {"helm4": ("helm-4.2.4", ["version", "--short"]),
              "helm3": ("helm-3.21.4", ["version", "--short"]),
              "oras": ("oras", ["version"]), "crane": ("crane", ["version"]),
              "regctl": ("regctl", ["version"])}
    found = {}
    for name, (peer, arguments) in wanted.items():
        done = subprocess.run([ROOT / "scripts" / "install-peers", "--path", peer],
                              capture_output=True, text=True, check=False)
        if done.returncode == 0:
            path = done.stdout.strip()
            found[name] = Program(name, path, _version(path, *arguments))
    for name in ("skopeo", "curl"):
        if path := shutil.which(name):
            found[name] = Program(name, path, _version(path, "--version"))
    found["builder"] = Program("builder", str(ROOT / "build/bin/builder"), "")
    found["pusher"] = Program("pusher", str(ROOT / "build/bin/pusher"), "")
    for name in ("builder", "pusher"):
        found[name].version = _version(found[name].path, "version")
    return found


class Registry:
    """Where to push, and what a client needs to be told to get there."""

    def __init__(self, host, ca=None):
        self.host = host
        self.ca = ca

    def pusher(self):
        return ["--ca-file", self.ca] if self.ca else ["--plain-http"]

    def oras(self):
        return ["--to-ca-file", self.ca] if self.ca else ["--to-plain-http"]

    def helm(self):
        return ["--ca-file", self.ca] if self.ca else ["--plain-http"]

    def skopeo(self):
        return [] if self.ca else ["--dest-tls-verify=false"]

    def regctl(self):
        return ["--host", f"reg={self.host},tls={'enabled' if self.ca else 'disabled'}" +
                (f",regcert={self.ca}" if self.ca else "")]

    def environment(self):
        return {"SSL_CERT_FILE": str(self.ca)} if self.ca else {}


def script(lines):
    """An argv that runs lines one after the other, as a person's loop would."""
    return ["/bin/sh", "-ec", "\n".join(lines)]


def quoted(words):
    return " ".join("'" + str(word).replace("'", "'\\''") + "'" for word in words)


def push_entries(programs, registry, charts, trust, prefix, options=()):
    """Entries that push charts: [(layout, ref name, archive)]. Ours takes the one layout of all.

    prefix(place, name) is where in the registry: new for each place, where the push is to be cold.
    """
    layouts = {layout for layout, _, _ in charts}
    assert len(layouts) == 1
    layout = layouts.pop()
    commands = {
        "oras": lambda place, ref, archive: [
            programs["oras"].path, "cp", "--no-tty", *registry.oras(), "--from-oci-layout",
            f"{layout}:{ref}", f"{registry.host}/{prefix(place, 'oras')}/{ref.lower()}:1"],
        # Its cache of what is where would turn the second cold push into a mount; it is looked for
        # in a place of the machine's unless the user is an ordinary one.
        "skopeo": lambda place, ref, archive: [
            "env", "_CONTAINERS_ROOTLESS_UID=1000", f"XDG_DATA_HOME={place}", programs["skopeo"].path, "--insecure-policy", "copy", "--quiet", *registry.skopeo(),
            f"oci:{layout}:{ref}", f"docker://{registry.host}/{prefix(place, 'skopeo')}/{ref.lower()}:1"],
        "regctl": lambda place, ref, archive: [
            programs["regctl"].path, *registry.regctl(), "image", "copy", f"ocidir://{layout}:{ref}",
            f"{registry.host}/{prefix(place, 'regctl')}/{ref.lower()}:1"],
        "helm4": lambda place, ref, archive: [
            programs["helm4"].path, "push", *registry.helm(), archive,
            f"oci://{registry.host}/{prefix(place, 'helm4')}"],
        "helm3": lambda place, ref, archive: [
            programs["helm3"].path, "push", *registry.helm(), archive,
            f"oci://{registry.host}/{prefix(place, 'helm3')}"],
    }
    if len(charts) == 1:  # crane takes a whole layout
        commands["crane"] = lambda place, ref, archive: [
            programs["crane"].path, "push", *([] if registry.ca else ["--insecure"]), layout,
            f"{registry.host}/{prefix(place, 'crane')}/{ref.lower()}:1"]
    ours = [programs["pusher"].path, "push", layout, "--trust", trust, "--quiet", *registry.pusher(),
            *options]
    entries = [Entry("pusher", is_ours=True,
                     command=lambda place: [*ours, f"oci://{registry.host}/{prefix(place, 'pusher')}"])]
    for name, command in commands.items():
        if name not in programs:
            continue
        if len(charts) == 1:
            _, ref, archive = charts[0]
            entries.append(Entry(name, environment=registry.environment(), command=lambda place,
                                 c=command, r=ref, a=archive: c(place, r, a)))
        else:
            entries.append(Entry(f"{name} loop", environment=registry.environment(),
                                 command=lambda place, c=command: script(
                                     quoted(c(place, ref, archive)) for _, ref, archive in charts)))
    return entries
