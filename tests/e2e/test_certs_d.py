"""Certificates where docker and podman keep them: CERTS.D/HOST:PORT/*.crt, NAME.cert and NAME.key."""

import ssl
import subprocess

import pytest
from authorities import fill, issue
from demands import clean, refused
from helpers import bound_by_modes
from pushing import PASSWORD, USERNAME, failed, layout  # noqa: F401
from real_registry import PASSWORD as REAL_PASSWORD, USERNAME as REAL_USERNAME
from scripted_tokens import Tokens

PODMAN, DOCKER = ".config/containers/certs.d", ".config/docker/certs.d"


@pytest.fixture
def home(tmp_path):
    """The HOME of the pushes."""
    path = tmp_path / "certs-home"
    path.mkdir()
    return path


@pytest.fixture
def push(programs, keys, layout, home):
    """push(registry, *options): the Result of a push over TLS, with no option that says so."""
    def push(registry, *options, login=False, env=None, **how):
        login_options = ["--username", USERNAME, "--password-stdin"] if login else []
        done = programs.pusher.run(
            "push", layout, f"oci://{registry.host}/charts", "--trust", keys.trust, *login_options,
            *options, env={"HOME": home, **(env or {})},
            stdin=PASSWORD.encode() if login else b"", **how)
        clean(done.stdout + done.stderr)
        return done
    return push


@pytest.fixture
def client(certificates, tmp_path):
    """(certificate, key), signed by the CA of the tests."""
    return issue(tmp_path, "client", certificates.ca)


def asking(certificate, key, ca, required=True):
    """A server's context that asks for client certificates."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    context.load_verify_locations(ca)
    context.verify_mode = ssl.CERT_REQUIRED if required else ssl.CERT_OPTIONAL
    return context


@pytest.mark.parametrize("version", [2, 3])
def test_a_real_registry_that_asks_for_a_certificate(version, push, make_registry, home, client,
                                                     certificates):
    registry = make_registry(tls=True, asks=True, version=version)
    place = home / PODMAN / registry.host
    refused(push(registry, status=5), 5, "--ca-file or --cert-dir")
    fill(place, ca=certificates.ca)
    failed(push(registry, "--retries", "0", status=5), 5, registry.host)
    fill(place, client=client)
    done = push(registry, "--verbose")
    assert f"certificates: {place}: 1 *.crt, one client certificate" in done.stderr
    assert "chmod" not in done.stderr
    (place / "client.key").chmod(0o644)
    assert f"{place}/client.key: others than its owner may use the key" in push(
        registry, "--verbose").stderr


@pytest.mark.parametrize("place", [PODMAN, DOCKER, "xdg/containers/certs.d", "xdg/docker/certs.d"])
def test_where_a_directory_may_be(place, push, make_registry, home, certificates):
    registry = make_registry(tls=True)
    fill(home / place / registry.host, ca=certificates.ca)
    push(registry, env={"XDG_CONFIG_HOME": home / "xdg"})


@pytest.mark.parametrize("name", ["127.0.0.1", "127.0.0.1:1", "localhost:{port}"])
def test_row_k7_of_another_host_or_port(name, push, make_registry, home, certificates):
    registry = make_registry(tls=True)
    fill(home / PODMAN / name.format(port=registry.port), ca=certificates.ca)
    refused(push(registry, status=5), 5, "TLS")


def test_login_and_dry_run_too(push, programs, make_registry, home, certificates):
    registry = make_registry(tls=True, basic=True)
    fill(home / PODMAN / registry.host, ca=certificates.ca)
    programs.pusher.run("login", registry.host, "--username", REAL_USERNAME, "--password-stdin",
                        stdin=REAL_PASSWORD.encode(), env={"HOME": home})
    push(registry, "--dry-run")
    push(registry)


def test_one_for_every_command(push, programs, make_registry, home, certificates, client):
    registry = make_registry(tls=True, asks=True, basic=True)
    mine = fill(home / "mine", certificates.ca, client)
    programs.pusher.run("login", registry.host, "--username", REAL_USERNAME, "--password-stdin",
                        "--cert-dir", mine, stdin=REAL_PASSWORD.encode(), env={"HOME": home})
    push(registry, "--cert-dir", mine)
    fill(home / PODMAN / registry.host, certificates.other_ca)
    push(registry, "--cert-dir", mine)


def test_the_roots_of_the_system_count_too(push, make_registry, home, certificates):
    registry = make_registry(tls=True)
    fill(home / PODMAN / registry.host, ca=certificates.other_ca)
    refused(push(registry, status=5), 5, "TLS")
    push(registry, env={"SSL_CERT_FILE": certificates.ca})
    fill(home / PODMAN / registry.host, ca=certificates.ca)
    push(registry, env={"SSL_CERT_FILE": certificates.other_ca})


def test_options_win(push, make_registry, home, certificates, client, tmp_path):
    registry = make_registry(tls=True, asks=True)
    place = fill(home / PODMAN / registry.host, certificates.ca, client)
    refused(push(registry, "--ca-file", certificates.other_ca, status=5), 5, "TLS")
    stranger = issue(tmp_path, "stranger", certificates.other_ca)
    failed(push(registry, "--cert-file", stranger[0], "--key-file", stranger[1], "--retries", "0",
                status=5), 5, registry.host)
    # What an option gives is not looked for at all.
    (place / "broken.crt").write_text("nothing")
    push(registry, "--ca-file", certificates.ca)
    refused(push(registry, status=2), 2, "broken.crt")
    push(registry, "--insecure-skip-tls-verify")


def test_row_r9_each_host_has_its_own(push, make_scripted_registry, home, certificates, client,
                                      tmp_path):
    """The token server is under another authority, and both ask for certificates."""
    other = issue(tmp_path, "tokens", certificates.other_ca, "-addext",
                  "subjectAltName=IP:127.0.0.1")
    tokens = Tokens(users={USERNAME: PASSWORD})
    registry = make_scripted_registry(
        tls=asking(certificates.certificate, certificates.key, certificates.ca), tokens=tokens)
    elsewhere = make_scripted_registry(
        tls=asking(*other, certificates.other_ca, required=False), tokens=tokens)
    tokens.realm = f"https://{elsewhere.host}/token"
    fill(home / PODMAN / registry.host, certificates.ca, client)
    refused(push(registry, login=True, status=5), 5, elsewhere.host)
    assert elsewhere.requests() == []
    fill(home / PODMAN / elsewhere.host, certificates.other_ca)
    push(registry, login=True)
    assert registry.client_certificates == registry.connections > 0
    assert elsewhere.requests() != [] and elsewhere.client_certificates == 0

    registry.manifests.clear()
    before = elsewhere.connections
    fill(home / PODMAN / elsewhere.host,
         client=issue(tmp_path, "for-tokens", certificates.other_ca))
    push(registry, login=True)
    assert elsewhere.client_certificates == elsewhere.connections - before > 0
    assert registry.client_certificates == registry.connections


def test_a_token_server_under_the_registrys_authority(push, make_scripted_registry, home,
                                                      certificates):
    tokens = Tokens(users={USERNAME: PASSWORD})
    registry = make_scripted_registry(tls=True, tokens=tokens)
    elsewhere = make_scripted_registry(tls=True, tokens=tokens)
    tokens.realm = f"https://{elsewhere.host}/token"
    fill(home / PODMAN / registry.host, certificates.ca)
    push(registry, login=True)
    assert elsewhere.requests() != []


def test_a_token_server_whose_directory_is_broken(push, make_scripted_registry, home, certificates,
                                                  client):
    tokens = Tokens(users={USERNAME: PASSWORD})
    registry = make_scripted_registry(tls=True, tokens=tokens)
    elsewhere = make_scripted_registry(tls=True, tokens=tokens)
    tokens.realm = f"https://{elsewhere.host}/token"
    fill(home / PODMAN / registry.host, certificates.ca)
    fill(home / PODMAN / elsewhere.host, client=client)
    (home / PODMAN / elsewhere.host / "client.key").unlink()
    done = push(registry, login=True, status=2)
    refused(done, 2, "client.cert", "client.key", elsewhere.host)
    assert elsewhere.connections == 0


# What a directory holds, and what is then said.
BROKEN = {
    "a key alone": ({"a.key": "x"}, ["a.key", "a.cert"]),
    "a certificate alone": ({"a.cert": "x"}, ["a.cert", "a.key", "*.crt"]),
    "two pairs": ({"a.cert": "x", "a.key": "x", "b.cert": "x", "b.key": "x"},
                  ["a.cert", "b.cert", "--cert-file"]),
    "no PEM": ({"a.crt": "x"}, ["a.crt", "PEM"]),
    "PEM of nothing": ({"a.crt": "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n"},
                       ["no certificate authority"]),
    "a pair of nothing": ({"a.cert": "x", "a.key": "y"}, ["a.cert"]),
    "too large": ({"a.crt": "-----BEGIN CERTIFICATE-----\n" + "x" * 5 * 2 ** 20}, ["a.crt"]),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_directory_that_is_broken(case, push, make_registry, home):
    registry = make_registry(tls=True)
    files, words = BROKEN[case]
    place = fill(home / PODMAN / registry.host)
    for name, text in files.items():
        (place / name).write_text(text)
    refused(push(registry, status=2), 2, str(place), *words)


@pytest.mark.parametrize("form", ["PKCS#8", "traditional"])
def test_a_key_with_a_passphrase_is_not_waited_for(form, push, make_registry, home, certificates,
                                                   client):
    registry = make_registry(tls=True, asks=True)
    place = fill(home / PODMAN / registry.host, certificates.ca, client)
    command = {"PKCS#8": ["pkcs8", "-topk8"], "traditional": ["ec", "-aes128"]}[form]
    subprocess.run(["openssl", *command, "-passout", "pass:canary", "-in", client[1], "-out",
                    place / "client.key"], check=True, capture_output=True)
    refused(push(registry, status=2), 2, "client.cert")
    refused(push(registry, "--cert-file", client[0], "--key-file", place / "client.key", status=2),
            2, str(client[0]))


def test_nothing_of_it_over_plain_http(programs, keys, layout, make_registry, home, certificates):
    registry = make_registry()
    fill(home / PODMAN / registry.host)
    (home / PODMAN / registry.host / "a.key").write_text("x")
    programs.pusher.run("push", layout, registry.oci("charts"), "--trust", keys.trust,
                        "--plain-http", env={"HOME": home})
    done = programs.pusher.run("push", layout, registry.oci("charts"), "--trust", keys.trust,
                               "--plain-http", "--cert-dir", home, status=2)
    refused(done, 2, "--cert-dir")


def test_a_directory_that_may_not_be_read(push, make_registry, home, certificates):
    registry = make_registry(tls=True)
    place = fill(home / PODMAN / registry.host, certificates.other_ca)
    place.chmod(0)
    try:
        done = push(registry, "--verbose", env={"SSL_CERT_FILE": certificates.ca},
                    wrapper=bound_by_modes())
    finally:
        place.chmod(0o755)
    assert "Permission denied" in done.stderr


def test_an_option_that_names_nothing(push, make_registry, home):
    done = push(make_registry(tls=True), "--cert-dir", home / "none", status=2)
    refused(done, 2, "--cert-dir", home / "none")
