"""The template keeps every rule of the project, and every rule can be broken."""

from typing import Any

import pytest

from tests.template import rules
from tests.template.reading import Template, read_template
from tests.template.rules import RULES, Rule


@pytest.fixture(scope="module")
def template() -> Template:
    return read_template()


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_template_keeps_the_rule(rule: Rule, template: Template) -> None:
    assert rule(template) == []


def test_every_rule_of_the_module_is_in_the_list_and_is_shown_to_fail() -> None:
    written = {
        value
        for name, value in vars(rules).items()
        if callable(value) and getattr(value, "__module__", "") == rules.__name__ and not name.startswith("_")
    }
    assert set(RULES) == written
    assert {rule for rule, _, _ in BROKEN} == written


def a(kind: str, attributes: dict[str, Any] | None = None, /, **properties: Any) -> dict[str, Any]:
    return {"Type": kind, "Properties": properties, **(attributes or {})}


def only(**resources: dict[str, Any]) -> Template:
    return {"Resources": resources}


def ref(name: str) -> dict[str, str]:
    return {"Ref": name}


def arn(name: str) -> dict[str, list[str]]:
    return {"Fn::GetAtt": [name, "Arn"]}


def allowing(action: str, resource: Any) -> dict[str, Any]:
    return a(rules.FUNCTION, Policies=[{"Statement": [{"Effect": "Allow", "Action": action, "Resource": resource}]}])


def mapping(function: str, source: str, **properties: Any) -> dict[str, Any]:
    return a("AWS::Lambda::EventSourceMapping", FunctionName=ref(function), EventSourceArn=arn(source), **properties)


BUCKET_THAT_NOTIFIES = a(
    rules.BUCKET,
    NotificationConfiguration={
        "QueueConfigurations": [
            {"Queue": arn("Queue"), "Filter": {"S3Key": {"Rules": [{"Name": "prefix", "Value": "photos/"}]}}}
        ]
    },
)
QUEUE_WITHOUT_ANYTHING = a(rules.QUEUE)
FUNCTION_WITHOUT_ANYTHING = a(rules.FUNCTION)
STREAM_MAPPING = mapping("Function", "Table")
TABLE_WITHOUT_ANYTHING = a(rules.TABLE)

BROKEN: list[tuple[Rule, Template, str]] = [
    (
        rules.there_are_at_most_nineteen_parameters,
        {"Parameters": {f"P{number}": {} for number in range(20)}, "Resources": {}},
        "20 parameters",
    ),
    (
        rules.every_parameter_says_its_effect_and_its_limits,
        {"Parameters": {"Size": {"Type": "String", "Description": "The size"}}, "Resources": {}},
        "Size does not say what it does",
    ),
    (
        rules.every_parameter_says_its_effect_and_its_limits,
        {"Parameters": {"Size": {"Type": "String", "Description": "x" * 50, "Default": "1"}}, "Resources": {}},
        "Size takes anything",
    ),
    (
        rules.conditions_are_named_as_questions_or_states,
        {"Conditions": {"Production": {}}, "Resources": {}},
        "Production is no question",
    ),
    (
        rules.stateful_resources_outlive_the_stack_but_not_a_failed_creation,
        only(Table=a(rules.TABLE, {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"})),
        "block its next creation",
    ),
    (
        rules.stateful_resources_outlive_the_stack_but_not_a_failed_creation,
        only(Pool=a(rules.POOL, {"DeletionPolicy": "RetainExceptOnCreate"})),
        "lose its contents",
    ),
    (
        rules.notifying_buckets_wait_for_a_queue_policy_that_names_them_by_text,
        only(
            Bucket=BUCKET_THAT_NOTIFIES,
            Policy=a(
                "AWS::SQS::QueuePolicy",
                Queues=[ref("Queue")],
                PolicyDocument={"Condition": {"aws:SourceArn": arn("Bucket")}},
            ),
        ),
        "Policy refers to Bucket",
    ),
    (
        rules.notifying_buckets_wait_for_a_queue_policy_that_names_them_by_text,
        only(Bucket=BUCKET_THAT_NOTIFIES),
        "does not wait",
    ),
    (
        rules.buckets_are_private_encrypted_and_reached_over_tls_only,
        only(Bucket=a(rules.BUCKET)),
        "Bucket answers without TLS",
    ),
    (
        rules.buckets_are_private_encrypted_and_reached_over_tls_only,
        only(Bucket=a(rules.BUCKET, PublicAccessBlockConfiguration={"BlockPublicAcls": True})),
        "Bucket may be made public",
    ),
    (
        rules.private_pictures_go_by_themselves,
        only(
            UploadsBucket=a(
                rules.BUCKET, LifecycleConfiguration={"Rules": [{"Prefix": "models/users/", "ExpirationInDays": 7}]}
            )
        ),
        "models/users/ is kept longer than a day",
    ),
    (rules.private_pictures_go_by_themselves, only(ResultsBucket=a(rules.BUCKET)), "results/ is kept for ever"),
    (
        rules.no_function_writes_where_the_notification_listens_that_wakes_it,
        only(
            Bucket=BUCKET_THAT_NOTIFIES,
            Queue=QUEUE_WITHOUT_ANYTHING,
            Mapping=mapping("Function", "Queue"),
            Function=allowing("s3:PutObject", {"Fn::Sub": "${Bucket.Arn}/photos/small/*"}),
        ),
        "Function is woken by Bucket/photos/",
    ),
    (
        rules.tables_are_encrypted_recoverable_and_forget,
        only(Table=TABLE_WITHOUT_ANYTHING),
        "Table cannot be brought back",
    ),
    (
        rules.every_queue_that_is_read_has_dead_letters_that_live_longer,
        only(Queue=QUEUE_WITHOUT_ANYTHING),
        "Queue has no dead-letter queue",
    ),
    (
        rules.every_queue_that_is_read_has_dead_letters_that_live_longer,
        only(
            Queue=a(rules.QUEUE, RedrivePolicy={"deadLetterTargetArn": arn("Dead")}, MessageRetentionPeriod=1209600),
            Dead=a(rules.QUEUE, MessageRetentionPeriod=1209600),
        ),
        "messages expire in Dead",
    ),
    (
        rules.messages_stay_invisible_for_six_times_the_function_timeout,
        only(
            Queue=a(rules.QUEUE, VisibilityTimeout=59),
            Function=a(rules.FUNCTION, Timeout=10),
            Mapping=mapping("Function", "Queue"),
        ),
        "Queue shows a message again",
    ),
    (
        rules.queue_mappings_are_capped_and_report_single_failures,
        only(Queue=QUEUE_WITHOUT_ANYTHING, Mapping=mapping("Function", "Queue", FilterCriteria={})),
        "Mapping filters",
    ),
    (
        rules.queue_mappings_are_capped_and_report_single_failures,
        only(Queue=QUEUE_WITHOUT_ANYTHING, Mapping=mapping("Function", "Queue")),
        "whole account's concurrency",
    ),
    (
        rules.stream_mappings_are_bounded_in_every_way,
        only(Table=TABLE_WITHOUT_ANYTHING, Mapping=STREAM_MAPPING),
        "Mapping lets one record block its shard",
    ),
    (
        rules.the_stream_starts_on_insert_and_publishes_on_modify_only,
        only(Table=TABLE_WITHOUT_ANYTHING, Mapping=mapping("StartTryOnFunction", "Table")),
        "StartTryOnFunction",
    ),
    (
        rules.nothing_reserves_concurrency,
        only(Function=a(rules.FUNCTION, ReservedConcurrentExecutions=5)),
        "Function reserves concurrency",
    ),
    (
        rules.every_function_and_layer_is_built_for_the_architecture_parameter,
        {
            "Globals": {"Function": {"Architectures": [ref("Architecture")]}},
            **only(Function=a(rules.FUNCTION, {"Metadata": {"BuildArchitecture": "arm64"}})),
        },
        "Function is built for another architecture",
    ),
    (
        rules.every_function_and_layer_is_built_for_the_architecture_parameter,
        only(Layer=a("AWS::Serverless::LayerVersion", {"Metadata": {"BuildArchitecture": ref("Architecture")}})),
        "Layer is not built by SAM",
    ),
    (
        rules.every_function_has_a_name_a_purpose_and_a_log_group_that_forgets,
        only(Function=a(rules.FUNCTION, Description="Does it.")),
        "logs into a group that nobody made",
    ),
    (
        rules.every_function_has_a_name_a_purpose_and_a_log_group_that_forgets,
        only(Group=a("AWS::Logs::LogGroup")),
        "Group never forgets",
    ),
    (
        rules.no_permission_is_wider_than_its_purpose,
        only(Function=allowing("dynamodb:*", arn("Table"))),
        "Function may do dynamodb:*",
    ),
    (
        rules.no_permission_is_wider_than_its_purpose,
        only(Function=allowing("states:StartExecution", "*")),
        "to everything",
    ),
    (
        rules.no_permission_is_wider_than_its_purpose,
        only(Function=allowing("ecr:BatchGetImage", "*")),
        "to everything",
    ),
    (
        rules.no_permission_is_wider_than_its_purpose,
        only(Function=a(rules.FUNCTION, Policies="AmazonS3FullAccess")),
        "AmazonS3FullAccess",
    ),
    (
        rules.object_permissions_name_their_prefix,
        only(Function=allowing("s3:GetObject", {"Fn::Sub": "${UploadsBucket.Arn}/*"})),
        "in a whole bucket",
    ),
    (
        rules.object_permissions_name_their_prefix,
        only(Function=allowing("s3:GetObject", {"Fn::Sub": "${CanvasWeights}${UploadsBucket.Arn}/*"})),
        "in a whole bucket",
    ),
    (
        rules.index_permissions_name_their_index,
        only(Table=TABLE_WITHOUT_ANYTHING, Function=allowing("dynamodb:Query", {"Fn::Sub": "${Table.Arn}/index/*"})),
        "which is no index",
    ),
    (
        rules.only_publishers_reach_sockets_and_only_on_the_live_stage,
        only(
            ConnectFunction=allowing(
                "execute-api:ManageConnections", {"Fn::Sub": "arn:${SocketApi}/live/POST/@connections/*"}
            )
        ),
        "ConnectFunction may push to sockets",
    ),
    (
        rules.only_publishers_reach_sockets_and_only_on_the_live_stage,
        only(MessageFunction=allowing("execute-api:ManageConnections", {"Fn::Sub": "arn:${SocketApi}/*"})),
        "more than push to sockets",
    ),
    (
        rules.only_publishers_reach_sockets_and_only_on_the_live_stage,
        only(
            PublishJobFunction=allowing(
                "execute-api:ManageConnections", {"Fn::Sub": "arn:${SocketApi}/live/DELETE/@connections/*"}
            )
        ),
        "PublishJobFunction may do more than push to sockets",
    ),
    (
        rules.no_function_refers_to_the_http_api_that_refers_to_it,
        only(
            Api=a(rules.HTTP_API),
            Function=a(
                rules.FUNCTION,
                Events={"Get": {"Type": "HttpApi", "Properties": {"ApiId": ref("Api"), "Path": "/"}}},
                Environment={"Variables": {"URL": {"Fn::Sub": "https://${Api}.execute-api"}}},
            ),
        ),
        "Function refers to Api",
    ),
    (
        rules.every_rule_may_call_its_target_retries_and_keeps_what_it_could_not_hand_over,
        only(Function=FUNCTION_WITHOUT_ANYTHING, Rule=a(rules.RULE, Targets=[{"Arn": arn("Function")}])),
        "Rule may not call Function",
    ),
    (
        rules.only_health_and_config_are_open_to_everybody,
        only(
            Function=a(
                rules.FUNCTION,
                Events={"Get": {"Type": "HttpApi", "Properties": {"Path": "/jobs", "Auth": {"Authorizer": "NONE"}}}},
            )
        ),
        "answers /jobs to everybody",
    ),
    (
        rules.only_health_and_config_are_open_to_everybody,
        only(Api=a(rules.SOCKET_API, Auth={"AuthType": "NONE"})),
        "Api asks for no ticket",
    ),
    (rules.apis_are_throttled, only(Api=a(rules.HTTP_API)), "as many requests as come"),
    (
        rules.sockets_are_logged_only_where_a_parameter_says_so,
        only(Api=a(rules.SOCKET_API, DefaultRouteSettings={"LoggingLevel": "ERROR"})),
        "execution logs in every account",
    ),
    (
        rules.sockets_are_logged_only_where_a_parameter_says_so,
        only(Api=a(rules.SOCKET_API, AccessLogSettings={"DestinationArn": arn("Group")})),
        "access logs in every account",
    ),
    (
        rules.passwords_travel_only_outside_production_and_clients_have_no_secret,
        only(Client=a(rules.POOL_CLIENT, ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH"])),
        "plain passwords in production",
    ),
    (
        rules.the_machine_may_deliver_its_logs_and_traces,
        only(
            Machine=a(rules.MACHINE, Role=arn("Role")),
            Role=a(rules.ROLE, Policies=[{"PolicyDocument": {"Statement": []}}]),
        ),
        "lacks logs:CreateLogDelivery",
    ),
    (
        rules.the_machine_may_deliver_its_logs_and_traces,
        only(
            Machine=a(
                rules.MACHINE,
                Logging={"Destinations": [{"CloudWatchLogsLogGroup": {"LogGroupArn": arn("Group")}}]},
            ),
            Group=a("AWS::Logs::LogGroup", LogGroupName="/machine"),
        ),
        "fills the account's log resource policy",
    ),
    (
        rules.executions_are_logged_with_their_data_only_outside_production,
        only(Machine=a(rules.MACHINE, Logging={"Level": "ALL", "IncludeExecutionData": True})),
        "logs people's pictures",
    ),
    (
        rules.the_machine_may_call_exactly_the_steps_it_names,
        only(
            Step=FUNCTION_WITHOUT_ANYTHING,
            Machine=a(rules.MACHINE, Role=arn("Role"), DefinitionSubstitutions={"StepArn": arn("Step")}),
            Role=a(rules.ROLE),
        ),
        "Machine may not call Step",
    ),
    (
        rules.on_call_hears_of_everything_that_needs_a_person,
        only(Machine=a(rules.MACHINE)),
        "nobody hears of ExecutionsFailed of Machine",
    ),
    (
        rules.on_call_hears_of_everything_that_needs_a_person,
        only(Queue=a(rules.QUEUE, RedrivePolicy={"deadLetterTargetArn": arn("Dead")}), Dead=QUEUE_WITHOUT_ANYTHING),
        "ApproximateNumberOfMessagesVisible of Dead",
    ),
    (
        rules.alarms_exist_without_an_address_and_tell_it_when_there_is_one,
        only(Alarm=a(rules.ALARM, {"Condition": "HasAlarmEmail"}, AlarmActions=[ref("AlarmTopic")])),
        "Alarm exists only sometimes",
    ),
]


@pytest.mark.parametrize(
    ("rule", "broken", "problem"), BROKEN, ids=[f"{rule.__name__}-{problem}" for rule, _, problem in BROKEN]
)
def test_a_rule_names_what_breaks_it(rule: Rule, broken: Template, problem: str) -> None:
    found = rule(broken)
    assert any(problem in one for one in found), found
