"""builder key: what other tools read of ours, and what is read of theirs."""

import base64
import os
import re
import subprocess

import pytest
from crafted import write_archive
from demands import names_in, refused
from helpers import SEAL_NAMESPACE, missing, sha256, tree
from traced import Tracer

PASSPHRASE = "hafen ist offen"
COSIGN = ["cosign-3.1.3", "cosign-2.6.5", "cosign-2.4.0"]


@pytest.fixture
def key(programs):
    """key(action, argument...): the Result of `builder key`, of success unless told."""
    def key(*arguments, **how):
        return programs.builder.run("key", *arguments, **how)
    return key


@pytest.fixture
def phrase(tmp_path):
    path = tmp_path / "phrase"
    path.write_text(PASSPHRASE + "\n")
    return path


def run(*command, data=b"", cwd=None, env=None):
    return subprocess.run(list(map(str, command)), input=data, capture_output=True, check=True,
                          cwd=cwd, env=env, timeout=120).stdout


def pem_of(secret):
    """The public key in PEM, by openssl."""
    return run("openssl", "pkey", "-in", secret, "-pubout").decode()


def ssh_key(directory, kind="ed25519", passphrase=""):
    path = directory / f"id_{kind}"
    run("ssh-keygen", "-q", "-t", kind, "-N", passphrase, "-C", "somebody", "-f", path)
    return path


def minisign_key(directory, passphrase=None):
    if not os.access("/usr/bin/minisign", os.X_OK):
        missing("minisign (scripts/install-deps --tests)")
    path = directory / "minisign.key"
    if passphrase is None:
        run("minisign", "-G", "-W", "-p", path.with_suffix(".pub"), "-s", path)
    else:
        run("minisign", "-G", "-p", path.with_suffix(".pub"), "-s", path,
            data=f"{passphrase}\n{passphrase}\n".encode())
    path.chmod(0o600)
    public = base64.b64decode(path.with_suffix(".pub").read_text().splitlines()[1])[-32:]
    return path, public


def raw(openssh_line):
    return base64.b64decode(openssh_line.split()[1])[-32:]


# ---- show and export ----

def test_every_public_form_is_what_the_stock_tools_say(key, keys, tmp_path):
    secret = keys.directory / "seal.key"
    public = tmp_path / "id.pub"
    public.write_text(key("export", secret, "--format", "openssh").stdout)
    told = run("ssh-keygen", "-l", "-f", public).decode().split()
    wire = base64.b64decode(public.read_text().split()[1])
    assert key("export", secret).stdout == pem_of(secret)
    assert key("export", secret, "--format", "spki").stdout == pem_of(secret)
    assert key("export", secret, "--format", "fingerprint").stdout == told[1] + "\n"
    assert key("export", secret, "--format", "kid").stdout == sha256(wire)[:16] + "\n"
    assert key("export", secret, "--format", "allowed-signers").stdout == \
        (keys.trust / "allowed_signers").read_text()
    assert key("export", secret, "--format", "allowed-signers", "--role", "root", "--principal",
               "ann").stdout == f'ann namespaces="trust-v1@sallyport.dev" {public.read_text()}'
    assert key("export", secret, "--json").json["public"] == pem_of(secret)


@pytest.mark.parametrize("form", ["seal.key", "seal.pub", "id.pub"])
def test_show(form, key, keys, tmp_path):
    secret = keys.directory / "seal.key"
    line = key("export", secret, "--format", "openssh").stdout
    (tmp_path / "id.pub").write_text(line.replace("\n", " a comment\n"))
    told = key("show", tmp_path / form if form == "id.pub" else keys.directory / form).stdout
    kid = sha256(base64.b64decode(line.split()[1]))[:16]
    assert re.fullmatch(rf"key {kid}\nfingerprint SHA256:\S{{43}}\n"
                        rf"form {'PKCS #8' if form == 'seal.key' else 'public'}\n"
                        rf"public {re.escape(line)}", told)
    assert key("show", secret, "--json").json["kid"] == kid


@pytest.mark.parametrize("content", [
    b"", b"hello\n", b"ssh-ed25519\n", b"ssh-ed25519 AAAA\n", b"ssh-rsa AAAA\n", b"\0",
    b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
    "twice", "cut",
], ids=lambda content: content if isinstance(content, str) else repr(content[:20]))
def test_what_is_no_public_key(content, key, keys, tmp_path):
    line = key("export", keys.directory / "seal.key", "--format", "openssh").stdout.encode()
    path = tmp_path / "x.pub"
    path.write_bytes({"twice": line * 2, "cut": line[:-3]}.get(content, content))
    refused(key("show", path, status=None), 4, "x.pub")


@pytest.mark.parametrize("arguments", [
    [], ["show"], ["show", "a", "b"], ["make", "a"], ["show", "a", "--format", "kid"],
    ["show", "a", "--output", "b"], ["export", "a", "--no-passphrase"], ["import", "a"],
    ["import", "a", "--output", "b", "--format", "kid"], ["export", "a", "--format", "pem"],
    ["import", "a", "-o", "b", "--no-passphrase", "--new-passphrase-file", "c"],
    ["export", "a", "--format", "allowed-signers", "--role", "release"],
    ["export", "a", "--format", "allowed-signers", "--principal", "a b"],
], ids=" ".join)
def test_usage(arguments, key):
    refused(key(*arguments, status=None), 2)


# ---- import ----

@pytest.mark.parametrize("passphrase", [None, PASSPHRASE], ids=["plain", "encrypted"])
def test_openssh_keys(passphrase, key, programs, phrase, tmp_path):
    secret = ssh_key(tmp_path)
    public = (tmp_path / "id_ed25519.pub").read_text()
    output = tmp_path / "seal.key"
    options = ["--new-passphrase-file", phrase] if passphrase else ["--no-passphrase"]
    done = key("import", secret, "--output", output, *options)
    assert "authorized_keys" in done.stderr and output.stat().st_mode & 0o7777 == 0o600
    opened = ["--passphrase-file", phrase] if passphrase else []
    assert raw(key("export", output, "--format", "openssh", *opened).stdout) == raw(public)
    assert ("ENCRYPTED SIGSTORE" in output.read_text()) == bool(passphrase)
    # It seals, and ssh-keygen's half of the key pair verifies.
    layout = tmp_path / "layout"
    programs.builder.run("build", write_archive(tmp_path / "tiny.tgz"), "--output", layout,
                         "--keys", tmp_path, *opened)
    (tmp_path / "signers").write_text("x " + public)
    run("ssh-keygen", "-Y", "verify", "-f", tmp_path / "signers", "-I", "x", "-n", SEAL_NAMESPACE,
        "-s", next(layout.glob("SEAL.*.sig")), data=(layout / "SEAL").read_bytes())


def test_openssh_keys_that_are_not_taken(key, tmp_path):
    before = names_in(tmp_path)
    for kind, words in (("rsa", "ssh-keygen -t ed25519"), ("ecdsa", "ssh-keygen -t ed25519")):
        refused(key("import", ssh_key(tmp_path, kind), "-o", tmp_path / "out", "--no-passphrase",
                    status=None), 4, words)
    locked = ssh_key(tmp_path, passphrase="secret")
    refused(key("import", locked, "-o", tmp_path / "out", "--no-passphrase", status=None), 4,
            "ssh-keygen -p", "--ssh-key")
    assert "out" not in names_in(tmp_path) and len(names_in(tmp_path)) == len(before) + 6


# One passphrase costs minisign 1 GiB and seconds; a wrong one is tried in test_key_minisign.c.
@pytest.mark.parametrize("passphrase", [None, pytest.param(PASSPHRASE, marks=pytest.mark.slow)],
                         ids=["plain", "encrypted"])
def test_minisign_keys(passphrase, key, phrase, tmp_path):
    secret, public = minisign_key(tmp_path, passphrase)
    output = tmp_path / "out"
    options = ["--passphrase-file", phrase] if passphrase else ["--no-passphrase"]
    done = key("import", secret, "--output", output, *options)
    assert "minisign" in done.stderr
    # Under the passphrase that it had.
    opened = ["--passphrase-file", phrase] if passphrase else []
    assert raw(key("export", output, "--format", "openssh", *opened).stdout) == public


def cosign(peers, version, *arguments, password="", **how):
    return run(peers.path(version), *arguments, env={
        "PATH": "/usr/bin:/bin", "HOME": str(peers.home), "COSIGN_PASSWORD": password,
        "COSIGN_YES": "true"}, **how)


@pytest.mark.parametrize("version", COSIGN)
def test_a_key_that_cosign_imported_is_ours_and_back(version, key, peers, phrase, tmp_path):
    plain = tmp_path / "plain.key"
    plain.write_bytes(run("openssl", "genpkey", "-algorithm", "ed25519"))
    plain.chmod(0o600)
    cosign(peers, version, "import-key-pair", "--key", plain, "--output-key-prefix", "theirs",
           password=PASSPHRASE, cwd=tmp_path)
    theirs = tmp_path / "theirs.key"
    assert key("export", theirs, "--passphrase-file", phrase).stdout == pem_of(plain) \
        == (tmp_path / "theirs.pub").read_text()
    # Under another passphrase, in our own hand, for cosign to open.
    (tmp_path / "new").write_text("another one\n")
    key("import", theirs, "--output", tmp_path / "ours.key", "--passphrase-file", phrase,
        "--new-passphrase-file", tmp_path / "new")
    assert cosign(peers, version, "public-key", "--key", tmp_path / "ours.key",
                  password="another one").decode() == pem_of(plain)


@pytest.mark.parametrize("version", COSIGN)
def test_cosign_makes_no_key_for_us(version, key, peers, phrase, tmp_path):
    cosign(peers, version, "generate-key-pair", "--output-key-prefix", "ecdsa",
           password=PASSPHRASE, cwd=tmp_path)
    refused(key("show", tmp_path / "ecdsa.key", "--passphrase-file", phrase, status=None), 4,
            "an ECDSA key", "builder keygen")


@pytest.mark.parametrize("kind", ["traditional-ec", "traditional-rsa", "pbes2"])
def test_openssl_keys_that_are_not_taken(kind, key, tmp_path):
    path = tmp_path / "x.key"
    path.write_bytes({
        "traditional-ec": lambda: run("openssl", "ecparam", "-name", "prime256v1", "-genkey",
                                      "-noout"),
        "traditional-rsa": lambda: run("openssl", "genrsa", "-traditional", "2048"),
        "pbes2": lambda: run("openssl", "genpkey", "-algorithm", "ed25519", "-aes-256-cbc",
                             "-pass", "pass:x"),
    }[kind]())
    path.chmod(0o600)
    words = {"traditional-ec": "ECDSA", "traditional-rsa": "RSA", "pbes2": "openssl pkey -in"}
    refused(key("show", path, status=None), 4, words[kind])


@pytest.mark.parametrize("bits", [0o644, 0o640, 0o604])
@pytest.mark.parametrize("action", ["show", "export", "import"])
def test_row_k5_a_key_that_others_may_read(action, bits, key, tmp_path):
    secret = ssh_key(tmp_path)
    secret.chmod(bits)
    options = ["-o", tmp_path / "out", "--no-passphrase"] if action == "import" else []
    refused(key(action, secret, *options, status=None), 4, "chmod 600 it")
    assert "out" not in names_in(tmp_path)


def test_the_output_is_never_replaced(key, tmp_path):
    secret = ssh_key(tmp_path)
    (tmp_path / "out").write_text("mine")
    before = tree(tmp_path)
    refused(key("import", secret, "-o", tmp_path / "out", "--no-passphrase", status=None), 2,
            "exists")
    refused(key("import", secret, "-o", tmp_path / "no" / "out", "--no-passphrase", status=None), 1,
            "no/out")
    assert tree(tmp_path) == before


def test_a_passphrase_that_nothing_needs_is_named(key, keys, phrase):
    done = key("show", keys.directory / "seal.key", "--passphrase-file", phrase)
    assert done.stderr == "builder: --passphrase-file was not needed: the key is not encrypted\n"


@pytest.mark.slow
def test_import_leaves_all_or_nothing(programs, tmp_path):
    secret = ssh_key(tmp_path)
    tracer = Tracer(programs.builder, ["openat", "open", "write", "fsync", "fchmod"])
    arguments = ["key", "import", secret, "--no-passphrase", "--quiet", "--output"]
    points = tracer.points(tmp_path / "log", *arguments, tmp_path / "first")
    failed = 0
    for number, point in enumerate(points[::4 if programs.sanitized else 1]):
        output = tmp_path / f"out-{number}"
        done = tracer.run("error=EIO", point, *arguments, output)
        failed += done.status != 0
        if output.exists():
            assert output.read_bytes() == (tmp_path / "first").read_bytes(), point
            assert output.stat().st_mode & 0o7777 == 0o600, point
        else:
            assert done.status == 1, (point, done)
    assert failed > 3
