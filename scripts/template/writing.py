"""Rules about who writes where somebody listens, and what that wakes."""

import json
from collections.abc import Iterator
from typing import Any

from asl.lint.framework import Problem, rule
from scripts.template.reading import (
    FUNCTION,
    MACHINE,
    RULE,
    Template,
    actions,
    listed,
    mappings,
    named,
    notifications,
    properties_of,
    references,
    resources,
    statements,
    text_of,
    type_of,
)

# Writers whose objects are meant to wake somebody, and why.
ANNOUNCED = {
    ("ApiFunction", "UploadsBucket"): "signs the forms with which shoppers upload their own photos",
    ("ManageProductsFunction", "UploadsBucket"): "signs the forms with which the shop uploads pictures of products",
    ("StoreResultFunction", "ResultsBucket"): "its manifest is what starts the delivery",
    ("RecordFailureFunction", "ResultsBucket"): "writes the manifest that Store Result did not live to write",
    ("SweepJobsFunction", "ResultsBucket"): "ends jobs by the same rule",
    ("PublishJobFunction", "ResultsBucket"): "writes the manifest of a job that was given a finished result",
    ("ApiFunction", "ResultsBucket"): "copies a finished result for an equal request; it writes no manifest",
    ("MessageFunction", "ResultsBucket"): "does so too",
}
# What a write does to a table's stream. UpdateItem counts as a change: each of ours is conditional on the row.
CHANGES = {
    "dynamodb:PutItem": {"INSERT", "MODIFY"},
    "dynamodb:UpdateItem": {"MODIFY"},
    "dynamodb:DeleteItem": {"REMOVE"},
}
EVERY_CHANGE = {"INSERT", "MODIFY", "REMOVE"}


def written_keys(template: Template) -> Iterator[tuple[str, str, str]]:
    """Who may write which objects: the function, the bucket, the beginning of the key."""
    for function, properties in resources(template, FUNCTION):
        for statement in statements(properties):
            if statement["Effect"] == "Allow" and "s3:PutObject" in actions(statement):
                for resource in listed(statement["Resource"]):
                    bucket, _, key = text_of(resource).partition(".Arn}/")
                    yield function, bucket.removeprefix("${"), key.partition("*")[0]


@rule()
def announced_writers(template: Template) -> Iterator[Problem]:
    """Nobody writes where a bucket's notification listens, but those whose objects are meant to be heard of."""
    for function, bucket, key in written_keys(template):
        for notifying, heard, queue in notifications(template):
            if bucket == notifying and _meets(key, heard["prefix"]) and (function, bucket) not in ANNOUNCED:
                problem = f"writes to {bucket}/{key}, of which {queue} hears"
                yield function, problem, "write below another prefix, or list it in ANNOUNCED with why"


@rule()
def no_circle(template: Template) -> Iterator[Problem]:
    """No function is woken by what it does, directly or through others: such a circle runs until somebody pays."""
    wakes = _wakes(template)
    for start in wakes:
        way = _way_back(start, wakes)
        if way and start == min(way):  # one finding for each circle
            text = " → ".join([*way, start])
            yield start, f"wakes itself: {text}", "write where nobody of these listens"


def _meets(key: str, prefix: str) -> bool:
    return key.startswith(prefix) or prefix.startswith(key)


def _wakes(template: Template) -> dict[str, set[str]]:
    """Whom each function and machine may wake, by its permissions."""
    found: dict[str, set[str]] = {}
    for logical_id, properties in resources(template, FUNCTION):
        found[logical_id] = {one for statement in statements(properties) for one in _woken(template, statement)}
    for machine, properties in resources(template, MACHINE):
        role = properties_of(template, named(properties.get("Role")))
        found[machine] = {one for statement in statements(role) for one in _woken(template, statement)}
        found[machine] |= {
            named(target["Arn"]) or ""
            for _, rule in resources(template, RULE)
            if machine in references(rule.get("EventPattern", {}))
            for target in rule["Targets"]
        }
    for function, bucket, key in written_keys(template):
        for notifying, heard, queue in notifications(template):
            if bucket == notifying and _meets(key, heard["prefix"]):
                found[function] |= _readers(template, queue, EVERY_CHANGE)
    return found


def _woken(template: Template, statement: dict[str, Any]) -> Iterator[str]:
    for action in actions(statement):
        for name in references(statement.get("Resource", [])):
            kind = type_of(template, name)
            if (action, kind) in (("lambda:InvokeFunction", FUNCTION), ("states:StartExecution", MACHINE)):
                yield name
            elif action == "sqs:SendMessage":
                yield from _readers(template, name, EVERY_CHANGE)
            elif action in CHANGES:
                yield from _readers(template, name, CHANGES[action])


def _readers(template: Template, source: str, events: set[str]) -> set[str]:
    """The functions that read a queue, or of a table's stream some of these events."""
    return {
        function
        for _, properties, function, read in mappings(template)
        if read == source and _reads(properties) & events
    }


def _reads(mapping: dict[str, Any]) -> set[str]:
    patterns = [json.loads(one["Pattern"]) for one in mapping.get("FilterCriteria", {}).get("Filters", [])]
    return {event for one in patterns for event in one.get("eventName", EVERY_CHANGE)} if patterns else EVERY_CHANGE


def _way_back(start: str, wakes: dict[str, set[str]]) -> list[str]:
    """The shortest way from a function to itself; empty when there is none."""
    ways, seen = [[start]], set()
    while ways:
        way = ways.pop(0)
        for one in sorted(wakes.get(way[-1], ())):
            if one == start:
                return way
            if one not in seen:
                seen.add(one)
                ways.append([*way, one])
    return []
