"""push --upload-host: blobs go to, and come from, a place that the operator named, and no secret
goes there with them: row R5."""

import urllib.parse

import pytest
from pushing import PASSWORD, USERNAME, attack, failed, layout, tag_of  # noqa: F401
from scripted_registry import Answer, digest_of
from scripted_tokens import Tokens
from test_state import deliver  # noqa: F401


@pytest.fixture(params=["basic", "token"])
def registry(request, make_scripted_registry):
    if request.param == "basic":
        return make_scripted_registry(credentials=(USERNAME, PASSWORD))
    return make_scripted_registry(tokens=Tokens(users={USERNAME: PASSWORD}))


@pytest.fixture
def store(registry, make_scripted_registry):
    """Where the registry has its blobs: what is put there is in the registry."""
    store = make_scripted_registry()

    def answer(request):
        asked = urllib.parse.urlsplit(request.target)
        repository = asked.path[1:]
        if request.method == "GET":
            return Answer(200, {}, registry.blobs[repository, request.query["digest"]])
        if request.method != "PUT" or request.query["digest"] != digest_of(request.body):
            return Answer(400, {}, b"")
        registry.blobs[repository, request.query["digest"]] = request.body
        return Answer(201, {"Docker-Content-Digest": request.query["digest"]}, b"")

    store.answer = answer
    registry.behaviour.location = lambda path: \
        f"http://{store.host}/{path.partition('/v2/')[2].partition('/blobs/')[0]}?signature=canary"
    return store


def is_clean(store):
    """Nothing that only the registry may see has arrived."""
    names = {name for request in store.requests() for name in request.headers}
    assert not names & {"authorization", "cookie", "proxy-authorization"}
    assert PASSWORD not in str(store.requests())
    assert store.requests()


def test_row_r5_a_host_that_was_named_gets_the_blobs_and_no_secret(attack, registry, store):  # noqa: F811
    done = attack(registry, "--upload-host", store.host, "--retries", 0, login=True)
    assert done.status == 0, done
    assert tag_of(registry) == attack.layout.entry("tiny")["digest"]
    assert {request.method for request in store.requests()} == {"PUT"}
    is_clean(store)


def test_row_r5_a_host_that_asks_for_credentials_gets_none(attack, registry, store):  # noqa: F811
    refusal = Answer(401, {"WWW-Authenticate": 'Basic realm="store"'}, b"")
    store.answer = lambda request: refusal
    failed(attack(registry, "--upload-host", store.host, "--retries", 0, login=True), (6, 7), "401")
    is_clean(store)
    assert tag_of(registry) is None


def test_row_r5_another_host_than_the_named_gets_nothing(attack, registry, store,  # noqa: F811
                                                         make_scripted_registry):
    other = make_scripted_registry()
    failed(attack(registry, "--upload-host", other.host, "--retries", 0, login=True), 7, store.host)
    assert store.connections == other.connections == 0


def test_row_r5_a_record_is_read_from_there_without_a_secret(  # noqa: F811
        deliver, programs, keys, registry, store):  # noqa: F811
    def push(layout, *options, status=0):  # noqa: F811
        return programs.pusher.run(
            "push", layout, registry.oci("charts"), "--trust", keys.trust, "--plain-http", "--record",
            "--retries", 0, "--username", USERNAME, "--password-stdin", *options,
            stdin=PASSWORD.encode(), status=status)

    named = "--upload-host", store.host
    first, second = deliver(41), deliver(42)
    push(second, *named)
    store.forget()
    for digest in [key[1] for key in registry.blobs if key[0] == "charts/sallyport"]:
        registry.on("GET", f"/charts/sallyport/blobs/{digest}", Answer(307, {
            "Location": f"http://{store.host}/charts/sallyport?digest={digest}"}), repeat=True)
    assert "older than 42" in push(first, *named, status=4).stderr
    assert {request.method for request in store.requests()} == {"GET"}
    is_clean(store)
    assert "--upload-host" in push(first, status=7).stderr
