"""Handlers of the probe."""

import json
import os
import sys
import time

import boto3


class ModelThrottledError(Exception):
    """Retried by the machine."""


class InvalidRequestError(Exception):
    """Caught by the machine."""


def _note(key, **values):
    item = {"id": {"S": key}} | {name: {"S": str(value)} for name, value in values.items()}
    boto3.client("dynamodb").put_item(TableName=os.environ["ITEMS"], Item=item)


def work(event, context):
    case = event.get("case", "ok")
    if case == "refuse":
        raise InvalidRequestError("product_id: unknown")
    if case == "throttle" or (case == "throttle twice" and event["attempt"] < 2):
        raise ModelThrottledError("slow down")
    if case == "slow":
        time.sleep(60)
    if case == "wait":
        time.sleep(1.5)
    if case == "exit":
        sys.exit(3)
    if case == "where":
        time.sleep(event.get("seconds", 0))
        import one
        import two

        return {
            "pid": os.getpid(),
            "layers": [one.VALUE, two.VALUE],
            "path": sys.path,
            "environment": dict(os.environ),
            "request": context.aws_request_id,
        }
    return "done"


def read_item(event, context):
    return boto3.client("dynamodb").get_item(TableName=os.environ["ITEMS"], Key={"id": {"S": "x"}}).get("Item")


def call_other(event, context):
    answer = boto3.client("lambda").invoke(FunctionName=os.environ["OTHER"], Payload=json.dumps(event))
    return {"error": answer.get("FunctionError"), "answer": json.loads(answer["Payload"].read())}


def invoke_model(event, context):
    answer = boto3.client("bedrock-runtime").invoke_model(modelId=event["model"], body=json.dumps(event["ask"]))
    return json.loads(answer["body"].read())


def on_file(event, context):
    failures = []
    for record in event["Records"]:
        body = json.loads(record["body"])
        for change in body.get("Records", []):
            _note(f"file {change['s3']['object']['key']}", event=change["eventName"])
        if body.get("fail"):
            failures.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failures}


def on_record(event, context):
    for record in event["Records"]:
        key = record["dynamodb"]["Keys"]["id"]["S"]
        if key.startswith("poison"):
            return {"batchItemFailures": [{"itemIdentifier": record["dynamodb"]["SequenceNumber"]}]}
        _note(f"{record['eventName']} {key}")
    return {"batchItemFailures": []}


def on_failure(event, context):
    _note(f"ended {event['detail']['name']}", status=event["detail"]["status"], event=json.dumps(event))


def on_tick(event, context):
    _note(f"tick {event.get('source', 'scheduler')}", event=json.dumps(event))


def http(event, context):
    if event["rawPath"].startswith("/boom"):
        raise RuntimeError("a secret of the inside")
    claims = event["requestContext"].get("authorizer", {}).get("jwt", {}).get("claims", {})
    return {"statusCode": 200, "body": json.dumps({"claims": claims})}


def authorize(event, context):
    effect = "Allow" if event["queryStringParameters"]["ticket"] == "good" else "Deny"
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": event["methodArn"]}
    return {
        "principalId": "user",
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        "context": {"user_id": "u-1"},
    }


def socket(event, context):
    where = event["requestContext"]
    if where["routeKey"] == "boom":
        raise RuntimeError("a secret of the inside")
    if where["routeKey"] == "post":
        manager = boto3.client("apigatewaymanagementapi", endpoint_url=os.environ["SOCKET_ENDPOINT"])
        seen = {"user": where["authorizer"]["user_id"], "connected_at": where["connectedAt"]}
        manager.post_to_connection(ConnectionId=where["connectionId"], Data=json.dumps(seen).encode())
    return {"statusCode": 200, "body": "never sent: the route has no route response"}
