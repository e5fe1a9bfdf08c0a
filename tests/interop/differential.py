#!/usr/bin/env python3
"""Compares our reading of random Chart.yaml files with that of the real Helm.

    differential.py [--count N] [--seed S] [--minimise] [--keep DIRECTORY]

Each file becomes a chart, and each chart is either refused by both, or accepted by both with the
same config and manifest, byte for byte. Prints the seed, every group of differences with the
shortest file that shows it, and exits 1 if there is any that ALLOWED does not name.
"""

import argparse
import collections
import dataclasses
import os
import pathlib
import random
import re
import subprocess
import sys
import time

from archives import CREATED, minimal
from grammar import Grammar
from oracle import Oracle

ROOT = pathlib.Path(__file__).resolve().parents[2]
BATCH = 256
ATTEMPTS = 16  # to see Helm vary

REFUSED = "we refuse: bad-chart: "
_TAG_WITH_INDICATOR = re.compile(rb"![^\s\0]*\0?[,\[\]{}]")  # the NUL: UTF-16


def _tag_with_indicator(chart_yaml, _):
    return _TAG_WITH_INDICATOR.search(chart_yaml) is not None


def _plus_or_at_in_name(_, ours):
    return re.search(r"name '[^']*[+@]", ours["error"]) is not None


# What stays different: how the group begins, what else must hold for the file and our answer, why.
# COMPATIBILITY in builder(1) says the same to people.
ALLOWED = [
    (REFUSED + "a tag that ends at one of", _tag_with_indicator,
     "go-yaml reads on in a tag at , [ ] as YAML 1.1 has it, libyaml 0.2.5 does not"),
    (REFUSED + "did not find expected whitespace or line break", _tag_with_indicator, "the same"),
    (REFUSED + "did not find expected tag URI", _tag_with_indicator, "the same"),
    (REFUSED + "two byte order marks", None,
     "go-yaml loses the first character of lines behind the second one"),
    (REFUSED + "name X: a registry takes", _plus_or_at_in_name,
     "helm push changes every + in the reference, and cuts it at @: another repository is meant"),
    (REFUSED + "name X cannot be pushed: repository name is longer", None,
     "registries refuse it, Helm leaves that to them"),
    ("we refuse: unsupported: the tag !!timestamp", None, "nobody writes it into a Chart.yaml"),
    ("we refuse: over-limit: nested deeper than", None, "Helm goes down 10,000 levels"),
    ("we refuse: over-limit: more than X nodes", None, "an alias bomb that Helm would unfold"),
    ("Helm varies", None, "the later one of two keys that are the same text counts here"),
]


@dataclasses.dataclass
class Difference:
    group: str
    chart_yaml: bytes
    helm: dict
    ours: dict


def _words(message):
    """A message without what differs from file to file."""
    message = message.split("Chart.yaml: ")[-1]
    message = message.replace("error converting YAML to JSON: ", "").replace("yaml: ", "")
    message = re.sub(r"^line \d+: ", "", message)
    return re.sub(r"'.*'|\".*\"|\d+", "X", message)[:80]


def judge(chart_yaml, helm, ours):
    """The Difference between two answers, or None."""
    if "error" in helm and "error" in ours:
        return None
    if "error" in ours:
        group = f"we refuse: {ours['code']}: {_words(ours['error'])}"
    elif "error" in helm:
        group = f"Helm refuses: {_words(helm['error'])}"
    else:
        fields = [name for name in ("repository", "tag", "config", "manifest")
                  if helm[name] != ours[name]]
        if not fields:
            return None
        group = "not the same: " + ", ".join(fields)
    return Difference(group, chart_yaml, helm, ours)


def allowed(difference):
    return any(difference.group.startswith(group) and
               (condition is None or condition(difference.chart_yaml, difference.ours))
               for group, condition, _ in ALLOWED)


def ask(oracles, chart_yaml):
    """The Difference over one file, or None."""
    archive = minimal(chart_yaml)
    for oracle in oracles:
        oracle.send(archive, op="push", created=CREATED)
    return steady(oracles[0], judge(chart_yaml, *(oracle.receive()[0] for oracle in oracles)))


def steady(helm, difference):
    """The difference, under another name where Helm's own answer is not always the same.

    Keys that differ in YAML and not as text (1 and "1", y and true) become one in the random order
    of Go's maps.
    """
    if difference:
        archive = minimal(difference.chart_yaml)
        for _ in range(ATTEMPTS):
            helm.send(archive, op="push", created=CREATED)
        answers = [helm.receive()[0] for _ in range(ATTEMPTS)]
        if any(answer != difference.helm for answer in answers):
            difference.group = "Helm varies"
    return difference


def differences(oracles, files):
    """The differences over many files, asked in batches."""
    files = iter(files)
    while batch := [file for _, file in zip(range(BATCH), files)]:
        differing = []
        for file in batch:
            archive = minimal(file)
            for oracle in oracles:
                oracle.send(archive, op="push", created=CREATED)
        for file in batch:
            found = judge(file, *(oracle.receive()[0] for oracle in oracles))
            if found:
                differing.append(found)
        for found in differing:
            yield steady(oracles[0], found)


def minimise(oracles, difference):
    """The same difference with nothing in the file that it does not need."""
    best = difference
    for separator in (b"\n", None):
        pieces = best.chart_yaml.splitlines(keepends=True) if separator else \
            [best.chart_yaml[i:i + 1] for i in range(len(best.chart_yaml))]
        size = max(1, len(pieces) // 2)
        while size:
            at = 0
            while at < len(pieces):
                fewer = pieces[:at] + pieces[at + size:]
                found = ask(oracles, b"".join(fewer))
                if found and found.group == best.group:
                    best, pieces = found, fewer
                else:
                    at += size
            size //= 2
    return best


def real_chart_yamls():
    """Chart.yaml of the real charts beside the checkout, where there are any."""
    directory = ROOT.parent / "shared" / "data" / "charts"
    found = []
    for path in sorted(directory.glob("*.tgz")):
        listed = subprocess.run(["tar", "-xzOf", path, "--wildcards", "--no-wildcards-match-slash",
                                 "*/Chart.yaml"], capture_output=True, check=True)
        found.append(listed.stdout)
    return found


def oracle_path():
    """The program with the real Helm in it, or None."""
    done = subprocess.run([ROOT / "scripts" / "install-peers", "--path", "helm-oracle"],
                          capture_output=True, text=True, check=False)
    return done.stdout.strip() or None


def our_path():
    programs = pathlib.Path(os.environ.get("SALLYPORT_BUILD", ROOT / "build" / "bin")).resolve()
    return programs.parent / "tests" / "interop" / "ours"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--helm", type=int, choices=(3, 4), default=4)
    parser.add_argument("--minimise", action="store_true", help="shorten what differs")
    parser.add_argument("--keep", type=pathlib.Path, help="write what differs into this directory")
    options = parser.parse_args()
    program = oracle_path() or sys.exit("differential: no helm-oracle (scripts/install-peers)")
    print(f"seed {options.seed}", flush=True)
    begin = time.monotonic()
    grammar = Grammar(random.Random(options.seed), real_chart_yamls())
    files = (grammar.chart_yaml() for _ in range(options.count))
    groups = collections.defaultdict(list)
    with Oracle(program, helm=options.helm) as helm, Oracle(our_path()) as ours:
        for found in differences((helm, ours), files):
            groups[found.group].append(found)
        seconds = time.monotonic() - begin
        unlisted = 0
        for group, found in sorted(groups.items(), key=lambda item: -len(item[1])):
            listed = [one for one in found if allowed(one)]
            if listed:
                print(f"{len(listed):6} allowed   {group}")
            found = [one for one in found if not allowed(one)]
            if not found:
                continue
            unlisted += len(found)
            shortest = min(found, key=lambda one: len(one.chart_yaml))
            if options.minimise:
                shortest = minimise((helm, ours), shortest)
            print(f"{len(found):6} DIFFERENT {group}\n       {shortest.chart_yaml!r}\n"
                  f"       helm: {shortest.helm.get('error', shortest.helm.get('config'))}\n"
                  f"       ours: {shortest.ours.get('error', shortest.ours.get('config'))}")
            if options.keep:
                options.keep.mkdir(parents=True, exist_ok=True)
                name = re.sub(r"[^A-Za-z0-9]+", "-", group)[:60]
                (options.keep / name).write_bytes(shortest.chart_yaml)
    print(f"{options.count} charts, {unlisted} unlisted differences, {seconds:.1f} s")
    sys.exit(1 if unlisted else 0)


if __name__ == "__main__":
    main()
