"""Tasks onto the nodes of a cluster: one by one, or all at once."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from warmstow import _warmstow
from warmstow.clusters import GPU_MODEL
from warmstow.errors import ConfigError
from warmstow.packing import BinKind, Item, Packing, pack

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from warmstow.clusters import ClusterNode, ClusterTask

__all__ = [
    "GPU_STRATEGY",
    "ClusterPacking",
    "pack_cluster",
    "pack_problem",
    "place_cluster",
    "place_gpus",
]

GPU_STRATEGY = "gpu:"
"""What the names of strategies begin with that know shares of GPUs."""

_DIMENSIONS_MAX = 32
_DISTINCT = "distinctInstance"
_NAMES = ("cpu", "memory", "gpu")
_WORK_OF_BOUND = 1
"""The first packing and the bounds that need no search."""


@dataclass(frozen=True, slots=True)
class ClusterPacking:
    """Where tasks went, and why others went nowhere."""

    placements: list[dict[str, Any]]
    """``task`` and ``node``, and ``choice`` where a task had several sizes."""
    unplaced: list[dict[str, Any]]
    """``task`` and ``reasons``: how many nodes each reason holds for."""
    nodes_used: int
    utilization: dict[str, float | None]
    """What is used of what the used nodes have: ``cpu``, ``memory``, ``gpu``."""
    lower_bound: int
    """All tasks that fit anywhere need at least so many nodes (or so much cost)."""
    extra: dict[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """As the command line prints it."""
        return {
            "placed": len(self.placements),
            "unplaced": self.unplaced,
            "nodes_used": self.nodes_used,
            "utilization": self.utilization,
            "lower_bound": self.lower_bound,
            **self.extra,
            "placements": self.placements,
        }


def place_cluster(
    nodes: Sequence[ClusterNode],
    tasks: Sequence[ClusterTask],
    strategies: Sequence[str],
    constraints: Sequence[str],
    seed: int,
) -> ClusterPacking:
    """Place each task in turn by ``strategies``.

    Raises:
        ConfigError: a strategy or constraint that is none.
    """
    if list(strategies) == ["binpack:balanced"]:
        _check_balanced(tasks, constraints)
        outcomes = _warmstow.place_instances(nodes, tasks, strategies[0], seed)
    else:
        outcomes = _warmstow.place_tasks(nodes, tasks, list(strategies), list(constraints), seed)
    placements, unplaced = [], []
    used: dict[int, list[int]] = {}
    for at, (task, (node, reasons)) in enumerate(zip(tasks, outcomes, strict=True)):
        if node is None:
            unplaced.append({"task": task.name, "reasons": dict(reasons)})
        else:
            placements.append({"task": task.name, "node": nodes[node].name})
            used.setdefault(node, []).append(at)
    kinds, items, _ = _problem(nodes, tasks, ())
    bound = pack(kinds, items, work=_WORK_OF_BOUND).lower_bound
    return ClusterPacking(placements, unplaced, len(used), _utilization(nodes, tasks, used), bound)


def place_gpus(
    nodes: Sequence[ClusterNode],
    tasks: Sequence[ClusterTask],
    policy: str,
    constraints: Sequence[str],
    seed: int,
) -> ClusterPacking:
    """Place each task in turn by a policy of GPUs, which gives shares of them.

    Raises:
        ConfigError: a policy, a GPU or a share that is none, or a constraint.
    """
    if constraints or not all(task.is_free for task in tasks):
        raise ConfigError(
            f"{GPU_STRATEGY}{policy} knows models of GPUs alone: no constraint but gpu_spec"
        )
    models = [dict(node.attributes).get(GPU_MODEL, "") for node in nodes]
    rows = [
        (node.cpu, node.memory_mib, node.gpu, model)
        for node, model in zip(nodes, models, strict=True)
    ]
    pods = [
        (task.cpu, task.memory_mib, task.gpu, task.gpu_milli if task.gpu else 0, [*task.models])
        for task in tasks
    ]
    placements, unplaced = [], []
    used: dict[int, list[int]] = {}
    outcomes = _warmstow.place_gpu(rows, pods, policy=policy, seed=seed)
    for at, (task, (place, gpus, reasons)) in enumerate(zip(tasks, outcomes, strict=True)):
        if place is None:
            said = {_GPU_REASONS[cause]: count for cause, count in (reasons or {}).items()}
            unplaced.append({"task": task.name, "reasons": said})
            continue
        placed: dict[str, Any] = {"task": task.name, "node": nodes[place].name}
        placements.append(placed | ({"gpus": gpus} if gpus else {}))
        used.setdefault(place, []).append(at)
    # Shares in thousandths on both sides: what fits here fits there.
    fine_nodes = [replace(node, gpu=node.gpu * _MILLI) for node in nodes]
    fine_tasks = [replace(task, gpu=task.gpu * task.gpu_milli) for task in tasks]
    kinds, items, _ = _problem(fine_nodes, fine_tasks, ())
    bound = pack(kinds, items, work=_WORK_OF_BOUND).lower_bound
    shares = _utilization(fine_nodes, fine_tasks, used)
    return ClusterPacking(placements, unplaced, len(used), shares, bound)


_MILLI = 1000
_GPU_REASONS = {
    "model": "MEMBER_OF",
    "gpu": "RESOURCE:GPU",
    "cpu": "RESOURCE:CPU",
    "memory": "RESOURCE:MEMORY",
}


def _check_balanced(tasks: Sequence[ClusterTask], constraints: Sequence[str]) -> None:
    """``binpack:balanced`` is the strategy of functions: CPU and memory alone."""
    if constraints or any(task.gpu or task.constraint for task in tasks):
        raise ConfigError("binpack:balanced knows CPU and memory alone: no constraint and no GPU")


def pack_cluster(
    nodes: Sequence[ClusterNode],
    tasks: Sequence[ClusterTask],
    constraints: Sequence[str],
    *,
    time_s: float,
    seed: int,
    progress: Callable[[float], None] | None = None,
) -> ClusterPacking:
    """Pack all tasks at once onto as few nodes as can be found.

    Raises:
        ConfigError: a constraint that is none, or that depends on what runs
            where.
    """
    kinds, items, groups = _problem(nodes, tasks, constraints)
    packing = pack(kinds, items, time_s=time_s, seed=seed, progress=progress)
    left = [list(members) for members in groups]
    placements = []
    used: dict[int, list[int]] = {}
    for packed in packing.bins:
        node = left[packed.kind].pop(0)
        used[node] = [item for item, _ in packed.items]
        placements += [
            {"task": tasks[item].name, "node": nodes[node].name} for item, _ in packed.items
        ]
    unplaced = [
        {
            "task": tasks[item].name,
            "reasons": _reasons(nodes, tasks[item], kinds, items[item], groups),
        }
        for item in packing.unplaced
    ]
    return ClusterPacking(
        placements,
        unplaced,
        len(used),
        _utilization(nodes, tasks, used),
        packing.lower_bound,
        {"optimal": packing.is_optimal},
    )


def _reasons(
    nodes: Sequence[ClusterNode],
    task: ClusterTask,
    kinds: Sequence[BinKind],
    item: Item,
    groups: Sequence[Sequence[int]],
) -> dict[str, int]:
    """How many nodes each reason holds for; what would fit on an empty node
    found them full."""
    reasons: dict[str, int] = {}
    for at, members in enumerate(groups):
        node = nodes[members[0]]
        own = [
            code
            for code, short in (
                ("RESOURCE:CPU", task.cpu > node.cpu),
                ("RESOURCE:MEMORY", task.memory_mib > node.memory_mib),
                ("RESOURCE:GPU", task.gpu > node.gpu),
                ("MEMBER_OF", item.kinds is not None and at not in item.kinds),
            )
            if short
        ]
        for code in own or ["FULL"]:
            reasons[code] = reasons.get(code, 0) + (kinds[at].count or 0)
    return reasons


def _problem(
    nodes: Sequence[ClusterNode], tasks: Sequence[ClusterTask], constraints: Sequence[str]
) -> tuple[list[BinKind], list[Item], list[list[int]]]:
    """Nodes alike as kinds of bins, tasks as items, and the nodes of each kind."""
    alike: dict[tuple[Any, ...], list[int]] = {}
    for at, node in enumerate(nodes):
        key = (node.cpu, node.memory_mib, node.gpu, node.attributes)
        alike.setdefault(key, []).append(at)
    groups = list(alike.values())
    first = [nodes[members[0]] for members in groups]
    members_of = [text for text in constraints if text != _DISTINCT]
    distinct = _distinct_groups(tasks) if _DISTINCT in constraints else []
    allowed: dict[str | None, tuple[int, ...] | None] = {}
    for own in {task.constraint for task in tasks}:
        both = [*members_of, *([own] if own else [])]
        open_to = _warmstow.nodes_that_match(first, both) if both else None
        allowed[own] = (
            None if open_to is None else tuple(at for at, is_open in enumerate(open_to) if is_open)
        )
    kinds = [
        BinKind((node.cpu, node.memory_mib, node.gpu, *[1] * len(distinct)), 1, len(members))
        for node, members in zip(first, groups, strict=True)
    ]
    items = [
        Item(
            ((task.cpu, task.memory_mib, task.gpu, *(int(task.group == g) for g in distinct)),),
            1,
            allowed[task.constraint],
        )
        for task in tasks
    ]
    return kinds, items, groups


def _distinct_groups(tasks: Sequence[ClusterTask]) -> list[str]:
    """The groups of which no node may run two: a dimension each."""
    groups = sorted({task.group for task in tasks})
    most = _DIMENSIONS_MAX - len(_NAMES)
    if len(groups) > most:
        raise ConfigError(
            f"distinctInstance with --offline: the tasks are of {len(groups)} groups, "
            f"above the limit, {most}"
        )
    return groups


def _utilization(
    nodes: Sequence[ClusterNode], tasks: Sequence[ClusterTask], used: dict[int, list[int]]
) -> dict[str, float | None]:
    rooms = [(nodes[n].cpu, nodes[n].memory_mib, nodes[n].gpu) for n in used]
    loads = [
        (tasks[t].cpu, tasks[t].memory_mib, tasks[t].gpu) for own in used.values() for t in own
    ]
    shares = {}
    for at, name in enumerate(_NAMES):
        room = sum(amounts[at] for amounts in rooms)
        shares[name] = sum(amounts[at] for amounts in loads) / room if room else None
    return shares


def pack_problem(
    kinds: Sequence[BinKind], items: Sequence[Item], packing: Packing
) -> ClusterPacking:
    """The packing of a ``.vbp`` or ``.mvp`` file in the words of a cluster:
    items and bins are numbered from 1, and the first three dimensions are
    called cpu, memory and gpu."""
    placements = []
    several = any(len(item.choices) > 1 for item in items)
    used = [0] * len(kinds[0].capacity)
    room = [0] * len(used)
    for number, packed in enumerate(packing.bins, 1):
        for d, amount in enumerate(kinds[packed.kind].capacity):
            room[d] += amount
        for item, choice in packed.items:
            placed: dict[str, Any] = {"task": str(item + 1), "node": str(number)}
            if len(kinds) > 1:
                placed["kind"] = packed.kind + 1
            if several:
                placed["choice"] = choice + 1
            placements.append(placed)
            for d, amount in enumerate(items[item].choices[choice]):
                used[d] += amount
    shares = [a / b if b else None for a, b in zip(used, room, strict=True)]
    named = dict(zip(_NAMES, [*shares, None, None, None][: len(_NAMES)], strict=True))
    unplaced = [
        {"task": str(item + 1), "reasons": _reasons_of_item(kinds, items[item])}
        for item in packing.unplaced
    ]
    extra = {
        "cost": packing.cost,
        "optimal": packing.is_optimal,
        "utilization_by_dimension": shares,
    }
    return ClusterPacking(
        placements, unplaced, len(packing.bins), named, packing.lower_bound, extra
    )


def _reasons_of_item(kinds: Sequence[BinKind], item: Item) -> dict[str, int]:
    """How many kinds of bins are too small for an item, and how many full."""

    def fits(kind: BinKind) -> bool:
        return any(
            all(a <= b for a, b in zip(size, kind.capacity, strict=True)) for size in item.choices
        )

    full = sum(fits(kind) for kind in kinds)
    reasons = {"TOO_LARGE": len(kinds) - full, "FULL": full}
    return {reason: count for reason, count in reasons.items() if count}
