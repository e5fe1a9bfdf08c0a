"""45 faults at every request of a push of two charts, one of which replaces an older one: 540 runs.

Afterwards each tag is the old one or the new, never a third; the next push finishes the work; and
what is secret was shown to the registry alone.
"""

import base64
import itertools

import pytest
from crafted import chart_yaml, write_archive
from demands import clean
from helpers import Layout, sha256
from pushing import MANIFEST_TYPE, MIB, OTHER, PASSWORD, USERNAME
from scripted_registry import Answer, ScriptedRegistry
from scripted_tokens import Tokens
from wires import side_by_side

REQUESTS = 12  # of which each in turn meets each fault

STATUSES = (400, 401, 403, 404, 405, 409, 412, 415, 416, 429, 500, 502, 503, 504, 200, 201, 202, 204,
            206, 304)

# What may pass by itself: the push asks again, and succeeds.
PASSING = {"status-429", "status-500", "status-502", "status-503", "status-504", "429-at-once",
           "closed", "reset", "closed-unheard", "reset-unheard", "cut-in-the-answer",
           "cut-in-the-request"}


def faults(trap):
    """{name: Answer}"""
    elsewhere = {"Location": f"http://{trap.host}/v2/x?state=1"}
    made = {f"status-{status}": Answer(status) for status in STATUSES}
    made |= {f"to-the-trap-{code}": Answer(code, elsewhere) for code in (301, 302, 303, 307, 308)}
    made |= {
        "401-basic": Answer(401, {"WWW-Authenticate": 'Basic realm="x"'}),
        "401-realm-is-a-trap": Answer(401, {
            "WWW-Authenticate": f'Bearer realm="http://localhost:{trap.port}/token",service="x"'}),
        "401-garbage": Answer(401, {"WWW-Authenticate": "x" * 5000}),
        "413-unread": Answer(413, unread=True),
        "429-at-once": Answer(429, {"Retry-After": "0"}),
        "503-in-a-year": Answer(503, {"Retry-After": "31536000"}),
        "portal": Answer(200, {"Content-Type": "text/html"}, b"<html>welcome</html>"),
        "closed": Answer(cut=-1), "reset": Answer(cut=-1, reset=True),
        "closed-unheard": Answer(500, cut=-1), "reset-unheard": Answer(500, cut=-1, reset=True),
        "cut-in-the-answer": Answer(500, {"Content-Length": "100"}, b"x" * 50, cut=50),
        "cut-in-the-request": Answer(read=100, reset=True),
        "other-digest": Answer(headers={"Docker-Content-Digest": OTHER}),
        "no-digest": Answer(headers={"Docker-Content-Digest": None}),
        "location-is-a-trap": Answer(headers=elsewhere),
        "no-location": Answer(headers={"Location": None}),
        "no-http": Answer(raw=b"SSH-2.0-OpenSSH_9.2\r\n"),
        "two-lengths": Answer(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}"),
        "hostile-words": Answer(400, {}, b'{"errors":[{"code":"\x1b[2J","message":"' + b"x" * MIB),
    }
    assert len(made) == 45, len(made)
    return made


@pytest.fixture(scope="module")
def deliveries(programs, keys, tmp_path_factory):
    """(old, new): layouts of the charts a and b; the new one of a differs from the old."""
    directory = tmp_path_factory.mktemp("matrix")
    layouts = []
    for name, value in (("old", 1), ("new", 2)):
        charts = [write_archive(directory / f"{name}-{chart}.tgz", {
            "Chart.yaml": chart_yaml(chart), "values.yaml": f"v: {value}\n".encode()}, chart)
            for chart in (("a",) if name == "old" else ("a", "b"))]
        programs.builder.run("build", *charts, "--output", directory / name, "--keys", keys)
        layouts.append(Layout(directory / name))
    return layouts


@pytest.mark.slow
@pytest.mark.parametrize("existing", ["overwrite"])
def test_row_r15_every_fault_at_every_request(existing, programs, keys, deliveries):
    old, new = deliveries
    digests = {"a": {old.entry("a")["digest"], new.entry("a")["digest"]},
               "b": {None, new.entry("b")["digest"]}}
    reached = []

    def push(registry, **how):
        return programs.pusher.run(
            "push", new, registry.oci("p"), "--trust", keys.trust, "--plain-http", "--on-existing",
            existing, "--retries", "2", "--deadline", "20s", "--username", USERNAME,
            "--password-stdin", stdin=PASSWORD.encode(), **how)

    def tag(registry, name):
        found = registry.manifests.get((f"p/{name}", "0.1.0"))
        return found and "sha256:" + sha256(found[1])

    def run(case):
        name, number = case
        with ScriptedRegistry() as trap, \
                ScriptedRegistry(tokens=Tokens(users={USERNAME: PASSWORD})) as registry:
            registry.put("p/a", "0.1.0", old.blob(old.entry("a")["digest"]), MANIFEST_TYPE)
            registry.at(number, faults(trap)[name])
            done = push(registry, status=None)
            assert done.status in ((0,) if name in PASSING else (0, 5, 6, 7)), (case, done)
            clean(done.stdout + done.stderr)
            assert PASSWORD not in done.stdout + done.stderr
            reached.append(len(registry.requests()) > number)
            for chart, allowed in digests.items():
                assert tag(registry, chart) in allowed, (chart, done)
            assert done.status or all(tag(registry, c) == new.entry(c)["digest"] for c in digests)
            registry.rules.clear()
            again = push(registry)
            assert again.status == 0
            assert all(tag(registry, c) == new.entry(c)["digest"] for c in digests)
            for request in trap.requests():
                shown = f"{request.target} {request.headers}".encode() + request.body
                secrets = [PASSWORD, *registry.tokens.issued, base64.b64encode(
                    f"{USERNAME}:{PASSWORD}".encode()).decode()]
                assert not any(secret.encode() in shown for secret in secrets)
                assert request.method in ("GET", "HEAD")

    with ScriptedRegistry() as trap:
        names = list(faults(trap))
    assert PASSING <= set(names)
    side_by_side(run, itertools.product(names, range(REQUESTS)), workers=24)
    assert len(reached) >= 500 and sum(reached) == len(reached)
