"""Placement by all rules of Amazon ECS: views, reasons, gangs, preemption."""

from __future__ import annotations

from collections import UserDict
from dataclasses import replace
from typing import Any

import pytest
from warmstow import (
    ConfigError,
    ExhaustedError,
    NodeInfo,
    PlacementRequest,
    StaleHandleError,
    UnplacedError,
    View,
)

ZONE = "ecs.availability-zone"


def _node(zone: str, memory_mib: int = 4096, **more: Any) -> NodeInfo:
    return NodeInfo(2048, memory_mib, attributes={ZONE: zone}, **more)


def _task(memory_mib: int, **more: Any) -> PlacementRequest:
    return PlacementRequest("job", 0, memory_mib, **more)


def test_tasks_go_zone_by_zone_and_a_refusal_names_every_node() -> None:
    view = View()
    a, b = view.add_node(_node("a")), view.add_node(_node("b"))
    web = view.prepare(PlacementRequest("service:web", 256, 512, tcp_ports=[80]))
    first = view.place(web)
    assert (first.node, first.hold) == (a, None)
    assert first.because == ["0 tasks of the group on its like", "0 tasks of the group on it"]
    held = [view.assign(web), view.assign(web)]
    assert [one.node for one in held] == [a, b]
    with pytest.raises(UnplacedError, match="none of 2 nodes meets all requirements") as refused:
        view.assign(web)
    taken = ["RESOURCE:PORTS: tcp port 80 is taken"]
    assert refused.value.reasons == {a: taken, b: taken}
    assert refused.value.closest == a
    assert view.reasons(web, a) == taken
    with pytest.raises(ExhaustedError, match="tcp port 80 is taken") as short:
        view.commit(web, b)
    assert short.value.resource == "RESOURCE:PORTS"
    assert held[0].hold is not None
    view.release(held[0].hold)
    assert view.reasons(web, a) == []
    assert view.place(web).node == a
    assert view.nodes() == [a, b]
    assert repr(view) == "View(nodes=2)"


def test_what_a_task_needs_is_taken_and_given_back() -> None:
    view = View()
    node = view.add_node(_node("a", gpus=2, enis=1, reserved_tcp_ports=[22]))
    needs = _task(96, gpus=1, enis=1, tcp_ports=[80], udp_ports=[53])
    hold = view.commit(view.prepare(needs), node)
    view.set_running(hold, True)
    state = view.node(node)
    assert (state.free_cpu_units, state.free_memory_mib) == (2048, 4000)
    assert (state.free_gpus, state.free_enis, state.running_tasks) == (1, 0, 1)
    assert state.ports_taken == [("tcp", 22), ("tcp", 80), ("udp", 53)]
    assert state.holds == [hold]
    assert state.open
    assert repr(state).endswith("tasks=1, open=True)")
    view.release(hold)
    assert view.node(node).free_memory_mib == 4096
    with pytest.raises(StaleHandleError):
        view.release(hold)
    with pytest.raises(StaleHandleError):
        view.set_running(hold, False)


def test_constraints_attributes_zones_and_scores_choose() -> None:
    view = View()
    small = view.add_node(_node("a", 1024))
    large = view.add_node(replace(_node("b", 4096), attributes={ZONE: "b", "disk": "ssd"}))

    def chosen(**how: Any) -> object:
        request = view.prepare(_task(512, **how))
        try:
            return view.place(request).node
        finally:
            view.forget(request)

    assert chosen(strategies=["binpack:memory"]) == small
    assert chosen(strategies=["score:least-allocated"]) == large
    assert chosen(strategies=["score:most-allocated"]) == small
    assert chosen(constraints=["memberOf:attribute:disk == ssd"], strategies=[]) == large
    assert chosen(attributes={"disk": None}, strategies=[]) == large
    assert chosen(zones=["b"], strategies=[]) == large
    with pytest.raises(UnplacedError) as refused:
        chosen(attributes={"disk": "hdd"})
    assert refused.value.reasons == {small: ["ATTRIBUTE"], large: ["ATTRIBUTE"]}


def test_a_node_that_drains_keeps_its_tasks_and_takes_no_more() -> None:
    view = View()
    node = view.add_node(_node("a"))
    request = view.prepare(_task(1024))
    hold = view.assign(request).hold
    view.update_node(node, _node("a", active=False))
    with pytest.raises(UnplacedError, match="INACTIVE"):
        view.place(request)
    view.update_node(node, _node("a", agent_connected=False))
    with pytest.raises(UnplacedError, match="AGENT"):
        view.place(request)
    with pytest.raises(ConfigError, match="less than the tasks on the node hold"):
        view.update_node(node, _node("a", 1023))
    assert view.remove_node(node) == [hold]
    with pytest.raises(StaleHandleError):
        view.node(node)
    with pytest.raises(StaleHandleError):
        view.update_node(node, _node("a"))
    with pytest.raises(UnplacedError, match="no nodes") as refused:
        view.place(request)
    assert (refused.value.closest, refused.value.reasons) == (None, {})


def test_a_gang_is_placed_whole_or_not_at_all() -> None:
    view = View()
    node = view.add_node(_node("a", 3))
    worker = view.prepare(_task(1))
    with pytest.raises(UnplacedError, match="task 3 of the gang"):
        view.assign_all([worker] * 4)
    assert view.node(node).holds == []
    gang = view.assign_all([worker] * 3)
    assert sorted(view.node(node).holds) == sorted(one.hold for one in gang if one.hold)


def test_less_important_tasks_make_way() -> None:
    view = View()
    node = view.add_node(_node("a", 2))
    low, lower = view.prepare(_task(1)), view.prepare(_task(1, priority=-1))
    first, second = view.assign(low), view.assign(lower)
    found = view.preempt(view.prepare(_task(1, priority=1)))
    assert (found.node, found.victims) == (node, [second.hold])
    urgent = view.prepare(_task(2, priority=1))
    assert view.preempt(urgent).victims == [second.hold, first.hold]
    with pytest.raises(UnplacedError):
        view.preempt(view.prepare(_task(2, priority=-1)))
    for victim in view.preempt(urgent).victims:
        view.release(victim)
    assert view.preempt(urgent).victims == []
    assert view.commit(urgent, node) in view.node(node).holds
    assert repr(view.preempt(view.prepare(_task(0)))) == "Preemption(node=0v1, victims=[])"


def test_equal_seeds_draw_alike() -> None:
    def drawn(seed: int) -> list[int]:
        view = View(seed=seed)
        nodes = [view.add_node(_node("a")) for _ in range(16)]
        request = view.prepare(_task(1, strategies=["random"]))
        return [nodes.index(view.assign(request).node) for _ in range(20)]

    assert drawn(1) == drawn(1) != drawn(2)


def test_handles_of_another_view_are_stale() -> None:
    view, other = View(), View()
    node, twin = view.add_node(_node("a")), other.add_node(_node("a"))
    request, own = view.prepare(_task(1)), other.prepare(_task(1))
    hold = other.assign(own).hold
    assert hold is not None
    assert node != twin
    view.commit(request, node)
    for call in (
        lambda: view.node(twin),
        lambda: view.remove_node(twin),
        lambda: view.commit(request, twin),
        lambda: view.reasons(request, twin),
        lambda: view.place(own),
        lambda: view.assign(own),
        lambda: view.assign_all([request, own]),
        lambda: view.preempt(own),
        lambda: view.forget(own),
        lambda: view.release(hold),
    ):
        with pytest.raises(StaleHandleError):
            call()
    view.forget(request)
    with pytest.raises(StaleHandleError):
        view.place(request)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"cpu_units": 0}, "a node of 0 cpu_units: 1 to 16777215 are possible"),
        ({"memory_mib": -1}, "memory_mib is -1: needs a whole number"),
        ({"gpus": "two"}, "gpus is 'two': needs a whole number"),
        ({"attributes": 3}, "attributes is 3: needs a mapping of text to text"),
        ({"attributes": {"a b": ""}}, "a b"),
        ({"reserved_tcp_ports": [65536]}, "reserved_tcp_ports is .65536.: needs a list of ports"),
        ({"reserved_udp_ports": range(1, 102)}, "101 reserved ports, 100 at most|106"),
        ({"active": "no"}, "active is 'no': needs True or False"),
        ({"agent_version": "new"}, 'agent_version is "new": needs numbers and dots'),
        ({"registered_at_unix_s": 0.5}, "registered_at_unix_s is 0.5: needs a whole number"),
    ],
)
def test_a_wrong_node_is_named(change: dict[str, Any], message: str) -> None:
    view = View()
    with pytest.raises(ConfigError, match=message):
        view.add_node(replace(_node("a"), **change))
    assert view.nodes() == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"group": 1}, "group is 1: needs text"),
        ({"memory_mib": 1 << 24}, "at most 16777215"),
        ({"tcp_ports": "80"}, "tcp_ports is '80': needs a list of ports"),
        ({"tcp_ports": range(1, 102)}, "101 host ports, 100 at most"),
        ({"zones": [1]}, r"zones is \[1\]: needs a list of texts"),
        ({"constraints": ["memberOf:disk"]}, "memberOf: at character"),
        ({"constraints": ["soon"]}, "is no constraint; needs memberOf:EXPR"),
        ({"strategies": ["fast"]}, "`fast` is no strategy"),
        ({"strategies": ["random"] * 6}, "6 strategies, 5 at most"),
        ({"priority": 1 << 31}, "priority is 2147483648: needs a whole number of 32 bits"),
    ],
)
def test_a_wrong_request_is_named(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        View().prepare(replace(_task(1), **change))


def test_what_is_no_spec_is_named() -> None:
    view: Any = View()
    with pytest.raises(ConfigError, match="3 is no NodeInfo"):
        view.add_node(3)
    with pytest.raises(ConfigError, match="'web' is no PlacementRequest"):
        view.prepare("web")
    with pytest.raises(ConfigError, match="seed is -1"):
        View(seed=-1)


class _Curious(UserDict[str, "str | None"]):
    """A mapping that looks at the view while it is read."""

    def __init__(self, view: View) -> None:
        super().__init__({"disk": None})
        self.view = view

    def items(self) -> Any:
        assert self.view.nodes() == []
        return super().items()


def test_a_mapping_may_call_the_view_that_reads_it() -> None:
    view = View()
    request = view.prepare(_task(1, attributes=_Curious(view)))
    node = view.add_node(replace(_node("a"), attributes={"disk": "ssd"}))
    assert view.place(request).node == node
