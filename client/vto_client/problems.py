"""What keeps a command from doing its work, in one sentence with its remedy."""

from dataclasses import dataclass

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,  # noqa: A004  # botocore's own name
    HTTPClientError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ProfileNotFound,
    SSOError,
    TokenRetrievalError,
)

DENIED = frozenset(
    {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "NotAuthorized", "AuthorizationError"}
)
BAD_CREDENTIALS = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
SERVICE_OF = {
    "GetItem": "dynamodb",
    "DescribeStacks": "cloudformation",
    "ListStackResources": "cloudformation",
    "DescribeExecution": "states",
    "GetExecutionHistory": "states",
    "FilterLogEvents": "logs",
    "GetCallerIdentity": "sts",
    "Invoke": "lambda",
    "GetAccountSettings": "lambda",
    "GetEventSourceMapping": "lambda",
    "DescribeUserPool": "cognito-idp",
    "DescribeUserPoolClient": "cognito-idp",
    "ListUsersInGroup": "cognito-idp",
    "GetFoundationModel": "bedrock",
    "DescribeEndpoint": "sagemaker",
    "DescribeSecret": "secretsmanager",
    "ListServiceQuotas": "servicequotas",
    "DescribeTimeToLive": "dynamodb",
    "DescribeContinuousBackups": "dynamodb",
    "GetPublicAccessBlock": "s3",
    "GetBucketCors": "s3",
    "GetBucketLifecycleConfiguration": "s3",
    "GetBucketNotificationConfiguration": "s3",
    "GetQueueAttributes": "sqs",
    "DescribeRule": "events",
    "DescribeAlarms": "cloudwatch",
    "ListSubscriptionsByTopic": "sns",
}
ACTION_OF = {
    "Invoke": "InvokeFunction",
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
    "GetBucketCors": "GetBucketCORS",
    "GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
    "GetBucketNotificationConfiguration": "GetBucketNotification",
}
"""Where an operation's permission has another name."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Something that could not be found out, while the rest could: what, why, and what would help."""

    what: str
    why: str
    remedy: str = ""


class CommandError(Exception):
    """The command cannot go on; its text is for the person who typed it, ``exit_code`` for a script."""

    def __init__(self, text: str, exit_code: int = 1) -> None:
        super().__init__(text)
        self.exit_code = exit_code


_FATAL: dict[type[Exception] | tuple[type[Exception], ...], str] = {
    (NoCredentialsError, PartialCredentialsError): (
        "there are no AWS credentials: `aws configure`, `aws sso login`, or set AWS_PROFILE"
    ),
    (SSOError, TokenRetrievalError): "the AWS session has ended: `aws sso login`",
    ProfileNotFound: "{error}: check AWS_PROFILE",
    NoRegionError: "no region is chosen: --region, or AWS_REGION",
    (ConnectionError, HTTPClientError): (
        "AWS cannot be reached: {error} (AWS_ENDPOINT_URL set to a stack that has ended?)"
    ),
}


def code_of(error: ClientError) -> str:
    """The service's code of an error, such as ``AccessDeniedException``."""
    return str(error.response.get("Error", {}).get("Code", ""))


def is_denied(error: ClientError) -> bool:
    """Whether a permission is missing."""
    return code_of(error) in DENIED


def permission(error: ClientError) -> str:
    """The permission that a refused call needs, such as ``logs:FilterLogEvents``."""
    name = error.operation_name
    return f"{SERVICE_OF.get(name, 'aws')}:{ACTION_OF.get(name, name)}"


def fatal(error: Exception) -> CommandError | None:
    """The problem behind an error of boto3, if no other call would fare better; None otherwise."""
    for kind, text in _FATAL.items():
        if isinstance(error, kind):
            return CommandError(text.format(error=error))
    if isinstance(error, ClientError) and code_of(error) in BAD_CREDENTIALS:
        return CommandError(f"the AWS credentials are not accepted ({code_of(error)}): sign in again")
    return None


def short(error: Exception) -> str:
    """An unexpected error of boto3, in one line."""
    if isinstance(error, ClientError):
        return f"{error.operation_name}: {code_of(error)}: {error.response.get('Error', {}).get('Message', '')}"[:300]
    return f"{type(error).__name__}: {error}"[:300]


__all__ = [
    "BotoCoreError",
    "ClientError",
    "CommandError",
    "Gap",
    "code_of",
    "fatal",
    "is_denied",
    "permission",
    "short",
]
