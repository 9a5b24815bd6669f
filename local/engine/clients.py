"""Gap: moto's engine signs every task with the made-up key `ak` and makes a new client for each task.

Here tasks are signed as the state machine's role (so its policies are enforced), and clients are kept for the
process. The role's trust policy is not checked: MiniStack lets the root key assume any role.
"""

import importlib
import os
import pkgutil
import sys
import threading
import time
from typing import Any

import boto3
import moto.stepfunctions.parser.asl.component.state.exec.state_task.service as integrations
from botocore.config import Config
from moto.stepfunctions.parser.asl.utils import boto_client

from local.patching import UpstreamChangedError, expect_source

CREDENTIALS_LAST = 3000.0
"""Seconds a client is kept; the role's credentials behind it last an hour."""

_CONFIG = Config(
    parameter_validation=False,
    retries={"total_max_attempts": 1},  # the ASL's Retry is the only one
    max_pool_connections=200,
    connect_timeout=5,
    read_timeout=900,
    inject_host_prefix=False,
)

_clients: dict[tuple[str, str, str | None], tuple[float, Any]] = {}
_lock = threading.RLock()


def _endpoint(service: str) -> str:
    """Where a service is: at MiniStack, unless the environment names a place of its own for it."""
    return os.environ.get(f"VTO_LOCAL_AWS_{service.upper()}") or os.environ["VTO_LOCAL_AWS"]


def root(service: str, region: str = "us-east-1") -> Any:
    """Return a client of MiniStack signed with the stack's root key."""
    return _client(region, service, None)


def _with_request_id(parsed: dict[str, Any], **_: Any) -> None:
    """Add the request id that MiniStack leaves out of a denial and that moto reads from every error."""
    parsed.setdefault("ResponseMetadata", {}).setdefault("RequestId", "local")


def _client(region: str, service: str, role: str | None) -> Any:
    with _lock:
        kept = _clients.get((region, service, role))
        if kept and kept[0] > time.monotonic():
            return kept[1]
        keys = {}
        if role:
            session = root("sts", region).assume_role(RoleArn=role, RoleSessionName="StepFunctions")["Credentials"]
            keys = {
                "aws_access_key_id": session["AccessKeyId"],
                "aws_secret_access_key": session["SecretAccessKey"],
                "aws_session_token": session["SessionToken"],
            }
        client = boto3.session.Session().client(
            service,  # type: ignore[call-overload]
            region_name=region,
            endpoint_url=_endpoint(service),
            config=_CONFIG,
            **keys,
        )
        client.meta.events.register("after-call", _with_request_id)
        _clients[(region, service, role)] = (time.monotonic() + CREDENTIALS_LAST, client)
        return client


def _for_task(region: str, service: str, state_credentials: Any = None) -> Any:
    """Stand in for moto's `boto_client_for`."""
    return _client(region, service, state_credentials.role_arn if state_credentials else None)


def install() -> None:
    """Use these clients in every task integration of moto."""
    expect_source(boto_client.boto_client_for, 'aws_access_key_id="ak"')
    for _, name, _ in pkgutil.iter_modules(integrations.__path__):
        importlib.import_module(f"{integrations.__name__}.{name}")
    users = [
        module
        for name, module in list(sys.modules.items())
        if name.startswith("moto.stepfunctions") and hasattr(module, "boto_client_for")
    ]
    if len(users) < 5:
        raise UpstreamChangedError("moto's task integrations no longer use boto_client_for: check the shim")
    for module in users:
        module.boto_client_for = _for_task  # type: ignore[attr-defined]
