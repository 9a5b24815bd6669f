"""What the client knows of the stack without importing its code; `tests/contract/test_client_facts.py` compares."""

from collections.abc import Mapping

STAGES: Mapping[str, tuple[str, ...]] = {
    "validating": ("Validate Request", "Wait For Twin"),
    "queued": ("Reserve Slot", "Wait For Slot", "Wait For Engine"),
    "generating": ("Invoke Model",),
    "storing": ("Store Result",),
}
"""The states in which a job may be while it has a stage."""

REFUSALS = frozenset(
    {
        "invalid_request",
        "not_authorized",
        "forbidden",
        "not_found",
        "request_conflict",
        "too_many_jobs",
        "too_late",
        "picture_missing",
        "picture_rejected",
        "queue_full",
        "budget_exhausted",
        "sign_in_required",
        "spending_stopped",
        "not_your_turn",
        "erased",
        "expired",
        "cancelled",
        "content_blocked",
        "prompt_blocked",
        "picture_blocked",
        "results_blocked",
    }
)
"""Error codes that are the request's fault: no alarm, and nothing of ours to repair."""

FAILURES = frozenset(
    {
        "model_throttled",
        "model_unavailable",
        "model_timeout",
        "model_failed",
        "model_quota_exceeded",
        "model_access_denied",
        "model_retired",
        "model_refused",
        "bad_model_output",
        "no_engine",
        "storage_unavailable",
        "notifier_unavailable",
        "execution_lost",
        "internal",
    }
)
"""Error codes that are ours."""

MODEL_STATE = "Invoke Model"
TELLING_STATES = ("Notify Client", "Notify Failure")
RECORDING_STATE = "Record Failure"
ASKED_AGAIN = frozenset({"model_throttled", "not_your_turn"})
"""The errors after which the same engine is asked again, later; all others that are caught there give it up."""
NOT_BILLED = (REFUSALS | FAILURES) - {"model_timeout", "model_failed", "results_blocked", "bad_model_output"}
"""Error codes of a model call after which surely nothing is billed; after anything else, a success too, it may be."""
NO_MODEL_BILL = "preview"
"""The engine that is a function of the stack: its calls cost Lambda time only."""

FUNCTIONS = (
    "message",
    "api",
    "start_try_on",
    "validate_request",
    "reserve_slot",
    "invoke_model",
    "store_result",
    "notify_client",
    "record_failure",
    "publish_job",
    "deliver_result",
    "sweep_jobs",
)
"""Functions whose logs may speak of a job, in the order in which they meet it."""

FUNCTION_OF_STATE: Mapping[str, str] = {
    "Validate Request": "validate_request",
    "Reserve Slot": "reserve_slot",
    "Invoke Model": "invoke_model",
    "Store Result": "store_result",
    "Notify Client": "notify_client",
    "Notify Failure": "notify_client",
    "Record Failure": "record_failure",
}

OPERATE, RECONCILE = "operate", "reconcile_uploads"
"""The functions that operators may invoke."""
FUNCTION_NAME = "{stack}-{function}"
QUEUES = ("product_uploads", "model_uploads", "results", "erasures", "webhook", "start_try_on", "publish_job", "events")
"""The dead-letter queues by the names that `operate` knows them by."""
MOST_JOBS = 25
"""Jobs of one order."""

OUTPUTS: Mapping[str, str] = {"JobsTable": "{stack}-jobs", "ControlsTable": "{stack}-controls"}
"""Outputs of the stack that name tables, and the names that the template gives them."""
MACHINE_OUTPUT = "StateMachineArn"
API_OUTPUT, SOCKET_OUTPUT = "ApiUrl", "SocketUrl"
POOL_OUTPUT, POOL_CLIENT_OUTPUT = "UserPoolId", "UserPoolClientId"
NEEDED_OUTPUTS = (API_OUTPUT, SOCKET_OUTPUT, POOL_OUTPUT, POOL_CLIENT_OUTPUT, MACHINE_OUTPUT, *OUTPUTS)
ADMINS = "admin"
"""The group whose members may write the catalogue."""
ENDPOINT = "{stack}-canvas"
FASHN_KEY = "{stack}/fashn-api-key"
INSTANCES = 2
"""Instances that the container's endpoint may have at once."""
PUBLIC_ACCESS = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
EXPIRING: Mapping[str, tuple[str, ...]] = {
    "UploadsBucket": ("models/users/", "masks/", "prepared/models/users/", "prepared/masks/"),
    "ResultsBucket": ("results/", "derived/", "generated/"),
}
"""Prefixes of private pictures by bucket: what lies there goes by itself."""
NOTIFYING: Mapping[str, tuple[str, ...]] = {
    "UploadsBucket": ("products/", "models/"),
    "ResultsBucket": ("results/",),
}
"""Prefixes by bucket of which a queue is told."""
MACHINE_NAME = "{stack}-try-on"
LOG_GROUP = "/aws/lambda/{stack}-{function}"

USER_MODELS = "models/users/"
"""Key prefix of private photos."""
DELIVERY = "delivered#{job_id}#{connection_id}"
"""Key in the controls table under which the version that a socket has seen is kept, for a day."""
HISTORY_DAYS = 90
"""Step Functions forgets executions after that."""
HISTORY_EVENTS = 25_000
"""Step Functions ends an execution that has more events."""
