"""A push that is killed at any of its system calls, or goes on without a disk: rows F5 and F16."""

import json
import re

import pytest
from crafted import write_archive
from helpers import Layout, sha256
from pushing import (MANIFEST_TYPE, REPOSITORY, attack, layout, tag_of)  # noqa: F401
from scripted_registry import Answer
from traced import calls_of, killed_at
from wires import side_by_side

SIGNATURE = "dev.cosignproject.cosign/signature"
TAG = (REPOSITORY, "0.1.0")
BATCH = 32


class Place:
    """A registry, and a directory for the state and the receipt of a push into it."""

    def __init__(self, registry, directory, layout, trust):
        self.registry, self.directory = registry, directory
        directory.mkdir()
        self.arguments = [
            "push", layout, registry.oci("charts"), "--trust", trust, "--plain-http", "--quiet",
            "--on-existing", "overwrite", "--state", directory / "state", "--first-use", "--record",
            "--receipt", directory / "receipt"]

    def contents(self):
        with self.registry.lock:
            return dict(self.registry.manifests), dict(self.registry.blobs)

    def receipt(self):
        """None, or what it says is there, which is the same for every place."""
        path = self.directory / "receipt"
        if not path.exists():
            return None
        said = json.loads(path.read_bytes())
        artifact, = said["artifacts"]
        return said["sealId"], said["sequence"], artifact["digest"], said["record"]["digest"]

    def left(self):
        """All that a further push starts from, the same for every place: equal ends go on alike."""
        files = sorted(re.sub(r"[0-9a-f]{8,}", "*", str(path.relative_to(self.directory)))
                       for path in self.directory.rglob("*"))
        manifests, blobs = self.contents()
        return (frozenset(manifests.items()), frozenset(blobs.items()), self.receipt(), self.state(),
                tuple(files))

    def state(self):
        """None, or the content of the one state file, which is the same for every place."""
        files = [path for path in (self.directory / "state").glob("*") if path.name[0] != "."]
        assert len(files) <= 1
        return files[0].read_text().replace(self.registry.host, "HOST") if files else None


def others_before(manifests, subject):
    """What others left before a push that alone would end in `manifests`: the tag, on something
    else, a signature and a list of referrers. So all is there that a push can have to do."""
    old = b'{"schemaVersion":2}'
    held = {TAG: (MANIFEST_TYPE, old), (REPOSITORY, f"sha256:{sha256(old)}"): (MANIFEST_TYPE, old)}
    for reference, member in ((subject + ".sig", "layers"), (subject, "manifests")):
        kind, body = manifests[REPOSITORY, reference]
        theirs = json.loads(body)
        if member == "layers":
            theirs["layers"][0]["annotations"][SIGNATURE] = "AAAA"
        else:
            theirs["manifests"][0]["digest"] = f"sha256:{sha256(old)}"
        held[REPOSITORY, reference] = kind, json.dumps(theirs).encode()
    return held


@pytest.fixture
def make_place(programs, tmp_path, make_scripted_registry):
    """make_place(name): a Place; all are alike, and others were there before."""
    programs.builder.run("keygen", tmp_path / "keys", "--role", "all", "--no-passphrase")
    layout = Layout(tmp_path / "layout")
    programs.builder.run("build", write_archive(tmp_path / "tiny.tgz"), "--output", layout, "--keys",
                         tmp_path / "keys", "--origin", "plant-a", "--sequence", "7")
    trust = tmp_path / "keys" / "trust"
    alone = Place(make_scripted_registry(), tmp_path / "alone", layout, trust)
    programs.pusher.run(*alone.arguments)
    digest = layout.entry("tiny")["digest"]
    before = others_before(alone.registry.manifests, digest.replace(":", "-"))

    def make(name):
        place = Place(make_scripted_registry(), tmp_path / str(name), layout, trust)
        place.registry.manifests.update(before)
        return place

    return make


@pytest.mark.slow
def test_row_f5_killed_at_every_call(programs, make_place):
    """Each tag is old or new, and new with all that belongs to it; so are state and receipt; the
    same command once more finishes the work, from each different place that a kill leaves."""
    whole = make_place("whole")
    before, _ = whole.contents()
    count = calls_of(programs.pusher, *whole.arguments)
    manifests, blobs = whole.contents()
    assert count > 1000 and len(manifests) == len(before) + 6
    assert None not in (whole.receipt(), whole.state())
    finished = set()

    def kill(number):
        place = make_place(number)
        is_killed = killed_at(programs.pusher, number, *place.arguments)
        held, stored = place.contents()
        for name in {**before, **held}:
            assert held[name] in (before.get(name), manifests.get(name)), name
        assert stored.items() <= blobs.items()
        assert held[TAG] == before[TAG] or (held, stored) == (manifests, blobs)
        assert place.state() in (None, whole.state())
        assert place.state() or held[TAG] == before[TAG]
        assert place.receipt() in (None, whole.receipt())
        assert place.receipt() is None or held[TAG] == manifests[TAG]
        left = place.left()
        if left not in finished:
            programs.pusher.run(*place.arguments)
            assert place.contents() == (manifests, blobs)
            assert (place.receipt(), place.state()) == (whole.receipt(), whole.state())
            finished.add(left)
        assert place.registry.faults == []
        place.registry.close()
        return is_killed

    # How often it waits differs from run to run: on until none of many is killed any more.
    number = 1
    while any(side_by_side(kill, range(number, number + BATCH), workers=4)):
        number += BATCH
    assert number > 0.9 * count
    assert len(finished) > 20, "a push leaves a different place with each of its writes"


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
