"""Registries that repeat what they were sent: no password and no token comes back into what we say."""

import base64
import json
import urllib.parse

import pytest
from pushing import (BLOB, HEAD, PASSWORD, POST, TAG, USERNAME, attack, layout, trap)  # noqa: F401
from scripted_registry import Answer
from scripted_tokens import Tokens

PAIR = f"{USERNAME}:{PASSWORD}"
BASIC = base64.b64encode(PAIR.encode()).decode()


def encoded(text):
    """Every byte as %XX."""
    return "".join(f"%{byte:02x}" for byte in text.encode())


def refusal(code, message):
    return json.dumps({"errors": [{"code": code, "message": message}]}).encode()


# What a registry answers that was sent `secret`: (status, headers, body).
ECHOES = {
    "message": lambda s: (400, {}, refusal("DENIED", f"you said {s} to us")),
    "message that is long": lambda s: (400, {}, refusal("DENIED", "x" * (256 - len(s) // 2) + s)),
    "code": lambda s: (400, {}, refusal(s, "no")),
    "code that is long": lambda s: (400, {}, refusal("X" * 60 + s, "no")),
    "escapes in JSON": lambda s: (403, {}, ('{"errors":[{"code":"DENIED","message":"%s"}]}' % "".join(
        f"\\u{ord(c):04x}" for c in s)).encode()),
    "page": lambda s: (502, {"Content-Type": "text/html"}, f"<html>{s}</html>".encode()),
    "warning": lambda s: (400, {"Warning": f'299 - "who says {s}"'}, b""),
    "warning of success": lambda s: (None, {"Warning": f'299 - "who says {s}"'}, None),
    "redirect": lambda s: (307, {"Location": f"https://elsewhere.example/{s}/x"}, b""),
    "redirect encoded": lambda s: (302, {"Location": f"/{encoded(s)}"}, b""),
    "redirect to it": lambda s: (301, {"Location": f"https://{s}.example/"}, b""),
    "retry after": lambda s: (429, {"Retry-After": s}, b""),
    "challenge": lambda s: (401, {"WWW-Authenticate": f'Bearer realm="https://x.example/{s}"'}, b""),
    "challenge to it": lambda s: (401, {"WWW-Authenticate": f'Bearer realm="https://{s}.example/"'}, b""),
    "challenge to its path": lambda s: (401, {
        "WWW-Authenticate": f'Bearer realm="/{s}",service="{s}",scope="repository:{s}:pull"'}, b""),
    "digest": lambda s: (201, {"Docker-Content-Digest": s}, b""),
    "location": lambda s: (202, {"Location": f"https://{s}.example/v2/x"}, b""),
    "location with a user": lambda s: (202, {"Location": f"https://{s}@elsewhere.example/"}, b""),
    "location's path": lambda s: (202, {"Location": f"/v2/{s}/"}, b""),
    "type": lambda s: (200, {"Content-Type": s}, b"{}"),
    "range": lambda s: (202, {"Range": s, "Location": "/v2/x"}, b""),
    "least": lambda s: (202, {"OCI-Chunk-Min-Length": s, "Location": "/v2/x"}, b""),
}
STAGES = {"head": HEAD, "post": POST, "blob": BLOB, "tag": TAG}


def secrets_of(request):
    """What the request carried, as anybody could write it down."""
    shown = request.headers.get("authorization", "")
    return [shown.partition(" ")[2], shown, PAIR, PASSWORD] if shown else []


def unsaid(done, tokens=()):
    said = done.stdout + done.stderr
    for secret in [PASSWORD, BASIC, BASIC.rstrip("="), encoded(PASSWORD), *tokens,
                   PASSWORD[:len(PASSWORD) // 2 + 2], BASIC[:20], *(t[:12] for t in tokens)]:
        assert secret not in said and urllib.parse.quote(secret) not in said, (secret, said)


@pytest.mark.parametrize("which", range(4), ids=["row_k3_value", "row_k3_header", "row_k3_pair",
                                                 "row_k3_password"])
@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("echo", ECHOES)
def test_what_is_repeated_is_not_said(echo, stage, which, attack, make_scripted_registry):
    for tokens in (None, Tokens(users={USERNAME: PASSWORD})):
        registry = make_scripted_registry(
            tokens=tokens, credentials=None if tokens else (USERNAME, PASSWORD))
        usual, (method, pattern) = registry.answer, STAGES[stage]
        sent = []

        def answer(request):
            secrets = secrets_of(request)
            sent.extend(secrets[:1])
            if not secrets or request.method != method or pattern not in request.target:
                return usual(request)
            status, headers, body = ECHOES[echo](secrets[which])
            if status is not None:
                return Answer(status, headers, body)
            found = usual(request)
            found.headers.update(headers)
            return found

        registry.answer = answer
        done = attack(registry, "--retries", "0", "--verbose", login=True, faults=99)
        assert sent
        unsaid(done, set(sent))
        json_done = attack(registry, "--retries", "0", "--json", login=True, faults=99)
        unsaid(json_done, set(sent))


@pytest.mark.parametrize("which", range(4), ids=["row_k3_value", "row_k3_header", "row_k3_pair",
                                                 "row_k3_password"])
@pytest.mark.parametrize("echo", [e for e in ECHOES if e not in ("digest", "type")])
def test_a_token_server_and_login(echo, which, attack, make_scripted_registry, programs, tmp_path):
    tokens = Tokens(users={USERNAME: PASSWORD})
    registry = make_scripted_registry(tokens=tokens)
    usual = registry.answer

    def answer(request):
        if request.path != "/token" or not secrets_of(request):
            return usual(request)
        status, headers, body = ECHOES[echo](secrets_of(request)[which])
        return Answer(status, headers, body) if status is not None else usual(request)

    registry.answer = answer
    unsaid(attack(registry, "--retries", "0", "--verbose", login=True))
    done = programs.pusher.run("login", registry.host, "--username", USERNAME, "--password-stdin",
                               "--plain-http", "--registry-config", tmp_path / "c.json",
                               stdin=PASSWORD.encode(), status=None)
    unsaid(done)


def test_other_words_are_still_said(attack, make_scripted_registry):
    registry = make_scripted_registry(credentials=(USERNAME, PASSWORD))
    registry.on(*TAG, Answer(400, {}, refusal("TAG_INVALID", "no such tags here")), repeat=True)
    done = attack(registry, login=True)
    assert "400 TAG_INVALID: no such tags here" in done.stderr


@pytest.mark.parametrize("password", ["test", "pull", "token", "v2", "Bearer", "password", "registry"])
def test_a_common_word_is_a_password(password, make_scripted_registry, programs, keys, layout):
    """What is done depends on what the registry says, whichever words it needs for that."""
    for tokens in (None, Tokens(users={"test": password})):
        registry = make_scripted_registry(
            tokens=tokens, credentials=None if tokens else ("test", password))

        def push(secret):
            return programs.pusher.run(
                "push", layout, f"oci://{registry.host}/test/token/pull", "--trust", keys.trust,
                "--plain-http", "--username", "test", "--password-stdin", "--verbose",
                stdin=secret.encode(), status=None)

        refused = push(password + "x")
        assert refused.status == 6
        assert "the user name or the password from " in refused.stderr
        done = push(password)
        assert done.status == 0, done.stderr
