"""What `helm lint` and `builder lint` find, made comparable."""

import json
import os
import pathlib
import re
import subprocess

# What both say, in the words that are the same in both; the first that is found is the meaning.
MEANINGS = [re.compile(pattern, re.S) for pattern in (
    r"unable to (check|load|extract)", r"unable to parse YAML", r"failed to strictly parse",
    r"each maintainer requires a name", r"a maintainer entry is empty", r"name is required",
    r"chart name (?=.* is invalid)", r"apiVersion is required", r"apiVersion '.*' is not valid",
    r"\S+ should be of type string but it's of type [^\s,]+( \{\})?", r"version is required",
    r"is not a valid SemVerV2", r"is not a valid SemVer\b", r"is less than or equal to",
    r"invalid (email|url) '.*' for maintainer", r"invalid (source|icon) URL", r"icon is recommended",
    r"chart type is not valid in apiVersion", r"dependencies are not valid in the Chart file",
    r"file does not exist", r"directory does not exist",
    r"should be a file, not a directory", r"not a directory", r"file extension '.*' not valid",
    r"chart (metadata|directory) is missing these dependencies: [^\n]*",
    r"apiVersion is not in 'apiextensions.k8s.io'", r"object kind is not")]

# Findings of our own, beyond Helm's: builder(1) lists them.
OWN = re.compile(r"are one field to Helm|is (a number|true or false) to YAML|cannot be pushed|"
                 r"Helm drops or replaces characters")

DIRECTORY = ("ERROR", "Chart.yaml", "should be a file, not a directory")

# Where we refuse a chart that Helm loads, as `builder build` does: builder(1), COMPATIBILITY.
REFUSED = re.compile(r"unable to .*not handled by this version|nested deeper than|more than \d+ nodes")


def meaning(message):
    for pattern in MEANINGS:
        found = pattern.search(message)
        if found:
            return found.group()
    return message


def canonical(severity, path, message):
    """A finding as both are compared. Helm repeats what its loader refuses for templates/ and crds/."""
    what = meaning(message)
    if severity == "ERROR" and path in ("templates/", "crds/") and what != "not a directory":
        path, what = "", "unable to load"
    if os.path.isabs(path):
        path = "charts/"
    if "is missing these dependencies" in what:  # '' is how we write no name
        head, _, names = what.rpartition(": ")
        what = f"{head}: {','.join(sorted(names.replace(chr(39) * 2, '').split(',')))}"
    return severity, re.sub(r"^charts/.*/(crds/.*)", r"\1", path), what


def _environment(home):
    return {"HOME": str(home), "PATH": "/usr/bin:/bin"}


def helm_findings(helm, home, paths, *options):
    """{path: set of findings} by one run of the program helm, at home in that directory."""
    run = subprocess.run([helm, "lint", *options, *paths], capture_output=True, check=False,
                         env=_environment(home))
    found, current = {}, None
    # What a message quotes may be of several lines.
    starts = r"\n(?=\[(?:INFO|WARNING|ERROR)\] |\n?==> Linting |Error |\n?\d+ chart\(s\) linted)"
    for line in re.split(starts, run.stdout.decode("utf-8", "replace")):
        line = line.strip("\n")
        if line.startswith("==> Linting "):
            current = found.setdefault(line.removeprefix("==> Linting "), set())
        elif line.startswith("Error "):
            current.add(canonical("ERROR", "Chart.yaml" if "unable to check" in line else "", line))
        elif line.startswith("["):
            severity, path, message = re.match(r"\[(\w+)\] (.*?): (.*)", line, re.S).groups()
            current.add(canonical(severity, path, message))
    for findings in found.values():
        if DIRECTORY in findings:  # which it then also cannot parse
            findings.discard(("ERROR", "Chart.yaml", "unable to parse YAML"))
    assert sorted(found) == sorted(map(str, paths)), run.stderr[-2000:]
    return found


def our_findings(builder, paths):
    """{path: (set of Helm's findings, list of our own)} by one run of the program builder."""
    run = subprocess.run([builder, "lint", "--json", *paths], capture_output=True, check=False)
    assert run.returncode in (0, 3), run.stderr
    found = {}
    for chart in json.loads(run.stdout)["charts"]:
        findings, own = set(), []
        for item in chart["findings"]:
            if OWN.search(item["message"]) or REFUSED.search(item["message"]):
                own.append(item["message"])
            else:
                findings.add(canonical(item["severity"].upper(), item["path"], item["message"]))
        found[chart["path"]] = findings, own
    return found


def differences(helm, ours):
    """Lines that tell where the findings differ."""
    lines = []
    for path, expected in helm.items():
        found, own = ours[path]
        if any(REFUSED.search(message) for message in own):
            # Nothing behind the loader was looked at.
            expected = {item for item in expected if item[1] not in ("", "charts/")
                        and not item[1].startswith(("crds/", "templates/x"))}
            found = {item for item in found if not item[1].startswith(("crds/", "templates/x"))}
        for item in sorted(expected - found):
            lines.append(f"{pathlib.Path(path).name}: Helm alone: {item}")
        for item in sorted(found - expected):
            lines.append(f"{pathlib.Path(path).name}: we alone: {item}")
    return lines
