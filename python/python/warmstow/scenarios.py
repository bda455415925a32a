"""Scenarios: services of containers under load, when their world changes.

:func:`simulate` plays one in virtual time, through the same deployments,
autoscaling and placement that a live service uses. What a scenario may say is
shown by the three files in ``warmstow/data/scenarios``, and described in whole
with the core's ``sim::containers``.
"""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from warmstow import _warmstow
from warmstow.arguments import refusal
from warmstow.errors import ConfigError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "ScenarioBill",
    "ScenarioDeployment",
    "ScenarioEvent",
    "ScenarioMinutes",
    "ScenarioReport",
    "ScenarioService",
    "ScenarioServiceMinutes",
    "simulate",
]


@dataclass(frozen=True, slots=True, eq=False)
class ScenarioServiceMinutes:
    """A service at the end of each minute, one array for each figure."""

    at_s: NDArray[np.float64]
    """The minute's end, seconds from the start."""
    load_per_s: NDArray[np.float64]
    """Requests per second asked for."""
    capacity_per_s: NDArray[np.float64]
    """Requests per second that the running tasks can serve."""
    requests: NDArray[np.float64]
    """Requests asked for within the minute."""
    lost: NDArray[np.float64]
    """Of these, requests that no running task could serve."""
    desired: NDArray[np.uint32]
    """Tasks desired."""
    running: NDArray[np.uint32]
    """Tasks that run. A scenario has no health checks: these are healthy."""
    pending: NDArray[np.uint32]
    """Tasks on their way."""
    waiting: NDArray[np.uint32]
    """Of these, tasks that wait for room on an instance."""
    cpu_percent: NDArray[np.float64]
    """CPU that the running tasks use of what they have."""
    memory_percent: NDArray[np.float64]
    """Memory that the running tasks use of what they have."""

    @property
    def healthy(self) -> NDArray[np.uint32]:
        """The same as :attr:`running`."""
        return self.running

    @property
    def served(self) -> NDArray[np.float64]:
        """Requests served within the minute."""
        return self.requests - self.lost


@dataclass(frozen=True, slots=True, eq=False)
class ScenarioMinutes(ScenarioServiceMinutes):
    """All services together at the end of each minute, and the instances."""

    running_by_zone: NDArray[np.uint32]
    """Tasks that run, one row a zone."""
    instances: NDArray[np.uint32]
    """Instances that take tasks."""
    booting: NDArray[np.uint32]
    """Instances on their way."""
    reservation_percent: NDArray[np.float64]
    """``CapacityProviderReservation``: instances needed of those there."""
    instances_usd: NDArray[np.float64]
    """What the instances have cost until then; not a number without a price."""


@dataclass(frozen=True, slots=True)
class ScenarioEvent:
    """Something that happened."""

    at_s: float
    """When, seconds from the start."""
    of: str
    """Whose: ``service``, ``scaler``, ``group``, ``zone``, ``spot`` or ``deploy``."""
    text: str
    """What."""
    service: str | None
    """The service that it is about, if one."""


@dataclass(frozen=True, slots=True)
class ScenarioDeployment:
    """A deployment that a service still knows at the end."""

    revision: int
    created_s: float
    """When it began, seconds from the start."""
    rollout: str
    """``in_progress``, ``completed`` or ``failed``."""
    service: str
    """The service's name."""


@dataclass(frozen=True, slots=True)
class ScenarioBill:
    """What it costs, US dollars."""

    on_demand_hours: float
    spot_hours: float
    instances_usd: float | None
    """The instances that there were; ``None`` without a price for Spot."""
    compared: tuple[tuple[str, float, float], ...]
    """The same running tasks on each launch type, each service by itself, the
    cheapest first: its name, what it would cost at least, and the share of it that
    tasks reserve."""


@dataclass(frozen=True, slots=True, eq=False)
class ScenarioService:
    """What came of one service."""

    name: str
    totals: Mapping[str, float]
    """Sums: ``requests``, ``lost``, ``tasks_started``, ``tasks_failed``, ``tasks_lost``,
    ``task_hours``, ``peak_running``, ``scaled``."""
    minutes: ScenarioServiceMinutes

    @property
    def lost_share(self) -> float:
        """Requests lost, of all; 0 without requests."""
        return _lost_share(self.totals)


@dataclass(frozen=True, slots=True, eq=False)
class ScenarioReport:
    """What a scenario led to."""

    service: str
    """The service's name; those of several, divided by commas."""
    seed: int
    horizon_s: float
    """How long it lasted, seconds."""
    instance_type: str
    totals: Mapping[str, float]
    """Sums over all services: ``requests``, ``lost``, ``tasks_started``,
    ``tasks_failed``, ``tasks_lost``, ``task_hours``, ``peak_running``, ``scaled``; and
    ``instances_launched``, ``interruptions``."""
    minutes: ScenarioMinutes
    services: tuple[ScenarioService, ...]
    """Each service, in the scenario's order."""
    events: tuple[ScenarioEvent, ...]
    deployments: tuple[ScenarioDeployment, ...]
    bill: ScenarioBill
    unmet: tuple[str, ...]
    """What the scenario's ``expect`` says and did not come: a sentence each."""
    wall_s: float
    """Seconds that it took to play; not part of what repeats."""

    @property
    def lost_share(self) -> float:
        """Requests lost, of all; 0 without requests."""
        return _lost_share(self.totals)

    def as_dict(self, *, minutes: bool = False) -> dict[str, Any]:
        """As plain values for JSON; the minutes as lists, if asked for."""
        said: dict[str, Any] = {
            "service": self.service,
            "seed": self.seed,
            "horizon_s": self.horizon_s,
            "instance_type": self.instance_type,
            "totals": dict(self.totals),
            "bill": {
                **asdict(self.bill),
                "compared": [
                    {"launch": launch, "usd": usd, "utilization": share}
                    for launch, usd, share in self.bill.compared
                ],
            },
            "unmet": list(self.unmet),
            "services": [
                {"name": of.name, "totals": dict(of.totals)}
                | ({"minutes": _columns(of.minutes)} if minutes else {})
                for of in self.services
            ],
            "deployments": [asdict(of) for of in self.deployments],
            "events": [asdict(event) for event in self.events],
            "wall_s": self.wall_s,
        }
        if minutes:
            said["minutes"] = _columns(self.minutes)
        return said


def _lost_share(totals: Mapping[str, float]) -> float:
    return totals["lost"] / max(totals["requests"], 1.0)


def _columns(minutes: ScenarioServiceMinutes) -> dict[str, list[Any]]:
    return {of.name: _plain(getattr(minutes, of.name).tolist()) for of in fields(minutes)}


def _plain(column: list[Any]) -> list[Any]:
    """A column as JSON can have it."""
    return [None if isinstance(x, float) and math.isnan(x) else x for x in column]


def simulate(
    scenario: str | os.PathLike[str] | Mapping[str, Any], *, seed: int | None = None
) -> ScenarioReport:
    """Play a scenario in virtual time.

    ``scenario`` is a path to a TOML or JSON file, the text of one (a text of
    several lines, or of an object), or the same as a mapping. ``seed``
    replaces the scenario's own. The same scenario and seed give the same
    report, but for the wall time. Other threads run meanwhile.

    >>> simulate({
    ...     "duration_s": 600, "service": {"name": "web", "desired": 2},
    ...     "task": {"cpu_units": 512, "memory_mib": 512, "capacity_per_s": 50,
    ...              "start": "det:30"},
    ...     "load": {"points": [{"at_s": 60, "per_s": 0}, {"at_s": 120, "per_s": 90}]},
    ...     "group": {"type": "m5.large", "initial": 1},
    ... }).minutes.running.tolist()
    [2, 2, 2, 2, 2, 2, 2, 2, 2, 2]

    Raises:
        ConfigError: the file cannot be read, or says what cannot be; names the
            line, the key and the value.
    """
    text, where = _text(scenario)
    start = time.perf_counter()
    try:
        raw = _warmstow.simulate_text(text, seed)
    except ConfigError as error:
        raise ConfigError(f"{where}{error}") from error
    wall_s = time.perf_counter() - start
    return ScenarioReport(
        service=raw["service"],
        seed=raw["seed"],
        horizon_s=raw["horizon_s"],
        instance_type=raw["instance_type"],
        totals=raw["totals"],
        minutes=ScenarioMinutes(**raw["minutes"]),
        services=tuple(
            ScenarioService(name, totals, ScenarioServiceMinutes(**minutes))
            for name, totals, minutes in raw["services"]
        ),
        events=tuple(ScenarioEvent(*event) for event in raw["events"]),
        deployments=tuple(ScenarioDeployment(*of) for of in raw["deployments"]),
        bill=ScenarioBill(**{**raw["bill"], "compared": tuple(raw["bill"]["compared"])}),
        unmet=tuple(raw["unmet"]),
        wall_s=wall_s,
    )


def _text(scenario: object) -> tuple[str, str]:
    """The scenario's text, and what an error in it begins with."""
    if isinstance(scenario, Mapping):
        try:
            return json.dumps(dict(scenario), allow_nan=False), ""
        except (TypeError, ValueError, RecursionError) as error:
            raise ConfigError(f"scenario is no JSON: {error}") from error
    if isinstance(scenario, str) and ("\n" in scenario or scenario.lstrip().startswith("{")):
        return scenario, ""
    if not isinstance(scenario, (str, os.PathLike)):
        raise refusal("scenario", scenario, "a path, a text or a mapping")
    try:
        return Path(scenario).read_text(encoding="utf-8"), f"{scenario}: "
    except OSError as error:
        raise ConfigError(f"{scenario}: {error.strerror or error}") from error
    except ValueError as error:
        raise ConfigError(f"{scenario}: not UTF-8, or no path") from error
