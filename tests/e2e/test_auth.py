"""Pushing as somebody: Basic and tokens, and credentials from where people keep them."""

import base64
import json
import socket

import pytest
from crafted import TINY, chart_yaml, write_archive
from demands import refused
from real_registry import PASSWORD, USERNAME
from scripted_registry import ScriptedRegistry
from scripted_tokens import Tokens

PREFIX = "charts/team"
CANARY = "kanarienvogel-4711"


@pytest.fixture
def layout(build, tmp_path):
    return build(write_archive(tmp_path / "tiny.tgz", {
        **TINY, "Chart.yaml": chart_yaml("tiny", "0.1.0")}, "tiny"))


@pytest.fixture
def home(tmp_path):
    path = tmp_path / "auth-home"
    path.mkdir()
    return path


@pytest.fixture
def push(programs, keys, layout, home):
    """push(registry, *options): the Result of a push; nobody's credentials but those in home."""
    def push(registry, *options, status=0, env=None, **how):
        secure = getattr(registry, "certificates", None) is not None
        transport = ["--ca-file", registry.ca_file] if secure else ["--plain-http"]
        return programs.pusher.run(
            "push", layout, registry.oci(PREFIX), "--trust", keys.trust, *transport,
            "--retries", "0", *options, status=status, env={"HOME": home, **(env or {})}, **how)
    return push


def auths(host, **entry):
    return json.dumps({"auths": {host: entry}})


def pair(username=USERNAME, password=PASSWORD):
    return base64.b64encode(f"{username}:{password}".encode()).decode()


def closed_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


# ---- tokens ----

@pytest.mark.parametrize("version", [2, 3])
def test_tokens_of_a_real_registry(version, push, make_token_server, make_registry):
    tokens = make_token_server({USERNAME: PASSWORD})
    registry = make_registry(tokens=tokens, version=version)
    options = ["--username", USERNAME, "--password-stdin"]
    push(registry, *options, stdin=PASSWORD.encode())
    assert tokens.asked == [("GET", [f"repository:{PREFIX}/tiny:pull,push"])]
    assert "unchanged" in push(registry, *options, stdin=PASSWORD.encode()).stdout
    refused(push(registry, *options, stdin=CANARY.encode(), status=None), 6, "401")


def test_an_identity_token(push, home, make_token_server, make_registry):
    tokens = make_token_server({}, identity_tokens=["refresh-4711"])
    registry = make_registry(tokens=tokens)
    config = home / "config.json"
    config.write_text(auths(registry.host, identitytoken="refresh-4711"))
    push(registry, "--registry-config", config)
    assert [method for method, _ in tokens.asked] == ["POST"]


def test_row_r6_no_password_for_a_server_elsewhere(push, make_scripted_registry):
    tokens = Tokens(users={USERNAME: PASSWORD})
    registry = make_scripted_registry(tokens=tokens)
    trap = ScriptedRegistry(address="127.0.0.2", tokens=tokens)
    try:
        tokens.realm = f"http://{trap.host}/token"
        done = push(registry, "--username", USERNAME, "--password-stdin", stdin=PASSWORD.encode(),
                    status=None)
        refused(done, 6, "--auth-host 127.0.0.2")
        assert trap.requests() == []
        assert not any("authorization" in r.headers for r in registry.requests())
    finally:
        trap.close()


def test_row_k3_secrets_show_nowhere(push, home, tmp_path, make_scripted_registry):
    tokens = Tokens(users={"hafen": CANARY})
    registry = make_scripted_registry(tokens=tokens)
    seen = ""
    for options in (["--receipt", tmp_path / "receipt"], ["--json"], ["--dry-run"]):
        done = push(registry, "--verbose", "--username", "hafen", "--password-stdin", *options,
                    stdin=CANARY.encode())
        seen += done.stdout + done.stderr
    seen += (tmp_path / "receipt").read_text()
    sent = {r.headers["authorization"] for r in registry.requests() if "authorization" in r.headers}
    assert len(sent) > 1  # Basic to the token server, and tokens
    for secret in (CANARY, pair("hafen", CANARY), *(value.split()[1] for value in sent)):
        assert secret not in seen
    assert "scope=" not in seen


# ---- credentials ----

def place_variables(home, host):
    return {"SALLYPORT_USERNAME": USERNAME, "SALLYPORT_PASSWORD": PASSWORD}, "SALLYPORT_USERNAME"


def place_json(home, host):
    return {"DOCKER_AUTH_CONFIG": auths(host, auth=pair())}, "DOCKER_AUTH_CONFIG"


def place_docker(home, host):
    (home / ".docker").mkdir()
    (home / ".docker" / "config.json").write_text(auths(f"https://{host}/v1/", auth=pair()))
    return {}, ".docker/config.json"


def place_podman(home, host):
    (home / "run" / "containers").mkdir(parents=True)
    # Longest path first, and another team's beside it.
    (home / "run" / "containers" / "auth.json").write_text(json.dumps({"auths": {
        host: {"auth": pair("nobody", "x")}, f"{host}/{PREFIX}": {"auth": pair()},
        f"{host}/{PREFIX}s": {"auth": pair("other", "x")}}}))
    return {"XDG_RUNTIME_DIR": home / "run"}, "containers/auth.json"


def place_helm(home, host):
    (home / "registry.json").write_text(auths(host, username=USERNAME, password=PASSWORD))
    return {"HELM_REGISTRY_CONFIG": home / "registry.json"}, "registry.json"


@pytest.mark.parametrize("place", [place_variables, place_json, place_docker, place_podman,
                                   place_helm])
def test_credentials_are_found(place, push, home, registry_basic):
    refused(push(registry_basic, status=None), 6, "401")
    env, source = place(home, registry_basic.host)
    done = push(registry_basic, "--verbose", env=env)
    assert f"{source}" in done.stderr and PASSWORD not in done.stderr


@pytest.mark.parametrize("place", ["oras", "skopeo", "helm"])
def test_credentials_that_others_wrote(place, push, home, registry_basic, peers):
    path = home / "config.json"
    commands = {
        "oras": ["login", "--plain-http", "--registry-config", path],
        "skopeo": ["login", "--tls-verify=false", "--authfile", path],
        "helm": ["registry", "login", "--plain-http", "--registry-config", path]}
    peers.run(place, *commands[place], "--username", USERNAME, "--password-stdin",
              registry_basic.host, input=PASSWORD.encode())
    push(registry_basic, "--registry-config", path)


def test_row_k6_a_credential_helper(push, home, registry_basic):
    (home / "config.json").write_text('{"credsStore":"harbour"}')
    helper = home / "docker-credential-harbour"
    answer = json.dumps({"Username": USERNAME, "Secret": PASSWORD})
    helper.write_text(f"#!/bin/sh\ncat >{home}/asked\nprintf %s '{answer}'\n")
    helper.chmod(0o755)
    how = {"env": {"PATH": f"{home}:/usr/bin:/bin"}}
    config = ["--registry-config", home / "config.json"]
    done = push(registry_basic, *config, "--verbose", status=None, **how)
    assert done.status == 6 and "only with --credential-helpers" in done.stderr
    assert not (home / "asked").exists()
    push(registry_basic, *config, "--credential-helpers", **how)
    assert (home / "asked").read_text() == registry_basic.host


# ---- the environment ----

def test_row_k8_proxies_that_count(push, registry):
    proxy = f"http://127.0.0.1:{closed_port()}"
    refused(push(registry, env={"http_proxy": proxy}, status=None), 5)
    push(registry, env={"http_proxy": proxy, "no_proxy": "127.0.0.1"})
    for name in ("HTTP_PROXY", "ALL_PROXY", "all_proxy", "https_proxy", "HTTPS_PROXY"):
        push(registry, env={name: proxy})


def test_row_k8_certificate_authorities(push, programs, keys, layout, home, registry_tls):
    def secure(status, **env):
        return programs.pusher.run(
            "push", layout, registry_tls.oci(PREFIX), "--trust", keys.trust, "--retries", "0",
            "--verbose", status=status, env={"HOME": home, **env})
    assert "SSL_CERT_FILE" in secure(0, SSL_CERT_FILE=registry_tls.ca_file).stderr
    done = secure(None, SSL_CERT_DIR=registry_tls.ca_file.parent, CURL_CA_BUNDLE=registry_tls.ca_file)
    assert done.status == 5 and "TLS" in done.stderr


def test_row_k8_variables_without_effect(push, home, registry):
    log = home / "keys"
    (home / ".netrc").write_text(f"machine 127.0.0.1 login trap password {CANARY}\n")
    (home / "openssl.cnf").write_text("nonsense\n")
    push(registry, env={"SSLKEYLOGFILE": log, "OPENSSL_CONF": home / "openssl.cnf",
                        "NETRC": home / ".netrc", "GCONV_PATH": home, "LD_BIND_NOW": "1"})
    assert not log.exists()
