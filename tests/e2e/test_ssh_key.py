"""Seals by ssh-keygen: keys in files, agents, with passphrases; and what the child may have of us."""

import os
import re
import shutil
import signal
import subprocess
import time

import pytest
from crafted import write_archive
from demands import names_in, refused
from helpers import Layout, Signer, missing, sha256, tree, verify_with_stock_tools
from traced import only_root_sees_arguments


@pytest.fixture
def builder(programs):
    """builder without no_network: its child looks a user up, for which libc tries a socket."""
    def run(*arguments, **options):
        return programs.builder.run(*arguments, wrapper=(), **options)
    return run


@pytest.fixture
def chart(tmp_path):
    return write_archive(tmp_path / "tiny.tgz")


@pytest.fixture
def layout(tmp_path):
    return tmp_path / "layout"


@pytest.fixture
def make_agent(tmp_path):
    """make_agent(key...): the environment of an ssh-agent that holds these; stopped after the test."""
    running = []

    def make(*keys):
        socket = tmp_path / f"agent-{len(running)}"
        agent = subprocess.Popen(["ssh-agent", "-D", "-a", socket], stdout=subprocess.DEVNULL)
        running.append(agent)
        deadline = time.monotonic() + 10
        while not socket.exists():
            assert time.monotonic() < deadline and agent.poll() is None
            time.sleep(0.01)
        environment = {"SSH_AUTH_SOCK": str(socket)}
        for key in keys:
            subprocess.run(["ssh-add", "-q", key], env={**os.environ, **environment}, check=True,
                           capture_output=True)
        return environment

    yield make
    for agent in running:
        agent.terminate()
        agent.wait(10)


def assert_sealed_by(layout, signer, programs):
    """By its key alone, and both we and the stock tools say so."""
    made = Layout(layout)
    assert [path.name for path in made.signatures] == [f"SEAL.{signer.kid}.sig"]
    trust = signer.trust(f"trust-{layout.name}")
    programs.pusher.run("verify", layout, "--trust", trust)
    verify_with_stock_tools(made, trust, signer.principal)


@pytest.mark.parametrize("file", ["private", "public", "linked", "lone public"])
def test_a_key_file_seals(file, builder, programs, signer, chart, layout, tmp_path):
    paths = {"private": signer.key, "public": signer.key.with_suffix(".pub"),
             "linked": tmp_path / "link", "lone public": signer.key.with_suffix(".pub")}
    paths["linked"].symlink_to(signer.key)
    if file == "lone public":  # the private half alone: its public half is in it
        signer.key.with_suffix(".pub").unlink()
        paths[file] = signer.key
    done = builder("build", chart, "--output", layout, "--ssh-key", paths[file])
    assert done.stdout.splitlines()[-1] == f"seal {Layout(layout).seal_id} {layout}"
    assert done.stderr == ""
    assert_sealed_by(layout, signer, programs)


def test_the_same_key_gives_the_same_bytes(builder, signer, chart, tmp_path):
    for name in ("a", "b"):
        builder("build", chart, "--output", tmp_path / name, "--ssh-key", signer.key)
    assert tree(tmp_path / "a") == tree(tmp_path / "b")
    signature, = Layout(tmp_path / "a").signatures
    assert signature.read_bytes() == signer.sign((tmp_path / "a" / "SEAL").read_bytes())


def test_an_agent_seals(builder, programs, signer, make_agent, chart, layout):
    environment = make_agent(signer.key)
    signer.key.unlink()
    builder("build", chart, "--output", layout, "--ssh-key", signer.key.with_suffix(".pub"),
            env=environment)
    assert_sealed_by(layout, signer, programs)


def test_an_agent_without_the_key_does_not(builder, signer, make_agent, chart, layout):
    environment = make_agent()
    signer.key.unlink()
    done = builder("build", chart, "--output", layout, "--ssh-key", signer.key.with_suffix(".pub"),
                   env=environment, status=None)
    refused(done, 4, "ssh-keygen -Y sign with", "exit status 255")
    assert not layout.exists()


def test_a_passphrase_is_ssh_keygens_to_ask_for(builder, programs, signer, chart, layout, tmp_path):
    subprocess.run(["ssh-keygen", "-q", "-p", "-P", "", "-N", "secret", "-f", signer.key], check=True,
                   capture_output=True)
    askpass = tmp_path / "askpass"
    askpass.write_text("#!/bin/sh\necho secret\n")
    askpass.chmod(0o755)
    done = programs.builder.run("build", chart, "--output", layout, "--ssh-key", signer.key,
                                wrapper=["setsid", "-w"], status=None)  # without a terminal
    refused(done, 4, "exit status 255", "passphrase")
    builder("build", chart, "--output", layout, "--ssh-key", signer.key,
            env={"SSH_ASKPASS": askpass, "SSH_ASKPASS_REQUIRE": "force"})
    assert_sealed_by(layout, signer, programs)


@pytest.mark.parametrize("file", ["private", "public"])
def test_an_authenticator_seals(file, builder, programs, chart, layout, tmp_path):
    token = Signer(tmp_path / "token", "enclave", programs.authenticator)
    key = token.key if file == "private" else token.key.with_suffix(".pub")
    builder("build", chart, "--output", layout, "--ssh-key", key,
            env={"SSH_SK_PROVIDER": programs.authenticator})
    assert_sealed_by(layout, token, programs)


def test_an_authenticator_that_is_not_there(builder, programs, chart, layout, tmp_path):
    token = Signer(tmp_path / "token", "enclave", programs.authenticator)
    refused(builder("build", chart, "--output", layout, "--ssh-key", token.key, status=None,
                    env={"SSH_SK_PROVIDER": tmp_path / "nothing.so"}), 4, "exit status")
    assert not layout.exists()


@pytest.mark.parametrize(("make", "words"), [
    (lambda key: key.chmod(0o644), ["too open"]),
    (lambda key: key.unlink(), ["open", "No such file"]),
    (lambda key: key.write_bytes(b"\x1b[31m\n"), ["neither a public nor a private key"]),
    (lambda key: key.write_text("ssh-rsa AAAAB3NzaC1yc2E=\n"), ["key type 'ssh-rsa'"]),
], ids=["readable by others", "missing", "no key", "rsa"])
def test_keys_that_are_none(make, words, builder, signer, chart, layout, tmp_path):
    signer.key.with_suffix(".pub").unlink()
    make(signer.key)
    done = builder("build", chart, "--output", layout, "--ssh-key", signer.key, status=None)
    refused(done, done.status, *words)
    assert done.status in (1, 4)
    assert names_in(tmp_path) == ["signer", "tiny.tgz"]


def test_a_key_that_is_another_is_refused(builder, signer, chart, layout, tmp_path):
    """Beside a public key lies the private half of another: what ssh-keygen signs is not taken."""
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "other"], check=True)
    shutil.copy(tmp_path / "other", signer.key)
    done = builder("build", chart, "--output", layout, "--ssh-key", signer.key.with_suffix(".pub"),
                   status=None)
    refused(done, 4)
    assert not layout.exists()


def test_nothing_of_ours_but_what_is_listed_reaches_the_child(builder, signer, chart, layout, tmp_path):
    """Seen by a stranger in the place of the askpass program, which ssh-keygen starts."""
    subprocess.run(["ssh-keygen", "-q", "-p", "-P", "", "-N", "secret", "-f", signer.key], check=True,
                   capture_output=True)
    askpass = tmp_path / "askpass"
    askpass.write_text(f"#!/bin/sh\n/usr/bin/env > {tmp_path}/seen\n/bin/ls -l /proc/self/fd > "
                       f"{tmp_path}/open\nulimit -c >> {tmp_path}/open\necho secret\n")
    askpass.chmod(0o755)
    builder("build", chart, "--output", layout, "--ssh-key", signer.key,
            env={"SSH_ASKPASS": askpass, "SSH_ASKPASS_REQUIRE": "force", "LD_PRELOAD_": "x",
                 "SECRET": "canary", "PATH": "/nowhere"})
    seen = dict(line.split("=", 1) for line in (tmp_path / "seen").read_text().splitlines())
    assert "SECRET" not in seen and "canary" not in (tmp_path / "seen").read_text()
    assert seen["PATH"] == "/usr/bin:/bin" and seen["LC_ALL"] == "C.UTF-8"
    assert set(seen) <= {"PATH", "LC_ALL", "HOME", "SSH_ASKPASS", "SSH_ASKPASS_REQUIRE", "PWD", "_",
                         "SHLVL", "OLDPWD"}
    assert str(tmp_path / "layout") not in (tmp_path / "open").read_text()
    assert (tmp_path / "open").read_text().splitlines()[-1] == "0"


@only_root_sees_arguments
def test_builder_itself_opens_no_socket_while_its_child_does(programs, signer, make_agent, chart, layout,
                                                            tmp_path):
    strace = shutil.which("strace") or missing("strace")
    environment = make_agent(signer.key)
    log = tmp_path / "log"
    programs.builder.run("build", chart, "--output", layout, "--ssh-key", signer.key,
                         wrapper=[strace, "-f", "-qq", "-o", log, "-e", "trace=%network,execve"],
                         env={**environment, "ASAN_OPTIONS": "exitcode=99:detect_leaks=0"})
    lines = log.read_text().splitlines()
    ours = lines[0].split()[0]
    calls = [re.match(r"(\d+)\s+(\w+)\(", line).groups() for line in lines if "(" in line
             and re.match(r"(\d+)\s+(\w+)\(", line)]
    assert [name for pid, name in calls if pid == ours] == ["execve"]
    assert "connect" in [name for pid, name in calls if pid != ours]
    started = [line for line in lines if "execve(" in line]
    assert len(started) == 2 and '"/usr/bin/ssh-keygen"' in started[1]


def test_row_f9_a_signal_ends_both(programs, signer, chart, layout, tmp_path):
    """The child waits for a passphrase that never comes; builder is told to stop."""
    subprocess.run(["ssh-keygen", "-q", "-p", "-P", "", "-N", "secret", "-f", signer.key], check=True,
                   capture_output=True)
    askpass = tmp_path / "askpass"
    askpass.write_text(f"#!/bin/sh\necho $PPID > {tmp_path}/child\nexec sleep 60\n")
    askpass.chmod(0o755)
    environment = {**programs.builder.environment, "SSH_ASKPASS": str(askpass),
                   "SSH_ASKPASS_REQUIRE": "force"}
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        process = subprocess.Popen([programs.builder.path, "build", chart, "--output", layout,
                                    "--ssh-key", signer.key], env=environment, stdin=subprocess.DEVNULL,
                                   stderr=subprocess.PIPE)
        deadline = time.monotonic() + 20
        while not (tmp_path / "child").exists() or not (tmp_path / "child").read_text().strip():
            assert time.monotonic() < deadline
            time.sleep(0.01)
        child = int((tmp_path / "child").read_text())
        (tmp_path / "child").unlink()
        process.send_signal(number)
        assert process.wait(20) == -number, process.stderr.read()
        assert b"interrupted" in process.stderr.read()
        assert not os.path.exists(f"/proc/{child}")
        assert names_in(tmp_path) == ["askpass", "signer", "tiny.tgz"]


# ---- delivery options ----

def test_a_sequence_is_counted_on(builder, build, chart, keys, layout):
    options = ["--origin", "plant-a", "--destination", "registry.example/charts"]
    first = build(chart, name="first", options=[*options, "--sequence", "41"])
    builder("build", chart, "--output", layout, "--keys", keys, *options, "--previous", first)
    annotations = Layout(layout).index["annotations"]
    assert annotations["dev.sallyport.sequence"] == "42"
    assert annotations["dev.sallyport.previous"] == first.seal_id
    assert annotations["dev.sallyport.origin"] == "plant-a"


def test_a_seal_id_is_copied(build, chart):
    previous = sha256(b"")
    made = build(chart, options=["--previous", previous])
    assert made.index["annotations"] == {"dev.sallyport.previous": previous}


@pytest.mark.parametrize(("options", "status", "words"), [
    (["--sequence", "1"], 2, ["--origin"]),
    (["--origin", "a", "--sequence", "0"], 2, ["--sequence"]),
    (["--origin", "a", "--sequence", "9223372036854775808"], 2, ["--sequence"]),
    (["--previous", "nowhere"], 1, ["--previous 'nowhere'"]),
    (["--previous", "A" * 64], 1, ["--previous"]),
    (["--previous", "plain"], 3, ["--previous 'plain'", "SEAL: missing"]),
    (["--previous", "first"], 2, ["its origin is plant-a and that of this delivery none"]),
    (["--previous", "first", "--origin", "plant-b"], 2, ["its origin is plant-a"]),
    (["--previous", "first", "--origin", "plant-a", "--destination", "x.example"], 2,
     ["its destination is none"]),
    (["--previous", "first", "--origin", "plant-a", "--sequence", "41"], 2, ["does not come after"]),
], ids=lambda value: " ".join(value) if isinstance(value, list) else str(value))
def test_deliveries_that_do_not_follow(options, status, words, builder, build, chart, keys, layout,
                                       tmp_path):
    build(chart, name="first", options=["--origin", "plant-a", "--sequence", "41"])
    (tmp_path / "plain").mkdir()
    done = builder("build", chart, "--output", layout, "--keys", keys, *options, cwd=tmp_path,
                   status=None)
    refused(done, status, *words)
    assert not layout.exists()
