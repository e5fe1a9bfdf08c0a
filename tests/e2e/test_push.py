"""pusher push into a real docker-registry, read back by helm, oras and skopeo."""

import base64
import json
import os
import pathlib
import re
import shutil
import subprocess
import time

import pytest
from crafted import TINY, chart_yaml, write_archive
from demands import clean, names_in, refused
from helpers import Layout, bound_by_modes, sha256, tree
from real_registry import PASSWORD, USERNAME
from scripted_registry import Answer
from wires import Cutter

MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
PREFIX = "charts/team"


@pytest.fixture
def push(programs, keys):
    """push(layout, registry, *options): the Result of a push below PREFIX; plain http, unless TLS."""
    def push(layout, registry, *options, trust=keys.trust, prefix=PREFIX, status=0, **how):
        secure = getattr(registry, "certificates", None) is not None
        transport = ["--ca-file", registry.ca_file] if secure else ["--plain-http"]
        return programs.pusher.run("push", layout, registry.oci(prefix), "--trust", trust,
                                   *transport, *options, status=status, **how)
    return push


@pytest.fixture
def tiny(build, tmp_path):
    """tiny(version, values): a layout of one very small chart."""
    def tiny(version="0.1.0", values=b"a: 1\n", name="tiny"):
        number = len(names_in(tmp_path))
        chart = write_archive(tmp_path / f"{number}.tgz", {
            **TINY, "Chart.yaml": chart_yaml(name, version), "values.yaml": values}, name)
        return build(chart, name=f"layout-{number}")
    return tiny


def digest_of(layout, repository="tiny"):
    return layout.entry(repository)["digest"]


# ---- what arrives ----

def test_real_chart_arrives_as_helm_would_have_pushed_it(real_chart, build, push, registry, peers,
                                                         tmp_path):
    layout = build(real_chart.path, options=["--created", real_chart.created])
    push(layout, registry)
    name = f"{PREFIX}/{real_chart.repository}"
    assert registry.tags(name) == [real_chart.tag]
    body, digest, media_type = registry.manifest(name, real_chart.tag)
    assert (digest, len(body), media_type) == \
        (real_chart.manifest_digest, real_chart.manifest_bytes, MANIFEST_TYPE)
    reference = f"docker://{registry.host}/{name}:{real_chart.tag}"
    raw = peers.run("skopeo", "inspect", "--raw", "--tls-verify=false", reference)
    assert "sha256:" + sha256(raw) == real_chart.manifest_digest
    config = peers.run("skopeo", "inspect", "--config", "--raw", "--tls-verify=false", reference)
    assert "sha256:" + sha256(config) == real_chart.config_digest
    assert len(config) == real_chart.config_bytes
    archive = registry.blob(name, f"sha256:{real_chart.archive_sha256}")
    assert archive == real_chart.path.read_bytes()


@pytest.mark.parametrize("name", ["web", "pegel"])
def test_helm_takes_it_from_the_registry(name, charts, build, push, registry, peers, tmp_path):
    chart = getattr(charts, name)
    layout = build(chart)
    push(layout, registry)
    entry = layout.index["manifests"][0]["annotations"]
    version = entry["dev.sallyport.tag"].replace("_", "+")
    reference = [f"oci://{registry.host}/{PREFIX}/{chart.name}", "--version", version, "--plain-http"]
    (tmp_path / "pulled").mkdir()
    peers.run("helm", "pull", *reference, "--destination", tmp_path / "pulled")
    pulled, = (tmp_path / "pulled").iterdir()
    assert sha256(pulled.read_bytes()) == \
        layout.manifest(chart.name)["layers"][0]["digest"].removeprefix("sha256:")
    for command in (["show", "all"], ["template", "a"]):
        shown = peers.run("helm", *command, chart)
        assert peers.run("helm", *command, pulled) == shown
        # Helm says first what it has pulled.
        assert peers.run("helm", *command, *reference).endswith(shown)


def test_helm_verifies_nothing_but_finds_the_provenance(build, push, registry, tmp_path, peers):
    chart = write_archive(tmp_path / "tiny-0.1.0.tgz")
    (tmp_path / "tiny-0.1.0.tgz.prov").write_bytes(b"provenance\n")
    push(build(chart), registry)
    (tmp_path / "pulled").mkdir()
    peers.run("helm", "pull", f"oci://{registry.host}/{PREFIX}/tiny", "--version", "0.1.0", "--prov",
              "--plain-http", "--destination", tmp_path / "pulled")
    assert {path.name: path.read_bytes() for path in (tmp_path / "pulled").iterdir()} == {
        "tiny-0.1.0.tgz": chart.read_bytes(), "tiny-0.1.0.tgz.prov": b"provenance\n"}


def test_oras_takes_it_from_the_registry(tiny, push, registry, peers, tmp_path):
    layout = tiny()
    push(layout, registry)
    reference = f"{registry.host}/{PREFIX}/tiny:0.1.0"
    fetched = peers.run("oras", "manifest", "fetch", "--plain-http", reference)
    assert fetched == layout.blob(digest_of(layout))
    peers.run("oras", "copy", "--from-plain-http", reference, "--to-oci-layout",
              f"{tmp_path / 'copied'}:x")
    copied = Layout(tmp_path / "copied")
    assert copied.index["manifests"][0]["digest"] == digest_of(layout)


def test_it_is_what_helm_itself_would_push(charts, build, push, registry, peers, tmp_path):
    """The same archive, once by helm and once by us, gives one digest."""
    peers.run("helm", "package", charts.pegel, "--destination", tmp_path)
    archive, = tmp_path.glob("*.tgz")
    os.utime(archive, (1704164645, 1704164645))
    peers.run("helm", "push", archive, f"oci://{registry.host}/helms", "--plain-http")
    push(build(archive, options=["--created", "2024-01-02T03:04:05Z"]), registry)
    tag, = registry.tags("helms/hafen-pegel")
    assert registry.manifest("helms/hafen-pegel", tag)[1] == \
        registry.manifest(f"{PREFIX}/hafen-pegel", tag)[1]


# ---- the layout itself, for other tools ----

@pytest.mark.parametrize("name", ["one", "several"])
def test_other_tools_read_the_layout(name, request, peers, tmp_path):
    layout = request.getfixturevalue("layout" if name == "one" else "layout_several")
    before = tree(layout)
    for entry in layout.index["manifests"]:
        ref = entry["annotations"]["org.opencontainers.image.ref.name"]
        body = layout.blob(entry["digest"])
        assert peers.run("oras", "manifest", "fetch", "--oci-layout", f"{layout}:{ref}") == body
        assert peers.run("skopeo", "inspect", "--raw", f"oci:{layout}:{ref}") == body
        peers.run("skopeo", "copy", f"oci:{layout}:{ref}", f"oci:{tmp_path / 'skopeo'}:{ref}")
        peers.run("oras", "copy", "--from-oci-layout", f"{layout}:{ref}", "--to-oci-layout",
                  f"{tmp_path / 'oras'}:{ref}")
    for copy in ("skopeo", "oras"):
        assert {entry["digest"] for entry in Layout(tmp_path / copy).index["manifests"]} == \
            {entry["digest"] for entry in layout.index["manifests"]}
    assert tree(layout) == before


# ---- how many requests ----

def test_six_requests_cold_and_one_again(tiny, push, registry):
    layout = tiny()
    push(layout, registry)
    cold = registry.requests()
    assert sorted(method for method, _, _ in cold) == ["HEAD", "POST", "POST", "PUT", "PUT", "PUT"]
    assert cold[0][0] == "HEAD"
    assert cold[-1][1].endswith("/manifests/0.1.0")
    registry.forget()
    done = push(layout, registry)
    assert [(method, status) for method, _, status in registry.requests()] == [("HEAD", 200)]
    assert "unchanged" in done.stdout


def test_several_charts_one_look_each_then_blobs_then_tags(layout_several, push, registry):
    push(layout_several, registry)
    requests = registry.requests()
    heads = [method for method, _, _ in requests][:2]
    assert heads == ["HEAD", "HEAD"]
    assert all("/manifests/" in path for _, path, _ in requests[-2:])
    assert not any("/manifests/" in path for _, path, _ in requests[2:-2])
    registry.forget()
    push(layout_several, registry)
    assert [method for method, _, _ in registry.requests()] == ["HEAD", "HEAD"]


def test_without_a_prefix(tiny, push, registry):
    layout = tiny()
    push(layout, registry, prefix="")
    assert registry.manifest("tiny", "0.1.0")[1] == digest_of(layout)


def test_dry_run_writes_nothing(layout_several, push, registry, tmp_path):
    done = push(layout_several, registry, "--dry-run", "--receipt", tmp_path / "receipt")
    assert done.stdout.count("would push") == 2
    assert [method for method, _, _ in registry.requests()] == ["HEAD", "HEAD"]
    assert not (tmp_path / "receipt").exists()


# ---- conflicts ----

def test_a_tag_with_something_else(tiny, push, registry):
    first, second = tiny(values=b"a: 1\n"), tiny(values=b"a: 2\n")
    push(first, registry)
    registry.forget()
    done = push(second, registry, status=None)
    refused(done, 7, f"{PREFIX}/tiny:0.1.0", "--on-existing")
    assert registry.writes() == []
    done = push(second, registry, "--dry-run", status=None)
    refused(done, 7, f"{PREFIX}/tiny:0.1.0")
    done = push(second, registry, "--on-existing", "skip")
    assert "skipped" in done.stdout and registry.writes() == []
    assert registry.manifest(f"{PREFIX}/tiny", "0.1.0")[1] == digest_of(first)
    done = push(second, registry, "--on-existing", "overwrite")
    assert "replaced" in done.stdout
    assert registry.manifest(f"{PREFIX}/tiny", "0.1.0")[1] == digest_of(second)


def test_every_conflict_is_named_and_nothing_is_written(build, push, registry, tmp_path):
    def layout(number, versions):
        charts = [write_archive(tmp_path / f"{number}-{name}.tgz", {
            "Chart.yaml": chart_yaml(name, "1.0.0"), "values.yaml": f"v: {value}\n".encode()}, name)
            for name, value in versions.items()]
        return build(*charts, name=f"layout-{number}")

    push(layout(1, {"a": 1, "b": 1, "c": 1}), registry)
    second = layout(2, {"a": 2, "b": 1, "c": 2, "d": 2})
    before = registry.tags(f"{PREFIX}/d")
    registry.forget()
    done = push(second, registry, status=None)
    refused(done, 7, f"{PREFIX}/a:1.0.0", f"{PREFIX}/c:1.0.0")
    assert f"{PREFIX}/b:1.0.0" not in done.stderr
    assert registry.writes() == [] and registry.tags(f"{PREFIX}/d") == before == []
    done = push(second, registry, "--on-existing", "skip")
    assert sorted(line.split()[0] for line in done.stdout.splitlines() if PREFIX in line) == \
        ["pushed", "skipped", "skipped", "unchanged"]


@pytest.mark.parametrize("value", ["", "Fail", "replace"])
def test_on_existing_takes_three_words(value, programs, keys, tiny):
    done = programs.pusher.run("push", tiny(), "oci://127.0.0.1:1/a", "--trust", keys.trust,
                               "--on-existing", value, status=None)
    refused(done, 2, "--on-existing")


# ---- the receipt ----

def test_receipt(tiny, push, registry, keys, tmp_path):
    layout = tiny()
    receipt = tmp_path / "receipt.json"
    before = time.time()
    done = push(layout, registry, "--receipt", receipt, "--json")
    text = receipt.read_text()
    assert text.startswith('{"version":1,') and text.endswith("}\n") and text.count("\n") == 1
    told = json.loads(text)
    listing = "".join(f"{sha256((keys.trust / name).read_bytes())}  {name}\n"
                      for name in ("allowed_signers", "policy.json"))
    assert (told["sealId"], told["trustId"], told["registry"]) == \
        (layout.seal_id, sha256(listing.encode()), registry.host)
    key = base64.b64decode((keys.trust / "allowed_signers").read_text().split()[3])
    fingerprint = base64.b64encode(bytes.fromhex(sha256(key))).decode().rstrip("=")
    assert told["signers"] == [{"principal": "enclave", "fingerprint": f"SHA256:{fingerprint}"}]
    blobs = {d["digest"]: d["size"] for d in
             [layout.manifest("tiny")["config"], *layout.manifest("tiny")["layers"]]}
    artifact, = told["artifacts"]
    assert artifact == {
        "repository": f"{PREFIX}/tiny", "tag": "0.1.0", "digest": digest_of(layout),
        "bytes": sum(blobs.values()) + layout.entry("tiny")["size"], "result": "pushed",
        "blobs": {"pushed": 2, "mounted": 0, "present": 0}}
    times = [time.mktime(time.strptime(told[name], "%Y-%m-%dT%H:%M:%SZ")) - time.timezone
             for name in ("startTime", "endTime")]
    assert before - 1 <= times[0] <= times[1] <= time.time()
    assert told["program"].startswith("pusher ")
    shown = done.json
    assert shown.pop("ok") is True
    assert shown == told
    assert receipt.stat().st_mode & 0o7777 == 0o644
    assert [name for name in names_in(tmp_path) if "receipt" in name] == ["receipt.json"]


@pytest.mark.parametrize("options", [["--on-existing", "skip"], []], ids=["skipped", "unchanged"])
def test_receipt_of_what_was_there(options, tiny, push, registry, tmp_path):
    first = tiny()
    push(first, registry)
    second = tiny(values=b"a: 2\n") if options else first
    push(second, registry, "--receipt", tmp_path / "receipt", *options)
    artifact, = json.loads((tmp_path / "receipt").read_bytes())["artifacts"]
    assert artifact["result"] == ("skipped" if options else "unchanged")
    assert artifact["blobs"]["pushed"] == 0


def test_no_receipt_of_a_failure(tiny, push, registry, tmp_path):
    push(tiny(), registry)
    receipt = tmp_path / "receipt"
    receipt.write_bytes(b"the last one")
    push(tiny(values=b"a: 2\n"), registry, "--receipt", receipt, status=7)
    assert receipt.read_bytes() == b"the last one"
    assert [name for name in names_in(tmp_path) if "receipt" in name] == ["receipt"]
    receipt.unlink()
    push(tiny(values=b"a: 2\n"), registry, "--receipt", receipt, status=7)
    assert not [name for name in names_in(tmp_path) if "receipt" in name]


def test_a_receipt_replaces_the_last_one(tiny, push, registry, tmp_path):
    receipt = tmp_path / "receipt"
    receipt.write_bytes(b"the last one")
    push(tiny(), registry, "--receipt", receipt)
    assert json.loads(receipt.read_bytes())["version"] == 1


@pytest.mark.parametrize("place", ["missing/receipt", "file/receipt", "directory", "directory/", "fifo"])
def test_a_receipt_that_cannot_be_written_is_found_first(place, tiny, push, registry, tmp_path):
    (tmp_path / "file").touch()
    (tmp_path / "directory").mkdir()
    os.mkfifo(tmp_path / "fifo")
    layout = tiny()
    done = push(layout, registry, "--receipt", f"{tmp_path}/{place}", status=None)
    refused(done, done.status, "receipt")
    assert done.status in (1, 2)
    assert registry.requests() == []


def test_a_receipt_directory_without_the_right_to_write(tiny, push, registry, tmp_path):
    (tmp_path / "closed").mkdir(0o555)
    push(tiny(), registry, "--receipt", tmp_path / "closed" / "receipt", status=1,
         wrapper=bound_by_modes())
    assert registry.requests() == []


# ---- trust, before anything is sent ----

@pytest.mark.parametrize("spoil", ["byte", "stranger", "unsealed"])
def test_nothing_is_sent_of_what_is_not_trusted(spoil, tiny, push, registry, stranger, keys):
    layout = tiny()
    if spoil == "byte":
        path = layout.blob_path(layout.manifest("tiny")["layers"][0]["digest"])
        path.write_bytes(path.read_bytes()[:-1] + b"\xff")
    elif spoil == "unsealed":
        (layout.path / "SEAL").unlink()
    trust = stranger.trust if spoil == "stranger" else keys.trust
    push(layout, registry, trust=trust, status=4)
    assert registry.requests() == []


def test_a_delivery_for_elsewhere_is_not_sent(build, push, registry, tmp_path):
    chart = write_archive(tmp_path / "a.tgz")
    layout = build(chart, options=["--destination", "registry.example/charts"])
    done = push(layout, registry, status=None)
    refused(done, 4, "registry.example/charts")
    assert registry.requests() == []
    there = build(chart, name="there", options=["--destination", f"{registry.host}/charts"])
    push(there, registry)


def test_the_layout_may_be_read_only(tiny, push, registry, programs):
    layout = tiny()
    before = tree(layout)
    for path in [*layout.path.rglob("*"), layout.path]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    push(layout, registry)
    assert tree(layout) == before
    for path in [layout.path, *layout.path.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)


# ---- passwords ----

def login(password=PASSWORD, username=USERNAME):
    return {"stdin": password if isinstance(password, bytes) else password.encode()}, \
        ["--username", username, "--password-stdin"]


@pytest.mark.parametrize("ending", [b"", b"\n", b"\r\n"], ids=["bare", "newline", "crlf"])
def test_basic_authentication(ending, tiny, push, registry_basic):
    layout = tiny()
    how, options = login(PASSWORD.encode() + ending)
    push(layout, registry_basic, *options, **how)
    assert registry_basic.manifest(f"{PREFIX}/tiny", "0.1.0")[1] == digest_of(layout)


@pytest.mark.parametrize(("password", "username"), [
    ("kanarienvogel", USERNAME), (PASSWORD, "nobody"), (PASSWORD + " ", USERNAME), (PASSWORD + "\n\n", USERNAME),
], ids=["password", "user", "blank", "two-lines"])
def test_wrong_credentials(password, username, tiny, push, registry_basic):
    how, options = login(password, username)
    done = push(tiny(), registry_basic, *options, status=None, **how)
    refused(done, 6, "401")
    assert registry_basic.tags(f"{PREFIX}/tiny") == [] and registry_basic.writes() == []
    assert "kanarienvogel" not in done.stderr


def test_no_credentials(tiny, push, registry_basic):
    done = push(tiny(), registry_basic, status=None)
    refused(done, 6, "401", "--username")


@pytest.mark.parametrize(("options", "stdin"), [
    (["--username", "a"], b"x"), (["--password-stdin"], b"x"),
    (["--username", "a", "--password-stdin"], b""),
    (["--username", "a", "--password-stdin"], b"\n"),
    (["--username", "a", "--password-stdin"], b"a\0b"),
    (["--username", "a", "--password-stdin"], b"a" * 70_000),
    (["--username", "a:b", "--password-stdin"], b"x"),
    (["--username", "", "--password-stdin"], b"x"),
    (["--username", "a\nb", "--password-stdin"], b"x"),
    (["--username", "a", "--password", "x"], b""),
    (["--username", "a", "--password=x"], b""),
], ids=["no-stdin", "no-user", "empty", "newline", "nul", "long", "colon", "no-name", "control",
        "argument", "argument-joined"])
def test_credentials_given_wrongly(options, stdin, tiny, push, registry):
    done = push(tiny(), registry, *options, stdin=stdin, status=None)
    refused(done, 2)
    assert registry.requests() == []


def test_a_password_does_not_cross_the_network_in_the_clear(programs, keys, tiny):
    done = programs.pusher.run(
        "push", tiny(), "oci://registry.example/a", "--trust", keys.trust, "--plain-http",
        "--username", "a", "--password-stdin", stdin=b"canary", status=None)
    refused(done, 2, "--plain-http")
    assert "canary" not in done.stderr


@pytest.mark.parametrize("outcome", ["good", "refused"])
def test_the_password_shows_nowhere(outcome, programs, keys, tiny, make_scripted_registry, tmp_path):
    """Neither in the arguments nor the environment of the process, nor in any output."""
    canary = "kanarienvogel-4711"
    registry = make_scripted_registry(credentials=("hafen", canary))
    registry.on("HEAD", "/manifests/", Answer(delay=0.5),
                *([Answer(401)] if outcome == "refused" else []))
    if outcome == "refused":
        registry.on("POST", "uploads", Answer(403), repeat=True)
    process = programs.pusher.popen(
        "push", tiny(), registry.oci(PREFIX), "--trust", keys.trust, "--plain-http", "--verbose",
        "--username", "hafen", "--password-stdin", "--receipt", tmp_path / "receipt",
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdin.write(canary.encode())
    process.stdin.close()
    deadline = time.monotonic() + 10
    while not registry.requests() and time.monotonic() < deadline:
        time.sleep(0.01)
    seen = b""
    for name in ("cmdline", "environ"):
        try:
            seen += pathlib.Path(f"/proc/{process.pid}/{name}").read_bytes()
        except PermissionError:
            pass  # nobody may look: better still
    out, err = process.stdout.read(), process.stderr.read()
    assert process.wait(20) == (0 if outcome == "good" else 6), err
    seen += out + err
    if (tmp_path / "receipt").exists():
        seen += (tmp_path / "receipt").read_bytes()
    encoded = base64.b64encode(f"hafen:{canary}".encode())
    assert registry.requests()[1].headers["authorization"] == f"Basic {encoded.decode()}"
    assert canary.encode() not in seen and encoded not in seen


# ---- TLS ----

def test_tls(tiny, push, registry_tls, peers):
    layout = tiny()
    push(layout, registry_tls)
    assert registry_tls.manifest(f"{PREFIX}/tiny", "0.1.0")[1] == digest_of(layout)
    assert len(registry_tls.requests()) == 7  # and the look just above


def test_basic_over_tls(tiny, push, make_registry):
    registry = make_registry(tls=True, basic=True)
    how, options = login()
    push(tiny(), registry, *options, **how)
    assert registry.tags(f"{PREFIX}/tiny") == ["0.1.0"]


def test_authorities_of_the_environment(programs, keys, tiny, registry_tls, certificates):
    """SSL_CERT_FILE is what people set for a whole job; an option wins over it."""
    arguments = ["push", tiny(), registry_tls.oci(PREFIX), "--trust", keys.trust, "--retries", "0"]
    environment = {"SSL_CERT_FILE": certificates.ca}
    programs.pusher.run(*arguments, "--ca-file", certificates.other_ca, env=environment, status=5)
    done = programs.pusher.run(*arguments, "--verbose", env=environment)
    assert "certificate authorities: from SSL_CERT_FILE" in done.stderr


@pytest.mark.parametrize("case", ["other-ca", "no-ca", "system-ca", "wrong-host", "http-on-tls",
                                  "tls-on-http", "ca-not-pem", "ca-missing", "ca-with-plain-http"])
def test_tls_that_is_refused(case, programs, keys, tiny, make_registry, certificates, tmp_path):
    registry = make_registry(tls=case != "tls-on-http")
    host = f"127.0.0.2:{registry.port}" if case == "wrong-host" else registry.host
    ca = certificates.ca
    if case == "other-ca":
        ca = certificates.other_ca
    elif case == "ca-not-pem":
        ca = tmp_path / "ca.pem"
        ca.write_text("not a certificate\n")
    elif case == "ca-missing":
        ca = tmp_path / "missing.pem"
    options = {"no-ca": [], "system-ca": [], "http-on-tls": ["--plain-http"],
               "ca-with-plain-http": ["--plain-http", "--ca-file", ca]}.get(case, ["--ca-file", ca])
    # The environment must not be a way round it.
    environment = {"CURL_CA_BUNDLE": certificates.ca,
                   "SSL_CERT_DIR": certificates.ca.parent} if case == "system-ca" else None
    # A name that the server's certificate does not have.
    forward = Cutter(registry.port, address="127.0.0.2") if case == "wrong-host" else None
    try:
        done = programs.pusher.run(
            "push", tiny(), f"oci://{forward.host if forward else host}/{PREFIX}",
            "--trust", keys.trust, *options, env=environment, status=None)
    finally:
        if forward:
            forward.close()
    expected = {"http-on-tls": (7,), "ca-with-plain-http": (2,), "ca-missing": (1, 2, 5),
                "ca-not-pem": (1, 2, 5)}.get(case, (5,))
    assert done.status in expected, done
    clean(done.stderr)
    assert case == "tls-on-http" or registry.tags(f"{PREFIX}/tiny") == []


# ---- cut off in the middle ----

def test_a_push_that_was_cut_off_is_finished_by_the_next(layout_several, push, make_scripted_registry):
    """After each of its requests once; what is complete then is what a push in one go makes."""
    whole = make_scripted_registry()
    push(layout_several, whole)
    count = len(whole.requests())
    for number in range(count):
        registry = make_scripted_registry()
        # Every further attempt is cut off too: libcurl tries again where a connection was old.
        registry.on("", "", *[Answer()] * number, Answer(cut=-1, reset=True), repeat=True)
        push(layout_several, registry, "--retries", "0", "--jobs", "1", status=5)
        tags = [reference for _, reference in registry.manifests if ":" not in reference]
        # A request that is cut off has been carried out, but nobody was told.
        assert len(tags) == max(0, number - (count - 3)), number
        registry.rules.clear()
        push(layout_several, registry)
        assert (registry.manifests, registry.blobs) == (whole.manifests, whole.blobs), number
        assert registry.faults == []
        registry.close()


@pytest.mark.parametrize("name", ["KILL", "TERM", "INT"])
def test_a_push_that_was_stopped_is_finished_by_the_next(name, programs, keys, tiny, push,
                                                         make_scripted_registry, tmp_path):
    import signal
    number = getattr(signal, f"SIG{name}")
    layout = tiny()
    registry = make_scripted_registry()
    registry.on("PUT", "/blobs/uploads/", Answer(delay=1.0))
    process = programs.pusher.popen(
        "push", layout, registry.oci(PREFIX), "--trust", keys.trust, "--plain-http", "--receipt",
        tmp_path / "receipt", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    deadline = time.monotonic() + 10
    while not any(r.method == "PUT" for r in registry.requests()) and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(number)
    out, _ = process.communicate(timeout=20)
    assert (process.returncode, out) == (-number, b"")
    assert registry.tags(f"{PREFIX}/tiny") == []
    left = [entry for entry in names_in(tmp_path) if "receipt" in entry]
    assert left == [] or name == "KILL"
    push(layout, registry, "--receipt", tmp_path / "receipt")
    assert registry.tags(f"{PREFIX}/tiny") == ["0.1.0"]
    assert json.loads((tmp_path / "receipt").read_bytes())["sealId"] == layout.seal_id


def test_progress_and_requests_can_be_watched(tiny, push, registry):
    done = push(tiny(), registry, "--verbose")
    assert len(re.findall(r"\b(HEAD|POST|PUT) http://", done.stderr)) == 6
    assert "_state=" not in done.stderr, "a query may grant access"
    quiet = push(tiny("0.2.0"), registry, "--quiet")
    assert (quiet.stdout, quiet.stderr) == ("", "")
    shown = push(tiny("0.3.0"), registry).stderr
    clean(shown)


# ---- other names ----

def trust_that_allows_maps(keys, tmp_path):
    trust = tmp_path / "mapping-trust"
    shutil.copytree(keys.trust, trust)
    policy = json.loads((trust / "policy.json").read_bytes())
    (trust / "policy.json").write_text(json.dumps({**policy, "allowMap": True}))
    return trust


def test_other_names_where_the_policy_allows_them(tiny, push, keys, make_scripted_registry, tmp_path):
    registry = make_scripted_registry()
    layout = tiny()
    done = push(layout, registry, "--map", "tiny=other", status=None)
    refused(done, 4, "allowMap")
    assert registry.requests() == []
    trust = trust_that_allows_maps(keys, tmp_path)
    push(layout, registry, "--map", "tiny=deep/other", trust=trust)
    push(layout, registry, "--map", "tiny:0.1.0=other:latest", trust=trust)
    assert registry.tags(f"{PREFIX}/deep/other") == ["0.1.0"]
    assert registry.tags(f"{PREFIX}/other") == ["latest"]
    assert registry.tags(f"{PREFIX}/tiny") == []


def test_other_names_end_where_the_destinations_do(tiny, push, keys, make_scripted_registry, tmp_path):
    """A destination of policy or delivery is that of the name in the registry, not of the signed one."""
    registry = make_scripted_registry()
    place = f"{registry.host}/{PREFIX}"
    trust = trust_that_allows_maps(keys, tmp_path)
    policy = json.loads((trust / "policy.json").read_bytes())
    (trust / "policy.json").write_text(json.dumps({**policy, "destinations": [f"{place}/tiny"]}))
    done = push(tiny(), registry, "--map", "tiny=admin", trust=trust, status=None)
    refused(done, 4, f"destination: '{place}/admin' is below none that the policy lists")
    assert registry.requests() == []
    push(tiny(), registry, "--map", "tiny=tiny/deep", trust=trust)
    assert registry.tags(f"{PREFIX}/tiny/deep") == ["0.1.0"]


@pytest.mark.parametrize("maps", [
    ["nothing=other"], ["tiny:9=other"], ["tiny"], ["tiny=other:1"], ["tiny=a", "tiny=b"],
    ["tiny=../x"], ["tiny=A"]])
def test_maps_that_cannot_be(maps, tiny, push, keys, make_scripted_registry, tmp_path):
    registry = make_scripted_registry()
    options = [word for text in maps for word in ("--map", text)]
    done = push(tiny(), registry, *options, trust=trust_that_allows_maps(keys, tmp_path), status=None)
    refused(done, 2, "--map")
    assert registry.requests() == []
