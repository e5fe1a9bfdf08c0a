"""What the project wants to reach, and whether a run has reached it.

A goal is a ratio to the best of the baselines that ran, by medians of the same run; "mib" and
"requests" are taken as they are.
"""

import dataclasses

from measure import medians

HELM = ("helm4", "helm3")
PEERS = ("oras", "crane", "regctl", "skopeo")
CHECKED = ("openssl, oras", "openssl, crane")
MEASURES = {"wall": ("time", "wall_ms"), "cpu": ("CPU time", "cpu_ms"), "rss": ("memory", "rss_mib")}
ABSOLUTE = {"mib": "peak MiB", "requests": "requests"}

# Workload, program, baselines, {measure: at most}.
GOALS = [
    ("package-middle", "builder", HELM, {"wall": 0.12, "cpu": 0.12, "rss": 0.12}),
    ("package-middle", "builder (.tgz)", HELM, {"wall": 0.05, "cpu": 0.05, "rss": 0.15}),
    ("package-many", "builder", ("helm4 loop",), {"wall": 0.15, "cpu": 0.18, "rss": 0.40}),
    ("push", "pusher", PEERS, {"wall": 0.75}),
    ("push", "pusher", ("oras",), {"cpu": 0.85, "mib": 16, "requests": 6}),
    ("push", "pusher", HELM, {"wall": 0.20, "cpu": 0.13}),
    ("push-again", "pusher", (), {"requests": 1}),
    ("push-null", "pusher", ("oras", "crane"), {"wall": 0.85, "cpu": 0.85, "mib": 16}),
    ("push-tls", "pusher", ("oras",), {"wall": 0.60, "cpu": 0.35, "mib": 16}),
    ("blob", "pusher --single-pass", ("curl -T",), {"wall": 1.05, "mib": 16, "requests": 6}),
    ("blob", "pusher", ("openssl, oras",), {"wall": 0.85, "mib": 16}),
    ("blob-large", "pusher --single-pass", ("curl -T",), {"wall": 1.05, "mib": 16}),
    ("blob-large", "pusher", ("openssl, oras",), {"wall": 0.85, "mib": 16}),
    ("blob-null", "pusher --single-pass", CHECKED, {"wall": 0.82, "cpu": 1.0}),
    ("blob-null", "pusher --single-pass", ("openssl dgst",), {"wall": 1.08, "cpu": 1.25}),
    ("layers", "pusher --single-pass", ("openssl, oras",), {"wall": 0.75, "mib": 16, "requests": 36}),
    ("many", "pusher", ("oras loop",), {"wall": 0.25}),
    ("many-more", "pusher", ("skopeo loop",), {"wall": 0.15, "cpu": 0.05, "mib": 16,
                                               "requests": 3000}),
    ("far", "pusher", ("oras",), {"wall": 0.72}),
    ("far", "pusher", HELM, {"wall": 0.63}),
    ("far-many", "pusher", ("oras loop",), {"wall": 0.10, "cpu": 0.10}),
    ("far-blob", "pusher", ("oras", "crane"), {"wall": 0.10, "cpu": 0.30}),
]


@dataclasses.dataclass
class Verdict:
    program: str
    measure: str
    baseline: str  # with which it was compared; "" where with none
    at_most: float
    value: object  # None: not measured

    @property
    def text(self):
        return "not measured" if self.value is None else "met" if self.is_met else "**missed**"

    @property
    def is_met(self):
        return self.value is not None and round(self.value, 2) <= self.at_most


def judge(result):
    """The Verdicts over one workload's result."""
    middles = {name: medians(runs) for name, runs in result.runs.items()}
    for workload, program, baselines, limits in GOALS:
        if workload != result.workload.name:
            continue
        for measure, at_most in limits.items():
            if measure in ABSOLUTE:
                yield Verdict(program, ABSOLUTE[measure], "", at_most,
                              middles[program].rss_mib if measure == "mib" else
                              result.counts.get(program, {}).get("requests"))
                continue
            what, field = MEASURES[measure]
            there = {name: getattr(middles[name], field) for name in baselines if name in middles}
            best = min(there, key=there.get, default=None)
            yield Verdict(program, what, best or " or ".join(baselines), at_most,
                          getattr(middles[program], field) / there[best] if best else None)
