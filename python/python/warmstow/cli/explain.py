"""``warmstow explain``: why one request of a trace met what it met."""

from __future__ import annotations

import json
from typing import Any

import click

from warmstow.cli import options
from warmstow.cli.progress import bar
from warmstow.cli.replayoptions import replay_options, settings_of
from warmstow.explaining import explain as explain_request
from warmstow.output import printable
from warmstow.traces import read_trace

__all__ = ["explain"]


@click.command(cls=options.Command, short_help="Say why a request was warm, cold or refused.")
@click.argument("trace")
@click.option(
    "--at",
    "row",
    type=options.COUNT,
    required=True,
    help="The request: its number in the order of arrival, from 0.",
)
@replay_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of text.")
def explain(trace: str, row: int, as_json: bool, **given: Any) -> None:
    """Replay TRACE up to one request, and say what became of it and why.

    TRACE and the options are those of ``warmstow replay``: the same give the
    same request. Warm: how many instances were idle. Cold: none was, because
    all were busy, or the last one had stopped (when, by which policy), or the
    function had never had one, or provisioned concurrency takes no more requests
    a second; and which node it went to. Refused: which limit or rate, or what
    the nodes were short of, and who held it.
    """
    workload = read_trace(trace)
    settings = settings_of(workload, given, series=False)
    with bar("replay") as update:
        said = explain_request(workload, row, settings, progress=update)
        update(1.0)
    if as_json:
        click.echo(json.dumps(said.as_dict(), indent=2, allow_nan=False))
    else:
        click.echo(printable(str(said)))
