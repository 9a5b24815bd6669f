"""Each shim is still needed: what the installed MiniStack or moto does by itself is still not what AWS does.

A test that fails here after an upgrade says which module of `local/emulator` or `local/engine` can go.
"""

import asyncio
import contextlib
import inspect
import json
import subprocess
import sys
from types import SimpleNamespace

import pytest
from moto.stepfunctions.parser import utils as moto_utils
from moto.stepfunctions.parser.asl.component.common.error_name.custom_error_name import CustomErrorName
from moto.stepfunctions.parser.asl.component.state.state import CommonStateField
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser
from moto.stepfunctions.parser.asl.utils.boto_client import boto_client_for
from moto.stepfunctions.parser.backend.execution import BaseExecutionWorkerCommunication, Execution
from moto.stepfunctions.responses import StepFunctionResponse

from local.patching import UpstreamChangedError, expect_absent, expect_source, replace_text

# MiniStack starts threads and reads its environment at import: it is imported by the tests that look at it
STACK = "stack"


@pytest.fixture
def provisioners():
    from ministack.services.cloudformation import provisioners

    return provisioners


def test_the_stock_worker_loses_the_class_of_an_exception(tmp_path):
    from ministack.core import lambda_runtime

    (tmp_path / "app.py").write_text("class OurError(Exception): ...\ndef handler(e, c): raise OurError('no')\n")
    init = {"code_dir": str(tmp_path), "module": "app", "handler": "handler"}
    script = tmp_path / "worker.py"
    script.write_text(lambda_runtime._PYTHON_WORKER_SCRIPT)
    lines = "\n".join([json.dumps(init), json.dumps({"event": {}, "ctx": {}}), ""])
    ran = subprocess.run([sys.executable, script], input=lines, capture_output=True, text=True, check=True)
    answer = json.loads(ran.stdout.splitlines()[-1])
    assert (answer["status"], answer["error"]) == ("error", "no")
    assert "errorType" not in answer


def test_a_stock_worker_sees_the_developers_packages():
    from ministack.core import lambda_runtime

    binary, script = lambda_runtime._detect_runtime_binary("python3.13")
    assert binary == sys.executable
    assert "site-packages" not in script.split("_LAMBDA_LAYERS_DIRS")[0]  # nothing takes them off the path


def test_stock_workers_have_no_bound():
    from ministack.core import lambda_runtime

    assert lambda_runtime._LOCAL_MAX_WORKERS == 0
    source = inspect.getsource(lambda_runtime.acquire_worker)
    assert "wait" not in source.split('"""')[2]


def test_stock_workers_unpack_for_themselves():
    from ministack.core import lambda_runtime

    source = inspect.getsource(lambda_runtime.Worker._spawn)
    assert "tempfile.mkdtemp" in source.split("zf.extractall(code_dir)")[0]


def test_a_stock_http_api_tells_the_client_why_a_function_failed():
    from ministack.services import lambda_svc

    failed = {"error": True, "body": {"errorType": "KeyError", "errorMessage": "secret"}}
    answer, _ = lambda_svc.lambda_execute_result_to_api_proxy_response(failed)
    assert answer["statusCode"] == 502
    assert "secret" in answer["body"]


def test_a_stock_http_api_has_no_routes_of_its_openapi_body(provisioners):
    from ministack.services import apigateway

    body = {"info": {"title": "x"}, "paths": {"/a": {"get": {"x-amazon-apigateway-integration": {"uri": "arn"}}}}}
    create = provisioners._RESOURCE_HANDLERS["AWS::ApiGatewayV2::Api"]["create"]
    api_id, _ = create("Api", {"Body": body}, STACK)
    assert apigateway._routes[api_id] == {}


def test_a_stock_transform_sees_defaults_only():
    from ministack.services.cloudformation import engine

    cors = {"AllowOrigins": {"Fn::Split": [",", {"Ref": "Origins"}]}}
    template = {
        "Transform": "AWS::Serverless-2016-10-31",
        "Parameters": {"Origins": {"Type": "String", "Default": "http://a"}},
        "Resources": {"Api": {"Type": "AWS::Serverless::HttpApi", "Properties": {"CorsConfiguration": cors}}},
    }
    made = engine._apply_transforms(template, [{"Key": "Origins", "Value": "http://b"}])
    assert "http://a" in str(made["Resources"])
    assert "http://b" not in str(made["Resources"])


def test_a_stock_socket_route_does_not_go_through_the_lambda_service():
    from ministack.services import apigateway

    source = inspect.getsource(apigateway._invoke_ws_lambda)
    assert "worker.invoke(event, message_id)" in source
    assert "routeResponse" not in source
    assert "413" not in inspect.getsource(apigateway.handle_connections_api)


def test_stock_cloudformation_drops_reserved_concurrency(provisioners):
    from ministack.services import lambda_svc

    properties = {"FunctionName": "capped", "Code": {"ZipFile": "x = 1"}, "ReservedConcurrentExecutions": 1}
    provisioners._RESOURCE_HANDLERS["AWS::Lambda::Function"]["create"]("Capped", properties, STACK)
    assert lambda_svc._functions["capped"]["concurrency"] is None


def test_stock_cloudformation_drops_expiry_and_recovery_of_a_table(provisioners):
    from ministack.services import dynamodb

    properties = {
        "TableName": "expiring",
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "TimeToLiveSpecification": {"AttributeName": "ttl", "Enabled": True},
        "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
    }
    provisioners._RESOURCE_HANDLERS["AWS::DynamoDB::Table"]["create"]("Table", properties, STACK)
    assert dynamodb._ttl_settings.get("expiring") is None
    assert not dynamodb._pitr_settings.get("expiring", False)


def test_stock_stream_mappings_ignore_failed_items_and_retry_limits():
    from ministack.services import lambda_svc

    source = inspect.getsource(lambda_svc._poll_dynamodb_streams)
    for name in ("batchItemFailures", "MaximumRetryAttempts", "BisectBatchOnFunctionError"):
        assert name not in source


def test_stock_eventbridge_takes_no_aws_event_and_calls_a_function_once():
    from ministack.services import eventbridge

    entry = {"Source": "aws.states", "DetailType": "x", "Detail": "{}"}
    body = json.dumps({"Entries": [entry]}).encode()
    headers = {"x-amz-target": "AWSEvents.PutEvents"}
    answer = asyncio.run(eventbridge.handle_request("POST", "/", headers, body, {}))
    assert json.loads(answer[2])["Entries"][0]["ErrorCode"] == "NotAuthorizedForSourceException"
    assert "invoke_async_with_retry" not in inspect.getsource(eventbridge._dispatch_to_lambda)


def test_the_stock_engine_of_the_emulator_has_no_longest_delay_and_no_machine_timeout():
    from ministack.services import stepfunctions

    source = inspect.getsource(stepfunctions)
    assert "MaxDelaySeconds" not in source
    assert "TIMED_OUT" not in inspect.getsource(stepfunctions._run_execution)


def test_a_stock_model_makes_no_picture():
    from ministack.services import bedrock_runtime

    answer = bedrock_runtime._invoke_model("amazon.nova-canvas-v1:0", {}, b'{"taskType":"VIRTUAL_TRY_ON"}')
    with contextlib.suppress(ValueError):
        assert "images" not in json.loads(answer[2])


def test_stock_conditions_know_neither_tls_nor_the_source_account():
    from ministack.core import iam_evaluator

    context = SimpleNamespace(secure_transport=False, service_context={}, principal_keys={}, principal_account="1")
    assert iam_evaluator._resolve_condition_key("aws:SecureTransport", context) == "false"
    assert iam_evaluator._resolve_condition_key("aws:SourceAccount", context) is None


def test_a_stock_secret_has_punctuation_whatever_the_template_says(provisioners):
    made = {"GenerateSecretString": {"PasswordLength": 500, "ExcludePunctuation": True}}
    assert not provisioners._sm_secret_string(made).isalnum()


def test_the_stock_policies_ask_for_a_permission_of_batches_that_iam_does_not_have():
    from ministack.core import iam_actions

    headers = {"x-amz-target": "AmazonSQS.ChangeMessageVisibilityBatch"}
    asked = iam_actions.extract_iam_action("sqs", "POST", "/", headers, b"{}", {})
    assert asked == "sqs:ChangeMessageVisibilityBatch"


def test_the_stock_policies_do_not_know_which_stream_a_request_is_about():
    from ministack.core import iam_actions

    body = b'{"StreamArn": "arn:stream"}'
    assert iam_actions.extract_resource_arn("dynamodbstreams", "POST", "/", {}, body, {}, "r", "1") == "*"


def test_the_stock_engine_signs_with_a_key_of_its_own():
    assert 'aws_access_key_id="ak"' in inspect.getsource(boto_client_for)


def test_the_stock_engine_parses_again_and_keeps_every_thread():
    assert type(moto_utils.TMP_THREADS) is list
    assert inspect.isfunction(AmazonStateLanguageParser.parse)


def test_the_stock_engine_tells_nobody_that_an_execution_ended():
    source = inspect.getsource(BaseExecutionWorkerCommunication)
    assert "put_events" not in source
    assert "Status Change" not in source


def test_the_stock_engine_writes_times_its_own_way():
    assert "timezone.utc).isoformat()" in inspect.getsource(CommonStateField._eval_body)
    assert "start_time=self.start_date" in inspect.getsource(Execution.get_start_execution_details)


def test_the_stock_engine_gives_a_history_whole_whatever_was_asked_for():
    source = inspect.getsource(StepFunctionResponse.get_execution_history)
    assert not any(word in source for word in ("nextToken", "maxResults", "reverseOrder", "includeExecutionData"))


def test_the_stock_engine_has_no_fail_state_with_an_error_of_states():
    with pytest.raises(ValueError, match="MUST NOT begin"):
        CustomErrorName("States.Timeout")


def sample(text: str = "as it was") -> str:
    return text + "!"


def test_a_shim_refuses_an_upstream_it_does_not_know():
    expect_source(sample, 'return text + "!"')
    expect_absent(sample, "something else")
    with pytest.raises(UpstreamChangedError, match="sample changed"):
        expect_source(sample, "something else")
    with pytest.raises(UpstreamChangedError, match="may no longer be needed"):
        expect_absent(sample, "return text")
    module = SimpleNamespace(__name__="module", SCRIPT="a b b")
    replace_text(module, "SCRIPT", "a", "c")
    assert module.SCRIPT == "c b b"
    with pytest.raises(UpstreamChangedError, match="found 2 times"):
        replace_text(module, "SCRIPT", "b", "c")
