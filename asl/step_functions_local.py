"""Runs the test cases of a mock file in Step Functions Local and compares the ways they take."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

ROLE = "arn:aws:iam::123456789012:role/unused-by-step-functions-local"


@dataclass(frozen=True)
class Expected:
    """What is to come of a test case: its states in their order, its status, and the error it fails with."""

    path: list[str]
    status: str
    error: str | None = None

    @property
    def end(self) -> str:
        """Status and error in one."""
        return f"{self.status} {self.error}" if self.error else self.status


def run_cases(
    client: Any,
    name: str,
    definition: str,
    document: Mapping[str, Any],
    cases: Mapping[str, Expected],
    *,
    within: float,
    sleep: Callable[[float], None] = time.sleep,
) -> list[str]:
    """Start every test case at once, wait for all, and compare.

    Args:
        client: boto3's Step Functions client, pointed at the tool, which was given the mock file at its start.
        name: The machine's name, as in the mock file.
        definition: The ASL, substitutions made.
        document: The input of every execution.
        cases: What is to come of each test case, by its name.
        within: Seconds that the slowest may take.
        sleep: Waits between two looks at what is still running.

    Returns:
        One line for each case that went another way; empty when all went theirs.
    """
    machine = client.create_state_machine(name=name, definition=definition, roleArn=ROLE)["stateMachineArn"]
    started = {
        case: client.start_execution(stateMachineArn=f"{machine}#{case}", name=case, input=json.dumps(document))[
            "executionArn"
        ]
        for case in cases
    }
    problems = []
    for case, execution in started.items():
        ended = client.describe_execution(executionArn=execution)
        while ended["status"] == "RUNNING" and within > 0:
            sleep(1)
            within -= 1
            ended = client.describe_execution(executionArn=execution)
        went = Expected(_path(client, execution), ended["status"], ended.get("error"))
        expected = cases[case]
        if went.path != expected.path:
            problems.append(f"{case}: went {' → '.join(went.path)}, not {' → '.join(expected.path)}")
        elif went.end != expected.end:
            problems.append(f"{case}: ended {went.end}, not {expected.end}")
    return problems


def _path(client: Any, execution: str) -> list[str]:
    """The states that an execution entered, in their order."""
    entered: list[str] = []
    token: str | None = None
    while True:
        more = {"nextToken": token} if token else {}
        page = client.get_execution_history(executionArn=execution, maxResults=1000, **more)
        details = (event.get("stateEnteredEventDetails") for event in page["events"])
        entered += [one["name"] for one in details if one]
        token = page.get("nextToken")
        if not token:
            return entered
