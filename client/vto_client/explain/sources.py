"""Reads what AWS knows of a job. A missing permission costs one part of the story, and is named."""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from boto3.dynamodb.types import TypeDeserializer

from vto_client import facts
from vto_client.explain.history import Execution, execution_of, without_data
from vto_client.explain.parts import Evidence, LogRecord
from vto_client.problems import (
    BotoCoreError,
    ClientError,
    CommandError,
    Gap,
    code_of,
    fatal,
    is_denied,
    permission,
    short,
)
from vto_client.stack import Clients, Stack
from vto_client.text import moment

RERUNS_SOUGHT = 20
LINES_OF_A_FUNCTION = 500
PAGES_OF_A_FUNCTION = 20
LOGS_AT_ONCE = 4
"""FilterLogEvents may be called 5 times in a second in most regions."""
BEFORE, AFTER = timedelta(seconds=30), timedelta(minutes=2)
"""Logs are sought from that much before the job's creation to that much after its last change."""


@dataclass
class Sources:
    """One look at a job.

    Args:
        clients: Makes boto3 clients.
        stack: Where the stack's things are.
        now: This moment.
    """

    clients: Clients
    stack: Stack
    now: datetime
    gaps: list[Gap] = field(default_factory=list)

    def evidence(self, job_id: str, *, with_logs: bool = True) -> Evidence:
        """All that can be found.

        Raises:
            CommandError: There is no such job, or nothing at all can be read.
        """
        self.gaps = list(self.stack.gaps)
        row = self._row(job_id)
        executions = self._executions(job_id, row)
        if row is None and not executions:
            raise self._unknown(job_id)
        logs, cut = self._logs(job_id, row, executions) if with_logs else (None, False)
        return Evidence(
            job_id=job_id,
            stack=self.stack.name,
            region=self.stack.region,
            now=self.now,
            row=row,
            executions=executions,
            logs=logs,
            logs_cut=cut,
            delivered=self._delivered(job_id, row or {}),
            gaps=tuple(self.gaps),
        )

    def _unknown(self, job_id: str) -> CommandError:
        unreadable = [gap for gap in self.gaps if gap.what in ("row", "execution")]
        if unreadable:
            return CommandError("; ".join(f"the {gap.what} of {job_id}: {gap.why} {gap.remedy}" for gap in unreadable))
        return CommandError(
            f"the stack {self.stack.name} in {self.stack.region} has no job {job_id}, and no execution of that name: "
            "check the id, --stack and --region; an erased or expired job is forgotten when its execution is, "
            f"after {facts.HISTORY_DAYS} days"
        )

    # --- the row ------------------------------------------------------------------------------------------------------

    def _row(self, job_id: str) -> dict[str, Any] | None:
        try:
            return self._item(self.stack.jobs_table, "id", job_id)
        except ClientError as error:
            if code_of(error) == "ResourceNotFoundException":
                raise CommandError(
                    f"there is no table {self.stack.jobs_table} in {self.stack.region}: check --stack and --region"
                ) from error
            self._lacks("row", error)
            return None

    def _item(self, table: str, key: str, value: str) -> dict[str, Any] | None:
        database = self.clients("dynamodb")
        answer = self._call(database.get_item, TableName=table, Key={key: {"S": value}}, ConsistentRead=True)
        if "Item" not in answer:
            return None
        read = TypeDeserializer()
        return {name: _plain(read.deserialize(one)) for name, one in answer["Item"].items()}

    def _delivered(self, job_id: str, row: Mapping[str, Any]) -> int | None:
        if not row.get("connection_id"):
            return None
        key = facts.DELIVERY.format(job_id=job_id, connection_id=row["connection_id"])
        try:
            item = self._item(self.stack.controls_table, "control_id", key)
        except ClientError as error:
            self._lacks("deliveries", error)
            return None
        found: int | None = (item or {}).get("delivered")
        if found is None:
            self.gaps.append(Gap("deliveries", "nothing is noted for the socket that asked; notes are kept for a day"))
        return found

    # --- executions ---------------------------------------------------------------------------------------------------

    def _executions(self, job_id: str, row: Mapping[str, Any] | None) -> tuple[Execution, ...]:
        own = (row or {}).get("execution_arn")
        base = f"{self._machine(own)}:{job_id}"
        found: dict[str, Execution] = {}
        for arn in dict.fromkeys([base, *([own] if own else []), *_reruns(base, own, row)]):
            execution = self._execution(arn)
            if execution is not None:
                found[arn] = execution
            if any(gap.what == "execution" for gap in self.gaps):
                break  # the same permission is missing for all of them
        if own and own not in found and not any(gap.what == "execution" for gap in self.gaps):
            self.gaps.append(Gap("execution", _why_gone(row or {}, self.now)))
        return tuple(sorted(found.values(), key=lambda one: one.started or self.now))

    def _machine(self, execution_arn: str | None) -> str:
        if self.stack.machine_arn is None and execution_arn:
            return str(execution_arn.rpartition(":")[0])
        machine = self.stack.machine_arn or self.stack.machine_of(self.clients)
        return machine.replace(":stateMachine:", ":execution:")

    def _execution(self, arn: str) -> Execution | None:
        states = self.clients("stepfunctions")
        try:
            described = self._call(states.describe_execution, executionArn=arn)
        except ClientError as error:
            if code_of(error) not in ("ExecutionDoesNotExist", "StateMachineDoesNotExist"):
                self._lacks("execution", error)
            return None
        described = {name: described.get(name) for name in _DESCRIBED}
        events: list[Mapping[str, Any]] = []
        try:
            for event in self._events(arn):
                events.append(event)  # noqa: PERF402  # what was read before an error counts
        except ClientError as error:
            self._lacks("history", error)
            return execution_of(described, events, now=self.now, is_complete=False)
        if len(events) >= facts.HISTORY_EVENTS:
            self.gaps.append(Gap("history", f"it is full: Step Functions ends executions at {len(events)} events"))
        return execution_of(described, events, now=self.now)

    def _events(self, arn: str) -> Iterator[Mapping[str, Any]]:
        """An execution's events; of inputs and outputs, which name people's pictures, only the engine is kept."""
        states, token = self.clients("stepfunctions"), None
        wanted = {"executionArn": arn, "maxResults": 1000, "includeExecutionData": True}
        while True:
            page = self._call(states.get_execution_history, **wanted, **({"nextToken": token} if token else {}))
            yield from map(without_data, page["events"])
            token = page.get("nextToken")
            if not token:
                return

    # --- logs ---------------------------------------------------------------------------------------------------------

    def _logs(
        self, job_id: str, row: Mapping[str, Any] | None, executions: tuple[Execution, ...]
    ) -> tuple[list[LogRecord] | None, bool]:
        start, end = _window(row, executions, self.now)
        functions = [name for name in facts.FUNCTIONS if name in self.stack.log_groups]
        self.clients("logs")  # made here, since making a client is not safe in several threads

        def read(function: str) -> tuple[list[LogRecord], bool] | ClientError:
            try:
                return self._lines(function, job_id, start, end)
            except ClientError as error:
                return error

        with ThreadPoolExecutor(LOGS_AT_ONCE) as pool:
            answers = dict(zip(functions, pool.map(read, functions), strict=True))
        refused = {name: answer for name, answer in answers.items() if isinstance(answer, ClientError)}
        for answer in {code_of(error): error for error in refused.values()}.values():
            names = ", ".join(name for name, one in refused.items() if code_of(one) == code_of(answer))
            if code_of(answer) == "ResourceNotFoundException":
                self.gaps.append(Gap("logs", f"there is no log group of {names}", "nothing was ever logged there"))
            else:
                self._lacks("logs", answer, of=f" of {names}")
        if functions and len(refused) == len(functions):
            return None, False
        read_ones = [answer for answer in answers.values() if not isinstance(answer, ClientError)]
        records = [record for found, _ in read_ones for record in found]
        return records, any(cut for _, cut in read_ones)

    def _lines(self, function: str, job_id: str, start: datetime, end: datetime | None) -> tuple[list[LogRecord], bool]:
        logs, token, found = self.clients("logs"), None, list[LogRecord]()
        wanted: dict[str, Any] = {
            "logGroupName": self.stack.log_groups[function],
            # a term, not `{ $.job_id = … }`: some lines name the job in their text only
            "filterPattern": f'"{job_id}"',
            "startTime": int(start.timestamp() * 1000),
            **({"endTime": int(end.timestamp() * 1000)} if end else {}),
        }
        for _ in range(PAGES_OF_A_FUNCTION):
            page = self._call(logs.filter_log_events, **wanted, **({"nextToken": token} if token else {}))
            found += [
                LogRecord(function, moment(event["timestamp"]) or self.now, event["message"])
                for event in page["events"]
            ]
            token = page.get("nextToken")
            if not token or len(found) >= LINES_OF_A_FUNCTION:
                break
        return found[:LINES_OF_A_FUNCTION], bool(token) or len(found) > LINES_OF_A_FUNCTION

    # --- what goes wrong ----------------------------------------------------------------------------------------------

    @staticmethod
    def _call(call: Callable[..., Any], **wanted: Any) -> Any:
        """Call AWS; what would go wrong with every call ends the command."""
        try:
            return call(**wanted)
        except (ClientError, BotoCoreError) as error:
            problem = fatal(error)
            if problem is None and not isinstance(error, ClientError):
                problem = CommandError(short(error))
            if problem is not None:
                raise problem from error
            raise

    def _lacks(self, what: str, error: ClientError, of: str = "") -> None:
        if is_denied(error):
            gap = Gap(what, f"the permission {permission(error)}{of} is missing", "ask for it, or use another role")
        else:
            gap = Gap(what, f"{short(error)}{of}", "try again")
        if gap not in self.gaps:
            self.gaps.append(gap)


_DESCRIBED = ("executionArn", "name", "status", "startDate", "stopDate", "error", "cause")


def _reruns(base: str, own: str | None, row: Mapping[str, Any] | None) -> Iterator[str]:
    """Names that reruns may have: an operator counts from 1, the sweep takes the job's version.

    More than the first are sought only when something hints at them: each costs a call.
    """
    entries = (row or {}).get("timeline") or []
    was_reset = sum(change.get("status") == "created" for change in entries) > 1
    hinted = row is None or was_reset or bool(own and own != base)
    highest = min(RERUNS_SOUGHT, int((row or {}).get("version") or RERUNS_SOUGHT)) if hinted else 1
    yield from (f"{base}-{number}" for number in range(1, highest + 1))


def _why_gone(row: Mapping[str, Any], now: datetime) -> str:
    created = moment(row.get("created_at"))
    if created and now - created > timedelta(days=facts.HISTORY_DAYS):
        return f"it is gone: Step Functions forgets executions after {facts.HISTORY_DAYS} days"
    return "there is no such execution: it was deleted with its state machine, or belongs to another stack"


def _window(
    row: Mapping[str, Any] | None, executions: tuple[Execution, ...], now: datetime
) -> tuple[datetime, datetime | None]:
    """From when to when logs may speak of the job; no end while it lasts."""
    starts = [moment((row or {}).get("created_at")), *(one.started for one in executions)]
    ends = [moment((row or {}).get("updated_at")), *(one.stopped for one in executions)]
    lasts = (row or {}).get("status") in ("created", "processing") or any(one.stopped is None for one in executions)
    known = [at for at in starts if at]
    start = min(known) if known else now - timedelta(days=1)
    end = None if lasts else max(at for at in [*ends, start] if at) + AFTER
    return start - BEFORE, end


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return value


def now() -> datetime:
    """This moment."""
    return datetime.now(UTC)
