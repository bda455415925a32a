"""A replay together with its settings and the name it is shown by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from warmstow.workload import ArrivalTrace, MinuteTrace, Workload

if TYPE_CHECKING:
    from warmstow.results import Report
    from warmstow.settings import Settings

__all__ = ["Run", "bucket_s", "horizon_s"]

_BUCKETS = 7200
"""Some buckets for each point of a plot, so that it can show the highest too."""
_STEPS_S = (0.001, 0.01, 0.1, 1, 5, 10, 30, 60, 300, 600, 1800, 3600, 21600, 86400)
"""Widths of a bucket that a reader can name."""


@dataclass(frozen=True, slots=True)
class Run:
    """One replay, for tables and pages that show several."""

    label: str
    """What the run is called, for example ``"10 min"``."""
    settings: Settings
    report: Report


def horizon_s(workload: Workload) -> float:
    """The length of a workload, seconds."""
    if isinstance(workload, MinuteTrace):
        return float(workload.counts.shape[1] * 60)
    if isinstance(workload, ArrivalTrace):
        if workload.horizon_ns is not None:
            return workload.horizon_ns / 1e9
        ends = workload.arrival_ns + workload.duration_ns
        if workload.cold_start_ns is not None:
            ends = ends + workload.cold_start_ns
        return float(ends.max(initial=0)) / 1e9
    return workload.duration_s


def bucket_s(workload: Workload) -> float:
    """A width of the series' buckets that suits a plot, seconds."""
    wanted = horizon_s(workload) / _BUCKETS
    return next((float(step) for step in _STEPS_S if step >= wanted), wanted)
