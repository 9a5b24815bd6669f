"""What a log repeats of other people's words."""

import pytest

from vto.domain.log_text import error_name, shown_id, unforeseen, without_values

SAID_BY_AWS = "User: arn:aws:sts::1:assumed-role/vto is not authorized"


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ("no answer within the read timeout", "no answer within the read timeout"),
        (SAID_BY_AWS, SAID_BY_AWS),
        ("invalid literal for int() with base 10: 'ada'", "invalid literal for int() with base 10: (…)"),
        ("invalid literal for int() with base 10: 'a message cut sho", "invalid literal for int() with base 10: (…)"),
        ("b'\\xff\\xd8' is no 'number'", "b(…)"),
        ("it's not so: \"ada's\" has no 'b' in it", "it's not so: (…) in it"),
        ("the filter can't read this", "the filter can't read this"),
        ("line one 'a\nb' end", "line one (…) end"),
        ("GET https://b/0.png?X-Amz-Signature=9f86d081 failed", "GET https://b/0.png?(…) failed"),
        ("no user ada@example.com here", "no user (…) here"),
        ("not base64: " + "A" * 300, "not base64: (…)"),
        ("word " * 100, ("word " * 100)[:300]),
        ("", ""),
    ],
)
def test_a_message_loses_the_values_that_it_quotes(message: str, told: str) -> None:
    assert without_values(message) == told


def test_only_what_looks_like_a_name_of_an_error_is_told_as_one() -> None:
    names = ("States.DataLimitExceeded", "Lambda.Unknown", "ModelTimeoutError", "TIMED_OUT")
    assert [error_name(one) for one in names] == list(names)
    assert {error_name(one) for one in ("Ada called", "hY3qT9xB0vLk2RwZ7nPfM5sJd8GcA1e", "a.b.c", "")} == {"(no name)"}


def test_only_what_could_be_an_id_of_ours_is_told_as_one() -> None:
    ids = ("90d51104-6fa6-5914-9fc7-6906f217c59b", "green-hoodie-a1a9e9ab")
    assert [shown_id(one) for one in ids] == list(ids)
    assert {shown_id(one) for one in ("ada@example.com", "a b", "A" * 43, "")} == {"(no id of ours)"}


def test_what_nobody_foresaw_is_told_by_its_class_and_what_its_library_says() -> None:
    assert str(unforeseen(ValueError("month must be in 1..12"))) == "ValueError: month must be in 1..12"
    assert str(unforeseen(KeyError("ada@example.com"))) == "KeyError: (…)"
    assert str(unforeseen(ZeroDivisionError())) == "ZeroDivisionError"
