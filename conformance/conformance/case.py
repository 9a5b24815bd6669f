"""A case: what is asked, what must come back, and what an engine must be able to do for it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from PIL import Image

from conformance.clients import Answer

type Body = Mapping[str, Any]


class Context(Protocol):
    """What a check may use besides the answer."""

    def picture(self, name: str) -> Image.Image:
        """A picture that was sent, by its name, as people see it."""

    def answer(self, body: Body) -> Answer:
        """The answer to another request; one request is sent once, however many checks look at it."""

    def again(self, body: Body) -> Answer:
        """The answer to a request that is surely sent anew."""


class Check(Protocol):
    """Looks at an answer; returns what is wrong with it, or an empty text."""

    def __call__(self, body: Body, answer: Answer, context: Context, /) -> str: ...


@dataclass(frozen=True, slots=True)
class Refused:
    """A ``ValidationException`` that names exactly these places (``#/…``); none when the body is no request at all."""

    paths: frozenset[str]


@dataclass(frozen=True, slots=True)
class Answered:
    """Pictures, as many as asked for, that pass these checks besides the ones of every answer."""

    checks: tuple[Check, ...] = ()


@dataclass(frozen=True, slots=True)
class Failed:
    """This error, whatever was asked; ``says`` stands in its message."""

    status: int
    error_type: str
    says: str = ""


@dataclass(frozen=True, slots=True)
class Blocked:
    """200 with ``error``, which says ``says``, and this many pictures."""

    images: int
    says: str


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """The connection ends without an answer."""


@dataclass(frozen=True, slots=True)
class Garbled:
    """200 with something that is no answer of the contract; ``looks`` decides whether it is that."""

    looks: Callable[[Answer], bool]


type Expected = Refused | Answered | Failed | Blocked | NoAnswer | Garbled


@dataclass(frozen=True, slots=True)
class Padded:
    """A request with blanks behind it, to exactly this many bytes."""

    body: Body
    size: int


@dataclass(frozen=True, slots=True)
class Case:
    """One case.

    ``name`` is a sentence about the engine and unique. ``body`` is a request in which a text that begins with ``@``
    stands for a picture, or raw bytes. ``needs`` adds to the capabilities that the body itself tells. ``decided`` marks
    rules that AWS leaves open; ``fault`` is what the engine must be told to do first; ``slow`` draws for seconds, or
    one picture more for little that other cases do not show.
    """

    name: str
    group: str
    body: Body | Padded | bytes
    expected: Expected
    needs: frozenset[str] = frozenset()
    decided: bool = False
    fault: str = ""
    slow: bool = False


class _Removed:
    """Takes a field out of a request."""


REMOVED: Final = _Removed()

SHIRT: Final[Body] = {
    "taskType": "VIRTUAL_TRY_ON",
    "virtualTryOnParams": {
        "sourceImage": "@person",
        "referenceImage": "@shirt",
        "maskType": "GARMENT",
        "garmentBasedMask": {"garmentClass": "UPPER_BODY"},
    },
}


def changed(body: Body, change: Mapping[str, Any]) -> Body:
    """A request with other fields: ``{"virtualTryOnParams.mergeStyle": "SEAMLESS"}``; REMOVED takes one out."""
    result: dict[str, Any] = _copied(body)
    for path, value in change.items():
        *folders, name = path.split(".")
        place = result
        for folder in folders:
            place = place.setdefault(folder, {})
        if value is REMOVED:
            place.pop(name, None)
        else:
            place[name] = value
    return result


def _copied(value: Any) -> Any:
    return {key: _copied(one) for key, one in value.items()} if isinstance(value, Mapping) else value


def garment(garment_class: str = "UPPER_BODY", product: str = "@shirt", **change: Any) -> Body:
    """A BALANCED GARMENT request that returns its mask; changes are named with ``__`` for dots."""
    params: dict[str, Any] = {
        "referenceImage": product,
        "garmentBasedMask.garmentClass": garment_class,
        "returnMask": True,
        "mergeStyle": "BALANCED",
        **{name.replace("__", "."): value for name, value in change.items()},
    }
    return changed(SHIRT, {f"virtualTryOnParams.{name}": value for name, value in params.items()})


def prompt(text: str, product: str, source: str = "@person", **change: Any) -> Body:
    """A PROMPT request that returns its mask."""
    return garment(
        product=product, sourceImage=source, maskType="PROMPT", garmentBasedMask=REMOVED,
        promptBasedMask={"maskPrompt": text}, **change,
    )  # fmt: skip


def drawn_mask(mask: str, product: str = "@shirt", **change: Any) -> Body:
    """An IMAGE request that returns its mask."""
    return garment(
        product=product, maskType="IMAGE", garmentBasedMask=REMOVED, imageBasedMask={"maskImage": mask}, **change
    )


def configured(body: Body, **config: Any) -> Body:
    """The request with an imageGenerationConfig."""
    return changed(body, {f"imageGenerationConfig.{name}": value for name, value in config.items()})


PASSED, FAILED, NOT_OFFERED, SKIPPED = "passed", "failed", "not offered", "skipped"
OUTCOMES: Final = (PASSED, FAILED, NOT_OFFERED, SKIPPED)
"""Not offered is what the engine declares that it cannot do, and refuses or adapts as it must; skipped is what could
not be brought about, because the engine cannot be told to fail."""


@dataclass(frozen=True, slots=True)
class Result:
    """How a case went, which is one of OUTCOMES; ``limits`` are the needs that the engine declares not to meet."""

    case: Case
    outcome: str
    detail: str = ""
    seconds: float = 0.0
    limits: tuple[str, ...] = field(default=())
