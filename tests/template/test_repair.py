"""Figures of the repair that stand in two places: the template's clocks and counts, and those of the code."""

import re

import pytest

from scripts.template.reading import ROOT
from tests.contract.deployed import WITH_A_WEBHOOK, resolved, resources, template
from tests.simulation.lambdas import timeout_of
from vto.adapters import operating
from vto.adapters.dynamodb import unfinished
from vto.adapters.sqs import wait_seconds
from vto.bootstrap import READ_TIMEOUT
from vto.domain.dead_letters import QUEUES, Contents
from vto.domain.reconciling import GRACE_SECONDS
from vto.use_cases import reconcile_uploads, redrive_letters, report_status, say_bye, sweep_jobs

SOURCES = {"ProductUploadsQueue": 842, "ModelUploadsQueue": 842, "ResultsQueue": 1442}


@pytest.mark.parametrize(("queue", "seconds"), SOURCES.items())
def test_the_tries_of_a_queue_outlast_an_outage_of_minutes_as_the_template_says(queue: str, seconds: int) -> None:
    receives = resources("AWS::SQS::Queue")[queue]["RedrivePolicy"]["maxReceiveCount"]
    # the last receive ends in the dead letters, so one wait less than receives
    assert sum(wait_seconds(n) for n in range(1, receives)) == seconds >= 600
    said = "".join(re.findall(r"^  #.*$", (ROOT / "template.yaml").read_text(), re.MULTILINE))
    assert f"{seconds:,} seconds" in said or f"one of {seconds:,}" in said


def test_an_import_that_still_tries_is_not_taken_for_one_that_never_came() -> None:
    assert max(SOURCES["ProductUploadsQueue"], SOURCES["ModelUploadsQueue"]) <= GRACE_SECONDS


def test_a_sweep_ends_within_its_function_and_before_the_next_begins() -> None:
    assert template()["Resources"]["SweepRule"]["Properties"]["ScheduleExpression"] == "rate(1 minute)"
    assert sweep_jobs.WORK_SECONDS + 2 * READ_TIMEOUT["dynamodb"] + READ_TIMEOUT["states"] <= timeout_of("sweep_jobs")
    assert timeout_of("sweep_jobs") < 60


@pytest.mark.parametrize("function", ["api", "message"])
def test_a_counted_job_is_not_forgotten_while_its_function_may_still_write_it(function: str) -> None:
    assert timeout_of(function) < unfinished.GONE_AFTER.total_seconds()


def test_the_alarm_rings_when_three_sweeps_are_missing_and_the_status_says_so_too() -> None:
    alarm = resources("AWS::CloudWatch::Alarm")["SweepMissingAlarm"]
    assert (alarm["TreatMissingData"], alarm["Statistic"], alarm["Threshold"]) == ("breaching", "Sum", 1)
    assert alarm["Period"] * alarm["EvaluationPeriods"] == report_status.SWEEP_SECONDS == 180


def test_a_reconciliation_and_a_redrive_end_within_their_functions() -> None:
    assert reconcile_uploads.WORK_SECONDS + READ_TIMEOUT["s3"] < timeout_of("reconcile_uploads")
    assert redrive_letters.WORK_SECONDS + READ_TIMEOUT["lambda"] < timeout_of("operate") <= operating.HIDDEN_SECONDS
    assert READ_TIMEOUT["lambda"] > timeout_of("sweep_jobs")
    assert say_bye.WORK_SECONDS + READ_TIMEOUT["execute-api"] + 2 * READ_TIMEOUT["dynamodb"] < timeout_of("operate")


def test_operate_knows_every_dead_letter_queue_and_where_its_messages_came_from() -> None:
    variables = resources("AWS::Serverless::Function")["OperateFunction"]["Environment"]["Variables"]
    dead = dict(pair.split("=") for pair in resolved(variables["DEAD_LETTER_QUEUES"], **WITH_A_WEBHOOK).split(","))
    sources = dict(pair.split("=") for pair in resolved(variables["SOURCE_QUEUES"], **WITH_A_WEBHOOK).split(","))
    assert dead.keys() == QUEUES.keys()
    queues = resources("AWS::SQS::Queue")
    assert set(dead.values()) == {f"{name.lower()}id" for name in queues if name.endswith("DeadLetterQueue")}
    policies = {
        f"{name.lower()}id": f"{one['RedrivePolicy']['deadLetterTargetArn']['Fn::GetAtt'][0].lower()}id"
        for name, one in queues.items()
        if "RedrivePolicy" in one
    }
    assert {name: policies[url] for name, url in sources.items()} == {name: dead[name] for name in sources}
    assert sources.keys() == {name for name, contents in QUEUES.items() if contents is Contents.MESSAGES}


def test_a_letter_of_records_stands_for_what_its_function_is_told_of() -> None:
    found = {}
    for mapping in ("JobCreatedMapping", "JobChangedMapping"):
        properties = template()["Resources"][mapping]["Properties"]
        pattern = properties["FilterCriteria"]["Filters"][0]["Pattern"]
        function = resolved({"Ref": properties["FunctionName"]["Ref"]}).removeprefix("vto-")
        found[function] = re.findall(r'"([A-Z]+)"', pattern)[0]
    assert found == redrive_letters.EVENT_OF
