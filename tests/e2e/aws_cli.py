"""Stands in for the AWS CLI, which not every machine has: one call, with `--query` and `--output text`."""

import sys
from typing import Any

import boto3
import jmespath
from botocore import xform_name


def main(arguments: list[str]) -> None:
    """Make a call as the CLI would read it."""
    service, operation, *words = arguments
    client = boto3.client(service)
    method = operation.replace("-", "_")
    shape = client.meta.service_model.operation_model(client.meta.method_to_api_mapping[method]).input_shape
    members = {xform_name(name, "-"): (name, member) for name, member in shape.members.items()}
    asked: dict[str, Any] = {}
    query = ""
    while words:
        name = words.pop(0).removeprefix("--")
        if name in ("query", "output"):
            value = words.pop(0)
            query = value if name == "query" else query
            continue
        member, kind = members[name]
        if kind.type_name == "boolean":
            asked[member] = True
        elif kind.type_name == "map":
            asked[member] = dict(one.split("=", 1) for one in words.pop(0).split(","))
        else:
            asked[member] = words.pop(0)
    answer = getattr(client, method)(**asked)
    sys.stdout.write(f"{jmespath.search(query, answer) if query else answer}\n")


main(sys.argv[1:])
