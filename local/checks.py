"""After a deployment: is everything there that the template promises?

The emulator reports CREATE_COMPLETE also for what it does not understand, so it is asked about each kind.
"""

from collections.abc import Callable
from typing import Any

from local.processes import StackError
from local.template import Promise

Clients = Callable[[str], Any]


def resources(clients: Clients, stack: str) -> dict[str, tuple[str, str]]:
    """Return (type, physical id) of a CloudFormation stack's resources by logical id."""
    pages = clients("cloudformation").get_paginator("list_stack_resources").paginate(StackName=stack)
    return {
        one["LogicalResourceId"]: (one["ResourceType"], one.get("PhysicalResourceId", ""))
        for page in pages
        for one in page["StackResourceSummaries"]
    }


def _of_type(found: dict[str, tuple[str, str]], kind: str) -> list[str]:
    return [physical for type_, physical in found.values() if type_ == kind]


def _routes(clients: Clients, found: dict[str, tuple[str, str]], promise: Promise) -> list[str]:
    gateway = clients("apigatewayv2")
    http, socket = set(), set()
    for api in _of_type(found, "AWS::ApiGatewayV2::Api"):
        keys = {route["RouteKey"] for route in gateway.get_routes(ApiId=api)["Items"]}
        if gateway.get_api(ApiId=api)["ProtocolType"] == "WEBSOCKET":
            socket |= keys
        else:
            http |= keys
    problems = [f"HTTP route missing: {key}" for key in sorted(promise.routes - http)]
    problems += [f"HTTP route that the template does not have: {key}" for key in sorted(http - promise.routes)]
    return problems + [f"socket route missing: {key}" for key in sorted(promise.socket_routes - socket)]


def _mappings(clients: Clients, promise: Promise) -> list[str]:
    mappings = clients("lambda").list_event_source_mappings()["EventSourceMappings"]
    problems = [f"event source mapping of {one['FunctionArn']} is {one['State']}" for one in mappings]
    problems = [text for text, one in zip(problems, mappings, strict=True) if one["State"] != "Enabled"]
    if len(mappings) < promise.mappings:  # those behind a condition come on top
        problems.append(f"{len(mappings)} event source mappings, the template has {promise.mappings}")
    return problems


def _rules(clients: Clients, promise: Promise) -> list[str]:
    events = clients("events")
    rules = [rule["Name"] for rule in events.list_rules()["Rules"]]
    problems = [f"rule without a target: {name}" for name in rules if not _targets(events, name)]
    if len(rules) < promise.rules:
        problems.append(f"{len(rules)} EventBridge rules, the template has {promise.rules}")
    return problems


def _targets(events: Any, rule: str) -> list[Any]:
    targets: list[Any] = events.list_targets_by_rule(Rule=rule)["Targets"]
    return targets


def _notifications(clients: Clients, found: dict[str, tuple[str, str]], promise: Promise) -> list[str]:
    storage = clients("s3")
    kinds = ("QueueConfigurations", "TopicConfigurations", "LambdaFunctionConfigurations")
    notifying = 0
    for bucket in _of_type(found, "AWS::S3::Bucket"):
        set_up = storage.get_bucket_notification_configuration(Bucket=bucket)
        notifying += any(set_up.get(kind) for kind in kinds)
    if notifying == promise.notifying_buckets:
        return []
    return [f"{notifying} buckets send notifications, the template has {promise.notifying_buckets}"]


def _caps(clients: Clients, found: dict[str, tuple[str, str]], promise: Promise) -> list[str]:
    functions, problems = clients("lambda"), []
    for logical_id, wanted in promise.reserved.items():
        have = functions.get_function_concurrency(FunctionName=found[logical_id][1])
        if have.get("ReservedConcurrentExecutions") != wanted:
            problems.append(f"reserved concurrency of {logical_id} is {have.get('ReservedConcurrentExecutions')}")
    return problems


def check(clients: Clients, stack: str, promise: Promise) -> None:
    """Compare a deployment with its template.

    Args:
        clients: makes a client of the emulator for a service.
        stack: the CloudFormation stack.
        promise: what the template says.

    Raises:
        StackError: naming everything that is missing.
    """
    found = resources(clients, stack)
    problems = [
        *_routes(clients, found, promise),
        *_mappings(clients, promise),
        *_rules(clients, promise),
        *_notifications(clients, found, promise),
        *_caps(clients, found, promise),
    ]
    if problems:
        listed = "\n".join(f"    {problem}" for problem in problems)
        raise StackError(f"the emulator accepted the template but did not make all of it:\n{listed}")
