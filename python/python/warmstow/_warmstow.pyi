"""Types of the extension module; what they mean is in its docstrings."""

from collections.abc import Sequence
from typing import Any, TypedDict, final

import numpy as np
from numpy.typing import NDArray

from warmstow.settings import FunctionSpec, NodeSpec, Settings
from warmstow.workload import Workload

__version__: str

def check_distribution(text: str) -> float: ...
def parse_poisson(text: str) -> tuple[float, str, str | None, float]: ...

@final
class Function:
    def __eq__(self, value: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class Instance:
    @property
    def function(self) -> Function: ...
    def __eq__(self, value: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class Lease:
    def __eq__(self, value: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class Invocation:
    @property
    def lease(self) -> Lease: ...
    @property
    def instance(self) -> Instance: ...
    @property
    def cold(self) -> bool: ...
    @property
    def node(self) -> int | None: ...

@final
class Counters:
    @property
    def warm_starts(self) -> int: ...
    @property
    def cold_starts(self) -> int: ...
    @property
    def completions(self) -> int: ...
    @property
    def failures(self) -> int: ...
    @property
    def refusals(self) -> dict[str, int]: ...
    @property
    def in_flight(self) -> int: ...
    @property
    def instances(self) -> int: ...
    @property
    def idle_instances(self) -> int: ...

@final
class Node:
    @property
    def index(self) -> int: ...
    @property
    def cpu_units(self) -> int: ...
    @property
    def memory_mib(self) -> int: ...
    @property
    def zone(self) -> int: ...
    @property
    def free_cpu_units(self) -> int: ...
    @property
    def free_memory_mib(self) -> int: ...
    @property
    def instances(self) -> int: ...

@final
class Region:
    def __new__(
        cls,
        *,
        account_limit: int = 1000,
        unreserved_minimum: int = 100,
        nodes: Sequence[NodeSpec] | None = None,
        max_nodes: int | None = None,
        strategy: str = "binpack:memory",
        max_functions: int = 1024,
        seed: int = 0,
    ) -> Region: ...
    def add_node(self, *, cpu_units: int, memory_mib: int, zone: int = 0) -> int: ...
    def add_function(
        self,
        name: str,
        *,
        memory_mib: int = 128,
        cpu_units: int | None = None,
        max_instances: int = 1000,
        instance_concurrency: int = 1,
        reserved_concurrency: int | None = None,
        keep_alive_s: float = 600.0,
        pick: str = "packed",
    ) -> Function: ...
    def function(self, name: str) -> Function | None: ...
    def invoke(self, now_ns: int, function: Function) -> Invocation: ...
    def started(self, now_ns: int, lease: Lease) -> None: ...
    def complete(self, now_ns: int, lease: Lease) -> Instance | None: ...
    def fail(self, now_ns: int, lease: Lease) -> Instance | None: ...
    def drain(self, now_ns: int, instance: Instance) -> Instance | None: ...
    def reap(self, now_ns: int, function: Function) -> list[Instance]: ...
    def stopped(self, now_ns: int, instance: Instance) -> None: ...
    def counters(self, function: Function) -> Counters: ...
    def nodes(self) -> list[Node]: ...
    def set_account_limit(self, limit: int) -> None: ...
    def set_reserved_concurrency(self, function: Function, reserved: int | None) -> None: ...
    def set_keep_alive(self, function: Function, keep_alive_s: float) -> None: ...
    @property
    def account_limit(self) -> int: ...
    @property
    def reserved_concurrency(self) -> int: ...
    @property
    def unreserved_in_flight(self) -> int: ...
    @property
    def claimed_concurrency(self) -> int: ...

@final
class Replay:
    def __new__(
        cls, settings: Settings, functions: Sequence[FunctionSpec], workload: Workload
    ) -> Replay: ...
    def advance(self, max_arrivals: int) -> bool: ...
    def finish(self) -> RawReport: ...
    @property
    def progress(self) -> float: ...
    @property
    def invocations(self) -> int: ...

class RawSummary(TypedDict):
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
    latency_ms: dict[str, float]
    gb_seconds: dict[str, float]
    cost_usd: dict[str, float]

class RawFleet(TypedDict):
    nodes: int
    mean_nodes_used: float
    peak_nodes_used: int
    mean_cpu_share: float
    mean_memory_share: float
    per_node: list[dict[str, Any]]

class RawSeries(TypedDict):
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
    total: RawSummary
    functions: list[tuple[str, RawSummary]]
    horizon_s: float
    fleet: RawFleet | None
    series: RawSeries | None
