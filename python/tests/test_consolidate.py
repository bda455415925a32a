"""``warmstow consolidate`` and ``warmstow.consolidate``: plans that hold, and refusals."""

from __future__ import annotations

from collections.abc import Callable
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import pytest
import warmstow
from conftest import CliResult
from warmstow import ConfigError, RunningNode, RunningService, RunningTask

if TYPE_CHECKING:
    from pathlib import Path

Cli = Callable[..., CliResult]
Figures = Callable[..., dict[str, Any]]
Cluster = Callable[..., "tuple[Path, Path]"]

NODES = """node,cpu_units,memory_mib,zone,attribute:disk
a,4000,8000,z1,ssd
b,4000,8000,z2,ssd
c,4000,8000,z2,hdd
"""
TASKS = """task,cpu_units,memory_mib,group,on,movable,move_cost,constraint
web-1,3000,1000,web,a,yes,1,
web-2,3000,1000,web,b,yes,1,
job-1,1000,1000,jobs,c,yes,3,
job-2,500,1000,jobs,c,yes,2,
agent-a,250,100,agent,a,daemon,,
agent-c,250,100,agent,c,daemon,,
"""
EXAMPLE = files("warmstow") / "data" / "cluster"


@pytest.fixture
def cluster(tmp_path: Path) -> Cluster:
    def write(nodes: str = NODES, tasks: str = TASKS) -> tuple[Path, Path]:
        paths = (tmp_path / "nodes.csv", tmp_path / "tasks.csv")
        paths[0].write_text(nodes)
        paths[1].write_text(tasks)
        return paths

    return write


def test_the_example_frees_nodes_down_to_its_bound_or_near(figures: Figures, cli: Cli) -> None:
    plan = figures("consolidate", EXAMPLE / "nodes.csv", EXAMPLE / "tasks.csv")
    assert plan["nodes_used"] == 14
    assert plan["lower_bound"] <= plan["nodes_after"] < 14
    assert plan["nodes_after"] == 14 - len(plan["freed"])
    assert plan["freed"][-1]["after_moves"] == len(plan["moves"])
    assert plan["cost"] == sum(of["cost"] for of in plan["freed"])
    gone = {of["node"] for of in plan["freed"]}
    assert all(move["from"] in gone and move["to"] not in gone for move in plan["moves"])
    status, out, _ = cli("consolidate", EXAMPLE / "nodes.csv", EXAMPLE / "tasks.csv")
    assert status == 0
    assert out.startswith(f"you run 14 nodes, the bound is {plan['lower_bound']}: these ")


def test_moves_are_named_and_daemons_leave_with_their_node(
    figures: Figures, cluster: Cluster, cli: Cli
) -> None:
    plan = figures("consolidate", *cluster())
    # a has 750 units left beside its daemon, b 1,000.
    assert plan["moves"] == [
        {"task": "job-1", "from": "c", "to": "b"},
        {"task": "job-2", "from": "c", "to": "a"},
    ]
    assert plan["freed"] == [{"node": "c", "after_moves": 2, "cost": 5}]
    assert (plan["nodes_used"], plan["lower_bound"], plan["nodes_after"]) == (3, 2, 2)
    _, out, _ = cli("consolidate", *cluster())
    assert out.splitlines() == [
        "you run 3 nodes, the bound is 2: these 2 moves free 1",
        "c, at a cost of 5:",
        "  job-1 to b",
        "  job-2 to a",
    ]


@pytest.mark.parametrize(
    ("change", "options"),
    [
        (("jobs,c,yes,2", "jobs,c,no,2"), ()),
        (("jobs,c,yes,3,", "jobs,c,yes,3,attribute:disk == hdd"), ()),
        ((), ("--floor", "jobs=2")),
        ((",yes,1,\nweb-2", ",yes,1,\nweb-2"), ("--floor", "jobs=2", "--floor", "web=2")),
    ],
)
def test_what_is_protected_constrained_or_at_its_floor_stays(
    figures: Figures, cluster: Cluster, change: tuple[str, str] | tuple[()], options: tuple[str]
) -> None:
    tasks = TASKS.replace(*change) if change else TASKS
    plan = figures("consolidate", *cluster(tasks=tasks), *options)
    assert (plan["moves"], plan["freed"], plan["nodes_after"]) == ([], [], 3)


def test_nodes_may_be_kept_and_closed(figures: Figures, cluster: Cluster) -> None:
    kept = NODES.replace("disk\n", "disk,may_be_freed\n").replace("hdd\n", "hdd,no\n")
    kept = kept.replace("ssd\n", "ssd,yes\n")
    assert figures("consolidate", *cluster(nodes=kept))["moves"] == []
    closed = kept.replace("may_be_freed", "takes_tasks").replace("ssd,yes", "ssd,no")
    assert figures("consolidate", *cluster(nodes=closed))["moves"] == []


def test_distinct_groups_share_no_node(figures: Figures, cluster: Cluster) -> None:
    tasks = TASKS.replace("job-1,1000", "job-1,250").replace("job-2,500", "job-2,250")
    both = figures("consolidate", *cluster(tasks=tasks))
    assert len({move["to"] for move in both["moves"]}) == 1
    apart = figures("consolidate", *cluster(tasks=tasks), "--distinct", "jobs")
    assert len({move["to"] for move in apart["moves"]}) == len(apart["moves"])


@pytest.mark.parametrize(
    ("change", "options", "problem"),
    [
        (("web,a,yes", "web,z,yes"), (), "line 2: on is 'z': there is no node of that name"),
        (("web,a,yes", "web,a,maybe"), (), "line 2: movable is 'maybe': needs yes, no or daemon"),
        (("c,yes,3", "c,yes,-3"), (), "line 4: move_cost is '-3': needs a whole number"),
        ((",on,", ",at,"), (), "on"),
        (("agent-a,250", "agent-a,5000"), (), "cpu_units left, less than the 5000 of daemon"),
        (("web-1,3000", "web-1,3900"), (), "node 'a' has 3750 cpu_units without its daemons'"),
        (("web-1,3000", "web-1,3900"), (), "less than the 3900 of the tasks that run on it"),
        (("a,yes,1,", "a,yes,1,disk =="), (), "memberOf: "),
        ((), ("--floor", "jobs"), "--floor 'jobs': needs GROUP=COUNT"),
        ((), ("--floor", "jobs=-1"), "needs GROUP=COUNT"),
        ((), ("--floor", "jobs=1", "--floor", "jobs=2"), "'jobs' has one already"),
        ((), ("--floor", "none=1"), "--floor: no task is of group 'none'"),
        ((), ("--distinct", "none"), "--distinct: no task is of group 'none'"),
    ],
)
def test_bad_input_ends_with_one_line_and_exit_status_2(
    cli: Cli,
    cluster: Cluster,
    change: tuple[str, str] | tuple[()],
    options: tuple[str, ...],
    problem: str,
) -> None:
    tasks = TASKS.replace(*change) if change else TASKS
    status, out, err = cli("consolidate", *cluster(tasks=tasks), *options, "--json")
    assert (status, out) == (2, "")
    assert err.startswith("warmstow: error: ")
    assert problem in err
    assert err.count("\n") == 1


def test_the_same_work_gives_the_same_plan_and_each_prefix_is_one() -> None:
    nodes = [RunningNode((100, 100))] * 12
    tasks = [
        RunningTask(at % 12, (10 + at * 7 % 23, 5 + at * 11 % 31), move_cost=1 + at % 3)
        for at in range(24)
    ]
    plan, again = (warmstow.consolidate(nodes, tasks, work=50_000, seed=3) for _ in range(2))
    assert plan == again
    assert plan.freed
    room = [[100, 100] for _ in nodes]
    for task in tasks:
        for d, amount in enumerate(task.size):
            room[task.node][d] -= amount
    for move in plan.moves:
        for d, amount in enumerate(tasks[move.task].size):
            room[move.source][d] += amount
            room[move.target][d] -= amount
        assert min(room[move.target]) >= 0
    assert all(room[of.node] == [100, 100] for of in plan.freed)
    costs = [of.cost for of in plan.freed]
    assert (costs, plan.cost) == (sorted(costs), sum(costs))


def test_what_cannot_be_is_named() -> None:
    node, task = RunningNode((4,)), RunningTask(0, (1,))
    for tasks, services, problem in (
        ([RunningTask(0, (5,))], [], "node 0 has 4 in dimension 0, less than the 5 of the tasks"),
        ([RunningTask(1, (1,))], [], "task 0 names node or service 1"),
        ([RunningTask(0, (1, 1))], [], "2 dimensions where the first node has 1"),
        ([RunningTask(0, (-1,))], [], "size is -1"),
        ([RunningTask(0, (1,), service=0)], [], "task 0 names node or service 0"),
        ([RunningTask(0, (1,), move_cost=2**40)], [], "above the limit, 4294967296"),
        ([task], [RunningService(floor=-1)], "floor is -1"),
        ([RunningTask(0, (1,), movable="yes")], [], "movable"),  # type: ignore[arg-type]
    ):
        with pytest.raises(ConfigError, match=problem):
            warmstow.consolidate([node], tasks, services)
    with pytest.raises(ConfigError, match="time_s is -1"):
        warmstow.consolidate([node], [task], time_s=-1)
    empty = warmstow.consolidate([], [])
    assert str(empty) == "you run 0 nodes, the bound is 0: no move was found that frees one"
