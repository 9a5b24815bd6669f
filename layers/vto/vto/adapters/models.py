"""What Bedrock says of its models, in the Region of this stack."""

from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from vto.adapters.aws_errors import code_of
from vto.domain.lifecycle import GONE, Lifecycle
from vto.errors import ModelUnavailableError


class BedrockModels:
    """The ``Models`` port on GetFoundationModel.

    Source: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_FoundationModelLifecycle.html
    """

    def __init__(self, client: Any) -> None:
        self._client = client

    def lifecycle(self, model_id: str) -> Lifecycle:
        """A model's lifecycle.

        Raises:
            ModelUnavailableError: Bedrock does not say.
        """
        try:
            details = self._client.get_foundation_model(modelIdentifier=model_id).get("modelDetails", {})
        except ClientError as error:
            text = str(error.response.get("Error", {}).get("Message", ""))[:300]
            unknown = code_of(error) == "ValidationException" and "identifier is invalid" in text
            if code_of(error) == "ResourceNotFoundException" or unknown:
                return GONE
            raise ModelUnavailableError(f"get_foundation_model: {code_of(error)}: {text}") from error
        except BotoCoreError as error:
            raise ModelUnavailableError(f"get_foundation_model: {type(error).__name__}") from error
        said = details.get("modelLifecycle", {})
        return Lifecycle(said.get("status", "ACTIVE"), _utc(said.get("legacyTime")), _utc(said.get("endOfLifeTime")))


def _utc(moment: datetime | None) -> datetime | None:
    return moment.astimezone(UTC) if moment else None
