"""Amazon ECS's commands: through Python, and through the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
import warmstow
from conftest import CliResult
from warmstow import ApiError, Ecs

if TYPE_CHECKING:
    from pathlib import Path

Cli = Callable[..., CliResult]

AMOUNTS = [
    {"name": "CPU", "type": "INTEGER", "integerValue": 2048},
    {"name": "MEMORY", "type": "INTEGER", "integerValue": 4000},
]
CONTAINER = {"name": "web", "image": "nginx", "cpu": 512, "memory": 1000}


def _call(account: Ecs, operation: str, **request: Any) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(account.call(operation, json.dumps(request)))
    return answer


def test_a_task_runs_where_there_is_room() -> None:
    account = Ecs(region="eu-west-1", account="1")
    _call(account, "CreateCluster", clusterName="c")
    document = json.dumps({"instanceId": "i-1"})
    _call(
        account,
        "register-container-instance",
        cluster="c",
        totalResources=AMOUNTS,
        instanceIdentityDocument=document,
    )
    _call(account, "register-task-definition", family="web", containerDefinitions=[CONTAINER])
    ran = _call(account, "run-task", cluster="c", taskDefinition="web", count=5)
    assert (len(ran["tasks"]), ran["failures"][0]["reason"]) == (4, "RESOURCE:CPU")
    arn = ran["tasks"][0]["taskArn"]
    assert arn.startswith("arn:aws:ecs:eu-west-1:1:task/c/")
    task = _call(account, "describe-tasks", cluster="c", tasks=[arn])["tasks"][0]
    assert task["lastStatus"] == "RUNNING"


def test_a_refusal_has_the_code_of_aws() -> None:
    with pytest.raises(ApiError, match=r"Cluster not found\.") as refused:
        _call(Ecs(), "delete-cluster", cluster="nowhere")
    assert refused.value.code == "ClusterNotFoundException"
    assert isinstance(refused.value, warmstow.WarmstowError)


def test_the_seeds_commands_keep_their_state_in_a_file(cli: Cli, tmp_path: Path) -> None:
    state = tmp_path / "state"

    def ecs(*arguments: str) -> dict[str, Any]:
        status, out, err = cli("ecs", *arguments, "--state", str(state))
        assert (status, err) == (0, "")
        answer: dict[str, Any] = json.loads(out)
        return answer

    ecs("create-cluster", "--cluster-name", "mycluster")
    document = json.dumps({"instanceId": "i-1"})
    request = json.dumps({"totalResources": AMOUNTS, "instanceIdentityDocument": document})
    ecs("register-container-instance", "--cluster", "mycluster", "--cli-input-json", request)
    definition = tmp_path / "web.json"
    definition.write_text(json.dumps({"family": "web", "containerDefinitions": [CONTAINER]}))
    ecs("register-task-definition", "--cli-input-json", f"file://{definition}")
    ran = ecs("run-task", "--cluster", "mycluster", "--task-definition", "web", "--count", "2")
    arn = ran["tasks"][0]["taskArn"]
    assert len(ecs("list-tasks", "--cluster", "mycluster")["taskArns"]) == 2
    ecs("stop-task", "--cluster", "mycluster", "--task", arn)
    assert len(ecs("list-tasks", "--cluster", "mycluster")["taskArns"]) == 1
    described = ecs("describe-clusters", "--cluster", "mycluster")["clusters"][0]
    assert described["runningTasksCount"] == 1
    status, out, err = cli("ecs", "delete-cluster", "--cluster", "mycluster", "--state", str(state))
    assert (status, out) == (2, "")
    assert "ClusterContainsContainerInstancesException" in err


def test_a_file_that_is_not_text_is_named(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "latin.json"
    file.write_bytes(b'{"family": "caf\xe9"}')
    status, out, err = cli("ecs", "create-cluster", "--cli-input-json", f"file://{file}")
    assert (status, out) == (2, "")
    assert "latin.json: it is not UTF-8 text" in err


def test_a_skeleton_is_json_and_a_wrong_option_is_named(cli: Cli) -> None:
    _, out, _ = cli("ecs", "run-task", "--generate-cli-skeleton")
    assert json.loads(out)["taskDefinition"] == ""
    status, _, err = cli("ecs", "run-task", "--clutser", "c")
    assert status == 2
    assert "--clutser" in err
