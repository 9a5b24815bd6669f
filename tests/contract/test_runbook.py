"""The runbook's commands do what they say: each is run by bash against a stub of the AWS CLI, and then checked."""

import io
import json
import logging
import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, Self

import botocore.session
import jmespath
import pytest
import typer
from botocore import xform_name
from botocore.model import ServiceModel, Shape
from botocore.validate import ParamValidator
from typer.main import get_command

from scripts import facts
from vto import telemetry
from vto.domain.dead_letters import QUEUES
from vto.domain.job import Job, Stage, Status
from vto.domain.pacing import Lane
from vto.domain.parameters import canonical, for_garment_class
from vto.errors import ContentBlockedError, VtoError, all_errors
from vto.use_cases.sweep_jobs import Sweep
from vto_client.cli import app

RUNBOOK = facts.ROOT / "docs" / "runbook.md"
# what our command line raises for a call that it cannot read; typer carries the library that defines it within itself
UsageError = typer.BadParameter.__bases__[0]
NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
BLOCK = re.compile(r"^```bash\n(.*?)^```$", re.MULTILINE | re.DOTALL)

# commands of the AWS CLI's own that are no operation of a service, with the options that they take
# https://docs.aws.amazon.com/cli/latest/reference/logs/tail.html, …/s3/ls.html
CUSTOM = {("logs", "tail"): {"since", "format", "filter-pattern"}, ("s3", "ls"): {"recursive"}}
GLOBAL = {"output", "query", "max-items", "cli-binary-format", "cli-input-json"}


# --- running them -----------------------------------------------------------------------------------------------------


def functions_of(text: str) -> set[str]:
    """The shell functions that the runbook makes."""
    return set(re.findall(r"^(\w+)\(\) \{", "\n".join(BLOCK.findall(text)), re.MULTILINE))


def commands_in(text: str) -> list[str]:
    """Everything to paste besides the blocks: commands within sentences and tables."""
    names = "|".join(["aws", "vto", *sorted(functions_of(text))])
    found = re.findall(rf"`((?:{names})(?: [^`]+)?)`", BLOCK.sub("", text))
    return [one for one in dict.fromkeys(found) if one not in ("look_at", "logs", "vto", "vto ops")]


STUB = """
vto() { { printf 'vto\\x1f'; printf '%s\\x1f' "$@"; printf '\\x1e'; } >> "$CALLS"; }
aws() { { printf '%s\\x1f' "$@"; printf '\\x1e'; } >> "$CALLS"
  case "$*" in *"--query status"*) echo '"Complete"';; *) echo value;; esac; }
sleep() { echo "would wait for ever" >&2; exit 9; }
"""


def calls_of(text: str, folder: Path) -> list[list[str]]:
    """The arguments of every call of the AWS CLI when all of the runbook is pasted, in its order."""
    calls = folder / "calls"
    calls.touch()
    script = folder / "all.sh"
    commands = [one.replace("JOB-ID", "job-1") for one in commands_in(text)]
    script.write_text("\n".join([STUB, "set -u", *BLOCK.findall(text)[:1], "look_at job-1", *BLOCK.findall(text)[1:]]))
    with script.open("a") as file:
        file.write("\n" + "\n".join(commands))
    ran = subprocess.run(
        ["bash", str(script)],
        env={"PATH": os.environ["PATH"], "CALLS": str(calls)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.stderr == ""
    return [call.split("\x1f")[:-1] for call in calls.read_text().split("\x1e")[:-1]]


def orders_of(calls: list[list[str]]) -> list[list[str]]:
    """The arguments of every call of our own command line."""
    return [call[1:] for call in calls if call[0] == "vto"]


@pytest.fixture(scope="module")
def all_calls(tmp_path_factory: pytest.TempPathFactory) -> list[list[str]]:
    return calls_of(RUNBOOK.read_text(), tmp_path_factory.mktemp("runbook"))


@pytest.fixture(scope="module")
def calls(all_calls: list[list[str]]) -> list[list[str]]:
    return [call for call in all_calls if call[0] != "vto"]


# --- what AWS takes ---------------------------------------------------------------------------------------------------


@dataclass
class Command:
    """One call of the AWS CLI, its options as lists of values."""

    service: str
    operation: str
    options: dict[str, list[str]]

    @classmethod
    def read(cls, arguments: list[str]) -> Self:
        service, operation, *rest = arguments
        options: dict[str, list[str]] = {"": []}
        current = ""
        for one in rest:
            if one.startswith("--"):
                current = one.removeprefix("--")
                options[current] = []
            else:
                options[current].append(one)
        return cls(service, operation, options)


def _value(values: list[str], shape: Shape) -> Any:
    """What the CLI makes of an option's values: JSON, its shorthand, or the text itself."""
    text = " ".join(values)
    if shape.type_name in ("structure", "map", "list") and text.startswith(("{", "[")):
        return json.loads(text)
    if shape.type_name == "list":
        return [_value([one], shape.member) for one in values]  # type: ignore[attr-defined]
    if shape.type_name == "structure":
        return dict(pair.split("=", 1) for pair in text.split(","))
    if shape.type_name == "boolean":
        return True
    if shape.type_name in ("integer", "long"):
        return int(text)
    return NOW if shape.type_name == "timestamp" else text


@cache
def _model(service: str) -> ServiceModel | None:
    session = botocore.session.get_session()
    return session.get_service_model(service) if service in session.get_available_services() else None


def problem_of(arguments: list[str]) -> str | None:
    """What the AWS CLI would refuse in a call; None when it would take it."""
    command = Command.read(arguments)
    options = dict(command.options)
    place = f"aws {command.service} {command.operation}"
    if "query" in options:
        jmespath.compile(" ".join(options["query"]))
    if allowed := CUSTOM.get((command.service, command.operation)):
        unknown = set(options) - allowed - GLOBAL - {""}
        return f"{place}: no option {unknown}" if unknown else None
    model = _model(command.service)
    if model is None:
        return f"there is no service {command.service}"
    operations = {xform_name(name, "-"): name for name in model.operation_names}
    if command.operation not in operations:
        return f"{place}: no such operation"
    shape = model.operation_model(operations[command.operation]).input_shape
    assert shape is not None
    members = {xform_name(name, "-"): name for name in shape.members}
    parameters: dict[str, Any] = json.loads("".join(options.get("cli-input-json", ["{}"])))
    for option, values in options.items():
        name = members.get(option) or members.get(option.removeprefix("no-"))
        if name is not None:
            parameters[name] = False if option not in members else _value(values, shape.members[name])
        elif option and option not in GLOBAL:
            return f"{place}: no option --{option}"
    report = ParamValidator().validate(parameters, shape)
    return f"{place}: {report.generate_report()}" if report.has_errors() else None


def test_every_command_is_one_that_the_aws_cli_takes(calls: list[list[str]]) -> None:
    assert len(calls) > 60
    assert [found for call in calls if (found := problem_of(call))] == []


def problem_of_order(arguments: list[str]) -> str | None:
    """What our own command line would refuse in a call; None when it would take it."""
    command: Any = get_command(app)
    words = list(arguments)
    if arguments[:2] == ["ops", "redrive"] and {*arguments[2:3]} - {*QUEUES, "--all"}:
        return f"there is no queue {arguments[2]}"
    while hasattr(command, "commands"):
        name = words.pop(0)
        if name not in command.commands:
            return f"there is no command {name}"
        command = command.commands[name]
    try:
        command.make_context("vto", words)
    except UsageError as problem:
        return str(problem.format_message())  # type: ignore[attr-defined]
    return None


def test_every_order_is_one_that_our_own_command_line_takes(all_calls: list[list[str]]) -> None:
    orders = orders_of(all_calls)
    assert {order[1] for order in orders if order[0] == "ops"} >= {"status", "redrive", "rerun", "reconcile", "sweep"}
    assert [found for order in orders if (found := problem_of_order(order))] == []


def test_every_dead_letter_queue_has_its_order(all_calls: list[list[str]]) -> None:
    assert {order[2] for order in orders_of(all_calls) if order[:2] == ["ops", "redrive"]} >= QUEUES.keys()


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        (["ops", "repair"], "there is no command repair"),
        (["ops", "rerun"], "Missing argument"),
        (["ops", "status", "--all"], "No such option"),
        (["ops", "redrive", "everything"], "there is no queue everything"),
    ],
)
def test_an_order_that_our_command_line_would_refuse_is_found(wrong: list[str], complaint: str) -> None:
    assert complaint in (problem_of_order(wrong) or "")


def test_every_tool_is_used(calls: list[list[str]]) -> None:
    text = RUNBOOK.read_text()
    used = "\n".join([*commands_in(text), *BLOCK.findall(text)])
    for function in functions_of(text):
        assert len(re.findall(rf"\b{function}\b(?!\(\))", used)) >= 1, function


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        (["dynamo", "get-item"], "no service dynamo"),
        (["sqs", "drain-queue"], "no such operation"),
        (["sqs", "purge-queue", "--queue", "x"], "no option --queue"),
        (["sqs", "purge-queue"], "Missing required parameter"),
        (["logs", "tail", "group", "--for", "1h"], "no option"),
        (["dynamodb", "get-item", "--table-name", "t", "--key", '{"id": "job"}'], "Invalid type"),
    ],
)
def test_a_command_that_aws_would_refuse_is_found(wrong: list[str], complaint: str) -> None:
    assert complaint in (problem_of(wrong) or "")


# --- that what they name exists ---------------------------------------------------------------------------------------


def physical_names() -> Iterator[tuple[str, str]]:
    """Types and names of what the template names itself, for a stack named ``value`` or ``vto``."""
    for kind, field in (("AWS::DynamoDB::Table", "TableName"), ("AWS::Logs::LogGroup", "LogGroupName")):
        for _, properties in facts.resources(kind):
            yield kind, properties[field]["Fn::Sub"].replace("${AWS::StackName}", "vto")


def unknown_names(calls: list[list[str]]) -> Iterator[str]:
    """Tables, indexes, log groups, functions, outputs and queues of commands that the template does not make."""
    known = {name for _, name in physical_names()}
    indexes = {
        index["IndexName"]
        for _, table in facts.resources("AWS::DynamoDB::Table")
        for index in table.get("GlobalSecondaryIndexes", [])
    }
    resources, template = facts.template()["Resources"], facts.template()
    functions = {f"vto-{facts.folder(name)}" for name, _ in facts.resources(facts.FUNCTION)}
    for call in calls:
        options = Command.read(call).options
        yield from (one for one in options.get("table-name", []) if one not in known)
        yield from (one for one in options.get("index-name", []) if one not in indexes)
        yield from (one for one in options.get("logical-resource-id", []) if one not in resources)
        yield from (one for one in options.get("function-name", []) if one not in functions)
        if call[:2] == ["logs", "tail"] and call[2] not in known:
            yield call[2]
        query = " ".join(options.get("query", []))
        yield from (one for one in re.findall(r"OutputKey=='(\w+)'", query) if one not in template["Outputs"])
        yield from (one for one in re.findall(r"ParameterKey=='(\w+)'", query) if one not in template["Parameters"])


def test_commands_name_only_what_the_template_makes(calls: list[list[str]]) -> None:
    assert list(unknown_names(calls)) == []


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("$STACK-jobs", "$STACK-tasks"),
        ("--index-name open", "--index-name opened"),
        ("output StateMachineArn", "output MachineArn"),
        ("parameter Engine", "parameter Engines"),
        ("logs invoke_model`", "logs call_model`"),
        ("letters EventsDeadLetterQueue", "letters DeadLetterQueue"),
    ],
)
def test_a_name_that_the_template_does_not_make_is_found(right: str, wrong: str, tmp_path: Path) -> None:
    text = RUNBOOK.read_text()
    assert right in text
    found = calls_of(text.replace(right, wrong), tmp_path)
    assert list(unknown_names([call for call in found if call[0] != "vto"])) != []


# --- that an index holds what it is asked for -------------------------------------------------------------------------

TYPES = {"S", "N", "B", "BOOL", "NULL", "M", "L", "SS", "NS", "BS"}
OF_AN_ANSWER = {"Items", "Count", "ScannedCount", "LastEvaluatedKey", "ConsumedCapacity"}


def held() -> dict[tuple[str, str], set[str] | None]:
    """What each index of each table holds, by the two names; None stands for the whole row."""
    found: dict[tuple[str, str], set[str] | None] = {}
    for _, table in facts.resources("AWS::DynamoDB::Table"):
        name = table["TableName"]["Fn::Sub"].replace("${AWS::StackName}", "vto")
        for index in table.get("GlobalSecondaryIndexes", []):
            keys = {one["AttributeName"] for one in [*table["KeySchema"], *index["KeySchema"]]}
            projection = index["Projection"]
            whole = projection["ProjectionType"] == "ALL"
            found[name, index["IndexName"]] = None if whole else keys | {*projection.get("NonKeyAttributes", [])}
    return found


def _fields(node: dict[str, Any]) -> Iterator[str]:
    """The names that a JMESPath expression reads."""
    if node["type"] == "field":
        yield node["value"]
    for child in node["children"]:
        yield from _fields(child)


def asked_of_an_index(command: Command) -> set[str]:
    """The attributes that a query of an index filters by, projects or shows."""
    names = json.loads("".join(command.options.get("expression-attribute-names", ["{}"])))
    found = set(names.values())
    for option in ("key-condition-expression", "filter-expression", "projection-expression"):
        text = " ".join(command.options.get(option, []))
        found |= set(re.findall(r"(?<![:#\w])[a-z]\w*\b(?!\s*\()", text)) - {"and", "or", "not", "between", "in"}
    query = " ".join(command.options.get("query", []))
    shown = set(_fields(jmespath.compile(query).parsed)) if query else set()
    return found | shown - TYPES - OF_AN_ANSWER


def not_held(calls: list[list[str]]) -> list[str]:
    """Attributes that commands ask an index for and that it does not hold."""
    known = held()
    commands = [command for call in calls if (command := Command.read(call)).options.get("index-name")]
    return [
        f"{table}/{index}: {name}"
        for command in commands
        for (table,), (index,) in [(command.options["table-name"], command.options["index-name"])]
        if (holds := known[table, index]) is not None
        for name in sorted(asked_of_an_index(command) - holds)
    ]


def test_no_index_is_asked_for_attributes_that_it_does_not_hold(calls: list[list[str]]) -> None:
    asked = {tuple(index) for call in calls if (index := Command.read(call).options.get("index-name"))}
    assert asked >= {("by_user",), ("open",)}
    assert not_held(calls) == []


@pytest.mark.parametrize(
    ("index", "option", "value", "missing"),
    [
        ("by_user", "--query", "Items[].[id.S, created_at.S, status.S]", ["status"]),
        ("by_user", "--query", "Items[?error_code.S=='internal'].id.S", ["error_code"]),
        ("by_user", "--filter-expression", "error_code = :code", ["error_code"]),
        ("open", "--projection-expression", "id, lease_until, stage", ["stage"]),
        ("open", "--expression-attribute-names", '{"#status": "status"}', ["status"]),
        ("open", "--query", "Items[].[id.S, lease_until.S]", []),
    ],
)
def test_an_attribute_that_an_index_does_not_hold_is_found(
    index: str, option: str, value: str, missing: list[str]
) -> None:
    call = ["dynamodb", "query", "--table-name", "vto-jobs", "--index-name", index, option, value]
    assert not_held([call]) == [f"vto-jobs/{index}: {name}" for name in missing]


# --- metrics and log fields -------------------------------------------------------------------------------------------


def counted() -> set[str]:
    """The metrics that the code writes: the classes of errors, and what is counted by a name of its own."""
    sources = [*(facts.ROOT / "layers" / "vto").rglob("*.py"), *(facts.ROOT / "functions").rglob("*.py")]
    named = {name for path in sources for name in re.findall(r'\bcount\("(\w+)"\)', path.read_text())}
    swept = {f"Sweep{one.name.title().replace('_', '')}" for one in fields(Sweep)}
    return named | swept | set(all_errors())


def emitted(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The fields of all log lines there are: a step's error and crash, telling, and a job's ending."""
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "vto")
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "vto")
    telemetry.logger.cache_clear()
    telemetry.metrics.cache_clear()
    log = io.StringIO()
    telemetry.logger()
    for handler in logging.getLogger("vto").handlers:
        monkeypatch.setattr(handler, "stream", log)

    def step(error: Exception) -> None:
        @telemetry.observed("invoke_model")
        def handler(event: Any, context: Any) -> None:
            raise error

        with pytest.raises(VtoError):
            handler({"job_id": "job-1", "execution_arn": "arn:1"}, None)

    step(ContentBlockedError("why"))
    step(ZeroDivisionError())
    job = a_job().claimed("arn:1", NOW)
    for stage in (Stage.QUEUED, Stage.GENERATING, Stage.STORING):
        job = job.enter(stage, execution_arn="arn:1", now=NOW, lease_seconds=60, engine="preview")
    telemetry.ended(job.fail(ContentBlockedError(), NOW))
    telemetry.told("job-1", 1)
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    nested = {
        f"{name}.{inner}" for line in lines for name, one in line.items() if isinstance(one, dict) for inner in one
    }
    return nested | {name for line in lines for name in line}


# https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_AnalyzeLogData-discoverable-fields.html
OF_LAMBDA = {"@timestamp", "@message", "@log", "@type", "@duration", "@maxMemoryUsed", "@initDuration"}
WORDS = set(
    re.findall(
        r"\w+",
        "fields filter stats sort limit by as and or not like in asc desc "
        "count count_distinct sum pct max min avg bin ispresent",
    )
)


def fields_of(query: str) -> set[str]:
    """The fields that a Logs Insights query reads."""
    query = re.sub(r'"[^"]*"', "", query)
    named = set(re.findall(r"\bas (\w+)", query))
    return {one for one in re.findall(r"@?[A-Za-z_][\w.]*", re.sub(r"\b\d+\w*", "", query)) if one not in WORDS | named}


def queries(calls: list[list[str]]) -> list[str]:
    return [query for call in calls for query in Command.read(call).options.get("query-string", [])]


def test_queries_read_only_fields_that_are_logged(calls: list[list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    known = emitted(monkeypatch) | OF_LAMBDA
    assert len(set(queries(calls))) >= 10
    for query in queries(calls):
        assert fields_of(query) <= known, query


def test_a_field_that_nobody_logs_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    query = (
        'filter message = "job ended" and cost > 3 | stats count(*) as jobs, pct(stages.drawing, 95) by engine, bin(1h)'
    )
    assert fields_of(query) - emitted(monkeypatch) == {"cost", "stages.drawing"}


def test_queries_look_for_lines_and_values_that_are_written(calls: list[list[str]]) -> None:
    written = {"message": {"job ended"}, "status": {one.value for one in Status}, "@type": {"REPORT"}}
    written["lane"] = {one.value for one in Lane}
    written["error_code"] = {cls.code for cls in all_errors().values()}
    for query in queries(calls):
        for field, value in re.findall(r'([@\w]+) !?= "([^"]+)"', query):
            assert value in written[field], query


def test_metrics_that_are_asked_for_are_counted() -> None:
    asked = set(re.findall(r"count_of (\w+)", RUNBOOK.read_text()))
    assert asked <= counted()
    assert len(asked) > 10
    assert "UnexpectedError" in counted()
    assert "RefusedError" not in counted()


def test_fields_of_the_access_log_are_in_its_format(calls: list[list[str]]) -> None:
    (http,) = (properties for _, properties in facts.resources("AWS::Serverless::HttpApi"))
    fields = set(json.loads(http["AccessLogSettings"]["Format"]))
    asked = {name for call in calls for one in call for name in re.findall(r"\{ \$\.(\w+)", one)}
    assert asked
    assert asked <= fields


# --- a job, to see what is logged of one ------------------------------------------------------------------------------


def a_job() -> Job:
    return Job.create(
        job_id="job-1", user_id="user", request_id="request", request_fingerprint="", product_id="product",
        product_picture_s3_url="s3://b/k", model_id="model", model_picture_s3_url="s3://b/k",
        parameters=canonical(for_garment_class("UPPER_BODY")), connection_id=None, now=NOW, retention_days=30,
    )  # fmt: skip
