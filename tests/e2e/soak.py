"""Pushes, one after another and some at a time, to one registry that fails at random.

    soak.run(programs, keys, directory, pushes=300, seed=1)

Eight deliveries are sealed for eight tags that are fought over; each push takes one of them, meets
with some chance one of the faults of the matrix at a random request, and is repeated without it. In
the end no tag was ever wrong, every push that said it was done left its receipt, no secret is in any
output, and memory and descriptors were the same for the last push as for the first.
"""

import dataclasses
import json
import queue
import random
import subprocess
import threading

from crafted import chart_yaml, write_archive
from demands import clean
from helpers import Layout, sha256
from pushing import PASSWORD, USERNAME, MIB, OTHER
from scripted_registry import Answer, ScriptedRegistry
from scripted_tokens import Tokens

DESCRIPTORS_MAX = 24
RSS_BYTES_MAX = 16 * MIB

# Starts what it reads, a line of JSON each, and tells status and memory. A child's account begins
# with what its parent had before exec, so this parent has little.
STARTER = """
import json, os, sys
for line in sys.stdin:
    arguments, password, out = json.loads(line)
    into = os.memfd_create("in")
    os.write(into, password.encode())
    os.lseek(into, 0, 0)
    said = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    pid = os.posix_spawn(arguments[0], arguments, os.environ, file_actions=[
        (os.POSIX_SPAWN_DUP2, into, 0), (os.POSIX_SPAWN_DUP2, said, 1),
        (os.POSIX_SPAWN_DUP2, said, 2)])
    _, status, usage = os.wait4(pid, 0)
    os.close(into)
    os.close(said)
    print(os.waitstatus_to_exitcode(status), usage.ru_maxrss * 1024, flush=True)
"""

FAULTS = [
    Answer(500), Answer(503, {"Retry-After": "0"}), Answer(429), Answer(401), Answer(404), Answer(416),
    Answer(413, unread=True), Answer(cut=-1), Answer(cut=-1, reset=True), Answer(502, cut=-1),
    Answer(200, {"Content-Type": "text/html"}, b"<html>"), Answer(read=40, reset=True),
    Answer(headers={"Docker-Content-Digest": None}), Answer(headers={"Docker-Content-Digest": OTHER}),
    Answer(307, {"Location": "http://localhost:1/"}), Answer(delay=0.05),
]


@dataclasses.dataclass
class Told:
    """What a soak has to tell."""

    pushes: int = 0
    failed: int = 0  # of those that met a fault
    rss: list = dataclasses.field(default_factory=list)  # bytes, in the order of the pushes


def layouts_of(programs, keys, directory, count=8):
    made = []
    for number in range(count):
        charts = [write_archive(directory / f"{number}-{name}.tgz", {
            "Chart.yaml": chart_yaml(name), "values.yaml": f"v: {number}\n".encode()}, name)
            for name in ("a", "b")]
        programs.builder.run("build", *charts, "--output", directory / f"layout-{number}",
                             "--keys", keys)
        made.append(Layout(directory / f"layout-{number}"))
    return made


def run(programs, keys, directory, pushes, seed, workers=4):
    """Told. Raises AssertionError at the first thing that is wrong."""
    layouts = layouts_of(programs, keys, directory)
    allowed = {name: {layout.entry(name)["digest"] for layout in layouts} for name in ("a", "b")}
    told, errors, numbers = Told(), [], queue.SimpleQueue()
    for number in range(pushes):
        numbers.put(number)

    def work(worker):
        with subprocess.Popen(
                ["prlimit", f"--nofile={DESCRIPTORS_MAX}", "/usr/bin/python3", "-I", "-S", "-c",
                 STARTER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                env=programs.pusher.environment, cwd=directory) as starter:
            try:
                while not errors:
                    one_push(starter, worker, numbers.get_nowait())
            except queue.Empty:
                pass
            except Exception as error:  # whatever it is: it ends the soak
                errors.append(error)
            starter.stdin.close()

    def one_push(starter, worker, number):
        """Each has a registry of its own, so that what it holds can be judged."""
        chance = random.Random(f"{seed} {number}")
        layout = chance.choice(layouts)
        with ScriptedRegistry(tokens=Tokens(users={USERNAME: PASSWORD}), **chance.choice(
                [{}, {"referrers": True}, {"anonymous_mount": True}, {"monolithic": 405}])) as registry:
            before = chance.choice([None, *layouts])
            for name in ("a", "b") if before else ():
                entry = before.entry(name)
                registry.put(f"soak/{name}", "0.1.0", before.blob(entry["digest"]), entry["mediaType"])
            if chance.random() < 0.5:
                registry.at(chance.randrange(14), chance.choice(FAULTS))
            status = push(starter, worker, layout, registry)
            told.failed += status != 0
            judge(registry, status, layout, worker)
            registry.rules.clear()
            if status:
                assert push(starter, worker, layout, registry) == 0, (number, layout)
                judge(registry, 0, layout, worker)
            assert registry.faults == [], registry.faults
        told.pushes += 1

    def push(starter, worker, layout, registry):
        said, receipt = directory / f"said-{worker}", directory / f"receipt-{worker}"
        receipt.unlink(missing_ok=True)
        arguments = [programs.pusher.path, "push", layout.path, registry.oci("soak"), "--trust",
                     keys.trust, "--plain-http", "--on-existing", "overwrite", "--retries", "1",
                     "--receipt", receipt, "--username", USERNAME, "--password-stdin", "--verbose"]
        starter.stdin.write(json.dumps([list(map(str, arguments)), PASSWORD, str(said)]) + "\n")
        starter.stdin.flush()
        status, rss = map(int, starter.stdout.readline().split())
        told.rss.append(rss)
        text = said.read_text()
        assert status in (0, 5, 6, 7), (status, text)
        assert PASSWORD not in text and not any(token in text for token in registry.tokens.issued)
        clean(text)
        assert receipt.exists() == (status == 0), text
        return status

    def judge(registry, status, layout, worker):
        for name in ("a", "b"):
            found = registry.manifests.get((f"soak/{name}", "0.1.0"))
            digest = found and "sha256:" + sha256(found[1])
            assert digest is None or digest in allowed[name]
            assert status or digest == layout.entry(name)["digest"]
        if status == 0:
            receipt = json.loads((directory / f"receipt-{worker}").read_bytes())
            assert receipt["sealId"] == layout.seal_id and len(receipt["artifacts"]) == 2

    threads = [threading.Thread(target=work, args=(worker,)) for worker in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    assert told.pushes == pushes
    tenth = max(len(told.rss) // 10, 1)
    if not programs.sanitized:
        assert max(told.rss) < RSS_BYTES_MAX, max(told.rss)
        assert max(told.rss[-tenth:]) < 1.1 * max(told.rss[:tenth]), "memory grows"
    return told
