"""Rules about what whoever deploys is asked."""

import re
from collections.abc import Iterator

from asl.lint.framework import TOP, Problem, rule
from scripts.template.reading import Template

# fifteen did for one engine; an endpoint, a fallback, prices, budgets, fairness, a policy, guests, a webhook need some
MOST_PARAMETERS = 29


@rule()
def few_parameters(template: Template) -> Iterator[Problem]:
    """There are at most twenty-nine parameters: nobody reads more before deploying."""
    count = len(template.get("Parameters", {}))
    if count > MOST_PARAMETERS:
        yield TOP, f"{count} parameters", "decide one of them, or let something else imply it"


@rule()
def spoken_parameters(template: Template) -> Iterator[Problem]:
    """Every parameter says its effect and its limits, and has a default."""
    for name, parameter in template.get("Parameters", {}).items():
        if len(parameter.get("Description", "")) < 40:
            yield name, "does not say what it does", "describe its effect"
        if not {"AllowedValues", "AllowedPattern", "MinValue", "MaxLength"} & parameter.keys():
            yield name, "takes anything", "add AllowedValues, AllowedPattern or a range"
        if "ConstraintDescription" not in parameter:
            yield name, "does not say what it takes", "add a ConstraintDescription"
        if "Default" not in parameter:
            yield name, "has no default, so nobody can deploy without thinking about it", "add a Default"


@rule()
def named_conditions(template: Template) -> Iterator[Problem]:
    """A condition is named as a question or a state: Is…, Has…, Uses… or Logs…."""
    for name in template.get("Conditions", {}):
        if not re.match(r"(Is|Has|Uses|Logs)[A-Z]", name):
            yield name, "is no question", "name it Is…, Has…, Uses… or Logs…"
