"""A running cluster from files: nodes, the tasks on them, and their services."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from warmstow import _warmstow
from warmstow.clusters import ClusterNode, ClusterTask, read_nodes, read_tasks
from warmstow.consolidation import RunningNode, RunningService, RunningTask
from warmstow.errors import ConfigError
from warmstow.traces.table import Table, parse_whole, read_table, shown

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["RunningCluster", "read_running"]

_FLAGS = {"": True, "yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}
_DAEMON = "daemon"
_COST_MAX = 2**32
_FLOOR_MAX = 2**20


@dataclass(frozen=True, slots=True)
class RunningCluster:
    """What :func:`warmstow.consolidate` takes, and what the files call it."""

    nodes: list[RunningNode]
    tasks: list[RunningTask]
    services: list[RunningService]
    node_names: list[str]
    task_names: list[str]


def read_running(
    nodes_path: Path, tasks_path: Path, floors: Sequence[str], distinct: Sequence[str]
) -> RunningCluster:
    """Nodes and tasks of two csv files; ``floors`` are ``GROUP=COUNT``, and
    ``distinct`` names groups.

    Raises:
        TraceError: names file, line, value and limit.
        ConfigError: a constraint, a floor or a group that is none.
    """
    nodes, cpu = read_nodes(nodes_path)
    tasks = read_tasks(tasks_path, cpu)
    node_table, task_table = read_table(nodes_path), read_table(tasks_path)
    task_table.require(["on"])
    node_flags = _copied(node_table, ("may_be_freed", "takes_tasks"))
    how = _how_tasks_run(task_table, nodes)
    groups = sorted({task.group for task in tasks})
    allowed = _allowed(nodes, tasks)
    left = [[node.cpu, node.memory_mib, node.gpu] for node in nodes]
    used = [[0, 0, 0] for _ in nodes]
    units = (cpu, "memory_mib", "gpu")
    running, names = [], []
    for task, (place, cost, movable) in zip(tasks, how, strict=True):
        size = (task.cpu, task.memory_mib, task.gpu)
        if movable is None:
            _take(left[place], size, task, nodes[place], units)
            continue
        used[place] = [sum(both) for both in zip(used[place], size, strict=True)]
        names.append(task.name)
        service = groups.index(task.group)
        running.append(RunningTask(place, size, movable, cost, service, allowed[task.constraint]))
    for node, has, needs in zip(nodes, left, used, strict=True):
        _hold(node, has, needs, units)
    return RunningCluster(
        [RunningNode(tuple(room), *flags) for room, flags in zip(left, node_flags, strict=True)],
        running,
        _services(groups, floors, distinct),
        [node.name for node in nodes],
        names,
    )


def _take(
    room: list[int],
    size: Sequence[int],
    task: ClusterTask,
    node: ClusterNode,
    units: Sequence[str],
) -> None:
    """Take a daemon off what its node has."""
    for at, amount in enumerate(size):
        if amount > room[at]:
            raise ConfigError(
                f"node {shown(node.name)} has {room[at]} {units[at]} left, less than the {amount} "
                f"of daemon {shown(task.name)}"
            )
        room[at] -= amount


def _hold(
    node: ClusterNode, has: Sequence[int], needs: Sequence[int], units: Sequence[str]
) -> None:
    """What runs on a node, daemons aside, has its room there."""
    for room, amount, unit in zip(has, needs, units, strict=True):
        if amount > room:
            raise ConfigError(
                f"node {shown(node.name)} has {room} {unit} without its daemons', less than the "
                f"{amount} of the tasks that run on it"
            )


def _cell(table: Table, row: int, column: str) -> str:
    if column not in table.header:
        return ""
    return table.rows[row][table.header.index(column)].strip()


def _copies(table: Table, row: int) -> int:
    """How many alike a row stands for; read before, so it is a number."""
    return int(_cell(table, row, "count") or 1)


def _copied(table: Table, columns: Sequence[str]) -> list[tuple[bool, ...]]:
    """The columns of yes and no, once for each of the alike."""
    found: list[tuple[bool, ...]] = []
    for row in range(len(table.rows)):
        flags = []
        for column in columns:
            cell = _cell(table, row, column).lower()
            if cell not in _FLAGS:
                raise table.fault(row, f"{column} is {shown(cell)}: needs yes or no")
            flags.append(_FLAGS[cell])
        found += [tuple(flags)] * _copies(table, row)
    return found


def _how_tasks_run(
    table: Table, nodes: Sequence[ClusterNode]
) -> list[tuple[int, int, bool | None]]:
    """For each task its node by place, what a move costs, and whether it may be
    moved; ``None`` for a daemon."""
    by_name = {node.name: at for at, node in enumerate(nodes)}
    found: list[tuple[int, int, bool | None]] = []
    for row in range(len(table.rows)):
        on, text = _cell(table, row, "on"), _cell(table, row, "move_cost")
        if on not in by_name:
            raise table.fault(row, f"on is {shown(on)}: there is no node of that name")
        cost = parse_whole(text) if text else 1
        if cost is None or cost > _COST_MAX:
            raise table.fault(
                row, f"move_cost is {shown(text)}: needs a whole number from 0 to {_COST_MAX}"
            )
        movable = _cell(table, row, "movable").lower()
        if movable not in _FLAGS and movable != _DAEMON:
            raise table.fault(row, f"movable is {shown(movable)}: needs yes, no or {_DAEMON}")
        found += [(by_name[on], cost, _FLAGS.get(movable))] * _copies(table, row)
    return found


def _allowed(
    nodes: Sequence[ClusterNode], tasks: Sequence[ClusterTask]
) -> dict[str | None, tuple[int, ...] | None]:
    """The nodes that meet each constraint, by place."""
    allowed: dict[str | None, tuple[int, ...] | None] = {None: None}
    for constraint in {task.constraint for task in tasks if task.constraint}:
        open_to = _warmstow.nodes_that_match(nodes, [constraint])
        allowed[constraint] = tuple(at for at, is_open in enumerate(open_to) if is_open)
    return allowed


def _services(
    groups: Sequence[str], floors: Sequence[str], distinct: Sequence[str]
) -> list[RunningService]:
    by_group: dict[str, int] = {}
    for text in floors:
        group, sign, number = text.rpartition("=")
        floor = parse_whole(number)
        if not sign or floor is None or floor > _FLOOR_MAX:
            raise ConfigError(f"--floor {shown(text)}: needs GROUP=COUNT, 0 to {_FLOOR_MAX}")
        if group in by_group:
            raise ConfigError(f"--floor {shown(text)}: {shown(group)} has one already")
        by_group[group] = floor
    for option, named in (("--floor", by_group), ("--distinct", distinct)):
        for group in named:
            if group not in groups:
                raise ConfigError(
                    f"{option}: no task is of group {shown(group)}; there are "
                    f"{', '.join(groups) or 'none'}"
                )
    return [RunningService(by_group.get(group, 0), group in distinct) for group in groups]
