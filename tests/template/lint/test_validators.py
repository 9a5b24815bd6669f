"""The validators of others find nothing in the state machine, and each still finds something in a broken one."""

from pathlib import Path

import pytest

from asl.validators import UnavailableError, validators
from scripts import lint_machine
from tests.template.lint.machines import MACHINE, changed, put


@pytest.mark.parametrize("name", ["statelint", "cfn-lint", "asl-validator"])
def test_an_outside_validator_finds_nothing_here_and_still_works(name: str) -> None:
    ask = validators(lint_machine.NODE_PACKAGES)[name]
    try:
        assert ask(MACHINE.definition) == []
    except UnavailableError as reason:
        pytest.skip(f"{name}: {reason}")

    (found,) = ask(changed(put("Store Result/TimeoutSeconds", "soon")).definition)[:1]
    assert found.where == "Store Result"
    assert found.rule.startswith(name)


def test_a_validator_that_cannot_run_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UnavailableError, match=r"npm|Node"):
        validators(tmp_path / "node_modules")["asl-validator"](MACHINE.definition)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UnavailableError, match=r"Node\.js is not installed"):
        validators(tmp_path / "node_modules")["asl-validator"](MACHINE.definition)
