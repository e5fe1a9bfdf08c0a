"""Two pushers at once: what each of them brought is there in the end, and what another put stays."""

import json
import threading

import pytest
from crafted import TINY, chart_yaml, write_archive
from helpers import Layout
from pushing import MANIFEST_TYPE, REPOSITORY, attack, failed, layout, tag_of  # noqa: F401
from scripted_registry import Answer
from wires import side_by_side

SIGNATURE = "dev.cosignproject.cosign/signature"
OTHER = b'{"schemaVersion":2}'


# ---- a tag that is put while we push ----

def put_other(registry, *_):
    return registry.put(REPOSITORY, "0.1.0", OTHER, MANIFEST_TYPE)


@pytest.mark.parametrize("how", ["late", "conditions"])
def test_row_r23_a_tag_that_moves_during_the_push_stays(how, attack, make_scripted_registry):  # noqa: F811
    """By a second look where the first is old; at any moment where the registry keeps conditions."""
    registry = make_scripted_registry(conditions=how == "conditions")
    if how == "late":
        registry.on("PUT", "/blobs/uploads/", Answer(delay=2.2), repeat=True)
    usual = registry.answer

    def answer(request):
        if request.method == "PUT" and ("/blobs/" in request.target) == (how == "late"):
            put_other(registry)
        return usual(request)

    registry.answer = answer
    failed(attack(registry), 7, "meanwhile somebody put something else", f"{REPOSITORY}:0.1.0", "--on-existing")
    assert registry.manifests[REPOSITORY, "0.1.0"][1] == OTHER
    puts = [r for r in registry.requests() if r.method == "PUT" and "/manifests/0.1.0" in r.target]
    assert len(puts) == (how == "conditions")
    del registry.manifests[REPOSITORY, "0.1.0"]
    receipt = attack.directory / "skipped"
    attack.programs.pusher.run(
        "push", attack.layout, registry.oci("charts"), "--trust", attack.keys.trust, "--plain-http",
        "--on-existing", "skip", "--receipt", receipt)
    artifact, = json.loads(receipt.read_bytes())["artifacts"]
    assert artifact["result"] == "skipped"
    assert registry.manifests[REPOSITORY, "0.1.0"][1] == OTHER


def test_overwrite_asks_for_nothing_of_the_kind(attack, make_scripted_registry):  # noqa: F811
    registry = make_scripted_registry(conditions=True)
    registry.on("PUT", "/blobs/uploads/", Answer(delay=2.2), repeat=True)
    put_other(registry)
    assert attack(registry, "--on-existing", "overwrite").status == 0
    assert [r.method for r in registry.requests()].count("HEAD") == 1
    assert not any("if-none-match" in r.headers for r in registry.requests())
    assert tag_of(registry) == attack.layout.entry("tiny")["digest"]


@pytest.mark.parametrize("status", [412, 304])
def test_a_condition_that_is_not_understood_is_left_out(status, attack, scripted_registry):  # noqa: F811
    scripted_registry.on("PUT", "/manifests/0.1.0", Answer(status=status))
    assert attack(scripted_registry).status == 0
    puts = [r for r in scripted_registry.requests() if r.method == "PUT" and "/manifests/" in r.target]
    assert [r.headers.get("if-none-match") for r in puts] == ["*", None]


def test_row_r23_a_tag_that_took_ours_unheard_is_not_put_again(attack, scripted_registry):  # noqa: F811
    """It cannot be changed, so a second PUT would fail: it is looked at, and is as it should be."""
    scripted_registry.behaviour.immutable = (409, "DENIED")
    scripted_registry.on("PUT", "/manifests/0.1.0", Answer(cut=-1, reset=True))
    assert attack(scripted_registry).status == 0
    asked = [r.method for r in scripted_registry.requests() if "/manifests/0.1.0" in r.target]
    assert asked == ["HEAD", "PUT", "HEAD"]


@pytest.mark.parametrize("times", [1, 2])
def test_a_manifest_that_came_wrong_is_sent_once_more(times, attack, scripted_registry):  # noqa: F811
    refusal = Answer(400, {"Content-Type": "application/json"},
                     b'{"errors":[{"code":"DIGEST_INVALID","message":"x"}]}')
    scripted_registry.on("PUT", "/manifests/0.1.0", *[refusal] * times)
    done = attack(scripted_registry)
    puts = [r for r in scripted_registry.requests() if r.method == "PUT" and "/manifests/" in r.target]
    assert len(puts) == 2
    if times == 1:
        assert done.status == 0
    else:
        failed(done, 7, "DIGEST_INVALID")


# ---- signatures and lists that both write ----

@pytest.fixture(scope="module")
def signed(programs, tmp_path_factory):
    """signed(k): (layout, trust) of the one chart, the same for each k, with a release key of its
    own."""
    directory = tmp_path_factory.mktemp("signed")
    chart = write_archive(directory / "tiny.tgz", {**TINY, "Chart.yaml": chart_yaml()})
    made = {}

    def signed(k):
        if k not in made:
            keys = directory / f"keys-{k}"
            programs.builder.run("keygen", keys, "--role", "all", "--no-passphrase")
            programs.builder.run("build", chart, "--output", directory / f"layout-{k}", "--keys", keys)
            made[k] = Layout(directory / f"layout-{k}"), keys / "trust"
        return made[k]

    return signed


@pytest.fixture
def push(programs, signed):
    def push(k, registry, *options, status=0):
        layout, trust = signed(k)  # noqa: F811
        return programs.pusher.run("push", layout, registry.oci("charts"), "--trust", trust,
                                   "--plain-http", "--quiet", *options, status=status)
    return push


def interleave(registry, *rounds):
    """Holds the first two requests of each kind, (method, end of the target), until both are there."""
    usual = registry.answer
    waiting = {kind: threading.Barrier(2, timeout=20) for kind in rounds}
    seen = dict.fromkeys(rounds, 0)

    def answer(request):
        for kind in rounds:
            if request.method == kind[0] and request.target.endswith(kind[1]):
                with registry.lock:
                    seen[kind] += 1
                    is_one = seen[kind] <= 2
                if is_one:
                    waiting[kind].wait()
        return usual(request)

    registry.answer = answer
    return seen


def ends_whole(registry, signed, pushers):
    layouts = [signed(k)[0] for k in range(pushers)]
    subject = layouts[0].entry("tiny")["digest"].replace(":", "-")
    kept = {reference: json.loads(registry.manifests[REPOSITORY, reference][1])
            for reference in (subject, subject + ".sig")}
    entries = [entry["digest"] for entry in kept[subject]["manifests"]]
    signatures = [layer["annotations"][SIGNATURE] for layer in kept[subject + ".sig"]["layers"]]
    for one in layouts:
        names = {e.get("annotations", {}).get("org.opencontainers.image.ref.name"): e["digest"]
                 for e in one.index["manifests"]}
        ours = json.loads(one.blob(names[subject + ".sig"]))["layers"]
        assert [layer["annotations"][SIGNATURE] for layer in ours][0] in signatures
        assert names[None] in entries
    assert len(set(entries)) == len(entries) == len(set(signatures)) == len(signatures) == pushers


@pytest.mark.parametrize("conditions", [False, True], ids=["no-conditions", "conditions"])
@pytest.mark.parametrize("which", [".sig", ""], ids=["signatures", "list"])
def test_two_that_merge_at_once_lose_nothing(which, conditions, push, signed, make_scripted_registry):
    """Both read the tag before either writes it, and both write it before either looks again."""
    registry = make_scripted_registry(conditions=conditions)
    subject = signed(0)[0].entry("tiny")["digest"].replace(":", "-")
    kinds = [("GET", subject + which), ("PUT", subject + which), ("PUT", "/manifests/0.1.0")]
    seen = interleave(registry, *kinds)
    side_by_side(lambda k: push(k, registry, "--on-existing", "overwrite"), range(2), workers=2)
    ends_whole(registry, signed, 2)
    assert registry.faults == [] and seen[kinds[1]] == 3


def test_one_that_others_always_replace_gives_up(push, signed, scripted_registry):
    """Whoever writes after us each time has the last word, and is told of."""
    subject = signed(0)[0].entry("tiny")["digest"].replace(":", "-")
    tag = (REPOSITORY, subject + ".sig")
    usual = scripted_registry.answer
    count = []

    def answer(request):
        made = usual(request)
        if request.method == "PUT" and request.target.endswith(tag[1]):
            kind, body = scripted_registry.manifests[tag]
            theirs = json.loads(body)
            theirs["layers"] = theirs["layers"][:1]
            theirs["layers"][0]["annotations"][SIGNATURE] = f"AAAA{len(count)}"
            count.append(request)
            scripted_registry.manifests[tag] = kind, json.dumps(theirs).encode()
        return made

    scripted_registry.answer = answer
    done = push(0, scripted_registry, status=7)
    assert "push again when they are done" in done.stderr and len(count) == 1 + 8
    assert tag_of(scripted_registry) == signed(0)[0].entry("tiny")["digest"]


@pytest.mark.slow
def test_many_at_once_into_a_real_registry(push, signed, registry):
    """Whatever the moment at which each of them came: with one more push of each, all is there.
    This registry answers 400 DIGEST_INVALID to who reads a link that another is just writing."""
    pushers = 6
    for k in range(pushers):
        signed(k)
    for done in side_by_side(lambda k: push(k, registry, status=None), range(pushers), workers=pushers):
        assert done.status == 0 or (done.status == 7 and "DIGEST_INVALID" in done.stderr), done
    for k in range(pushers):
        push(k, registry)
    subject = signed(0)[0].entry("tiny")["digest"].replace(":", "-")
    kept = [json.loads(registry.manifest(REPOSITORY, reference)[0])
            for reference in (subject, subject + ".sig")]
    assert (len(kept[0]["manifests"]), len(kept[1]["layers"])) == (pushers, pushers)
