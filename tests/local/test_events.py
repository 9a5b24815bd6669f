"""Queues, streams, rules and schedules bring every event, and lose none."""

import json
import time

import pytest

from tests.local.conftest import eventually

pytestmark = pytest.mark.enable_socket


@pytest.fixture
def failed_queue(probe):
    """The dead-letter queue, empty."""
    url = probe.endpoints.outputs["FailedQueueUrl"].replace("localhost", "127.0.0.1")
    probe.client("sqs").purge_queue(QueueUrl=url)

    def take() -> dict | None:
        found = probe.client("sqs").receive_message(QueueUrl=url, WaitTimeSeconds=1).get("Messages")
        return json.loads(found[0]["Body"]) if found else None

    return take


def watch(probe, *keys):
    table = probe.endpoints.tables["watched"]
    probe.client("dynamodb").batch_write_item(
        RequestItems={table: [{"PutRequest": {"Item": {"id": {"S": key}}}} for key in keys]}
    )


def test_an_object_of_the_right_prefix_and_suffix_is_announced(probe):
    files = {"bucket": probe.endpoints.buckets["files"], "s3": probe.client("s3")}
    for key in ("in/a b.json", "in/a.txt", "out/a.json"):
        files["s3"].put_object(Bucket=files["bucket"], Key=key, Body=b"{}")
    assert probe.noted("file in/a+b.json")["event"] == "ObjectCreated:Put"
    assert probe.note("file in/a.txt") is None
    assert probe.note("file out/a.json") is None


def test_a_bucket_policy_is_enforced(probe):
    keys = probe.client("sts").assume_role(
        RoleArn="arn:aws:iam::123456789012:role/" + probe.client("iam").list_roles()["Roles"][0]["RoleName"],
        RoleSessionName="probe",
    )["Credentials"]
    storage = probe.endpoints.client(
        "s3",
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
    )
    with pytest.raises(storage.exceptions.ClientError, match="AccessDenied"):
        storage.put_object(Bucket=probe.endpoints.buckets["files"], Key="locked/a", Body=b"")


def test_the_limit_of_a_queue_mapping_is_kept(probe):
    name = probe.stack.function_name("FilesFunction")
    mapping = probe.client("lambda").list_event_source_mappings(FunctionName=name)["EventSourceMappings"][0]
    assert mapping["ScalingConfig"] == {"MaximumConcurrency": 2}
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def test_inserts_and_changes_reach_their_own_functions(probe):
    watch(probe, "fine")
    probe.noted("INSERT fine")
    probe.client("dynamodb").update_item(
        TableName=probe.endpoints.tables["watched"],
        Key={"id": {"S": "fine"}},
        UpdateExpression="SET n = :n",
        ExpressionAttributeValues={":n": {"N": "1"}},
    )
    probe.noted("MODIFY fine")
    assert probe.note("MODIFY other") is None


def test_a_poisonous_record_goes_to_the_destination_and_its_neighbours_are_done(probe, failed_queue):
    watch(probe, "before", "poison", "after")
    probe.noted("INSERT before")
    failure = eventually(failed_queue, 20)
    assert failure["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert failure["DDBStreamBatchInfo"]["batchSize"] == 1
    probe.noted("INSERT after")
    assert probe.note("INSERT poison") is None


def test_a_mapping_that_is_switched_off_rests_and_catches_up(probe):
    functions, name = probe.client("lambda"), probe.stack.function_name("InsertFunction")
    mapping = functions.list_event_source_mappings(FunctionName=name)["EventSourceMappings"][0]["UUID"]
    functions.update_event_source_mapping(UUID=mapping, Enabled=False)
    watch(probe, "while off")
    time.sleep(1.5)
    assert probe.note("INSERT while off") is None
    functions.update_event_source_mapping(UUID=mapping, Enabled=True)
    probe.noted("INSERT while off")


def test_reserved_concurrency_of_the_template_is_kept(probe):
    name = probe.stack.function_name("ReservedFunction")
    limit = probe.client("lambda").get_function_concurrency(FunctionName=name)
    assert limit["ReservedConcurrentExecutions"] == 1


def test_what_should_happen_is_in_the_deployment(probe):
    endpoints = probe.endpoints
    ttl = probe.client("dynamodb").describe_time_to_live(TableName=endpoints.tables["items"])
    assert ttl["TimeToLiveDescription"]["TimeToLiveStatus"] == "ENABLED"
    assert len(probe.client("cloudwatch").describe_alarms()["MetricAlarms"]) == 1
    assert len(probe.client("cloudwatch").list_dashboards()["DashboardEntries"]) == 1
    assert probe.client("sns").list_topics()["Topics"] == []  # its condition does not hold
    groups = probe.client("logs").describe_log_groups()["logGroups"]
    assert [group["retentionInDays"] for group in groups if "retentionInDays" in group] == [7]


def test_schedules_call_their_function_every_minute(probe):
    """Both fire a minute after the deployment; pytest_collection_modifyitems puts this test last."""
    for source in ("aws.events", "aws.scheduler"):
        event = json.loads(probe.noted(f"tick {source}", 75)["event"])
        assert event["detail-type"] == "Scheduled Event"
