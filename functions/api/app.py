"""The HTTP API: everything a client does that is not live. API Gateway has checked the token before we are called."""

from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver

from vto import bootstrap
from vto.adapters.rest import answers_errors
from vto.routes import me, models, products, service, sockets, try_ons
from vto.telemetry import observed

app = APIGatewayHttpResolver()
answers_errors(app)
for routes in (service, products, models, try_ons, sockets, me):
    app.include_router(routes.router)

bootstrap.prepare(bootstrap.browse, bootstrap.browse_products, bootstrap.request_try_on, bootstrap.issue_ticket)


@observed("api")
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Route one request."""
    return app.resolve(event, context)
