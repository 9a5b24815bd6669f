"""Dead letters are worked off: what was given up is done again, by functions that know what they have done already."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from vto.domain.dead_letters import QUEUES, Call, Contents, UnreadableLetterError, call_of, records_of
from vto.errors import InvalidRequestError, StorageUnavailableError, Violation, VtoError
from vto.ports import Changes, Clock, DeadLetters, Functions, Letter

WORK_SECONDS = 50  # of one call; the last thing that it begins may be a sweep, which takes as long again
PROBLEMS = 5  # told of one redrive: they are mostly the same
START, SWEEP = "start_try_on", "sweep_jobs"
EVENT_OF = {START: "INSERT", "publish_job": "MODIFY"}  # of what each function is told


@dataclass(frozen=True, slots=True)
class RedriveLetters:
    """Works a dead-letter queue off.

    A letter is removed only after its work was handed on, so whatever dies in between leaves it for the next time; and
    all work behind these queues may be done twice: imports and deliveries know what they have done, an execution has
    its job's name, a version is pushed once, a job ends once.
    """

    dead_letters: DeadLetters
    functions: Functions
    changes: Changes
    clock: Clock
    stack: str
    report: Callable[[str, VtoError], None]

    def __call__(self, queue: str, *, is_dry: bool = False) -> dict[str, Any]:
        """Redrive one queue.

        Args:
            queue: Its name (``domain/dead_letters.py``).
            is_dry: Only count.

        Returns:
            ``queue``, ``found`` (about how many there were), ``redriven``, ``expired`` (removed, because what they
            stood for is no longer to be had and is repaired in another way), ``unreadable`` and ``failed`` (both kept),
            ``is_complete`` (False: there was more than there was time for, or more than could be seen), and
            ``problems``: why letters were kept.

        Raises:
            InvalidRequestError: There is no such queue.
            StorageUnavailableError: SQS did not answer.
        """
        if queue not in QUEUES:
            found = [Violation("queue", "is none of the dead-letter queues", f"use one of {', '.join(QUEUES)}")]
            raise InvalidRequestError("queue", found)
        until = self.clock.now() + timedelta(seconds=WORK_SECONDS)
        answer: dict[str, Any] = {"queue": queue, "found": self.dead_letters.count(queue)}
        counts = Counter(dict.fromkeys(("redriven", "expired", "unreadable", "failed"), 0))
        problems: dict[str, None] = {}
        is_complete = is_dry or self._work_off(queue, counts, problems, until)
        hidden = answer["found"] - counts.total()
        if is_complete and not is_dry and hidden > 0:  # by another operator, or by a redrive that failed just now
            problems[f"{hidden} were received a moment ago, and are hidden until two minutes after that"] = None
            is_complete = False
        return {**answer, **counts, "is_complete": is_complete, "problems": list(problems)[:PROBLEMS]}

    def _work_off(self, queue: str, counts: Counter[str], problems: dict[str, None], until: datetime) -> bool:
        while self.clock.now() < until:
            letters = self.dead_letters.receive(queue)
            if not letters:
                return True
            for letter in letters:  # hidden for longer than this takes: what is left is seen by the next redrive
                if self.clock.now() >= until:
                    return False
                try:
                    outcome = self._redriven(queue, letter)
                except UnreadableLetterError as problem:
                    outcome = "unreadable"
                    problems[str(problem)] = None
                except StorageUnavailableError as error:
                    outcome = "failed"
                    problems[error.detail] = None
                    self.report(f"a letter of {queue} could not be redriven", error)
                counts[outcome] += 1
        return False

    def _redriven(self, queue: str, letter: Letter) -> str:
        outcome = "redriven"
        match QUEUES[queue]:
            case Contents.MESSAGES:
                self.dead_letters.send_back(queue, letter)
            case Contents.RECORDS:
                outcome = self._records(queue, letter)
            case Contents.EVENTS:
                self._again(call_of(letter.body, letter.attributes))
        self.dead_letters.remove(queue, letter)
        return outcome

    def _records(self, function: str, letter: Letter) -> str:
        """The letter says only where the records lie; they are there for a day."""
        where = records_of(letter.body)
        found = self.changes.between(where.shard, where.first, where.last, EVENT_OF[function])
        if found is None:
            if function == START:
                self._again(Call(f"{self.stack}-{SWEEP}", {}))  # it starts every job that nobody has started
            return "expired"
        records = [{"dynamodb": {"SequenceNumber": number, "Keys": {"id": {"S": job}}}} for number, job in found]
        self._again(Call(f"{self.stack}-{function}", {"Records": records}))
        return "redriven"

    def _again(self, call: Call) -> None:
        name = call.function.removeprefix(f"{self.stack}-")
        answer = self.functions.invoke(name, call.event)
        if isinstance(answer, dict) and answer.get("batchItemFailures"):
            raise StorageUnavailableError(f"{name} failed on {len(answer['batchItemFailures'])} of the records")
