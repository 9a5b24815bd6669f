"""Templates that break a rule, each with the rule and a part of the finding: small ones, and the real one changed."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

from scripts.template.reading import (
    ALARM,
    BUCKET,
    FUNCTION,
    HTTP_API,
    LAYER,
    LOG_GROUP,
    MACHINE,
    MAPPING,
    POOL,
    POOL_CLIENT,
    QUEUE,
    QUEUE_POLICY,
    ROLE,
    RULE,
    SOCKET_API,
    TABLE,
    Template,
    read_template,
)


def a(kind: str, attributes: dict[str, Any] | None = None, /, **properties: Any) -> dict[str, Any]:
    return {"Type": kind, "Properties": properties, **(attributes or {})}


def only(**resources: dict[str, Any]) -> Template:
    return {"Resources": resources}


def ref(name: str) -> dict[str, str]:
    return {"Ref": name}


def arn(name: str) -> dict[str, list[str]]:
    return {"Fn::GetAtt": [name, "Arn"]}


def allowing(action: str, resource: Any) -> dict[str, Any]:
    return a(FUNCTION, Policies=[{"Statement": [{"Effect": "Allow", "Action": action, "Resource": resource}]}])


def mapping(function: str, source: str, **properties: Any) -> dict[str, Any]:
    return a(MAPPING, FunctionName=ref(function), EventSourceArn=arn(source), **properties)


BUCKET_THAT_NOTIFIES = a(
    BUCKET,
    NotificationConfiguration={
        "QueueConfigurations": [
            {"Queue": arn("Queue"), "Filter": {"S3Key": {"Rules": [{"Name": "prefix", "Value": "photos/"}]}}}
        ]
    },
)
QUEUE_WITHOUT_ANYTHING = a(QUEUE)
LIMITED = {"ThrottlingRateLimit": 1, "ThrottlingBurstLimit": 1}
FUNCTION_WITHOUT_ANYTHING = a(FUNCTION)
STREAM_MAPPING = mapping("Function", "Table")
TABLE_WITHOUT_ANYTHING = a(TABLE)

BROKEN: list[tuple[str, Template, str]] = [
    (
        "few-parameters",
        {"Parameters": {f"P{number}": {} for number in range(30)}, "Resources": {}},
        "30 parameters",
    ),
    (
        "spoken-parameters",
        {"Parameters": {"Size": {"Type": "String", "Description": "The size"}}, "Resources": {}},
        "Size does not say what it does",
    ),
    (
        "spoken-parameters",
        {"Parameters": {"Size": {"Type": "String", "Description": "x" * 50, "Default": "1"}}, "Resources": {}},
        "Size takes anything",
    ),
    (
        "named-conditions",
        {"Conditions": {"Production": {}}, "Resources": {}},
        "Production is no question",
    ),
    (
        "kept-state",
        only(Table=a(TABLE, {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"})),
        "block its next creation",
    ),
    (
        "kept-state",
        only(Pool=a(POOL, {"DeletionPolicy": "RetainExceptOnCreate"})),
        "lose its contents",
    ),
    (
        "notifying-buckets",
        only(
            Bucket=BUCKET_THAT_NOTIFIES,
            Policy=a(
                QUEUE_POLICY,
                Queues=[ref("Queue")],
                PolicyDocument={"Condition": {"aws:SourceArn": arn("Bucket")}},
            ),
        ),
        "Policy refers to Bucket",
    ),
    (
        "notifying-buckets",
        only(Bucket=BUCKET_THAT_NOTIFIES),
        "does not wait",
    ),
    (
        "tls-only",
        only(Bucket=a(BUCKET)),
        "Bucket answers without TLS",
    ),
    (
        "private-buckets",
        only(Bucket=a(BUCKET, PublicAccessBlockConfiguration={"BlockPublicAcls": True})),
        "Bucket may be made public",
    ),
    (
        "expiry",
        only(
            UploadsBucket=a(
                BUCKET,
                LifecycleConfiguration={
                    "Rules": [{"Status": "Enabled", "Prefix": "models/users/", "ExpirationInDays": 7}]
                },
            )
        ),
        "models/users/ is kept longer than a day",
    ),
    ("expiry", only(ResultsBucket=a(BUCKET)), "results/ is kept for ever"),
    (
        "no-circle",
        only(
            Bucket=BUCKET_THAT_NOTIFIES,
            Queue=QUEUE_WITHOUT_ANYTHING,
            Mapping=mapping("Function", "Queue"),
            Function=allowing("s3:PutObject", {"Fn::Sub": "${Bucket.Arn}/photos/small/*"}),
        ),
        "Function wakes itself: Function → Function",
    ),
    (
        "tables",
        only(Table=TABLE_WITHOUT_ANYTHING),
        "Table cannot be brought back",
    ),
    (
        "dead-letters",
        only(Queue=QUEUE_WITHOUT_ANYTHING),
        "Queue has no dead-letter queue",
    ),
    (
        "dead-letters",
        only(
            Queue=a(QUEUE, RedrivePolicy={"deadLetterTargetArn": arn("Dead")}, MessageRetentionPeriod=1209600),
            Dead=a(QUEUE, MessageRetentionPeriod=1209600),
        ),
        "Queue messages expire in Dead",
    ),
    (
        "visibility",
        only(
            Queue=a(QUEUE, VisibilityTimeout=59),
            Function=a(FUNCTION, Timeout=10),
            Mapping=mapping("Function", "Queue"),
        ),
        "Queue shows a message again",
    ),
    (
        "no-queue-filter",
        only(Queue=QUEUE_WITHOUT_ANYTHING, Mapping=mapping("Function", "Queue", FilterCriteria={})),
        "Mapping filters",
    ),
    (
        "queue-mappings",
        only(Queue=QUEUE_WITHOUT_ANYTHING, Mapping=mapping("Function", "Queue")),
        "whole account's concurrency",
    ),
    (
        "stream-mappings",
        only(Table=TABLE_WITHOUT_ANYTHING, Mapping=STREAM_MAPPING),
        "Mapping lets one record block its shard",
    ),
    (
        "stream-filters",
        only(Table=TABLE_WITHOUT_ANYTHING, Mapping=mapping("StartTryOnFunction", "Table")),
        "StartTryOnFunction",
    ),
    (
        "unreserved",
        only(Function=a(FUNCTION, ReservedConcurrentExecutions=5)),
        "Function reserves concurrency",
    ),
    (
        "one-processor",
        {
            "Globals": {"Function": {"Architectures": [ref("Architecture")]}},
            **only(Function=a(FUNCTION, {"Metadata": {"BuildArchitecture": "arm64"}})),
        },
        "Function is built for another architecture",
    ),
    (
        "one-processor",
        only(Layer=a(LAYER, {"Metadata": {"BuildArchitecture": ref("Architecture")}})),
        "Layer may be used on another architecture",
    ),
    (
        "compiled-layers",
        only(Layer=a(LAYER, {"Metadata": {"BuildMethod": "python3.13"}})),
        "Layer is not built by scripts/build_layer.py",
    ),
    (
        "described-functions",
        only(Function=a(FUNCTION, Description="Does it.")),
        "logs into a group that nobody made",
    ),
    (
        "forgetful-logs",
        only(Group=a(LOG_GROUP)),
        "Group never forgets",
    ),
    (
        "no-wildcard-action",
        only(Function=allowing("dynamodb:*", arn("Table"))),
        "Function may do dynamodb:*",
    ),
    (
        "named-resources",
        only(Function=allowing("states:StartExecution", "*")),
        "to everything",
    ),
    (
        "named-resources",
        only(Function=allowing("ecr:BatchGetImage", "*")),
        "to everything",
    ),
    (
        "no-ready-made-policy",
        only(Function=a(FUNCTION, Policies="AmazonS3FullAccess")),
        "AmazonS3FullAccess",
    ),
    (
        "object-prefix",
        only(Function=allowing("s3:GetObject", {"Fn::Sub": "${UploadsBucket.Arn}/*"})),
        "in a whole bucket",
    ),
    (
        "object-prefix",
        only(Function=allowing("s3:GetObject", {"Fn::Sub": "${CanvasWeights}${UploadsBucket.Arn}/*"})),
        "in a whole bucket",
    ),
    (
        "index-named",
        only(Table=TABLE_WITHOUT_ANYTHING, Function=allowing("dynamodb:Query", {"Fn::Sub": "${Table.Arn}/index/*"})),
        "which is no index",
    ),
    (
        "socket-pushers",
        only(
            ConnectFunction=allowing(
                "execute-api:ManageConnections", {"Fn::Sub": "arn:${SocketApi}/live/POST/@connections/*"}
            )
        ),
        "ConnectFunction may push to sockets",
    ),
    (
        "socket-pushers",
        only(MessageFunction=allowing("execute-api:ManageConnections", {"Fn::Sub": "arn:${SocketApi}/*"})),
        "more than push to sockets",
    ),
    (
        "socket-pushers",
        only(
            PublishJobFunction=allowing(
                "execute-api:ManageConnections", {"Fn::Sub": "arn:${SocketApi}/live/DELETE/@connections/*"}
            )
        ),
        "PublishJobFunction may do more than push to sockets",
    ),
    (
        "one-way-to-the-api",
        only(
            Api=a(HTTP_API),
            Function=a(
                FUNCTION,
                Events={"Get": {"Type": "HttpApi", "Properties": {"ApiId": ref("Api"), "Path": "/"}}},
                Environment={"Variables": {"URL": {"Fn::Sub": "https://${Api}.execute-api"}}},
            ),
        ),
        "Function refers to Api",
    ),
    (
        "event-rules",
        only(Function=FUNCTION_WITHOUT_ANYTHING, Rule=a(RULE, Targets=[{"Arn": arn("Function")}])),
        "Rule may not call Function",
    ),
    (
        "open-routes",
        only(
            Function=a(
                FUNCTION,
                Events={"Get": {"Type": "HttpApi", "Properties": {"Path": "/jobs", "Auth": {"Authorizer": "NONE"}}}},
            )
        ),
        "answers /jobs to everybody",
    ),
    (
        "open-routes",
        only(Api=a(SOCKET_API, Auth={"AuthType": "NONE"})),
        "Api asks for no ticket",
    ),
    ("throttled", only(Api=a(HTTP_API)), "as many requests as come"),
    (
        "known-routes",
        only(Api=a(HTTP_API, DefaultRouteSettings=LIMITED, RouteSettings={"GET /nowhere": LIMITED})),
        "has settings of GET /nowhere",
    ),
    (
        "throttled",
        only(
            Api=a(HTTP_API, DefaultRouteSettings=LIMITED),
            Function=a(
                FUNCTION,
                Events={
                    "Get": {
                        "Type": "HttpApi",
                        "Properties": {
                            "ApiId": ref("Api"),
                            "Method": "GET",
                            "Path": "/guests/all",
                            "Auth": {"Authorizer": "NONE"},
                        },
                    }
                },
            ),
        ),
        "lets GET /guests/all use up",
    ),
    (
        "socket-logs",
        only(Api=a(SOCKET_API, DefaultRouteSettings={"LoggingLevel": "ERROR"})),
        "execution logs in every account",
    ),
    (
        "socket-logs",
        only(Api=a(SOCKET_API, AccessLogSettings={"DestinationArn": arn("Group")})),
        "access logs in every account",
    ),
    (
        "sign-in",
        only(Client=a(POOL_CLIENT, ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH"])),
        "plain passwords in production",
    ),
    (
        "machine-logs",
        only(
            Machine=a(MACHINE, Role=arn("Role")),
            Role=a(ROLE, Policies=[{"PolicyDocument": {"Statement": []}}]),
        ),
        "lacks logs:CreateLogDelivery",
    ),
    (
        "machine-logs",
        only(
            Machine=a(
                MACHINE,
                Logging={"Destinations": [{"CloudWatchLogsLogGroup": {"LogGroupArn": arn("Group")}}]},
            ),
            Group=a(LOG_GROUP, LogGroupName="/machine"),
        ),
        "fills the account's log resource policy",
    ),
    (
        "machine-data",
        only(Machine=a(MACHINE, Logging={"Level": "ALL", "IncludeExecutionData": True})),
        "logs people's pictures",
    ),
    (
        "machine-steps",
        only(
            Step=FUNCTION_WITHOUT_ANYTHING,
            Machine=a(MACHINE, Role=arn("Role"), DefinitionSubstitutions={"StepArn": arn("Step")}),
            Role=a(ROLE),
        ),
        "Machine may not call Step",
    ),
    (
        "alarms",
        only(Machine=a(MACHINE)),
        "Machine nobody hears of its ExecutionsFailed",
    ),
    (
        "alarms",
        only(Queue=a(QUEUE, RedrivePolicy={"deadLetterTargetArn": arn("Dead")}), Dead=QUEUE_WITHOUT_ANYTHING),
        "Dead nobody hears of its ApproximateNumberOfMessagesVisible",
    ),
    (
        "alarm-form",
        only(Alarm=a(ALARM, {"Condition": "HasAlarmEmail"}, AlarmActions=[ref("AlarmTopic")])),
        "Alarm exists only sometimes",
    ),
]


# --- the real template, changed -------------------------------------------------------------------------------------

type Change = Callable[[Template], None]
REAL = read_template()


def changed(*changes: Change) -> Template:
    """The real template, changed."""
    template = deepcopy(REAL)
    for change in changes:
        change(template)
    return template


def put(path: str, value: Any) -> Change:
    """Write a value below ``Resources``; a number in the path is a place in a list."""

    def change(template: Template) -> None:
        *way, last = _way(path)
        place = template["Resources"]
        for key in way:
            place = place[key]
        place[last] = value

    return change


def drop(path: str) -> Change:
    """Take something away below ``Resources``."""

    def change(template: Template) -> None:
        *way, last = _way(path)
        place = template["Resources"]
        for key in way:
            place = place[key]
        del place[last]

    return change


def _way(path: str) -> list[Any]:
    return [int(key) if key.isdigit() else key for key in path.split("/")]


def allow(function: str, action: str, resource: Any) -> Change:
    """Give a function one more permission."""

    def change(template: Template) -> None:
        statement = {"Effect": "Allow", "Action": action, "Resource": resource}
        template["Resources"][function]["Properties"]["Policies"][0]["Statement"].append(statement)

    return change


def sub(text: str) -> dict[str, str]:
    return {"Fn::Sub": text}


MASKS, EVERYWHERE = "UploadsBucket/Properties/LifecycleConfiguration/Rules/1", 4
BROKEN += [
    (
        "no-wildcard-action",
        changed(allow("ImportPictureFunction", "s3:Get*", sub("${UploadsBucket.Arn}/products/*"))),
        "ImportPictureFunction may do s3:Get*",
    ),
    (  # a policy of its own is read like one in a role
        "no-wildcard-action",
        changed(
            put(
                "ReadsAll",
                {
                    "Type": "AWS::IAM::RolePolicy",
                    "Properties": {
                        "RoleName": {"Ref": "CanvasRole"},
                        "PolicyDocument": {
                            "Statement": [
                                {"Effect": "Allow", "Action": "s3:*", "Resource": sub("${UploadsBucket.Arn}/*")}
                            ]
                        },
                    },
                },
            )
        ),
        "ReadsAll may do s3:*",
    ),
    (  # and so is a statement under a condition
        "no-wildcard-action",
        changed(put("CanvasRole/Properties/Policies/0/PolicyDocument/Statement/4/Fn::If/1/Action", "s3:*")),
        "CanvasRole may do s3:*",
    ),
    (
        "no-wildcard-action",
        changed(put("TryOnRole/Properties/Policies/0/PolicyDocument/Statement/1/NotAction", "iam:*")),
        "TryOnRole is allowed whatever is not named",
    ),
    (
        "named-resources",
        changed(
            allow("ApiFunction", "dynamodb:GetItem", sub("arn:aws:dynamodb:${AWS::Region}:${AWS::AccountId}:table/*"))
        ),
        "ApiFunction may do dynamodb:GetItem to everything that is "
        "arn:aws:dynamodb:${AWS::Region}:${AWS::AccountId}:table/*",
    ),
    (
        "no-ready-made-policy",
        changed(put("TryOnRole/Properties/ManagedPolicyArns", ["arn:aws:iam::aws:policy/AdministratorAccess"])),
        "TryOnRole has the ready-made policy arn:aws:iam::aws:policy/AdministratorAccess",
    ),
    (
        "own-role",
        changed(put("ConnectFunction/Properties/Role", {"Fn::GetAtt": ["DisconnectFunctionRole", "Arn"]})),
        "ConnectFunction takes a role that is written elsewhere",
    ),
    ("nested-clocks", changed(put("ApiFunction/Properties/Timeout", 29)), "ApiFunction may run 29 s"),
    ("nested-clocks", changed(put("MessageFunction/Properties/Timeout", 30)), "MessageFunction may run 30 s"),
    (
        "nested-clocks",
        changed(put("RenderPreviewFunction/Properties/Timeout", 10)),
        "RenderPreviewFunction ends after 10 s, and its client of s3 waits 10 s for an answer",
    ),
    (
        "nested-clocks",
        changed(put("InvokeModelFunction/Properties/Timeout", 120)),
        "InvokeModelFunction ends after 120 s, and its client of nova_canvas waits",
    ),
    (
        "dead-letters",
        changed(drop("ResultsQueue/Properties/RedrivePolicy")),
        "ResultsQueue has no dead-letter queue",
    ),
    (
        "alarm-form",
        changed(put("SweepMissingAlarm/Properties/TreatMissingData", "notBreaching")),
        "SweepMissingAlarm is silent when its heart stops",
    ),
    (
        "nested-clocks",
        changed(put("OperateFunction/Properties/Timeout", 60)),
        "OperateFunction ends after 60 s, and its client of lambda waits 60 s",
    ),
    ("alarms", changed(drop("EventsDeadLetterAlarm")), "EventsDeadLetterQueue nobody hears of its Approximate"),
    (
        "visibility",
        changed(put("ImportPictureFunction/Properties/Timeout", 61)),
        "ProductUploadsQueue shows a message again after 360 s, while ImportPictureFunction may still work on it",
    ),
    (
        "no-queue-filter",
        changed(put("ImportModelsMapping/Properties/FilterCriteria", {"Filters": []})),
        "ImportModelsMapping filters a queue",
    ),
    (
        "stream-mappings",
        changed(drop("JobCreatedMapping/Properties/DestinationConfig")),
        "JobCreatedMapping forgets what it could not do",
    ),
    (
        "stream-mappings",
        changed(drop("JobChangedMapping/Properties/BisectBatchOnFunctionError")),
        "JobChangedMapping does not look for the bad record",
    ),
    (
        "kept-state",
        changed(put("UploadsBucket/DeletionPolicy", "Delete")),
        "UploadsBucket would be deleted with the stack",
    ),
    ("expiry", changed(drop(MASKS)), "UploadsBucket masks/ is kept for ever"),
    ("expiry", changed(put(f"{MASKS}/Status", "Disabled")), "UploadsBucket masks/ is kept for ever"),
    (
        "expiry",
        changed(put("ResultsBucket/Properties/LifecycleConfiguration/Rules/1/ExpirationInDays", 3650)),
        "ResultsBucket results/ is not kept as long as RetentionDays says",
    ),
    (
        "expiry",
        changed(drop(f"UploadsBucket/Properties/LifecycleConfiguration/Rules/{EVERYWHERE}")),
        "UploadsBucket keeps old versions for more than a day",
    ),
    (
        "expiry",
        changed(allow("ImportPictureFunction", "s3:PutObject", sub("${UploadsBucket.Arn}/thumbnails/*"))),
        "UploadsBucket nobody decided how long thumbnails/ is kept",
    ),
    (
        "removers",
        changed(allow("StoreResultFunction", "s3:DeleteObjectVersion", sub("${ResultsBucket.Arn}/results/*"))),
        "StoreResultFunction may remove ResultsBucket/results/ for good",
    ),
    (
        "removers",
        changed(allow("ImportPictureFunction", "s3:DeleteObjectVersion", sub("${UploadsBucket.Arn}/models/stock/*"))),
        "ImportPictureFunction may remove UploadsBucket/models/stock/ for good",
    ),
    (
        "erasable",
        changed(drop("EraseUserFunction/Properties/Policies")),
        "EraseUserFunction cannot erase ResultsBucket/generated/",
    ),
    (
        "writers-end",
        changed(put("StoreResultFunction/Properties/Timeout", 900)),
        "StoreResultFunction may run for 900 s",
    ),
    (
        "expiry",
        changed(put("Extra", {"Type": BUCKET, "Properties": {}})),
        "Extra keeps everything for ever",
    ),
    (
        "announced-writers",
        changed(allow("DeliverResultFunction", "s3:PutObject", sub("${UploadsBucket.Arn}/products/copies/*"))),
        "DeliverResultFunction writes to UploadsBucket/products/copies/, of which ProductUploadsQueue hears",
    ),
    (
        "announced-writers",
        changed(put("ResultsBucket/Properties/NotificationConfiguration/QueueConfigurations/0/Filter/S3Key/Rules", [])),
        "InvokeModelFunction writes to ResultsBucket/generated/, of which ResultsQueue hears",
    ),
    (
        "no-circle",
        changed(allow("ImportPictureFunction", "s3:PutObject", sub("${UploadsBucket.Arn}/models/prepared/*"))),
        "ImportPictureFunction wakes itself: ImportPictureFunction → ImportPictureFunction",
    ),
    (
        "no-circle",
        changed(allow("PublishJobFunction", "dynamodb:UpdateItem", {"Fn::GetAtt": ["JobsTable", "Arn"]})),
        "PublishJobFunction wakes itself",
    ),
    (  # a step that writes a new job starts an execution, which takes the step again
        "no-circle",
        changed(allow("StoreResultFunction", "dynamodb:PutItem", {"Fn::GetAtt": ["JobsTable", "Arn"]})),
        "StartTryOnFunction wakes itself: StartTryOnFunction → TryOnStateMachine → StoreResultFunction → StartTryOn",
    ),
    (
        "no-circle",
        changed(allow("RecordFailureFunction", "states:StartExecution", {"Ref": "TryOnStateMachine"})),
        "RecordFailureFunction wakes itself: RecordFailureFunction → TryOnStateMachine → RecordFailureFunction",
    ),
    ("tls-only", changed(drop("UploadsBucketPolicy")), "UploadsBucket answers without TLS"),
    (
        "tls-only",
        changed(drop("ResultsBucketPolicy/Properties/PolicyDocument/Statement/0/Resource/1")),
        "ResultsBucket answers without TLS",
    ),
    (
        "tls-only",
        changed(drop("DeadLetterQueuesPolicy/Properties/Queues/4")),
        "PublishJobDeadLetterQueue answers without TLS",
    ),
    (
        "tls-only",
        changed(put("ResultsQueuePolicy/Properties/PolicyDocument/Statement/1/Effect", "Allow")),
        "ResultsQueue answers without TLS",
    ),
    ("tls-only", changed(drop("AlarmTopicPolicy")), "AlarmTopic answers without TLS"),
    (
        "encrypted",
        changed(drop("ResultsQueue/Properties/SqsManagedSseEnabled")),
        "ResultsQueue is not encrypted",
    ),
    ("encrypted", changed(drop("ModelsTable/Properties/SSESpecification")), "ModelsTable is not encrypted explicitly"),
    ("encrypted", changed(drop("UploadsBucket/Properties/BucketEncryption")), "UploadsBucket is not encrypted"),
]
