"""Readers of the trace forms that ``warmstow replay`` takes.

Each reader either returns a whole workload or raises
:class:`~warmstow.TraceError`, which names file, line, value and limit.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from warmstow.arguments import refusal
from warmstow.errors import TraceError
from warmstow.traces.azure2019 import read_azure2019
from warmstow.traces.canonical import read_canonical
from warmstow.traces.poisson import parse_poisson

if TYPE_CHECKING:
    from warmstow.workload import Workload

__all__ = ["FORMS", "parse_poisson", "read_azure2019", "read_canonical", "read_trace"]

FORMS = (
    "a folder with invocations.csv, durations.csv and memory.csv (Azure 2019), "
    "a .csv file with the columns timestamp_s,function,duration_s[,memory_mib][,cold_start_s], "
    "or poisson:rate=0.9,warm=exp:1.991,cold=exp:2.244,duration=1e6"
)
"""The accepted forms, in one sentence."""


def read_trace(trace: str | Path) -> Workload:
    """Read ``trace``, whichever of the accepted forms it has.

    A folder is read as Azure 2019, a ``.csv`` file as canonical csv, text
    that starts with ``poisson:`` as a Poisson workload.

    Raises:
        TraceError: no such form, no such file, or a fault in it.
    """
    if not isinstance(trace, str | Path):
        raise refusal("trace", trace, FORMS)
    text = str(trace)
    if not text:
        raise TraceError("''", None, f"names no trace; give {FORMS}")
    if isinstance(trace, str) and text.startswith("poisson:"):
        return parse_poisson(text)
    path = Path(trace)
    try:
        folder, there = path.is_dir(), path.exists()
    except (OSError, ValueError) as error:
        problem = getattr(error, "strerror", None) or error
        raise TraceError(text, None, f"cannot be read: {problem}") from error
    if folder:
        return read_azure2019(path)
    if path.suffix.lower() == ".csv":
        return read_canonical(path)
    problem = "unknown trace form" if there else "no such file, and no known trace form"
    raise TraceError(text, None, f"{problem}; give {FORMS}")
