"""What a node of a :class:`View` has, and what is to be placed there.

Plain immutable data; the core checks the values when they are given to a view
and refuses what cannot hold by name.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["AGENT_PORTS", "NodeInfo", "PlacementRequest"]

AGENT_PORTS = (22, 2375, 2376, 51678, 51679)
"""The TCP ports that the container agent keeps for itself and SSH."""


@dataclass(frozen=True, slots=True)
class NodeInfo:
    """A container instance as it registers."""

    cpu_units: int
    """CPU, 1,024 a vCPU."""
    memory_mib: int
    """Memory that tasks can have, MiB."""
    gpus: int = 0
    """Whole GPUs."""
    enis: int = 0
    """Network interfaces for tasks in network mode ``awsvpc``."""
    attributes: Mapping[str, str | None] = field(default_factory=dict)
    """By name, built-in ones such as ``ecs.availability-zone`` included."""
    reserved_tcp_ports: Sequence[int] = AGENT_PORTS
    """TCP ports that no task can have."""
    reserved_udp_ports: Sequence[int] = ()
    """UDP ports that no task can have."""
    active: bool = True
    """Whether it takes new tasks: no for one that drains."""
    agent_connected: bool = True
    """Whether its agent is connected; only then it takes new tasks."""
    agent_version: str | None = None
    """The version of its agent, for ``agentVersion``."""
    ec2_instance_id: str | None = None
    """Its EC2 instance, for ``ec2InstanceId``."""
    registered_at_unix_s: int | None = None
    """When it was registered, seconds since 1970, for ``registeredAt``."""


@dataclass(frozen=True, slots=True)
class PlacementRequest:
    """What a task needs of a node, and how the node is chosen."""

    group: str
    """``service:NAME``, ``family:NAME`` or another name: spread and
    ``distinctInstance`` count tasks of the same group."""
    cpu_units: int
    """CPU, 1,024 a vCPU; may be 0."""
    memory_mib: int
    """Memory, MiB; may be 0."""
    gpus: int = 0
    """Whole GPUs."""
    enis: int = 0
    """Network interfaces: 1 in network mode ``awsvpc``."""
    tcp_ports: Sequence[int] = ()
    """TCP ports of the host; 0 (any) takes none."""
    udp_ports: Sequence[int] = ()
    """UDP ports of the host."""
    attributes: Mapping[str, str | None] = field(default_factory=dict)
    """Attributes that the node must have, of any value where it is ``None``."""
    zones: Sequence[str] = ()
    """The availability zones of the task's subnets; none: any."""
    constraints: Sequence[str] = ()
    """``memberOf:EXPR`` (Amazon ECS's query language), ``distinctInstance``, or
    ``maxSkew:ATTRIBUTE=N`` (Kubernetes' topology spread)."""
    strategies: Sequence[str] = ("spread:zone", "spread:node")
    """Up to five, each among the ties of the one before: ``binpack:cpu``,
    ``binpack:memory``, ``spread:zone``, ``spread:node``,
    ``spread:attribute:NAME``, ``random``, and ``score:`` with
    ``least-allocated``, ``most-allocated``, ``balanced-allocation``,
    ``requested-to-capacity-ratio`` (Kubernetes), ``best-fit`` (Nomad) or
    ``dot-product`` (Tetris). None: the node added first that may take it."""
    priority: int = 0
    """Tasks of a lower one may have to make way: :meth:`View.preempt`."""
