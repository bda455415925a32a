"""What a replay found: counts, means, percentiles, cost, and time series.

Means are time averages from 0 to the horizon; requests still in flight there
end, but are not averaged. All of it is plain immutable data, safe to share
between threads.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from warmstow.raw import RawFleet, RawReport, RawSummary

__all__ = ["Fleet", "FunctionReport", "NodeUse", "Report", "Series", "Summary"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The figures of a replay, or of one function in it."""

    invocations: int
    """Requests that arrived: warm, cold and refused ones."""
    warm_starts: int
    """Requests that an idle instance served."""
    cold_starts: int
    """Requests that had an instance started for them."""
    cold_start_probability: float
    """``cold_starts / (warm_starts + cold_starts)``; 0 where none was served."""
    throttles: dict[str, int]
    """Requests refused, by reason; reasons that did not occur are left out."""
    timeouts: int
    """Requests ended by the timeout."""
    errors: int
    """Requests ended by a crash."""
    peak_concurrency: int
    """Most requests in flight at one instant."""
    peak_instances: int
    """Most instances at one instant."""
    mean_instances: float
    """Instances, on average over time."""
    mean_busy_instances: float
    """Instances that start or run a request, on average over time."""
    mean_idle_instances: float
    """Instances kept warm with nothing to do, on average over time."""
    mean_instance_lifespan_s: float
    """How long an instance lives, on average over all that started, seconds;
    one that has not stopped by the horizon counts with its life so far. 0
    where none started."""
    stopped_instances: int
    """Instances that stopped before the horizon."""
    prewarmed_instances: int
    """Instances that a keep-alive policy started ahead of any request."""
    provisioned_invocations: int
    """Served requests that provisioned concurrency took."""
    spillover_invocations: int
    """Served requests of functions with provisioned concurrency that ran on
    demand: with those above, all of theirs that were served."""
    latency_ms: dict[str, float]
    """From arrival to completion of the served requests, milliseconds:
    ``p50``, ``p90``, ``p95``, ``p99`` (nearest rank) and ``max``."""
    gb_seconds: dict[str, float]
    """Memory over time: ``busy`` with requests, ``idle`` between them,
    ``init`` in cold starts; 1 GB is 1,024 MiB."""
    cost_usd: dict[str, float]
    """What AWS would bill: ``requests``, ``duration``, ``provisioned``,
    ``total``; US dollars."""

    @property
    def refused(self) -> int:
        """Requests refused, for whatever reason."""
        return sum(self.throttles.values())

    def as_dict(self) -> dict[str, Any]:
        """The figures as plain values, for JSON."""
        return {name: getattr(self, name) for name in _SUMMARY}


_SUMMARY = tuple(each.name for each in fields(Summary))


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionReport(Summary):
    """The figures of one function."""

    function: str
    """Its name."""

    def as_dict(self) -> dict[str, Any]:
        """The figures as plain values, its name first."""
        # slots=True makes a new class, which super() without arguments misses.
        return {"function": self.function, **Summary.as_dict(self)}


@dataclass(frozen=True, slots=True)
class NodeUse:
    """How far one node was used; shares are of that node, 0 to 1."""

    mean_instances: float
    peak_instances: int
    mean_cpu_share: float
    mean_memory_share: float


@dataclass(frozen=True, slots=True)
class Fleet:
    """How far the nodes were used; shares are of the whole fleet, 0 to 1."""

    nodes: int
    mean_nodes_used: float
    """Nodes with at least one instance, on average over time."""
    peak_nodes_used: int
    mean_cpu_share: float
    """CPU set aside for instances, on average over time."""
    mean_memory_share: float
    """Memory set aside for instances, on average over time."""
    per_node: tuple[NodeUse, ...]

    def as_dict(self) -> dict[str, Any]:
        """The figures of the fleet as plain values, without the nodes'."""
        return {f.name: getattr(self, f.name) for f in fields(self) if f.name != "per_node"}


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """The replay over time: bucket ``k`` is ``k`` to ``k + 1`` times
    ``bucket_s``; arrays are one value a bucket unless said otherwise."""

    bucket_s: float
    """Width of a bucket, seconds."""
    arrivals: NDArray[np.uint64]
    """Requests that arrived in the bucket."""
    warm: NDArray[np.uint64]
    """Of those, the ones an idle instance served."""
    cold: NDArray[np.uint64]
    """Of those, the ones that started an instance."""
    throttles: NDArray[np.uint64]
    """Of those, the ones that were refused."""
    busy: NDArray[np.float64]
    """Busy instances, on average over the bucket."""
    idle: NDArray[np.float64]
    """Idle instances, on average over the bucket."""
    instances: NDArray[np.float64]
    """Instances, on average over the bucket."""
    nodes_used: NDArray[np.float64]
    """Nodes with an instance, on average over the bucket."""
    cpu_share: NDArray[np.float64]
    """Share of the fleet's CPU set aside, 0 to 1."""
    memory_share: NDArray[np.float64]
    """Share of the fleet's memory set aside, 0 to 1."""
    node_memory_share: NDArray[np.float64]
    """The same by node, shape (buckets, nodes)."""

    @property
    def time_s(self) -> NDArray[np.float64]:
        """The start of each bucket, seconds."""
        return np.arange(len(self.arrivals), dtype=np.float64) * self.bucket_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Report(Summary):
    """The figures of a whole replay."""

    horizon_s: float
    """Length of the replay, over which is averaged, seconds."""
    wall_s: float = field(compare=False)
    """Wall time of the computation, reading of the trace left out, seconds."""
    functions: tuple[FunctionReport, ...]
    """The same figures by function, in the workload's order."""
    fleet: Fleet | None
    """Use of the nodes; ``None`` where there were none."""
    series: Series | None = field(compare=False)
    """The replay over time; ``None`` unless it was asked for."""

    @property
    def invocations_per_s(self) -> float:
        """Requests replayed a second of wall time."""
        return self.invocations / self.wall_s if self.wall_s > 0 else 0.0

    def as_dict(self, *, functions: bool = False) -> dict[str, Any]:
        """The report as plain values for JSON, as ``warmstow replay --json``
        prints it; ``functions`` adds the figures by function."""
        figures = Summary.as_dict(self)
        figures["horizon_s"] = self.horizon_s
        figures["wall_s"] = self.wall_s
        figures["invocations_per_s"] = self.invocations_per_s
        figures["fleet"] = None if self.fleet is None else self.fleet.as_dict()
        figures["functions"] = [f.as_dict() for f in self.functions] if functions else []
        return figures


def from_raw(raw: RawReport, wall_s: float) -> Report:
    """The report that the extension's plain dictionaries describe."""
    series = raw["series"]
    return Report(
        **_summary(raw["total"]),
        horizon_s=raw["horizon_s"],
        wall_s=wall_s,
        functions=tuple(
            FunctionReport(function=name, **_summary(summary)) for name, summary in raw["functions"]
        ),
        fleet=None if raw["fleet"] is None else _fleet(raw["fleet"]),
        series=None if series is None else Series(**series),
    )


def _fleet(raw: RawFleet) -> Fleet:
    """The fleet's figures, with each node's."""
    per_node = tuple(NodeUse(**node) for node in raw["per_node"])
    return Fleet(
        nodes=raw["nodes"],
        mean_nodes_used=raw["mean_nodes_used"],
        peak_nodes_used=raw["peak_nodes_used"],
        mean_cpu_share=raw["mean_cpu_share"],
        mean_memory_share=raw["mean_memory_share"],
        per_node=per_node,
    )


def _summary(raw: RawSummary) -> dict[str, Any]:
    """The keyword arguments of a :class:`Summary`."""
    return {name: raw[name] for name in _SUMMARY}  # type: ignore[literal-required]
