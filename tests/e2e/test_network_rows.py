"""What may happen to the bytes on their way: rows R9 to R16, R20, R21, R25 to R27 and F14."""

import gzip
import os
import random
import re
import ssl
import subprocess
import threading
import time

import pytest
from pushing import (BLOB, HEAD, MANIFEST_TYPE, MIB, PASSWORD, POST, STAGES, TAG,  # noqa: F401
                     USERNAME, attack, by, failed, large_layout, layout, medium_layout, tag_of,
                     trap)
from helpers import missing
from scripted_registry import Answer
from scripted_tokens import Tokens
from traced import ENVIRONMENT
from wires import Cutter, RawServer, side_by_side

ONCE = ("--retries", "0")
SOON = ("--deadline", "2s")
OK = b"HTTP/1.1 200 OK\r\n"


@pytest.fixture
def raw_server():
    """raw_server(head, piece=b""): see RawServer; closed after the test."""
    made = []

    def raw_server(*arguments, **options):
        made.append(RawServer(*arguments, **options))
        return made[-1]

    yield raw_server
    for server in made:
        server.close()


# ---- R9: who is shown what ----

@pytest.fixture
def client_pair(certificates, tmp_path):
    """[--cert-file F --key-file F], signed by the CA of the tests."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=client",
                    "-CA", certificates.ca, "-CAkey", certificates.ca.parent / "ca.key",
                    "-keyout", tmp_path / "client.key", "-out", tmp_path / "client.pem"],
                   check=True, capture_output=True)
    return ["--cert-file", tmp_path / "client.pem", "--key-file", tmp_path / "client.key"]


def asking(certificates, required):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.certificate, certificates.key)
    context.load_verify_locations(certificates.ca)
    context.verify_mode = ssl.CERT_REQUIRED if required else ssl.CERT_OPTIONAL
    return context


def test_row_r9_a_client_certificate_is_for_the_registry_alone(attack, make_scripted_registry,
                                                               certificates, client_pair):
    tokens = Tokens(users={USERNAME: PASSWORD})
    registry = make_scripted_registry(tls=asking(certificates, True), tokens=tokens)
    elsewhere = make_scripted_registry(tls=asking(certificates, False), tokens=tokens)
    tokens.realm = f"https://{elsewhere.host}/token"
    done = attack(registry, "--ca-file", certificates.ca, *client_pair, login=True)
    assert done.status == 0, done.stderr
    assert registry.client_certificates == registry.connections > 0
    assert elsewhere.connections > 0 and elsewhere.client_certificates == 0


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3],
                         ids=["row_r9_tls_1_2", "row_r9_tls_1_3"])
def test_a_client_certificate_is_missing(version, attack, make_scripted_registry, certificates):
    """With TLS 1.3 that is said after the handshake; either way once, with what to do."""
    context = asking(certificates, True)
    context.maximum_version = version
    registry = make_scripted_registry(tls=context)
    done = attack(registry, "--ca-file", certificates.ca)
    failed(done, 5, "client certificate", "--cert-file")
    assert done.seconds < 5 and registry.requests() == []


def test_row_r9_a_client_certificate_of_a_stranger(attack, make_scripted_registry, certificates,
                                                   client_pair):
    context = asking(certificates, True)
    strangers = ["--cert-file", certificates.other_ca, "--key-file",
                 certificates.other_ca.parent / "other.key"]
    registry = make_scripted_registry(tls=context)
    failed(attack(registry, "--ca-file", certificates.ca, *strangers), 5,
           "does not take the client certificate")


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated")
def test_row_r20_only_an_old_tls(attack, make_scripted_registry, certificates):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.load_cert_chain(certificates.certificate, certificates.key)
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    done = attack(make_scripted_registry(tls=context), "--ca-file", certificates.ca)
    failed(done, 5, "TLS 1.2 or newer")
    assert "--plain-http" not in done.stderr


def test_row_r11_an_answer_that_is_compressed(attack, scripted_registry):
    """Nobody asked for it; a digest of it would be of something else."""
    scripted_registry.on("HEAD", "/manifests/", Answer(200, {"Content-Type": MANIFEST_TYPE}))
    scripted_registry.on("GET", "/manifests/", Answer(200, {
        "Content-Type": MANIFEST_TYPE, "Content-Encoding": "gzip"}, gzip.compress(b"{}")))
    failed(attack(scripted_registry, *ONCE), 7, "compressed", "gzip")


REFUSED_TUNNELS = {
    "row_r9_401": (401, "", 6, "has to allow this host and port"),
    "row_r9_403": (403, "", 6, "no_proxy to name the host"),
    "row_r9_407": (407, "", 6, "write its address as http://USER:PASSWORD@{host}"),
    "row_r9_407_again": (407, f"hafen:{PASSWORD}@", 6, "does not take the user name"),
    "row_r9_503": (503, "", 5, "{host} does not reach the registry"),
}


@pytest.mark.parametrize(("status", "user", "code", "word"), **by(REFUSED_TUNNELS))
def test_a_proxy_that_refuses(status, user, code, word, attack, make_scripted_registry, raw_server,
                              certificates):
    """At once, saying what to do, and nothing of the registry's password has left for it."""
    registry = make_scripted_registry(tls=True)
    proxy = raw_server(f"HTTP/1.1 {status} No\r\nWWW-Authenticate: Basic realm=x\r\n"
                       "Proxy-Authenticate: Basic realm=x\r\nContent-Length: 0\r\n\r\n".encode())
    done = attack(registry, "--ca-file", certificates.ca, *(ONCE if code == 5 else ()), login=True,
                  env={"https_proxy": f"http://{user}{proxy.host}"})
    failed(done, code, word.format(host=proxy.host))
    assert done.seconds < 5
    said = b"".join(proxy.received).lower()
    assert said.startswith(b"connect ") and b"\r\nauthorization" not in said
    assert (b"proxy-authorization" in said) == bool(user)
    assert registry.connections == 0


def test_row_r9_a_proxy_that_is_not_there_is_named(attack, scripted_registry):
    done = attack(scripted_registry, *ONCE,
                  env={"http_proxy": f"http://hafen:{PASSWORD}@127.0.0.1:1/"})
    failed(done, 5, "the proxy is 127.0.0.1:1\n")


def test_row_r9_a_proxy_of_plain_requests_wants_a_password(attack, scripted_registry, raw_server):
    proxy = raw_server(b"HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm=x\r\n"
                       b"Connection: close\r\nContent-Length: 0\r\n\r\n")
    failed(attack(scripted_registry, *ONCE, login=True, env={"http_proxy": f"http://{proxy.host}"}),
           6, "the proxy wants a user name")
    assert b"\r\nauthorization" not in b"".join(proxy.received).lower()


# ---- R10, R11, R13: what is hardly HTTP ----

HARDLY_HTTP = {
    "row_r10_nothing": (b"", b""),
    "row_r10_cut_status": (b"HTTP/1.1 200", b""),
    "row_r10_ssh": (b"SSH-2.0-OpenSSH_9.2\r\n", b""),
    "row_r10_http_0_9": (b"<html>no status line</html>", b""),
    "row_r10_no_number": (b"HTTP/1.1 banana\r\n\r\n", b""),
    "row_r10_http_3_7": (b"HTTP/3.7 200 OK\r\n\r\n", b""),
    "row_r10_long_header": (OK + b"X-Header: ", b"x" * 65536),
    "row_r10_many_headers": (OK, b"X-Header: x\r\n" * 1000),
    "row_r10_100_for_ever": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "row_r10_103_for_ever": (b"", b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"),
    "row_r10_nul": (OK + b"X: a\0b\r\n\r\n", b""),
    "row_r13_negative_length": (OK + b"Content-Length: -5\r\n\r\n", b""),
    "row_r13_length_is_text": (OK + b"Content-Length: banana\r\n\r\n", b""),
    "row_r13_length_too_large": (OK + b"Content-Length: 18446744073709551616\r\n\r\n", b""),
}


def test_row_r10_one_header_many_times(attack, scripted_registry):
    """Below the limit on bytes, and each of them is looked for among all."""
    scripted_registry.on(*HEAD, Answer(raw=OK + b"Warning: 1\r\n" * 20000 + b"\r\n"))
    done = attack(scripted_registry, *ONCE)
    failed(done, 7)
    assert done.seconds < 5


@pytest.mark.parametrize(("head", "piece"), **by(HARDLY_HTTP))
def test_what_is_hardly_http(head, piece, attack, raw_server):
    server = raw_server(head, piece)
    done = attack(server, *ONCE, *SOON)
    failed(done, (5, 7))
    assert server.sent < 64 * MIB and done.seconds < 8


def framed(frame):
    """A manifest's GET whose reply is framed like this; the body fits nothing."""
    return OK + b"Content-Type: application/vnd.oci.image.manifest.v1+json\r\n" + frame


FRAMES = {
    "row_r11_endless": (b"\r\n", b"x" * 65536),
    "row_r11_endless_with_length": (b"Content-Length: 1000000000000\r\n\r\n", b"x" * 65536),
    "row_r11_endless_chunks": (b"Transfer-Encoding: chunked\r\n\r\n", b"10000\r\n" + b"x" * 65536
                               + b"\r\n"),
    "row_r11_compressed": (b"Content-Encoding: gzip\r\nContent-Length: 20\r\n\r\n"
                           b"\x1f\x8b\x08\0\0\0\0\0\0\3\3\0\0\0\0\0\0\0\0\0", b""),
    "row_r13_too_long": (b"Content-Length: 100\r\n\r\nshort", b""),
    "row_r13_too_short": (b"Content-Length: 3\r\n\r\nlonger", b""),
    "row_r13_two_lengths": (b"Content-Length: 3\r\nContent-Length: 6\r\n\r\nlonger", b""),
    "row_r13_length_and_chunks": (b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"
                                  b"3\r\nabc\r\n0\r\n\r\n", b""),
    "row_r13_bad_chunk": (b"Transfer-Encoding: chunked\r\n\r\nzz\r\nabc", b""),
}


@pytest.mark.parametrize(("frame", "piece"), **by(FRAMES))
@pytest.mark.parametrize("stage", ["read", "refusal"])
def test_how_an_answer_ends(stage, frame, piece, attack, scripted_registry):
    """The confirming read of the tag, and the reasons of a refusal: bounded, and then judged."""
    drip = (piece, 0) if piece else None
    if stage == "read":
        scripted_registry.on("PUT", "/manifests/", Answer(headers={"Docker-Content-Digest": None}))
        scripted_registry.on("HEAD", "/manifests/", Answer(),
                             Answer(headers={"Docker-Content-Digest": None}))
        scripted_registry.on("GET", "/manifests/", Answer(raw=framed(frame), drip=drip), repeat=True)
    else:
        scripted_registry.on(*POST, Answer(raw=b"HTTP/1.1 400 Bad\r\n" + frame, drip=drip), repeat=True)
    done = attack(scripted_registry, *ONCE, "--deadline", "3s")
    failed(done, (5, 7))
    assert done.seconds < 10


# ---- R12, R14: slow, and cut ----

SLOW = {
    "row_r12_headers": Answer(raw=OK + b"X: ", drip=(b"x", 0.05)),
    "row_r12_body": Answer(raw=b"HTTP/1.1 500 No\r\nContent-Length: 100000\r\n\r\n", drip=(b"x", 0.05)),
    "row_r12_nothing": Answer(delay=20.0),
}


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("answer", **by(SLOW))
def test_slow_answers(answer, stage, attack, scripted_registry):
    scripted_registry.on(*STAGES[stage], answer, repeat=True)
    done = attack(scripted_registry, "--deadline", "1s")
    failed(done, (5, 7) if stage == "head" else 5)  # a body after a HEAD is no HTTP
    assert done.seconds < 6


# And the number of seconds after which it is given up: headers do not keep a request from being idle.
DRIPPING = {
    "row_r12_body": (Answer(raw=b"HTTP/1.1 201 OK\r\nContent-Length: 4000000\r\n\r\n",
                            drip=(b"x" * 3000, 0.01)), 300),
    "row_r12_headers": (Answer(raw=b"HTTP/1.1 201 OK\r\nX: ", drip=(b"x" * 700 + b"\r\nX: ", 0.02)), 60),
}


@pytest.mark.slow  # left out with sanitizers: theirs must be the first library
@pytest.mark.parametrize("stage", ["blob", "tag"])
@pytest.mark.parametrize(("answer", "seconds"), **by(DRIPPING))
def test_an_answer_that_is_never_idle(answer, seconds, stage, attack, scripted_registry,
                                      large_layout, programs):
    """Fast enough not to count as idle, and without an end, by a clock that is 25 times as fast."""
    library = programs.pusher.path.parent.parent / "tests" / "e2e" / "clock_jump.so"
    scripted_registry.on(*STAGES[stage], answer, repeat=True)
    done = attack(scripted_registry, *ONCE, layout=large_layout, timeout=60,
                  env={"LD_PRELOAD": library, "CLOCK_TIMES": "25"})
    failed(done, 5, seconds)
    assert done.seconds < 40


def test_row_r12_a_handshake_that_hangs(attack, raw_server, certificates):
    done = attack(raw_server(b""), "--ca-file", certificates.ca, "--deadline", "1s")
    failed(done, 5)
    assert done.seconds < 6


def test_row_r12_an_upload_that_stalls(attack, large_layout, make_scripted_registry):
    registry = make_scripted_registry(receive_bytes=4096)
    registry.on(*BLOB, Answer(midway=(1, lambda: time.sleep(10))), repeat=True)
    done = attack(registry, "--deadline", "1s", layout=large_layout)
    failed(done, 5)
    assert done.seconds < 6 and tag_of(registry) is None


@pytest.mark.parametrize("stage", STAGES)
def test_row_r14_tls_that_ends_without_a_word(stage, attack, make_scripted_registry, certificates):
    """No close_notify, in an answer whose end nothing else tells."""
    registry = make_scripted_registry(tls=True)
    registry.on(*STAGES[stage], Answer(raw=b"HTTP/1.1 503 Oh\r\n\r\ntext"))
    assert attack(registry, "--ca-file", certificates.ca).status == 0


STRIDE = int(os.environ.get("SALLYPORT_STRIDE", "17"))


@pytest.mark.slow
@pytest.mark.parametrize("where", ["client", "server"],
                         ids=["row_r14_every_byte_of_the_answers", "row_r25_every_byte_of_the_requests"])
def test_cut_at_a_byte(where, programs, keys, layout, make_scripted_registry, tmp_path):
    """The push ends well by itself: every blob is there, and what was sent twice harmed nothing."""
    def push(number):
        registry = make_scripted_registry()
        cutter = Cutter(registry.port, **{f"to_{where}": number})
        try:
            done = programs.pusher.run(
                "push", layout, f"oci://{cutter.host}/charts", "--trust", keys.trust, "--plain-http",
                "--quiet", status=None)
        finally:
            cutter.close()
        assert done.status == 0, done.stderr
        assert tag_of(registry) == layout.entry("tiny")["digest"]
        assert len(registry.blobs) == 2 and registry.faults == []
        registry.close()
        return cutter.passed[where]

    total = push(10 ** 9)
    assert total > 1000
    side_by_side(push, range(1, total, STRIDE))


# ---- R15, R16: asked to wait ----

@pytest.mark.parametrize("code", [500, 502, 503, 504, 429, 408], ids=lambda code: f"row_r15_{code}")
@pytest.mark.parametrize("stage", STAGES)
def test_storms(code, stage, attack, scripted_registry):
    scripted_registry.on(*STAGES[stage], Answer(code), repeat=True)
    done = attack(scripted_registry, "--retries", "1")
    failed(done, 5, str(code))
    method, pattern = STAGES[stage]
    asked = [r for r in scripted_registry.requests()
             if r.method == method and re.search(pattern, r.target)]
    assert 2 <= len(asked) <= 4 and done.seconds > 0.2
    assert tag_of(scripted_registry) is None


def test_row_r15_every_third_request_fails(attack, scripted_registry):
    chance = random.Random(15)
    scripted_registry.on("", "/v2/", *(Answer(chance.choice([500, None, None])) for _ in range(12)))
    assert attack(scripted_registry, "--retries", "9").status == 0
    assert scripted_registry.faults == []


RETRY_AFTER = {
    "row_r16_too_long": ("1000000000", False), "row_r16_negative": ("-1", True),
    "row_r16_past": ("Thu, 01 Jan 1970 00:00:00 GMT", True), "row_r16_text": ("soon", True),
    "row_r16_huge": ("9" * 40, False), "row_r16_zero": ("0", True), "row_r16_empty": ("", True),
    "row_r16_future": ("Fri, 01 Jan 2100 00:00:00 GMT", False),
}


@pytest.mark.parametrize(("said", "goes_on"), **by(RETRY_AFTER))
def test_retry_after(said, goes_on, attack, scripted_registry):
    scripted_registry.on(*POST, Answer(429, {"Retry-After": said}))
    done = attack(scripted_registry, "--deadline", "20s")
    assert done.seconds < 8, "what is longer than the deadline is not waited for"
    if goes_on:
        assert done.status == 0, done.stderr
    else:
        failed(done, 5, "429")


def test_row_r16_is_obeyed(attack, scripted_registry):
    scripted_registry.on(*POST, Answer(429, {"Retry-After": "2"}))
    done = attack(scripted_registry)
    assert done.status == 0 and done.seconds >= 2


# ---- R20, R21: to whom we speak ----

def context(certificates, **changes):
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.set_ciphers("DEFAULT:@SECLEVEL=0")
    made.load_cert_chain(changes.get("certificate", certificates.certificate),
                         changes.get("key", certificates.key))
    if "maximum" in changes:
        made.minimum_version, made.maximum_version = ssl.TLSVersion.TLSv1, changes["maximum"]
    return made


def pair(directory, certificates, name, *options, signed=True):
    signer = ["-CA", certificates.ca, "-CAkey", certificates.ca.parent / "ca.key"] if signed else []
    subprocess.run(["openssl", "req", "-x509", *options, "-nodes", "-days", "2", "-subj", f"/CN={name}",
                    *signer, "-keyout", directory / f"{name}.key", "-out", directory / f"{name}.pem"],
                   check=True, capture_output=True)
    return {"certificate": directory / f"{name}.pem", "key": directory / f"{name}.key"}


EC = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
HERE = ["-addext", "subjectAltName=IP:127.0.0.1"]


@pytest.mark.parametrize("case", ["row_r20_other_host", "row_r20_no_name", "row_r20_self_signed",
                                  "row_r20_weak_key", "row_r20_tls_1_1", "row_r20_tls_1_0"])
def test_certificates_that_do_not_do(case, attack, make_scripted_registry, certificates, tmp_path):
    changes = {
        "row_r20_other_host": lambda: pair(tmp_path, certificates, "other", *EC, "-addext",
                                           "subjectAltName=DNS:other.example"),
        "row_r20_no_name": lambda: pair(tmp_path, certificates, "127.0.0.1.evil", *EC),
        "row_r20_self_signed": lambda: pair(tmp_path, certificates, "self", *EC, *HERE, signed=False),
        "row_r20_weak_key": lambda: pair(tmp_path, certificates, "weak", "-newkey", "rsa:1024", *HERE),
        "row_r20_tls_1_1": lambda: {"maximum": ssl.TLSVersion.TLSv1_1},
        "row_r20_tls_1_0": lambda: {"maximum": ssl.TLSVersion.TLSv1},
    }[case]()
    with pytest.warns(DeprecationWarning) if "maximum" in changes else _nothing():
        registry = make_scripted_registry(tls=context(certificates, **changes))
    done = attack(registry, "--ca-file", certificates.ca, *ONCE, login=True)
    failed(done, 5)
    assert registry.requests() == []


class _nothing:
    def __enter__(self):
        return self

    def __exit__(self, *_):
        return False


def jumping(programs, file, seconds):
    """The environment in which the clock jumps once the file is there."""
    library = programs.pusher.path.parent.parent / "tests" / "e2e" / "clock_jump.so"
    return {"LD_PRELOAD": library, "CLOCK_JUMP_FILE": file, "CLOCK_JUMP_SECONDS": seconds}


TEN_YEARS = 10 * 365 * 86400


@pytest.mark.slow  # not with a sanitizer, which wants to be the first library
def test_row_r20_expired(attack, make_scripted_registry, certificates, programs, tmp_path):
    (tmp_path / "jump").touch()
    registry = make_scripted_registry(tls=True)
    done = attack(registry, "--ca-file", certificates.ca, *ONCE,
                  env=jumping(programs, tmp_path / "jump", TEN_YEARS))
    failed(done, 5, "expired")
    assert registry.requests() == []


@pytest.mark.parametrize("realm", ["row_r21_loopback", "row_r21_localhost", "row_r21_link_local"])
def test_what_a_server_names_is_not_reached_here(realm, attack, make_scripted_registry):
    """A registry elsewhere names what only this machine can reach."""
    found = subprocess.run(["hostname", "-I"], capture_output=True, text=True, check=False)
    address = next((a for a in found.stdout.split() if re.fullmatch(r"[0-9.]+", a)), None) \
        or missing("an address of this machine that is not the loopback")
    tokens = Tokens()
    trap = make_scripted_registry(tokens=tokens)
    registry = make_scripted_registry(tokens=tokens, address=address)
    host = {"row_r21_loopback": "127.0.0.1", "row_r21_localhost": "localhost",
            "row_r21_link_local": "169.254.169.254"}[realm]
    tokens.realm = f"http://{host}:{trap.port}/token"
    failed(attack(registry, *ONCE), (6, 7))
    assert trap.connections == 0


# ---- R26, R27: HTTP/2, and hints ----

@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("how", ["goaway", "reset", "refused"], ids=lambda how: f"row_r26_{how}")
def test_http_2_breaks(how, stage, attack, make_scripted_registry, certificates):
    registry = make_scripted_registry(tls=True, http2=True)
    registry.on(*STAGES[stage], Answer(http2=how))
    done = attack(registry, "--ca-file", certificates.ca)
    assert done.status == 0, done.stderr
    assert {r.version for r in registry.requests()} >= {"2"}


@pytest.mark.parametrize("window", ["closed", "stuck"])
def test_row_r26_a_window_that_stays_closed(window, attack, make_scripted_registry, certificates,
                                            medium_layout, tmp_path):
    registry = make_scripted_registry(tls=True, http2=window)
    log = tmp_path / "polls"
    done = attack(registry, "--ca-file", certificates.ca, "--deadline", "2s", layout=medium_layout,
                  env=ENVIRONMENT, wrapper=["strace", "-f", "-qq", "-o", log, "-e", "trace=poll"])
    assert done.status in (0, 5), done.stderr  # HTTP/1.1 after a while is as good
    assert done.seconds < 8
    # Who waits does not ask all the time.
    assert len(log.read_text().splitlines()) < 15000


def test_row_r26_100_continue_is_not_waited_for(attack, large_layout, scripted_registry):
    assert attack(scripted_registry, layout=large_layout).status == 0
    assert not any("expect" in request.headers for request in scripted_registry.requests())


def test_row_r27_cookies_and_hints_are_not_kept(attack, scripted_registry, trap):
    scripted_registry.on("", "", Answer(headers={
        "Set-Cookie": "trap=1", "Alt-Svc": f'h2="{trap.host}"', "Refresh": f"0; url=http://{trap.host}",
        "Strict-Transport-Security": "max-age=1"}), repeat=True)
    assert attack(scripted_registry).status == 0
    assert not any("cookie" in request.headers for request in scripted_registry.requests())
    assert trap.connections == 0
    assert attack(scripted_registry).status == 0


# ---- F14: the clock jumps ----

@pytest.mark.slow  # left out with sanitizers: theirs must be the first library
def test_row_f14_stopped_between_two_looks_at_the_clock(attack, scripted_registry, programs):
    """So that a wait is over before it begins."""
    library = programs.pusher.path.parent.parent / "tests" / "e2e" / "clock_jump.so"
    scripted_registry.on(*POST, Answer(cut=-1))
    done = attack(scripted_registry, env={"LD_PRELOAD": library, "CLOCK_STEP_MS": "70"})
    assert done.status == 0, done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [-3600, TEN_YEARS], ids=["row_f14_back", "row_f14_forward"])
@pytest.mark.parametrize("stage", STAGES)
def test_the_clock_jumps(stage, seconds, attack, make_scripted_registry, programs, tmp_path):
    """Neither deadlines nor tokens are judged by it, nor is anything waited for."""
    registry = make_scripted_registry(tokens=Tokens(users={USERNAME: PASSWORD}))
    usual, jumped = registry.answer, threading.Event()

    def answer(request):
        method, pattern = STAGES[stage]
        if request.method == method and re.search(pattern, request.target):
            (tmp_path / "jump").touch()
            jumped.set()
        return usual(request)

    registry.answer = answer
    registry.on(*POST, Answer(503))
    done = attack(registry, "--deadline", "20s", login=True,
                  env=jumping(programs, tmp_path / "jump", seconds))
    assert done.status == 0, done.stderr
    assert jumped.is_set() and done.seconds < 10
