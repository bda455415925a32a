"""Versions, aliases, provisioned concurrency and tenants from Python."""

from __future__ import annotations

import pytest
from warmstow import (
    Action,
    Alias,
    ConfigError,
    FunctionSpec,
    Invocation,
    Region,
    StaleHandleError,
    TenantFunction,
    ThrottledError,
    VersionedFunction,
)

SECOND = 1_000_000_000


def _shop(region: Region, **spec: int) -> VersionedFunction:
    spec = {"memory_mib": 512, "max_instances": 20} | spec
    return VersionedFunction(
        region,
        FunctionSpec("shop", **spec),
        preparation_s=0,
        pace="unlimited",
        recycle_after_s=None,
    )


def _serve(region: Region, request: Invocation, now_ns: int) -> None:
    if request.cold:
        region.started(now_ns, request.lease)
    region.complete(now_ns, request.lease)


def _prepare(shop: VersionedFunction, now_ns: int) -> list[Action]:
    starts = [action for action in shop.actions() if action.kind == "start"]
    for action in starts:
        assert action.prestart is not None
        shop.prepared(now_ns, action.prestart)
    return starts


def test_versions_are_published_once_and_deleted() -> None:
    region = Region()
    shop = _shop(region)
    assert (shop.name, shop.versions) == ("shop", [])
    assert shop.publish() == shop.publish() == 1, "nothing was updated in between"
    shop.update(1, FunctionSpec("shop", memory_mib=1024))
    assert shop.publish() == 2
    first = shop.version(1)
    assert first is not None
    _serve(region, region.invoke(2, first), 3)
    shop.delete_version(4, 1)
    (stop,) = shop.actions()
    assert (stop.kind, stop.prestart, stop.node) == ("stop", None, None)
    region.stopped(5, stop.instance)
    assert (shop.versions, shop.version(1)) == ([2], None)
    with pytest.raises(StaleHandleError):
        region.invoke(6, first)
    with pytest.raises(ConfigError, match="there is no version 1"):
        shop.delete_version(7, 1)
    assert repr(shop) == 'VersionedFunction("shop", versions=[2])'


def test_an_update_drops_no_request_and_its_handle_stays() -> None:
    region = Region()
    shop = _shop(region)
    before = region.invoke(0, shop.latest)
    region.started(1, before.lease)
    shop.update(2, FunctionSpec("shop", memory_mib=1024))
    after = region.invoke(3, shop.latest)
    assert after.cold, "new code is not loaded yet"
    region.complete(4, before.lease)
    assert shop.next_deadline_ns is not None
    shop.advance(shop.next_deadline_ns)
    (stop,) = shop.actions()
    assert stop.instance == before.instance


def test_an_alias_splits_by_weight_and_follows_its_version() -> None:
    region = Region(max_aliases=1)
    shop = _shop(region)
    shop.publish()
    shop.update(0, FunctionSpec("shop", memory_mib=1024, max_instances=1000))
    shop.publish()
    live = shop.create_alias("live", 1, other=2, weight=0.25)
    assert shop.routing("live") == (1, 2, 0.25)
    assert shop.alias("live") == live
    second = shop.version(2)
    assert second is not None
    for draw in range(1000):
        _serve(region, region.invoke_alias(1, live, draw=draw), 2)
    counters = region.counters(second)
    assert 200 < counters.warm_starts + counters.cold_starts < 300
    shop.update_alias(3, "live", 2)
    assert shop.routing("live") == (2, None, None)
    with pytest.raises(ConfigError, match='alias "live" points to it'):
        shop.delete_version(4, 2)
    shop.delete_alias(5, "live")
    with pytest.raises(StaleHandleError):
        region.invoke_alias(6, live, draw=0)
    assert (shop.alias("live"), shop.routing("live")) == (None, None)


def test_what_is_provisioned_is_used_once_all_of_it_is_ready() -> None:
    region = Region()
    shop = _shop(region)
    version = shop.publish()
    shop.put_provisioned(0, version, 2)
    view = shop.provisioned(version)
    assert view is not None
    assert (view.status, view.requested, view.available) == ("IN_PROGRESS", 2, 0)
    assert len(_prepare(shop, 1)) == 2
    view = shop.provisioned("1")
    assert view is not None
    assert (view.status, view.allocated, view.available) == ("READY", 2, 2)
    pool = shop.version(version)
    assert pool is not None
    requests = [region.invoke(2, pool) for _ in range(3)]
    assert [request.cold for request in requests] == [False, False, True]
    metrics = shop.metrics()
    assert metrics.invocations == 3
    assert metrics.provisioned_invocations + metrics.spillover_invocations == 3
    assert (metrics.provisioned_executions, metrics.provisioned_available) == (2, 2)
    assert metrics.provisioned_utilization == 1.0
    shop.delete_provisioned(3, version)
    assert shop.provisioned(version) is None


def test_a_start_that_fails_fails_its_batch_and_says_why() -> None:
    shop = _shop(Region())
    version = shop.publish()
    shop.put_provisioned(0, version, 1)
    (action,) = shop.actions()
    assert action.prestart is not None
    shop.unprepared(1, action.prestart, "the image is gone")
    view = shop.provisioned(version)
    assert view is not None
    assert (view.status, view.reason) == ("FAILED", "the image is gone")
    with pytest.raises(StaleHandleError):
        shop.prepared(2, action.prestart)


@pytest.mark.parametrize(
    ("qualifier", "requested", "message"),
    [
        ("$LATEST", 1, "unpublished function versions"),
        (9, 1, "version 9"),
        ("live", 1, "live"),
        (1, 0, "0"),
        (1, 21, "21"),
        (-1, 1, "qualifier is -1"),
        (1, -1, "requested is -1"),
    ],
)
def test_what_cannot_be_provisioned_is_refused(
    qualifier: int | str, requested: int, message: str
) -> None:
    shop = _shop(Region())
    shop.publish()
    with pytest.raises(ConfigError, match=message):
        shop.put_provisioned(0, qualifier, requested)
    assert shop.actions() == []


def test_wrong_values_are_named() -> None:
    region = Region(max_aliases=1)
    shop = _shop(region)
    version = shop.publish()
    for pace in ("slow", "region:5/1", "function:0/1"):
        with pytest.raises(ConfigError, match=f"pace is {pace!r}".replace("'", '"')):
            VersionedFunction(region, FunctionSpec("other"), pace=pace)
    with pytest.raises(ConfigError, match=r"weight is 1\.5"):
        shop.create_alias("live", version, other=2, weight=1.5)
    with pytest.raises(ConfigError, match="other and weight"):
        shop.create_alias("live", version, other=2)
    with pytest.raises(ConfigError, match="version 2 is not published"):
        shop.create_alias("live", version, other=2, weight=0.5)
    with pytest.raises(ConfigError, match="needs a FunctionSpec"):
        shop.update(0, "shop")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="UnreservedConcurrentExecution"):
        shop.set_reserved_concurrency(1_000_000)
    with pytest.raises(ConfigError, match="the 1 the region was built for"):
        _ = [shop.create_alias(name, version) for name in ("a", "b")]
    with pytest.raises(TypeError):
        region.invoke_alias(0, shop.latest, draw=0)  # type: ignore[arg-type]
    assert isinstance(shop.alias("a"), Alias)


def test_tenants_share_a_reservation_and_no_instance() -> None:
    region = Region()
    shop = TenantFunction(region, FunctionSpec("shop", reserved_concurrency=1))
    blue, green = shop.tenant("blue"), shop.tenant("green")
    assert shop.tenant("blue") == blue
    first = region.invoke(0, blue)
    with pytest.raises(ThrottledError, match="ReservedFunctionConcurrent"):
        region.invoke(0, green)
    _serve(region, first, 1)
    assert region.invoke(2, green).cold, "blue's idle instance is not green's"
    assert [name for name, _ in shop.tenants()] == ["blue", "green"]
    shop.update(3, FunctionSpec("shop", memory_mib=512))
    assert first.instance in shop.stops()
    assert (shop.name, shop.reserved_concurrency) == ("shop", 1)
    shop.set_reserved_concurrency(None)
    assert region.invoke(4, blue).cold
    with pytest.raises(ConfigError, match='"a,b" is no tenant'):
        shop.tenant("a,b")
    with pytest.raises(ConfigError, match='has a function named "shop"'):
        TenantFunction(region, FunctionSpec("shop"))
    with pytest.raises(ConfigError, match="memory_mib is 0"):
        TenantFunction(region, FunctionSpec("other", memory_mib=0))
    with pytest.raises(ConfigError, match="max_instances is 0"):
        shop.update(5, FunctionSpec("shop", max_instances=0))


def test_events_of_aws_services_are_held_to_no_rate_of_requests() -> None:
    text = "[account]\nconcurrency_limit = 2\nrequests_per_concurrency = 1\n[functions.f]\n"
    region = Region.from_settings(text)
    f = region.function("f")
    assert f is not None
    for _ in range(9):
        _serve(region, region.invoke(0, f, metered=False), 0)
    held = [region.invoke(0, f, metered=False) for _ in range(2)]
    with pytest.raises(ThrottledError, match="ConcurrentInvocationLimitExceeded"):
        region.invoke(0, f, metered=False)
    for request in held:
        _serve(region, request, 1)
    for _ in range(2):
        _serve(region, region.invoke(1, f), 1)
    with pytest.raises(ThrottledError, match="FunctionInvocationRateLimitExceeded"):
        region.invoke(1, f)
    with pytest.raises(ConfigError, match="metered"):
        region.invoke(1, f, metered=1)  # type: ignore[arg-type]
