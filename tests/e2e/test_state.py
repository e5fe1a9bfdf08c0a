"""What was pushed before: the state directory, minSequence, and deliveries that come a second time."""

import fcntl
import json
import os
import subprocess

import pytest
from crafted import TINY, chart_yaml, write_archive
from demands import names_in, refused
from helpers import sha256
from scripted_registry import Answer

PREFIX = "charts"


@pytest.fixture
def deliver(build, tmp_path):
    """deliver(number, *options): a delivery of plant-a; the same number twice is two deliveries."""
    def deliver(number, *options, origin="plant-a"):
        count = len(names_in(tmp_path))
        chart = write_archive(tmp_path / f"{count}.tgz", {
            **TINY, "Chart.yaml": chart_yaml("tiny", f"0.{count}.0")}, "tiny")
        numbered = ["--sequence", number] if number else []
        origin = ["--origin", origin] if origin else []
        return build(chart, name=f"layout-{count}", options=[*origin, *numbered, *options])
    return deliver


@pytest.fixture
def state(tmp_path):
    (tmp_path / "state").mkdir()
    return tmp_path / "state"


@pytest.fixture
def trusting(keys, tmp_path):
    """trusting(**members): a trust directory with these members in its policy."""
    def trusting(**members):
        directory = tmp_path / f"trust-{len(names_in(tmp_path))}"
        directory.mkdir(mode=0o755)
        (directory / "allowed_signers").write_bytes((keys.trust / "allowed_signers").read_bytes())
        policy = json.loads((keys.trust / "policy.json").read_text())
        (directory / "policy.json").write_text(json.dumps({**policy, **members}))
        return directory
    return trusting


@pytest.fixture
def push(programs, keys, state, scripted_registry):
    """push(layout, *options): the Result of a push of it with the state directory."""
    def push(layout, *options, status=0, trust=keys.trust, registry=scripted_registry, prefix=PREFIX,
             state=state):
        with_state = ["--state", state] if state else []
        done = programs.pusher.run("push", layout, registry.oci(prefix), "--trust", trust,
                                   "--plain-http", *with_state, *options, status=None, timeout=30)
        assert done.status == status, done
        return done
    return push


def mark_in(state):
    """The one mark of a state directory."""
    [name] = names_in(state)
    return json.loads((state / name).read_text())


def is_silent(registry):
    return registry.requests() == []


# ---- the drill of an ordinary life ----

def test_row_s12_only_what_is_newer_is_taken(deliver, push, state, scripted_registry):
    first, second = deliver(41), deliver(42)
    assert "sequence not judged: 41 of plant-a" in push(first).stdout
    assert mark_in(state) == {
        "version": 1, "destination": f"{scripted_registry.host}/{PREFIX}", "origin": "plant-a",
        "sequence": 41, "sealId": first.seal_id}
    assert "sequence 42 of plant-a\n" in push(second).stdout
    scripted_registry.forget()
    refused(push(first, status=4), 4, "41 from 'plant-a' is older than 42", second.seal_id)
    assert is_silent(scripted_registry)
    push(second)
    other = deliver(42)
    scripted_registry.forget()
    refused(push(other, status=4), 4, "another delivery with the same number", second.seal_id)
    refused(push(deliver(None), status=4), 4, "the delivery has none", "42")
    assert is_silent(scripted_registry)
    assert mark_in(state)["sealId"] == second.seal_id


def test_an_origin_and_a_destination_have_each_their_own_mark(deliver, push, state,
                                                              make_scripted_registry):
    push(deliver(41))
    push(deliver(7, origin="plant-b"))
    push(deliver(8), prefix="other")
    push(deliver(9), registry=make_scripted_registry())
    assert len(names_in(state)) == 4


def test_row_s12_a_jump_beyond_the_policy_is_refused(deliver, push, trusting, state):
    trust = trusting(maxSequenceJump=10)
    push(deliver(41), trust=trust)
    refused(push(deliver(52), trust=trust, status=4), 4, "maxSequenceJump", "52", "10", "41")
    refused(push(deliver(2 ** 63 - 1), trust=trust, status=4), 4, "maxSequenceJump")
    push(deliver(51), trust=trust)
    assert mark_in(state)["sequence"] == 51


def test_row_s12_min_sequence_without_a_state(deliver, push, trusting):
    trust = trusting(minSequence={"plant-a": 40}, requireSequence=True)
    refused(push(deliver(39), trust=trust, state=None, status=4), 4, "minSequence", "39", "40")
    assert "sequence 40 of plant-a\n" in push(deliver(40), trust=trust, state=None).stdout
    refused(push(deliver(41, origin="plant-b"), trust=trust, state=None, status=4), 4,
            "requireSequence", "--first-use")


def test_previous(deliver, push, trusting, state):
    strict = trusting(requirePrevious=True)
    first = deliver(1, "--previous", "0" * 64)
    refused(push(first, trust=strict, status=4), 4, "requirePrevious", "--first-use")
    push(first, "--first-use", trust=strict)
    push(first, trust=strict)
    skipping = deliver(3, "--previous", "1" * 64)
    refused(push(skipping, trust=strict, status=4), 4, "requirePrevious", "1" * 64, first.seal_id)
    push(deliver(2, "--previous", first.seal_id), trust=strict)
    assert "warning: it does not follow" in push(skipping).stdout
    assert push(skipping, "--json").json.get("previousDiffers") is None
    assert mark_in(state)["sequence"] == 3


# ---- what was lost ----

def test_row_s13_a_policy_that_requires_a_sequence_needs_a_mark(deliver, push, trusting, state):
    trust = trusting(requireSequence=True)
    layout = deliver(41)
    refused(push(layout, trust=trust, status=4), 4, "requireSequence", "plant-a", "--first-use")
    refused(push(layout, trust=trust, state=None, status=4), 4, "requireSequence", "--state")
    refused(push(deliver(None), trust=trust, status=4), 4, "requireSequence", "--sequence")
    push(layout, "--first-use", trust=trust)
    push(deliver(42), trust=trust)


@pytest.mark.parametrize("damage", ["empty", "cut", "other-origin", "other-registry", "newer"])
def test_row_s13_a_damaged_mark_is_never_begun_anew(damage, deliver, push, state, scripted_registry):
    push(deliver(41))
    [name] = names_in(state)
    text = (state / name).read_text()
    (state / name).write_text({
        "empty": "", "cut": text[:-20], "other-origin": text.replace("plant-a", "plant-b"),
        "other-registry": text.replace("127.0.0.1", "127.0.0.2"),
        "newer": text.replace('"version":1', '"version":2')}[damage])
    scripted_registry.forget()
    for options in ([], ["--first-use"], ["--dry-run"]):
        done = refused_by_state(push(deliver(42), *options, status=4))
        assert name in done.stderr and "restore it" in done.stderr
    assert is_silent(scripted_registry)


def refused_by_state(done):
    refused(done, 4, "state file")
    return done


def test_row_s13_a_lost_directory_is_made_by_first_use_alone(deliver, push, tmp_path):
    layout, lost = deliver(41), tmp_path / "lost"
    refused(push(layout, state=lost, status=4), 4, lost, "there is none", "--first-use")
    push(layout, "--dry-run", "--first-use", state=lost)
    assert not lost.exists()
    push(layout, "--first-use", state=lost)
    assert mark_in(lost)["sequence"] == 41


def test_no_state_is_kept_in_a_layout_or_a_trust_directory(deliver, push, trusting, tmp_path):
    delivery, trust = deliver(1), trusting()
    for directory in (delivery.path, trust):
        before = names_in(directory)
        for more in ([], ["--first-use"], ["--dry-run"]):
            done = push(delivery, *more, status=2, state=directory)
            refused(done, 2, directory, "a directory of its own")
        assert names_in(directory) == before


def test_the_drill_of_a_lost_state(deliver, push, trusting, tmp_path):
    """pusher(1), STATE: minSequence holds the line until the new directory does."""
    old, last = deliver(41), deliver(42)
    push(old), push(last)
    new = tmp_path / "new"
    trust = trusting(minSequence={"plant-a": 43}, requireSequence=True)
    refused(push(old, "--first-use", trust=trust, state=new, status=4), 4, "minSequence")
    push(deliver(43), "--first-use", trust=trust, state=new)
    refused(push(last, state=new, status=4), 4, "older")


def test_the_drill_of_a_burnt_sequence(deliver, push, trusting, state):
    """Somebody with the key sealed the highest number: a new origin counts from the beginning."""
    push(deliver(2 ** 63 - 1))
    refused(push(deliver(42), status=4), 4, "older")
    trust = trusting(origins={"plant-a2": ["enclave"]}, minSequence={"plant-a2": 1})
    refused(push(deliver(42), trust=trust, status=4), 4, "plant-a")
    push(deliver(1, origin="plant-a2"), trust=trust)
    assert len(names_in(state)) == 2


# ---- when it is written ----

def test_nothing_is_written_by_a_dry_run_or_verify(deliver, push, programs, keys, state,
                                                   scripted_registry):
    layout = deliver(41)
    push(layout, "--dry-run")
    url = scripted_registry.oci(PREFIX)
    verify = ["verify", layout, "--trust", keys.trust, "--state", state]
    assert "sequence not judged" in programs.pusher.run(*verify, url).stdout
    assert names_in(state) == []
    push(layout)
    before = (state / names_in(state)[0]).read_bytes()
    assert "sequence 41 of plant-a\n" in programs.pusher.run(*verify, url).stdout
    refused(programs.pusher.run("verify", deliver(40), url, *verify[2:], status=None), 4, "older")
    refused(programs.pusher.run(*verify, status=None), 2, "--state", "destination")
    assert (state / names_in(state)[0]).read_bytes() == before


def test_f16_the_mark_stands_before_the_first_tag(deliver, push, state, scripted_registry):
    """A push that dies at the tag may not be undone by an older delivery, and can be finished."""
    layout = deliver(41)
    scripted_registry.on("PUT", r".*/manifests/[^s].*", Answer(403), repeat=True)
    push(layout, status=6)
    assert mark_in(state)["sequence"] == 41
    assert scripted_registry.tags(f"{PREFIX}/tiny") == []


def test_the_mark_is_not_written_before_the_blobs_are_there(deliver, push, state,
                                                            scripted_registry):
    scripted_registry.on("POST", r".*/blobs/uploads/.*", Answer(403), repeat=True)
    push(deliver(41), status=6)
    assert names_in(state) == []


def test_row_f1_a_mark_that_cannot_be_written_keeps_the_tag_back(deliver, keys, programs, state,
                                                                scripted_registry):
    """ENOSPC at the mark: a system error, no tag, the old mark."""
    layout = deliver(41)
    for call, errno in (("fsync", "EIO"), ("rename,renameat,renameat2", "ENOSPC")):
        done = subprocess.run(
            ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"inject={call}:error={errno}",
             programs.pusher.path, "push", layout.path, scripted_registry.oci(PREFIX), "--trust",
             keys.trust, "--plain-http", "--state", state],
            env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"}, capture_output=True, text=True,
            timeout=60)
        assert done.returncode == 1, done
        assert "state file" in done.stderr
        assert scripted_registry.tags(f"{PREFIX}/tiny") == []
        assert names_in(state) == []


def test_row_f7_two_pushes_do_not_interleave(deliver, push, programs, keys, state,
                                             scripted_registry):
    layout = deliver(41)
    directory = os.open(state, os.O_RDONLY)
    fcntl.flock(directory, fcntl.LOCK_EX)  # as a push does
    refused(push(layout, status=1), 1, state, "another push is at work")
    assert is_silent(scripted_registry)
    programs.pusher.run("verify", layout, scripted_registry.oci(PREFIX), "--trust", keys.trust,
                        "--state", state)
    push(layout, "--dry-run")
    os.close(directory)
    push(layout)


def test_the_receipt_names_origin_and_sequence(deliver, push, tmp_path):
    push(deliver(41), "--receipt", tmp_path / "receipt.json")
    receipt = json.loads((tmp_path / "receipt.json").read_text())
    assert (receipt["origin"], receipt["sequence"]) == ("plant-a", "41")


def test_the_name_of_a_state_file(deliver, push, state, scripted_registry):
    """As sallyport-layout(5) has it: somebody may have to find it by hand."""
    push(deliver(41))
    place = f"{scripted_registry.host}/{PREFIX}"
    assert names_in(state) == [f"plant-a.{sha256(place.encode())[:16]}.json"]
