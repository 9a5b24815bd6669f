"""`vto cost` and the limits count with what template, engines and the counted job say, and the documents with them."""

import json
from datetime import date
from typing import Any

import pytest

from benchmarks import cost, limits, per_job
from scripts import facts as project
from vto.domain.engines import PROFILES
from vto.domain.prices import TIERS
from vto_client.cost import engines, stack, standing
from vto_client.cost.prices import shipped

MAPPINGS = {one["FunctionName"]["Ref"]: one for _, one in project.resources("AWS::Lambda::EventSourceMapping")}


def functions() -> dict[str, Any]:
    """The template's functions, with what all have, by folder."""
    common = project.template()["Globals"]["Function"]
    return {
        one["FunctionName"]["Fn::Sub"].removeprefix("${AWS::StackName}-"): {**common, **one}
        for _, one in project.resources(project.FUNCTION)
    }


def test_the_client_ships_what_one_job_was_counted_to_come_to() -> None:
    assert per_job.SHIPPED.read_text() == per_job.FIGURES.read_text(), "run `python -m benchmarks.per_job`"


def test_functions_have_the_memory_that_is_counted_with() -> None:
    memory = {name: one["MemorySize"] for name, one in functions().items()}
    assert {name: memory[name] for name in stack.MEMORY_MB} == stack.MEMORY_MB
    ran = {name for path in stack.per_job()["about"] for name in stack.per_job()[path]["lambda"]}
    assert ran <= set(stack.MEMORY_MB)
    assert ran - {"render_preview"} <= set(stack.SECONDS) == set(stack.MEMORY_MB) - {"render_preview"}


def test_those_that_begin_a_trace_are_those_that_are_traced_and_whom_people_call() -> None:
    steps = {project.function_of(one) for one in project.states().values()}
    people = {name: one["Tracing"] for name, one in functions().items() if name in stack.SECONDS}
    called = {name for name, mode in people.items() if mode == "Active"} - {project.folder(one) for one in steps if one}
    assert called == stack.TRACED


def test_what_stands_still_is_what_the_template_has() -> None:
    always = [one for one in project.template()["Resources"].values() if "Condition" not in one]
    assert sum(one["Type"] == "AWS::CloudWatch::Alarm" for one in always) == standing.ALARMS
    queues = [one for one in always if one["Type"].endswith("EventSourceMapping") and "Queue" in str(one)]
    assert sum("ScalingConfig" in one["Properties"] for one in queues) == standing.QUEUES
    assert project.template()["Parameters"]["RetentionDays"]["Default"] + 3 == stack.Assumed().kept_days


def test_engines_cost_what_their_profiles_declare() -> None:
    assert set(engines.engines()) == set(PROFILES)
    for name, profile in PROFILES.items():
        told, listed = engines.engines()[name], profile.price
        declared = {
            f"{side} {quality}": usd
            for side, pixels in TIERS.items()
            for quality in ("standard", "premium")
            if (usd := listed.of_image(pixels, quality)) is not None
        }
        assert dict(told.usd) == declared, name
        assert told.read_on == listed.date
        assert told.usd_per_hour is not None or listed.unit != "hour of an instance"
        assert told.most_images == profile.max_images, name
        assert told.largest_tier == max(side for side, pixels in TIERS.items() if pixels <= profile.max_pixels), name
        assert told.has_own_size == any("engine's own size" in one.change for one in profile.always), name


def test_engines_take_as_long_as_the_page_about_them_says() -> None:
    page = (project.ROOT / "docs" / "deploying.md").read_text()
    fashn = engines.engines()["fashn_api"]
    assert f"| {fashn.seconds:g}, or 12 to 17 with `premium` |" in page
    assert 12 <= fashn.seconds_of("premium") <= 17


def test_pictures_of_a_tier_are_larger_by_what_was_measured() -> None:
    measured = json.loads((project.ROOT / "docs" / "figures" / "delivery.json").read_text())
    names = ("WebP, quality 85, method 0", "PNG, as engines answer")
    forms = {side: measured[f"{side}x{side}"]["forms"] for side in stack.BYTES_OF_TIER}
    for side, factors in stack.BYTES_OF_TIER.items():
        made = tuple(forms[side][name]["bytes"] / forms[1024][name]["bytes"] for name in names)
        assert factors == pytest.approx(made, rel=0.01)


def test_prices_have_a_page_and_a_date_that_is_none_of_the_future() -> None:
    for region, prices in shipped().items():
        assert len(prices) == len({one.id for one in prices.values()}), region
        for one in prices.values():
            assert one.source.startswith("https://aws.amazon.com/"), one.id
            assert date.fromisoformat(one.read_on) <= date.fromisoformat(stack.DECLARED_ON), one.id


def test_the_stack_costs_less_than_the_published_design_which_pays_for_large_downloads_and_long_waits() -> None:
    ours, published = cost.of("nova_canvas", 0.0)
    assert ours.runs < published.runs
    assert ours.stack < published.stack
    assert ours.runs <= cost.AIM_USD, "look at which service has become dearer: `vto cost`"


def test_with_three_in_ten_pictures_used_again_those_that_are_kept_are_within_the_aim_too() -> None:
    assert cost.of("nova_canvas", 0.3)[0].stack <= cost.AIM_USD


def test_an_aim_that_is_missed_is_called_missed() -> None:
    assert cost._judged(0.384, 0.3) == "**missed by 0.084**"
    assert cost._judged(0.3, 0.3) == "kept"


def test_a_picture_that_is_used_again_costs_a_third_of_a_fresh_one_at_most() -> None:
    (fresh, _), (again, _) = cost.of("nova_canvas", 0.0), cost.of("nova_canvas", 1.0)
    assert again.model == 0
    assert again.runs <= fresh.runs / 3


def test_our_own_limits_are_those_of_the_template() -> None:
    by_queue = {"ImportPictureFunction", "DeliverResultFunction"}
    assert {MAPPINGS[name]["ScalingConfig"]["MaximumConcurrency"] for name in by_queue} == {limits.CONCURRENCY}
    by_stream = {"StartTryOnFunction", "PublishJobFunction"}
    assert {MAPPINGS[name]["ParallelizationFactor"] for name in by_stream} == {limits.IN_PARALLEL}
    (_, http), (_, socket) = (next(project.resources(f"AWS::Serverless::{kind}Api")) for kind in ("Http", "WebSocket"))
    assert http["DefaultRouteSettings"]["ThrottlingRateLimit"] == limits.HTTP_PER_SECOND
    assert socket["DefaultRouteSettings"]["ThrottlingRateLimit"] == limits.SOCKETS_PER_SECOND


def test_what_breaks_first_stands_first_and_at_a_thousand_times_nearly_all_of_it_has() -> None:
    found = [one.per_second for one in limits.limits()]
    assert found == sorted(found)
    assert found[0] == pytest.approx(limits.BASE_PER_SECOND), "1 × is what the first of all limits lets through"
    figures = limits.measure()
    first, *_, last = figures["limits"]
    assert "quota" in first["what"]
    assert last["try_ons_per_second"] < figures["scales"]["internet"] * limits.BASE_PER_SECOND
    assert all(one["source"].startswith("https://") or "template.yaml" in one["source"] for one in figures["limits"])
    assert all(one["lever"] and one["beyond"] for one in figures["limits"])


@pytest.mark.parametrize("name", ["cost", "limits"])
def test_the_page_shows_what_is_calculated_today(name: str) -> None:
    kept = json.loads((project.ROOT / "docs" / "figures" / f"{name}.json").read_text())
    kept.pop("measured")
    made = {"cost": cost, "limits": limits}[name].measure()
    assert json.loads(json.dumps(made)) == kept, f"run `python -m benchmarks {name}`, then `make docs`"
