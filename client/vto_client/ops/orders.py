"""Orders to a stack: they go to a function of it, so that no rule of the stack is repeated here."""

import json
from dataclasses import dataclass
from typing import Any

from vto_client import facts
from vto_client.problems import (
    BotoCoreError,
    ClientError,
    CommandError,
    code_of,
    fatal,
    is_denied,
    permission,
    short,
)
from vto_client.stack import Clients

UNKNOWN = "ResourceNotFoundException"
BUSY = "TooManyRequestsException"


@dataclass(frozen=True, slots=True)
class Operator:
    """Whoever orders.

    Args:
        clients: Makes clients of AWS.
        stack: The stack's name.
        region: Its region.
    """

    clients: Clients
    stack: str
    region: str

    def order(self, name: str, **more: Any) -> dict[str, Any]:
        """Give an order; its answer.

        Raises:
            CommandError: It cannot be given, was refused, or failed.
        """
        return self._invoke(facts.OPERATE, {"order": name, **more})

    def reconcile(self, *, is_whole: bool) -> dict[str, Any]:
        """Go on comparing uploads with the catalogue, for one run; what it did."""
        return self._invoke(facts.RECONCILE, {"whole": is_whole})

    def _invoke(self, function: str, event: dict[str, Any]) -> dict[str, Any]:
        name = facts.FUNCTION_NAME.format(stack=self.stack, function=function)
        try:
            answer = self.clients("lambda").invoke(FunctionName=name, Payload=json.dumps(event).encode())
            content = json.loads(answer["Payload"].read())
        except (ClientError, BotoCoreError) as error:
            raise self._problem(error, name) from error
        if "FunctionError" in answer:
            raise CommandError(refusal(content))
        return dict(content)

    def _problem(self, error: ClientError | BotoCoreError, function: str) -> CommandError:
        if problem := fatal(error):
            return problem
        if isinstance(error, ClientError):
            if is_denied(error):
                return CommandError(f"the permission {permission(error)} on the function {function} is missing")
            if code_of(error) == UNKNOWN:
                return CommandError(
                    f"there is no function {function} in {self.region}: check --stack and --region; "
                    "a stack from before `vto ops` has to be deployed anew"
                )
            if code_of(error) == BUSY:
                return CommandError("the account's functions are all busy: try again in a moment")
        return CommandError(short(error))


def refusal(content: Any) -> str:
    """What a function that failed says, in words for the person who ordered."""
    document = content if isinstance(content, dict) else {}
    name, message = str(document.get("errorType", "an error")), str(document.get("errorMessage", ""))
    try:
        told = json.loads(message)["details"]
        return "; ".join(f"{one['path']} {one['problem']}: {one['remedy']}" for one in told)
    except (ValueError, TypeError, KeyError):
        return f"the stack could not do it: {name}: {message[:300]}"
