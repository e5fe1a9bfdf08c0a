#!/usr/bin/env python3
"""Compares what random constraints say of random versions with what Helm's semver library says.

    differential_constraints.py [--count N] [--seed S]

Each constraint is either refused by both, or taken by both and satisfied by the same versions.
Prints the seed and what differs, and exits 1 if anything does.
"""

import argparse
import random
import re
import sys

from differential import BATCH, oracle_path, our_path
from oracle import Oracle

NUMBERS = ["0", "1", "2", "3", "9", "10", "x", "X", "*", "01", "123456", "18446744073709551615",
           "18446744073709551616"]
NUMBER_WEIGHTS = [12, 12, 10, 6, 3, 4, 4, 2, 3, 1, 1, 0.3, 0.2]
IDENTIFIERS = ["0", "1", "10", "01", "alpha", "alpha1", "beta", "rc", "a-b", "-", "x", "*", "A", "0a",
               "18446744073709551615", "99999999999999999999"]
OPERATORS = ["", "=", "!=", ">", "<", ">=", "<=", "=>", "=<", "~", "~>", "^", "v", "!", "=="]
OPERATOR_WEIGHTS = [16, 3, 4, 5, 5, 5, 4, 1, 1, 6, 2, 7, 0.1, 0.1, 0.1]
SLIPS = [*"xX*.-+ ,|=<>~^v0a1_", "\u00e9", "\v", "\f", "\u2003", "\u0660"]


class Constraints:
    """Gives one (constraint, versions) after the other."""

    def __init__(self, rng):
        self.rng = rng

    def case(self):
        constraint = self._constraint()
        versions = [self._version() for _ in range(8)] + self._near(constraint)
        return constraint, versions

    def _blank(self):
        return self.rng.choices(["", " ", "  ", "\t", "\n", "\u00a0"], [8, 8, 1, 0.3, 0.1, 0.1])[0]

    def _identifiers(self):
        return ".".join(self.rng.choices(IDENTIFIERS, k=self.rng.choices([1, 2, 3], [6, 3, 1])[0]))

    def _tail(self):
        tail = "-" + self._identifiers() if self.rng.random() < 0.25 else ""
        return tail + ("+" + self._identifiers() if self.rng.random() < 0.1 else "")

    def _pattern(self):
        count = self.rng.choices([1, 2, 3, 4], [5, 5, 15, 0.2])[0]
        numbers = self.rng.choices(NUMBERS, NUMBER_WEIGHTS, k=count)
        return self.rng.choice(["", "", "", "", "v"]) + ".".join(numbers) + self._tail()

    def _version(self):
        if self.rng.random() < 0.1:
            return self._pattern()
        numbers = self.rng.choices(["0", "0", "1", "1", "2", "3", "9", "10"],
                                   k=self.rng.choices([1, 2, 3], [1, 1, 8])[0])
        return self.rng.choice(["", "", "", "", "v"]) + ".".join(numbers) + self._tail()

    def _near(self, constraint):
        """Versions beside those that the constraint names."""
        versions = []
        for text in re.findall(r"[0-9]+(?:\.[0-9]+)*", constraint)[:3]:
            numbers = [min(int(number), 2**64 - 2) for number in (text.split(".") + ["0", "0"])[:3]]
            place = self.rng.randrange(3)
            numbers[place] = max(0, numbers[place] + self.rng.choice([-1, 0, 1]))
            tail = self.rng.choice(["", "", "-0", "-alpha", "-rc.1", "+b"])
            versions.append(".".join(map(str, numbers)) + tail)
        return versions

    def _condition(self):
        operator = self.rng.choices(OPERATORS, OPERATOR_WEIGHTS)[0]
        return self._blank() + operator + self._blank() + self._pattern() + self._blank()

    def _group(self):
        if self.rng.random() < 0.12:
            dash = self.rng.choices([" - ", "  -  ", " -", "- ", "-"], [10, 1, 1, 1, 1])[0]
            return self._blank() + self._pattern() + dash + self._pattern() + self._blank()
        joint = self.rng.choices([",", " ", ", ", "", " , ", ",,"], [4, 4, 4, 0.3, 1, 0.1])[0]
        return joint.join(self._condition() for _ in range(self.rng.choice([1, 1, 1, 2, 2, 3])))

    def _constraint(self):
        joint = self.rng.choices(["||", " || ", "|"], [4, 4, 0.1])[0]
        text = joint.join(self._group() for _ in range(self.rng.choices([1, 2, 3], [7, 2, 1])[0]))
        if self.rng.random() < 0.08:
            at = self.rng.randint(0, len(text))
            text = text[:at] + self.rng.choice(SLIPS) + text[at + self.rng.randint(0, 2):]
        return text


def differences(helm, ours, cases):
    """[(constraint, versions, Helm's answer, ours)] where the two differ, and how many were taken."""
    found, taken = [], 0
    for start in range(0, len(cases), BATCH):
        batch = cases[start:start + BATCH]
        for constraint, versions in batch:
            for oracle in (helm, ours):
                oracle.send(op="check", constraint=constraint, versions=versions)
        for case in batch:
            theirs, own = helm.receive()[0], ours.receive()[0]
            taken += "verdicts" in theirs
            if theirs.get("verdicts") != own.get("verdicts"):
                found.append((*case, theirs, own))
    return found, taken


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=10000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    options = parser.parse_args()
    program = oracle_path() or sys.exit("differential_constraints: no helm-oracle (scripts/install-peers)")
    print(f"seed {options.seed}", flush=True)
    constraints = Constraints(random.Random(options.seed))
    with Oracle(program) as helm, Oracle(our_path()) as ours:
        found, taken = differences(helm, ours, [constraints.case() for _ in range(options.count)])
    for difference in found[:20]:
        print(*difference)
    print(f"{options.count} constraints, {taken} taken, {len(found)} differences")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
