"""Why one request of a replay was warm, cold or refused."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from warmstow import _warmstow
from warmstow.arguments import refusal
from warmstow.errors import ConfigError
from warmstow.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from warmstow.workload import Workload

__all__ = ["Explanation", "NodeChoice", "Shortage", "explain"]

_STEP = 1 << 16
"""Arrivals between two calls of a progress function, some milliseconds."""


@dataclass(frozen=True, slots=True)
class NodeChoice:
    """The node of an instance that was started."""

    node: int
    strategy: str
    free_cpu_units: int
    """What was free on it before."""
    free_memory_mib: int
    with_room: int
    """How many nodes had room."""
    nodes: int
    """Of how many."""


@dataclass(frozen=True, slots=True)
class Shortage:
    """Why no node had room for an instance."""

    needed_cpu_units: int
    needed_memory_mib: int
    largest_free_cpu_units: int
    """The most that one node had free."""
    largest_free_memory_mib: int
    nodes: int
    """How many nodes there were."""
    short_of_cpu: int
    """How many of them had too little CPU."""
    short_of_memory: int
    """How many of them had too little memory."""
    full: int
    """How many of them had as many instances as a node can."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a request met what it met."""

    invocation: int
    """The request, from 0."""
    at_s: float
    """When it arrived, seconds."""
    function: str
    """The function it asked for."""
    fate: str
    """``warm``, ``cold`` or ``refused``."""
    instances: int
    """The function's instances just before."""
    in_flight: int
    """Its requests in flight just before."""
    account_in_flight: int
    """Requests in flight of all functions just before."""
    text: str
    """All of it in a sentence."""
    idle: int | None = None
    """Warm: how many of its instances were idle. Spilled: units that were free."""
    cause: str | None = None
    """Cold: ``first``, ``all_busy``, ``spilled`` (provisioned concurrency had room, but
    takes no more requests a second) or ``gone``."""
    per_second: int | None = None
    """Spilled: the requests a second that provisioned concurrency takes."""
    stopped_at_s: float | None = None
    """Gone: when the last instance stopped."""
    stop_cause: str | None = None
    """Gone: ``keep_alive``, ``made_room`` or ``failed``."""
    policy: str | None = None
    """Gone: the policy of the function's keep-alive."""
    node: NodeChoice | None = None
    """Cold: where the instance went, in a region with nodes."""
    reason: str | None = None
    """Refused: by what, such as ``ConcurrentInvocationLimitExceeded``."""
    limit: int | None = None
    """Refused: the limit that was met, where it is a number; of the account what is
    neither reserved nor provisioned, of a rate its count."""
    rate: tuple[int, float, int] | None = None
    """Refused by a rate: so many in so many seconds, so many at once."""
    wait_s: float | None = None
    """Refused by a rate: seconds until one more may come."""
    short: Shortage | None = None
    """Refused for want of room: what the nodes were short of."""
    holders: tuple[tuple[str, int, str], ...] = ()
    """Refused: the functions that held it, how much and of what (``in_flight``,
    ``provisioned``, ``cpu_units`` or ``memory_mib``), the most first; up to five."""

    def __str__(self) -> str:
        """The explanation in a sentence."""
        return self.text

    def as_dict(self) -> dict[str, Any]:
        """As plain values for JSON."""
        return asdict(self) | {
            "holders": [list(holder) for holder in self.holders],
            "rate": None if self.rate is None else list(self.rate),
        }


def explain(
    workload: Workload,
    row: int,
    settings: Settings | None = None,
    *,
    progress: Callable[[float], None] | None = None,
) -> Explanation:
    """Replay ``workload`` up to the request numbered ``row``, and explain it.

    The same workload, settings and seed meet the same request as in
    :func:`~warmstow.replay`, so any request of a replay can be asked for.
    Costs a replay of the requests before it. ``progress`` is called with the
    share of them done.

    >>> trace = ArrivalTrace.from_seconds(
    ...     timestamp_s=[0.0, 1.0], function=["web", "web"], duration_s=[5.0, 5.0]
    ... )
    >>> print(explain(trace, 1))
    request 1 of web, at 1 s: cold, the one was busy

    Raises:
        ConfigError: there is no such request, or a setting or a row of the
            workload cannot hold.
    """
    settings = Settings() if settings is None else settings
    if not isinstance(settings, Settings):
        raise refusal("settings", settings, "a Settings, or None for the defaults")
    if isinstance(row, bool) or not isinstance(row, int) or row < 0:
        raise refusal("row", row, "a whole number from 0")
    run = _warmstow.Replay(settings, settings.function_specs(workload), workload)
    done, more = 0, True
    while done < row and more:
        more = run.advance(min(_STEP, row - done))
        done = run.invocations
        if progress is not None:
            progress(done / row)
    said = run.explain_next() if done == row else None
    if said is None:
        raise ConfigError(f"row is {row}: the workload has {run.invocations} requests")
    node, short = said.pop("node"), said.pop("short")
    if short is not None:
        needed, free, *counts = short
        short = Shortage(*needed, *free, *counts)
    return Explanation(
        **{**said, "holders": tuple(said["holders"])},
        node=None if node is None else NodeChoice(*node),
        short=short,
    )
