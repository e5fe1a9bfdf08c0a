"""builder seal: layouts that other tools wrote, sealed where they stand."""

import json
import os
import shutil
import signal
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest
from demands import names_in, refused
from helpers import Layout, Signer, sha256, tree, verify_with_stock_tools
from traced import Tracer

CALLS = ["openat", "mkdirat", "write", "fsync", "fchmod", "renameat", "renameat2", "unlinkat", "flock",
         "close", "syncfs"]
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"


class Foreign(Layout):
    """A layout written by hand, as other tools write them: nothing in it is ours."""

    def __init__(self, path):
        super().__init__(path)
        (self.path / "blobs" / "sha256").mkdir(parents=True)
        (self.path / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}\n')
        self.entries = []

    def add_blob(self, data, media_type):
        data = data if isinstance(data, bytes) else json.dumps(data, indent=1).encode()
        digest = sha256(data)
        (self.path / "blobs" / "sha256" / digest).write_bytes(data)
        return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(data)}

    def add_image(self, content=b"layer", docker=False, subject=None, artifact_type=None):
        """A manifest with one layer; its descriptor."""
        config = self.add_blob(
            {"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": [
                f"sha256:{sha256(content)}"]}},
            "application/vnd.docker.container.image.v1+json" if docker
            else "application/vnd.oci.image.config.v1+json")
        layer = self.add_blob(content, "application/vnd.docker.image.rootfs.diff.tar.gzip" if docker
                              else "application/vnd.oci.image.layer.v1.tar")
        manifest = {"schemaVersion": 2, "mediaType": DOCKER_MANIFEST if docker else OCI_MANIFEST,
                    "config": config, "layers": [layer]}
        if subject:
            manifest["subject"] = subject
        if artifact_type:
            manifest["artifactType"] = artifact_type
        return self.add_blob(manifest, manifest["mediaType"])

    def add_list(self, manifests, docker=False):
        media_type = DOCKER_LIST if docker else OCI_INDEX
        return self.add_blob({"schemaVersion": 2, "mediaType": media_type, "manifests": [
            {**m, "platform": {"os": "linux", "architecture": a}}
            for m, a in zip(manifests, ["amd64", "arm64", "s390x"])]}, media_type)

    def enter(self, descriptor, ref_name=None):
        annotations = {"org.opencontainers.image.ref.name": ref_name,
                       "io.containerd.image.name": "x"} if ref_name else {}
        self.entries.append({**descriptor, "annotations": annotations})
        (self.path / "index.json").write_text(json.dumps(
            {"schemaVersion": 2, "manifests": self.entries}, indent=2) + "\n")
        return descriptor


@pytest.fixture
def foreign(tmp_path):
    """One image under the ref.name team/app:1.0."""
    made = Foreign(tmp_path / "layout")
    made.enter(made.add_image(), "team/app:1.0")
    return made


@pytest.fixture
def seal(programs, keys):
    """seal(layout, *options, keys=keys): runs builder seal."""
    def run(layout, *options, keys=keys, status=0, **more):
        return programs.builder.run("seal", layout, "--keys", keys, *options, status=status, **more)
    return run


def named(layout):
    """{repository:tag: digest} of index.json."""
    return {f"{a['dev.sallyport.repository']}:{a['dev.sallyport.tag']}": e["digest"]
            for e in layout.index["manifests"]
            if "dev.sallyport.tag" in (a := e.get("annotations", {}))}


def assert_sealed(layout, programs, keys):
    """By the pusher, the builder and the stock tools."""
    programs.pusher.run("verify", layout, "--trust", keys.trust)
    programs.builder.run("verify", layout, "--trust", keys.trust)
    verify_with_stock_tools(layout, keys.trust)


# ---- what other tools write ----

def test_an_image(seal, programs, keys, foreign):
    before = tree(foreign.path)
    done = seal(foreign)
    digest = foreign.entries[0]["digest"]
    assert done.stdout == f"team/app:1.0 {digest}\nseal {foreign.seal_id} {foreign}\n"
    assert done.stderr == ""
    assert_sealed(foreign, programs, keys)
    assert foreign.index == {
        "schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [
            {"mediaType": OCI_MANIFEST, "digest": digest, "size": foreign.entries[0]["size"],
             "annotations": {"dev.sallyport.repository": "team/app", "dev.sallyport.tag": "1.0",
                             "org.opencontainers.image.ref.name": "1.0"}}]}
    after = tree(foreign.path)
    assert {k: v for k, v in after.items() if not k.startswith("SEAL") and k != "index.json"} == \
        {k: v for k, v in before.items() if k != "index.json"}
    assert names_in(foreign.path.parent) == ["layout"]


def test_again_gives_the_same_bytes(seal, foreign):
    seal(foreign)
    before = tree(foreign.path)
    assert "the old seal was removed" in seal(foreign).stderr
    assert tree(foreign.path) == before


@pytest.mark.parametrize("docker", [False, True], ids=["oci", "docker schema 2"])
def test_a_multi_platform_image_with_referrers(docker, seal, programs, keys, tmp_path):
    made = Foreign(tmp_path / "layout")
    images = [made.add_image(b"a", docker), made.add_image(b"b", docker)]
    top = made.enter(made.add_list(images, docker), "1.0")
    referrer = made.enter(made.add_image(b"sbom", subject=top, artifact_type="application/spdx+json"))
    blobs = {p.name: p.read_bytes() for p in (made.path / "blobs" / "sha256").iterdir()}
    seal(made, "--name", f"{top['digest']}=team/app:1.0", "--name", "1.0=team/app:latest")
    assert_sealed(made, programs, keys)
    assert named(made) == {"team/app:1.0": top["digest"], "team/app:latest": top["digest"]}
    # After the name that it belongs to, before the next: the first of several with that digest.
    assert [e["digest"] for e in made.index["manifests"]] == [top["digest"], referrer["digest"],
                                                              top["digest"]]
    assert {p.name: p.read_bytes() for p in (made.path / "blobs" / "sha256").iterdir()} == blobs


def test_delivery_options(seal, programs, keys, foreign, tmp_path):
    options = ["--origin", "plant-a", "--destination", "registry.example/charts"]
    seal(foreign, *options, "--sequence", "7", "--not-after", "2099-01-01T00:00:00Z",
         env={"SOURCE_DATE_EPOCH": "1"})
    first = foreign.seal_id
    assert foreign.index["annotations"] == {
        "dev.sallyport.destination": "registry.example/charts",
        "dev.sallyport.not-after": "2099-01-01T00:00:00Z", "dev.sallyport.origin": "plant-a",
        "dev.sallyport.sequence": "7", "org.opencontainers.image.created": "1970-01-01T00:00:01Z"}
    last = foreign.copy(tmp_path / "last")
    seal(foreign, "--previous", last)
    annotations = foreign.index["annotations"]
    assert annotations["dev.sallyport.previous"] == first
    assert annotations["dev.sallyport.sequence"] == "8"
    assert annotations["org.opencontainers.image.created"] == "1970-01-01T00:00:01Z"


@pytest.mark.parametrize(("created", "is_time"), [
    ("2024-01-02T03:04:05Z", True), ("2024-01-02T03:04:05+02:00", True),
    ("2024-01-02T03:04:05.123456789Z", True), ("yesterday", False), ("2024-01-02T03:04:05.Z", False),
    ("2024-13-02T03:04:05.5Z", False), ("\u202e2024", False)])
def test_a_time_that_another_tool_wrote(created, is_time, seal, foreign):
    """It is sealed as it is; what is no time is told of, and can be replaced."""
    index = foreign.index
    index["annotations"] = {"org.opencontainers.image.created": created}
    (foreign.path / "index.json").write_text(json.dumps(index))
    said = seal(foreign).stderr
    assert ("is no RFC 3339 time" in said) == (not is_time) and "\u202e" not in said
    assert foreign.index["annotations"]["org.opencontainers.image.created"] == created
    assert "RFC 3339" not in seal(foreign, env={"SOURCE_DATE_EPOCH": "1"}).stderr


def test_release_signatures(seal, programs, make_keys, keys, foreign, tmp_path):
    directory = tmp_path / "all"
    programs.builder.run("keygen", directory, "--no-passphrase")
    seal(foreign, keys=directory)
    digest = foreign.entries[0]["digest"]
    assert len(foreign.index["manifests"]) == 3
    assert foreign.index["manifests"][1]["annotations"]["org.opencontainers.image.ref.name"] == \
        digest.replace(":", "-") + ".sig"
    before = tree(foreign.path)
    seal(foreign, keys=directory)
    assert tree(foreign.path) == before
    # Signed again for a place: the old signature manifest goes, which nothing leads to any more.
    seal(foreign, "--destination", "registry.example/charts", keys=directory)
    layers = json.loads(foreign.blob(foreign.index["manifests"][1]["digest"]))["layers"]
    assert len(layers) == 2


def test_an_ssh_key_seals(seal, programs, signer, foreign):
    programs.builder.run("seal", foreign, "--ssh-key", signer.key, wrapper=())
    programs.pusher.run("verify", foreign, "--trust", signer.trust())


def test_two_people_seal(seal, programs, keys, foreign, tmp_path):
    second = Signer(tmp_path / "second", principal="second")
    seal(foreign)
    programs.builder.run("sign", foreign, "--ssh-key", second.key, "--seal-id", foreign.seal_id,
                         wrapper=())
    assert len(foreign.signatures) == 2
    programs.pusher.run("verify", foreign, "--trust", second.trust())
    said = programs.pusher.run("verify", foreign, "--trust", keys.trust).stdout
    assert "signed by enclave" in said


# ---- real tools ----

def test_build_then_skopeo_then_seal_is_one_delivery(seal, programs, keys, build, charts, peers, foreign,
                                                     registry, tmp_path):
    made = build(charts.web, name="delivery")
    chart = made.entry("harbour-web")["digest"]
    peers.run("skopeo", "--insecure-policy", "copy", f"oci:{foreign}:team/app:1.0",
              f"oci:{made}:team/app:1.0")
    assert programs.pusher.run("verify", made, "--trust", keys.trust, status=None).status == 4
    done = seal(made)
    assert "the old seal was removed" in done.stderr
    assert_sealed(made, programs, keys)
    assert set(named(made)) == {"harbour-web:2.7.0", "team/app:1.0"}
    assert named(made)["harbour-web:2.7.0"] == chart
    programs.pusher.run("push", made, f"oci://{registry.host}/charts", "--trust", keys.trust,
                        "--plain-http")
    said = peers.run("skopeo", "inspect", "--tls-verify=false", "--raw",
                     f"docker://{registry.host}/charts/team/app:1.0")
    assert f"sha256:{sha256(said)}" == named(made)["team/app:1.0"]


def test_oras_and_its_empty_directory(seal, programs, keys, peers, tmp_path):
    path = tmp_path / "layout"
    (tmp_path / "note.txt").write_text("hello\n")
    peers.run("oras", "push", "--oci-layout", f"{path}:v1", "note.txt", cwd=tmp_path)
    peers.run("oras", "attach", "--oci-layout", f"{path}:v1", "--artifact-type", "text/example",
              "note.txt", cwd=tmp_path)
    made = Layout(path)
    assert (path / "ingest").is_dir()
    refused(seal(made, status=None), 3, "--name")
    done = seal(made, "--name", "v1=team/note:v1")
    assert "removed: ingest" in done.stderr and not (path / "ingest").exists()
    assert_sealed(made, programs, keys)
    assert list(named(made)) == ["team/note:v1"]
    assert len(made.index["manifests"]) == 2
    # Sealed, it is still a layout to oras, by the ref.name that it now has.
    said = peers.run("oras", "manifest", "fetch", "--oci-layout", f"{path}:v1")
    assert f"sha256:{sha256(said)}" == named(made)["team/note:v1"]


def test_regctl_keeps_docker_types(seal, programs, keys, peers, tmp_path):
    source = Foreign(tmp_path / "source")
    top = source.enter(source.add_list([source.add_image(b"a", docker=True)], docker=True), "v1")
    path = tmp_path / "layout"
    peers.run("regctl", "image", "copy", f"ocidir://{source}:v1", f"ocidir://{path}:v1")
    made = Layout(path)
    seal(made, "--name", "v1=team/app:v1")
    assert_sealed(made, programs, keys)
    assert made.index["manifests"][0]["mediaType"] == DOCKER_LIST
    assert named(made) == {"team/app:v1": top["digest"]}


def test_crane_pulls_into_a_layout(seal, programs, keys, peers, foreign, registry, tmp_path):
    peers.run("skopeo", "--insecure-policy", "copy", "--dest-tls-verify=false",
              f"oci:{foreign}:team/app:1.0", f"docker://{registry.host}/team/app:1.0")
    path = tmp_path / "pulled"
    peers.run("crane", "pull", "--insecure", "--format=oci", f"{registry.host}/team/app:1.0", path)
    made = Layout(path)
    digest = made.index["manifests"][0]["digest"]
    seal(made, "--name", f"{digest}=team/app:1.0")
    assert_sealed(made, programs, keys)


# ---- what is refused, and left as it was ----

def stray(layout):
    (layout.path / "notes.txt").write_text("mine\n")


def unreferenced(layout):
    layout.add_blob(b"nobody's", "text/plain")


def hidden(layout):
    (layout.path / ".DS_Store").touch()


def foreign_blob(layout):
    (layout.path / "blobs" / "sha512").mkdir()
    (layout.path / "blobs" / "sha512" / "x").touch()


def full_directory(layout):
    (layout.path / "ingest").mkdir()
    (layout.path / "ingest" / "upload").touch()


def link(layout):
    (layout.path / "link").symlink_to("index.json")


@pytest.mark.parametrize(("make", "path", "prunable"), [
    (stray, "notes.txt", True), (unreferenced, "blobs/sha256/", True), (hidden, ".DS_Store", True),
    (link, "link", True), (full_directory, "ingest", False),
    (foreign_blob, "blobs/sha512", False),
], ids=lambda value: value.__name__ if callable(value) else "")
def test_strays_are_named_or_pruned(make, path, prunable, seal, programs, keys, foreign):
    seal(foreign)
    make(foreign)
    before = tree(foreign.path)
    done = seal(foreign, status=None)
    assert done.status == 3 and done.stdout == ""
    assert f"{path}" in done.stderr.splitlines()[0]
    assert "nothing in index.json leads to it" in done.stderr.splitlines()[0]
    assert tree(foreign.path) == before  # the old seal too
    problems = seal(foreign, "--json", status=None).json["error"]["problems"]
    assert problems[0]["problem"] == "nothing in index.json leads to it"
    if prunable:
        done = seal(foreign, "--prune")
        assert f"removed: {path}" in done.stderr
        assert_sealed(foreign, programs, keys)
    else:
        assert seal(foreign, "--prune", status=None).status == 3
        assert tree(foreign.path) == before


def corrupt_layer(layout):
    (layout.path / "blobs" / "sha256" / sha256(b"layer")).write_bytes(b"lAyer")


def missing_layer(layout):
    (layout.path / "blobs" / "sha256" / sha256(b"layer")).unlink()


def short_layer(layout):
    (layout.path / "blobs" / "sha256" / sha256(b"layer")).write_bytes(b"laye")


def linked_layer(layout):
    layer = layout.path / "blobs" / "sha256" / sha256(b"layer")
    layer.rename(layout.path.parent / "elsewhere")
    layer.symlink_to("../../../elsewhere")


def no_oci_layout(layout):
    (layout.path / "oci-layout").unlink()


def other_version(layout):
    (layout.path / "oci-layout").write_text('{"imageLayoutVersion":"2.0.0"}')


def empty_index(layout):
    (layout.path / "index.json").write_text('{"schemaVersion":2,"manifests":[]}')


def no_json(layout):
    (layout.path / "index.json").write_text("{")


def schema_one(layout):
    layout.enter(layout.add_blob({"schemaVersion": 1},
                                 "application/vnd.docker.distribution.manifest.v1+json"), "old:1")


def unknown_condition(layout):
    text = layout.path / "index.json"
    text.write_text(json.dumps({**json.loads(text.read_text()),
                                "annotations": {"dev.sallyport.sequel": "1"}}))


DAMAGED = [corrupt_layer, missing_layer, short_layer, linked_layer, no_oci_layout, other_version,
           empty_index, no_json, schema_one, unknown_condition]


@pytest.mark.parametrize("damage", DAMAGED, ids=lambda damage: damage.__name__)
def test_what_the_pusher_would_refuse_is_not_sealed(damage, seal, programs, keys, foreign):
    damage(foreign)
    before = tree(foreign.path)
    done = seal(foreign, status=None)
    assert done.status in (3, 4) and done.stdout == "", done
    assert foreign.signatures == [] and not (foreign.path / "SEAL").exists()
    if damage not in (corrupt_layer, other_version):  # those show only while every byte is read
        assert tree(foreign.path) == before
    assert names_in(foreign.path.parent) in (["layout"], ["elsewhere", "layout"])


@pytest.mark.parametrize(("options", "word"), [
    (["--name", "team/app:1.0"], "DIGEST|REFNAME"), (["--name", "other=a:1"], "other"),
    (["--name", "team/app:1.0=A:1"], "--name"), (["--sequence", "1"], "--origin"),
    (["--origin", "A"], "--origin"), (["--previous", "nowhere"], "--previous"),
    (["--keys"], "--keys"), (["operand"], "exactly one LAYOUT"),
])
def test_usage(options, word, seal, foreign):
    before = tree(foreign.path)
    done = seal(foreign, *options, status=None)
    refused(done, done.status, word)
    assert done.status in (1, 2)
    assert tree(foreign.path) == before


def test_a_wrong_key_leaves_the_old_seal(seal, programs, keys, foreign, tmp_path):
    seal(foreign)
    before = tree(foreign.path)
    refused(seal(foreign, "--origin", "a", keys=tmp_path / "nothing", status=None), 1)
    directory = tmp_path / "half"  # release keys are there, the seal key is not
    programs.builder.run("keygen", directory, "--no-passphrase")
    (directory / "seal.key").unlink()
    refused(seal(foreign, "--origin", "a", keys=directory, status=None), 1, "seal.key")
    assert tree(foreign.path) == before


@pytest.mark.slow  # not with sanitizers, which take memory of their own
def test_a_large_blob_needs_no_memory(seal, programs, keys, tmp_path):
    """Half a GiB, most of it a hole, under a limit on memory of a quarter of that."""
    made = Foreign(tmp_path / "layout")
    path = made.path / "blobs" / "sha256" / "large"
    with path.open("wb") as file:
        file.truncate(512 << 20)
    digest = subprocess.run(["sha256sum", path], capture_output=True, check=True).stdout.split()[0].decode()
    path.rename(path.with_name(digest))
    config = made.add_blob(b"{}", "application/vnd.oci.empty.v1+json")
    made.enter(made.add_blob({"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": config, "layers": [
        {"mediaType": "text/plain", "digest": f"sha256:{digest}", "size": 512 << 20}]}, OCI_MANIFEST),
        "team/large:1")
    programs.builder.run("seal", made, "--keys", keys, wrapper=["prlimit", f"--as={128 << 20}"],
                         timeout=120)
    programs.pusher.run("verify", made, "--trust", keys.trust, timeout=120)


# ---- faults ----

@pytest.fixture
def tracer(programs):
    return Tracer(programs.builder, CALLS)


@pytest.fixture
def prepared(seal, foreign):
    """Sealed once, then changed: a stale seal, an empty directory and another image."""
    seal(foreign)
    foreign.entries = foreign.index["manifests"]
    foreign.enter(foreign.add_image(b"second"), "team/second:1")
    (foreign.path / "ingest").mkdir()
    return foreign


def in_threads(function, items):
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        return list(pool.map(function, items))


@pytest.mark.slow
@pytest.mark.parametrize("release", [False, True], ids=["seal key", "release key too"])
def test_row_f4_kill_at_every_syscall_of_seal(release, tracer, programs, keys, prepared, tmp_path):
    """It verifies only when it is whole; the next run finishes, and leaves nothing."""
    directory = keys.directory
    trust = keys.trust
    if release:
        directory = tmp_path / "all"
        programs.builder.run("keygen", directory, "--no-passphrase")
        trust = tmp_path / "trust"  # the seal alone
        shutil.copytree(directory / "trust", trust)
        (trust / "release.pub").unlink()
        policy = json.loads((trust / "policy.json").read_text())
        policy.pop("release")
        (trust / "policy.json").write_text(json.dumps(policy))
    done = prepared.copy(tmp_path / "done")
    points = tracer.points(tmp_path / "log", "seal", done, "--keys", directory, begin="flock",
                           changing=True)
    complete = tree(done.path)
    assert len(points) > 15

    def check(number):
        place = prepared.copy(tmp_path / f"kill-{number}" / "place")
        command = ["seal", place, "--keys", directory]
        killed = tracer.run("signal=KILL", points[number], *command)
        assert killed.status in (-signal.SIGKILL, 0), (points[number], killed)
        found = tree(place.path)
        verified = programs.pusher.run("verify", place, "--trust", trust, status=None)
        assert (verified.status == 0) == (found == complete), points[number]
        assert verified.status in (0, 4)
        programs.builder.run(*command)
        assert tree(place.path) == complete, points[number]
        assert names_in(place.path.parent) == ["place"], points[number]
        shutil.rmtree(place.path.parent)

    in_threads(check, range(len(points)))


@pytest.mark.slow
def test_row_f4_kill_while_release_signatures_grow(tracer, programs, foreign, tmp_path):
    """The blobs of the smaller signatures belong to nobody any more; the next run takes them away."""
    for name in ("first", "second"):
        programs.builder.run("keygen", tmp_path / name, "--no-passphrase")
    programs.builder.run("seal", foreign, "--keys", tmp_path / "first")
    done = foreign.copy(tmp_path / "done")
    points = tracer.points(tmp_path / "log", "seal", done, "--keys", tmp_path / "second", begin="flock",
                           changing=True)
    complete = tree(done.path)
    assert sum(name not in complete for name in tree(foreign.path)) >= 2 + 1, "signatures have grown"

    def check(number):
        place = foreign.copy(tmp_path / f"kill-{number}" / "place")
        command = ["seal", place, "--keys", tmp_path / "second"]
        tracer.run("signal=KILL", points[number], *command)
        programs.builder.run(*command)
        assert tree(place.path) == complete, points[number]
        shutil.rmtree(place.path.parent)

    in_threads(check, range(len(points)))


@pytest.mark.slow
@pytest.mark.parametrize(("fault", "calls"), [
    ("error=ENOSPC", ["write", "mkdirat", "fsync", "openat"]),
    ("error=EIO", ["write", "fsync", "close", "renameat2", "renameat", "fchmod", "unlinkat", "syncfs"]),
    ("error=EROFS", ["mkdirat", "renameat2", "renameat", "unlinkat"]),
    ("error=EMFILE", ["openat"]),
], ids=lambda value: value if isinstance(value, str) else "")
def test_row_f1_failing_system_calls_of_seal(fault, calls, tracer, programs, keys, prepared, tmp_path):
    done = prepared.copy(tmp_path / "done")
    points = [point for point in tracer.points(tmp_path / "log", "seal", done, "--keys", keys,
                                               begin="flock") if point[0] in calls]
    complete, failures = tree(done.path), []
    assert points

    def check(number):
        place = prepared.copy(tmp_path / f"fail-{number}" / "place")
        command = ["seal", place, "--keys", keys]
        failed = tracer.run(fault, points[number], *command)
        assert failed.status in (0, 1), (points[number], failed)
        found = tree(place.path)
        assert failed.status == 1 or found == complete, points[number]
        failures.append(failed.status)
        verified = programs.pusher.run("verify", place, "--trust", keys.trust, status=None)
        assert (verified.status == 0) == (found == complete), points[number]
        programs.builder.run(*command)
        assert tree(place.path) == complete and names_in(place.path.parent) == ["place"]
        shutil.rmtree(place.path.parent)

    in_threads(check, range(0, len(points), max(1, len(points) // (15 if programs.sanitized else 100))))
    assert any(failures)


@pytest.mark.parametrize("fault", ["retval=0", "error=EINTR"])
def test_row_f3_writes_of_seal_that_write_nothing(fault, tracer, keys, prepared, tmp_path):
    done = prepared.copy(tmp_path / "done")
    points = tracer.points(tmp_path / "log", "seal", done, "--keys", keys, begin="flock")
    for number, point in enumerate(point for point in points if point[0] == "write"):
        place = prepared.copy(tmp_path / f"place-{number}")
        assert tracer.run(fault, point, "seal", place, "--keys", keys).status == 0
        assert tree(place.path) == tree(done.path)


def test_row_f2_a_failing_fsync_of_seal_is_not_repeated(tracer, programs, keys, prepared, tmp_path):
    done = prepared.copy(tmp_path / "done")
    points = tracer.points(tmp_path / "log", "seal", done, "--keys", keys, begin="flock")
    for number, point in enumerate(point for point in points if point[0] in ("fsync", "syncfs")):
        place = prepared.copy(tmp_path / f"place-{number}")
        said = tracer.run("error=EIO", point, "seal", place, "--keys", keys)
        assert said.status == 1 and "Input/output error" in said.stderr, point


def test_row_f7_of_many_sealers_those_who_come_too_late_are_told(programs, keys, prepared):
    started = [programs.builder.popen("seal", prepared, "--keys", keys, stdout=subprocess.DEVNULL,
                                      stderr=subprocess.DEVNULL) for _ in range(6)]
    statuses = [process.wait(60) for process in started]
    assert set(statuses) <= {0, 1} and 0 in statuses
    assert_sealed(prepared, programs, keys)
    assert names_in(prepared.path.parent) == ["layout"]


def test_row_f8_places_that_are_no_layout(seal, foreign, tmp_path):
    (tmp_path / "file").write_bytes(b"mine")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "precious").write_bytes(b"mine")
    (tmp_path / "link").symlink_to("layout")
    before = tree(tmp_path)
    for name, word in (("file", "not a directory"), ("link", "not a directory"),
                       ("full", "index.json: missing"), ("nowhere", "No such file")):
        done = seal(tmp_path / name, "--prune", status=None)
        refused(done, done.status, word)
        assert done.status in (1, 3)
        assert tree(tmp_path) == before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_row_f9_a_signal_ends_it_cleanly(number, programs, keys, prepared, tmp_path):
    """Sent while the passphrase is waited for: the layout is as it was."""
    directory = tmp_path / "locked"
    (tmp_path / "passphrase").write_text("secret\n")
    programs.builder.run("keygen", directory, "--role", "seal", "--passphrase-file",
                         tmp_path / "passphrase")
    os.mkfifo(tmp_path / "pipe")
    before = tree(prepared.path)
    process = programs.builder.popen("seal", prepared, "--keys", directory, "--passphrase-file",
                                     tmp_path / "pipe", stderr=subprocess.PIPE)
    with (tmp_path / "pipe").open("wb") as pipe:  # opens once it is being read
        process.send_signal(number)
        pipe.write(b"secret\n")
    assert process.wait(60) == -number, process.stderr.read()
    assert tree(prepared.path) == before
    assert set(names_in(tmp_path)) == {"layout", "locked", "passphrase", "pipe"}


@pytest.mark.parametrize("umask", [0, 0o077])
def test_row_f10_a_umask_decides_nothing(umask, programs, keys, prepared, tmp_path):
    other = prepared.copy(tmp_path / "other")
    programs.builder.run("seal", other, "--keys", keys)
    before = os.umask(umask)
    try:
        programs.builder.run("seal", prepared, "--keys", keys,
                             env={"TZ": None, "HOME": str(tmp_path), "LC_ALL": "de_DE.UTF-8"})
    finally:
        os.umask(before)
    assert tree(prepared.path) == tree(other.path)
    for name in ("SEAL", "index.json", prepared.signatures[0].name):
        assert oct((prepared.path / name).stat().st_mode) == "0o100644"


def test_row_f11_a_full_stdout(programs, keys, prepared):
    with open("/dev/full", "wb") as full:
        process = programs.builder.popen("seal", prepared, "--keys", keys, stdout=full,
                                         stderr=subprocess.PIPE)
        said = process.communicate(timeout=30)[1]
    assert process.returncode == 1 and b"standard output" in said
    assert_sealed(prepared, programs, keys)


@pytest.mark.parametrize("limit", ["--fsize=100", *(
    pytest.param(limit, marks=pytest.mark.slow)  # sanitizers need more
    for limit in ("--nofile=8", "--stack=262144"))])
def test_row_f13_limits_on_the_process(limit, programs, keys, prepared):
    done = programs.builder.run("seal", prepared, "--keys", keys, wrapper=["prlimit", limit], status=None)
    assert done.status in (0, 1)
    if done.status == 0:
        assert_sealed(prepared, programs, keys)
    else:
        assert prepared.signatures == [] or (prepared.path / "ingest").exists()
    programs.builder.run("seal", prepared, "--keys", keys)
    assert_sealed(prepared, programs, keys)


def test_row_f17_planted_staging_names(seal, programs, keys, prepared, tmp_path):
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "file").write_bytes(b"mine")
    (tmp_path / ".layout.tmp-0123456789abcdef").symlink_to("precious")
    (tmp_path / ".layout.tmp-0123456789abcde0").write_bytes(b"mine")
    before = tree(precious)
    seal(prepared)
    assert tree(precious) == before
    assert_sealed(prepared, programs, keys)
