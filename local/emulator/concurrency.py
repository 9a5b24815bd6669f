"""Gap: `ReservedConcurrentExecutions` of a template is dropped without a word.

MiniStack honours the limit once it is set through the API, so it is set when CloudFormation makes the function.
"""

from collections.abc import Callable
from typing import Any

import ministack.services.lambda_svc as functions
from ministack.services.cloudformation import provisioners

from local.patching import expect_absent, expect_source


def _reserving(handler: Callable[..., Any], position: int) -> Callable[..., Any]:
    """Wrap a provisioner whose argument at `position` holds the function's properties."""

    def provision(*args: Any, **named: Any) -> Any:
        result = handler(*args, **named)
        reserved = args[position].get("ReservedConcurrentExecutions")
        if reserved is not None:
            functions._put_function_concurrency(result[0], {"ReservedConcurrentExecutions": int(reserved)})
        return result

    return provision


def install() -> None:
    """Keep the reserved concurrency of functions in a template."""
    expect_absent(provisioners._lambda_create, "ReservedConcurrentExecutions")
    expect_source(provisioners._lambda_create, '"concurrency": None')
    handlers = provisioners._RESOURCE_HANDLERS["AWS::Lambda::Function"]
    handlers["create"] = _reserving(handlers["create"], 1)
    handlers["update"] = _reserving(handlers["update"], 2)
