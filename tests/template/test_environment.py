"""Every function can build its use cases from the variables that the template gives it, and from those alone."""

import os
import re

import pytest

from scripts.template.reading import FUNCTION, ROOT, read_template, resources
from vto import bootstrap

VALUES = {"ENGINES": "preview", "DIRECT_START": "on", "DIRECT_NOTIFY": "on", "SPENDING": "on"}
NUMBERS = {
    "RETENTION_DAYS",
    "REQUESTS_PER_MINUTE",
    "FALLBACK_REQUESTS_PER_MINUTE",
    "MAX_JOBS_PER_USER",
    "GUEST_DAILY_BUDGET",
    "PICTURE_TIER",
    "DAILY_BUDGET",
    "DAILY_BUDGET_PER_USER",
    "PRICE_PER_IMAGE",
}
ADDRESSES = {"SOCKET_ENDPOINT": "https://sockets.example/live", "WEBHOOK_URL": "https://shop.example/vto"}


def asked_for() -> dict[str, tuple[set[str], list[str]]]:
    """By folder: the variables that the template gives, and what the handler asks of ``bootstrap``."""
    found = {}
    for _, properties in resources(read_template(), FUNCTION):
        source = (ROOT / properties["CodeUri"] / "app.py").read_text()
        calls = sorted(set(re.findall(r"bootstrap\.(\w+)\(\)", source)) - {"settings"})
        if calls:
            found[properties["CodeUri"].split("/")[1]] = (set(properties["Environment"]["Variables"]), calls)
    return found


ASKED_FOR = asked_for()


@pytest.mark.parametrize("folder", ASKED_FOR)
def test_a_function_builds_its_use_cases_from_its_own_variables(folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    variables, calls = ASKED_FOR[folder]
    for name in list(os.environ):
        if name.isupper() and not name.startswith(("PYTEST", "PATH", "HOME")):
            monkeypatch.delenv(name)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "given-by-lambda")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    for name in variables:
        monkeypatch.setenv(name, "30" if name in NUMBERS else (VALUES | ADDRESSES).get(name, "some-name"))
    bootstrap.reset()
    try:
        for call in calls:
            getattr(bootstrap, call)()
        if folder == "invoke_model":
            bootstrap.engine("preview")
            bootstrap.engine("nova_canvas")
    finally:
        bootstrap.reset()
