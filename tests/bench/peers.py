"""The programs that the benchmarks compare, those that are installed, and how each pushes."""

import dataclasses
import pathlib
import re
import shutil
import subprocess

from measure import Entry

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILT = {"helm4": "helm-4.2.4", "helm3": "helm-3.21.4", "oras": "oras", "crane": "crane",
         "regctl": "regctl", "distribution": "registry"}
FOUND = {"skopeo": "--version", "curl": "--version", "openssl": "version"}
OURS = {"builder": "build/bin/builder", "pusher": "build/bin/pusher"}
SERVERS = {"docker-registry": ("build/registry/usr/bin/docker-registry", "--version"),
           "nginx": ("build/nginx/usr/sbin/nginx", "-v")}


@dataclasses.dataclass
class Program:
    path: str
    version: str

    @property
    def go(self):
        """The release of Go that made it, or "": before 1.21 its SHA-256 is three times slower."""
        found = re.search(rb"\xff Go buildinf:.{19}(go[0-9.]+)", pathlib.Path(self.path).read_bytes(),
                          re.DOTALL)
        return found.group(1).decode() if found else ""


def _said(path, *arguments):
    done = subprocess.run([path, *arguments], capture_output=True, text=True, check=False)
    return (re.findall(r"\d+\.\d+[.\d]*\w*", done.stdout + done.stderr) or ["of unknown version"])[0]


def find():
    """{name: Program} of what is there."""
    found = {name: Program(str(ROOT / path), _said(ROOT / path, "version"))
             for name, path in OURS.items()}
    for name, peer in BUILT.items():
        done = subprocess.run([ROOT / "scripts" / "install-peers", "--path", peer],
                              capture_output=True, text=True, check=False)
        if done.returncode == 0:
            path = pathlib.Path(done.stdout.strip())
            found[name] = Program(str(path), path.parent.name.rpartition("-")[2])
    for name, argument in FOUND.items():
        if path := shutil.which(name):
            found[name] = Program(path, _said(path, argument))
    for name, (path, argument) in SERVERS.items():
        if (ROOT / path).exists():
            found[name] = Program(str(ROOT / path), _said(ROOT / path, argument))
    return found


def quoted(words):
    return " ".join("'" + str(word).replace("'", "'\\''") + "'" for word in words)


def script(lines):
    """What a shell runs, line after line, until one fails."""
    return "\n".join(lines)


def cold(place, _):
    """A repository prefix that no run had before."""
    return f"cold/{place.name}"


def push_entries(programs, line, layout, artifacts, trust, prefix=cold, options=()):
    """Entries that push artifacts, [(ref name, archive or None)], of one layout: ours in one call.

    prefix(place, program) is where in the registry. A tag is set to 1 where the tool lets one choose.
    """
    plain = line.roots is None

    def target(place, name, ref):
        return f"{line.host}/{prefix(place, name)}/{ref.lower()}:1"

    commands = {
        "oras": lambda place, ref, archive: [
            "cp", "--no-tty", *(["--to-plain-http"] if plain else []), "--from-oci-layout",
            f"{layout}:{ref}", target(place, "oras", ref)],
        "skopeo": lambda place, ref, archive: [
            "--insecure-policy", "copy", "--quiet", *(["--dest-tls-verify=false"] if plain else []),
            f"oci:{layout}:{ref}", f"docker://{target(place, 'skopeo', ref)}"],
        "regctl": lambda place, ref, archive: [
            "--host", f"reg={line.host},tls={'disabled' if plain else 'enabled'}", "image", "copy",
            f"ocidir://{layout}:{ref}", target(place, "regctl", ref)],
        "crane": lambda place, ref, archive: [
            "push", *(["--insecure"] if plain else []), layout, target(place, "crane", ref)],
    }
    for name in ("helm4", "helm3"):
        commands[name] = lambda place, ref, archive, name=name: [
            "push", *(["--plain-http"] if plain else []), archive,
            f"oci://{line.host}/{prefix(place, name)}"]
    if len(artifacts) > 1:
        del commands["crane"]  # takes a whole layout
    if artifacts[0][1] is None:
        del commands["helm4"], commands["helm3"]

    def peer(name):
        def argvs(place):
            # skopeo remembers which blobs a registry has, which would turn the second cold push
            # into a mount, and does so in a place of the machine's unless the user is an ordinary one.
            before = ["env", "_CONTAINERS_ROOTLESS_UID=1000", f"XDG_DATA_HOME={place}"] \
                if name == "skopeo" else []
            return [[*before, programs[name].path, *commands[name](place, *artifact)]
                    for artifact in artifacts]

        if len(artifacts) == 1:
            return Entry(name, lambda place: argvs(place)[0], roots=line.roots)
        return Entry(f"{name} loop", lambda place: script(map(quoted, argvs(place))),
                     roots=line.roots)

    return [push_entry(programs, line, layout, trust, prefix, options),
            *(peer(name) for name in commands if name in programs)]


def push_entry(programs, line, layout, trust, prefix=cold, options=()):
    """Ours."""
    plain = ["--plain-http"] if line.roots is None else []
    return Entry(" ".join(["pusher", *options]), is_ours=True, roots=line.roots,
                 command=lambda place: [
                     programs["pusher"].path, "push", layout, "--trust", trust, "--quiet", *plain,
                     *options, f"oci://{line.host}/{prefix(place, 'pusher')}"])


def checked_first(entry, layout):
    """Equal work: the digests of the layout are checked, as fast as can be, then it is pushed."""
    check = (f"cd {quoted([layout])}; openssl dgst -sha256 -r blobs/sha256/* | "
             'while read -r digest path; do [ "$digest" = "${path##*/}" ]; done; cd "$OLDPWD"')
    return Entry(f"openssl, {entry.name}", roots=entry.roots,
                 command=lambda place: script([check, quoted(entry.command(place))]))


def curl_entry(line, blob):
    """The bare transport: a blob that nobody hashes, and no manifest."""
    scheme = "http" if line.roots is None else "https"
    return Entry("curl -T", is_limit=True, roots=line.roots, command=lambda place: script([
        f"location=$(curl -sS -X POST -D - -o /dev/null {scheme}://{line.host}/v2/{cold(place, '')}"
        "/blobs/uploads/ | tr -d '\\r' | sed -n 's/^[Ll]ocation: //p')",
        f'case $location in /*) location={scheme}://{line.host}$location ;; esac',
        'case $location in *\\?*) join=\\& ;; *) join=\\? ;; esac',
        f"curl -sSf -H 'Content-Type: application/octet-stream' -T {quoted([blob])} "
        f'"$location${{join}}digest=sha256:{blob.name}"']))
