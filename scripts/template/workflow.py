"""Rules about the state machine's surroundings, and about what the person on call hears."""

from collections.abc import Iterator

from asl.lint.framework import Problem, rule
from scripts.template.permissions import LOG_DELIVERY, TRACING
from scripts.template.reading import (
    ALARM,
    FUNCTION,
    HTTP_API,
    MACHINE,
    TABLE,
    Template,
    actions,
    dead_letter_queues,
    listed,
    mappings,
    named,
    properties_of,
    references,
    resources,
    scales,
    statements,
    type_of,
)


@rule()
def machine_logs(template: Template) -> Iterator[Problem]:
    """The machine may deliver logs and traces, into a group that does not fill the account's log resource policy."""
    for machine, properties in resources(template, MACHINE):
        allowed = {
            action
            for statement in statements(properties_of(template, named(properties.get("Role"))))
            for action in actions(statement)
            if statement["Effect"] == "Allow"
        }
        for action in sorted({*LOG_DELIVERY, *TRACING} - allowed):
            yield machine, f"its role lacks {action}", "allow it"
        if properties.get("Tracing") != {"Enabled": True}:
            yield machine, "is not traced", "write Tracing: {Enabled: true}"
        destinations = properties.get("Logging", {}).get("Destinations", [])
        groups = [named(one["CloudWatchLogsLogGroup"]["LogGroupArn"]) for one in destinations]
        names = [str(properties_of(template, group).get("LogGroupName")) for group in groups]
        if not names or not all("/aws/vendedlogs/states/" in name for name in names):
            problem = "its log group fills the account's log resource policy"
            yield machine, problem, "name the group /aws/vendedlogs/states/…"


@rule()
def machine_data(template: Template) -> Iterator[Problem]:
    """Executions are logged with their data only outside production: it names people's pictures."""
    for machine, properties in resources(template, MACHINE):
        logging = properties.get("Logging", {})
        if logging.get("IncludeExecutionData", False) not in (
            False,
            {"Fn::If": ["IsProduction", False, True]},
        ) or logging.get("Level") not in ("ERROR", {"Fn::If": ["IsProduction", "ERROR", "ALL"]}):
            problem = "logs people's pictures in production"
            yield machine, problem, "put Level and IncludeExecutionData behind IsProduction"


@rule()
def machine_steps(template: Template) -> Iterator[Problem]:
    """The machine may call exactly the steps that it names."""
    for machine, properties in resources(template, MACHINE):
        steps = {
            name
            for value in properties.get("DefinitionSubstitutions", {}).values()
            if (name := named(value)) and type_of(template, name) == FUNCTION
        }
        callable_steps = {
            named(resource) or ""
            for statement in statements(properties_of(template, named(properties.get("Role"))))
            if "lambda:InvokeFunction" in actions(statement)
            for resource in listed(statement["Resource"])
        }
        for step in sorted(steps - callable_steps):
            yield machine, f"may not call {step}", "allow it in the machine's role"
        for step in sorted(callable_steps - steps):
            yield machine, f"may call {step}, which it does not name", "take it out of the machine's role"


@rule()
def alarms(template: Template) -> Iterator[Problem]:
    """The person on call hears of everything that needs one: dead letters, failed machines, late streams, errors."""
    watched = {
        (properties["Namespace"], properties["MetricName"], named(dimension["Value"]))
        for _, properties in resources(template, ALARM)
        for dimension in properties.get("Dimensions", [])
    }
    wanted = {
        ("AWS/States", metric, machine)
        for machine, _ in resources(template, MACHINE)
        for metric in ("ExecutionsFailed", "ExecutionsTimedOut", "ExecutionThrottled")
    }
    wanted |= {("AWS/SQS", "ApproximateNumberOfMessagesVisible", queue) for queue in dead_letter_queues(template)}
    wanted |= {
        ("AWS/Lambda", "IteratorAge", function)
        for _, _, function, source in mappings(template)
        if type_of(template, source) == TABLE
    }
    wanted |= {("AWS/ApiGateway", "5xx", api) for api, _ in resources(template, HTTP_API)}
    for _, metric, subject in sorted(wanted - watched, key=str):
        yield subject, f"nobody hears of its {metric}", "add an alarm on it"


# Metrics that are sent by work that must never stop: their silence is what rings.
HEARTBEATS = {"SweepDone"}


@rule()
def alarm_form(template: Template) -> Iterator[Problem]:
    """An alarm is there with what it watches, tells an address when there is one, says what it means, and rests."""
    tells = {"Fn::If": ["HasAlarmEmail", [{"Ref": "AlarmTopic"}], {"Ref": "AWS::NoValue"}]}
    for alarm, properties in resources(template, ALARM):
        if scales(template, properties):
            continue
        condition = template["Resources"][alarm].get("Condition")
        watched = references(properties.get("Dimensions", [])) & template["Resources"].keys()
        if condition and condition not in {template["Resources"][one].get("Condition") for one in watched}:
            yield alarm, "exists only sometimes", "remove its Condition"
        if properties.get("AlarmActions") != tells:
            problem = "does not tell the topic, or tells one that may not exist"
            yield alarm, problem, "write AlarmActions: !If [HasAlarmEmail, [!Ref AlarmTopic], !Ref AWS::NoValue]"
        missing = properties.get("TreatMissingData")
        if properties.get("MetricName") in HEARTBEATS:
            if missing != "breaching":
                yield alarm, "is silent when its heart stops", "write TreatMissingData: breaching"
        elif missing != "notBreaching":
            yield alarm, "rings when nothing happens", "write TreatMissingData: notBreaching"
        if len(properties.get("AlarmDescription", "")) < 20:
            yield alarm, "does not say what it means", "describe what the person on call should think of"
