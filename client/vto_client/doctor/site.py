"""An installation as `vto doctor` looks at it: its stack, and questions to AWS that say what cannot be asked."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from vto_client.asking import is_local
from vto_client.problems import BotoCoreError, ClientError, CommandError, code_of, fatal, is_denied, permission, short
from vto_client.stack import Clients, no_stack

OK, WARN, FAIL, UNKNOWN = "ok", "warn", "fail", "unknown"
ONLY_ON_AWS: Final = "deploy it to AWS and ask there"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: ``state`` is ok, warn, fail or unknown; what helps, where it is not ok."""

    check: str
    state: str
    what: str
    remedy: str = ""


class UnknownError(Exception):
    """Something cannot be found out; its text says why, ``remedy`` what would help."""

    def __init__(self, why: str, remedy: str) -> None:
        super().__init__(why)
        self.remedy = remedy


class AbsentError(Exception):
    """What was asked for is not there."""


@dataclass
class Site:
    """One stack.

    Args:
        clients: Makes boto3 clients.
        name: The stack's name.
        region: Its region.
        status: CloudFormation's word for how it is.
        parameters: What it was deployed with.
        outputs: What it says of itself.
    """

    clients: Clients
    name: str
    region: str
    status: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)
    _resources: list[tuple[str, str, str]] | None = None

    @property
    def is_local(self) -> bool:
        """Whether this is the local stack, which has not all of AWS."""
        return is_local(str(self.clients("cloudformation").meta.endpoint_url))

    @property
    def engines(self) -> tuple[str, ...]:
        """Who draws, and who draws in their place."""
        named = (self.parameters.get("Engine", ""), self.parameters.get("FallbackEngine", "none"))
        return tuple(dict.fromkeys(one for one in named if one not in ("", "none")))

    def resources(self, kind: str) -> dict[str, str]:
        """Physical ids of the resources of a type, by their names in the template.

        Raises:
            UnknownError: They cannot be listed.
        """
        if self._resources is None:
            found: list[tuple[str, str, str]] = []
            for page in self.pages("cloudformation", "list_stack_resources", StackName=self.name):
                found += [
                    (one["ResourceType"], one["LogicalResourceId"], one.get("PhysicalResourceId", ""))
                    for one in page["StackResourceSummaries"]
                ]
            self._resources = found
        return {logical: physical for type_, logical, physical in self._resources if type_ == kind and physical}

    def pages(self, service: str, operation: str, **wanted: Any) -> Iterator[Any]:
        """All pages of a list; raises as `ask`."""
        pages = iter(self.clients(service).get_paginator(operation).paginate(**wanted))
        while True:
            page = self._asked(lambda: next(pages, None))
            if page is None:
                return
            yield page

    def ask(self, service: str, operation: str, *, absent: frozenset[str] = frozenset(), **wanted: Any) -> Any:
        """Ask AWS.

        Args:
            service: boto3's name of it.
            operation: What to call.
            absent: Error codes that say that there is no such thing.
            wanted: The call's arguments.

        Raises:
            AbsentError: There is no such thing.
            UnknownError: It cannot be found out.
            CommandError: Nothing can be.
        """
        return self._asked(lambda: getattr(self.clients(service), operation)(**wanted), absent)

    def _asked(self, call: Callable[[], Any], absent: frozenset[str] = frozenset()) -> Any:
        try:
            return call()
        except ClientError as error:
            if code_of(error) in absent:
                raise AbsentError(short(error)) from error
            if is_denied(error):
                raise UnknownError(
                    f"the permission {permission(error)} is missing", "ask for it, or use another role"
                ) from error
            if self.is_local:
                raise UnknownError(
                    f"the local stack does not answer {error.operation_name} ({code_of(error)})", ONLY_ON_AWS
                ) from error
            raise fatal(error) or UnknownError(short(error), "try again") from error
        except BotoCoreError as error:
            if self.is_local:  # an answer that boto3 cannot read is the emulator's
                raise UnknownError(
                    f"the local stack does not answer this ({type(error).__name__})", ONLY_ON_AWS
                ) from error
            raise fatal(error) or UnknownError(short(error), "try again") from error


def find(name: str, clients: Clients, region: str) -> Site:
    """Look a stack up.

    Raises:
        CommandError: There is no such stack, or AWS cannot be asked.
    """
    try:
        stack = clients("cloudformation").describe_stacks(StackName=name)["Stacks"][0]
    except (ClientError, BotoCoreError) as error:
        problem = no_stack(error, name, region)
        if problem is None and isinstance(error, ClientError) and is_denied(error):
            problem = CommandError(f"the permission {permission(error)} is missing: nothing can be checked without it")
        raise problem or CommandError(short(error)) from error
    return Site(
        clients,
        name,
        region,
        status=stack["StackStatus"],
        parameters={one["ParameterKey"]: one.get("ParameterValue", "") for one in stack.get("Parameters", [])},
        outputs={one["OutputKey"]: one["OutputValue"] for one in stack.get("Outputs", [])},
    )
