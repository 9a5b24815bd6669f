"""What is begun is waited for beside something else, and nothing of it outlives whoever began it."""

from threading import Event, current_thread

import pytest

from vto.adapters.threads import in_threads
from vto.ports import Meanwhile
from vto.use_cases.meanwhile import when_asked


@pytest.mark.parametrize("meanwhile", [in_threads, when_asked])
def test_an_answer_may_be_asked_for_twice_and_is_made_once(meanwhile: Meanwhile) -> None:
    made: list[int] = []

    def call() -> int:
        made.append(1)
        return len(made)

    with meanwhile() as begin:
        answer = begin(call)
        assert (answer(), answer()) == (1, 1)
    assert made == [1]


@pytest.mark.parametrize("meanwhile", [in_threads, when_asked])
def test_what_went_wrong_is_told_to_whoever_asks(meanwhile: Meanwhile) -> None:
    def broken() -> None:
        raise LookupError("gone")

    with meanwhile() as begin:
        answer = begin(broken)
        with pytest.raises(LookupError, match="gone"):
            answer()


@pytest.mark.parametrize("meanwhile", [in_threads, when_asked])
def test_an_answer_can_be_had_also_afterwards(meanwhile: Meanwhile) -> None:
    with meanwhile() as begin:
        answer = begin(lambda: 7)
    assert answer() == 7


def test_calls_go_on_beside_each_other_and_beside_their_caller() -> None:
    met, here = Event(), current_thread()

    def first() -> bool:
        assert current_thread() is not here
        return met.wait(30)

    with in_threads() as begin:
        waits, tells = begin(first), begin(met.set)
        tells()
        assert waits()


def test_what_was_begun_has_ended_when_its_caller_fails() -> None:
    """A function that has answered is frozen: a write that went on later could come after an erasure."""
    may_go, written = Event(), list[str]()

    def write() -> None:
        may_go.wait(30)
        written.append("written")

    def fail() -> None:
        with in_threads() as begin:
            begin(write)
            may_go.set()
            raise LookupError

    with pytest.raises(LookupError):
        fail()
    assert written == ["written"]
