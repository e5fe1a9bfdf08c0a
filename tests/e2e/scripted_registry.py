"""A small registry whose every answer a test can replace, with a strict log of what it was asked.

Left alone it is a correct registry of the distribution specification; `Behaviour` switches on what
real ones do differently. `on(method, pattern, Answer(...), ...)` replaces the answers to the requests
whose method and target match, one after another; `at(number, Answer(...))` that to the n-th request:

    registry.on("HEAD", "/manifests/", Answer(500), Answer(500))        # twice, then as usual
    registry.on("PUT", "/manifests/", Answer(headers={"Docker-Content-Digest": other}), repeat=True)
    registry.at(3, Answer(cut=-1, reset=True))                          # counted from 0

What an Answer leaves open, the correct registry fills in. The wire is scripted_server.py's, tokens
are scripted_tokens.py's.
"""

import base64
import hashlib
import json
import re
import threading
import time
import urllib.parse
import uuid
from dataclasses import dataclass, field
from typing import Callable, Optional

from scripted_server import Server

INDEX_TYPES = ("application/vnd.oci.image.index.v1+json",
               "application/vnd.docker.distribution.manifest.list.v2+json")
NAME = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*"
TAG = r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}"
DIGEST = r"sha256:[0-9a-f]{64}"
KEPT_BYTES_MAX = 8 * 1024 * 1024  # a body that is longer is hashed and counted only


@dataclass
class Answer:
    """What to answer. None: as the correct registry would, which then also does the work."""

    status: Optional[int] = None
    headers: dict = field(default_factory=dict)  # added to, and replacing, the usual; None removes
    body: Optional[bytes] = None
    delay: float = 0.0  # seconds before the first byte
    cut: Optional[int] = None  # after this many bytes of the body, close; -1: without any answer
    reset: bool = False  # cut with a TCP reset in the place of an orderly end
    unread: bool = False  # answer without reading the request's body, then close
    read: Optional[int] = None  # after this many bytes of the request's body, cut
    midway: Optional[tuple] = None  # (bytes, function): called when so much of the body was read
    raw: Optional[bytes] = None  # sent in the place of any answer, then closed
    drip: Optional[tuple] = None  # (bytes, seconds): after raw, again and again until the client goes
    http2: Optional[str] = None  # "goaway", "reset" or "refused", in the place of an answer


@dataclass
class Behaviour:
    """What registries do differently, each with the name of one that does."""

    referrers: bool = False  # the referrers API and OCI-Subject (zot)
    subject: bool = True  # with referrers: OCI-Subject is answered (go-containerregistry does not)
    tag_parameter: bool = False  # PUT by digest with ?tag=, echoed in OCI-Tag (zot)
    tags_taken: Optional[int] = None  # of those, the first so many
    single_post: bool = False  # POST with ?digest= and the body (zot)
    anonymous_mount: bool = False  # mount without from (zot)
    mount_status: Optional[int] = None  # of any POST with mount= (Harbor 401, old Quay 400)
    monolithic: Optional[int] = None  # the status of PUT with a body (old Artifactory 404)
    patches_max: Optional[int] = None  # PATCH requests of one session (Gitea, GAR 1)
    chunk_bytes_max: Optional[int] = None  # else 416 (GHCR)
    chunk_bytes_min: Optional[int] = None  # all but the last; told in OCI-Chunk-Min-Length
    body_bytes_max: Optional[int] = None  # else 413, unread, closed (nginx)
    patch_status: int = 202  # 201 (ECR)
    range_form: str = "0-{last}"  # "bytes=0-{last}" (Quay)
    stale_state: str = "works"  # of GET: works (distribution 3), cancels (distribution 2.8)
    keeps_partial: bool = True  # what came of a broken PATCH or PUT; else the session goes (zot)
    empty_put: Optional[int] = None  # the status of a closing PUT without a body
    media_type_needed: bool = False  # in the manifest itself (ECR, Cloudflare)
    immutable: Optional[tuple] = None  # (status, code) of a PUT to a tag that is there
    absent: tuple = (404, "MANIFEST_UNKNOWN")  # of a manifest that is not there (Artifactory 403)
    absent_repository: Optional[object] = None  # POST to one not in .created: "eof" or a status (ECR)
    api_hidden: bool = False  # OCI-Subject is answered, the list of referrers is not (fronts)
    blobs_elsewhere: Optional[tuple] = None  # (status, Location) of HEAD and GET (S3, Docker Hub)
    tag_is_digest: bool = False  # the tag sha256-<hex> leads to the digest sha256:<hex> (GitLab)
    cookies: bool = False  # sets one, and refuses who sends it back with 403 (Harbor)
    challenge: Optional[str] = "auto"  # of a 401; None: none is said (old GCR)
    always_challenges: bool = False  # with 200 too (zot)
    accept_needed: bool = False  # 406 to an Accept without the type, not 404 (Artifactory)
    late_children: int = 0  # so many PUT of an index find their children unknown (Nexus)
    late_blobs: int = 0  # the same for blobs
    location: Optional[Callable] = None  # location(path): what Location says
    requests_per_s: Optional[tuple] = None  # (rate, burst), else 429 (nginx's limit_req)
    forgets: bool = False  # takes everything, keeps nothing
    conditions: bool = False  # If-Match and If-None-Match of a PUT are kept (RFC 9110, 13)


@dataclass
class Request:
    """One line of the log."""

    method: str
    target: str  # path and query, as sent
    headers: dict  # lower-case names; several of one name joined by ", "
    body: bytes  # empty where it was longer than KEPT_BYTES_MAX
    connection: int  # which connection, counted from 0
    status: Optional[int] = None  # what was answered; None if nothing was
    length: int = 0  # of the body, as far as it was read
    version: str = "1.1"  # of HTTP
    scripted: Optional[Answer] = None
    session: Optional["Session"] = None
    refusal: Optional[Answer] = None  # known before the body was read
    hash: object = field(default_factory=hashlib.sha256)

    @property
    def path(self):
        return urllib.parse.urlsplit(self.target).path

    @property
    def query(self):
        return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.target).query))

    def take(self, piece):
        """More of the body."""
        self.length += len(piece)
        self.hash.update(piece)
        self.body = self.body + piece if self.length <= KEPT_BYTES_MAX else b""
        if self.session:
            self.session.take(piece)

    def __str__(self):
        return f"{self.method} {self.target} {self.status}"


class Session:
    """An upload under way: what came of it so far."""

    def __init__(self, repository):
        self.repository = repository
        self.name = uuid.uuid4().hex
        self.hash = hashlib.sha256()
        self.length = 0
        self.pieces = []  # emptied where they are too long to keep
        self.patches = 0
        self.state = 0  # part of the address, new with each request: who rebuilds one loses it

    def take(self, piece):
        self.hash.update(piece)
        self.length += len(piece)
        self.pieces.append(piece)
        if self.length > KEPT_BYTES_MAX:
            self.pieces.clear()

    @property
    def digest(self):
        return "sha256:" + self.hash.hexdigest()

    def content(self):
        """The bytes, or how many there were."""
        return b"".join(self.pieces) if self.length <= KEPT_BYTES_MAX else Unkept(self.length)


@dataclass(frozen=True)
class Unkept:
    """A blob too long to keep."""

    length: int

    def __len__(self):
        return self.length


@dataclass
class Rule:
    method: str
    pattern: "re.Pattern"
    answers: list
    repeat: bool
    used: int = 0


class ScriptedRegistry:
    """`tls` is a (certificate, key) pair of paths or an SSLContext; `credentials` a (user, password)
    that Basic has to show; `tokens` a Tokens; http2 offers h2 to who speaks TLS ("closed": with a
    window that no body passes; "stuck": that 64 KiB of one pass); receive_bytes is the socket's buffer."""

    def __init__(self, tls=None, credentials=None, address="127.0.0.1", tokens=None, http2=False,
                 receive_bytes=None, **behaviour):
        self.credentials = credentials
        self.tokens = tokens
        self.behaviour = Behaviour(**behaviour)
        self.log = []
        self.rules = []
        self.manifests = {}  # (repository, tag or digest): (media type, bytes)
        self.blobs = {}  # (repository, digest): bytes or Unkept
        self.uploads = {}  # name: Session
        self.created = set()  # with absent_repository: the repositories that there are
        self.connections = 0
        self.client_certificates = 0  # of how many connections; an SSLContext has to ask for them
        self.faults = []  # requests that no client should send; a test should find none
        self.lock = threading.RLock()
        self._bucket = (1.0, 0.0)  # requests in it, when
        self._server = Server(self, address, tls, http2, receive_bytes)
        self.scheme = "https" if tls else "http"
        self.port = self._server.port
        self.host = f"{address}:{self.port}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._server.close()

    def oci(self, prefix):
        return f"oci://{self.host}/{prefix}"

    def on(self, method, pattern, *answers, repeat=False):
        """Answers in turn to what matches (method "" is any). With repeat the last one stays."""
        with self.lock:
            self.rules.append(Rule(method, re.compile(pattern), list(answers), repeat))

    def at(self, number, answer, repeat=False):
        """The answer to the request with this number, and with repeat to all after it."""
        self.on("", "", *[Answer()] * number, answer, repeat=repeat)

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

    def put(self, repository, tag, body, media_type):
        """Content that was there before: a manifest under its digest and, unless None, a tag."""
        for name in (digest_of(body), *([tag] if tag else [])):
            self.manifests[repository, name] = (media_type, body)
        return digest_of(body)

    # What follows runs in the server's threads.

    def begin(self, request):
        """A request whose body is still to come: logs it, takes its Answer, opens its session."""
        with self.lock:
            self.log.append(request)
            request.scripted = self._scripted(request)
            if request.scripted and request.scripted.status is not None:
                return
            if request.method in ("PATCH", "PUT") and "/blobs/uploads/" in request.path:
                request.refusal = self._unauthorized(request) or self._continue(request)

    def broken(self, request):
        """The connection was lost before the body's end."""
        with self.lock:
            if request.session and not self.behaviour.keeps_partial:
                self.uploads.pop(request.session.name, None)

    def _scripted(self, request):
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
        scripted = request.scripted
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
                      scripted.delay, usual.cut if scripted.cut is None else scripted.cut,
                      scripted.reset, scripted.unread)

    def _usual(self, request):
        if self.tokens and request.path == "/token":
            with self.lock:
                return Answer(*self.tokens.answer(request))
        if request.refusal:
            return request.refusal
        if not request.path.startswith("/v2/"):
            return _refusal(404, "NAME_UNKNOWN", "not below /v2/")
        if self.behaviour.requests_per_s and self._has_enough():
            return Answer(429, {"Content-Type": "text/html"}, b"<html>429</html>")
        if self.behaviour.cookies and "cookie" in request.headers:
            return _refusal(403, "FORBIDDEN", "CSRF token invalid")
        with self.lock:
            answer = (None if request.session else self._unauthorized(request)) or self._route(request)
        if self.behaviour.cookies:
            answer.headers["Set-Cookie"] = "sid=harbour; Path=/; HttpOnly"
        if self.behaviour.always_challenges:
            answer.headers.setdefault("WWW-Authenticate", "basic realm=zot")
        return answer

    def _has_enough(self):
        """Whether this request is one too many: a bucket that fills at the rate."""
        rate, burst = self.behaviour.requests_per_s
        with self.lock:
            now = time.monotonic()
            level = min(burst, self._bucket[0] + (now - self._bucket[1]) * rate)
            self._bucket = (level - 1 if level >= 1 else level, now)
            return level < 1

    def _route(self, request):
        if request.path == "/v2/":
            return Answer(200, {"Content-Type": "application/json"}, b"{}")
        routes = (
            (rf"/v2/({NAME})/manifests/({TAG}|{DIGEST})", self._manifest),
            (rf"/v2/({NAME})/blobs/({DIGEST})", self._blob),
            (rf"/v2/({NAME})/blobs/uploads/()", self._upload_begin),
            (rf"/v2/({NAME})/blobs/uploads/([0-9a-f]{{32}})", self._upload),
            (rf"/v2/({NAME})/referrers/({DIGEST})", self._referrers),
            (rf"/v2/({NAME})/tags/(list)", self._tag_list),
        )
        for pattern, handle in routes:
            found = re.fullmatch(pattern, urllib.parse.unquote(request.path))
            if found:
                return handle(request, *found.groups())
        return _refusal(404, "UNSUPPORTED", "no such resource")

    def _unauthorized(self, request):
        """None, or the 401 of who may not do this."""
        shown = request.headers.get("authorization", "")
        if self.credentials:
            pair = base64.b64encode(":".join(self.credentials).encode()).decode()
            if shown == f"Basic {pair}":
                return None
            challenge = 'Basic realm="harbour"'
        elif self.tokens:
            needed, scope = _needed(request)
            error = self.tokens.judge(shown, needed)
            if error is None:
                return None
            challenge = self.tokens.challenge(f"{self.scheme}://{self.host}/token", scope, error)
        else:
            return None
        answer = _refusal(401, "UNAUTHORIZED", "authentication required")
        if self.behaviour.challenge == "auto" or request.path == "/v2/":
            answer.headers["WWW-Authenticate"] = challenge
        elif self.behaviour.challenge:
            answer.headers["WWW-Authenticate"] = self.behaviour.challenge
        return answer

    def _fault(self, request, text):
        self.faults.append(f"{request.method} {request.target}: {text}")

    def _manifest(self, request, repository, reference):
        if request.method in ("GET", "HEAD"):
            return self._get_manifest(request, repository, reference)
        if request.method == "DELETE":
            found = self.manifests.pop((repository, reference), None)
            return Answer(202, {}, b"") if found else _refusal(404, "MANIFEST_UNKNOWN", "unknown")
        if request.method != "PUT":
            return _refusal(405, "UNSUPPORTED", "method not allowed")
        return self._put_manifest(request, repository, reference)

    def _get_manifest(self, request, repository, reference):
        if self.behaviour.tag_is_digest and re.fullmatch(r"sha256-[0-9a-f]{64}", reference):
            reference = reference.replace("-", ":")
        media_type, body = self.manifests.get((repository, reference), (None, None))
        accepted = re.split(r"\s*,\s*", request.headers.get("accept", ""))
        if body is not None and media_type not in accepted and self.behaviour.accept_needed:
            return _refusal(406, "UNSUPPORTED", "not acceptable")
        if body is None or media_type not in accepted:
            return _refusal(*self.behaviour.absent, "manifest unknown")
        return Answer(200, {"Content-Type": media_type, "Docker-Content-Digest": digest_of(body),
                            "ETag": f'"{digest_of(body)}"'}, body)

    def _put_manifest(self, request, repository, reference):
        media_type = request.headers.get("content-type", "")
        try:
            manifest = json.loads(request.body)
        except ValueError:
            return _refusal(400, "MANIFEST_INVALID", "not JSON")
        if manifest.get("mediaType", media_type) != media_type:
            return _refusal(400, "MANIFEST_INVALID", "Content-Type is not its mediaType")
        if self.behaviour.media_type_needed and "mediaType" not in manifest:
            return _refusal(400, "MANIFEST_INVALID", "mediaType is missing")
        missing = self._missing(repository, manifest, media_type in INDEX_TYPES)
        if missing:
            return _refusal(400, "MANIFEST_BLOB_UNKNOWN", missing)
        digest = digest_of(request.body)
        if ":" in reference and reference != digest:
            return _refusal(400, "DIGEST_INVALID", "not the digest of the body")
        tags = [reference] if ":" not in reference else []
        if self.behaviour.tag_parameter:
            asked = urllib.parse.parse_qs(urllib.parse.urlsplit(request.target).query)
            tags += [tag for tag in asked.get("tag", []) if re.fullmatch(TAG, tag)]
            tags = tags[:self.behaviour.tags_taken]
        if self.behaviour.immutable and any((repository, tag) in self.manifests for tag in tags):
            return _refusal(*self.behaviour.immutable, "the tag is immutable")
        if self.behaviour.conditions and not self._is_met(request, repository, reference):
            return _refusal(412, "PRECONDITION", "something else is there")
        for name in [] if self.behaviour.forgets else (digest, *tags):
            self.manifests[repository, name] = (media_type, request.body)
        headers = {"Location": f"/v2/{repository}/manifests/{digest}", "Docker-Content-Digest": digest}
        if self.behaviour.tag_parameter and ":" in reference and tags:
            headers["OCI-Tag"] = ", ".join(tags)
        if self.behaviour.referrers and self.behaviour.subject and "subject" in manifest:
            headers["OCI-Subject"] = manifest["subject"]["digest"]
        return Answer(201, headers, b"")

    def _is_met(self, request, repository, reference):
        held = self.manifests.get((repository, reference))
        match, none_match = (request.headers.get(name) for name in ("if-match", "if-none-match"))
        assert none_match in (None, "*")
        return not (held and none_match) and (
            not match or (held and match == f'"{digest_of(held[1])}"'))

    def _missing(self, repository, manifest, is_index):
        """The digest of something that must be there before, or None."""
        if is_index:
            needed = [(d["digest"], self.manifests) for d in manifest["manifests"]]
            late = "late_children"
        else:
            needed = [(d["digest"], self.blobs) for d in manifest["layers"] + [manifest["config"]]]
            late = "late_blobs"
        if needed and getattr(self.behaviour, late) > 0:
            setattr(self.behaviour, late, getattr(self.behaviour, late) - 1)
            return needed[0][0]
        absent = [digest for digest, there in needed if (repository, digest) not in there]
        return absent[0] if absent and not self.behaviour.forgets else None

    def _referrers(self, request, repository, subject):
        if not self.behaviour.referrers or self.behaviour.api_hidden:
            return _refusal(404, "NAME_UNKNOWN", "no such resource")
        found = []
        for (name, reference), (media_type, body) in sorted(self.manifests.items()):
            manifest = json.loads(body)
            if name == repository and ":" in reference and \
                    manifest.get("subject", {}).get("digest") == subject:
                found.append({"mediaType": media_type, "digest": reference, "size": len(body),
                              "artifactType": manifest.get("artifactType") or
                              manifest.get("config", {}).get("mediaType"),
                              "annotations": manifest.get("annotations", {})})
        body = json.dumps({"schemaVersion": 2, "mediaType": INDEX_TYPES[0], "manifests": found})
        return Answer(200, {"Content-Type": INDEX_TYPES[0]}, body.encode())

    def _tag_list(self, request, repository, _):
        body = json.dumps({"name": repository, "tags": self.tags(repository)}).encode()
        return Answer(200, {"Content-Type": "application/json"}, body)

    def _blob(self, request, repository, digest):
        body = self.blobs.get((repository, digest))
        if request.method not in ("GET", "HEAD"):
            return _refusal(405, "UNSUPPORTED", "method not allowed")
        if body is None:
            return _refusal(404, "BLOB_UNKNOWN", "blob unknown")
        if self.behaviour.blobs_elsewhere:
            status, location = self.behaviour.blobs_elsewhere
            return Answer(status, {"Location": location}, b"")
        headers = {"Content-Type": "application/octet-stream", "Docker-Content-Digest": digest}
        if isinstance(body, Unkept):
            headers["Content-Length"] = str(len(body))
            body = b""
        return Answer(200, headers, body)

    def _stored(self, repository, digest, content):
        if not self.behaviour.forgets:
            self.blobs[repository, digest] = content
        return Answer(201, {"Location": f"/v2/{repository}/blobs/{digest}",
                            "Docker-Content-Digest": digest}, b"")

    def _upload_begin(self, request, repository, _):
        if request.method != "POST":
            return _refusal(405, "UNSUPPORTED", "method not allowed")
        if self.behaviour.absent_repository and repository not in self.created:
            if self.behaviour.absent_repository == "eof":
                return Answer(404, {}, b"", cut=-1)
            return _refusal(self.behaviour.absent_repository, "NAME_UNKNOWN", "no such repository")
        if "mount" in request.query:
            if self.behaviour.mount_status:
                return _refusal(self.behaviour.mount_status, "UNSUPPORTED", "no mount")
            found = [content for (name, digest), content in self.blobs.items()
                     if digest == request.query["mount"] and name == request.query.get(
                         "from", name if self.behaviour.anonymous_mount else None)]
            if found:
                return self._stored(repository, request.query["mount"], found[0])
        elif "digest" in request.query and self.behaviour.single_post:
            if request.query["digest"] != "sha256:" + request.hash.hexdigest():
                return _refusal(400, "DIGEST_INVALID", "not the digest of the body")
            return self._stored(repository, request.query["digest"], request.body)
        elif request.headers.get("content-length") != "0":
            self._fault(request, "POST wants Content-Length: 0")
        session = Session(repository)
        self.uploads[session.name] = session
        headers = self._upload_headers(repository, session.name)
        if self.behaviour.chunk_bytes_min:
            headers["OCI-Chunk-Min-Length"] = str(self.behaviour.chunk_bytes_min)
        return Answer(202, headers, b"")

    def _upload_headers(self, repository, name):
        session = self.uploads[name]
        path = f"/v2/{repository}/blobs/uploads/{name}?_state=s%2B{session.state}%3D"
        return {"Location": self.behaviour.location(path) if self.behaviour.location else path,
                "Range": self.behaviour.range_form.format(last=max(session.length - 1, 0),
                                                          next=session.length),
                "Docker-Upload-UUID": name}

    def _continue(self, request):
        """None when the body of this PATCH or PUT may come, which then goes to its session."""
        session = self.uploads.get(request.path.rsplit("/", 1)[1])
        length = int(request.headers.get("content-length", 0))
        b = self.behaviour
        if session is None:
            return _refusal(404, "BLOB_UPLOAD_UNKNOWN", "no such upload")
        if request.query.get("_state") != f"s+{session.state}=":
            self._fault(request, "the upload's address was not used as given")
            self.uploads.pop(session.name)
            return _refusal(400, "BLOB_UPLOAD_INVALID", "wrong state")
        if b.body_bytes_max is not None and length > b.body_bytes_max:
            answer = _refusal(413, "", "too large")
            request.scripted = Answer(unread=True)
            return answer
        said = request.headers.get("content-range")
        if said is not None and said != f"{session.length}-{session.length + length - 1}":
            return _refusal(416, "RANGE_INVALID", f"{session.length} is next")
        if request.method == "PATCH":
            session.patches += 1
            if b.patches_max is not None and session.patches > b.patches_max:
                return _refusal(400, "BLOB_UPLOAD_INVALID", "stream uploads after first write")
            if b.chunk_bytes_max is not None and length > b.chunk_bytes_max:
                return _refusal(416, "RANGE_INVALID", f"limit of {b.chunk_bytes_max}")
        elif b.monolithic and length and not session.length:
            return _refusal(b.monolithic, "UNSUPPORTED", "PATCH first")
        elif b.empty_put and not length:
            return _refusal(b.empty_put, "BLOB_UPLOAD_INVALID", "nothing in it")
        if length and request.headers.get("content-type") != "application/octet-stream":
            self._fault(request, "a blob is application/octet-stream")
        request.session = session
        session.state += 1
        return None

    def _upload(self, request, repository, name):
        session = self.uploads.get(name)
        if session is None or session.repository != repository:
            return _refusal(404, "BLOB_UPLOAD_UNKNOWN", "no such upload")
        if request.method == "DELETE":
            del self.uploads[name]
            return Answer(204, {}, b"")
        if request.method == "GET":
            if self.behaviour.stale_state == "cancels" and \
                    request.query.get("_state") != f"s+{session.state}=":
                del self.uploads[name]
                return _refusal(404, "BLOB_UPLOAD_UNKNOWN", "no such upload")
            return Answer(204, self._upload_headers(repository, name), b"")
        if request.method == "PATCH":
            return Answer(self.behaviour.patch_status, self._upload_headers(repository, name), b"")
        if request.method != "PUT":
            return _refusal(405, "UNSUPPORTED", "method not allowed")
        del self.uploads[name]
        if request.query.get("digest") != session.digest:
            return _refusal(400, "DIGEST_INVALID", "not the digest of the body")
        return self._stored(repository, session.digest, session.content())


def _needed(request):
    """({(repository, action)}, the scope as a challenge names it)."""
    found = re.match(rf"/v2/({NAME})/(?:manifests|blobs|tags|referrers)/",
                     urllib.parse.unquote(request.path))
    if not found:
        return set(), None
    actions = ["pull"] if request.method in ("GET", "HEAD") else ["pull", "push"]
    source = request.query.get("from")
    needed = {(found.group(1), action) for action in actions}
    return needed | ({(source, "pull")} if source else set()), \
        f"repository:{found.group(1)}:{','.join(actions)}"


def _refusal(status, code, message):
    body = json.dumps({"errors": [{"code": code, "message": message}]}).encode()
    return Answer(status, {"Content-Type": "application/json"}, body)


def digest_of(body):
    return "sha256:" + hashlib.sha256(body).hexdigest()
