"""Content under a good seal that is refused all the same: exit status 3, from both programs.

The layouts are sealed with ssh-keygen, because builder would never write them.
"""

import html.parser
import json

import pytest
from crafted import write_archive
from demands import judged, row_ids
from helpers import Layout

MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
INDEX_TYPE = "application/vnd.oci.image.index.v1+json"
REPOSITORY, TAG = "dev.sallyport.repository", "dev.sallyport.tag"


@pytest.fixture
def mine(programs, keys, tmp_path):
    """A layout with one small chart."""
    chart = write_archive(tmp_path / "tiny.tgz")
    programs.builder.run("build", chart, "--output", tmp_path / "mine", "--keys", keys)
    return Layout(tmp_path / "mine")


def compact(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


@pytest.fixture
def sealed(mine, signer, programs):
    """sealed(status, *words): seals `mine` as it is now; both programs must end with status."""
    def sealed(status, *words):
        signer.seal(mine)
        trust = signer.directory / "trust"
        judged(programs, mine, trust if trust.exists() else signer.trust(), status, *words)
        return mine
    return sealed


def descriptor(layout, body, media_type=MANIFEST_TYPE, **more):
    digest, size = layout.add_blob(body)
    return {"mediaType": media_type, "digest": digest, "size": size, **more}


def named(entry, repository="thing", tag="1"):
    return {**entry, "annotations": {**entry.get("annotations", {}), REPOSITORY: repository, TAG: tag}}


def image(layout, **more):
    """A small image manifest; its blobs are written."""
    config = descriptor(layout, b"{}", "application/vnd.oci.empty.v1+json")
    layer = descriptor(layout, b"layer", "application/octet-stream")
    return {"schemaVersion": 2, "mediaType": MANIFEST_TYPE, "config": config, "layers": [layer], **more}


def add(layout, *entries):
    index = layout.index
    layout.write_index({**index, "manifests": index["manifests"] + list(entries)})


def replace_manifest(layout, change):
    """Puts a changed manifest in the place of the chart's."""
    entry = layout.entry("tiny")
    manifest = change(json.loads(layout.blob(entry["digest"])))
    layout.blob_path(entry["digest"]).unlink()
    body = manifest if isinstance(manifest, bytes) else compact(manifest)
    digest, size = layout.add_blob(body)
    layout.write_index({**layout.index, "manifests": [{**entry, "digest": digest, "size": size}]})


def test_as_it_was_built(sealed):
    sealed(0)


# ---- index.json ----

def with_entry(**members):
    def change(index):
        entry = {**index["manifests"][0], **members}
        return {**index, "manifests": [{k: v for k, v in entry.items() if v is not None}]}
    return change


def with_annotations(**annotations):
    def change(index):
        entry = index["manifests"][0]
        merged = {**entry["annotations"], **{k.replace("__", "."): v for k, v in annotations.items()}}
        return {**index, "manifests": [
            {**entry, "annotations": {k: v for k, v in merged.items() if v is not None}}]}
    return change


def of_delivery(**annotations):
    return lambda index: {**index, "annotations": {f"dev.sallyport.{name.replace('_', '-')}": value
                                                   for name, value in annotations.items()}}


HEX = "0123456789abcdef" * 4
INDEXES = {
    "array": lambda i: [],
    "not-json": lambda i: b"{",
    "two-documents": lambda i: compact(i) * 2,
    "nul-after": lambda i: compact(i) + b"\0",
    "byte-order-mark": lambda i: b"\xef\xbb\xbf" + compact(i),
    "not-utf8": lambda i: compact(i).replace(b"tiny", b"t\xffny"),
    "member-twice": lambda i: compact(i)[:-1] + b',"manifests":[]}',
    "member-twice-by-escape": lambda i: compact(i)[:-1] + b',"\\u006danifests":[]}',
    "member-by-case": lambda i: compact(i)[:-1] + b',"Manifests":[]}',
    "escaped-nul": lambda i: compact(i)[:-1] + b',"a":"\\u0000"}',
    "overlong": lambda i: compact(i)[:-1] + b',"a":"\xc0\xaf"}',
    "not-a-number": lambda i: compact(i)[:-1] + b',"a":NaN}',
    "comment": lambda i: compact(i)[:-1] + b'/* */}',
    "deep-33": lambda i: compact(i)[:-1] + b',"a":' + b"[" * 33 + b"]" * 33 + b"}",
    "deep-2049": lambda i: compact(i)[:-1] + b',"a":' + b"[" * 2049 + b"]" * 2049 + b"}",
    "deep-10^6": lambda i: compact(i)[:-1] + b',"a":' + b"[" * 10 ** 6 + b"]" * 10 ** 6 + b"}",
    "10^6-members": lambda i: compact(i)[:-1] + b"," + b",".join(
        b'"%d":0' % n for n in range(10 ** 6)) + b"}",
    "schema-1": lambda i: {**i, "schemaVersion": 1},
    "schema-text": lambda i: {**i, "schemaVersion": "2"},
    "schema-missing": lambda i: {k: v for k, v in i.items() if k != "schemaVersion"},
    "other-media-type": lambda i: {**i, "mediaType": MANIFEST_TYPE},
    "no-manifests": lambda i: {k: v for k, v in i.items() if k != "manifests"},
    "manifests-object": lambda i: {**i, "manifests": {}},
    "config-too": lambda i: {**i, "config": {}},
    "layers-too": lambda i: {**i, "layers": []},
    "subject": lambda i: {**i, "subject": i["manifests"][0]},
    "annotation-not-text": lambda i: {**i, "annotations": {"a": 1}},
    "entry-text": lambda i: {**i, "manifests": ["x"]},
    "the-same-name-twice": lambda i: {**i, "manifests": i["manifests"] * 2},
    "no-name": with_annotations(dev__sallyport__repository=None, dev__sallyport__tag=None),
    "repository-alone": with_annotations(dev__sallyport__tag=None),
    "tag-alone": with_annotations(dev__sallyport__repository=None),
    "another-charts-name": with_annotations(dev__sallyport__repository="other"),
    "another-charts-version": with_annotations(dev__sallyport__tag="9.9.9"),
    **{f"repository-{name}": with_annotations(dev__sallyport__repository=value)
       for name, value in {"parent": "../x", "upper": "Tiny", "absolute": "/tiny", "empty": "",
                           "long": "a" * 300, "tag-in-it": "tiny:1", "digest-in-it": f"a@sha256:{HEX}",
                           "newline": "a\nb", "double": "a//b"}.items()},
    **{f"tag-{name}": with_annotations(dev__sallyport__tag=value)
       for name, value in {"parent": "../x", "slash": "a/b", "empty": "", "long": "a" * 129,
                           "newline": "1\n2", "plus": "1+2", "dot": ".1", "digest": f"sha256:{HEX}"
                           }.items()},
    **{f"digest-{name}": with_entry(digest=value)
       for name, value in {
           "parent": "sha256:../../index.json", "upper": f"sha256:{HEX.upper()}", "short": f"sha256:{HEX[1:]}",
           "long": f"sha256:{HEX}0", "blank": f" sha256:{HEX}", "empty": "", "md5": "md5:" + "0" * 32,
           "sha512": "sha512:" + "0" * 128, "sha256-of-128": "sha256:" + "0" * 128,
           "sha1": "sha1:" + "0" * 40, "nothing": None, "absent": f"sha256:{HEX}",
           "nul": f"sha256:{HEX}\0"}.items()},
    **{f"size-{value}": with_entry(size=value)
       for value in (-1, 0, 1, 1.5, True, "12", None, 2 ** 62, 2 ** 64)},
    "size-exponent": lambda i: compact(i).replace(b'"size":', b'"size":1e'),
    "size-minus-zero": lambda i: compact(with_entry(size=0)(i)).replace(b'"size":0', b'"size":-0'),
    "media-type-missing": with_entry(mediaType=None),
    "media-type-index": with_entry(mediaType=INDEX_TYPE),
    "media-type-odd": with_entry(mediaType="text/html; charset=x"),
    "media-type-layer": with_entry(mediaType="application/octet-stream"),
    "schema-1-manifest": with_entry(
        mediaType="application/vnd.docker.distribution.manifest.v1+prettyjws"),
    "urls": with_entry(urls=["https://evil.example/a"]),
    "data-that-disagrees": with_entry(data="e30="),
    "origin-bad": of_delivery(origin="Plant A"),
    "destination-bad": of_delivery(destination="https://r.example"),
    "not-after-bad": of_delivery(not_after="tomorrow"),
    "sequence-without-origin": of_delivery(sequence="1"),
    "sequence-0": of_delivery(origin="a", sequence="0"),
    "sequence-leading-zero": of_delivery(origin="a", sequence="01"),
    "sequence-2^63": of_delivery(origin="a", sequence=str(2 ** 63)),
    "previous-bad": of_delivery(previous="abc"),
}


INDEX_ROWS = [
    ("member-twice-by-escape", "j1"), ("member-twice", "j1"), ("member-by-case", "j1"),
    ("deep-", "j2"), ("10^6-members", "j5"), ("size-", "j3"), ("escaped-nul", "j4"), ("overlong", "j4"),
    ("not-a-number", "j4"), ("comment", "j4"), ("two-documents", "j4"), ("nul-after", "j4"),
    ("byte-order-mark", "j4"), ("not-utf8", "j4"),
    ("digest-md5", "l12"), ("digest-sha512", "l12"), ("digest-sha1", "l12"),
    ("digest-sha256-of-128", "l12"), ("digest-", "l1"),
    ("config-too", "l8"), ("layers-too", "l8"), ("other-media-type", "l8"),
    ("media-type-index", "l9"), ("schema-1-manifest", "l9"),
    ("the-same-name-twice", "l10"), ("no-name", "l10"),
    ("urls", "l11"), ("data-that-disagrees", "l11"),
    ("repository-", "l14"), ("tag-", "l14"), ("another-charts-", "l15"),
]


@pytest.mark.parametrize("change", INDEXES.values(), ids=row_ids(INDEXES, INDEX_ROWS))
def test_index(change, mine, sealed):
    changed = change(mine.index)
    if isinstance(changed, bytes):
        (mine.path / "index.json").write_bytes(changed)
    else:
        mine.write_index(changed)
    sealed(3, "index.json")


@pytest.mark.parametrize("change", [
    of_delivery(colour="red"),
    with_annotations(dev__sallyport__colour="red"), with_annotations(dev__sallyport__Tag="1"),
], ids=["unknown", "unknown-of-an-entry", "unknown-by-case"])
def test_what_this_version_cannot_judge_is_a_matter_of_policy(change, mine, sealed):
    mine.write_index(change(mine.index))
    sealed(4)


@pytest.mark.parametrize("change", [
    lambda i: {k: v for k, v in i.items() if k != "mediaType"},
    of_delivery(origin="a", sequence="1"), of_delivery(previous=HEX),
    lambda i: {**i, "unknown": [1, 2]},
    lambda i: {**i, "annotations": {"com.example.anything": "x"}},
    with_annotations(**{"com.example": "x"}),
    lambda i: json.dumps(i, indent=2).encode() + b"\n",
], ids=["no-media-type", "sequence", "previous", "unknown-member", "foreign-annotation", "foreign-entry-annotation",
        "white-space"])
def test_index_that_passes(change, mine, sealed):
    changed = change(mine.index)
    if isinstance(changed, bytes):
        (mine.path / "index.json").write_bytes(changed)
    else:
        mine.write_index(changed)
    sealed(0)


@pytest.mark.parametrize("body", [
    b"", b"{}", b'{"imageLayoutVersion":"2.0.0"}', b'{"imageLayoutVersion":1}', b"1.0.0",
    b'{"imageLayoutVersion":"1.0.0"}' + b" " * 5000,
], ids=["empty", "no-version", "version-2", "number", "text", "large"])
def test_row_l16_oci_layout(body, mine, sealed):
    (mine.path / "oci-layout").write_bytes(body)
    sealed(3, "oci-layout")


def test_a_blob_that_nothing_leads_to(mine, sealed):
    digest, _ = mine.add_blob(b"stowaway")
    sealed(3, digest.removeprefix("sha256:"))


def test_a_blob_that_is_not_there(mine, sealed):
    mine.blob_path(mine.manifest("tiny")["layers"][0]["digest"]).unlink()
    sealed(3, "layer")


def test_an_index_of_16385_entries(mine, sealed):
    entry = mine.entry("tiny")
    bare = {k: v for k, v in entry.items() if k != "annotations"}
    mine.write_index({**mine.index, "manifests": [entry] + [bare] * 16384})
    sealed(3, "16384")


# ---- manifests ----

MANIFESTS = {
    "not-json": lambda m: b"manifest",
    "schema-1": lambda m: {**m, "schemaVersion": 1},
    "no-schema": lambda m: {k: v for k, v in m.items() if k != "schemaVersion"},
    "no-config": lambda m: {k: v for k, v in m.items() if k != "config"},
    "no-layers": lambda m: {k: v for k, v in m.items() if k != "layers"},
    "manifests-too": lambda m: {**m, "manifests": []},
    "fs-layers": lambda m: {**m, "fsLayers": []},
    "other-media-type": lambda m: {**m, "mediaType": INDEX_TYPE},
    "layer-size": lambda m: {**m, "layers": [{**m["layers"][0], "size": 1}]},
    "layer-absent": lambda m: {**m, "layers": [{**m["layers"][0], "digest": f"sha256:{HEX}"}]},
    "layer-urls": lambda m: {**m, "layers": [{**m["layers"][0], "urls": ["http://evil.example"]}]},
    "layer-text": lambda m: {**m, "layers": ["x"]},
    "1001-layers": lambda m: {**m, "layers": m["layers"] * 1001},
    "config-size": lambda m: {**m, "config": {**m["config"], "size": m["config"]["size"] + 1}},
    "config-is-the-layer": lambda m: {**m, "config": {**m["layers"][0],
                                                      "mediaType": m["config"]["mediaType"]}},
    "subject-text": lambda m: {**m, "subject": "x"},
    "member-twice": lambda m: compact(m)[:-1] + b',"layers":[]}',
    "deep": lambda m: compact(m)[:-1] + b',"x":' + b"[" * 40 + b"]" * 40 + b"}",
    "lone-surrogate": lambda m: compact(m)[:-1] + b',"x":"\\ud800"}',
    "5-MiB": lambda m: compact({**m, "x": "y" * (5 * 2 ** 20)}),
}


MANIFEST_ROWS = [
    ("member-twice", "j1"), ("deep", "j2"), ("config-size", "j3"), ("lone-surrogate", "j4"),
    ("5-MiB", "j5"), ("manifests-too", "l8"), ("fs-layers", "l8"), ("other-media-type", "l9"),
    ("layer-urls", "l11"), ("schema-1", "l9"),
]


@pytest.mark.parametrize("change", MANIFESTS.values(), ids=row_ids(MANIFESTS, MANIFEST_ROWS))
def test_manifest(change, mine, sealed):
    replace_manifest(mine, change)
    sealed(3, "manifest")


@pytest.mark.parametrize("change", [
    lambda m: {**m, "unknown": {"a": [1]}},
    lambda m: json.dumps(m, indent=1).encode(),
    lambda m: {**m, "artifactType": "application/vnd.example+json"},
    lambda m: {**m, "layers": m["layers"] * 3},
], ids=["unknown-member", "white-space", "artifact-type", "a-layer-three-times"])
def test_manifest_that_passes(change, mine, sealed):
    replace_manifest(mine, change)
    sealed(0)


# What it has is what is pushed, to the byte: nothing is written anew.
@pytest.mark.parametrize("change", [
    lambda m: {**m, "unknown": {"a": [1]}},
    lambda m: json.dumps(m, indent=3).encode() + b"\n",
    lambda m: dict(reversed(m.items())),
    lambda m: compact(m).replace(b'"layers"', b'"l\\u0061yers"'),
], ids=["unknown-member", "white-space", "order", "escape"])
def test_row_j6_odd_manifests_are_pushed_as_they_are(change, mine, sealed, signer, programs,
                                                     make_referrers_registry):
    replace_manifest(mine, change)
    sealed(0)
    registry = make_referrers_registry()
    programs.pusher.run("push", mine, registry.oci("charts"), "--trust", signer.directory / "trust",
                        "--plain-http")
    entry = mine.entry("tiny")
    body, digest, _ = registry.manifest("charts/tiny", entry["annotations"][TAG])
    assert (body, digest) == (mine.blob(entry["digest"]), entry["digest"])


# ---- other content than charts ----

def test_any_oci_content_passes(mine, sealed):
    index = {"schemaVersion": 2, "mediaType": INDEX_TYPE,
             "manifests": [descriptor(mine, compact(image(mine)))]}
    docker = {**image(mine), "mediaType": "application/vnd.docker.distribution.manifest.v2+json"}
    signature = image(mine, subject={k: v for k, v in mine.entry("tiny").items() if k != "annotations"})
    add(mine,
        named(descriptor(mine, compact(index), INDEX_TYPE), "image", "a"),
        named(descriptor(mine, compact(image(mine, artifactType="application/vnd.x"))), "artifact", "b"),
        named(descriptor(mine, compact(docker), docker["mediaType"]), "docker", "c"),
        descriptor(mine, compact(signature)))
    sealed(0)


def nest(layout, depth):
    entry = descriptor(layout, compact(image(layout)))
    for _ in range(depth):
        entry = descriptor(layout, compact({"schemaVersion": 2, "mediaType": INDEX_TYPE,
                                            "manifests": [entry]}), INDEX_TYPE)
    return named(entry)


@pytest.mark.parametrize(("depth", "status"), [(1, 0), (3, 0), (4, 0), (5, 3), (50, 3)])
def test_nested_indexes(depth, status, mine, sealed):
    add(mine, nest(mine, depth))
    sealed(status)


def test_one_digest_described_in_two_ways(mine, sealed):
    untyped = {name: value for name, value in image(mine).items() if name != "mediaType"}
    entry = descriptor(mine, compact(untyped))
    other = {**entry, "mediaType": "application/vnd.docker.distribution.manifest.v2+json"}
    add(mine, named(entry, tag="1"), named(other, tag="2"))
    sealed(3)


def test_an_entry_without_a_name_that_nobody_could_ask_for(mine, sealed):
    add(mine, descriptor(mine, compact(image(mine))))
    sealed(3)


@pytest.mark.parametrize("name", ["one", "several"])
def test_what_skopeo_copied_is_accepted_once_it_has_names(name, request, mine, peers, sealed):
    """An image layout of another tool, with our seal and our names on it."""
    source = request.getfixturevalue("layout" if name == "one" else "layout_several")
    refs = [entry["annotations"]["org.opencontainers.image.ref.name"]
            for entry in source.index["manifests"]]
    copy = Layout(mine.path.parent / "copied")
    for ref in refs:
        peers.run("skopeo", "copy", f"oci:{source}:{ref}", f"oci:{copy}:{ref}")
    for path in list(mine.files()):
        path.unlink()
    for path in copy.files():
        target = mine.path / path.relative_to(copy.path)
        target.write_bytes(path.read_bytes())
    sealed(3, "index.json")
    names = {entry["digest"]: entry["annotations"] for entry in source.index["manifests"]}
    index = mine.index
    for entry in index["manifests"]:
        entry["annotations"] = {**entry.get("annotations", {}), **{
            key: names[entry["digest"]][key] for key in (REPOSITORY, TAG)}}
    mine.write_index(index)
    sealed(0)


def test_inspect_wants_trust_from_pusher_and_none_from_builder(mine, programs, keys, stranger):
    told = programs.pusher.run("inspect", mine, "--trust", keys.trust, "--json").json
    own = programs.builder.run("inspect", mine, "--json").json
    assert told["seal"]["id"] == own["seal"]["id"] == mine.seal_id
    assert (told["seal"]["verified"], own["seal"]["verified"]) == (True, False)
    assert told["artifacts"] == own["artifacts"]
    assert programs.pusher.run("inspect", mine, "--trust", keys.trust, "--format", "json").json == told
    programs.pusher.run("inspect", mine, "--trust", stranger.trust, status=4)
    programs.pusher.run("inspect", mine, status=2)
    assert mine.entry("tiny")["digest"] in programs.builder.run("inspect", mine).stdout


class Page(html.parser.HTMLParser):
    """The tags, attributes and text of an HTML page."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.text = set(), set(), []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes |= {(name, value) for name, value in attrs}

    def handle_data(self, data):
        self.text.append(data)


def test_inspect_makes_a_page_that_loads_nothing(mine, sealed, programs, signer):
    index = mine.index
    index["annotations"] = {"org.opencontainers.image.created": "</code><script src=//x>&'\""}
    mine.write_index(index)
    sealed(0)
    for done in (programs.builder.run("inspect", mine, "--format", "html"),
                 programs.pusher.run("inspect", mine, "--trust", signer.directory / "trust",
                                     "--format", "html")):
        page = Page(done.stdout)
        assert page.tags <= {"html", "meta", "title", "style", "h1", "h2", "section", "table", "tr",
                             "th", "td", "code", "span", "a", "br"}
        assert {name for name, _ in page.attributes} <= {
            "lang", "charset", "http-equiv", "content", "name", "class", "title", "href", "id"}
        assert all(value.startswith("#a") for name, value in page.attributes if name == "href")
        assert "url(" not in done.stdout and "@import" not in done.stdout
        for told in ("</code><script src=//x>&'\"", mine.seal_id, mine.entry("tiny")["digest"]):
            assert told in page.text


def test_inspect_shows_hostile_text_escaped(mine, programs):
    index = mine.index
    index["annotations"] = {"dev.sallyport.origin": "plant-a", "x": "\x1b[2J\n"}
    mine.write_index(index)
    replace_manifest(mine, lambda m: {**m, "annotations": {"a": "\x1b[2J\u202e"}})
    for options in ([], ["--json"], ["--format", "html"]):
        done = programs.builder.run("inspect", mine, *options, status=None)
        assert not set(done.stdout + done.stderr) & {"\x1b", "\u202e"}
