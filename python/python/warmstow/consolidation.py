"""Consolidation: fewer nodes for what runs, and the moves that get there.

:func:`consolidate` takes nodes and the tasks on them and says which nodes can
be freed, by which moves, and how few would do at best. Amounts are whole
numbers, in whatever unit each dimension has.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from warmstow import _warmstow
from warmstow.searching import search

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = [
    "Consolidation",
    "FreedNode",
    "Move",
    "RunningNode",
    "RunningService",
    "RunningTask",
    "consolidate",
]


@dataclass(frozen=True, slots=True)
class RunningNode:
    """A node that runs."""

    capacity: tuple[int, ...]
    """What it has in each dimension."""
    may_be_freed: bool = True
    """Whether it may be emptied."""
    takes_tasks: bool = True
    """Whether it may take tasks from others; one that runs nothing never does."""


@dataclass(frozen=True, slots=True)
class RunningTask:
    """A task that runs on a node."""

    node: int
    """The node, by place."""
    size: tuple[int, ...]
    """What it takes in each dimension."""
    movable: bool = True
    """Whether it may be moved: not where it is protected. A daemon's task, which
    ends with its node, is left out, and what it takes is off the capacity."""
    move_cost: int = 1
    """What a move of it costs; the sum is kept small."""
    service: int | None = None
    """Its service, by place."""
    nodes: tuple[int, ...] | None = None
    """The nodes it may be moved to, by place; ``None``: any."""


@dataclass(frozen=True, slots=True)
class RunningService:
    """What holds for the tasks of a service."""

    floor: int = 0
    """So many of its tasks run at any time: a task that is moved stops before
    it starts elsewhere, and one moves at a time."""
    distinct: bool = False
    """Whether no two of its tasks may run on one node."""


@dataclass(frozen=True, slots=True)
class Move:
    """A task goes from one node to another; all by place."""

    task: int
    source: int
    target: int


@dataclass(frozen=True, slots=True)
class FreedNode:
    """A node that the plan frees."""

    node: int
    """The node, by place."""
    after_moves: int
    """It is empty after so many of the plan's moves."""
    cost: int
    """What the moves of its tasks cost."""


@dataclass(frozen=True, slots=True)
class Consolidation:
    """The best plan that was found. It may end after any of its moves."""

    nodes_used: int
    """Nodes that run something now."""
    lower_bound: int
    """These tasks cannot run on fewer of them."""
    freed: tuple[FreedNode, ...]
    """What is freed, the cheapest first."""
    moves: tuple[Move, ...]
    """The moves, node after node; each can be made when its turn comes."""

    @property
    def nodes_after(self) -> int:
        """Nodes that run something once the plan is carried out."""
        return self.nodes_used - len(self.freed)

    @property
    def cost(self) -> int:
        """What all moves cost."""
        return sum(of.cost for of in self.freed)

    def as_dict(self) -> dict[str, Any]:
        """As plain values for JSON, nodes and tasks by place."""
        return {
            "nodes_used": self.nodes_used,
            "lower_bound": self.lower_bound,
            "nodes_after": self.nodes_after,
            "cost": self.cost,
            "freed": [
                {"node": of.node, "after_moves": of.after_moves, "cost": of.cost}
                for of in self.freed
            ],
            "moves": [{"task": of.task, "from": of.source, "to": of.target} for of in self.moves],
        }

    def __str__(self) -> str:
        """The plan in a sentence."""
        nodes = "node" if self.nodes_used == 1 else "nodes"
        said = f"you run {self.nodes_used} {nodes}, the bound is {self.lower_bound}"
        if not self.freed:
            return f"{said}: no move was found that frees one"
        moves = "this move frees" if len(self.moves) == 1 else f"these {len(self.moves)} moves free"
        return f"{said}: {moves} {len(self.freed)}"


def consolidate(
    nodes: Sequence[RunningNode],
    tasks: Sequence[RunningTask],
    services: Sequence[RunningService] = (),
    *,
    time_s: float = 1.0,
    work: int | None = None,
    seed: int = 0,
    progress: Callable[[float], None] | None = None,
) -> Consolidation:
    """Find the moves that free the most nodes, and of those the cheapest.

    It ends early where it finds nothing better for long. With ``work`` it
    spends about that much instead of ``time_s``, and gives the same plan each
    time. ``progress`` is called with the share of the time spent.

    >>> nodes = [RunningNode((4,))] * 3
    >>> tasks = [RunningTask(node, (cpu,)) for node, cpu in ((0, 3), (1, 3), (2, 1), (2, 1))]
    >>> print(consolidate(nodes, tasks, work=10_000))
    you run 3 nodes, the bound is 2: these 2 moves free 1

    Raises:
        ConfigError: the cluster cannot be; names the value and its limit.
    """
    found = _warmstow.Consolidator(nodes, tasks, services, seed)
    search(found, time_s, work, progress)
    used, bound = found.figures()
    freed, moves = found.plan()
    return Consolidation(
        used, bound, tuple(FreedNode(*of) for of in freed), tuple(Move(*of) for of in moves)
    )
