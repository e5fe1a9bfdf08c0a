"""builder build CHART.tgz: Helm's bytes, and the golden layouts of a second implementation."""

import base64
import itertools
import json
import os
import shutil

import pytest
from crafted import TINY, chart_yaml, write_archive
from demands import names_in, refused
from helpers import Keys, sha256, tree, verify_with_stock_tools

CREATED = "2024-01-02T03:04:05Z"
CONFIG_TYPE = "application/vnd.cncf.helm.config.v1+json"
CHART_TYPE = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
PROVENANCE_TYPE = "application/vnd.cncf.helm.chart.provenance.v1.prov"
MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
CREATED_KEY = "org.opencontainers.image.created"


@pytest.fixture
def golden_keys(tmp_path):
    """The key of the golden layouts: Ed25519 with the seed 00 01 .. 1f, as PKCS#8."""
    der = bytes.fromhex("302e020100300506032b657004220420") + bytes(range(32))
    directory = tmp_path / "golden-keys"
    directory.mkdir()
    key = directory / "seal.key"
    key.touch(0o600)
    key.write_text("-----BEGIN PRIVATE KEY-----\n"
                   f"{base64.b64encode(der).decode()}\n-----END PRIVATE KEY-----\n")
    return Keys(directory)


def compact(value):
    return json.dumps(value, separators=(",", ":")).encode()


def test_real_chart_is_what_helm_push_sends(real_chart, build, keys):
    layout = build(real_chart.path, options=["--created", real_chart.created])
    descriptor = layout.entry(real_chart.repository, real_chart.tag)
    assert (descriptor["digest"], descriptor["size"], descriptor["mediaType"]) == \
        (real_chart.manifest_digest, real_chart.manifest_bytes, MANIFEST_TYPE)
    manifest = layout.manifest(real_chart.repository)
    assert (manifest["config"]["digest"], manifest["config"]["size"]) == \
        (real_chart.config_digest, real_chart.config_bytes)
    assert [layer["digest"] for layer in manifest["layers"]] == \
        [f"sha256:{real_chart.archive_sha256}"]
    for path in layout.blob_path(descriptor["digest"]).parent.iterdir():
        assert sha256(path.read_bytes()) == path.name
    assert layout.blob(manifest["layers"][0]["digest"]) == real_chart.path.read_bytes()
    verify_with_stock_tools(layout, keys.trust)


@pytest.mark.parametrize(("name", "charts", "options", "target"), [
    ("one", ["alertmanager-1.42.0.tgz"], [], []),
    ("delivery", ["alertmanager-1.42.0.tgz", "nginx-22.1.1.tgz"],
     ["--origin", "plant-a", "--destination", "registry.example/charts",
      "--not-after", "2036-01-01T00:00:00Z"], ["oci://registry.example/charts"]),
], ids=["one", "delivery"])
def test_golden_layout_byte_for_byte(name, charts, options, target, build, programs, golden,
                                     golden_keys, golden_layouts):
    paths = [golden[chart].path for chart in charts]
    layout = build(*paths, keys=golden_keys, options=["--created", CREATED, *options])
    assert tree(layout) == tree(golden_layouts / name)
    for made in (layout, golden_layouts / name):
        programs.pusher.run("verify", made, *target, "--trust", golden_layouts / "trust")


def test_prints_charts_then_seal(programs, keys, tmp_path):
    chart = write_archive(tmp_path / "a.tgz", {**TINY, "Chart.yaml": chart_yaml(version="1.2.3+b")})
    output = tmp_path / "layout"
    done = programs.builder.run("build", chart, "--output", output, "--keys", keys)
    digest = json.loads((output / "index.json").read_bytes())["manifests"][0]["digest"]
    seal_id = sha256((output / "SEAL").read_bytes())
    assert done.stdout == f"tiny 1.2.3+b {digest}\nseal {seal_id} {output}\n"
    assert done.stderr == ""


def test_index_is_compact_and_complete(build, tmp_path):
    chart = write_archive(tmp_path / "a.tgz", {**TINY, "Chart.yaml": chart_yaml(version="1.0.0+x")})
    layout = build(chart, options=["--destination", "registry.example/b", "--origin", "o"])
    digest = layout.index["manifests"][0]["digest"]
    assert (layout.path / "index.json").read_bytes() == compact({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [{
            "mediaType": MANIFEST_TYPE, "digest": digest, "size": len(layout.blob(digest)),
            "annotations": {
                "dev.sallyport.repository": "tiny",
                "dev.sallyport.tag": "1.0.0_x",
                "org.opencontainers.image.ref.name": "1.0.0_x"}}],
        "annotations": {
            "dev.sallyport.destination": "registry.example/b",
            "dev.sallyport.origin": "o"}})
    assert (layout.path / "oci-layout").read_bytes() == b'{"imageLayoutVersion":"1.0.0"}'
    assert (layout.path / "SEAL").read_bytes() == layout.listing().encode()
    assert len(layout.signatures) == 1


def test_manifest_is_in_helms_own_form(build, tmp_path):
    more = ("description: a <b> & 'c'\nhome: https://h.example\nsources: [https://s.example]\n"
            "maintainers: [{name: Ann, email: a@x.example}, {name: Bob}]\n"
            "annotations: {z: '1', a: '2'}\n")
    chart = write_archive(tmp_path / "a.tgz", {**TINY, "Chart.yaml": chart_yaml(more=more)})
    layout = build(chart, options=["--created", CREATED])
    config = (b'{"name":"tiny","home":"https://h.example","sources":["https://s.example"],'
              b'"version":"0.1.0","description":"a \\u003cb\\u003e \\u0026 \'c\'",'
              b'"maintainers":[{"name":"Ann","email":"a@x.example"},{"name":"Bob"}],'
              b'"apiVersion":"v2","annotations":{"a":"2","z":"1"}}')
    body = chart.read_bytes()
    manifest = (
        f'{{"schemaVersion":2,"config":{{"mediaType":"{CONFIG_TYPE}",'
        f'"digest":"sha256:{sha256(config)}","size":{len(config)}}},'
        f'"layers":[{{"mediaType":"{CHART_TYPE}","digest":"sha256:{sha256(body)}",'
        f'"size":{len(body)}}}],"annotations":{{"a":"2",'
        '"org.opencontainers.image.authors":"Ann (a@x.example), Bob",'
        f'"org.opencontainers.image.created":"{CREATED}",'
        '"org.opencontainers.image.description":"a \\u003cb\\u003e \\u0026 \'c\'",'
        '"org.opencontainers.image.source":"https://s.example",'
        '"org.opencontainers.image.title":"tiny",'
        '"org.opencontainers.image.url":"https://h.example",'
        '"org.opencontainers.image.version":"0.1.0","z":"1"}}').encode()
    assert layout.blob(layout.entry("tiny")["digest"]) == manifest
    assert layout.blob(f"sha256:{sha256(config)}") == config


@pytest.mark.parametrize("provenance", [b"", b"-----BEGIN PGP SIGNED MESSAGE-----\n\xff\0\n"],
                         ids=["empty", "any-bytes"])
def test_row_c20_provenance_is_carried_unchanged(provenance, build, tmp_path):
    chart = write_archive(tmp_path / "a.tgz")
    (tmp_path / "a.tgz.prov").write_bytes(provenance)
    layout = build(chart)
    layers = layout.manifest("tiny")["layers"]
    assert sorted((layer["mediaType"], layout.blob(layer["digest"])) for layer in layers) == \
        [(CHART_TYPE, chart.read_bytes()), (PROVENANCE_TYPE, provenance)]
    digests = [layer["digest"] for layer in layers]
    assert digests == sorted(digests), "Helm sorts the layers by digest"


def test_provenance_comes_first_where_its_digest_is_smaller(build, tmp_path):
    chart = write_archive(tmp_path / "a.tgz")
    archive_digest = sha256(chart.read_bytes())
    text = next(t for t in map(str, itertools.count()) if sha256(t.encode()) < archive_digest)
    (tmp_path / "a.tgz.prov").write_text(text)
    layers = build(chart).manifest("tiny")["layers"]
    assert [layer["mediaType"] for layer in layers] == [PROVENANCE_TYPE, CHART_TYPE]


def clearsigned(name, digest):
    """The form of Helm's .prov; whether its signature holds takes a keyring to tell."""
    return ("-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\nname: tiny\n\n...\nfiles:\n"
            f"  {name}: {digest}\n-----BEGIN PGP SIGNATURE-----\n\nx\n-----END PGP SIGNATURE-----")


def test_row_c20_provenance_of_this_archive(build, tmp_path):
    chart = write_archive(tmp_path / "a.tgz")
    text = clearsigned("a.tgz", f"sha256:{sha256(chart.read_bytes())}")
    (tmp_path / "a.tgz.prov").write_text(text)
    layout = build(chart)
    assert text.encode() in [layout.blob(l["digest"]) for l in layout.manifest("tiny")["layers"]]


@pytest.mark.parametrize(("name", "digest", "word"), [
    ("a.tgz", "sha256:" + "0" * 64, "0000"), ("b.tgz", None, "a.tgz"),
], ids=["another-digest", "another-name"])
def test_row_c20_provenance_of_another_archive(name, digest, word, programs, keys, tmp_path):
    chart = write_archive(tmp_path / "a.tgz")
    digest = digest or f"sha256:{sha256(chart.read_bytes())}"
    (tmp_path / "a.tgz.prov").write_text(clearsigned(name, digest))
    done = programs.builder.run("build", chart, "--output", tmp_path / "o", "--keys", keys,
                                status=None)
    refused(done, 3, "a.tgz", "prov", word)
    assert names_in(tmp_path) == ["a.tgz", "a.tgz.prov"]


@pytest.mark.parametrize("kind", ["directory", "fifo", "huge"])
def test_row_c20_provenance_that_cannot_be_carried_is_not_left_out(kind, programs, keys, tmp_path):
    chart = write_archive(tmp_path / "a.tgz")
    provenance = tmp_path / "a.tgz.prov"
    if kind == "directory":
        provenance.mkdir()
    elif kind == "fifo":
        os.mkfifo(provenance)
    else:
        with provenance.open("wb") as file:
            file.truncate(5 * 1024 * 1024)
    done = programs.builder.run("build", chart, "--output", tmp_path / "o", "--keys", keys,
                                status=None, timeout=5)
    refused(done, 3, "a.tgz", "prov")
    assert names_in(tmp_path) == ["a.tgz", "a.tgz.prov"]


@pytest.mark.parametrize(("options", "environment", "manifest", "index"), [
    ([], {}, None, None),
    (["--created", "2024-05-06T09:08:09+02:00"], {}, "2024-05-06T09:08:09+02:00", None),
    ([], {"SOURCE_DATE_EPOCH": "0"}, "1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z"),
    ([], {"SOURCE_DATE_EPOCH": "1704164645"}, CREATED, CREATED),
    (["--created", "2001-01-01T00:00:00Z"], {"SOURCE_DATE_EPOCH": "1704164645"},
     "2001-01-01T00:00:00Z", CREATED),
], ids=["neither", "option", "epoch-0", "epoch", "both"])
def test_created(options, environment, manifest, index, programs, keys, tmp_path):
    chart = write_archive(tmp_path / "a.tgz")
    programs.builder.run("build", chart, "--output", tmp_path / "o", "--keys", keys, *options,
                         env=environment)
    written = json.loads((tmp_path / "o" / "index.json").read_bytes())
    digest = written["manifests"][0]["digest"].removeprefix("sha256:")
    body = json.loads((tmp_path / "o" / "blobs" / "sha256" / digest).read_bytes())
    assert body["annotations"].get(CREATED_KEY) == manifest
    assert written.get("annotations", {}).get(CREATED_KEY) == index


@pytest.mark.parametrize(("options", "environment"), [
    *((["--created", text], {}) for text in (
        "", "now", "2024-01-02", "2024-01-02T03:04:05", "2024-01-02 03:04:05Z",
        "2024-13-02T03:04:05Z", "2024-02-30T03:04:05Z", "2024-01-02T24:04:05Z",
        "2024-01-02T03:04:05Z ", "2024-01-02T03:04:05.5Z", "2024-01-02T03:04:05+25:00")),
    *(([], {"SOURCE_DATE_EPOCH": text}) for text in (
        "", "-1", "+1", "1.5", "0x10", " 1", "1 ", "yesterday", "253402300800", "9" * 30)),
    *((["--not-after", text], {}) for text in (
        "", "tomorrow", "2036-01-01", "2036-01-01T00:00:00+01:00", "2036-01-01T00:00:00")),
    *((["--origin", text], {}) for text in ("", "Plant", "-a", "a b", "a" * 65, "ü")),
    *((["--destination", text], {}) for text in (
        "", "oci://r.example/a", "r.example/A", "r.example/a:1", "r.example/../a",
        "r.example/a@sha256:00", "r.example:99999/a", "r.example//a")),
], ids=lambda value: " ".join(map(str, value if isinstance(value, list) else value.values()))[:60])
def test_bad_option_values_are_usage_errors(options, environment, programs, keys, tmp_path):
    chart = write_archive(tmp_path / "a.tgz")
    done = programs.builder.run("build", chart, "--output", tmp_path / "o", "--keys", keys,
                                *options, env=environment, status=None)
    refused(done, 2, options[0] if options else "SOURCE_DATE_EPOCH")
    assert names_in(tmp_path) == ["a.tgz"]


def test_the_order_of_arguments_does_not_matter(build, tmp_path):
    pairs = [("b", "1.0.0"), ("a", "2.0.0"), ("a", "10.0.0"), ("a-b", "1.0.0")]
    charts = [write_archive(tmp_path / f"{name}-{version}.tgz",
                            {**TINY, "Chart.yaml": chart_yaml(name, version)}, name)
              for name, version in pairs]
    trees = [tree(build(*order, name=f"layout-{number}"))
             for number, order in enumerate(itertools.permutations(charts))]
    assert all(other == trees[0] for other in trees)
    entries = [(e["annotations"]["dev.sallyport.repository"], e["annotations"]["dev.sallyport.tag"])
               for e in json.loads((tmp_path / "layout-0" / "index.json").read_bytes())["manifests"]]
    assert entries == sorted(pairs)


@pytest.mark.parametrize(("pairs", "names"), [
    ([("a", "1.0.0"), ("b", "2.0.0")], ["1.0.0", "2.0.0"]),
    ([("a", "1.0.0"), ("b", "1.0.0")], ["a-1.0.0", "b-1.0.0"]),
    ([("a", "1.0.0"), ("a", "2.0.0"), ("b", "1.0.0")], ["a-1.0.0", "2.0.0", "b-1.0.0"]),
    ([("a", "1.0.0+x")], ["1.0.0_x"]),
], ids=["unique", "shared", "mixed", "plus"])
def test_ref_names(pairs, names, build, tmp_path):
    charts = [write_archive(tmp_path / f"{number}.tgz",
                            {**TINY, "Chart.yaml": chart_yaml(name, version)}, name)
              for number, (name, version) in enumerate(pairs)]
    layout = build(*charts)
    assert [entry["annotations"]["org.opencontainers.image.ref.name"]
            for entry in layout.index["manifests"]] == names


def test_ref_names_stay_unique(build, tmp_path):
    """a:b-1.0.0 cannot be, but the name made of one pair can be another's version."""
    pairs = [("a", "1.0.0"), ("b", "1.0.0"), ("c", "1.0.0-a-1.0.0"), ("d", "0.0.0-b-1.0.0")]
    charts = [write_archive(tmp_path / f"{name}.tgz",
                            {**TINY, "Chart.yaml": chart_yaml(name, version)}, name)
              for name, version in pairs]
    found = [entry["annotations"]["org.opencontainers.image.ref.name"]
             for entry in build(*charts).index["manifests"]]
    assert len(set(found)) == len(pairs)


@pytest.mark.parametrize("same_bytes", [True, False])
def test_the_same_pair_twice_is_refused(same_bytes, programs, keys, tmp_path):
    first = write_archive(tmp_path / "a.tgz")
    second = write_archive(tmp_path / "b.tgz", {**TINY, "values.yaml": b"a: 1\n" if same_bytes
                                                else b"a: 2\n"})
    done = programs.builder.run("build", first, second, "--output", tmp_path / "o", "--keys", keys,
                                status=None)
    refused(done, 2, "tiny", "0.1.0", "b.tgz")
    assert names_in(tmp_path) == ["a.tgz", "b.tgz"]


def test_blobs_that_charts_share_are_stored_once(build, tmp_path):
    charts = [write_archive(tmp_path / f"{name}.tgz",
                            {**TINY, "Chart.yaml": chart_yaml(name)}, name) for name in ("a", "b")]
    for chart in charts:
        (tmp_path / f"{chart.name}.prov").write_bytes(b"the same")
    layout = build(*charts)
    assert len(list((layout.path / "blobs" / "sha256").iterdir())) == 2 * 3 + 1
    verified = [layout.blob(layer["digest"]) for name in ("a", "b")
                for layer in layout.manifest(name)["layers"]]
    assert verified.count(b"the same") == 2


@pytest.mark.parametrize("options", [["--version", "2.0.0"], ["--app-version", "2"]],
                         ids=["version", "app-version"])
def test_an_archive_keeps_its_version(options, programs, keys, tmp_path):
    chart = write_archive(tmp_path / "a.tgz")
    done = programs.builder.run("build", chart, "--output", tmp_path / "o", "--keys", keys,
                                *options, status=None)
    refused(done, 2, "a.tgz")
    assert names_in(tmp_path) == ["a.tgz"]


def test_neither_name_nor_kind_of_the_file_matters(build, tmp_path):
    chart = write_archive(tmp_path / "a.tgz")
    plain = tree(build(chart, name="one"))
    odd = tmp_path / "-odd näme\n"
    shutil.copy(chart, odd)
    (tmp_path / "link.tgz").symlink_to("a.tgz")
    (tmp_path / "hard").hardlink_to(chart)
    for number, path in enumerate([odd, tmp_path / "link.tgz", tmp_path / "hard"]):
        assert tree(build(path, name=f"other-{number}")) == plain


def test_nothing_else_is_written(programs, keys, tmp_path):
    here, home = tmp_path / "here", tmp_path / "home"
    for directory in (here, home):
        directory.mkdir()
    write_archive(here / "a.tgz")
    before = tree(keys.directory)
    programs.builder.run("build", "a.tgz", "--output", "layout", "--keys", keys, cwd=here,
                         env={"HOME": home, "TMPDIR": home})
    assert names_in(here) == ["a.tgz", "layout"]
    assert names_in(home) == []
    assert tree(keys.directory) == before


@pytest.mark.parametrize(("kind", "status"), [
    ("missing", 1), ("fifo", 3), ("device", 3), ("empty", 3),
])
def test_a_chart_that_is_no_archive(kind, status, programs, keys, tmp_path):
    chart = tmp_path / "a.tgz"
    if kind == "fifo":
        os.mkfifo(chart)
    elif kind == "device":
        chart.symlink_to("/dev/zero")
    elif kind == "empty":
        chart.touch()
    before = names_in(tmp_path)
    done = programs.builder.run("build", chart, "--output", tmp_path / "o", "--keys", keys,
                                status=None, timeout=5)
    refused(done, status, "a.tgz")
    assert names_in(tmp_path) == before
