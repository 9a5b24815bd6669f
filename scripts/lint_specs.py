"""Holds the documents of our interfaces against the standards that they claim to follow: ``make lint``."""

import sys

from scripts import specs
from scripts.lint_machine import NODE_PACKAGES


def main() -> int:
    """Print each finding in one line."""
    openapi = specs.openapi_problems(specs.read(specs.OPENAPI))
    found = [f"{specs.OPENAPI.name}: {one}" for one in openapi]
    checked = [specs.OPENAPI.name]
    try:
        asyncapi = specs.asyncapi_problems(specs.read(specs.ASYNCAPI), NODE_PACKAGES)
        found += [f"{specs.ASYNCAPI.name}: {one}" for one in asyncapi]
        checked.append(specs.ASYNCAPI.name)
    except specs.SpecsUnavailableError as reason:
        sys.stdout.write(f"{specs.ASYNCAPI.name} is skipped: {reason}\n")
    sys.stdout.writelines(f"{one}\n" for one in found)
    if not found:
        sys.stdout.write(f"{' and '.join(checked)} keep to their standards\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
