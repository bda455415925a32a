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
    instances = ecs("list-container-instances", "--cluster", "mycluster")
    (instance,) = instances["containerInstanceArns"]
    started = ecs(
        "start-task", "--cluster", "mycluster", "--task-definition", "web",
        "--container-instances", instance,
    )  # fmt: skip
    assert started["tasks"][0]["containerInstanceArn"] == instance
    status, out, err = cli("ecs", "delete-cluster", "--cluster", "mycluster", "--state", str(state))
    assert (status, out) == (2, "")
    assert "ClusterContainsContainerInstancesException" in err


def test_the_seeds_commands_on_services(cli: Cli, tmp_path: Path) -> None:
    state = tmp_path / "state"

    def ecs(*arguments: str, at: int) -> dict[str, Any]:
        status, out, err = cli("ecs", *arguments, "--state", str(state), "--now", str(at))
        assert (status, err) == (0, "")
        answer: dict[str, Any] = json.loads(out)
        return answer

    ecs("create-cluster", "--cluster-name", "mycluster", at=0)
    assert len(ecs("list-clusters", at=0)["clusterArns"]) == 1
    document = json.dumps({"instanceId": "i-1"})
    request = json.dumps({"totalResources": AMOUNTS, "instanceIdentityDocument": document})
    ecs("register-container-instance", "--cluster", "mycluster", "--cli-input-json", request, at=1)
    definition = json.dumps({"family": "web", "containerDefinitions": [CONTAINER]})
    ecs("register-task-definition", "--cli-input-json", definition, at=2)
    made = ecs(
        "create-service", "--cluster", "mycluster", "--service-name", "web",
        "--task-definition", "web", "--desired-count", "1", at=10,
    )["service"]  # fmt: skip
    assert (made["status"], made["desiredCount"]) == ("ACTIVE", 1)
    assert ecs("list-services", "--cluster", "mycluster", at=11)["serviceArns"] == [
        made["serviceArn"]
    ]
    described = ecs("describe-services", "--cluster", "mycluster", "--services", "web", at=60)
    (service,) = described["services"]
    assert service["runningCount"] == 1
    assert service["deployments"][0]["rolloutState"] == "COMPLETED"
    # Healthy after 40 s of running, whenever that is looked at.
    assert service["events"][0]["createdAt"] == 50
    updated = ecs(
        "update-service", "--cluster", "mycluster", "--service-name", "web",
        "--task-definition", "web", "--desired-count", "2", at=70,
    )["service"]  # fmt: skip
    assert updated["desiredCount"] == 2
    status, out, err = cli(
        "ecs", "delete-service", "--cluster", "mycluster", "--service-name", "web",
        "--state", str(state), "--now", "80",
    )  # fmt: skip
    assert (status, out) == (2, "")
    assert "scaled above 0" in err
    ecs("delete-service", "--cluster", "mycluster", "--service", "web", "--force", at=90)
    described = ecs("describe-services", "--cluster", "mycluster", "--services", "web", at=91)
    assert described["services"][0]["status"] == "INACTIVE"


def test_a_deployment_that_can_never_end_is_known_before_it_begins(
    cli: Cli, tmp_path: Path
) -> None:
    state = tmp_path / "state"

    def ecs(*arguments: str, **request: Any) -> dict[str, Any]:
        given = ("--cli-input-json", json.dumps(request), "--state", str(state), "--now", "1")
        status, out, err = cli("ecs", *arguments, *given)
        assert (status, err) == (0, "")
        answer: dict[str, Any] = json.loads(out)
        return answer

    ecs("create-cluster", clusterName="c")
    ecs("put-account-setting", "--name", "awsvpcTrunking", "--value", "enabled")
    (setting,) = ecs("list-account-settings")["settings"]
    assert (setting["name"], setting["value"]) == ("awsvpcTrunking", "enabled")
    document = json.dumps({"instanceId": "i-1", "instanceType": "c5.large"})
    ecs(
        "register-container-instance",
        cluster="c",
        totalResources=AMOUNTS,
        instanceIdentityDocument=document,
    )
    ecs("register-task-definition", family="web", containerDefinitions=[CONTAINER])
    ecs("create-service", cluster="c", serviceName="web", taskDefinition="web", desiredCount=5)
    answer = ecs("describe-service-verdict", "--cluster", "c", "--service", "web")
    assert answer["verdict"] == "NEVER"
    assert answer["reasons"][0].startswith("5 tasks are desired and there is room for 4")


def test_time_passes_between_calls() -> None:
    account = Ecs()
    _call(account, "create-cluster")
    _call(account, "register-task-definition", family="web", containerDefinitions=[CONTAINER])
    request = {"serviceName": "web", "taskDefinition": "web", "desiredCount": 1}
    _call(account, "create-service", **request)
    answer = account.call("describe-services", '{"services": ["web"]}', now_ns=60 * 10**9)
    (service,) = json.loads(answer)["services"]
    assert "was unable to place a task" in service["events"][-1]["message"]


def test_a_host_polls_and_reports() -> None:
    account = Ecs()

    def call(operation: str, **request: Any) -> None:
        account.call(operation, json.dumps(request), settle=False)

    call("create-cluster")
    document = json.dumps({"instanceId": "i-1"})
    call("register-container-instance", totalResources=AMOUNTS, instanceIdentityDocument=document)
    call("register-task-definition", family="web", containerDefinitions=[CONTAINER])
    call("create-service", serviceName="web", taskDefinition="web", desiredCount=1)
    account.put_subnet("subnet-1", "us-east-1a")
    started = []
    while text := account.poll():
        action = json.loads(text)
        if action["action"] == "StartContainer":
            started.append(action["container"])
            report = json.dumps({**action, "event": "ContainerStarted"})
            account.report(report, now_ns=10**9)
            with pytest.raises(ApiError, match="was not told to start"):
                account.report(report, now_ns=10**9)
    assert started == ["web"]
    assert account.next_deadline_ns == 41 * 10**9
    account.advance(41 * 10**9)
    with pytest.raises(warmstow.ConfigError, match="event is 7"):
        account.report(7)  # type: ignore[arg-type]
    with pytest.raises(warmstow.ConfigError, match="availability_zone is 7"):
        account.put_subnet("s", 7)  # type: ignore[arg-type]


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
