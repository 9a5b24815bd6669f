"""Tests that ask the real AWS: run with ``make cloud`` and credentials; they change nothing there and cost cents."""

import os
from typing import Any

import boto3
import pytest
from botocore.exceptions import BotoCoreError, ClientError

WANTED = "asks the real AWS: needs credentials and VTO_CLOUD=1 (`make cloud`)"

REMEDY = "name them and a region: `aws sso login`, AWS_PROFILE=…, AWS_DEFAULT_REGION=us-east-1"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark everything below this folder, and skip it unless it was asked for."""
    for item in items:
        if "tests/cloud/" in item.nodeid:
            item.add_marker(pytest.mark.cloud)
            item.add_marker(pytest.mark.enable_socket)
            if os.environ.get("VTO_CLOUD") != "1":
                item.add_marker(pytest.mark.skip(reason=WANTED))


@pytest.fixture(scope="session")
def step_functions() -> Any:
    """Step Functions in the caller's account and region."""
    try:
        boto3.client("sts").get_caller_identity()
        return boto3.client("stepfunctions")
    except (BotoCoreError, ClientError) as problem:
        pytest.exit(f"AWS cannot be asked: {problem}\n{REMEDY}", returncode=1)
