"""The command itself: who asks which stack, and how the outcome is shown."""

import difflib
import os
import time
import uuid
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console

from vto_client import stack as stacks
from vto_client.api import Api, ApiError, LostError, TokenError
from vto_client.problems import CommandError
from vto_client.sign_in import Pool, token
from vto_client.try_on import render
from vto_client.try_on.follow import Clock
from vto_client.try_on.request import USAGE, ensure_ids, ensure_key
from vto_client.try_on.run import Outcome, Wanted, run

API_URL: Final = "VTO_API_URL"
SHOWN_IDS: Final = 6


def try_on(
    model: Annotated[str, typer.Argument(help="Who tries on: a model's id, or the s3:// address of its picture.")],
    product: Annotated[str, typer.Argument(help="What is tried on: a product's id.")],
    *,
    garment_class: Annotated[str | None, typer.Option("--class", help="Garment class, as UPPER_BODY.")] = None,
    mask_type: Annotated[str | None, typer.Option(help="GARMENT, PROMPT or IMAGE.")] = None,
    mask_shape: Annotated[str | None, typer.Option(help="CONTOUR, BOUNDING_BOX or DEFAULT.")] = None,
    mask_prompt: Annotated[str | None, typer.Option(help="What is replaced, in English words.")] = None,
    mask: Annotated[str | None, typer.Option(help="s3:// address of a mask of your own.")] = None,
    long_sleeve: Annotated[str | None, typer.Option(help="SLEEVE_DOWN or SLEEVE_UP.")] = None,
    tucking: Annotated[str | None, typer.Option(help="UNTUCKED or TUCKED.")] = None,
    outer_layer: Annotated[str | None, typer.Option(help="CLOSED or OPEN.")] = None,
    preserve_pose: Annotated[str | None, typer.Option(help="ON, OFF or DEFAULT.")] = None,
    preserve_hands: Annotated[str | None, typer.Option(help="ON, OFF or DEFAULT.")] = None,
    preserve_face: Annotated[str | None, typer.Option(help="ON, OFF or DEFAULT.")] = None,
    merge: Annotated[str | None, typer.Option(help="BALANCED, SEAMLESS or DETAILED.")] = None,
    return_mask: Annotated[bool, typer.Option("--return-mask", help="Return the mask, too.")] = False,
    variants: Annotated[int | None, typer.Option(help="How many pictures, 1 to 5.")] = None,
    quality: Annotated[str | None, typer.Option(help="standard or premium.")] = None,
    cfg: Annotated[float | None, typer.Option(help="How closely to follow the request, 1.1 to 10.")] = None,
    seed: Annotated[int | None, typer.Option(help="0 to 2147483646; the same one gives the same picture.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only plan: nothing is made or spent.")] = False,
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Save the pictures there.")] = None,
    idempotency_key: Annotated[
        str | None,
        typer.Option(metavar="KEY", help="Your own name for this request; an earlier one's follows its job."),
    ] = None,
    wait: Annotated[float, typer.Option(min=0, metavar="SECONDS", help="How long to follow the job.")] = 1800,
    as_json: Annotated[bool, typer.Option("--json", help="Print the outcome as JSON.")] = False,
    stack: Annotated[str, typer.Option(help="Name of the stack.")] = "vto",
    region: Annotated[str | None, typer.Option(help="AWS region; the configured one when left out.")] = None,
) -> None:
    """Try a product on: make the pictures and follow them to the end, or with --dry-run only plan them.

    Signs in with VTO_USER and VTO_PASSWORD, at a terminal by asking, or takes the access token in VTO_TOKEN.
    Exit codes: 0 completed or planned, 1 failed, 2 could not begin, 3 refused, 4 not signed in, 5 not known, not saved.
    """
    options = {
        "--class": garment_class, "--mask-type": mask_type, "--mask-shape": mask_shape, "--mask-prompt": mask_prompt,
        "--mask": mask, "--long-sleeve": long_sleeve, "--tucking": tucking, "--outer-layer": outer_layer,
        "--preserve-pose": preserve_pose, "--preserve-hands": preserve_hands, "--preserve-face": preserve_face,
        "--merge": merge, "--return-mask": return_mask or None, "--variants": variants, "--quality": quality,
        "--cfg": cfg, "--seed": seed,
    }  # fmt: skip
    key = idempotency_key or f"vto-{uuid.uuid4()}"
    wanted = Wanted(model, product, options, key, dry_run=dry_run, out=out, wait=wait)
    with _beginning(wanted, stack, region) as api:
        progress = render.Progress(Console(stderr=True, highlight=False, quiet=as_json))
        outcome = run(api, wanted, progress, Clock(time.monotonic, time.sleep))
        if as_json:
            Console(highlight=False).print_json(data=outcome.as_json(), ensure_ascii=False)
        _show(outcome, wanted, api, f"--stack {stack}{f' --region {region}' if region else ''}", quiet=as_json)
    raise typer.Exit(outcome.exit_code)


def _beginning(wanted: Wanted, stack: str, region: str | None) -> Api:
    """All that can go wrong before anything is sent, and who is asked.

    Raises:
        CommandError: With exit code 2, or that of a sign-in that did not work.
    """
    try:
        ensure_ids(wanted.model, wanted.product)
        ensure_key(wanted.key)
        if wanted.out is not None and not wanted.dry_run:
            wanted.out.mkdir(parents=True, exist_ok=True)
        return api_of(stack, region, os.environ)
    except OSError as problem:
        raise CommandError(f"--out: {problem}", exit_code=USAGE) from problem
    except ValueError as problem:
        raise CommandError(f"{API_URL}: {problem}", exit_code=USAGE) from problem
    except CommandError as problem:
        problem.exit_code = USAGE if problem.exit_code == 1 else problem.exit_code
        raise


def api_of(stack: str, region: str | None, environment: Mapping[str, str]) -> Api:
    """The API that the environment names, or else the stack's; AWS is asked only for what the environment lacks."""

    @cache
    def found() -> tuple[stacks.Endpoints, stacks.Clients]:
        clients, chosen = stacks.clients(region)
        return stacks.endpoints(stack, clients, chosen), clients

    def pool() -> Pool:
        endpoints, clients = found()
        return Pool(endpoints.pool_id, endpoints.client_id, clients("cognito-idp"))

    bearer = token(pool, environment)
    return Api(environment.get(API_URL) or found()[0].api_url, bearer)


def _show(outcome: Outcome, wanted: Wanted, api: Api, where: str, *, quiet: bool) -> None:
    """Print an outcome: what was made on standard output, what went wrong on standard error."""
    out = Console(highlight=False, quiet=quiet)
    errors = Console(stderr=True, highlight=False)
    if outcome.plan is not None:
        render.plan(outcome.plan, out)
    if outcome.outcome in ("completed", "unsaved") and outcome.job is not None:
        render.completed(outcome.job, out, files=outcome.files)
    if outcome.error is not None:
        verb = "Refused" if outcome.outcome == "refused" else "Failed"
        render.refused(verb, outcome.error, errors, lambda path: _others(api, wanted, path))
        if outcome.outcome == "failed" and outcome.job is not None:
            errors.print(f"    → vto explain {outcome.job['id']} {where}", markup=False, soft_wrap=True)
    if outcome.problem is not None:
        errors.print(f"✗ {outcome.problem}", markup=False, soft_wrap=True)


def _others(api: Api, wanted: Wanted, path: str) -> Sequence[str]:
    """Ids that could have been meant, where a violation is about one that is not there."""
    asked = {"product_id": (wanted.product, api.products), "model_id": (wanted.model, api.models)}
    if path not in asked:
        return ()
    value, ask = asked[path]
    try:
        ids = [str(one[path]) for one in ask()]
    except (ApiError, LostError, TokenError):
        return ()
    return () if value in ids else difflib.get_close_matches(value, ids, SHOWN_IDS) or ids[:SHOWN_IDS]
