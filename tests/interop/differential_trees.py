#!/usr/bin/env python3
"""Compares what we pack of random directories, under a random .helmignore, with the real Helm.

    differential_trees.py [--count N] [--seed S] [--helm 3|4] [--minimise]

Each directory is either refused by both, or packed by both with the same names and the same bytes,
Chart.yaml and Chart.lock aside, which each writes in its own style. Prints the seed and every group
of differences, and exits 1 if there is any that ALLOWED does not name.
"""

import io
import os
import pathlib
import random
import re
import sys
import tarfile
import tempfile

from archives import CREATED, MTIME
from differential import BATCH, REFUSED, Difference, oracle_path, our_path, parse_options, report, words
from oracle import Oracle, memory
from trees import Trees

NAMES_THAT_MISLEAD = \
    "file names with control or invisible characters, a backslash, or bytes that are not UTF-8"

# What stays different: how the group begins, what else must hold for the tree and our answer, why.
# The reasons stand in COMPATIBILITY of builder(1), word for word.
ALLOWED = [
    (REFUSED + "X: a link out of the chart directory", None,
     "a link out of the chart directory: Helm packs what lies elsewhere on the machine"),
    (REFUSED + "X: a link to a directory that it lies in", None,
     "a link to a directory that it lies in: Helm follows it until the system refuses"),
    (REFUSED + "entry X: refers to a parent directory", None,
     "a name at the top that begins with two dots: Helm packs it and cannot load what it packed"),
    (REFUSED + "charts: two charts have the name X", None,
     "two charts of one name in charts/: Helm packs both into one directory"),
    (REFUSED + "entry X: has control, invisible or non-UTF-8 characters in its name", None,
     NAMES_THAT_MISLEAD),
    (REFUSED + "X: cannot be packed: Can", None, NAMES_THAT_MISLEAD),  # Can't
    (REFUSED + "entry X: not in the directory X as the others", None, NAMES_THAT_MISLEAD),
    (REFUSED + "X: readers of archives would take it for X", None, NAMES_THAT_MISLEAD),
    (REFUSED + "entry X: twice in the archive", None,
     "two names that differ in how their characters are composed: libarchive takes them for one"),
]


def allowed(difference):
    return any(difference.group.startswith(group) and
               (condition is None or condition(difference.chart, difference.ours))
               for group, condition, _ in ALLOWED)


def members(archive):
    """{name: content} of what Helm and we do not write anew; a name that is there twice tells."""
    found = {}
    with tarfile.open(fileobj=io.BytesIO(archive)) as file:
        for member in file:
            own = os.path.basename(member.name) in ("Chart.yaml", "Chart.lock")
            content = b"" if own else file.extractfile(member).read()
            found[member.name] = content if member.name not in found else (found[member.name], content)
    return found


class TreeComparison:
    """Helm and our code, asked to pack the same directories."""

    def __init__(self, helm, ours, directory):
        self.helm = helm
        self.ours = ours
        self.directory = pathlib.Path(directory)

    def differences(self, trees):
        """The differences over many trees, asked in batches."""
        trees = iter(trees)
        while batch := [tree for _, tree in zip(range(BATCH), trees)]:
            for slot, tree in enumerate(batch):
                path = self.directory / str(slot)
                tree.write(path)
                self.helm.send(op="package", path=str(path))
                self.ours.send(op="package", path=str(path), mtime=MTIME, created=CREATED)
            found = [self._judge(tree, self.helm.receive(), self.ours.receive()) for tree in batch]
            yield from filter(None, found)

    def difference(self, tree):
        """The Difference over one tree, or None."""
        return next(self.differences([tree]), None)

    def minimise(self, difference):
        """The same difference with nothing in the tree, nor in .helmignore, that it does not need."""
        best = difference
        for path in list(best.chart):
            best = self._shorter(best, best.chart.without([path]))
        lines = best.chart.get(".helmignore", b"").splitlines(keepends=True)
        for line in list(lines):
            fewer = [other for other in lines if other is not line]
            shorter = best.chart.without([])
            shorter[".helmignore"] = b"".join(fewer)
            found = self._shorter(best, shorter)
            if found is not best:
                best, lines = found, fewer
        return best

    def _shorter(self, difference, tree):
        found = self.difference(tree)
        return found if found and found.group == difference.group else difference

    def _judge(self, tree, helm, ours):
        (said, their_archive), (answer, our_archive) = helm, ours
        if "error" in said and "error" in answer:
            return None
        if "error" in answer:
            error = re.sub(r"\Achart '[^']*': ", "", answer["error"])
            group = f"we refuse: {answer['code']}: " + re.sub(r"'[^']*'", "X", error)
        elif "error" in said:
            group = f"Helm refuses: {words(said['error'])}"
        else:
            theirs, own = members(their_archive), members(our_archive)
            if theirs == own:
                return None
            names = sorted(theirs.keys() ^ own.keys())
            group = "not the same: names" if names else "not the same: bytes"
            said = {"names": sorted(theirs)}
            answer = {"names": sorted(own)}
        return Difference(group, tree, said, answer)


def main():
    options = parse_options(__doc__.splitlines()[0]).parse_args()
    program = oracle_path() or sys.exit("differential_trees: no helm-oracle (scripts/install-peers)")
    print(f"seed {options.seed}", flush=True)
    trees = Trees(random.Random(options.seed))
    with Oracle(program, helm=options.helm) as helm, Oracle(our_path()) as ours, \
            tempfile.TemporaryDirectory(dir=memory()) as directory:
        comparison = TreeComparison(helm, ours, directory)
        sys.exit(report(comparison, (trees.tree() for _ in range(options.count)), options, allowed))


if __name__ == "__main__":
    main()
