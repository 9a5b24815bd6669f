"""What a SAM template promises, read without resolving it, to compare with what the emulator made of it."""

from dataclasses import dataclass, field
from pathlib import Path

from samtranslator.yaml_helper import yaml_parse

_MAPPED = {"SQS", "DynamoDB", "Kinesis"}
_RULES = {"EventBridgeRule", "CloudWatchEvent", "Schedule"}


@dataclass(frozen=True)
class Promise:
    """Counts and names of what must exist after a deployment; resources behind a condition are left out."""

    parameters: frozenset[str]
    routes: frozenset[str]
    """HTTP routes as `GET /config`."""
    socket_routes: frozenset[str]
    mappings: int
    rules: int
    notifying_buckets: int
    reserved: dict[str, int] = field(default_factory=dict)
    """Reserved concurrency by the function's logical id."""


def read_template(path: Path) -> Promise:
    """Read a template.

    Args:
        path: a SAM template in YAML.
    """
    template = yaml_parse(path.read_text())
    routes, sockets, reserved = set(), set(), {}
    mappings = rules = buckets = 0
    for logical_id, resource in template["Resources"].items():
        if "Condition" in resource:
            continue
        kind, properties = resource["Type"], resource.get("Properties", {})
        if kind == "AWS::Serverless::Function":
            for event in properties.get("Events", {}).values():
                details = event.get("Properties", {})
                if event["Type"] == "HttpApi":
                    method, way = details.get("Method", "ANY").upper(), details.get("Path", "$default")
                    routes.add("$default" if way == "$default" else f"{'ANY' if method == '*' else method} {way}")
                mappings += event["Type"] in _MAPPED
                rules += event["Type"] in _RULES
            if isinstance(properties.get("ReservedConcurrentExecutions"), int):
                reserved[logical_id] = properties["ReservedConcurrentExecutions"]
        elif kind == "AWS::Serverless::WebSocketApi":
            sockets |= set(properties.get("Routes", {}))
        elif kind == "AWS::Lambda::EventSourceMapping":
            mappings += 1
        elif kind == "AWS::Events::Rule":
            rules += 1
        elif kind == "AWS::S3::Bucket" and "NotificationConfiguration" in properties:
            buckets += 1
    return Promise(
        parameters=frozenset(template.get("Parameters", {})),
        routes=frozenset(routes),
        socket_routes=frozenset(sockets),
        mappings=mappings,
        rules=rules,
        notifying_buckets=buckets,
        reserved=reserved,
    )
