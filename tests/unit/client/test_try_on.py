"""One try-on from its options to an outcome, and what people and scripts are told of it."""

import io
import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from rich.console import Console

from tests.unit.client.service import (
    JOB,
    LINK,
    PLAN,
    Answer,
    Service,
    answer,
    completed,
    failed,
    job,
    refusal,
    wanted,
)
from vto_client.live import PATIENCE
from vto_client.problems import CommandError
from vto_client.try_on import render
from vto_client.try_on.request import ensure_key, option_of, photo_of, request_of
from vto_client.try_on.run import EXIT_CODES, Outcome, Wanted, run

CREATE, LOOK = "POST /try-ons", f"GET /try-ons/{JOB}"


def ran(service: Service, want: Wanted | None = None, seen: list[Any] | None = None) -> Outcome:
    snapshots: list[Any] = [] if seen is None else seen
    return run(service.vto, want or wanted(), snapshots.append)


# --- options become a request -----------------------------------------------------------------------------------------


def never(_: Any) -> Any:
    raise AssertionError("nothing is to be proposed")


def test_without_options_the_service_decides() -> None:
    assert request_of("anna", "shirt", {"--class": None}, never) == {"model_id": "anna", "product_id": "shirt"}


def test_an_address_of_a_picture_takes_the_place_of_an_id() -> None:
    found = request_of("s3://uploads/models/stock/anna.png", "shirt", {}, never)
    assert found == {"model_picture_s3_url": "s3://uploads/models/stock/anna.png", "product_id": "shirt"}


@pytest.mark.parametrize(
    ("options", "parameters"),
    [
        (
            {"--class": "UPPER_BODY", "--variants": 3, "--seed": 0, "--tucking": "TUCKED"},
            {
                "maskType": "GARMENT",
                "garmentBasedMask": {"garmentClass": "UPPER_BODY", "garmentStyling": {"tuckingStyle": "TUCKED"}},
                "imageGenerationConfig": {"numberOfImages": 3, "seed": 0},
            },
        ),
        (
            {"--mask-prompt": "sofa", "--mask-shape": "CONTOUR", "--return-mask": True},
            {
                "maskType": "PROMPT",
                "promptBasedMask": {"maskPrompt": "sofa", "maskShape": "CONTOUR"},
                "returnMask": True,
            },
        ),
        (
            {"--mask": "s3://b/m.png", "--preserve-face": "ON"},
            {
                "maskType": "IMAGE",
                "imageBasedMask": {"maskImage": "s3://b/m.png"},
                "maskExclusions": {"preserveFace": "ON"},
            },
        ),
        ({"--mask-type": "NONSENSE"}, {"maskType": "NONSENSE"}),
    ],
)
def test_options_become_parameters_unchecked(options: dict[str, Any], parameters: dict[str, Any]) -> None:
    assert request_of("anna", "shirt", options, never)["parameters"] == parameters


def test_options_that_say_nothing_of_the_mask_are_added_to_what_the_service_proposes() -> None:
    asked: list[Any] = []

    def propose(request: Any) -> Any:
        asked.append(dict(request))
        return PLAN

    found = request_of("anna", "shirt", {"--merge": "SEAMLESS", "--mask-shape": "CONTOUR"}, propose)
    assert asked == [{"model_id": "anna", "product_id": "shirt"}]
    assert found["parameters"] == {
        "maskType": "GARMENT",
        "garmentBasedMask": {"garmentClass": "UPPER_BODY", "maskShape": "CONTOUR"},
        "mergeStyle": "SEAMLESS",
    }, "and no seed, which would count as named"
    assert "maskShape" not in json.dumps(PLAN), "the plan itself stays as it was"


def test_a_file_is_a_photo_if_there_is_one_and_never_a_product(tmp_path: Path) -> None:
    photo = tmp_path / "me.jpg"
    photo.write_bytes(b"\xff\xd8\xff photo")
    assert photo_of(str(photo), "shirt", "1", dry_run=False) == photo
    assert photo_of("no-such-file.jpg", "shirt", None, dry_run=False) is None, "a model may be called so"
    with pytest.raises(CommandError, match="vto catalogue import"):
        photo_of("anna", str(photo), None, dry_run=False)


@pytest.mark.parametrize("key", ["", "a b", "x" * 65, "ключ", "a\nb"])
def test_a_key_that_no_header_can_carry_is_refused(key: str) -> None:
    with pytest.raises(CommandError, match="--idempotency-key"):
        ensure_key(key)


@pytest.mark.parametrize(
    ("path", "option"),
    [
        ("parameters", "--class"),
        ("parameters.maskType", "--mask-type"),
        ("parameters.garmentBasedMask", "--class"),
        ("parameters.garmentBasedMask.maskShape", "--mask-shape"),
        ("parameters.imageGenerationConfig.seed", "--seed"),
        ("request_id", "--idempotency-key"),
        ("product_id", ""),
    ],
)
def test_a_violation_names_its_option(path: str, option: str) -> None:
    assert option_of(path) == option


# --- how it goes ------------------------------------------------------------------------------------------------------


def test_a_plan_makes_nothing() -> None:
    service = Service().says(CREATE, PLAN)
    outcome = ran(service, wanted(dry_run=True))
    assert (outcome.outcome, outcome.exit_code, outcome.plan, outcome.job) == ("planned", 0, PLAN, None)
    assert all(body["dry_run"] for body in service.bodies())


def test_a_job_is_followed_to_its_end_and_each_change_is_told_once() -> None:
    queued = job(3, "processing", "queued")
    service = Service().says(CREATE, job(1, "created")).says(LOOK, queued, queued, job(2, "processing"), completed())
    seen: list[Any] = []
    outcome = ran(service, seen=seen)
    assert (outcome.outcome, outcome.exit_code) == ("completed", 0)
    assert outcome.job is not None
    assert outcome.job["images"][0]["original_url"] == LINK
    assert [one["seq"] for one in seen] == [1, 3, 5], "an older snapshot is dropped"


def test_an_equal_finished_result_is_not_looked_at_twice() -> None:
    service = Service().says(CREATE, completed())
    assert ran(service).exit_code == 0
    assert len(service.asked) == 1


@pytest.mark.parametrize(
    ("code", "outcome", "exit_code"),
    [("model_timeout", "failed", 1), ("content_blocked", "refused", 3), ("of_a_newer_service", "failed", 1)],
)
def test_a_job_in_error_is_refused_or_failed_by_its_code(code: str, outcome: str, exit_code: int) -> None:
    found = ran(Service().says(CREATE, job(1, "created")).says(LOOK, failed(code)))
    assert (found.outcome, found.exit_code) == (outcome, exit_code)
    assert found.error is not None
    assert found.error["job_id"] == JOB


def test_a_refused_request_has_no_job() -> None:
    outcome = ran(Service().says(CREATE, refusal(400, "invalid_request")))
    assert (outcome.outcome, outcome.exit_code, outcome.job) == ("refused", 3, None)


def test_a_network_that_comes_back_within_a_minute_is_waited_for() -> None:
    away: list[Answer] = [httpx.ConnectError("away")] * 30
    service = Service().says(CREATE, job(1, "created")).says(LOOK, *away, answer(200, completed()))
    assert ran(service).outcome == "completed"


def test_a_network_that_stays_away_leaves_a_job_that_can_be_found_again() -> None:
    service = Service().says(CREATE, job(1, "created")).says(LOOK, httpx.ConnectError("away"))
    outcome = ran(service, wanted(key="order-17"))
    assert (outcome.outcome, outcome.exit_code) == ("unknown", 5)
    assert outcome.problem is not None
    assert outcome.problem.endswith(
        f"; the try-on {JOB} goes on: the same command with --idempotency-key order-17 follows it"
    )
    assert PATIENCE < service.time < 2 * PATIENCE


@pytest.mark.parametrize(
    ("lost", "words"),
    [
        (httpx.ConnectError("refused"), "(check VTO_API_URL, --stack and --region); nothing was made or spent"),
        (
            httpx.ReadTimeout(""),
            "whether the request arrived is not known: the same command with --idempotency-key key-1",
        ),
    ],
)
def test_a_request_that_nobody_answers_says_whether_it_may_have_arrived(lost: Exception, words: str) -> None:
    outcome = ran(Service().says(CREATE, lost))
    assert (outcome.outcome, outcome.exit_code) == ("unknown", 5)
    assert words in str(outcome.problem)


def test_a_job_that_takes_too_long_is_left_with_how_to_find_it_again() -> None:
    service = Service().says(CREATE, job(1, "created")).says(LOOK, job(2, "processing", "validating"))
    outcome = ran(service, wanted(wait=120))
    assert (outcome.outcome, outcome.exit_code) == ("unknown", 5)
    assert str(outcome.problem).startswith(f"not ended within 2 min 00 s; the try-on {JOB} goes on: ")
    assert 120 <= service.time < 130
    assert len(service.asked) < 100, "it is not asked for all the time"


def test_a_token_that_ends_before_the_job_leaves_the_job() -> None:
    service = Service().says(CREATE, job(1, "created")).says(LOOK, answer(401, {"message": "Unauthorized"}))
    outcome = ran(service)
    assert (outcome.outcome, outcome.exit_code) == ("not_signed_in", 4)
    assert "unset VTO_TOKEN" in str(outcome.problem)
    assert f"the try-on {JOB} goes on" in str(outcome.problem)
    refused = ran(Service().says(CREATE, answer(401, {"message": "Unauthorized"})))
    assert "goes on" not in str(refused.problem)
    assert "arrived" not in str(refused.problem)


def test_ctrl_c_stops_looking_and_not_the_job() -> None:
    def stop(_: httpx.Request) -> httpx.Response:
        raise KeyboardInterrupt

    outcome = ran(Service().says(CREATE, job(1, "created")).says(LOOK, stop))
    assert (outcome.outcome, outcome.exit_code) == ("stopped", 130)
    assert "goes on" in str(outcome.problem)


def test_a_job_that_was_erased_meanwhile_is_refused() -> None:
    outcome = ran(Service().says(CREATE, job(1, "created")).says(LOOK, refusal(404, "not_found")))
    assert (outcome.outcome, outcome.exit_code) == ("refused", 3)


# --- pictures ---------------------------------------------------------------------------------------------------------


def masked() -> dict[str, Any]:
    return completed(mask={"url": "https://files.example.com/mask.png"})


def test_pictures_and_mask_are_saved_whole_under_the_jobs_name(tmp_path: Path) -> None:
    service = Service().says(CREATE, masked())
    service.says("GET /0.png", httpx.Response(200, content=b"picture"))
    service.says("GET /mask.png", httpx.Response(200, content=b"mask"))
    outcome = ran(service, wanted(out=tmp_path))
    assert outcome.files == (tmp_path / f"{JOB}-1.png", tmp_path / f"{JOB}-mask.png")
    assert {one.name: one.read_bytes() for one in tmp_path.iterdir()} == {
        f"{JOB}-1.png": b"picture",
        f"{JOB}-mask.png": b"mask",
    }
    assert ran(service, wanted(out=tmp_path)).files == outcome.files, "twice is once"


def test_a_link_that_has_run_out_is_asked_for_anew(tmp_path: Path) -> None:
    service = Service().says(CREATE, completed()).says(LOOK, completed())
    service.says("GET /0.png", httpx.Response(403), httpx.Response(200, content=b"picture"))
    assert ran(service, wanted(out=tmp_path)).outcome == "completed"


def test_pictures_that_cannot_be_saved_are_still_there(tmp_path: Path) -> None:
    service = Service().says(CREATE, completed()).says("GET /0.png", httpx.Response(200, content=b"picture"))
    outcome = ran(service, wanted(out=tmp_path / "gone"))
    assert (outcome.outcome, outcome.exit_code, outcome.files) == ("unsaved", 5, None)
    assert "the pictures are made, but not all are saved" in str(outcome.problem)
    assert "--idempotency-key key-1 fetches them again" in str(outcome.problem)
    lost = Service().says(CREATE, completed()).says(LOOK, completed()).says("GET /0.png", httpx.Response(403))
    assert ran(lost, wanted(out=tmp_path)).outcome == "unsaved"
    assert list(tmp_path.iterdir()) == []


# --- what is told -----------------------------------------------------------------------------------------------------


def told(show: Any, *given: Any, **more: Any) -> str:
    out = io.StringIO()
    show(*given, Console(file=out, width=60, highlight=False), **more)
    return out.getvalue()


def test_a_plan_is_told_with_all_that_it_says() -> None:
    text = told(render.plan, PLAN)
    assert text.startswith("nova_canvas would draw it in about 9 s, for 0.08 USD. Nothing was made or spent.\n")
    for words in (
        "0.08 USD at most: 2 pictures of 0.04 USD, as read on 2026-11-21 at a list",
        "garmentBasedMask.garmentClass         UPPER_BODY",
        "parameters.mergeStyle  BALANCED instead of DETAILED",
        "Sleeves may show.",
        "result   none yet",
    ):
        assert words in text


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"cached": True, "eta_seconds": 0, "price": PLAN["price"] | {"usd": 0.0}}, "A finished result is there"),
        ({"cached": None}, "known only when the mask's pixels have been looked at"),
        ({"engine": None, "eta_seconds": None}, "It would wait: all engines that can do it are paused or closed"),
        ({"price": {"usd": None, "per_image": None, "source": "https://x"}}, "a price that is not known (https://x)"),
        ({"notice": "Try-on is paused."}, "notice   Try-on is paused."),
    ],
)
def test_a_plan_says_what_is_special(change: dict[str, Any], words: str) -> None:
    assert words in told(render.plan, PLAN | change)


def test_a_finished_result_costs_nothing() -> None:
    text = told(render.plan, PLAN | {"cached": True, "price": PLAN["price"] | {"usd": 0.0}})
    assert "price    0 USD\n" in text
    assert "time     none: it is there\n" in text


def test_a_result_is_told_with_links_that_can_be_copied() -> None:
    some = {"requested_images": 3, "warnings": [{"code": "some_results_blocked", "message": "Kept back.", "path": ""}]}
    text = told(render.completed, masked() | some)
    assert text.startswith("Completed in 4.0 s by preview: 1 of the 3 pictures asked for.\n")
    assert f"  768×1152  {LINK}.webp\n" in text
    assert "  mask  https://files.example.com/mask.png\n" in text
    assert "some_results_blocked  Kept back." in text
    assert "These links work until 12:15:00 UTC." in text


def test_saved_pictures_take_the_place_of_links(tmp_path: Path) -> None:
    text = told(render.completed, completed(), files=[tmp_path / "a.png"])
    assert f"  {tmp_path / 'a.png'}\n" in text
    assert "https://" not in text


def test_every_violation_is_told_with_path_problem_and_remedy() -> None:
    details = [
        {"path": "product_id", "problem": "is not in the catalogue"},
        {"path": "parameters.mergeStyle", "problem": "must be one of [A]", "remedy": "send A"},
    ]
    document = {"code": "invalid_request", "message": "Not as it is.", "details": details, "retryable": True}
    text = told(render.refused, "Refused", document, others=lambda path: ["blue-shirt"] if path == "product_id" else [])
    assert text.splitlines() == [
        "✗ Refused: invalid_request: Not as it is.",
        "    product_id: is not in the catalogue",
        "      → perhaps blue-shirt",
        "    parameters.mergeStyle (--merge): must be one of [A]",
        "      → send A",
        "    → the same request may work later",
    ]


def test_who_is_to_come_back_is_told_when() -> None:
    document = {"code": "queue_full", "message": "Full.", "details": [], "retryable": True, "retry_after_seconds": 450}
    assert told(render.refused, "Refused", document).splitlines() == [
        "✗ Refused: queue_full: Full.",
        "    → the same request may work in 7 min 30 s",
    ]


def test_each_stage_is_told_once_with_its_time_and_what_is_left() -> None:
    out = io.StringIO()
    progress = render.Progress(Console(file=out, width=60, highlight=False))
    queued = job(3, "processing", "queued", eta_seconds=9)
    for snapshot in (job(1, "created"), queued, queued, job(3, "processing", "queued", notice="Paused."), completed()):
        progress(snapshot)
    assert [line.strip() for line in out.getvalue().splitlines()] == [
        "0 ms  accepted",
        "1.0 s  checking the pictures",
        "2.0 s  waiting for a free slot, about 9 s to go",
        "Paused.",
        "3.0 s  making the pictures",
    ]


def test_every_outcome_has_an_exit_code_and_its_json_says_it() -> None:
    for outcome, code in EXIT_CODES.items():
        found = Outcome(outcome, "key", files=(Path("a.png"),))
        assert found.exit_code == code
        assert json.loads(json.dumps(found.as_json()))["files"] == ["a.png"]
