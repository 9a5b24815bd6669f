"""`vto cost`: units times prices, and a sentence with a remedy for whatever cannot be used."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from vto_client.cli import app
from vto_client.cost import stack
from vto_client.cost.bill import KEPT, Order, bill, published_bill
from vto_client.cost.engines import engines
from vto_client.cost.prices import prices_of, shipped
from vto_client.cost.stack import Assumed
from vto_client.problems import CommandError

PRICES = prices_of("us-east-1", None)


def order(**changed: Any) -> Order:
    nova = engines()["nova_canvas"]
    return Order(
        **{"jobs": 1000, "hit_rate": 0.0, "engine": nova, "usd_per_image": 0.04, "assumed": Assumed()} | changed
    )


def asked(*options: str) -> Any:
    result = CliRunner().invoke(app, ["cost", "--json", *options], catch_exceptions=False)
    return json.loads(result.output)


def refused(*options: str) -> str:
    """What the command says to options that it does not take."""
    result = CliRunner().invoke(app, ["cost", *options])
    assert isinstance(result.exception, CommandError)
    assert result.exception.exit_code == 2
    assert not result.output
    return str(result.exception)


# --- the bill ---------------------------------------------------------------------------------------------------------


def test_each_unit_is_paid_by_its_price() -> None:
    made = bill(order(), PRICES)
    one = stack.units("fresh_billed", Assumed())
    by_hand = sum(1000 * amount * PRICES[name].usd for name, amount in one.items())
    assert made.stack == pytest.approx(by_hand)
    assert made.services["Step Functions"] == pytest.approx(1000 * one["states_transition"] * 0.000025)
    assert made.total == pytest.approx(by_hand + 40)


def test_every_price_is_of_something_that_is_used_and_everything_used_has_a_price() -> None:
    both = [Assumed(), Assumed(architecture="x86_64")]
    used = {name for path in stack.per_job()["about"] for one in both for name in stack.units(path, one)}
    assert used | {"alarm_month", "metric_month"} == set(PRICES)


def test_pictures_that_are_used_again_cost_no_model_and_less_of_the_rest() -> None:
    none, half, all_ = (bill(order(hit_rate=rate), PRICES) for rate in (0.0, 0.5, 1.0))
    assert [none.model, half.model, all_.model] == [40, 20, 0]
    assert none.stack > half.stack > all_.stack > 0
    assert half.stack == pytest.approx((none.stack + all_.stack) / 2)


def test_a_month_is_its_try_ons_and_what_stands_still() -> None:
    made = bill(order(jobs=250_000), PRICES)
    assert made.month == pytest.approx(250 * made.total + made.standing)
    assert 2 < made.standing < 10


def test_what_is_free_each_month_is_taken_off_once_and_never_more_than_was_used() -> None:
    few, many = (bill(order(jobs=jobs, free_tier=True), PRICES) for jobs in (10, 10_000_000))
    assert few.services["Lambda"] == few.services["logs"] == few.services["downloads"] == 0
    paid = bill(order(jobs=10_000_000, assumed=Assumed(jobs_each_month=10_000_000)), PRICES)
    assert 0.9 * paid.services["Lambda"] < many.services["Lambda"] < paid.services["Lambda"]
    assert few.services["DynamoDB"] == pytest.approx(paid.services["DynamoDB"]), (
        "on demand there is nothing for nothing"
    )


def test_what_stands_still_is_no_more_than_the_month_when_the_free_tier_is_taken_off_both() -> None:
    few, paid = (bill(order(jobs=1, hit_rate=1.0, free_tier=free), PRICES) for free in (True, False))
    assert few.standing < paid.standing
    assert few.standing <= few.month < paid.month


def test_of_few_requests_all_are_traced_and_of_many_one_in_twenty() -> None:
    assert Assumed(jobs_each_month=1000).traced_share == 1
    assert Assumed(jobs_each_month=10**10).traced_share == pytest.approx(0.05, rel=0.01)


def test_the_published_design_costs_what_was_published() -> None:
    old = published_bill(order(assumed=Assumed(architecture="x86_64")), PRICES)
    assert old.runs == pytest.approx(0.478, abs=0.02)
    assert published_bill(order(), PRICES).services["Lambda"] < old.services["Lambda"], "arm64 is cheaper for both"


def test_more_pictures_of_a_try_on_cost_their_models_price_and_their_bytes() -> None:
    one, three = (bill(order(assumed=Assumed(images=images)), PRICES) for images in (1, 3))
    assert three.model == 3 * one.model
    assert three.services["downloads"] == pytest.approx(3 * one.services["downloads"])
    assert three.services[KEPT] == pytest.approx(3 * one.services[KEPT])


# --- the command ------------------------------------------------------------------------------------------------------


def test_the_answer_says_what_was_assumed_and_where_each_price_is_from() -> None:
    answer = asked("--jobs", "5000", "--hit-rate", "0.25", "--engine", "fashn_api")
    assert answer["model_usd_per_1000"] == pytest.approx(0.75 * 75)
    assert answer["total_usd_per_1000"] == pytest.approx(
        answer["model_usd_per_1000"] + answer["stack_total_usd_per_1000"], abs=1e-5
    )
    assert sum(answer["stack_usd_per_1000"].values()) == pytest.approx(answer["stack_total_usd_per_1000"], abs=1e-5)
    assert answer["assumed"]["model_seconds"] == engines()["fashn_api"].seconds
    assert all(one["source"].startswith("https://") for one in answer["prices"].values())


def test_people_read_the_sums_and_what_is_not_in_them() -> None:
    result = CliRunner().invoke(app, ["cost", "--engine", "preview", "--hit-rate", "0.3"])
    assert result.exit_code == 0
    assert result.output.startswith("1,000 try-ons with preview, 30% of them with a picture that was there: ")
    assert "not confirmed for 1,000 at Google" in result.output
    assert "not in it uploads" in result.output


def test_a_function_that_was_measured_slower_costs_more() -> None:
    assert asked("--seconds", "store_result=5")["month_usd"] > asked()["month_usd"]
    assert asked("--model-seconds", "1")["month_usd"] < asked()["month_usd"]


def test_an_instance_that_is_awake_longer_than_it_is_busy_is_paid_all_the_same() -> None:
    busy = asked("--engine", "sagemaker", "--jobs", "10000")
    assert busy["model_usd_per_1000"] == pytest.approx(1000 * 10 / 3600 * 1.41)
    awake = asked("--engine", "sagemaker", "--jobs", "10000", "--awake-hours", "300")
    assert awake["model_usd_per_1000"] == pytest.approx(300 * 1.41 / 10)
    assert asked("--engine", "sagemaker", "--hit-rate", "1")["model_usd_per_1000"] == 0


def test_hours_of_an_instance_are_paid_even_if_it_draws_nothing() -> None:
    options = ["--engine", "sagemaker", "--jobs", "10000", "--hit-rate", "1", "--awake-hours", "300"]
    idle = asked(*options)
    assert idle["model_usd_per_1000"] == pytest.approx(300 * 1.41 / 10)
    assert idle["month_usd"] > 300 * 1.41
    assert idle["usd_per_image"] is None
    assert idle["published_design"]["model_usd_per_1000"] == pytest.approx(300 * 1.41 / 10)
    told = CliRunner().invoke(app, ["cost", *options]).output
    assert "model     423.00 USD a month for 300 hours, whatever is drawn" in told


def test_a_larger_tier_is_downloaded_and_kept_in_larger_pictures_unless_they_have_a_size_of_their_own() -> None:
    small, large = (asked("--tier", tier)["stack_usd_per_1000"] for tier in ("1024", "2048"))
    assert 2 < large["downloads"] / small["downloads"] < 2.4
    assert 2.8 < large[KEPT] / small[KEPT] < 3.2
    own = [asked("--tier", tier, "--engine", "fashn_api")["stack_usd_per_1000"] for tier in ("1024", "2048")]
    assert own[0] == own[1]


def test_a_finer_picture_of_a_hosted_service_takes_longer() -> None:
    seconds = [
        asked("--engine", "fashn_api", "--quality", name)["assumed"]["model_seconds"]
        for name in ("standard", "premium")
    ]
    assert seconds == [8, 15]


def test_a_table_of_ones_own_prices_is_used_instead(tmp_path: Path) -> None:
    shown = json.loads(CliRunner().invoke(app, ["cost", "--sources", "--json"]).output)
    dearer = {"eu-north-9": [{**one, "usd": 2 * one["usd"]} for one in shown["us-east-1"]]}
    file = tmp_path / "prices.json"
    file.write_text(json.dumps(dearer))

    answer = asked("--region", "eu-north-9", "--prices", str(file))

    assert answer["stack_total_usd_per_1000"] == pytest.approx(2 * asked()["stack_total_usd_per_1000"], abs=1e-5)


def test_sources_name_the_page_of_every_price() -> None:
    result = CliRunner().invoke(app, ["cost", "--sources"], env={"COLUMNS": "400"})
    assert all(one.source in result.output for one in shipped()["us-east-1"].values())


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--hit-rate", "30"], ["--hit-rate 30", "0.3 for 30 %"]),
        (["--hit-rate", "-0.1"], ["--hit-rate", "0 to 1"]),
        (["--hit-rate", "nan"], ["--hit-rate nan", "0 to 1"]),
        (["--jobs", "0"], ["--jobs 0", "from 1"]),
        (["--jobs", "-5"], ["--jobs -5"]),
        (["--jobs", str(10**13)], ["--jobs"]),
        (["--images", "6"], ["--images 6", "1 to 5"]),
        (["--tier", "512"], ["--tier 512", "1024 or 2048"]),
        (["--price-per-image", "-1"], ["--price-per-image", "0 or more"]),
        (["--price-per-image", "inf"], ["--price-per-image inf"]),
        (["--model-seconds", "nan"], ["--model-seconds nan"]),
        (["--seconds", "nobody=1"], ["--seconds nobody=1", "invoke_model", "store_result"]),
        (["--seconds", "message"], ["--seconds message", "message= and a number"]),
        (["--seconds", "message=-1"], ["message= and a number"]),
        (["--region", "eu-west-9"], ["eu-west-9", "us-east-1", "--prices FILE"]),
        (["--prices", "nowhere.json"], ["nowhere.json", "No such file"]),
        (["--awake-hours", "5"], ["nova_canvas is not", "leave it out"]),
        (["--awake-hours", "5", "--price-per-image", "1"], ["nova_canvas is not"]),
        (["--engine", "sagemaker", "--awake-hours", "5", "--price-per-image", "1"], ["leave one of them out"]),
        (["--engine", "sagemaker", "--tier", "2048"], ["--tier 2048", "sagemaker", "1024", "--engine"]),
        (["--engine", "sagemaker", "--images", "3"], ["--images 3", "sagemaker", "2 or fewer"]),
        (["--engine", "fashn_api", "--images", "5"], ["4 or fewer"]),
        (["--engine", "sagemaker", "--awake-hours", "5"], ["--awake-hours 5 is too few", "277.8 hours"]),
    ],
)
def test_what_cannot_be_used_is_named_with_what_can(options: list[str], words: list[str]) -> None:
    said = refused(*options)
    assert all(word in said for word in words), said


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "is no JSON"),
        ("[]", "no object of Regions"),
        ("{}", "no object of Regions"),
        ('{"us-east-1": [1]}', "us-east-1[0] is no object"),
        ('{"us-east-1": [{"id": 1}]}', "us-east-1[0].id is missing or no text"),
        ("[" * 100_000, "nested too deeply"),
        ('{"us-east-1": []}', "has no price of alarm_month, dynamodb_read"),
    ],
)
def test_a_table_of_prices_that_is_none_is_named_with_its_field(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "prices.json"
    file.write_text(text)
    assert words in refused("--prices", str(file))


@pytest.mark.parametrize("usd", [-1, "1", True, None, 10**400, 1e300, float("nan")])
def test_a_price_that_is_no_amount_is_refused(tmp_path: Path, usd: Any) -> None:
    rows = json.loads(CliRunner().invoke(app, ["cost", "--sources", "--json"]).output)["us-east-1"]
    file = tmp_path / "prices.json"
    file.write_text(json.dumps({"us-east-1": [{**rows[0], "usd": usd}, *rows[1:]]}))
    assert "us-east-1[0].usd must be a number" in refused("--prices", str(file))
