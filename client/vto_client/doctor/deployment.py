"""Checks of the deployment itself: the stack, what it was deployed with, its API, its sign-in."""

import os
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import httpx

from vto_client import facts
from vto_client.asking import is_local
from vto_client.connect import API_URL
from vto_client.doctor.site import FAIL, OK, WARN, AbsentError, Finding, Site, UnknownError
from vto_client.ports import TIMEOUT

PLAIN: Final = "http://"
ABSENT: Final = frozenset({"ResourceNotFoundException"})


def stack(site: Site) -> Iterator[Finding]:
    """Whether the last deployment ended well, and told of everything."""
    status, events = site.status, f"aws cloudformation describe-stack-events --stack-name {site.name}"
    if status.endswith("IN_PROGRESS"):
        yield Finding("stack", WARN, f"it is being changed: {status}", "ask again when that has ended")
    elif status.endswith("FAILED") or status == "ROLLBACK_COMPLETE":
        yield Finding("stack", FAIL, f"the deployment failed: {status}", f"look at why, and deploy anew: {events}")
    elif status == "UPDATE_ROLLBACK_COMPLETE":
        yield Finding("stack", WARN, "the last update was taken back", f"look at why, and deploy anew: {events}")
    else:
        yield Finding("stack", OK, f"{site.name} in {site.region}: {status}")
    if missing := [name for name in facts.NEEDED_OUTPUTS if name not in site.outputs]:
        remedy = "deploy the template of this version; or is it another stack? Check --stack"
        yield Finding("stack", FAIL, f"it has no output {', '.join(missing)}", remedy)


def parameters(site: Site) -> Iterator[Finding]:
    """Whether what it was deployed with fits together, and fits what it is for."""
    found = [*_of_all(site.parameters), *(_of_prod(site) if site.parameters.get("Environment") == "prod" else ())]
    told = [Finding("parameters", WARN, what, remedy) for is_so, what, remedy in found if is_so]
    environment, engine = site.parameters.get("Environment"), site.parameters.get("Engine")
    yield from told or [Finding("parameters", OK, f"Environment {environment}, Engine {engine}")]


def _of_all(given: Mapping[str, str]) -> list[tuple[bool, str, str]]:
    engine, other = given.get("Engine", "preview"), given.get("FallbackEngine", "none")
    return [
        (not given.get("AlarmEmail"), "AlarmEmail is empty: alarms ring, and nobody hears them", "set it"),
        (given.get("Spending") == "off", "Spending is off: no engine that costs money draws", "set it to on"),
        (given.get("DirectHops") == "off", "DirectHops is off: everything takes two seconds longer", "set it to on"),
        (not given.get("AllowedOrigins"), "AllowedOrigins is empty: no page may call the API", "set it to your page's"),
        (
            engine != "preview" and other == "none",
            f"FallbackEngine is none: while {engine} is away, jobs wait and expire",
            "name another engine",
        ),
    ]


def _of_prod(site: Site) -> list[tuple[bool, str, str]]:
    given = site.parameters
    return [
        (
            any(one.startswith(PLAIN) for one in given.get("AllowedOrigins", "").split(",")),
            "AllowedOrigins has an address without encryption, in prod",
            "name your page's https:// origin only",
        ),
        (given.get("LogLevel") == "DEBUG", "LogLevel is DEBUG in prod: logs cost, and tell much", "set it to INFO"),
        (
            given.get("Engine") == "preview",
            "Engine is preview in prod: it shows the idea, and is not what to buy by",
            "choose another (docs/deploying.md#engines)",
        ),
    ]


def api(site: Site, get: Callable[..., httpx.Response] = httpx.get) -> Iterator[Finding]:
    """Whether the HTTP API answers whoever asks from here."""
    # the variable may be about another stack: this one says itself where it is, if it is no local one
    named = os.environ.get(API_URL) if site.is_local else None
    url = (named or site.outputs.get(facts.API_OUTPUT, "")).rstrip("/")
    if site.is_local and not is_local(url):
        raise UnknownError(f"the local stack's API is not at {url}", f"set {API_URL}, as `python -m local env` does")
    try:
        answer = get(f"{url}/config", timeout=TIMEOUT, trust_env=not is_local(url))
        document: Any = answer.json() if answer.is_success else None
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        yield Finding("api", FAIL, f"{url} does not answer: {type(error).__name__}", "look at the log group of the API")
        return
    if not isinstance(document, dict) or "garment_classes" not in document:
        remedy = f"vto ops status; then the log group {facts.LOG_GROUP.format(stack=site.name, function='api')}"
        yield Finding("api", FAIL, f"{url} answers {answer.status_code} to GET /config", remedy)
        return
    yield Finding("api", OK, f"{url} answers")
    kept, asked = document.get("retention_days"), site.parameters.get("RetentionDays")
    if kept is not None and asked and float(kept) != float(asked):
        what = f"it keeps things for {kept} days, and RetentionDays says {asked}"
        yield Finding("api", WARN, what, "deploy anew: functions and parameters are of two deployments")


def sign_in(site: Site) -> Iterator[Finding]:
    """Whether shoppers can sign in, and somebody may fill the catalogue."""
    pool_id = site.outputs.get(facts.POOL_OUTPUT, "")
    is_prod, sound = site.parameters.get("Environment") == "prod", True
    try:
        pool = site.ask("cognito-idp", "describe_user_pool", absent=ABSENT, UserPoolId=pool_id)["UserPool"]
        client_id = site.outputs.get(facts.POOL_CLIENT_OUTPUT, "")
        client = site.ask(
            "cognito-idp", "describe_user_pool_client", absent=ABSENT, UserPoolId=pool_id, ClientId=client_id
        )["UserPoolClient"]
        admins = site.ask(
            "cognito-idp", "list_users_in_group", absent=ABSENT, UserPoolId=pool_id, GroupName=facts.ADMINS, Limit=1
        )["Users"]
    except AbsentError as error:
        yield Finding("sign-in", FAIL, f"the user pool, its client or its group is gone: {error}", "deploy anew")
        return
    flows = client.get("ExplicitAuthFlows", [])
    if "ALLOW_USER_SRP_AUTH" not in flows:
        sound = False
        yield Finding(
            "sign-in", FAIL, "the pool's client does not allow SRP, by which everybody signs in", "deploy anew"
        )
    if is_prod and "ALLOW_USER_PASSWORD_AUTH" in flows:
        sound = False
        yield Finding("sign-in", WARN, "plain passwords are accepted in prod", "deploy anew with Environment=prod")
    if is_prod and pool.get("DeletionProtection") != "ACTIVE":
        sound = False
        yield Finding("sign-in", WARN, "the user pool can be deleted by mistake", "deploy anew with Environment=prod")
    if not admins:
        sound = False
        command = (
            f"aws cognito-idp admin-add-user-to-group --user-pool-id {pool_id} --group-name {facts.ADMINS} --username …"
        )
        yield Finding(
            "sign-in", WARN, "nobody is in the group admin: nobody can fill the catalogue by the API", command
        )
    if sound:
        yield Finding("sign-in", OK, f"user pool {pool_id}: SRP, and somebody in the group {facts.ADMINS}")
