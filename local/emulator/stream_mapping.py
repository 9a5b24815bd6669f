"""Gap: MiniStack's DynamoDB stream mappings lose records.

It ignores `batchItemFailures` (a record reported as failed counts as done), `MaximumRetryAttempts` and
`BisectBatchOnFunctionError`, and calls the function on the thread that polls every queue and stream.

Here each mapping has one batch in flight on a thread of its own, as one shard has on AWS. A failed batch is tried
again from the first failed record; with bisection the batch is halved until the poisonous record stands alone;
when its attempts or its age are used up it goes to the on-failure destination and the stream moves on
(AWS Lambda developer guide, "Using AWS Lambda with Amazon DynamoDB").
"""

import time
from dataclasses import dataclass
from typing import Any

import ministack.services.dynamodb as tables
import ministack.services.lambda_svc as functions
from ministack.core.responses import _request_account_id, _request_region

from local.patching import expect_absent, expect_source

Record = dict[str, Any]
Mapping = dict[str, Any]

_PAUSE = 1.0
"""Seconds between two attempts of a failed batch."""


@dataclass
class _Progress:
    """What a mapping remembers between two attempts of the same batch."""

    attempts: int = 0
    size: int | None = None


_progress: dict[str, _Progress] = {}


def _first_failed(mapping: Mapping, result: dict[str, Any], batch: list[Record]) -> int | None:
    """Return the place in the batch of the first record to try again; None when all are done."""
    if result.get("error"):
        return 0
    if "ReportBatchItemFailures" not in (mapping.get("FunctionResponseTypes") or []):
        return None
    body = result.get("body")
    failures = body.get("batchItemFailures") if isinstance(body, dict) else None
    if not failures:
        return None
    places = {str(record["dynamodb"].get("SequenceNumber")): place for place, record in enumerate(batch)}
    # an identifier that is empty or unknown makes AWS treat the whole batch as failed
    return min(places.get(str(failure.get("itemIdentifier")), 0) for failure in failures)


def _too_old(mapping: Mapping, record: Record) -> bool:
    oldest = int(mapping.get("MaximumRecordAgeInSeconds") or -1)
    created = float(record["dynamodb"].get("ApproximateCreationDateTime", time.time()))
    return oldest > 0 and time.time() - created > oldest


def _exhausted(mapping: Mapping, attempts: int) -> bool:
    allowed = mapping.get("MaximumRetryAttempts")
    return allowed is not None and int(allowed) >= 0 and attempts > int(allowed)


def _deliver(mapping: Mapping, function: Record, table: str, position: int) -> None:
    """Give the records at a position to the function and move the mapping as far as they were done."""
    identity = mapping["UUID"]
    progress = _progress.setdefault(identity, _Progress())
    raw = tables.stream_records_since(table, position, progress.size or int(mapping.get("BatchSize", 100)))
    end = position + len(raw)
    batch = functions._apply_filter_criteria(raw, mapping)
    if not batch:
        functions._dynamodb_stream_positions[identity] = end
        return
    result = functions._execute_function(function, {"Records": batch})
    failed = _first_failed(mapping, result, batch)
    if failed is None:
        mapping["LastProcessingResult"] = "OK"
        functions._dynamodb_stream_positions[identity] = end
        _progress.pop(identity, None)
        return
    if failed > 0:  # what lies before the first failed record is done
        done = next(place for place, record in enumerate(raw) if record is batch[failed])
        functions._dynamodb_stream_positions[identity] = position + done
        progress.attempts = 0
    mapping["LastProcessingResult"] = "PROBLEM: Function call failed"
    functions._esm_backoff_until[identity] = time.time() + _PAUSE
    if result.get("throttle"):  # not an attempt of the function
        return
    remaining = batch[failed:]
    if mapping.get("BisectBatchOnFunctionError") and len(remaining) > 1 and failed == 0:
        progress.size = max(1, len(raw) // 2)  # halving does not use up an attempt
        return
    progress.attempts += 1
    aged = _too_old(mapping, remaining[0])
    if aged or _exhausted(mapping, progress.attempts):
        condition = "MaxRecordAgeExceeded" if aged else "RetryAttemptsExhausted"
        arn = mapping["EventSourceArn"]
        functions._send_ddb_stream_failure_record(mapping, function, remaining, arn, result, condition)
        functions._dynamodb_stream_positions[identity] = end
        _progress.pop(identity, None)


def _due(mapping: Mapping) -> tuple[Record, str, int] | None:
    """Return function, table and position of a mapping that has something to deliver now."""
    identity, source = mapping["UUID"], mapping.get("EventSourceArn", "")
    if not mapping.get("Enabled", True) or ":dynamodb:" not in source or "/stream/" not in source:
        return None
    if functions._esm_inflight.get(identity, 0) or functions._esm_backoff_until.get(identity, 0) > time.time():
        return None
    name = source.split("/stream/")[0].rsplit("/", 1)[-1]
    table = tables._tables.get(name)
    if not table or table.get("LatestStreamArn") != source:
        return None
    record, _ = functions._get_func_record_for_qualifier(mapping["FunctionName"], mapping.get("Qualifier"))
    if record is None:
        return None
    horizon, end = tables.stream_start_position(name), tables.stream_end_position(name)
    with functions._dynamodb_stream_positions_lock:
        start = horizon if mapping.get("StartingPosition") == "TRIM_HORIZON" else end
        position = max(functions._dynamodb_stream_positions.setdefault(identity, start), horizon)
    return (record, name, position) if position < end else None


def poll() -> bool:
    """Start one delivery for every stream mapping with new records; tell whether there was any."""
    started = False
    for account, region, mapping in functions._iter_all_esms():
        tokens = _request_account_id.set(account), _request_region.set(region)
        try:
            due = _due(mapping)
            if due:
                functions._dispatch_esm_batch(mapping["UUID"], _deliver, mapping, *due)
                started = True
        finally:
            _request_account_id.reset(tokens[0])
            _request_region.reset(tokens[1])
    return started


def install() -> None:
    """Replace the poller of DynamoDB streams."""
    stock = functions._poll_dynamodb_streams
    expect_absent(stock, "batchItemFailures", "MaximumRetryAttempts", "BisectBatchOnFunctionError")
    expect_source(stock, "result = _execute_function(func_rec, event)", '"MaxRecordAgeExceeded"')
    expect_source(functions._poll_loop, "_poll_dynamodb_streams()")
    expect_source(functions._dispatch_esm_batch, "spawn_background(_task", "_esm_wake.set()")
    functions._poll_dynamodb_streams = poll
