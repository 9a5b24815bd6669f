"""Rules about what a Task does when something goes wrong: its timeout, its Retry, its Catch, and the names in these."""

from collections.abc import Iterator

from asl.lint.framework import Problem, did_you_mean, rule
from asl.lint.language import ALL, NEVER_MATCHED, TASK_FAILED, TIMEOUT
from asl.lint.project import Project
from asl.machine import Machine, State


@rule()
def task_timeout(machine: Machine, project: Project) -> Iterator[Problem]:
    """Every Task has a timeout, above that of a heartbeat: without one it may hang for as long as the machine runs."""
    for name, state in machine.tasks.items():
        path = state.get("TimeoutSecondsPath")
        if path is None and "TimeoutSeconds" not in state:
            yield name, "has no timeout", "add TimeoutSeconds above the function's own timeout"
        elif path is not None and not project.seconds.get(path):
            yield name, f"nobody declares what stands in {path}", "declare its seconds in the project's facts"
        if state.get("HeartbeatSeconds", 0) >= state.get("TimeoutSeconds", float("inf")):
            yield name, "its heartbeat has no less time than the Task", "make HeartbeatSeconds the smaller one"


@rule()
def task_retry(machine: Machine, project: Project) -> Iterator[Problem]:
    """Every Task is tried again after errors that pass: one lost packet must not cost a job."""
    for name, state in machine.tasks.items():
        if all(one.get("MaxAttempts") == 0 for one in state.get("Retry", [])):
            yield name, "is never tried again", "add Retry for the errors that pass"


@rule()
def task_catch(machine: Machine, project: Project) -> Iterator[Problem]:
    """Every Task catches States.ALL last: an error that nobody foresaw must end in a state of ours too."""
    for name, state in machine.tasks.items():
        if not any(ALL in names for _, names in _named(state, "Catch")):
            yield name, f"does not catch {ALL}", f"end its Catch with {ALL} and the state that records failures"


@rule()
def retry_spread(machine: Machine, project: Project) -> Iterator[Problem]:
    """Every Retry has MaxDelaySeconds and full jitter: jobs that failed together must not come back together."""
    for name, state in machine.states.items():
        for index, one in enumerate(state.get("Retry", [])):
            if one.get("MaxAttempts") != 0:
                if "MaxDelaySeconds" not in one:
                    yield name, f"Retry[{index}] has no MaxDelaySeconds", "add the longest wait that still makes sense"
                if one.get("JitterStrategy") != "FULL":
                    yield name, f"Retry[{index}] has no full jitter", 'add "JitterStrategy": "FULL"'


def _named(state: State, part: str) -> Iterator[tuple[str, list[str]]]:
    """The errors that each rule of a ``Retry`` or ``Catch`` names, and where it stands."""
    for index, one in enumerate(state.get(part, [])):
        yield f"{part}[{index}]", one.get("ErrorEquals", [])


@rule()
def known_errors(machine: Machine, project: Project) -> Iterator[Problem]:
    """ErrorEquals names only errors of the project or of services that can really come here."""
    known = {*project.errors, *project.service_errors}
    for name, state in machine.states.items():
        for here, names in (*_named(state, "Retry"), *_named(state, "Catch")):
            for error in names:
                if error in NEVER_MATCHED:
                    yield name, f"{here} names {error}, which {NEVER_MATCHED[error]}", "remove it"
                elif error not in known:
                    close = did_you_mean(error, known)
                    yield name, f"{here} names {error}, which nothing raises", f"name a known error{close}"


@rule()
def errors_in_order(machine: Machine, project: Project) -> Iterator[Problem]:
    """No name in ErrorEquals is taken by one before it, and States.ALL stands alone and last."""
    for name, state in machine.states.items():
        for part in ("Retry", "Catch"):
            taken: dict[str, str] = {}
            for here, names in _named(state, part):
                if ALL in names and len(names) > 1:
                    yield name, f"{here} names {ALL} beside others", f"give {ALL} a rule of its own, the last one"
                if ALL in taken:
                    yield name, f"{here} comes after {ALL} and is never used", f"move it before {taken[ALL]}"
                    continue
                for error in names:
                    by = taken.get(error) or (taken.get(TASK_FAILED) if error not in (TIMEOUT, ALL) else None)
                    if by:
                        yield name, f"{here} names {error}, which {by} has taken", "remove it, or change the order"
                    taken.setdefault(error, here)
