"""Real registries, asked for nothing, for a password or for a token, bare and behind nginx: what we
push there is what helm, oras, crane, regctl and skopeo find, under one digest."""

import base64
import dataclasses
import hashlib
import json
import os

import pytest
from helpers import ROOT, Layout, sha256
from real_registry import PASSWORD, USERNAME

PREFIX = "charts/team"
CHARTS = ROOT / "tests" / "data" / "charts"
PLAIN = {"helm": "--plain-http", "oras": "--plain-http", "crane": "--insecure",
         "skopeo": "--tls-verify=false"}


@dataclasses.dataclass
class Place:
    """A registry as a client sees it."""

    registry: object  # .manifest(), .tags(), .requests()
    front: object  # .host: what a client is told
    secured: bool = False  # by TLS
    login: bool = False
    ca_file: object = None

    def push_options(self):
        options = ["--ca-file", self.ca_file] if self.secured else ["--plain-http"]
        return [*options, "--username", USERNAME, "--password-stdin"] if self.login else options


PLACES = {
    "docker-registry-2": {}, "docker-registry-2-tls": {"tls": True},
    "docker-registry-2-password": {"basic": True},
    "distribution-3": {"version": 3}, "distribution-3-password": {"version": 3, "basic": True},
}
TOKENS = {"docker-registry-2-token": {"version": 2}, "distribution-3-token": {"version": 3}}
REFERRERS = {"referrers": [], "referrers-subject": ["-subject"], "no-referrers": ["-referrers=false"]}
FRONTS = {"nginx-1.1": {"http2": False}, "nginx-2": {"http2": True},
          "nginx-says-http": {"told": False}, "nginx-buffers": {"buffering": True}, "nginx-1-mib": {"limit": "1m"}}


@pytest.fixture
def place(request, make_registry, make_referrers_registry, make_front, make_token_server,
          certificates):
    """A Place by its name in the tables above."""
    name = request.param
    if name in PLACES:
        how = PLACES[name]
        registry = make_registry(**how)
        return Place(registry, registry, "tls" in how, "basic" in how, certificates.ca)
    if name in TOKENS:
        registry = make_registry(tokens=make_token_server({USERNAME: PASSWORD}), **TOKENS[name])
        return Place(registry, registry, login=True)
    if name in REFERRERS:
        registry = make_referrers_registry(*REFERRERS[name])
        return Place(registry, registry)
    registry = make_registry()
    return Place(registry, make_front(registry, **FRONTS[name]), True, ca_file=certificates.ca)


@pytest.fixture(scope="session")
def layout(builder, keys, tmp_path_factory):
    """Both charts, sealed. Do not write to it."""
    path = tmp_path_factory.mktemp("layout") / "layout"
    builder.run("build", CHARTS / "harbour-web", CHARTS / "hafen-pegel", "--output", path,
                "--keys", keys)
    return Layout(path)


@pytest.fixture
def push(pusher, keys, layout):
    """push(place, *options): the Result of a push below PREFIX."""
    def push(place, *options, **how):
        return pusher.run("push", layout, f"oci://{place.front.host}/{PREFIX}", "--trust",
                          keys / "trust", *place.push_options(), *options,
                          stdin=PASSWORD.encode() if place.login else b"", **how)
    return push


class Readers:
    """The foreign clients, logged in."""

    def __init__(self, peers, place, directory):
        self.peers, self.place = peers, place
        pair = base64.b64encode(f"{USERNAME}:{PASSWORD}".encode()).decode()
        auths = {place.front.host: {"auth": pair}} if place.login else {}
        directory.mkdir()
        (directory / "config.json").write_text(json.dumps({"auths": auths}))
        self.environment = {"DOCKER_CONFIG": directory, "REGISTRY_AUTH_FILE": directory / "config.json",
                            "HELM_REGISTRY_CONFIG": directory / "config.json"}
        if place.secured:
            self.environment["SSL_CERT_FILE"] = place.ca_file

    def run(self, name, *arguments):
        plain = [] if self.place.secured or name not in PLAIN else [PLAIN[name]]
        if name == "regctl" and not self.place.secured:
            plain = ["--host", f"reg={self.place.front.host},tls=disabled"]
        environment = {key: str(value) for key, value in self.environment.items()}
        return self.peers.run(name, *arguments, *plain, env=environment)

    def digests(self, repository, tag):
        """{client: the digest it finds}"""
        reference = f"{self.place.front.host}/{repository}:{tag}"
        raw = self.run("skopeo", "inspect", "--raw", f"docker://{reference}")
        fetched = self.run("oras", "manifest", "fetch", reference)
        found = {"regctl": self.run("regctl", "manifest", "head", reference).decode().strip(),
                 "oras": "sha256:" + sha256(fetched), "skopeo": "sha256:" + sha256(raw)}
        # crane takes no token of a server on the loopback, even for a registry there.
        if not getattr(self.place.registry, "tokens", None):
            found["crane"] = self.run("crane", "digest", reference).decode().strip()
        return found


@pytest.fixture
def readers(peers, tmp_path):
    """readers(place): see Readers."""
    return lambda place: Readers(peers, place, tmp_path / "docker")


def check(place, layout, push, readers, tmp_path):
    push(place)
    clients = readers(place)
    for entry in layout.index["manifests"]:
        annotations = entry["annotations"]
        name, tag = (annotations[f"dev.sallyport.{key}"] for key in ("repository", "tag"))
        repository = f"{PREFIX}/{name}"
        body, digest, _ = place.registry.manifest(repository, tag)
        assert (digest, body) == (entry["digest"], layout.blob(entry["digest"]))
        assert set(clients.digests(repository, tag).values()) == {digest}
        clients.run("helm", "pull", f"oci://{place.front.host}/{repository}",
                    "--version", tag.replace("_", "+"), "--destination", tmp_path)
        pulled, = tmp_path.glob(f"{name}-*.tgz")
        assert "sha256:" + sha256(pulled.read_bytes()) == layout.manifest(name)["layers"][0]["digest"]
    assert push(place).stdout.count("unchanged") == len(layout.index["manifests"])


@pytest.mark.parametrize("place", [*PLACES, *REFERRERS, "nginx-1.1", "nginx-2", "nginx-says-http",
                                   "nginx-buffers"], indirect=True)
def test_what_is_pushed_is_found_by_all(place, layout, push, readers, tmp_path):
    check(place, layout, push, readers, tmp_path)


@pytest.mark.parametrize("place", TOKENS, indirect=True)
def test_what_is_pushed_with_a_token_is_found_by_all(place, layout, push, readers, tmp_path):
    check(place, layout, push, readers, tmp_path)
    # One token for each repository, for reading and writing at once.
    scopes = {scope for _, scopes in place.registry.tokens.asked for scope in scopes}
    assert {f"repository:{PREFIX}/{chart.name}:pull,push" for chart in CHARTS.iterdir()
            if chart.name in ("harbour-web", "hafen-pegel")} <= scopes


@pytest.mark.parametrize("place", ["nginx-1-mib"], indirect=True)
def test_a_front_that_limits_bodies_gets_pieces(place, builder, pusher, keys, readers, tmp_path):
    """413 to the whole: it goes in pieces that fit."""
    source = tmp_path / "heavy"
    source.mkdir()
    (source / "Chart.yaml").write_text("apiVersion: v2\nname: heavy\nversion: 1.0.0\n")
    (source / "noise").write_bytes(hashlib.shake_128(b"harbour").digest(3 * 2 ** 20))
    layout = tmp_path / "layout"
    builder.run("build", source, "--output", layout, "--keys", keys)
    pusher.run("push", layout, f"oci://{place.front.host}/{PREFIX}", "--trust", keys / "trust",
               *place.push_options())
    answered = [(method, status) for method, _, _, status in place.front.requests()]
    assert ("PUT", 413) in answered and ("PATCH", 202) in answered
    digest, = set(readers(place).digests(f"{PREFIX}/heavy", "1.0.0").values())
    assert digest == Layout(layout).entry("heavy")["digest"]


@pytest.mark.parametrize("chart", ["harbour-web", "hafen-pegel"])
def test_our_push_and_helms_look_the_same(chart, helm_program, builder, pusher, keys, make_registry,
                                          tmp_path):
    """The same archive, pushed by both: pull, show all and template give the same, to the byte."""
    registry = make_registry(version=3)
    helm_program.run("package", CHARTS / chart, "--destination", tmp_path)
    archive, = tmp_path.glob("*.tgz")
    os.utime(archive, (1704164645, 1704164645))
    host = registry.host
    helm_program.run("push", archive, f"oci://{host}/helm", "--plain-http")
    builder.run("build", archive, "--output", tmp_path / "layout", "--keys", keys, "--created",
                "2024-01-02T03:04:05Z")
    pusher.run("push", tmp_path / "layout", f"oci://{host}/ours", "--trust", keys / "trust",
               "--plain-http")
    tag, = registry.tags(f"ours/{chart}")
    assert registry.manifest(f"ours/{chart}", tag) == registry.manifest(f"helm/{chart}", tag)

    def shown(prefix, *command):
        out = helm_program.run(*command, f"oci://{host}/{prefix}/{chart}", "--version",
                               tag.replace("_", "+"), "--plain-http")
        return out.replace(f"{host}/{prefix}/", "")

    assert shown("ours", "show", "all") == shown("helm", "show", "all")
    template = ("template", "a", "--kube-version", "1.30.0")
    assert shown("ours", *template) == shown("helm", *template)
    for prefix in ("ours", "helm"):
        (tmp_path / prefix).mkdir()
        helm_program.run("pull", f"oci://{host}/{prefix}/{chart}", "--version", tag.replace("_", "+"),
                         "--plain-http", "--destination", tmp_path / prefix)
    assert [(p.name, p.read_bytes()) for p in (tmp_path / "ours").iterdir()] == \
        [(p.name, p.read_bytes()) for p in (tmp_path / "helm").iterdir()]
