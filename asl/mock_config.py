"""Writes what a run's Tasks answered as a mock file of Step Functions Local.

The format is https://docs.aws.amazon.com/step-functions/latest/dg/sfn-local-mock-cfg-file.html. It numbers the answers
of a state by its attempts. What the numbers mean when a state is entered a second time is not documented, nor whether a
mock may throw one of the engine's own errors (``States.…``), so a run with either has no place in the file.
"""

import json
from collections.abc import Mapping
from typing import Any

from asl.run import OK, Attempt, Run

type Document = dict[str, Any]


def fits(run: Run, longest_wait: float) -> bool:
    """Whether a run can be told in a mock file.

    Args:
        run: The run.
        longest_wait: Seconds that it may have waited in all; Step Functions Local really waits.
    """
    tasks = [visit.state for visit in run.visits if visit.attempts]
    engines_own = any(outcome.startswith("States.") for _, outcome in run.calls)
    return len(tasks) == len(set(tasks)) and not engines_own and run.seconds_waited <= longest_wait


def mock_config(name: str, runs: Mapping[str, Run]) -> Document:
    """The mock file of one state machine.

    Args:
        name: The machine's name.
        runs: By the name of its test case, how it went.

    Returns:
        The parsed ``MockConfigFile.json``; equal answers stand in it once.
    """
    named: dict[str, str] = {}
    cases: dict[str, dict[str, str]] = {}
    responses: dict[str, Document] = {}
    for case, run in runs.items():
        cases[case] = {}
        for visit in run.visits:
            if visit.attempts:
                service = run.machine.states[visit.state]["Resource"].split(":")[-2]
                response = _numbered([_answer(attempt, service) for attempt in visit.attempts])
                text = json.dumps(response, sort_keys=True)
                if text not in named:
                    named[text] = _free(visit.state, visit.attempts, responses)
                    responses[named[text]] = response
                cases[case][visit.state] = named[text]
    return {"StateMachines": {name: {"TestCases": cases}}, "MockedResponses": responses}


def _answer(attempt: Attempt, service: str) -> Document:
    if attempt.outcome == OK:
        if service == "lambda":
            return {"Return": {"StatusCode": 200, "Payload": attempt.answer}}
        return {"Return": {"SdkHttpMetadata": {"HttpStatusCode": 200}, **(attempt.answer or {})}}
    return {"Throw": {"Error": attempt.outcome, "Cause": cause(attempt)}}


def cause(attempt: Attempt) -> str:
    """What AWS gives as the Cause of a failed attempt: of a function's own error, its report as JSON."""
    if "." in attempt.outcome:
        return str(attempt.answer)
    return json.dumps({"errorMessage": attempt.answer, "errorType": attempt.outcome, "stackTrace": []})


def _numbered(answers: list[Document]) -> Document:
    """Answers by the attempts they are for; equal ones in a row as a range."""
    numbered: Document = {}
    first = 0
    for index, answer in enumerate(answers):
        if index + 1 == len(answers) or answers[index + 1] != answer:
            numbered[str(index) if first == index else f"{first}-{index}"] = answer
            first = index + 1
    return numbered


def _free(state: str, attempts: list[Attempt], taken: Mapping[str, Any]) -> str:
    """A name that says what is answered, and that no other answer has."""
    outcomes = list(dict.fromkeys(attempt.outcome for attempt in attempts))
    words = [state, *(outcome[0].upper() + outcome[1:] for outcome in outcomes)]
    name = "".join(filter(str.isalnum, "".join(words)))
    return next(one for one in (name, *(f"{name}{number}" for number in range(2, len(taken) + 3))) if one not in taken)
