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
from scripted_tokens import Tokens

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


def test_scripted_registry_takes_chunks_and_tells_how_far_it_is(make_scripted_registry):
    registry = make_scripted_registry(chunk_bytes_max=4, chunk_bytes_min=2)
    _, headers, _ = fetch(registry, "POST", "/v2/a/blobs/uploads/", body=b"")
    assert headers["OCI-Chunk-Min-Length"] == "2"
    first = {"Content-Type": "application/octet-stream", "Content-Range": "0-3"}
    status, headers, _ = fetch(registry, "PATCH", headers["Location"], first, b"0123")
    assert (status, headers["Range"]) == (202, "0-3")
    status, headers, _ = fetch(registry, "GET", headers["Location"])
    assert (status, headers["Range"]) == (204, "0-3")
    assert fetch(registry, "PATCH", headers["Location"], first, b"0123")[0] == 416
    assert fetch(registry, "PATCH", headers["Location"],
                 {**first, "Content-Range": "4-8"}, b"45678")[0] == 416
    status, _, _ = fetch(registry, "PUT", f"{headers['Location']}&digest={digest(b'012345')}",
                         {**first, "Content-Range": "4-5"}, b"45")
    assert status == 201
    assert registry.blobs["a", digest(b"012345")] == b"012345"
    assert registry.faults == []
    assert fetch(registry, "PUT", f"{headers['Location']}&digest=x", first, b"45")[0] == 404


def test_scripted_registry_notices_who_begins_a_session_anew(scripted_registry):
    _, headers, _ = fetch(scripted_registry, "POST", "/v2/a/blobs/uploads/", body=b"")
    scripted_registry.on("PATCH", "", Answer(read=2))
    patch = {"Content-Type": "application/octet-stream"}
    with pytest.raises(OSError):
        fetch(scripted_registry, "PATCH", headers["Location"], patch, b"0123")
    assert fetch(scripted_registry, "PATCH", headers["Location"], patch, b"0123")[0] == 400
    assert len(scripted_registry.faults) == 1


def test_scripted_registry_knows_referrers_mounts_and_tags(make_scripted_registry):
    registry = make_scripted_registry(referrers=True, anonymous_mount=True, tag_parameter=True)
    push(registry)
    subject = {"mediaType": "application/vnd.oci.image.manifest.v1+json", "size": 1,
               "digest": digest(artifact())}
    body = json.dumps({**json.loads(artifact()), "subject": subject}).encode()
    status, headers, _ = fetch(registry, "PUT", f"/v2/a/b/manifests/{digest(body)}?tag=x&tag=y",
                               {"Content-Type": subject["mediaType"]}, body)
    assert (status, headers["OCI-Subject"], headers["OCI-Tag"]) == (201, subject["digest"], "x, y")
    assert registry.tags("a/b") == ["1", "x", "y"]
    _, _, body = fetch(registry, "GET", f"/v2/a/b/referrers/{subject['digest']}")
    assert len(json.loads(body)["manifests"]) == 1
    assert fetch(registry, "POST", f"/v2/c/blobs/uploads/?mount={digest(CONFIG)}", body=b"")[0] == 201


def test_scripted_token_server(make_scripted_registry):
    tokens = Tokens(users={"hafen": "secret"}, identity_tokens={"identity"}, uses=1)
    registry = make_scripted_registry(tokens=tokens)
    status, headers, _ = fetch(registry, "GET", "/v2/a/manifests/1")
    assert status == 401
    assert headers["WWW-Authenticate"] == f'Bearer realm="http://{registry.host}/token",' \
        'service="harbour",scope="repository:a:pull"'
    asked = "/token?service=harbour&scope=repository:a:pull"
    wrong = {"Authorization": "Basic " + base64.b64encode(b"hafen:wrong").decode()}
    assert fetch(registry, "GET", asked, wrong)[0] == 401
    right = {"Authorization": "Basic " + base64.b64encode(b"hafen:secret").decode()}
    token = json.loads(fetch(registry, "GET", asked, right)[2])["token"]
    bearer = {"Authorization": f"Bearer {token}"}
    status, headers, _ = fetch(registry, "POST", "/v2/a/blobs/uploads/", bearer, b"")
    assert status == 401 and 'error="insufficient_scope"' in headers["WWW-Authenticate"]
    assert fetch(registry, "GET", "/v2/a/manifests/1", bearer)[0] == 404
    status, headers, _ = fetch(registry, "GET", "/v2/a/manifests/1", bearer)
    assert status == 401 and 'error="invalid_token"' in headers["WWW-Authenticate"]
    form = b"grant_type=refresh_token&refresh_token=identity&service=harbour&" \
        b"scope=repository%3Aa%3Apull%2Cpush"
    status, _, body = fetch(registry, "POST", "/token", body=form)
    bearer = {"Authorization": f"Bearer {json.loads(body)['access_token']}"}
    assert fetch(registry, "POST", "/v2/a/blobs/uploads/", bearer, b"")[0] == 202
    assert fetch(registry, "POST", "/token", body=b"grant_type=password")[0] == 400


def test_scripted_registry_speaks_http_2(make_scripted_registry, certificates):
    registry = make_scripted_registry(tls=True, http2=True)
    registry.put("a", "1", b"{}" * 100_000, "x/y")
    registry.on("GET", "/v2/$", Answer(http2="reset"), Answer(http2="refused"))

    def curl(*arguments):
        return subprocess.run(["curl", "-sS", "--http2", "--cacert", certificates.ca,
                               "-w", "%{http_version} %{http_code}", *arguments],
                              capture_output=True, timeout=20, check=False)

    url = f"https://{registry.host}/v2/"
    done = curl("-H", "Accept: x/y", f"{url}a/manifests/1", "-X", "GET", "--data-binary", "x" * 90_000)
    assert done.stdout == b"{}" * 100_000 + b"2 200"
    assert curl(url).returncode != 0
    assert curl(url).stdout == b"{}2 200", "curl asks again for a stream that was refused"
    assert [(r.version, r.status) for r in registry.requests()] == \
        [("2", 200), ("2", None), ("2", None), ("2", 200)]
    assert registry.requests()[0].length == 90_000


@pytest.mark.parametrize("version", [2, 3])
def test_a_real_registry_takes_our_tokens(version, make_registry, make_token_server, peers, tmp_path):
    """As skopeo gets them."""
    tokens = make_token_server({"hafen": "secret"}, identity_tokens=["identity"])
    registry = make_registry(tokens=tokens, version=version)
    registry.put_blob("a/b", CONFIG, digest(CONFIG))
    registry.put_manifest("a/b", "1", artifact(), MANIFEST_TYPE)
    reference = f"docker://{registry.host}/a/b:1"
    for password, status in (("secret", 0), ("wrong", 1)):
        pair = base64.b64encode(f"hafen:{password}".encode()).decode()
        (tmp_path / "auth.json").write_text(json.dumps({"auths": {registry.host: {"auth": pair}}}))
        found = peers.run("skopeo", "inspect", "--raw", "--tls-verify=false", "--authfile",
                          tmp_path / "auth.json", reference, status=status)
        assert found == (b"" if status else artifact())
    assert tokens.asked == [("GET", ["repository:a/b:pull"])]


def test_nginx_takes_http_2_and_limits_bodies(registry, make_front):
    front = make_front(registry, limit="4k")

    def put(size):
        done = subprocess.run(["curl", "-sS", "--http2", "--cacert", front.ca_file, "-w",
                               "%{http_version} %{http_code}", "-o", "/dev/null", "-X", "PUT",
                               "--data-binary", "x" * size, f"https://{front.host}/v2/a/b"],
                              capture_output=True, timeout=20, check=True)
        return done.stdout

    assert (put(4000), put(5000)) == (b"2 404", b"2 413")
    assert [r[2:] for r in front.requests()] == [("HTTP/2.0", 404), ("HTTP/2.0", 413)]
