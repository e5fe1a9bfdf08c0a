"""A token server whose tokens the real registries accept: JSON Web Tokens, signed by openssl."""

import base64
import http.server
import json
import subprocess
import threading
import time
import urllib.parse
import uuid

SERVICE, ISSUER = "harbour", "harbour tokens"


class TokenServer:
    """GET /token with Basic credentials, POST /token with an identity token; its own RSA key."""

    def __init__(self, directory, users, identity_tokens=(), lifetime=300):
        directory.mkdir()
        self.users = users
        self.identity_tokens = set(identity_tokens)
        self.lifetime = lifetime
        self.key, self.certificate = directory / "token.key", directory / "token.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                        "-subj", "/CN=Harbour tokens", "-keyout", self.key, "-out", self.certificate],
                       check=True, capture_output=True)
        self.asked = []  # [(method, [scope])]
        self._listener = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._listener.daemon_threads = True
        self._listener.tokens = self
        self.realm = f"http://127.0.0.1:{self._listener.server_address[1]}/token"
        threading.Thread(target=self._listener.serve_forever, kwargs={"poll_interval": 0.02},
                         daemon=True).start()

    def close(self):
        self._listener.shutdown()
        self._listener.server_close()

    def configuration(self):
        """The lines of a registry's configuration that make it accept these tokens."""
        return (f"auth:\n  token: {{realm: '{self.realm}', service: {SERVICE}, issuer: {ISSUER}, "
                f"rootcertbundle: {self.certificate}}}\n")

    def token(self, user, scopes):
        now = int(time.time())
        access = []
        for scope in scopes:
            kind, name, actions = scope.split(":", 2)
            access.append({"type": kind, "name": name, "actions": actions.split(",")})
        pem = self.certificate.read_text().split("-----")[2]
        header = {"typ": "JWT", "alg": "RS256", "x5c": ["".join(pem.split())]}
        claims = {"iss": ISSUER, "sub": user, "aud": SERVICE, "exp": now + self.lifetime,
                  "nbf": now - 10, "iat": now, "jti": uuid.uuid4().hex, "access": access}
        signed = b".".join(_encode(json.dumps(part).encode()) for part in (header, claims))
        done = subprocess.run(["openssl", "dgst", "-sha256", "-sign", self.key], input=signed,
                              capture_output=True, check=True)
        return (signed + b"." + _encode(done.stdout)).decode()


def _encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=")


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def log_message(self, *_):
        pass

    def do_GET(self):
        form = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
        shown = self.headers.get("Authorization", "").removeprefix("Basic ")
        name, _, password = base64.b64decode(shown).decode().partition(":")
        self._answer(form, name, self.server.tokens.users.get(name) == password)

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        form = urllib.parse.parse_qs(body)
        shown = form.get("refresh_token", [None])[0]
        self._answer(form, "identity", shown in self.server.tokens.identity_tokens)

    def _answer(self, form, name, good):
        tokens = self.server.tokens
        good = good and form.get("service") == [SERVICE]
        scopes = [scope for text in form.get("scope", []) for scope in text.split(" ")]
        body = {"errors": [{"code": "UNAUTHORIZED"}]}
        if good:
            tokens.asked.append((self.command, scopes))
            member = "access_token" if self.command == "POST" else "token"
            body = {member: tokens.token(name, scopes), "expires_in": tokens.lifetime}
        text = json.dumps(body).encode()
        self.send_response(200 if good else 401)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)
