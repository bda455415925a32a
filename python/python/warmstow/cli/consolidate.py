"""``warmstow consolidate``: which nodes can be freed, by which moves."""

from __future__ import annotations

import json
import time
from pathlib import Path

import click

from warmstow.cli import options
from warmstow.cli.progress import bar
from warmstow.consolidation import Consolidation
from warmstow.consolidation import consolidate as search
from warmstow.output import printable
from warmstow.runningcluster import read_running

__all__ = ["consolidate"]


@click.command(cls=options.Command, short_help="Find the moves that free nodes.")
@click.argument("nodes", type=click.Path(path_type=Path))
@click.argument("tasks", type=click.Path(path_type=Path))
@click.option(
    "--floor",
    "floors",
    multiple=True,
    metavar="GROUP=COUNT",
    help="So many tasks of the group run at any time: a task that moves stops before it starts "
    "elsewhere. Repeatable.  [default: 0]",
)
@click.option(
    "--distinct",
    multiple=True,
    metavar="GROUP",
    help="No two tasks of the group may run on one node. Repeatable.",
)
@click.option(
    "--time",
    "time_s",
    type=options.TIMEOUT,
    default="1s",
    show_default=True,
    help="How long to search.",
)
@options.seed
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of text.")
def consolidate(
    nodes: Path,
    tasks: Path,
    floors: tuple[str, ...],
    distinct: tuple[str, ...],
    time_s: float,
    seed: int,
    as_json: bool,
) -> None:
    """Find which of NODES can be freed, by moving which of TASKS.

    Both are csv files in the form of ``warmstow pack``. TASKS has a column more,
    on: the node that each runs on; and optionally movable (yes, no where a task
    is protected, or daemon where it ends with its node) and move_cost. NODES may
    have may_be_freed and takes_tasks (yes or no). A task's constraint holds where
    it is moved to. A node with nothing but daemons counts as free.

    The moves come in an order in which each can be made, the cheapest node
    first; the plan may end after any of them.
    """
    running = read_running(nodes, tasks, floors, distinct)
    start = time.perf_counter()
    with bar("searching") as update:
        plan = search(
            running.nodes,
            running.tasks,
            running.services,
            time_s=time_s,
            seed=seed,
            progress=update,
        )
        update(1.0)
    wall_s = time.perf_counter() - start
    _show(plan, running.node_names, running.task_names, wall_s, as_json=as_json)


def _show(
    plan: Consolidation,
    nodes: list[str],
    tasks: list[str],
    wall_s: float,
    *,
    as_json: bool,
) -> None:
    if as_json:
        figures = plan.as_dict() | {"wall_s": wall_s}
        for of in figures["freed"]:
            of["node"] = nodes[of["node"]]
        for move in figures["moves"]:
            move |= {
                "task": tasks[move["task"]],
                "from": nodes[move["from"]],
                "to": nodes[move["to"]],
            }
        click.echo(json.dumps(figures, indent=2, allow_nan=False))
        return
    click.echo(plan)
    at = 0
    for of in plan.freed:
        click.echo(f"{printable(nodes[of.node])}, at a cost of {of.cost}:")
        for move in plan.moves[at : of.after_moves]:
            click.echo(f"  {printable(tasks[move.task])} to {printable(nodes[move.target])}")
        at = of.after_moves
