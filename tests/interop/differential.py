#!/usr/bin/env python3
"""Compares our reading of random Chart.yaml files with that of the real Helm.

    differential.py [--count N] [--seed S] [--packaged] [--file NAME] [--minimise]

Each file becomes a chart archive, or with --packaged a chart directory; and each chart is either
refused by both, or accepted by both with the same config and manifest, byte for byte (of a
directory the config only: the archives differ in how they are written). With --file it becomes
values.yaml or another file of a chart whose Chart.yaml is good. Prints the seed, every group of
differences with the shortest file that shows it, and exits 1 if there is any that ALLOWED does not
name.
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
import tempfile
import time

from archives import CREATED, MTIME, archive
from grammar import Grammar
from oracle import Oracle, memory

ROOT = pathlib.Path(__file__).resolve().parents[2]
BATCH = 256
ATTEMPTS = 16  # to see Helm vary

REFUSED = "we refuse: bad-chart: "
FILES = ["Chart.yaml", "values.yaml", "Chart.lock", "requirements.yaml", "requirements.lock"]
GOOD = b"apiVersion: v1\nname: good\nversion: 1.2.3\n"


def _tag_with_indicator(chart_yaml, _):
    is_utf_16 = chart_yaml.startswith((b"\xff\xfe", b"\xfe\xff"))
    text = chart_yaml.decode("utf-16" if is_utf_16 else "utf-8", "replace")
    return re.search(r"![^\s]*[,\[\]{}]", text) is not None


def _two_byte_order_marks(chart_yaml, _):
    return chart_yaml.startswith((b"\xef\xbb\xbf\xef\xbb\xbf", b"\xef\xbb\xbf\xff\xfe",
                                  b"\xef\xbb\xbf\xfe\xff"))


def _text_behind_empty(yaml, _):
    before = rb"(?:\s|#[^\n]*\n|---|![^\s]*|\xe2\x80[\xa8\xa9]|\xc2\x85|\xef\xbb\xbf)*"
    return re.match(before + rb"(\{\s*\}|\[\s*\])[^\n\r]", yaml) is not None


def _plus_or_at_in_name(_, ours):
    return re.search(r"name '[^']*[+@]", ours["error"]) is not None


TAG = "a tag in YAML with one of , [ ] { } in it: go-yaml reads on there, libyaml does not"
MARKS = "a byte order mark behind another one where YAML begins, in UTF-16, or at the seam of two " \
        "pieces of 512 bytes: go-yaml loses characters behind it"
NO_JSON = "in what becomes the configuration or the manifest, a NUL, an integer from 2^63 on, or 32 " \
          "levels: no strict reader of JSON takes them"

# What stays different: how the group begins, what else must hold for the file and our answer, why.
# The reasons stand in COMPATIBILITY of builder(1), word for word.
ALLOWED = [
    (REFUSED + "a tag that ends at one of", _tag_with_indicator, TAG),
    (REFUSED + "did not find expected whitespace or line break", _tag_with_indicator, TAG),
    (REFUSED + "did not find expected tag URI", _tag_with_indicator, TAG),
    (REFUSED + "two byte order marks", None, MARKS),
    (REFUSED + "a second byte order mark in UTF", None, MARKS),
    (REFUSED + "a byte order mark where Helm", None, MARKS),
    (REFUSED, _text_behind_empty,
     "text behind {} or [] on the line where YAML begins: go-yaml reads no further"),
    ("Helm refuses: ", _two_byte_order_marks, MARKS),  # in a directory: it reads both, then one
    (REFUSED + "name X: a registry takes", _plus_or_at_in_name,
     "a name with + or @ in it: helm push would write to another repository than the name says"),
    (REFUSED + "name X cannot be pushed: repository name is longer", None,
     "a name of more than 255 bytes: registries refuse it, Helm leaves that to them"),
    ("we refuse: unsupported: the tag !!timestamp", None, "the tag !!timestamp in YAML"),
    (REFUSED + "X: a control character", None,
     "U+0085 in annotations or apiVersion: helm package makes a blank of it"),
    ("we refuse: over-limit: nested deeper than", None,
     "YAML of more than 64 levels: Helm goes down 10,000"),
    ("we refuse: over-limit: more than X nodes", None,
     "YAML of more than 100,000 nodes with all aliases followed: Helm unfolds more"),
    (REFUSED + "the config made of it: JSON", None, NO_JSON),
    (REFUSED + "the manifest made of it: JSON", None, NO_JSON),
    ("we refuse: over-limit: the config made of it", None, NO_JSON),
    ("Helm varies", None,
     "two keys that differ in YAML and are the same text: the later one counts, Helm takes either"),
]


@dataclasses.dataclass
class Difference:
    group: str
    chart: bytes
    helm: dict
    ours: dict


def words(message):
    """A message without what differs from file to file."""
    message = re.split(rf"(?:{'|'.join(FILES)}): ", message)[-1]
    message = message.replace("error converting YAML to JSON: ", "").replace("yaml: ", "")
    message = re.sub(r"^(cannot unmarshal yaml document: |the document behind line \d+: )", "", message)
    message = re.sub(r"^line \d+: ", "", message)
    # A long name loses its end, with the quotation mark, where an error text has no room for it.
    message = re.sub(r"'[^']*: repository name is longer", "X cannot be pushed: repository name is longer",
                     message)
    return re.sub(r"'.*'|\".*\"|\d+", "X", message, flags=re.S)[:80]


def allowed(difference):
    return any(difference.group.startswith(group) and
               (condition is None or condition(difference.chart, difference.ours))
               for group, condition, _ in ALLOWED)


class Comparison:
    """Helm and our code, asked for the same files of a name: in archives, or in directories below
    `packaged`."""

    def __init__(self, helm, ours, packaged=None, name="Chart.yaml"):
        self.helm = helm
        self.ours = ours
        self.packaged = packaged
        self.name = name
        self.compared = ["repository", "tag", "config"] + ([] if packaged else ["manifest"])

    def differences(self, files):
        """The differences over many files, asked in batches."""
        files = iter(files)
        while batch := [file for _, file in zip(range(BATCH), files)]:
            for slot, file in enumerate(batch):
                self._send(file, slot, [self.helm, self.ours])
            found = [self._judge(file, self.helm.receive()[0], self.ours.receive()[0])
                     for file in batch]
            yield from (self._steady(one) for one in found if one)

    def difference(self, file):
        """The Difference over one file, or None."""
        return next(self.differences([file]), None)

    def minimise(self, difference):
        """The same difference with nothing in the file that it does not need."""
        best = difference
        for by_line in (True, False):
            pieces = best.chart.splitlines(keepends=True) if by_line else \
                [best.chart[i:i + 1] for i in range(len(best.chart))]
            size = max(1, len(pieces) // 2)
            while size:
                at = 0
                while at < len(pieces):
                    fewer = pieces[:at] + pieces[at + size:]
                    found = self.difference(b"".join(fewer))
                    if found and found.group == best.group:
                        best, pieces = found, fewer
                    else:
                        at += size
                size //= 2
        return best

    def _send(self, file, slot, oracles):
        """Asks each of the oracles; none may still be at work on what was asked in this slot."""
        files = {"Chart.yaml": GOOD, self.name: file}
        job = {"op": "push", "created": CREATED}
        body = b""
        if self.packaged:
            directory = self.packaged / str(slot)
            directory.mkdir(exist_ok=True)
            for name, content in files.items():
                (directory / name).write_bytes(content)
            job.update(op="build", path=str(directory), mtime=MTIME)
        else:
            body = archive({f"c/{name}": content for name, content in files.items()})
        for oracle in oracles:
            oracle.send(body, **job)

    def _judge(self, chart_yaml, helm, ours):
        if "error" in helm and "error" in ours:
            return None
        if "error" in ours:
            group = f"we refuse: {ours['code']}: {words(ours['error'])}"
        elif "error" in helm:
            group = f"Helm refuses: {words(helm['error'])}"
        else:
            fields = [name for name in self.compared if helm[name] != ours[name]]
            if not fields:
                return None
            group = "not the same: " + ", ".join(fields)
        return Difference(group, chart_yaml, helm, ours)

    def _steady(self, difference):
        """The difference, under another name where Helm's own answer is not always the same.

        Keys that differ in YAML and not as text (1 and 1.0) become one in the random order of Go's
        maps.
        """
        self._send(difference.chart, "again", [self.helm] * ATTEMPTS)
        answers = [self.helm.receive()[0] for _ in range(ATTEMPTS)]
        for answer in answers:
            if any(answer.get(name) != difference.helm.get(name) for name in self.compared):
                difference.group = "Helm varies"
        return difference


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


def parse_options(description):
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--helm", type=int, choices=(3, 4), default=4)
    parser.add_argument("--minimise", action="store_true", help="shorten what differs")
    return parser


def report(comparison, charts, options, is_allowed):
    """Prints every group of differences with the shortest chart that shows it; returns the status."""
    begin = time.monotonic()
    groups = collections.defaultdict(list)
    for found in comparison.differences(charts):
        groups[found.group].append(found)
    unlisted = 0
    for group, found in sorted(groups.items(), key=lambda item: -len(item[1])):
        different = [one for one in found if not is_allowed(one)]
        if len(different) < len(found):
            print(f"{len(found) - len(different):6} allowed   {group}")
        if not different:
            continue
        unlisted += len(different)
        shortest = min(different, key=lambda one: len(one.chart))
        if options.minimise:
            shortest = comparison.minimise(shortest)
        print(f"{len(different):6} DIFFERENT {group}\n       {shortest.chart!r}\n"
              f"       helm: {shortest.helm.get('error', shortest.helm)}\n"
              f"       ours: {shortest.ours.get('error', shortest.ours)}")
    print(f"{options.count} charts, {unlisted} unlisted differences, {time.monotonic() - begin:.1f} s")
    return 1 if unlisted else 0


def main():
    parser = parse_options(__doc__.splitlines()[0])
    parser.add_argument("--packaged", action="store_true", help="directories, not archives")
    parser.add_argument("--file", choices=FILES, default="Chart.yaml", help="which one is random")
    options = parser.parse_args()
    program = oracle_path() or sys.exit("differential: no helm-oracle (scripts/install-peers)")
    print(f"seed {options.seed}", flush=True)
    grammar = Grammar(random.Random(options.seed), real_chart_yamls(), options.packaged)
    files = (grammar.chart_yaml() for _ in range(options.count))
    with Oracle(program, helm=options.helm) as helm, Oracle(our_path()) as ours, \
            tempfile.TemporaryDirectory(dir=memory()) as directory:
        packaged = pathlib.Path(directory) if options.packaged else None
        comparison = Comparison(helm, ours, packaged, options.file)
        sys.exit(report(comparison, files, options, allowed))


if __name__ == "__main__":
    main()
