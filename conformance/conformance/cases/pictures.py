"""The rules for pictures that are sent: format, colour, size, text; and what must be taken."""

from collections.abc import Iterator
from typing import Any, Final

from conformance.case import SHIRT, Answered, Body, Case, Check, Padded, Refused, changed, drawn_mask, garment
from conformance.cases.refused import IMAGE, MAX_BODY
from conformance.checks import changes_inside, keeps_outside, says_adapted
from conformance.pictures import FORMS

FIELDS: Final = ("sourceImage", "referenceImage")
WRONG_TYPES: Final[tuple[Any, ...]] = ("", None, 5, [], {"bytes": "x"})

# name of a picture → is the rule ours, because AWS says nothing of it?
UNUSABLE: Final[dict[str, bool]] = {
    "words": False,
    "data address": False,
    "address": False,
    "s3 address": False,
    "base64 in lines": True,
    "base64 for addresses": True,
    "base64 without its end": True,
    "plain text": False,
    "svg": False,
    "webp": False,
    "gif": False,
    "bmp": False,
    "tiff": False,
    "half a png": False,
    "half a jpeg": True,
    "bomb": False,
    "translucent png": False,
    "transparent png": False,
    "grey png with alpha": False,
    "palette png with a transparent colour": False,
    "16 bit png": False,
    "grey 16 bit png": False,
    "cmyk jpeg": False,
    # sides from 320 to 4096, from 1:4 to 4:1, fewer than 4,194,304 pixels
    "blank:319x400": False,
    "blank:400x319": False,
    "blank:1x1": False,
    "blank:320x1281": False,
    "blank:1281x320": False,
    "blank:4097x1025": False,
    "blank:2048x2048": False,
    "blank:4096x1024": False,
    "blank:3000x3000": False,
}
UNUSABLE_MASKS: Final[dict[str, bool]] = {
    "mask of another size": False,
    "mask lying": False,
    "mask with a grey pixel": False,
    "coloured mask": False,
    "soft mask": False,
    "mask on glass": False,
    "invisible mask": False,
    "coarse jpeg mask": False,
    "all white": True,
    "words": False,
    "data address": False,
    "webp": False,
    "plain text": False,
}
# a person's picture that must be taken, written in other ways
USABLE: Final[dict[str, bool]] = {
    "jpeg": False,
    "progressive jpeg": True,
    "jpeg with places": False,
    "jpeg turned by 3": True,
    "jpeg turned by 6": True,
    "jpeg turned by 8": True,
    "grey png": True,
    "grey jpeg": True,
    "palette png": True,
    "opaque alpha png": False,
    "png with profile": True,
    "animated png": True,
    "blank:320x320": False,
    "blank:320x1280": False,
    "blank:1280x320": False,
    "blank:2048x2047": False,
    "blank:4095x1024": False,
}
TURNED: Final = (3, 6, 8)
USABLE_MASKS: Final = ("torso", "two patches", "all black", "one bit mask", "rgb mask", "opaque rgba mask", "jpeg mask")
WRONG_SEED: Final = {"imageGenerationConfig.seed": -1}
SEED: Final = "#/imageGenerationConfig/seed"


def _refused(about: str, body: Body, path: str, *, decided: bool = False) -> Case:
    expected = Refused(frozenset({f"#/virtualTryOnParams/{path}"}))
    return Case(f"refuses {about}", "pictures refused", body, expected, decided=decided)


def _fine(about: str, body: Body | Padded, *, decided: bool = False) -> Case:
    """The picture must be taken. So that none is drawn, the seed is wrong: it must be the only problem."""
    return Case(
        f"finds nothing wrong with {about}", "pictures taken", body, Refused(frozenset({SEED})), decided=decided
    )


def _drawn(about: str, body: Body, *checks: Check, decided: bool = False, slow: bool = False) -> Case:
    return Case(f"draws {about}", "pictures taken", body, Answered(checks), decided=decided, slow=slow)


def _cases() -> Iterator[Case]:
    for field in FIELDS:
        for value in WRONG_TYPES:
            yield _refused(f"{field} {value!r}", changed(SHIRT, {f"virtualTryOnParams.{field}": value}), field)
        for name, decided in UNUSABLE.items():
            body = changed(SHIRT, {f"virtualTryOnParams.{field}": f"@{name}"})
            yield _refused(f"{field}: {name}", body, field, decided=decided)
    place = "imageBasedMask/maskImage"
    for value in WRONG_TYPES:
        body = changed(IMAGE, {"virtualTryOnParams.imageBasedMask.maskImage": value})
        yield _refused(f"maskImage {value!r}", body, place)
    for name, decided in UNUSABLE_MASKS.items():
        body = changed(IMAGE, {"virtualTryOnParams.imageBasedMask.maskImage": f"@{name}"})
        yield _refused(f"maskImage: {name}", body, place, decided=decided)
    for field in FIELDS:
        for name, decided in USABLE.items():
            body = changed(SHIRT, {f"virtualTryOnParams.{field}": f"@{name}"} | WRONG_SEED)
            yield _fine(f"{field}: {name}", body, decided=decided)
    for name in USABLE_MASKS:
        body = changed(IMAGE, {"virtualTryOnParams.imageBasedMask.maskImage": f"@{name}"} | WRONG_SEED)
        yield _fine(f"maskImage: {name}", body)
    yield _fine("a body of 25,000,000 bytes", Padded(changed(SHIRT, WRONG_SEED), MAX_BODY))
    yield _drawn("a jpeg source and returns nothing of its metadata", garment(sourceImage="@jpeg with places"))
    for form in FORMS:
        body = garment(sourceImage=f"@{form}", product=f"@{form} of a shirt")
        yield _drawn(f"a source and a product written as {form}", body, changes_inside, decided=USABLE[form])
    for one, other in (("narrow", "wide"), ("wide", "narrow")):
        body = garment(sourceImage=f"@{one} person", product=f"@{other} shirt")
        yield _drawn(f"a {one} source and a {other} product, 1:4 and 4:1", body, changes_inside)
    for orientation in TURNED:
        body = garment(sourceImage=f"@jpeg turned by {orientation}")
        about = f"a jpeg with EXIF orientation {orientation} upright and says so"
        checks = (changes_inside, says_adapted("sourceImage"))
        yield _drawn(about, body, *checks, decided=True, slow=orientation != TURNED[1])
    for name in USABLE_MASKS[3:]:
        body = drawn_mask(f"@{name}")
        yield _drawn(f"into a mask written as {name}", body, changes_inside, keeps_outside(f"@{name}"))
    yield _drawn("a source of 320×320", garment(sourceImage="@small person"), changes_inside, slow=True)
    yield _drawn("a source of 4,192,256 pixels", garment(sourceImage="@large person"), slow=True)
    yield _drawn("a product of 4095×1024", garment(product="@long product"), changes_inside, slow=True)


CASES: Final = tuple(_cases())
