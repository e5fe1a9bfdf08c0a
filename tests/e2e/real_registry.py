"""Real registries, and nginx in front of them, as processes on the loopback."""

import base64
import json
import re
import socket
import ssl
import subprocess
import threading
import time
import types
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
    """One docker-registry, or distribution 3. `certificates` makes it speak TLS, `asks` for a client
    certificate too, `basic` ask for USERNAME and PASSWORD, `tokens`, a TokenServer, for its tokens."""

    def __init__(self, program, directory, certificates=None, basic=False, tokens=None, asks=False):
        self.program = program
        self.tokens = tokens
        self.directory = directory
        self.certificates = certificates
        self.basic = basic
        self.asks = asks
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
                              f"key: {self.certificates.key}"
                              f"{f', clientcas: [{self.ca_file}]' if self.asks else ''}}}\n")
        if self.basic:
            passwords = self.directory / "htpasswd"
            passwords.write_text(f"{USERNAME}:{_bcrypt(PASSWORD)}\n")
            configuration += f"auth:\n  htpasswd: {{realm: harbour, path: {passwords}}}\n"
        if self.tokens:
            configuration += self.tokens.configuration()
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
        elif self.tokens:
            name = path.split("/v2/", 1)[1].partition("/manifests/")[0].partition("/blobs/")[0] \
                .partition("/tags/")[0]
            scopes = [f"repository:{name}:pull,push"] if "/" in name else []
            request.add_header("Authorization", f"Bearer {self.tokens.token('test', scopes)}")
        handlers = [urllib.request.ProxyHandler({})]
        if context:
            handlers.append(urllib.request.HTTPSHandler(context=context))
        try:
            with urllib.request.build_opener(*handlers).open(request, timeout=20) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as answer:
            return answer.code, answer.headers, answer.read()


class ReferrersRegistry:
    """go-containerregistry's registry, in memory: with the referrers API; see tests/interop/registry."""

    def __init__(self, program, *options):
        self.process = subprocess.Popen([program, *options], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        self.host = self.process.stdout.readline().strip()
        self.port = int(self.host.rpartition(":")[2])
        self._lines = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self.process.stdout:
            self._lines.append(line)

    def stop(self):
        self.process.stdin.close()
        self.process.wait(10)
        self._reader.join(10)
        self.process.stdout.close()

    def oci(self, prefix):
        return f"oci://{self.host}/{prefix}"

    def requests(self):
        """[(method, path with query, status)] since the start or the last forget()."""
        marker = f"/v2/?marker={uuid.uuid4().hex}"
        self.fetch("GET", marker)
        deadline = time.monotonic() + 10
        while not any(marker in line for line in self._lines):
            if time.monotonic() > deadline:
                raise RuntimeError("referrers-registry does not write its log")
            time.sleep(0.005)
        lines = [line.split() for line in self._lines]
        return [(method, path, int(status)) for method, path, status in lines
                if not path.startswith("/v2/?marker=")]

    def forget(self):
        self.requests()
        self._lines.clear()

    def writes(self):
        return [r for r in self.requests() if r[0] not in ("GET", "HEAD")]

    def fetch(self, method, path, headers=None, body=None):
        """(status, headers, body)"""
        request = urllib.request.Request(f"http://{self.host}{path}", method=method,
                                         headers=headers or {}, data=body)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=20) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as answer:
            return answer.code, answer.headers, answer.read()

    def manifest(self, repository, reference):
        """(bytes, digest header, content type), or None where there is none."""
        status, headers, body = self.fetch("GET", f"/v2/{repository}/manifests/{reference}",
                                           {"Accept": MANIFEST_TYPES})
        if status == 404:
            return None
        assert status == 200, (status, body)
        return body, headers["Docker-Content-Digest"], headers["Content-Type"]

    def tags(self, repository):
        status, _, body = self.fetch("GET", f"/v2/{repository}/tags/list")
        return sorted(json.loads(body)["tags"] or []) if status == 200 else []

    def referrers(self, repository, digest):
        """The descriptors that the API lists."""
        status, _, body = self.fetch("GET", f"/v2/{repository}/referrers/{digest}")
        assert status == 200, (status, body)
        return json.loads(body)["manifests"]


NGINX = """\
daemon off;
master_process off;
pid {directory}/pid;
error_log {directory}/error.log;
events {{}}
http {{
	access_log {directory}/access.log combined;
	client_body_temp_path {directory}/body;
	proxy_temp_path {directory}/proxy;
	fastcgi_temp_path {directory}/fastcgi;
	uwsgi_temp_path {directory}/uwsgi;
	scgi_temp_path {directory}/scgi;
	client_max_body_size {limit};
	server {{
		listen 127.0.0.1:{port} ssl {http2};
		ssl_certificate {certificates.certificate};
		ssl_certificate_key {certificates.key};
		location / {{
			proxy_pass http://{upstream};
			proxy_http_version 1.1;
			proxy_request_buffering {buffering};
			proxy_set_header Host $http_host;
			{forwarded}
		}}
	}}
}}
"""


def make_certificates(directory):
    """A CA and a server's certificate for 127.0.0.1 and localhost; .other_ca is foreign."""
    def openssl(name, *arguments):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                        "-keyout", f"{name}.key", "-out", f"{name}.pem", *arguments],
                       cwd=directory, check=True, capture_output=True)
        return directory / f"{name}.pem"

    ca = openssl("ca", "-subj", "/CN=Harbour test CA")
    other = openssl("other", "-subj", "/CN=Nobody's CA")
    certificate = openssl("server", "-subj", "/CN=registry", "-CA", ca, "-CAkey",
                          directory / "ca.key", "-addext",
                          "subjectAltName=IP:127.0.0.1,DNS:localhost")
    return types.SimpleNamespace(ca=ca, other_ca=other, certificate=certificate,
                                 key=directory / "server.key")


class Front:
    """nginx, speaking TLS, in front of a registry that does not. limit: of a body, as nginx writes it;
    told: whether the registry is told that the world speaks https (else its Locations say http)."""

    def __init__(self, program, directory, upstream, certificates, http2=True, limit="0",
                 buffering=False, told=True):
        directory.mkdir()
        self.certificates = certificates
        self.registry = upstream
        self.directory = directory
        for _ in range(20):
            # nginx cannot choose a port by itself; another one may take this before it does.
            with socket.create_server(("127.0.0.1", 0)) as probe:
                self.port = probe.getsockname()[1]
            (directory / "nginx.conf").write_text(NGINX.format(
                directory=directory, limit=limit, port=self.port, http2="http2" if http2 else "",
                certificates=certificates, upstream=upstream.host,
                buffering="on" if buffering else "off",
                forwarded="proxy_set_header X-Forwarded-Proto https;" if told else ""))
            self.process = subprocess.Popen(
                [program, "-c", directory / "nginx.conf", "-p", directory, "-e",
                 directory / "error.log"], stdin=subprocess.DEVNULL)
            listens = False
            try:
                listens = self._listens()
            finally:
                if not listens:
                    self.stop()
            if listens:
                return
        raise RuntimeError("nginx: " + (directory / "error.log").read_text())

    def _listens(self):
        deadline = time.monotonic() + 10
        while self.process.poll() is None and time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return True
            except OSError:
                time.sleep(0.01)
        return False

    def stop(self):
        self.process.kill()
        self.process.wait()

    @property
    def host(self):
        return f"127.0.0.1:{self.port}"

    def oci(self, prefix):
        return f"oci://{self.host}/{prefix}"

    @property
    def ca_file(self):
        return self.certificates.ca

    def requests(self):
        """[(method, path, protocol, status)], in the order they ended."""
        lines = (self.directory / "access.log").read_text()
        return [(method, path, protocol, int(status)) for method, path, protocol, status in
                re.findall(r'"([A-Z]+) (\S+) (HTTP/[0-9.]+)" (\d+)', lines)]
