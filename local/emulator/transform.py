"""Gap: SAM's transform sees the defaults of a template's parameters, whatever values the deployment gives.

SAM writes some of them into what it makes (the origins of an HTTP API's CORS rules); MiniStack hands it none.
"""

import copy
from typing import Any

from ministack.services.cloudformation import changesets, engine, handlers

from local.patching import expect_source

Template = dict[str, Any]


def install() -> None:
    """Show the transform each given value as the parameter's default, and put the defaults back afterwards."""
    transform = engine._apply_transforms
    expect_source(transform, "_sam_transform(copy.deepcopy(template), {}, _NO_IAM_POLICY_LOADER)")
    expect_source(engine._transform_parameters, "_resolve_parameters(template, provided, previous_params)")

    def with_values(template: Template, provided_params: Any = None, previous_params: Any = None) -> Any:
        declared = template.get("Parameters") or {}
        values = engine._transform_parameters(template, provided_params, previous_params)
        shown = copy.deepcopy(template)
        for name, value in values.items():
            shown["Parameters"][name]["Default"] = value
        made = transform(shown, provided_params, previous_params)
        for name in values.keys() & (made.get("Parameters") or {}).keys():
            made["Parameters"][name] = copy.deepcopy(declared[name])
        return made

    for module in (engine, changesets, handlers):
        module._apply_transforms = with_values
