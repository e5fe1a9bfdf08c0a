"""builder keygen, and what builder build takes for a key."""

import base64
import json
import os
import pathlib
import pty
import re
import select
import shutil
import signal
import subprocess
import tempfile
import termios
import time

import pytest
from crafted import write_archive
from demands import names_in, refused
from helpers import (SEAL_NAMESPACE, Keys, Layout, missing, sha256, tree,
                     verify_with_stock_tools)
from traced import ENVIRONMENT, Tracer, only_root_sees_arguments

PASSPHRASE = "hafen ist offen ÄÖ"
FILES = ["seal.key", "seal.pub", "trust", "trust/allowed_signers", "trust/policy.json"]


@pytest.fixture
def passphrase_file(tmp_path):
    path = tmp_path / "passphrase"
    path.write_text(PASSPHRASE + "\n")
    return path


@pytest.fixture
def keygen(programs, tmp_path):
    """keygen(*options): the Result of keygen into tmp_path/keys."""
    def keygen(*options, directory="keys", **how):
        return programs.builder.run("keygen", tmp_path / directory, "--role", "seal", *options, **how)
    return keygen


@pytest.fixture
def seal_with(programs, tmp_path):
    """seal_with(keys, *options): the Result of a build with these keys into tmp_path/layout."""
    chart = write_archive(tmp_path / "tiny.tgz")

    def seal_with(keys, *options, **how):
        return programs.builder.run("build", chart, "--output", tmp_path / "layout",
                                    "--keys", keys, *options, **{"status": None, **how})
    return seal_with


def openssl(*arguments, data=None):
    return subprocess.run(["openssl", *map(str, arguments)], input=data, capture_output=True,
                          check=True).stdout


def wire(public_line):
    return base64.b64decode(public_line.split()[-1])


# ---- what keygen writes ----

@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077], ids=oct)
def test_modes(umask, programs, tmp_path):
    process = programs.builder.popen("keygen", tmp_path / "keys", "--role", "seal",
                                     "--no-passphrase", umask=umask, stdout=subprocess.DEVNULL)
    assert process.wait(30) == 0
    keys = tmp_path / "keys"
    modes = {str(path.relative_to(keys)): path.stat().st_mode & 0o7777 for path in keys.rglob("*")}
    assert modes == {"seal.key": 0o600, "seal.pub": 0o644, "trust": 0o755,
                     "trust/allowed_signers": 0o644, "trust/policy.json": 0o644}
    assert keys.stat().st_mode & 0o077 == 0


def test_trust_is_complete(keygen, tmp_path):
    keygen("--no-passphrase")
    signers = (tmp_path / "keys" / "trust" / "allowed_signers").read_text()
    assert re.fullmatch(
        rf'enclave namespaces="{re.escape(SEAL_NAMESPACE)}" ssh-ed25519 [A-Za-z0-9+/]{{68}}\n', signers)
    policy = json.loads((tmp_path / "keys" / "trust" / "policy.json").read_bytes())
    assert policy == {"version": 1, "seal": {"threshold": 1, "signers": ["enclave"]}}


def test_prints_what_identifies_the_key(keygen, tmp_path):
    done = keygen("--no-passphrase", "--principal", "plant-a@x.example")
    line = (tmp_path / "keys" / "trust" / "allowed_signers").read_text()
    key = wire(line)
    fingerprint = "SHA256:" + base64.b64encode(bytes.fromhex(sha256(key))).decode().rstrip("=")
    assert done.stdout == (f"seal {sha256(key)[:16]} {fingerprint}\n"
                           f"principal plant-a@x.example\ntrust {tmp_path / 'keys'}/trust\n")
    assert line.startswith("plant-a@x.example namespaces=")
    told = keygen("--no-passphrase", "--json", directory="other").json
    assert {name: told[name] for name in ("version", "ok", "principal")} == \
        {"version": 1, "ok": True, "principal": "enclave"}
    (made,) = told["keys"]
    assert made["role"] == "seal" and re.fullmatch("[0-9a-f]{16}", made["kid"])
    assert made["fingerprint"].startswith("SHA256:")


def test_openssl_reads_both_keys(keygen, tmp_path):
    keygen("--no-passphrase")
    keys = tmp_path / "keys"
    public = openssl("pkey", "-pubin", "-in", keys / "seal.pub", "-outform", "DER")
    assert openssl("pkey", "-in", keys / "seal.key", "-pubout", "-outform", "DER") == public
    assert public[-32:] == wire((keys / "trust" / "allowed_signers").read_text())[-32:]
    assert b"ED25519" in openssl("pkey", "-pubin", "-in", keys / "seal.pub", "-noout", "-text")


def test_a_key_made_by_openssl_seals(keygen, seal_with, programs, tmp_path):
    keygen("--no-passphrase")
    keys = Keys(tmp_path / "keys")
    key = keys.directory / "seal.key"
    key.write_bytes(openssl("genpkey", "-algorithm", "ed25519"))
    assert seal_with(keys).status == 0
    programs.pusher.run("verify", tmp_path / "layout", "--trust", keys.trust, status=4)
    public = openssl("pkey", "-in", key, "-pubout", "-outform", "DER")[-32:]
    blob = b"\0\0\0\x0bssh-ed25519\0\0\0\x20" + public
    (keys.trust / "allowed_signers").write_text(
        f'enclave namespaces="{SEAL_NAMESPACE}" ssh-ed25519 {base64.b64encode(blob).decode()}\n')
    programs.pusher.run("verify", tmp_path / "layout", "--trust", keys.trust)


def test_two_keys_are_two(keygen, tmp_path):
    keygen("--no-passphrase", directory="a")
    keygen("--no-passphrase", directory="b")
    for name in ("seal.key", "seal.pub", "trust/allowed_signers"):
        assert (tmp_path / "a" / name).read_bytes() != (tmp_path / "b" / name).read_bytes()


def test_a_directory_that_is_there_is_filled(keygen, tmp_path):
    (tmp_path / "keys").mkdir(mode=0o700)
    (tmp_path / "keys" / "notes").write_bytes(b"mine")
    keygen("--no-passphrase")
    assert sorted(tree(tmp_path / "keys")) == sorted([*FILES, "notes"])


@pytest.mark.parametrize("present", ["seal.key", "seal.pub", "trust", "trust/policy.json"])
@pytest.mark.parametrize("kind", ["file", "dangling-link"])
def test_what_is_there_stays_untouched(present, kind, keygen, tmp_path):
    path = tmp_path / "keys" / present
    path.parent.mkdir(parents=True)
    if kind == "file":
        path.write_bytes(b"mine")
    else:
        path.symlink_to("nowhere")
    before = tree(tmp_path / "keys")
    refused(keygen("--no-passphrase", status=None), 2, "exists")
    assert tree(tmp_path / "keys") == before


def test_keygen_twice_keeps_the_first_key(keygen, tmp_path):
    keygen("--no-passphrase")
    before = tree(tmp_path / "keys")
    refused(keygen("--no-passphrase", status=None), 2, "seal.key")
    assert tree(tmp_path / "keys") == before


@pytest.mark.parametrize("directory", ["missing/keys", "file", "file/keys"])
def test_no_place_for_keys(directory, keygen, tmp_path):
    (tmp_path / "file").write_bytes(b"mine")
    before = tree(tmp_path)
    done = keygen("--no-passphrase", directory=directory, status=None)
    refused(done, 1, directory)
    assert tree(tmp_path) == before


@pytest.mark.parametrize("principal", ["", "a b", "a,b", "*", "a\nb", '"', "ä", "a" * 65, "!a", "#"])
def test_bad_principals(principal, keygen, tmp_path):
    refused(keygen("--no-passphrase", "--principal", principal, status=None), 2, "principal")
    assert names_in(tmp_path) == []


# ---- roles ----

RELEASE = {"keys": ["release.pub"], "require": ["bundle", "legacy"]}
RELEASE_FILES = ["release.key", "release.pub", "trust/release.pub"]
ROOT_FILES = ["root.key", "root.pub"]


@pytest.fixture
def make_roles(programs, tmp_path):
    """make_roles(role or None, *options): the Result of keygen into tmp_path/keys."""
    def make(role, *options, **how):
        said = [] if role is None else ["--role", role]
        return programs.builder.run("keygen", tmp_path / "keys", *said, "--no-passphrase",
                                    *options, **how)
    return make


def policy_of(keys):
    return json.loads((keys / "trust" / "policy.json").read_bytes())


@pytest.mark.parametrize("order", [[None], ["all"], ["seal", "release"], ["release", "seal"],
                                   ["root", "all"], ["seal", "root", "release"]], ids=str)
def test_roles_come_in_any_order(order, make_roles, programs, tmp_path):
    keys, before = tmp_path / "keys", {}
    for role in order:
        make_roles(role)
        now = tree(keys)
        kept = {name for name in before if name.endswith((".key", ".pub"))}
        assert {name: now[name] for name in kept} == {name: before[name] for name in kept}
        before = now
    root = ROOT_FILES if "root" in order else []
    assert sorted(before) == sorted([*FILES, *RELEASE_FILES, *root])
    assert (keys / "release.pub").read_bytes() == (keys / "trust" / "release.pub").read_bytes()
    assert policy_of(keys) == {"version": 1, "seal": {"threshold": 1, "signers": ["enclave"]},
                               "release": RELEASE}
    publics = {openssl("pkey", "-in", path, "-pubout") for path in keys.glob("*.key")}
    assert publics == {path.read_bytes() for path in keys.glob("*.pub")}
    assert len(publics) == 2 + bool(root)
    # What is asked of a delivery is that it is signed: the directory itself can be used.
    done = programs.pusher.run("verify", tmp_path, "--trust", keys / "trust", status=None)
    assert "trust directory" not in done.stderr, done


def test_a_root_key_stays_out_of_the_trust(make_roles, tmp_path):
    done = make_roles("root", "--principal", "ann")
    assert sorted(tree(tmp_path / "keys")) == sorted(ROOT_FILES)
    line = re.fullmatch(r"root [0-9a-f]{16} SHA256:\S{43}\nfor allowed_signers: (.*\n)", done.stdout)[1]
    assert line.startswith('ann namespaces="trust-v1@sallyport.dev" ssh-ed25519 ')
    make_roles("all")
    assert line.split()[-1] not in (tmp_path / "keys" / "trust" / "allowed_signers").read_text()


def test_a_release_key_without_a_seal_key(make_roles, tmp_path):
    make_roles("release")
    assert sorted(tree(tmp_path / "keys")) == ["release.key", "release.pub"]


def test_an_edited_policy_keeps_what_it_says(make_roles, tmp_path):
    make_roles("seal", "--principal", "ann")
    path = tmp_path / "keys" / "trust" / "policy.json"
    path.write_text('{"version":1,\n "seal":{"threshold":1,"signers":["ann"]},\n'
                    ' "destinations":["registry.example/charts"]}')
    make_roles("release")
    assert policy_of(tmp_path / "keys") == {
        "version": 1, "seal": {"threshold": 1, "signers": ["ann"]},
        "destinations": ["registry.example/charts"], "release": RELEASE}
    assert path.stat().st_mode & 0o7777 == 0o644


@pytest.mark.parametrize(("policy", "status", "words"), [
    ('{"version":1,"release":{}}', 2, "a member 'release' already"), ("{", 4, "policy.json"),
    (None, 1, "policy.json"), ("release.pub", 2, "trust/release.pub"),
], ids=["has-release", "malformed", "missing", "file-there"])
def test_a_trust_that_takes_no_release_key(policy, status, words, make_roles, tmp_path):
    make_roles("seal")
    trust = tmp_path / "keys" / "trust"
    if policy is None:
        (trust / "policy.json").unlink()
    elif policy == "release.pub":
        (trust / policy).write_text("mine")
    else:
        (trust / "policy.json").write_text(policy)
    before = tree(tmp_path)
    refused(make_roles("release", status=None), status, words)
    assert tree(tmp_path) == before


@pytest.mark.parametrize("role", ["all", "release", "root"])
def test_no_role_twice(role, make_roles, tmp_path):
    make_roles("all")
    make_roles("root")
    before = tree(tmp_path)
    refused(make_roles(role, status=None), 2, ".key' exists; nothing was changed")
    assert tree(tmp_path) == before


def test_all_keys_under_one_passphrase(programs, passphrase_file, tmp_path):
    programs.builder.run("keygen", tmp_path / "keys", "--passphrase-file", "-",
                         stdin=PASSPHRASE.encode())
    for role in ("seal", "release"):
        key = tmp_path / "keys" / f"{role}.key"
        assert key.read_text().startswith("-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\n")
        said = programs.builder.run("key", "export", key, "--passphrase-file", passphrase_file)
        assert said.stdout == key.with_suffix(".pub").read_text()


@pytest.mark.slow
def test_adding_a_role_leaves_all_or_nothing(programs, make_roles, tmp_path):
    calls = ["openat", "mkdirat", "write", "fsync", "fchmod", "renameat", "rename"]
    tracer = Tracer(programs.builder, calls)
    make_roles("seal")
    shutil.copytree(tmp_path / "keys", tmp_path / "trial")
    options = ["--role", "release", "--no-passphrase"]
    points = tracer.points(tmp_path / "log", "keygen", tmp_path / "trial", *options)
    old, seen, healed = tree(tmp_path / "keys"), set(), set()
    for fault in ("error=EIO", "signal=KILL"):
        for point in points[::4 if programs.sanitized else 1]:
            directory = tmp_path / "copy"
            shutil.copytree(tmp_path / "keys", directory)
            done = tracer.run(fault, point, "keygen", directory, *options)
            now = tree(directory)
            said = policy_of(directory)
            # Old or new; only a kill may leave files behind that no policy names.
            if "release" in said:
                assert sorted(now) == sorted([*FILES, *RELEASE_FILES]), (fault, point)
            elif fault == "error=EIO":
                assert now == old, (fault, point, done)
            else:
                again = programs.builder.run("keygen", directory, *options, status=None)
                judged = programs.pusher.run("verify", tmp_path, "--trust", directory / "trust",
                                             status=None)
                assert "trust directory" not in judged.stderr, (point, again, judged)
                if again.status != 0:
                    refused(again, 2, "'release.", "exists; nothing was changed")
                else:
                    assert sorted(tree(directory)) == sorted([*FILES, *RELEASE_FILES]), point
                healed.add(again.status)
            seen.add("release" in said)
            shutil.rmtree(directory)
    assert seen == {True, False}
    assert healed == {0, 2}


@pytest.mark.slow
def test_keygen_leaves_all_or_nothing(programs, tmp_path):
    calls = ["openat", "mkdirat", "mkdir", "write", "fsync", "fchmod", "fchmodat"]
    tracer = Tracer(programs.builder, calls)
    arguments = ["keygen", tmp_path / "trial", "--role", "seal", "--no-passphrase"]
    points = tracer.points(tmp_path / "log", *arguments, begin="mkdir")
    stride = 4 if programs.sanitized else 1
    failed = 0
    for number, point in enumerate(points[::stride]):
        directory = tmp_path / f"keys-{number}"
        done = tracer.run("error=EIO", point, "keygen", directory, *arguments[2:])
        assert done.status in (0, 1), (point, done)
        failed += done.status
        if done.status == 1 and directory.exists():
            # The keys are on the disk and only could not be announced.
            assert "standard output" in done.stderr, (point, done)
        if directory.exists():
            assert sorted(tree(directory)) == sorted(FILES), point
    assert failed > 5


# ---- passphrases ----

@pytest.mark.parametrize("form", ["newline", "bare", "crlf", "stdin", "descriptor"])
def test_passphrase_from_a_file(form, keygen, seal_with, programs, tmp_path):
    text = PASSPHRASE.encode() + {"newline": b"\n", "crlf": b"\r\n"}.get(form, b"")
    path = tmp_path / "phrase"
    path.write_bytes(text)
    option = {"stdin": "-", "descriptor": "/dev/fd/0"}.get(form, path)
    keygen("--passphrase-file", option, stdin=text)
    key = (tmp_path / "keys" / "seal.key").read_text()
    assert key.startswith("-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\n")
    (tmp_path / "other").write_text(PASSPHRASE)
    assert seal_with(tmp_path / "keys", "--passphrase-file", tmp_path / "other").status == 0
    layout = Layout(tmp_path / "layout")
    verify_with_stock_tools(layout, tmp_path / "keys" / "trust")
    programs.pusher.run("verify", layout, "--trust", tmp_path / "keys" / "trust")


@pytest.mark.parametrize(("text", "status"), [
    (b"kanarienvogel\n", 4), (PASSPHRASE.upper().encode(), 4), (PASSPHRASE.encode() + b" \n", 4),
    (b"", 4), (b"\n", 4), (b"a" * 1025, 4), (PASSPHRASE.encode() + b"\n\n", 4), (None, 1),
], ids=["wrong", "case", "blank", "empty", "newline", "long", "two-lines", "no-file"])
def test_wrong_passphrase(text, status, make_keys, seal_with, passphrase_file, tmp_path):
    keys = make_keys("--passphrase-file", passphrase_file)
    path = tmp_path / "given"
    if text is not None:
        path.write_bytes(text)
    before = names_in(tmp_path)
    done = seal_with(keys, "--passphrase-file", path)
    refused(done, status, "pass")
    assert names_in(tmp_path) == before
    assert "kanarienvogel" not in done.stderr


@pytest.mark.parametrize("text", [b"", b"\n", b"\r\n", b"a" * 1025 + b"\n"],
                         ids=["empty", "newline", "crlf", "long"])
def test_keygen_wants_a_real_passphrase(text, keygen, tmp_path):
    refused(keygen("--passphrase-file", "-", stdin=text, status=None), 4, "passphrase")
    assert names_in(tmp_path) == []


def test_no_terminal_and_no_file(keygen, seal_with, make_keys, passphrase_file, tmp_path):
    done = keygen(status=None, wrapper=["setsid", "-w"])
    refused(done, 2, "--passphrase-file")
    before = names_in(tmp_path)
    keys = make_keys("--passphrase-file", passphrase_file)
    refused(seal_with(keys, wrapper=["setsid", "-w"]), 2, "--passphrase-file")
    assert names_in(tmp_path) == before


def test_a_plain_key_asks_for_nothing(keys, seal_with):
    done = seal_with(keys, wrapper=["setsid", "-w"])
    assert (done.status, done.stderr) == (0, "")


def test_a_passphrase_that_no_key_needs_is_named(keys, seal_with, passphrase_file):
    done = seal_with(keys, "--passphrase-file", passphrase_file)
    assert done.status == 0
    assert done.stderr == "builder: --passphrase-file was not needed: the key is not encrypted\n"


class Terminal:
    """A program on a terminal of its own."""

    def __init__(self, program, *arguments):
        command = [*program.wrapper, str(program.path), *map(str, arguments)]
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            try:
                os.execve(command[0], command, program.environment)
            finally:
                os._exit(127)
        self.seen = b""

    def wait_for(self, text, seconds=20):
        deadline = time.monotonic() + seconds
        while text not in self.seen:
            assert time.monotonic() < deadline, self.seen
            if select.select([self.fd], [], [], 0.1)[0]:
                try:
                    self.seen += os.read(self.fd, 4096)
                except OSError:  # the other end is closed
                    break
        assert text in self.seen, self.seen

    def type(self, text):
        os.write(self.fd, text)

    @property
    def echoes(self):
        return bool(termios.tcgetattr(self.fd)[3] & termios.ECHO)

    def end(self):
        """The exit status; negative for a signal."""
        deadline = time.monotonic() + 20
        while True:
            if select.select([self.fd], [], [], 0.05)[0]:
                try:
                    self.seen += os.read(self.fd, 4096)
                except OSError:
                    pass
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                break
            if time.monotonic() > deadline:
                os.kill(self.pid, signal.SIGKILL)
        os.close(self.fd)
        return os.waitstatus_to_exitcode(status)


def test_passphrase_on_a_terminal(programs, seal_with, passphrase_file, tmp_path):
    terminal = Terminal(programs.builder, "keygen", tmp_path / "keys", "--role", "seal")
    for prompt in (b"Passphrase: ", b"Once more: "):
        terminal.wait_for(prompt)
        assert not terminal.echoes
        terminal.type(PASSPHRASE.encode() + b"\n")
    assert terminal.end() == 0
    assert PASSPHRASE.encode() not in terminal.seen
    assert seal_with(tmp_path / "keys", "--passphrase-file", passphrase_file).status == 0


def test_build_asks_on_a_terminal(programs, make_keys, passphrase_file, tmp_path):
    keys = make_keys("--passphrase-file", passphrase_file)
    chart = write_archive(tmp_path / "tiny.tgz")
    terminal = Terminal(programs.builder, "build", chart, "--output", tmp_path / "layout",
                        "--keys", keys)
    terminal.wait_for(f"Passphrase of {keys.directory}/seal.key: ".encode())
    terminal.type(PASSPHRASE.encode() + b"\n")
    assert terminal.end() == 0
    programs.builder.run("verify", tmp_path / "layout", "--trust", keys.trust)


def test_two_passphrases_that_differ(programs, tmp_path):
    terminal = Terminal(programs.builder, "keygen", tmp_path / "keys", "--role", "seal")
    terminal.wait_for(b"Passphrase: ")
    terminal.type(b"one\n")
    terminal.wait_for(b"Once more: ")
    terminal.type(b"two\n")
    assert terminal.end() == 4
    assert names_in(tmp_path) == []


@pytest.mark.parametrize("name", ["INT", "TERM"])
def test_interrupted_at_the_prompt(name, programs, tmp_path):
    terminal = Terminal(programs.builder, "keygen", tmp_path / "keys", "--role", "seal")
    terminal.wait_for(b"Passphrase: ")
    if name == "INT":
        terminal.type(b"half\x03")
    else:
        os.kill(terminal.pid, signal.SIGTERM)
    deadline = time.monotonic() + 10
    while not terminal.echoes and time.monotonic() < deadline:
        time.sleep(0.01)
    assert terminal.echoes, "the terminal is left as it was"
    assert terminal.end() == -getattr(signal, f"SIG{name}")
    assert names_in(tmp_path) == []


@pytest.mark.slow  # not with sanitizers: theirs is an mlock() that does nothing
def test_row_k4_memory_that_holds_a_secret(programs, tmp_path):
    """Locked, no core file, and not to be read by other processes of the same user."""
    command, directory = [str(programs.builder.path)], tmp_path
    if os.geteuid() == 0:
        # Root may read everything; somebody else needs a copy that can be reached.
        directory = pathlib.Path(tempfile.mkdtemp(prefix="sallyport-"))
        directory.chmod(0o755)
        shutil.copy(programs.builder.path, directory / "builder")
        command = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
                   str(directory / "builder")]
    try:
        process = subprocess.Popen(
            [*command, "keygen", tmp_path / "keys", "--role", "seal", "--passphrase-file", "-"],
            env=programs.builder.environment, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        own = pathlib.Path("/proc", str(process.pid))
        locked, deadline = 0, time.monotonic() + 20
        while locked == 0 and time.monotonic() < deadline:  # it waits for the passphrase then
            locked = int(re.search(r"^VmLck:\s+(\d+) kB$", (own / "status").read_text(), re.M)[1])
        core = re.search(r"^Max core file size\s+(\S+)\s+(\S+)", (own / "limits").read_text(), re.M)
        owner = (own / "environ").stat().st_uid
        process.communicate(b"")
        assert locked > 0
        assert core.groups() == ("0", "0")
        assert owner == 0, "the kernel gives /proc/PID of a process that cannot be traced to root"
    finally:
        if directory != tmp_path:
            shutil.rmtree(directory)


# ---- what is taken for a key ----

def mode(bits):
    return lambda key: key.chmod(bits)


def as_link(key):
    key.rename(key.with_name("real.key"))
    key.symlink_to("real.key")


def as_fifo(key):
    key.unlink()
    os.mkfifo(key, 0o600)


def as_directory(key):
    key.unlink()
    key.mkdir(0o700)


def holding(body):
    def write(key):
        key.write_bytes(body(key) if callable(body) else body)
    return write


BAD_KEYS = {
    "readable-by-group": mode(0o640),
    "readable-by-others": mode(0o604),
    "writable-by-others": mode(0o602),
    "executable-by-others": mode(0o601),
    "link": as_link,
    "fifo": as_fifo,
    "directory": as_directory,
    "empty": holding(b""),
    "text": holding(b"secret\n"),
    "public-key": holding(lambda key: key.with_name("seal.pub").read_bytes()),
    "rsa": holding(lambda _: openssl("genpkey", "-algorithm", "rsa", "-pkeyopt",
                                     "rsa_keygen_bits:2048")),
    "p-256": holding(lambda _: openssl("genpkey", "-algorithm", "ec", "-pkeyopt",
                                       "ec_paramgen_curve:P-256")),
    "x25519": holding(lambda _: openssl("genpkey", "-algorithm", "x25519")),
    "no-end": holding(lambda key: key.read_bytes().split(b"-----END")[0]),
    "text-before": holding(lambda key: b"hello\n" + key.read_bytes()),
    "text-after": holding(lambda key: key.read_bytes() + b"hello\n"),
    "twice": holding(lambda key: key.read_bytes() * 2),
    "bad-base64": holding(lambda key: key.read_bytes().replace(b"\nMC", b"\n*C")),
    "huge": holding(lambda key: key.read_bytes() + b"\n" * 100_000),
}


def of_another_user(key):
    if os.geteuid() != 0:
        pytest.skip("only root can give a file away")
    os.chown(key, 12345, 12345)


@only_root_sees_arguments
@pytest.mark.parametrize(("spoil", "words"), [
    (mode(0o644), "chmod 600 it"), (as_link, "a link; a secret key must be a file of its own"),
    (as_fifo, "not a regular file"), (of_another_user, "belongs to another user"),
], ids=["0644", "link", "fifo", "other-owner"])
def test_row_k5_the_wrong_file_is_refused_before_it_is_read(spoil, words, programs, make_keys,
                                                            tmp_path):
    keys = make_keys()
    spoil(keys.directory / "seal.key")
    log = tmp_path / "log"
    strace = shutil.which("strace", path="/usr/bin:/bin") or missing("strace")
    done = programs.builder.run(
        "build", write_archive(tmp_path / "tiny.tgz"), "--output", tmp_path / "layout", "--keys",
        keys, status=None, timeout=20, env=ENVIRONMENT,
        wrapper=[strace, "-f", "-qq", "-y", "-o", log, "-e", "trace=openat,read,pread64,mmap"])
    refused(done, 4, "seal.key", words)
    calls = log.read_text().splitlines()
    assert any("openat(" in call and "seal.key" in call for call in calls)
    assert not [call for call in calls if "openat(" not in call and "seal.key>" in call]


@pytest.mark.parametrize("spoil", BAD_KEYS.values(), ids=BAD_KEYS.keys())
def test_bad_keys_are_refused(spoil, make_keys, seal_with, tmp_path):
    keys = make_keys()
    secret = b"".join((keys.directory / "seal.key").read_bytes().split(b"\n")[1:2])
    spoil(keys.directory / "seal.key")
    before = names_in(tmp_path)
    done = seal_with(keys, timeout=10)
    refused(done, 4, "seal.key")
    assert names_in(tmp_path) == before
    assert secret.decode() not in done.stderr


def test_no_key_at_all(seal_with, tmp_path):
    (tmp_path / "empty").mkdir()
    before = names_in(tmp_path)
    done = seal_with(tmp_path / "empty")
    refused(done, 1, "seal.key")
    assert "'builder keygen' makes one" in done.stderr
    refused(seal_with(tmp_path / "missing"), 1, "missing")
    assert names_in(tmp_path) == before


BOXES = {
    "not-json": b"{",
    "empty": b"{}",
    "other-kdf": lambda box: {**box, "kdf": {**box["kdf"], "name": "none"}},
    "other-cipher": lambda box: {**box, "cipher": {**box["cipher"], "name": "none"}},
    "huge-cost": lambda box: {**box, "kdf": {**box["kdf"], "params": {"N": 2 ** 30, "r": 8, "p": 1}}},
    "no-cost": lambda box: {**box, "kdf": {**box["kdf"], "params": {"N": 1, "r": 1, "p": 1}}},
    "short-salt": lambda box: {**box, "kdf": {**box["kdf"], "salt": "AA=="}},
    "short-nonce": lambda box: {**box, "cipher": {**box["cipher"], "nonce": "AA=="}},
    "cut-ciphertext": lambda box: {**box, "ciphertext": box["ciphertext"][:40]},
    "changed-ciphertext": lambda box: {**box, "ciphertext": "AAAA" + box["ciphertext"][4:]},
    "empty-ciphertext": lambda box: {**box, "ciphertext": ""},
}


@pytest.mark.parametrize("change", BOXES.values(), ids=BOXES.keys())
def test_spoilt_encrypted_keys(change, make_keys, seal_with, passphrase_file, tmp_path):
    keys = make_keys("--passphrase-file", passphrase_file)
    key = keys.directory / "seal.key"
    first, *middle, last = key.read_text().splitlines()
    box = json.loads(base64.b64decode("".join(middle)))
    body = change if isinstance(change, bytes) else json.dumps(change(box)).encode()
    key.write_text("\n".join([first, base64.b64encode(body).decode(), last]) + "\n")
    before = names_in(tmp_path)
    refused(seal_with(keys, "--passphrase-file", passphrase_file, timeout=20), 4, "seal.key")
    assert names_in(tmp_path) == before


def test_both_pem_labels_of_cosign(make_keys, seal_with, passphrase_file):
    keys = make_keys("--passphrase-file", passphrase_file)
    key = keys.directory / "seal.key"
    key.write_text(key.read_text().replace("ENCRYPTED SIGSTORE", "ENCRYPTED COSIGN"))
    assert seal_with(keys, "--passphrase-file", passphrase_file).status == 0


def test_only_the_secret_key_is_needed(keys, seal_with, tmp_path, programs):
    alone = tmp_path / "alone"
    alone.mkdir()
    shutil.copy2(keys.directory / "seal.key", alone)
    assert seal_with(alone).status == 0
    programs.builder.run("verify", tmp_path / "layout", "--trust", keys.trust)


@pytest.mark.parametrize("sent", ["build", "keygen"])
def test_the_passphrase_shows_nowhere(sent, programs, keygen, seal_with, make_keys, tmp_path):
    canary = "kanarienvogel-4711"
    phrase = tmp_path / "phrase"
    phrase.write_text(canary)
    if sent == "keygen":
        done = keygen("--passphrase-file", phrase, "--verbose")
    else:
        keys = make_keys("--passphrase-file", phrase)
        done = seal_with(keys, "--passphrase-file", phrase, "--verbose")
    assert done.status == 0
    assert canary not in done.stdout + done.stderr
    written = [path for path in tmp_path.rglob("*") if path.is_file() and path != phrase]
    assert written and not any(canary.encode() in path.read_bytes() for path in written)


def test_there_is_no_option_for_a_secret_in_the_arguments(programs, keys, tmp_path):
    for option in ("--passphrase", "--password", "--key"):
        done = programs.builder.run("build", "x", "--output", tmp_path / "o", "--keys", keys,
                                    f"{option}=canary", status=None)
        refused(done, 2)
