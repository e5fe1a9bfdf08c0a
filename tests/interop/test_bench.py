"""The benchmarks run, tell what they measured and leave nothing; what the figures are is no test."""

import contextlib
import http.client
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time
import types
import xml.dom.minidom

import pytest
from helpers import ROOT, missing

BENCH = ROOT / "tests" / "bench"
sys.path.insert(0, str(BENCH))

import bench  # noqa: E402
import goals  # noqa: E402
import measure  # noqa: E402
import report  # noqa: E402
from workloads import Skipped, Workload  # noqa: E402

WORKLOADS = ["limits", "start", "package-small", "package-middle", "package-large", "package-many",
             "verify", "push", "push-again", "push-null", "push-tls", "blob", "blob-null",
             "blob-large", "layers", "many", "many-more", "far", "far-many", "far-tls",
             "far-many-tls", "far-blob"]
NEED_REAL_CHARTS = {"package-middle", "package-large", "package-many"}


def helper(name):
    path = ROOT / "build" / "tests" / "bench" / name
    if not os.access(path, os.X_OK):
        pytest.exit(f"{path} is not there: run 'make bench-helpers' first", returncode=3)
    return path


def command(*arguments):
    helper("launch")
    if not (ROOT / "build/registry/usr/bin/docker-registry").exists() or \
            not (ROOT / "build/nginx/usr/sbin/nginx").exists():
        missing("docker-registry and nginx (scripts/install-deps --tests)")
    return ["/usr/bin/python3", "-B", BENCH / "bench.py", "--tiny", "--rounds", "1", *arguments]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """All workloads once, as small as can be: .workloads by name, .text, .directory"""
    directory = tmp_path_factory.mktemp("bench")
    done = subprocess.run(command("--json", directory / "json", "--write", directory),
                          capture_output=True, text=True, timeout=500, check=False)
    assert done.returncode == 0, done.stderr
    told = json.loads((directory / "json").read_text())
    return types.SimpleNamespace(
        workloads={w["name"]: types.SimpleNamespace(**w) for w in told["workloads"]},
        names=[w["name"] for w in told["workloads"]],
        programs=told["programs"], text=done.stdout, said=done.stderr, directory=directory)


def test_every_workload_ran(run):
    left_out = set(WORKLOADS) - set(run.names)
    assert run.names == [name for name in WORKLOADS if name not in left_out]
    assert left_out in (set(), NEED_REAL_CHARTS), run.said


@pytest.mark.parametrize("name", WORKLOADS)
def test_workload(name, run):
    if name not in run.workloads:
        missing("real charts")
    workload = run.workloads[name]
    assert workload.failed == {}
    programs = {program["name"]: program for program in workload.programs}
    assert all(len(p["wallMs"]) == 1 and p["ratio"] > 0 for p in programs.values())
    assert programs[workload.baseline]["ratio"] == 1
    assert name == "limits" or any(p["ours"] for p in programs.values())
    assert workload.title in run.text


def test_every_goal_belongs_to_something_that_was_measured(run):
    for workload, program, _, limits in goals.GOALS:
        if workload in run.workloads:
            judged = run.workloads[workload].goals
            words = {goals.ABSOLUTE.get(m) or goals.MEASURES[m][0] for m in limits}
            assert words <= {goal["measure"] for goal in judged if goal["program"] == program}
            assert program in {p["name"] for p in run.workloads[workload].programs}


# A look at the tag, two requests for a blob, and one for the manifest; at a large blob one look more.
@pytest.mark.parametrize("name, requests", [
    ("push", 6), ("push-again", 1), ("push-tls", 6), ("many", 3 * 6), ("many-more", 5 * 6),
    ("far", 6), ("far-tls", 6), ("far-many", 4 * 6), ("far-many-tls", 4 * 6)])
def test_requests(name, requests, run):
    ours, = (p for p in run.workloads[name].programs if p["ours"])
    assert ours["counts"]["requests"] == requests
    assert 0 < ours["counts"]["connections"] <= requests
    assert ours["counts"]["sent_bytes"] > 0 and ours["counts"]["received_bytes"] > 0
    assert ("round_trips" in ours["counts"]) == name.startswith("far")


def test_results_are_written_whole(run):
    written = (run.directory / "RESULTS.md").read_text()
    assert written.startswith("# Results\n") and written.endswith(run.text)
    assert "`scripts/bench --rounds 1 --tiny --write`" in written and "LIMITS.md" in written
    assert str(run.directory) not in written
    assert (BENCH / "LIMITS.md").exists()
    assert "builder 0." in written and "openssl 3." in written and "unknown" not in written
    bars = xml.dom.minidom.parse(str(run.directory / "results.svg")).getElementsByTagName("rect")
    assert len(bars) == 1 + sum(len(w.programs) for w in run.workloads.values())


def result(workload, counts, **wall):
    runs = {name: [measure.Run(ms, 10.0, 20.0)] for name, ms in wall.items()}
    return types.SimpleNamespace(
        runs=runs, counts=counts, failures={}, baseline="oras", ours={"pusher"},
        workload=types.SimpleNamespace(name=workload, title="Push", round_trip_s=0, size_bytes=0))


def test_goals_are_judged_by_the_best_peer():
    told = result("push", {"pusher": {"requests": 6, "connections": 2, "sent_bytes": 9}},
                  pusher=30.0, oras=44.0, crane=40.0, helm4=150.0)
    verdicts = [(v.measure, v.baseline, v.text) for v in goals.judge(told)]
    assert verdicts == [
        ("time", "crane", "met"), ("CPU time", "oras", "**missed**"),
        ("peak MiB", "", "**missed**"), ("requests", "", "met"),
        ("time", "helm4", "met"), ("CPU time", "helm4", "**missed**")]
    assert "3 of 6 goals are met" in report.tables([told])


def test_a_goal_without_a_peer_is_not_met():
    verdicts = list(goals.judge(result("far", {}, pusher=1.0)))
    assert [(v.baseline, v.value, v.text) for v in verdicts] == [
        ("oras", None, "not measured"), ("helm4 or helm3", None, "not measured")]


@pytest.fixture
def runner(tmp_path):
    return measure.Bench(helper("launch"), tmp_path)


def entry(name, script, **more):
    return measure.Entry(name, lambda place: script, **more)


def test_a_peer_that_fails_is_reported_and_not_counted(runner, tmp_path):
    # Fails in the second round of three.
    script = f"echo it broke >&2; echo >>{tmp_path}/runs; test $(wc -l <{tmp_path}/runs) -ne 2"
    runs, failures = runner.rounds([entry("ours", "true", is_ours=True), entry("peer", script)], 3,
                                  is_warm=True)
    assert list(runs) == ["ours"] and len(runs["ours"]) == 3
    assert list(failures) == ["peer"] and "it broke" in failures["peer"]
    assert (tmp_path / "runs").read_text() == "\n\n"
    told = result("without goals", {}, oras=1.0)
    told.failures = {"peer": "why"}
    assert "| peer | failed |" in report.tables([told])


def test_ours_must_not_fail(runner, capsys):
    """The others go on, and the run as a whole has failed."""
    def good():
        yield Workload("good", "Good", [entry("ours", "true", is_ours=True)], 1, "ours")

    def bad():
        yield Workload("bad", "Bad", [entry("ours", "echo it broke; exit 7", is_ours=True)], 1, "ours")

    def lacking():
        raise Skipped("no registry")
        yield

    several = types.SimpleNamespace(good=good, bad=bad, lacking=lacking)
    results, is_whole = bench.measure_all(runner, several, ["lacking", "good"], 1)
    assert [result.workload.name for result in results] == ["good"] and is_whole
    assert "lacking: left out: no registry" in capsys.readouterr().err
    results, is_whole = bench.measure_all(runner, several, ["bad", "good"], 1)
    assert [result.workload.name for result in results] == ["good"] and not is_whole
    assert "it broke" in capsys.readouterr().err


def test_the_round_that_warms_up_does_not_count(runner, tmp_path):
    runs, _ = runner.rounds([entry("ours", f"echo >>{tmp_path}/runs")], 2, is_warm=False)
    assert len(runs["ours"]) == 2 and (tmp_path / "runs").read_text() == "\n\n\n"


def test_a_loop_may_be_long(runner):
    runs, _ = runner.rounds([entry("loop", "true\n" * 100000)], 1, is_warm=True)
    assert len(runs["loop"]) == 1


def test_what_takes_too_long_is_ended_with_all_that_it_started(runner, tmp_path, monkeypatch):
    monkeypatch.setattr(measure, "RUN_SECONDS_MAX", 0.3)
    runs, failures = runner.rounds(
        [entry("peer", f"sleep 60 & echo $! >{tmp_path}/pid; sleep 60")], 1, is_warm=True)
    assert not runs and "peer" in failures
    assert is_gone(int((tmp_path / "pid").read_text()))


def is_gone(pid):
    """Whether it has ended; whose child it was has perhaps not noticed."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            state = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return True
        if state == "Z":
            return True
        time.sleep(0.01)
    return False


def descendants(pid):
    """[pid] below it, in any session."""
    found = []
    for task in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it has just ended
            for child in task.read_text().split():
                found += [int(child), *descendants(child)]
    return found


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_nothing_is_left_by_a_run_that_is_interrupted(number):
    # While a client pushes through nginx to a registry.
    with subprocess.Popen(command("push-far-blob"), stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + 60
        while len(below := descendants(process.pid)) < 3:
            assert process.poll() is None and time.monotonic() < deadline
        process.send_signal(number)
        process.stderr.read()
    assert process.returncode == 128 + number
    assert all(is_gone(pid) for pid in below)
    assert not [path for place in ("/dev/shm", "/tmp", ROOT / "build")
                for path in pathlib.Path(place).glob(f"bench-{process.pid}*")]


@pytest.fixture
def null_registry():
    with subprocess.Popen([helper("null_registry")], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, text=True) as process:
        yield process.stdout.readline().strip()
        process.stdin.close()
        assert process.wait(10) == 0


def test_the_null_registry_believes_everything(null_registry):
    connection = http.client.HTTPConnection(null_registry, timeout=10)

    def ask(method, path, body=None, **headers):
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read(), answer.headers

    assert ask("GET", "/v2/")[0] == 200
    assert ask("HEAD", "/v2/a/manifests/1")[0] == 404
    status, _, headers = ask("POST", "/v2/a/blobs/uploads/?mount=sha256:00")
    assert (status, headers["Location"]) == (202, "/v2/a/blobs/uploads/1")
    pieces = iter([b"x" * 300000, b"y"])  # in chunks
    status, _, headers = ask("PATCH", headers["Location"], pieces)
    assert status == 202
    assert ask("PUT", headers["Location"] + "?digest=sha256:00", b"z" * (1 << 20))[0] == 201
    assert ask("PUT", "/v2/a/manifests/1", b"{}", **{"Content-Type": "text/a"})[0] == 201
    digest = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
    for reference in ("1", digest):
        status, body, headers = ask("GET", f"/v2/a/manifests/{reference}")
        assert (status, body, headers["Content-Type"]) == (200, b"{}", "text/a")
        assert headers["Docker-Content-Digest"] == digest
    assert ask("HEAD", "/v2/b/manifests/1")[0] == 404
    connection.close()


def test_the_null_registry_refuses_tls_at_once(null_registry):
    host, port = null_registry.split(":")
    with socket.create_connection((host, int(port)), 10) as connection:
        connection.sendall(b"\x16\x03\x01\x00\x05hello")
        assert connection.recv(100).startswith(b"HTTP/1.1 400 ")
