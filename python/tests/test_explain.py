"""``warmstow explain`` and ``warmstow.explain``: warm, cold and refused, and why."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
import warmstow
from conftest import CliResult
from warmstow import ArrivalTrace, ConfigError, Explanation, NodeSpec, Settings

if TYPE_CHECKING:
    from pathlib import Path

Cli = Callable[..., CliResult]
Figures = Callable[..., dict[str, Any]]

ROWS = """timestamp_s,function,duration_s
0,web,5
1,web,5
2,api,5
100,web,1
"""


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    path = tmp_path / "trace.csv"
    path.write_text(ROWS)
    return path


def _of(*rows: tuple[float, str, float]) -> ArrivalTrace:
    times, functions, durations = zip(*rows, strict=True)
    return ArrivalTrace.from_seconds(
        timestamp_s=times, function=functions, duration_s=durations, horizon_s=1e5
    )


def test_warm_and_cold_say_how_many_were_idle_or_busy() -> None:
    work = _of((0, "web", 5), (1, "web", 5), (8, "web", 1))
    still = Settings(cold_start_environment="det:0", cold_start_code="det:0")
    first, busy, warm = (warmstow.explain(work, row, still) for row in range(3))
    assert (first.fate, first.cause, first.invocation) == ("cold", "first", 0)
    assert (busy.fate, busy.cause, busy.instances, busy.in_flight) == ("cold", "all_busy", 1, 1)
    assert (warm.fate, warm.idle, warm.cause, warm.node) == ("warm", 2, None, None)
    assert str(busy) == "request 1 of web, at 1 s: cold, the one was busy"


def test_what_is_gone_is_named_with_time_and_policy() -> None:
    work = _of((0, "web", 1), (500, "web", 1))
    settings = Settings(keep_alive_s=60, cold_start_environment="det:0", cold_start_code="det:0")
    said = warmstow.explain(work, 1, settings)
    assert (said.cause, said.stopped_at_s, said.stop_cause) == ("gone", 61.0, "keep_alive")
    assert said.policy == "fixed:60s"
    # The same request as the replay's own.
    assert warmstow.replay(work, settings).cold_starts == 2


def test_a_refusal_names_its_limit_and_who_held_it() -> None:
    work = _of((0, "web", 9), (1, "api", 9), (2, "api", 9), (3, "web", 9))
    settings = Settings(account_limit=3, unreserved_minimum=0)
    said = warmstow.explain(work, 3, settings)
    assert (said.fate, said.reason) == ("refused", "ConcurrentInvocationLimitExceeded")
    held = (("api", 2, "in_flight"), ("web", 1, "in_flight"))
    assert (said.limit, said.holders) == (3, held)
    assert said.account_in_flight == 3
    assert said.as_dict()["holders"] == [list(holder) for holder in held]
    idle = Settings(account_limit=3, unreserved_minimum=0, provisioned={"web": 1})
    work = _of((0, "api", 9), (1, "api", 9), (2, "api", 9), (3, "web", 1))
    said = warmstow.explain(work, 2, idle)
    held = (("api", 2, "in_flight"), ("web", 1, "provisioned"))
    assert (said.limit, said.holders) == (2, held)


def test_a_refusal_by_a_rate_says_it_and_how_long_to_wait() -> None:
    work = _of((0, "web", 0.01), (0.25, "web", 0.01))
    said = warmstow.explain(work, 1, Settings(account_limit=1, requests_per_concurrency=1))
    assert said.reason == "FunctionInvocationRateLimitExceeded"
    assert (said.limit, said.rate, said.wait_s) == (1, (1, 1.0, 1), 0.75)
    assert said.as_dict()["rate"] == [1, 1.0, 1]


def test_a_refusal_for_want_of_room_says_what_was_short_and_who_had_it() -> None:
    nodes = (NodeSpec(cpu_units=4096, memory_mib=150),)
    said = warmstow.explain(_of((0, "web", 9), (1, "web", 9)), 1, Settings(nodes=nodes))
    assert (said.reason, said.holders) == ("RESOURCE:MEMORY", (("web", 128, "memory_mib"),))
    assert said.short is not None
    assert (said.short.needed_memory_mib, said.short.largest_free_memory_mib) == (128, 22)
    assert (said.short.nodes, said.short.short_of_memory, said.short.full) == (1, 1, 0)


def test_what_spills_over_the_rate_of_provisioned_concurrency_says_so() -> None:
    work = _of(*[(row / 100, "web", 0.001) for row in range(12)])
    said = warmstow.explain(work, 11, Settings(provisioned={"web": 1}, requests_per_concurrency=10))
    assert (said.fate, said.cause, said.idle, said.per_second) == ("cold", "spilled", 1, 10)


def test_the_node_of_a_cold_start_is_named() -> None:
    nodes = (NodeSpec(cpu_units=2048, memory_mib=4096), NodeSpec(cpu_units=2048, memory_mib=512))
    said = warmstow.explain(_of((0, "web", 9)), 0, Settings(nodes=nodes))
    assert said.node is not None
    assert (said.node.node, said.node.strategy) == (1, "binpack:memory")
    assert (said.node.free_memory_mib, said.node.with_room, said.node.nodes) == (512, 2, 2)


def test_the_command_says_the_same_as_the_call(trace: Path, figures: Figures, cli: Cli) -> None:
    report = figures("explain", trace, "--at", 3, "--keep-alive", "fixed:30s")
    assert report["cause"] == "gone"
    said = warmstow.explain(warmstow.read_trace(trace), 3, Settings(keep_alive="fixed:30s"))
    assert report == said.as_dict()
    assert isinstance(said, Explanation)
    status, out, err = cli("explain", trace, "--at", 3, "--keep-alive", "fixed:30s")
    assert (status, out, err) == (0, f"{said}\n", "")
    status, out, _ = cli("explain", trace, "--at", 2, "--reserved", "api=0")
    assert status == 0
    assert "refused, ReservedFunctionConcurrentInvocationLimitExceeded, the limit is 0" in out


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (("--at", 4), "row is 4: the workload has 4 requests"),
        (("--at", -1), "--at"),
        ((), "--at"),
        (("--at", 0, "--keep-alive", "longest"), "keep-alive"),
    ],
)
def test_what_cannot_be_asked_ends_with_one_line_and_exit_status_2(
    trace: Path, cli: Cli, options: tuple[object, ...], problem: str
) -> None:
    status, out, err = cli("explain", trace, *options)
    assert (status, out) == (2, "")
    assert problem in err
    assert err.count("\n") == 1


def test_calls_that_cannot_be_are_refused() -> None:
    work = _of((0, "web", 1))
    for row in (-1, 1.5, True, "0"):
        with pytest.raises(ConfigError, match="row is"):
            warmstow.explain(work, row)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="settings is"):
        warmstow.explain(work, 0, {})  # type: ignore[arg-type]
    steps: list[float] = []
    warmstow.explain(_of(*[(at, "web", 1) for at in range(9)]), 8, progress=steps.append)
    assert steps == [1.0]
