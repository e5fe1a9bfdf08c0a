"""Command lines of both programs: help, errors, options, JSON."""

import json
import os
import re

import pytest
from demands import names_in, refused

BUILDER = ["keygen", "key", "build", "seal", "sign", "trust", "lint", "verify", "inspect",
           "version"]
PUSHER = ["push", "verify", "inspect", "trust", "login", "logout", "version"]
COMMANDS = [("builder", name) for name in BUILDER] + [("pusher", name) for name in PUSHER]


@pytest.fixture
def run(programs):
    """run("builder", argument...): the Result, whatever its status."""
    def run(program, *arguments, **how):
        return getattr(programs, program).run(*arguments, status=None, **how)
    return run


# ---- help ----

@pytest.mark.parametrize("arguments", [
    *[[program, word] for program in ("builder", "pusher") for word in ("--help", "-h", "help")],
    *[[program, name, word] for program, name in COMMANDS for word in ("--help", "-h")],
    *[[program, "help", name] for program, name in COMMANDS],
    ["builder", "build", "a", "b", "--output", "--help"], ["pusher", "push", "--nonsense", "--help"],
], ids=" ".join)
def test_help(arguments, run):
    done = run(*arguments)
    assert (done.status, done.stderr) == (0, "")
    assert re.match(r"usage: (builder|pusher) ", done.stdout)
    assert done.stdout.endswith("\n") and "\t" not in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80


@pytest.mark.parametrize("program", ["builder", "pusher"])
def test_help_names_every_command_and_no_other(program, run):
    said = run(program, "--help").stdout
    assert re.findall(r"^  (\w+) {2,}", said, re.M) == {"builder": BUILDER, "pusher": PUSHER}[program]


@pytest.mark.parametrize(("program", "name"), COMMANDS)
def test_help_names_every_option_that_there_is(program, name, run):
    """Each long option of the help is known."""
    said = run(program, name, "--help").stdout
    options = set(re.findall(r"^ {2,6}(?:-\w, )?(--[a-z-]+)", said, re.M)) - {"--help"}
    assert options or name == "version"
    for option in options:
        done = run(program, name, f"{option}=", *[f"{option}="])
        assert "unknown" not in done.stderr or "takes no value" in done.stderr, option


# ---- errors ----

@pytest.mark.parametrize("program", ["builder", "pusher"])
@pytest.mark.parametrize(("arguments", "words"), [
    ([], ["--help"]), ([""], []), (["nonsense"], ["nonsense"]), (["Version"], ["Version"]),
    (["--nonsense"], ["--nonsense"]), (["version", "extra"], []), (["version", "--nonsense"], []),
    (["version", "--json=yes"], ["--json"]), (["version", "-x"], ["-x"]), (["verify"], []),
    (["verify", "a", "--trust"], ["--trust"]), (["verify", "--trust", "b"], []),
    (["verify", "a", "--trust", "b", "--trust", "c"], ["--trust", "twice"]),
    (["verify", "a", "--trust=b", "--quiet", "-q"], ["quiet", "twice"]),
    (["inspect", "--format", "yaml", "a"], []), (["inspect", "a", "--format", ""], []),
    (["verify", "a", "--\x1b[2J"], []), (["\x1b[2J\nnext"], []),
], ids=lambda value: " ".join(value).encode("unicode_escape").decode() or "none")
def test_usage_errors(program, arguments, words, run, tmp_path):
    refused(run(program, *arguments, cwd=tmp_path), 2, *words)
    assert names_in(tmp_path) == []


@pytest.mark.parametrize(("program", "arguments"), [
    ("builder", ["keygen"]), ("builder", ["keygen", "d", "--role", "release", "--principal", "p"]),
    ("builder", ["keygen", "d", "--role", ""]), ("builder", ["keygen", "d", "--role", "SEAL"]),
    ("builder", ["keygen", "d", "e", "--role", "seal"]),
    ("builder", ["keygen", "d", "--role", "seal", "--no-passphrase", "--passphrase-file", "f"]),
    ("builder", ["build"]), ("builder", ["build", "c"]), ("builder", ["build", "c", "--output", "o"]),
    ("builder", ["build", "c", "--keys", "k"]), ("builder", ["build", "--output", "o", "--keys", "k"]),
    ("builder", ["build", "c", "-o", "o", "--output", "p", "--keys", "k"]),
    ("builder", ["build", "c", "-o", "o", "--keys", "k", "--force", "--force"]),
    ("builder", ["verify", "a", "b", "--trust", "t"]), ("builder", ["inspect", "a", "b"]),
    ("pusher", ["push"]), ("pusher", ["push", "l"]), ("pusher", ["push", "l", "oci://r.example/a"]),
    ("pusher", ["push", "l", "r.example/a", "--trust", "t"]),
    ("pusher", ["push", "l", "https://r.example/a", "--trust", "t"]),
    ("pusher", ["push", "l", "oci://", "--trust", "t"]),
    ("pusher", ["push", "l", "oci:///a", "--trust", "t"]),
    ("pusher", ["push", "l", "oci://r.example/a:1", "--trust", "t"]),
    ("pusher", ["push", "l", "oci://r.example/A", "--trust", "t"]),
    ("pusher", ["push", "l", "oci://r.example/../a", "--trust", "t"]),
    ("pusher", ["push", "l", "oci://u:p@r.example/a", "--trust", "t"]),
    ("pusher", ["push", "l", "oci://r.example:0/a", "--trust", "t"]),
    ("pusher", ["push", "l", "oci://r.example/a?x=y", "--trust", "t"]),
    ("pusher", ["push", "l", "oci://r.example/a#x", "--trust", "t"]),
    ("pusher", ["push", "l", "oci://r.example/a\r\nx", "--trust", "t"]),
    ("pusher", ["push", "l", "oci://r.example/a", "oci://s.example/a", "--trust", "t"]),
    ("pusher", ["inspect", "l"]), ("pusher", ["inspect", "--trust", "t"]),
    ("pusher", ["verify", "l", "r.example/a", "--trust", "t"]),
], ids=lambda value: value if isinstance(value, str) else repr(" ".join(value)))
def test_operands_and_options_of_each_command(program, arguments, run, tmp_path):
    refused(run(program, *arguments, cwd=tmp_path), 2)
    assert names_in(tmp_path) == []


# ---- options, wherever they stand ----

@pytest.mark.parametrize("arguments", [
    ["{layout}", "--trust", "{trust}"], ["--trust", "{trust}", "{layout}"],
    ["--trust={trust}", "{layout}"], ["{layout}", "--trust={trust}", "--verbose"],
    ["-v", "{layout}", "--trust={trust}"], ["--trust={trust}", "--", "{layout}"],
], ids=" ".join)
@pytest.mark.parametrize("program", ["builder", "pusher"])
def test_options_stand_anywhere(program, arguments, run, layout, keys):
    done = run(program, "verify", *(a.format(layout=layout, trust=keys.trust) for a in arguments))
    assert done.status == 0 and done.stdout.startswith(f"verified {layout}\n")


@pytest.mark.parametrize("program", ["builder", "pusher"])
def test_after_two_dashes_nothing_is_an_option(program, run, layout, keys, tmp_path):
    for name in ("--help", "--json", "-q"):
        layout.path.rename(tmp_path / name)
        done = run(program, "verify", f"--trust={keys.trust}", "--", name, cwd=tmp_path)
        assert (done.status, done.stdout.splitlines()[0]) == (0, f"verified {name}")
        (tmp_path / name).rename(layout.path)


@pytest.mark.parametrize("program", ["builder", "pusher"])
@pytest.mark.parametrize("option", ["--js", "--qui", "--tru", "--verb"])
def test_options_are_not_abbreviated(program, option, run, layout, keys):
    """A later option may begin alike: what a script wrote must not change its meaning."""
    options = [option, keys.trust] if option == "--tru" else [option, "--trust", keys.trust]
    refused(run(program, "verify", layout, *options), 2, option)


@pytest.mark.parametrize("program", ["builder", "pusher"])
@pytest.mark.parametrize("options", [["-qv"], ["-vq"], ["-q", "-v"]], ids=" ".join)
def test_short_options_can_stand_together(program, options, run, layout, keys):
    done = run(program, "verify", layout, "--trust", keys.trust, *options)
    assert (done.status, done.stdout, done.stderr) == (0, "", "")


# ---- quiet and JSON ----

@pytest.mark.parametrize("program", ["builder", "pusher"])
@pytest.mark.parametrize("command", ["verify", "inspect", "version"])
def test_quiet_prints_errors_only(program, command, run, layout, keys):
    operands = [] if command == "version" else [layout]
    trust = [] if (program, command) in (("builder", "inspect"),) or command == "version" else \
        ["--trust", keys.trust]
    done = run(program, command, *operands, *trust, "--quiet")
    assert (done.status, done.stdout, done.stderr) == (0, "", "")
    if operands:
        (layout.path / "index.json").unlink()
        done = run(program, command, *operands, *trust, "--quiet")
        assert done.status in (3, 4) and done.stdout == "" and done.stderr != ""


@pytest.mark.parametrize(("program", "arguments", "members"), [
    ("builder", ["version"], {"builder", "libdeflate", "libarchive", "libsodium"}),
    ("pusher", ["version"], {"pusher", "libcurl", "libsodium"}),
    ("builder", ["inspect", "{layout}"], {"seal", "delivery", "artifacts"}),
    ("pusher", ["inspect", "{layout}", "--trust", "{trust}"], {"seal", "delivery", "artifacts"}),
    ("builder", ["verify", "{layout}", "--trust", "{trust}"], {"sealId", "trustId", "artifacts"}),
    ("pusher", ["verify", "{layout}", "--trust", "{trust}"], {"sealId", "trustId", "artifacts"}),
], ids=lambda value: " ".join(value) if isinstance(value, list) else "")
def test_json_of_success(program, arguments, members, run, layout, keys):
    done = run(program, *(a.format(layout=layout, trust=keys.trust) for a in arguments), "--json")
    assert (done.status, done.stderr) == (0, "")
    assert done.stdout.startswith('{"version":1,"ok":true,') and done.stdout.count("\n") == 1
    assert members <= set(json.loads(done.stdout))


FAILURES = {
    "usage": (["builder", "build", "--json"], 2, "usage"),
    "unknown-command": (["pusher", "nonsense", "--json"], 2, "usage"),
    "unknown-option": (["pusher", "version", "--nonsense", "--json"], 2, "usage"),
    "json-first": (["builder", "build", "--json", "--nonsense"], 2, "usage"),
    "no-layout": (["builder", "inspect", "missing", "--json"], 1, "system"),
    "no-trust": (["pusher", "verify", "missing", "--trust", "missing", "--json"], 4, "unusable-trust"),
    "exists": (["builder", "build", "c", "--output", ".", "--keys", "k", "--json"], 2, "usage"),
    "network": (["pusher", "push", "{layout}", "oci://127.0.0.1:1/a", "--trust", "{trust}",
                 "--plain-http", "--retries", "0", "--json"], 5, "network"),
    "quiet-too": (["builder", "build", "--json", "--quiet"], 2, "usage"),
}


@pytest.mark.parametrize(("arguments", "status", "code"), FAILURES.values(), ids=FAILURES.keys())
def test_json_of_failure(arguments, status, code, run, layout, keys, tmp_path):
    program, *rest = (a.format(layout=layout, trust=keys.trust) for a in arguments)
    done = run(program, *rest, cwd=tmp_path)
    assert done.status == status
    told = json.loads(done.stdout)
    assert done.stdout.startswith('{"version":1,"ok":false,"error":{"code":')
    assert told["error"]["code"] == code
    # People read stderr all the same.
    assert done.stderr == f"{program}: {told['error']['message']}\n"


@pytest.mark.parametrize("name", ["a\x1b[2J", "a\nb", os.fsdecode(b"a\xff"), "a\"b", "grüß", "a\u202e"],
                         ids=["escape", "newline", "not-utf8", "quote", "umlaut", "bidi"])
def test_json_is_json_whatever_a_path_contains(name, run, tmp_path):
    done = run("builder", "inspect", name, "--json", cwd=tmp_path)
    assert done.status == 1
    told = json.loads(done.stdout)
    assert told["error"]["code"] == "system"
    assert "\x1b" not in done.stderr and done.stderr.count("\n") == 1


# ---- version ----

@pytest.mark.parametrize("program", ["builder", "pusher"])
@pytest.mark.parametrize("word", ["version", "--version"])
def test_version(program, word, run):
    done = run(program, word)
    assert (done.status, done.stderr) == (0, "")
    assert re.match(rf"{program} \d+\.\d+\.\d+\n", done.stdout)
    assert "libsodium" in done.stdout


def test_version_reads_nothing_of_the_working_directory(run, tmp_path):
    """libcurl's own list of versions starts the LDAP library, which takes its settings from there; of
    a pipe it would never see the end."""
    os.mkfifo(tmp_path / "ldaprc")
    assert run("pusher", "version", cwd=tmp_path, timeout=20).status == 0


@pytest.mark.parametrize("program", ["builder", "pusher"])
@pytest.mark.parametrize("term", [{"TERM": "xterm-256color"}, {"TERM": "dumb"}, {"NO_COLOR": "1"}],
                         ids=str)
def test_no_colour_into_a_pipe(program, term, run, layout, keys):
    done = run(program, "verify", layout, "--trust", keys.trust, env=term)
    assert "\x1b" not in done.stdout + done.stderr
