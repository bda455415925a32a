"""The options of commands that replay a trace, and the settings that they ask for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from warmstow.cli import options
from warmstow.runs import bucket_s
from warmstow.settings import COLD_START_CODE, COLD_START_ENVIRONMENT, Settings
from warmstow.settingsfile import read_settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from warmstow.workload import Workload

__all__ = ["replay_options", "settings_of"]

_STRATEGIES = (
    "binpack:memory",
    "binpack:cpu",
    "binpack:balanced",
    "spread:zone",
    "spread:node",
    "random",
)

_OPTIONS = (
    click.option(
        "--settings",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="A settings file, TOML or JSON, as warmstow check reads it; the options below go "
        "before what it says.",
    ),
    options.seed,
    click.option(
        "--account-limit",
        type=options.COUNT,
        default=1000,
        show_default=True,
        help="Concurrent requests of the account.",
    ),
    click.option(
        "--unreserved-minimum",
        type=options.COUNT,
        default=100,
        show_default=True,
        help="What reservations must leave to the others.",
    ),
    click.option(
        "--reserved",
        type=options.ASSIGNMENT,
        multiple=True,
        help="Reserve concurrency N for function F; 0 refuses it. Repeatable.",
    ),
    click.option(
        "--provisioned",
        type=options.ASSIGNMENT,
        multiple=True,
        help="Provision concurrency N for function F, ready from the start. Repeatable.",
    ),
    click.option(
        "--scaling-rate",
        default="unlimited",
        show_default=True,
        metavar="RATE",
        help="How fast requests may start instances: unlimited, lambda (1,000 every 10 s for each "
        "function), lambda-2019:BURST, or function:COUNT/SECONDS or region:COUNT/SECONDS, each "
        "with :BURST or without.",
    ),
    click.option(
        "--requests-per-concurrency",
        type=options.COUNT,
        default=0,
        show_default=True,
        help="Requests a second for each unit of concurrency, as AWS's 10; 0: no such limit.",
    ),
    click.option(
        "--keep-alive",
        type=options.KEEP_ALIVE,
        default="fixed:600s",
        show_default=True,
        help="How long an idle instance is kept: fixed:TIME (ms, s, m, h), histogram, greedy-dual, "
        "lru, lru:TIME, adaptive, or adaptive:N: a cold start is worth N GB-seconds of idle "
        "memory.",
    ),
    click.option(
        "--pick",
        type=click.Choice(["packed", "mru", "lru"]),
        default="packed",
        show_default=True,
        help="Which idle instance serves the next request.",
    ),
    click.option(
        "--max-instances",
        type=options.BOUND,
        multiple=True,
        help="Most instances of function F, or of each. Repeatable.",
    ),
    click.option(
        "--nodes",
        type=options.NODES,
        multiple=True,
        help="N nodes of CPU vCPU and MEM MiB, over ZONES zones. Repeatable. "
        "None: instances always find room.",
    ),
    click.option(
        "--strategy",
        type=click.Choice(_STRATEGIES),
        default="binpack:memory",
        show_default=True,
        help="How instances are placed on nodes.",
    ),
    click.option(
        "--cold-start-environment",
        type=options.DISTRIBUTION,
        default=COLD_START_ENVIRONMENT,
        show_default=True,
        help="First stage of a cold start, seconds.",
    ),
    click.option(
        "--cold-start-code",
        type=options.DISTRIBUTION,
        default=COLD_START_CODE,
        show_default=True,
        help="Second stage; the two are summed.",
    ),
    click.option("--timeout", type=options.TIMEOUT, help="End requests that run longer."),
    click.option(
        "--crash-rate",
        type=options.SHARE,
        default=0.0,
        show_default=True,
        help="Share of requests that end in a crash, 0 to 1.",
    ),
    click.option(
        "--lifecycle",
        type=click.Choice(["ends", "resets"]),
        default="ends",
        show_default=True,
        help="What a crash or a timeout does to an instance: ends it, or as on AWS Lambda "
        "resets it, to be initialised within its next request.",
    ),
    click.option(
        "--architecture",
        type=click.Choice(["x86_64", "arm64"]),
        default="x86_64",
        show_default=True,
        help="The processor that functions run on: what they cost.",
    ),
)


def replay_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Everything that a replay can be set to."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def settings_of(workload: Workload, given: dict[str, Any], *, series: bool) -> Settings:
    """The settings that the options ask for."""
    names = [function.name for function in workload.functions]
    reserved, _ = options.by_function("--reserved", given["reserved"], names)
    provisioned, _ = options.by_function("--provisioned", given["provisioned"], names)
    counts, others = options.by_function("--max-instances", given["max_instances"], names)
    asked = {
        "seed": given["seed"],
        "account_limit": given["account_limit"],
        "unreserved_minimum": given["unreserved_minimum"],
        "reserved": reserved,
        "provisioned": provisioned,
        "scaling_rate": given["scaling_rate"],
        "requests_per_concurrency": given["requests_per_concurrency"],
        "keep_alive": _keep_alive(given["keep_alive"]),
        "pick": given["pick"],
        "max_instances": options.bounds(counts, others, names),
        "nodes": tuple(node for group in given["nodes"] for node in group),
        "strategy": given["strategy"],
        "cold_start_environment": given["cold_start_environment"],
        "cold_start_code": given["cold_start_code"],
        "timeout": given["timeout"],
        "crash_rate": given["crash_rate"],
        "lifecycle": given["lifecycle"],
        "architecture": given["architecture"],
    }
    base = Settings()
    if given["settings"] is not None:
        base = read_settings(given["settings"], workload)
        # Only what was asked for goes before what the file says.
        source = click.get_current_context().get_parameter_source
        asked = {
            name: value
            for name, value in asked.items()
            if source(name) is not ParameterSource.DEFAULT
        }
    if "timeout" in asked:
        asked["timeout_s"] = asked.pop("timeout")
    asked |= asked.pop("keep_alive", {})
    return replace(base, **asked, series_bucket_s=bucket_s(workload) if series else None)


def _keep_alive(given: float | str) -> dict[str, Any]:
    """The setting that the option means."""
    if isinstance(given, str):
        return {"keep_alive": given}
    return {"keep_alive": None, "keep_alive_s": given}
