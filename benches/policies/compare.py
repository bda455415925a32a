"""Cold starts against idle memory, by keep-alive policy: ``make policies``.

Replays both samples of the Azure Functions trace of 2019 under every policy at
several knobs and under three assumptions of how long a cold start takes, and
writes a table, a plot and all points to a folder.

    compare.py DATA OUTPUT [--processes N]
"""

from __future__ import annotations

import argparse
import csv
import math
import os
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import warmstow
from warmstow.traces import read_trace

TUNED, REPORTED = "azure2019-invitro-100", "azure2019-invitro-500"
"""The constants of the adaptive policy were chosen on the first sample only."""

COLD_STARTS = {
    "short: 0.1 s": ("det:0.05", "det:0.05"),
    "as measured on AWS Lambda: 0.32 s": ("lognormal:0.2,0.5", "lognormal:0.122,0.5"),
    "long: 3 s": ("lognormal:1,1", "lognormal:2,1"),
}
"""Assumptions: the stages of a cold start, the same for all functions."""

TIMES_S = (3, 10, 30, 60, 180, 600, 1800, 3600)
WORTHS_GB_S = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)
NODE_GB = {TUNED: (2, 3, 4, 5, 6, 8, 10), REPORTED: (10, 15, 20, 25, 30, 40, 50)}
"""Memory of the one node, where memory is what ends an idle instance."""

SERIES = {
    "fixed": "fixed time",
    "histogram": "hybrid histogram (ATC 2020)",
    "lru": "least recently used, by memory",
    "greedy-dual": "Greedy-Dual (ASPLOS 2021), by memory",
    "adaptive": "adaptive",
}
ACCOUNT_LIMIT = 3_000
"""Above the peak of either sample: nothing is throttled."""


@dataclass(frozen=True)
class Case:
    """One replay."""

    sample: str
    cold_start: str
    series: str
    policy: str
    node_gb: int | None = None


@dataclass(frozen=True)
class Point:
    """What came of it."""

    case: Case
    invocations: int
    cold_starts: int
    idle_gb_s: float
    prestarts: int
    refused: int
    p99_ms: float
    wall_s: float


def cases() -> list[Case]:
    """Every replay of the comparison."""
    found = []
    for sample in (TUNED, REPORTED):
        for cold_start in COLD_STARTS:
            found += [Case(sample, cold_start, "fixed", f"fixed:{t}s") for t in TIMES_S]
            found += [Case(sample, cold_start, "histogram", "histogram")]
            found += [
                Case(sample, cold_start, policy, policy, gb)
                for policy in ("lru", "greedy-dual")
                for gb in NODE_GB[sample]
            ]
            found += [Case(sample, cold_start, "adaptive", f"adaptive:{w}") for w in WORTHS_GB_S]
    return found


@lru_cache
def trace(folder: Path) -> warmstow.Workload:
    """A sample, read once by each process."""
    return read_trace(str(folder))


def run(data: Path, case: Case) -> Point:
    """One replay."""
    environment, code = COLD_STARTS[case.cold_start]
    nodes = ()
    if case.node_gb is not None:
        nodes = (warmstow.NodeSpec(cpu_units=(1 << 24) - 1, memory_mib=1024 * case.node_gb),)
    settings = warmstow.Settings(
        account_limit=ACCOUNT_LIMIT,
        keep_alive=case.policy,
        nodes=nodes,
        cold_start_environment=environment,
        cold_start_code=code,
    )
    report = warmstow.replay(trace(data / case.sample), settings)
    return Point(
        case=case,
        invocations=report.invocations,
        cold_starts=report.cold_starts,
        idle_gb_s=report.gb_seconds["idle"],
        prestarts=report.prewarmed_instances,
        refused=report.refused,
        p99_ms=report.latency_ms["p99"],
        wall_s=report.wall_s,
    )


def at_idle(curve: list[Point], idle_gb_s: float) -> float | None:
    """Cold starts of a curve at so much idle memory: a straight line between
    two points in logarithms; ``None`` outside of the curve."""
    ordered = sorted(curve, key=lambda point: point.idle_gb_s)
    for low, high in zip(ordered, ordered[1:], strict=False):
        if low.idle_gb_s <= idle_gb_s <= high.idle_gb_s:
            whole = math.log(high.idle_gb_s / low.idle_gb_s)
            share = math.log(idle_gb_s / low.idle_gb_s) / whole if whole else 0.0
            return low.cold_starts * (high.cold_starts / low.cold_starts) ** share
    return None


def at_cold(curve: list[Point], cold_starts: int) -> float | None:
    """Idle memory of a curve at so many cold starts, likewise."""
    ordered = sorted(curve, key=lambda point: point.cold_starts)
    for low, high in zip(ordered, ordered[1:], strict=False):
        if low.cold_starts <= cold_starts <= high.cold_starts:
            whole = math.log(high.cold_starts / low.cold_starts)
            share = math.log(cold_starts / low.cold_starts) / whole if whole else 0.0
            return low.idle_gb_s * (high.idle_gb_s / low.idle_gb_s) ** share
    return None


def curve(points: list[Point], sample: str, cold_start: str, series: str) -> list[Point]:
    """The points of one line of a plot."""
    wanted = (sample, cold_start, series)
    return [p for p in points if (p.case.sample, p.case.cold_start, p.case.series) == wanted]


def knob(case: Case) -> str:
    """A point's name in the table."""
    return case.policy if case.node_gb is None else f"{case.policy}, {case.node_gb} GB"


def table(points: list[Point], sample: str, cold_start: str) -> str:
    """All points of one sample and assumption, beside the adaptive policy."""
    ours = curve(points, sample, cold_start, "adaptive")
    lines = [
        "| policy | cold starts | of all, % | idle, 1,000 GB-s | started ahead | p99, ms "
        "| adaptive at the same memory: cold starts | at the same cold starts: memory |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for series in SERIES:
        for point in curve(points, sample, cold_start, series):
            beside = ["", ""]
            if series != "adaptive":
                fewer = at_idle(ours, point.idle_gb_s)
                less = at_cold(ours, point.cold_starts)
                beside = [
                    "-" if fewer is None else f"{fewer / point.cold_starts:.2f} x",
                    "-" if less is None else f"{less / point.idle_gb_s:.2f} x",
                ]
            share = 100 * point.cold_starts / point.invocations
            refused = f" ({point.refused:,} refused)" if point.refused else ""
            lines.append(
                f"| {knob(point.case)}{refused} | {point.cold_starts:,} | {share:.3f} "
                f"| {point.idle_gb_s / 1000:,.1f} | {point.prestarts:,} | {point.p99_ms:,.0f} "
                f"| {beside[0]} | {beside[1]} |"
            )
    return "\n".join(lines)


def verdict(points: list[Point], sample: str) -> str:
    """How many points of the others the adaptive curve beats, and by how much."""
    lines = []
    for series in SERIES:
        if series == "adaptive":
            continue
        ratios, beaten, compared = [], 0, 0
        for cold_start in COLD_STARTS:
            ours = curve(points, sample, cold_start, "adaptive")
            for point in curve(points, sample, cold_start, series):
                same_memory = at_idle(ours, point.idle_gb_s)
                if same_memory is None:
                    # Beyond its ends a curve is compared with the end itself.
                    end = max(ours, key=lambda p: p.idle_gb_s)
                    if point.idle_gb_s < end.idle_gb_s:
                        continue
                    same_memory = end.cold_starts
                compared += 1
                ratio = same_memory / point.cold_starts
                beaten += ratio < 1
                ratios.append(ratio)
        if ratios:
            mean = math.exp(sum(map(math.log, ratios)) / len(ratios))
            lines.append(
                f"| {SERIES[series]} | {beaten} of {compared} | {mean:.2f} x "
                f"| {min(ratios):.2f} to {max(ratios):.2f} x |"
            )
    head = (
        "| against | points beaten | cold starts at the same idle memory, geometric mean "
        "| range |\n|---|---:|---:|---:|"
    )
    return "\n".join([head, *lines])


METHOD = """\
Each sample (8 hours of the Azure Functions trace of 2019, CC-BY 4.0, M. Shahrad et
al., "Serverless in the Wild", USENIX ATC 2020; sampled by InVitro) is replayed by
`warmstow.replay` from an empty region: arrivals uniform within their minute,
durations from the percentile curve, seed 0, memory as the trace gives it (per
application, divided by InVitro among its functions), account limit {limit:,}, so
that nothing is throttled. Every cold start counts alike, from the first. Idle
memory is the integral over the 8 hours of the memory of instances without a
request; an instance that is started ahead counts from the beginning of its start.

* **fixed**: one time for all, {times}.
* **hybrid histogram**: as published; it has no knob. Its forecaster for long idle
  times is exponential smoothing in place of ARIMA. Its keep-alive window closes at
  the 99th percentile since the execution: the reading that takes less memory.
* **least recently used, Greedy-Dual**: nothing is stopped before a node of so much
  memory is full; the knob is that memory.
* **adaptive**: the knob is what a cold start avoided is worth, in GB-seconds.

The constants of the adaptive policy (512, 1, 1, 0.3, 0.1, 1/16 of
`core/src/function/keep_alive/adaptive.rs`) were chosen on `{tuned}` with the middle
assumption, **not** on `{reported}`, which is what is reported. The other policies
have no constants that were chosen here.

"At the same memory" reads the adaptive curve between its two nearest points, by a
straight line in logarithms; beyond its dearest point, that point stands.
"""


def write(points: list[Point], output: Path) -> None:
    """The page, the points and the plot."""
    times = ", ".join(f"{time} s" for time in TIMES_S)
    names = {"limit": ACCOUNT_LIMIT, "times": times, "tuned": TUNED, "reported": REPORTED}
    parts = ["# Keep-alive policies: cold starts against idle memory\n", METHOD.format(**names)]
    parts.append("![cold starts against idle memory](policies.png)\n")
    for sample, role in ((REPORTED, "reported"), (TUNED, "tuned on")):
        parts.append(f"## {sample} ({role})\n\n{verdict(points, sample)}\n")
        for cold_start in COLD_STARTS:
            title = f"### Cold start {cold_start}"
            parts.append(f"{title}\n\n{table(points, sample, cold_start)}\n")
    output.mkdir(parents=True, exist_ok=True)
    (output / "policies.md").write_text("\n".join(parts), encoding="utf-8")
    with (output / "policies.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(
            ["sample", "cold_start", "policy", "node_gb", "invocations", "cold_starts"]
            + ["idle_gb_s", "started_ahead", "refused", "p99_ms"]
        )
        for point in points:
            case = point.case
            rows.writerow(
                [case.sample, case.cold_start, case.policy, case.node_gb or ""]
                + [point.invocations, point.cold_starts, f"{point.idle_gb_s:.1f}"]
                + [point.prestarts, point.refused, f"{point.p99_ms:.1f}"]
            )
    plot(points, output / "policies.png")


def plot(points: list[Point], path: Path) -> None:
    """Both samples, each assumption beside the others; logarithmic axes."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot

    styles = {
        "fixed": ("#4c78a8", "o"),
        "histogram": ("#e45756", "D"),
        "lru": ("#72b7b2", "^"),
        "greedy-dual": ("#b279a2", "v"),
        "adaptive": ("#222222", "s"),
    }
    samples = ((REPORTED, "reported"), (TUNED, "tuned on"))
    figure, axes = pyplot.subplots(
        len(samples), len(COLD_STARTS), figsize=(15, 9), sharex="row", sharey="row"
    )
    for row, (sample, role) in zip(axes, samples, strict=True):
        for axis, cold_start in zip(row, COLD_STARTS, strict=True):
            for series, label in SERIES.items():
                line = sorted(curve(points, sample, cold_start, series), key=lambda p: p.idle_gb_s)
                colour, marker = styles[series]
                axis.plot(
                    [p.idle_gb_s / 1000 for p in line],
                    [p.cold_starts for p in line],
                    marker=marker,
                    markersize=9 if series == "histogram" else 5,
                    linewidth=2.5 if series == "adaptive" else 1.3,
                    linestyle="none" if series == "histogram" else "-",
                    color=colour,
                    label=label,
                )
            axis.set_xscale("log")
            axis.set_yscale("log")
            axis.grid(visible=True, which="both", linewidth=0.3)
            axis.set_title(f"{sample} ({role})\ncold start {cold_start}", fontsize=10)
            axis.set_xlabel("idle memory over 8 hours, 1,000 GB-s")
        row[0].set_ylabel("cold starts")
    axes[0][0].legend(fontsize=9)
    figure.tight_layout()
    figure.savefig(path, dpi=90)


def main() -> None:
    """Read the arguments, replay, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="the folder with both samples")
    parser.add_argument("output", type=Path)
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    given = parser.parse_args()
    every = cases()
    with ProcessPoolExecutor(given.processes) as pool:
        points = list(pool.map(run, [given.data] * len(every), every))
    write(points, given.output)
    print(f"{len(points)} replays, {sum(point.wall_s for point in points):,.0f} s in all")
    print(verdict(points, REPORTED))


if __name__ == "__main__":
    main()
