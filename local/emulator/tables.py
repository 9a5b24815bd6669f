"""Gap: `TimeToLiveSpecification` and `PointInTimeRecoverySpecification` of a table are dropped.

MiniStack deletes expired items once a minute when it knows the attribute, so it is told when CloudFormation makes
or changes the table.
"""

from collections.abc import Callable
from typing import Any

import ministack.services.dynamodb as tables
from ministack.services.cloudformation import provisioners

from local.patching import expect_absent, expect_source


def _settled(handler: Callable[..., Any], position: int) -> Callable[..., Any]:
    """Wrap a provisioner whose argument at `position` holds the table's properties."""

    def provision(*args: Any, **named: Any) -> Any:
        result = handler(*args, **named)
        name, properties = result[0], args[position]
        if ttl := properties.get("TimeToLiveSpecification"):
            tables._update_ttl({"TableName": name, "TimeToLiveSpecification": ttl})
        recovery = properties.get("PointInTimeRecoverySpecification") or {}
        tables._pitr_settings[name] = bool(recovery.get("PointInTimeRecoveryEnabled"))
        return result

    return provision


def install() -> None:
    """Keep expiry and point-in-time recovery of tables in a template."""
    expect_absent(provisioners._ddb_create, "TimeToLive", "PointInTime")
    expect_source(tables._update_ttl, '"TimeToLiveStatus": "ENABLED" if enabled else "DISABLED"')
    handlers = provisioners._RESOURCE_HANDLERS["AWS::DynamoDB::Table"]
    handlers["create"] = _settled(handlers["create"], 1)
    handlers["update"] = _settled(handlers["update"], 2)
