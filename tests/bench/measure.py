"""Runs the programs of a workload in rounds, each once a round in random order."""

import dataclasses
import os
import random
import signal
import statistics
import subprocess

RUN_SECONDS_MAX = 600
SEED = 1


@dataclasses.dataclass
class Entry:
    """One way to do the work of a workload.

    command(place) gives the argv for a run, or the text of a shell script; place is a new, empty
    directory on a tmpfs. What prepare(place) does is not measured, and neither is cleaning up.
    """
    name: str
    command: object
    prepare: object = lambda place: None
    roots: object = None  # a directory that the program sees in the place of /etc/ssl/certs
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
    def __init__(self, launcher, work):
        self.launcher = launcher
        self.work = work
        self.random = random.Random(SEED)
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
        command = entry.command(place)
        if isinstance(command, str):  # in a file, because it may be longer than an argument can be
            (place / "script").write_text(command)
            command = ["/bin/sh", "-e", place / "script"]
        command = [str(word) for word in command]
        read_end, write_end = os.pipe()
        with open(self.work / "said", "w+b") as said, os.fdopen(read_end) as result:
            process = subprocess.Popen(
                [*with_roots(entry.roots), self.launcher, str(write_end), *command],
                stdin=subprocess.DEVNULL, stdout=said, stderr=said, cwd=place,
                start_new_session=True, pass_fds=[write_end],
                env={"PATH": os.environ["PATH"], "HOME": str(self.work), "LC_ALL": "C.UTF-8"})
            os.close(write_end)
            try:
                process.wait(RUN_SECONDS_MAX)
            except subprocess.TimeoutExpired:
                pass
            finally:
                if process.poll() is None:  # too slow, or we are to end: with all that it started
                    os.killpg(process.pid, signal.SIGKILL)
                    process.wait()
            figures = result.read().split()
            said.seek(0)
            if process.returncode != 0 or len(figures) != 5 or figures[4] != "0":
                raise Failed(f"{entry.name}: {' '.join(command)}\n" +
                             said.read()[-2000:].decode(errors="replace"))
        wall_ns, user_us, sys_us, rss_kib, _ = map(int, figures)
        return Run(wall_ns / 1e6, (user_us + sys_us) / 1e3, rss_kib / 1024)

    def rounds(self, entries, count, is_warm):
        """({name: [Run]}, {name: why}) of count rounds, and one before that does not count unless
        is_warm.

        A peer that fails is not run again, and what it did before does not count. Ours must not.
        """
        runs = {entry.name: [] for entry in entries}
        failures = {}
        for number in range(count if is_warm else count + 1):
            order = [entry for entry in entries if entry.name in runs]
            self.random.shuffle(order)
            for entry in order:
                try:
                    runs[entry.name].append(self.run(entry))
                except Failed as failure:
                    if entry.is_ours:
                        raise
                    failures[entry.name] = str(failure)
                    del runs[entry.name]
        return {name: of_it[-count:] for name, of_it in runs.items()}, failures


def with_roots(roots):
    """Words before a command that give it other certificate authorities than the system's."""
    if roots is None:
        return []
    return ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"]), "sh", "-ec",
            'mount --bind "$0" /etc/ssl/certs; exec "$@"', str(roots)]


def medians(runs):
    return Run(*(statistics.median(getattr(run, field.name) for run in runs)
                 for field in dataclasses.fields(Run)))
