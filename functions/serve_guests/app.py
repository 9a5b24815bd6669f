"""The HTTP API's public part: what guests may look at, and how they get in. Nobody has checked who calls."""

from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver

from vto import bootstrap
from vto.adapters.rest import answers_errors
from vto.routes import guests
from vto.telemetry import observed

app = APIGatewayHttpResolver()
answers_errors(app)
app.include_router(guests.router)

bootstrap.prepare(bootstrap.browse_products, bootstrap.browse_stock_models, bootstrap.welcome_guest)


@observed("serve_guests")
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Route one request."""
    return app.resolve(event, context)
