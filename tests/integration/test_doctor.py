"""What `vto doctor` finds in an account: a small stack as it has to be, then broken in one way after another."""

import io
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import httpx
import pytest
from botocore.exceptions import ClientError, ResponseStreamingError

from vto_client import facts
from vto_client import stack as stacks
from vto_client.doctor import deployment, engines, storage, work
from vto_client.doctor.command import CHECKS, examined
from vto_client.doctor.site import FAIL, OK, UNKNOWN, WARN, Finding, Site, UnknownError, find
from vto_client.problems import CommandError

REGION = "eu-central-1"
ORIGIN = "https://shop.example.com"
NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
OUTPUTS = {name: f"https://{name.lower()}.example.com" for name in facts.NEEDED_OUTPUTS}


TEMPLATE: dict[str, Any] = {
    "Parameters": {
        name: {"Type": "String", "Default": default}
        for name, default in {
            "Environment": "dev", "Engine": "preview", "FallbackEngine": "none", "AllowedOrigins": ORIGIN,
            "AlarmEmail": "ops@example.com", "RetentionDays": "30", "ModelId": "amazon.nova-canvas-v1:0",
            "RequestsPerMinute": "100", "CanvasInstanceType": "ml.g5.xlarge",
        }.items()
    },
    "Resources": {
        **{name: {"Type": "AWS::S3::Bucket"} for name in facts.EXPIRING},
        "JobsTable": {
            "Type": "AWS::DynamoDB::Table",
            "Properties": {
                "TableName": "vto-jobs", "BillingMode": "PAY_PER_REQUEST",
                "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
                "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
            },
        },
        "ResultsDeadLetterQueue": {"Type": "AWS::SQS::Queue"},
        "ResultsQueue": {
            "Type": "AWS::SQS::Queue",
            "Properties": {"RedrivePolicy": {
                "deadLetterTargetArn": {"Fn::GetAtt": ["ResultsDeadLetterQueue", "Arn"]}, "maxReceiveCount": 3}},
        },
        "SweepRule": {"Type": "AWS::Events::Rule", "Properties": {"ScheduleExpression": "rate(1 minute)"}},
        "AlarmTopic": {"Type": "AWS::SNS::Topic"},
    },
    "Outputs": {name: {"Value": value} for name, value in OUTPUTS.items()},
}  # fmt: skip


@pytest.fixture
def site(aws: None) -> Site:
    """A stack as it has to be; what CloudFormation of moto leaves out of its resources is put right here."""
    boto3.client("cloudformation").create_stack(StackName="vto", TemplateBody=json.dumps(TEMPLATE))
    clients, region = stacks.clients(REGION)
    found = find("vto", clients, region)
    for logical, name in found.resources("AWS::S3::Bucket").items():
        put_right(found, logical, name)
    database = clients("dynamodb")
    database.update_time_to_live(
        TableName="vto-jobs", TimeToLiveSpecification={"Enabled": True, "AttributeName": "ttl"}
    )
    recovery = {"PointInTimeRecoveryEnabled": True}
    database.update_continuous_backups(TableName="vto-jobs", PointInTimeRecoverySpecification=recovery)
    (topic,) = found.resources("AWS::SNS::Topic").values()
    clients("sns").subscribe(TopicArn=topic, Protocol="email", Endpoint="ops@example.com")
    clients("cloudwatch").put_metric_alarm(
        AlarmName="vto-sweep-missing", ComparisonOperator="GreaterThanThreshold", Threshold=1, EvaluationPeriods=1,
        MetricName="x", Namespace="y", Period=60, Statistic="Sum", AlarmActions=[topic],
    )  # fmt: skip
    assert found._resources is not None
    found._resources.append(("AWS::CloudWatch::Alarm", "SweepMissingAlarm", "vto-sweep-missing"))
    return found


def put_right(site: Site, logical: str, name: str) -> None:
    s3, private = site.clients("s3"), dict.fromkeys(facts.PUBLIC_ACCESS, True)
    s3.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=private)
    s3.put_bucket_cors(Bucket=name, CORSConfiguration=cors(ORIGIN))
    rules = [
        {"ID": prefix, "Status": "Enabled", "Filter": {"Prefix": prefix}, "Expiration": {"Days": 1}}
        for prefix in facts.EXPIRING[logical]
    ]
    s3.put_bucket_lifecycle_configuration(Bucket=name, LifecycleConfiguration={"Rules": rules})
    notify(site, name, facts.NOTIFYING[logical])


def cors(origin: str) -> dict[str, Any]:
    return {"CORSRules": [{"AllowedOrigins": [origin], "AllowedMethods": ["GET"]}]}


def notify(site: Site, name: str, prefixes: tuple[str, ...]) -> None:
    queue = site.resources("AWS::SQS::Queue")["ResultsQueue"]
    arn = site.clients("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"][
        "QueueArn"
    ]
    told = [
        {"QueueArn": arn, "Events": ["s3:ObjectCreated:*"],
         "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": prefix}]}}}
        for prefix in prefixes
    ]  # fmt: skip
    site.clients("s3").put_bucket_notification_configuration(
        Bucket=name, NotificationConfiguration={"QueueConfigurations": told}, SkipDestinationValidation=True
    )


type Check = Callable[[Site], Iterator[Finding]]

SOUND: list[Check] = [
    deployment.stack, deployment.parameters, storage.tables, storage.buckets, work.queues, work.schedules, work.alarms,
    engines.engines,
]  # fmt: skip


def test_a_stack_as_it_has_to_be_is_found_sound(site: Site) -> None:
    found = [one for check in SOUND for one in check(site)]
    assert {one.state for one in found} == {OK}, found


def only(site: Site, check: Check) -> Finding:
    (found,) = check(site)
    return found


def physical(site: Site, kind: str, logical: str) -> str:
    return site.resources(kind)[logical]


def test_dead_letters_name_the_order_that_redrives_them(site: Site) -> None:
    url = physical(site, "AWS::SQS::Queue", "ResultsDeadLetterQueue")
    site.clients("sqs").send_message(QueueUrl=url, MessageBody="{}")
    found = only(site, work.queues)
    assert (found.state, found.what) == (FAIL, "1 dead letters in results")
    assert found.remedy.endswith("vto ops redrive results --stack vto")


def test_a_queue_that_is_gone_or_loses_what_fails_is_a_failure(site: Site) -> None:
    sqs = site.clients("sqs")
    sqs.set_queue_attributes(
        QueueUrl=physical(site, "AWS::SQS::Queue", "ResultsQueue"), Attributes={"RedrivePolicy": ""}
    )
    sqs.delete_queue(QueueUrl=physical(site, "AWS::SQS::Queue", "ResultsDeadLetterQueue"))
    told = {one.what for one in work.queues(site) if one.state == FAIL}
    assert "the queue ResultsDeadLetterQueue is gone" in told
    assert "the queue ResultsQueue has no dead-letter queue: what fails is lost" in told


def test_a_rule_that_is_switched_off_or_gone_is_a_failure(site: Site) -> None:
    name = physical(site, "AWS::Events::Rule", "SweepRule").rpartition("|")[2]
    site.clients("events").disable_rule(Name=name)
    assert only(site, work.schedules).what == "the rule SweepRule is switched off"
    site.clients("events").delete_rule(Name=name)
    assert only(site, work.schedules).what == "the rule SweepRule is gone"


def test_an_alarm_that_rings_is_quiet_or_gone_is_told(site: Site) -> None:
    watch = site.clients("cloudwatch")
    watch.set_alarm_state(AlarmName="vto-sweep-missing", StateValue="ALARM", StateReason="test")
    assert next(work.alarms(site)).what == "vto-sweep-missing rings"
    watch.disable_alarm_actions(AlarmNames=["vto-sweep-missing"])
    assert next(work.alarms(site)).state == WARN
    watch.delete_alarms(AlarmNames=["vto-sweep-missing"])
    assert next(work.alarms(site)).what == "vto-sweep-missing is gone"


def test_a_mail_that_nobody_confirmed_means_that_nobody_is_told(site: Site) -> None:
    for one in site.clients("sns").list_subscriptions()["Subscriptions"]:
        site.clients("sns").unsubscribe(SubscriptionArn=one["SubscriptionArn"])
    assert [one.what for one in work.alarms(site) if one.state == WARN] == ["nobody has confirmed to be told of alarms"]


def test_what_was_changed_on_a_bucket_by_hand_is_found(site: Site) -> None:
    name, s3 = physical(site, "AWS::S3::Bucket", "UploadsBucket"), site.clients("s3")
    s3.delete_public_access_block(Bucket=name)
    s3.put_bucket_cors(Bucket=name, CORSConfiguration=cors("https://evil.example"))
    s3.delete_bucket_lifecycle(Bucket=name)
    notify(site, name, ("products/",))
    told = [(one.state, one.what.removeprefix(f"{name}: ")) for one in storage.buckets(site)]
    assert [(state, what.partition(" ")[0]) for state, what in told] == [
        (FAIL, "it"), (FAIL, "CORS"), (WARN, "CORS"), (FAIL, "nothing"), (FAIL, "nobody")
    ]  # fmt: skip
    assert "models/users/, prepared/masks/, prepared/models/users/" in told[3][1]
    assert told[4][1].endswith("below models/")


def test_a_table_that_forgets_nothing_or_is_gone_is_a_failure(site: Site) -> None:
    database = site.clients("dynamodb")
    database.update_time_to_live(
        TableName="vto-jobs", TimeToLiveSpecification={"Enabled": False, "AttributeName": "ttl"}
    )
    assert only(site, storage.tables).what == "vto-jobs forgets nothing: its time to live is disabled"
    database.delete_table(TableName="vto-jobs")
    assert only(site, storage.tables).what == "the table vto-jobs (JobsTable) is gone"


# --- what moto does not play is played here ---------------------------------------------------------------------------


class Playing:
    """A service that answers what it is told, to every operation."""

    def __init__(self, **answers: Any) -> None:
        self.answers = answers

    def __getattr__(self, operation: str) -> Any:
        if operation not in self.answers:
            raise AttributeError(operation)
        given = self.answers[operation]

        def answer(**_: Any) -> Any:
            if isinstance(given, Exception):
                raise given
            return given

        return answer

    def get_paginator(self, operation: str) -> Any:
        return Playing(paginate=[getattr(self, operation)()])


class Cloud:
    """boto3's clients by service; `local` says where CloudFormation is."""

    def __init__(self, local: bool = False, **services: Playing) -> None:
        url = "http://127.0.0.1:4566" if local else "https://cloudformation.eu-central-1.amazonaws.com"
        place = type("Meta", (), {"endpoint_url": url})
        self.services = {"cloudformation": Playing(meta=place), **services}
        self.services["cloudformation"].meta = place  # type: ignore[attr-defined]

    def __call__(self, service: str) -> Any:
        return self.services[service.replace("-", "_")]


def refused(operation: str, code: str, message: str = "no") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, operation)


def of(cloud: Cloud, *resources: tuple[str, str, str], **parameters: str) -> Site:
    return Site(cloud, "vto", REGION, "CREATE_COMPLETE", parameters, OUTPUTS, list(resources))


@pytest.mark.parametrize(
    ("lifecycle", "state", "what"),
    [
        ({"status": "ACTIVE"}, OK, "is active"),
        ({"status": "LEGACY", "endOfLifeTime": NOW + timedelta(days=300)}, WARN, "is LEGACY and ends on 2027-09-17"),
        ({"status": "LEGACY", "endOfLifeTime": NOW + timedelta(days=30)}, FAIL, "in 30 days"),
        ({"status": "LEGACY", "endOfLifeTime": NOW - timedelta(days=52)}, FAIL, "its end of life on 2026-09-30"),
        (refused("GetFoundationModel", "ResourceNotFoundException"), FAIL, "Bedrock has no model"),
        (refused("GetFoundationModel", "ValidationException", "identifier is invalid"), FAIL, "Bedrock has no model"),
    ],
)
def test_a_model_is_told_by_how_long_it_will_be_there(lifecycle: Any, state: str, what: str) -> None:
    said = lifecycle if isinstance(lifecycle, Exception) else {"modelDetails": {"modelLifecycle": lifecycle}}
    place = of(
        Cloud(bedrock=Playing(get_foundation_model=said)), Engine="nova_canvas", ModelId="amazon.nova-canvas-v1:0"
    )
    (found,) = engines.engines(place, NOW)
    assert found.state == state
    assert what in found.what
    assert (found.remedy == "") is (state == OK)


def test_engines_of_ones_own_need_their_endpoint_and_their_key() -> None:
    cloud = Cloud(
        sagemaker=Playing(describe_endpoint={"EndpointStatus": "Failed"}),
        secretsmanager=Playing(describe_secret=refused("DescribeSecret", "ResourceNotFoundException")),
    )
    told = list(engines.engines(of(cloud, Engine="sagemaker", FallbackEngine="fashn_api")))
    assert [(one.state, one.what) for one in told] == [
        (FAIL, "the endpoint vto-canvas failed"),
        (FAIL, "there is no secret vto/fashn-api-key with the key of fashn_api"),
    ]


def test_quotas_that_are_too_small_are_told() -> None:
    name = "On-demand model inference requests per minute for Amazon Nova Canvas"
    quotas = [{"QuotaName": name, "Value": 20.0}, {"QuotaName": "ml.g5.xlarge for endpoint usage", "Value": 0.0}]
    cloud = Cloud(
        **{"lambda": Playing(get_account_settings={"AccountLimit": {"ConcurrentExecutions": 10}})},
        service_quotas=Playing(list_service_quotas={"Quotas": quotas}),
    )
    place = of(
        cloud, Engine="nova_canvas", FallbackEngine="sagemaker", ModelId="amazon.nova-canvas-v1:0",
        RequestsPerMinute="100", CanvasInstanceType="ml.g5.xlarge",
    )  # fmt: skip
    told = list(engines.quotas(place))
    assert [one.state for one in told] == [WARN] * 3
    assert "only 10 functions may run at once" in told[0].what
    assert "RequestsPerMinute is 100, and the account's quota 20" in told[1].what
    assert "0 instances of ml.g5.xlarge" in told[2].what


def mapping(answer: Any) -> Site:
    cloud = Cloud(**{"lambda": Playing(get_event_source_mapping=answer)})
    return of(cloud, ("AWS::Lambda::EventSourceMapping", "JobCreatedMapping", "uuid-1"))


def test_a_mapping_that_nobody_reads_is_a_failure_with_the_command_that_helps() -> None:
    found = only(mapping({"State": "Disabled"}), work.mappings)
    assert (found.state, found.what) == (FAIL, "JobCreatedMapping is disabled: nobody reads it")
    assert found.remedy == f"aws lambda update-event-source-mapping --region {REGION} --uuid uuid-1 --enabled"
    assert only(mapping({"State": "Enabled", "LastProcessingResult": "PROBLEM: no"}), work.mappings).state == WARN
    assert only(mapping(refused("GetEventSourceMapping", "ResourceNotFoundException")), work.mappings).state == FAIL
    assert only(mapping({"State": "Enabled", "LastProcessingResult": "OK"}), work.mappings).state == OK


@pytest.mark.parametrize(
    ("status", "state"),
    [("UPDATE_COMPLETE", OK), ("UPDATE_IN_PROGRESS", WARN), ("UPDATE_ROLLBACK_COMPLETE", WARN),
     ("UPDATE_ROLLBACK_FAILED", FAIL), ("ROLLBACK_COMPLETE", FAIL)],
)  # fmt: skip
def test_a_deployment_that_did_not_end_well_is_told(status: str, state: str) -> None:
    place = Site(Cloud(), "vto", REGION, status, {}, OUTPUTS)
    assert only(place, deployment.stack).state == state


def test_parameters_that_do_not_fit_each_other_are_told() -> None:
    place = of(
        Cloud(), Environment="prod", Engine="preview", AllowedOrigins=f"{ORIGIN},http://localhost:8080",
        LogLevel="DEBUG", Spending="off",
    )  # fmt: skip
    told = [one.what.partition(" ")[0] for one in deployment.parameters(place)]
    assert told == ["AlarmEmail", "Spending", "AllowedOrigins", "LogLevel", "Engine"]
    (lone,) = deployment.parameters(
        of(Cloud(), Engine="nova_canvas", AllowedOrigins=ORIGIN, AlarmEmail="a@example.com")
    )
    assert lone.what.startswith("FallbackEngine is none")


@pytest.mark.parametrize(
    ("said", "states"),
    [
        (httpx.Response(200, json={"garment_classes": [], "retention_days": 30.0}), [OK]),
        (httpx.Response(200, json={"garment_classes": [], "retention_days": 7}), [OK, WARN]),
        (httpx.Response(500, json={"message": "Internal Server Error"}), [FAIL]),
        (httpx.ConnectError("refused"), [FAIL]),
        (httpx.Response(200, text="<html>"), [FAIL]),
    ],
)
def test_an_api_is_sound_if_it_answers_as_ours_does(said: Any, states: list[str]) -> None:
    def get(url: str, **_: Any) -> httpx.Response:
        assert url == f"{OUTPUTS['ApiUrl']}/config"
        if isinstance(said, Exception):
            raise said
        return httpx.Response(said.status_code, content=said.content)

    found = deployment.api(of(Cloud(), RetentionDays="30"), get)
    assert [one.state for one in found] == states


def sign_in(flows: list[str], users: list[Any], **parameters: str) -> list[Finding]:
    cognito = Playing(
        describe_user_pool={"UserPool": {"DeletionProtection": "INACTIVE"}},
        describe_user_pool_client={"UserPoolClient": {"ExplicitAuthFlows": flows}},
        list_users_in_group={"Users": users},
    )
    return list(deployment.sign_in(of(Cloud(cognito_idp=cognito), **parameters)))


def test_a_pool_has_to_let_people_in_and_somebody_has_to_be_an_admin() -> None:
    assert [one.state for one in sign_in(["ALLOW_USER_SRP_AUTH"], [{}])] == [OK]
    told = sign_in(["ALLOW_USER_PASSWORD_AUTH"], [], Environment="prod")
    assert [one.state for one in told] == [FAIL, WARN, WARN, WARN]
    assert told[-1].remedy.startswith("aws cognito-idp admin-add-user-to-group ")


# --- what cannot be checked -------------------------------------------------------------------------------------------


def test_a_missing_permission_is_named_and_the_other_checks_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(CHECKS, "api", lambda site: iter(()))  # type: ignore[arg-type]

    class Denying(Playing):
        def __getattr__(self, operation: str) -> Any:
            return Playing(call=refused("GetQueueAttributes", "AccessDenied")).call

    names = ("dynamodb", "s3", "sqs", "events", "lambda", "cloudwatch", "sns", "cognito_idp")
    cloud = Cloud(**{name: Denying() for name in names})
    place = of(cloud, ("AWS::SQS::Queue", "ResultsQueue", "https://queue"), Engine="preview")
    with pytest.raises(UnknownError, match=r"the permission sqs:GetQueueAttributes is missing"):
        list(work.queues(place))
    told = list(examined(place))
    assert {one.check for one in told if one.state == UNKNOWN} >= {"sign-in", "quotas", "queues", "jobs"}
    assert {one.check for one in told if one.state == OK} >= {"stack", "engines"}
    assert list(CHECKS) == list(dict.fromkeys([*CHECKS, *(one.check for one in told)])), "each is a check by its name"


def test_what_the_local_stack_does_another_way_is_unknown_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VTO_API_URL", raising=False)
    no_rules = refused("GetBucketLifecycleConfiguration", "NoSuchLifecycleConfiguration")
    buckets = Playing(
        get_public_access_block={"PublicAccessBlockConfiguration": dict.fromkeys(facts.PUBLIC_ACCESS, True)},
        get_bucket_cors=refused("GetBucketCors", "NoSuchCORSConfiguration"),
        get_bucket_lifecycle_configuration=no_rules,
        get_bucket_notification_configuration={},
    )
    place = of(Cloud(local=True, s3=buckets), ("AWS::S3::Bucket", "Pictures", "pictures"), Engine="nova_canvas")
    assert [(one.state, one.check) for one in storage.buckets(place)] == [(UNKNOWN, "buckets")]
    for check, why in (
        (deployment.api, "is not at https://apiurl.example.com"),
        (engines.engines, "engine of its own"),
    ):
        with pytest.raises(UnknownError, match=why):
            list(check(place))


@pytest.mark.parametrize(
    "said",
    [
        {"needs": [], "sweep": {"seconds_ago": 40}},
        {"needs": [{"what": "1 dead letters in results", "remedy": "vto ops redrive results", "heading": "x"}],
         "sweep": {"seconds_ago": 40}},
    ],
)  # fmt: skip
def test_what_the_stack_says_of_its_jobs_is_told_once(said: dict[str, Any]) -> None:
    found = only(status_of(said), work.jobs)
    assert (found.state, found.what) == (OK, "no overdue jobs; the last sweep ran 40 s ago")


def test_a_sweep_that_has_not_run_is_a_failure_but_in_a_stack_of_this_hour() -> None:
    def need(what: str) -> dict[str, str]:
        return {"what": what, "remedy": "vto ops sweep", "heading": "The sweep"}

    told = work.jobs(status_of({"needs": [need("no sweep has run yet"), need("the last sweep ran 9 minutes ago")]}))
    assert [(one.state, one.remedy) for one in told] == [
        (state, "vto ops sweep (docs/runbook.md, The sweep)") for state in (WARN, FAIL)
    ]


def status_of(said: dict[str, Any]) -> Site:
    payload = io.BytesIO(json.dumps(said).encode())
    return of(Cloud(**{"lambda": Playing(invoke={"Payload": payload})}))


@pytest.mark.parametrize(
    "problem", [refused("GetAccountSettings", "UnknownOperationException"), ResponseStreamingError(error="x")]
)
def test_what_the_local_stack_lacks_is_unknown_and_no_failure(problem: Exception) -> None:
    cloud = Cloud(local=True, **{"lambda": Playing(get_account_settings=problem)})
    with pytest.raises(UnknownError, match="the local stack does not answer") as unknown:
        list(engines.quotas(of(cloud)))
    assert "AWS" in unknown.value.remedy


def test_without_a_stack_or_with_credentials_that_ended_nothing_is_checked(aws: None) -> None:
    clients, region = stacks.clients(REGION)
    with pytest.raises(CommandError, match="there is no stack nowhere in eu-central-1"):
        find("nowhere", clients, region)
    cloud = Cloud(**{"lambda": Playing(get_account_settings=refused("GetAccountSettings", "ExpiredToken"))})
    with pytest.raises(CommandError, match="credentials are not accepted"):
        list(engines.quotas(of(cloud)))


def ringing(**actions: list[str]) -> Finding:
    topic, alarm = "arn:aws:sns:eu-central-1:1:alarms", {"AlarmName": "vto-x", "StateValue": "ALARM", **actions}
    cloud = Cloud(cloudwatch=Playing(describe_alarms={"MetricAlarms": [alarm]}))
    return only(of(cloud, ("AWS::CloudWatch::Alarm", "X", "vto-x"), ("AWS::SNS::Topic", "T", topic)), work.alarms)


def test_an_alarm_that_rings_is_told_also_where_nobody_is_written_to() -> None:
    assert (ringing().state, ringing().what) == (FAIL, "vto-x rings"), "AlarmEmail is empty"
    assert ringing(AlarmActions=["arn:aws:sns:eu-central-1:1:alarms"]).state == FAIL
    assert ringing(AlarmActions=["arn:aws:autoscaling:eu-central-1:1:x"]).state == OK, "it wakes an endpoint up"


def test_a_quota_that_is_not_told_is_not_taken_for_none() -> None:
    cloud = Cloud(
        **{"lambda": Playing(get_account_settings={"AccountLimit": {"ConcurrentExecutions": 1000}})},
        service_quotas=Playing(list_service_quotas={"Quotas": []}),
    )
    place = of(cloud, Engine="sagemaker", FallbackEngine="nova_canvas", CanvasInstanceType="ml.g5.xlarge")
    assert [one.state for one in engines.quotas(place)] == [OK, UNKNOWN, UNKNOWN]


def test_the_api_of_another_stack_does_not_stand_for_the_one_that_is_examined(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VTO_API_URL", "http://127.0.0.1:4000")
    asked: list[str] = []

    def get(url: str, **_: Any) -> httpx.Response:
        asked.append(url)
        return httpx.Response(200, json={"garment_classes": []})

    assert [one.state for one in deployment.api(of(Cloud()), get)] == [OK]
    assert asked == [f"{OUTPUTS['ApiUrl']}/config"]
