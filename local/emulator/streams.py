"""Gap: MiniStack does not know which stream a request is about, so a policy that names one allows nothing.

For DynamoDB it looks for a table's name; requests of DynamoDB Streams name a stream, or an iterator of one.
"""

import json
from typing import Any

import ministack.core.iam_actions as actions
import ministack.services.dynamodb_streams as streams

from local.patching import expect_absent, expect_source

SERVICE = "dynamodbstreams"


def install() -> None:
    """Let the stream be what a request's policies are looked up for."""
    stock = actions.extract_resource_arn
    expect_absent(stock, SERVICE, "StreamArn", "ShardIterator")
    expect_source(streams._encode_iterator, 'payload_data["arn"] = stream_arn')

    def resource_arn(service: str, method: str, path: str, headers: Any, body: bytes, *more: Any) -> str:
        stream = _stream_of(body) if service == SERVICE else None
        return stream or str(stock(service, method, path, headers, body, *more))

    actions.extract_resource_arn = resource_arn


def _stream_of(body: bytes) -> str | None:
    try:
        request = json.loads(body or b"{}")
    except ValueError:
        return None
    if not isinstance(request, dict):
        return None
    known = streams._decode_iterator(str(request.get("ShardIterator", ""))) or {}
    arn = known.get("arn") or request.get("StreamArn")
    return arn if isinstance(arn, str) else None
