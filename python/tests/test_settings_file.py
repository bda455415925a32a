"""A settings file: TOML or JSON, the same region for every surface."""

import json
from pathlib import Path

import pytest
import warmstow
from warmstow.cli import main

TOML = """
[account]
concurrency_limit = 500
scaling_rate = "lambda"

[[nodes]]
cpu_units = 4096
memory_mib = 8192
count = 2

[functions.resize]
memory_mib = 512
reserved_concurrency = 100
keep_alive_s = 12.5

[functions.resize.network]
subnets = [{ id = "a", zone = "z" }]
security_groups = [{ id = "g" }]
"""

JSON = json.dumps(
    {
        "account": {"concurrency_limit": 500},
        "nodes": [{"cpu_units": 4096, "memory_mib": 8192, "count": 2}],
        "functions": {"resize": {"memory_mib": 512, "reserved_concurrency": 100}},
    }
)


@pytest.mark.parametrize("text", [TOML, JSON])
def test_a_region_is_as_the_file_says(text: str) -> None:
    region = warmstow.Region.from_settings(text)
    assert region.account_limit == 500
    assert region.reserved_concurrency == 100
    assert [node.memory_mib for node in region.nodes()] == [8192, 8192]
    resize = region.function("resize")
    assert resize is not None
    assert region.invoke(0, resize).cold


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[region]\nlane = 3\n", "line 2, region.lane: no such key"),
        ('{"nodes": 3}', "line 1, nodes: is a whole number, not a list"),
        ("[functions.f]\nmemory_mib = 0\n", "line 2, functions.f.memory_mib: is 0, outside 1 to"),
        (
            "[functions.f]\nreserved_concurrency = 901\n",
            "line 2, functions.f.reserved_concurrency: ",
        ),
        ("[functions.f]\nprovisioned_concurrency = 950\n", "f.provisioned_concurrency: "),
        ('[functions.f]\nkeep_alive = "now"\n', "line 2, functions.f.keep_alive: "),
    ],
)
def test_a_fault_is_named_by_line_and_key(text: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(warmstow.ConfigError, match="line") as raised:
        warmstow.Region.from_settings(text)
    assert says in str(raised.value)


PROVISIONED = """
[account]
provisioning = "at-once"
[functions.api]
provisioned_concurrency = 2
timeout_s = 30
[functions.cron]
keep_alive = "fixed:60s"
timeout_s = 30
"""


def test_a_file_provisions_and_keeps() -> None:
    region = warmstow.Region.from_settings(PROVISIONED, now_ns=5)
    api, cron = region.versioned("api"), region.function("cron")
    assert api is not None
    assert cron is not None
    assert region.versioned("cron") is None
    starts = api.actions()
    assert [action.kind for action in starts] == ["start", "start"]
    for action in starts:
        assert action.prestart is not None
        api.prepared(6, action.prestart)
    pool = region.function("api")
    assert pool is not None
    assert not region.invoke(7, pool).cold
    assert region.keeper is not None
    assert region.keeper.policy(cron) == "fixed:60s"
    assert warmstow.Region.from_settings("").keeper is None


def test_check_shows_what_is_provisioned_and_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "region.toml"
    file.write_text(PROVISIONED)
    assert main(["check", str(file)]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert shown[3:5] == ["provisioned   2", "kept by       fixed:60s"]


def test_a_replay_provisions_keeps_and_ends_as_the_file_says(tmp_path: Path) -> None:
    trace, file = tmp_path / "trace.csv", tmp_path / "region.toml"
    trace.write_text("timestamp_s,function,duration_s\n0,api,5\n1,cron,50\n2,api,5\n")
    file.write_text(PROVISIONED)
    work = warmstow.read_trace(trace)
    settings = warmstow.read_settings(file, work)
    assert (settings.provisioned, settings.timeout_s) == ({"api": 2}, 30.0)
    report = warmstow.replay(work, settings)
    assert (report.cold_starts, report.timeouts) == (1, 1)


def test_a_text_is_a_text() -> None:
    with pytest.raises(warmstow.ConfigError, match="text"):
        warmstow.Region.from_settings(3)  # type: ignore[arg-type]


def test_check_says_what_a_file_builds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "region.toml"
    file.write_text(TOML)
    assert main(["check", str(file), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["account_limit"] == 500
    assert said["scaling_rate"] == "function:1000/10:1000"
    assert said["nodes"] == [[4096, 8192, 0], [4096, 8192, 0]]
    assert said["functions"]["resize"]["keep_alive_s"] == 12.5
    assert said["functions"]["resize"]["subnets"] == ["a"]
    assert len(said["warnings"]) == 3
    assert "functions.resize: no execution role" in said["warnings"][-1]
    assert main(["check", str(file)]) == 0
    shown = capsys.readouterr().out
    assert "100 of it reserved" in shown
    assert "all subnets are in z" in shown
    assert main(["check", str(file), "--strict"]) == 1


def test_check_refuses_by_line_and_key(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "region.json"
    file.write_text('{"region":\n {"lanes": 0}}')
    assert main(["check", str(file)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "line 2, region.lanes: is 0, outside 1 to 256" in err
    assert main(["check", str(tmp_path / "none.toml")]) == 2
    assert "none.toml" in capsys.readouterr().err


REPLAYED = """
[account]
concurrency_limit = 3
unreserved_minimum = 0

[[nodes]]
cpu_units = 4096
memory_mib = 8192
count = 2

[functions.web]
reserved_concurrency = 1
keep_alive_s = 30
max_instances = 7

[functions.elsewhere]
pick = "lru"
"""


def _trace(tmp_path: Path) -> tuple[Path, Path]:
    trace, file = tmp_path / "trace.csv", tmp_path / "region.toml"
    trace.write_text("timestamp_s,function,duration_s\n0,web,5\n1,web,5\n2,api,5\n90,web,1\n")
    file.write_text(REPLAYED)
    return trace, file


def test_a_replay_takes_the_file_and_options_go_before_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trace, file = _trace(tmp_path)
    work = warmstow.read_trace(trace)
    settings = warmstow.read_settings(file, work)
    assert (settings.account_limit, settings.reserved) == (3, {"web": 1})
    assert [node.memory_mib for node in settings.nodes] == [8192, 8192]
    web, api = settings.function_specs(work)
    assert (web.keep_alive, web.max_instances, api.keep_alive) == ("fixed:30s", 7, None)
    report = warmstow.replay(work, settings)
    assert (report.cold_starts, report.throttles) == (
        3,
        {"ReservedFunctionConcurrentInvocationLimitExceeded": 1},
    )

    def replayed(*options: str) -> dict[str, int]:
        assert main(["replay", str(trace), "--settings", str(file), *options, "--json"]) == 0
        said: dict[str, int] = json.loads(capsys.readouterr().out)
        return said

    assert replayed()["throttles"] == report.throttles
    more = replayed("--reserved", "web=2", "--keep-alive", "fixed:600s")
    assert (more["throttles"], more["cold_starts"]) == ({}, 3)
    assert replayed("--account-limit", "1")["throttles"] != report.throttles


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("keep_alive_s = 30", "keep_alive_s = -1"), "line 13, functions.web.keep_alive_s"),
        (("[functions.elsewhere]", "[functions.api]"), "pick is lru, packed: a replay has one"),
        (
            ("[functions.elsewhere]", "[functions.api]\ninstance_concurrency = 2"),
            "is 1, 2: a replay has one|is lru, packed",
        ),
    ],
)
def test_a_file_that_a_replay_cannot_take_is_refused(
    change: tuple[str, str], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trace, file = _trace(tmp_path)
    file.write_text(REPLAYED.replace(*change))
    with pytest.raises(warmstow.ConfigError, match=says):
        warmstow.read_settings(file, warmstow.read_trace(trace))
    assert main(["replay", str(trace), "--settings", str(file)]) == 2
    assert main(["replay", str(trace), "--settings", str(tmp_path / "none.toml")]) == 2
    assert "none.toml: No such file" in capsys.readouterr().err
