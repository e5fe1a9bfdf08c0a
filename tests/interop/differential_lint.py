#!/usr/bin/env python3
"""Compares what `builder lint` finds in random charts with what `helm lint` of Helm 4 finds.

    differential_lint.py [--count N] [--seed S]

Each chart has a random Chart.yaml, values.yaml or CRD. Prints the seed and every kind of difference
with the shortest chart that shows it, and exits 1 if there is any.
"""

import argparse
import collections
import pathlib
import random
import re
import subprocess
import sys
import tempfile

from differential import ROOT, our_path, real_chart_yamls
from grammar import Grammar
from lint_charts import BASE, CRD
from lint_findings import REFUSED, differences, helm_findings, our_findings
from oracle import memory

BATCH = 100
# Where one of the two reads on and the other stops: builder(1), COMPATIBILITY, and what it says of
# lint.
UNLIKE = re.compile(rb"\A\s*\{|\A\s*\[|\xef\xbb\xbf|\A\xfe\xff|\A\xff\xfe|!|[.](inf|nan)|\\(u00|x|)00?", re.I)


class Charts:
    """Gives one chart after the other, {path: bytes}; nothing in it is rendered."""

    def __init__(self, rng):
        self.rng = rng
        self.grammar = Grammar(rng, real_chart_yamls())

    def chart(self):
        files = {path: content.encode() for path, content in BASE.items()}
        path = self.rng.choice(["Chart.yaml", "Chart.yaml", "values.yaml", "crds/a.yaml"])
        files[path] = self._crd() if path.startswith("crds/") else self.grammar.chart_yaml()
        if path == "Chart.yaml" or self.rng.random() < 0.1:
            del files["values.yaml" if path != "values.yaml" else "templates/x.yaml"]
        return files

    def _crd(self):
        text = CRD + self.rng.choice(["", "---\n" + CRD, "---\nkind: a\n", "---\n---\n# a\n"])
        return self.grammar.mutated(text).encode("utf-8", "surrogatepass")


def compare(helm, builder, home, charts, directory):
    """[(difference, chart)] over the charts, which are written below directory."""
    paths = {}
    for number, chart in enumerate(charts):
        path = pathlib.Path(directory, str(number))
        for name, content in chart.items():
            file = path / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        paths[str(path)] = chart
    theirs, ours = helm_findings(helm, home, list(paths)), our_findings(builder, list(paths))
    return [(line.split(": ", 1)[1], chart) for path, chart in paths.items()
            if not any(UNLIKE.search(content) for content in chart.values())
            and not any(REFUSED.search(message) for message in ours[path][1])
            for line in differences({path: theirs[path]}, ours)]


def helm_path():
    done = subprocess.run([ROOT / "scripts" / "install-peers", "--path", "helm-4.2.4"],
                          capture_output=True, text=True, check=False)
    return done.stdout.strip() or None


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    options = parser.parse_args()
    helm = helm_path() or sys.exit("differential_lint: no helm-4.2.4 (scripts/install-peers)")
    builder = our_path().parents[2] / "bin" / "builder"
    print(f"seed {options.seed}", flush=True)
    charts = Charts(random.Random(options.seed))
    found = collections.defaultdict(list)
    for done in range(0, options.count, BATCH):
        batch = [charts.chart() for _ in range(min(BATCH, options.count - done))]
        with tempfile.TemporaryDirectory(dir=memory()) as directory:
            for difference, chart in compare(helm, builder, directory, batch, directory):
                found[difference].append(chart)
    for difference, shown in sorted(found.items()):
        shortest = min(shown, key=lambda chart: sum(map(len, chart.values())))
        print(f"{len(shown):6} DIFFERENT {difference}\n       {shortest}")
    print(f"{options.count} charts, {len(found)} kinds of differences")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
