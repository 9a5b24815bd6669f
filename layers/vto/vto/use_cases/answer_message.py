"""What a client sends over its socket, and what it hears back: a snapshot, a plan, a pong, or a clear error."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from vto import schemas
from vto.domain import times
from vto.domain.farewell import farewell
from vto.domain.frames import MAX_FRAME_BYTES
from vto.domain.log_text import shown_id
from vto.errors import InvalidRequestError, NotAuthorizedError, NotFoundError, Violation, VtoError
from vto.ports import Clock, Connection, Jobs, Notifier
from vto.use_cases.cancel_try_on import CancelTryOn
from vto.use_cases.plan_try_on import PlanTryOn, is_dry_run
from vto.use_cases.publish_job import PublishJob
from vto.use_cases.request_try_on import RequestTryOn

ACTIONS = ("tryOn", "watchJob", "cancelTryOn", "ping")


@dataclass(frozen=True, slots=True)
class AnswerMessage:
    """Serves one frame of one socket."""

    request_try_on: RequestTryOn
    plan_try_on: PlanTryOn
    cancel_try_on: CancelTryOn
    publish_job: PublishJob
    jobs: Jobs
    notifier: Notifier
    clock: Clock
    report: Callable[[str, VtoError], None]

    def __call__(self, body: str, connection: Connection, session_until: int, opened_at: int | None = None) -> str:
        """Answer a frame over the socket it came from.

        Args:
            body: The frame as it came.
            connection: The socket and its owner, as the authorizer said.
            session_until: When the token that the socket was opened with expires, in epoch seconds. A frame after
                that is refused and the socket closed: its owner would not be told of a result any more.
            opened_at: When the socket was opened, in epoch seconds; None where that is not known. A ping in its last
                ten minutes is also answered with a frame that says so.

        Returns:
            What was answered, for the log: an action's name or an error's code.
        """
        request_id = None
        try:
            document = _document(body)
            request_id = document.get("request_id")
            if session_until <= times.epoch(self.clock.now()):
                raise NotAuthorizedError(f"the session of socket {connection.connection_id} is over")
            action = document.get("action")
            if action == "ping":
                self._pong(connection, farewell(opened_at, session_until, self.clock.now()))
            elif action == "tryOn" and is_dry_run(document):
                self._plan(document, connection)
            elif action == "tryOn":
                self._try_on(document, connection)
            elif action == "watchJob":
                self._watch(document, connection)
            elif action == "cancelTryOn":
                self._cancel(document, connection)
            else:
                choice = ", ".join(ACTIONS)
                problem = "is missing" if action is None else f"must be one of {choice}"
                raise InvalidRequestError("action", [Violation("action", problem, f"send one of {choice}")])
        except VtoError as error:
            self._refuse(error, request_id, connection)
            if isinstance(error, NotAuthorizedError):
                self.notifier.close(connection.connection_id)
            return error.code
        return str(action)

    def _pong(self, connection: Connection, goodbye: Mapping[str, Any] | None) -> None:
        self.notifier.send(connection.connection_id, {"type": "pong"})
        if goodbye is not None:
            self.notifier.send(connection.connection_id, goodbye)

    def _try_on(self, document: Mapping[str, Any], connection: Connection) -> None:
        job, is_new = self.request_try_on(document, connection.user_id, connection, self.publish_job)
        if not is_new:
            self._answer_snapshot(job.id, connection)

    def _plan(self, document: Mapping[str, Any], connection: Connection) -> None:
        frame = {"type": "plan", "plan": self.plan_try_on(document, connection.user_id)}
        if "request_id" in document:
            frame["request_id"] = document["request_id"]
        self.notifier.send(connection.connection_id, frame)

    def _cancel(self, document: Mapping[str, Any], connection: Connection) -> None:
        _ensure_keeps_to("cancel_try_on", document)
        job = self.cancel_try_on(document["job_id"], connection.user_id)
        self.notifier.send(connection.connection_id, self.publish_job.frames.of(job)())

    def _watch(self, document: Mapping[str, Any], connection: Connection) -> None:
        _ensure_keeps_to("watch_job", document)
        self._answer_snapshot(document["job_id"], connection)

    def _answer_snapshot(self, job_id: str, connection: Connection) -> None:
        job = self.jobs.get(job_id)
        if job is None or job.user_id != connection.user_id or job.erased_at is not None:
            found = [Violation("job_id", "is none of your try-ons", "choose one of GET /try-ons")]
            raise NotFoundError(shown_id(job_id), found)
        self.notifier.send(connection.connection_id, self.publish_job.frames.of(job)())

    def _refuse(self, error: VtoError, request_id: Any, connection: Connection) -> None:
        frame: dict[str, Any] = {"type": "error", "error": error.public()}
        if isinstance(request_id, str):
            frame["request_id"] = request_id[:64]
        self.report("refused", error)
        self.notifier.send(connection.connection_id, frame)


def _ensure_keeps_to(schema: str, document: Mapping[str, Any]) -> None:
    found = schemas.violations(schema, document)
    if found:
        raise InvalidRequestError("schema", found)


def _document(body: str) -> Mapping[str, Any]:
    if len(body.encode()) > MAX_FRAME_BYTES:
        remedy = "send addresses of uploads, no pictures"
        raise InvalidRequestError("frame", [Violation("(the whole request)", "must be at most 32 KB", remedy)])
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as problem:
        found = [Violation("(the whole request)", "is not JSON", 'send a JSON object such as {"action": "ping"}')]
        raise InvalidRequestError("frame", found) from problem
    if not isinstance(document, Mapping):
        remedy = 'send one such as {"action": "ping"}'
        raise InvalidRequestError("frame", [Violation("(the whole request)", "must be a JSON object", remedy)])
    return document
