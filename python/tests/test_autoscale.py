"""A scaler from Python: metrics in, decisions out, with their reasons."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import warmstow
from warmstow import ConfigError, Scaler

MINUTE = 60_000_000_000


def _config(**changes: Any) -> dict[str, Any]:
    policies = [
        {"name": "cpu at 50", "metric": "cpu", "rule": {"target_tracking": {"target": 50}}},
    ]
    return {"min": 1, "max": 20, "running": 4, "policies": policies} | changes


def _feed(scaler: Scaler, minutes: range, **metrics: float) -> list[warmstow.Decision]:
    for minute in minutes:
        for metric, value in metrics.items():
            scaler.observe(minute * MINUTE, metric, value)
        scaler.advance((minute + 1) * MINUTE)
    return scaler.decisions()


def test_three_minutes_above_the_target_scale_out() -> None:
    scaler = Scaler(_config())
    assert scaler.next_deadline_ns == MINUTE
    (decision,) = _feed(scaler, range(3), cpu=80.0)
    assert (decision.before, decision.desired, decision.running) == (4, 7, 4)
    assert (decision.cause, decision.name, decision.direction) == ("policy", "cpu at 50", "out")
    assert (decision.wanted, decision.value, decision.threshold) == (7, 80.0, 50.0)
    assert decision.suppressed is None
    assert decision.at_ns == 3 * MINUTE
    assert str(decision) == decision.text
    assert "80 over 50 for 3 periods; desired 7" in repr(decision)
    assert scaler.desired == 7
    assert scaler.decisions() == []


def test_what_is_held_back_says_why() -> None:
    scaler = Scaler(_config(running=20))
    (decision,) = _feed(scaler, range(4), cpu=80.0)
    assert (decision.suppressed, decision.desired) == ("at_bound", 20)
    scaler.set_deployment(4 * MINUTE, under_way=True)
    (decision,) = _feed(scaler, range(4, 30), cpu=10.0)
    assert decision.suppressed == "deployment"
    scaler.set_deployment(30 * MINUTE, under_way=False)
    scaler.suspend(30 * MINUTE, scale_in=True)
    (decision,) = _feed(scaler, range(30, 31), cpu=10.0)
    assert decision.suppressed == "suspended"
    scaler.suspend(31 * MINUTE)
    (decision,) = _feed(scaler, range(31, 32), cpu=10.0)
    assert (decision.direction, decision.desired) == ("in", 4)


def test_the_schedule_and_the_bounds_act_at_once() -> None:
    night = {"name": "night", "schedule": "cron(0 22 * * ? *)", "max": 3}
    # 2026-01-05 at 21:00 UTC.
    scaler = Scaler(_config(policies=[], scheduled=[night], unix_s_at_origin=1_767_646_800))
    assert scaler.next_deadline_ns == 60 * MINUTE
    scaler.advance(60 * MINUTE)
    (decision,) = scaler.decisions()
    assert (decision.cause, decision.name, decision.desired) == ("scheduled", "night", 3)
    assert decision.wanted is None
    assert scaler.bounds == (1, 3)
    scaler.set_bounds(61 * MINUTE, 5, 9)
    (decision,) = scaler.decisions()
    assert (decision.cause, decision.desired) == ("bounds", 5)
    scaler.set_desired(62 * MINUTE, 9)
    scaler.set_running(62 * MINUTE, 9)
    assert scaler.desired == 9


def test_a_configuration_is_a_mapping_or_json() -> None:
    text = json.dumps(_config())
    (from_text,) = _feed(Scaler(text), range(3), cpu=80.0)
    (from_mapping,) = _feed(Scaler(_config()), range(3), cpu=80.0)
    assert from_text.text == from_mapping.text


@pytest.mark.parametrize(
    ("config", "says"),
    [
        (_config(min=30), "min capacity 30 is above max capacity 20"),
        (_config(cooldown=3), "unknown field `cooldown`"),
        ({"min": 1}, "missing field `max`"),
        ("{", "EOF while parsing"),
        ({"min": {1}}, "config is no JSON"),
        (_config(scheduled=[{"name": "s", "schedule": "daily", "min": 1}]), "at(...)"),
    ],
)
def test_a_configuration_that_cannot_hold_is_named(config: Any, says: str) -> None:
    with pytest.raises(ConfigError) as error:
        Scaler(config)
    assert says in str(error.value)


def test_a_wrong_call_changes_nothing() -> None:
    scaler = Scaler(_config())
    with pytest.raises(ConfigError, match='metric is "memory": no policy reads it'):
        scaler.observe(9 * MINUTE, "memory", 1.0)
    with pytest.raises(ConfigError, match="must be a finite number"):
        scaler.observe(9 * MINUTE, "cpu", float("nan"))
    with pytest.raises(ConfigError, match="min capacity 2 is above max capacity 1"):
        scaler.set_bounds(9 * MINUTE, 2, 1)
    with pytest.raises(ConfigError, match="running is -1"):
        scaler.set_running(0, -1)
    wrong: Any = "no"
    with pytest.raises(ConfigError, match="under_way is 'no': needs True or False"):
        scaler.set_deployment(9 * MINUTE, under_way=wrong)
    assert scaler.next_deadline_ns == MINUTE


def test_threads_share_a_scaler() -> None:
    scaler = Scaler(_config(max=1000))
    with ThreadPoolExecutor(8) as pool:
        for _ in pool.map(lambda at: scaler.observe(at * 1_000_000_000, "cpu", 80.0), range(600)):
            pass
    scaler.advance(10 * MINUTE)
    assert scaler.desired == 7
