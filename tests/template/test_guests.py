"""The public door is allowed what guests need, and nothing that is anybody's: so much holds whatever its code does."""

from fnmatch import fnmatchcase
from typing import Any

import pytest

from scripts.template.reading import actions, listed, read_template, statements
from tests.template.test_permissions import pattern
from vto.domain.budgets import guests_budget, shop_budget, user_budget
from vto.domain.guests import PREFIX, TICKET_PREFIX, digest_of

DOOR = read_template()["Resources"]["ServeGuestsFunction"]["Properties"]
ALLOWED = [
    (action, pattern(resource), statement.get("Condition"))
    for statement in statements(DOOR)
    for action in sorted(actions(statement))
    for resource in listed(statement["Resource"])
]


def keys(action: str) -> list[str]:
    """The items of ``vto-controls`` with which the door may do something, as patterns."""
    [condition] = [one for name, where, one in ALLOWED if (name, where) == (action, "ControlsTable")]
    assert condition is not None
    patterns: list[str] = condition["ForAllValues:StringLike"]["dynamodb:LeadingKeys"]
    return patterns


def test_the_public_door_reads_no_private_photo_no_job_and_no_socket() -> None:
    assert {where.partition("/")[0] for _, where, _ in ALLOWED} == {
        *("ProductsTable", "ModelsTable", "ControlsTable", "UploadsBucket")
    }
    assert {(action, where) for action, where, _ in ALLOWED if where.startswith(("ModelsTable", "UploadsBucket"))} == {
        ("dynamodb:Query", "ModelsTable/index/stock"),
        ("s3:GetObject", "UploadsBucket/prepared/products/*"),
        ("s3:GetObject", "UploadsBucket/prepared/models/stock/*"),
    }


@pytest.mark.parametrize("action", ["dynamodb:GetItem", "dynamodb:PutItem"])
def test_of_the_controls_the_public_door_reaches_guests_and_their_tickets_only(action: str) -> None:
    def may(key: str) -> bool:
        return any(fnmatchcase(key, one) for one in keys(action))

    day = "2026-11-21"
    others: list[Any] = ["ticket#Zb1m0yT3uJ7x", "spending", "pace#preview", "guest_turns#preview", "open#guest#1#guest"]
    others += [shop_budget(day), guests_budget(day), user_budget("alice", day), "erase#alice", "engine#preview"]
    assert [key for key in others if may(key)] == []
    assert may(f"{PREFIX}{digest_of('secret')}")
    assert may(f"ticket#{TICKET_PREFIX}x") is (action == "dynamodb:PutItem")


def test_everything_that_the_public_door_may_do_in_the_controls_is_under_that_condition() -> None:
    assert [action for action, where, condition in ALLOWED if where == "ControlsTable" and not condition] == []
