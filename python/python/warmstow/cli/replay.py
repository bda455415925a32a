"""``warmstow replay``: what a trace would have met under given settings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from warmstow.cli import options
from warmstow.cli.progress import bar
from warmstow.output import csv_text, json_text, print_runs, printable
from warmstow.replaying import Replay
from warmstow.runs import Run, bucket_s
from warmstow.settings import COLD_START_CODE, COLD_START_ENVIRONMENT, Settings
from warmstow.traces import read_trace

if TYPE_CHECKING:
    from warmstow.results import Report
    from warmstow.workload import Workload

__all__ = ["replay"]

_STRATEGIES = (
    "binpack:memory",
    "binpack:cpu",
    "binpack:balanced",
    "spread:zone",
    "spread:node",
    "random",
)
_STEP = 1 << 16


@click.command(cls=options.Command, short_help="Replay a trace and report.")
@click.argument("trace")
@options.seed
@click.option(
    "--account-limit",
    type=options.COUNT,
    default=1000,
    show_default=True,
    help="Concurrent requests of the account.",
)
@click.option(
    "--unreserved-minimum",
    type=options.COUNT,
    default=100,
    show_default=True,
    help="What reservations must leave to the others.",
)
@click.option(
    "--reserved",
    type=options.ASSIGNMENT,
    multiple=True,
    help="Reserve concurrency N for function F; 0 refuses it. Repeatable.",
)
@click.option(
    "--provisioned",
    type=options.ASSIGNMENT,
    multiple=True,
    help="Provision concurrency N for function F, ready from the start. Repeatable.",
)
@click.option(
    "--scaling-rate",
    default="unlimited",
    show_default=True,
    metavar="RATE",
    help="How fast requests may start instances: unlimited, lambda (1,000 every 10 s for each "
    "function), lambda-2019:BURST, or function:COUNT/SECONDS or region:COUNT/SECONDS, each with "
    ":BURST or without.",
)
@click.option(
    "--requests-per-concurrency",
    type=options.COUNT,
    default=0,
    show_default=True,
    help="Requests a second for each unit of concurrency, as AWS's 10; 0: no such limit.",
)
@click.option(
    "--keep-alive",
    type=options.KEEP_ALIVE,
    default="fixed:600s",
    show_default=True,
    help="How long an idle instance is kept: fixed:TIME (ms, s, m, h), histogram, greedy-dual, "
    "lru, lru:TIME, adaptive, or adaptive:N: a cold start is worth N GB-seconds of idle memory.",
)
@click.option(
    "--pick",
    type=click.Choice(["packed", "mru", "lru"]),
    default="packed",
    show_default=True,
    help="Which idle instance serves the next request.",
)
@click.option(
    "--max-instances",
    type=options.BOUND,
    multiple=True,
    help="Most instances of function F, or of each. Repeatable.",
)
@click.option(
    "--nodes",
    type=options.NODES,
    multiple=True,
    help="N nodes of CPU vCPU and MEM MiB, over ZONES zones. Repeatable. "
    "None: instances always find room.",
)
@click.option(
    "--strategy",
    type=click.Choice(_STRATEGIES),
    default="binpack:memory",
    show_default=True,
    help="How instances are placed on nodes.",
)
@click.option(
    "--cold-start-environment",
    type=options.DISTRIBUTION,
    default=COLD_START_ENVIRONMENT,
    show_default=True,
    help="First stage of a cold start, seconds.",
)
@click.option(
    "--cold-start-code",
    type=options.DISTRIBUTION,
    default=COLD_START_CODE,
    show_default=True,
    help="Second stage; the two are summed.",
)
@click.option("--timeout", type=options.TIMEOUT, help="End requests that run longer.")
@click.option(
    "--crash-rate",
    type=options.SHARE,
    default=0.0,
    show_default=True,
    help="Share of requests that end in a crash, 0 to 1.",
)
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
    settings = _settings(workload, given, series=output is not None)
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


def _settings(workload: Workload, given: dict[str, Any], *, series: bool) -> Settings:
    """The settings that the options ask for."""
    names = [function.name for function in workload.functions]
    reserved, _ = options.by_function("--reserved", given["reserved"], names)
    provisioned, _ = options.by_function("--provisioned", given["provisioned"], names)
    counts, others = options.by_function("--max-instances", given["max_instances"], names)
    return Settings(
        seed=given["seed"],
        account_limit=given["account_limit"],
        unreserved_minimum=given["unreserved_minimum"],
        reserved=reserved,
        provisioned=provisioned,
        scaling_rate=given["scaling_rate"],
        requests_per_concurrency=given["requests_per_concurrency"],
        **_keep_alive(given["keep_alive"]),
        pick=given["pick"],
        max_instances=options.bounds(counts, others, names),
        nodes=tuple(node for group in given["nodes"] for node in group),
        strategy=given["strategy"],
        cold_start_environment=given["cold_start_environment"],
        cold_start_code=given["cold_start_code"],
        timeout_s=given["timeout"],
        crash_rate=given["crash_rate"],
        series_bucket_s=bucket_s(workload) if series else None,
    )


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


def _keep_alive(given: float | str) -> dict[str, Any]:
    """The setting that the option means."""
    return {"keep_alive": given} if isinstance(given, str) else {"keep_alive_s": given}
