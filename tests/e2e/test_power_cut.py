"""Row F6: what a power cut leaves, from the order of writes, fsyncs and renames. See durability.py."""

import subprocess

import durability
import pytest
from demands import names_in
from real_registry import PASSWORD, USERNAME
from test_trust_update import site  # noqa: F401
from traced import ENVIRONMENT, Tracer, only_root_sees_arguments

pytestmark = only_root_sees_arguments


@pytest.fixture
def traced(tmp_path):
    """traced(program, *arguments): the durability.Disk after a run that succeeds."""
    def traced(program, *arguments, stdin=b""):
        tracer = Tracer(program, durability.CALLS)
        log = tmp_path / "trace.log"
        done = subprocess.run(
            [tracer.strace, "-f", "-qq", "-y", "-a0", "-s4096", "-o", log, "-e",
             f"trace={','.join(durability.CALLS)}", program.path, *map(str, arguments)],
            env={**program.environment, **ENVIRONMENT}, cwd=tmp_path, input=stdin,
            capture_output=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        disk = durability.judge(log.read_text(), tmp_path)
        log.unlink()
        assert disk.left() == []
        return disk
    return traced


def build(traced, programs, charts, keys, directory, *options):
    return traced(programs.builder, "build", *charts.all, "--output", directory / "place", "--keys",
                  keys, *options)


@pytest.mark.parametrize("force", [False, True], ids=["new", "force"])
def test_row_f6_build(force, traced, programs, charts, keys, tmp_path):
    if force:
        build(traced, programs, charts, keys, tmp_path)
    disk = build(traced, programs, charts, keys, tmp_path, *(["--force"] if force else []))
    assert (disk.early, disk.steps) == ([], ["rename place"])


def test_row_f6_sign(traced, programs, layout, stranger, tmp_path):
    disk = traced(programs.builder, "sign", layout, "--keys", stranger, "--seal-id", layout.seal_id)
    assert disk.early == []
    new, = disk.steps
    assert new.startswith("rename one/SEAL.") and new.endswith(".sig")


def test_row_f6_seal(traced, programs, layout, keys, tmp_path):
    """What another tool wrote is on the disk too before it is sealed."""
    disk = traced(programs.builder, "seal", layout, "--keys", keys)
    assert disk.early == []
    signature = layout.signatures[0].name
    assert disk.steps == [f"remove one/{signature}", "rename one/index.json", "remove one/SEAL",
                          "rename one/SEAL", f"rename one/{signature}"]


def test_row_f6_keys(traced, programs, tmp_path):
    """Not in one step: what was not said to be done may be half there. Then keygen refuses it."""
    disk = traced(programs.builder, "keygen", tmp_path / "keys", "--role", "all", "--no-passphrase")
    assert "create keys/release.key" in disk.steps
    disk = traced(programs.builder, "key", "import", tmp_path / "keys" / "seal.key", "--output",
                  tmp_path / "imported", "--no-passphrase")
    assert disk.steps


def test_row_f6_trust(traced, programs, site, tmp_path):
    new = site.write("new", 2)
    disk = traced(programs.builder, "trust", "make", new, "--previous", site.installed, "--output",
                  tmp_path / "update", *site.roots["ann"].options)
    assert (disk.early, disk.steps) == ([], ["rename update"])
    site.sign(tmp_path / "update", "bob")
    disk = traced(programs.pusher, "trust", "apply", tmp_path / "update", "--trust", site.installed)
    assert (disk.early, disk.steps) == ([], ["rename installed"])


def test_row_f6_push(traced, programs, build, charts, keys, registry, tmp_path):
    layout = build(charts.web, options=["--origin", "plant-a", "--sequence", "3"])
    (tmp_path / "state").mkdir()
    disk = traced(programs.pusher, "push", layout, registry.oci("charts"), "--trust", keys.trust,
                  "--plain-http", "--state", tmp_path / "state", "--receipt", tmp_path / "receipt")
    assert disk.early == []
    mark, = names_in(tmp_path / "state")
    assert disk.steps == [f"rename state/{mark}", "rename receipt"]


def test_row_f6_login(traced, programs, registry_basic, tmp_path):
    file = tmp_path / "config.json"
    disk = traced(programs.pusher, "login", registry_basic.host, "--username", USERNAME,
                  "--password-stdin", "--plain-http", "--registry-config", file,
                  stdin=PASSWORD.encode())
    assert (disk.early, disk.steps) == ([], ["rename config.json"])


# ---- the judge ----

GOOD = ['1 mkdirat(3</t>, ".a.tmp-0123456789abcdef", 0700) = 0',
        '1 openat(4</t/.a.tmp-0123456789abcdef>, "x", O_WRONLY|O_CREAT|O_EXCL, 0644) = '
        '5</t/.a.tmp-0123456789abcdef/x>',
        '1 write(5</t/.a.tmp-0123456789abcdef/x>, ""..., 4) = 4',
        '1 fsync(5</t/.a.tmp-0123456789abcdef/x>) = 0',
        '1 fsync(4</t/.a.tmp-0123456789abcdef>) = 0',
        '1 renameat2(3</t>, ".a.tmp-0123456789abcdef", 3</t>, "a", RENAME_NOREPLACE) = 0',
        '1 fsync(3</t>) = 0']


@pytest.mark.parametrize("lost", [3, 4, 6])
def test_row_f6_no_fsync_may_be_missing(lost):
    disk = durability.judge("\n".join(GOOD), "/t")
    assert (disk.early, disk.left(), disk.steps) == ([], [], ["rename a"])
    failing = [*GOOD[:lost], GOOD[lost].replace("= 0", "= -1 EIO (Input/output error)"), *GOOD[lost + 1:]]
    for log in (GOOD[:lost] + GOOD[lost + 1:], failing):
        disk = durability.judge("\n".join(log), "/t")
        assert disk.early or disk.left()
