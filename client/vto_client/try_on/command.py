"""The command itself: who asks which stack, and how the outcome is shown."""

import difflib
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Final, NoReturn

import typer
from rich.console import Console

from vto_client.blocking import Vto
from vto_client.connect import USAGE, connected
from vto_client.errors import ApiError, LostError, TokenError
from vto_client.problems import CommandError
from vto_client.try_on import render
from vto_client.try_on.request import ensure_key, photo_of
from vto_client.try_on.run import Outcome, Wanted, Watched, run

SHOWN_IDS: Final = 6


def try_on(
    model: Annotated[
        str, typer.Argument(help="Who tries on: a model's id, the s3:// address of its picture, or a photo.")
    ],
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
    consent: Annotated[
        str | None, typer.Option(metavar="VERSION", help="Of the policy that whoever is in the photo has agreed to.")
    ] = None,
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
    photo = photo_of(model, product, consent, dry_run=dry_run)
    wanted = Wanted(model, product, options, key, dry_run, out, wait, photo, consent or "")
    with _beginning(wanted, stack, region) as vto:
        _followed(vto, wanted, stack, region, as_json=as_json)


def _beginning(wanted: Wanted, stack: str, region: str | None) -> Vto:
    """All that can go wrong before anything is sent, and who is asked.

    Raises:
        CommandError: With exit code 2, or that of a sign-in that did not work.
    """
    ensure_key(wanted.key)
    if not wanted.dry_run:
        ensure_folder(wanted.out)
    return connected(stack, region)


def ensure_folder(out: Path | None) -> None:
    """Make the folder that pictures are saved in.

    Raises:
        CommandError: It cannot be made.
    """
    try:
        if out is not None:
            out.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise CommandError(f"--out: {problem}", exit_code=USAGE) from problem


def watch(
    job: Annotated[str, typer.Argument(help="The try-on's id.")],
    *,
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Save the pictures there.")] = None,
    wait: Annotated[float, typer.Option(min=0, metavar="SECONDS", help="How long to follow the job.")] = 1800,
    as_json: Annotated[bool, typer.Option("--json", help="Print the outcome as JSON.")] = False,
    stack: Annotated[str, typer.Option(help="Name of the stack.")] = "vto",
    region: Annotated[str | None, typer.Option(help="AWS region; the configured one when left out.")] = None,
) -> None:
    """Follow one of your own try-ons to its end, as `vto try` follows the one that it makes.

    Signs in as `vto try` does. Exit codes: 0 completed, 1 failed, 2 could not begin, 3 refused, 4 not signed in, 5 not
    known, not saved.
    """
    ensure_folder(out)
    with connected(stack, region) as vto:
        _followed(vto, Watched(job, out=out, wait=wait), stack, region, as_json=as_json)


def _followed(vto: Vto, wanted: Wanted | Watched, stack: str, region: str | None, *, as_json: bool) -> NoReturn:
    progress = render.Progress(Console(stderr=True, highlight=False, quiet=as_json))
    outcome = run(vto, wanted, progress)
    if as_json:
        Console(highlight=False).print_json(data=outcome.as_json(), ensure_ascii=False)
    _show(outcome, wanted, vto, f"--stack {stack}{f' --region {region}' if region else ''}", quiet=as_json)
    raise typer.Exit(outcome.exit_code)


def _show(outcome: Outcome, wanted: Wanted | Watched, vto: Vto, where: str, *, quiet: bool) -> None:
    """Print an outcome: what was made on standard output, what went wrong on standard error."""
    out = Console(highlight=False, quiet=quiet)
    errors = Console(stderr=True, highlight=False)
    if outcome.plan is not None:
        render.plan(outcome.plan, out)
    if outcome.outcome in ("completed", "unsaved") and outcome.job is not None:
        render.completed(outcome.job, out, files=outcome.files)
    if outcome.error is not None:
        verb = "Refused" if outcome.outcome == "refused" else "Failed"
        render.refused(verb, outcome.error, errors, lambda path: _others(vto, wanted, path))
        if outcome.outcome == "failed" and outcome.job is not None:
            errors.print(f"    → vto explain {outcome.job['id']} {where}", markup=False, soft_wrap=True)
    if outcome.problem is not None:
        errors.print(f"✗ {outcome.problem}", markup=False, soft_wrap=True)


def _others(vto: Vto, wanted: Wanted | Watched, path: str) -> Sequence[str]:
    """Ids that could have been meant, where a violation is about one that is not there."""
    if isinstance(wanted, Watched) or path not in ("product_id", "model_id"):
        return ()
    value = wanted.product if path == "product_id" else wanted.model
    try:
        found: Sequence[Any] = vto.products_page()["products"] if path == "product_id" else vto.models()
    except (ApiError, LostError, TokenError):
        return ()
    ids = [str(one[path]) for one in found]
    return () if value in ids else difflib.get_close_matches(value, ids, SHOWN_IDS) or ids[:SHOWN_IDS]
