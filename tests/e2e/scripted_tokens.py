"""The token server of a scripted registry: who gets a token, for what, and for how long.

    tokens = Tokens(users={"hafen": "secret"})
    registry = ScriptedRegistry(tokens=tokens)              # answers /token itself
    elsewhere = ScriptedRegistry(tokens=tokens)             # or a second origin does:
    tokens.realm = f"http://{elsewhere.host}/token"

A GET carries Basic credentials or none, a POST a form; scopes are "repository:NAME:pull,push".
"""

import base64
import json
import re
import time
import urllib.parse
import uuid
from dataclasses import dataclass, field
from typing import Callable, Optional


@dataclass
class Token:
    scopes: set  # of (repository, action)
    ends: float  # monotonic
    uses: Optional[int]  # requests that it is still good for; None: any number


@dataclass
class Tokens:
    users: dict = field(default_factory=dict)  # name: password; none: everybody may do everything
    identity_tokens: set = field(default_factory=set)  # what a POST with refresh_token may show
    realm: Optional[str] = None  # None: /token of the registry that is asked
    service: str = "harbour"
    expires_in: object = 300  # as said; None: not said
    lifetime: Optional[float] = None  # seconds, if not what is said
    uses: Optional[int] = None
    members: tuple = ("token", "access_token")  # what the answer calls it
    get_status: int = 200
    post_status: int = 200  # of a refresh token; 405 as Harbor, 404 as GCR
    password_status: int = 400  # of a POST with a password: no server is known to like it
    anonymous: tuple = ()  # the actions of who shows nothing
    known: Optional[Callable] = None  # known(repository): else the whole token is refused, as Docker Hub
    first_scope_only: bool = False
    narrow: bool = False  # grants pull alone, whatever is asked
    issued: dict = field(default_factory=dict)  # text: Token
    asked: list = field(default_factory=list)  # [(method, [scope])], of what was answered with a token

    def challenge(self, own_realm, scope=None, error=None):
        parts = [f'realm="{self.realm or own_realm}"', f'service="{self.service}"']
        parts += [f'scope="{scope}"'] if scope else []
        parts += [f'error="{error}"'] if error else []
        return "Bearer " + ",".join(parts)

    def expire(self):
        """No token that was given is good any more."""
        for token in self.issued.values():
            token.ends = 0

    def judge(self, header, needed):
        """None if `header` allows all (repository, action) of `needed`, else what to call the error."""
        scheme, _, text = header.partition(" ")
        token = self.issued.get(text.strip()) if scheme.lower() == "bearer" else None
        if token is None:
            return "" if not header else "invalid_token"
        if time.monotonic() >= token.ends or token.uses == 0:
            return "invalid_token"
        if not needed <= token.scopes:
            return "insufficient_scope"
        if token.uses is not None:
            token.uses -= 1
        return None

    def answer(self, request):
        """(status, headers, body) to a request to the realm."""
        if request.method == "GET":
            form = urllib.parse.parse_qs(urllib.parse.urlsplit(request.target).query)
            status, actions = self._of_basic(request.headers.get("authorization"))
        elif request.method == "POST":
            form = urllib.parse.parse_qs(request.body.decode())
            status, actions = self._of_form(form)
        else:
            status, actions = 405, ()
        scopes = [scope for text in form.get("scope", []) for scope in text.split(" ")] \
            if status == 200 else []
        granted = self._granted(scopes, actions)
        if granted is None:
            status = 403
        if status != 200:
            return status, {"Content-Type": "application/json"}, \
                b'{"errors":[{"code":"DENIED","message":"no token"}]}'
        self.asked.append((request.method, scopes))
        return 200, {"Content-Type": "application/json"}, self._issue(granted)

    def _of_basic(self, header):
        everything = ("pull", "push", "delete")
        if self.get_status != 200:
            return self.get_status, ()
        if not self.users:
            return 200, everything
        if header is None:
            return 200, self.anonymous
        try:
            name, _, password = base64.b64decode(header.removeprefix("Basic ")).decode().partition(":")
        except ValueError:
            return 400, ()
        return (200, everything) if self.users.get(name) == password else (401, ())

    def _of_form(self, form):
        if form.get("grant_type") != ["refresh_token"]:
            return self.password_status, ()
        if self.post_status != 200:
            return self.post_status, ()
        shown = form.get("refresh_token", [""])[0]
        return (200, ("pull", "push", "delete")) if shown in self.identity_tokens else (401, ())

    def _granted(self, scopes, actions):
        granted = set()
        for scope in scopes[:1] if self.first_scope_only else scopes:
            found = re.fullmatch(r"repository:(.+):([a-z,*]*)", scope)
            if not found:
                continue
            if self.known and not self.known(found.group(1)):
                return None
            wanted = set(found.group(2).split(","))
            granted |= {(found.group(1), action) for action in wanted & set(actions)
                        if action == "pull" or not self.narrow}
        return granted

    def _issue(self, granted):
        text = uuid.uuid4().hex
        said = self.expires_in if isinstance(self.expires_in, (int, float)) else 60
        lifetime = said if self.lifetime is None else self.lifetime
        self.issued[text] = Token(granted, time.monotonic() + lifetime, self.uses)
        body = {member: text for member in self.members}
        if self.expires_in is not None:
            body["expires_in"] = self.expires_in
        return json.dumps(body).encode()
