"""The ways in which an engine can be wrong: each a small change of the right one, and the cases that must find it."""

from .making import Mutant
from .pictures import FORM, SHOWN
from .requests import IGNORED, REFUSED, SEEDS, TAKEN

MUTANTS: dict[str, Mutant] = {**FORM, **SHOWN, **IGNORED, **SEEDS, **TAKEN, **REFUSED}
