"""Runs the programs of a workload in rounds, each once a round in random order, and counts."""

import dataclasses
import os
import random
import statistics
import subprocess


@dataclasses.dataclass
class Entry:
    """One way to do the work of a workload.

    command(place) gives the argv for a run; place is a new, empty directory on a tmpfs. What
    prepare(place) does is not measured, and neither is cleaning up.
    """
    name: str
    command: object
    prepare: object = lambda place: None
    environment: dict = dataclasses.field(default_factory=dict)
    is_ours: bool = False
    is_limit: bool = False  # no peer: what the machine can do at best


@dataclasses.dataclass
class Run:
    wall_ms: float
    cpu_ms: float
    rss_mib: float


class Failed(Exception):
    """A program did not do its work: its figures would mean nothing."""


class Bench:
    def __init__(self, launcher, work, seed):
        self.launcher = launcher
        self.work = work
        self.random = random.Random(seed)
        self.runs_made = 0

    def run(self, entry):
        self.runs_made += 1
        place = self.work / f"run-{self.runs_made}"
        place.mkdir()
        try:
            entry.prepare(place)
            return self._measure(entry, place)
        finally:
            subprocess.run(["rm", "-rf", place], check=True)

    def _measure(self, entry, place):
        command = [str(word) for word in entry.command(place)]
        read_end, write_end = os.pipe()
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.work), "LC_ALL": "C.UTF-8",
                       **entry.environment}

        def give_descriptor_3():
            os.dup2(write_end, 3)

        with open(self.work / "said", "w+b") as said:
            done = subprocess.run([self.launcher, *command], stdin=subprocess.DEVNULL, stdout=said,
                                  stderr=said, env=environment, cwd=place, check=False,
                                  preexec_fn=give_descriptor_3, close_fds=False)
            os.close(write_end)
            with os.fdopen(read_end) as result:
                figures = result.read().split()
            said.seek(0)
            if done.returncode != 0 or len(figures) != 5 or figures[4] != "0":
                raise Failed(f"{entry.name}: {' '.join(command)}\n" +
                             said.read()[-2000:].decode(errors="replace"))
        wall_ns, user_us, sys_us, rss_kib, _ = map(int, figures)
        return Run(wall_ns / 1e6, (user_us + sys_us) / 1e3, rss_kib / 1024)

    def rounds(self, entries, count):
        """{name: [Run]} of count rounds, after one that does not count."""
        runs = {entry.name: [] for entry in entries}
        for number in range(count + 1):
            order = list(entries)
            self.random.shuffle(order)
            for entry in order:
                run = self.run(entry)
                if number > 0:
                    runs[entry.name].append(run)
        return runs


def medians(runs):
    return Run(*(statistics.median(getattr(run, field.name) for run in runs)
                 for field in dataclasses.fields(Run)))
