"""Replaying a workload: in one call, or in steps for a progress bar."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from warmstow import _warmstow
from warmstow.arguments import refusal
from warmstow.results import Report, from_raw
from warmstow.settings import Settings
from warmstow.workload import Workload

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Replay", "replay"]

_STEP = 1 << 16
"""Arrivals between two calls of a progress function, some milliseconds."""


class Replay:
    """A replay that is carried out step by step.

    Example:
        >>> run = Replay(workload, Settings(account_limit=50))
        >>> while run.advance(100_000):
        ...     print(f"{run.progress:.0%}")
        >>> report = run.finish()

    The interpreter lock is released in :meth:`advance` and :meth:`finish`, so
    other threads run meanwhile, and an interrupt (Ctrl-C) ends either within
    some milliseconds; the replay then stands where it was and can go on.

    One replay belongs to one thread: calls from others are safe, and wait for
    each other. The arrays of the workload are copied at construction; changing
    them later changes nothing here.
    """

    __slots__ = ("_inner", "_wall_s")

    def __init__(self, workload: Workload, settings: Settings | None = None) -> None:
        """Check everything and set the replay up; O(requests) for traces.

        Raises:
            ConfigError: a setting or a row of the workload cannot hold; the
                message names it, its value and the limit.
        """
        settings = Settings() if settings is None else settings
        if not isinstance(settings, Settings):
            raise refusal("settings", settings, "a Settings, or None for the defaults")
        if not isinstance(workload, Workload):
            needs = "an ArrivalTrace, a MinuteTrace or a Poisson, as read_trace(...) gives them"
            raise refusal("workload", workload, needs)
        began = time.perf_counter()
        specs = settings.function_specs(workload)
        self._inner = _warmstow.Replay(settings, specs, workload)
        self._wall_s = time.perf_counter() - began

    def advance(self, max_arrivals: int) -> bool:
        """Replay up to ``max_arrivals`` more requests; ``True``: more are left.

        Raises:
            ConfigError: ``max_arrivals`` is no whole number from 0.
            WarmstowError: the replay was finished before.
        """
        began = time.perf_counter()
        try:
            return self._inner.advance(max_arrivals)
        finally:
            self._wall_s += time.perf_counter() - began

    @property
    def progress(self) -> float:
        """How far the replay has come in its own time, 0 to 1."""
        return self._inner.progress

    @property
    def invocations(self) -> int:
        """Requests replayed so far."""
        return self._inner.invocations

    def finish(self) -> Report:
        """Replay what is left and report; the replay is over with it.

        Raises:
            WarmstowError: it was finished before.
        """
        began = time.perf_counter()
        try:
            raw = self._inner.finish()
        finally:
            self._wall_s += time.perf_counter() - began
        return from_raw(raw, self._wall_s)


def replay(
    workload: Workload,
    settings: Settings | None = None,
    *,
    progress: Callable[[float], None] | None = None,
) -> Report:
    """Replay ``workload`` under ``settings`` and report.

    The same pools, limits and placement that a live :class:`~warmstow.Region`
    has, driven in virtual time: same inputs, same report. The interpreter
    lock is released while it computes, and Ctrl-C ends it. Cost: some tenths of a microsecond a
    request. Thread-safe: calls share nothing.

    Args:
        workload: what arrives; see :mod:`warmstow.workload`.
        settings: limits, keep-alive, nodes; ``None`` for the defaults.
        progress: called every so often with the share done, 0 to 1.

    Raises:
        ConfigError: a setting or a row of the workload cannot hold.
    """
    run = Replay(workload, settings)
    if progress is not None:
        while run.advance(_STEP):
            progress(run.progress)
        progress(1.0)
    return run.finish()
