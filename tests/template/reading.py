"""Reads templates: from YAML, as SAM expands them, and what a value in them refers to."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

type Template = dict[str, Any]

ROOT = Path(__file__).parents[2]
FUNCTION = "AWS::Serverless::Function"
MANAGED_POLICIES = ("AWSLambdaBasicExecutionRole", "AWSXrayWriteOnlyAccess", "AWSXRayDaemonWriteAccess")


def read_template() -> Template:
    """The project's template, short tags (``!Ref x``) in their long form (``{"Ref": "x"}``)."""
    return yaml_parse((ROOT / "template.yaml").read_text())


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
    return transform(template, {}, _ManagedPolicies())


def resources(template: Template, *types: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Logical id and properties of the resources of some types; of all without any."""
    for logical_id, resource in template.get("Resources", {}).items():
        if not types or resource["Type"] in types:
            yield logical_id, resource.get("Properties", {})


def named(value: Any) -> str | None:
    """The logical id that a ``Ref`` or ``Fn::GetAtt`` names; None for anything else."""
    if isinstance(value, dict) and len(value) == 1:
        if "Ref" in value:
            return value["Ref"]
        if "Fn::GetAtt" in value:
            target = value["Fn::GetAtt"]
            return target.split(".")[0] if isinstance(target, str) else target[0]
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


def listed(value: Any) -> list[Any]:
    """A value that may be one or many, as a list."""
    return value if isinstance(value, list) else [value]


def statements(properties: dict[str, Any]) -> list[dict[str, Any]]:
    """The statements in a function's or role's own policies, those behind a condition included."""
    found = []
    for policy in listed(properties.get("Policies", [])):
        document = policy.get("PolicyDocument", policy) if isinstance(policy, dict) else {}
        for statement in listed(document.get("Statement", [])):
            branches = statement["Fn::If"][1:] if "Fn::If" in statement else [statement]
            found += [branch for branch in branches if "Effect" in branch]
    return found


def actions(statement: dict[str, Any]) -> list[str]:
    """The actions of a statement."""
    return listed(statement.get("Action", []))


def function_timeout(template: Template, logical_id: str) -> int:
    """How long a function may run, in seconds."""
    default = template.get("Globals", {}).get("Function", {}).get("Timeout", 3)
    return template["Resources"][logical_id].get("Properties", {}).get("Timeout", default)


def mappings(template: Template) -> Iterator[tuple[str, dict[str, Any], str | None, str | None]]:
    """Event source mappings: logical id, properties, the function they call, the source they read."""
    for logical_id, properties in resources(template, "AWS::Lambda::EventSourceMapping"):
        yield logical_id, properties, named(properties["FunctionName"]), named(properties["EventSourceArn"])


def type_of(template: Template, logical_id: str | None) -> str | None:
    """The type of a resource; None when there is no such resource."""
    return template.get("Resources", {}).get(logical_id, {}).get("Type")


def dead_letter_queues(template: Template) -> set[str]:
    """Queues in which what failed for good ends."""
    found = set()
    for _, properties in resources(template, "AWS::SQS::Queue"):
        found.add(named(properties.get("RedrivePolicy", {}).get("deadLetterTargetArn")))
    for _, properties in resources(template, "AWS::Lambda::EventSourceMapping"):
        found.add(named(properties.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination")))
    for _, properties in resources(template, "AWS::Events::Rule"):
        found |= {named(target.get("DeadLetterConfig", {}).get("Arn")) for target in properties.get("Targets", [])}
    return {name for name in found if name}


def scales(template: Template, alarm: dict[str, Any]) -> bool:
    """Whether an alarm only scales something, and tells nobody."""
    actions = alarm.get("AlarmActions")
    return isinstance(actions, list) and all(
        type_of(template, named(one)) == "AWS::ApplicationAutoScaling::ScalingPolicy" for one in actions
    )
