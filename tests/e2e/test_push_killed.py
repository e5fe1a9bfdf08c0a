"""A push that is killed at any of its system calls, or goes on without a disk: rows F5 and F16."""

import json

import pytest
from helpers import sha256
from pushing import (REPOSITORY, TAG, attack, layout, tag_of)  # noqa: F401
from scripted_registry import Answer
from traced import Tracer
from wires import side_by_side

# What a push does to the world, and what it waits with in between.
CHANGES = ["openat", "read", "pread64", "write", "close", "fsync", "fchmod", "renameat2", "renameat",
           "rename", "unlinkat", "ftruncate", "socket", "connect", "sendto", "sendmsg", "recvfrom",
           "recvmsg", "poll", "ppoll", "mmap", "getrandom"]


def known(tracer, directory):
    """CHANGES without what this machine's strace does not know."""
    import subprocess
    good = []
    for name in CHANGES:
        done = subprocess.run([tracer.strace, "-o", directory / "probe", "-e", f"trace={name}", "true"],
                              capture_output=True, check=False)
        good += [name] if done.returncode == 0 else []
    return good


@pytest.mark.slow
def test_row_f5_killed_at_every_call(programs, keys, layout, make_scripted_registry, tmp_path):
    """The tag is old or new, the receipt absent or whole; the next push finishes the work."""
    tracer = Tracer(programs.pusher, [])
    tracer.changes = known(tracer, tmp_path)
    digest = layout.entry("tiny")["digest"]
    options = ["--trust", keys.trust, "--plain-http", "--quiet", "--receipt"]

    def arguments(registry, receipt):
        return ["push", layout, registry.oci("charts"), *options, receipt]

    whole = make_scripted_registry()
    points = tracer.points(tmp_path / "calls", *arguments(whole, tmp_path / "whole"))
    assert len(points) > 60
    # Of calls that follow each other and change nothing, each third: none lies between two changes.
    dull = {"mmap", "read", "pread64", "close", "openat", "poll"}
    points = [point for number, point in enumerate(points)
              if point[0] not in dull or number % 3 == 0]

    def kill(point):
        registry = make_scripted_registry()
        place = tmp_path / "-".join(map(str, point))
        place.mkdir()
        receipt = place / "receipt"
        done = tracer.run("signal=KILL", point, *arguments(registry, receipt))
        # How often it waits differs from run to run: the last of these calls may not come.
        assert done.status == -9 or (done.status, point[0]) in ((0, "poll"), (0, "ppoll"),
                                                                 (0, "recvfrom")), (point, done)
        assert tag_of(registry) in (None, digest)
        if receipt.exists():
            assert json.loads(receipt.read_bytes())["sealId"] == layout.seal_id
            assert tag_of(registry) == digest
        programs.pusher.run(*arguments(registry, receipt))
        assert (registry.manifests, registry.blobs) == (whole.manifests, whole.blobs)
        assert json.loads(receipt.read_bytes())["artifacts"][0]["digest"] == digest
        assert registry.faults == []
        registry.close()
        return done.status

    ends = side_by_side(kill, points, workers=4)
    assert ends.count(-9) > 0.9 * len(points)


@pytest.mark.parametrize("existing", [False, True], ids=["row_f16_new_tag", "row_f16_replaced_tag"])
def test_killed_between_tag_and_receipt(existing, programs, keys, layout, make_scripted_registry,
                                        tmp_path):
    registry = make_scripted_registry()
    if existing:
        registry.put(REPOSITORY, "0.1.0", b'{"schemaVersion":2}',
                     "application/vnd.oci.image.manifest.v1+json")
    arguments = ["push", layout, registry.oci("charts"), "--trust", keys.trust, "--plain-http",
                 "--on-existing", "overwrite", "--receipt", tmp_path / "receipt"]
    started = []
    usual = registry.answer

    def answer(request):
        made = usual(request)
        if request.method == "PUT" and "/manifests/0.1.0" in request.target and started:
            started.pop().kill()  # it is done, and nobody is there to hear of it
        return made

    registry.answer = answer
    registry.on("HEAD", "/manifests/", Answer(delay=0.3))
    started.append(programs.pusher.popen(*arguments))
    process = started[0]
    assert process.wait(20) == -9
    digest = layout.entry("tiny")["digest"]
    assert tag_of(registry) == digest and not (tmp_path / "receipt").exists()
    registry.forget()
    programs.pusher.run(*arguments)
    assert registry.writes() == []
    artifact, = json.loads((tmp_path / "receipt").read_bytes())["artifacts"]
    assert (artifact["digest"], artifact["result"]) == (digest, "unchanged")


def test_row_f16_a_receipt_is_of_this_seal(programs, keys, layout, scripted_registry, tmp_path):
    """One that an earlier push left is replaced whole."""
    receipt = tmp_path / "receipt"
    receipt.write_text('{"version":1,"sealId":"0"}\n')
    programs.pusher.run("push", layout, scripted_registry.oci("charts"), "--trust", keys.trust,
                        "--plain-http", "--receipt", receipt)
    assert json.loads(receipt.read_bytes())["sealId"] == sha256((layout.path / "SEAL").read_bytes())
