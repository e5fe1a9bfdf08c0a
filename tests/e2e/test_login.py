"""login and logout: credentials tried on a registry, kept where docker, podman, helm and oras look."""

import base64
import json
import os
import pathlib
import subprocess
import time

import pytest
from demands import refused
from real_registry import PASSWORD, USERNAME
from scripted_registry import Answer, ScriptedRegistry
from scripted_tokens import Tokens

CANARY = "kanarienvogel-4711"


@pytest.fixture
def home(tmp_path):
    path = tmp_path / "login-home"
    path.mkdir()
    return path


@pytest.fixture
def login(programs, home):
    """login(registry, *options): the Result; credentials go to a home of the test's own."""
    def login(registry, *options, username=USERNAME, password=PASSWORD, status=0, env=None):
        secure = getattr(registry, "certificates", None) is not None
        transport = ["--ca-file", registry.ca_file] if secure else ["--plain-http"]
        return programs.pusher.run(
            "login", registry.host, "--username", username, "--password-stdin", *transport,
            *options, stdin=password.encode(), status=status, env={"HOME": home, **(env or {})})
    return login


def kept(path, host):
    return base64.b64decode(json.loads(path.read_text())["auths"][host]["auth"]).decode()


def test_login_keeps_what_was_tried(login, home, registry_basic):
    done = login(registry_basic)
    path = home / ".docker" / "config.json"
    assert kept(path, registry_basic.host) == f"{USERNAME}:{PASSWORD}"
    assert path.stat().st_mode & 0o7777 == 0o600 and path.parent.stat().st_mode & 0o7777 == 0o700
    assert os.listdir(path.parent) == ["config.json"]
    assert str(path) in done.stdout and registry_basic.host in done.stdout


def test_login_with_a_token_server(login, home, make_token_server, make_registry):
    tokens = make_token_server({USERNAME: PASSWORD})
    registry = make_registry(tokens=tokens)
    login(registry)
    assert kept(home / ".docker" / "config.json", registry.host) == f"{USERNAME}:{PASSWORD}"
    assert [method for method, _ in tokens.asked] == ["GET"]


def test_login_says_as_json_what_it_did(login, home, registry_basic):
    done = login(registry_basic, "--json")
    assert done.json == {"version": 1, "ok": True, "registry": registry_basic.host, "tried": True,
                         "file": str(home / ".docker" / "config.json")}


@pytest.mark.parametrize("tokens", [False, True], ids=["basic", "token"])
def test_wrong_credentials_are_not_kept(tokens, login, home, make_token_server, make_registry):
    registry = make_registry(tokens=make_token_server({USERNAME: PASSWORD})) if tokens \
        else make_registry(basic=True)
    done = login(registry, password=CANARY, status=None)
    refused(done, 6, "401")
    assert CANARY not in done.stderr
    assert not (home / ".docker" / "config.json").exists()


def test_a_registry_that_asks_nobody_is_named(login, registry):
    done = login(registry)
    assert "could not be tried" in done.stderr
    assert login(registry, "--json").json["tried"] is False


def test_everything_else_in_the_file_stays(login, home, registry_basic):
    path = home / "file"
    before = {"psFormat": "table", "auths": {"b.example": {"auth": "eDp5", "x": [1]},
                                             f"https://{registry_basic.host}/v1/": {"auth": "b2xkOm9sZA=="},
                                             "a.example": {}}, "aliases": {"builder": "buildx"}}
    path.write_text(json.dumps(before))
    path.chmod(0o644)
    login(registry_basic, "--registry-config", path)
    after = json.loads(path.read_text())
    assert list(after) == list(before)
    assert list(after["auths"]) == list(before["auths"])
    assert kept(path, f"https://{registry_basic.host}/v1/") == f"{USERNAME}:{PASSWORD}"
    del before["auths"][f"https://{registry_basic.host}/v1/"], after["auths"][f"https://{registry_basic.host}/v1/"]
    assert after == before
    assert path.stat().st_mode & 0o7777 == 0o600


@pytest.mark.parametrize("content", [
    '{"credsStore":"pass"}', "no JSON", '{"auths":{},"auths":{}}', '{"auths":[]}',
], ids=["helper", "text", "twice", "list"])
def test_a_file_that_cannot_be_edited_is_left_alone(content, login, home, registry_basic):
    path = home / "file"
    path.write_text(content)
    done = login(registry_basic, "--registry-config", path, status=None)
    refused(done, 2 if "pass" in content else 6, str(path))
    assert path.read_text() == content and os.listdir(home) == ["file"]


@pytest.mark.parametrize("arguments", [
    [], ["r.example"], ["r.example", "--username", "a"], ["r.example", "--password-stdin"],
    ["r.example/a", "--username", "a", "--password-stdin"],
    ["r.example", "s.example", "--username", "a", "--password-stdin"],
    ["r.example", "--username", "a", "--password-stdin", "--plain-http"],
    ["r.example", "--username", "a", "--password-stdin", "--auth-host", "https://a"],
], ids=["none", "bare", "no-stdin", "no-user", "path", "two", "clear", "auth-host"])
def test_login_misused(arguments, programs, home):
    done = programs.pusher.run("login", *arguments, stdin=CANARY.encode(), status=None,
                               env={"HOME": home})
    refused(done, 2)
    assert CANARY not in done.stderr and os.listdir(home) == []


@pytest.mark.parametrize("option", ["--password", "--token", "--password=x"],
                         ids=["password", "token", "joined"])
def test_row_k1_no_option_takes_a_secret(option, programs):
    for command in (["login", "r.example"], ["push", "layout", "oci://r.example/a"]):
        done = programs.pusher.run(*command, option, CANARY, status=None)
        refused(done, 2)


def test_row_k2_nothing_of_the_environment_is_left_to_see(programs, home):
    """Neither what we take nor what we do not: root may read /proc/PID/environ of any process."""
    process = programs.pusher.popen(
        "login", "r.example", "--username", "a", "--password-stdin", stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env={"HOME": home, "SALLYPORT_PASSWORD": CANARY, "AWS_SECRET_ACCESS_KEY": CANARY})
    environ = pathlib.Path(f"/proc/{process.pid}/environ")
    try:
        deadline = time.monotonic() + 20
        content = CANARY.encode()
        while CANARY.encode() in content and time.monotonic() < deadline:
            time.sleep(0.01)
            try:
                content = environ.read_bytes()
            except PermissionError:
                content = b""  # nobody may look: better still
        assert process.poll() is None  # it waits for the password
        assert CANARY.encode() not in content
    finally:
        process.kill()
        process.communicate()


def test_row_r6_the_password_goes_to_no_other_host(login, home):
    with_tokens = Tokens(users={USERNAME: PASSWORD})
    registry = ScriptedRegistry(tokens=with_tokens)
    trap = ScriptedRegistry(address="127.0.0.2", tokens=with_tokens)
    try:
        with_tokens.realm = f"http://{trap.host}/token"
        done = login(registry, status=None)
        refused(done, 6, "--auth-host 127.0.0.2")
        assert trap.requests() == [] and not any("authorization" in r.headers for r in registry.requests())
        login(registry, "--auth-host", "127.0.0.2")
        assert [r.method for r in trap.requests()] == ["GET"]
        assert "authorization" in trap.requests()[0].headers
    finally:
        registry.close()
        trap.close()


def test_row_r8_at_most_twice(login, home, make_scripted_registry):
    registry = make_scripted_registry(credentials=(USERNAME, PASSWORD))
    registry.on("GET", "/v2/", Answer(401, {"WWW-Authenticate": 'Basic realm="x"'}), repeat=True)
    done = login(registry, status=None)
    refused(done, 6, "401")
    assert len(registry.requests()) == 2


# ---- logout ----

def test_logout(programs, login, home, registry_basic):
    login(registry_basic)
    path = home / ".docker" / "config.json"
    done = programs.pusher.run("logout", registry_basic.host, env={"HOME": home})
    assert "logged out" in done.stdout
    assert json.loads(path.read_text()) == {"auths": {}}
    done = programs.pusher.run("logout", registry_basic.host, "--json", env={"HOME": home})
    assert done.json["removed"] is False
    done = programs.pusher.run("logout", "r.example", "--registry-config", home / "none", status=None)
    refused(done, 1, "none")


# ---- others read it, and we read theirs ----

def test_others_read_what_login_wrote(login, home, registry_basic, peers):
    login(registry_basic)
    path = home / ".docker" / "config.json"
    host = registry_basic.host
    shown = peers.run("skopeo", "login", "--authfile", path, "--get-login", host)
    assert shown.decode().strip() == USERNAME
    peers.run("oras", "repo", "ls", "--plain-http", "--registry-config", path, host)
    peers.run("crane", "catalog", "--insecure", host, env={"DOCKER_CONFIG": str(path.parent)})
    # helm logs out of what it finds.
    peers.run("helm", "registry", "logout", "--registry-config", path, host)
    assert host not in json.loads(path.read_text())["auths"]


def test_logout_of_what_others_wrote(programs, home, registry_basic, peers):
    for number, command in enumerate((
            ["oras", "login", "--plain-http", "--registry-config"],
            ["skopeo", "login", "--tls-verify=false", "--authfile"])):
        path = home / str(number)
        peers.run(*command, path, "--username", USERNAME, "--password-stdin", registry_basic.host,
                  input=PASSWORD.encode())
        assert registry_basic.host in json.loads(path.read_text())["auths"]
        programs.pusher.run("logout", registry_basic.host, "--registry-config", path)
        assert registry_basic.host not in json.loads(path.read_text())["auths"]
