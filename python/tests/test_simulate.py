"""Scenarios of containers: the call, the command and the page."""

from __future__ import annotations

import json
import re
import threading
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import warmstow
from hypothesis import given, settings
from hypothesis import strategies as st
from warmstow.scenariofigures import clock, told

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SCENARIOS = files("warmstow") / "data" / "scenarios"
NAMES = ("rolling-deploy", "zone-loss", "autoscaled-week")

SMALL: dict[str, Any] = {
    "duration_s": 600,
    "service": {"name": "web", "desired": 2},
    "task": {"cpu_units": 512, "memory_mib": 512, "capacity_per_s": 50, "start": "det:30"},
    "load": {"points": [{"at_s": 0, "per_s": 120}]},
    "group": {"type": "m5.large", "initial": 1},
}


def text_of(name: str) -> str:
    return (SCENARIOS / f"{name}.toml").read_text(encoding="utf-8")


def same(a: warmstow.ScenarioReport, b: warmstow.ScenarioReport) -> bool:
    """All alike but the wall time."""
    first, second = a.as_dict(minutes=True), b.as_dict(minutes=True)
    first.pop("wall_s")
    second.pop("wall_s")
    return bool(first == second)


def test_a_scenario_by_hand() -> None:
    report = warmstow.simulate(SMALL)
    minutes = report.minutes
    assert minutes.at_s.tolist() == [60.0 * minute for minute in range(1, 11)]
    assert minutes.running.tolist() == [2] * 10
    assert minutes.desired.dtype == np.uint32
    # 120 asked for and 100 served; the tasks run from 30 s on, and looks are at
    # 10, 20, ... 60 s: two of them see none.
    assert minutes.lost[0] == 2 * 1200 + 4 * 200
    assert minutes.lost[1:].tolist() == [1200.0] * 9
    assert np.array_equal(minutes.served + minutes.lost, minutes.requests)
    assert minutes.healthy is minutes.running
    assert minutes.cpu_percent.tolist() == [100.0] * 10
    assert minutes.memory_percent.tolist() == [70.0] * 10
    assert minutes.running_by_zone.shape == (3, 10)
    assert np.array_equal(minutes.running_by_zone.sum(axis=0), minutes.running)
    assert minutes.instances_usd[-1] == pytest.approx(0.096 / 6)
    assert report.bill.instances_usd == pytest.approx(0.096 / 6)
    assert report.bill.on_demand_hours == pytest.approx(1 / 6)
    assert report.lost_share == pytest.approx(report.totals["lost"] / 72_000)
    assert [(of.revision, of.rollout) for of in report.deployments] == [(1, "completed")]


@pytest.mark.parametrize("name", NAMES)
def test_the_package_s_scenarios_give_the_same_twice(name: str, tmp_path: Path) -> None:
    text = text_of(name)
    path = tmp_path / "scenario.toml"
    path.write_text(text, encoding="utf-8")
    report = warmstow.simulate(text)
    assert same(report, warmstow.simulate(path))
    assert same(report, warmstow.simulate(str(path)))
    assert not same(report, warmstow.simulate(text, seed=1))


def test_what_the_package_s_scenarios_show() -> None:
    rolling = warmstow.simulate(text_of("rolling-deploy"))
    assert (rolling.totals["lost"], rolling.totals["tasks_failed"]) == (0, 4)
    rolled = [event.at_s for event in rolling.events if "rolling back" in event.text]
    assert len(rolled) == 1
    assert 1370 < rolled[0] < 1500
    zone = warmstow.simulate(text_of("zone-loss")).minutes
    assert zone.running_by_zone[:, -1].tolist() == [4, 4, 4]
    assert set(np.flatnonzero(zone.lost)) <= set(range(29, 34))
    assert zone.lost.sum() > 0


def _two() -> dict[str, Any]:
    web = {key: SMALL[key] for key in ("task", "load")} | SMALL["service"]
    search = web | {
        "name": "search",
        "desired": 1,
        "load": {"points": [{"at_s": 0, "per_s": 40}]},
        "deploys": [{"at_s": 300, "revision": 2}],
        "expect": {"min_running_at_end": 2},
    }
    return {"duration_s": 600, "services": [web, search], "group": SMALL["group"]}


def test_services_share_the_instances(tmp_path: Path) -> None:
    report = warmstow.simulate(_two())
    assert report.service == "web, search"
    web, search = report.services
    assert (web.name, search.name) == ("web", "search")
    assert report.minutes.running[-1] == web.minutes.running[-1] + search.minutes.running[-1] == 3
    assert np.array_equal(report.minutes.lost, web.minutes.lost + search.minutes.lost)
    assert np.array_equal(web.minutes.at_s, report.minutes.at_s)
    assert search.lost_share < web.lost_share
    assert {event.service for event in report.events} == {"web", "search"}
    assert [of.revision for of in report.deployments if of.service == "search"][-1] == 2
    assert report.unmet == ("search: 1 tasks run at the end, expected 2 at least",)
    said = report.as_dict(minutes=True)
    assert [of["name"] for of in said["services"]] == ["web", "search"]
    assert len(said["services"][1]["minutes"]["running"]) == 10
    assert "minutes" not in report.as_dict()["services"][0]

    from warmstow.scenariopage import ScenarioPage

    ScenarioPage(tmp_path).write_scenario(report, "two")
    html = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert html.count("<svg") == 10
    for shown in ("web: load", "search: tasks", "by service", "deploy search"):
        assert shown in html


def test_others_run_while_a_scenario_is_played() -> None:
    # Two at a time give what each gives alone.
    alone = warmstow.simulate(text_of("zone-loss"))
    reports: list[warmstow.ScenarioReport] = []
    threads = [
        threading.Thread(target=lambda: reports.append(warmstow.simulate(text_of("zone-loss"))))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(reports) == 4
    assert all(same(alone, report) for report in reports)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("duration_s = 1\nextra = 2\n", "line 2, extra: no such key; there are duration_s"),
        ("{}", "line 1, duration_s: the key is missing"),
        ("no-such-file.toml", "no-such-file.toml: No such file or directory"),
        (7, "scenario is 7: needs a path, a text or a mapping"),
        ({"duration_s": float("nan")}, "scenario is no JSON"),
        ({"duration_s": {1, 2}}, "scenario is no JSON"),
        (SMALL | {"duration_s": 0}, "must be above 0 and at most 31 days"),
        (SMALL | {"group": {"type": "m5"}}, "group.type: `m5` is none of m5.large"),
        ("a\0b", "a\0b: not UTF-8, or no path"),
    ],
)
def test_what_cannot_be_is_named(given: Any, said: str) -> None:
    with pytest.raises(warmstow.ConfigError) as caught:
        warmstow.simulate(given)
    assert said in str(caught.value)


def test_a_seed_that_is_none_is_refused() -> None:
    with pytest.raises(warmstow.ConfigError, match="seed"):
        warmstow.simulate(SMALL, seed=-1)


def test_the_command_prints_a_table_or_an_object(
    cli: Callable[..., tuple[int, str, str]], figures: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    path = tmp_path / "deploy.toml"
    path.write_text(text_of("rolling-deploy"), encoding="utf-8")
    status, out, err = cli("simulate", path)
    assert (status, err) == (0, "")
    for shown in ("deploy.toml", "2,875,600", "failed by their own fault", "rolling back to"):
        assert shown in out
    said = figures("simulate", path, "--seed", "9")
    assert said["seed"] == 9
    assert said["totals"]["lost"] == 0
    compared = said["bill"]["compared"]
    assert "Fargate, x86" in [row["launch"] for row in compared]
    assert [row["usd"] for row in compared] == sorted(row["usd"] for row in compared)
    assert "minutes" not in said


def test_what_the_scenario_expects_decides_the_exit_status(
    cli: Callable[..., tuple[int, str, str]], tmp_path: Path
) -> None:
    path = tmp_path / "scenario.json"
    few = SMALL | {"expect": {"max_lost_percent": 1, "max_usd": 1}}
    path.write_text(json.dumps(few), encoding="utf-8")
    status, out, err = cli("simulate", path, "--output", tmp_path / "page")
    assert (status, err) == (1, "")
    said = "not as expected: 19.444 % of requests were lost, expected 1 at most"
    assert said in out
    assert said.partition(": ")[2] in (tmp_path / "page/report.html").read_text(encoding="utf-8")
    status, out, _ = cli("simulate", path, "--json")
    assert status == 1
    assert len(json.loads(out)["unmet"]) == 1
    many = few | {"expect": {"max_lost_percent": 20}}
    path.write_text(json.dumps(many), encoding="utf-8")
    assert cli("simulate", path)[0] == 0


def test_the_command_refuses_in_one_line(
    cli: Callable[..., tuple[int, str, str]], tmp_path: Path
) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(text_of("zone-loss").replace("zone = 0", "zone = 3"), encoding="utf-8")
    output = tmp_path / "page"
    status, out, err = cli("simulate", path, "--output", output)
    assert (status, out) == (2, "")
    assert err.count("\n") == 1
    assert "zone_losses[0].zone: is 3, outside 0 to 2" in err
    assert not output.exists()
    path.write_bytes(b"\xff")
    assert cli("simulate", path)[0] == 2
    assert cli("simulate", path, "--seed", "-1")[0] == 2


def test_the_page_has_its_plots_and_its_data(
    cli: Callable[..., tuple[int, str, str]], tmp_path: Path
) -> None:
    path = tmp_path / "<zone>.toml"
    path.write_text(text_of("zone-loss"), encoding="utf-8")
    pages = [tmp_path / "a", tmp_path / "b"]
    for page in pages:
        status, out, _ = cli("simulate", path, "--output", page)
        assert status == 0
        assert "report.html" in out
    html = (pages[0] / "report.html").read_text(encoding="utf-8")
    assert html.count("<svg") == 6
    assert "&lt;zone&gt;.toml" in html
    assert "zone 0 lost" in html
    data = json.loads((pages[0] / "report.json").read_text(encoding="utf-8"))
    assert len(data["minutes"]["running"]) == 240
    assert len(data["minutes"]["running_by_zone"]) == 3
    for name in ("load", "tasks", "zones", "instances", "use", "bill"):
        drawn = [(page / f"{name}.svg").read_bytes() for page in pages]
        assert drawn[0] == drawn[1]


def test_a_page_of_hardly_anything(tmp_path: Path) -> None:
    # No full minute, no task, a zone alone.
    from warmstow.scenariopage import ScenarioPage

    little = SMALL | {"duration_s": 59, "group": {"type": "m5.large", "zones": 1}}
    ScenarioPage(tmp_path).write_scenario(warmstow.simulate(little), "little")
    assert (tmp_path / "report.html").exists()


def test_times_and_events_in_words() -> None:
    assert clock(59.9) == "00:00:59"
    assert clock(2 * 86_400 + 3_661) == "2 d 01:01:01"
    report = warmstow.simulate(text_of("rolling-deploy"))
    assert len(told(report)) < len(report.events) / 4
    assert all("has started" not in event.text for event in told(report))


_WILD = ("0", "1", "3", "100", "0.5", "1e9", "1e-9", "200", "-1", "true", '"x"', '"exp:1"', "[]")
_VALUE = re.compile(r"(?<== )[^\n#\[{]+|(?<=_s = )[0-9.]+")


@given(
    name=st.sampled_from(NAMES[:2]),
    changes=st.lists(st.tuples(st.floats(0, 1), st.sampled_from(_WILD)), min_size=1, max_size=4),
)
@settings(max_examples=60, deadline=None, derandomize=True)
def test_any_value_anywhere_is_played_or_refused(
    name: str, changes: list[tuple[float, str]]
) -> None:
    text = text_of(name)
    for share, value in changes:
        places = list(_VALUE.finditer(text))
        place = places[round(share * (len(places) - 1))]
        text = text[: place.start()] + value + text[place.end() :]
    try:
        minutes = warmstow.simulate(text).minutes
    except warmstow.ConfigError as error:
        refused = str(error)
    else:
        refused = None
    if refused is not None:
        assert refused.startswith("line ")
        return
    assert np.array_equal(minutes.running_by_zone.sum(axis=0), minutes.running)
    assert np.all(minutes.lost <= minutes.requests)
    assert np.all(minutes.waiting <= minutes.pending)
