"""Gap: `AWS::Serverless::HttpApi` deploys without a single route.

SAM writes routes, integrations, the JWT authorizer and CORS into an OpenAPI `Body`; MiniStack's CloudFormation
ignores `Body` and reports CREATE_COMPLETE. This imports the parts SAM writes (JWT authorizers, HTTP methods, CORS).
"""

import json
from collections.abc import Callable
from typing import Any

import ministack.services.apigateway as gateway
from ministack.services.cloudformation import provisioners

from local.patching import expect_absent, expect_source

Properties = dict[str, Any]

_TYPE = "AWS::ApiGatewayV2::Api"
_METHODS = {"get", "put", "post", "delete", "options", "head", "patch", "trace"}


def _made(call: Callable[..., Any], api_id: str, **values: Any) -> dict[str, Any]:
    """Call one of MiniStack's create functions and read its JSON answer."""
    status, _, body = call(api_id, values)
    if status >= 400:
        raise ValueError(f"import of the OpenAPI body of {api_id}: {body!r}")
    answer: dict[str, Any] = json.loads(body)
    return answer


def _import_authorizers(api_id: str, body: dict[str, Any]) -> dict[str, str]:
    """Create the JWT authorizers of the body and return their ids by name."""
    ids = {}
    for name, scheme in body.get("components", {}).get("securitySchemes", {}).items():
        authorizer = scheme.get("x-amazon-apigateway-authorizer") or {}
        if authorizer.get("type") == "jwt":
            made = _made(
                gateway._create_authorizer,
                api_id,
                name=name,
                authorizerType="JWT",
                identitySource=[authorizer["identitySource"]],
                jwtConfiguration=authorizer["jwtConfiguration"],
            )
            ids[name] = made["authorizerId"]
    return ids


def _route_key(path: str, method: str) -> str:
    if path in ("$default", "/$default"):
        return "$default"
    return f"{method.upper() if method in _METHODS else 'ANY'} {path}"


def _import_body(api_id: str, body: dict[str, Any]) -> None:
    """Replace the routes, integrations and authorizers of an API by those of an OpenAPI body."""
    for table in (gateway._routes, gateway._integrations, gateway._authorizers):
        table[api_id] = {}
    authorizers = _import_authorizers(api_id, body)
    for path, operations in body.get("paths", {}).items():
        for method, operation in operations.items():
            integration = operation.get("x-amazon-apigateway-integration") if isinstance(operation, dict) else None
            if not integration:
                continue
            made = _made(
                gateway._create_integration,
                api_id,
                integrationType="AWS_PROXY",
                integrationUri=integration["uri"],
                payloadFormatVersion=integration.get("payloadFormatVersion", "2.0"),
            )
            route: dict[str, Any] = {
                "routeKey": _route_key(path, method),
                "target": f"integrations/{made['integrationId']}",
            }
            for requirement in operation.get("security", []):
                for name, scopes in requirement.items():
                    if name in authorizers:
                        route |= {
                            "authorizationType": "JWT",
                            "authorizerId": authorizers[name],
                            "authorizationScopes": scopes,
                        }
            _made(gateway._create_route, api_id, **route)


def _from_body(properties: Properties) -> Properties:
    """Give the API the name and CORS rules that its body carries."""
    body = properties.get("Body")
    if not body:
        return properties
    cors = body.get("x-amazon-apigateway-cors")
    if cors and not (isinstance(cors, dict) and isinstance(cors.get("allowOrigins", []), list)):
        # what SAM makes of an intrinsic function at the wrong place; API Gateway refuses it as well
        raise ValueError(f"x-amazon-apigateway-cors must be an object with lists, not {cors}")
    name = properties.get("Name") or body["info"]["title"]
    return {**properties, "Name": name, "CorsConfiguration": cors}


def install() -> None:
    """Import the OpenAPI body when CloudFormation creates or updates an HTTP API."""
    handlers = provisioners._RESOURCE_HANDLERS[_TYPE]
    create, update = handlers["create"], handlers["update"]
    expect_absent(create, '"Body"')
    expect_absent(provisioners._apigw_v2_api_props, '"Body"')
    expect_source(create, "_apigw_v2._routes[api_id] = {}", 'if props.get("CorsConfiguration"):')
    expect_source(update, "_apigw_v2._update_api(physical_id, payload)")

    def create_api(logical_id: str, properties: Properties, stack: str) -> Any:
        result = create(logical_id, _from_body(properties), stack)
        if properties.get("Body"):
            _import_body(result[0], properties["Body"])
        return result

    def update_api(api_id: str, old: Properties, new: Properties, stack: str, logical_id: str | None = None) -> Any:
        result = update(api_id, _from_body(old), _from_body(new), stack, logical_id)
        if new.get("Body"):
            _import_body(result[0], new["Body"])
        return result

    handlers["create"], handlers["update"] = create_api, update_api
