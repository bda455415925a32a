"""``warmstow replay``: what a trace would have met under given settings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from warmstow.cli import options
from warmstow.cli.progress import bar
from warmstow.cli.replayoptions import replay_options, settings_of
from warmstow.output import csv_text, json_text, print_runs, printable
from warmstow.replaying import Replay
from warmstow.runs import Run
from warmstow.traces import read_trace

if TYPE_CHECKING:
    from warmstow.results import Report
    from warmstow.settings import Settings
    from warmstow.workload import Workload

__all__ = ["replay"]

_STEP = 1 << 16


@click.command(cls=options.Command, short_help="Replay a trace and report.")
@click.argument("trace")
@replay_options
@click.option("--functions", is_flag=True, help="Report each function too.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json", "csv"]),
    show_default="table",
    help="What to print.",
)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.option(
    "--output",
    type=options.FOLDER,
    help="Write report.html, report.json and the plots to this folder.",
)
def replay(
    trace: str, functions: bool, form: str | None, as_json: bool, output: Path | None, **given: Any
) -> None:
    """Replay TRACE in virtual time and report what it met.

    TRACE is a folder in Azure 2019 form (invocations.csv, durations.csv,
    memory.csv), a csv file with the columns timestamp_s, function, duration_s
    and optionally memory_mib and cold_start_s, or
    poisson:rate=0.9,warm=exp:1.991,cold=exp:2.244,duration=1e6. Distributions
    are exp:MEAN, det:VALUE or lognormal:MEAN,CV, in seconds.
    """
    if as_json and form not in (None, "json"):
        raise click.UsageError(f"--json and --format {form} are given together")
    workload = read_trace(trace)
    settings = settings_of(workload, given, series=output is not None)
    target = None
    if output is not None:
        # matplotlib is optional and slow to import: only for this.
        from warmstow.page import PageTarget

        target = PageTarget(output)
    report = _run(workload, settings)
    policy = settings.keep_alive or f"{settings.keep_alive_s:g} s"
    run = Run(f"keep-alive {policy}", settings, report)
    if target is not None:
        target.write(title="Replay", trace=_caption(trace), runs=[run])
    if as_json or form == "json":
        click.echo(json_text(report, functions=functions))
    elif form == "csv":
        click.echo(csv_text(report, functions=functions), nl=False)
    else:
        print_runs([run], title=_caption(trace), functions=functions)
        if target is not None:
            click.echo(f"report: {printable(target.index)}")


def _run(workload: Workload, settings: Settings) -> Report:
    """Replay, with a progress bar where standard error is a terminal."""
    run = Replay(workload, settings)
    with bar("replay") as update:
        while run.advance(_STEP):
            update(run.progress)
        update(1.0)
    return run.finish()


def _caption(trace: str) -> str:
    """The trace as the table and the page call it."""
    path = Path(trace)
    if trace.startswith("poisson:") or not path.exists():
        return trace
    return printable(path.resolve().name or path)
