"""What the other side says may be a lie: rows R1 to R13, R17 to R19 and R22 to R24."""

import json
import re

import pytest
from pushing import (BLOB, HEAD, MANIFEST_TYPE, MIB, OTHER, PASSWORD, POST, REPOSITORY, STAGES, TAG,
                     USERNAME, attack, by, failed, large_layout, layout, tag_of, trap)  # noqa: F401
from scripted_registry import INDEX_TYPES, Answer
from scripted_tokens import Tokens

ONCE = ("--retries", "0")
ANYWHERE = r"/v2/charts/tiny/(manifests|blobs)/"


# ---- R1 to R3: what is said of content ----

@pytest.mark.parametrize("stage", ["blob", "tag"])
@pytest.mark.parametrize("said", [OTHER, "sha256:00", "garbage", OTHER.upper(), "sha256:\u202e"],
                         ids=["row_r1_other", "row_r1_short", "row_r1_garbage", "row_r1_upper",
                              "row_r1_bidi"])
def test_a_digest_that_lies(said, stage, attack, scripted_registry):
    said = said.encode().decode("latin-1")
    scripted_registry.on(*STAGES[stage], Answer(headers={"Docker-Content-Digest": said}), repeat=True)
    failed(attack(scripted_registry, *ONCE), 7)
    assert stage == "tag" or tag_of(scripted_registry) is None


def test_row_r1_no_digest_is_verified_by_reading(attack, scripted_registry):
    scripted_registry.on("", "/manifests/", Answer(headers={"Docker-Content-Digest": None}), repeat=True)
    assert attack(scripted_registry).status == 0
    assert [r.method for r in scripted_registry.requests()][-1] in ("HEAD", "GET")


def test_row_r2_head_claims_blobs_that_are_not_there(attack, large_layout, scripted_registry):
    """The manifest is refused; then everything is sent without asking, once."""
    scripted_registry.on("HEAD", "/blobs/", Answer(200, {"Content-Length": "7"}), repeat=True)
    done = attack(scripted_registry, layout=large_layout)
    assert done.status == 0, done.stderr
    assert len([r for r in scripted_registry.requests() if r.method == "PUT"
                and "/manifests/" in r.target]) <= 2


def test_row_r2_head_claims_and_nothing_helps(attack, large_layout, scripted_registry):
    scripted_registry.on("HEAD", "/blobs/", Answer(200), repeat=True)
    scripted_registry.behaviour.late_blobs = 10 ** 6
    failed(attack(scripted_registry, *ONCE, layout=large_layout), 7, "MANIFEST_BLOB_UNKNOWN")
    assert len([r for r in scripted_registry.requests() if r.method == "PUT"
                and "/manifests/" in r.target]) == 2
    assert tag_of(scripted_registry) is None


def test_row_r3_other_bytes_under_the_right_digest(attack, layout, scripted_registry):
    """The confirming read is hashed: its header counts for nothing."""
    scripted_registry.on(*TAG, Answer(201), repeat=True)
    scripted_registry.on("HEAD", "/manifests/", Answer(),
                         Answer(200, {"Content-Type": MANIFEST_TYPE}), repeat=True)
    digest = layout.entry("tiny")["digest"]
    scripted_registry.on("GET", "/manifests/", Answer(
        200, {"Content-Type": MANIFEST_TYPE, "Docker-Content-Digest": digest}, b"{}"), repeat=True)
    failed(attack(scripted_registry, *ONCE), 7)


# ---- R4, R5: where a request goes ----

@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("code", [301, 302, 303, 307, 308], ids=lambda code: f"row_r4_{code}")
def test_redirects_take_nothing_of_ours_away(code, stage, attack, scripted_registry, trap):
    scripted_registry.on(*STAGES[stage], Answer(code, {"Location": f"http://{trap.host}/v2/x?s=secret"}),
                         repeat=True)
    done = attack(scripted_registry, *ONCE, login=True)
    failed(done, 7, str(code))
    assert trap.writes() == [] and "secret" not in done.stderr
    assert tag_of(scripted_registry) is None


REDIRECTS = {
    "row_r4_file": "file:///etc/passwd", "row_r4_userinfo": "http://u:p@127.0.0.1:{port}/v2/x",
    "row_r4_relative": "elsewhere", "row_r4_scheme": "https://127.0.0.1:{port}/v2/x",
    "row_r4_loop": "", "row_r4_no_location": None, "row_r4_controls": "http://127.0.0.1:{port}/\x01",
}


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("location", **by(REDIRECTS))
def test_redirects_that_lead_nowhere(location, stage, attack, scripted_registry):
    headers = {} if location is None else {"Location": location.format(port=scripted_registry.port)}
    scripted_registry.on("", STAGES[stage][1], Answer(307, headers), repeat=True)
    failed(attack(scripted_registry, *ONCE, login=True), 7)
    assert len(scripted_registry.requests()) <= 12
    assert tag_of(scripted_registry) is None


LOCATIONS = {
    "row_r5_other_port": "http://127.0.0.1:{trap}/v2/u?x=y",
    "row_r5_other_host": "http://localhost:{port}/v2/u",
    "row_r5_other_address": "http://127.0.0.2:{port}/v2/u",
    "row_r5_hexadecimal": "http://0x7f.1:{trap}/v2/u",
    "row_r5_metadata": "http://169.254.169.254/latest",
    "row_r5_ipv6": "http://[::1]:{port}/v2/u",
    "row_r5_escaped_slash": "http://127.0.0.1:{port}%2F.evil.example/v2/u",
    "row_r5_userinfo": "http://127.0.0.1:{port}@127.0.0.1:{trap}/v2/u",
    "row_r5_backslash": "http://127.0.0.1:{trap}\\@127.0.0.1:{port}/v2/u",
    "row_r5_no_scheme": "//127.0.0.1:{trap}/v2/u",
    "row_r5_file": "file:///etc/passwd",
    "row_r5_blank": "http://127.0.0.1:{port} /v2/u",
}


@pytest.mark.parametrize("location", **by(LOCATIONS))
def test_an_upload_goes_nowhere_else(location, attack, scripted_registry, trap):
    location = location.format(trap=trap.port, port=scripted_registry.port)
    scripted_registry.behaviour.location = lambda path: location
    failed(attack(scripted_registry, *ONCE, login=True), 7)
    assert trap.connections == 0 and scripted_registry.blobs == {}


def test_row_r5_http_on_an_https_registry(attack, make_scripted_registry, certificates):
    """Stays on TLS; nothing is sent in the clear."""
    registry = make_scripted_registry(tls=True)
    registry.behaviour.location = lambda path: f"http://{registry.host}{path}"
    assert attack(registry, "--ca-file", certificates.ca).status == 0


# ---- R6 to R8: tokens ----

REALMS = {
    "row_r6_other_port_is_the_same_host": ("http://127.0.0.1:{trap}/token", True),
    "row_r6_other_host": ("http://localhost:{trap}/token", False),
    "row_r6_other_address": ("http://127.0.0.2:{trap}/token", False),
    "row_r6_hexadecimal_is_the_same_host": ("http://0x7f000001:{trap}/token", True),
    "row_r6_metadata": ("http://169.254.169.254/token", False),
    "row_r6_userinfo": ("http://u:p@127.0.0.1:{trap}/token", False),
    "row_r6_name_of_a_stranger": ("http://127.0.0.1.evil.invalid:{trap}/token", False),
    "row_r6_file": ("file:///etc/passwd", False),
    "row_r6_no_url": ("Sonatype Nexus", False),
    "row_r6_long": ("http://127.0.0.1:{trap}/" + "x" * 60_000, False),
    "row_r6_controls": ("http://127.0.0.1:{trap}/\x01\x02", False),
    "row_r6_blank": (" ", False),
}


@pytest.mark.parametrize(("realm", "allowed"), **by(REALMS))
def test_realms(realm, allowed, attack, make_scripted_registry):
    tokens = Tokens(users={USERNAME: PASSWORD})
    trap, registry = make_scripted_registry(tokens=tokens), make_scripted_registry(tokens=tokens)
    tokens.realm = realm.format(trap=trap.port)
    done = attack(registry, *ONCE, login=True)
    if allowed:
        assert done.status == 0, done.stderr
        return
    failed(done, (6, 7))
    assert trap.connections == 0 and registry.writes() == []


CHALLENGES = {
    "row_r6_unclosed_quote": 'Bearer realm="http://127.0.0.1:{port}/token',
    "row_r6_no_realm": "Bearer service=harbour", "row_r6_two_realms":
    'Bearer realm="http://127.0.0.1:1/a",realm="http://127.0.0.1:{port}/token"',
    "row_r6_only_commas": ",,,,,", "row_r6_unknown_scheme": "Negotiate",
    "row_r6_long": "Bearer realm=" + "x" * 50_000,
    "row_r6_many": ", ".join(["Digest a=b"] * 500),
}


@pytest.mark.parametrize("challenge", **by(CHALLENGES))
def test_challenges_that_cannot_be_met(challenge, attack, make_scripted_registry):
    registry = make_scripted_registry(tokens=Tokens(users={USERNAME: PASSWORD}))
    registry.behaviour.challenge = challenge.format(port=registry.port)
    registry.on("GET", "/v2/$", Answer(401, {"WWW-Authenticate": registry.behaviour.challenge}),
                repeat=True)
    failed(attack(registry, *ONCE, login=True), (6, 7))
    assert len(registry.requests()) <= 4 and registry.blobs == {}


REPLIES = {
    "row_r7_too_long": b'{"token":"' + b"x" * (MIB + 1) + b'"}',
    "row_r7_duplicate_members": b'{"token":"a","token":"b"}',
    "row_r7_line_break": b'{"token":"a\\r\\nX-Evil: 1"}',
    "row_r7_nul": b'{"token":"a\\u0000b"}',
    "row_r7_wrong_type": b'{"token":["a"]}',
    "row_r7_empty_token": b'{"token":""}',
    "row_r7_no_token": b'{"expires_in":300}',
    "row_r7_array": b"[]", "row_r7_not_json": b"<html>", "row_r7_nothing": b"",
    "row_r7_deep": b'{"a":' + b"[" * 10_000,
    "row_r7_two_tokens_differ": b'{"token":"a","access_token":"b"}',
}


@pytest.mark.parametrize("reply", **by(REPLIES))
def test_token_replies(reply, attack, make_scripted_registry):
    registry = make_scripted_registry(tokens=Tokens(users={USERNAME: PASSWORD}))
    registry.on("", "^/token", Answer(200, {"Content-Type": "application/json"}, reply), repeat=True)
    failed(attack(registry, *ONCE, login=True), (6, 7))
    assert registry.writes() == []
    assert not any("x-evil" in request.headers for request in registry.requests())


@pytest.mark.parametrize("life", [-1, 0, 1, 2 ** 63, 1e400, "300", None, 0.5],
                         ids=["row_r7_negative", "row_r7_zero", "row_r7_one", "row_r7_huge",
                              "row_r7_infinite", "row_r7_text", "row_r7_absent", "row_r7_fraction"])
def test_how_long_tokens_last(life, attack, make_scripted_registry):
    """Any number passes, or fails the token; none is waited for."""
    tokens = Tokens(users={USERNAME: PASSWORD}, expires_in=life, lifetime=300)
    registry = make_scripted_registry(tokens=tokens)
    done = attack(registry, *ONCE, login=True)
    assert done.status in (0, 6), done.stderr
    assert done.status == 0 or life not in (0, 1, None)
    assert len([r for r in registry.requests() if r.path == "/token"]) <= 2


@pytest.mark.parametrize("how", ["row_r8_for_ever", "row_r8_after_success", "row_r8_forbidden",
                                 "row_r8_narrow", "row_r8_basic_for_ever"])
def test_401_without_end(how, attack, make_scripted_registry):
    tokens = Tokens(users={USERNAME: PASSWORD}, narrow=how == "row_r8_narrow")
    registry = make_scripted_registry(tokens=tokens)
    challenge = tokens.challenge(f"http://{registry.host}/token", f"repository:{REPOSITORY}:pull,push")
    answer = Answer(401, {"WWW-Authenticate": challenge})
    if how == "row_r8_for_ever":
        registry.on("", ANYWHERE, answer, repeat=True)
    elif how == "row_r8_after_success":
        registry.on(*BLOB, Answer(), answer, repeat=True)
    elif how == "row_r8_forbidden":
        registry.on(*POST, Answer(403), repeat=True)
    elif how == "row_r8_basic_for_ever":
        registry.on("", ANYWHERE, Answer(401, {"WWW-Authenticate": 'Basic realm="x"'}), repeat=True)
    failed(attack(registry, "--retries", "1", login=True), 6)
    for target in {(r.method, r.target) for r in registry.requests() if r.path != "/token"}:
        assert len([r for r in registry.requests() if (r.method, r.target) == target]) <= 4
    assert tag_of(registry) is None


def test_row_r8_a_password_does_not_leave_in_the_clear(programs, keys, layout):
    """Basic asked on http, by what is not this machine."""
    done = programs.pusher.run(
        "push", layout, "oci://registry.invalid/charts", "--trust", keys.trust, "--plain-http",
        "--username", USERNAME, "--password-stdin", stdin=PASSWORD.encode(), status=None)
    failed(done, 2)
    assert PASSWORD not in done.stderr


# ---- R17, R18: how far an upload is ----

RANGES = {
    "row_r17_more_than_sent": "0-99999999", "row_r17_less": "0-9", "row_r17_backwards": "9-0",
    "row_r17_nothing": "0--1", "row_r17_too_large": "0-18446744073709551616",
    "row_r17_absent": None, "row_r17_text": "banana", "row_r17_with_unit": "bytes=0-1048575",
}


@pytest.mark.parametrize("said", **by(RANGES))
def test_ranges_in_pieces(said, attack, large_layout, scripted_registry):
    """Whatever is said in the middle, what arrives in the end is right, or nothing does."""
    scripted_registry.on("PATCH", "uploads", Answer(headers={"Range": said}), repeat=True)
    done = attack(scripted_registry, "--chunk-size", str(MIB), "--retries", "1", layout=large_layout)
    assert done.status in (0, 5, 7), done.stderr
    assert done.status == 0 or tag_of(scripted_registry) is None
    if said in (None, "bytes=0-1048575", "0--1"):
        assert done.status == 0, done.stderr


@pytest.mark.parametrize("said", **by(RANGES))
def test_ranges_after_a_broken_piece(said, attack, large_layout, scripted_registry):
    scripted_registry.on("PATCH", "uploads", Answer(), Answer(read=300_000, reset=True))
    scripted_registry.on("GET", "uploads", Answer(headers={"Range": said}), repeat=True)
    done = attack(scripted_registry, "--chunk-size", str(MIB), layout=large_layout)
    assert done.status == 0, done.stderr


BEGINNINGS = {
    "row_r18_202_without_location": [("POST", Answer(headers={"Location": None}))],
    "row_r18_201_to_post": [("POST", Answer(201, {"Docker-Content-Digest": OTHER}))],
    "row_r18_201_with_location": [("POST", Answer(201, {"Location": "/v2/charts/tiny/blobs/x"}))],
    "row_r18_200_to_post": [("POST", Answer(200))],
    "row_r18_404_in_the_middle": [("PUT", Answer(404))],
    "row_r18_416_in_the_middle": [("PUT", Answer(416))],
}


@pytest.mark.parametrize("answers", **by(BEGINNINGS))
def test_uploads_that_begin_wrongly(answers, attack, scripted_registry):
    for method, answer in answers:
        scripted_registry.on(method, "uploads", answer, repeat=True)
    failed(attack(scripted_registry, "--retries", "1"), (5, 7))
    assert tag_of(scripted_registry) is None and len(scripted_registry.requests()) < 40


def test_row_r18_mounted_and_not_there(attack, layout, scripted_registry):
    """201 to a mount that never happened: the manifest is refused, then all is sent."""
    for blob in [layout.manifest("tiny")["config"], *layout.manifest("tiny")["layers"]]:
        scripted_registry.on("POST", f"mount={blob['digest'].replace(':', '(:|%3A)')}", Answer(
            201, {"Location": "/v2/x", "Docker-Content-Digest": blob["digest"]}), repeat=True)
    assert attack(scripted_registry).status == 0


def test_row_r18_404_and_416_once(attack, scripted_registry):
    scripted_registry.on("PUT", "uploads", Answer(404), Answer(416))
    assert attack(scripted_registry).status == 0


# ---- R19: what is shown ----

BODIES = {
    "row_r19_controls": '{"errors":[{"code":"\x1b[31mBAD","message":"\\r\\npusher: ok \\u202e\\u009b"}]}',
    "row_r19_long": '{"errors":[{"code":"BAD","message":"%s"}]}' % ("x" * MIB),
    "row_r19_deep": "[" * 100_000, "row_r19_html": "<html>\x1b[2J",
    "row_r19_many": '{"errors":[%s{}]}' % ('{"code":"BAD","message":"m"},' * 1000),
}


@pytest.mark.parametrize("stage", ["post", "blob", "tag"])
@pytest.mark.parametrize("body", **by(BODIES))
def test_words_of_a_registry(body, stage, attack, scripted_registry):
    scripted_registry.on(*STAGES[stage], Answer(400, {"Content-Type": "application/json"},
                                                body.encode()), repeat=True)
    done = attack(scripted_registry, *ONCE)
    failed(done, 7)
    assert len(done.stderr) < 3000 and not re.search(r"^pusher: ok", done.stderr, re.M)


@pytest.mark.parametrize("warning", ['299 - "\x1b[31mread \u202e me"', "299 - " + "x" * 5000,
                                     '299 - "a", 299 - "a", 299 - "a"'],
                         ids=["row_r19_controls", "row_r19_long", "row_r19_again"])
def test_warnings_of_a_registry(warning, attack, scripted_registry):
    warning = warning.encode().decode("latin-1")
    scripted_registry.on("", "", Answer(headers={"Warning": warning}), repeat=True)
    done = attack(scripted_registry)
    assert done.status == 0 and len(done.stderr) < 6000
    assert len(re.findall(r"\ba\b", done.stderr)) <= 1 or "again" not in done.stderr


# ---- R22 to R24: what a registry holds ----

def index_of(*manifests):
    return json.dumps({"schemaVersion": 2, "mediaType": INDEX_TYPES[0],
                       "manifests": list(manifests)}).encode()


def test_row_r23_the_tag_holds_something_else(attack, layout, scripted_registry):
    other = scripted_registry.put(REPOSITORY, "0.1.0", b'{"schemaVersion":2}', MANIFEST_TYPE)
    failed(attack(scripted_registry), 7, "--on-existing")
    assert scripted_registry.writes() == [] and tag_of(scripted_registry) == other
    assert attack(scripted_registry, "--on-existing", "overwrite").status == 0


def test_row_r23_the_tag_moves_while_we_push(attack, layout, scripted_registry):
    """Somebody else was faster: not overwritten unless asked, or at least never called ours."""
    other = json.dumps({"schemaVersion": 2, "mediaType": MANIFEST_TYPE}).encode()

    def move():
        scripted_registry.put(REPOSITORY, "0.1.0", other, MANIFEST_TYPE)

    scripted_registry.on(*BLOB, Answer(midway=(1, move)))
    scripted_registry.behaviour.immutable = (409, "TAG_INVALID")
    failed(attack(scripted_registry), 7, "409")
    assert tag_of(scripted_registry) != layout.entry("tiny")["digest"]


@pytest.mark.parametrize(("status", "code"), [
    (409, "DENIED"), (412, "PRECONDITION"), (400, "TAG_INVALID"), (403, "DENIED"),
], ids=["row_r23_409", "row_r23_412", "row_r23_400", "row_r23_403"])
def test_immutable_tags(status, code, attack, scripted_registry):
    other = scripted_registry.put(REPOSITORY, "0.1.0", b'{"schemaVersion":2}', MANIFEST_TYPE)
    scripted_registry.behaviour.immutable = (status, code)
    failed(attack(scripted_registry, "--on-existing", "overwrite"), 6 if status == 403 else 7, code)
    assert tag_of(scripted_registry) == other


@pytest.mark.parametrize("digests", [True, False], ids=["row_r24_with_digests", "row_r24_without"])
def test_a_registry_that_forgets(digests, attack, scripted_registry):
    scripted_registry.behaviour.forgets = True
    if not digests:
        scripted_registry.on("PUT", "", Answer(headers={"Docker-Content-Digest": None}), repeat=True)
        failed(attack(scripted_registry, *ONCE), 7)
        return
    # It says with each 201 that it has our digest: as much as any registry can prove of a tag.
    done = attack.programs.pusher.run(
        "push", attack.layout, scripted_registry.oci("charts"), "--trust", attack.keys.trust,
        "--plain-http", *ONCE, status=None)
    assert done.status in (0, 7)
