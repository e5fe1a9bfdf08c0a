"""Several tags of one manifest by one request, where a registry knows it (OCI-Tag), else one by one."""

import pytest
from helpers import Layout
from scripted_registry import Answer, digest_of
from pushing import MANIFEST_TYPE
from test_content import add, compact, descriptor, image, mine, named  # noqa: F401

TAGS = ["1", "1.2", "1.2.3", "latest"]
OTHER = "sha256:" + "0123456789abcdef" * 4


@pytest.fixture
def several(mine, signer):
    """several(tags, others={}): a sealed layout with an image under all these tags of "thing"; others:
    {tag: bytes that make another image}."""
    def several(tags=TAGS, others=None):
        same = descriptor(mine, compact(image(mine)))
        entries = [named(same, "thing", tag) for tag in tags]
        for tag, text in (others or {}).items():
            manifest = compact(image(mine, annotations={"which": text}))
            entries.append(named(descriptor(mine, manifest), "thing", tag))
        add(mine, *entries)
        signer.seal(mine)
        return Layout(mine.path)
    return several


@pytest.fixture
def push(programs, signer):
    """push(registry, layout, *options): the Result."""
    def push(registry, layout, *options, **how):
        trust = signer.directory / "trust"
        return programs.pusher.run("push", layout, registry.oci("p"), "--trust",
                                   trust if trust.exists() else signer.trust(), "--plain-http",
                                   *options, **how)
    return push


def puts(registry):
    """[(reference, tags asked for)] of the manifests of thing that were put."""
    found = [r for r in registry.writes() if "/p/thing/manifests/" in r.target]
    return [(r.path.rsplit("/", 1)[1], r.target.count("tag=")) for r in found]


def check(registry, layout, tags=TAGS):
    """Every tag leads to its digest."""
    for tag in tags:
        assert digest_of(registry.manifests["p/thing", tag][1]) == layout.entry("thing", tag)["digest"]


def digest(layout):
    return layout.entry("thing", TAGS[0])["digest"]


def test_all_at_once(several, push, make_scripted_registry):
    registry, layout = make_scripted_registry(tag_parameter=True), several()
    done = push(registry, layout)
    assert puts(registry) == [(digest(layout), 4)]
    check(registry, layout)
    assert [line.split()[0] for line in done.stdout.splitlines() if "/thing:" in line] == ["pushed"] * 4
    # Each is looked at, before and after.
    looks = [r for r in registry.requests() if r.method == "HEAD" and "/p/thing/" in r.target]
    assert len(looks) == 8
    registry.forget()
    push(registry, layout)
    assert registry.writes() == []


def test_one_by_one_where_nothing_is_echoed(several, push, make_scripted_registry):
    registry = make_scripted_registry()
    layout = several(TAGS, {"2": "b", "2.0": "b", "3": "c", "3.0": "c"})
    push(registry, layout)
    assert [tags for _, tags in puts(registry)] == [4] + [0] * 8
    check(registry, layout, [*TAGS, "2", "2.0", "3", "3.0"])


def test_several_manifests(several, push, make_scripted_registry):
    registry = make_scripted_registry(tag_parameter=True)
    layout = several(TAGS, {"2": "b", "2.0": "b", "3": "c"})
    push(registry, layout)
    assert sorted(puts(registry)) == sorted([
        (digest(layout), 4), (layout.entry("thing", "2")["digest"], 2), ("3", 0)])
    check(registry, layout, [*TAGS, "2", "2.0", "3"])


def test_some_are_echoed(several, push, make_scripted_registry):
    registry, layout = make_scripted_registry(tag_parameter=True, tags_taken=2), several()
    push(registry, layout)
    assert puts(registry) == [(digest(layout), 4), ("1.2.3", 0), ("latest", 0)]
    check(registry, layout)


@pytest.mark.parametrize("said", ["1, 1.2, 1.2.3, latest", "latest", "1,1,1,1", "other", ",,,", "\x7f",
                                  "1" * 100000])
def test_row_r24_echoed_and_not_taken(said, several, push, make_scripted_registry):
    registry, layout = make_scripted_registry(), several()
    registry.on("PUT", "tag=", Answer(headers={"OCI-Tag": said}))
    push(registry, layout)
    assert puts(registry)[0][1] == 4 and sorted(p[0] for p in puts(registry)[1:]) == TAGS
    check(registry, layout)


def test_row_r1_another_digest(several, push, make_scripted_registry):
    registry, layout = make_scripted_registry(tag_parameter=True), several()
    registry.on("PUT", "tag=", Answer(201, {"Docker-Content-Digest": OTHER, "OCI-Tag": "1, 1.2"}))
    done = push(registry, layout, status=7)
    assert OTHER in done.stderr and registry.tags("p/thing") == []


def test_row_r1_a_tag_that_leads_elsewhere(several, push, make_scripted_registry):
    """Echoed, and something else is there: put by itself, and then not believed."""
    registry, layout = make_scripted_registry(tag_parameter=True), several()
    registry.on("HEAD", "/p/thing/manifests/latest", Answer(), Answer(200, {
        "Docker-Content-Digest": OTHER, "Content-Type": "application/vnd.oci.image.manifest.v1+json"}))
    push(registry, layout)
    assert puts(registry) == [(digest(layout), 4), ("latest", 0)]
    check(registry, layout)


@pytest.mark.parametrize("status", [301, 400, 404, 405, 414, 431, 500, 501, 503])
def test_refused(status, several, push, make_scripted_registry):
    registry, layout = make_scripted_registry(), several()
    registry.on("PUT", "tag=", Answer(status, {}, b""), repeat=True)
    push(registry, layout)
    assert len(puts(registry)) == 5
    check(registry, layout)


def test_what_is_there_counts_for_each(several, push, make_scripted_registry):
    registry, layout = make_scripted_registry(tag_parameter=True), several()
    other = compact({"schemaVersion": 2, "config": {}, "layers": []})
    registry.put("p/thing", "latest", other, "application/vnd.oci.image.manifest.v1+json")
    push(registry, layout, status=7)
    assert registry.writes() == []
    done = push(registry, layout, "--on-existing", "skip")
    assert puts(registry) == [(digest(layout), 3)]
    assert registry.manifests["p/thing", "latest"][1] == other
    assert "skipped" in done.stdout
    registry.forget()
    push(registry, layout, "--on-existing", "overwrite")
    assert puts(registry) == [("latest", 0)]
    check(registry, layout)


def test_immutable_tags_and_a_lost_answer(several, push, make_scripted_registry):
    """The tags were taken, the answer was lost, and the same is then refused."""
    registry, layout = make_scripted_registry(tag_parameter=True, immutable=(400, "TAG_INVALID")), several()
    registry.on("PUT", "tag=", Answer(cut=-1))
    push(registry, layout)
    assert puts(registry) == [(digest(layout), 4)] * 2
    check(registry, layout)


@pytest.mark.parametrize(("existing", "status"), [("fail", 7), ("skip", 0)])
def test_row_r23_one_that_moves_during_the_push_stays(existing, status, several, push,
                                                      make_scripted_registry):
    """Where the first look is old each is looked at again, and put alone."""
    registry, layout = make_scripted_registry(tag_parameter=True), several()
    registry.on("PUT", "/p/thing/blobs/uploads/", Answer(delay=2.2), repeat=True)
    theirs = b'{"schemaVersion":2}'
    usual = registry.answer

    def answer(request):
        if request.method == "PUT" and "/blobs/" in request.target:
            registry.put("p/thing", "1.2", theirs, MANIFEST_TYPE)
        return usual(request)

    registry.answer = answer
    done = push(registry, layout, "--on-existing", existing, status=status)
    assert registry.manifests["p/thing", "1.2"][1] == theirs
    assert all(count == 0 for _, count in puts(registry))
    if status == 0:
        check(registry, layout, [tag for tag in TAGS if tag != "1.2"])
    else:
        assert "p/thing:1.2" in done.stderr


def test_more_than_one_request_takes(several, push, make_scripted_registry):
    tags = [f"{i:02}" for i in range(23)]
    registry, layout = make_scripted_registry(tag_parameter=True), several(tags)
    push(registry, layout)
    assert sorted(count for _, count in puts(registry)) == [3, 10, 10]
    check(registry, layout, tags)


def test_a_dry_run_puts_nothing(several, push, make_scripted_registry):
    registry = make_scripted_registry(tag_parameter=True)
    push(registry, several(), "--dry-run")
    assert registry.writes() == []
