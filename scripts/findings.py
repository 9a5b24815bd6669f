"""How a lint of ours tells what it found."""

import sys
from collections.abc import Iterable
from pathlib import Path

from asl.lint.framework import Finding
from scripts.facts import ROOT


def tell(path: Path, found: Iterable[Finding], summary: str) -> int:
    """Print each finding in one line, or the summary when there is none; the exit status.

    Args:
        path: The file that was looked at.
        found: What is wrong with it.
        summary: What was looked for.
    """
    whole = path.resolve()
    name = whole.relative_to(ROOT) if whole.is_relative_to(ROOT) else path
    lines = [f"{name}: {one}\n" for one in found]
    sys.stderr.writelines(lines)
    if not lines:
        sys.stdout.write(f"{name}: {summary}\n")
    return 1 if lines else 0
