"""How a replay is run: limits, keep-alive, nodes, cold starts, faults.

Plain immutable data; the core checks the values when a replay is built and
refuses what cannot hold by name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from warmstow import _warmstow
from warmstow.arguments import refusal, whole
from warmstow.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

    from warmstow.workload import Workload

__all__ = [
    "COLD_START_CODE",
    "COLD_START_ENVIRONMENT",
    "CPU_UNITS_PER_VCPU",
    "FunctionSpec",
    "NodeSpec",
    "Settings",
]

CPU_UNITS_PER_VCPU = 1024
"""CPU units in one vCPU, as Amazon ECS counts them."""

COLD_START_ENVIRONMENT = "lognormal:0.2,0.5"
"""Default time to bring an environment up; see :data:`COLD_START_CODE`."""
COLD_START_CODE = "lognormal:0.122,0.5"
"""Default time to load a function's code.

The two means sum to 0.322 s, by which cold requests ran longer than warm ones
in the mean of the 20 experiments on AWS Lambda that SimFaaS publishes
(2.304 s against 1.981 s). How that splits and spreads is assumed; give your
own figures where they matter.
"""


_INSTANCES_MAX = 1 << 17
"""Instances of a function where no bound is given: some megabytes."""
_TOTAL_MAX = 1 << 26
"""Instances of all functions together: some 2 GB."""


@dataclass(frozen=True, slots=True)
class NodeSpec:
    """A node of the fleet: a machine that instances are placed on."""

    cpu_units: int
    """CPU, 1,024 a vCPU."""
    memory_mib: int
    """Memory, MiB."""
    zone: int = 0
    """Availability zone, 0 to 63."""


@dataclass(frozen=True, slots=True)
class FunctionSpec:
    """One function as a region or a replay is told of it."""

    name: str
    """Its name, unique in the region."""
    memory_mib: int = 128
    """Memory of one instance, MiB."""
    cpu_units: int | None = None
    """CPU of one instance, 1,024 a vCPU. ``None``: as AWS Lambda gives by
    memory, one vCPU at 1,769 MiB."""
    max_instances: int = 1000
    """Most instances at one time; memory for them is set aside."""
    instance_concurrency: int = 1
    """Requests that one instance runs at a time."""
    reserved_concurrency: int | None = None
    """Concurrency kept for this function alone, and its cap; 0 refuses all.
    ``None``: the function shares the account's unreserved concurrency."""
    provisioned_concurrency: int = 0
    """Instances that are ready when a replay begins, and claimed for the
    function, used or not; 0: none. A region does not look at it."""
    keep_alive_s: float = 600.0
    """How long an instance stays idle before it is stopped, seconds."""
    keep_alive: str | None = None
    """In replays, the policy that decides instead, as text:
    :attr:`Settings.keep_alive`. ``None``: ``keep_alive_s``."""
    pick: str = "packed"
    """Which idle instance serves next: ``packed`` (lowest number), ``mru``
    (most recently used) or ``lru`` (least recently used)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything about a replay but its workload.

    The same settings, seed and workload give the same report, bit for bit,
    but for the wall time.
    """

    seed: int = 0
    """Seed of all that is drawn at random, 0 to 2**64 - 1."""
    account_limit: int = 1000
    """Concurrent requests of the whole account (AWS's default)."""
    unreserved_minimum: int = 100
    """What reservations must leave to the other functions (AWS's rule)."""
    reserved: Mapping[str, int] = field(default_factory=dict)
    """Reserved concurrency by function name."""
    provisioned: Mapping[str, int] = field(default_factory=dict)
    """Provisioned concurrency by function name, ready from the start."""
    scaling_rate: str = "unlimited"
    """How fast requests may start instances: ``unlimited``, ``lambda`` (1,000
    every 10 s for each function), ``lambda-2019:BURST`` (a burst, then 500 a
    minute, for all together), or ``function:COUNT/SECONDS`` or
    ``region:COUNT/SECONDS``, each with ``:BURST`` or without."""
    requests_per_concurrency: int = 0
    """Requests a second for each unit of concurrency, of the account and of a
    reservation (AWS: 10). 0: no such limit."""
    keep_alive_s: float = 600.0
    """Idle time after which an instance is stopped, seconds."""
    keep_alive: str | Mapping[str, str] | None = None
    """The policy that decides instead, for all functions or by name; a name
    left out, and ``None``: ``keep_alive_s``. One of

    * ``fixed:600s``: that time; times in ``ms``, ``s``, ``m`` or ``h``;
    * ``histogram``: from the 5th to the 99th percentile of the function's idle
      times, unloaded in between (Shahrad et al., ATC 2020);
    * ``lru``, ``lru:600s``: until memory of the nodes is short, the least
      recently used first; or that time;
    * ``greedy-dual``: the same, by frequency, cost and size (FaasCache, 2021);
    * ``adaptive``, ``adaptive:100``: while the chance of being needed pays for
      the memory; the number is what a cold start avoided is worth, GB-seconds.

    All but ``fixed`` give an instance up where another finds no room."""
    pick: str = "packed"
    """Which idle instance serves: ``packed``, ``mru`` or ``lru``."""
    max_instances: int | Mapping[str, int] | None = None
    """Most instances of a function: one bound for all, or by name. ``None``
    or a name left out: as many as the function's concurrency limit and the
    number of its requests could ever use, and at most 131,072. Memory is set
    aside for them, so together they are at most 67,108,864."""
    instance_concurrency: int = 1
    """Requests that one instance runs at a time."""
    nodes: Sequence[NodeSpec] = ()
    """The fleet. Empty: instances are not placed and always find room."""
    strategy: str = "binpack:memory"
    """Placement: ``binpack:memory``, ``binpack:cpu``, ``binpack:balanced``,
    ``spread:zone``, ``spread:node`` or ``random``."""
    cold_start_environment: str = COLD_START_ENVIRONMENT
    """First stage of a cold start, seconds: ``exp:MEAN``, ``det:VALUE`` or
    ``lognormal:MEAN,CV``. Not used where the workload gives its own."""
    cold_start_code: str = COLD_START_CODE
    """Second stage of a cold start; the two are summed."""
    timeout_s: float | None = None
    """Requests that run longer are ended there and counted as timeouts;
    above 0. ``None``: requests run as long as they like."""
    crash_rate: float = 0.0
    """Share of served requests that end in a crash of their instance, 0 to 1."""
    lifecycle: str = "ends"
    """What becomes of an instance after a crash or a timeout. ``ends``: it is
    stopped, and the next request that needs one starts another. ``resets``: as on
    AWS Lambda, it is initialised again (``cold_start_code``, or what the trace says
    of a cold start) within the next request that it gets, under the timeout; an
    init of more than 10 s is given up and tried again within the first request.
    Functions of several requests an instance always have ``ends``."""
    architecture: str = "x86_64"
    """The processor that functions run on, which decides their price: ``x86_64``
    or ``arm64``."""
    series_bucket_s: float | None = None
    """Width of the time series' buckets, seconds. ``None``: no series."""

    def function_specs(self, workload: Workload) -> list[FunctionSpec]:
        """The workload's functions with these settings applied.

        Raises:
            ConfigError: ``reserved``, ``provisioned`` or ``max_instances`` is no count or names
                a function that the workload lacks, or the instances are too
                many in all.
        """
        limit = whole("account_limit", self.account_limit)
        functions = workload.functions
        known = {function.name for function in functions}
        reserved = _counts("reserved", self.reserved, known)
        policies = self._keep_alives(known)
        provisioned = _counts("provisioned", self.provisioned, known)
        bound: int | None = None
        bounds: Mapping[str, int] = {}
        if isinstance(self.max_instances, Mapping):
            bounds = _counts("max_instances", self.max_instances, known)
        elif self.max_instances is not None:
            bound = whole("max_instances", self.max_instances)
        specs = []
        for function, requests in zip(functions, workload.most_requests(), strict=True):
            kept = reserved.get(function.name)
            ready = provisioned.get(function.name, 0)
            most = bounds.get(function.name, bound)
            if most is None:
                # An instance is started only for a request that was admitted
                # while all others are busy, so a limit bounds them as well.
                most = max(1, min(limit if kept is None else kept, requests, _INSTANCES_MAX))
                most = max(most, min(ready, _INSTANCES_MAX))
            specs.append(
                FunctionSpec(
                    name=function.name,
                    memory_mib=function.memory_mib,
                    max_instances=most,
                    instance_concurrency=self.instance_concurrency,
                    reserved_concurrency=kept,
                    provisioned_concurrency=ready,
                    keep_alive_s=self.keep_alive_s,
                    keep_alive=policies(function.name),
                    pick=self.pick,
                )
            )
        total = sum(spec.max_instances for spec in specs)
        if total > _TOTAL_MAX:
            raise ConfigError(
                f"max_instances: {len(specs)} functions may have {total} instances in all, "
                f"above the limit, {_TOTAL_MAX}"
            )
        return specs

    def _keep_alives(self, known: set[str]) -> Callable[[str], str | None]:
        """The policy of a function by its name."""
        if self.keep_alive is None:
            return lambda _: None
        if not isinstance(self.keep_alive, Mapping):
            for_all = _policy("keep_alive", self.keep_alive)
            return lambda _: for_all
        for name in self.keep_alive:
            if name not in known:
                raise ConfigError(f"keep_alive: the trace has no function {name!r}")
        by_name = {
            name: _policy(f"keep_alive[{name!r}]", policy)
            for name, policy in self.keep_alive.items()
        }
        return by_name.get


def _policy(what: str, given: object) -> str:
    """A policy's text in its usual writing."""
    if not isinstance(given, str):
        raise refusal(what, given, "the text of a keep-alive policy, as in fixed:600s")
    return _warmstow.check_keep_alive(given)


def _counts(what: str, given: Mapping[str, int], known: set[str]) -> dict[str, int]:
    """Counts by function, checked."""
    if not isinstance(given, Mapping):
        raise refusal(what, given, "a mapping from names of functions to whole numbers")
    for name in given:
        if name not in known:
            raise ConfigError(f"{what}: the trace has no function {name!r}")
    return {name: whole(f"{what}[{name!r}]", count) for name, count in given.items()}
