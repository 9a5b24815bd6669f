"""Markdown tables of what the repository says about itself."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from asl import lint
from conformance.case import Answered
from conformance.cases import GROUPS
from conformance.cli import chosen
from scripts import facts, template
from scripts.template import checkov
from vto import errors
from vto.adapters.rest import STATUS_OF
from vto.domain.engines import PROFILES
from vto.errors import FailureError, RefusalError, VtoError, all_errors
from vto_client.doctor.command import CHECKS

type Row = Iterable[str]


def table(*header: str, rows: Iterable[Row]) -> str:
    """A Markdown table; bars and line breaks in cells are made harmless."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


# --- the state machine ------------------------------------------------------------------------------------------------


def states() -> str:
    """Every state: what it is for, who does it, how often it is tried again, where its errors go."""
    return table(
        "State",
        "What it does",
        "Function",
        "Tried again",
        "Errors go to",
        rows=(
            (f"**{name}**", state["Comment"], _function(state), _retries(state), _catches(state))
            for name, state in facts.states().items()
        ),
    )


def _function(state: Mapping[str, Any]) -> str:
    function = facts.function_of(state)
    return f"`{facts.folder(function)}`" if function else "—"


def _retries(state: Mapping[str, Any]) -> str:
    found = [
        f"{_names(retry['ErrorEquals'])} ×{retry['MaxAttempts']}"
        for retry in state.get("Retry", [])
        if retry["MaxAttempts"]
    ]
    return "; ".join(found) or "—"


def _catches(state: Mapping[str, Any]) -> str:
    found = [f"{_names(catch['ErrorEquals'])} → {catch['Next']}" for catch in state.get("Catch", [])]
    return "; ".join(found) or "—"


def _names(names: list[str]) -> str:
    """Errors in few words: ours by name, those of the services around a function as what they mean."""
    meant = {"States.ALL": "anything", "Lambda.TooManyRequestsException": "Lambda too busy"}
    ours = [f"`{name}`" for name in names if name in all_errors()]
    known = [meant[name] for name in names if name in meant]
    services = ["service errors"] if len(names) > len(ours) + len(known) else []
    return ", ".join([*known, *ours, *services])


def state_entry(name: str) -> str:
    """What the runbook says of a state before a person adds what they know."""
    state = facts.states()[name]
    function, stage = _function(state), facts.stage_of(state)
    facts_of_it = [
        f"function {function}" if function.startswith("`") else "",
        f"job's stage `{stage}`" if stage else "",
        f"waits {state['Seconds']} s" if "Seconds" in state else "",
        _limit(state),
        f"tried again: {_retries(state)}" if state.get("Retry") else "",
        f"errors: {_catches(state)}" if state.get("Catch") else "",
        "the execution has succeeded" if state["Type"] == "Succeed" else "",
        "the execution has failed: `ExecutionsFailedAlarm`" if state["Type"] == "Fail" else "",
    ]
    about = " · ".join(filter(None, facts_of_it))
    return f"{state['Comment']}" + (f"\n\n{about[0].upper()}{about[1:]}." if about else "")


def _limit(state: Mapping[str, Any]) -> str:
    if "TimeoutSecondsPath" in state:
        limits = ", ".join(f"{one.timeout_seconds} s ({name})" for name, one in PROFILES.items())
        return f"one attempt may take {limits}"
    return f"one attempt may take {state['TimeoutSeconds']} s" if "TimeoutSeconds" in state else ""


# --- errors -----------------------------------------------------------------------------------------------------------


def error_codes() -> str:
    """Every error: its code, the words for the shopper, who tries again, and where a job ends with it."""
    retried = _retried()
    return table(
        "Code",
        "What the shopper reads",
        "The workflow tries again",
        "The client may try again",
        "A job ends in",
        "HTTP status",
        rows=(
            (
                f"[`{cls.code}`](runbook.md#{cls.code})",
                cls.message,
                re.sub(r" ?\(REST and socket only\)", "", retried[name]),
                "yes" if cls.retryable else "no",
                _end(cls, retried[name]),
                str(int(STATUS_OF[cls])) if cls in STATUS_OF else "—",
            )
            for name, cls in all_errors().items()
        ),
    )


def _retried() -> dict[str, str]:
    """Whether and how the workflow tries again, by class: the column of the tree in ``errors.py``."""
    return dict(re.findall(r"[├└]── (\w+Error) +(.+?)(?:  |\n)", errors.__doc__ or ""))


def error_entry(code: str) -> str:
    """What the runbook says of an error before a person adds what they know."""
    name, cls = next((name, cls) for name, cls in all_errors().items() if cls.code == code)
    retried = _retried()[name]
    end = _end(cls, retried)
    about = [
        f"`{name}`",
        "refusal: the request's fault" if issubclass(cls, RefusalError) else "",
        f"a job ends in {end}" if not end.startswith("—") else end.removeprefix("— ").strip("()"),
        _alarm(end, retried),
        f"the workflow tries again: {re.sub(r' ?[(]REST and socket only[)]', '', retried)}",
        f"the client may try again: {'yes' if cls.retryable else 'no'}",
        f"HTTP {int(STATUS_OF[cls])}" if cls in STATUS_OF else "",
    ]
    return f"The shopper reads: **{cls.message}**\n\n{' · '.join(filter(None, about))}."


def _alarm(end: str, retried: str) -> str:
    if "or Wait For" in retried:
        return "rings `EngineOpenedAlarm`"
    if "from outside" in end:
        return (
            "a job ends in it by the rule on failed executions, or by the sweep; the alarm is the execution's, if any"
        )
    return "rings `ExecutionsFailedAlarm`" if end == "Failed" else "no alarm"


# what the column of the tree says, and what that means for the job; the first that is found counts
ENDS = {
    "REST and socket only": "— (no job)",
    "batch jobs only": "— (the job gets another turn)",
    "its owner ended it": "Job Closed",
    "another execution has the job": "Already Claimed",
    "itself is gone": "— (ended from outside)",
    "or Wait For": "— (the job goes on with another engine, or waits)",
    "Wait For": "— (the job waits)",
    "ignored": "— (the job goes on)",
}


def _end(cls: type[VtoError], retried: str) -> str:
    for words, end in ENDS.items():
        if words in retried:
            return end
    if issubclass(cls, RefusalError):
        return "Refused"
    return "Failed" if issubclass(cls, FailureError) else "Job Closed"


# --- alarms -----------------------------------------------------------------------------------------------------------


def alarms() -> str:
    """Every alarm: what it means and when it rings."""
    compared = {"GreaterThanThreshold": ">", "GreaterThanOrEqualToThreshold": "≥", "LessThanThreshold": "<"}
    return table(
        "Alarm",
        "Means",
        "Rings when",
        rows=(
            (
                f"`{name}`",
                one["AlarmDescription"],
                f"{one['Statistic'].lower()} of `{one['MetricName']}` {compared[one['ComparisonOperator']]} "
                f"{one['Threshold']} in {one['Period']} s, "
                f"{one.get('DatapointsToAlarm', one['EvaluationPeriods'])} of {one['EvaluationPeriods']} times",
            )
            for name, one in facts.alarms()
        ),
    )


# --- the stack --------------------------------------------------------------------------------------------------------


def parameters() -> str:
    """The template's parameters by their effect."""
    return table(
        "Parameter",
        "Default",
        "What it changes",
        rows=(
            (f"`{name}`", f"`{default}`" if (default := str(one["Default"])) else "empty", one["Description"])
            for name, one in facts.template()["Parameters"].items()
        ),
    )


def functions() -> str:
    """Every function: what calls it and what it does."""
    called: dict[str, list[facts.Edge]] = {}
    others = {_machine(), *facts.BY_PEOPLE}  # an operator's order is no hop of a try-on
    invoked = [edge for edge in facts.writes() if edge.label.startswith("lambda:") and edge.source not in others]
    for edge in (*facts.triggers(), *invoked):
        called.setdefault(edge.target, []).append(edge)
    return table(
        "Function",
        "Called by",
        "Does",
        rows=(
            (
                f"[`{facts.folder(name)}`](../functions/{facts.folder(name)}/app.py)",
                facts.BY_PEOPLE.get(name) or "; ".join(_callers(called[name])),
                properties["Description"],
            )
            for name, properties in facts.resources(facts.FUNCTION)
        ),
    )


def _machine() -> str:
    name, _ = next(facts.resources(facts.MACHINE))
    return name


def _callers(edges: list[facts.Edge]) -> Iterator[str]:
    """Callers in words, each with all its labels."""
    grouped: dict[str, list[str]] = {}
    for edge in edges:
        grouped.setdefault(edge.source, []).append(edge.label)
    for source, labels in grouped.items():
        match facts.type_of(source):
            case "AWS::Serverless::StateMachine":
                yield "state " + ", ".join(labels)
            case "AWS::Serverless::HttpApi":
                yield "HTTP API: " + ", ".join(f"`{one}`" for one in labels)
            case "AWS::Serverless::WebSocketApi":
                yield "WebSocket: " + ", ".join(f"`{one}`" for one in labels)
            case "AWS::DynamoDB::Table":
                yield f"{', '.join(labels)} on the stream of {source}"
            case "AWS::Events::Rule":
                yield f"rule: {', '.join(labels)}"
            case facts.FUNCTION:
                yield f"`{facts.folder(source)}`"
            case _:
                yield source


def make_targets() -> str:
    """What ``make`` can do."""
    return table(
        "Command",
        "What it does",
        rows=((f"`make {one.name}`", one.does) for one in facts.make_targets()),
    )


def decisions() -> str:
    """The pages of ``docs/decisions`` by their titles."""
    pages = sorted((facts.ROOT / "docs" / "decisions").glob("[0-9]*.md"))
    return "\n".join(f"* [{page.read_text().splitlines()[0].removeprefix('# ')}]({page.name})" for page in pages)


def template_rules() -> str:
    """The rules of the template, in the order of the code."""
    return table("Rule", "What it wants", rows=((f"`{name}`", rule.says) for name, rule in template.RULES.items()))


def template_exceptions() -> str:
    """What Checkov asks for and the template does not follow, with the reasons."""
    return table(
        "Check",
        "What it wants",
        "Of whom it is not asked",
        "Why",
        rows=(
            (f"`{one.check}`", one.title, ", ".join(f"`{name}`" for name in one.resources) or "nobody", one.reason)
            for one in checkov.exceptions()
        ),
    )


def lint_rules() -> str:
    """The rules of the state machine, in the order of the code."""
    return table("Rule", "What it wants", rows=((f"`{name}`", rule.says) for name, rule in lint.RULES.items()))


def conformance_groups() -> str:
    """The conformance suite's groups: what they show, how many cases they have, how many of those draw."""
    rows = [(group, shows, *_counts(group)) for group, shows in GROUPS.items()]
    header = ("Group", "What it shows", "Cases", "that draw", "with `--quick`", "that draw")
    return table(*header, rows=[*rows, ("all", "", *_counts("*"))])


def _counts(group: str) -> Iterator[str]:
    for cases in (chosen(group), chosen(group, quick=True)):
        yield str(len(cases))
        yield str(sum(isinstance(case.expected, Answered) for case in cases))


# --- the command line -------------------------------------------------------------------------------------------------


def doctor_checks() -> str:
    """What `vto doctor` looks at, in its order."""
    return table("Check", "What is looked at", rows=((name, one.__doc__ or "") for name, one in CHECKS.items()))
