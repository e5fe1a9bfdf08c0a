"""builder sign: the second person's signature, and what it is not given for."""

import json
import os
import pty
import shutil
import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import helpers
import pytest
from demands import names_in, refused
from helpers import SEAL_NAMESPACE, Layout, sha256, tree, verify_with_stock_tools
from traced import Tracer

CALLS = ["openat", "mkdirat", "write", "fsync", "fchmod", "renameat", "renameat2", "unlinkat", "flock",
         "close"]


@pytest.fixture
def second(tmp_path):
    """The second person's key, held by ssh-keygen."""
    return helpers.Signer(tmp_path / "second", principal="second")


@pytest.fixture
def sign(programs):
    """sign(layout, *options): with the seal id that the layout has, so that nothing is asked."""
    def run(layout, *options, status=0, **more):
        return programs.builder.run("sign", layout, "--seal-id", layout.seal_id, *options,
                                    status=status, wrapper=(), **more)
    return run


def both_trusted(first, second, directory):
    """A trust directory that wants a seal by both of them."""
    directory.mkdir(mode=0o755)
    (directory / "allowed_signers").write_text(
        (first.trust / "allowed_signers").read_text()
        + f'{second.principal} namespaces="{SEAL_NAMESPACE}" {second.public}\n')
    (directory / "policy.json").write_text(json.dumps(
        {"version": 1, "seal": {"threshold": 2, "signers": ["enclave", second.principal]}}))
    return directory


def foreign_signature(second, layout, path):
    path.write_bytes(second.sign((layout.path / "SEAL").read_bytes()))
    return path


# ---- two of two ----

@pytest.mark.parametrize("way", ["ssh-key", "signature", "keys"])
def test_two_of_two(way, sign, programs, keys, stranger, second, layout, tmp_path):
    trust = both_trusted(keys, second, tmp_path / "trust")
    if way == "keys":
        line = (stranger.trust / "allowed_signers").read_text().split(None, 1)[1]
        (trust / "allowed_signers").write_text(
            (keys.trust / "allowed_signers").read_text() + "second " + line)
    refused(programs.pusher.run("verify", layout, "--trust", trust, status=None), 4,
            "1 of the 2 trusted signers")
    options = {"ssh-key": ["--ssh-key", second.key], "keys": ["--keys", stranger],
               "signature": ["--signature", foreign_signature(second, layout, tmp_path / "sig")]}
    before = tree(layout.path)
    done = sign(layout, *options[way])
    after = tree(layout.path)
    assert "now signed by" in done.stdout and layout.seal_id in done.stdout
    assert {name: after[name] for name in before} == before and len(after) == len(before) + 1
    said = programs.pusher.run("verify", layout, "--trust", trust).stdout
    assert said.count("signed by") == 2
    programs.builder.run("verify", layout, "--trust", trust)
    if way != "keys":
        signature = layout.path / f"SEAL.{second.kid}.sig"
        assert signature.read_bytes() == second.sign((layout.path / "SEAL").read_bytes())
        assert oct(signature.stat().st_mode) == "0o100644"
    assert names_in(tmp_path) == ["one", "second", "sig", "trust"]


def test_the_same_key_again_has_nothing_to_do(sign, second, layout):
    sign(layout, "--ssh-key", second.key)
    before = tree(layout.path)
    assert "already signed by" in sign(layout, "--ssh-key", second.key).stdout
    done = sign(layout, "--ssh-key", second.key, "--json")
    assert done.json["added"] is False and done.json["ok"] is True
    assert tree(layout.path) == before


def test_json(sign, second, layout):
    said = sign(layout, "--ssh-key", second.key, "--json").json
    assert said["kid"] == second.kid and said["added"] is True and said["sealId"] == layout.seal_id
    assert said["artifacts"][0]["repository"] == "harbour-web"
    assert said["fingerprint"].startswith("SHA256:")


@pytest.mark.parametrize("spelling", ["crlf", "no newline", "one line", "behind"])
def test_a_foreign_spelling_is_stored_in_ours(spelling, sign, second, layout, tmp_path):
    signature = foreign_signature(second, layout, tmp_path / "sig")
    text = signature.read_text()
    begin, *body, end = text.splitlines()
    signature.write_bytes({
        "crlf": text.replace("\n", "\r\n"), "no newline": text.rstrip("\n"),
        "one line": "\n".join([begin, "".join(body), end, ""]), "behind": text + "and more\n",
    }[spelling].encode())
    sign(layout, "--signature", signature)
    assert (layout.path / f"SEAL.{second.kid}.sig").read_text() == text


# ---- asked on a terminal ----

def on_terminal(programs, answer, *arguments):
    """Runs builder with a terminal of its own, on which it is asked; returns (status, shown)."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execve(programs.builder.path, [str(programs.builder.path), *map(os.fspath, arguments)],
                  programs.builder.environment)
    shown = b""
    deadline = time.monotonic() + 30
    try:
        while True:
            assert time.monotonic() < deadline
            piece = os.read(terminal, 65536)
            if not piece:
                break
            shown += piece
            if b"? (yes) " in shown and answer:
                os.write(terminal, answer)
                answer = b""
    except OSError:
        pass  # Linux tells the end of a terminal so
    os.close(terminal)
    _, status = os.waitpid(pid, 0)
    return status, shown.decode()


def test_a_yes_on_the_terminal_signs(programs, second, layout):
    status, shown = on_terminal(programs, b"yes\n", "sign", layout, "--ssh-key", second.key)
    assert status == 0, shown
    for word in (layout.seal_id, "harbour-web", "signed by", "now signed by"):
        assert word in shown
    assert len(layout.signatures) == 2


@pytest.mark.parametrize("answer", [b"no\n", b"\n", b"y\n", b"yes please\n", b"YES\n", b"\x04"])
def test_any_other_answer_does_not(answer, programs, second, layout):
    status, shown = on_terminal(programs, answer, "sign", layout, "--ssh-key", second.key)
    assert os.waitstatus_to_exitcode(status) == 2 and "nothing was done" in shown
    assert len(layout.signatures) == 1


def test_an_interrupt_at_the_question(programs, second, layout):
    status, shown = on_terminal(programs, b"\x03", "sign", layout, "--ssh-key", second.key)
    assert os.waitstatus_to_exitcode(status) == -signal.SIGINT, shown
    assert len(layout.signatures) == 1


def test_without_a_terminal_the_seal_id_is_wanted(programs, second, layout):
    done = programs.builder.run("sign", layout, "--ssh-key", second.key, wrapper=["setsid", "-w"],
                                status=None)
    refused(done, 2, "--seal-id")
    assert len(layout.signatures) == 1


# ---- refused ----

def test_another_seal_id(programs, second, layout):
    done = programs.builder.run("sign", layout, "--ssh-key", second.key, "--seal-id", "0" * 64,
                                status=None, wrapper=())
    refused(done, 4, layout.seal_id, "0" * 64)


@pytest.mark.parametrize("arguments", [
    [], ["--keys", "k", "--ssh-key", "s"], ["--keys", "k", "--signature", "s"],
    ["--ssh-key", "k", "--seal-id", "abc"], ["--ssh-key", "k", "--seal-id", "A" * 64],
    ["--ssh-key", "k", "second-operand"],
])
def test_usage(arguments, programs, layout):
    refused(programs.builder.run("sign", layout, *arguments, status=None), 2, "builder sign --help")


def drop(name):
    return lambda layout: (layout.path / name).unlink()


def change_blob(layout):
    blob = sorted((layout.path / "blobs" / "sha256").iterdir())[0]
    blob.write_bytes(bytes([blob.read_bytes()[0] ^ 1]) + blob.read_bytes()[1:])


def remove_signature(layout):
    layout.signatures[0].unlink()


def break_signature(layout):
    path = layout.signatures[0]
    path.write_bytes(path.read_bytes().replace(b"A", b"B", 1))


def rename_signature(layout):
    layout.signatures[0].rename(layout.path / "SEAL.0123456789abcdef.sig")


def empty_signature(layout):
    (layout.path / "SEAL.0123456789abcdef.sig").write_bytes(b"")


def link_signature(layout):
    (layout.path / "SEAL.0123456789abcdef.sig").symlink_to(layout.signatures[0].name)


def other_spelling(layout):
    path = layout.signatures[0]
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))


DAMAGED = [
    (drop("SEAL"), "SEAL"), (drop("index.json"), "index.json"), (change_blob, "changed"),
    (remove_signature, "nobody has signed it yet"), (break_signature, "SEAL."),
    (rename_signature, "the signature in it is of the key"),
    (empty_signature, "not an OpenSSH signature file"), (link_signature, "not a regular file"),
    (other_spelling, "(of '"),
    (lambda layout: (layout.path / "stray").touch(), "not in the seal"),
]


@pytest.mark.parametrize(("damage", "word"), DAMAGED, ids=[word for _, word in DAMAGED])
def test_what_is_not_whole_is_not_signed(damage, word, programs, second, layout):
    seal_id = layout.seal_id
    damage(layout)
    before = tree(layout.path)
    done = programs.builder.run("sign", layout, "--ssh-key", second.key, "--seal-id", seal_id,
                                status=None, wrapper=())
    assert done.status == 4 and word in done.stderr, done
    assert done.stdout == ""
    assert tree(layout.path) == before


def other_message(second, layout):
    return second.sign((layout.path / "SEAL").read_bytes() + b"\n")


def other_namespace(second, layout):
    return second.sign((layout.path / "SEAL").read_bytes(), "trust-v1@sallyport.dev")


@pytest.mark.parametrize(("make", "word"), [
    (other_message, "does not hold"), (other_namespace, "seal-v1@sallyport.dev"),
    (lambda *_: b"", "not an OpenSSH signature file"),
    (lambda *_: b"A" * 5000, "larger than"),
    (lambda *_: b"-----BEGIN SSH SIGNATURE-----\nU1NIU0lH\n-----END SSH SIGNATURE-----\n", "signature"),
], ids=["message", "namespace", "empty", "large", "short"])
def test_foreign_signatures_that_do_not_hold(make, word, sign, second, layout, tmp_path):
    (tmp_path / "sig").write_bytes(make(second, layout))
    done = sign(layout, "--signature", tmp_path / "sig", status=None)
    refused(done, done.status, word)
    assert done.status in (3, 4) and len(layout.signatures) == 1


def test_there_is_room_for_sixteen(sign, programs, layout, tmp_path):
    for number in range(15):
        signer = helpers.Signer(tmp_path / f"signer-{number}", principal=f"signer-{number}")
        sign(layout, "--signature", foreign_signature(signer, layout, tmp_path / "sig"))
    last = helpers.Signer(tmp_path / "last")
    refused(sign(layout, "--ssh-key", last.key, status=None), 3, "16 signatures")
    assert len(layout.signatures) == 16
    signer = helpers.Signer(tmp_path / "again")
    assert signer.kid not in str(layout.signatures)


# ---- bits and lengths ----

@pytest.mark.slow
def test_bits_and_lengths_of_every_file(sign, programs, keys, second, layout, tmp_path):
    """In strides, by the program: test_tampering.c does it to all of them, in one process."""
    sign(layout, "--ssh-key", second.key)
    trust = both_trusted(keys, second, tmp_path / "trust")
    programs.pusher.run("verify", layout, "--trust", trust)

    def refuses(path, data, what):
        copy = Layout(tmp_path / what)
        copy.path.mkdir()
        for name in layout.files():
            relative = name.relative_to(layout.path)
            (copy.path / relative).parent.mkdir(parents=True, exist_ok=True)
            if name != path:
                os.link(name, copy.path / relative)
        (copy.path / path.relative_to(layout.path)).write_bytes(data)
        done = programs.pusher.run("verify", copy, "--trust", trust, status=None)
        assert done.status == 4, (what, done)
        shutil.rmtree(copy.path)

    def check(item):
        path, kind, number = item
        data = bytearray(path.read_bytes())
        if kind == "bit":
            data[number // 8] ^= 1 << number % 8
        else:
            del data[number:]
        refuses(path, bytes(data), f"{path.name}-{kind}-{number}")

    items = []
    for path in layout.files():
        size = path.stat().st_size
        count = 61 if path.name.endswith(".sig") else 11
        items += [(path, "bit", n) for n in range(0, size * 8, max(1, size * 8 // count))]
        items += [(path, "cut", n) for n in range(0, size, max(1, size // 11))]
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        list(pool.map(check, items))
    assert len(items) > 200


# ---- faults ----

@pytest.fixture
def tracer(programs):
    return Tracer(programs.builder, CALLS)


@pytest.mark.slow
def test_row_f4_kill_at_every_syscall_of_sign(tracer, programs, keys, stranger, layout, tmp_path):
    """The signature is there, whole, or not at all; the next run finishes and leaves nothing."""
    seal_id = layout.seal_id
    done = layout.copy(tmp_path / "done")
    command = ["sign", done, "--keys", stranger, "--seal-id", seal_id]
    points = tracer.points(tmp_path / "log", *command, begin="flock", changing=True)
    complete = tree(done.path)
    before = tree(layout.path)
    assert len(points) > 3

    def check(number):
        directory = tmp_path / f"kill-{number}"
        directory.mkdir()
        place = layout.copy(directory / "place")
        command = ["sign", place, "--keys", stranger, "--seal-id", seal_id]
        killed = tracer.run("signal=KILL", points[number], *command)
        assert killed.status in (-signal.SIGKILL, 0), (points[number], killed)
        assert tree(place.path) in (before, complete), points[number]
        programs.builder.run("verify", place, "--trust", keys.trust)
        programs.builder.run(*command)
        assert tree(place.path) == complete
        assert names_in(directory) == ["place"], points[number]
        shutil.rmtree(directory)

    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        list(pool.map(check, range(0, len(points), 4 if programs.sanitized else 1)))


@pytest.mark.slow
@pytest.mark.parametrize(("fault", "calls"), [
    ("error=ENOSPC", ["write", "mkdirat", "fsync", "openat"]),
    ("error=EIO", ["write", "fsync", "close", "renameat2", "fchmod"]),
    ("error=EROFS", ["mkdirat", "renameat2"]),
    ("error=EMFILE", ["openat"]),
], ids=lambda value: value if isinstance(value, str) else "")
def test_row_f1_failing_system_calls_of_sign(fault, calls, tracer, programs, stranger, layout,
                                             tmp_path):
    seal_id = layout.seal_id
    done = layout.copy(tmp_path / "done")
    points = tracer.points(tmp_path / "log", "sign", done, "--keys", stranger, "--seal-id", seal_id,
                           begin="flock")
    points = [point for point in points if point[0] in calls]
    complete, before, failures = tree(done.path), tree(layout.path), 0
    assert points
    for number, point in enumerate(points):
        directory = tmp_path / f"{number}"
        directory.mkdir()
        place = layout.copy(directory / "place")
        done = tracer.run(fault, point, "sign", place, "--keys", stranger, "--seal-id", seal_id)
        assert done.status in (0, 1), (point, done)
        failures += done.status
        assert tree(place.path) == complete or (done.status == 1 and tree(place.path) == before), point
        # Where the removal of the staging directory was what failed, the next run removes it.
        programs.builder.run("sign", place, "--keys", stranger, "--seal-id", seal_id)
        assert tree(place.path) == complete and names_in(directory) == ["place"], point
        shutil.rmtree(directory)
    assert failures


@pytest.mark.parametrize("fault", ["retval=0", "error=EINTR"])
def test_row_f3_writes_of_sign_that_write_nothing(fault, tracer, stranger, layout, tmp_path):
    done = layout.copy(tmp_path / "done")
    points = tracer.points(tmp_path / "log", "sign", done, "--keys", stranger, "--seal-id",
                           layout.seal_id, begin="flock")
    for number, point in enumerate(point for point in points if point[0] == "write"):
        place = layout.copy(tmp_path / f"place-{number}")
        assert tracer.run(fault, point, "sign", place, "--keys", stranger, "--seal-id",
                          layout.seal_id).status == 0
        assert tree(place.path) == tree(done.path)


def test_row_f2_a_failing_fsync_of_sign_is_not_repeated(tracer, stranger, layout, tmp_path):
    done = layout.copy(tmp_path / "done")
    points = tracer.points(tmp_path / "log", "sign", done, "--keys", stranger, "--seal-id",
                           layout.seal_id, begin="flock")
    first = next(point for point in points if point[0] == "fsync")
    said = tracer.run("error=EIO", first, "sign", layout, "--keys", stranger, "--seal-id", layout.seal_id)
    assert said.status == 1 and "Input/output error" in said.stderr
    assert len(layout.signatures) == 1


def test_row_f7_of_many_signers_all_succeed_or_are_told_to_wait(programs, stranger, layout, tmp_path):
    started = [programs.builder.popen("sign", layout, "--keys", stranger, "--seal-id", layout.seal_id,
                                      stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
               for _ in range(6)]
    statuses = [process.wait(60) for process in started]
    assert set(statuses) <= {0, 1} and 0 in statuses
    assert len(layout.signatures) == 2
    assert names_in(tmp_path) == ["one"]


def test_row_f8_a_layout_that_is_none(programs, stranger, layout, tmp_path):
    (tmp_path / "file").write_bytes(b"mine")
    (tmp_path / "empty").mkdir()
    (tmp_path / "link").symlink_to("one")
    for name, word in (("file", "not a directory"), ("link", "not a directory"), ("empty", "nobody"),
                       ("nowhere", "No such file")):
        before = tree(tmp_path)
        done = programs.builder.run("sign", tmp_path / name, "--keys", stranger, "--seal-id",
                                    layout.seal_id, status=None)
        refused(done, done.status, word)
        assert done.status in (1, 4)
        assert tree(tmp_path) == before


@pytest.mark.parametrize("umask", [0, 0o077])
def test_row_f10_a_umask_decides_nothing(umask, programs, stranger, layout):
    before = os.umask(umask)
    try:
        programs.builder.run("sign", layout, "--keys", stranger, "--seal-id", layout.seal_id)
    finally:
        os.umask(before)
    assert {oct(path.stat().st_mode & 0o777) for path in layout.signatures} == {"0o644"}


def test_row_f11_a_full_stdout(programs, stranger, layout):
    with open("/dev/full", "wb") as full:
        process = programs.builder.popen("sign", layout, "--keys", stranger, "--seal-id", layout.seal_id,
                                         stdout=full, stderr=subprocess.PIPE)
        said = process.communicate(timeout=30)[1]
    assert process.returncode == 1 and b"standard output" in said
    assert len(layout.signatures) == 2  # what was asked for is done, and a second run says so


def test_row_f13_a_limit_on_file_sizes(programs, stranger, layout, tmp_path):
    before = tree(layout.path)
    done = programs.builder.run("sign", layout, "--keys", stranger, "--seal-id", layout.seal_id,
                                wrapper=["prlimit", "--fsize=10"], status=None)
    assert done.status == 1, done
    assert tree(layout.path) == before and names_in(tmp_path) == ["one"]


def test_row_f17_planted_staging_names(programs, stranger, layout, tmp_path):
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "file").write_bytes(b"mine")
    (tmp_path / ".one.tmp-0123456789abcdef").symlink_to("precious")
    (tmp_path / ".one.tmp-0123456789abcde0").write_bytes(b"mine")
    before = tree(precious)
    programs.builder.run("sign", layout, "--keys", stranger, "--seal-id", layout.seal_id)
    assert tree(precious) == before and len(layout.signatures) == 2


def test_the_layout_may_be_named_from_inside(programs, stranger, layout):
    programs.builder.run("sign", ".", "--keys", stranger, "--seal-id", layout.seal_id, cwd=layout.path)
    assert len(layout.signatures) == 2 and names_in(layout.path.parent) == ["one"]


def test_stock_tools_agree(sign, keys, second, layout):
    sign(layout, "--ssh-key", second.key)
    trust = second.trust("stock")
    (layout.path / f"SEAL.{second.kid}.sig").replace(layout.path.parent / "held")
    verify_with_stock_tools(layout, keys.trust)
    for signature in layout.signatures:
        signature.unlink()
    (layout.path.parent / "held").replace(layout.path / f"SEAL.{second.kid}.sig")
    verify_with_stock_tools(layout, trust, "second")
    assert layout.seal_id == sha256((layout.path / "SEAL").read_bytes())
