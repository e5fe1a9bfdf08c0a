"""Row F12: each allocation of a run fails in turn, those of the libraries too, once or from then on.

Whatever happens then: no success that is none, nothing half done, no crash in our own code.
"""

import itertools
import os
import shutil
import signal
import struct
import subprocess

import pytest
from crafted import write_archive
from demands import names_in
from helpers import tree
from pushing import layout, tag_of  # noqa: F401
from wires import side_by_side

# Not with sanitizers, which bring an allocator of their own.
pytestmark = pytest.mark.slow


class Memory:
    def __init__(self, directory):
        self.directory = directory / "memory"
        self.directory.mkdir()
        self.names = itertools.count()

    def run(self, program, fails, *arguments, stdin=b""):
        """(the completed process, the number of allocations); `fails` as in failing_malloc.c."""
        shared = self.directory / str(next(self.names))
        shared.write_bytes(struct.pack("qq", 0, fails))
        library = program.path.parent.parent / "tests" / "e2e" / "failing_malloc.so"
        done = subprocess.run(
            [program.path, *map(str, arguments)], input=stdin, capture_output=True, timeout=30,
            cwd=self.directory, check=False,
            env={**program.environment, "LD_PRELOAD": library, "ALLOCATIONS_FILE": shared})
        count, _ = struct.unpack("qq", shared.read_bytes())
        shared.unlink()
        assert done.returncode <= 0 or done.stderr, (fails, done)
        return done, count


@pytest.fixture
def memory(tmp_path):
    return Memory(tmp_path)


def each(count, stride):
    """Every allocation alone, and every so many of them with all that come later."""
    return [*range(1, count + 1, stride), *range(-1, -count - 1, -7 * stride)]


def test_row_f12_build(memory, programs, keys, tmp_path):
    """libarchive itself follows two NULLs while it sets itself up: the only crashes there may be."""
    chart = write_archive(tmp_path / "tiny.tgz")
    made = tmp_path / "made"
    made.mkdir()

    def build(fails):
        place = made / str(fails) / "place"
        place.parent.mkdir()
        done, count = memory.run(programs.builder, fails, "build", chart, "--output", place, "--keys",
                                 keys)
        found = tree(place) if place.exists() else None
        for leftover in names_in(place.parent):
            assert leftover == "place" or leftover.startswith(".place.tmp-")
        shutil.rmtree(place.parent)
        return done.returncode, found, count

    status, whole, count = build(0)
    assert status == 0 and count > 500

    def check(fails):
        status, found, _ = build(fails)
        assert status in (0, 1, 3, 4, -signal.SIGSEGV), status
        # The layout is there before that is said.
        assert found == whole or (found is None and status != 0)
        return status

    statuses = side_by_side(check, each(count, 2), workers=os.cpu_count())
    assert statuses.count(-signal.SIGSEGV) <= 4
    assert statuses.count(0) < len(statuses) / 4


def test_row_f12_verify(memory, programs, keys, layout, stranger, tmp_path):
    """Never trusted for want of memory, never a crash."""
    for trust, expected in ((keys.trust, 0), (stranger.trust, 4)):
        done, count = memory.run(programs.pusher, 0, "verify", layout, "--trust", trust)
        assert done.returncode == expected

        def check(fails):
            done, _ = memory.run(programs.pusher, fails, "verify", layout, "--trust", trust)
            assert done.returncode in (expected, 1), done
            assert done.returncode == 0 or b"verified" not in done.stdout, done
            return done.returncode

        statuses = side_by_side(check, each(count, 1), workers=os.cpu_count())
        assert statuses.count(1) > len(statuses) / 2


def test_row_f12_push(memory, programs, keys, layout, make_scripted_registry, tmp_path):
    """The tag is absent or right, and a receipt says the truth; curl may try again and succeed."""
    digest = layout.entry("tiny")["digest"]

    def push(fails):
        registry = make_scripted_registry()
        receipt = tmp_path / f"receipt{fails}"
        done, count = memory.run(programs.pusher, fails, "push", layout, registry.oci("charts"),
                                 "--trust", keys.trust, "--plain-http", "--retries", "0", "--receipt",
                                 receipt)
        tag = tag_of(registry)
        assert tag in (None, digest) and registry.faults == []
        assert not receipt.exists() or tag == digest
        assert done.returncode != 0 or (tag == digest and receipt.exists())
        registry.close()
        return done, count

    done, count = push(0)
    assert done.returncode == 0 and count > 1000

    def check(fails):
        done, _ = push(fails)
        assert done.returncode in (0, 1, 3, 4, 5, 7), done
        return done.returncode

    statuses = side_by_side(check, each(count, 15), workers=os.cpu_count())
    assert len(statuses) - statuses.count(0) > len(statuses) / 4
