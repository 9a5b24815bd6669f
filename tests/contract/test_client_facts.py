"""The client knows some facts of the layer and the template without importing them: they have to stay the same."""

import re
from dataclasses import fields

from scripts import facts as project
from vto.domain.dead_letters import QUEUES
from vto.domain.engines import PROFILES
from vto.domain.job import Job, Stage
from vto.domain.storage import USER_MODELS
from vto.errors import (
    FailureError,
    JobClosedError,
    ModelThrottledError,
    NotYourTurnError,
    RefusalError,
    all_errors,
)
from vto.use_cases.invoke_model import MAY_BE_BILLED
from vto.use_cases.operate import MAX_JOBS
from vto_client import facts
from vto_client.doctor.work import letters_of
from vto_client.explain.engines import code_of

STATES = project.states()
CLIENT = project.ROOT / "client" / "vto_client"


def test_stages_and_their_states_are_those_of_the_job_and_the_machine() -> None:
    assert set(facts.STAGES) == {stage.value for stage in Stage}
    for states in facts.STAGES.values():
        assert set(states) <= set(STATES)


def test_error_codes_are_refused_and_failed_as_the_layer_says() -> None:
    codes = {cls.code: cls for cls in all_errors().values() if cls is not JobClosedError}
    assert {code for code, cls in codes.items() if issubclass(cls, RefusalError)} == facts.REFUSALS
    assert {code for code, cls in codes.items() if issubclass(cls, FailureError)} == facts.FAILURES
    assert {ModelThrottledError.code, NotYourTurnError.code} == facts.ASKED_AGAIN


def test_errors_after_which_a_call_is_not_billed_are_those_of_the_rule_that_counts_them() -> None:
    codes = {cls.code for cls in all_errors().values() if not issubclass(cls, (JobClosedError, *MAY_BE_BILLED))}
    assert codes == facts.NOT_BILLED
    assert all(code_of(name) == cls.code for name, cls in all_errors().items())


def test_what_is_read_of_a_row_is_there() -> None:
    known = {one.name for one in fields(Job)}
    source = "".join((CLIENT / "explain" / f"{name}.py").read_text() for name in ("story", "engines", "headline"))
    read = set(re.findall(r"""\brow(?:\.get\(|\[)['"](\w+)""", source))
    assert len(read) > 15
    assert read - known == {"cost_usd"}, "which rows have beside the job's own fields"


def test_states_and_the_functions_behind_them_are_the_machines() -> None:
    behind = {name: project.function_of(state) for name, state in STATES.items()}
    assert {name: project.folder(one) for name, one in behind.items() if one} == facts.FUNCTION_OF_STATE
    assert {facts.MODEL_STATE, facts.RECORDING_STATE, *facts.TELLING_STATES} <= set(STATES)


def test_functions_whose_logs_are_read_exist_with_log_groups_of_that_name() -> None:
    names = {one["FunctionName"]["Fn::Sub"] for _, one in project.resources(project.FUNCTION)}
    groups = {one["LogGroupName"]["Fn::Sub"] for _, one in project.resources("AWS::Logs::LogGroup")}
    for function in facts.FUNCTIONS:
        assert f"${{AWS::StackName}}-{function}" in names
        assert facts.LOG_GROUP.format(stack="${AWS::StackName}", function=function) in groups


def test_outputs_have_the_names_that_are_looked_for_and_that_stand_in_for_them() -> None:
    template = project.template()
    assert set(facts.NEEDED_OUTPUTS) <= set(template["Outputs"])
    for output, name in facts.OUTPUTS.items():
        table = template["Resources"][output]["Properties"]["TableName"]["Fn::Sub"]
        assert table == name.format(stack="${AWS::StackName}")
    _, machine = next(project.resources(project.MACHINE))
    assert machine["Name"]["Fn::Sub"] == facts.MACHINE_NAME.format(stack="${AWS::StackName}")


def test_orders_go_to_functions_and_name_queues_that_there_are() -> None:
    names = {one["FunctionName"]["Fn::Sub"] for _, one in project.resources(project.FUNCTION)}
    for function in (facts.OPERATE, facts.RECONCILE):
        assert facts.FUNCTION_NAME.format(stack="${AWS::StackName}", function=function) in names
    assert tuple(QUEUES) == facts.QUEUES
    assert facts.MOST_JOBS == MAX_JOBS


def test_the_way_in_which_the_client_signs_in_is_open_in_every_environment() -> None:
    flows = project.template()["Resources"]["UserPoolClient"]["Properties"]["ExplicitAuthFlows"]
    assert "ALLOW_USER_SRP_AUTH" in flows, "and not below an Fn::If"


def test_keys_and_engines_are_the_layers() -> None:
    source = (project.ROOT / "layers/vto/vto/adapters/dynamodb/controls.py").read_text()
    assert f'f"{facts.DELIVERY}"' in source
    assert facts.USER_MODELS == USER_MODELS
    assert facts.NO_MODEL_BILL in PROFILES


# --- what doctor expects of an installation ---------------------------------------------------------------------------


def test_buckets_have_what_doctor_expects_of_them() -> None:
    buckets = dict(project.resources("AWS::S3::Bucket"))
    for logical, prefixes in facts.EXPIRING.items():
        rules = buckets[logical]["LifecycleConfiguration"]["Rules"]
        assert {one["Prefix"] for one in rules if "Prefix" in one and "ExpirationInDays" in one} == set(prefixes)
        assert dict.fromkeys(facts.PUBLIC_ACCESS, True) == buckets[logical]["PublicAccessBlockConfiguration"]
    for logical, prefixes in facts.NOTIFYING.items():
        told = buckets[logical]["NotificationConfiguration"]["QueueConfigurations"]
        rules = [rule for one in told for rule in one["Filter"]["S3Key"]["Rules"]]
        assert {one["Value"] for one in rules if one["Name"] == "prefix"} == set(prefixes)


def test_names_that_doctor_looks_for_are_the_templates() -> None:
    resources, source = project.template()["Resources"], (project.ROOT / "template.yaml").read_text()
    assert resources["AdminGroup"]["Properties"]["GroupName"] == facts.ADMINS
    assert facts.ENDPOINT.replace("{stack}", "${AWS::StackName}") in source
    assert facts.FASHN_KEY.replace("{stack}", "${AWS::StackName}") in source
    for table in (one for _, one in project.resources("AWS::DynamoDB::Table")):
        assert table["TimeToLiveSpecification"]["Enabled"] is True
        assert table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"] is True
    for name, properties in project.resources("AWS::SQS::Queue"):
        if name.endswith("DeadLetterQueue"):
            assert letters_of(name) in facts.QUEUES, "what doctor tells to redrive"
        else:
            assert "RedrivePolicy" in properties


def test_parameters_that_doctor_judges_are_the_templates() -> None:
    read = set()
    for module in ("deployment", "engines", "storage", "work", "site"):
        source = (CLIENT / "doctor" / f"{module}.py").read_text()
        read |= set(re.findall(r"""(?:parameters|given)\.get\("(\w+)\"""", source))
    assert len(read) > 10
    assert read <= set(project.template()["Parameters"])
    assert project.template()["Parameters"]["Engine"]["AllowedValues"] == [
        "preview", "nova_canvas", "sagemaker", "fashn_api"
    ], "each has its check in doctor/engines.py"  # fmt: skip
