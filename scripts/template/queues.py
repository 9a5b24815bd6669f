"""Rules about queues, streams, and the mappings that read them."""

from collections.abc import Iterator

from asl.lint.framework import TOP, Problem, rule
from scripts.template.reading import (
    QUEUE,
    TABLE,
    Template,
    dead_letter_queues,
    function_timeout,
    mappings,
    named,
    properties_of,
    resources,
    type_of,
)

DEFAULT_RETENTION = 345600  # SQS's own, in seconds
STREAM_FILTERS = {
    "StartTryOnFunction": ['{"eventName": ["INSERT"]}'],
    "PublishJobFunction": ['{"eventName": ["MODIFY"]}'],
}


@rule()
def dead_letters(template: Template) -> Iterator[Problem]:
    """Every queue that is read has a dead-letter queue, in which messages live longer: they arrive aged."""
    dead = dead_letter_queues(template)
    for queue, properties in resources(template, QUEUE):
        if queue in dead:
            continue
        target = named(properties.get("RedrivePolicy", {}).get("deadLetterTargetArn"))
        if type_of(template, target) != QUEUE:
            yield queue, "has no dead-letter queue", "add a RedrivePolicy to a queue of its own"
            continue
        kept = properties.get("MessageRetentionPeriod", DEFAULT_RETENTION)
        if properties_of(template, target).get("MessageRetentionPeriod", DEFAULT_RETENTION) <= kept:
            problem = f"messages expire in {target} before a person can look at them"
            yield queue, problem, f"raise the MessageRetentionPeriod of {target}"


@rule()
def visibility(template: Template) -> Iterator[Problem]:
    """A message stays invisible for six times the timeout of the function that reads it, as Lambda asks for."""
    for _, _, function, source in mappings(template):
        if type_of(template, source) == QUEUE:
            seconds = properties_of(template, source).get("VisibilityTimeout", 30)
            timeout = function_timeout(template, function)
            if seconds < 6 * timeout:
                problem = f"shows a message again after {seconds} s, while {function} may still work on it"
                yield source, problem, f"raise VisibilityTimeout to at least {6 * timeout}"


@rule()
def queue_mappings(template: Template) -> Iterator[Problem]:
    """What reads a queue is capped, and names the messages that failed instead of repeating the batch."""
    for mapping, properties, _, source in mappings(template):
        if type_of(template, source) == QUEUE:
            if not properties.get("ScalingConfig", {}).get("MaximumConcurrency"):
                problem = "may take the whole account's concurrency"
                yield mapping, problem, "add ScalingConfig: {MaximumConcurrency: …}"
            if "ReportBatchItemFailures" not in properties.get("FunctionResponseTypes", []):
                problem = "repeats a whole batch for one bad message"
                yield mapping, problem, "add FunctionResponseTypes: [ReportBatchItemFailures]"


@rule()
def no_queue_filter(template: Template) -> Iterator[Problem]:
    """Nothing filters a queue: Lambda deletes what does not match."""
    for mapping, properties, _, source in mappings(template):
        if type_of(template, source) == QUEUE and "FilterCriteria" in properties:
            yield mapping, "filters a queue: Lambda deletes what does not match", "remove FilterCriteria"


@rule()
def stream_mappings(template: Template) -> Iterator[Problem]:
    """What reads a stream is bounded in every way: by default one bad record blocks its shard for a day."""
    for mapping, properties, _, source in mappings(template):
        if type_of(template, source) != TABLE:
            continue
        if not properties.get("BisectBatchOnFunctionError"):
            problem = "does not look for the bad record in a batch"
            yield mapping, problem, "write BisectBatchOnFunctionError: true"
        if not 0 <= properties.get("MaximumRetryAttempts", -1) <= 10:
            yield mapping, "lets one record block its shard for a day", "set MaximumRetryAttempts to at most 10"
        if not 60 <= properties.get("MaximumRecordAgeInSeconds", -1) <= 3600:
            problem = "works on records that nobody waits for any more"
            yield mapping, problem, "set MaximumRecordAgeInSeconds between 60 and 3600"
        if "ReportBatchItemFailures" not in properties.get("FunctionResponseTypes", []):
            problem = "repeats a whole batch for one bad record"
            yield mapping, problem, "add FunctionResponseTypes: [ReportBatchItemFailures]"
        if not properties.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination"):
            yield mapping, "forgets what it could not do", "add DestinationConfig with a queue OnFailure"
        if properties.get("StartingPosition") != "TRIM_HORIZON":
            yield mapping, "misses what was written while it was made", "write StartingPosition: TRIM_HORIZON"


@rule()
def stream_filters(template: Template) -> Iterator[Problem]:
    """The stream starts jobs on INSERT and publishes on MODIFY, and does nothing else."""
    found = {
        function: [one["Pattern"] for one in properties.get("FilterCriteria", {}).get("Filters", [])]
        for _, properties, function, source in mappings(template)
        if type_of(template, source) == TABLE
    }
    for function in found.keys() | STREAM_FILTERS.keys():
        if found.get(function) != STREAM_FILTERS.get(function):
            where = function if function in template["Resources"] else TOP
            problem = f"the stream calls {function} with the filters {found.get(function)}"
            yield where, problem, f"filter by {STREAM_FILTERS.get(function)}"
