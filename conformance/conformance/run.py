"""Runs cases against an engine."""

import json
import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Final

from PIL import Image

from conformance import limits
from conformance.basic import judged
from conformance.case import (
    FAILED,
    NOT_OFFERED,
    PASSED,
    SKIPPED,
    Answered,
    Blocked,
    Body,
    Case,
    Failed,
    Garbled,
    NoAnswer,
    Padded,
    Refused,
    Result,
)
from conformance.clients import Answer, BadAnswerError, Client, Controls, LostError, RefusalError
from conformance.pictures import seen, text
from conformance.reading import plain

PATH: Final = re.compile(r"#(?:/\w+)*(?=:)")


class _IncomparableError(Exception):
    """What a request is to be compared with is beyond the engine: it lacks ``limits``."""

    def __init__(self, lacks: frozenset[str]) -> None:
        super().__init__()
        self.limits = tuple(sorted(lacks))


class Runner:
    """One engine under test.

    Args:
        client: How to reach it.
        capabilities: What it declares; the whole contract for one that declares nothing.
        controls: How to tell it to fail, if that can be told.

    One request is sent once, however many cases and checks look at its answer: pictures cost time, or money.
    """

    def __init__(self, client: Client, capabilities: Mapping[str, Any], controls: Controls | None = None) -> None:
        self._client = client
        self._capabilities = capabilities
        self._controls = controls
        self._lock = threading.Lock()
        self._pending: dict[bytes, Future[Answer]] = {}
        self.calls = 0
        self.answers = 0
        """Calls that something came back of, be it a refusal."""
        self.lost = ""
        """Why the last of the other calls brought nothing."""

    def run(self, cases: Iterable[Case], parallel: int = 2) -> Iterator[Result]:
        """The results in the cases' order; those with faults come last, one after the other, and alone."""
        listed = list(cases)
        with ThreadPoolExecutor(parallel) as pool:
            yield from pool.map(self.result, [case for case in listed if not case.fault])
        yield from map(self.result, [case for case in listed if case.fault])

    def result(self, case: Case) -> Result:
        """Runs one case; whatever the engine answers, this is a result."""
        started = time.monotonic()
        missing = limits.lacking(case.needs, self._capabilities)
        if missing:  # what is asked of the engine's nature, not of a request, cannot be refused
            return Result(case, NOT_OFFERED, limits=tuple(sorted(missing)))
        if case.fault and self._controls is None:
            return Result(case, SKIPPED, "the engine cannot be told to fail")
        lacks: frozenset[str] = frozenset()
        try:
            if isinstance(case.expected, Answered) and not case.fault:
                lacks = self._lacking(case.body)
            problem = self._problem(case, lacks)
        except _IncomparableError as error:
            return Result(case, NOT_OFFERED, "it is compared with a request that has these", 0.0, error.limits)
        except RefusalError as error:
            problem = f"refused: {error}"
        except LostError as error:
            problem = f"no answer: {error}"
        except BadAnswerError as error:
            problem = f"the answer cannot be read: {error}"
        except Exception as error:  # noqa: BLE001 - an answer may be such that our own code stumbles: the run goes on
            problem = f"the answer cannot be judged: {type(error).__name__}: {error}"
        outcome = FAILED if problem else NOT_OFFERED if lacks else PASSED
        return Result(case, outcome, plain(problem), time.monotonic() - started, tuple(sorted(lacks)))

    def _problem(self, case: Case, lacks: frozenset[str]) -> str:
        if case.fault and self._controls:
            return self._spoilt(case, self._controls)
        if isinstance(case.expected, Refused):
            return self._refused(case, case.expected)
        return self._answered(case, lacks)

    def picture(self, name: str) -> Image.Image:
        """The picture that a request names with ``@``."""
        return seen(name.removeprefix("@"))

    def answer(self, body: Body) -> Answer:
        """The answer to a request with which another is compared, sent once."""
        if lacks := self._lacking(body):
            raise _IncomparableError(lacks)
        return self._once(written(body))

    def again(self, body: Body) -> Answer:
        """The answer to a request, sent anew."""
        return self._invoke(written(body))

    def _lacking(self, body: Body | Padded | bytes) -> frozenset[str]:
        good = body.body if isinstance(body, Padded) else body
        if isinstance(good, bytes):
            return frozenset()
        size = self.picture(good["virtualTryOnParams"]["sourceImage"]).size
        return limits.lacking(limits.needs_of(good, size[0] * size[1]), self._capabilities)

    def _answered(self, case: Case, lacks: frozenset[str]) -> str:
        if not isinstance(case.expected, Answered) or isinstance(case.body, bytes):
            return "the case expects what only a fault brings about"
        body = case.body.body if isinstance(case.body, Padded) else case.body
        try:
            answer = self._invoke(written(case.body)) if isinstance(case.body, Padded) else self._once(written(body))
        except RefusalError as error:
            if lacks:
                return limits.refusal_problem(lacks, error)
            raise
        if lacks:
            return limits.adaptation_problem(lacks, answer) or judged((), limits.honoured(body, lacks), answer, self)
        return judged(case.expected.checks, body, answer, self)

    def _refused(self, case: Case, expected: Refused) -> str:
        try:
            self._invoke(written(case.body))
        except RefusalError as error:
            if (error.status, error.error_type) != (400, "ValidationException"):
                return f"must be refused with 400 ValidationException, not {error}"
            named = frozenset(PATH.findall(error.message))
            if named != expected.paths:
                return f"names {_listed(named)}, must name {_listed(expected.paths)}: {error.message[:200]}"
            return ""
        return "must be refused, was answered"

    def _spoilt(self, case: Case, controls: Controls) -> str:
        controls.clear()
        controls.plan(case.fault)
        try:
            answer = self._invoke(written(case.body))
        except RefusalError as error:
            if not isinstance(case.expected, Failed):
                raise
            right = (error.status, error.error_type) == (case.expected.status, case.expected.error_type)
            return "" if right and case.expected.says in error.message else f"not as expected: {error}"
        except LostError:
            if isinstance(case.expected, NoAnswer):
                return ""
            raise
        finally:
            controls.clear()
        return self._spoilt_answer(case, answer)

    def _spoilt_answer(self, case: Case, answer: Answer) -> str:
        expected = case.expected
        if isinstance(expected, Garbled):
            return "" if expected.looks(answer) else "the answer is not garbled as expected"
        if isinstance(expected, Blocked):
            document = answer.document
            images, said = document.get("images", []), document.get("error", "")
            right = len(images) == expected.images and expected.says in said
            return "" if right else f"{len(images)} pictures, error {said!r}"
        if isinstance(expected, Answered) and isinstance(case.body, Mapping):
            return judged(expected.checks, case.body, answer, self)
        return "was answered"

    def _once(self, body: bytes) -> Answer:
        with self._lock:
            future = self._pending.get(body)
            mine = future is None
            if future is None:
                future = self._pending[body] = Future()
        if mine:
            _settle(future, lambda: self._invoke(body))
        return future.result()

    def _invoke(self, body: bytes) -> Answer:
        with self._lock:
            self.calls += 1
        try:
            answer = self._client.invoke(body)
        except LostError as error:
            self.lost = str(error)
            raise
        except (RefusalError, BadAnswerError):
            self._came()
            raise
        self._came()
        return answer

    def _came(self) -> None:
        with self._lock:
            self.answers += 1


def written(body: Body | Padded | bytes) -> bytes:
    """The bytes of a request, its pictures filled in."""
    if isinstance(body, bytes):
        return body
    if isinstance(body, Padded):
        filled = written(body.body)
        return filled + b" " * (body.size - len(filled))
    return json.dumps(_filled(body)).encode()


def _filled(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _filled(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_filled(one) for one in value]
    return text(value[1:]) if isinstance(value, str) and value.startswith("@") else value


def _settle(future: Future[Answer], work: Callable[[], Answer]) -> None:
    try:
        future.set_result(work())
    except BaseException as error:  # noqa: BLE001 - whoever waits for the same answer gets the same error
        future.set_exception(error)


def _listed(paths: frozenset[str]) -> str:
    return ", ".join(sorted(paths)) or "nothing"
