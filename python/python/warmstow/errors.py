"""The exceptions that warmstow raises, all below :class:`WarmstowError`.

Each message names the offending value and the limit that it broke. Nothing
is changed by a call that raised.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from warmstow import ViewNode

__all__ = [
    "ApiError",
    "ConfigError",
    "ExhaustedError",
    "StaleHandleError",
    "ThrottledError",
    "TraceError",
    "UnplacedError",
    "WarmstowError",
]


class WarmstowError(Exception):
    """The base of every error that warmstow raises on purpose.

    A handle of another class is Python's own TypeError.
    """


class ApiError(WarmstowError):
    """A call of Amazon ECS was refused.

    ``code`` is AWS's, for example ``"ClusterNotFoundException"``.
    """

    code: str
    """AWS's code."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message, code)
        self.code = code

    def __str__(self) -> str:
        return str(self.args[0])


class ThrottledError(WarmstowError):
    """A request was refused by a limit of concurrency or by a rate.

    Retrying later can succeed. ``reason`` is AWS's name of the limit, for
    example ``"ConcurrentInvocationLimitExceeded"`` (the account's) or
    ``"ReservedFunctionConcurrentInvocationLimitExceeded"`` (the function's);
    ``"ScalingRateExceeded"`` where instances were being started too fast.
    """

    reason: str
    """The name of the limit."""

    def __init__(self, message: str, reason: str) -> None:
        super().__init__(message, reason)
        self.reason = reason

    def __str__(self) -> str:
        return str(self.args[0])


class ExhaustedError(WarmstowError):
    """A request was admitted but no instance could be started for it.

    ``resource`` says what ran out: ``"RESOURCE:CPU"`` or
    ``"RESOURCE:MEMORY"`` (Amazon ECS's names: no node has enough left), or
    ``"InstanceLimitExceeded"`` (the function's own bound on instances).
    """

    resource: str
    """What ran out."""

    def __init__(self, message: str, resource: str) -> None:
        super().__init__(message, resource)
        self.resource = resource

    def __str__(self) -> str:
        return str(self.args[0])


class UnplacedError(WarmstowError):
    """No node of a view may take a task; nothing was taken.

    ``reasons`` has each node's, in Amazon ECS's words; ``closest`` is the node
    that came closest, ``None`` where there are no nodes.
    """

    closest: ViewNode | None
    """The node with the fewest reasons and the least that it is short of."""
    reasons: dict[ViewNode, list[str]]
    """Why not, by node."""

    def __init__(
        self, message: str, closest: ViewNode | None, reasons: dict[ViewNode, list[str]]
    ) -> None:
        super().__init__(message, closest, reasons)
        self.closest = closest
        self.reasons = reasons

    def __str__(self) -> str:
        return str(self.args[0])


class StaleHandleError(WarmstowError, LookupError):
    """A handle is of another region, already given back, or long gone."""


class ConfigError(WarmstowError, ValueError):
    """A setting cannot hold or is of a wrong type; the message names it, the
    value and its limit."""


class TraceError(ConfigError):
    """A trace cannot be read; names file, line, value and limit.

    ``path`` is the file (or the text of the trace, for forms without one),
    ``line`` the line in it, counted from 1, or ``None`` where the fault is
    not in one line.
    """

    path: str
    """The file at fault, or the trace's own text."""
    line: int | None
    """The line at fault, from 1."""

    def __init__(self, path: object, line: int | None, problem: str) -> None:
        super().__init__(path, line, problem)
        self.path = str(path)
        self.line = line

    def __str__(self) -> str:
        where = self.path if self.line is None else f"{self.path}, line {self.line}"
        return f"{where}: {self.args[2]}"
