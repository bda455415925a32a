"""The canonical csv form: one row a request, sorted by time.

``timestamp_s,function,duration_s[,memory_mib][,cold_start_s]``, in any order
of columns. Time 0 of the replay is the first timestamp, so Unix times do as
well; the time averages end where the last request would, were each served at
once: its timestamp, its own ``cold_start_s`` where there is one, and its
``duration_s``.

``memory_mib`` is a setting of the function: it must be the same in each of
its rows, or empty (128 MiB where it is empty in all). ``cold_start_s`` is how
long an instance for that request would take to start, should it need one.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from warmstow.errors import TraceError
from warmstow.runs import horizon_s
from warmstow.traces.table import Table, read_table, shown
from warmstow.workload import DEFAULT_MEMORY_MIB, ArrivalTrace, TraceFunction

__all__ = ["read_canonical"]

_REQUIRED = ("timestamp_s", "function", "duration_s")
_OPTIONAL = ("memory_mib", "cold_start_s")
_TIMESTAMP_MAX_S = 1e11
"""Unix times in seconds far into the future; in milliseconds they are more."""
_SECONDS_MAX = 1e9
"""The longest time that the core takes, about 31 years."""
_MEMORY_MAX_MIB = 2**24 - 1


def read_canonical(path: str | Path) -> ArrivalTrace:
    """Read a canonical csv; see the module for what is in it.

    Cost: O(rows).

    Raises:
        TraceError: the file or a column is missing, an unknown column, a
            ragged row, a cell that is no number or out of range, a time
            before that of the row above, a function of two memories, or no
            time at all between the first timestamp and the last end.
    """
    table = read_table(Path(path))
    table.require(_REQUIRED)
    for name in table.header:
        if name not in _REQUIRED + _OPTIONAL:
            accepted = ", ".join(_REQUIRED + _OPTIONAL)
            raise TraceError(path, 1, f"column {shown(name)} is unknown; known are {accepted}")
    seconds = table.numbers("timestamp_s", maximum=_TIMESTAMP_MAX_S)
    backwards = np.flatnonzero(np.diff(seconds) < 0)
    if backwards.size:
        row = int(backwards[0]) + 1
        raise table.fault(
            row,
            f"timestamp_s is {seconds[row]:.12g}, before that of line {table.lines[row - 1]}, "
            f"{seconds[row - 1]:.12g}; sort the rows by time",
        )
    seconds = seconds - seconds[0]
    if seconds[-1] > _SECONDS_MAX:
        raise table.fault(
            len(seconds) - 1,
            f"timestamp_s is {seconds[-1]:.12g} s after the first, above the limit, "
            f"{_SECONDS_MAX:.12g} s",
        )
    names = table.text("function")
    cold_start_s = None
    if "cold_start_s" in table.header:
        cold_start_s = table.numbers("cold_start_s", maximum=_SECONDS_MAX)
    trace = ArrivalTrace.from_seconds(
        timestamp_s=seconds,
        function=names,
        duration_s=table.numbers("duration_s", maximum=_SECONDS_MAX),
        functions=_functions(table, names),
        cold_start_s=cold_start_s,
    )
    if horizon_s(trace) == 0:
        raise TraceError(
            path,
            None,
            "all requests arrive at one time and last 0 s, and averages need time; "
            "give a duration_s above 0",
        )
    return trace


def _functions(table: Table, names: list[str]) -> list[TraceFunction]:
    """The functions by first appearance, with their memory."""
    if "memory_mib" not in table.header:
        return [TraceFunction(name) for name in dict.fromkeys(names)]
    at = table.header.index("memory_mib")
    memory: dict[str, int | None] = {}
    said_on: dict[str, int] = {}
    for row, name in enumerate(names):
        cell = table.rows[row][at].strip()
        if not cell:
            memory.setdefault(name, None)
            continue
        value = table.number(row, "memory_mib", cell, maximum=_MEMORY_MAX_MIB)
        if value != int(value) or value < 1:
            raise table.fault(row, f"memory_mib is {shown(cell)}, not a whole number from 1")
        before = memory.get(name)
        if before is not None and before != int(value):
            raise table.fault(
                row,
                f"memory_mib of function {shown(name)} is {int(value)}, "
                f"but {before} on line {said_on[name]}",
            )
        memory[name] = int(value)
        said_on.setdefault(name, table.lines[row])
    return [
        TraceFunction(name, DEFAULT_MEMORY_MIB if value is None else value)
        for name, value in memory.items()
    ]
