"""Measures every workload, ours and every peer that is installed, interleaved in one run."""

import argparse
import contextlib
import dataclasses
import datetime
import json
import os
import pathlib
import platform
import shutil
import signal
import sys
import tempfile
import time

import report
from inputs import Inputs
from measure import Bench, Failed, medians
from peers import ROOT, find
from proxy import Proxy
from registries import Registries
from workloads import FULL, NAMES, TINY, Skipped, Workload, Workloads

ROUNDS = 15  # of the fast workloads


@dataclasses.dataclass
class Result:
    workload: Workload
    runs: dict  # name: [Run]
    counts: dict  # name: what was counted in a run of its own
    failures: dict  # name: why

    @property
    def baseline(self):
        return self.workload.baseline if self.workload.baseline in self.runs else next(iter(self.runs))

    @property
    def ours(self):
        return {entry.name for entry in self.workload.entries if entry.is_ours}


def count(bench, workload, runs):
    """One run more, through a proxy that counts and does not delay: {name: what it counted}."""
    line, counts = workload.line, {}
    for entry in workload.entries:
        if entry.name not in runs or entry.is_limit or not (entry.is_ours or workload.counts_peers):
            continue
        proxy = Proxy(line.port)
        direct, line.host = line.host, f"127.0.0.1:{proxy.port}"
        try:
            line.registry.forget()
            run = bench.run(entry)
            counts[entry.name] = {"requests": len(line.registry.requests()),
                                  "connections": proxy.connections,
                                  "sent_bytes": proxy.sent_bytes,
                                  "received_bytes": proxy.received_bytes}
        finally:
            proxy.stop()
            line.host = direct
        if workload.round_trip_s:
            waited_ms = medians(runs[entry.name]).wall_ms - run.wall_ms
            counts[entry.name]["round_trips"] = max(
                0, round(waited_ms / workload.round_trip_s / 1000))
    return counts


def measure(bench, workloads, name, rounds_max):
    """The Results of the workloads of one name, as far as this machine has what they need."""
    with contextlib.closing(getattr(workloads, name.replace("-", "_"))()) as several:
        for workload in several:
            begin = time.monotonic()
            runs, failures = bench.rounds(workload.entries, min(workload.rounds, rounds_max),
                                          is_warm=workload.rounds < 5)
            counts = count(bench, workload, runs) if workload.line else {}
            say(f"{workload.title} ({time.monotonic() - begin:.0f} s)")
            for failure in failures.values():
                say(f"not counted: {failure}")
            yield Result(workload, runs, counts, failures)


def measure_all(bench, workloads, names, rounds_max):
    """(Results, whether ours did all that was asked of it)"""
    results, is_whole = [], True
    for name in names:
        try:
            for result in measure(bench, workloads, name, rounds_max):
                results.append(result)
        except Skipped as skipped:
            say(f"{name}: left out: {skipped}")
        except Failed as failure:
            say(f"FAILED: {failure}")
            is_whole = False
    return results, is_whole


def say(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


def about(programs):
    with open("/proc/cpuinfo") as file:
        model = next((line.split(":")[1].strip() for line in file if line.startswith("model name")),
                     platform.machine())
    return {"date": datetime.date.today().isoformat(),
            "machine": {"cpu": model, "cores": os.cpu_count(), "kernel": platform.release().partition("-")[0],
                        "load": [round(os.getloadavg()[0], 2)]},
            "programs": {name: {"version": program.version, "go": program.go}
                         for name, program in programs.items()}}


def written(about, results):
    """What a person reads: tests/bench/RESULTS.md, but for its head."""
    machine = about["machine"]
    versions = [f"{name} {p['version']}" + (f" ({p['go']})" if p["go"] else "")
                for name, p in about["programs"].items()]
    return (f"{about['date']}, {machine['cores']} cores of {machine['cpu']}, Linux "
            f"{machine['kernel']}, load {machine['load'][0]} before and {machine['load'][-1]} after. "
            f"What is written and stored lies on a tmpfs.\n\n{', '.join(versions)}.\n\n"
            + report.tables(results))


def write(directory, command, text, results):
    directory.mkdir(exist_ok=True)
    (directory / "results.svg").write_text(report.chart(results))
    (directory / "RESULTS.md").write_text(
        f"# Results\n\nWritten by `{command}`; what counts are the ratios, ours is in bold. What "
        "the figures mean, and what the limits are: [LIMITS.md](LIMITS.md).\n\n"
        f"![wall time as parts of the baseline](results.svg)\n\n{text}")


def command_of(options):
    """The command again, without names of places."""
    return " ".join(["scripts/bench", *options.workload,
                     *(["--rounds", str(options.rounds)] if options.rounds != ROUNDS else []),
                     *(["--tiny"] if options.tiny else []), "--write"])


def parse():
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("workload", nargs="*", choices=[[], *NAMES], metavar="WORKLOAD",
                        help=", ".join(NAMES) + "; all unless told")
    parser.add_argument("--rounds", type=int, default=ROUNDS, metavar="N",
                        help="at most so many; the slow workloads have fewer of their own")
    parser.add_argument("--tiny", action="store_true",
                        help="blobs of a few MiB, a few charts, a line of 5 ms: to try it out")
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE", help="all that was measured")
    parser.add_argument("--write", type=pathlib.Path, metavar="DIR", nargs="?",
                        const=ROOT / "tests/bench",
                        help="RESULTS.md and results.svg, unless ours has failed; into tests/bench "
                        "unless told")
    return parser.parse_args()


def end_properly():
    """A signal ends the run as an exception does: with nothing left behind."""
    def end(number, _):
        for other in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(other, signal.SIG_IGN)
        sys.exit(128 + number)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, end)


def main():
    options = parse()
    end_properly()
    memory = pathlib.Path("/dev/shm")
    work = pathlib.Path(tempfile.mkdtemp(prefix=f"bench-{os.getpid()}-",
                                         dir=memory if os.access(memory, os.W_OK) else None))
    try:
        programs = find()
        facts = about(programs)
        workloads = Workloads(work, programs, Inputs(work, programs["builder"]),
                              Registries(work, programs), TINY if options.tiny else FULL)
        results, is_whole = measure_all(Bench(ROOT / "build/tests/bench/launch", work), workloads,
                                        options.workload or NAMES, options.rounds)
        facts["machine"]["load"].append(round(os.getloadavg()[0], 2))
    finally:
        shutil.rmtree(work, ignore_errors=True)
    text = written(facts, results)
    print(text, end="")
    if options.json:
        options.json.write_text(json.dumps(report.as_json(facts, results), indent=1) + "\n")
    if options.write and is_whole:
        write(options.write, command_of(options), text, results)
    return 0 if is_whole else 1


if __name__ == "__main__":
    sys.exit(main())
