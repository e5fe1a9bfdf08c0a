"""The doubles themselves: a double that is wrong makes every test on it worthless."""

import base64
import hashlib
import json
import ssl
import subprocess
import urllib.error
import urllib.request

import pytest
import real_registry
from scripted_registry import Answer

CONFIG = b"{}"
MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"


def fetch(registry, method, path, headers=None, body=None):
    request = urllib.request.Request(f"http://{registry.host}{path}", method=method,
                                     headers=headers or {}, data=body)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as answer:
        return answer.code, answer.headers, answer.read()


def digest(body):
    return "sha256:" + hashlib.sha256(body).hexdigest()


def artifact():
    manifest = {"schemaVersion": 2, "config": {
        "mediaType": "application/vnd.cncf.helm.config.v1+json", "digest": digest(CONFIG),
        "size": len(CONFIG)}, "layers": []}
    return json.dumps(manifest).encode()


def push(registry, repository="a/b", tag="1"):
    status, headers, _ = fetch(registry, "POST", f"/v2/{repository}/blobs/uploads/", body=b"")
    assert status == 202
    location = headers["Location"]
    location = location[location.index("/v2/"):]
    status, _, _ = fetch(registry, "PUT", f"{location}&digest={digest(CONFIG)}",
                         {"Content-Type": "application/octet-stream"}, CONFIG)
    assert status == 201
    return fetch(registry, "PUT", f"/v2/{repository}/manifests/{tag}",
                 {"Content-Type": MANIFEST_TYPE}, artifact())


@pytest.mark.parametrize("kind", ["registry", "scripted_registry"])
def test_both_registries_answer_alike(kind, request):
    registry = request.getfixturevalue(kind)
    accept = {"Accept": MANIFEST_TYPE}
    assert fetch(registry, "GET", "/v2/")[0] == 200
    assert fetch(registry, "HEAD", "/v2/a/b/manifests/1", accept)[0] == 404
    status, headers, _ = push(registry)
    assert status == 201
    assert headers["Docker-Content-Digest"] == digest(artifact())
    status, headers, body = fetch(registry, "GET", "/v2/a/b/manifests/1", accept)
    assert (status, body) == (200, artifact())
    assert headers["Content-Type"] == MANIFEST_TYPE
    assert fetch(registry, "HEAD", f"/v2/a/b/blobs/{digest(CONFIG)}")[0] == 200
    assert fetch(registry, "HEAD", "/v2/a/b/manifests/1")[0] == 404, "no Accept, no manifest"
    assert registry.tags("a/b") == ["1"]
    assert [r[0] if isinstance(r, tuple) else r.method for r in registry.writes()] == \
        ["POST", "PUT", "PUT"]
    registry.forget()
    assert registry.requests() == []


def test_registry_keeps_its_content_over_a_restart(registry):
    push(registry)
    port = registry.port
    registry.stop()
    registry.start()
    assert registry.port == port
    assert registry.manifest("a/b", "1")[1] == digest(artifact())


def test_registry_with_password(registry_basic):
    assert fetch(registry_basic, "GET", "/v2/")[0] == 401
    pair = f"{real_registry.USERNAME}:{real_registry.PASSWORD}".encode()
    basic = "Basic " + base64.b64encode(pair).decode()
    assert fetch(registry_basic, "GET", "/v2/", {"Authorization": basic})[0] == 200


def test_registry_with_tls(registry_tls):
    assert registry_tls.tags("a") == []
    assert [r[2] for r in registry_tls.requests()] == [404]


@pytest.mark.parametrize("tls", [False, True])
def test_scripted_answers_come_in_turn(make_scripted_registry, certificates, tls):
    registry = make_scripted_registry(tls=tls)
    registry.on("GET", "/v2/$", Answer(500), Answer(headers={"X": "y"}), Answer(cut=-1))
    context = ssl.create_default_context(cafile=certificates.ca) if tls else None
    url = f"{registry.scheme}://{registry.host}/v2/"
    codes = []
    for _ in range(4):
        try:
            with urllib.request.urlopen(url, timeout=10, context=context) as answer:
                codes.append(answer.status)
        except urllib.error.HTTPError as answer:
            codes.append(answer.code)
        except OSError:
            codes.append(None)
    assert codes == [500, 200, None, 200]
    assert [r.status for r in registry.requests()] == [500, 200, None, 200]


def test_scripted_cut_and_unread_body(scripted_registry):
    scripted_registry.on("GET", "/v2/$", Answer(200, {}, b"0123456789", cut=4))
    scripted_registry.on("POST", "uploads", Answer(413, unread=True))
    with pytest.raises(Exception, match="IncompleteRead|Incomplete"):
        fetch(scripted_registry, "GET", "/v2/")
    assert fetch(scripted_registry, "POST", "/v2/a/blobs/uploads/", body=b"x" * 100)[0] == 413
    assert scripted_registry.requests()[1].body == b""


def test_scripted_registry_wants_its_credentials(make_scripted_registry):
    registry = make_scripted_registry(credentials=("a", "b"))
    status, headers, _ = fetch(registry, "GET", "/v2/")
    assert status == 401
    assert headers["WWW-Authenticate"] == 'Basic realm="harbour"'
    assert fetch(registry, "GET", "/v2/", {"Authorization": "Basic YTpi"})[0] == 200


def test_no_network_kills_whoever_opens_a_socket(programs):
    wrapper = programs.builder.wrapper[0]
    code = "import socket; print('before', flush=True); socket.socket(socket.AF_UNIX)"
    done = subprocess.run([wrapper, "/usr/bin/python3", "-c", code], capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (-31, b"before\n")
