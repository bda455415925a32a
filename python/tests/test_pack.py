"""``warmstow pack`` and ``warmstow.pack``: keys, exit statuses, known optima."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
import warmstow
from conftest import CliResult
from warmstow import BinKind, ConfigError, Item

if TYPE_CHECKING:
    from pathlib import Path

Cli = Callable[..., CliResult]
Figures = Callable[..., dict[str, Any]]
Cluster = Callable[..., "tuple[Path, Path]"]

KEYS = {
    "placed", "unplaced", "nodes_used", "utilization", "lower_bound", "placements", "wall_s",
}  # fmt: skip
NODES = """node,cpu_units,memory_mib,gpu,zone,attribute:disk
a,2048,4096,0,z1,ssd
b,2048,4096,1,z2,ssd
c,2048,4096,0,z2,hdd
"""
TASKS = """task,cpu_units,memory_mib,gpu,group,count
web,512,1024,0,service:web,3
train,1024,1024,1,jobs,1
"""


@pytest.fixture
def cluster(tmp_path: Path) -> Cluster:
    def write(nodes: str = NODES, tasks: str = TASKS) -> tuple[Path, Path]:
        files = (tmp_path / "nodes.csv", tmp_path / "tasks.csv")
        files[0].write_text(nodes)
        files[1].write_text(tasks)
        return files

    return write


def _where(report: dict[str, Any]) -> dict[str, str]:
    return {placed["task"]: placed["node"] for placed in report["placements"]}


def test_json_has_every_key_online_and_offline(
    figures: Figures, cluster: Cluster, tmp_path: Path
) -> None:
    problem = tmp_path / "p.vbp"
    problem.write_text("2\n10 10\n2\n5 5 3\n9 1 1\n")
    for arguments in (cluster(), (*cluster(), "--offline"), (problem,), (problem, "--offline")):
        report = figures("pack", *arguments)
        assert report.keys() >= KEYS
        assert report["utilization"].keys() == {"cpu", "memory", "gpu"}
        assert report["placed"] == len(report["placements"]) == 4
        assert report["unplaced"] == []
        assert report["lower_bound"] <= report["nodes_used"]


def test_strategies_place_in_the_order_of_the_file(figures: Figures, cluster: Cluster) -> None:
    files = cluster()
    packed = figures("pack", *files, "--strategy", "binpack:memory")
    assert _where(packed) == {"web-1": "a", "web-2": "a", "web-3": "a", "train": "b"}
    assert packed["nodes_used"] == 2
    assert packed["utilization"] == pytest.approx({"cpu": 0.625, "memory": 0.5, "gpu": 1.0})
    spread = figures("pack", *files, "--strategy", "spread:zone", "--strategy", "binpack:cpu")
    assert [_where(spread)[f"web-{at}"] for at in (1, 2, 3)] == ["a", "b", "a"]
    assert figures("pack", *files, "--strategy", "spread:node")["nodes_used"] == 3
    first, again = (
        _where(figures("pack", *files, "--strategy", "random", "--seed", 4)) for _ in range(2)
    )
    assert first == again


def test_constraints_hold_online_and_offline(figures: Figures, cluster: Cluster) -> None:
    for how in ((), ("--offline",)):
        report = figures("pack", *cluster(), *how, "--constraint", "memberOf:attribute:disk == ssd")
        assert set(_where(report).values()) <= {"a", "b"}
        report = figures("pack", *cluster(), *how, "--constraint", "distinctInstance")
        assert sorted(_where(report)[f"web-{at}"] for at in (1, 2, 3)) == ["a", "b", "c"]


def test_what_finds_no_node_is_said_with_reasons_and_exit_status_1(
    cli: Cli, cluster: Cluster
) -> None:
    files = cluster(tasks="task,cpu_units,memory_mib,gpu\nhuge,4096,1024,0\ngpus,1,1,2\nok,1,1,0\n")
    for how in ((), ("--offline",)):
        status, out, err = cli("pack", *files, *how, "--json")
        report = json.loads(out)
        assert (status, err, report["placed"]) == (1, "", 1)
        reasons = {left["task"]: left["reasons"] for left in report["unplaced"]}
        assert reasons["huge"] == {"RESOURCE:CPU": 3}
        assert reasons["gpus"]["RESOURCE:GPU"] == 3
    status, out, _ = cli("pack", *files)
    assert status == 1
    assert "huge: RESOURCE:CPU on 3" in out


def test_offline_uses_fewer_nodes_than_one_by_one(figures: Figures, cluster: Cluster) -> None:
    nodes = "node,cpu_units,memory_mib,count\nn,100,100,4\n"
    tasks = "task,cpu_units,memory_mib,count\nsmall,40,40,2\nlarge,60,60,2\n"
    files = cluster(nodes, tasks)
    assert figures("pack", *files)["nodes_used"] == 3
    offline = figures("pack", *files, "--offline")
    assert (offline["nodes_used"], offline["lower_bound"], offline["optimal"]) == (2, 2, True)


def test_the_lists_of_openb_are_read_as_they_are(figures: Figures, cluster: Cluster) -> None:
    nodes = "sn,cpu_milli,memory_mib,gpu,model\nn0,64000,262144,2,T4\nn1,96000,393216,1,P100\n"
    tasks = (
        "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos\n"
        "p0,8000,1024,1,500,P100,LS\np1,8000,1024,2,1000,,LS\n"
    )
    files = cluster(nodes, tasks)
    for how in ((), ("--offline",)):
        assert _where(figures("pack", *files, *how)) == {"p0": "n1", "p1": "n0"}


def test_choices_and_kinds_of_an_mvp_file(figures: Figures, tmp_path: Path) -> None:
    # VPSolver's example: the optimum costs 5.
    problem = tmp_path / "p.mvp"
    problem.write_text(
        "2\n4\n100 75 3 -1\n75 50 2 1\n75 50 3 -1\n100 100 100 -1\n"
        "2\n1 2\n75 50\n2 1\n40 75\n25 25\n"
    )
    report = figures("pack", problem, "--time", "200ms")
    assert report["cost"] == 5
    assert {placed["task"]: placed["choice"] for placed in report["placements"]}["2"] == 2


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("NODES",), "missing argument TASKS"),
        (("NODES", "TASKS", "--strategy", "tightest"), "tightest"),
        (("NODES", "TASKS", "--constraint", "memberOf:("), "memberOf"),
        (("NODES", "TASKS", "--constraint", "near"), "distinctInstance"),
        (("NODES", "TASKS", "--offline", "--strategy", "random"), "given together"),
        (("NODES", "TASKS", "--strategy", "binpack:balanced"), "no GPU"),
        (("NODES", "nowhere.csv"), "no such file"),
        (("TASKS", "NODES"), "column 'node' is missing"),
        (("nowhere.vbp",), "no such file"),
        (
            ("NODES", "TASKS", "--offline", "--constraint", "memberOf:runningTasksCount == 0"),
            "runs",
        ),
    ],
)
def test_bad_usage_and_input_end_with_one_line_and_exit_status_2(
    cli: Cli, cluster: Cluster, arguments: tuple[str, ...], problem: str
) -> None:
    nodes, tasks = cluster()
    given = [{"NODES": nodes, "TASKS": tasks}.get(argument, argument) for argument in arguments]
    status, out, err = cli("pack", *given, "--json")
    assert (status, out) == (2, "")
    assert err.startswith("warmstow: error: ")
    assert problem in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "ends before the number of dimensions"),
        ("1\n10\n1\n5\n", "ends before a demand"),
        ("1\n10\n1\n5 x\n", "line 4: a demand is 'x'"),
        ("0\n", "the number of dimensions is '0'"),
        ("1\n10\n0\n7\n", "line 4: '7' is left over"),
        ("1\n-3\n0\n", "a capacity is '-3'"),
    ],
)
def test_a_spoilt_vbp_file_is_refused_by_line(
    cli: Cli, tmp_path: Path, text: str, problem: str
) -> None:
    path = tmp_path / "p.vbp"
    path.write_text(text)
    status, out, err = cli("pack", path)
    assert (status, out) == (2, "")
    assert problem in err


def test_pack_gives_the_same_for_the_same_work() -> None:
    items = [Item(((size, 101 - size),)) for size in range(20, 60)]
    first, again = (warmstow.pack([BinKind((150, 150))], items, work=300_000) for _ in range(2))
    assert first == again
    assert not first.unplaced
    assert first.lower_bound <= first.cost == len(first.bins)


def test_pack_names_what_cannot_hold() -> None:
    with pytest.raises(ConfigError, match="item 0 has 1 dimensions, the bins 2"):
        warmstow.pack([BinKind((1, 1))], [Item(((1,),))])
    with pytest.raises(ConfigError, match="cost is -1"):
        warmstow.pack([BinKind((1,), cost=-1)], [])
    with pytest.raises(ConfigError, match="choices holds"):
        warmstow.pack([BinKind((1,))], [Item((("x",),))])  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="time_s is -1"):
        warmstow.pack([BinKind((1,))], [], time_s=-1)


SHARES = """node,cpu_milli,memory_mib,gpu,model
a,16000,65536,2,T4
b,16000,65536,2,V100
"""
PODS = """task,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec
half-1,1000,1024,1,500,
half-2,1000,1024,1,500,
whole,1000,1024,1,1000,V100
pair,1000,1024,2,1000,
cpu,1000,1024,0,0,
late,1000,1024,1,700,T4
"""


def test_gpu_strategies_share_a_gpu(figures: Figures, cluster: Cluster) -> None:
    files = cluster(SHARES, PODS.replace("pair,1000,1024,2,1000,\n", ""))
    for name in ("best-fit", "fgd", "foresight"):
        report = figures("pack", *files, "--strategy", f"gpu:{name}")
        placed = {of["task"]: of for of in report["placements"]}
        assert placed["half-1"]["gpus"] == placed["half-2"]["gpus"]
        assert (placed["whole"]["node"], placed["late"]["node"]) == ("b", "a")
        assert "gpus" not in placed["cpu"]
        assert report["lower_bound"] == report["nodes_used"] == 2
        assert report["utilization"]["gpu"] == pytest.approx(2.7 / 4)


def test_what_no_gpu_is_left_for_is_said_and_a_share_is_else_a_whole_one(
    cli: Cli, cluster: Cluster
) -> None:
    files = cluster(SHARES, PODS)
    status, out, _ = cli("pack", *files, "--strategy", "gpu:fgd", "--json")
    left = {of["task"]: of["reasons"] for of in json.loads(out)["unplaced"]}
    assert (status, left) == (1, {"pair": {"RESOURCE:GPU": 2}})
    _, out, _ = cli("pack", *files, "--json")
    assert [of["task"] for of in json.loads(out)["unplaced"]] == ["pair", "late"]


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (("--strategy", "gpu:tightest"), "'gpu:tightest' is none of gpu:"),
        (("--strategy", "gpu:fgd", "--strategy", "random"), "gpu:fgd"),
        (
            ("--strategy", "gpu:fgd", "--constraint", "distinctInstance"),
            "no constraint but gpu_spec",
        ),
    ],
)
def test_gpu_strategies_stand_alone(
    cli: Cli, cluster: Cluster, options: tuple[str, ...], problem: str
) -> None:
    status, out, err = cli("pack", *cluster(SHARES, PODS), *options)
    assert (status, out) == (2, "")
    assert problem in err


def test_a_share_of_two_gpus_is_refused(cli: Cli, cluster: Cluster) -> None:
    files = cluster(SHARES, PODS.replace("pair,1000,1024,2,1000", "pair,1000,1024,2,300"))
    status, _, err = cli("pack", *files, "--strategy", "gpu:fgd")
    assert status == 2
    assert "pod 3: 300 milli of each of 2 GPUs" in err


def test_the_skew_of_a_zone_holds_online(figures: Figures, cluster: Cluster, cli: Cli) -> None:
    nodes = "node,cpu_units,memory_mib,zone\na,1024,9000,z1\nb,4096,9000,z2\n"
    tasks = "task,cpu_units,memory_mib,group,count\nweb,512,512,web,4\n"
    files = cluster(nodes, tasks)
    report = figures("pack", *files, "--constraint", "maxSkew:zone=1", "--strategy", "binpack:cpu")
    assert sorted(_where(report).values()) == ["a", "a", "b", "b"]
    files = cluster(nodes, tasks.replace("web,4", "web,6"))
    status, out, _ = cli("pack", *files, "--constraint", "maxSkew:zone=1", "--json")
    reasons = {"RESOURCE:CPU": 1, "MaxSkew placement constraint unsatisfied.": 1}
    assert (status, json.loads(out)["unplaced"][0]["reasons"]) == (1, reasons)
    for text in ("maxSkew:zone=0", "maxSkew:=1", "maxSkew:zone", "maxSkew:zone=-1"):
        status, _, err = cli("pack", *files, "--constraint", text)
        assert status == 2
        assert "maxSkew:ATTRIBUTE=N, N from 1" in err
    status, _, err = cli("pack", *files, "--constraint", "maxSkew:zone=1", "--offline")
    assert status == 2
    assert "depends on what runs where" in err
