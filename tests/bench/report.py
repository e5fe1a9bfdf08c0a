"""The results as tables, as JSON, and as a chart."""

import html
import itertools

from goals import judge
from measure import medians


def _ratio(value, base):
    return f"{value / max(base, 0.001):.2f}"


def _columns(result):
    """[(title, text of a program's cell)]; those for which nothing was measured are left out."""
    base = medians(result.runs[result.baseline])
    middles = {name: medians(runs) for name, runs in result.runs.items()}
    columns = []
    for title, field in (("wall ms", "wall_ms"), ("CPU ms", "cpu_ms"), ("peak MiB", "rss_mib")):
        columns.append((title, lambda n, f=field: f"{getattr(middles[n], f):.1f}"))
        columns.append(("ratio", lambda n, f=field: _ratio(getattr(middles[n], f), getattr(base, f))))
    if result.workload.size_bytes:
        mib = result.workload.size_bytes / 2**20
        columns.append(("MiB/s", lambda n: f"{mib / middles[n].wall_ms * 1000:.0f}"))
    if result.counts:
        for title, key in (("requests", "requests"), ("connections", "connections")):
            columns.append((title, lambda n, k=key: str(result.counts.get(n, {}).get(k, ""))))
        columns.append(("MiB sent", lambda n: f"{result.counts[n]['sent_bytes'] / 2**20:.2f}"
                        if n in result.counts else ""))
    if result.workload.round_trip_s:
        columns.append(("round trips", lambda n: str(result.counts.get(n, {}).get("round_trips", ""))))
    return columns


def _workload(result):
    columns = _columns(result)
    rounds = len(next(iter(result.runs.values())))
    lines = [f"### {result.workload.title}", "",
             f"Medians of {rounds} interleaved round{'s' if rounds > 1 else ''}; "
             f"ratios to {result.baseline}.", "",
             "| program |" + "".join(f" {title} |" for title, _ in columns),
             "|---|" + "--:|" * len(columns)]
    for name in result.runs:
        title = f"**{name}**" if name in result.ours else name
        lines.append(f"| {title} |" + "".join(f" {cell(name)} |" for _, cell in columns))
    for name in result.failures:
        lines.append(f"| {name} | failed |" + " |" * (len(columns) - 1))
    return lines + [""]


def _goals(results):
    judged = [(result, verdict) for result in results for verdict in judge(result)]
    if not judged:
        return []
    met = sum(verdict.is_met for _, verdict in judged)
    lines = [f"{met} of {len(judged)} goals are met. Where a goal names several peers, the best of "
             "them counts.", "",
             "| workload | program | measure | compared with | at most | is | |",
             "|---|---|---|---|--:|--:|---|"]
    for result, verdict in judged:
        is_count = verdict.measure == "requests"
        value = "" if verdict.value is None else f"{verdict.value:.{0 if is_count else 2}f}"
        lines.append(f"| {result.workload.title} | {verdict.program} | {verdict.measure} | "
                     f"{verdict.baseline} | {verdict.at_most:g} | {value} | {verdict.text} |")
    return lines + [""]


def tables(results):
    """Goals first, then what was measured, as Markdown."""
    return "\n".join([*(["## Goals", ""] + goals if (goals := _goals(results)) else []),
                      "## Measured", "",
                      *itertools.chain.from_iterable(map(_workload, results))])


def as_json(about, results):
    def program(result, name):
        middle = medians(result.runs[name])
        return {"name": name, "ours": name in result.ours,
                "ratio": round(middle.wall_ms / medians(result.runs[result.baseline]).wall_ms, 4),
                "median": {"wallMs": round(middle.wall_ms, 3), "cpuMs": round(middle.cpu_ms, 3),
                           "peakMiB": round(middle.rss_mib, 2)},
                "wallMs": [round(run.wall_ms, 3) for run in result.runs[name]],
                **({"counts": result.counts[name]} if name in result.counts else {})}

    return {**about, "workloads": [
        {"name": result.workload.name, "title": result.workload.title, "baseline": result.baseline,
         "programs": [program(result, name) for name in result.runs],
         "failed": result.failures,
         "goals": [{"program": v.program, "measure": v.measure, "baseline": v.baseline,
                    "atMost": v.at_most, "is": v.value, "met": v.is_met} for v in judge(result)]}
        for result in results]}


def chart(results):
    """Bars of wall time as parts of the baseline's, one group a workload."""
    bar, gap, left, width = 16, 5, 190, 520
    parts, y = [], 30
    for result in results:
        parts.append(f'<text x="0" y="{y}" class="t">{html.escape(result.workload.title)}</text>')
        y += 10
        walls = {name: medians(runs).wall_ms for name, runs in result.runs.items()}
        for name, wall_ms in sorted(walls.items(), key=lambda item: item[1]):
            length = max(1.0, wall_ms / max(walls.values()) * width)
            kind = "o" if name in result.ours else "p"
            parts.append(
                f'<text x="{left - 8}" y="{y + bar - 4}" class="n">{html.escape(name)}</text>'
                f'<rect x="{left}" y="{y}" width="{length:.1f}" height="{bar}" class="{kind}"/>'
                f'<text x="{left + length + 6:.1f}" y="{y + bar - 4}" class="v">'
                f'{_ratio(wall_ms, walls[result.baseline])} · {wall_ms:.1f} ms</text>')
            y += bar + gap
        y += 28
    style = ("text{font:12px sans-serif;fill:#444}.t{font-weight:600;fill:#111}.n{text-anchor:end}"
             ".o{fill:#1a7f4b}.p{fill:#9aa5b1}")
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {left + width + 150} {y}">'
            f"<style>{style}</style><rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>"
            + "\n".join(parts) + "</svg>\n")
