"""The medium changes, breaks or goes while a push reads from it: rows M1 to M8.

The registry stops in the middle of a body, the test lays hands on the layout, the registry goes on:
no race is left to chance. Never is a wrong byte accepted, never does a push hang, and the medium is
not written to.
"""

import os
import re
import shutil
import subprocess

import pytest
from crafted import chart_yaml, write_archive
from helpers import Layout, bound_by_modes, tree
from pushing import MIB, REPOSITORY, attack, failed, layout, noise, tag_of  # noqa: F401
from scripted_registry import Answer
from traced import ENVIRONMENT, Tracer, only_root_sees_arguments
from wires import side_by_side

SOON = ("--retries", "1", "--deadline", "30s")


@pytest.fixture(scope="session")
def heavy(programs, keys, tmp_path_factory):
    """A layout whose one blob is longer than all that a connection holds back. Do not write to it."""
    directory = tmp_path_factory.mktemp("heavy")
    files = {"Chart.yaml": chart_yaml()}
    files |= {f"noise-{n}": noise(4 * MIB, bytes([n])) for n in range(2)}
    chart = write_archive(directory / "tiny.tgz", files)
    programs.builder.run("build", chart, "--output", directory / "layout", "--keys", keys)
    return Layout(directory / "layout")


class Medium:
    """A test's own copy, and where its large blob is."""

    def __init__(self, source, path):
        self.layout = source.copy(path)
        layer, = self.layout.manifest("tiny")["layers"]
        self.digest, self.size = layer["digest"], layer["size"]
        self.blob = self.layout.blob_path(self.digest)


@pytest.fixture
def medium(heavy, tmp_path):
    return Medium(heavy, tmp_path / "medium")


def flip(path, offset):
    with path.open("r+b") as file:
        file.seek(offset)
        byte = file.read(1)
        file.seek(offset)
        file.write(bytes([byte[0] ^ 1]))


def other_file(path):
    """Another file under the same name."""
    body = bytearray(path.read_bytes())
    body[-1] ^= 1
    path.with_name("other").write_bytes(body)
    os.replace(path.with_name("other"), path)


def gone(path):
    path.unlink()


def fifo(path):
    path.unlink()
    os.mkfifo(path)


def link(path):
    path.rename(path.with_name("moved"))
    path.symlink_to(path.with_name("moved"))


def device(path):
    path.unlink()
    path.symlink_to("/dev/zero")


def directory(path):
    path.unlink()
    path.mkdir()


def unreadable(path):
    path.chmod(0)


def longer(path):
    with path.open("ab") as file:
        file.write(b"x")


def shorter(path):
    os.truncate(path, path.stat().st_size - 1)


def empty(path):
    os.truncate(path, 0)


def sparse(path):
    size = path.stat().st_size
    os.truncate(path, 0)
    os.truncate(path, size)


def small_sender(make_scripted_registry):
    return make_scripted_registry(receive_bytes=4096)


def judge(done, registry, medium, unchanged=False):
    """Either what was sealed arrived, or nothing of it that counts."""
    if done.status == 0:
        assert unchanged and tag_of(registry) is not None
        return
    failed(done, (1, 4))
    assert tag_of(registry) is None
    assert (REPOSITORY, medium.digest) not in registry.blobs
    # The closing byte stayed here: it was not left to the registry to find the difference.
    for request in registry.requests():
        if "/blobs/uploads/" in request.target and request.length > MIB:
            assert request.length < medium.size, request


# What happens to the file between its verification and the first byte that is sent.
BEFORE = {"row_m1_other_file": other_file, "row_m1_gone": gone, "row_m1_fifo": fifo,
          "row_m1_device": device, "row_m1_directory": directory, "row_m1_link": link,
          "row_m5_longer": longer, "row_m5_shorter": shorter, "row_m5_empty": empty,
          "row_m5_sparse": sparse}


@pytest.mark.parametrize("change", BEFORE.values(), ids=BEFORE.keys())
def test_changed_before_it_is_sent(change, attack, medium, make_scripted_registry):
    registry = small_sender(make_scripted_registry)
    registry.on("POST", "", Answer(midway=None))
    usual, pending = registry.begin, [change]

    def begin(request):
        while pending and request.method in ("HEAD", "POST"):
            pending.pop()(medium.blob)
        return usual(request)

    registry.begin = begin
    done = attack(registry, *SOON, layout=medium.layout)
    judge(done, registry, medium, unchanged=change in (gone, link, other_file, longer))


# What happens to it while it is sent; True: a descriptor that was opened before does not care.
DURING = {"row_m2_last_byte": (lambda path: flip(path, path.stat().st_size - 1), False),
          "row_m2_byte_ahead": (lambda path: flip(path, 7 * MIB), False),
          "row_m2_other_file": (other_file, True), "row_m2_gone": (gone, True),
          "row_m2_unreadable": (unreadable, True),
          "row_m5_longer_in_the_middle": (longer, True),
          "row_m5_shorter_in_the_middle": (shorter, False),
          "row_m5_empty_in_the_middle": (empty, False),
          "row_m5_sparse_in_the_middle": (sparse, False)}


@pytest.mark.parametrize("options", [(), ("--chunk-size", str(3 * MIB))], ids=["whole", "pieces"])
@pytest.mark.parametrize(("change", "unchanged"), DURING.values(), ids=DURING.keys())
def test_changed_while_it_is_sent(change, unchanged, options, attack, medium, make_scripted_registry):
    registry = small_sender(make_scripted_registry)
    method = "PATCH" if options else "PUT"
    pending = [change]

    def once():
        while pending:
            pending.pop()(medium.blob)

    for _ in range(3):
        registry.on(method, "uploads", Answer(midway=(MIB, once)))
    done = attack(registry, *SOON, *options, layout=medium.layout)
    assert pending == []
    judge(done, registry, medium, unchanged)


def test_row_m2_changed_before_it_is_sent_again(attack, medium, make_scripted_registry):
    """What was good the first time is hashed again the second."""
    registry = small_sender(make_scripted_registry)
    usual, pending = registry.answer, [medium.blob]

    def answer(request):
        if request.length > MIB and pending:
            flip(pending.pop(), 3)
            return Answer(503, {}, b"")
        return usual(request)

    registry.answer = answer
    done = attack(registry, *SOON, layout=medium.layout)
    failed(done, 4)
    assert pending == [] and tag_of(registry) is None
    bodies = [r.length for r in registry.requests() if r.length > MIB]
    assert all(length < medium.size for length in bodies[1:])


@pytest.mark.parametrize("by", ["row_m3_renamed", "row_m3_replaced", "row_m3_removed"])
def test_the_directory_goes(by, attack, medium, make_scripted_registry, layout):
    """What was opened is what is pushed, or nothing: never a mixture."""
    registry = small_sender(make_scripted_registry)
    path = medium.layout.path

    def swap():
        if path.exists() and not path.with_name("away").exists():
            if by == "row_m3_removed":
                shutil.rmtree(path)
                return
            path.rename(path.with_name("away"))
            if by == "row_m3_replaced":
                layout.copy(path)

    registry.on("PUT", "uploads", Answer(midway=(1, swap)), repeat=True)
    entry = medium.layout.entry("tiny")["digest"]
    body = medium.layout.blob(entry)
    url = registry.oci("charts")
    done = attack.programs.pusher.run("push", path, url, "--trust", attack.keys.trust, "--plain-http",
                                      *SOON, status=None)
    if done.status == 0:
        assert registry.manifests[REPOSITORY, "0.1.0"][1] == body
        return
    failed(done, (1, 4))
    assert tag_of(registry) is None


@pytest.mark.parametrize("change", [fifo, device, directory, link, gone, empty, longer, unreadable],
                         ids=lambda change: f"row_m6_{change.__name__}")
def test_what_is_no_file_is_found_first(change, programs, keys, layout, tmp_path, scripted_registry):
    """Before anything is sent, and without waiting for a writer that never comes."""
    mine = layout.copy(tmp_path / "mine")
    change(mine.blob_path(mine.manifest("tiny")["layers"][0]["digest"]))
    done = programs.pusher.run("push", mine, scripted_registry.oci("charts"), "--trust", keys.trust,
                               "--plain-http", status=None, timeout=10,
                               wrapper=bound_by_modes())
    failed(done, (1, 4))
    assert scripted_registry.requests() == []


@only_root_sees_arguments
@pytest.mark.slow
@pytest.mark.parametrize(("fault", "statuses"), [
    ("error=EIO", (1, 5)), ("error=EINTR", (0,)), ("retval=0", (1, 2, 4, 5, 7)),
    ("error=EIO:when={}+", (1, 5)), ("error=ENODEV:when={}+", (1, 5)),
], ids=["row_m4_eio", "row_m4_eintr", "row_m4_early_end", "row_m7_pulled_out", "row_m7_no_device"])
def test_reads_that_fail(fault, statuses, programs, keys, layout, make_scripted_registry, tmp_path):
    """The k-th read, for all k: no tag is set but the right one, and nothing is half said."""
    tracer = Tracer(programs.pusher, ["read", "pread64"])
    digest = layout.entry("tiny")["digest"]

    def arguments(registry):
        return ["push", layout, registry.oci("charts"), "--trust", keys.trust, "--plain-http", "-q",
                "--retries", "0"]

    points = tracer.points(tmp_path / "calls", *arguments(make_scripted_registry()))
    # The loader's own reads of libraries are not ours.
    first = _own_reads(tracer, tmp_path, arguments(make_scripted_registry()))
    points = [(name, number) for name, number in points if number > first.get(name, 0)]
    assert len(points) > 10

    def run(point):
        registry = make_scripted_registry()
        name, number = point
        # "when" stands twice in what strace is told, where it stands here: the last one counts.
        done = tracer.run(fault.format(number).split(":when")[0], (name, f"{number}+" if ":when" in fault
                                                                   else number), *arguments(registry))
        assert done.status >= 0, done
        assert tag_of(registry) in (None, digest) and done.status != 99
        if done.status == 0:
            assert tag_of(registry) == digest
        registry.close()
        return done.status

    ends = side_by_side(run, points, workers=4)
    assert set(ends) & set(statuses), ends
    assert fault != "error=EINTR" or set(ends) == {0}


def _own_reads(tracer, directory, arguments):
    """{name: how many of these calls there were before the layout's SEAL was opened}"""
    log = directory / "own"
    tracer._run(["-o", log, "-e", "trace=read,pread64,openat"], arguments)
    counts = {}
    for line in log.read_text().splitlines():
        found = re.match(r"(?:\d+\s+)?(\w+)\(", line)
        if re.search(r'"(oci-layout|SEAL|allowed_signers)"', line) or "policy.json" in line:
            break
        if found and found.group(1) != "openat":
            counts[found.group(1)] = counts.get(found.group(1), 0) + 1
    return counts


def test_row_m6_a_medium_that_hangs(programs, keys, layout, scripted_registry, tmp_path):
    """Each read takes half a second: slow is not wrong."""
    tracer = Tracer(programs.pusher, ["pread64"])
    arguments = ["push", layout, scripted_registry.oci("charts"), "--trust", keys.trust,
                 "--plain-http", "-q"]
    done = tracer._run(["-o", "/dev/null", "-e", "trace=pread64", "-e",
                        "inject=pread64:delay_enter=500000:when=1..4"], arguments)
    assert done.returncode == 0, done.stderr
    assert tag_of(scripted_registry) == layout.entry("tiny")["digest"]


@only_root_sees_arguments
def test_row_m8_the_medium_is_not_written(programs, keys, layout, scripted_registry, tmp_path):
    """No call names a file to be written, but the receipt."""
    tracer = Tracer(programs.pusher, [])
    before = tree(layout)
    receipt = tmp_path / "receipt"
    log = tmp_path / "calls"
    done = subprocess.run(
        [tracer.strace, "-f", "-qq", "-y", "-o", log, "-e", "trace=%file,%desc", programs.pusher.path,
         "push", layout.path, scripted_registry.oci("charts"), "--trust", keys.trust, "--plain-http",
         "--receipt", receipt], env={**programs.pusher.environment, **ENVIRONMENT},
        capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert tree(layout) == before
    touched = [line for line in log.read_text().splitlines() if str(layout.path) in line]
    assert len(touched) > 5
    for line in touched:
        call = re.match(r"(?:\d+\s+)?(\w+)\(", line).group(1)
        assert call not in ("write", "pwrite64", "writev", "rename", "renameat", "renameat2", "unlink",
                            "unlinkat", "mkdir", "mkdirat", "ftruncate", "truncate", "fchmod", "chmod",
                            "fchmodat", "utimensat", "link", "linkat", "symlink", "symlinkat",
                            "fallocate", "setxattr", "fsetxattr", "fsync"), line
        assert not re.search(r"O_WRONLY|O_RDWR|O_CREAT|O_TRUNC|O_APPEND", line), line
        assert call != "mmap" or "PROT_WRITE" not in line, line
