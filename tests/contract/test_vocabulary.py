"""One vocabulary: state = function = use case = stage = log field = metric = heading, read from the sources themselves.

Each check names what is wrong in words, and is shown to fail on a copy of the sources in which one name was changed.
"""

import copy
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from local.demo import STAGES as SAID_OF_STAGES
from scripts import docs, facts
from vto.domain.job import Stage
from vto.domain.pacing import MAX_QUEUE_SECONDS, Lane
from vto.errors import all_errors
from vto.use_cases import reserve_slot, validate_request

ROOT = facts.ROOT
LAYER = ROOT / "layers" / "vto" / "vto"

# The intended exceptions, each with its reason.
FUNCTION_OF_STATE = {"Notify Failure": "notify_client"}  # telling is the same act, whatever there is to tell
USE_CASE_OF_FUNCTION = {"notify_client": "publish_job"}  # the stream does the same: one use case tells
NO_JOB_ENDS_WITH = {  # caught before Record Failure
    "ModelAccessDeniedError",
    "ModelQuotaExceededError",
    "ModelRetiredError",
    "ModelUnavailableError",
    "NoEngineError",
    "NotifierUnavailableError",
    "JobClosedError",
    "AlreadyClaimedError",
    "NotYourTurnError",
}
NAMED_ELSEWHERE = {"ApiFunction"}  # the API's name in text is its folder's: `api`

STATE_ENTRY = ("The shopper", "Look at", "Rerun")
ERROR_ENTRY = ("Likely causes", "Look at", "Repair", "Rerun", "Wake somebody")


def read(path: str) -> str:
    return (ROOT / path).read_text()


@dataclass
class Sources:
    """Everything that has names, as it is in the repository; a test may change its own copy."""

    machine: dict[str, Any] = field(default_factory=lambda: copy.deepcopy(facts.machine()))
    template: dict[str, Any] = field(default_factory=lambda: copy.deepcopy(facts.template()))
    codes: dict[str, str] = field(default_factory=lambda: {name: cls.code for name, cls in all_errors().items()})
    stages: list[str] = field(default_factory=lambda: [stage.value for stage in Stage])
    functions: set[str] = field(default_factory=lambda: {path.parent.name for path in ROOT.glob("functions/*/app.py")})
    use_cases: set[str] = field(default_factory=lambda: {path.stem for path in (LAYER / "use_cases").glob("*.py")})
    events: set[str] = field(default_factory=lambda: {path.parent.name for path in ROOT.glob("events/*/*.json")})
    handlers: dict[str, str] = field(
        default_factory=lambda: {path.parent.name: path.read_text() for path in ROOT.glob("functions/*/app.py")}
    )
    runbook: str = field(default_factory=lambda: read("docs/runbook.md"))
    errors_page: str = field(default_factory=lambda: read("docs/errors.md"))
    readme: str = field(default_factory=lambda: read("README.md"))
    documents: dict[str, str] = field(
        default_factory=lambda: {str(path.relative_to(ROOT)): path.read_text() for path in docs.documents()}
    )

    @property
    def states(self) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = self.machine["States"]
        return found

    def named(self, kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """Logical ids and properties of a kind of resource."""
        for name, resource in self.template["Resources"].items():
            if resource["Type"] == kind:
                yield name, resource.get("Properties", {})

    def headings(self, section: str) -> list[str]:
        """The headings below a section of the runbook."""
        return [title for title, _ in self.entries(section)]

    def entries(self, section: str) -> list[tuple[str, str]]:
        """Headings below a section of the runbook with their text."""
        (content,) = re.findall(rf"^## {section}\n(.*?)(?=^## |\Z)", self.runbook, re.MULTILINE | re.DOTALL)
        return re.findall(r"^### (.+?)\n(.*?)(?=^### |\Z)", content, re.MULTILINE | re.DOTALL)


def snake(name: str) -> str:
    """``Validate Request`` and ``ValidateRequestFunction`` as ``validate_request``."""
    words = re.findall(r"[A-Z][a-z]*", name.removesuffix("Function"))
    return "_".join(word.lower() for word in words)


def difference(what: str, one: object, other: object) -> Iterator[str]:
    if one != other:
        yield f"{what}: {one} is not {other}"


# --- the checks -------------------------------------------------------------------------------------------------------


def states_have_headings(sources: Sources) -> Iterator[str]:
    yield from difference("headings of states", sources.headings("States"), list(sources.states))


def errors_have_headings(sources: Sources) -> Iterator[str]:
    codes = list(sources.codes.values())
    yield from difference("headings of codes", sources.headings("Error codes"), codes)
    yield from difference("docs/errors.md", re.findall(r"^\| \[`(\w+)`\]", sources.errors_page, re.MULTILINE), codes)


def codes_are_their_classes_in_snake_case(sources: Sources) -> Iterator[str]:
    for name, code in sources.codes.items():
        yield from difference(name, code, snake(name.removesuffix("Error")))


def the_machine_knows_only_our_errors(sources: Sources) -> Iterator[str]:
    for name, state in sources.states.items():
        for rule in (*state.get("Retry", []), *state.get("Catch", [])):
            unknown = [one for one in rule["ErrorEquals"] if "." not in one and one not in sources.codes]
            yield from (f"{name} names {one}, which is not in errors.py" for one in unknown)


def states_are_their_functions(sources: Sources) -> Iterator[str]:
    (machine,) = sources.named(facts.MACHINE)
    targets = {name: facts.named(value) for name, value in machine[1]["DefinitionSubstitutions"].items()}
    for name, state in sources.states.items():
        placeholder = re.fullmatch(r"\$\{(\w+)\}", str(state.get("Parameters", {}).get("FunctionName", "")))
        if placeholder is None:
            continue
        expected = FUNCTION_OF_STATE.get(name, snake(name))
        function = targets.get(placeholder[1], "")
        yield from difference(f"function of {name}", snake(function), expected)
        use_case = USE_CASE_OF_FUNCTION.get(expected, expected)
        if use_case not in sources.use_cases:
            yield f"{name} has no use case {use_case}"
        if f"bootstrap.{use_case}()" not in sources.handlers.get(expected, ""):
            yield f"{expected} does not call the use case {use_case}"


def functions_have_one_name(sources: Sources) -> Iterator[str]:
    groups = {str(group["LogGroupName"]["Fn::Sub"]) for _, group in sources.named("AWS::Logs::LogGroup")}
    folders = set()
    for logical_id, function in sources.named(facts.FUNCTION):
        folder = Path(function["CodeUri"]).name
        folders.add(folder)
        yield from difference(f"folder of {logical_id}", folder, snake(logical_id))
        yield from difference(
            f"name of {logical_id}", function["FunctionName"], {"Fn::Sub": f"${{AWS::StackName}}-{folder}"}
        )
        if f"/aws/lambda/${{AWS::StackName}}-{folder}" not in groups:
            yield f"{logical_id} has no log group of its name"
    yield from difference("functions/", sources.functions, folders)
    yield from difference("events/", sources.events, folders)


def logs_say_the_function(sources: Sources) -> Iterator[str]:
    for folder, source in sources.handlers.items():
        named = re.findall(r'@observed\("(\w+)"\)', source)
        if named != [folder] and folder != "render_preview":  # carries no layer of ours but Pillow and the drawing
            yield f"{folder} logs as {named}"


def stages_are_those_of_the_states(sources: Sources) -> Iterator[str]:
    entered = [stage for state in sources.states.values() if (stage := facts.stage_of(state))]
    yield from difference("stages in the order of the states", list(dict.fromkeys(entered)), sources.stages)
    example = [
        one for one in dict.fromkeys(re.findall(r'"stage": "(\w+)"', sources.readme)) if one not in sources.stages
    ]
    yield from (f"README knows a stage {one}" for one in example)
    for stage in sources.stages:
        if f"*{SAID_OF_STAGES.get(stage, stage)}*" not in sources.runbook:
            yield f"the runbook does not say what a shopper sees in {stage}"
        if f"job's stage `{stage}`" not in sources.runbook or f"pct(stages.{stage}, " not in sources.runbook:
            yield f"the runbook does not know the stage {stage}"


def alarms_are_those_of_the_template(sources: Sources) -> Iterator[str]:
    found = sources.named("AWS::CloudWatch::Alarm")
    alarms = {name for name, one in found if isinstance(one["AlarmActions"], dict)}  # those that only scale tell nobody
    (first,) = re.findall(r"^## Start here\n.*?(?=^\| Somebody)", sources.runbook, re.MULTILINE | re.DOTALL)
    yield from difference("alarms of the runbook's first table", set(re.findall(r"`(\w+Alarm)`", first)), alarms)
    dashboard = str(next(iter(dict(sources.named("AWS::CloudWatch::Dashboard")).values()))["DashboardBody"])
    yield from (f"{name} is not on the dashboard" for name in alarms if f"${{{name}.Arn}}" not in dashboard)


def documents_name_only_resources_that_exist(sources: Sources) -> Iterator[str]:
    known = {*sources.template["Resources"], *sources.template["Outputs"]}
    suffixes = "Alarm|Queue|Table|Bucket|Function|Rule|StateMachine|Mapping|LogGroup"
    for document, text in sources.documents.items():
        named = set(re.findall(rf"`([A-Z]\w+(?:{suffixes}))`", text))
        yield from (f"{document} names {one}" for one in named - known - NAMED_ELSEWHERE)


def every_dead_letter_queue_has_a_row(sources: Sources) -> Iterator[str]:
    queues = {name for name, _ in sources.named("AWS::SQS::Queue") if name.endswith("DeadLetterQueue")}
    rows = set(re.findall(r"`(\w+DeadLetterQueue)`", "\n".join(re.findall(r"^\| `.*", sources.runbook, re.MULTILINE))))
    yield from difference("dead-letter queues of the runbook's table", rows, queues)


def entries_are_complete(sources: Sources) -> Iterator[str]:
    for section, kind, parts in (("States", "state", STATE_ENTRY), ("Error codes", "error", ERROR_ENTRY)):
        for title, text in sources.entries(section):
            if f"<!-- generated: {kind}-{docs.slug(title)} -->" not in text:
                yield f"{title} has no generated part"
            yield from (f"{title} does not say: {part}" for part in parts if f"* **{part}**" not in text)


def figures_are_those_of_the_code(sources: Sources) -> Iterator[str]:
    states = sources.states
    twin = next(
        rule["NumericLessThanEquals"]
        for choice in states["Call Now?"]["Choices"]
        for rule in choice.get("And", [])
        if "NumericLessThanEquals" in rule
    )
    yield from difference("waits for a twin", twin, validate_request.MAX_TWIN_WAITS)
    twins = f"{twin} times {states['Wait For Twin']['Seconds']} seconds"
    queue = f"{MAX_QUEUE_SECONDS[Lane.SHOPPER] // 60} minutes"
    expected = {
        "Call Now?": twins,
        "Wait For Engine": f"after {queue}",
        "Reserve Slot": f"at most {reserve_slot.MAX_THROTTLED} throttles",
    }
    yield from (
        f"{name}'s comment lacks “{said}”" for name, said in expected.items() if said not in states[name]["Comment"]
    )
    texts = dict(sources.entries("States")) | dict(sources.entries("Error codes"))
    if twins not in texts.get("Wait For Twin", "").split("<!-- end -->")[-1].replace("\n  ", " "):
        yield f"Wait For Twin does not say “{twins}”"
    if f"up to {queue}" not in sources.runbook:
        yield f"Pause an engine does not say “up to {queue}”"
    limit = f"{sources.machine['TimeoutSeconds'] // 60} minutes"
    if f"longer than {limit}" not in texts.get("execution_lost", ""):
        yield f"execution_lost does not say “longer than {limit}”"
    prose = re.sub(r"```.*?```", "", sources.runbook, flags=re.DOTALL)
    minutes = set(re.findall(r"\b(\d+ (?:new )?minutes)", prose))
    yield from difference("minutes in the runbook", {one.replace("new ", "") for one in minutes}, {queue, limit})


def every_error_can_be_met_where_the_tables_say(sources: Sources) -> Iterator[str]:
    """An error that no job ends with is caught before Record Failure, or ignored; the runbook says so."""
    for name, code in sources.codes.items():
        text = dict(sources.entries("Error codes")).get(code, "")
        ends = "a job ends in" in text.split("<!-- end -->")[0]
        if name in NO_JOB_ENDS_WITH and "rings `ExecutionsFailedAlarm`" in text.split("<!-- end -->")[0]:
            yield f"{code}: no job ends with it, but the runbook lets the alarm of failed jobs ring"
        if not ends and name not in NO_JOB_ENDS_WITH and "no job" not in text:
            yield f"{code}: the runbook does not say how a job ends"


CHECKS: list[Callable[[Sources], Iterator[str]]] = [
    states_have_headings,
    errors_have_headings,
    codes_are_their_classes_in_snake_case,
    the_machine_knows_only_our_errors,
    states_are_their_functions,
    functions_have_one_name,
    logs_say_the_function,
    stages_are_those_of_the_states,
    alarms_are_those_of_the_template,
    documents_name_only_resources_that_exist,
    every_dead_letter_queue_has_a_row,
    entries_are_complete,
    figures_are_those_of_the_code,
    every_error_can_be_met_where_the_tables_say,
]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_one_vocabulary(check: Callable[[Sources], Iterator[str]]) -> None:
    assert list(check(Sources())) == []


# --- each check can fail ----------------------------------------------------------------------------------------------


def in_runbook(old: str, new: str) -> Callable[[Sources], None]:
    def change(sources: Sources) -> None:
        assert old in sources.runbook, old
        sources.runbook = sources.runbook.replace(old, new)

    return change


def renamed_state(sources: Sources) -> None:
    sources.machine["States"] = {
        ("Draw Picture" if name == "Invoke Model" else name): state for name, state in sources.states.items()
    }


def renamed_error(sources: Sources) -> None:
    sources.codes = {("ModelGoneError" if n == "ModelRetiredError" else n): code for n, code in sources.codes.items()}


def renamed_function(sources: Sources) -> None:
    function = sources.template["Resources"]["StoreResultFunction"]["Properties"]
    function["CodeUri"] = "functions/keep_result"


def renamed_alarm(sources: Sources) -> None:
    resources = sources.template["Resources"]
    resources["JobsFailedAlarm"] = resources.pop("ExecutionsFailedAlarm")


def renamed_queue(sources: Sources) -> None:
    resources = sources.template["Resources"]
    resources["ChangesDeadLetterQueue"] = resources.pop("PublishJobDeadLetterQueue")


def without_log_group(sources: Sources) -> None:
    del sources.template["Resources"]["SweepJobsLogGroup"]


def one_more_stage(sources: Sources) -> None:
    sources.stages.append("framing")


def one_event_folder_less(sources: Sources) -> None:
    sources.events.remove("sweep_jobs")


def one_use_case_less(sources: Sources) -> None:
    sources.use_cases.remove("reserve_slot")


def another_name_in_the_log(sources: Sources) -> None:
    sources.handlers["store_result"] = sources.handlers["store_result"].replace('("store_result")', '("stored")')


def another_limit(sources: Sources) -> None:
    sources.states["Wait For Twin"]["Seconds"] = 5


def another_timeout(sources: Sources) -> None:
    sources.machine["TimeoutSeconds"] = 1800


def another_code(sources: Sources) -> None:
    sources.codes["ExpiredError"] = "too_late"


def a_wrong_error_page(sources: Sources) -> None:
    sources.errors_page = sources.errors_page.replace("| [`expired`]", "| [`overdue`]")


def a_stage_that_readme_alone_knows(sources: Sources) -> None:
    sources.readme = sources.readme.replace('"stage": "generating"', '"stage": "drawing"')


BREAKS = [
    (states_have_headings, in_runbook("### Wait For Slot\n", "")),
    (states_have_headings, renamed_state),
    (errors_have_headings, in_runbook("### queue_full\n", "")),
    (errors_have_headings, a_wrong_error_page),
    (errors_have_headings, another_code),
    (codes_are_their_classes_in_snake_case, another_code),
    (codes_are_their_classes_in_snake_case, renamed_error),
    (the_machine_knows_only_our_errors, renamed_error),
    (states_are_their_functions, renamed_state),
    (states_are_their_functions, one_use_case_less),
    (functions_have_one_name, renamed_function),
    (functions_have_one_name, without_log_group),
    (functions_have_one_name, one_event_folder_less),
    (logs_say_the_function, another_name_in_the_log),
    (stages_are_those_of_the_states, one_more_stage),
    (stages_are_those_of_the_states, a_stage_that_readme_alone_knows),
    (stages_are_those_of_the_states, in_runbook("pct(stages.storing, ", "pct(stages.keeping, ")),
    (stages_are_those_of_the_states, in_runbook("*storing the picture*", "*saving*")),
    (alarms_are_those_of_the_template, renamed_alarm),
    (alarms_are_those_of_the_template, in_runbook("| `HttpApiErrorsAlarm` | [", "| `ApiAlarm` | [")),
    (documents_name_only_resources_that_exist, renamed_queue),
    (every_dead_letter_queue_has_a_row, renamed_queue),
    (entries_are_complete, in_runbook("* **Repair**: the client. For a job", "* The client. For a job")),
    (entries_are_complete, in_runbook("<!-- generated: error-expired -->\n", "")),
    (figures_are_those_of_the_code, another_limit),
    (figures_are_those_of_the_code, another_timeout),
    (figures_are_those_of_the_code, in_runbook("200 times 3 seconds", "30 times")),
    (figures_are_those_of_the_code, in_runbook("gives the job 15 new minutes", "gives the job 20 new minutes")),
    (every_error_can_be_met_where_the_tables_say, in_runbook("a job ends in Refused", "nothing")),
]


@pytest.mark.parametrize(
    ("check", "spoil"),
    BREAKS,
    ids=[f"{check.__name__}-{getattr(spoil, '__name__', 'text')}-{n}" for n, (check, spoil) in enumerate(BREAKS)],
)
def test_a_name_that_differs_is_found(
    check: Callable[[Sources], Iterator[str]], spoil: Callable[[Sources], None]
) -> None:
    sources = Sources()
    spoil(sources)
    assert list(check(sources)) != []


def test_every_check_is_shown_to_fail() -> None:
    assert {check for check, _ in BREAKS} == set(CHECKS)
