"""``warmstow pack``: tasks onto nodes, one by one or all at once."""

from __future__ import annotations

import json
import time
from pathlib import Path

import click

from warmstow import _warmstow
from warmstow.cli import options
from warmstow.cli.progress import bar
from warmstow.clusterpacking import (
    GPU_STRATEGY,
    ClusterPacking,
    pack_cluster,
    pack_problem,
    place_cluster,
    place_gpus,
)
from warmstow.clusters import is_problem, read_nodes, read_problem, read_tasks
from warmstow.errors import ConfigError
from warmstow.output import count, printable
from warmstow.packing import pack as pack_items

__all__ = ["pack"]

_FOUND_NO = 1
_BALANCED = "binpack:balanced"


@click.command(cls=options.Command, short_help="Place tasks on nodes, or pack them offline.")
@click.argument("nodes", type=click.Path(path_type=Path))
@click.argument("tasks", type=click.Path(path_type=Path), required=False)
@click.option(
    "--strategy",
    "strategies",
    multiple=True,
    help="How each task's node is chosen: binpack:cpu, binpack:memory, binpack:balanced, "
    "spread:zone, spread:node, spread:attribute:NAME or random; repeatable: each among the "
    "ties of the one before. Or, alone and with shares of GPUs, "
    f"{', '.join(GPU_STRATEGY + name for name in _warmstow.GPU_POLICIES)}.  "
    "[default: binpack:memory]",
)
@click.option(
    "--constraint",
    "constraints",
    multiple=True,
    help="memberOf:EXPR (Amazon ECS's query language), distinctInstance or maxSkew:ATTRIBUTE=N "
    "(Kubernetes' topology spread; zone or an attribute; not offline), for every task. "
    "Repeatable.",
)
@click.option("--offline", is_flag=True, help="Know all tasks, and search for the fewest nodes.")
@click.option(
    "--time",
    "time_s",
    type=options.TIMEOUT,
    default="1s",
    show_default=True,
    help="How long to search, offline.",
)
@options.seed
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of text.")
def pack(
    nodes: Path,
    tasks: Path | None,
    strategies: tuple[str, ...],
    constraints: tuple[str, ...],
    offline: bool,
    time_s: float,
    seed: int,
    as_json: bool,
) -> None:
    """Place TASKS on NODES, and say why what is left over found no node.

    NODES is a csv file with the columns node, cpu_units (or cpu_milli),
    memory_mib and optionally gpu, zone, count and attribute:NAME; TASKS one
    with task, the same unit of CPU, memory_mib and optionally gpu, gpu_milli,
    group, constraint and count. The node and pod lists of the trace openb are read as
    they are. A .vbp or .mvp file (VPSolver's forms) holds bins and items, so
    TASKS is left out; it is packed offline.

    Tasks come in the order of the file. Exit status 1: some found no node.
    """
    if is_problem(nodes):
        if tasks is not None:
            raise click.UsageError(f"{printable(nodes)} holds bins and items: leave TASKS out")
        if strategies or constraints:
            raise click.UsageError("a .vbp or .mvp file takes no --strategy and no --constraint")
        result, wall_s = _pack_file(nodes, time_s, seed)
    elif tasks is None:
        raise click.UsageError("missing argument TASKS")
    elif offline and strategies:
        raise click.UsageError("--offline and --strategy are given together")
    else:
        result, wall_s = _pack_cluster(
            (nodes, tasks), strategies, constraints, None if not offline else time_s, seed
        )
    _show(result, wall_s, as_json=as_json)
    if result.unplaced:
        raise click.exceptions.Exit(_FOUND_NO)


def _pack_file(path: Path, time_s: float, seed: int) -> tuple[ClusterPacking, float]:
    kinds, items = read_problem(path)
    start = time.perf_counter()
    with bar("packing") as update:
        packing = pack_items(kinds, items, time_s=time_s, seed=seed, progress=update)
        update(1.0)
    return pack_problem(kinds, items, packing), time.perf_counter() - start


def _pack_cluster(
    files: tuple[Path, Path],
    strategies: tuple[str, ...],
    constraints: tuple[str, ...],
    time_s: float | None,
    seed: int,
) -> tuple[ClusterPacking, float]:
    """The packing of the tasks' file on the nodes' file; offline where it has
    a time."""
    chain = strategies or ("binpack:memory",)
    _check(chain, constraints)
    nodes, cpu = read_nodes(files[0])
    tasks = read_tasks(files[1], cpu)
    start = time.perf_counter()
    if time_s is None and chain[0].startswith(GPU_STRATEGY):
        policy = chain[0].removeprefix(GPU_STRATEGY)
        result = place_gpus(nodes, tasks, policy, constraints, seed)
    elif time_s is None:
        result = place_cluster(nodes, tasks, chain, constraints, seed)
    else:
        with bar("packing") as update:
            result = pack_cluster(
                nodes, tasks, constraints, time_s=time_s, seed=seed, progress=update
            )
            update(1.0)
    return result, time.perf_counter() - start


def _check(strategies: tuple[str, ...], constraints: tuple[str, ...]) -> None:
    """Refuse what is no strategy or constraint, by the option's name."""
    if len(strategies) == 1 and strategies[0].startswith(GPU_STRATEGY):
        if strategies[0].removeprefix(GPU_STRATEGY) not in _warmstow.GPU_POLICIES:
            known = ", ".join(GPU_STRATEGY + name for name in _warmstow.GPU_POLICIES)
            problem = f"{strategies[0]!r} is none of {known}"
            raise click.BadParameter(problem, param_hint="--strategy")
        strategies = (_BALANCED,)
    try:
        if strategies != (_BALANCED,):
            _warmstow.check_strategies(list(strategies))
    except ConfigError as error:
        raise click.BadParameter(str(error), param_hint="--strategy") from error
    try:
        for constraint in constraints:
            _warmstow.check_constraint(constraint)
    except ConfigError as error:
        raise click.BadParameter(str(error), param_hint="--constraint") from error


def _show(result: ClusterPacking, wall_s: float, *, as_json: bool) -> None:
    if as_json:
        figures = result.as_dict() | {"wall_s": wall_s}
        click.echo(json.dumps(figures, indent=2, allow_nan=False))
        return
    shares = [
        f"{name} {share:.1%}" for name, share in result.utilization.items() if share is not None
    ]
    rows = [
        ("placed", count(len(result.placements))),
        ("unplaced", count(len(result.unplaced))),
        ("nodes used", count(result.nodes_used)),
        ("lower bound", count(result.lower_bound)),
        ("used of them", ", ".join(shares) or "nothing"),
    ]
    if "cost" in result.extra:
        rows.append(("cost", count(result.extra["cost"])))
    for label, value in rows:
        click.echo(f"{label:<14}{value}")
    for left in result.unplaced[:_SHOWN]:
        reasons = ", ".join(f"{reason} on {nodes}" for reason, nodes in left["reasons"].items())
        click.echo(f"  {printable(left['task'])}: {reasons}")
    if len(result.unplaced) > _SHOWN:
        click.echo(f"  and {len(result.unplaced) - _SHOWN} more; --json has all")


_SHOWN = 10
"""Tasks without a node that the text lists."""
