"""The validators of others, their messages turned into findings like our own.

Each sees something that the others miss (docs/state-machine-lint.md says what), none of them all, and none what our
rules look for.
"""

import json
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from asl.lint import TOP, Finding

type Definition = Mapping[str, Any]

SPECIFICATION = "write it as https://states-language.net/spec.html says"
ASL_VALIDATOR = """
const definition = JSON.parse(require("fs").readFileSync(0, "utf8"));
const { errors } = require(process.argv[1] + "/asl-validator")(definition, { checkPaths: true, checkArn: false });
console.log(JSON.stringify(errors.map((one) => one.Message)));
"""


class UnavailableError(Exception):
    """The validator cannot run here; the message says why."""


def statelint(definition: Definition) -> list[Finding]:
    """What the Python port of AWS Labs' statelint finds."""
    from statelint.linter import Linter  # noqa: PLC0415 - only whoever validates needs it

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "machine.asl.json"
        path.write_text(json.dumps(definition))
        return [_finding("statelint", str(one), definition) for one in Linter.validate(str(path))]


def cfn_lint(definition: Definition) -> list[Finding]:
    """What CloudFormation's schema of a state machine finds.

    cfn-lint does not look into ``AWS::Serverless::StateMachine`` nor into files, so the definition is wrapped.
    """
    from cfnlint.api import lint_all  # noqa: PLC0415 - takes seconds

    properties = {"RoleArn": "arn:aws:iam::123456789012:role/machine", "Definition": definition}
    template = {"Resources": {"Machine": {"Type": "AWS::StepFunctions::StateMachine", "Properties": properties}}}
    found = []
    for match in lint_all(json.dumps(template)):
        if match.rule.id.startswith("E"):
            _, states, state, *rest = [*map(str, match.path or [])][3:] + [""] * 3
            where = ".".join(one for one in rest if one)
            problem = f"{where}: {match.message}" if where else match.message
            found.append(
                Finding(state if states == "States" else TOP, f"cfn-lint-{match.rule.id}", problem, SPECIFICATION)
            )
    return found


def asl_validator(definition: Definition, node_packages: Path) -> list[Finding]:
    """What npm's asl-validator finds.

    Raises:
        UnavailableError: Node or the package is not here.
    """
    node = shutil.which("node")
    if node is None:
        raise UnavailableError("Node.js is not installed")
    if not (node_packages / "asl-validator").is_dir():
        raise UnavailableError(f"npm could not install it into {node_packages.parent.name}")
    run = subprocess.run(  # noqa: S603 - a program of ours on a package that we pin
        [node, "-e", ASL_VALIDATOR, str(node_packages)],
        input=json.dumps(definition),
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode:
        raise UnavailableError(f"it failed: {run.stderr.strip().splitlines()[-1:]}")
    return [_finding("asl-validator", one, definition) for one in json.loads(run.stdout)]


def _finding(name: str, message: str, definition: Definition) -> Finding:
    """A finding that stands at the state that a message speaks of: the longest name, since one may begin another."""
    named = [state for state in definition.get("States", {}) if state in message]
    return Finding(max(named, key=len, default=TOP), name, message, SPECIFICATION)


def validators(node_packages: Path) -> Mapping[str, Callable[[Definition], list[Finding]]]:
    """All of them by their names; ``node_packages`` is the folder ``node_modules`` that holds the one from npm."""
    from_npm = partial(asl_validator, node_packages=node_packages)
    return {"statelint": statelint, "cfn-lint": cfn_lint, "asl-validator": from_npm}
