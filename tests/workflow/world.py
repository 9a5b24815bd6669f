"""The whole workflow on fakes: the real ASL, the real handlers, everything else in memory."""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from typing import Any

import pytest

from asl.engine import Engine
from asl.interpreter import SteppedEngine
from asl.run import Call, Run, ServiceError
from tests.contract.deployed import (
    FUNCTIONS,
    ROOT,
    environment,
    function_of,
    handler,
    replace_builders,
    resolved,
    resources,
    use_environment,
)
from vto import bootstrap
from vto.domain import times
from vto.domain.catalogue import CatalogueItem, Kind, Readiness
from vto.domain.job import Job, Status, execution_input
from vto.ports import Connection
from vto.testing import (
    FakeAdmissions,
    FakeCatalogue,
    FakeClock,
    FakeConnections,
    FakeControls,
    FakeEngine,
    FakeJobs,
    FakeNotifier,
    FakePictures,
    FakePictureTools,
    FakeResults,
    FakeWorkflow,
)
from vto.use_cases.meanwhile import when_asked

USER, SOCKET = "user-1", "socket-1"
UPLOADS = "vto-uploads-123456789012-us-east-1"
MACHINE = "vto-try-on"


@dataclass(frozen=True)
class AnswerLost:
    """The function runs to its end, but what Step Functions hears is this error."""

    error: str


type Outcome = str | Exception | AnswerLost | Callable[["World"], object] | None
"""What a call of a step comes to: None, it runs; an error's name or an exception, it does not run and fails with that;
a function, that is called with the world and then the step runs."""


@cache
def definition() -> str:
    """The ASL with the substitutions that template.yaml makes."""
    machine = resources("AWS::Serverless::StateMachine")["TryOnStateMachine"]
    text = (ROOT / machine["DefinitionUri"]).read_text()
    for name, value in resolved(machine["DefinitionSubstitutions"]).items():
        text = text.replace(f"${{{name}}}", value)
    return text


def definition_of() -> dict[str, Any]:
    """The machine itself, read."""
    read: dict[str, Any] = json.loads(definition())
    return read


@dataclass
class World:
    """One shopper with one open socket, one product, one stock model; and a state machine."""

    monkeypatch: pytest.MonkeyPatch
    engines: tuple[str, ...] = ("preview",)
    runner: type[Engine] | type[SteppedEngine] = Engine
    clock: FakeClock = field(default_factory=FakeClock)
    jobs: FakeJobs = field(default_factory=FakeJobs)
    catalogue: FakeCatalogue = field(default_factory=FakeCatalogue)
    connections: FakeConnections = field(default_factory=FakeConnections)
    controls: FakeControls = field(default_factory=FakeControls)
    results: FakeResults = field(default_factory=FakeResults)
    pictures: FakePictures = field(default_factory=FakePictures)
    tools: FakePictureTools = field(default_factory=FakePictureTools)
    notifier: FakeNotifier = field(default_factory=FakeNotifier)
    runs: list[Run] = field(default_factory=list)
    script: dict[str, Iterator[Outcome]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.models = {name: FakeEngine(self.pictures) for name in self.engines}
        together = {name: value for function in FUNCTIONS for name, value in environment(function).items()}
        use_environment(self.monkeypatch, {**together, "ENGINES": ",".join(self.engines)})
        replace_builders(
            self.monkeypatch,
            meanwhile=when_asked,
            admissions=FakeAdmissions(self.jobs, self.catalogue, self.results, self.controls),
            clock=self.clock,
            jobs=self.jobs,
            budgets=self.jobs.budgets,
            catalogue=self.catalogue,
            connections=self.connections,
            controls=self.controls,
            results=self.results,
            pictures=self.pictures,
            picture_tools=self.tools,
            sockets=self.notifier,
            workflow=FakeWorkflow(),
            engine=lambda name: self.models[name],
        )
        self.engine = self.runner(definition(), self.clock, self._serve, MACHINE)
        self.catalogue.add(self._item(Kind.PRODUCT, "hoodie"), self._item(Kind.MODEL, "robin"))
        self.connections.add(Connection(SOCKET, USER, ttl=times.epoch(self.clock.now(), days=1)))

    @property
    def model(self) -> FakeEngine:
        """The engine that is asked first."""
        return self.models[self.engines[0]]

    @property
    def model_calls(self) -> int:
        """How often any engine was asked."""
        return sum(len(model.requests) for model in self.models.values())

    def ask(self, request_id: str = "first", **request: Any) -> Job:
        """Send a try-on over the socket, and return its job."""
        frame = {"action": "tryOn", "request_id": request_id, "product_id": "hoodie", "model_id": "robin", **request}
        socket = self.connections.rows[SOCKET]
        bootstrap.answer_message()(json.dumps(frame), socket, socket.ttl)
        return next(job for job in self.jobs.rows.values() if job.request_id == request_id)

    def ask_for_the_shop(self, request_id: str = "first") -> Job:
        """Ask for a try-on of the batch lane, as REST would, and return its job; the socket is told as of any other."""
        request = {"request_id": request_id, "product_id": "hoodie", "model_id": "robin", "lane": "batch"}
        told = self.connections.rows[SOCKET], bootstrap.publish_job()
        return bootstrap.request_try_on()(request, USER, *told, is_admin=True)[0]

    def run(self, job: Job | None = None, name: str | None = None, **script: Iterable[Outcome]) -> Run:
        """Execute the state machine for a job (a new one, unless given).

        Args:
            job: Whose execution.
            name: The execution's name; the job's id unless given.
            script: By Task (``invoke_model`` for Invoke Model), what its calls come to, in their order; those beyond
                the end of the list just run.
        """
        job = job or self.ask()
        self.script |= {step: iter(outcomes) for step, outcomes in script.items()}
        run = self.engine.execute(name or job.id, execution_input(job.id))
        self.runs.append(run)
        return run

    def job(self, request_id: str = "first") -> Job:
        """A job as it is now."""
        return next(job for job in self.jobs.rows.values() if job.request_id == request_id)

    def arn(self, job: Job) -> str:
        """The ARN of a job's own execution."""
        return f"arn:aws:states:us-east-1:123456789012:execution:{MACHINE}:{job.id}"

    def close(self) -> None:
        """End the first job from outside, as the sweep would."""
        bootstrap.record_failure().lost(self.job().id, self.arn(self.job()), "ended by somebody else")

    def stop_spending(self) -> None:
        """Throw the switch, as an operator would."""
        self.jobs.budgets.stopped = True

    def cancel(self) -> None:
        """The owner of the first job changes their mind."""
        bootstrap.cancel_try_on()(self.job().id, USER)

    def shoppers_stand_there(self, seconds: float) -> None:
        """The engine's next instant is so far away, and the batch lane has just had its share."""
        self.controls.slots["preview"] = self.clock.now() + timedelta(seconds=seconds)
        self.controls.shares["preview"] = self.clock.now()

    def validates(self, request_id: str) -> None:
        """Take a job's execution as far as Validate Request, where it claims the result."""
        job = self.job(request_id)
        handler("validate_request")({"job_id": job.id, "execution_arn": self.arn(job), "twin_waits": 0})

    def told(self, job: Job) -> list[tuple[str, str | None]]:
        """What the owner was told of a job, in order: status, and stage or error code."""
        frames = [frame["job"] for frame in self.notifier.sent[SOCKET] if frame.get("job", {}).get("id") == job.id]
        return [(one["status"], one.get("error", {}).get("code") or one["stage"]) for one in frames]

    def settle(self) -> None:
        """What comes after every execution: the rule on those that failed, and the stream of the table."""
        for run in self.runs:
            if run.status != "SUCCEEDED":
                handler("record_failure")(status_change(run))
        for job_id in self.jobs.rows:
            handler("publish_job")({"Records": [{"dynamodb": {"SequenceNumber": "1", "Keys": {"id": {"S": job_id}}}}]})

    def ensure_one_ending_told_once(self) -> None:
        """Check what must hold after every story: each job ended once, and its owner heard of that end once."""
        self.settle()
        for job_id, job in self.jobs.rows.items():
            ends = {change.version for change in self.jobs.changes if change.id == job_id and change.status.is_terminal}
            assert len(ends) == 1, f"{job.request_id} ended {len(ends)} times: {job.status}"
            if SOCKET not in self.connections.rows:
                continue  # there is nobody to tell
            told = [frame["job"] for frame in self.notifier.sent[SOCKET] if frame.get("job", {}).get("id") == job_id]
            assert [one["seq"] for one in told] == list(range(1, job.version + 1))
            assert [one["status"] for one in told if Status(one["status"]).is_terminal] == [job.status]

    def _item(self, kind: Kind, item_id: str) -> CatalogueItem:
        prepared = f"s3://{UPLOADS}/prepared/{kind}s/{item_id}/1.jpg"
        self.pictures.put(prepared, item_id.encode())
        now = times.to_iso(self.clock.now())
        return CatalogueItem(
            kind,
            item_id,
            picture_s3_url=f"s3://{UPLOADS}/{kind}s/{item_id}.jpg",
            name=item_id,
            category="tops",
            description="",
            auto_imported=True,
            created_at=now,
            updated_at=now,
            readiness=Readiness.READY,
            prepared_s3_url=prepared,
            sha256=item_id.encode().hex(),
            width=800,
            height=1200,
            garment_class="UPPER_BODY" if kind is Kind.PRODUCT else None,
        )

    def _serve(self, call: Call) -> Any:
        """Run the function that a Task calls."""
        step = call.state.lower().replace(" ", "_")
        return self._follow_script(step, lambda: handler(function_of(call.target))(call.payload))

    def _follow_script(self, step: str, call: Callable[[], Any]) -> Any:
        match next(self.script.get(step, iter(())), None):
            case None:
                return call()
            case str(name):
                raise ServiceError(name)
            case Exception() as error:
                raise error.with_traceback(None)  # raised again and again, it would grow
            case AnswerLost(error=name):
                call()
                raise ServiceError(name)
            case happening:
                happening(self)
                return call()


def status_change(run: Run) -> dict[str, Any]:
    """EventBridge's event about an execution that did not succeed."""
    return {
        "source": "aws.states",
        "detail-type": "Step Functions Execution Status Change",
        "detail": {
            "executionArn": run.arn,
            "status": run.status,
            "input": json.dumps(run.input),
            "error": run.error,
            "cause": None,
        },
    }
