"""What a replay is fed with: three forms of workload, each plain data.

All times inside are integers of nanoseconds or numpy arrays of them; what
people write is in seconds and says so in its name. Every class here is
immutable after construction and may be shared between threads; the arrays
are copied when a replay starts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from warmstow.arguments import WHOLE_MAX, refusal
from warmstow.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

__all__ = [
    "DEFAULT_MEMORY_MIB",
    "ArrivalTrace",
    "MinuteTrace",
    "Poisson",
    "TraceFunction",
    "Workload",
]

DEFAULT_MEMORY_MIB = 128
"""Memory of a function whose trace does not say: AWS Lambda's smallest, MiB."""

_NANOS_PER_SECOND = 1_000_000_000
_SECONDS_MAX = 1e9
"""The longest time that the core takes, about 31 years."""

_PERCENTILES = 7


@dataclass(frozen=True, slots=True)
class TraceFunction:
    """A function of a workload."""

    name: str
    """Its name, unique in the workload."""
    memory_mib: int = DEFAULT_MEMORY_MIB
    """Memory of one instance, MiB. CPU follows as on AWS Lambda: one vCPU
    (1,024 CPU units) at 1,769 MiB."""

    def __post_init__(self) -> None:
        if not isinstance(self.name, str):
            raise refusal("name of a function", self.name, "text")


@dataclass(frozen=True, slots=True, eq=False)
class ArrivalTrace:
    """Every arrival of a trace, as columns of equal length sorted by time.

    Build it with :meth:`from_seconds`, or give the columns in nanoseconds.
    The replay checks them and raises :class:`~warmstow.ConfigError` for a
    time that goes backwards or a function that is not in ``functions``.
    """

    functions: tuple[TraceFunction, ...]
    """The functions; the column ``function`` counts in them from 0."""
    arrival_ns: NDArray[np.uint64]
    """When each request arrives, nanoseconds from the start, ascending."""
    function: NDArray[np.uint32]
    """Which function each request is for."""
    duration_ns: NDArray[np.uint64]
    """How long each request runs once its instance is up, nanoseconds."""
    cold_start_ns: NDArray[np.uint64] | None = None
    """How long the start of an instance for each request takes, should it
    need one, nanoseconds. ``None``: drawn from the replay's stages."""
    horizon_ns: int | None = None
    """End of the time averages, nanoseconds. ``None``: when the last request
    to end would, were each served at once: its arrival, its own
    ``cold_start_ns`` where there is that column, and its duration."""

    def __post_init__(self) -> None:
        _check_functions(self.functions)
        wanted = {
            "arrival_ns": np.uint64,
            "function": np.uint32,
            "duration_ns": np.uint64,
            "cold_start_ns": np.uint64,
        }
        for name, dtype in wanted.items():
            column = getattr(self, name)
            if name == "cold_start_ns" and column is None:
                continue
            if not isinstance(column, np.ndarray) or column.dtype != dtype or column.ndim != 1:
                raise ConfigError(
                    f"{name} is {_described(column)}: needs an array of {np.dtype(dtype)} "
                    "of one dimension"
                )

    @classmethod
    def from_seconds(
        cls,
        *,
        timestamp_s: ArrayLike,
        function: ArrayLike,
        duration_s: ArrayLike,
        functions: Sequence[TraceFunction | str] | None = None,
        cold_start_s: ArrayLike | None = None,
        horizon_s: float | None = None,
    ) -> ArrivalTrace:
        """Build from columns in seconds.

        ``function`` holds positions in ``functions`` (whole numbers), or names
        (text); names are listed in ``functions`` by first appearance where
        that is not given. Times are rounded to the nearest nanosecond. Cost: O(n).

        Raises:
            ConfigError: a column of another length, a time that is negative,
                not finite or above 1e9 s, times that go backwards, a name or
                position that ``functions`` lacks, or what is neither.
        """
        arrival_ns = _nanoseconds("timestamp_s", timestamp_s)
        specs, index = _functions(function, functions)
        duration_ns = _nanoseconds("duration_s", duration_s)
        cold_ns = None if cold_start_s is None else _nanoseconds("cold_start_s", cold_start_s)
        columns: dict[str, NDArray[Any] | None] = {
            "function": index,
            "duration_s": duration_ns,
            "cold_start_s": cold_ns,
        }
        for name, column in columns.items():
            if column is not None and len(column) != len(arrival_ns):
                raise ConfigError(
                    f"{name} has {len(column)} rows, timestamp_s has {len(arrival_ns)}"
                )
        backwards = np.flatnonzero(arrival_ns[1:] < arrival_ns[:-1])
        if backwards.size:
            row = int(backwards[0]) + 1
            raise ConfigError(
                f"timestamp_s[{row}] = {arrival_ns[row] / _NANOS_PER_SECOND} is before the row "
                f"above it, {arrival_ns[row - 1] / _NANOS_PER_SECOND}: sort the rows by time"
            )
        horizon_ns = None
        if horizon_s is not None:
            horizon_ns = int(_nanoseconds("horizon_s", [horizon_s])[0])
        return cls(specs, arrival_ns, index, duration_ns, cold_ns, horizon_ns)

    def __len__(self) -> int:
        """The number of requests."""
        return len(self.arrival_ns)

    def most_requests(self) -> list[int]:
        """The number of requests of each function. O(requests)."""
        functions = len(self.functions)
        # Positions beyond the last are for the replay to refuse.
        known = self.function[self.function < functions]
        counts: list[int] = np.bincount(known, minlength=functions).tolist()
        return counts


@dataclass(frozen=True, slots=True, eq=False)
class MinuteTrace:
    """Arrivals a minute and percentiles of the duration: the Azure 2019 form.

    The replay draws the arrivals of a minute uniformly at random in it, and
    each duration from the percentile curve (at least 1 ms), all from the
    replay's seed. Straight lines join the percentiles; above the 75th the
    curve is bent so that the mean is the stated one. A mean that the
    percentiles exclude is no error: the nearest one that they allow is kept.
    """

    functions: tuple[TraceFunction, ...]
    """The functions, one for each row of the two arrays."""
    counts: NDArray[np.uint32]
    """Requests of each function in each minute, shape (functions, minutes)."""
    duration_percentiles_ms: NDArray[np.float64]
    """Execution time at the percentiles 0, 1, 25, 50, 75, 99 and 100,
    milliseconds, shape (functions, 7), each row ascending."""
    mean_duration_ms: NDArray[np.float64] | None = None
    """Mean execution time, milliseconds, shape (functions,). ``None``: straight
    lines join the upper percentiles too."""

    def __post_init__(self) -> None:
        _check_functions(self.functions)
        wanted = {
            "counts": np.uint32,
            "duration_percentiles_ms": np.float64,
            "mean_duration_ms": np.float64,
        }
        for name, dtype in wanted.items():
            column = getattr(self, name)
            if name == "mean_duration_ms" and column is None:
                continue
            if not isinstance(column, np.ndarray) or column.dtype != dtype:
                raise ConfigError(
                    f"{name} is {_described(column)}: needs an array of {np.dtype(dtype)}"
                )
        rows = len(self.functions)
        if self.counts.ndim != 2 or len(self.counts) != rows:
            raise ConfigError(f"counts has shape {self.counts.shape}, needs ({rows}, minutes)")
        shape = self.duration_percentiles_ms.shape
        if shape != (rows, _PERCENTILES):
            raise ConfigError(
                f"duration_percentiles_ms has shape {shape}, needs ({rows}, {_PERCENTILES})"
            )
        mean = self.mean_duration_ms
        if mean is not None and mean.shape != (rows,):
            raise ConfigError(f"mean_duration_ms has shape {mean.shape}, needs ({rows},)")

    def __len__(self) -> int:
        """The number of requests."""
        return int(self.counts.sum(dtype=np.uint64))

    def most_requests(self) -> list[int]:
        """The number of requests of each function. O(counts)."""
        counts: list[int] = self.counts.sum(axis=1, dtype=np.uint64).tolist()
        return counts


@dataclass(frozen=True, slots=True)
class Poisson:
    """One function with exponential times between arrivals, drawn as it runs.

    A distribution is text: ``exp:MEAN``, ``det:VALUE`` or
    ``lognormal:MEAN,CV`` (coefficient of variation), seconds.
    """

    rate_per_s: float
    """Mean arrivals a second."""
    warm: str
    """Service time of a warm request."""
    duration_s: float
    """How long requests arrive, seconds; also the end of the averages."""
    cold: str | None = None
    """The whole service time of a request that starts an instance. ``None``:
    the warm time after the replay's cold-start stages."""
    function: TraceFunction = TraceFunction("poisson")
    """The function."""

    def __post_init__(self) -> None:
        if not isinstance(self.function, TraceFunction):
            raise refusal("function", self.function, "a TraceFunction, as TraceFunction('name')")

    @property
    def functions(self) -> tuple[TraceFunction, ...]:
        """The one function, as the other workloads list theirs."""
        return (self.function,)

    def most_requests(self) -> list[int]:
        """How many requests the function may have: they are drawn, so any number."""
        return [WHOLE_MAX]


Workload = ArrivalTrace | MinuteTrace | Poisson
"""What :func:`warmstow.replay` accepts."""


def _described(column: object) -> str:
    """What a column is, for a message."""
    if isinstance(column, np.ndarray):
        return f"an array of {column.dtype} of {column.ndim} dimensions"
    return f"a {type(column).__name__}"


def _nanoseconds(name: str, column: ArrayLike) -> NDArray[np.uint64]:
    """A column of seconds in whole nanoseconds, checked."""
    try:
        seconds = np.asarray(column, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{name}: {error}") from error
    if seconds.ndim != 1:
        raise ConfigError(f"{name} has {seconds.ndim} dimensions, needs 1")
    # Written so that not-a-number fails too.
    bad = np.flatnonzero(~((seconds >= 0) & (seconds <= _SECONDS_MAX)))
    if bad.size:
        row = int(bad[0])
        raise ConfigError(
            f"{name}[{row}] = {seconds[row]} is not between 0 and {_SECONDS_MAX:.0f} seconds"
        )
    return np.rint(seconds * _NANOS_PER_SECOND).astype(np.uint64)


def _check_functions(functions: object) -> None:
    """Raise unless these are the functions of a workload."""
    if not isinstance(functions, tuple):
        raise refusal("functions", functions, "a tuple of TraceFunction")
    for at, function in enumerate(functions):
        if not isinstance(function, TraceFunction):
            raise refusal(f"functions[{at}]", function, "a TraceFunction")


def _listed(name: str, column: object, needs: str) -> list[Any]:
    """A column as a list; text is no column of its characters."""
    if isinstance(column, str | bytes):
        raise refusal(name, column, needs)
    try:
        # numpy is kept off lists of names: it cuts NULs from their ends.
        return column.tolist() if isinstance(column, np.ndarray) else list(column)  # type: ignore[call-overload,no-any-return]
    except TypeError as error:
        raise refusal(name, column, needs) from error


def _functions(
    column: ArrayLike, given: Sequence[TraceFunction | str] | None
) -> tuple[tuple[TraceFunction, ...], NDArray[np.uint32]]:
    """The functions of a trace, and for each request its position in them."""
    specs = None
    if given is not None:
        listed = _listed("functions", given, "a sequence of names or TraceFunction")
        specs = tuple(f if isinstance(f, TraceFunction) else TraceFunction(f) for f in listed)
    if isinstance(column, np.ndarray) and column.ndim == 1 and column.dtype.kind in "iu":
        return _by_position(column, specs)
    needs = "a column of names, or of positions in functions"
    values = _listed("function", column, needs)
    if values and all(_is_whole(value) for value in values):
        return _by_position(np.array(values, dtype=object), specs)
    for row, value in enumerate(values):
        if not isinstance(value, str):
            raise refusal(f"function[{row}]", value, needs.replace("a column of", "all"))
    if specs is None:
        specs = tuple(TraceFunction(name) for name in dict.fromkeys(values))
    position = {spec.name: index for index, spec in enumerate(specs)}
    try:
        index = np.fromiter((position[name] for name in values), np.uint32, count=len(values))
    except KeyError as error:
        raise ConfigError(f"function {error.args[0]!r} is not among functions") from error
    return specs, index


def _is_whole(value: object) -> bool:
    """Whether it is a whole number; Python's True is an int and is none."""
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def _by_position(
    values: NDArray[Any], specs: tuple[TraceFunction, ...] | None
) -> tuple[tuple[TraceFunction, ...], NDArray[np.uint32]]:
    """The same for a column of positions."""
    if specs is None:
        raise ConfigError("function holds positions, so functions must be given")
    bad = np.flatnonzero((values < 0) | (values >= len(specs)))
    if bad.size:
        row = int(bad[0])
        raise ConfigError(
            f"function[{row}] = {values[row]} is not one of the {len(specs)} functions"
        )
    return specs, values.astype(np.uint32)
