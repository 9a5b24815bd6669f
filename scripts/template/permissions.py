"""Rules about what functions and roles may do."""

import re
from collections.abc import Iterator
from typing import Any

from asl.lint.framework import Problem, rule
from scripts.template.reading import (
    FUNCTION,
    ROLE,
    ROLE_POLICY,
    TABLE,
    Template,
    actions,
    listed,
    references,
    resources,
    statements,
    text_of,
)

LOG_DELIVERY = (
    "logs:CreateLogDelivery",
    "logs:GetLogDelivery",
    "logs:UpdateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:DescribeResourcePolicies",
    "logs:DescribeLogGroups",
)
TRACING = ("xray:PutTraceSegments", "xray:PutTelemetryRecords", "xray:GetSamplingRules", "xray:GetSamplingTargets")

# Actions that may name every resource, and why.
# https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html
# https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-roles.html
EVERY_RESOURCE = {
    **dict.fromkeys(LOG_DELIVERY, "log delivery knows no resources"),
    **dict.fromkeys(TRACING, "tracing knows no resources"),
    "ecr:GetAuthorizationToken": "signing in to a registry knows no resources",
    "cloudwatch:PutMetricData": "a metric knows no resource; a condition keeps it to SageMaker's namespaces",
}
OF_THE_PLACE = {"AWS::Partition", "AWS::Region", "AWS::AccountId", "AWS::URLSuffix"}  # true of everybody's resources
ON_OBJECTS = {"s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:GetObjectVersion", "s3:DeleteObjectVersion"}
SOCKET_METHODS = {  # whoever hears a client whose session is over also closes its socket
    "MessageFunction": ("POST", "DELETE"),
    "NotifyClientFunction": ("POST",),
    "PublishJobFunction": ("POST",),
    "DeliverResultFunction": ("POST",),
    "EraseUserFunction": ("DELETE",),
    "OperateFunction": ("POST",),
}


def _allowed(template: Template) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every statement that allows something to a function or a role, with the resource that it stands in."""
    for logical_id, properties in resources(template, FUNCTION, ROLE, ROLE_POLICY, "AWS::IAM::ManagedPolicy"):
        for statement in statements(properties):
            if statement["Effect"] == "Allow":
                yield logical_id, statement


@rule()
def no_wildcard_action(template: Template) -> Iterator[Problem]:
    """Every permission names its actions, one by one."""
    for logical_id, statement in _allowed(template):
        if "NotAction" in statement:
            yield logical_id, "is allowed whatever is not named", "write Action"
        for action in actions(statement):
            if "*" in action or "?" in action:
                yield logical_id, f"may do {action}", "name the actions that the code calls"


@rule()
def named_resources(template: Template) -> Iterator[Problem]:
    """A permission names resources of this stack, but for the few actions that know none; a wildcard ends a name."""
    for logical_id, statement in _allowed(template):
        if "Principal" in statement:
            continue  # who may take a role on: its resource is the role
        if "NotResource" in statement:
            yield logical_id, "is allowed on whatever is not named", "write Resource"
        for resource in listed(statement.get("Resource", [])):
            before, wildcard, _ = re.split(r"([*?]|$)", text_of(resource), maxsplit=1)
            own = set(re.findall(r"\$\{([\w:]+)", before)) - OF_THE_PLACE
            if wildcard and not own and not set(actions(statement)) <= EVERY_RESOURCE.keys():
                problem = f"may do {', '.join(actions(statement))} to everything that is {before}*"
                yield logical_id, problem, "name a resource, or list the action in EVERY_RESOURCE with why"


@rule()
def no_ready_made_policy(template: Template) -> Iterator[Problem]:
    """No function and no role takes a policy of AWS's: those are wider than any one purpose, and grow."""
    for logical_id, properties in resources(template, FUNCTION, ROLE):
        policies = [*listed(properties.get("Policies", [])), *listed(properties.get("ManagedPolicyArns", []))]
        for policy in policies:
            if isinstance(policy, str):
                yield logical_id, f"has the ready-made policy {policy}", "write the statements that it needs"


@rule()
def object_prefix(template: Template) -> Iterator[Problem]:
    """A permission on objects names their prefix: no function reads or writes a whole bucket."""
    for logical_id, statement in _allowed(template):
        if ON_OBJECTS & set(actions(statement)):
            for resource in listed(statement["Resource"]):
                if references(resource) == {"CanvasWeights", "AWS::Partition"}:
                    continue  # the operator's own bucket; the parameter's pattern asks for a prefix
                if not re.search(r"Bucket\.Arn\}/[a-z]+/.*\*", text_of(resource)):
                    problem = f"may do {', '.join(actions(statement))} in a whole bucket"
                    yield logical_id, problem, "name the prefix: ${Bucket.Arn}/prefix/*"


@rule()
def index_named(template: Template) -> Iterator[Problem]:
    """A permission to query names the index that is queried, and the index exists."""
    indexes = {
        (table, index["IndexName"])
        for table, properties in resources(template, TABLE)
        for index in properties.get("GlobalSecondaryIndexes", [])
    }
    for logical_id, statement in _allowed(template):
        if "dynamodb:Query" in actions(statement):
            for resource in listed(statement["Resource"]):
                match = re.search(r"\$\{(\w+)\.Arn\}/index/(\w+)", text_of(resource))
                if match is None or match.groups() not in indexes:
                    yield logical_id, f"queries {text_of(resource)}, which is no index", "name an index of the table"


@rule()
def socket_pushers(template: Template) -> Iterator[Problem]:
    """Only those who tell clients, or erase them, reach sockets, on the live stage, with the methods that they use."""
    for logical_id, statement in _allowed(template):
        if any(action.startswith("execute-api:") for action in actions(statement)):
            if logical_id not in SOCKET_METHODS:
                yield logical_id, "may push to sockets", "let one of the functions that publish do it"
            methods = SOCKET_METHODS.get(logical_id, ("POST",))
            ends = tuple(f"${{SocketApi}}/live/{method}/@connections/*" for method in methods)
            if not all(text_of(one).endswith(ends) for one in listed(statement["Resource"])):
                problem = "may do more than push to sockets of the live stage"
                yield logical_id, problem, f"name {' and '.join(ends)}"
