"""A small registry whose every answer a test can replace, with a strict log of what it was asked.

Left alone it is a correct minimal registry. `on(method, pattern, Answer(...), ...)` replaces the
answers to the requests whose method and target match, one after another:

    registry.on("HEAD", "/manifests/", Answer(500), Answer(500))        # twice, then as usual
    registry.on("PUT", "/manifests/", Answer(headers={"Docker-Content-Digest": other}), repeat=True)
    registry.on("GET", "/v2/", Answer(401, {"WWW-Authenticate": "Bearer ..."}), repeat=True)

What an Answer leaves open, the correct registry fills in.
"""

import base64
import hashlib
import http.server
import json
import re
import socket
import ssl
import struct
import threading
import time
import urllib.parse
import uuid
from dataclasses import dataclass, field
from typing import Optional, Union

INDEX_TYPES = ("application/vnd.oci.image.index.v1+json",
               "application/vnd.docker.distribution.manifest.list.v2+json")
NAME = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*"
TAG = r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}"
DIGEST = r"sha256:[0-9a-f]{64}"
BODY_BYTES_MAX = 256 * 1024 * 1024


@dataclass
class Answer:
    """What to answer. None: as the correct registry would, which then also does the work."""

    status: Optional[int] = None
    headers: dict = field(default_factory=dict)  # added to, and replacing, the usual; None removes
    body: Optional[bytes] = None
    delay: float = 0.0  # seconds before the first byte
    cut: Union[int, None] = None  # after this many bytes of the body, close; -1: without any answer
    reset: bool = False  # cut with a TCP reset in the place of an orderly end
    unread: bool = False  # answer without reading the request's body, then close


@dataclass
class Request:
    """One line of the log."""

    method: str
    target: str  # path and query, as sent
    headers: dict  # lower-case names; several of one name joined by ", "
    body: bytes
    connection: int  # which connection, counted from 0
    status: Optional[int] = None  # what was answered; None if nothing was

    @property
    def path(self):
        return urllib.parse.urlsplit(self.target).path

    @property
    def query(self):
        return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.target).query))

    def __str__(self):
        return f"{self.method} {self.target} {self.status}"


@dataclass
class Rule:
    method: str
    pattern: "re.Pattern"
    answers: list
    repeat: bool
    used: int = 0


class ScriptedRegistry:
    """`tls` is a (certificate, key) pair of paths; `credentials` a (user, password) it asks for."""

    def __init__(self, tls=None, credentials=None, address="127.0.0.1"):
        self.credentials = credentials
        self.log = []
        self.rules = []
        self.manifests = {}  # (repository, tag or digest): (media type, bytes)
        self.blobs = {}  # (repository, digest): bytes
        self.uploads = {}
        self.connections = 0
        self.faults = []  # requests that no client should send; a test should find none
        self.lock = threading.Lock()
        self._server = _Server((address, 0), _Handler)
        self._server.registry = self
        self.scheme = "http"
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*map(str, tls))
            self._server.tls = context
            self.scheme = "https"
        self.port = self._server.server_address[1]
        self.host = f"{address}:{self.port}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._server.shutdown()
        self._server.server_close()

    def oci(self, prefix):
        return f"oci://{self.host}/{prefix}"

    def on(self, method, pattern, *answers, repeat=False):
        """Answers in turn to what matches (method "" is any). With repeat the last one stays."""
        with self.lock:
            self.rules.append(Rule(method, re.compile(pattern), list(answers), repeat))

    def requests(self):
        with self.lock:
            return list(self.log)

    def writes(self):
        return [r for r in self.requests() if r.method not in ("GET", "HEAD")]

    def forget(self):
        with self.lock:
            self.log.clear()

    def tags(self, repository):
        with self.lock:
            return sorted(r for n, r in self.manifests if n == repository and ":" not in r)

    # What follows runs in the server's threads.

    def _scripted(self, request):
        with self.lock:
            for rule in self.rules:
                if rule.method not in ("", request.method) or not rule.pattern.search(request.target):
                    continue
                if rule.used < len(rule.answers):
                    rule.used += 1
                    return rule.answers[rule.used - 1]
                if rule.repeat:
                    return rule.answers[-1]
        return None

    def answer(self, request):
        """The Answer, complete, to one request."""
        scripted = self._scripted(request)
        # A status that is given decides alone: a refused upload must not be stored all the same.
        if scripted and scripted.status is not None:
            usual = Answer(scripted.status, {}, b"")
        else:
            usual = self._usual(request)
        if not scripted:
            return usual
        headers = {name: value for name, value in {**usual.headers, **scripted.headers}.items()
                   if value is not None}
        return Answer(usual.status, headers,
                      usual.body if scripted.body is None else scripted.body,
                      scripted.delay, scripted.cut, scripted.reset, scripted.unread)

    def _usual(self, request):
        if not request.path.startswith("/v2/"):
            return self._refusal(404, "NAME_UNKNOWN", "not below /v2/")
        if self.credentials and not self._authorized(request):
            answer = self._refusal(401, "UNAUTHORIZED", "authentication required")
            answer.headers["WWW-Authenticate"] = 'Basic realm="harbour"'
            return answer
        if request.path == "/v2/":
            return Answer(200, {"Content-Type": "application/json"}, b"{}")
        routes = (
            (rf"/v2/({NAME})/manifests/({TAG}|{DIGEST})", self._manifest),
            (rf"/v2/({NAME})/blobs/({DIGEST})", self._blob),
            (rf"/v2/({NAME})/blobs/uploads/()", self._upload_begin),
            (rf"/v2/({NAME})/blobs/uploads/([0-9a-f]{{32}})", self._upload),
        )
        for pattern, handle in routes:
            found = re.fullmatch(pattern, urllib.parse.unquote(request.path))
            if found:
                with self.lock:
                    return handle(request, *found.groups())
        return self._refusal(404, "UNSUPPORTED", "no such resource")

    def _authorized(self, request):
        pair = ":".join(self.credentials).encode()
        wanted = "Basic " + base64.b64encode(pair).decode()
        return request.headers.get("authorization") == wanted

    @staticmethod
    def _refusal(status, code, message):
        body = json.dumps({"errors": [{"code": code, "message": message}]}).encode()
        return Answer(status, {"Content-Type": "application/json"}, body)

    def _fault(self, request, text):
        self.faults.append(f"{request.method} {request.target}: {text}")

    def _manifest(self, request, repository, reference):
        if request.method in ("GET", "HEAD"):
            media_type, body = self.manifests.get((repository, reference), (None, None))
            accepted = re.split(r"\s*,\s*", request.headers.get("accept", ""))
            if body is None or media_type not in accepted:
                return self._refusal(404, "MANIFEST_UNKNOWN", "manifest unknown")
            return Answer(200, {"Content-Type": media_type,
                                "Docker-Content-Digest": _digest(body)}, body)
        if request.method != "PUT":
            return self._refusal(405, "UNSUPPORTED", "method not allowed")
        return self._put_manifest(request, repository, reference)

    def _put_manifest(self, request, repository, reference):
        media_type = request.headers.get("content-type", "")
        try:
            manifest = json.loads(request.body)
        except ValueError:
            return self._refusal(400, "MANIFEST_INVALID", "not JSON")
        if manifest.get("mediaType", media_type) != media_type:
            return self._refusal(400, "MANIFEST_INVALID", "Content-Type is not its mediaType")
        if media_type in INDEX_TYPES:
            needed = [(d["digest"], self.manifests) for d in manifest["manifests"]]
        else:
            needed = [(d["digest"], self.blobs) for d in manifest["layers"] + [manifest["config"]]]
        for digest, there in needed:
            if (repository, digest) not in there:
                return self._refusal(400, "MANIFEST_BLOB_UNKNOWN", digest)
        digest = _digest(request.body)
        if ":" in reference and reference != digest:
            return self._refusal(400, "DIGEST_INVALID", "not the digest of the body")
        for name in (reference, digest):
            self.manifests[repository, name] = (media_type, request.body)
        return Answer(201, {"Location": f"/v2/{repository}/manifests/{digest}",
                            "Docker-Content-Digest": digest}, b"")

    def _blob(self, request, repository, digest):
        body = self.blobs.get((repository, digest))
        if request.method not in ("GET", "HEAD"):
            return self._refusal(405, "UNSUPPORTED", "method not allowed")
        if body is None:
            return self._refusal(404, "BLOB_UNKNOWN", "blob unknown")
        return Answer(200, {"Content-Type": "application/octet-stream",
                            "Docker-Content-Digest": digest}, body)

    def _upload_begin(self, request, repository, _):
        if request.method != "POST":
            return self._refusal(405, "UNSUPPORTED", "method not allowed")
        mount = request.query.get("mount")
        source = self.blobs.get((request.query.get("from"), mount))
        if source is not None:
            self.blobs[repository, mount] = source
            return Answer(201, {"Location": f"/v2/{repository}/blobs/{mount}",
                                "Docker-Content-Digest": mount}, b"")
        session = uuid.uuid4().hex
        self.uploads[session] = b""
        return Answer(202, self._upload_headers(repository, session), b"")

    def _upload_headers(self, repository, session):
        # The state is part of the address and new each time: who rebuilds an address loses it.
        state = len(self.uploads[session])
        return {"Location": f"/v2/{repository}/blobs/uploads/{session}?_state=s%2B{state}%3D",
                "Range": f"0-{max(state - 1, 0)}", "Docker-Upload-UUID": session}

    def _upload(self, request, repository, session):
        if session not in self.uploads:
            return self._refusal(404, "BLOB_UPLOAD_UNKNOWN", "no such upload")
        if request.query.get("_state") != f"s+{len(self.uploads[session])}=":
            self._fault(request, "the upload's address was not used as given")
            return self._refusal(400, "BLOB_UPLOAD_INVALID", "wrong state")
        if request.method == "DELETE":
            del self.uploads[session]
            return Answer(204, {}, b"")
        if request.method == "GET":
            return Answer(204, self._upload_headers(repository, session), b"")
        body = self.uploads[session] + request.body
        if request.method == "PATCH":
            self.uploads[session] = body
            return Answer(202, self._upload_headers(repository, session), b"")
        if request.method != "PUT":
            return self._refusal(405, "UNSUPPORTED", "method not allowed")
        digest = request.query.get("digest", "")
        if digest != _digest(body):
            return self._refusal(400, "DIGEST_INVALID", "not the digest of the body")
        del self.uploads[session]
        self.blobs[repository, digest] = body
        return Answer(201, {"Location": f"/v2/{repository}/blobs/{digest}",
                            "Docker-Content-Digest": digest}, b"")


def _digest(body):
    return "sha256:" + hashlib.sha256(body).hexdigest()


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64
    tls = None

    def finish_request(self, request, client_address):
        # The handshake belongs into the connection's own thread: one that hangs must hold up no other.
        if self.tls:
            request.settimeout(20)
            request = self.tls.wrap_socket(request, server_side=True)
        super().finish_request(request, client_address)

    def handle_error(self, request, client_address):
        pass  # clients that go away are what is being tested


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 30
    # Headers and body leave in one piece: with Nagle's algorithm two would cost 40 ms.
    disable_nagle_algorithm = True
    wbufsize = -1

    def setup(self):
        super().setup()
        registry = self.server.registry
        with registry.lock:
            self.number = registry.connections
            registry.connections += 1

    def log_message(self, *_):
        pass

    def _read_body(self):
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            body = b""
            while True:
                length = int(self.rfile.readline().split(b";")[0], 16)
                body += self.rfile.read(length)
                self.rfile.readline()
                if length == 0 or len(body) > BODY_BYTES_MAX:
                    return body
        return self.rfile.read(min(int(self.headers.get("Content-Length", 0)), BODY_BYTES_MAX))

    def handle_expect_100(self):
        return True  # sent by _handle() once it is known that the body is wanted

    def _handle(self):
        registry = self.server.registry
        headers = {name.lower(): ", ".join(self.headers.get_all(name)) for name in self.headers}
        request = Request(self.command, self.path, headers, b"", self.number)
        with registry.lock:
            registry.log.append(request)
        unread = self._wants_no_body(request)
        if not unread:
            if headers.get("expect", "").lower() == "100-continue":
                self.send_response_only(100)
                self.end_headers()
                self.wfile.flush()
            request.body = self._read_body()
        self._send(request, registry.answer(request), unread)

    def _wants_no_body(self, request):
        """Looks ahead: would the rule that is next refuse this request unread?"""
        registry = self.server.registry
        with registry.lock:
            for rule in registry.rules:
                if rule.method not in ("", request.method) or not rule.pattern.search(request.target):
                    continue
                if rule.used < len(rule.answers):
                    return rule.answers[rule.used].unread
                if rule.repeat:
                    return rule.answers[-1].unread
        return False

    def _send(self, request, answer, unread):
        time.sleep(answer.delay)
        if answer.cut == -1:
            return self._hang_up(answer.reset)
        request.status = answer.status
        self.send_response_only(answer.status)
        headers = {name.lower() for name in answer.headers}
        for name, value in answer.headers.items():
            self.send_header(name, value)
        bodiless = answer.status < 200 or answer.status in (204, 304)
        if not bodiless and not headers & {"content-length", "transfer-encoding"}:
            self.send_header("Content-Length", str(len(answer.body)))
        if unread:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD" and not bodiless:
            self.wfile.write(answer.body[:answer.cut])
        self.wfile.flush()
        if answer.cut is not None:
            return self._hang_up(answer.reset)
        self.close_connection = self.close_connection or unread
        return None

    def _hang_up(self, reset):
        self.close_connection = True
        if reset:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
        else:
            self.connection.shutdown(socket.SHUT_RDWR)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _handle
