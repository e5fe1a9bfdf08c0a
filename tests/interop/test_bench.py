"""The benchmarks run and tell what they measured; what the figures are is no test."""

import json
import os
import pathlib
import subprocess
import sys
import xml.dom.minidom

import pytest
from helpers import missing

ROOT = pathlib.Path(__file__).resolve().parents[2]


def test_a_short_run(tmp_path):
    if not os.access(ROOT / "build/tests/bench/launch", os.X_OK):
        pytest.exit("build/tests/bench/launch is not there: run 'make bench-helpers' first", returncode=3)
    if not (ROOT / "build/registry/usr/bin/docker-registry").exists():
        missing("docker-registry (scripts/install-deps)")
    written = {name: tmp_path / name for name in ("json", "svg", "table")}
    done = subprocess.run(
        [sys.executable, "-B", ROOT / "tests/bench/bench.py", "start", "push", "--rounds", "1",
         *(f"--{name}={path}" for name, path in written.items())],
        capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    told = json.loads(written["json"].read_text())
    workloads = {workload["name"]: workload for workload in told["workloads"]}
    assert list(workloads) == ["start", "push", "again"]
    for workload in workloads.values():
        ours = [program for program in workload["programs"] if program["ours"]]
        assert ours and all(len(p["wallMs"]) == 1 and p["ratio"] > 0 for p in workload["programs"])
        baseline = next(p for p in workload["programs"] if p["name"] == workload["baseline"])
        assert baseline["ratio"] == 1
        assert f"**{ours[0]['name']}**" in done.stdout and workload["title"] in done.stdout
    counted = {p["name"]: p["counts"]["requests"] for p in workloads["push"]["programs"]}
    assert counted["pusher"] == 6
    assert {p["name"]: p["counts"]["requests"] for p in workloads["again"]["programs"]}["pusher"] == 1
    assert written["table"].read_text() == done.stdout
    assert len(xml.dom.minidom.parse(str(written["svg"])).getElementsByTagName("rect")) > 6
