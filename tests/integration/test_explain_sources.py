"""What `vto explain` reads of AWS, and what it says of what it cannot read."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError

from vto_client import facts
from vto_client import stack as stacks
from vto_client.explain.parts import Evidence
from vto_client.explain.sources import LINES_OF_A_FUNCTION, Sources
from vto_client.explain.story import tell
from vto_client.problems import CommandError

REGION = "eu-central-1"
NOW = datetime.now(UTC)
JOB = "00000000-1111-2222-3333-444444444444"
MACHINE = f"arn:aws:states:{REGION}:123456789012:stateMachine:vto-try-on"
EXECUTION = f"{MACHINE.replace(':stateMachine:', ':execution:')}:{JOB}"


def table(name: str, key: str) -> dict[str, Any]:
    return {
        "Type": "AWS::DynamoDB::Table",
        "Properties": {
            "TableName": name,
            "BillingMode": "PAY_PER_REQUEST",
            "KeySchema": [{"AttributeName": key, "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": key, "AttributeType": "S"}],
        },
    }


TEMPLATE = {
    "Resources": {
        "JobsTable": table("shop-jobs-of-another-name", "id"),
        "ControlsTable": table("vto-controls", "control_id"),
        **{
            f"{name}Logs": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": f"/aws/lambda/vto-{group}"}}
            for name, group in (("Invoke", "invoke_model"), ("Store", "store_result"), ("Other", "connect"))
        },
    },
    "Outputs": {
        "JobsTable": {"Value": {"Ref": "JobsTable"}},
        "ControlsTable": {"Value": {"Ref": "ControlsTable"}},
        "StateMachineArn": {"Value": MACHINE},
    },
}


def refused(operation: str, code: str = "AccessDeniedException", message: str = "no") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, operation)


@dataclass
class Executions:
    """Step Functions with the executions that a test gives it; histories in pages of two."""

    histories: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def describe_execution(self, executionArn: str) -> dict[str, Any]:  # noqa: N803
        self.asked.append(executionArn)
        if executionArn not in self.histories:
            raise refused("DescribeExecution", "ExecutionDoesNotExist")
        return {"executionArn": executionArn, "status": "SUCCEEDED", "startDate": NOW, "stopDate": NOW, "input": "{}"}

    def get_execution_history(
        self,
        executionArn: str,  # noqa: N803
        maxResults: int,  # noqa: N803
        includeExecutionData: bool,  # noqa: N803
        nextToken: str = "0",  # noqa: N803
    ) -> dict[str, Any]:
        assert includeExecutionData, "the input of a state names the engine"
        start = int(nextToken)
        whole = self.histories[executionArn]
        more = {"nextToken": str(start + 2)} if start + 2 < len(whole) else {}
        return {"events": whole[start : start + 2], **more}


@dataclass
class Broken:
    """A client whose calls fail; those that are not named go through."""

    client: Any
    errors: dict[str, Exception]

    def __getattr__(self, name: str) -> Any:
        if name not in self.errors:
            return getattr(self.client, name)

        def fail(*_: Any, **__: Any) -> Any:
            raise self.errors[name]

        return fail


@dataclass
class World:
    executions: Executions = field(default_factory=Executions)
    broken: dict[str, dict[str, Exception]] = field(default_factory=dict)
    made: dict[str, Any] = field(default_factory=dict)

    def clients(self, service: str) -> Any:
        if service not in self.made:
            client = self.executions if service == "stepfunctions" else boto3.client(service)  # type: ignore[call-overload]
            self.made[service] = Broken(client, self.broken.setdefault(service, {}))
        return self.made[service]

    def fails(self, service: str, call: str, error: Exception) -> None:
        self.broken.setdefault(service, {})[call] = error

    def look(self, job_id: str = JOB, **options: Any) -> Evidence:
        found = stacks.find("vto", self.clients, REGION)
        return Sources(self.clients, found, NOW).evidence(job_id, **options)

    def put_row(self, **changes: Any) -> None:
        row = {
            "id": JOB,
            "status": "completed",
            "version": 3,
            "attempts": 1,
            "created_at": (NOW - timedelta(minutes=5)).isoformat(),
            "updated_at": (NOW - timedelta(minutes=4)).isoformat(),
            "timeline": [{"status": "created", "stage": None, "at": NOW.isoformat()}],
            "execution_arn": EXECUTION,
            "connection_id": "socket",
            **changes,
        }
        boto3.resource("dynamodb").Table("shop-jobs-of-another-name").put_item(Item=row)

    def log(self, function: str, *messages: Any, at: datetime = NOW - timedelta(minutes=4)) -> None:
        logs, group = boto3.client("logs"), f"/aws/lambda/vto-{function}"
        logs.create_log_stream(logGroupName=group, logStreamName="s")
        logs.put_log_events(
            logGroupName=group,
            logStreamName="s",
            logEvents=[{"timestamp": int(at.timestamp() * 1000), "message": json.dumps(one)} for one in messages],
        )


@pytest.fixture
def world(aws: None) -> Iterator[World]:
    boto3.client("cloudformation").create_stack(StackName="vto", TemplateBody=json.dumps(TEMPLATE))
    return World()


def events(count: int) -> list[dict[str, Any]]:
    return [{"id": number, "type": "ExecutionStarted", "timestamp": NOW} for number in range(1, count + 1)]


# --- what is there ----------------------------------------------------------------------------------------------------


def test_a_job_is_found_by_the_names_of_the_stacks_outputs(world: World) -> None:
    world.put_row(cost_usd=Decimal("0.04"))
    world.executions.histories[EXECUTION] = [
        *events(4),
        {"id": 5, "type": "TaskStateEntered", "timestamp": NOW, "stateEnteredEventDetails": {"name": "Invoke Model"}},
    ]
    boto3.resource("dynamodb").Table("vto-controls").put_item(
        Item={"control_id": facts.DELIVERY.format(job_id=JOB, connection_id="socket"), "delivered": 3}
    )
    found = world.look()
    assert found.row is not None
    assert (found.row["status"], found.row["cost_usd"], found.delivered) == ("completed", 0.04, 3)
    assert [visit.state for visit in found.executions[0].visits] == ["Invoke Model"], "all pages were read"
    assert found.gaps == ()


def test_only_lines_about_the_job_in_its_time_and_stack_are_read(world: World) -> None:
    world.put_row()
    world.log("invoke_model", {"level": "ERROR", "job_id": JOB}, {"level": "ERROR", "job_id": "another"})
    world.log("store_result", {"level": "ERROR", "job_id": JOB}, at=NOW - timedelta(days=1))
    world.log("connect", {"level": "ERROR", "job_id": JOB})
    found = world.look()
    assert found.logs is not None
    assert [(one.function, json.loads(one.message)["job_id"]) for one in found.logs] == [("invoke_model", JOB)]
    assert not found.logs_cut


def test_of_a_running_job_the_newest_lines_are_read(world: World) -> None:
    world.put_row(status="processing")
    world.log("invoke_model", {"level": "ERROR", "job_id": JOB}, at=NOW + timedelta(seconds=30))
    assert len(world.look().logs or []) == 1


def test_a_function_that_logged_without_end_is_read_up_to_a_bound(world: World) -> None:
    world.put_row()
    world.log("invoke_model", *({"level": "INFO", "job_id": JOB, "n": n} for n in range(LINES_OF_A_FUNCTION + 5)))
    found = world.look()
    assert found.logs is not None
    assert len(found.logs) == LINES_OF_A_FUNCTION
    assert found.logs_cut


def test_without_logs_none_are_asked_for(world: World) -> None:
    world.put_row()
    world.fails("logs", "filter_log_events", AssertionError("not asked"))
    assert world.look(with_logs=False).logs is None


def test_reruns_are_found_by_their_names(world: World) -> None:
    timeline = [{"status": "created", "at": NOW.isoformat()}, {"status": "error", "at": NOW.isoformat()}] * 2
    world.put_row(timeline=timeline, version=4, execution_arn=f"{EXECUTION}-2")
    world.executions.histories |= {EXECUTION: events(1), f"{EXECUTION}-2": events(1)}
    assert [one.name for one in world.look().executions] == [JOB, f"{JOB}-2"]


def test_reruns_are_hardly_sought_where_nothing_hints_at_them(world: World) -> None:
    world.put_row(version=9)
    world.executions.histories[EXECUTION] = events(1)
    world.look()
    assert world.executions.asked == [EXECUTION, f"{EXECUTION}-1"]


def test_an_erased_job_is_told_by_its_execution(world: World) -> None:
    world.executions.histories[EXECUTION] = events(1)
    found = world.look()
    assert found.row is None
    assert tell(found).headline.startswith("Its row is gone: erased, or past its retention.")


# --- what is not there ------------------------------------------------------------------------------------------------


def test_an_unknown_job_names_the_stack_and_the_remedy(world: World) -> None:
    with pytest.raises(CommandError, match=r"the stack vto in eu-central-1 has no job .* check the id, --stack"):
        world.look()


def test_an_execution_of_long_ago_is_forgotten(world: World) -> None:
    world.put_row(created_at=(NOW - timedelta(days=91)).isoformat())
    (gap,) = [gap for gap in world.look().gaps if gap.what == "execution"]
    assert gap.why == "it is gone: Step Functions forgets executions after 90 days"


def test_an_execution_that_should_be_there_is_missed(world: World) -> None:
    world.put_row()
    (gap,) = [gap for gap in world.look().gaps if gap.what == "execution"]
    assert gap.why.startswith("there is no such execution")


def test_a_job_that_was_never_started_misses_nothing(world: World) -> None:
    world.put_row(status="created", execution_arn=None, connection_id=None)
    assert world.look().gaps == ()


@pytest.mark.parametrize(
    ("service", "call", "operation", "what", "permission"),
    [
        ("logs", "filter_log_events", "FilterLogEvents", "logs", "logs:FilterLogEvents"),
        ("stepfunctions", "get_execution_history", "GetExecutionHistory", "history", "states:GetExecutionHistory"),
        ("stepfunctions", "describe_execution", "DescribeExecution", "execution", "states:DescribeExecution"),
        ("cloudformation", "get_paginator", "ListStackResources", "names", "cloudformation:ListStackResources"),
    ],
)
def test_a_missing_permission_costs_its_part_and_is_named(
    world: World, service: str, call: str, operation: str, what: str, permission: str
) -> None:
    world.put_row(connection_id=None)
    world.executions.histories[EXECUTION] = events(1)
    world.fails(service, call, refused(operation))
    gaps = [gap for gap in world.look().gaps if gap.what == what]
    assert len(gaps) == 1
    assert permission in gaps[0].why


def test_without_permission_for_the_row_the_execution_tells(world: World) -> None:
    world.executions.histories[EXECUTION] = events(1)
    world.fails("dynamodb", "get_item", refused("GetItem"))
    assert "Its row could not be read" in tell(world.look()).headline


def test_without_any_permission_the_command_ends_with_their_names(world: World) -> None:
    world.fails("dynamodb", "get_item", refused("GetItem"))
    world.fails("stepfunctions", "describe_execution", refused("DescribeExecution"))
    with pytest.raises(CommandError, match=r"dynamodb:GetItem .*states:DescribeExecution"):
        world.look()


def test_without_permission_for_the_stack_the_usual_names_serve(world: World) -> None:
    boto3.client("dynamodb").create_table(TableName="vto-jobs", **_definition("id"))
    boto3.resource("dynamodb").Table("vto-jobs").put_item(Item={"id": JOB, "status": "created", "timeline": []})
    world.fails("cloudformation", "describe_stacks", refused("DescribeStacks", "AccessDenied"))
    found = world.look()
    assert found.row is not None
    (gap,) = [gap for gap in found.gaps if gap.what == "names"]
    assert gap.why.startswith("the permission cloudformation:DescribeStacks is missing")


def _definition(key: str) -> dict[str, Any]:
    properties: dict[str, Any] = table("", key)["Properties"]
    return {name: value for name, value in properties.items() if name != "TableName"}


def test_a_log_group_that_is_not_there_is_said(world: World) -> None:
    world.put_row()
    boto3.client("logs").delete_log_group(logGroupName="/aws/lambda/vto-invoke_model")
    assert ("there is no log group of invoke_model", True) in [
        (gap.why, gap.what == "logs") for gap in world.look().gaps
    ]


# --- what ends the command --------------------------------------------------------------------------------------------


def test_a_wrong_stack_name_says_so(world: World) -> None:
    with pytest.raises(CommandError, match="there is no stack other in eu-central-1: check --stack and --region"):
        stacks.find("other", world.clients, REGION)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (NoCredentialsError(), "no AWS credentials: `aws configure`"),
        (EndpointConnectionError(endpoint_url="http://127.0.0.1:1"), "AWS cannot be reached"),
        (refused("DescribeStacks", "ExpiredToken"), "credentials are not accepted .ExpiredToken.: sign in again"),
        (refused("DescribeStacks", "UnrecognizedClientException"), "are not accepted"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_what_would_go_wrong_everywhere_ends_the_command(world: World, error: Exception, words: str) -> None:
    world.fails("cloudformation", "describe_stacks", error)
    with pytest.raises(CommandError, match=words):
        world.look()


def test_without_a_region_the_command_says_how_to_choose_one(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_DEFAULT_REGION", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    with pytest.raises(CommandError, match="--region, or AWS_REGION"):
        stacks.clients(None)


def test_a_profile_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(CommandError, match="nobody"):
        stacks.clients(REGION)
