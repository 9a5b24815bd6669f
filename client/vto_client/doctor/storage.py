"""Checks of what is kept: tables and buckets, who may reach them, and when what is in them goes."""

from collections.abc import Iterator
from typing import Any, Final

from vto_client import facts
from vto_client.doctor.site import FAIL, OK, ONLY_ON_AWS, UNKNOWN, WARN, AbsentError, Finding, Site

DEPLOY: Final = "deploy anew: somebody changed it by hand"
NO_TABLE: Final = frozenset({"ResourceNotFoundException", "TableNotFoundException"})
NO_BUCKET: Final = frozenset({"NoSuchBucket"})
NO_RULES: Final = NO_BUCKET | {
    "NoSuchCORSConfiguration",
    "NoSuchLifecycleConfiguration",
    "NoSuchPublicAccessBlockConfiguration",
}


def tables(site: Site) -> Iterator[Finding]:
    """Whether all tables are there, forget what has a time, and can be brought back."""
    found, sound = site.resources("AWS::DynamoDB::Table"), True
    for logical, name in found.items():
        try:
            kept = site.ask("dynamodb", "describe_continuous_backups", absent=NO_TABLE, TableName=name)
            ttl = site.ask("dynamodb", "describe_time_to_live", absent=NO_TABLE, TableName=name)
        except AbsentError:
            sound = False
            yield Finding(
                "tables",
                FAIL,
                f"the table {name} ({logical}) is gone",
                "docs/runbook.md, What is kept; then deploy anew",
            )
            continue
        status = ttl.get("TimeToLiveDescription", {}).get("TimeToLiveStatus")
        if status not in ("ENABLED", "ENABLING"):
            sound = False
            yield Finding("tables", FAIL, f"{name} forgets nothing: its time to live is {str(status).lower()}", DEPLOY)
        recovery = kept.get("ContinuousBackupsDescription", {}).get("PointInTimeRecoveryDescription", {})
        if recovery.get("PointInTimeRecoveryStatus") != "ENABLED":
            sound = False
            yield Finding("tables", WARN, f"{name} cannot be brought back to an earlier moment", DEPLOY)
    if sound and found:
        yield Finding("tables", OK, f"{len(found)} tables, with time to live and point-in-time recovery")


def buckets(site: Site) -> Iterator[Finding]:
    """Whether the buckets are private, open to the page, and rid of pictures in time; and tell of uploads."""
    found, sound = site.resources("AWS::S3::Bucket"), True
    for logical, name in found.items():
        for state, what in _problems(site, logical, name):
            sound = False
            yield Finding("buckets", state, f"{name}: {what}", ONLY_ON_AWS if state == UNKNOWN else DEPLOY)
    if sound and found:
        yield Finding("buckets", OK, f"{len(found)} buckets: private; CORS, lifecycle and notifications as deployed")


def _problems(site: Site, logical: str, name: str) -> Iterator[tuple[str, str]]:
    block = _asked(site, "get_public_access_block", name, "PublicAccessBlockConfiguration") or {}
    if open_ones := [one for one in facts.PUBLIC_ACCESS if block.get(one) is not True]:
        yield FAIL, f"it may be made public: {', '.join(open_ones)} is off"
    wanted = {one for one in site.parameters.get("AllowedOrigins", "").split(",") if one}
    allowed = {
        origin for rule in _asked(site, "get_bucket_cors", name, "CORSRules") or [] for origin in rule["AllowedOrigins"]
    }
    if wanted - allowed:
        yield FAIL, f"CORS does not let {', '.join(sorted(wanted - allowed))} upload and show pictures"
    if allowed - wanted:
        yield WARN, f"CORS lets {', '.join(sorted(allowed - wanted))} in, which AllowedOrigins does not name"
    yield from _lifecycle(site, logical, name)
    said = _asked(site, "get_bucket_notification_configuration", name, "QueueConfigurations") or []
    heard = {
        str(rule["Value"])
        for one in said
        for rule in one.get("Filter", {}).get("Key", {}).get("FilterRules", [])
        if rule["Name"].lower() == "prefix"
    }
    if unheard := sorted(set(facts.NOTIFYING.get(logical, ())) - heard):
        yield FAIL, f"nobody is told of what comes below {', '.join(unheard)}"


def _lifecycle(site: Site, logical: str, name: str) -> Iterator[tuple[str, str]]:
    rules = _asked(site, "get_bucket_lifecycle_configuration", name, "Rules")
    if rules is None and site.is_local:
        yield UNKNOWN, "the local stack keeps no rules of when objects go"
        return
    ended = {_prefix(rule) for rule in rules or [] if rule.get("Status") == "Enabled" and "Expiration" in rule}
    if forever := sorted(set(facts.EXPIRING.get(logical, ())) - ended):
        yield FAIL, f"nothing removes what lies below {', '.join(forever)} in time"


def _asked(site: Site, operation: str, bucket: str, field: str) -> Any:
    """A part of a bucket's configuration; None where it has none."""
    try:
        return site.ask("s3", operation, absent=NO_RULES, Bucket=bucket).get(field)
    except AbsentError:
        return None


def _prefix(rule: dict[str, Any]) -> str:
    where = rule.get("Filter", {})
    return str(where.get("Prefix") or where.get("And", {}).get("Prefix") or rule.get("Prefix") or "")
