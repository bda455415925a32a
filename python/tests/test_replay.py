"""Replays from Python: published figures, determinism, threads, bad arrays."""

from __future__ import annotations

import _thread
import math
import statistics
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
import warmstow
from warmstow import ArrivalTrace, Poisson, Replay, Settings, TraceFunction

if TYPE_CHECKING:
    from collections.abc import Callable


def test_simfaas_figures() -> None:
    """SimFaaS's model (PyPI simfaas 0.2.2, README): p_cold 0.0014, 7.66
    servers, 1.79 running; long runs give .001325, 7.695 and 1.7928."""
    trace = Poisson(rate_per_s=0.9, warm="exp:1.991", cold="exp:2.244", duration_s=1e6)
    reports = [warmstow.replay(trace, Settings(seed=seed)) for seed in range(4)]
    assert statistics.mean(r.cold_start_probability for r in reports) == pytest.approx(
        0.00133, abs=5e-5
    )
    assert statistics.mean(r.mean_instances for r in reports) == pytest.approx(7.70, abs=0.05)
    assert statistics.mean(r.mean_busy_instances for r in reports) == pytest.approx(
        1.792, abs=0.005
    )


@pytest.mark.parametrize("service", ["exp:0.9", "det:0.9", "lognormal:0.9,2"])
def test_throttling_is_erlang_b_whatever_the_shape(service: str) -> None:
    """Offered load 18, limit 20: 0.10921 (Erlang's loss formula depends on
    the mean of the service time only)."""
    load, limit = 18.0, 20
    blocked = 1.0
    for servers in range(1, limit + 1):
        blocked = load * blocked / (servers + load * blocked)
    assert blocked == pytest.approx(0.10921, abs=1e-5)
    trace = Poisson(rate_per_s=load / 0.9, warm=service, cold=service, duration_s=20_000)
    refused = []
    for seed in range(5):
        report = warmstow.replay(trace, Settings(seed=seed, account_limit=limit))
        refused.append(report.refused / report.invocations)
    error = statistics.stdev(refused) / math.sqrt(len(refused))
    assert statistics.mean(refused) == pytest.approx(blocked, abs=5 * error + 1e-4)


def test_littles_law() -> None:
    """Busy instances are the arrival rate times the mean service time."""
    trace = Poisson(rate_per_s=50, warm="lognormal:0.4,1.5", cold="det:0.4", duration_s=20_000)
    report = warmstow.replay(trace)
    assert report.mean_busy_instances == pytest.approx(50 * 0.4, rel=0.01)


def _arrivals(rows: int = 5000) -> ArrivalTrace:
    rng = np.random.default_rng(1)
    return ArrivalTrace.from_seconds(
        timestamp_s=np.sort(rng.uniform(0, 600, rows)),
        function=rng.integers(0, 3, rows),
        duration_s=rng.exponential(0.5, rows),
        functions=["a", TraceFunction("b", 512), "c"],
    )


def test_the_same_inputs_give_the_same_report() -> None:
    trace, settings = _arrivals(), Settings(seed=3, crash_rate=0.01, series_bucket_s=10)
    first, again = (warmstow.replay(trace, settings) for _ in range(2))
    assert first == again
    assert first.series is not None
    assert again.series is not None
    np.testing.assert_array_equal(first.series.busy, again.series.busy)


def test_steps_of_any_size_give_the_same_report() -> None:
    trace = _arrivals()
    whole = warmstow.replay(trace)
    run = Replay(trace)
    seen = [run.progress]
    while run.advance(617):
        seen.append(run.progress)
        assert run.invocations <= len(trace)
    assert seen == sorted(seen)
    assert seen[0] == 0.0
    assert run.finish() == whole
    with pytest.raises(warmstow.WarmstowError, match="finished"):
        run.advance(1)
    with pytest.raises(warmstow.WarmstowError, match="finished"):
        run.finish()


def test_the_series_adds_up_to_the_totals() -> None:
    nodes = [warmstow.NodeSpec(2048, 2048, zone) for zone in range(3)]
    settings = Settings(series_bucket_s=7, nodes=nodes, account_limit=6, strategy="spread:node")
    report = warmstow.replay(_arrivals(), settings)
    series = report.series
    assert series is not None
    assert report.fleet is not None
    assert int(series.arrivals.sum()) == report.invocations
    assert int(series.cold.sum()) == report.cold_starts
    assert int(series.warm.sum()) == report.warm_starts
    assert int(series.throttles.sum()) == report.refused > 0
    widths = np.diff(np.append(series.time_s, report.horizon_s))
    assert np.average(series.busy, weights=widths) == pytest.approx(report.mean_busy_instances)
    assert series.node_memory_share.shape == (len(series.busy), 3)
    assert np.average(series.node_memory_share[:, 1], weights=widths) == pytest.approx(
        report.fleet.per_node[1].mean_memory_share
    )


def test_functions_by_name() -> None:
    trace = ArrivalTrace.from_seconds(
        timestamp_s=[0, 1, 2], function=["x", "y", "x"], duration_s=[1, 1, 1]
    )
    report = warmstow.replay(trace, Settings(max_instances={"x": 1}, reserved={"y": 5}))
    assert [(f.function, f.invocations) for f in report.functions] == [("x", 2), ("y", 1)]


def test_progress_is_reported_to_the_end() -> None:
    seen: list[float] = []
    trace = Poisson(rate_per_s=1000, warm="det:0.001", duration_s=300)
    warmstow.replay(trace, progress=seen.append)
    assert len(seen) > 3
    assert seen == sorted(seen)
    assert seen[-1] == 1.0


def test_arrays_are_copied() -> None:
    trace = _arrivals()
    whole = warmstow.replay(trace)
    run = Replay(trace)
    run.advance(10)
    trace.duration_ns[:] = 0
    trace.function[:] = 77
    assert run.finish() == whole


def test_other_threads_run_during_a_replay() -> None:
    """A replay in one call must not hold the interpreter lock."""
    trace = Poisson(rate_per_s=1000, warm="exp:0.01", duration_s=2000)
    ticks, stop = [0], threading.Event()

    def tick() -> None:
        while not stop.is_set():
            ticks[0] += 1
            time.sleep(0.001)

    ticker = threading.Thread(target=tick)
    ticker.start()
    try:
        run = Replay(trace)
        before = ticks[0]
        began = time.perf_counter()
        run.advance(2**63)
        wall_s = time.perf_counter() - began
        during = ticks[0] - before
    finally:
        stop.set()
        ticker.join()
    assert wall_s > 0.05
    # Held, the lock would let none through; two busy cores let most.
    assert during > 10


_ENDLESS = Poisson(rate_per_s=1e5, warm="det:0.001", duration_s=1e4)
"""A thousand million requests: minutes, were it not interrupted."""


@pytest.mark.parametrize(
    "endless",
    [warmstow.replay, lambda trace: Replay(trace).advance(2**63), lambda t: Replay(t).finish()],
    ids=["replay", "advance", "finish"],
)
def test_an_interrupt_ends_a_replay(endless: Callable[[Poisson], object]) -> None:
    timer = threading.Timer(0.2, _thread.interrupt_main)
    began = time.perf_counter()
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        endless(_ENDLESS)
    assert time.perf_counter() - began < 10


def test_an_interrupted_replay_goes_on_where_it_stood() -> None:
    trace = Poisson(rate_per_s=1000, warm="exp:0.01", duration_s=5000)
    run = Replay(trace)
    timer = threading.Timer(0.05, _thread.interrupt_main)
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        run.finish()
    assert 0 < run.progress < 1
    assert run.finish() == warmstow.replay(trace)


def test_replays_in_several_threads_agree() -> None:
    trace = _arrivals()
    with ThreadPoolExecutor(4) as pool:
        reports = list(pool.map(lambda _: warmstow.replay(trace), range(8)))
    assert all(report == reports[0] for report in reports)


def test_one_replay_from_several_threads() -> None:
    trace = _arrivals()
    run = Replay(trace)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: run.advance(100), range(80)))
    assert run.finish() == warmstow.replay(trace)


COLUMNS = {"timestamp_s": [0.0, 1.0], "function": [0, 0], "duration_s": [1.0, 1.0]}
BAD_COLUMNS = {
    "negative duration": ({"duration_s": [1, -1]}, r"duration_s\[1\] = -1.0 is not between 0"),
    "NaN": ({"timestamp_s": [0, math.nan]}, r"timestamp_s\[1\] = nan is not between"),
    "no number": ({"duration_s": ["a", "b"]}, "duration_s: could not convert"),
    "goes back": ({"timestamp_s": [5, 4]}, r"timestamp_s\[1\] = 4.0 is before the row above it"),
    "other length": ({"duration_s": [1]}, "duration_s has 1 rows, timestamp_s has 2"),
    "two dimensions": ({"duration_s": [[1, 1]]}, "duration_s has 2 dimensions"),
    "no such function": ({"function": [0, 9]}, r"function\[1\] = 9 is not one of the 1 functions"),
    "no such name": ({"function": ["f", "g"]}, "function 'g' is not among functions"),
    "cold start": ({"cold_start_s": [0, math.inf]}, r"cold_start_s\[1\] = inf is not between"),
    "horizon": ({"horizon_s": -1}, r"horizon_s\[0\] = -1.0 is not between"),
    "names as one text": ({"function": "ff"}, "function is 'ff': needs a column of names"),
    "one name": ({"functions": "f"}, "functions is 'f': needs a sequence"),
    "name no text": ({"functions": ["f", 5]}, "name of a function is 5: needs text"),
    "fractions": ({"function": [0.5, 1]}, r"function\[0\] is 0.5: needs all names"),
    "truths": ({"function": [True, False]}, r"function\[0\] is True: needs all names"),
    "array of truths": ({"function": np.array([True, False])}, r"function\[0\] is True"),
    "mixed": ({"function": ["f", 0]}, r"function\[1\] is 0: needs all names"),
    "huge position": ({"function": [0, 2**70]}, r"function\[1\] = 1180591620717411303424 is not"),
    "no column": ({"function": 7}, "function is 7: needs a column"),
}


@pytest.mark.parametrize(("change", "message"), BAD_COLUMNS.values(), ids=BAD_COLUMNS.keys())
def test_a_bad_column_is_named(change: dict[str, object], message: str) -> None:
    columns: dict[str, object] = {**COLUMNS, "functions": ["f"], **change}
    with pytest.raises(warmstow.ConfigError, match=message):
        ArrivalTrace.from_seconds(**columns)  # type: ignore[arg-type]


def test_names_that_end_in_nul_are_kept_apart() -> None:
    trace = ArrivalTrace.from_seconds(timestamp_s=[0, 1], function=["a", "a\0"], duration_s=[1, 1])
    assert [f.name for f in trace.functions] == ["a", "a\0"]


def test_positions_may_be_of_any_integer_kind() -> None:
    for positions in ([0, 1], (np.int8(0), np.uint64(1)), np.array([0, 1], np.int16)):
        trace = ArrivalTrace.from_seconds(
            timestamp_s=[0, 1], function=positions, duration_s=[1, 1], functions=["a", "b"]
        )
        assert trace.function.tolist() == [0, 1]


WRONG_TYPES: dict[str, tuple[Callable[[], object], str]] = {
    "trace as text": (
        lambda: warmstow.replay("poisson:rate=1"),  # type: ignore[arg-type]
        r"workload is 'poisson:rate=1': needs .* as read_trace\(\.\.\.\) gives",
    ),
    "settings": (
        lambda: warmstow.replay(_ENDLESS, {}),  # type: ignore[arg-type]
        "settings is {}: needs a Settings",
    ),
    "function of Poisson": (
        lambda: Poisson(1, "det:1", 1, function="f"),  # type: ignore[arg-type]
        "function is 'f': needs a TraceFunction",
    ),
    "rate": (
        lambda: warmstow.replay(Poisson("x", "det:1", 1)),  # type: ignore[arg-type]
        "rate_per_s is 'x': needs a number",
    ),
    "warm": (
        lambda: warmstow.replay(Poisson(1, None, 1)),  # type: ignore[arg-type]
        "warm is None: needs text",
    ),
    "step": (lambda: Replay(_ENDLESS).advance(-1), "max_arrivals is -1: needs a whole number"),
    "horizon": (
        lambda: warmstow.replay(replace(_arrivals(10), horizon_ns=-1)),
        "horizon_ns is -1: needs a whole number",
    ),
    "functions": (
        lambda: replace(_arrivals(10), functions=("a", "b", "c")),  # type: ignore[arg-type]
        r"functions\[0\] is 'a': needs a TraceFunction",
    ),
}


@pytest.mark.parametrize(("call", "message"), WRONG_TYPES.values(), ids=WRONG_TYPES.keys())
def test_a_wrong_type_is_refused_by_its_name(call: Callable[[], object], message: str) -> None:
    with pytest.raises(warmstow.ConfigError, match=message):
        call()


def test_a_function_is_given_no_more_instances_than_it_has_requests() -> None:
    trace = _arrivals(300)
    settings = Settings(account_limit=1 << 20, max_instances={"c": 7})
    bounds = [spec.max_instances for spec in settings.function_specs(trace)]
    assert bounds[:2] == np.bincount(trace.function)[:2].tolist()
    assert bounds[2] == 7
    drawn = Settings(account_limit=1 << 20).function_specs(_ENDLESS)
    assert [spec.max_instances for spec in drawn] == [1 << 17]


def test_a_bound_on_instances_does_not_change_what_is_served() -> None:
    trace = _arrivals(300)
    free, bound = Settings(max_instances=1000), Settings()
    assert warmstow.replay(trace, free) == warmstow.replay(trace, bound)


def test_arrays_of_another_kind_are_named() -> None:
    good = _arrivals()
    with pytest.raises(warmstow.ConfigError, match="arrival_ns is an array of int64"):
        ArrivalTrace(
            good.functions,
            good.arrival_ns.astype(np.int64),  # type: ignore[arg-type]
            good.function,
            good.duration_ns,
        )
    backwards = ArrivalTrace(
        good.functions, good.arrival_ns[::-1].copy(), good.function, good.duration_ns
    )
    with pytest.raises(warmstow.ConfigError, match="row 1: timestamp_s goes back"):
        warmstow.replay(backwards)
    empty = ArrivalTrace.from_seconds(
        timestamp_s=[], function=np.array([], int), duration_s=[], functions=["f"]
    )
    with pytest.raises(warmstow.ConfigError, match="no request"):
        warmstow.replay(empty)


def test_a_policy_decides_for_all_functions_or_by_name() -> None:
    timer = ArrivalTrace.from_seconds(
        functions=(TraceFunction("a"), TraceFunction("b")),
        timestamp_s=[1800.0 * n + of for n in range(20) for of in (0, 1)],
        function=[0, 1] * 20,
        duration_s=[1.0] * 40,
    )

    def cold(keep_alive: str | dict[str, str] | None) -> list[int]:
        report = warmstow.replay(timer, Settings(keep_alive=keep_alive))
        return [function.cold_starts for function in report.functions]

    assert cold(None) == cold("fixed:600s") == [20, 20]
    assert cold("fixed:2h") == cold("lru") == [1, 1]
    assert cold({"b": "histogram"}) == [20, 1]
    report = warmstow.replay(timer, Settings(keep_alive="histogram"))
    assert report.prewarmed_instances > 30
    assert report.as_dict()["prewarmed_instances"] == report.prewarmed_instances
    assert report.gb_seconds["idle"] < 0.3 * 2 * 128 / 1024 * 36_000


BAD_SETTINGS = {
    "reserved name": (Settings(reserved={"z": 1}), "reserved: the trace has no function 'z'"),
    "bound name": (Settings(max_instances={"z": 1}), "max_instances: the trace has no function"),
    "reserved sum": (Settings(account_limit=120, reserved={"a": 30}), r"value of \[100\]"),
    "reserved no mapping": (Settings(reserved=5), "reserved is 5: needs a mapping"),
    "reserved no count": (Settings(reserved={"a": "x"}), r"reserved\['a'\] is 'x': needs a whole"),
    "bound no count": (Settings(max_instances="x"), "max_instances is 'x': needs a whole number"),
    "instances in all": (Settings(max_instances=1 << 26), "3 functions may have 201326592 inst"),
    "limit NaN": (Settings(account_limit=math.nan), "account_limit is nan: needs a whole number"),
    "limit text": (Settings(account_limit="x"), "account_limit is 'x': needs a whole number"),
    "limit None": (Settings(account_limit=None), "account_limit is None: needs a whole number"),
    "pick no text": (Settings(pick=5), "pick is 5: needs text"),
    "strategy no text": (Settings(strategy=None), "strategy is None: needs text"),
    "distribution no text": (Settings(cold_start_code=1), "cold_start_code is 1: needs text"),
    "crash rate no number": (Settings(crash_rate="x"), "crash_rate is 'x': needs a number"),
    "nodes": (Settings(nodes=5), "nodes is 5: needs a sequence of NodeSpec"),
    "timeout 0": (Settings(timeout_s=0), "timeout_s is 0: needs a time above 0"),
    "limit": (Settings(account_limit=-1), "account_limit is -1: needs a whole number from 0"),
    "seed": (Settings(seed=2**64), "seed is 18446744073709551616: needs"),
    "keep-alive": (Settings(keep_alive_s=-1), "keep_alive_s is -1: needs 0 to"),
    "keep-alive NaN": (Settings(keep_alive_s=math.nan), "keep_alive_s is NaN: needs 0 to"),
    "policy": (Settings(keep_alive="magic"), 'keep_alive is "magic": needs fixed:TIME'),
    "policy no text": (Settings(keep_alive=5), "keep_alive is 5: needs the text"),
    "policy by name": (Settings(keep_alive={"a": "lru:1d"}), 'is "lru:1d": needs a time'),
    "policy of no function": (
        Settings(keep_alive={"z": "lru"}),
        "keep_alive: the trace has no function 'z'",
    ),
    "pick": (Settings(pick="best"), "pick is 'best': needs packed, mru or lru"),
    "strategy": (Settings(strategy="tetris"), "tetris"),
    "distribution": (Settings(cold_start_code="x:1"), "cold_start_code: `x:1` is none of"),
    "crash rate": (Settings(crash_rate=1.5), "1.5"),
    "architecture": (
        Settings(architecture="riscv64"),
        "architecture is 'riscv64': needs x86_64 or arm64",
    ),
    "architecture no text": (Settings(architecture=1), "architecture is 1: needs text"),
    "node of no memory": (Settings(nodes=[warmstow.NodeSpec(1024, 0)]), "node of 0 memory_mib"),
    "node of no CPU": (Settings(nodes=[warmstow.NodeSpec(0, 1024)]), "node of 0 cpu_units"),
    "zone": (Settings(nodes=[warmstow.NodeSpec(1, 1, 64)]), "zone 64 of a node: at most 63"),
    "function too large": (
        Settings(nodes=[warmstow.NodeSpec(8192, 500)]),
        "512 memory_mib needed: the largest node has 500",
    ),
    "bucket": (Settings(series_bucket_s=1e-6), "at most 1000000"),
    "no instance": (Settings(max_instances=0), "max_instances"),
    "instance concurrency": (Settings(instance_concurrency=0), "instance_concurrency"),
}


@pytest.mark.parametrize(("settings", "message"), BAD_SETTINGS.values(), ids=BAD_SETTINGS.keys())
def test_a_setting_that_cannot_hold_is_named(settings: Settings, message: str) -> None:
    with pytest.raises(warmstow.ConfigError, match=message):
        warmstow.replay(_arrivals(10), settings)


def test_an_environment_of_lambda_is_reset_by_a_timeout() -> None:
    trace = warmstow.ArrivalTrace.from_seconds(
        timestamp_s=[0.0, 20.0, 40.0], function=["f"] * 3, duration_s=[5.0, 0.5, 0.5]
    )
    settings = warmstow.Settings(
        timeout_s=3.0,
        lifecycle="resets",
        cold_start_environment="det:0.5",
        cold_start_code="det:2",
    )
    report = warmstow.replay(trace, settings)
    assert (report.cold_starts, report.timeouts, report.stopped_instances) == (1, 1, 0)
    assert (report.latency_ms["p50"], report.latency_ms["max"]) == (2500.0, 5500.0)
    ends = warmstow.replay(trace, replace(settings, lifecycle="ends"))
    assert (ends.cold_starts, ends.stopped_instances) == (2, 1)
    with pytest.raises(warmstow.ConfigError, match="lifecycle is 'dies': needs ends or resets"):
        warmstow.replay(trace, replace(settings, lifecycle="dies"))
