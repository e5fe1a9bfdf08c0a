"""The results as a table, as JSON, and as a chart."""

import html

from measure import medians


def rows(result):
    """(name, median, ratio of wall time to the baseline, is_ours, counts) for each program."""
    base = medians(result["runs"][result["baseline"]])
    for name, runs in result["runs"].items():
        middle = medians(runs)
        yield name, middle, middle.wall_ms / base.wall_ms, result["counts"].get(name)


def table(results):
    lines = []
    for result in results:
        rounds = len(next(iter(result["runs"].values())))
        lines += ["", f"### {result['title']}", "",
                  f"Medians of {rounds} interleaved rounds; ratios to {result['baseline']}.", "",
                  "| program | wall ms | ratio | CPU ms | ratio | peak MiB | ratio | requests | MiB sent |",
                  "|---|--:|--:|--:|--:|--:|--:|--:|--:|"]
        base = medians(result["runs"][result["baseline"]])
        for name, middle, ratio, counts in rows(result):
            requests = str(counts["requests"]) if counts else ""
            sent = f"{counts['sent_bytes'] / 2**20:.2f}" if counts else ""
            title = f"**{name}**" if name in result["ours"] else name
            lines.append(
                f"| {title} | {middle.wall_ms:.1f} | {ratio:.2f} | {middle.cpu_ms:.1f} | "
                f"{middle.cpu_ms / max(base.cpu_ms, 0.001):.2f} | {middle.rss_mib:.1f} | "
                f"{middle.rss_mib / base.rss_mib:.2f} | {requests} | {sent} |")
        lines += [f"\n{note}" for note in result["notes"]]
    return "\n".join(lines[1:]) + "\n"


def as_json(about, results):
    return {**about, "workloads": [
        {"name": result["name"], "title": result["title"], "baseline": result["baseline"],
         "notes": result["notes"],
         "programs": [{"name": name, "ours": name in result["ours"], "ratio": round(ratio, 4),
                       "median": {"wallMs": round(middle.wall_ms, 3), "cpuMs": round(middle.cpu_ms, 3),
                                  "peakMiB": round(middle.rss_mib, 2)},
                       "wallMs": [round(run.wall_ms, 3) for run in result["runs"][name]],
                       **({"counts": counts} if counts else {})}
                      for name, middle, ratio, counts in rows(result)]}
        for result in results]}


def chart(results):
    """Bars of wall time as parts of the baseline's, one group a workload."""
    bar, gap, left, width = 16, 5, 190, 520
    parts, y = [], 30
    for result in results:
        parts.append(f'<text x="0" y="{y}" class="t">{html.escape(result["title"])}</text>')
        y += 10
        listed = list(rows(result))
        longest = max(ratio for _, _, ratio, _ in listed)
        for name, middle, ratio, _ in sorted(listed, key=lambda row: row[2]):
            length = max(1.0, ratio / longest * width)
            kind = "o" if name in result["ours"] else "p"
            parts.append(
                f'<text x="{left - 8}" y="{y + bar - 4}" class="n">{html.escape(name)}</text>'
                f'<rect x="{left}" y="{y}" width="{length:.1f}" height="{bar}" class="{kind}"/>'
                f'<text x="{left + length + 6:.1f}" y="{y + bar - 4}" class="v">'
                f'{ratio:.2f} · {middle.wall_ms:.1f} ms</text>')
            y += bar + gap
        y += 28
    style = ("text{font:12px sans-serif;fill:#444}.t{font-weight:600;fill:#111}.n{text-anchor:end}"
             ".o{fill:#1a7f4b}.p{fill:#9aa5b1}")
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {left + width + 150} {y}">'
            f"<style>{style}</style><rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>"
            + "".join(parts) + "</svg>\n")
