"""What the tests demand of every command: how it refuses, and what it leaves behind."""

import re

def row_ids(cases, rows):
    """Ids for parametrize: the names of the cases, each behind the row of the threat table that it
    plays. rows: (beginning of a name, row), the first that fits; a case may fit none."""
    found = {name: next((f"row_{row}_" for begins, row in rows if name.startswith(begins)), "")
             for name in cases}
    for begins, row in rows:
        assert any(name.startswith(begins) for name in cases), f"row {row}: no case {begins}"
    return [prefix + name for name, prefix in found.items()]


# What may not reach a terminal from hostile input: C0, DEL, C1 and the bidirectional controls.
CONTROLS = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def refused(result, status, *words):
    """A refusal with this exit status: nothing on stdout, one clean line on stderr with these words."""
    assert result.status == status, (result.status, result.stderr)
    assert result.stdout == "", result.stdout
    lines = result.stderr.splitlines(keepends=True)
    assert len(lines) == 1 and lines[0].endswith("\n"), result.stderr
    clean(result.stderr)
    assert re.match(r"(builder|pusher): \S", lines[0]), result.stderr
    for word in words:
        assert str(word) in result.stderr, (word, result.stderr)


def clean(text):
    """No control byte of a hostile name or answer is passed on."""
    found = CONTROLS.search(text)
    assert found is None, (found, text)


def names_in(directory):
    """The names in a directory, hidden ones too: for what may be left behind."""
    return sorted(path.name for path in directory.iterdir())


def _of_any_time(program, text):
    """What a program said, without its name and the time at which it said it."""
    return re.sub(r" it is \S+ here", " it is NOW here", re.sub(f"^{program}: ", "", text, flags=re.M))


def judged(programs, layout, trust, status, *words, options=()):
    """Both programs judge a layout, and must agree to the letter; returns what pusher said."""
    pusher = programs.pusher.run("verify", layout, "--trust", trust, *options, status=None, timeout=20)
    builder = programs.builder.run("verify", layout, "--trust", trust, *options, status=None,
                                   timeout=20)
    said = (pusher.status, pusher.stdout, _of_any_time("pusher", pusher.stderr))
    assert said == (builder.status, builder.stdout, _of_any_time("builder", builder.stderr))
    assert pusher.status == status, said
    clean(pusher.stdout + pusher.stderr)
    for word in words:
        assert str(word) in pusher.stdout + pusher.stderr, (word, said)
    if status and "--json" not in options:
        assert pusher.stdout == ""
        assert all(line.startswith("pusher: ") for line in pusher.stderr.splitlines())
    return pusher
