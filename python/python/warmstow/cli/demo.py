"""``warmstow demo``: real traffic under several keep-alive settings."""

from __future__ import annotations

import json
from pathlib import Path

import click

from warmstow.cli import options
from warmstow.cli.progress import bar
from warmstow.demo import ATTRIBUTION, INTRODUCTION, demo_trace, run_demo
from warmstow.output import print_runs, printable
from warmstow.page import PageTarget

__all__ = ["demo"]

_TRACE = "Azure Functions 2019, a sample of 100 functions over 8 hours"


@click.command(
    cls=options.Command, short_help="Replay a real day's traffic and write a report page."
)
@click.option(
    "--output",
    type=options.FOLDER,
    default=Path("demo-report"),
    show_default=True,
    help="Folder of the report page.",
)
@options.seed
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of a table.")
def demo(output: Path, seed: int, as_json: bool) -> None:
    """Replay the Azure Functions 2019 sample under several keep-alive
    settings on six nodes with an account limit that bites; print what each
    costs and buys, and write a report page with plots.
    """
    target = PageTarget(output, page="index.html")
    trace = demo_trace()
    with bar("replaying", always=True) as update:
        shown, runs = run_demo(trace, seed, update)
    target.write(
        title="Eight hours of Azure Functions, replayed",
        trace=_TRACE,
        runs=shown,
        trade_off=runs,
        introduction=INTRODUCTION,
        attribution=ATTRIBUTION,
        command=f"warmstow demo --seed {seed}",
    )
    if as_json:
        figures = {run.label: run.report.as_dict() for run in shown}
        click.echo(json.dumps(figures, indent=2, allow_nan=False))
        return
    print_runs(shown, title=f"{_TRACE}, by keep-alive")
    compute_s = sum(run.report.wall_s for run in runs)
    requests = sum(run.report.invocations for run in runs)
    click.echo(
        f"Computed {len(runs)} replays, {requests:,} requests, in {compute_s:.2f} s "
        f"({requests / compute_s / 1e6:.1f} million requests a second)."
    )
    click.echo(f"Report page: {printable(target.index)}")
