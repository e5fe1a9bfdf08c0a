"""A registry that is broken, overloaded or hostile: the exit status tells which, no tag is set."""

import time

import pytest
from crafted import write_archive
from demands import clean, names_in, refused
from helpers import Layout
from scripted_registry import Answer
from wires import RawServer

HOST_PATTERN = "/v2/"
HEAD, POST, BLOB, TAG = ("HEAD", "/manifests/"), ("POST", "/blobs/uploads/"), \
    ("PUT", "/blobs/uploads/"), ("PUT", "/manifests/")
LOOK = ("", "/manifests/")  # with the GET that tells why a HEAD was refused
STAGES = {"head": LOOK, "post": POST, "blob": BLOB, "tag": TAG}
PASSWORD = "kanarienvogel-4711"
OTHER = "sha256:" + "0123456789abcdef" * 4
UPLOADS = "/v2/charts/tiny/blobs/uploads/"


@pytest.fixture(scope="session")
def layout(programs, keys, tmp_path_factory):
    """A layout of one very small chart, for all tests of this file. Do not write to it."""
    directory = tmp_path_factory.mktemp("faults")
    chart = write_archive(directory / "tiny.tgz")
    programs.builder.run("build", chart, "--output", directory / "layout", "--keys", keys)
    return Layout(directory / "layout")


@pytest.fixture
def push(programs, keys, layout, tmp_path):
    """push(registry, *options): the Result, whatever it is; nothing is left behind in any case."""
    def push(registry, *options, login=False, **how):
        transport = [] if "--ca-file" in options else ["--plain-http"]
        if login:
            options = (*options, "--username", "hafen", "--password-stdin")
            how["stdin"] = PASSWORD.encode()
        receipt = tmp_path / "receipt"
        done = programs.pusher.run(
            "push", layout, registry.oci("charts"), "--trust", keys.trust, *transport, *options,
            "--receipt", receipt, "--retries", "0", status=None, **{"timeout": 20, **how})
        assert (done.status == 0) == receipt.exists()
        assert [name for name in names_in(tmp_path) if name.startswith(".receipt")] == []
        assert PASSWORD not in done.stdout + done.stderr
        clean(done.stdout + done.stderr)
        return done
    return push


def failed(done, status, *words):
    """Like refused(), but what was uploaded before may be told first."""
    lines = done.stderr.splitlines(keepends=True)
    told = [line for line in lines if line.startswith("pusher: ")]
    done.stderr = "".join(told)
    refused(done, status, *words)


# ---- a status that is not the wanted one ----

STATUSES = {
    400: 7, 401: 6, 402: 7, 403: 6, 404: 7, 405: 7, 409: 7, 411: 7, 413: 7, 415: 7, 416: 7, 418: 7,
    429: 5, 451: 7, 500: 5, 501: 5, 502: 5, 503: 5, 504: 5, 599: 5,
}


# 404 to the HEAD is how a tag that is not there looks.
@pytest.mark.parametrize(("code", "stage"), [
    (code, stage) for code in STATUSES for stage in STAGES if (code, stage) != (404, "head")])
def test_error_statuses(code, stage, push, scripted_registry):
    body = b'{"errors":[{"code":"DENIED","message":"words of the registry"}]}'
    scripted_registry.on(*STAGES[stage], Answer(code, {"Content-Type": "application/json"}, body),
                         repeat=True)
    done = push(scripted_registry)
    words = [] if stage == "head" else ["DENIED", "words of the registry"]
    failed(done, STATUSES[code], str(code), scripted_registry.host, *words)
    assert scripted_registry.tags("charts/tiny") == []


@pytest.mark.parametrize(("stage", "code"), [
    (stage, code) for stage, wrong in {
        "head": (201, 202, 204, 206, 300, 304), "post": (200, 204, 206, 304),
        "blob": (206, 304), "tag": (206, 304)}.items() for code in wrong])
def test_successes_that_cannot_be(stage, code, push, scripted_registry):
    scripted_registry.on(*STAGES[stage], Answer(code), repeat=True)
    failed(push(scripted_registry), 7)
    assert scripted_registry.tags("charts/tiny") == []


def test_429_and_503_say_how_long_to_wait(push, scripted_registry):
    scripted_registry.on(*POST, Answer(429, {"Retry-After": "120"}), repeat=True)
    begin = time.monotonic()
    failed(push(scripted_registry), 5, "429", "120")
    assert time.monotonic() - begin < 5


@pytest.mark.parametrize(("challenge", "login", "words"), [
    ('Basic realm="x"', False, ["--username"]),
    ('Basic realm="x"', True, ["password from --username and --password-stdin is wrong"]),
    (None, False, []),
    ('Basic realm="\x1b[2J', False, []),
    ("x" * 10_000, False, []),
], ids=["basic", "basic-again", "none", "escape", "long"])
def test_401(challenge, login, words, push, scripted_registry):
    headers = {"WWW-Authenticate": challenge} if challenge else {}
    scripted_registry.on("", HOST_PATTERN, Answer(401, headers), repeat=True)
    done = push(scripted_registry, login=login)
    assert done.status == (7 if challenge and "\x1b" in challenge else 6)
    failed(done, done.status, *words)
    assert len(scripted_registry.requests()) <= 3


def test_an_error_body_that_is_hostile(push, scripted_registry):
    body = ('{"errors":[{"code":"\\u001b[31mBAD","message":"one\\r\\npusher: verified\\u202e\\u009b'
            + "x" * 5000 + '"}]}').encode()
    scripted_registry.on(*POST, Answer(400, {}, body), repeat=True)
    done = push(scripted_registry)
    failed(done, 7, "BAD")
    assert len(done.stderr) < 2000


@pytest.mark.parametrize("body", [
    b"", b"<html><h1>504</h1>", b"[]", b'{"errors":[]}', b'{"errors":{}}', b'{"errors":[1]}',
    b'{"errors":[{"code":1,"message":[]}]}', b"[" * 30_000, b"\xff\xfe\0", b'{"errors":' * 5000,
], ids=["empty", "html", "array", "no-errors", "object", "number", "wrong-kinds", "deep", "binary",
        "cut"])
def test_error_bodies_that_say_nothing(body, push, scripted_registry):
    scripted_registry.on(*POST, Answer(500, {}, body), repeat=True)
    failed(push(scripted_registry), 5, "500")


# ---- digests ----

@pytest.mark.parametrize("said", [OTHER, "sha256:00", "sha512:" + "0" * 128, "", "garbage",
                                  "sha256:../../x", OTHER.upper()],
                         ids=["other", "short", "sha512", "empty", "garbage", "path", "upper"])
@pytest.mark.parametrize("stage", ["blob", "tag"])
def test_a_wrong_digest_in_the_reply(said, stage, push, scripted_registry):
    scripted_registry.on(*STAGES[stage], Answer(headers={"Docker-Content-Digest": said}), repeat=True)
    done = push(scripted_registry)
    if said == "" and done.status == 0:
        return  # an empty header is none, and the confirming HEAD said ours
    failed(done, 7)
    if stage == "blob":
        assert scripted_registry.tags("charts/tiny") == []


def test_a_malformed_digest_of_a_tag_that_is_there(push, scripted_registry):
    scripted_registry.on(*HEAD, Answer(200, {"Docker-Content-Digest": "sha256:\x1b[2J"}), repeat=True)
    failed(push(scripted_registry), 7)
    assert scripted_registry.writes() == []


def test_no_digest_in_the_reply_is_confirmed_once(push, layout, scripted_registry):
    scripted_registry.on(*TAG, Answer(headers={"Docker-Content-Digest": None}))
    assert push(scripted_registry).status == 0
    asked = [request.method for request in scripted_registry.requests()]
    assert sorted(asked[:-2]) == ["HEAD", "POST", "POST", "PUT", "PUT"]
    assert asked[-2:] == ["PUT", "HEAD"]


@pytest.mark.parametrize("confirmed", [Answer(404), Answer(headers={"Docker-Content-Digest": OTHER}),
                                       Answer(500)], ids=["absent", "other", "failed"])
def test_no_digest_and_no_confirmation(confirmed, push, scripted_registry):
    scripted_registry.on(*TAG, Answer(headers={"Docker-Content-Digest": None}))
    scripted_registry.on(*HEAD, Answer(), confirmed)
    failed(push(scripted_registry), 5 if confirmed.status == 500 else 7)


def test_no_digest_anywhere_is_found_by_hashing(push, layout, scripted_registry):
    scripted_registry.on("", "/manifests/", Answer(headers={"Docker-Content-Digest": None}),
                         repeat=True)
    assert push(scripted_registry).status == 0
    assert push(scripted_registry).status == 0
    assert scripted_registry.requests()[-1].method == "GET"


def test_200_to_everything(push, scripted_registry):
    """A captive portal, or the console of some other service."""
    scripted_registry.on("", "", Answer(200, {"Content-Type": "text/html"}, b"<html>welcome</html>"),
                         repeat=True)
    failed(push(scripted_registry), 7)
    assert scripted_registry.writes() == []


@pytest.mark.parametrize("code", [200, 201, 202, 204])
def test_the_same_success_to_everything_that_writes(code, push, scripted_registry):
    location = {"Location": UPLOADS + "x", "Docker-Content-Digest": OTHER}
    scripted_registry.on("POST", "", Answer(code, location), repeat=True)
    scripted_registry.on("PUT", "", Answer(code), repeat=True)
    failed(push(scripted_registry), 7)


def test_a_registry_that_accepts_all_and_keeps_nothing(push, scripted_registry):
    scripted_registry.on(*TAG, Answer(201), repeat=True)
    failed(push(scripted_registry), 7)


# ---- redirects, and where an upload may go ----

@pytest.fixture
def trap(make_scripted_registry):
    """A second listener that nothing may ever arrive at."""
    return make_scripted_registry()


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("stage", STAGES)
def test_redirects_are_not_followed(code, stage, push, scripted_registry, trap):
    scripted_registry.on(*STAGES[stage],
                         Answer(code, {"Location": f"http://{trap.host}/v2/x?signature=secret"}),
                         repeat=True)
    done = push(scripted_registry, login=True)
    failed(done, 7, str(code))
    assert trap.requests() == [] and trap.connections == 0
    assert scripted_registry.tags("charts/tiny") == []
    assert "secret" not in done.stderr


@pytest.mark.parametrize("stage", STAGES)
def test_redirects_to_itself_neither(stage, push, scripted_registry):
    scripted_registry.on(*STAGES[stage], Answer(307, {"Location": "/v2/elsewhere"}), repeat=True)
    failed(push(scripted_registry), 7, "307")
    assert not any("elsewhere" in request.target for request in scripted_registry.requests())


FOREIGN = {
    "other-port": "http://127.0.0.1:{trap}/v2/u?x=y",
    "other-host": "http://localhost:{port}/v2/u",
    "other-address": "http://127.0.0.2:{port}/v2/u",
    "hex-address": "http://0x7f000001:{trap}/v2/u",
    "https": "https://127.0.0.1:{port}/v2/u",
    "no-port": "http://127.0.0.1/v2/u",
    "no-scheme": "//127.0.0.1:{trap}/v2/u",
    "metadata-service": "http://169.254.169.254/latest",
    "ipv6": "http://[::1]:{port}/v2/u",
    "userinfo": "http://127.0.0.1:{port}@127.0.0.1:{trap}/v2/u",
    "own-userinfo": "http://hafen:x@127.0.0.1:{port}/v2/u",
    "backslash": "http://127.0.0.1:{trap}\\@127.0.0.1:{port}/v2/u",
    "encoded-slash": "http://127.0.0.1:{port}%2F.evil.example/v2/u",
    "file": "file:///etc/passwd",
    "ftp": "ftp://127.0.0.1:{port}/u",
    "empty-host": "http:///v2/u",
    "bad-port": "http://127.0.0.1:99999/v2/u",
    "blank": "http://127.0.0.1:{port} /v2/u",
    "tab": "http://127.0.0.1:{port}/v2/\tu",
    "long": "http://127.0.0.1:{trap}/" + "u" * 100_000,
}


@pytest.mark.parametrize("location", FOREIGN.values(), ids=FOREIGN.keys())
def test_an_upload_goes_nowhere_else(location, push, scripted_registry, trap):
    location = location.format(trap=trap.port, port=scripted_registry.port)
    scripted_registry.on(*POST, Answer(headers={"Location": location}), repeat=True)
    done = push(scripted_registry, login=True)
    failed(done, 7)
    assert trap.connections == 0
    assert {r.method for r in scripted_registry.requests()} == {"HEAD", "POST"}


def test_no_location(push, scripted_registry):
    scripted_registry.on(*POST, Answer(headers={"Location": None}), repeat=True)
    failed(push(scripted_registry), 7, "Location")


@pytest.mark.parametrize("form", ["absolute", "path", "relative", "upper-case", "with-fragment"])
def test_locations_that_stay(form, push, scripted_registry):
    """The state in the query of the scripted registry has to come back as it was."""
    usual = scripted_registry._upload_headers

    def headers(repository, session):
        made = usual(repository, session)
        path = made["Location"]
        made["Location"] = {
            "absolute": f"http://{scripted_registry.host}{path}", "path": path,
            "relative": path.rsplit("/", 1)[1],
            "upper-case": f"HTTP://{scripted_registry.host}{path}",
            "with-fragment": f"{path}#part"}[form]
        return made

    scripted_registry._upload_headers = headers
    assert push(scripted_registry).status == 0
    assert scripted_registry.faults == []
    puts = [request for request in scripted_registry.requests()
            if request.method == "PUT" and "uploads" in request.target]
    assert len(puts) == 2
    for request in puts:
        assert list(request.query) == ["_state", "digest"]
        assert "#" not in request.target


def test_http_in_a_location_becomes_https(push, make_scripted_registry, certificates):
    """A registry behind a proxy that ends TLS knows of http only."""
    registry = make_scripted_registry(tls=True, credentials=("hafen", PASSWORD))
    usual = registry._upload_headers

    def headers(repository, session):
        made = usual(repository, session)
        return {**made, "Location": f"http://{registry.host}{made['Location']}"}

    registry._upload_headers = headers
    assert push(registry, "--ca-file", certificates.ca, login=True).status == 0
    assert registry.tags("charts/tiny") == ["0.1.0"]


# ---- connections ----

def test_down(push, scripted_registry):
    scripted_registry.close()
    failed(push(scripted_registry), 5, scripted_registry.host)


def test_a_name_that_nobody_has(programs, keys, layout):
    done = programs.pusher.run("push", layout, "oci://registry.invalid/charts", "--trust", keys.trust,
                               "--retries", "0", status=None)
    refused(done, 5, "registry.invalid")


@pytest.mark.parametrize("reset", [False, True], ids=["closed", "reset"])
@pytest.mark.parametrize("stage", STAGES)
def test_cut_without_an_answer(stage, reset, push, scripted_registry):
    scripted_registry.on(*STAGES[stage], Answer(500, cut=-1, reset=reset), repeat=True)
    failed(push(scripted_registry), 5)
    assert scripted_registry.tags("charts/tiny") == []


@pytest.mark.parametrize("stage", ["post", "blob", "tag"])
def test_cut_inside_an_answer(stage, push, scripted_registry):
    scripted_registry.on(*STAGES[stage], Answer(500, {"Content-Length": "100"}, b"x" * 100, cut=10),
                         repeat=True)
    failed(push(scripted_registry), 5)
    assert scripted_registry.tags("charts/tiny") == []


def test_an_answer_before_the_body_was_read(push, scripted_registry):
    scripted_registry.on(*BLOB, Answer(413, unread=True), repeat=True)
    failed(push(scripted_registry), 7, "413")


def test_an_answer_that_takes_its_time(push, scripted_registry):
    scripted_registry.on("", "", Answer(delay=0.15), repeat=True)
    assert push(scripted_registry).status == 0


def test_a_new_connection_for_every_request(push, scripted_registry):
    scripted_registry.on("", "", Answer(headers={"Connection": "close"}), repeat=True)
    assert push(scripted_registry).status == 0
    assert scripted_registry.tags("charts/tiny") == ["0.1.0"]


def test_one_connection_for_all(push, scripted_registry):
    assert push(scripted_registry, "--jobs", "1").status == 0
    assert scripted_registry.connections == 1


MIB = 2 ** 20
OK = b"HTTP/1.1 200 OK\r\n"
ERROR = b"HTTP/1.1 500 Oh\r\n"


@pytest.mark.parametrize("framing", [b"", b"Content-Length: 1000000000000\r\n"],
                         ids=["no-length", "length"])
@pytest.mark.parametrize("stage", ["get", "post", "error"])
def test_an_endless_body(stage, framing, push):
    """The bounded part is kept, the rest never read; memory is bounded by the same."""
    first = {"get": OK + b"Content-Type: application/vnd.oci.image.manifest.v1+json\r\n",
             "post": b"HTTP/1.1 202 Accepted\r\n", "error": ERROR}[stage]
    server = Relay(first + framing + b"\r\n", b"x" * 65536,
                   "GET" if stage == "get" else "HEAD" if stage == "error" else "POST")
    try:
        begin = time.monotonic()
        done = push(server)
        assert done.status in (5, 7), done
        failed(done, done.status)
        assert time.monotonic() - begin < 10
        assert server.sent < 64 * MIB
    finally:
        server.close()


class Relay(RawServer):
    """404 without a body to HEAD (200 without a digest before a GET), endless to `method`."""

    def __init__(self, head, piece, method):
        self.method = method
        super().__init__(head, piece)

    def _answer(self, connection):
        with connection:
            try:
                while request := connection.recv(65536):
                    method = request.split(b" ", 1)[0].decode()
                    if method == self.method or (self.method == "HEAD" and method == "POST"):
                        connection.sendall(self.head)
                        while True:
                            connection.sendall(self.piece)
                            self.sent += len(self.piece)
                    elif self.method == "GET":
                        connection.sendall(OK + b"Content-Type: application/vnd.oci.image.manifest."
                                           b"v1+json\r\nContent-Length: 10\r\n\r\n")
                    else:
                        connection.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
            except OSError:
                pass


# ---- what is in the environment ----

@pytest.mark.parametrize("no_proxy", [None, "example.org, 127.0.0.1"], ids=["all", "not-this-one"])
def test_the_proxy_of_the_environment(no_proxy, push, scripted_registry, trap):
    done = push(scripted_registry, "--verbose",
                env={"http_proxy": f"http://{trap.host}", "no_proxy": no_proxy,
                     "NO_PROXY": None})
    # The trap is a registry itself, and so one that answers for every host.
    assert done.status == 0 and "proxy: from http_proxy" in done.stderr
    assert (trap.connections > 0) == (no_proxy is None)
    assert (scripted_registry.connections > 0) == (no_proxy is not None)


@pytest.mark.parametrize("name", ["HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"])
def test_other_proxies_have_no_effect(name, push, scripted_registry, trap):
    done = push(scripted_registry, env={name: f"http://{trap.host}", "no_proxy": None})
    assert done.status == 0 and trap.connections == 0


def test_files_of_curl_have_no_effect(push, scripted_registry, trap, tmp_path):
    home = tmp_path / "home"
    (home / ".docker").mkdir(parents=True)
    (home / ".netrc").write_text("machine 127.0.0.1 login trap password trap\n")
    (home / ".netrc").chmod(0o600)
    (home / ".curlrc").write_text(f'proxy = "http://{trap.host}"\n')
    (home / ".docker" / "config.json").write_text(
        '{"auths":{"127.0.0.1":{"auth":"dHJhcDp0cmFw"}}}')
    key_log = tmp_path / "keylog"
    done = push(scripted_registry, env={
        "HOME": home, "CURL_HOME": home, "NETRC": home / ".netrc", "XDG_CONFIG_HOME": home,
        "DOCKER_CONFIG": home / ".docker", "SSLKEYLOGFILE": key_log})
    assert done.status == 0 and trap.connections == 0 and not key_log.exists()
    assert not any("authorization" in r.headers for r in scripted_registry.requests())


def test_key_log_is_not_written(push, make_scripted_registry, certificates, tmp_path):
    registry = make_scripted_registry(tls=True)
    configuration = tmp_path / "openssl.cnf"
    configuration.write_text("broken [\n")
    done = push(registry, "--ca-file", certificates.ca, env={
        "SSLKEYLOGFILE": tmp_path / "keylog", "OPENSSL_CONF": configuration})
    assert done.status == 0
    assert not (tmp_path / "keylog").exists()


def test_cookies_and_hints_are_not_kept(push, scripted_registry):
    scripted_registry.on("", "", Answer(headers={
        "Set-Cookie": "trap=1", "Alt-Svc": 'h2="127.0.0.1:1"',
        "Strict-Transport-Security": "max-age=1"}), repeat=True)
    assert push(scripted_registry).status == 0
    requests = scripted_registry.requests()
    assert not any("cookie" in request.headers for request in requests)


# ---- what we send ----

def test_requests_are_as_the_specification_wants_them(push, layout, make_scripted_registry):
    registry = make_scripted_registry(credentials=("hafen", PASSWORD))
    assert push(registry, login=True).status == 0
    asked, head, *writes, tag = registry.requests()
    assert "authorization" not in asked.headers, "nobody had asked for it"
    assert "application/vnd.oci.image.index.v1+json" in head.headers["accept"]
    assert head.headers["user-agent"].startswith("sallyport-pusher/")
    for request in (head, *writes, tag):
        assert "authorization" in request.headers
        assert "expect" not in request.headers and "transfer-encoding" not in request.headers
        assert "accept-encoding" not in request.headers
    posts = [request for request in writes if request.method == "POST"]
    puts = [request for request in writes if request.method == "PUT"]
    assert len(posts) == len(puts) == 2
    for post in posts:
        assert (post.body, post.headers["content-length"]) == (b"", "0")
    for put in puts:
        assert put.headers["content-type"] == "application/octet-stream"
        assert put.headers["content-length"] == str(len(put.body))
    assert tag.headers["content-type"] == "application/vnd.oci.image.manifest.v1+json"
    assert tag.body == layout.blob(layout.entry("tiny")["digest"])
    assert registry.faults == []


def test_a_layout_that_changes_under_way_is_not_finished(programs, keys, layout, tmp_path,
                                                         scripted_registry):
    """Each body is hashed once more as it is sent: the closing byte stays here."""
    mine = layout.copy(tmp_path / "mine")
    paths = [mine.blob_path(d["digest"]) for d in
             [mine.manifest("tiny")["config"], *mine.manifest("tiny")["layers"]]]
    usual = scripted_registry.answer

    def answer(request):
        if request.method == "POST":
            while paths:
                path = paths.pop()
                body = bytearray(path.read_bytes())
                body[0] ^= 1
                path.write_bytes(body)
        return usual(request)

    scripted_registry.answer = answer
    done = programs.pusher.run("push", mine, scripted_registry.oci("charts"), "--trust", keys.trust,
                               "--plain-http", status=None)
    failed(done, 4)
    assert scripted_registry.blobs == {} and scripted_registry.tags("charts/tiny") == []
