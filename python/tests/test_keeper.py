"""Keep-alive policies of a live region from Python."""

from __future__ import annotations

import pytest
from warmstow import (
    ConfigError,
    ExhaustedError,
    Instance,
    Keeper,
    NodeSpec,
    Region,
    StaleHandleError,
)

SECOND = 1_000_000_000


def _serve(region: Region, keeper: Keeper, function: object, now_ns: int) -> Instance:
    request = region.invoke(now_ns, function)  # type: ignore[arg-type]
    keeper.invoked(now_ns, request.instance)
    if request.cold:
        region.started(now_ns, request.lease)
    region.complete(now_ns, request.lease)
    keeper.ended(now_ns, request.instance)
    return request.instance


def test_an_instance_is_kept_for_as_long_as_its_policy_says() -> None:
    region = Region()
    resize = region.add_function("resize")
    keeper = Keeper(region)
    assert keeper.policy(resize) is None
    keeper.keep(0, resize, "fixed:1m", cold_start_s=0.3)
    assert keeper.policy(resize) == "fixed:60s"
    instance = _serve(region, keeper, resize, 0)
    assert keeper.next_deadline_ns == 60 * SECOND
    assert keeper.actions(59 * SECOND) == []
    (action,) = keeper.actions(60 * SECOND)
    assert (action.kind, action.instance) == ("stop", instance)
    region.stopped(61 * SECOND, instance)
    keeper.stopped(61 * SECOND, instance)
    assert region.counters(resize).instances == 0


def test_a_busy_instance_is_never_stopped() -> None:
    region = Region()
    resize = region.add_function("resize")
    keeper = Keeper(region)
    keeper.keep(0, resize, "fixed:60s", cold_start_s=0.3)
    _serve(region, keeper, resize, 0)
    # The keeper is not told of this request.
    assert not region.invoke(30 * SECOND, resize).cold
    assert keeper.actions(60 * SECOND) == []


def test_the_histogram_starts_instances_ahead() -> None:
    region = Region()
    cron = region.add_function("cron")
    keeper = Keeper(region)
    keeper.keep(0, cron, "histogram", cold_start_s=1.0)
    starts = []
    now = 0
    for _ in range(40):
        _serve(region, keeper, cron, now)
        end = now + 1_800 * SECOND
        while (at := keeper.next_deadline_ns) is not None and at < end:
            for action in keeper.actions(at):
                if action.kind == "stop":
                    region.stopped(at, action.instance)
                    keeper.stopped(at, action.instance)
                else:
                    assert action.prestart is not None
                    assert keeper.prepared(at, action.prestart) is None
                    starts.append(at)
        now = end
    assert starts, "the function comes every half hour"
    counters = region.counters(cron)
    assert counters.warm_starts > counters.cold_starts


def test_room_is_made_by_what_is_worth_least() -> None:
    region = Region(nodes=[NodeSpec(cpu_units=4096, memory_mib=1024)])
    old = region.add_function("old", memory_mib=512, cpu_units=128)
    new = region.add_function("new", memory_mib=1024, cpu_units=128)
    keeper = Keeper(region)
    for function in (old, new):
        keeper.keep(0, function, "lru", cold_start_s=0.3)
    idle = _serve(region, keeper, old, 0)
    with pytest.raises(ExhaustedError):
        region.invoke(1, new)
    keeper.make_room(1, new)
    (action,) = keeper.actions(1)
    assert (action.kind, action.instance) == ("stop", idle)
    region.stopped(2, idle)
    keeper.stopped(2, idle)
    assert region.invoke(3, new).cold
    with pytest.raises(ExhaustedError, match="MiB free"):
        keeper.make_room(4, new)


def test_wrong_calls_are_refused() -> None:
    region, other = Region(), Region()
    function, foreign = region.add_function("a"), other.add_function("a")
    keeper = Keeper(region)
    with pytest.raises(ConfigError, match="policy is"):
        keeper.keep(0, function, "sometimes", cold_start_s=0.3)
    with pytest.raises(ConfigError, match="cold_start_s is -1"):
        keeper.keep(0, function, "lru", cold_start_s=-1)
    with pytest.raises(StaleHandleError):
        keeper.keep(0, foreign, "lru", cold_start_s=0.3)
    with pytest.raises(StaleHandleError):
        keeper.release(foreign, 60)
    with pytest.raises(StaleHandleError):
        keeper.make_room(0, foreign)
    keeper.keep(0, function, "lru", cold_start_s=0.3)
    keeper.release(function, 60)
    assert keeper.policy(function) is None
