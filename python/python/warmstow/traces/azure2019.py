"""The Azure Functions 2019 form: arrivals a minute and duration percentiles.

A folder of three files that join on ``HashFunction``; the order of columns
and rows differs between them, so both are found by name.

* ``invocations.csv``: one numbered column a minute, consecutive, holding the
  arrivals of each function in it.
* ``durations.csv``: ``percentile_Average_{0,1,25,50,75,99,100}``, the
  execution time in milliseconds, cold start excluded; and its mean,
  ``Average``, which may be left out. A mean that the percentiles exclude is
  taken as the nearest one that they allow.
* ``memory.csv``: ``AverageAllocatedMb``. A function's memory is that, rounded
  up to whole MiB and to at least 128, the least that AWS Lambda sells. A
  function that the file lacks has 128 MiB.

Format: Azure/AzurePublicDataset, ``AzureFunctionsDataset2019.md``; cut to
one row a function and file as the InVitro sampler writes it.
"""

from __future__ import annotations

import math
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from warmstow._warmstow import MAX_REQUESTS
from warmstow.errors import TraceError
from warmstow.traces.table import Table, fast_numbers, parse_whole, read_table, shown
from warmstow.workload import DEFAULT_MEMORY_MIB, MinuteTrace, TraceFunction

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["read_azure2019"]

_KEY = "HashFunction"
_PERCENTILES = tuple(f"percentile_Average_{p}" for p in (0, 1, 25, 50, 75, 99, 100))
_MEAN = "Average"
_MEMORY = "AverageAllocatedMb"

_COUNT_MAX = 2**32 - 1
_DURATION_MAX_MS = 1e12
"""The longest time that the core takes, about 31 years."""
_MEMORY_MAX_MIB = 2**24 - 1


def read_azure2019(folder: str | Path) -> MinuteTrace:
    """Read a folder in Azure 2019 form; see the module for what is in it.

    Time 0 is the start of the first minute column. Cost: O(cells).

    Raises:
        TraceError: a file or column is missing, a row is ragged, a cell is no
            number or out of range, percentiles go down, a function comes
            twice, durations and invocations do not name the same functions,
            or no request or more than a replay can take.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise TraceError(folder, None, "no such folder")
    invocations = read_table(folder / "invocations.csv")
    durations = read_table(folder / "durations.csv")
    memory = read_table(folder / "memory.csv")

    minutes = _minute_columns(invocations)
    durations.require((_KEY, *_PERCENTILES))
    memory.require((_KEY, _MEMORY))
    position = invocations.unique(_KEY)

    percentiles, mean = _durations(durations, position)
    memory_mib = _memory(memory, position)
    counts = np.empty((len(position), len(minutes)), dtype=np.uint32)
    first, last = minutes[0], minutes[-1] + 1
    for row, cells in enumerate(invocations.rows):
        counts[row] = _counts(invocations, row, first, cells[first:last])
    functions = tuple(TraceFunction(name, memory_mib[row]) for name, row in position.items())
    trace = MinuteTrace(functions, counts, percentiles, mean)
    if len(trace) == 0:
        raise TraceError(invocations.path, None, "no function is ever called")
    if len(trace) > MAX_REQUESTS:
        problem = f"{len(trace)} requests, above the limit, {MAX_REQUESTS}"
        raise TraceError(invocations.path, None, problem)
    return trace


def _minute_columns(table: Table) -> range:
    """Where the minute columns of ``invocations.csv`` lie."""
    table.require((_KEY,))
    numbered = [at for at, name in enumerate(table.header) if name.isascii() and name.isdigit()]
    if not numbered:
        raise TraceError(table.path, 1, "there is no minute column; needs one named by a number")
    minute = parse_whole(table.header[numbered[0]])
    if minute is None:
        problem = f"minute column {shown(table.header[numbered[0]])} has too many digits"
        raise TraceError(table.path, 1, problem)
    for wanted, (before, at) in enumerate(pairwise(numbered), minute + 1):
        if at != before + 1 or parse_whole(table.header[at]) != wanted:
            raise TraceError(
                table.path,
                1,
                f"minute column {shown(table.header[before + 1])} stands where "
                f"minute {wanted} belongs",
            )
    return range(numbered[0], numbered[-1] + 1)


def _counts(table: Table, row: int, first: int, cells: list[str]) -> NDArray[np.float64]:
    """The arrivals of one function, checked to be whole numbers from 0."""
    values = fast_numbers(cells)
    # Written so that not-a-number fails too.
    if values is not None and bool(
        np.all((values >= 0) & (values <= _COUNT_MAX) & (values == np.floor(values)))
    ):
        return values
    numbers = []
    for at, cell in enumerate(cells):
        minute = f"minute {table.header[first + at]}"
        value = table.number(row, minute, cell, maximum=_COUNT_MAX)
        if value != int(value):
            raise table.fault(row, f"{minute} is {shown(cell)}, not a whole number of requests")
        numbers.append(value)
    return np.array(numbers)


def _durations(
    table: Table, position: dict[str, int]
) -> tuple[NDArray[np.float64], NDArray[np.float64] | None]:
    """The percentile curve of each function and, if given, its mean, in the
    order of ``position``."""
    columns = [table.numbers(name, maximum=_DURATION_MAX_MS) for name in _PERCENTILES]
    curves = np.column_stack(columns)
    falls = np.argwhere(np.diff(curves, axis=1) < 0)
    if falls.size:
        row, at = (int(index) for index in falls[0])
        raise table.fault(
            row,
            f"{_PERCENTILES[at + 1]} is {curves[row, at + 1]:g}, "
            f"below {_PERCENTILES[at]}, {curves[row, at]:g}",
        )
    rows = table.unique(_KEY)
    _same_functions(table, rows, position)
    for name in position:
        if name not in rows:
            raise TraceError(
                table.path, None, f"there is no row for function {shown(name)} of invocations.csv"
            )
    order = [rows[name] for name in position]
    if _MEAN not in table.header:
        return curves[order], None
    return curves[order], table.numbers(_MEAN, maximum=_DURATION_MAX_MS)[order]


def _memory(table: Table, position: dict[str, int]) -> list[int]:
    """The memory of each function in MiB, in the order of ``position``."""
    megabytes = table.numbers(_MEMORY, maximum=_MEMORY_MAX_MIB)
    rows = table.unique(_KEY)
    _same_functions(table, rows, position)
    memory_mib = [DEFAULT_MEMORY_MIB] * len(position)
    for name, row in rows.items():
        memory_mib[position[name]] = max(DEFAULT_MEMORY_MIB, math.ceil(megabytes[row]))
    return memory_mib


def _same_functions(table: Table, rows: dict[str, int], position: dict[str, int]) -> None:
    """Raise where ``table`` names a function that invocations.csv lacks."""
    for name, row in rows.items():
        if name not in position:
            raise table.fault(row, f"function {shown(name)} is not in invocations.csv")
