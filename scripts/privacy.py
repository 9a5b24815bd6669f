"""What ``docs/privacy.md`` says of times and places, read from the template and the code."""

from typing import Any

from scripts import facts
from scripts.tables import table
from scripts.template.reading import BUCKET, TABLE, read_template, resources
from scripts.template.storage import EXPIRING, KEPT
from vto.domain.erasure import (
    FORM_SECONDS,
    RECEIPT_DAYS,
    REUSE_SECONDS,
    SKEW_SECONDS,
    UPLOAD_SECONDS,
    WRITER_SECONDS,
)

# What lies below each prefix, for people.
PLACES = {
    "models/users/": "a shopper's photo as it was uploaded, until it is imported, seconds later",
    "masks/": "a mask that a shopper drew",
    "prepared/models/users/": "the photo made ready: upright, smaller, without any metadata",
    "prepared/masks/": "the mask made to fit the photo",
    "generated/": "what an engine answered, before it was verified",
    "results/": "the engine's pictures, as it drew them",
    "derived/": "the same pictures as they are shown: lighter, and small ones that travel in messages",
}
# What each table holds of a person, and what ends its rows.
ROWS = {
    "products": ("nothing", "the shop"),
    "models": ("whose photo it is, the name they gave it, its size and digest, the consent to it", "`RetentionDays`"),
    "jobs": ("who asked for which product on which photo, when, and what came of it", "`RetentionDays`"),
    "connections": ("who has a socket open", "two hours, or the end of the sign-in"),
    "results": ("which job made a result that equal requests may share", "a day before the result's pictures"),
    "controls": (
        "whose socket ticket it is; which guest; what was told to which socket; who is being erased",
        "a day at most",
    ),
}


def places() -> str:
    """Every prefix of the buckets: what lies there, the rule that ends it, and after how long."""
    rows: list[tuple[str, ...]] = []
    for bucket, properties in resources(read_template(), BUCKET):
        rules = {one.get("Prefix"): one for one in properties["LifecycleConfiguration"]["Rules"]}
        for prefix in EXPIRING[bucket]:
            rule = rules[prefix]
            rows.append((f"`{prefix}`", PLACES[prefix], f"`{rule['Id']}`", _days(rule["ExpirationInDays"])))
        rows += [(f"`{prefix}`", why, "none", "stays") for prefix, why in KEPT.get(bucket, {}).items()]
    return table("Prefix", "What lies there", "Rule", "Kept", rows=rows)


def rows() -> str:
    """Every table: what it holds of a person, and what ends its rows."""
    template = read_template()
    names = [properties["TableName"]["Fn::Sub"].partition("-")[2] for _, properties in resources(template, TABLE)]
    return table(
        "Table", "What it holds of a person", "Rows end by", rows=[(f"`vto-{name}`", *ROWS[name]) for name in names]
    )


def figures() -> str:
    """The times that an erasure keeps to."""
    seconds = FORM_SECONDS + UPLOAD_SECONDS + WRITER_SECONDS
    said = [
        ("what happens so soon after the request counts as before it", f"{SKEW_SECONDS} s"),
        ("an upload form is good for", f"{FORM_SECONDS} s"),
        ("an upload that began with it may take", f"{UPLOAD_SECONDS} s"),
        ("whoever was at work when the erasure began is done after", f"{WRITER_SECONDS} s"),
        ("results on a shop's own model, which others may be copying, go after", f"{REUSE_SECONDS} s"),
        ("so an erasure is done no sooner than", f"{seconds // 60} minutes"),
        ("a receipt is kept for", f"{RECEIPT_DAYS} days"),
    ]
    return table("", "", rows=said)


def removals() -> str:
    """The times that the removal of one photo or try-on keeps to."""
    said = [
        ("a deleted photo's row goes, after its deletion, no sooner than", f"{WRITER_SECONDS} s"),
        ("and, after the consent that its form was made with", f"{FORM_SECONDS + UPLOAD_SECONDS + WRITER_SECONDS} s"),
        ("a finished try-on's pictures go after", f"{REUSE_SECONDS} s"),
        ("any other try-on's row, after", f"{WRITER_SECONDS} s"),
    ]
    return table("", "", rows=said)


def _days(value: Any) -> str:
    """A number of days, or the parameter that says it."""
    if isinstance(value, int):
        return "1 day" if value == 1 else f"{value} days"
    name = value["Ref"]
    default = facts.template()["Parameters"][name]["Default"]
    return f"`{name}`, {default} days unless the shop says otherwise"
