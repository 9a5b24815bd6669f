"""Where a deployed stack's things are: from its CloudFormation outputs, or by the names that its template gives."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config

from vto_client import facts
from vto_client.problems import BotoCoreError, ClientError, CommandError, Gap, fatal, is_denied, permission, short

type Clients = Callable[[str], Any]

_CONFIG = Config(retries={"mode": "standard", "max_attempts": 4}, connect_timeout=5, read_timeout=20)
# orders: one that takes long must not be given twice, and may take as long as its function
_PATIENT = Config(retries={"mode": "standard", "total_max_attempts": 1}, connect_timeout=5, read_timeout=125)


@dataclass(frozen=True, slots=True)
class Stack:
    """A stack's names; ``gaps`` says which of them are guesses."""

    name: str
    region: str
    jobs_table: str
    controls_table: str
    machine_arn: str | None
    log_groups: dict[str, str]
    """Log groups by function."""
    gaps: tuple[Gap, ...] = ()

    def machine_of(self, clients: Clients) -> str:
        """The state machine by the name that the template gives it, in the caller's own account."""
        try:
            caller: str = clients("sts").get_caller_identity()["Arn"]
        except (ClientError, BotoCoreError) as error:
            raise fatal(error) or CommandError(f"the account cannot be found out: {short(error)}") from error
        _, partition, _, _, account, _ = caller.split(":", 5)
        name = facts.MACHINE_NAME.format(stack=self.name)
        return f"arn:{partition}:states:{self.region}:{account}:stateMachine:{name}"


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where a stack's shoppers sign in, and the API that they call."""

    api_url: str
    pool_id: str
    client_id: str
    socket_url: str | None = None


def clients(region: str | None) -> tuple[Clients, str]:
    """What makes boto3 clients with the usual credentials, and the region they are for.

    Args:
        region: One to use instead of the configured one.

    Raises:
        CommandError: No region is configured, or the profile does not exist.
    """
    try:
        # AWS_REGION counts for the AWS CLI, but not for boto3
        session = boto3.session.Session(region_name=region or os.environ.get("AWS_REGION"))
    except BotoCoreError as error:
        raise fatal(error) or CommandError(short(error)) from error
    if not session.region_name:
        raise CommandError("no region is chosen: --region, or AWS_REGION")
    made: dict[str, Any] = {}

    def client(service: str) -> Any:
        if service not in made:
            config = _PATIENT if service == "lambda" else _CONFIG
            made[service] = session.client(service, config=config)  # type: ignore[call-overload]
        return made[service]

    return client, str(session.region_name)


def find(name: str, clients: Clients, region: str) -> Stack:
    """Look a stack up.

    Raises:
        CommandError: There is no such stack, or AWS cannot be asked at all.
    """
    gaps: list[Gap] = []
    outputs = _asked(lambda: _outputs(name, clients), "tables, machine and logs", name, region, gaps) or {}
    groups = _asked(lambda: _log_groups(name, clients), "logs", name, region, gaps) if outputs else None
    return Stack(
        name=name,
        region=region,
        jobs_table=_named("JobsTable", name, outputs),
        controls_table=_named("ControlsTable", name, outputs),
        machine_arn=outputs.get(facts.MACHINE_OUTPUT),
        log_groups=groups or {one: facts.LOG_GROUP.format(stack=name, function=one) for one in facts.FUNCTIONS},
        gaps=tuple(gaps),
    )


def endpoints(name: str, clients: Clients, region: str) -> Endpoints:
    """Look up where a stack is talked to.

    Raises:
        CommandError: There is no such stack, it is none of ours, or it cannot be looked up.
    """
    try:
        outputs = _outputs(name, clients)
    except (ClientError, BotoCoreError) as error:
        problem = no_stack(error, name, region)
        if problem is None and isinstance(error, ClientError) and is_denied(error):
            problem = CommandError(
                f"the permission {permission(error)} is missing: ask for it, or set VTO_API_URL and VTO_TOKEN"
            )
        raise problem or CommandError(short(error)) from error
    wanted = (facts.API_OUTPUT, facts.POOL_OUTPUT, facts.POOL_CLIENT_OUTPUT)
    if missing := [output for output in wanted if output not in outputs]:
        raise CommandError(f"the stack {name} in {region} has no output {missing[0]}: is it one of vto? Check --stack")
    api_url, pool_id, client_id = (outputs[output] for output in wanted)
    return Endpoints(api_url, pool_id, client_id, outputs.get(facts.SOCKET_OUTPUT))


def _named(output: str, stack: str, outputs: dict[str, str]) -> str:
    return outputs.get(output) or facts.OUTPUTS[output].format(stack=stack)


def _outputs(name: str, clients: Clients) -> dict[str, str]:
    stack = clients("cloudformation").describe_stacks(StackName=name)["Stacks"][0]
    return {one["OutputKey"]: one["OutputValue"] for one in stack.get("Outputs", [])}


def _log_groups(name: str, clients: Clients) -> dict[str, str]:
    pages = clients("cloudformation").get_paginator("list_stack_resources").paginate(StackName=name)
    prefix = facts.LOG_GROUP.format(stack=name, function="")
    groups = [
        one.get("PhysicalResourceId", "")
        for page in pages
        for one in page["StackResourceSummaries"]
        if one["ResourceType"] == "AWS::Logs::LogGroup"
    ]
    return {group.removeprefix(prefix): group for group in groups if group.startswith(prefix)}


def _asked(
    ask: Callable[[], dict[str, str]], things: str, name: str, region: str, gaps: list[Gap]
) -> dict[str, str] | None:
    """Ask CloudFormation; without the permission the template's own names serve."""
    try:
        return ask()
    except (ClientError, BotoCoreError) as error:
        problem = no_stack(error, name, region)
        if problem is not None or not isinstance(error, ClientError):
            raise problem or CommandError(short(error)) from error
        why = f"the permission {permission(error)} is missing" if is_denied(error) else short(error)
        gaps.append(Gap("names", f"{why}; {things} are taken by their usual names"))
        return None


def no_stack(error: Exception, name: str, region: str) -> CommandError | None:
    """The problem behind an error of CloudFormation after which nothing of this stack can be found."""
    if isinstance(error, ClientError) and "does not exist" in str(error):
        return CommandError(
            f"there is no stack {name} in {region}: check --stack and --region "
            "(`aws cloudformation list-stacks` lists them)"
        )
    return fatal(error)
