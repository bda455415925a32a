"""``warmstow simulate``: a scenario of containers, played in virtual time."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from warmstow.cli import options
from warmstow.output import printable, terminal
from warmstow.scenariofigures import clock, figures, told, whose
from warmstow.scenarios import simulate as play

if TYPE_CHECKING:
    from warmstow.scenarios import ScenarioReport

__all__ = ["simulate"]

_NOT_AS_EXPECTED = 1
_SHOWN = 24
"""Events that the table lists."""


@click.command(cls=options.Command, short_help="Play a scenario of containers.")
@click.argument("scenario", type=click.Path(path_type=Path))
@click.option("--seed", type=options.SEED, help="Instead of the scenario's own.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of text.")
@click.option(
    "--output",
    type=options.FOLDER,
    help="Write report.html, report.json and the plots to this folder.",
)
def simulate(scenario: Path, seed: int | None, output: Path | None, *, as_json: bool) -> None:
    """Play SCENARIO, a TOML or JSON file, and report what it led to.

    A scenario is services under load, the instances beneath them, and what
    happens to them: deployments, zones lost, Spot interruptions. The package
    has three to start from, in warmstow/data/scenarios. A fault in the file is
    named with its line and key, and the exit status is 2. Exit status 1: what
    the scenario's own table expect says did not come.
    """
    target = None
    if output is not None:
        # matplotlib is optional and slow to import: only for this.
        from warmstow.scenariopage import ScenarioPage

        target = ScenarioPage(output)
    report = play(scenario, seed=seed)
    caption = printable(scenario.name)
    if target is not None:
        target.write_scenario(report, caption)
    if as_json:
        click.echo(json.dumps(report.as_dict(), indent=2, allow_nan=False))
    else:
        _show(report, caption)
        if target is not None:
            click.echo(f"report: {printable(target.index)}")
    if report.unmet:
        raise click.exceptions.Exit(_NOT_AS_EXPECTED)


def _show(report: ScenarioReport, caption: str) -> None:
    console = terminal()
    table = Table(title=escape(caption), box=SIMPLE_HEAD, title_justify="left", pad_edge=False)
    table.add_column("")
    table.add_column(escape(report.service), justify="right", no_wrap=True)
    for label, value in figures(report):
        shown = escape(label)
        table.add_row(f"  {shown}" if value else f"[bold]{shown}[/bold]", value)
    console.print(table)
    listed = Table(title="Events", box=SIMPLE_HEAD, title_justify="left", pad_edge=False)
    for name in ("at", "of", "what"):
        listed.add_column(name, justify="right" if name == "at" else "left")
    events = told(report)
    for event in events[:_SHOWN]:
        listed.add_row(clock(event.at_s), escape(whose(event)), escape(event.text))
    console.print(listed)
    for unmet in report.unmet:
        click.echo(f"not as expected: {unmet}")
    left = len(report.events) - min(len(events), _SHOWN)
    if left:
        click.echo(f"and {left:,} more; --json has all")
