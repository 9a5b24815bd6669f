"""Stand-ins of two services of AWS that call what is ours: SageMaker's InvokeEndpoint and Lambda's Invoke."""

import json
import traceback
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

from tests.stand_ins.serving import Asked, Said, said

MOST_BYTES = 6_291_456  # of a payload of InvokeEndpoint and of Invoke, in botocore's service models
PASSED_ON = ("Content-Type", "X-Amzn-SageMaker-Custom-Attributes")


def endpoint(container: str) -> Callable[[Asked], Said]:
    """InvokeEndpoint over a container: its answer without its headers, its errors as a ModelError.

    Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html
    """

    def answer(asked: Asked) -> Said:
        if len(asked.body) > MOST_BYTES:
            return said(400, {"Message": "the body is too large"}, x_amzn_errortype="ValidationError")
        request = urllib.request.Request(
            f"{container}/invocations", asked.body, {"Content-Type": asked.headers["Content-Type"]}
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                headers = {name: response.headers[name] for name in PASSED_ON if name in response.headers}
                return Said(200, response.read(), headers)
        except urllib.error.HTTPError as error:
            with error:
                words = error.read().decode()
            told = {
                "Message": f'Received client error ({error.code}) from primary with message "{words}".',
                "OriginalStatusCode": error.code,
                "OriginalMessage": words,
            }
            return said(424, told, x_amzn_errortype="ModelError")

    return answer


def function(handler: Callable[[dict[str, Any], Any], Any]) -> Callable[[Asked], Said]:
    """Invoke over a handler of this process: what it raises is answered as the Python runtime does.

    Source: https://docs.aws.amazon.com/lambda/latest/dg/python-exceptions.html
    """

    def answer(asked: Asked) -> Said:
        try:
            return said(200, handler(json.loads(asked.body), None))
        except Exception as error:  # noqa: BLE001 - as the runtime does
            told = {
                "errorType": type(error).__name__,
                "errorMessage": str(error),
                "stackTrace": traceback.format_exc().splitlines(),
            }
            return said(200, told, X_Amz_Function_Error="Unhandled")

    return answer
