"""push --record: what was pushed last, kept in the registry, for runners that keep nothing."""

import json
import re

import pytest
from demands import refused
from helpers import Signer, sha256
from scripted_registry import Answer
from test_state import deliver, trusting  # noqa: F401

REPOSITORY = "charts/sallyport"
TAG = "sallyport-plant-a"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
TYPES = [f"application/vnd.dev.sallyport.{part}" for part in (
    "seal.v1", "index.v1+json", "seal.signature.v1")]


@pytest.fixture
def push(programs, keys, scripted_registry):
    """push(layout, *options): the Result of a push with --record and without a state directory."""
    def push(layout, *options, status=0, trust=keys.trust, registry=scripted_registry, prefix="charts",
             record=("--record",)):
        return programs.pusher.run("push", layout, registry.oci(prefix), "--trust", trust, "--plain-http",
                                   *record, "--retries", 0, *options, status=status, timeout=30)
    return push


def replays(old, push, registry, *words):
    """The older delivery is refused, and nothing is written."""
    registry.forget()
    refused(push(old, status=4), 4, *words)
    assert registry.writes() == []


# ---- an ordinary life ----

def test_row_s12_a_runner_that_keeps_nothing_takes_no_replay(deliver, push, registry, tmp_path):  # noqa: F811
    first, second = deliver(41), deliver(42)
    receipt = tmp_path / "receipt"
    assert "sequence not judged" in push(first, "--receipt", receipt, registry=registry).stdout
    body, digest, *_ = registry.manifest(REPOSITORY, TAG)
    assert json.loads(receipt.read_text())["record"] == {
        "repository": REPOSITORY, "tag": TAG, "digest": digest, "result": "pushed"}
    manifest = json.loads(body)
    assert [layer["mediaType"] for layer in manifest["layers"]] == TYPES
    files = [first.signatures[0].name]
    files = ["SEAL", "index.json", *files]
    assert [layer["annotations"]["org.opencontainers.image.title"] for layer in manifest["layers"]] == files
    for layer, name in zip(manifest["layers"], files):
        assert layer["digest"] == f"sha256:{sha256((first.path / name).read_bytes())}"
        assert registry.blob(REPOSITORY, layer["digest"]) == (first.path / name).read_bytes()
    assert "sequence 42 of plant-a\n" in push(second, registry=registry).stdout
    replays(first, lambda *a, **k: push(*a, registry=registry, **k), registry,
            "41 from 'plant-a' is older than 42", second.seal_id)
    registry.forget()
    done = push(second, "--receipt", receipt, registry=registry)
    assert "unchanged" in done.stdout and registry.writes() == []
    assert json.loads(receipt.read_text())["record"]["result"] == "unchanged"


def test_an_origin_and_a_prefix_have_each_their_own_record(deliver, push, scripted_registry):  # noqa: F811
    push(deliver(41))
    push(deliver(7, origin="plant-b"))
    push(deliver(8), prefix="other")
    push(deliver(9), prefix="")
    assert set(scripted_registry.tags(REPOSITORY)) == {TAG, "sallyport-plant-b"}
    assert set(scripted_registry.tags("other/sallyport")) == {TAG}
    assert set(scripted_registry.tags("sallyport")) == {TAG}


def test_row_s12_require_sequence_needs_one_of_the_three(deliver, push, trusting):  # noqa: F811
    trust = trusting(requireSequence=True)
    refused(push(deliver(41), trust=trust, status=4), 4, "requireSequence", "--first-use")
    push(deliver(41), "--first-use", trust=trust)
    assert "sequence 42 of plant-a\n" in push(deliver(42), trust=trust).stdout
    refused(push(deliver(43), trust=trust, status=4, record=()), 4, "requireSequence")


def test_the_highest_of_record_state_and_policy_counts(deliver, push, trusting, tmp_path):  # noqa: F811
    state = ["--state", tmp_path / "state"]
    push(deliver(50), *state, "--first-use")
    push(deliver(60))
    refused(push(deliver(55), *state, status=4), 4, "older than 60")
    refused(push(deliver(65), trust=trusting(minSequence={"plant-a": 70}), status=4), 4, "minSequence")


def test_without_the_option_or_a_sequence_nothing_is_recorded(deliver, push, scripted_registry):  # noqa: F811
    push(deliver(41), record=())
    push(deliver(None), record=())
    assert not [r for r in scripted_registry.requests() if "PUT" in str(r) and "sallyport" in str(r)]


@pytest.mark.parametrize("origin", ["plant-a", None])
def test_there_is_nothing_to_record_without_a_sequence(origin, deliver, push, scripted_registry):  # noqa: F811
    refused(push(deliver(None, origin=origin), status=4), 4, "--record", "--sequence")
    assert scripted_registry.writes() == []


def test_what_was_skipped_was_seen_all_the_same(deliver, push, scripted_registry):  # noqa: F811
    """All names stay as they are; yet nothing older is taken, the same once more is, and what
    follows it too."""
    first, second = deliver(41), deliver(42)
    entry, = second.index["manifests"]
    place = "charts/tiny", entry["annotations"]["dev.sallyport.tag"]
    scripted_registry.put(*place, b'{"schemaVersion":2}', MANIFEST)
    assert "skip" in push(second, "--on-existing", "skip").stdout
    replays(first, push, scripted_registry, "older than 42")
    push(second, "--on-existing", "overwrite")
    assert f"sha256:{sha256(scripted_registry.manifests[place][1])}" == entry["digest"]
    push(deliver(43, "--previous", second.seal_id))


def test_row_s12_no_artifact_takes_the_place_of_a_record(deliver, push, programs, trusting,  # noqa: F811
                                                       signer, scripted_registry):
    """Signed or not: a delivery that names one so is refused, and so is a map to such a name."""
    layout = deliver(41)
    index = layout.index
    for name, tag in (("sallyport", TAG), ("charts/sallyport", "sallyport-b")):
        annotations = index["manifests"][0]["annotations"]
        annotations["dev.sallyport.repository"], annotations["dev.sallyport.tag"] = name, tag
        layout.write_index(index)
        signer.seal(layout)
        done = push(layout, trust=signer.trust(tag), status=3)
        refused(done, 3, f"'{name}:{tag}'", "delivery record")
    mapped = f"tiny={REPOSITORY.partition('/')[2]}"
    entry, = (other := deliver(42)).index["manifests"]
    tag = entry["annotations"]["dev.sallyport.tag"]
    push(other, "--map", mapped, trust=trusting(allowMap=True))
    done = push(other, "--map", f"tiny:{tag}=sallyport:{TAG}", trust=trusting(allowMap=True), status=2)
    refused(done, 2, "--map", "delivery record")


def test_an_older_one_that_wins_is_put_right(deliver, push, make_scripted_registry,  # noqa: F811
                                             scripted_registry):
    """41 and 42 at once, and 41 writes last: 42 sees it at its end and writes again."""
    older, newer = deliver(41), deliver(42)
    other = make_scripted_registry()
    push(older, registry=other)
    usual = scripted_registry.answer

    def answer(request):
        made = usual(request)
        if request.method == "PUT" and "/charts/tiny/manifests/" in request.target:
            scripted_registry.manifests[REPOSITORY, TAG] = other.manifests[REPOSITORY, TAG]
            scripted_registry.blobs.update(
                {key: body for key, body in other.blobs.items() if key[0] == REPOSITORY})
        return made

    scripted_registry.answer = answer
    push(newer)
    scripted_registry.answer = usual
    replays(older, push, scripted_registry, "older than 42")


@pytest.mark.parametrize("kind", ["application/vnd.oci.image.index.v1+json",
                                  "application/vnd.docker.distribution.manifest.v2+json"])
def test_what_is_of_another_kind_is_not_taken_for_none(kind, deliver, push, scripted_registry):  # noqa: F811
    """Registries answer 404 where what is there was not asked for."""
    scripted_registry.put(REPOSITORY, TAG, b'{"schemaVersion":2,"manifests":[]}', kind)
    refused(push(deliver(41), status=4), 4, "delivery record")
    assert scripted_registry.writes() == []


def test_a_dry_run_only_reads(deliver, push, scripted_registry):  # noqa: F811
    push(deliver(41), "--dry-run")
    assert scripted_registry.writes() == []
    push(deliver(42))
    replays(deliver(41), lambda *a, **k: push(*a, "--dry-run", **k), scripted_registry, "older than 42")


def test_what_it_costs(deliver, push, scripted_registry):  # noqa: F811
    """A look, and what was read when it was found; 4 blobs of 2 requests each, a look again and the
    manifest; a look at the end."""
    def count(layout, **options):
        scripted_registry.forget()
        push(layout, **options)
        return len(scripted_registry.requests())

    one, two, three = deliver(41), deliver(42), deliver(43)
    plain = count(one, record=())
    assert count(one) - plain <= 1 + 4 * 2 + 1 + 1 + 1
    assert count(two) - plain <= 1 + 3 + 4 * 2 + 1 + 1 + 1
    assert count(three, record=()) == plain


# ---- the order ----

def test_it_is_written_before_the_first_tag(deliver, push, scripted_registry):  # noqa: F811
    first, second = deliver(41), deliver(42)
    push(first)
    scripted_registry.on("PUT", r"/charts/tiny/manifests/", Answer(status=500), repeat=True)
    assert push(second, status=5)
    puts = [r.path for r in scripted_registry.requests() if r.method == "PUT" and "/manifests/" in r.path]
    tagged = [path for path in puts if re.search(r"/manifests/(sallyport|0)", path)]
    assert tagged[-2].endswith(TAG) and "/tiny/" in tagged[-1]
    replays(first, push, scripted_registry, "older than 42")


def test_the_blobs_come_before_it(deliver, push, scripted_registry):  # noqa: F811
    scripted_registry.on("POST", r"/charts/tiny/blobs/", Answer(status=403), repeat=True)
    push(deliver(41), status=6)
    assert TAG not in scripted_registry.tags(REPOSITORY)


def test_a_newer_one_that_came_meanwhile_is_not_undone(deliver, push, make_scripted_registry,  # noqa: F811
                                                       scripted_registry):
    """Between the first look and the write somebody else records 43: 42 gives up before its tag."""
    other = make_scripted_registry()
    push(deliver(43), registry=other)
    _type, body = other.manifests[REPOSITORY, TAG]
    for layer in json.loads(body)["layers"]:
        scripted_registry.blobs[REPOSITORY, layer["digest"]] = other.blobs[REPOSITORY, layer["digest"]]
    absent = Answer(status=404)
    there = Answer(status=200, body=body, headers={"Content-Type": MANIFEST})
    scripted_registry.on("GET", rf"/{TAG}$", absent, there)
    refused(push(deliver(42), "--quiet", status=4), 4, "43 was recorded")
    assert scripted_registry.tags("charts/tiny") in ([], {}, set())


# ---- forged ----

@pytest.fixture
def store(scripted_registry):
    """store(files): a record of these bytes, as pusher would write it."""
    def store(files, types=None, **members):
        layers = []
        for content, media_type in zip(files, types or [TYPES[0], TYPES[1], *[TYPES[2]] * len(files)]):
            digest = f"sha256:{sha256(content)}"
            scripted_registry.blobs[REPOSITORY, digest] = content
            layers.append({"mediaType": media_type, "digest": digest, "size": len(content)})
        scripted_registry.put(REPOSITORY, TAG, json.dumps({
            "schemaVersion": 2, "mediaType": MANIFEST, "artifactType":
            "application/vnd.dev.sallyport.record.v1", "config": {
                "mediaType": "application/vnd.oci.empty.v1+json",
                "digest": f"sha256:{sha256(b'{}')}", "size": 2},
            "layers": layers, **members}).encode(), MANIFEST)
    return store


def files_of(layout):
    return [(layout.path / "SEAL").read_bytes(), (layout.path / "index.json").read_bytes(),
            *(path.read_bytes() for path in layout.signatures)]


def test_what_store_writes_is_a_record(deliver, push, store, scripted_registry):  # noqa: F811
    store(files_of(deliver(42)))
    replays(deliver(41), push, scripted_registry, "older than 42")


FORGED = {
    "unsigned": lambda files, new, stranger: files[:2],
    "empty": lambda files, new, stranger: [],
    "index of another": lambda files, new, stranger: [files[0], new[1], files[2]],
    "seal of another": lambda files, new, stranger: [new[0], files[1], files[2]],
    "signature of another": lambda files, new, stranger: [*files[:2], new[2]],
    "signature cut": lambda files, new, stranger: [*files[:2], files[2][:-1]],
    "signature is noise": lambda files, new, stranger: [*files[:2], b"noise"],
    "seal changed": lambda files, new, stranger: [files[0].replace(b"0", b"1", 1), *files[1:]],
    "a stranger's": lambda files, new, stranger: stranger,
    "too many": lambda files, new, stranger: [*files[:2], *[files[2]] * 17],
}


@pytest.mark.parametrize("how", FORGED)
def test_row_s12_a_forged_record_is_refused(how, deliver, push, store, scripted_registry,  # noqa: F811
                                            tmp_path):
    old, new = deliver(40), deliver(90)
    strange = deliver(95)
    for path in strange.signatures:
        path.unlink()
    # A stranger's seal over what says to be of plant-a.
    Signer(tmp_path / "eve", "enclave").seal(strange)
    store(FORGED[how](files_of(old), files_of(new), files_of(strange)))
    scripted_registry.forget()
    done = push(deliver(41), status=4)
    refused(done, 4, "delivery record", "minSequence", "--first-use")
    assert scripted_registry.writes() == []
    refused(push(deliver(41), "--first-use", status=4), 4, "delivery record")


@pytest.mark.parametrize("of", ["origin", "destination", "none"])
def test_row_s12_the_record_of_another_is_refused(of, deliver, push, store, scripted_registry):  # noqa: F811
    other = {"origin": lambda: deliver(90, origin="plant-b"),
             "destination": lambda: deliver(90, "--destination", "other.example/charts"),
             "none": lambda: deliver(None)}[of]()
    store(files_of(other))
    refused(push(deliver(41), status=4), 4, "delivery record", "it is of a delivery")


@pytest.mark.parametrize("answer", [
    Answer(status=200, body=b"<html>hello</html>", headers={"Content-Type": "text/html"}),
    Answer(status=200, body=b"{}", headers={"Content-Type": MANIFEST}),
], ids=["html", "no manifest"])
def test_what_is_no_record_is_not_taken_for_none(answer, deliver, push, scripted_registry):  # noqa: F811
    scripted_registry.on("GET", rf"/{TAG}$", answer, repeat=True)
    refused(push(deliver(41), status=4), 4, "delivery record")
    assert scripted_registry.writes() == []


@pytest.mark.parametrize(("status", "exit_status"), [(401, 6), (403, 6), (500, 5), (301, 7)])
def test_a_record_that_cannot_be_read_is_not_taken_for_none(status, exit_status, deliver, push,  # noqa: F811
                                                            scripted_registry):
    scripted_registry.on("GET", rf"/{TAG}$", Answer(status=status), repeat=True)
    push(deliver(41), status=exit_status)
    assert scripted_registry.writes() == []


def test_a_layer_that_is_gone_or_another_is_refused(deliver, push, scripted_registry):  # noqa: F811
    push(deliver(41))
    digest = json.loads(scripted_registry.manifests[REPOSITORY, TAG][1])["layers"][0]["digest"]
    scripted_registry.on("GET", rf"/blobs/{digest}$", Answer(status=200, body=b"x"), Answer(status=404))
    push(deliver(42), status=7)
    push(deliver(42), status=7)
    push(deliver(42))


def test_a_key_whose_window_has_closed_still_vouches_and_a_revoked_one_does_not(
        deliver, push, keys, trusting, store, signer, scripted_registry):  # noqa: F811
    store(files_of(deliver(42)))
    trust = trusting()
    line = (trust / "allowed_signers").read_text().split(" ", 1)
    mine = line[1].split('"', 2)[2].strip()
    (trust / "revoked_keys").write_text(mine + "\n")
    more = (trust / "allowed_signers").read_text() + \
        f'second namespaces="seal-v1@sallyport.dev" {signer.public}\n'
    (trust / "allowed_signers").write_text(more)
    policy = json.loads((trust / "policy.json").read_text())
    policy["seal"]["signers"] = ["enclave", "second"]
    (trust / "policy.json").write_text(json.dumps(policy))
    newer = deliver(43)
    signer.seal(newer, keep=True)
    refused(push(newer, trust=trust, status=4), 4, "delivery record", "revoked")
    (trust / "revoked_keys").unlink()
    (trust / "allowed_signers").write_text(more.replace(
        'namespaces=', 'valid-before="20200101Z",namespaces=', 1))
    assert "sequence 43 of plant-a\n" in push(newer, trust=trust).stdout
