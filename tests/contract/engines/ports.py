"""A client of the conformance suite over the pipeline's ``Engine`` port: what Invoke Model does, without its job."""

import base64
import io
import itertools
import json
from collections.abc import Mapping, Sequence
from typing import Any

from PIL import Image

from conformance import limits
from conformance.case import Answered, Case
from conformance.clients import Answer, LostError, RefusalError
from conformance.pictures import seen
from vto import errors
from vto.domain.engines import EngineProfile, adaptations, adapted
from vto.domain.parameters import canonical
from vto.domain.storage import S3Url
from vto.ports import Engine, Pictures, TryOnRequest

UPLOADS, RESULTS = "shop-uploads", "shop-results"
BEFORE_AN_ENGINE = frozenset({"refused", "pictures refused", "pictures taken", "outcomes"})


def declared(profile: EngineProfile) -> dict[str, Any]:
    """A profile as the suite reads what an engine declares."""
    return {
        "engine": profile.name,
        "maskTypes": sorted(profile.mask_types),
        "garmentClasses": sorted(profile.garment_classes),
        "maskShapes": sorted(profile.mask_shapes),
        "mergeStyles": sorted(profile.merge_styles),
        "garmentStyling": sorted(profile.styling),
        "maskExclusions": sorted(profile.exclusions),
        "qualities": sorted(profile.qualities),
        "maxImages": profile.max_images,
        "maxPixels": profile.max_pixels,
        "cfgScale": profile.cfg_scale,
        "returnMask": profile.returns_mask,
        "deterministic": True,
    }


def cases_of(profile: EngineProfile, cases: Sequence[Case]) -> list[Case]:
    """The cases that an engine's adapter decides; the others are decided before it, and tested there.

    What breaks the contract is refused by Validate Request (``tests/unit/vto/test_validate_request.py``), pictures of
    every form are made into plain ones by the import (``tests/integration/test_pillow.py``), what a profile lacks is
    adapted or left to another engine (``tests/unit/vto/test_engines.py``), and what becomes of each error of a service
    stands beside its adapter's tests (``tests/integration/test_engines.py`` and its neighbours).
    """
    return [case for case in cases if case.group not in BEFORE_AN_ENGINE and not _lacks(profile, case)]


def _lacks(profile: EngineProfile, case: Case) -> frozenset[str]:
    assert isinstance(case.body, Mapping)
    assert isinstance(case.expected, Answered)
    width, height = seen(case.body["virtualTryOnParams"]["sourceImage"].removeprefix("@")).size
    needs = limits.needs_of(case.body, width * height) | case.needs
    return limits.lacking(needs, declared(profile))


class PortClient:
    """The suite's ``Client`` port.

    Args:
        engine: As ``vto.bootstrap`` builds it.
        profile: What it declares; the request is adapted to it, as Invoke Model does.
        pictures: Where the pictures of a job lie.
        in_its_own_size: The engine says that its pictures have another size than the source: they are fitted to it, so
            that what they show can be judged.
    """

    def __init__(
        self, engine: Engine, profile: EngineProfile, pictures: Pictures, *, in_its_own_size: bool = False
    ) -> None:
        self._engine, self._profile, self._pictures = engine, profile, pictures
        self._fitted = in_its_own_size
        self._jobs = itertools.count()

    def invoke(self, body: bytes) -> Answer:
        document = json.loads(body)
        params = dict(document["virtualTryOnParams"])
        folder = f"prepared/{next(self._jobs)}"
        source = self._kept(f"{folder}/source", params.pop("sourceImage"))
        reference = self._kept(f"{folder}/reference", params.pop("referenceImage"))
        mask = None
        if "imageBasedMask" in params:
            mask = self._kept(f"{folder}/mask", params["imageBasedMask"]["maskImage"])
            params["imageBasedMask"] = {"maskImage": str(mask)}
        parameters = canonical(params | {"imageGenerationConfig": document.get("imageGenerationConfig", {})})
        told = "; ".join(one.path for one in adaptations(self._profile, parameters))
        output = S3Url(RESULTS, f"generated/{folder}/")
        request = TryOnRequest(source, reference, mask, adapted(self._profile, parameters), output)
        try:
            made = self._engine.generate(request)
        except errors.RefusalError as error:
            raise RefusalError(400, type(error).__name__, str(error)) from error
        except errors.VtoError as error:
            raise LostError(f"{type(error).__name__}: {error}") from error
        size = Image.open(io.BytesIO(self._pictures.read(source))).size
        answer: dict[str, Any] = {"images": [self._text(url, size) for url in made.images]}
        if made.mask:
            answer["maskImage"] = self._text(made.mask, size)
        if made.warning:
            answer["error"] = made.warning
        return Answer(json.dumps(answer).encode(), {"x-vto-adapted": told})

    def _kept(self, key: str, text: str) -> S3Url:
        url, content = S3Url(UPLOADS, key), base64.b64decode(text)
        self._pictures.write(url, content, "image/png" if content.startswith(b"\x89PNG") else "image/jpeg")
        return url

    def _text(self, url: str, size: tuple[int, int]) -> str:
        content = self._pictures.read(S3Url.parse(url))
        if self._fitted:
            buffer = io.BytesIO()
            Image.open(io.BytesIO(content)).resize(size, Image.Resampling.LANCZOS).save(buffer, "PNG", compress_level=1)
            content = buffer.getvalue()
        return base64.b64encode(content).decode()
