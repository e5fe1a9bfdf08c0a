"""Running builder and pusher under strace: counting their system calls, making one of them fail; and
under kill_at, which is quicker: killing them at one."""

import collections
import os
import re
import shutil
import subprocess

import pytest
from helpers import Result, missing

# LeakSanitizer wants to trace what is being traced already.
ENVIRONMENT = {"ASAN_OPTIONS": "exitcode=99:detect_leaks=0", "UBSAN_OPTIONS": "exitcode=99"}

# The programs let nobody of their own user read their memory, and so the arguments of their calls.
only_root_sees_arguments = pytest.mark.skipif(
    os.geteuid() != 0, reason="only root sees the arguments of the programs' calls")

CHANGE_NOTHING = {"close", "flock", "fsync", "fdatasync", "syncfs"}


def may_change(name, line):
    """Whether a call may change what lies in the file system. To be killed at any other leaves what
    being killed at the next that may leaves."""
    opens_only = name == "openat" and "O_RDONLY" in line and "O_CREAT" not in line
    return name not in CHANGE_NOTHING and not opens_only


class Tracer:
    """`changes` are the system calls, by name, that are counted and interfered with."""

    def __init__(self, program, changes):
        self.program = program
        self.changes = changes
        self.strace = shutil.which("strace", path="/usr/bin:/bin")
        if self.strace is None:
            missing("strace")

    def _run(self, options, arguments, **environment):
        command = [self.strace, "-f", "-qq", "-a0", *options, self.program.path,
                   *map(os.fspath, arguments)]
        return subprocess.run(command, env={**self.program.environment, **ENVIRONMENT, **environment},
                              cwd=self.program.environment["HOME"], capture_output=True,
                              stdin=subprocess.DEVNULL, timeout=60, check=False)

    def points(self, log, *arguments, begin="", changing=False):
        """[(name, number)]: the calls of a run that succeeds, each name counted from 1, in each
        thread by itself, as strace does when it interferes.

        begin: how the name of the first call that is of interest begins. Not its arguments: an
        ordinary user's strace cannot see them, since the programs let nobody read their memory.
        changing: only those that may_change() something.
        """
        done = self._run(["-o", log, "-e", f"trace={','.join(self.changes)}"], arguments)
        assert done.returncode == 0, done.stderr
        counts, points, begun = collections.Counter(), [], False
        for line in log.read_text().splitlines():
            found = re.match(r"(\d+)\s+(\w+)\(", line)
            if not found:
                continue
            thread, name = found.groups()
            counts[thread, name] += 1
            begun = begun or name.startswith(begin)
            if begun and (name, counts[thread, name]) not in points and \
                    (may_change(name, line) or not changing):
                points.append((name, counts[thread, name]))
        return points

    def run(self, fault, point, *arguments, **environment):
        """The Result of a run in which strace does this to that call: "signal=KILL", "error=EIO"."""
        name, number = point
        done = self._run(["-o", "/dev/null", "-e", f"trace={name}",
                          "-e", f"inject={name}:{fault}:when={number}"], arguments, **environment)
        assert done.returncode != 99 and b"Sanitizer" not in done.stderr, done.stderr
        # strace ends by the signal that ended its child.
        return Result(done.returncode, done.stdout.decode(), done.stderr.decode())


def _kill_at(program, number, arguments):
    build = program.path.parent.parent
    return subprocess.run([build / "tests" / "e2e" / "kill_at", str(number), program.path,
                           *map(os.fspath, arguments)],
                          env={**program.environment, **ENVIRONMENT}, cwd=program.environment["HOME"],
                          capture_output=True, stdin=subprocess.DEVNULL, timeout=60, check=False)


def calls_of(program, *arguments):
    """How many system calls a run makes, which has to succeed."""
    done = _kill_at(program, 0, arguments)
    assert done.returncode == 0, done.stderr
    return int(done.stderr.splitlines()[-1])


def killed_at(program, number, *arguments):
    """Whether a run was killed as it began its number-th system call; else it made fewer, and
    succeeded."""
    done = _kill_at(program, number, arguments)
    assert done.returncode in (0, -9), done
    return done.returncode == -9
