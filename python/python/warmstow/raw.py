"""A report as the extension gives it; :mod:`warmstow.results` makes it objects.

Names and units are those of :class:`~warmstow.Summary`, :class:`~warmstow.Fleet`
and :class:`~warmstow.Series`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["RawFleet", "RawReport", "RawSeries", "RawSummary"]


class RawSummary(TypedDict):
    """The figures of a replay or of a function."""

    invocations: int
    warm_starts: int
    cold_starts: int
    cold_start_probability: float
    throttles: dict[str, int]
    timeouts: int
    errors: int
    peak_concurrency: int
    peak_instances: int
    mean_instances: float
    mean_busy_instances: float
    mean_idle_instances: float
    mean_instance_lifespan_s: float
    stopped_instances: int
    prewarmed_instances: int
    provisioned_invocations: int
    spillover_invocations: int
    latency_ms: dict[str, float]
    gb_seconds: dict[str, float]
    cost_usd: dict[str, float]


class RawFleet(TypedDict):
    """The use of the nodes."""

    nodes: int
    mean_nodes_used: float
    peak_nodes_used: int
    mean_cpu_share: float
    mean_memory_share: float
    per_node: list[dict[str, Any]]


class RawSeries(TypedDict):
    """The replay over time."""

    bucket_s: float
    arrivals: NDArray[np.uint64]
    warm: NDArray[np.uint64]
    cold: NDArray[np.uint64]
    throttles: NDArray[np.uint64]
    busy: NDArray[np.float64]
    idle: NDArray[np.float64]
    instances: NDArray[np.float64]
    nodes_used: NDArray[np.float64]
    cpu_share: NDArray[np.float64]
    memory_share: NDArray[np.float64]
    node_memory_share: NDArray[np.float64]


class RawReport(TypedDict):
    """The whole report."""

    total: RawSummary
    functions: list[tuple[str, RawSummary]]
    horizon_s: float
    fleet: RawFleet | None
    series: RawSeries | None
