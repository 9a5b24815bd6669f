"""`make page-config STACK=…`: what the page's host needs of a deployed stack, its config.json and its headers."""

import json
import sys
from collections.abc import Mapping
from typing import Annotated, Any

import boto3
import typer
from botocore.exceptions import BotoCoreError, ClientError

NEEDED = ("ApiUrl", "SocketUrl", "UserPoolId", "UserPoolClientId", "UploadsBucket", "ResultsBucket")


def page_config(outputs: Mapping[str, str], region: str) -> dict[str, str]:
    """The config.json of the page.

    Args:
        outputs: Of the stack.
        region: It is deployed in.

    Raises:
        KeyError: The stack is none of ours: an output is missing.

    Example:
        >>> page_config(dict.fromkeys(NEEDED, "x"), "eu-central-1")["region"]
        'eu-central-1'
    """
    return {
        "apiUrl": outputs["ApiUrl"],
        "socketUrl": outputs["SocketUrl"],
        "userPoolId": outputs["UserPoolId"],
        "userPoolClientId": outputs["UserPoolClientId"],
        "region": region,
    }


def policy(*origins: str, shops: str = "'none'") -> str:
    """The page's Content-Security-Policy: its own files, and the addresses that it talks to.

    Args:
        origins: Of the APIs, of Cognito and of the buckets.
        shops: Origins of the pages that may show this one in a frame, separated by blanks.
    """
    those = " ".join(origins)
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; base-uri 'none'; form-action 'none'; "
        f"frame-ancestors {shops}; frame-src 'self'; img-src 'self' blob: data: {those}; connect-src 'self' {those}"
    )


def policy_of(outputs: Mapping[str, str], region: str, shops: str = "'none'") -> str:
    """The policy for a stack on AWS; arguments as for `page_config` and `policy`."""
    buckets = [outputs[name] for name in ("UploadsBucket", "ResultsBucket")]
    hosts = [
        f"https://{bucket}.{host}" for bucket in buckets for host in (f"s3.{region}.amazonaws.com", "s3.amazonaws.com")
    ]
    socket = outputs["SocketUrl"].removesuffix("/live")
    return policy(outputs["ApiUrl"], socket, f"https://cognito-idp.{region}.amazonaws.com", *hosts, shops=shops)


def headers(policy: str) -> dict[str, str]:
    """All headers that a host should send with the page's files.

    Args:
        policy: Its Content-Security-Policy.
    """
    return {
        "Content-Security-Policy": policy,
        "Cache-Control": "no-cache",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }


def main(
    stack: Annotated[str, typer.Argument(help="Name of the deployed stack.")],
    region: Annotated[str | None, typer.Option(help="Its region, if not the configured one.")] = None,
    *,
    shop: Annotated[
        str, typer.Option(help="With --headers: origins of shops that show the page in a frame.")
    ] = "'none'",
    with_headers: Annotated[bool, typer.Option("--headers", help="The headers of the page's files instead.")] = False,
) -> None:
    """Print the config.json for a deployed stack, or the headers that its host should send."""
    try:
        session = boto3.session.Session(region_name=region)
        client: Any = session.client("cloudformation")
        (found,) = client.describe_stacks(StackName=stack)["Stacks"]
        outputs = {one["OutputKey"]: one["OutputValue"] for one in found.get("Outputs", [])}
        where = str(session.region_name)
        made = headers(policy_of(outputs, where, shop)) if with_headers else page_config(outputs, where)
    except (BotoCoreError, ClientError) as problem:
        sys.exit(f"the stack {stack} cannot be looked up: {problem}")
    except KeyError as missing:
        sys.exit(f"the stack {stack} has no output {missing}: is it one of vto?")
    sys.stdout.write(json.dumps(made, indent=2) + "\n")


if __name__ == "__main__":
    typer.run(main)
