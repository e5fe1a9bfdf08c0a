"""What the end-to-end tests share: running programs, reading layouts, sealing by hand."""

import base64
import dataclasses
import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SEAL_NAMESPACE = "seal-v1@sallyport.dev"
REQUIRE_ALL = os.environ.get("SALLYPORT_REQUIRE_ALL") == "1"


def missing(what):
    """Something optional is not here: a visible skip, or a failure where all is required."""
    if REQUIRE_ALL:
        pytest.fail(f"required, but not here: {what}", pytrace=False)
    pytest.skip(what)


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def tree(path):
    """{relative path: what is there}: equal for equal trees, whatever their times and owners."""
    found = {}
    for entry in sorted(pathlib.Path(path).rglob("*")):
        name = str(entry.relative_to(path))
        if entry.is_symlink():
            found[name] = f"-> {os.readlink(entry)}"
        elif entry.is_dir():
            found[name] = "directory"
        else:
            found[name] = sha256(entry.read_bytes())
    return found


@dataclasses.dataclass
class Result:
    status: int  # the exit status; negative: the signal that ended it
    stdout: str
    stderr: str

    @property
    def json(self):
        return json.loads(self.stdout)


class Program:
    """builder or pusher, run in an environment of which nothing but this is known."""

    def __init__(self, path, home, wrapper=()):
        self.path = path
        self.wrapper = tuple(map(str, wrapper))
        self.environment = {
            "PATH": "/usr/bin:/bin",
            "HOME": str(home),
            "TMPDIR": str(home),
            "TERM": "dumb",
            "LC_ALL": "C",
            "TZ": "UTC",
            "ASAN_OPTIONS": "exitcode=99:detect_leaks=1:allocator_may_return_null=1:"
                            "detect_stack_use_after_return=1",
            "UBSAN_OPTIONS": "exitcode=99:print_stacktrace=1",
        }

    def run(self, *arguments, status=0, env=None, cwd=None, stdin=b"", timeout=60, wrapper=None):
        """Runs it and demands the exit status (None: any). env is added; a value of None removes."""
        environment = {**self.environment, **(env or {})}
        environment = {k: str(v) for k, v in environment.items() if v is not None}
        wrapper = self.wrapper if wrapper is None else tuple(map(str, wrapper))
        command = [*wrapper, str(self.path), *map(_text, arguments)]
        done = subprocess.run(command, env=environment, cwd=cwd or environment.get("HOME", "/"),
                              input=stdin, capture_output=True, timeout=timeout, check=False)
        result = Result(done.returncode, done.stdout.decode(), done.stderr.decode())
        said = f"{' '.join(command)}\nexit status {result.status}\n{result.stdout}\n{result.stderr}"
        assert result.status != 99 and "Sanitizer" not in result.stderr, said
        assert "runtime error:" not in result.stderr, said
        if status is None:
            assert result.status >= 0, said
        else:
            assert result.status == status, said
        if result.status > 0:
            assert result.stderr or '"ok":false' in result.stdout.replace(" ", ""), \
                "failed without a word: " + said
        return result

    def popen(self, *arguments, env=None, cwd=None, **options):
        """Starts it; the caller waits for it. For tests that kill it or give it a terminal."""
        environment = {**self.environment, **(env or {})}
        command = [*self.wrapper, str(self.path), *map(_text, arguments)]
        return subprocess.Popen(command, env=environment, cwd=cwd or environment["HOME"], **options)


def _text(argument):
    return argument if isinstance(argument, (str, bytes)) else str(argument)


@dataclasses.dataclass
class Programs:
    builder: Program  # under no_network
    pusher: Program
    authenticator: pathlib.Path  # what ssh-keygen loads in the place of a FIDO token
    sanitized: bool  # built with AddressSanitizer: starts take longer, take larger strides


class Layout:
    """An OCI image layout, read without any of our code."""

    def __init__(self, path):
        self.path = pathlib.Path(path)

    def __fspath__(self):
        return str(self.path)

    def __str__(self):
        return str(self.path)

    @property
    def index(self):
        return json.loads((self.path / "index.json").read_bytes())

    def entry(self, repository, tag=None):
        """The descriptor in index.json that is to become repository:tag."""
        for descriptor in self.index["manifests"]:
            annotations = descriptor.get("annotations", {})
            if annotations.get("dev.sallyport.repository") == repository and \
                    tag in (None, annotations.get("dev.sallyport.tag")):
                return descriptor
        raise KeyError((repository, tag))

    def blob_path(self, digest):
        algorithm, encoded = digest.split(":")
        return self.path / "blobs" / algorithm / encoded

    def blob(self, digest):
        return self.blob_path(digest).read_bytes()

    def manifest(self, repository, tag=None):
        return json.loads(self.blob(self.entry(repository, tag)["digest"]))

    def files(self):
        """Every file, as pathlib paths, sorted."""
        return sorted(p for p in self.path.rglob("*") if not p.is_dir())

    @property
    def seal_id(self):
        return sha256((self.path / "SEAL").read_bytes())

    @property
    def signatures(self):
        return sorted(self.path.glob("SEAL.*.sig"))

    def copy(self, to):
        shutil.copytree(self.path, to, symlinks=True)
        return Layout(to)

    def add_blob(self, body):
        """Stores a blob; returns (digest, size)."""
        digest = "sha256:" + sha256(body)
        self.blob_path(digest).write_bytes(body)
        return digest, len(body)

    def write_index(self, index):
        text = json.dumps(index, separators=(",", ":"), ensure_ascii=False)
        (self.path / "index.json").write_bytes(text.encode())

    def listing(self):
        """What SEAL has to say of the files that are there now."""
        lines = [(f.relative_to(self.path).as_posix(), sha256(f.read_bytes()))
                 for f in self.files() if not f.name.startswith("SEAL")]
        return "".join(f"{digest}  {name}\n" for name, digest in sorted(
            lines, key=lambda line: line[0].encode()))


class Signer:
    """A seal key in OpenSSH's hands: seals what builder would never write, as tests need it."""

    def __init__(self, directory, principal="enclave", provider=None, options=()):
        """provider: the shared object of an authenticator, which then holds the key."""
        directory.mkdir(parents=True)
        self.directory = directory
        self.principal = principal
        self.key = directory / "seal"
        self.environment = {**os.environ, **({"SSH_SK_PROVIDER": str(provider)} if provider else {})}
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519-sk" if provider else "ed25519", "-N", "",
                        "-C", principal, *options, "-f", self.key], check=True,
                       stdin=subprocess.DEVNULL, env=self.environment)
        self.public = " ".join(self.key.with_suffix(".pub").read_text().split()[:2])
        self.kid = sha256(base64.b64decode(self.public.split()[1]))[:16]

    def trust(self, name="trust", **policy):
        """A new trust directory that trusts this key; members of policy.json by name."""
        directory = self.directory / name
        directory.mkdir(mode=0o755)
        (directory / "allowed_signers").write_text(
            f'{self.principal} namespaces="{SEAL_NAMESPACE}" {self.public}\n')
        members = {"version": 1, "seal": {"threshold": 1, "signers": [self.principal]}, **policy}
        (directory / "policy.json").write_text(json.dumps(members))
        return directory

    def seal(self, layout, listing=None, keep=False):
        """Writes SEAL (as it should be, unless told) and its signature; removes older ones."""
        for old in [] if keep else layout.signatures:
            old.unlink()
        seal = layout.path / "SEAL"
        seal.write_bytes((layout.listing() if listing is None else listing).encode())
        signature = self.sign(seal.read_bytes())
        (layout.path / f"SEAL.{self.kid}.sig").write_bytes(signature)

    def sign(self, data, namespace=SEAL_NAMESPACE):
        done = subprocess.run(["ssh-keygen", "-q", "-Y", "sign", "-f", self.key, "-n", namespace],
                              input=data, capture_output=True, check=True, env=self.environment)
        return done.stdout


@dataclasses.dataclass
class Keys:
    """What `builder keygen` wrote."""

    directory: pathlib.Path

    def __fspath__(self):
        return str(self.directory)

    def __str__(self):
        return str(self.directory)

    @property
    def trust(self):
        return self.directory / "trust"


def verify_with_stock_tools(layout, trust, principal="enclave"):
    """The two commands of design formats.md 1.3, as a person would type them."""
    seal = (layout.path / "SEAL").read_bytes()
    for signature in layout.signatures:
        subprocess.run(["ssh-keygen", "-Y", "verify", "-f", trust / "allowed_signers",
                        "-I", principal, "-n", SEAL_NAMESPACE, "-s", signature],
                       input=seal, check=True, capture_output=True)
    subprocess.run(["sha256sum", "-c", "--strict", "--quiet", "SEAL"], cwd=layout.path, check=True,
                   capture_output=True)


@dataclasses.dataclass
class Chart:
    """One row of golden.tsv: a real chart and what Helm makes of it."""

    path: pathlib.Path
    created: str
    archive_sha256: str
    config_bytes: int
    config_digest: str
    manifest_bytes: int
    manifest_digest: str
    repository: str
    tag: str


def real_charts():
    """The real charts beside the checkout, where there are any."""
    directory = ROOT.parent / "shared" / "data" / "charts"
    if not (directory / "golden.tsv").is_file():
        return []
    lines = (directory / "golden.tsv").read_text().splitlines()
    names = lines[0].split("\t")
    charts = []
    for line in lines[1:]:
        row = dict(zip(names, line.split("\t")))
        row["path"] = directory / row.pop("archive")
        for name in ("config_bytes", "manifest_bytes"):
            row[name] = int(row[name])
        charts.append(Chart(**row))
    return charts


def normalize(text):
    """Messages without what differs from run to run."""
    return re.sub(r"127\.0\.0\.1:\d+", "HOST", text)


def bound_by_modes():
    """A wrapper under which even root may only do what the modes of files allow."""
    if os.geteuid() != 0:
        return ()
    return ("setpriv", "--bounding-set=-dac_override,-dac_read_search")
