"""What is begun before it is needed, so that it is waited for beside something else."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from vto.ports import Begin


@contextmanager
def when_asked() -> Iterator[Begin]:
    """The ``Meanwhile`` port without threads: a call is made when its answer is asked for, and in that order."""
    yield _remembered


def _remembered[T](call: Callable[[], T]) -> Callable[[], T]:
    answers: list[T] = []

    def asked() -> T:
        if not answers:
            answers.append(call())
        return answers[0]

    return asked
