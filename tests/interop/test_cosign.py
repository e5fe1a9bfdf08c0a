"""The real cosign, at the versions that are in the field, checks what builder signed.

The table that these tests play stands in sallyport-layout(5): which version takes which form.
"""

import hashlib
import json
import shutil
import subprocess

import pytest
from helpers import ROOT, Layout
from servers import peer

CHART = ROOT / "tests" / "data" / "charts" / "harbour-web"
OTHER_CHART = ROOT / "tests" / "data" / "charts" / "hafen-pegel"
VERSIONS = ["2.4.0", "2.6.5", "3.1.3"]
BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"
REF_NAME = "org.opencontainers.image.ref.name"
INDEX_TYPE = "application/vnd.oci.image.index.v1+json"
REPOSITORY = "charts/harbour-web"


class Cosign:
    """`cosign verify` without a transparency log and with nothing of ours in its environment."""

    def __init__(self, version, home):
        self.version = version
        self.program = peer(f"cosign-{version}")
        self.home = home

    def verifies(self, key, *arguments):
        """(whether it said yes, what it said)"""
        done = subprocess.run(
            [self.program, "verify", "--key", key, "--insecure-ignore-tlog=true", *arguments],
            env={"HOME": str(self.home), "PATH": "/usr/bin:/bin", "TUF_ROOT": str(self.home / "tuf"),
                 "HTTPS_PROXY": "http://127.0.0.1:1", "NO_PROXY": "127.0.0.1"},
            capture_output=True, text=True, timeout=90, check=False)
        return done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(params=VERSIONS)
def cosign(request, tmp_path):
    """One after the other."""
    return Cosign(request.param, tmp_path)


@pytest.fixture(scope="module")
def signing(builder, tmp_path_factory):
    """A key directory with a seal key and a release key; beside it one of a stranger."""
    directory = tmp_path_factory.mktemp("signing")
    for name in ("keys", "stranger"):
        builder.run("keygen", directory / name, "--role", "all", "--no-passphrase")
    return directory / "keys"


@pytest.fixture(scope="module")
def layout(builder, signing, tmp_path_factory):
    """One chart, signed in both forms. Do not write to it."""
    path = tmp_path_factory.mktemp("signed") / "layout"
    builder.run("build", CHART, "--output", path, "--keys", signing)
    return Layout(path)


@pytest.fixture(scope="module")
def version(layout):
    """The chart's own, as its config says."""
    config = layout.manifest("harbour-web")["config"]["digest"]
    return json.loads(layout.blob(config))["version"]


# ---- in a layout ----

def test_local_image(cosign, layout, signing, version):
    key = signing / "release.pub"
    good = ["-a", "name=harbour-web", "-a", f"version={version}"]
    assert cosign.verifies(key, "--local-image", layout)[0]
    assert cosign.verifies(key, *good, "--local-image", layout)[0]
    for wrong in (["-a", "name=other"], [*good[:2], "-a", "version=9.9.9"], ["-a", "more=x"]):
        assert not cosign.verifies(key, *wrong, "--local-image", layout)[0]
    for stranger in (signing.parent / "stranger" / "release.pub", signing / "seal.pub"):
        assert not cosign.verifies(stranger, "--local-image", layout)[0]


def without(layout, form, to):
    """A copy of a layout whose index no longer lists one form; cosign asks for no seal."""
    copy = layout.copy(to)
    index = copy.index
    for entry in list(index["manifests"]):
        is_bundle = entry.get("artifactType") == BUNDLE
        is_legacy = entry.get("annotations", {}).get(REF_NAME, "").endswith(".sig")
        if (is_bundle and form == "bundle") or (is_legacy and form == "legacy"):
            index["manifests"].remove(entry)
            copy.blob_path(entry["digest"]).unlink()
    copy.write_index(index)
    return copy


@pytest.mark.parametrize(("left", "takes"), [("legacy", VERSIONS), ("bundle", ["3.1.3"])])
def test_local_image_with_one_form(left, takes, cosign, layout, signing, tmp_path):
    copy = without(layout, "bundle" if left == "legacy" else "legacy", tmp_path / "copy")
    assert cosign.verifies(signing / "release.pub", "--local-image", copy)[0] == \
        (cosign.version in takes)


# With two, builder writes no kinds, and cosign finds nothing; where another tool wrote them, it
# looks at the first alone and says yes.
def test_local_image_with_several(cosign, builder, layout, signing, tmp_path):
    several = tmp_path / "several"
    builder.run("build", CHART, OTHER_CHART, "--output", several, "--keys", signing)
    several = Layout(several)
    key = signing / "release.pub"
    assert not cosign.verifies(key, "--local-image", several)[0]
    index = several.index
    first, _, *_ = index["manifests"]
    for entry in index["manifests"]:
        annotations = entry.setdefault("annotations", {})
        if annotations.get(REF_NAME, "").endswith(".sig"):
            annotations["kind"] = "dev.cosignproject.cosign/sigs"
        elif "dev.sallyport.tag" in annotations:
            annotations["kind"] = "dev.cosignproject.cosign/image"
    second = index["manifests"][3]
    assert second["annotations"]["dev.sallyport.repository"] == "harbour-web"
    # the second one's signatures are another key's now
    stranger = tmp_path / "stranger"
    builder.run("build", CHART, "--output", stranger, "--keys", signing.parent / "stranger")
    foreign = Layout(stranger)
    for at, entry in enumerate(foreign.index["manifests"][1:]):
        index["manifests"][4 + at] = {**entry, "annotations": index["manifests"][4 + at].get(
            "annotations", {})}
    shutil.copytree(stranger / "blobs", several.path / "blobs", dirs_exist_ok=True)
    several.write_index(index)
    said, text = cosign.verifies(key, "--local-image", several)
    assert said, text
    assert first["digest"] in text or cosign.version == "3.1.3", text
    assert second["digest"] not in text


# ---- in a registry ----

def request(registry, method, path, headers=None, body=None):
    fetch = getattr(registry, "fetch", None) or registry._fetch
    return fetch(method, path, headers, body)


def put_blob(registry, body):
    digest = "sha256:" + hashlib.sha256(body).hexdigest()
    status, headers, _ = request(registry, "POST", f"/v2/{REPOSITORY}/blobs/uploads/", {}, b"")
    assert status == 202, status
    path = headers["Location"]
    path = path[path.index("/v2/"):]
    status, _, said = request(
        registry, "PUT", f"{path}{'&' if '?' in path else '?'}digest={digest}",
        {"Content-Type": "application/octet-stream"}, body)
    assert status == 201, said


def put_manifest(registry, reference, body):
    kind = json.loads(body).get("mediaType", "application/vnd.oci.image.manifest.v1+json")
    status, _, said = request(registry, "PUT", f"/v2/{REPOSITORY}/manifests/{reference}",
                              {"Content-Type": kind}, body)
    assert status == 201, said


def push(registry, layout, forms, has_referrers_api):
    """The chart and its signatures of these forms, as distribution-spec and cosign have them."""
    fallback = []
    for entry in layout.index["manifests"]:
        annotations = entry.get("annotations", {})
        body = layout.blob(entry["digest"])
        manifest = json.loads(body)
        is_bundle = entry.get("artifactType") == BUNDLE
        is_legacy = annotations.get(REF_NAME, "").endswith(".sig")
        if (is_bundle and "bundle" not in forms) or (is_legacy and "legacy" not in forms):
            continue
        for blob in [manifest["config"], *manifest["layers"]]:
            put_blob(registry, layout.blob(blob["digest"]))
        put_manifest(registry, entry["digest"] if is_bundle else annotations[REF_NAME], body)
        if is_bundle:
            fallback.append({key: entry[key] for key in (
                "mediaType", "digest", "size", "artifactType")} | {
                    "annotations": manifest["annotations"]})
    if fallback and not has_referrers_api:
        subject = layout.entry("harbour-web")["digest"]
        put_manifest(registry, subject.replace(":", "-"), json.dumps(
            {"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": fallback}).encode())


REGISTRIES = ["docker-registry-2", "distribution-3", "referrers-api"]
ROOT_FLAG = "--trusted-root"  # of a file that trusts nobody: cosign 2.6 wants it for any bundle
# What takes which forms, with which flag more; NONE: nothing makes it say yes.
NONE = object()
TAKES = {
    ("2.4.0", "legacy"): None, ("2.4.0", "bundle"): NONE, ("2.4.0", "bundle+legacy"): None,
    ("2.6.5", "legacy"): None, ("2.6.5", "bundle"): ROOT_FLAG, ("2.6.5", "bundle+legacy"): ROOT_FLAG,
    ("3.1.3", "legacy"): None, ("3.1.3", "bundle"): None, ("3.1.3", "bundle+legacy"): None,
}


@pytest.fixture(params=REGISTRIES)
def place(request, make_registry, make_referrers_registry):
    """(a registry, whether it has the referrers API)"""
    if request.param == "referrers-api":
        return make_referrers_registry(), True
    return make_registry(version=3 if request.param == "distribution-3" else 2), False


@pytest.mark.parametrize("forms", ["legacy", "bundle", "bundle+legacy"])
def test_registry(forms, place, cosign, layout, signing, version, tmp_path):
    registry, has_referrers_api = place
    push(registry, layout, forms.split("+"), has_referrers_api)
    key = signing / "release.pub"
    image = f"{registry.host}/{REPOSITORY}:{layout.entry('harbour-web')['annotations'][REF_NAME]}"
    name = ["-a", "name=harbour-web"]
    flags = ["--allow-http-registry"]
    takes = TAKES[cosign.version, forms]
    if takes is NONE or takes == ROOT_FLAG:
        assert not cosign.verifies(key, *flags, image)[0]
    if takes is NONE:
        return
    if takes == ROOT_FLAG:
        root = tmp_path / "root.json"
        root.write_text('{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1"}')
        flags += [ROOT_FLAG, root]
    for annotations in ([], [*name, "-a", f"version={version}"]):
        said, text = cosign.verifies(key, *flags, *annotations, image)
        assert said, text
    # cosign 2.6 does not look at -a where it found a bundle.
    looks = takes != ROOT_FLAG
    for wrong in (["-a", "name=other"], [*name, "-a", "version=9.9.9"]):
        assert cosign.verifies(key, *flags, *wrong, image)[0] == (not looks)
    for stranger in (signing.parent / "stranger" / "release.pub", signing / "seal.pub"):
        assert not cosign.verifies(stranger, *flags, image)[0]


def test_what_pusher_brought(place, cosign, pusher, layout, signing, version, tmp_path):
    registry, _ = place
    pusher.run("push", layout, f"oci://{registry.host}/charts", "--trust", signing / "trust",
               "--plain-http")
    root = tmp_path / "root.json"
    root.write_text('{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1"}')
    flags = [ROOT_FLAG, root] if TAKES[cosign.version, "bundle+legacy"] == ROOT_FLAG else []
    image = f"{registry.host}/{REPOSITORY}:{layout.entry('harbour-web')['annotations'][REF_NAME]}"
    said, text = cosign.verifies(signing / "release.pub", "--allow-http-registry", *flags, "-a",
                                 "name=harbour-web", "-a", f"version={version}", image)
    assert said, text
    assert not cosign.verifies(signing.parent / "stranger" / "release.pub",
                               "--allow-http-registry", *flags, image)[0]


def test_nothing_signed_is_refused(place, cosign, layout, signing):
    registry, has_referrers_api = place
    push(registry, layout, [], has_referrers_api)
    tag = layout.entry("harbour-web")["annotations"][REF_NAME]
    assert not cosign.verifies(signing / "release.pub", "--allow-http-registry",
                               f"{registry.host}/{REPOSITORY}:{tag}")[0]
