"""The HTTP API's routes that write the catalogue: apart from those that shoppers reach, so that those cannot."""

from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver

from vto import bootstrap
from vto.adapters.rest import answers_errors
from vto.routes import manage_products
from vto.telemetry import observed

app = APIGatewayHttpResolver()
answers_errors(app)
app.include_router(manage_products.router)

bootstrap.prepare(bootstrap.manage_products)


@observed("manage_products")
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Route one request."""
    return app.resolve(event, context)
