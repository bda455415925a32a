"""The command line's contract: keys, exit statuses, and what goes where."""

from __future__ import annotations

import csv
import html
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import AzureFolder, CliResult

Cli = Callable[..., CliResult]
Figures = Callable[..., dict[str, Any]]

POISSON = "poisson:rate=2,warm=exp:0.5,cold=exp:0.8,duration=2000"
KEYS = {
    "invocations", "warm_starts", "cold_starts", "cold_start_probability", "throttles", "timeouts",
    "errors", "peak_concurrency", "mean_instances", "mean_busy_instances", "mean_idle_instances",
    "mean_instance_lifespan_s", "latency_ms", "gb_seconds", "cost_usd", "wall_s",
    "invocations_per_s", "functions",
}  # fmt: skip
INNER = {
    "latency_ms": {"p50", "p90", "p95", "p99", "max"},
    "gb_seconds": {"busy", "idle", "init"},
    "cost_usd": {"requests", "duration", "provisioned", "total"},
}


def _assert_contract(report: dict[str, Any]) -> None:
    assert report.keys() >= KEYS
    for key, inner in INNER.items():
        assert report[key].keys() == inner
    served = report["warm_starts"] + report["cold_starts"]
    assert report["invocations"] == served + sum(report["throttles"].values())
    assert report["cold_start_probability"] == pytest.approx(report["cold_starts"] / served)
    means = report["mean_busy_instances"] + report["mean_idle_instances"]
    assert report["mean_instances"] == pytest.approx(means)
    assert report["cost_usd"]["total"] == pytest.approx(
        sum(report["cost_usd"][key] for key in ("requests", "duration", "provisioned"))
    )
    assert report["wall_s"] > 0
    assert report["invocations_per_s"] == pytest.approx(report["invocations"] / report["wall_s"])


def test_json_has_every_key_for_each_form(
    figures: Figures, azure: AzureFolder, tmp_path: Path
) -> None:
    canonical = tmp_path / "trace.csv"
    canonical.write_text("timestamp_s,function,duration_s\n0,f,1\n1,g,1\n")
    for trace in (POISSON, azure.write(), canonical):
        report = figures("replay", trace)
        _assert_contract(report)
        assert report["functions"] == []


def test_functions_adds_the_same_figures_by_function(figures: Figures, azure: AzureFolder) -> None:
    report = figures("replay", azure.write(), "--functions")
    assert [f["function"] for f in report["functions"]] == ["f1", "f2"]
    for function in report["functions"]:
        assert function.keys() >= KEYS - {"wall_s", "invocations_per_s", "functions"}
    assert sum(f["invocations"] for f in report["functions"]) == report["invocations"]


def test_the_same_seed_gives_the_same_figures_and_another_seed_others(figures: Figures) -> None:
    first, again = (figures("replay", POISSON, "--seed", 7) for _ in range(2))
    other = figures("replay", POISSON, "--seed", 8)
    for report in (first, again, other):
        del report["wall_s"], report["invocations_per_s"]
    assert first == again
    assert first["invocations"] != other["invocations"]


def test_each_option_has_its_effect(figures: Figures, azure: AzureFolder) -> None:
    base = figures("replay", POISSON)
    assert base["throttles"] == {}

    def run(*options: object) -> dict[str, Any]:
        return figures("replay", POISSON, *options)

    limited = run("--account-limit", 1)
    assert limited["throttles"].keys() == {"ConcurrentInvocationLimitExceeded"}
    assert limited["peak_concurrency"] == 1
    reserved = run("--reserved", "poisson=2")
    assert reserved["throttles"].keys() == {"ReservedFunctionConcurrentInvocationLimitExceeded"}
    assert reserved["peak_concurrency"] == 2
    ready = run("--provisioned", "poisson=4")
    served = ready["provisioned_invocations"] + ready["spillover_invocations"]
    assert served == ready["invocations"]
    assert ready["cold_starts"] < base["cold_starts"]
    assert ready["cost_usd"]["provisioned"] > 0
    stopped = run("--reserved", "pois=0")
    assert stopped["warm_starts"] == stopped["cold_starts"] == 0
    bounded = run("--max-instances", "1")
    assert bounded["throttles"].keys() == {"InstanceLimitExceeded"}
    assert run("--max-instances", "poisson=1")["throttles"] == bounded["throttles"]
    scaled = run("--scaling-rate", "function:1/1000000")
    assert scaled["throttles"].keys() == {"ScalingRateExceeded"}
    assert scaled["cold_starts"] == 1
    assert run("--scaling-rate", "lambda")["throttles"] == {}
    metered = run("--account-limit", 101, "--requests-per-concurrency", 1, "--reserved", "pois=1")
    assert "ReservedFunctionInvocationRateLimitExceeded" in metered["throttles"]
    short = run("--keep-alive", "fixed:500ms")
    assert short["cold_starts"] > base["cold_starts"]
    assert short["gb_seconds"]["idle"] < base["gb_seconds"]["idle"]
    assert run("--keep-alive", "lru:500ms")["cold_starts"] == short["cold_starts"]
    for policy in ("histogram", "greedy-dual", "lru", "adaptive", "adaptive:5"):
        kept = run("--keep-alive", policy)
        assert kept["warm_starts"] + kept["cold_starts"] == base["invocations"], policy
    cheap, dear = (run("--keep-alive", f"adaptive:{worth}") for worth in ("0.01", "100"))
    assert cheap["cold_starts"] > dear["cold_starts"]
    assert cheap["gb_seconds"]["idle"] < dear["gb_seconds"]["idle"]
    lru = run("--pick", "lru")
    assert lru["mean_instances"] > base["mean_instances"]
    small = run("--nodes", "1:1:256")
    assert small["throttles"].keys() == {"RESOURCE:MEMORY"}
    assert small["fleet"]["nodes"] == 1
    timed = run("--timeout", "1s")
    assert timed["timeouts"] > 0
    assert timed["latency_ms"]["max"] <= 1000
    crashed = run("--crash-rate", 0.1)
    assert 0.05 < crashed["errors"] / crashed["invocations"] < 0.15
    arm = run("--architecture", "arm64")
    share = arm["cost_usd"]["duration"] / base["cost_usd"]["duration"]
    assert share == pytest.approx(0.8, rel=1e-4)

    stages = ("--cold-start-environment", "det:2", "--cold-start-code", "det:3")
    cold = figures("replay", azure.write(), *stages, "--keep-alive", "fixed:0s")
    assert cold["latency_ms"]["p50"] >= 5000


def test_nodes_and_zones_share_the_load_as_the_strategy_says(figures: Figures) -> None:
    def used(strategy: str) -> float:
        options = ("--nodes", "4:2:2048:2", "--strategy", strategy)
        fleet = figures("replay", POISSON, *options)["fleet"]
        return float(fleet["mean_nodes_used"])

    assert used("binpack:memory") == pytest.approx(1, abs=0.01)
    assert used("binpack:cpu") == pytest.approx(1, abs=0.01)
    assert used("spread:node") > 3
    assert used("spread:zone") > 3
    assert used("random") > 2


def test_csv_has_a_row_for_all_and_one_for_each_function(cli: Cli, azure: AzureFolder) -> None:
    folder = azure.write()
    status, out, err = cli("replay", folder, "--format", "csv", "--functions")
    assert (status, err) == (0, "")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert [row["function"] for row in rows] == ["*", "f1", "f2"]
    assert rows[0]["invocations"] == "8"
    assert {"latency_ms.p99", "gb_seconds.idle", "cost_usd.total"} <= rows[0].keys()


def test_the_table_is_for_people(cli: Cli, azure: AzureFolder) -> None:
    status, out, err = cli("replay", azure.write(), "--nodes", "2:1:512", "--functions")
    assert (status, err) == (0, "")
    for text in ("warm starts", "cold starts", "p99", "held idle", "in use, peak", "total", "f1"):
        assert text in out


def test_names_are_printed_as_they_are(cli: Cli, tmp_path: Path) -> None:
    names = ["[red]x[/]", ":smile:", "<b>&amp;"]
    trace = tmp_path / "[bold] trace.csv"
    rows = "".join(f"{at},{name},1\n" for at, name in enumerate(names))
    trace.write_text(f"timestamp_s,function,duration_s\n{rows}")
    status, out, _ = cli("replay", trace, "--functions", "--output", tmp_path / "report")
    assert status == 0
    assert "[bold] trace.csv" in out
    page = (tmp_path / "report" / "report.html").read_text()
    for name in names:
        assert name in out
        assert html.escape(name) in page
    assert "<b>&amp;" not in page


def test_output_writes_the_page_and_its_data(cli: Cli, azure: AzureFolder, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "report"
    status, out, _ = cli("replay", azure.write(), "--output", folder, "--nodes", "2:1:512")
    assert status == 0
    assert f"report: {folder / 'report.html'}" in out.replace("\n", "")
    page = (folder / "report.html").read_text()
    for text in ("<svg", "Concurrency over time", "Cold starts over time", "f1", "Configuration"):
        assert text in page
    _assert_contract(json.loads((folder / "report.json").read_text()))
    assert sorted(path.suffix for path in folder.iterdir()) == [
        ".html", ".json", ".svg", ".svg", ".svg", ".svg",
    ]  # fmt: skip
    assert [path.name for path in folder.parent.iterdir()] == ["report"]


def test_output_with_json_prints_nothing_else(figures: Figures, tmp_path: Path) -> None:
    _assert_contract(figures("replay", POISSON, "--output", tmp_path / "report"))
    assert (tmp_path / "report" / "report.html").exists()


BAD = {
    "no command": ((), "missing command"),
    "unknown command": (("sail",), "No such command 'sail'"),
    "no trace": (("replay",), "Missing argument 'TRACE'"),
    "unknown option": (("replay", POISSON, "--speed", "9"), "--speed"),
    "seed": (("replay", POISSON, "--seed", "-1"), "--seed"),
    "seed no number": (
        ("replay", POISSON, "--seed", "x"),
        "'x' is not a whole number from 0 to 18446744073709551615",
    ),
    "seed with underscore": (("replay", POISSON, "--seed", "1_0"), "'1_0' is not a whole number"),
    "seed of another alphabet": (("replay", POISSON, "--seed", "٣"), "'٣' is not a whole number"),
    "seed of 5000 digits": (("replay", POISSON, "--seed", "9" * 5000), "is not a whole number"),
    "seed of the demo": (("demo", "--seed", "1_0"), "'1_0' is not a whole number"),
    "account limit": (
        ("replay", POISSON, "--account-limit", "-5"),
        "'-5' is not a whole number from 0 to 4294967295",
    ),
    "keep-alive policy": (("replay", POISSON, "--keep-alive", "magic"), "'magic' is unknown"),
    "keep-alive unit": (("replay", POISSON, "--keep-alive", "fixed:6d"), "'6d' is no time"),
    "keep-alive negative": (("replay", POISSON, "--keep-alive", "fixed:-6s"), "'-6s' is not"),
    "keep-alive of no value": (
        ("replay", POISSON, "--keep-alive", "histogram:4h"),
        "this policy takes no value",
    ),
    "keep-alive of no time": (("replay", POISSON, "--keep-alive", "lru:1d"), "needs a time"),
    "keep-alive of no worth": (
        ("replay", POISSON, "--keep-alive", "adaptive:0"),
        "needs the GB-seconds that a cold start is worth, above 0",
    ),
    "keep-alive NaN": (("replay", POISSON, "--keep-alive", "fixed:nans"), "no time"),
    "pick": (("replay", POISSON, "--pick", "first"), "'first' is not one of"),
    "scaling rate": (
        ("replay", POISSON, "--scaling-rate", "fast"),
        'scaling_rate is "fast": a scaling rate is `unlimited`',
    ),
    "reserved form": (("replay", POISSON, "--reserved", "5"), "'5' is not F=N"),
    "reserved function": (
        ("replay", POISSON, "--reserved", "ghost=5"),
        "the trace has no function 'ghost'",
    ),
    "reserved twice": (
        ("replay", POISSON, "--reserved", "poisson=5", "--reserved", "poisson=6"),
        "given twice",
    ),
    "reserved negative": (
        ("replay", POISSON, "--reserved", "poisson=-5"),
        "N of function 'poisson' is '-5'",
    ),
    "reserved of 5000 digits": (
        ("replay", POISSON, "--reserved", "poisson=" + "9" * 5000),
        "not a whole number from 0 to 4294967295",
    ),
    "reserved above the account": (
        ("replay", POISSON, "--reserved", "poisson=901"),
        'function "poisson"',
    ),
    "bound of 5000 digits": (("replay", POISSON, "--max-instances", "9" * 5000), "not a whole"),
    "nodes of 5000 digits": (("replay", POISSON, "--nodes", "9" * 5000 + ":1:1"), "N is '9999"),
    "limit below the reserved sum": (
        ("replay", POISSON, "--account-limit", "150", "--reserved", "poisson=60"),
        "UnreservedConcurrentExecution below its minimum value of [100]",
    ),
    "nodes form": (("replay", POISSON, "--nodes", "4x2"), "'4x2' is not N:CPU:MEM"),
    "node without memory": (("replay", POISSON, "--nodes", "4:2:0"), "MEM is '0'"),
    "node without CPU": (("replay", POISSON, "--nodes", "4:0:512"), "CPU is '0'"),
    "no nodes": (("replay", POISSON, "--nodes", "0:2:512"), "N is '0'"),
    "function larger than any node": (
        ("replay", POISSON, "--nodes", "4:2:100"),
        "128 memory_mib needed: the largest node has 100",
    ),
    "strategy": (("replay", POISSON, "--strategy", "tetris"), "'tetris' is not one of"),
    "distribution": (("replay", POISSON, "--cold-start-code", "gauss:1"), "gauss:1"),
    "timeout": (("replay", POISSON, "--timeout", "soon"), "'soon' is no time"),
    "timeout 0": (("replay", POISSON, "--timeout", "0ms"), "'0ms' is no time above 0"),
    "option twice": (
        ("replay", POISSON, "--keep-alive", "fixed:1s", "--keep-alive", "fixed:2s"),
        "--keep-alive is given twice",
    ),
    "json and csv": (
        ("replay", POISSON, "--json", "--format", "csv"),
        "--json and --format csv are given together",
    ),
    "crash rate": (("replay", POISSON, "--crash-rate", "2"), "'2' is not a number from 0 to 1"),
    "crash rate NaN": (("replay", POISSON, "--crash-rate", "nan"), "from 0 to 1"),
    "format": (("replay", POISSON, "--format", "xml"), "'xml' is not one of"),
    "architecture": (("replay", POISSON, "--architecture", "riscv"), "'riscv' is not one of"),
    "instance bound": (
        ("replay", POISSON, "--max-instances", "0"),
        "'0' is not a whole number from 1",
    ),
    "instance bound of a function": (
        ("replay", POISSON, "--max-instances", "poisson=0"),
        "N of function 'poisson' is '0', not a whole number from 1",
    ),
    "node too small": (("replay", POISSON, "--nodes", "1:1:64"), 'function "poisson"'),
}


@pytest.mark.parametrize(("arguments", "message"), BAD.values(), ids=BAD.keys())
def test_bad_usage_is_one_clear_line_and_status_2(
    cli: Cli, tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    output = tmp_path / "report"
    options = ("--output", output) if arguments[:1] == ("replay",) else ()
    status, out, err = cli(*arguments, *options)
    assert (status, out) == (2, "")
    assert err.startswith("warmstow: error: ")
    assert err.count("\n") == 1
    assert message in err
    assert list(tmp_path.iterdir()) == []


def test_an_output_that_is_a_file_is_refused_before_anything_runs(cli: Cli, tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    taken.write_text("mine")
    for output in (taken, taken / "below"):
        status, out, err = cli("replay", POISSON, "--json", "--output", output)
        assert (status, out) == (2, "")
        assert "is not a folder" in err
    assert taken.read_text() == "mine"


def test_an_output_that_no_folder_can_be_called_is_one_line(cli: Cli, tmp_path: Path) -> None:
    cases = (("", "'' names no folder"), (tmp_path / ("n" * 300), "File name too long"))
    for output, words in cases:
        for command in (("replay", POISSON), ("demo",)):
            status, out, err = cli(*command, "--output", output)
            assert (status, out) == (2, "")
            assert err.count("\n") == 1
            assert words in err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["report.html", "report.json", "concurrency.svg"])
def test_a_folder_where_a_file_belongs_leaves_the_rest_as_it_was(
    cli: Cli, tmp_path: Path, name: str
) -> None:
    (tmp_path / "report" / name).mkdir(parents=True)
    status, out, err = cli("replay", POISSON, "--json", "--output", tmp_path / "report")
    assert (status, out) == (2, "")
    assert f"{name} is a folder" in err
    assert [path.name for path in tmp_path.rglob("*")] == ["report", name]


def test_a_failure_while_writing_leaves_nothing(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", fail)
    status, out, err = cli("replay", POISSON, "--json", "--output", tmp_path / "report")
    assert (status, out) == (2, "")
    assert "No space left on device" in err
    assert list(tmp_path.iterdir()) == []


def test_help_and_version(cli: Cli) -> None:
    for arguments in (("--help",), ("replay", "--help"), ("demo", "-h"), ("--version",)):
        status, out, err = cli(*arguments)
        assert (status, err) == (0, "")
        assert "warmstow" in out


def _program(*arguments: str | bytes, **how: Any) -> subprocess.CompletedProcess[str]:
    code = "from warmstow.cli import run; run()"
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **how}
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], text=True, check=False, **streams
    )


def test_a_name_that_is_no_text_is_shown_with_a_sign_for_it(tmp_path: Path) -> None:
    trace = os.fsencode(tmp_path) + b"/tr\xffce.csv"
    Path(os.fsdecode(trace)).write_text(
        "timestamp_s,function,duration_s\n0,f\N{LATIN SMALL LETTER E WITH ACUTE},1\n"
    )
    output = os.fsencode(tmp_path) + b"/o\xfft"
    ended = _program("replay", trace, "--output", output, "--functions")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "tr\N{REPLACEMENT CHARACTER}ce.csv" in ended.stdout
    page = Path(os.fsdecode(output + b"/report.html")).read_text()
    assert "tr\N{REPLACEMENT CHARACTER}ce.csv" in page
    ascii_only = {**os.environ, "PYTHONIOENCODING": "ascii"}
    ended = _program("replay", trace, "--functions", env=ascii_only)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_a_reader_that_has_gone_is_no_failure() -> None:
    read, write = os.pipe()
    os.close(read)
    for arguments in (("replay", POISSON), ("replay", POISSON, "--json"), ("--help",)):
        ended = _program(*arguments, stdout=write)
        assert (ended.returncode, ended.stderr) == (0, "")
    os.close(write)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is full")
def test_a_full_disk_is_one_line_and_status_2() -> None:
    for arguments in (("replay", POISSON), ("replay", POISSON, "--json"), ("--help",)):
        with Path("/dev/full").open("w") as full:
            ended = _program(*arguments, stdout=full)
        assert ended.returncode == 2
        assert ended.stderr == "warmstow: error: cannot write: No space left on device\n"


def test_as_a_program() -> None:
    run = _program
    good = run("replay", POISSON, "--json")
    assert (good.returncode, good.stderr) == (0, "")
    _assert_contract(json.loads(good.stdout))
    bad = run("replay", "nowhere")
    assert (bad.returncode, bad.stdout) == (2, "")
    assert bad.stderr.startswith("warmstow: error: nowhere: no such file")
