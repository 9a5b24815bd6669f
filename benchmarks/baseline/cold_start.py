"""A handler that imports what tutorials import: every library, and every client made, at import.

One module for all functions, with Tracer and pydantic, and a client for each service of the architecture. It works as
far as the first event; what is measured is how long a container takes to get there.
"""

from typing import Any

import boto3
from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.utilities.parser import BaseModel, parse
from PIL import Image

logger, metrics, tracer = Logger(), Metrics(), Tracer()
tables = {
    name: boto3.resource("dynamodb").Table(f"vto-{name}") for name in ("products", "models", "jobs", "connections")
}
clients = {
    name: boto3.client(name) for name in ("s3", "sqs", "stepfunctions", "bedrock-runtime", "apigatewaymanagementapi")
}


class TryOn(BaseModel):
    """What a try-on is asked for with."""

    action: str
    product_id: str
    model_id: str


@metrics.log_metrics
@tracer.capture_lambda_handler
@logger.inject_lambda_context
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ARG001 - Lambda fixes the signature
    """Answer that a try-on was understood, and which pictures this function could read."""
    wish = parse(event=event, model=TryOn)
    return {"statusCode": 200, "product_id": wish.product_id, "formats": sorted(Image.registered_extensions())}
