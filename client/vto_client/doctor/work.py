"""Checks of what goes on by itself: queues, mappings, schedules, the sweep, alarms."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from vto_client.doctor.site import FAIL, OK, UNKNOWN, WARN, AbsentError, Finding, Site
from vto_client.ops.orders import Operator
from vto_client.problems import CommandError

BACKLOG: Final = 1000
AT_ONCE: Final = 100
"""Alarms of one question."""
ABSENT: Final = frozenset({"ResourceNotFoundException", "AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"})
GONE: Final = "deploy anew: somebody removed it by hand"


def queues(site: Site) -> Iterator[Finding]:
    """Whether all queues are there, empty of dead letters, and not piled up."""
    found, waiting, sound = site.resources("AWS::SQS::Queue"), 0, True
    for logical, url in found.items():
        try:
            answer = site.ask("sqs", "get_queue_attributes", absent=ABSENT, QueueUrl=url, AttributeNames=["All"])
        except AbsentError:
            sound = False
            yield Finding("queues", FAIL, f"the queue {logical} is gone", GONE)
            continue
        attributes: dict[str, str] = answer.get("Attributes", {})
        count = int(attributes.get("ApproximateNumberOfMessages", 0))
        name = letters_of(logical)
        if logical.endswith("DeadLetterQueue") and count:
            sound = False
            remedy = f"find out why (docs/runbook.md, Dead letters), then: vto ops redrive {name} --stack {site.name}"
            yield Finding("queues", FAIL, f"{count} dead letters in {name}", remedy)
        elif not logical.endswith("DeadLetterQueue"):
            waiting += count
            if "RedrivePolicy" not in attributes:
                sound = False
                yield Finding("queues", FAIL, f"the queue {logical} has no dead-letter queue: what fails is lost", GONE)
            if count > BACKLOG:
                sound = False
                yield Finding(
                    "queues", WARN, f"{count} messages wait in {logical}", "look at its function's log and mapping"
                )
    if sound and found:
        yield Finding("queues", OK, f"{len(found)} queues, no dead letters, {waiting} messages waiting")


def mappings(site: Site) -> Iterator[Finding]:
    """Whether queues and streams are being read."""
    found, sound = site.resources("AWS::Lambda::EventSourceMapping"), True
    for logical, uuid in found.items():
        try:
            one = site.ask("lambda", "get_event_source_mapping", absent=ABSENT, UUID=uuid)
        except AbsentError:
            sound = False
            yield Finding("mappings", FAIL, f"{logical} is gone", GONE)
            continue
        state, problem = str(one.get("State", "")), str(one.get("LastProcessingResult", ""))
        if state not in ("Enabled", "Creating", "Enabling", "Updating"):
            sound = False
            remedy = f"aws lambda update-event-source-mapping --region {site.region} --uuid {uuid} --enabled"
            yield Finding(
                "mappings", FAIL, f"{logical} is {state.lower() or 'in no known state'}: nobody reads it", remedy
            )
        elif problem.startswith("PROBLEM"):
            sound = False
            yield Finding("mappings", WARN, f"{logical}: {problem}", "look at its function's log")
    if sound and found:
        yield Finding("mappings", OK, f"{len(found)} event source mappings are enabled")


def schedules(site: Site) -> Iterator[Finding]:
    """Whether what is to run by the clock does."""
    found, sound = site.resources("AWS::Events::Rule"), True
    for logical, name in found.items():
        try:
            rule = site.ask("events", "describe_rule", absent=ABSENT, Name=name.rpartition("|")[2])
        except AbsentError:
            sound = False
            yield Finding("schedules", FAIL, f"the rule {logical} is gone", GONE)
            continue
        if rule.get("State") != "ENABLED":
            sound = False
            remedy = f"aws events enable-rule --region {site.region} --name {name}"
            yield Finding("schedules", FAIL, f"the rule {logical} is switched off", remedy)
    if sound and found:
        yield Finding("schedules", OK, f"{len(found)} rules are enabled")


def jobs(site: Site) -> Iterator[Finding]:
    """What the stack itself says needs a person: overdue jobs, engines left out, spending stopped, the sweep."""
    try:
        said = Operator(site.clients, site.name, site.region).order("status")
    except CommandError as problem:
        yield Finding("jobs", UNKNOWN, f"`vto ops status` cannot be asked: {problem}", "see vto ops in docs/cli.md")
        return
    needs = [one for one in said["needs"] if not str(one["remedy"]).startswith("vto ops redrive")]
    for one in needs:
        what = str(one["what"])
        state = WARN if what.startswith("no ") else FAIL  # what has not run yet: a stack of this hour
        yield Finding("jobs", state, what, f"{one['remedy']} (docs/runbook.md, {one['heading']})")
    if not needs:
        yield Finding("jobs", OK, f"no overdue jobs; the last sweep ran {said['sweep']['seconds_ago']} s ago")


def alarms(site: Site) -> Iterator[Finding]:
    """Whether the alarms are there, quiet, and heard by somebody."""
    names, sound = list(site.resources("AWS::CloudWatch::Alarm").values()), True
    found: dict[str, dict[str, Any]] = {}
    for first in range(0, len(names), AT_ONCE):
        page = site.ask("cloudwatch", "describe_alarms", AlarmNames=names[first : first + AT_ONCE])
        found |= {one["AlarmName"]: one for one in page["MetricAlarms"]}
    topics = list(site.resources("AWS::SNS::Topic").values())
    for name in names:
        one = found.get(name)
        if one is None:
            sound = False
            yield Finding("alarms", FAIL, f"{name} is gone", GONE)
        elif not one.get("ActionsEnabled", True):
            sound = False
            remedy = f"aws cloudwatch enable-alarm-actions --region {site.region} --alarm-names {name}"
            yield Finding("alarms", WARN, f"{name} tells nobody: its actions are switched off", remedy)
        elif one.get("StateValue") == "ALARM" and not _does_work(one, topics):
            sound = False
            yield Finding("alarms", FAIL, f"{name} rings", f"{one.get('AlarmDescription') or 'see docs/runbook.md'}")
    if sound and names:
        yield Finding("alarms", OK, f"{len(names)} alarms, none rings")
    yield from _hearers(site, topics)


def _does_work(alarm: Mapping[str, Any], topics: Sequence[str]) -> bool:
    """Whether an alarm calls nobody, but starts something, as an endpoint; one without actions calls, too."""
    actions = set(alarm.get("AlarmActions", []))
    return bool(actions) and actions.isdisjoint(topics)


def _hearers(site: Site, topics: list[str]) -> Iterator[Finding]:
    if not topics or not site.parameters.get("AlarmEmail"):
        return  # of an empty AlarmEmail the check of parameters tells
    arns = [
        one["SubscriptionArn"]
        for topic in topics
        for page in site.pages("sns", "list_subscriptions_by_topic", TopicArn=topic)
        for one in page["Subscriptions"]
    ]
    if not any(one.startswith("arn:") for one in arns):
        remedy = "open the mail of AWS Notifications at AlarmEmail, and confirm; deploy anew if it is gone"
        yield Finding("alarms", WARN, "nobody has confirmed to be told of alarms", remedy)
    else:
        yield Finding("alarms", OK, "somebody is told of alarms")


def letters_of(queue: str) -> str:
    """What `vto ops redrive` calls the dead letters of a queue: ``ProductUploadsDeadLetterQueue`` → product_uploads."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", queue.removesuffix("DeadLetterQueue")).lower()
