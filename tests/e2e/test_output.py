"""The output of builder build: whole or absent, whatever happens in the middle of it."""

import json
import os
import shutil
import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from crafted import TINY, chart_yaml, write_archive
from demands import names_in, refused
from helpers import Layout, sha256, tree
from traced import Tracer

CALLS = ["openat", "mkdirat", "write", "fsync", "fchmod", "fchmodat", "renameat", "renameat2",
         "unlinkat", "flock", "close"]


@pytest.fixture
def chart(tmp_path):
    return write_archive(tmp_path / "tiny.tgz")


@pytest.fixture
def command(programs, keys, chart):
    """command(layout, *options): the arguments of a build of `chart`."""
    return lambda layout, *options: ["build", chart, "--output", layout, "--keys", keys, *options]


def assert_complete(path, programs, keys):
    programs.builder.run("verify", path, "--trust", keys.trust)


# ---- the output exists ----

def make_file(path):
    path.write_bytes(b"mine")


def make_directory(path):
    path.mkdir()


def make_full_directory(path):
    path.mkdir()
    (path / "precious").write_bytes(b"mine")


def make_link(path):
    (path.parent / "elsewhere").mkdir()
    path.symlink_to("elsewhere")


def make_dangling_link(path):
    path.symlink_to("nowhere")


def make_almost_layout(path):
    """As a layout of ours, with one file that no layout has."""
    shutil.copytree(path.parent / "old", path)
    (path / "notes.txt").write_bytes(b"mine")


def make_nested_foreign(path):
    shutil.copytree(path.parent / "old", path)
    (path / "blobs" / "sha512").mkdir()
    (path / "blobs" / "sha512" / "a").write_bytes(b"mine")


def make_foreign_blob_name(path):
    shutil.copytree(path.parent / "old", path)
    (path / "blobs" / "sha256" / "README").write_bytes(b"mine")


def make_linked_blob(path):
    shutil.copytree(path.parent / "old", path)
    (path / "blobs" / "sha256" / ("0" * 64)).symlink_to("../../index.json")


def make_without_index(path):
    shutil.copytree(path.parent / "old", path)
    (path / "index.json").unlink()


def make_link_to_layout(path):
    path.symlink_to("old")


FOREIGN = [make_file, make_directory, make_full_directory, make_link, make_dangling_link,
           make_almost_layout, make_nested_foreign, make_foreign_blob_name, make_linked_blob,
           make_without_index, make_link_to_layout]


@pytest.mark.parametrize("force", [[], ["--force"]], ids=["plain", "force"])
@pytest.mark.parametrize("make", FOREIGN, ids=lambda make: make.__name__[5:])
def test_what_is_no_layout_is_never_replaced(make, force, programs, command, build, chart, tmp_path):
    build(chart, name="old")
    place = tmp_path / "place"
    make(place)
    before = tree(tmp_path)
    done = programs.builder.run(*command(place, *force), status=None, timeout=10)
    refused(done, 2, place)
    assert tree(tmp_path) == before


@pytest.mark.parametrize("force", [[], ["--force"]], ids=["plain", "force"])
def test_a_fifo_in_its_place_does_not_block(force, programs, command, tmp_path):
    os.mkfifo(tmp_path / "place")
    done = programs.builder.run(*command(tmp_path / "place", *force), status=None, timeout=10)
    refused(done, 2, tmp_path / "place")
    assert (tmp_path / "place").is_fifo()


def test_a_layout_is_replaced_only_by_force(programs, command, build, charts, keys, tmp_path):
    place = build(charts.web, name="place").path
    before = tree(tmp_path)
    refused(programs.builder.run(*command(place), status=None), 2, place, "--force")
    assert tree(tmp_path) == before
    inode = place.stat().st_ino
    programs.builder.run(*command(place, "--force"))
    assert [e["annotations"]["dev.sallyport.repository"] for e in Layout(place).index["manifests"]] \
        == ["tiny"]
    assert place.stat().st_ino != inode
    assert names_in(tmp_path) == ["place", "tiny.tgz"]
    assert_complete(place, programs, keys)


def test_force_takes_a_layout_of_another_tool(programs, command, build, charts, tmp_path):
    place = build(charts.web, name="place").path
    for seal in place.glob("SEAL*"):
        seal.unlink()
    programs.builder.run(*command(place, "--force"))
    assert (place / "SEAL").exists()
    assert names_in(tmp_path) == ["place", "tiny.tgz"]


def test_force_needs_nothing_to_be_there(programs, command, keys, tmp_path):
    programs.builder.run(*command(tmp_path / "place", "--force"))
    assert_complete(tmp_path / "place", programs, keys)


def test_force_leaves_the_old_layout_when_the_new_one_fails(programs, keys, build, chart, tmp_path):
    place = build(chart, name="place").path
    (tmp_path / "bad.tgz").write_bytes(b"no archive")
    before = tree(tmp_path)
    done = programs.builder.run("build", tmp_path / "bad.tgz", "--output", place, "--keys", keys,
                                "--force", status=None)
    refused(done, 3, "bad.tgz")
    assert tree(tmp_path) == before


@pytest.mark.parametrize(("output", "status"), [
    ("", 2), (".", 2), ("..", 2), ("/", 2), ("a/..", 2), ("missing/layout", 1), ("file/layout", 1),
    ("n" * 300, 2),
], ids=lambda value: str(value)[:20] or "empty")
def test_places_where_no_layout_can_be(output, status, programs, keys, chart, tmp_path):
    (tmp_path / "file").touch()
    (tmp_path / "a").mkdir()
    before = names_in(tmp_path)
    done = programs.builder.run("build", chart, "--output", output, "--keys", keys, cwd=tmp_path,
                                status=None)
    refused(done, status)
    assert names_in(tmp_path) == before


@pytest.mark.parametrize("output", ["layout", "./layout", "layout/", "layout//", "a/../layout",
                                    "-layout", "lay out", "läyout", "n" * 200])
def test_places_where_one_can_be(output, programs, keys, chart, tmp_path):
    (tmp_path / "a").mkdir()
    programs.builder.run("build", chart, f"--output={output}", "--keys", keys, cwd=tmp_path)
    assert_complete(tmp_path / output, programs, keys)
    assert len(names_in(tmp_path)) == 3


# ---- two at once, and the leftovers of others ----

def test_of_many_builders_exactly_one_wins(programs, command, keys, tmp_path):
    for attempt in range(2 if programs.sanitized else 8):
        place = tmp_path / f"place-{attempt}"
        started = [programs.builder.popen(*command(place), stdout=subprocess.DEVNULL,
                                          stderr=subprocess.DEVNULL) for _ in range(6)]
        statuses = sorted(process.wait(60) for process in started)
        assert statuses == [0, 2, 2, 2, 2, 2]
        assert_complete(place, programs, keys)
        place.rename(tmp_path / "done")
        shutil.rmtree(tmp_path / "done")
        assert names_in(tmp_path) == ["tiny.tgz"]


def test_leftovers_of_the_dead_go_and_those_of_the_living_stay(programs, command, tmp_path):
    import fcntl
    dead = tmp_path / ".place.tmp-0123456789abcdef"
    living = tmp_path / ".place.tmp-fedcba9876543210"
    others = [tmp_path / name for name in (".place.tmp-xyz", ".place2.tmp-0123456789abcdef",
                                           ".place.tmp-0123456789abcdef0", "place.tmp-0123456789abcdef")]
    for directory in (dead, living, *others):
        (directory / "blobs" / "sha256").mkdir(parents=True)
        (directory / "blobs" / "sha256" / ("0" * 64)).write_bytes(b"half")
    held = os.open(living, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        programs.builder.run(*command(tmp_path / "place"))
    finally:
        os.close(held)
    assert names_in(tmp_path) == sorted([living.name, *(o.name for o in others), "place", "tiny.tgz"])


def test_planted_staging_names_do_no_harm(programs, command, keys, tmp_path):
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "file").write_bytes(b"mine")
    (tmp_path / ".place.tmp-0123456789abcdef").symlink_to("precious")
    (tmp_path / ".place.tmp-0123456789abcde0").write_bytes(b"mine")
    os.mkfifo(tmp_path / ".place.tmp-0123456789abcde1")
    before = tree(precious)
    programs.builder.run(*command(tmp_path / "place"), timeout=10)
    assert tree(precious) == before
    assert_complete(tmp_path / "place", programs, keys)


# ---- killed, and failing system calls ----

@pytest.fixture
def tracer(programs):
    return Tracer(programs.builder, CALLS)


def spread(points, programs, most=80):
    """All of the points, or every n-th where there are many."""
    stride = max(1, len(points) // (25 if programs.sanitized else most))
    return points[::stride]


def in_threads(function, items):
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        return list(pool.map(function, items))


@pytest.mark.slow
@pytest.mark.parametrize("force", [False, True], ids=["new", "force"])
def test_killed_at_any_point(force, tracer, programs, command, build, charts, keys, tmp_path):
    """kill -9: the place holds nothing, or what was there, or the whole new layout."""
    old = build(charts.web, name="old")
    complete = tree(build(tmp_path / "tiny.tgz", name="complete"))
    options = ["--force"] if force else []
    trial = tmp_path / "trial"
    if force:
        old.copy(trial)
    points = tracer.points(tmp_path / "log", *command(trial, *options), begin="mkdir", changing=True)
    assert len(points) > 15

    def check(number):
        directory = tmp_path / f"kill-{number}"
        directory.mkdir()
        place = directory / "place"
        allowed = [complete]
        if force:
            allowed.append(tree(old.copy(place)))
        done = tracer.run("signal=KILL", points[number], *command(place, *options))
        assert done.status in (-signal.SIGKILL, 0), (points[number], done)
        if place.exists() or force:
            assert tree(place) in allowed, points[number]
        programs.builder.run(*command(place, "--force"))
        assert tree(place) == complete
        assert names_in(directory) == ["place"], points[number]
        assert oct(place.stat().st_mode) == "0o40755"
        shutil.rmtree(directory)

    numbers = {point: number for number, point in enumerate(points)}
    in_threads(check, [numbers[point] for point in spread(points, programs)])


@pytest.mark.slow
@pytest.mark.parametrize(("fault", "calls"), [
    ("error=ENOSPC", ["write", "mkdirat", "fsync", "openat"]),
    ("error=EIO", ["write", "fsync", "close", "renameat2", "fchmod"]),
    ("error=EDQUOT", ["write", "mkdirat", "close"]),
    ("error=EROFS", ["mkdirat", "renameat2"]),
    ("error=EACCES", ["mkdirat", "renameat2", "openat"]),
    ("error=EMFILE", ["openat"]),
], ids=lambda value: value if isinstance(value, str) else "")
def test_failing_system_call(fault, calls, tracer, command, tmp_path):
    """Exit status 1 and nothing left, unless the call was the last word on a whole layout."""
    points = [point for point in
              tracer.points(tmp_path / "log", *command(tmp_path / "trial"), begin="mkdir")
              if point[0] in calls]
    assert points
    complete = tree(tmp_path / "trial")
    failures = []

    def check(number):
        directory = tmp_path / f"{number}"
        directory.mkdir()
        done = tracer.run(fault, points[number], *command(directory / "place"))
        if done.status == 0:
            # A close of what was only read, a write to the terminal, the sweep for leftovers.
            assert tree(directory / "place") == complete, points[number]
        else:
            assert done.status == 1, (points[number], done)
            assert done.stderr.startswith("builder: "), (points[number], done)
            failures.append(points[number])
            left = names_in(directory)
            # After the one rename the layout is there: its directory could not be synced, or
            # stdout was full.
            assert left == [] or (left == ["place"] and tree(directory / "place") == complete), \
                (points[number], left)
        shutil.rmtree(directory)

    in_threads(check, range(len(points)))
    assert failures


@pytest.mark.parametrize("fault", ["retval=0", "error=EINTR"])
def test_writes_that_write_nothing_are_repeated(fault, tracer, command, build, tmp_path):
    complete = tree(build(tmp_path / "tiny.tgz"))
    points = [point for point in
              tracer.points(tmp_path / "log", *command(tmp_path / "trial"), begin="mkdir")
              if point[0] == "write"]
    for number, point in enumerate(points):
        place = tmp_path / f"place-{number}"
        assert tracer.run(fault, point, *command(place)).status == 0, point
        assert tree(place) == complete


def test_a_file_system_without_noreplace(tracer, command, build, tmp_path):
    complete = tree(build(tmp_path / "tiny.tgz"))
    points = tracer.points(tmp_path / "log", *command(tmp_path / "trial"), begin="mkdir")
    rename, = [point for point in points if point[0] == "renameat2"]
    for error in ("EINVAL", "ENOSYS"):
        place = tmp_path / error
        assert tracer.run(f"error={error}", rename, *command(place)).status == 0
        assert tree(place) == complete
        assert oct(place.stat().st_mode) == "0o40755"
        taken = tmp_path / f"{error}-taken"
        taken.mkdir()
        refused(tracer.run(f"error={error}", rename, *command(taken)), 2)
        assert names_in(taken) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount")
def test_a_full_disk(programs, command, chart, keys, tmp_path):
    """A real file system of 64 KiB, in a mount namespace of its own."""
    place = tmp_path / "small"
    place.mkdir()
    big = write_archive(tmp_path / "big.tgz", {**TINY, "files/random": os.urandom(200_000)})
    script = ('mount -t tmpfs -o size=64k tmpfs "$1" || exit 77; shift; "$@"; status=$?; '
              'ls -A "$0"; exit $status')
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", script, place, place, programs.builder.path, "build",
         big, "--output", place / "layout", "--keys", keys],
        env=programs.builder.environment, capture_output=True, text=True, check=False)
    if done.returncode == 77 or "unshare" in done.stderr:
        pytest.skip("this machine lets nobody mount")
    assert (done.returncode, done.stdout) == (1, ""), done.stderr
    assert "No space left" in done.stderr


# ---- signals ----

@pytest.mark.slow
@pytest.mark.parametrize("name", ["TERM", "INT", "HUP"])
def test_dies_by_the_signal_and_leaves_nothing(name, tracer, programs, command, tmp_path):
    number = getattr(signal, f"SIG{name}")
    points = tracer.points(tmp_path / "log", *command(tmp_path / "trial"), begin="mkdir")
    complete = tree(tmp_path / "trial")

    def check(position):
        directory = tmp_path / f"{name}-{position}"
        directory.mkdir()
        done = tracer.run(f"signal={name}", points[position], *command(directory / "place"))
        if (directory / "place").exists():
            # Done is done: what came too late to undo it may end the program or not.
            assert done.status in (0, -number), (points[position], done)
            assert tree(directory / "place") == complete, points[position]
        else:
            assert done.status == -number, (points[position], done)
            assert names_in(directory) == [], points[position]
        shutil.rmtree(directory)
        return done.status

    statuses = in_threads(check, range(0, len(points), 12 if programs.sanitized else 3))
    assert statuses.count(-number) > len(statuses) / 2


def test_a_signal_while_a_chart_is_read(programs, keys, tmp_path):
    """A FIFO would do, were it not refused: so a chart that is large takes its time."""
    import random
    noise = random.Random(1)
    charts = [write_archive(tmp_path / f"{n}.tgz", {
        "Chart.yaml": chart_yaml(f"c{n}"), **{f"files/{i}": noise.randbytes(2 ** 20)
                                              for i in range(20)}}) for n in range(3)]
    before = names_in(tmp_path)
    for _ in range(20):
        process = programs.builder.popen("build", *charts, "--output", tmp_path / "layout", "--keys",
                                         keys, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        deadline = time.monotonic() + 20
        while names_in(tmp_path) == before and time.monotonic() < deadline:
            time.sleep(0.001)
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=30)
        if process.returncode != 0:
            break
        shutil.rmtree(tmp_path / "layout")  # it was faster than the signal
    assert (process.returncode, out) == (-signal.SIGTERM, b"")
    assert names_in(tmp_path) == before


# ---- modes, and the standard streams ----

@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077], ids=oct)
def test_modes(umask, programs, command, tmp_path):
    place = tmp_path / "place"
    process = programs.builder.popen(*command(place), umask=umask, stdout=subprocess.DEVNULL)
    assert process.wait(30) == 0
    assert place.stat().st_mode & 0o7777 == 0o755
    for path in place.rglob("*"):
        assert path.stat().st_mode & 0o7777 == (0o755 if path.is_dir() else 0o644), path


def run_with(programs, arguments, **streams):
    process = programs.builder.popen(*arguments, **{"stderr": subprocess.PIPE, **streams})
    _, said = process.communicate(timeout=30)
    return process.returncode, (said or b"").decode()


def test_stdout_full(programs, command, keys, tmp_path):
    with open("/dev/full", "wb") as full:
        status, said = run_with(programs, command(tmp_path / "place"), stdout=full)
    assert (status, said) == (1, "builder: standard output: No space left on device\n")
    if (tmp_path / "place").exists():
        assert_complete(tmp_path / "place", programs, keys)
    assert len(names_in(tmp_path)) <= 2


@pytest.mark.parametrize("arguments", [["version"], ["--help"], ["build", "--help"]], ids=" ".join)
def test_stdout_full_for_what_only_prints(arguments, programs):
    with open("/dev/full", "wb") as full:
        status, said = run_with(programs, arguments, stdout=full)
    assert status == 1 and said.startswith("builder: standard output")


def test_stdout_is_a_closed_pipe(programs, command, tmp_path):
    reader, writer = os.pipe()
    os.close(reader)
    status, _ = run_with(programs, command(tmp_path / "place"), stdout=writer)
    os.close(writer)
    assert status in (1, -signal.SIGPIPE)


@pytest.mark.parametrize("closed", [[0], [1], [2], [0, 1, 2]], ids=str)
def test_closed_standard_streams(closed, programs, command, build, chart, tmp_path):
    """No file of the layout may get the number of a stream: a message would be written into it."""
    complete = tree(build(chart, name="complete"))
    redirections = " ".join(f"{number}>&-" for number in closed)
    script = f'exec "$@" {redirections}'
    # What cannot be told is an error, though the layout is there.
    for place, status in ((tmp_path / "place", 1 if 1 in closed else 0), (tmp_path / "complete", 2)):
        done = subprocess.run(["sh", "-c", script, "sh", programs.builder.path,
                               *map(str, command(place))],
                              env=programs.builder.environment, capture_output=True, check=False)
        assert done.returncode == status, done.stderr
        assert tree(place) == complete


def test_quiet_says_nothing(programs, command, tmp_path):
    done = programs.builder.run(*command(tmp_path / "place", "--quiet"))
    assert (done.stdout, done.stderr) == ("", "")


def test_json_names_what_was_made(programs, command, build, chart, tmp_path):
    done = programs.builder.run(*command(tmp_path / "place", "--json"))
    layout = Layout(tmp_path / "place")
    assert done.stdout.count("\n") == 1
    assert json.loads(done.stdout) == {
        "version": 1, "ok": True,
        "charts": [{"name": "tiny", "version": "0.1.0", "tag": "0.1.0",
                    "digest": layout.entry("tiny")["digest"]}],
        "sealId": sha256((layout.path / "SEAL").read_bytes()), "layout": str(tmp_path / "place")}
