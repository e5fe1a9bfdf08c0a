"""Debian's docker-registry as a process on the loopback, with its access log readable."""

import base64
import json
import re
import ssl
import subprocess
import time
import urllib.error
import urllib.request
import uuid
import warnings

# What a client has to accept: docker-registry answers 404 for a type that is not listed.
MANIFEST_TYPES = ", ".join([
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
])

USERNAME, PASSWORD = "hafen", "pass:wörd with space"

CONFIGURATION = """\
version: 0.1
log:
  level: info
storage:
  filesystem: {{rootdirectory: {storage}}}
  delete: {{enabled: true}}
http:
  addr: 127.0.0.1:{port}
  secret: one-secret-for-all-starts
"""


def _bcrypt(password):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        import crypt
    return crypt.crypt(password, crypt.mksalt(crypt.METHOD_BLOWFISH, rounds=16))


class RealRegistry:
    """One docker-registry. `certificates` makes it speak TLS, `basic` ask for USERNAME and PASSWORD."""

    def __init__(self, program, directory, certificates=None, basic=False):
        self.program = program
        self.directory = directory
        self.certificates = certificates
        self.basic = basic
        self.port = 0
        self.process = None
        self._forgotten = 0
        directory.mkdir(parents=True, exist_ok=True)
        self._log = directory / "access.log"
        self._messages = directory / "messages.log"

    def start(self):
        """Starts it, or starts it again on the same port with the same content."""
        configuration = CONFIGURATION.format(storage=self.directory / "storage", port=self.port)
        if self.certificates:
            configuration += (f"  tls: {{certificate: {self.certificates.certificate}, "
                              f"key: {self.certificates.key}}}\n")
        if self.basic:
            passwords = self.directory / "htpasswd"
            passwords.write_text(f"{USERNAME}:{_bcrypt(PASSWORD)}\n")
            configuration += f"auth:\n  htpasswd: {{realm: harbour, path: {passwords}}}\n"
        path = self.directory / "configuration.yml"
        path.write_text(configuration)
        with self._log.open("ab") as log, self._messages.open("wb") as messages:
            self.process = subprocess.Popen(
                [self.program, "serve", path], stdin=subprocess.DEVNULL, stdout=log,
                stderr=messages, env={"OTEL_TRACES_EXPORTER": "none"}, cwd=self.directory)
        deadline = time.monotonic() + 20
        while True:
            # Its address stands in its own log: no port is guessed, none is taken twice.
            found = re.search(r"listening on 127\.0\.0\.1:(\d+)", self._messages.read_text())
            if found:
                self.port = int(found.group(1))
                return self
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError("docker-registry: " + self._messages.read_text())
            time.sleep(0.01)

    def stop(self):
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None

    @property
    def host(self):
        """HOST:PORT, as in a reference."""
        return f"127.0.0.1:{self.port}"

    def oci(self, prefix):
        """The URL that pusher takes."""
        return f"oci://{self.host}/{prefix}"

    @property
    def ca_file(self):
        return self.certificates.ca

    def requests(self):
        """[(method, path, status)] since the start or the last forget(), in the order they ended."""
        marker = f"/v2/?marker={uuid.uuid4().hex}"
        self._fetch("GET", marker)
        deadline = time.monotonic() + 10
        while marker not in self._log.read_text():
            if time.monotonic() > deadline:
                raise RuntimeError("docker-registry does not write its log")
            time.sleep(0.005)
        lines = re.findall(r'"([A-Z]+) (\S+) HTTP/[0-9.]+" (\d+)', self._log.read_text())
        lines = [(method, path, int(status)) for method, path, status in lines
                 if not path.startswith("/v2/?marker=")]
        self._seen = len(lines)
        return lines[self._forgotten:]

    def forget(self):
        """Requests up to now do not count any more."""
        self.requests()
        self._forgotten = self._seen

    def writes(self):
        """The requests that could have changed something."""
        return [r for r in self.requests() if r[0] not in ("GET", "HEAD")]

    def manifest(self, repository, reference):
        """(bytes, digest header, content type), or None where there is none."""
        status, headers, body = self._fetch(
            "GET", f"/v2/{repository}/manifests/{reference}", {"Accept": MANIFEST_TYPES})
        if status == 404:
            return None
        assert status == 200, (status, body)
        return body, headers["Docker-Content-Digest"], headers["Content-Type"]

    def blob(self, repository, digest):
        status, _, body = self._fetch("GET", f"/v2/{repository}/blobs/{digest}")
        return body if status == 200 else None

    def tags(self, repository):
        status, _, body = self._fetch("GET", f"/v2/{repository}/tags/list")
        return sorted(json.loads(body)["tags"] or []) if status == 200 else []

    def put_manifest(self, repository, tag, body, media_type):
        """For tests that want something foreign under a tag; its blobs must be there."""
        status, _, answer = self._fetch(
            "PUT", f"/v2/{repository}/manifests/{tag}", {"Content-Type": media_type}, body)
        assert status == 201, (status, answer)

    def put_blob(self, repository, body, digest):
        _, headers, _ = self._fetch("POST", f"/v2/{repository}/blobs/uploads/", {}, b"")
        location = headers["Location"]
        path = location[location.index("/v2/"):]
        joint = "&" if "?" in path else "?"
        status, _, answer = self._fetch(
            "PUT", f"{path}{joint}digest={digest}",
            {"Content-Type": "application/octet-stream"}, body)
        assert status == 201, (status, answer)

    def _fetch(self, method, path, headers=None, body=None):
        context = None
        scheme = "http"
        if self.certificates:
            scheme = "https"
            context = ssl.create_default_context(cafile=str(self.certificates.ca))
        request = urllib.request.Request(
            f"{scheme}://{self.host}{path}", method=method, headers=headers or {}, data=body)
        if self.basic:
            pair = base64.b64encode(f"{USERNAME}:{PASSWORD}".encode()).decode()
            request.add_header("Authorization", f"Basic {pair}")
        handlers = [urllib.request.ProxyHandler({})]
        if context:
            handlers.append(urllib.request.HTTPSHandler(context=context))
        try:
            with urllib.request.build_opener(*handlers).open(request, timeout=20) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as answer:
            return answer.code, answer.headers, answer.read()
