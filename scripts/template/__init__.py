"""Rules that the template keeps; most are about what only a real deployment would reveal, days or a bill too late."""

from asl.lint.framework import Finding, Rule
from scripts.template import functions, interfaces, parameters, permissions, privacy, queues, storage, workflow, writing
from scripts.template.reading import Template

__all__ = ["RULES", "Finding", "findings"]

# all that these files register, in the order in which findings and documents name them
RULES: dict[str, Rule[Template]] = {
    one.name: one
    for module in (permissions, functions, queues, storage, privacy, writing, interfaces, workflow, parameters)
    for one in vars(module).values()
    if isinstance(one, Rule)
}


def findings(template: Template) -> list[Finding]:
    """Everything that breaks a rule in a template whose short tags are in their long form."""
    return [found for one in RULES.values() for found in one.findings(template)]
