"""Scheduling of functions: warm pools, concurrency limits, placement.

The same code drives a live region (:class:`Region`) and the replay of a
trace in virtual time (:func:`replay`), so what a notebook predicts is what a
host linked to the library does.

What warmstow refuses, values of a wrong type included, it refuses with an
error below :class:`WarmstowError` that names the argument, and changes
nothing. Only a handle of another class (a name where a :class:`Function`
belongs) or an argument that is not in the signature is Python's TypeError.
Everything public may be used from several threads at once.
"""

from warmstow._warmstow import (
    Action,
    Alias,
    AsyncAction,
    AsyncQueue,
    Backlog,
    BacklogAction,
    Counters,
    Decision,
    Ecs,
    FrontEnd,
    Function,
    FunctionMetrics,
    Hold,
    Instance,
    Invocation,
    Keeper,
    Lease,
    Node,
    Placement,
    PolledSource,
    Preemption,
    Prestart,
    Provisioned,
    Region,
    Scaler,
    TenantFunction,
    VersionedFunction,
    View,
    ViewNode,
    ViewNodeState,
    ViewRequest,
    __version__,
)
from warmstow.consolidation import (
    Consolidation,
    FreedNode,
    Move,
    RunningNode,
    RunningService,
    RunningTask,
    consolidate,
)
from warmstow.errors import (
    ApiError,
    ConfigError,
    ExhaustedError,
    StaleHandleError,
    ThrottledError,
    TraceError,
    UnplacedError,
    WarmstowError,
)
from warmstow.explaining import Explanation, NodeChoice, explain
from warmstow.packing import BinKind, Item, PackedBin, Packing, pack
from warmstow.placement import NodeInfo, PlacementRequest
from warmstow.replaying import Replay, replay
from warmstow.results import Fleet, FunctionReport, NodeUse, Report, Series, Summary
from warmstow.scenarios import (
    ScenarioBill,
    ScenarioDeployment,
    ScenarioEvent,
    ScenarioMinutes,
    ScenarioReport,
    simulate,
)
from warmstow.settings import FunctionSpec, NodeSpec, Settings
from warmstow.settingsfile import read_settings
from warmstow.traces import read_trace
from warmstow.workload import ArrivalTrace, MinuteTrace, Poisson, TraceFunction, Workload

__all__ = [
    "Action",
    "Alias",
    "ApiError",
    "ArrivalTrace",
    "AsyncAction",
    "AsyncQueue",
    "Backlog",
    "BacklogAction",
    "BinKind",
    "ConfigError",
    "Consolidation",
    "Counters",
    "Decision",
    "Ecs",
    "ExhaustedError",
    "Explanation",
    "Fleet",
    "FreedNode",
    "FrontEnd",
    "Function",
    "FunctionMetrics",
    "FunctionReport",
    "FunctionSpec",
    "Hold",
    "Instance",
    "Invocation",
    "Item",
    "Keeper",
    "Lease",
    "MinuteTrace",
    "Move",
    "Node",
    "NodeChoice",
    "NodeInfo",
    "NodeSpec",
    "NodeUse",
    "PackedBin",
    "Packing",
    "Placement",
    "PlacementRequest",
    "Poisson",
    "PolledSource",
    "Preemption",
    "Prestart",
    "Provisioned",
    "Region",
    "Replay",
    "Report",
    "RunningNode",
    "RunningService",
    "RunningTask",
    "Scaler",
    "ScenarioBill",
    "ScenarioDeployment",
    "ScenarioEvent",
    "ScenarioMinutes",
    "ScenarioReport",
    "Series",
    "Settings",
    "StaleHandleError",
    "Summary",
    "TenantFunction",
    "ThrottledError",
    "TraceError",
    "TraceFunction",
    "UnplacedError",
    "VersionedFunction",
    "View",
    "ViewNode",
    "ViewNodeState",
    "ViewRequest",
    "WarmstowError",
    "Workload",
    "__version__",
    "consolidate",
    "explain",
    "pack",
    "read_settings",
    "read_trace",
    "replay",
    "simulate",
]
