"""A report as text: a table for people, JSON and csv for programs."""

from __future__ import annotations

import csv
import io
import json
import os
import sys
from typing import TYPE_CHECKING, Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from warmstow.results import FunctionReport, Report, Summary

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from warmstow.runs import Run

__all__ = [
    "count",
    "csv_text",
    "json_text",
    "metrics",
    "print_runs",
    "printable",
    "terminal",
    "throttle_label",
]

_WIDTH = 100
"""Columns of a table that goes to a file or pipe."""
_FUNCTIONS_SHOWN = 20
"""Functions in the printed table; JSON and csv have all."""
_NAME_SHOWN = 12
"""Characters of a function's name in the printed table."""

_LABELS = {
    "ConcurrentInvocationLimitExceeded": "throttled, account limit",
    "ReservedFunctionConcurrentInvocationLimitExceeded": "throttled, reserved concurrency",
    "FunctionInvocationRateLimitExceeded": "throttled, requests per second of the account",
    "ReservedFunctionInvocationRateLimitExceeded": "throttled, requests per second reserved",
    "ScalingRateExceeded": "throttled, instances started too fast",
    "InstanceLimitExceeded": "function's bound on instances",
    "RESOURCE:CPU": "no node has the CPU left",
    "RESOURCE:MEMORY": "no node has the memory left",
}


def throttle_label(reason: str) -> str:
    """A reason of refusal in plain words."""
    return _LABELS.get(reason, reason)


def printable(name: object) -> str:
    """A file's name as text that any output takes: bytes of it that are no
    UTF-8 become the sign for that."""
    return os.fsencode(str(name)).decode("utf-8", "replace")


def count(value: float) -> str:
    """A whole number with thousands separated."""
    return f"{value:,.0f}"


def metrics(runs: Sequence[Run]) -> list[tuple[str, list[str]]]:
    """The rows of the summary: a label, then a value for each run.

    A row with no values starts a section. Rows of reasons, faults and nodes
    are there only if some run has them.
    """
    reports = [run.report for run in runs]

    def row(label: str, value: Callable[[Report], str]) -> tuple[str, list[str]]:
        return label, [value(report) for report in reports]

    rows = [
        ("Requests", []),
        row("arrived", lambda r: count(r.invocations)),
        row("warm starts", lambda r: _of(r.warm_starts, r.invocations)),
        row("cold starts", lambda r: _of(r.cold_starts, r.invocations)),
        row("refused", lambda r: _of(r.refused, r.invocations)),
    ]
    for reason in sorted({reason for report in reports for reason in report.throttles}):
        rows.append(row(f"  {throttle_label(reason)}", _reason(reason)))
    if any(report.timeouts for report in reports):
        rows.append(row("timed out", lambda r: count(r.timeouts)))
    if any(report.errors for report in reports):
        rows.append(row("crashed", lambda r: count(r.errors)))
    rows.append(("Latency, arrival to completion", []))
    for name in ("p50", "p90", "p99", "max"):
        rows.append(row(name, _latency(name)))
    rows += [
        ("Instances", []),
        row("busy, mean", lambda r: f"{r.mean_busy_instances:,.2f}"),
        row("idle, mean", lambda r: f"{r.mean_idle_instances:,.2f}"),
        row("peak concurrency", lambda r: count(r.peak_concurrency)),
        row("peak instances", lambda r: count(r.peak_instances)),
        row("mean lifespan", lambda r: duration(r.mean_instance_lifespan_s)),
        ("Memory", []),
        row("held idle", lambda r: f"{count(r.gb_seconds['idle'])} GB-s"),
        row("held idle, mean", lambda r: f"{_mean_gb(r):,.2f} GB"),
        row("busy", lambda r: f"{count(r.gb_seconds['busy'])} GB-s"),
        row("in cold starts", lambda r: f"{r.gb_seconds['init']:,.1f} GB-s"),
    ]
    if any(report.fleet for report in reports):
        rows += [
            ("Nodes", []),
            row("in use, mean", lambda r: f"{r.fleet.mean_nodes_used:.2f}" if r.fleet else "-"),
            row(
                "in use, peak",
                lambda r: f"{r.fleet.peak_nodes_used} of {r.fleet.nodes}" if r.fleet else "-",
            ),
            row(
                "memory set aside, mean",
                lambda r: f"{r.fleet.mean_memory_share:.1%}" if r.fleet else "-",
            ),
        ]
    rows += [
        ("Cost on AWS Lambda", []),
        row("requests", lambda r: f"${r.cost_usd['requests']:,.4f}"),
        row("duration", lambda r: f"${r.cost_usd['duration']:,.4f}"),
        row("total", lambda r: f"${r.cost_usd['total']:,.4f}"),
        ("Computation", []),
        row("wall time", lambda r: f"{r.wall_s * 1e3:,.0f} ms"),
        row("requests a second", lambda r: count(r.invocations_per_s)),
    ]
    return rows


class _Output(Console):
    """Standard output; rich would end the process where its reader has gone."""

    def on_broken_pipe(self) -> None:
        """Leave it to the caller."""
        raise BrokenPipeError


def terminal() -> Console:
    """Standard output for tables. No highlighting and no emoji: names of
    functions and files are printed as they are."""
    width = None if sys.stdout.isatty() else _WIDTH
    return _Output(width=width, highlight=False, emoji=False)


def print_runs(runs: Sequence[Run], *, title: str, functions: bool = False) -> None:
    """Print the summary of ``runs`` side by side on standard output."""
    console = terminal()
    table = Table(title=escape(title), box=SIMPLE_HEAD, title_justify="left", pad_edge=False)
    table.add_column("")
    for run in runs:
        table.add_column(run.label, justify="right", no_wrap=True)
    for label, values in metrics(runs):
        if values:
            table.add_row(f"  {label}", *values)
        else:
            table.add_row(f"[bold]{label}[/bold]")
    console.print(table)
    if functions:
        for run in runs:
            console.print(_function_table(run, alone=len(runs) == 1))


def _function_table(run: Run, *, alone: bool) -> Table:
    """The functions of one run, those with the most requests first."""
    functions = sorted(run.report.functions, key=lambda f: -f.invocations)
    more = len(functions) - _FUNCTIONS_SHOWN
    table = Table(
        title="By function" if alone else f"{run.label}, by function",
        box=SIMPLE_HEAD,
        title_justify="left",
        pad_edge=False,
        caption=f"and {more} more; --json and --format csv have all" if more > 0 else None,
        caption_justify="left",
    )
    table.add_column("function", no_wrap=True)
    for name in ("arrived", "cold", "refused", "p50", "p99", "idle GB-s", "total cost"):
        table.add_column(name, justify="right")
    for function in functions[:_FUNCTIONS_SHOWN]:
        table.add_row(
            escape(short_name(function.function)),
            count(function.invocations),
            count(function.cold_starts),
            count(function.refused),
            milliseconds(function.latency_ms["p50"]),
            milliseconds(function.latency_ms["p99"]),
            count(function.gb_seconds["idle"]),
            f"${function.cost_usd['total']:,.4f}",
        )
    return table


def short_name(name: str) -> str:
    """A function's name, cut where it is a hash."""
    return name if len(name) <= _NAME_SHOWN else name[:_NAME_SHOWN] + "…"


def milliseconds(value: float) -> str:
    """A latency in the unit that suits it."""
    return f"{value:,.0f} ms" if value < 10_000 else f"{value / 1000:,.1f} s"


def duration(seconds: float) -> str:
    """A length of time in the unit that suits it."""
    if seconds < 120:
        return f"{seconds:,.1f} s"
    return f"{seconds / 60:,.1f} min" if seconds < 7200 else f"{seconds / 3600:,.1f} h"


def json_text(report: Report, *, functions: bool) -> str:
    """The report as one JSON object."""
    return json.dumps(report.as_dict(functions=functions), indent=2, allow_nan=False)


def csv_text(report: Report, *, functions: bool) -> str:
    """The report as csv: a header, one row for all functions (``*``), and with
    ``functions`` one row for each; keys inside a key are joined by a point."""
    rows: list[Summary] = [report, *(report.functions if functions else ())]
    flat = [_flat(summary) for summary in rows]
    header = list(dict.fromkeys(key for row in flat for key in row))
    # A reason that only some rows have is 0 in the others.
    text = io.StringIO()
    writer = csv.DictWriter(text, header, restval=0, lineterminator="\n")
    writer.writeheader()
    writer.writerows(flat)
    return text.getvalue()


def _flat(summary: Summary) -> dict[str, Any]:
    """One row of the csv."""
    name = summary.function if isinstance(summary, FunctionReport) else "*"
    row: dict[str, Any] = {"function": name}
    for key, value in Summary.as_dict(summary).items():
        if isinstance(value, dict):
            row.update({f"{key}.{inner}": number for inner, number in value.items()})
        else:
            row[key] = value
    return row


def _of(part: int, whole: int) -> str:
    """A count and its share."""
    return f"{count(part)}  {part / whole:6.2%}" if whole else count(part)


def _reason(reason: str) -> Callable[[Report], str]:
    return lambda report: _of(report.throttles.get(reason, 0), report.invocations)


def _latency(name: str) -> Callable[[Report], str]:
    return lambda report: milliseconds(report.latency_ms[name])


def _mean_gb(report: Report) -> float:
    """Memory held idle, on average over time."""
    return report.gb_seconds["idle"] / report.horizon_s if report.horizon_s else 0.0
