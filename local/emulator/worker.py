"""Gap: MiniStack's Python worker is not the Lambda runtime.

* A raised exception loses its class (`Runtime.HandlerError`) and costs the worker its life; Lambda reports
  `errorType` = class name with message and trace, and keeps the environment. Retry and Catch by our error
  names depend on it.
* `sys.exit` or a crash is `Runtime.HandlerError`; Lambda says `Runtime.ExitError`. A module that cannot be
  imported surfaces as `RuntimeError`; Lambda says `Runtime.ImportModuleError` (or the class raised at import).
* A function imports whatever the developer's environment holds; on Lambda it sees the standard library, boto3,
  its layers and its own package, and nothing else. So a package missing from a layer must fail here too.
* A function sees the emulator's own variables.

A timeout needs no shim: MiniStack reports `Sandbox.Timedout`, "Task timed out after N.00 seconds", as Lambda does.
"""

import importlib.util
import os
import re
from pathlib import Path
from typing import Any

import ministack.core.lambda_runtime as runtime
import ministack.services.lambda_svc as functions

from local.patching import expect_source, replace_text

RUNTIME_PACKAGES = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "six", "urllib3")
"""What Lambda's Python runtime carries besides the standard library (boto3 and its dependencies)."""

HIDDEN_VARIABLES = r"AUTH|BIND_HOST|GATEWAY_PORT|IOT_\w+|LAMBDA_WARM_\w+|LAMBDA_ASYNC_\w+|MINISTACK_\w+|VTO_LOCAL_\w+"
"""Variables that configure the emulator and that no function on AWS sees."""

_RAISED = "__raised__"

_PROLOGUE = f'''
def _become_lambda():
    import os, re, sys
    runtime = os.environ.get("VTO_LOCAL_RUNTIME", "")
    sys.path[:] = [p for p in sys.path if p and "site-packages" not in p] + [runtime]
    for name in list(os.environ):
        if re.fullmatch(r"{HIDDEN_VARIABLES}", name):
            del os.environ[name]

_become_lambda()
'''

_STOCK_INIT_ERROR = '_real_stdout.write(json.dumps({"status": "error", "error": str(e)}) + "\\n")'
_INIT_ERROR = (
    "traceback.print_exc(file=sys.stderr)\n"
    "        _kind = 'Runtime.ImportModuleError' if isinstance(e, ImportError) else type(e).__name__\n"
    "        _text = f\"Unable to import module '{module_name}': {e}\" if isinstance(e, ImportError) else str(e)\n"
    '        _real_stdout.write(json.dumps({"status": "error", "error": _kind + "\\0" + _text}) + "\\n")'
)

_STOCK_RAISED = (
    '_real_stdout.write(json.dumps({"status": "error", "error": str(e), "trace": traceback.format_exc()}) + "\\n")'
)
# An "ok" line keeps the worker alive, as Lambda keeps the environment; `_invoke` turns it into the error it is.
_RAISED_LINE = (
    "traceback.print_exc(file=sys.stderr)\n"
    f'            _real_stdout.write(json.dumps({{"status": "ok", "result": {{"{_RAISED}": {{'
    '"errorMessage": str(e), "errorType": type(e).__name__, "requestId": context.aws_request_id, '
    '"stackTrace": traceback.format_tb(e.__traceback__)}}}) + "\\n")'
)


def link_runtime(folder: Path) -> None:
    """Fill a folder with links to the packages that Lambda's Python runtime carries.

    Args:
        folder: created when missing; becomes the only import path of functions besides their own code.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name in RUNTIME_PACKAGES:
        spec = importlib.util.find_spec(name)
        if spec is None or spec.origin is None:
            raise ModuleNotFoundError(f"{name} is not installed beside the local stack")
        origin = Path(spec.origin)
        source = origin.parent if origin.name == "__init__.py" else origin
        link = folder / source.name
        if not link.exists():
            link.symlink_to(source)


def _error(kind: str, message: str, result: dict[str, Any]) -> dict[str, Any]:
    return {**result, "body": {"errorType": kind, "errorMessage": message}, "error": True}


def install() -> None:
    """Make Python functions run and fail as on Lambda."""
    replace_text(runtime, "_PYTHON_WORKER_SCRIPT", _STOCK_INIT_ERROR, _INIT_ERROR)
    replace_text(runtime, "_PYTHON_WORKER_SCRIPT", _STOCK_RAISED, _RAISED_LINE)
    # /var/task comes before /opt/python on Lambda; the stock worker puts layers first
    replace_text(
        runtime,
        "_PYTHON_WORKER_SCRIPT",
        "    _ms_install_invoke_depth()\n    try:",
        "    sys.path.insert(0, code_dir)\n    _ms_install_invoke_depth()\n    try:",
    )
    runtime._PYTHON_WORKER_SCRIPT = _PROLOGUE + runtime._PYTHON_WORKER_SCRIPT
    if folder := os.environ.get("VTO_LOCAL_RUNTIME"):
        link_runtime(Path(folder))

    stock = functions._execute_function_warm
    expect_source(stock, 'error_type = "Runtime.HandlerError"', '"errorType": type(e).__name__')

    def invoke(func: dict[str, Any], event: Any, request_id: str) -> dict[str, Any]:
        result: dict[str, Any] = stock(func, event, request_id)
        body = result.get("body")
        if not isinstance(body, dict):
            return result
        if _RAISED in body:
            return {**result, "body": body[_RAISED], "error": True}
        if not result.get("error"):
            return result
        message = str(body.get("errorMessage", ""))
        if init := re.match(r"Worker init failed: ([\w.]+)\0(.*)", message, re.DOTALL):
            return _error(init[1], init[2], result)
        if message == "Worker process died" or message.startswith("Worker process exited"):
            return _error("Runtime.ExitError", f"RequestId: {request_id} Error: Runtime exited", result)
        return result

    functions._execute_function_warm = invoke
