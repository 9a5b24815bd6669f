"""The frames that the page's tests send and receive are those of the service."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.specs.checking import frame_problems, messages

FRAMES: dict[str, dict[str, Any]] = json.loads((Path(__file__).parent / "frames.json").read_text())


@pytest.mark.parametrize("name", FRAMES["sent"])
def test_what_the_page_says_is_documented(name: str) -> None:
    assert frame_problems(FRAMES["sent"][name], is_from_client=True) == []


@pytest.mark.parametrize("name", FRAMES["received"])
def test_what_the_page_hears_is_documented(name: str) -> None:
    assert frame_problems(FRAMES["received"][name], is_from_client=False) == []


def test_the_page_is_tried_with_every_reason_of_a_bye() -> None:
    reasons = {frame["reason"] for frame in FRAMES["received"].values() if frame["type"] == "bye"}
    assert all(
        frame_problems({**FRAMES["received"]["deploy"], "reason": one}, is_from_client=False) == [] for one in reasons
    )
    assert reasons == {"deploy", "session", "maximum_age"}
    assert set(messages("send")) >= {frame["type"] for frame in FRAMES["received"].values()}
