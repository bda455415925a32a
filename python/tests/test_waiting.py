"""Requests and events that wait: backlogs, asynchronous queues, polled sources,
and the front door."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from warmstow import (
    AsyncQueue,
    Backlog,
    ConfigError,
    ExhaustedError,
    FrontEnd,
    FunctionSpec,
    PolledSource,
    Region,
    StaleHandleError,
    VersionedFunction,
)

SECOND = 1_000_000_000
MINUTE = 60 * SECOND


def _narrow() -> Region:
    return Region(account_limit=1, unreserved_minimum=0, max_aliases=1)


def test_a_request_waits_where_it_would_be_refused() -> None:
    region = _narrow()
    backlog = Backlog(region, region.add_function("f"), capacity=2, max_wait_s=10)
    first = backlog.offer(0, 1)
    assert first is not None
    assert backlog.offer(1, 2) is None
    assert backlog.offer(1, 3) is None
    with pytest.raises(ExhaustedError, match="2 requests wait already") as full:
        backlog.offer(1, 4)
    assert full.value.resource == "BacklogFull"
    assert backlog.withdraw(3)
    assert not backlog.withdraw(3)
    region.started(2, first.lease)
    region.complete(SECOND, first.lease)
    backlog.freed(SECOND)
    (action,) = backlog.actions()
    assert (action.request, action.waited_ns, action.dropped) == (2, SECOND - 1, None)
    assert action.invocation is not None
    assert not action.invocation.cold
    assert repr(action) == f"BacklogAction(request=2, waited_ns={SECOND - 1}, runs)"
    counts = backlog.counts()
    assert counts["offered"] == counts["admitted"] + counts["waited"] + counts["refused"]


def test_the_longest_wait_and_the_overflow_drop_requests() -> None:
    region = _narrow()
    function = region.add_function("f")
    backlog = Backlog(region, function, capacity=1, max_wait_s=10, overflow="drop_oldest")
    assert backlog.offer(0, 1) is not None
    assert backlog.offer(1, 2) is None
    assert backlog.offer(2, 3) is None
    backlog.advance(20 * SECOND)
    dropped = [(action.request, action.dropped) for action in backlog.actions()]
    assert dropped == [(2, "pushed_out"), (3, "too_late")]
    assert (len(backlog), backlog.next_deadline_ns) == (0, None)
    backlog.configure(20 * SECOND, capacity=5, max_wait_s=1, overflow="refuse")
    assert backlog.offer(20 * SECOND, 4) is None
    assert backlog.next_deadline_ns is not None
    assert backlog.next_deadline_ns <= 21 * SECOND


def test_a_backlog_before_an_alias_ends_with_it() -> None:
    region = _narrow()
    shop = VersionedFunction(region, FunctionSpec("shop"))
    shop.publish()
    backlog = Backlog(region, shop.create_alias("live", 1), capacity=9)
    first = backlog.offer(0, 1)
    assert first is not None
    assert backlog.offer(0, 2) is None
    shop.delete_alias(1, "live")
    backlog.freed(2)
    (action,) = backlog.actions()
    assert (action.request, action.dropped) == (2, "UnknownAlias")
    with pytest.raises(StaleHandleError):
        backlog.offer(3, 3)


def test_wrong_backlogs_are_refused() -> None:
    region = _narrow()
    function = region.add_function("f")
    with pytest.raises(ConfigError, match="backlog of 0"):
        Backlog(region, function, capacity=0)
    with pytest.raises(ConfigError, match="wait of 0 s"):
        Backlog(region, function, capacity=1, max_wait_s=0)
    with pytest.raises(ConfigError, match="overflow is"):
        Backlog(region, function, capacity=1, overflow="spill")
    with pytest.raises(TypeError):
        Backlog(region, "f", capacity=1)  # type: ignore[arg-type]


def test_an_event_is_tried_three_times_and_then_delivered() -> None:
    queue = AsyncQueue(on_failure=True, dead_letter=True)
    event = queue.accept(0)
    now = 0
    for attempt, wait in ((1, MINUTE), (2, 2 * MINUTE)):
        (action,) = queue.actions()
        assert (action.kind, action.event, action.attempt) == ("invoke", event, attempt)
        queue.report(now, event, "throttled")
        assert queue.next_deadline_ns == now + SECOND
        now += SECOND
        queue.advance(now)
        (action,) = queue.actions()
        assert action.attempt == attempt, "a throttle costs no retry"
        queue.report(now, event, "failed")
        now += wait
        assert queue.next_deadline_ns == now
        queue.advance(now)
    queue.actions()
    queue.report(now, event, "failed")
    left = [(action.kind, action.to, action.condition) for action in queue.actions()]
    assert sorted(left) == [
        ("deliver", "dead_letter", "RetriesExhausted"),
        ("deliver", "on_failure", "RetriesExhausted"),
    ]
    queue.undelivered("dead_letter")
    queue.undelivered("on_failure")
    assert queue.metrics() == {
        "AsyncEventsReceived": 1,
        "AsyncEventsDropped": 1,
        "DeadLetterErrors": 1,
        "DestinationDeliveryFailures": 1,
    }
    assert len(queue) == 0


def test_a_stopped_function_and_an_old_event_are_not_tried() -> None:
    queue = AsyncQueue(max_age_s=60, capacity=2)
    queue.set_stopped(0, True)
    stopped = queue.accept(0)
    (action,) = queue.actions()
    assert (action.kind, action.event) == ("forget", stopped)
    assert action.condition == "ZeroReservedConcurrency"
    assert repr(action) == "AsyncAction(forget, event=1, ZeroReservedConcurrency)"
    queue.set_stopped(1, False)
    old = queue.accept(1)
    queue.actions()
    queue.report(2, old, "throttled")
    assert queue.oldest_age_ns(3) == 2
    queue.advance(61 * SECOND)
    (action,) = queue.actions()
    assert (action.event, action.condition) == (old, "EventAgeExceeded")


def test_wrong_events_are_refused() -> None:
    for name, value in (("max_age_s", 59), ("retries", 3), ("capacity", 0)):
        with pytest.raises(ConfigError):
            AsyncQueue(**{name: value})
    queue = AsyncQueue(capacity=1)
    event = queue.accept(0)
    with pytest.raises(ExhaustedError, match="1 events are in the queue"):
        queue.accept(0)
    with pytest.raises(ConfigError, match="outcome is"):
        queue.report(0, event, "fine")
    with pytest.raises(StaleHandleError, match="event 9 is not in flight"):
        queue.report(0, 9, "failed")
    with pytest.raises(ConfigError, match="to is"):
        queue.undelivered("moon")


def test_a_source_is_polled_in_batches_by_more_pollers_each_minute() -> None:
    source = PolledSource(batch_size=1, scaling=(2, 3, 4))
    source.messages(0, 100)
    assert source.batches() == [(1, 1), (2, 1)]
    assert (source.in_flight, source.concurrency) == (2, 2)
    assert source.next_deadline_ns == MINUTE
    source.advance(MINUTE)
    assert source.concurrency == 4, "3 more, and 4 at most"
    assert [batch for batch, _ in source.batches()] == [3, 4]
    source.ended(MINUTE, 1, "throttled")
    assert source.concurrency == 2
    for batch in (2, 3, 4):
        source.ended(MINUTE, batch, "succeeded")
    with pytest.raises(StaleHandleError, match="batch 1 is not in flight"):
        source.ended(MINUTE, 1, "failed")


def test_a_window_fills_a_batch() -> None:
    source = PolledSource(batch_size=100, window_s=5, maximum_concurrency=2)
    source.messages(0, 7)
    assert source.batches() == []
    assert source.next_deadline_ns == 5 * SECOND
    source.advance(5 * SECOND)
    assert source.batches() == [(1, 7)]


def test_wrong_sources_are_refused() -> None:
    for values in (
        {"batch_size": 0},
        {"batch_size": 11},
        {"window_s": 301},
        {"maximum_concurrency": 1},
        {"scaling": "fast"},
        {"scaling": (0, 1, 2)},
        {"scaling": 5},
    ):
        with pytest.raises(ConfigError):
            PolledSource(**values)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="end is"):
        PolledSource().ended(0, 1, "maybe")


def test_a_front_end_answers_429_at_its_own_rate() -> None:
    door = FrontEnd(rate_per_s=2, burst=1)
    assert door.admit(0) is None
    assert door.admit(100_000_000) == 400_000_000
    door.set_rate(rate_per_s=1000, burst=10)
    with pytest.raises(ConfigError):
        door.set_rate(rate_per_s=0, burst=1)
    with pytest.raises(ConfigError, match="burst is -1"):
        FrontEnd(burst=-1)


def test_a_front_end_is_exact_from_many_threads() -> None:
    door = FrontEnd(rate_per_s=1, burst=500)
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: door.admit(0), range(1000)))
    assert answers.count(None) == 500


def test_a_queue_and_a_source_change_while_they_run() -> None:
    queue = AsyncQueue(retries=0)
    event = queue.accept(0)
    queue.configure(1, retries=1)
    queue.actions()
    queue.report(2, event, "failed")
    assert queue.actions() == []
    assert queue.next_deadline_ns == 2 + MINUTE
    with pytest.raises(ConfigError, match="MaximumRetryAttempts of 3"):
        queue.configure(3, retries=3)
    source = PolledSource(scaling=(1, 0, 9))
    source.messages(0, 100)
    assert [size for _, size in source.batches()] == [10]
    source.configure(1, batch_size=5, scaling=(3, 0, 9))
    assert [size for _, size in source.batches()] == [5, 5]
    with pytest.raises(ConfigError, match="BatchSize of 0"):
        source.configure(2, batch_size=0)
