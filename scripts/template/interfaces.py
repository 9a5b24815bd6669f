"""Rules about what the world can reach: APIs, sockets, sign-in, and the rules that call by themselves."""

from collections.abc import Iterator
from typing import Any

from asl.lint.framework import Problem, rule
from scripts.template.reading import (
    FUNCTION,
    HTTP_API,
    POOL,
    POOL_CLIENT,
    QUEUE_POLICY,
    RULE,
    SOCKET_API,
    Template,
    named,
    properties_of,
    references,
    resources,
)

OPEN_ROUTES = ("/health", "/config")
GUESTS = "/guests/"  # open to everybody too, each under limits of its own
LIMITS = {"ThrottlingRateLimit", "ThrottlingBurstLimit"}
NOTHING = {"Ref": "AWS::NoValue"}


@rule()
def one_way_to_the_api(template: Template) -> Iterator[Problem]:
    """No function refers to the HTTP API whose definition refers to it: CloudFormation could make neither first."""
    apis = {name for name, _ in resources(template, HTTP_API)}
    for logical_id, properties in resources(template, FUNCTION):
        called_by = {
            named(event.get("Properties", {}).get("ApiId")) for event in properties.get("Events", {}).values()
        } & apis
        others = {name: value for name, value in properties.items() if name != "Events"}
        for api in called_by & references(others):
            yield logical_id, f"refers to {api}, which refers to it", "let the client say where the API is"


@rule()
def event_rules(template: Template) -> Iterator[Problem]:
    """A rule may call its target, gives up in time, and keeps what it could not hand over."""
    allowed = {
        (named(properties.get("SourceArn")), named(properties["FunctionName"]))
        for _, properties in resources(template, "AWS::Lambda::Permission")
    }
    for name, properties in resources(template, RULE):
        for target in properties["Targets"]:
            function = named(target["Arn"]) or ""
            if (name, function) not in allowed:
                yield name, f"may not call {function}", "add an AWS::Lambda::Permission"
            if "RetryPolicy" not in target:
                yield name, "tries for a day", "add a RetryPolicy"
            dead = named(target.get("DeadLetterConfig", {}).get("Arn"))
            if not any(
                dead in {named(one) for one in policy["Queues"]} and name in references(policy)
                for _, policy in resources(template, QUEUE_POLICY)
            ):
                problem = "has no dead-letter queue that takes its messages"
                yield name, problem, "add DeadLetterConfig, and the rule to that queue's policy"
            invoked = properties_of(template, function).get("EventInvokeConfig", {})
            if not invoked.get("DestinationConfig", {}).get("OnFailure"):
                problem = "is called without an answer and forgets events it fails on"
                yield function, problem, "add EventInvokeConfig with a queue OnFailure"


@rule()
def open_routes(template: Template) -> Iterator[Problem]:
    """Everything asks for a token or a ticket, but /health, /config and what is below /guests/."""
    for api, properties in resources(template, HTTP_API):
        if not properties.get("Auth", {}).get("DefaultAuthorizer"):
            yield api, "asks for no token", "add a DefaultAuthorizer"
    for logical_id, properties in resources(template, FUNCTION):
        for event in properties.get("Events", {}).values():
            details = event.get("Properties", {})
            if _is_open(event) and details["Path"] not in OPEN_ROUTES and not details["Path"].startswith(GUESTS):
                yield logical_id, f"answers {details['Path']} to everybody", "remove its Auth"
    for api, properties in resources(template, SOCKET_API):
        auth = properties.get("Auth", {})
        if auth.get("AuthType") != "CUSTOM" or auth.get("IdentitySource") != ["route.request.querystring.ticket"]:
            yield api, "asks for no ticket", "add a CUSTOM authorizer with the ticket as its IdentitySource"


@rule()
def throttled(template: Template) -> Iterator[Problem]:
    """Every API is throttled, and each route for guests by limits of its own, so that they take nothing from others."""
    for api, properties in resources(template, HTTP_API, SOCKET_API):
        if not properties.get("DefaultRouteSettings", {}).keys() >= LIMITS:
            yield api, "takes as many requests as come", "add ThrottlingRateLimit and ThrottlingBurstLimit"
    for api, route, event in _http_routes(template):
        settings = properties_of(template, api).get("RouteSettings", {}).get(route, {})
        if _is_open(event) and event["Properties"]["Path"].startswith(GUESTS) and not settings.keys() >= LIMITS:
            yield api, f"lets {route} use up what all routes have together", "give it RouteSettings with both limits"


@rule()
def known_routes(template: Template) -> Iterator[Problem]:
    """An API has settings of routes that it has, and of no others: AWS refuses to deploy those."""
    routes = {(api, route) for api, route, _ in _http_routes(template)}
    for api, properties in resources(template, HTTP_API):
        for route in properties.get("RouteSettings", {}):
            if (api, route) not in routes:
                yield api, f"has settings of {route}, which is none of its routes", "remove them, or add the route"


def _http_routes(template: Template) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """The HTTP APIs' routes: the API, the route's key, the event."""
    for _, properties in resources(template, FUNCTION):
        for event in properties.get("Events", {}).values():
            details = event.get("Properties", {})
            if event["Type"] == "HttpApi" and "ApiId" in details:
                yield named(details["ApiId"]) or "", f"{details.get('Method')} {details.get('Path')}", event


def _is_open(event: dict[str, Any]) -> bool:
    """Whether nobody checks who calls."""
    authorizer = event.get("Properties", {}).get("Auth", {}).get("Authorizer")
    return bool(event["Type"] == "HttpApi" and authorizer == "NONE")


@rule()
def socket_logs(template: Template) -> Iterator[Problem]:
    """Sockets are logged only where a parameter says so: without the account's role API Gateway refuses to deploy."""
    remedy = "put it behind the condition LogsSockets"
    for api, properties in resources(template, SOCKET_API):
        settings = properties.get("DefaultRouteSettings", {})
        if not _only_if(properties.get("AccessLogSettings"), "LogsSockets", NOTHING):
            yield api, "writes access logs in every account", remedy
        if not _only_if(settings.get("LoggingLevel", "OFF"), "LogsSockets", "OFF"):
            yield api, "writes execution logs in every account", remedy
        if settings.get("DataTraceEnabled"):
            yield api, "logs what shoppers send", "write DataTraceEnabled: false"


def _only_if(value: Any, condition: str, otherwise: Any) -> bool:
    if value in (None, otherwise):
        return True
    match value:
        case {"Fn::If": [found, _, rest]}:
            return bool(found == condition and rest == otherwise)
    return False


@rule()
def sign_in(template: Template) -> Iterator[Problem]:
    """Passwords travel only outside production, clients have no secret, and a pool in production cannot be deleted."""
    for client, properties in resources(template, POOL_CLIENT):
        for flow in properties.get("ExplicitAuthFlows", []):
            guarded = isinstance(flow, dict) and flow.get("Fn::If", [None])[0] == "IsProduction"
            in_production = flow["Fn::If"][1] if guarded else flow
            if "USER_PASSWORD" in str(in_production):
                yield client, "takes plain passwords in production", "put the flow behind IsProduction"
        if properties.get("GenerateSecret") is not False:
            yield client, "has a secret, which a page cannot keep", "write GenerateSecret: false"
        if properties.get("WriteAttributes") != ["email"]:
            yield client, "lets people write attributes of their own account", "write WriteAttributes: [email]"
    for pool, properties in resources(template, POOL):
        if properties.get("DeletionProtection") != {"Fn::If": ["IsProduction", "ACTIVE", "INACTIVE"]}:
            yield pool, "can be deleted in production", "write DeletionProtection: !If [IsProduction, ACTIVE, INACTIVE]"
