"""A live region from Python: leases, limits, nodes, stale handles, threads."""

from __future__ import annotations

import random
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import warmstow
from warmstow import (
    ConfigError,
    ExhaustedError,
    Invocation,
    Lease,
    NodeSpec,
    Region,
    StaleHandleError,
    ThrottledError,
    WarmstowError,
)

S = 1_000_000_000


def _start(region: Region, function: warmstow.Function, now_ns: int) -> Invocation:
    invocation = region.invoke(now_ns, function)
    if invocation.cold:
        region.started(now_ns, invocation.lease)
    return invocation


def test_a_cold_start_then_a_warm_one_then_the_reaper() -> None:
    region = Region()
    function = region.add_function("f", keep_alive_s=10)
    first = region.invoke(0, function)
    assert first.cold
    assert first.node is None
    region.started(1 * S, first.lease)
    assert region.complete(2 * S, first.lease) is None
    second = region.invoke(3 * S, function)
    assert not second.cold
    assert second.instance == first.instance
    assert region.complete(4 * S, second.lease) is None
    assert region.reap(13 * S, function) == []
    expired = region.reap(14 * S, function)
    assert expired == [first.instance]
    assert expired[0].function == function
    region.stopped(14 * S, expired[0])
    counters = region.counters(function)
    assert (counters.warm_starts, counters.cold_starts, counters.completions) == (1, 1, 2)
    assert (counters.in_flight, counters.instances, counters.idle_instances) == (0, 0, 0)


def test_environments_of_the_ten_requests_in_the_aws_documentation() -> None:
    """Requests 1 to 10 run in A B C D E A B C F D (AWS Lambda Developer
    Guide, "Understanding function scaling"): five overlap, three find the
    first ones idle, the ninth finds none, the tenth finds the fourth's."""
    region = Region()
    function = region.add_function("f")
    names: dict[warmstow.Instance, str] = {}
    running: dict[int, Lease] = {}

    def begin(request: int, now_s: int) -> str:
        invocation = _start(region, function, now_s * S)
        running[request] = invocation.lease
        return names.setdefault(invocation.instance, "ABCDEF"[len(names) : len(names) + 1])

    def end(request: int, now_s: int) -> None:
        region.complete(now_s * S, running.pop(request))

    seen = [begin(request, request) for request in range(1, 6)]
    for request in (1, 2, 3):
        end(request, 6)
    seen += [begin(request, 7) for request in (6, 7, 8, 9)]
    end(4, 8)
    seen.append(begin(10, 9))
    assert "".join(seen) == "ABCDEABCFD"


def test_limits_refuse_by_their_aws_names() -> None:
    region = Region(account_limit=101)
    free = region.add_function("free")
    kept = region.add_function("kept", reserved_concurrency=1)
    assert region.claimed_concurrency == region.reserved_concurrency == 1
    held = [region.invoke(0, free) for _ in range(100)]
    assert region.unreserved_in_flight == 100
    with pytest.raises(ThrottledError, match="ConcurrentInvocationLimitExceeded") as caught:
        region.invoke(0, free)
    assert caught.value.reason == "ConcurrentInvocationLimitExceeded"
    mine = region.invoke(0, kept)
    with pytest.raises(ThrottledError) as caught:
        region.invoke(0, kept)
    assert caught.value.reason == "ReservedFunctionConcurrentInvocationLimitExceeded"
    assert region.counters(kept).refusals == {caught.value.reason: 1}

    with pytest.raises(ConfigError, match="limit 100 does not cover 1 reserved"):
        region.set_account_limit(100)
    assert region.account_limit == 101
    region.set_reserved_concurrency(kept, None)
    region.set_account_limit(50)
    region.fail(0, held.pop().lease)
    with pytest.raises(ThrottledError):
        region.invoke(0, free)
    region.fail(0, mine.lease)
    assert region.unreserved_in_flight == 99


def test_nodes_fill_up_and_are_freed_when_instances_stop() -> None:
    region = Region(nodes=[NodeSpec(2048, 256)], max_nodes=2, strategy="spread:node")
    function = region.add_function("f", memory_mib=128, cpu_units=100)
    assert region.add_node(cpu_units=2048, memory_mib=128, zone=1) == 1
    held = [_start(region, function, 0) for _ in range(3)]
    assert sorted(invocation.node or 0 for invocation in held) == [0, 0, 1]
    with pytest.raises(ExhaustedError) as caught:
        region.invoke(0, function)
    assert caught.value.resource == "RESOURCE:MEMORY"
    assert region.unreserved_in_flight == 3
    node = region.nodes()[0]
    assert (node.free_memory_mib, node.free_cpu_units, node.instances) == (0, 1848, 2)
    with pytest.raises(ConfigError, match="one node more than the 2"):
        region.add_node(cpu_units=1, memory_mib=1)

    stopping = region.fail(1, held[0].lease)
    assert stopping == held[0].instance
    with pytest.raises(ExhaustedError):
        region.invoke(1, function)
    region.stopped(2, stopping)
    assert region.invoke(2, function).cold


def test_a_bound_on_instances_is_named() -> None:
    region = Region()
    function = region.add_function("f", max_instances=1)
    held = region.invoke(0, function)
    with pytest.raises(ExhaustedError) as caught:
        region.invoke(0, function)
    assert caught.value.resource == "InstanceLimitExceeded"
    region.fail(0, held.lease)


def test_draining_stops_an_instance_after_its_request() -> None:
    region = Region()
    function = region.add_function("f")
    held = _start(region, function, 0)
    assert region.drain(1, held.instance) is None
    assert region.drain(1, held.instance) is None
    assert region.complete(2, held.lease) == held.instance
    with pytest.raises(StaleHandleError, match="told to stop"):
        region.drain(3, held.instance)
    region.stopped(3, held.instance)
    assert region.invoke(4, function).cold


def test_stale_and_foreign_handles_are_refused_and_change_nothing() -> None:
    region, other = Region(), Region()
    function, foreign = region.add_function("f"), other.add_function("f")
    held = _start(region, function, 0)
    assert function != foreign
    with pytest.raises(StaleHandleError, match="no function of this region"):
        region.invoke(0, foreign)
    with pytest.raises(StaleHandleError):
        other.complete(0, held.lease)
    with pytest.raises(StaleHandleError):
        other.stopped(0, held.instance)
    with pytest.raises(WarmstowError, match="reported before"):
        region.started(0, held.lease)
    with pytest.raises(WarmstowError, match="not told to stop"):
        region.stopped(0, held.instance)
    region.complete(1, held.lease)
    for again in (region.complete, region.fail):
        with pytest.raises(StaleHandleError, match="stale lease") as caught:
            again(2, held.lease)
        assert isinstance(caught.value, LookupError)
    [expired] = region.reap(601 * S, function)
    region.stopped(601 * S, expired)
    with pytest.raises(StaleHandleError):
        region.stopped(601 * S, expired)
    counters = region.counters(function)
    assert (counters.completions, counters.in_flight, counters.instances) == (1, 0, 0)


def test_complete_before_started_is_refused_and_the_lease_stays_good() -> None:
    region = Region()
    function = region.add_function("f")
    held = region.invoke(0, function)
    with pytest.raises(WarmstowError, match="not reported that it started"):
        region.complete(1, held.lease)
    region.started(1, held.lease)
    region.complete(2, held.lease)


BAD_FUNCTIONS: dict[str, tuple[dict[str, Any], str]] = {
    "no memory": ({"memory_mib": 0}, 'function "f": .*is 0'),
    "negative memory": ({"memory_mib": -1}, "memory_mib is -1: needs a whole number from 0"),
    "memory no number": ({"memory_mib": "big"}, "memory_mib is 'big': needs a whole number"),
    "fraction": ({"max_instances": 1.5}, "max_instances is 1.5: needs a whole number"),
    "no instances": ({"max_instances": 0}, "max_instances"),
    "pick": ({"pick": "best"}, "pick is 'best'"),
    "keep-alive": ({"keep_alive_s": "long"}, "keep_alive_s is 'long': needs 0 to"),
    "reserved": ({"reserved_concurrency": 901}, r"below its minimum value of \[100\]"),
    "concurrency": ({"instance_concurrency": 1601}, "1601"),
    "pick no text": ({"pick": 5}, "pick is 5: needs text"),
    "too large": ({"memory_mib": 4096}, "4096 memory_mib needed: the largest node has 2048"),
}


@pytest.mark.parametrize(("change", "message"), BAD_FUNCTIONS.values(), ids=BAD_FUNCTIONS.keys())
def test_a_function_that_cannot_be_is_named(change: dict[str, Any], message: str) -> None:
    region = Region(nodes=[NodeSpec(4096, 2048)])
    with pytest.raises(ConfigError, match=message):
        region.add_function("f", **change)
    assert region.function("f") is None
    assert region.reserved_concurrency == 0
    region.add_function("f")
    with pytest.raises(ConfigError, match='function "f"'):
        region.add_function("f")


def test_a_region_that_cannot_be_is_named() -> None:
    cases: list[tuple[dict[str, Any], str]] = [
        ({"account_limit": -1}, "account_limit is -1"),
        ({"strategy": "tetris"}, "tetris"),
        ({"nodes": [NodeSpec(1024, 0)]}, "node 0: a node of 0 memory_mib"),
        ({"max_functions": 0}, "max_functions is 0"),
        ({"seed": 2**64}, "seed is 18446744073709551616"),
        ({"strategy": None}, "strategy is None: needs text"),
        ({"nodes": 5}, "nodes is 5: needs a sequence of NodeSpec"),
        ({"nodes": [5]}, r"nodes\[0\] is 5: needs a NodeSpec"),
        ({"nodes": [NodeSpec(1, -1)]}, r"nodes\[0\].memory_mib is -1: needs a whole number"),
    ]
    for arguments, message in cases:
        with pytest.raises(ConfigError, match=message):
            Region(**arguments)
    with pytest.raises(ConfigError, match=r"^cpu_units is -1: needs a whole number from 0"):
        Region().add_node(cpu_units=-1, memory_mib=1)
    with pytest.raises(ConfigError, match="name is 5: needs text"):
        Region().add_function(5)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="'function'"):
        Region().invoke(0, "f")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="now_ns is -1: needs a whole number from 0"):
        Region().reap(-1, Region().add_function("f"))


def test_threads_on_one_region_never_pass_a_limit_and_lose_nothing() -> None:
    limit, threads, calls = 6, 8, 2000
    region = Region(account_limit=limit, nodes=[NodeSpec(4096, 2048)] * 2)
    function = region.add_function("f", cpu_units=64, max_instances=limit)
    running, peak, refused, served = [0], [0], [0], [0]
    lock = threading.Lock()

    def work(seed: int) -> None:
        rng = random.Random(seed)
        for now_ns in range(calls):
            try:
                held = region.invoke(now_ns, function)
            except (ThrottledError, ExhaustedError):
                with lock:
                    refused[0] += 1
                continue
            with lock:
                running[0] += 1
                peak[0] = max(peak[0], running[0])
            if held.cold:
                region.started(now_ns, held.lease)
            with lock:
                running[0] -= 1
                served[0] += 1
            end = region.fail if rng.random() < 0.2 else region.complete
            if (stopping := end(now_ns, held.lease)) is not None:
                region.stopped(now_ns, stopping)

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, range(threads)))
    counters = region.counters(function)
    assert served[0] + refused[0] == threads * calls
    assert counters.warm_starts + counters.cold_starts == served[0]
    assert counters.completions + counters.failures == served[0]
    assert sum(counters.refusals.values()) == refused[0]
    assert peak[0] <= limit
    assert counters.in_flight == region.unreserved_in_flight == 0
    for stopping in region.reap(10**15, function):
        region.stopped(10**15, stopping)
    assert all(node.free_memory_mib == node.memory_mib for node in region.nodes())


def test_of_two_threads_that_give_back_one_lease_one_succeeds() -> None:
    region = Region()
    function = region.add_function("f")
    for now_ns in range(300):
        held = _start(region, function, now_ns)
        barrier = threading.Barrier(2)

        def give_back(held: Invocation = held, barrier: threading.Barrier = barrier) -> bool:
            barrier.wait()
            try:
                region.complete(1000, held.lease)
            except StaleHandleError:
                return False
            return True

        with ThreadPoolExecutor(2) as pool:
            answers = [pool.submit(give_back) for _ in range(2)]
            assert sorted(answer.result() for answer in answers) == [False, True]
    assert region.counters(function).completions == 300


def test_settings_change_while_requests_run() -> None:
    region = Region(account_limit=200)
    functions = [region.add_function(f"f{at}") for at in range(4)]
    stop = threading.Event()

    def change() -> None:
        rng = random.Random(5)
        while not stop.is_set():
            region.set_reserved_concurrency(rng.choice(functions), rng.choice([None, 0, 1, 20]))
            region.set_account_limit(rng.randint(180, 220))

    def work(at: int) -> None:
        for now_ns in range(3000):
            try:
                held = region.invoke(now_ns, functions[at])
            except ThrottledError:
                continue
            if held.cold:
                region.started(now_ns, held.lease)
            region.complete(now_ns, held.lease)

    changer = threading.Thread(target=change)
    changer.start()
    try:
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(work, range(4)))
    finally:
        stop.set()
        changer.join()
    for function in functions:
        region.set_reserved_concurrency(function, None)
    assert region.unreserved_in_flight == 0
    assert region.claimed_concurrency == 0


def test_every_public_name_is_documented() -> None:
    for name in warmstow.__all__:
        thing = getattr(warmstow, name)
        if name in {"Workload", "__version__"}:
            continue
        assert thing.__doc__, name
        assert thing.__module__.partition(".")[0] == "warmstow", name
        for member, value in vars(thing).items() if isinstance(thing, type) else ():
            if not member.startswith("_") and callable(value):
                assert value.__doc__, f"{name}.{member}"


def test_the_package_says_that_it_is_typed() -> None:
    assert (Path(warmstow.__file__).parent / "py.typed").exists()
