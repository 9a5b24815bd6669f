"""The project's rules for its template, each a function that names what breaks it.

Most are about what only a real deployment would reveal, days or a bill too late. A rule takes a template whose
intrinsic functions are in their long form, and answers one sentence for each place that breaks it: none means kept.
"""

import re
from collections.abc import Callable
from typing import Any

from tests.template.reading import (
    FUNCTION,
    Template,
    actions,
    dead_letter_queues,
    function_timeout,
    listed,
    mappings,
    named,
    references,
    resources,
    scales,
    statements,
    type_of,
)

type Rule = Callable[[Template], list[str]]

QUEUE, TABLE, BUCKET, ALARM = "AWS::SQS::Queue", "AWS::DynamoDB::Table", "AWS::S3::Bucket", "AWS::CloudWatch::Alarm"
MACHINE, ROLE, RULE = "AWS::Serverless::StateMachine", "AWS::IAM::Role", "AWS::Events::Rule"
HTTP_API, SOCKET_API = "AWS::Serverless::HttpApi", "AWS::Serverless::WebSocketApi"
POOL, POOL_CLIENT = "AWS::Cognito::UserPool", "AWS::Cognito::UserPoolClient"
STATEFUL = (TABLE, BUCKET, POOL)

# Neither log delivery nor tracing knows resources: https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html
LOG_DELIVERY = {
    "logs:CreateLogDelivery",
    "logs:GetLogDelivery",
    "logs:UpdateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:DescribeResourcePolicies",
    "logs:DescribeLogGroups",
}
TRACING = {"xray:PutTraceSegments", "xray:PutTelemetryRecords", "xray:GetSamplingRules", "xray:GetSamplingTargets"}

# SageMaker's role: signing in to ECR knows no resources, and a metric none but its namespace.
# https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-roles.html
OF_A_CONTAINER = {"ecr:GetAuthorizationToken", "cloudwatch:PutMetricData"}

# Prefixes that hold people's pictures or what was made of them; the rest of the buckets is the shop's catalogue.
PRIVATE_PREFIXES = {
    "UploadsBucket": ("models/users/", "masks/", "prepared/models/users/", "prepared/masks/"),
    "ResultsBucket": ("generated/", "results/"),
}
ONE_DAY_PREFIXES = ("models/users/", "masks/", "generated/")
DAYS_OF_A_MESSAGE = 345600  # SQS's default retention, in seconds


# --- parameters and conditions ------------------------------------------------------------------------------------


def there_are_at_most_nineteen_parameters(template: Template) -> list[str]:
    """Fifteen were enough for one engine; an endpoint, a fallback and a price tier need parameters too."""
    count = len(template.get("Parameters", {}))
    return [f"{count} parameters"] if count > 19 else []


def every_parameter_says_its_effect_and_its_limits(template: Template) -> list[str]:
    problems = []
    for name, parameter in template.get("Parameters", {}).items():
        if len(parameter.get("Description", "")) < 40:
            problems.append(f"{name} does not say what it does")
        if not {"AllowedValues", "AllowedPattern", "MinValue", "MaxLength"} & parameter.keys():
            problems.append(f"{name} takes anything")
        if "ConstraintDescription" not in parameter:
            problems.append(f"{name} does not say what it takes")
        if "Default" not in parameter:
            problems.append(f"{name} has no default, so nobody can deploy without thinking about it")
    return problems


def conditions_are_named_as_questions_or_states(template: Template) -> list[str]:
    return [
        f"{name} is no question"
        for name in template.get("Conditions", {})
        if not re.match(r"(Is|Has|Uses|Logs)[A-Z]", name)
    ]


# --- storage ------------------------------------------------------------------------------------------------------


def stateful_resources_outlive_the_stack_but_not_a_failed_creation(template: Template) -> list[str]:
    problems = []
    for logical_id, resource in template["Resources"].items():
        if resource["Type"] in STATEFUL:
            if resource.get("DeletionPolicy") != "RetainExceptOnCreate":
                problems.append(f"{logical_id} would be deleted with the stack, or block its next creation")
            if resource.get("UpdateReplacePolicy") != "Retain":
                problems.append(f"{logical_id} would lose its contents when an update replaces it")
    return problems


def notifying_buckets_wait_for_a_queue_policy_that_names_them_by_text(template: Template) -> list[str]:
    """S3 asks the queue while the bucket is made; a policy that refers to the bucket would close a circle."""
    problems = []
    for bucket, properties in resources(template, BUCKET):
        waits_for = listed(template["Resources"][bucket].get("DependsOn", []))
        for notification in properties.get("NotificationConfiguration", {}).get("QueueConfigurations", []):
            queue = named(notification["Queue"])
            policies = [
                name
                for name, policy in resources(template, "AWS::SQS::QueuePolicy")
                if queue in {named(one) for one in policy["Queues"]}
            ]
            if not policies or not set(policies) <= set(waits_for):
                problems.append(f"{bucket} does not wait for the policy of {queue}")
            for policy in policies:
                document = template["Resources"][policy]["Properties"]["PolicyDocument"]
                if bucket in references(document):
                    problems.append(f"{policy} refers to {bucket}, which waits for it")
                if "arn:${AWS::Partition}:s3:::${AWS::StackName}" not in str(document):
                    problems.append(f"{policy} does not say by name which bucket may send")
                if "aws:SourceAccount" not in str(document):
                    problems.append(f"{policy} lets a bucket of that name in any account send")
    return problems


def buckets_are_private_encrypted_and_reached_over_tls_only(template: Template) -> list[str]:
    problems = []
    protected = {
        named(policy["Bucket"])
        for _, policy in resources(template, "AWS::S3::BucketPolicy")
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Deny"
        and statement["Action"] == "s3:*"
        and statement.get("Condition") == {"Bool": {"aws:SecureTransport": "false"}}
        and len(statement["Resource"]) == 2
    }
    for bucket, properties in resources(template, BUCKET):
        block = properties.get("PublicAccessBlockConfiguration", {})
        if len(block) != 4 or not all(value is True for value in block.values()):
            problems.append(f"{bucket} may be made public")
        if not properties.get("BucketEncryption"):
            problems.append(f"{bucket} is not encrypted explicitly")
        rules = properties.get("OwnershipControls", {}).get("Rules", [])
        if [one["ObjectOwnership"] for one in rules] != ["BucketOwnerEnforced"]:
            problems.append(f"{bucket} obeys access lists")
        if bucket not in protected:
            problems.append(f"{bucket} answers without TLS")
    return problems


def private_pictures_go_by_themselves(template: Template) -> list[str]:
    problems = []
    for bucket, properties in resources(template, BUCKET):
        rules = properties.get("LifecycleConfiguration", {}).get("Rules", [])
        days = {one["Prefix"]: one.get("ExpirationInDays") for one in rules if one.get("Prefix")}
        for prefix in PRIVATE_PREFIXES.get(bucket, ()):
            if not days.get(prefix):
                problems.append(f"{bucket}/{prefix} is kept for ever")
            elif prefix in ONE_DAY_PREFIXES and days[prefix] != 1:
                problems.append(f"{bucket}/{prefix} is kept longer than a day")
        everywhere = [one for one in rules if not one.get("Prefix")]
        if not any(one.get("NoncurrentVersionExpiration", {}).get("NoncurrentDays") == 1 for one in everywhere):
            problems.append(f"{bucket} keeps old versions for more than a day")
        if not any(one.get("AbortIncompleteMultipartUpload") for one in everywhere):
            problems.append(f"{bucket} keeps unfinished uploads")
    return problems


def no_function_writes_where_the_notification_listens_that_wakes_it(template: Template) -> list[str]:
    problems = []
    for bucket, properties in resources(template, BUCKET):
        for notification in properties.get("NotificationConfiguration", {}).get("QueueConfigurations", []):
            rules = notification.get("Filter", {}).get("S3Key", {}).get("Rules", [])
            listens = next((rule["Value"] for rule in rules if rule["Name"] == "prefix"), "")
            woken = {
                function for _, _, function, source in mappings(template) if source == named(notification["Queue"])
            }
            problems += [
                f"{function} is woken by {bucket}/{listens} and writes to {prefix}"
                for function in woken
                for prefix in _written_prefixes(template["Resources"][function]["Properties"], bucket)
                if prefix.startswith(listens) or listens.startswith(prefix)
            ]
    return problems


def _written_prefixes(function: dict[str, Any], bucket: str) -> list[str]:
    return [
        str(resource).split("Arn}/")[1].split("*")[0]
        for statement in statements(function)
        if "s3:PutObject" in actions(statement)
        for resource in listed(statement["Resource"])
        if bucket in references(resource)
    ]


def tables_are_encrypted_recoverable_and_forget(template: Template) -> list[str]:
    problems = []
    for table, properties in resources(template, TABLE):
        if properties.get("SSESpecification") != {"SSEEnabled": True}:
            problems.append(f"{table} is not encrypted explicitly")
        if properties.get("PointInTimeRecoverySpecification") != {"PointInTimeRecoveryEnabled": True}:
            problems.append(f"{table} cannot be brought back")
        if properties.get("TimeToLiveSpecification") != {"AttributeName": "ttl", "Enabled": True}:
            problems.append(f"{table} keeps rows for ever")
        if properties.get("BillingMode") != "PAY_PER_REQUEST":
            problems.append(f"{table} costs while nobody uses it")
    return problems


# --- queues and streams -------------------------------------------------------------------------------------------


def every_queue_that_is_read_has_dead_letters_that_live_longer(template: Template) -> list[str]:
    problems = []
    dead = dead_letter_queues(template)
    for queue, properties in resources(template, QUEUE):
        if properties.get("SqsManagedSseEnabled") is not True:
            problems.append(f"{queue} is not encrypted")
        if queue in dead:
            continue
        target = named(properties.get("RedrivePolicy", {}).get("deadLetterTargetArn"))
        if type_of(template, target) != QUEUE:
            problems.append(f"{queue} has no dead-letter queue")
            continue
        kept = properties.get("MessageRetentionPeriod", DAYS_OF_A_MESSAGE)
        target_properties = template["Resources"][target].get("Properties", {})
        if target_properties.get("MessageRetentionPeriod", DAYS_OF_A_MESSAGE) <= kept:
            problems.append(f"messages expire in {target} before a person can look at them")
    return problems


def messages_stay_invisible_for_six_times_the_function_timeout(template: Template) -> list[str]:
    problems = []
    for _, _, function, source in mappings(template):
        if type_of(template, source) == QUEUE:
            visibility = template["Resources"][source].get("Properties", {}).get("VisibilityTimeout", 30)
            if visibility < 6 * function_timeout(template, function):
                problems.append(f"{source} shows a message again while {function} may still work on it")
    return problems


def queue_mappings_are_capped_and_report_single_failures(template: Template) -> list[str]:
    problems = []
    for mapping, properties, _, source in mappings(template):
        if type_of(template, source) == QUEUE:
            if not properties.get("ScalingConfig", {}).get("MaximumConcurrency"):
                problems.append(f"{mapping} may take the whole account's concurrency")
            if "ReportBatchItemFailures" not in properties.get("FunctionResponseTypes", []):
                problems.append(f"{mapping} repeats a whole batch for one bad message")
            if "FilterCriteria" in properties:
                problems.append(f"{mapping} filters: Lambda deletes what does not match from a queue")
    return problems


def stream_mappings_are_bounded_in_every_way(template: Template) -> list[str]:
    problems = []
    for mapping, properties, _, source in mappings(template):
        if type_of(template, source) != TABLE:
            continue
        if not properties.get("BisectBatchOnFunctionError"):
            problems.append(f"{mapping} does not look for the bad record in a batch")
        if not 0 <= properties.get("MaximumRetryAttempts", -1) <= 10:
            problems.append(f"{mapping} lets one record block its shard for a day")
        if not 60 <= properties.get("MaximumRecordAgeInSeconds", -1) <= 3600:
            problems.append(f"{mapping} works on records that nobody waits for any more")
        if "ReportBatchItemFailures" not in properties.get("FunctionResponseTypes", []):
            problems.append(f"{mapping} repeats a whole batch for one bad record")
        if not properties.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination"):
            problems.append(f"{mapping} forgets what it could not do")
        if properties.get("StartingPosition") != "TRIM_HORIZON":
            problems.append(f"{mapping} misses what was written while it was made")
    return problems


def the_stream_starts_on_insert_and_publishes_on_modify_only(template: Template) -> list[str]:
    wanted = {
        "StartTryOnFunction": ['{"eventName": ["INSERT"]}'],
        "PublishJobFunction": ['{"eventName": ["MODIFY"]}'],
    }
    found = {
        function: [one["Pattern"] for one in properties.get("FilterCriteria", {}).get("Filters", [])]
        for _, properties, function, source in mappings(template)
        if type_of(template, source) == TABLE
    }
    return [] if found == wanted else [f"the stream's mappings are {found}"]


# --- functions and permissions ------------------------------------------------------------------------------------


def nothing_reserves_concurrency(template: Template) -> list[str]:
    """A new account has ten concurrent executions and must keep them unreserved, so the deployment would fail."""
    return [
        f"{logical_id} reserves concurrency"
        for logical_id, properties in resources(template)
        if {"ReservedConcurrentExecutions", "ProvisionedConcurrencyConfig"} & properties.keys()
    ]


def every_function_and_layer_is_built_for_the_architecture_parameter(template: Template) -> list[str]:
    problems = []
    chosen = {"Ref": "Architecture"}
    everywhere = template.get("Globals", {}).get("Function", {}).get("Architectures")
    for logical_id, properties in resources(template, FUNCTION, "AWS::Serverless::LayerVersion"):
        metadata = template["Resources"][logical_id].get("Metadata", {})
        if metadata.get("BuildArchitecture") != chosen:
            problems.append(f"{logical_id} is built for another architecture than it runs on")
        if type_of(template, logical_id) == FUNCTION:
            if properties.get("Architectures", everywhere) != [chosen]:
                problems.append(f"{logical_id} runs on another architecture")
        elif properties.get("CompatibleArchitectures") != [chosen] or metadata.get("BuildMethod") != "python3.13":
            problems.append(f"{logical_id} is not built by SAM for the chosen architecture")
    return problems


def every_function_has_a_name_a_purpose_and_a_log_group_that_forgets(template: Template) -> list[str]:
    problems = []
    for logical_id, properties in resources(template, FUNCTION):
        if "Description" not in properties:
            problems.append(f"{logical_id} does not say what it does")
        group = named(properties.get("LoggingConfig", {}).get("LogGroup"))
        if type_of(template, group) != "AWS::Logs::LogGroup":
            problems.append(f"{logical_id} logs into a group that nobody made, and that never forgets")
            continue
        name = properties.get("FunctionName", {}).get("Fn::Sub")
        if template["Resources"][group]["Properties"].get("LogGroupName") != {"Fn::Sub": f"/aws/lambda/{name}"}:
            problems.append(f"{group} is not where people look for the log of {logical_id}")
    problems += [
        f"{logical_id} never forgets"
        for logical_id, properties in resources(template, "AWS::Logs::LogGroup")
        if "RetentionInDays" not in properties
    ]
    return problems


def no_permission_is_wider_than_its_purpose(template: Template) -> list[str]:
    problems = []
    for logical_id, properties in resources(template, FUNCTION, ROLE):
        for statement in statements(properties):
            if statement["Effect"] != "Allow":
                continue
            if "NotAction" in statement or "NotResource" in statement:
                problems.append(f"{logical_id} is allowed whatever is not named")
            problems += [f"{logical_id} may do {action}" for action in actions(statement) if "*" in action]
            without_resources = LOG_DELIVERY | TRACING | OF_A_CONTAINER
            if "*" in listed(statement.get("Resource", "*")) and not set(actions(statement)) <= without_resources:
                problems.append(f"{logical_id} may do {actions(statement)} to everything")
        managed = [one for one in listed(properties.get("Policies", [])) if isinstance(one, str)]
        problems += [f"{logical_id} has the ready-made policy {one}" for one in managed]
    return problems


def object_permissions_name_their_prefix(template: Template) -> list[str]:
    problems = []
    for logical_id, properties in resources(template, FUNCTION, ROLE):
        for statement in statements(properties):
            if {"s3:GetObject", "s3:PutObject", "s3:DeleteObject"} & set(actions(statement)):
                if references(statement["Resource"]) == {"CanvasWeights", "AWS::Partition"}:
                    continue  # the operator's own bucket; the parameter's pattern asks for a prefix
                problems += [
                    f"{logical_id} may do {actions(statement)} in a whole bucket"
                    for resource in listed(statement["Resource"])
                    if not re.search(r"Bucket\.Arn\}/[a-z]+/.*\*", str(resource))
                ]
    return problems


def index_permissions_name_their_index(template: Template) -> list[str]:
    indexes = {
        (table, index["IndexName"])
        for table, properties in resources(template, TABLE)
        for index in properties.get("GlobalSecondaryIndexes", [])
    }
    problems = []
    for logical_id, properties in resources(template, FUNCTION):
        for statement in statements(properties):
            if "dynamodb:Query" in actions(statement):
                for resource in listed(statement["Resource"]):
                    match = re.search(r"\$\{(\w+)\.Arn\}/index/(\w+)", str(resource))
                    if match is None or match.groups() not in indexes:
                        problems.append(f"{logical_id} queries {resource}, which is no index")
    return problems


def only_publishers_reach_sockets_and_only_on_the_live_stage(template: Template) -> list[str]:
    allowed = {"MessageFunction", "NotifyClientFunction", "PublishJobFunction", "DeliverResultFunction"}
    problems = []
    for logical_id, properties in resources(template, FUNCTION, ROLE):
        for statement in statements(properties):
            if any(action.startswith("execute-api:") for action in actions(statement)):
                if logical_id not in allowed:
                    problems.append(f"{logical_id} may push to sockets")
                # whoever hears a client whose session is over also closes its socket
                methods = ("POST", "DELETE") if logical_id == "MessageFunction" else ("POST",)
                ends = tuple(f"${{SocketApi}}/live/{method}/@connections/*'}}" for method in methods)
                if not all(str(one).endswith(ends) for one in listed(statement["Resource"])):
                    problems.append(f"{logical_id} may do more than push to sockets of the live stage")
    return problems


def no_function_refers_to_the_http_api_that_refers_to_it(template: Template) -> list[str]:
    problems = []
    apis = {name for name, _ in resources(template, HTTP_API)}
    for logical_id, properties in resources(template, FUNCTION):
        called_by = {
            named(event.get("Properties", {}).get("ApiId")) for event in properties.get("Events", {}).values()
        } & apis
        others = {name: value for name, value in properties.items() if name != "Events"}
        problems += [f"{logical_id} refers to {api}, which refers to it" for api in called_by & references(others)]
    return problems


def every_rule_may_call_its_target_retries_and_keeps_what_it_could_not_hand_over(template: Template) -> list[str]:
    problems = []
    allowed = {
        (named(properties.get("SourceArn")), named(properties["FunctionName"]))
        for _, properties in resources(template, "AWS::Lambda::Permission")
    }
    for rule, properties in resources(template, RULE):
        for target in properties["Targets"]:
            function = named(target["Arn"])
            if (rule, function) not in allowed:
                problems.append(f"{rule} may not call {function}")
            if "RetryPolicy" not in target:
                problems.append(f"{rule} tries for a day")
            dead = named(target.get("DeadLetterConfig", {}).get("Arn"))
            if not any(
                dead in {named(one) for one in policy["Queues"]} and rule in references(policy)
                for _, policy in resources(template, "AWS::SQS::QueuePolicy")
            ):
                problems.append(f"{rule} has no dead-letter queue that takes its messages")
            invoked = template["Resources"].get(function, {}).get("Properties", {}).get("EventInvokeConfig", {})
            if not invoked.get("DestinationConfig", {}).get("OnFailure"):
                problems.append(f"{function} is called without an answer and forgets events it fails on")
    return problems


# --- interfaces ---------------------------------------------------------------------------------------------------


def only_health_and_config_are_open_to_everybody(template: Template) -> list[str]:
    problems = []
    for api, properties in resources(template, HTTP_API):
        if not properties.get("Auth", {}).get("DefaultAuthorizer"):
            problems.append(f"{api} asks for no token")
    for logical_id, properties in resources(template, FUNCTION):
        for event in properties.get("Events", {}).values():
            details = event.get("Properties", {})
            open_to_all = details.get("Auth", {}).get("Authorizer") == "NONE"
            if event["Type"] == "HttpApi" and open_to_all and details["Path"] not in ("/health", "/config"):
                problems.append(f"{logical_id} answers {details['Path']} to everybody")
    for api, properties in resources(template, SOCKET_API):
        auth = properties.get("Auth", {})
        if auth.get("AuthType") != "CUSTOM" or auth.get("IdentitySource") != ["route.request.querystring.ticket"]:
            problems.append(f"{api} asks for no ticket")
    return problems


def apis_are_throttled(template: Template) -> list[str]:
    return [
        f"{api} takes as many requests as come"
        for api, properties in resources(template, HTTP_API, SOCKET_API)
        if not {"ThrottlingRateLimit", "ThrottlingBurstLimit"} <= properties.get("DefaultRouteSettings", {}).keys()
    ]


def sockets_are_logged_only_where_a_parameter_says_so(template: Template) -> list[str]:
    """Without the account's CloudWatch role API Gateway refuses the whole deployment."""
    problems = []
    for api, properties in resources(template, SOCKET_API):
        settings = properties.get("DefaultRouteSettings", {})
        if not _only_if(properties.get("AccessLogSettings"), "LogsSockets", {"Ref": "AWS::NoValue"}):
            problems.append(f"{api} writes access logs in every account")
        if not _only_if(settings.get("LoggingLevel", "OFF"), "LogsSockets", "OFF"):
            problems.append(f"{api} writes execution logs in every account")
        if settings.get("DataTraceEnabled"):
            problems.append(f"{api} logs what shoppers send")
    return problems


def _only_if(value: Any, condition: str, otherwise: Any) -> bool:
    if value in (None, otherwise):
        return True
    branches = value.get("Fn::If", []) if isinstance(value, dict) else []
    return bool(branches) and branches[0] == condition and branches[2] == otherwise


def passwords_travel_only_outside_production_and_clients_have_no_secret(template: Template) -> list[str]:
    problems = []
    for client, properties in resources(template, POOL_CLIENT):
        for flow in properties.get("ExplicitAuthFlows", []):
            guarded = isinstance(flow, dict) and flow.get("Fn::If", [None])[0] == "IsProduction"
            in_production = flow["Fn::If"][1] if guarded else flow
            if "USER_PASSWORD" in str(in_production):
                problems.append(f"{client} takes plain passwords in production")
        if properties.get("GenerateSecret") is not False:
            problems.append(f"{client} has a secret, which a page cannot keep")
        if properties.get("WriteAttributes") != ["email"]:
            problems.append(f"{client} lets people write attributes of their own account")
    for pool, properties in resources(template, POOL):
        if properties.get("DeletionProtection") != {"Fn::If": ["IsProduction", "ACTIVE", "INACTIVE"]}:
            problems.append(f"{pool} can be deleted in production")
    return problems


# --- workflow and observability -----------------------------------------------------------------------------------


def the_machine_may_deliver_its_logs_and_traces(template: Template) -> list[str]:
    problems = []
    for machine, properties in resources(template, MACHINE):
        role = named(properties.get("Role"))
        allowed = {
            action
            for statement in statements(template["Resources"].get(role, {}).get("Properties", {}))
            for action in actions(statement)
            if statement["Effect"] == "Allow"
        }
        problems += [f"the role of {machine} lacks {action}" for action in sorted((LOG_DELIVERY | TRACING) - allowed)]
        if properties.get("Tracing") != {"Enabled": True}:
            problems.append(f"{machine} is not traced")
        destinations = properties.get("Logging", {}).get("Destinations", [])
        groups = [named(one["CloudWatchLogsLogGroup"]["LogGroupArn"]) for one in destinations]
        names = [str(template["Resources"][group]["Properties"]["LogGroupName"]) for group in groups]
        if not names or not all("/aws/vendedlogs/states/" in name for name in names):
            problems.append(f"the log group of {machine} fills the account's log resource policy")
    return problems


def executions_are_logged_with_their_data_only_outside_production(template: Template) -> list[str]:
    return [
        f"{machine} logs people's pictures in production"
        for machine, properties in resources(template, MACHINE)
        if properties.get("Logging", {}).get("IncludeExecutionData", False)
        not in (False, {"Fn::If": ["IsProduction", False, True]})
        or properties.get("Logging", {}).get("Level") not in ("ERROR", {"Fn::If": ["IsProduction", "ERROR", "ALL"]})
    ]


def the_machine_may_call_exactly_the_steps_it_names(template: Template) -> list[str]:
    problems = []
    for machine, properties in resources(template, MACHINE):
        role = template["Resources"].get(named(properties.get("Role")), {}).get("Properties", {})
        named_steps = {
            named(value)
            for value in properties.get("DefinitionSubstitutions", {}).values()
            if type_of(template, named(value)) == FUNCTION
        }
        callable_steps = {
            named(resource)
            for statement in statements(role)
            if "lambda:InvokeFunction" in actions(statement)
            for resource in listed(statement["Resource"])
        }
        problems += [f"{machine} may not call {step}" for step in sorted(named_steps - callable_steps, key=str)]
        problems += [f"{machine} may call {step}" for step in sorted(callable_steps - named_steps, key=str)]
    return problems


def on_call_hears_of_everything_that_needs_a_person(template: Template) -> list[str]:
    watched = {
        (properties["Namespace"], properties["MetricName"], named(dimension["Value"]))
        for _, properties in resources(template, ALARM)
        for dimension in properties["Dimensions"]
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
    return [f"nobody hears of {metric} of {subject}" for _, metric, subject in sorted(wanted - watched, key=str)]


def alarms_exist_without_an_address_and_tell_it_when_there_is_one(template: Template) -> list[str]:
    problems = []
    tells = {"Fn::If": ["HasAlarmEmail", [{"Ref": "AlarmTopic"}], {"Ref": "AWS::NoValue"}]}
    for alarm, properties in resources(template, ALARM):
        if scales(template, properties):
            continue
        if "Condition" in template["Resources"][alarm]:
            problems.append(f"{alarm} exists only sometimes")
        if properties.get("AlarmActions") != tells:
            problems.append(f"{alarm} does not tell the topic, or tells one that may not exist")
        if properties.get("TreatMissingData") != "notBreaching":
            problems.append(f"{alarm} rings when nothing happens")
        if len(properties.get("AlarmDescription", "")) < 20:
            problems.append(f"{alarm} does not say what it means")
    return problems


RULES: tuple[Rule, ...] = (
    there_are_at_most_nineteen_parameters,
    every_parameter_says_its_effect_and_its_limits,
    conditions_are_named_as_questions_or_states,
    stateful_resources_outlive_the_stack_but_not_a_failed_creation,
    notifying_buckets_wait_for_a_queue_policy_that_names_them_by_text,
    buckets_are_private_encrypted_and_reached_over_tls_only,
    private_pictures_go_by_themselves,
    no_function_writes_where_the_notification_listens_that_wakes_it,
    tables_are_encrypted_recoverable_and_forget,
    every_queue_that_is_read_has_dead_letters_that_live_longer,
    messages_stay_invisible_for_six_times_the_function_timeout,
    queue_mappings_are_capped_and_report_single_failures,
    stream_mappings_are_bounded_in_every_way,
    the_stream_starts_on_insert_and_publishes_on_modify_only,
    nothing_reserves_concurrency,
    every_function_and_layer_is_built_for_the_architecture_parameter,
    every_function_has_a_name_a_purpose_and_a_log_group_that_forgets,
    no_permission_is_wider_than_its_purpose,
    object_permissions_name_their_prefix,
    index_permissions_name_their_index,
    only_publishers_reach_sockets_and_only_on_the_live_stage,
    no_function_refers_to_the_http_api_that_refers_to_it,
    every_rule_may_call_its_target_retries_and_keeps_what_it_could_not_hand_over,
    only_health_and_config_are_open_to_everybody,
    apis_are_throttled,
    sockets_are_logged_only_where_a_parameter_says_so,
    passwords_travel_only_outside_production_and_clients_have_no_secret,
    the_machine_may_deliver_its_logs_and_traces,
    executions_are_logged_with_their_data_only_outside_production,
    the_machine_may_call_exactly_the_steps_it_names,
    on_call_hears_of_everything_that_needs_a_person,
    alarms_exist_without_an_address_and_tell_it_when_there_is_one,
)
