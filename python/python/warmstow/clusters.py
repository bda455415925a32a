"""Nodes and tasks from files, and packing problems from files of that form.

Nodes and tasks are csv files with a header. Nodes: ``node`` (also ``sn`` or
``name``), ``cpu_units`` or ``cpu_milli``, ``memory_mib``, and optionally
``gpu``, ``zone``, ``model``, ``count`` and ``attribute:NAME`` for each
attribute. Tasks: ``task`` (also ``name``), the same unit of CPU,
``memory_mib``, and optionally ``gpu`` (also ``num_gpu``), ``group``,
``constraint`` (an expression of Amazon ECS's query language), ``gpu_spec``
(models divided by ``|``), ``gpu_milli`` (thousandths of each GPU, less than
1,000 where it asks for one) and ``count``. So the node and pod lists of
Alibaba's trace openb are read as they are. Only the strategies of GPUs know
shares; to all others a share counts as a whole one. ``.vbp`` and ``.mvp`` are
the forms of VPSolver (F. Brandao).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from warmstow.errors import TraceError
from warmstow.packing import BinKind, Item
from warmstow.traces.table import Table, parse_whole, read_table, shown

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = [
    "GPU_MODEL",
    "ClusterNode",
    "ClusterTask",
    "is_problem",
    "read_nodes",
    "read_problem",
    "read_tasks",
]

GPU_MODEL = "gpu.model"
"""The attribute that holds the model of a node's GPUs."""
ZONE = "ecs.availability-zone"
"""Amazon ECS's attribute for the availability zone."""

_AMOUNT_MAX = 2**24 - 1
_COUNT_MAX = 2**20
_ROWS_MAX = 2**20
_CPU = ("cpu_units", "cpu_milli")
_WHOLE_GPU = 1000
_NUMBER = re.compile(r"-?[0-9]{1,19}")


@dataclass(frozen=True, slots=True)
class ClusterNode:
    """A node: what it has, and its attributes."""

    name: str
    cpu: int
    memory_mib: int
    gpu: int
    attributes: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class ClusterTask:
    """A task: what it needs, and where it may run."""

    name: str
    cpu: int
    memory_mib: int
    gpu: int
    group: str
    constraint: str | None
    """``memberOf:EXPR``, or ``None``."""
    gpu_milli: int = _WHOLE_GPU
    """Thousandths of each GPU."""
    models: tuple[str, ...] = ()
    """The models of GPU that will do; none: any. The constraint says so too."""
    is_free: bool = True
    """Whether ``constraint`` says no more than ``models``."""


def _column(table: Table, *names: str) -> str:
    """The first of ``names`` that the table has."""
    for name in names:
        if name in table.header:
            return name
    raise TraceError(
        table.path,
        1,
        f"column {names[0]!r} is missing (also {', '.join(names[1:]) or 'no other name'}); "
        f"has {shown(','.join(table.header))}",
    )


def _whole(table: Table, row: int, column: str, most: int) -> int:
    cell = table.rows[row][table.header.index(column)].strip()
    number = parse_whole(cell)
    if number is None or number > most:
        raise table.fault(row, f"{column} is {shown(cell)}: needs a whole number from 0 to {most}")
    return number


def _optional(table: Table, row: int, column: str | None, most: int, default: int) -> int:
    if column is None or not table.rows[row][table.header.index(column)].strip():
        return default
    return _whole(table, row, column, most)


def _text(table: Table, row: int, column: str) -> str:
    if column not in table.header:
        return ""
    return table.rows[row][table.header.index(column)].strip()


def _has(table: Table, *names: str) -> str | None:
    return next((name for name in names if name in table.header), None)


def _copies(name: str, count: int) -> Iterator[str]:
    """The names of ``count`` alike: the name itself where it is one."""
    return iter([name]) if count == 1 else (f"{name}-{at}" for at in range(1, count + 1))


def read_nodes(path: Path) -> tuple[list[ClusterNode], str]:
    """The nodes of a csv file, and the name of its column of CPU.

    Raises:
        TraceError: names file, line, value and limit.
    """
    table = read_table(path)
    name, cpu = _column(table, "node", "sn", "name"), _column(table, *_CPU)
    table.require(["memory_mib"])
    table.unique(name)
    own = [column for column in table.header if column.startswith("attribute:")]
    gpu, count = _has(table, "gpu"), _has(table, "count")
    nodes: list[ClusterNode] = []
    for row in range(len(table.rows)):
        attributes = [
            (column.removeprefix("attribute:"), _text(table, row, column)) for column in own
        ]
        attributes += [(ZONE, _text(table, row, "zone")), (GPU_MODEL, _text(table, row, "model"))]
        node = (
            _whole(table, row, cpu, _AMOUNT_MAX),
            _whole(table, row, "memory_mib", _AMOUNT_MAX),
            _optional(table, row, gpu, _COUNT_MAX, 0),
            tuple((key, value) for key, value in attributes if value),
        )
        copies = _optional(table, row, count, _COUNT_MAX, 1)
        _check_rows(table, row, len(nodes) + copies)
        nodes += [ClusterNode(copy, *node) for copy in _copies(_text(table, row, name), copies)]
    return nodes, cpu


def _check_rows(table: Table, row: int, rows: int) -> None:
    if rows > _ROWS_MAX:
        raise table.fault(row, f"that makes {rows}, above the limit, {_ROWS_MAX}")


def read_tasks(path: Path, cpu: str) -> list[ClusterTask]:
    """The tasks of a csv file, whose CPU is in the column ``cpu``.

    Raises:
        TraceError: names file, line, value and limit.
    """
    table = read_table(path)
    name = _column(table, "task", "name")
    table.require([cpu, "memory_mib"])
    table.unique(name)
    gpu, count = _has(table, "gpu", "num_gpu"), _has(table, "count")
    milli = _has(table, "gpu_milli")
    tasks: list[ClusterTask] = []
    for row in range(len(table.rows)):
        task = (
            _whole(table, row, cpu, _AMOUNT_MAX),
            _whole(table, row, "memory_mib", _AMOUNT_MAX),
            _optional(table, row, gpu, _COUNT_MAX, 0),
            _text(table, row, "group") or "tasks",
            _constraint(table, row),
            _optional(table, row, milli, _WHOLE_GPU, _WHOLE_GPU) or _WHOLE_GPU,
            tuple(filter(None, _text(table, row, "gpu_spec").split("|"))),
            not _text(table, row, "constraint"),
        )
        copies = _optional(table, row, count, _COUNT_MAX, 1)
        _check_rows(table, row, len(tasks) + copies)
        tasks += [ClusterTask(copy, *task) for copy in _copies(_text(table, row, name), copies)]
    return tasks


def _constraint(table: Table, row: int) -> str | None:
    """Where the task may run: its own expression, and the models it names."""
    parts = []
    if own := _text(table, row, "constraint"):
        parts.append(f"({own.removeprefix('memberOf:')})")
    if models := _text(table, row, "gpu_spec"):
        parts.append(f"attribute:{GPU_MODEL} in [{', '.join(models.split('|'))}]")
    return "memberOf:" + " and ".join(parts) if parts else None


def is_problem(path: Path) -> bool:
    """Whether the file holds a whole problem, by its ending."""
    return path.suffix in {".vbp", ".mvp"}


class _Numbers:
    """The whole numbers of a file, one after the other, with their lines."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError as error:
            raise TraceError(path, None, "no such file") from error
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "is not UTF-8 text"
            raise TraceError(path, None, f"cannot be read: {reason}") from error
        lines = enumerate(text.split("\n"), 1)
        self._words = iter([(line, word) for line, row in lines for word in row.split()])
        self.line: int | None = None

    def next(self, what: str, least: int, most: int) -> int:
        """The next number, which is ``what``."""
        found = next(self._words, None)
        if found is None:
            raise TraceError(self.path, self.line, f"the file ends before {what}")
        self.line, word = found
        number = int(word) if _NUMBER.fullmatch(word) else None
        if number is None or not least <= number <= most:
            raise TraceError(
                self.path,
                self.line,
                f"{what} is {shown(word)}: needs a whole number from {least} to {most}",
            )
        return number

    def end(self) -> None:
        """Raise unless the file ends here."""
        if (found := next(self._words, None)) is not None:
            raise TraceError(self.path, found[0], f"{shown(found[1])} is left over")


_SIZE_MAX = 2**40


def read_problem(path: Path) -> tuple[list[BinKind], list[Item]]:
    """The kinds of bins and the items of a ``.vbp`` or ``.mvp`` file.

    Raises:
        TraceError: names file, line, value and limit.
    """
    numbers = _Numbers(path)
    dimensions = numbers.next("the number of dimensions", 1, 32)
    several = path.suffix == ".mvp"

    def amounts(what: str, least: int) -> tuple[int, ...]:
        return tuple(numbers.next(what, least, _SIZE_MAX) for _ in range(dimensions))

    kinds = []
    for _ in range(numbers.next("the number of kinds of bins", 1, 2**16) if several else 1):
        capacity = amounts("a capacity", 0)
        cost = numbers.next("a cost", 0, 2**32) if several else 1
        count = numbers.next("a count", -1, 2**32 - 1) if several else -1
        kinds.append(BinKind(capacity, cost, None if count < 0 else count))
    items = []
    for _ in range(numbers.next("the number of items", 0, _ROWS_MAX)):
        if several:
            choices = numbers.next("the number of choices", 1, 255)
            demand = numbers.next("a demand", 0, _ROWS_MAX)
            sizes = tuple(amounts("a size", -_SIZE_MAX) for _ in range(choices))
        else:
            sizes = (amounts("a size", -_SIZE_MAX),)
            demand = numbers.next("a demand", 0, _ROWS_MAX)
        items.append(Item(sizes, demand))
    numbers.end()
    return kinds, items
