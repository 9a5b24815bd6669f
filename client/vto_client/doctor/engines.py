"""Checks of what draws: models that go away, endpoints, keys, and quotas that are too small for shoppers."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

from vto_client import facts
from vto_client.doctor.site import FAIL, OK, ONLY_ON_AWS, UNKNOWN, WARN, AbsentError, Finding, Site, UnknownError

SOON: Final = 120
"""Days before a model's end from which on it is told, as the alarm does."""
FEW: Final = 100
"""Concurrent executions below which shoppers are turned away on a busy day; a new account has 10."""
ABSENT: Final = frozenset({"ResourceNotFoundException", "ValidationException", "NoSuchResourceException"})


def engines(site: Site, now: datetime | None = None) -> Iterator[Finding]:
    """Whether each engine is there, and for how long."""
    for name in site.engines:
        if name == "nova_canvas":
            yield from _model(site, now or datetime.now(UTC))
        elif name == "sagemaker":
            yield from _endpoint(site)
        elif name == "fashn_api":
            yield from _key(site)
        else:
            yield Finding("engines", OK, f"{name} is a function of the stack and needs no model")


def _model(site: Site, now: datetime) -> Iterator[Finding]:
    model_id = site.parameters.get("ModelId", "")
    if site.is_local:
        raise UnknownError("the local stack draws with an engine of its own, and has no model of Bedrock", ONLY_ON_AWS)
    remedy = "choose another Engine, or a ModelId that this account may call (docs/deploying.md#engines)"
    try:
        details = site.ask("bedrock", "get_foundation_model", absent=ABSENT, modelIdentifier=model_id)["modelDetails"]
    except AbsentError:
        yield Finding("engines", FAIL, f"Bedrock has no model {model_id} in {site.region}", remedy)
        return
    said: dict[str, Any] = details.get("modelLifecycle", {})
    end, status = said.get("endOfLifeTime"), said.get("status", "ACTIVE")
    left = (end - now).days if isinstance(end, datetime) else None
    if left is not None and left < 0:
        yield Finding("engines", FAIL, f"{model_id} reached its end of life on {end:%Y-%m-%d}", remedy)
    elif left is not None and left <= SOON:
        yield Finding("engines", FAIL, f"{model_id} ends on {end:%Y-%m-%d}, in {left} days", remedy)
    elif status != "ACTIVE":
        yield Finding("engines", WARN, f"{model_id} is {status}{f' and ends on {end:%Y-%m-%d}' if end else ''}", remedy)
    else:
        yield Finding("engines", OK, f"{model_id} is active in {site.region}")


def _endpoint(site: Site) -> Iterator[Finding]:
    name = facts.ENDPOINT.format(stack=site.name)
    try:
        status = site.ask("sagemaker", "describe_endpoint", absent=ABSENT, EndpointName=name)["EndpointStatus"]
    except AbsentError:
        yield Finding("engines", FAIL, f"there is no endpoint {name}", "set CanvasImage, or make one of that name")
        return
    if status == "InService":
        yield Finding("engines", OK, f"the endpoint {name} is in service")
    elif status == "Failed":
        yield Finding("engines", FAIL, f"the endpoint {name} failed", f"look at the log group of {name}")
    else:
        yield Finding("engines", WARN, f"the endpoint {name} is {status}", "ask again in ten minutes")


def _key(site: Site) -> Iterator[Finding]:
    name = facts.FASHN_KEY.format(stack=site.name)
    try:
        site.ask("secretsmanager", "describe_secret", absent=ABSENT, SecretId=name)
    except AbsentError:
        remedy = f"aws secretsmanager create-secret --name {name} --secret-string … (docs/deploying.md#fashn_api)"
        yield Finding("engines", FAIL, f"there is no secret {name} with the key of fashn_api", remedy)
        return
    yield Finding("engines", OK, f"the key of fashn_api is kept in {name}")


def quotas(site: Site) -> Iterator[Finding]:
    """Whether the account's limits leave room for shoppers."""
    limit = site.ask("lambda", "get_account_settings")["AccountLimit"]["ConcurrentExecutions"]
    remedy = "ask for more: Service Quotas, AWS Lambda, Concurrent executions"
    if limit < FEW:
        yield Finding("quotas", WARN, f"only {limit} functions may run at once in this account and region", remedy)
    else:
        yield Finding("quotas", OK, f"{limit} functions may run at once")
    if "nova_canvas" in site.engines:
        yield from _requests_per_minute(site)
    if "sagemaker" in site.engines:
        yield from _instances(site)


def _requests_per_minute(site: Site) -> Iterator[Finding]:
    asked, model_id = float(site.parameters.get("RequestsPerMinute") or 0), site.parameters.get("ModelId", "")
    family = model_id.partition(":")[0].partition(".")[2].removesuffix("-v1").replace("-", " ")
    all_of_them = _quotas(site, "bedrock")
    found = [name for name in all_of_them if "requests per minute" in name and family in name]
    for name in found:
        if asked > all_of_them[name]:
            what = f"RequestsPerMinute is {asked:g}, and the account's quota {all_of_them[name]:g}: calls are refused"
            yield Finding("quotas", WARN, what, f"set it to {all_of_them[name]:g}, or ask for more: {name}")
        else:
            yield Finding("quotas", OK, f"{name}: {all_of_them[name]:g}, and RequestsPerMinute is {asked:g}")
    if not found:
        what = f"Service Quotas tells none for {model_id} in {site.region}"
        yield Finding("quotas", UNKNOWN, what, "check that the account may call it there")


def _instances(site: Site) -> Iterator[Finding]:
    kind = site.parameters.get("CanvasInstanceType", "")
    value = _quotas(site, "sagemaker").get(f"{kind} for endpoint usage")
    if value is None:
        what = f"Service Quotas tells none for {kind} for endpoint usage in {site.region}"
        yield Finding("quotas", UNKNOWN, what, "look at it there: it may stand at AWS's default")
    elif value < facts.INSTANCES:
        what = (
            f"{value:g} instances of {kind} are allowed for endpoints; a change of the endpoint needs {facts.INSTANCES}"
        )
        yield Finding(
            "quotas", WARN, what, f"ask for more: Service Quotas, Amazon SageMaker, {kind} for endpoint usage"
        )
    else:
        yield Finding("quotas", OK, f"{value:g} instances of {kind} are allowed for endpoints")


def _quotas(site: Site, service: str) -> dict[str, float]:
    """A service's quotas in this account, by their names in small letters; those without a value of its own lack.

    Source: https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_ListServiceQuotas.html
    """
    pages = site.pages("service-quotas", "list_service_quotas", ServiceCode=service)
    return {one["QuotaName"].lower(): float(one["Value"]) for page in pages for one in page["Quotas"]}
