"""Signatures that clusters check: what build makes with release keys, and what the policy asks for."""

import base64
import hashlib
import json
import shutil
import subprocess

import pytest
from crafted import chart_yaml, write_archive
from demands import judged, refused
from helpers import Keys, Layout

BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"
SIMPLE_SIGNING = "application/vnd.dev.cosign.simplesigning.v1+json"
REF_NAME = "org.opencontainers.image.ref.name"


@pytest.fixture(scope="module")
def roles(programs, tmp_path_factory):
    """roles(name="keys"): seal.key, release.key and a trust that asks for both forms."""
    def make(name="keys"):
        directory = tmp_path_factory.mktemp("roles") / name
        programs.builder.run("keygen", directory, "--role", "all", "--no-passphrase")
        return Keys(directory)
    return make


@pytest.fixture(scope="module")
def mine(roles):
    return roles()


@pytest.fixture
def small(tmp_path):
    """small(name, version): a small chart archive."""
    def write(name="tiny", version="0.1.0"):
        return write_archive(tmp_path / f"{name}-{version}.tgz",
                             {"Chart.yaml": chart_yaml(name, version)}, top=name)
    return write


@pytest.fixture
def signed(programs, mine, small, tmp_path):
    """signed(chart..., name="layout", keys=mine, options=(), env=None): a Layout."""
    def build(*charts, name="layout", keys=mine, options=(), env=None):
        path = tmp_path / name
        programs.builder.run("build", *(charts or [small()]), "--output", path, "--keys", keys,
                             *options, env=env)
        return Layout(path)
    return build


def referrers(layout, digest):
    """The legacy manifest and the bundle manifests of a digest, by index.json and their content."""
    legacy, bundles = None, []
    for entry in layout.index["manifests"]:
        manifest = json.loads(layout.blob(entry["digest"]))
        if entry.get("annotations", {}).get(REF_NAME) == digest.replace(":", "-") + ".sig":
            assert legacy is None
            legacy = manifest
        elif manifest.get("subject", {}).get("digest") == digest:
            assert entry["artifactType"] == manifest["artifactType"] == BUNDLE
            bundles.append(manifest)
    return legacy, bundles


def openssl_verifies(key, data, signature, directory):
    """Ed25519, by a program that knows nothing of us."""
    (directory / "data").write_bytes(data)
    (directory / "signature").write_bytes(signature)
    done = subprocess.run(["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", key, "-rawin", "-in",
                           directory / "data", "-sigfile", directory / "signature"],
                          capture_output=True, check=False)
    return done.returncode == 0


def pae(kind, body):
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(body), body)


def test_both_forms_bind_digest_name_and_version(signed, small, mine, tmp_path):
    chart = small("tiny", "1.2.3+b.1")
    layout = signed(chart, options=["--destination", "Registry.example/charts"])
    entry = layout.entry("tiny")
    legacy, bundles = referrers(layout, entry["digest"])
    (layer,) = legacy["layers"]
    payload = layout.blob(layer["digest"])
    assert layer["mediaType"] == SIMPLE_SIGNING
    signature = base64.b64decode(layer["annotations"]["dev.cosignproject.cosign/signature"])
    assert openssl_verifies(mine.directory / "release.pub", payload, signature, tmp_path)
    named = {"name": "tiny", "version": "1.2.3+b.1"}
    assert json.loads(payload) == {
        "critical": {"identity": {"docker-reference": "registry.example/charts/tiny:1.2.3_b.1"},
                     "image": {"docker-manifest-digest": entry["digest"]},
                     "type": "cosign container image signature"},
        "optional": named}
    config = json.loads(layout.blob(legacy["config"]["digest"]))
    assert config["rootfs"]["diff_ids"] == [layer["digest"]]

    (manifest,) = bundles
    assert manifest["subject"] == {key: entry[key] for key in ("mediaType", "digest", "size")}
    bundle = json.loads(layout.blob(manifest["layers"][0]["digest"]))
    envelope = bundle["dsseEnvelope"]
    statement = base64.b64decode(envelope["payload"])
    assert set(envelope["signatures"][0]) == {"sig"}
    assert openssl_verifies(mine.directory / "release.pub",
                            pae(envelope["payloadType"].encode(), statement),
                            base64.b64decode(envelope["signatures"][0]["sig"]), tmp_path)
    assert json.loads(statement)["subject"] == [
        {"digest": {"sha256": entry["digest"].removeprefix("sha256:")}, "annotations": named}]
    der = subprocess.run(["openssl", "pkey", "-pubin", "-in", mine.directory / "release.pub",
                          "-outform", "DER"], capture_output=True, check=True).stdout
    assert bundle["verificationMaterial"]["publicKey"]["hint"] == \
        base64.b64encode(hashlib.sha256(der).digest()).decode()


def test_order_and_names_of_entries(signed, small):
    layout = signed(small("b"), small("a", "2.0.0"), small("a", "1.0.0"))
    found = [(e.get("annotations", {}).get(REF_NAME, ""), e.get("artifactType"),
              "kind" in e.get("annotations", {})) for e in layout.index["manifests"]]
    expected = []
    for repository, tag in (("a", "1.0.0"), ("a", "2.0.0"), ("b", "0.1.0")):
        digest = layout.entry(repository, tag)["digest"]
        expected += [(tag, None, False), (digest.replace(":", "-") + ".sig", None, False),
                     ("", BUNDLE, False)]
    assert found == expected


def test_kinds_only_where_one_is_named(signed):
    kinds = [e.get("annotations", {}).get("kind") for e in signed().index["manifests"]]
    assert kinds == ["dev.cosignproject.cosign/image", "dev.cosignproject.cosign/sigs", None]


def test_same_bytes_each_time(signed, small):
    charts = [small("b"), small("a")]
    one, other = signed(*charts, name="one"), signed(*reversed(charts), name="other")
    assert one.seal_id == other.seal_id
    assert b"image.created" not in b"".join(f.read_bytes() for f in one.files())
    timed = signed(*charts, name="timed", env={"SOURCE_DATE_EPOCH": "1704164645"})
    _, bundles = referrers(timed, timed.entry("a")["digest"])
    assert bundles[0]["annotations"]["org.opencontainers.image.created"] == "2024-01-02T03:04:05Z"
    created = signed(*charts, name="created", options=["--created", "2024-01-02T03:04:05Z"])
    _, bundles = referrers(created, created.entry("a")["digest"])
    assert "org.opencontainers.image.created" not in bundles[0]["annotations"]


def test_verify_says_which_forms_hold(signed, small, mine, programs):
    layout = signed(small("a"), small("b"))
    said = judged(programs, layout, mine.trust, 0).stdout.splitlines()
    for name in "ab":
        assert f"{name}:0.1.0 {layout.entry(name)['digest']} bundle legacy" in said
    found = judged(programs, layout, mine.trust, 0, options=["--json"]).json
    assert [a["releaseSignatures"] for a in found["artifacts"]] == [["bundle", "legacy"]] * 2
    assert [r["kind"] for r in found["referrers"]].count("signature") == 2


def test_policy_wants_what_is_not_there(signed, mine, roles, programs, tmp_path):
    stranger = roles("stranger")
    bare = Keys(shutil.copytree(mine.directory, tmp_path / "bare"))
    (bare.directory / "release.key").unlink()
    wrong = Keys(shutil.copytree(mine.directory, tmp_path / "wrong"))
    shutil.copy(stranger.directory / "release.key", wrong.directory / "release.key")
    judged(programs, signed(name="unsigned", keys=bare), mine.trust, 4,
           "release: 'tiny:0.1.0' has no bundle signature by SHA256:")
    judged(programs, signed(name="strange", keys=wrong), mine.trust, 4,
           "none of these keys made the one that is there")


def test_one_of_the_forms_is_enough_where_one_is_asked(signed, mine, programs, tmp_path):
    layout = signed()
    trust = shutil.copytree(mine.trust, tmp_path / "trust")
    policy = json.loads((trust / "policy.json").read_text())
    for form in ("bundle", "legacy"):
        policy["release"]["require"] = [form]
        (trust / "policy.json").write_text(json.dumps(policy))
        judged(programs, layout, trust, 0, "bundle legacy")


def test_several_release_keys_sign_each(signed, mine, roles, programs, tmp_path):
    other = roles("other")
    both = Keys(shutil.copytree(mine.directory, tmp_path / "both"))
    shutil.copy(other.directory / "release.key", both.directory / "release-next.key")
    layout = signed(keys=both)
    legacy, bundles = referrers(layout, layout.entry("tiny")["digest"])
    assert (len(legacy["layers"]), len(bundles)) == (2, 2)
    judged(programs, layout, mine.trust, 0, "bundle legacy")
    shutil.copy(other.directory / "release.pub", both.trust / "release.pub")
    judged(programs, layout, both.trust, 0, "bundle legacy")


def test_one_key_for_two_roles(programs, mine, small, tmp_path):
    keys = Keys(shutil.copytree(mine.directory, tmp_path / "one"))
    shutil.copy(keys.directory / "seal.key", keys.directory / "release.key")
    done = programs.builder.run("build", small(), "--output", tmp_path / "layout", "--keys", keys,
                                status=None)
    refused(done, 4, "the key that seals is a release key too")
    assert not (tmp_path / "layout").exists()


# The seal covers every file, and the signature files are themselves: nothing may be changed.
@pytest.mark.slow
def test_row_s3_any_bit_of_a_signed_layout(signed, mine, programs):
    layout = signed()
    stride = 997
    flipped = 0
    for file in layout.files():
        good = file.read_bytes()
        for bit in {0, len(good) * 8 - 1, *range(flipped % stride, len(good) * 8, stride)}:
            bad = bytearray(good)
            bad[bit // 8] ^= 1 << bit % 8
            file.write_bytes(bad)
            done = programs.pusher.run("verify", layout, "--trust", mine.trust, status=None)
            assert done.status in (3, 4), (file, bit, done)
            flipped += 1
        file.write_bytes(good)
    assert flipped > 70
    judged(programs, layout, mine.trust, 0)
