"""What belongs beside an artifact: release signatures and their lists, brought, merged and found."""

import json

import pytest
from crafted import write_archive
from helpers import Layout
from scripted_registry import Answer, digest_of

REPOSITORY = "charts/tiny"
SIGNATURE = "dev.cosignproject.cosign/signature"


@pytest.fixture(scope="module")
def keys(programs, tmp_path_factory):
    directory = tmp_path_factory.mktemp("keys") / "keys"
    programs.builder.run("keygen", directory, "--role", "all", "--no-passphrase")
    return directory


@pytest.fixture(scope="module")
def layout(programs, keys, tmp_path_factory):
    directory = tmp_path_factory.mktemp("signed")
    chart = write_archive(directory / "tiny.tgz")
    programs.builder.run("build", chart, "--output", directory / "layout", "--keys", keys)
    return Layout(directory / "layout")


@pytest.fixture
def push_text(programs, keys, layout):
    """push_text(registry, *options): the Result."""
    def push_text(registry, *options, status=0):
        return programs.pusher.run("push", layout, registry.oci("charts"), "--trust",
                                   keys / "trust", "--plain-http", "--retries", "0", *options,
                                   status=status)
    return push_text


@pytest.fixture
def push(push_text, tmp_path):
    """push(registry, *options): the artifact of the receipt."""
    def push(registry, *options, status=0):
        receipt = tmp_path / "receipt"
        push_text(registry, "--receipt", receipt, *options, status=status)
        if status == 0:
            artifact, = json.loads(receipt.read_bytes())["artifacts"]
            return artifact
        return None
    return push


@pytest.fixture
def digest(layout):
    return layout.entry("tiny")["digest"]


@pytest.fixture
def tags(digest):
    """The tag of the signatures, and that of the list of referrers."""
    list_tag = digest.replace(":", "-")
    return f"{list_tag}.sig", list_tag


def asked(registry):
    return [request.method for request in registry.requests()]


def stored(registry, reference):
    return json.loads(registry.manifests[REPOSITORY, reference][1])


@pytest.mark.parametrize("behaviour", [
    {"referrers": True}, {"referrers": True, "subject": False}, {}], ids=["zot", "ggcr", "docker"])
def test_signatures_are_there_before_the_tag(behaviour, push, make_scripted_registry, tags, digest):
    registry = make_scripted_registry(**behaviour)
    artifact = push(registry)
    assert (artifact["result"], artifact["signature"], artifact["referrers"]) == ("pushed",) * 3
    tagged = [request.target.endswith("/manifests/0.1.0") for request in registry.writes()]
    assert tagged.index(True) == len(tagged) - 1, "the tag is put once, and last"
    assert (REPOSITORY, tags[0]) in registry.manifests
    listed = (REPOSITORY, tags[1]) in registry.manifests
    assert listed == (behaviour != {"referrers": True}), "a list is kept where the registry keeps none"
    if listed:
        entry, = stored(registry, tags[1])["manifests"]
        assert stored(registry, entry["digest"])["subject"]["digest"] == digest
        assert entry["artifactType"] == "application/vnd.dev.sigstore.bundle.v0.3+json"
        assert entry["annotations"]["dev.sigstore.bundle.content"] == "dsse-envelope"


@pytest.mark.parametrize(("behaviour", "count"), [({"referrers": True}, 3), ({}, 4)],
                         ids=["referrers-api", "no-referrers-api"])
def test_what_is_there_is_only_looked_at(behaviour, count, push, make_scripted_registry):
    registry = make_scripted_registry(**behaviour)
    push(registry)
    registry.forget()
    artifact = push(registry)
    assert (artifact["result"], artifact["signature"], artifact["referrers"]) == \
        ("unchanged", "present", "present")
    assert len(asked(registry)) == count and registry.writes() == []


def test_a_registry_whose_list_of_referrers_is_hidden(push, make_scripted_registry, tags):
    """It says that it keeps one, and a front lets nobody see it: then a list that is seen is kept."""
    registry = make_scripted_registry(referrers=True, api_hidden=True)
    push(registry)
    assert (REPOSITORY, tags[1]) not in registry.manifests, "it was believed"
    assert push(registry)["referrers"] == "pushed"
    assert len(stored(registry, tags[1])["manifests"]) == 1
    registry.forget()
    assert push(registry)["referrers"] == "present"
    assert registry.writes() == []


def test_a_chart_that_was_there_before_gets_our_signatures(push, make_scripted_registry, tags):
    registry = make_scripted_registry()
    push(registry)
    whole = dict(registry.manifests)
    for reference in tags:
        del registry.manifests[REPOSITORY, reference]
    registry.forget()
    artifact = push(registry)
    assert (artifact["result"], artifact["signature"], artifact["referrers"]) == \
        ("completed", "pushed", "pushed")
    assert registry.manifests == whole
    assert not any(r.target.endswith("/manifests/0.1.0") for r in registry.writes())


def test_signatures_of_others_stay(push, make_scripted_registry, tags, digest):
    registry = make_scripted_registry()
    push(registry)
    for reference, member in zip(tags, ("layers", "manifests")):
        kind, body = registry.manifests[REPOSITORY, reference]
        theirs = json.loads(body)
        if member == "layers":
            theirs["layers"][0]["annotations"][SIGNATURE] = "AAAA"
        else:
            theirs["manifests"][0]["digest"] = digest  # another one that is there
        theirs["extra"] = {"stays": True}
        registry.manifests[REPOSITORY, reference] = kind, json.dumps(theirs).encode()
    artifact = push(registry)
    assert (artifact["signature"], artifact["referrers"]) == ("merged", "merged")
    for reference, member in zip(tags, ("layers", "manifests")):
        merged = stored(registry, reference)
        assert len(merged[member]) == 2 and merged["extra"] == {"stays": True}
    assert stored(registry, tags[0])["layers"][0]["annotations"][SIGNATURE] == "AAAA"
    artifact = push(registry)
    assert (artifact["signature"], artifact["referrers"]) == ("present", "present")


@pytest.mark.parametrize("which", [0, 1], ids=["signatures", "list"])
def test_what_is_no_such_thing_is_not_replaced(which, push, make_scripted_registry, tags):
    registry = make_scripted_registry()
    push(registry)
    other = registry.manifests[REPOSITORY, tags[1 - which]]
    registry.manifests[REPOSITORY, tags[which]] = other
    push(registry, status=7)
    assert registry.manifests[REPOSITORY, tags[which]] == other


def test_a_skipped_tag_gets_no_signatures(push, make_scripted_registry, tags):
    registry = make_scripted_registry()
    push(registry)
    registry.manifests[REPOSITORY, "0.1.0"] = registry.manifests[REPOSITORY, tags[0]]
    del registry.manifests[REPOSITORY, tags[0]]
    registry.forget()
    artifact = push(registry, "--on-existing", "skip")
    assert artifact["result"] == "skipped" and "signature" not in artifact
    assert registry.writes() == []


INDEX_TYPE = "application/vnd.oci.image.index.v1+json"
# What stands in the list of referrers, and where its next page is said to be.
LISTS = {
    "row_r22_next_page_elsewhere": (None, '<http://{trap}/v2/charts/tiny/referrers/x>; rel="next"'),
    "row_r22_next_page_is_this_one": (None, '</v2/charts/tiny/referrers/{digest}>; rel="next"'),
    "row_r22_next_page_is_a_file": (None, '<file:///etc/passwd>; rel="next"'),
    "row_r22_refers_to_itself": (["{digest}"] * 3, None),
    "row_r22_not_a_digest": (["sha256:../../x"], None),
}


def test_row_r22_lists_in_pages_are_read_to_the_last(push, make_scripted_registry, digest):
    registry = make_scripted_registry(referrers=True)
    push(registry)
    empty = json.dumps({"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": []}).encode()
    place = f"/v2/{REPOSITORY}/referrers/{digest}"
    link = f'<{place}?page=1>; rel="first", <{place}?page=2>; rel="next"'
    registry.on("GET", "/referrers/", Answer(headers={"Link": link}, body=empty))
    registry.forget()
    assert push(registry)["referrers"] == "present"
    assert registry.writes() == []
    assert [r.target.partition("?")[2] for r in registry.requests() if "/referrers/" in r.target] == \
        ["", "page=2"]


@pytest.mark.parametrize("loop", [1, 2])
def test_row_r22_pages_without_end(loop, push, make_scripted_registry, digest):
    registry = make_scripted_registry(referrers=True)
    push(registry)
    empty = json.dumps({"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": []}).encode()
    for n in range(loop):
        link = f"</v2/{REPOSITORY}/referrers/{digest}?page={n}>; rel=next"
        registry.on("GET", "/referrers/", Answer(headers={"Link": link}, body=empty), repeat=True)
    registry.forget()
    push(registry)
    assert len(registry.requests()) < 100


@pytest.mark.parametrize(("digests", "link"), LISTS.values(), ids=LISTS.keys())
def test_lists_of_referrers_that_lead_away(digests, link, push, make_scripted_registry, digest):
    """Each page is read once, and none from elsewhere; whatever it says, our own ends up in place."""
    registry, trap = make_scripted_registry(referrers=True), make_scripted_registry()
    push(registry)
    whole = dict(registry.manifests)
    answer = Answer()
    if link:
        answer.headers["Link"] = link.format(trap=trap.host, digest=digest)
    if digests:
        listed = [{"mediaType": INDEX_TYPE, "digest": text.format(digest=digest), "size": 2}
                  for text in digests]
        answer.body = json.dumps({"schemaVersion": 2, "mediaType": INDEX_TYPE,
                                  "manifests": listed}).encode()
    registry.on("GET", "/referrers/", answer, repeat=True)
    registry.forget()
    push(registry, status=None)
    assert trap.connections == 0 and len(registry.requests()) < 20
    assert registry.manifests == whole


GITLAB = {"stored as a tag, and not found": {}, "refused": {"on": (400, "DIGEST_INVALID")}}


@pytest.mark.parametrize("how", GITLAB)
def test_a_registry_that_takes_the_list_for_the_artifact(how, push, push_text,
                                                         make_scripted_registry, tags):
    """GitLab reads the tag sha256-<hex> as the digest: what is found there must not be written over,
    and the chart, its .sig tag and the bundle itself come all the same."""
    registry = make_scripted_registry(tag_is_digest=True)
    if how == "refused":
        body = json.dumps({"errors": [{"code": "DIGEST_INVALID", "message": "no"}]}).encode()
        registry.on("PUT", f"/manifests/{tags[1]}$", Answer(400, {}, body), repeat=True)
    artifact = push(registry)
    assert (artifact["result"], artifact["signature"], artifact["referrers"]) == \
        ("pushed", "pushed", "unlisted")
    registry.manifests.pop((REPOSITORY, tags[1]), None)

    def whole():
        for (_, reference), (_, body) in registry.manifests.items():
            assert ":" not in reference or reference == digest_of(body)
        bundles = [r for (_, r), (_, body) in registry.manifests.items()
                   if ":" in r and "subject" in json.loads(body)]
        assert registry.tags(REPOSITORY) == ["0.1.0", tags[0]] and len(bundles) == 1
        return bundles[0]

    bundle = whole()
    registry.forget()
    artifact = push(registry)
    assert (artifact["result"], artifact["referrers"]) == ("unchanged", "unlisted")
    assert registry.writes() == []
    # What is missing is brought, by its digest.
    del registry.manifests[REPOSITORY, bundle]
    artifact, = push_text(registry, "--dry-run", "--json").json["artifacts"]
    assert (artifact["result"], artifact["referrers"]) == ("would complete", "missing")
    artifact = push(registry)
    assert (artifact["result"], artifact["referrers"]) == ("completed", "unlisted")
    assert whole() == bundle


def test_what_stands_in_no_list_is_said(push_text, make_scripted_registry):
    registry = make_scripted_registry(tag_is_digest=True)
    for word in ("pushed", "unchanged"):
        done = push_text(registry)
        assert f"{word} {registry.host}/{REPOSITORY}:0.1.0" in done.stdout
        assert "keeps no lists of referrers" in done.stderr
