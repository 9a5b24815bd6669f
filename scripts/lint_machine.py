"""Our rules and the outside validators on the state machine: ``python -m scripts.lint_machine [FILE]``.

What only this project knows stands here: its errors, how long its functions and clients may take, how its loops end,
and how large each field of the state document can get.
"""

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from samtranslator.yaml_helper import yaml_parse

from asl import lint
from asl.lint import Bound, Finding, Function, Loop, Project
from asl.machine import Machine
from asl.validators import UnavailableError, validators
from scripts import facts
from scripts.findings import tell
from scripts.template.functions import read_timeouts
from vto.domain.engines import PROFILES
from vto.domain.job import execution_input
from vto.domain.pacing import MAX_QUEUE_SECONDS
from vto.errors import all_errors
from vto.use_cases import reserve_slot, validate_request

MACHINE = facts.ROOT / "statemachines" / "try_on.asl.json"
TEMPLATE = facts.ROOT / "template.yaml"
NODE_PACKAGES = facts.ROOT / ".venv-node" / "node_modules"

# Service errors that can reach a Task of ours; names that AWS never matches are not among them.
# https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
# https://docs.aws.amazon.com/step-functions/latest/dg/sfn-best-practices.html#bp-lambda-serviceexception
SERVICE_ERRORS = {
    "States.ALL",
    "States.TaskFailed",
    "States.Timeout",
    "States.Permissions",
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.TooManyRequestsException",
    "Lambda.Unknown",
    "Sandbox.Timedout",
    "Runtime.ExitError",
}

# Lambda refuses a call above the account's concurrency before anything runs; the seconds are generous.
QUICK_ERRORS = {"Lambda.TooManyRequestsException": 5.0}


# --- how large fields get ---------------------------------------------------------------------------------------------

# s3:// + bucket (63) + / + key (1,024 bytes), and again for quotes that JSON escapes, and the quotes around it
_ADDRESS = Bound(2 * (5 + 63 + 1 + 1_024) + 2, "S3's own limits on bucket and key")
_ADDRESSES = Bound(5 * (_ADDRESS.size + 2) + 2, "at most five pictures: numberOfImages in the schema")
_COUNT = Bound(10, "a whole number")
_ENGINE = Bound(32, "a name of PROFILES")
_WORD = Bound(32, "one of a few words in the code")
# a header of 1,024 characters, each of which JSON may escape, and the words around and before each of sixteen
_ADAPTATIONS = Bound(6 * 1_024 + 16 * 96 + 2, "MOST_ADAPTATIONS out of a header that SageMaker hands on")
_TOLD = Bound(6 * 300 + 2, "cut after 300 characters; JSON takes six bytes for the longest escape")


def declared_bounds() -> Mapping[str, Mapping[str, Bound]]:
    """The most bytes (as JSON) of every field that a Task's ResultSelector selects, by state and field."""
    cached = Bound(
        _ADDRESSES.size + _ADDRESS.size + _ENGINE.size + _ADAPTATIONS.size + 38 + 96,
        "pictures, mask, engine, adaptations, job id, keys",
    )
    told = {"sockets_told": _COUNT}
    return {
        "Validate Request": {
            "source": _ADDRESS,
            "reference": _ADDRESS,
            "mask": _ADDRESS,
            "cache_key": Bound(66, "a SHA-256 in hex"),
            "measured": Bound(96, "three whole numbers and what they are called"),
            "reuse": _WORD,
            "cached": cached,
            "twin_waits": _COUNT,
        },
        "Reserve Slot": {
            "round": _COUNT,
            "throttled": _COUNT,
            "failed_engines": Bound(len(PROFILES) * (_ENGINE.size + 2) + 2, "each engine fails at most once"),
            "engine": _ENGINE,
            "wait_seconds": _COUNT,
            "turn": Bound(5, "true or false"),
            "timeout_seconds": _COUNT,
        },
        "Invoke Model": {
            "images": _ADDRESSES,
            "mask": _ADDRESS,
            "warning": _TOLD,
            "adaptations": _ADAPTATIONS,
            "engine": _ENGINE,
        },
        "Store Result": {"images": _ADDRESSES, "version": _COUNT, "reused": Bound(5, "true or false")},
        "Notify Client": told,
        "Record Failure": {"outcome": _WORD, "error_code": Bound(40, "an error class's name in snake_case")},
        "Notify Failure": told,
    }


# --- what the template and the code say -------------------------------------------------------------------------------


def project(machine: Machine, template: Mapping[str, Any]) -> Project:
    """The facts that the rules need.

    Args:
        machine: The machine, for the length of its own waits.
        template: The parsed template, short tags in their long form.
    """
    _, made = next((name, one) for name, one in template["Resources"].items() if one["Type"] == facts.MACHINE)
    substitutions = made["Properties"].get("DefinitionSubstitutions", {})
    behind = {name: template["Resources"].get(facts.named(value), {}) for name, value in substitutions.items()}
    default = template.get("Globals", {}).get("Function", {}).get("Timeout", 3)
    pause = {name: _pause(machine, name) for name in ("Wait For Twin", "Wait For Engine")}
    return Project(
        errors=all_errors().keys(),
        service_errors=SERVICE_ERRORS,
        substitutions=substitutions.keys(),
        functions={
            name: Function(one.get("Properties", {}).get("Timeout", default), read_timeouts(one.get("Properties", {})))
            for name, one in behind.items()
            if one.get("Type") == facts.FUNCTION
        },
        seconds={
            "$.slot.timeout_seconds": {name: one.timeout_seconds for name, one in PROFILES.items()},
            "$.slot.wait_seconds": {lane.value: seconds for lane, seconds in MAX_QUEUE_SECONDS.items()},
        },
        quick=QUICK_ERRORS,
        loops=(
            Loop(
                "Call Now?",
                ("Wait For Twin",),
                validate_request.MAX_TWIN_WAITS * pause["Wait For Twin"],
                "Validate Request counts twin_waits and goes on alone after MAX_TWIN_WAITS",
            ),
            Loop(
                "Reserve Slot",
                ("Wait For Engine", "Invoke Model"),
                # the last question is asked a pause after the limit, the last slot put off by the longest back-off
                max(MAX_QUEUE_SECONDS.values()) + pause["Wait For Engine"] + 2 ** (reserve_slot.MAX_THROTTLED - 1),
                "no slot is given later than MAX_QUEUE_SECONDS after the job's creation, to a throttled job or an "
                "engine's third failure none at all",
                (
                    "ExpiredError",
                    "QueueFullError",
                    "ModelThrottledError",
                    "ModelUnavailableError",
                    "ModelQuotaExceededError",
                    "ModelAccessDeniedError",
                    "ModelRetiredError",
                ),
            ),
        ),
        bounds=declared_bounds(),
        input=execution_input("0" * 36),  # a job's id is a UUID
    )


def _pause(machine: Machine, name: str) -> float:
    """How long a Wait state waits; 0 where the file is so wrong that a rule on its form says it."""
    states = machine.definition.get("States")
    state = states.get(name) if isinstance(states, Mapping) else None
    seconds = state.get("Seconds") if isinstance(state, Mapping) else None
    return seconds if isinstance(seconds, int | float) else 0


# --- the command ------------------------------------------------------------------------------------------------------


def check(path: Path, template: Path) -> tuple[list[Finding], str]:
    """All findings in a file, and what was checked in one line.

    The outside validators are asked only when our own rules find nothing: they would say the same again, in words of
    their own and without a remedy.
    """
    try:
        machine = lint.read(path.read_text())
    except ValueError as problem:
        return [Finding(lint.TOP, "json", str(problem), "write one JSON object")], ""
    found = lint.findings(machine, project(machine, yaml_parse(template.read_text())))
    if found:
        return found, ""
    asked = []
    for name, validator in validators(NODE_PACKAGES).items():
        try:
            found += validator(machine.definition)
            asked.append(name)
        except UnavailableError as reason:
            sys.stdout.write(f"{name} is skipped: {reason}\n")
    states, rules = len(machine.states), len(lint.RULES)
    return found, f"{states} states keep {rules} rules; {', '.join(asked)} have nothing to add"


def main(arguments: list[str] | None = None) -> int:
    """Print each finding in one line."""
    parser = argparse.ArgumentParser(prog="python -m scripts.lint_machine", description="Lint the state machine.")
    parser.add_argument("file", nargs="?", type=Path, default=MACHINE)
    parser.add_argument("--template", type=Path, default=TEMPLATE)
    options = parser.parse_args(arguments)
    return tell(options.file, *check(options.file, options.template))


if __name__ == "__main__":
    sys.exit(main())
