"""The three deployment configurations do what their names promise."""

import tomllib
from typing import Any

import pytest

from scripts.template.reading import ROOT, read_template

ENVIRONMENTS = ("default", "dev", "prod")


@pytest.fixture(scope="module")
def config() -> dict[str, Any]:
    return tomllib.loads((ROOT / "samconfig.toml").read_text())


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_an_environment_lints_builds_fast_and_deploys_without_questions_it_can_answer(
    environment: str, config: dict[str, Any]
) -> None:
    commands = config[environment]
    assert commands["validate"]["parameters"]["lint"] is True
    assert {"cached": True, "parallel": True}.items() <= commands["build"]["parameters"].items()
    deploy = commands["deploy"]["parameters"]
    assert deploy["resolve_s3"] is True
    assert deploy["fail_on_empty_changeset"] is False
    assert deploy["capabilities"] == ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_an_environment_is_built_for_the_processor_that_it_is_deployed_on(
    environment: str, config: dict[str, Any]
) -> None:
    built = config[environment]["build"]["parameters"]["parameter_overrides"]
    deployed = config[environment]["deploy"]["parameters"]["parameter_overrides"]
    assert [one for one in deployed if one.startswith("Architecture=")] == built
    assert len(built) == 1


def test_production_shows_what_would_change_before_it_changes(config: dict[str, Any]) -> None:
    confirmed = {name: config[name]["deploy"]["parameters"]["confirm_changeset"] for name in ENVIRONMENTS}
    assert confirmed == {"default": False, "dev": False, "prod": True}


def test_each_environment_is_a_stack_of_its_own(config: dict[str, Any]) -> None:
    names = [config[name]["global"]["parameters"]["stack_name"] for name in ENVIRONMENTS]
    assert names == ["vto", "vto-dev", "vto-prod"]


def test_configurations_set_only_parameters_that_the_template_has_to_values_it_allows(config: dict[str, Any]) -> None:
    parameters = read_template()["Parameters"]
    for environment in ENVIRONMENTS:
        for override in config[environment]["deploy"]["parameters"]["parameter_overrides"]:
            name, value = override.split("=", 1)
            allowed = parameters[name].get("AllowedValues")
            assert allowed is None or value in [str(one) for one in allowed], override


def test_only_prod_is_production(config: dict[str, Any]) -> None:
    for environment in ENVIRONMENTS:
        overrides = config[environment]["deploy"]["parameters"]["parameter_overrides"]
        assert f"Environment={'prod' if environment == 'prod' else 'dev'}" in overrides
