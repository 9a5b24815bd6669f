"""Reads templates: from YAML, as SAM expands them, and what a value in them refers to."""

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from unittest.mock import patch

from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

type Template = dict[str, Any]

ROOT = Path(__file__).parents[2]
FUNCTION, MACHINE = "AWS::Serverless::Function", "AWS::Serverless::StateMachine"
ROLE, ROLE_POLICY = "AWS::IAM::Role", "AWS::IAM::RolePolicy"
BUCKET, TABLE, QUEUE, TOPIC = "AWS::S3::Bucket", "AWS::DynamoDB::Table", "AWS::SQS::Queue", "AWS::SNS::Topic"
BUCKET_POLICY, QUEUE_POLICY = "AWS::S3::BucketPolicy", "AWS::SQS::QueuePolicy"
TOPIC_POLICY = "AWS::SNS::TopicPolicy"
MAPPING, RULE, ALARM = "AWS::Lambda::EventSourceMapping", "AWS::Events::Rule", "AWS::CloudWatch::Alarm"
LOG_GROUP, LAYER = "AWS::Logs::LogGroup", "AWS::Serverless::LayerVersion"
HTTP_API, SOCKET_API = "AWS::Serverless::HttpApi", "AWS::Serverless::WebSocketApi"
POOL, POOL_CLIENT = "AWS::Cognito::UserPool", "AWS::Cognito::UserPoolClient"
MANAGED_POLICIES = ("AWSLambdaBasicExecutionRole", "AWSXrayWriteOnlyAccess", "AWSXRayDaemonWriteAccess")


def read_template(path: Path = ROOT / "template.yaml") -> Template:
    """A template, short tags (``!Ref x``) in their long form (``{"Ref": "x"}``)."""
    parsed: Template = yaml_parse(path.read_text())
    return parsed


class _ManagedPolicies:
    """Stands in for the IAM call that SAM makes to learn the ARNs of AWS's own policies."""

    def load(self) -> dict[str, str]:
        return {name: f"arn:aws:iam::aws:policy/service-role/{name}" for name in MANAGED_POLICIES}


def expand(template: Template) -> Template:
    """What SAM hands to CloudFormation. Code locations are replaced, as uploading would; the template is used up."""
    for resource in template["Resources"].values():
        properties = resource.get("Properties", {})
        for location in ("CodeUri", "ContentUri", "DefinitionUri"):
            if location in properties:
                properties[location] = "s3://artefacts/key"
    with patch.dict(os.environ, {"AWS_DEFAULT_REGION": "us-east-1"}):  # SAM wants one, and writes it nowhere
        expanded: Template = transform(template, {}, _ManagedPolicies())
    return expanded


def resources(template: Template, *types: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Logical id and properties of the resources of some types; of all without any."""
    for logical_id, resource in template.get("Resources", {}).items():
        if not types or resource["Type"] in types:
            yield logical_id, resource.get("Properties", {})


def named(value: Any) -> str | None:
    """The logical id that a ``Ref`` or ``Fn::GetAtt`` names; None for anything else."""
    match value:
        case {"Ref": str(name)}:
            return name
        case {"Fn::GetAtt": [str(name), *_]}:
            return name
        case {"Fn::GetAtt": str(name)}:
            return name.split(".")[0]
    return None


def references(value: Any) -> set[str]:
    """Every logical id, parameter and pseudo parameter that a value refers to, however deep."""
    if isinstance(value, list):
        return {name for one in value for name in references(one)}
    if not isinstance(value, dict):
        return set()
    found = {name for one in value.values() for name in references(one)}
    if (direct := named(value)) is not None:
        found.add(direct)
    if "Fn::Sub" in value:
        text = value["Fn::Sub"] if isinstance(value["Fn::Sub"], str) else value["Fn::Sub"][0]
        found |= {name.split(".")[0] for name in re.findall(r"\$\{([^!}]+)\}", text)}
    return found


def text_of(value: Any) -> str:  # noqa: PLR0911 - one for each function of CloudFormation
    """A value as it would be written in ``Fn::Sub``: text, with ``${Name}`` where something is referred to."""
    match value:
        case {"Ref": str(name)}:
            return f"${{{name}}}"
        case {"Fn::GetAtt": [str(name), str(attribute)]}:
            return f"${{{name}.{attribute}}}"
        case {"Fn::GetAtt": str(name)}:
            return f"${{{name}}}"
        case {"Fn::Sub": [str(text), Mapping() as variables]}:
            return re.sub(r"\$\{(\w+)\}", lambda one: text_of(variables.get(one[1], {"Ref": one[1]})), text)
        case {"Fn::Sub": str(text)}:
            return text
        case {"Fn::Join": [str(separator), list(parts)]}:
            return separator.join(text_of(part) for part in parts)
        case {"Fn::Select": [_, chosen_from]}:
            return text_of(chosen_from)
        case {"Fn::Split": [_, text]}:
            return text_of(text)
        case list(parts):
            return "".join(text_of(part) for part in parts)
    return str(value)


def listed(value: Any) -> list[Any]:
    """A value that may be one or many, as a list."""
    return value if isinstance(value, list) else [value]


def branches(value: Any) -> list[Any]:
    """What a value may be, whichever way a condition goes."""
    if isinstance(value, dict) and "Fn::If" in value:
        return [found for branch in value["Fn::If"][1:] for found in branches(branch)]
    return [value]


def statements(properties: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The statements in the own policies of a function, a role or a policy, those behind a condition included."""
    documents = [
        one.get("PolicyDocument", one)
        for one in [*listed(properties.get("Policies", [])), properties]
        if isinstance(one, dict)
    ]
    return [
        statement
        for document in documents
        for one in listed(document.get("Statement", []))
        for statement in branches(one)
        if "Effect" in statement
    ]


def actions(statement: dict[str, Any]) -> list[str]:
    """The actions of a statement."""
    return listed(statement.get("Action", []))


def function_timeout(template: Template, logical_id: str) -> int:
    """How long a function may run, in seconds."""
    default = template.get("Globals", {}).get("Function", {}).get("Timeout", 3)
    seconds: int = template["Resources"][logical_id].get("Properties", {}).get("Timeout", default)
    return seconds


def mappings(template: Template) -> Iterator[tuple[str, dict[str, Any], str, str]]:
    """Event source mappings: logical id, properties, the function they call, the source they read."""
    for logical_id, properties in resources(template, MAPPING):
        function, source = named(properties.get("FunctionName")), named(properties.get("EventSourceArn"))
        yield logical_id, properties, function or "", source or ""


def notifications(template: Template) -> Iterator[tuple[str, dict[str, str], str]]:
    """What buckets tell queues: the bucket, its filter (``prefix`` and ``suffix``, empty for all), the queue."""
    for bucket, properties in resources(template, BUCKET):
        for one in properties.get("NotificationConfiguration", {}).get("QueueConfigurations", []):
            rules = one.get("Filter", {}).get("S3Key", {}).get("Rules", [])
            said = {rule["Name"].lower(): rule["Value"] for rule in rules}
            yield bucket, {"prefix": "", "suffix": "", **said}, named(one["Queue"]) or ""


def type_of(template: Template, logical_id: str | None) -> str | None:
    """The type of a resource; None when there is no such resource."""
    found: str | None = template.get("Resources", {}).get(logical_id, {}).get("Type")
    return found


def properties_of(template: Template, logical_id: str | None) -> dict[str, Any]:
    """The properties of a resource; none when there is no such resource."""
    found: dict[str, Any] = template.get("Resources", {}).get(logical_id, {}).get("Properties", {})
    return found


def dead_letter_queues(template: Template) -> set[str]:
    """Queues in which what failed for good ends."""
    found = set()
    for _, properties in resources(template, QUEUE):
        found.add(named(properties.get("RedrivePolicy", {}).get("deadLetterTargetArn")))
    for _, properties in resources(template, MAPPING):
        found.add(named(properties.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination")))
    for _, properties in resources(template, RULE):
        found |= {named(target.get("DeadLetterConfig", {}).get("Arn")) for target in properties.get("Targets", [])}
    return {name for name in found if name}


def scales(template: Template, alarm: dict[str, Any]) -> bool:
    """Whether an alarm only scales something, and tells nobody."""
    actions = alarm.get("AlarmActions")
    return isinstance(actions, list) and all(
        type_of(template, named(one)) == "AWS::ApplicationAutoScaling::ScalingPolicy" for one in actions
    )
