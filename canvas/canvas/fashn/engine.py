"""The engine: one request's pictures from the pipeline, merged into the source by the contract's rules."""

import io
import logging
import threading
from collections.abc import Callable
from contextlib import redirect_stderr
from typing import Any, Final

import numpy as np
from PIL import Image, ImageDraw

from canvas.capabilities import Capabilities
from canvas.engine import Drawn, EngineBrokenError, EngineBusyError, EngineStartError
from canvas.errors import ValidationError
from canvas.fashn import mapping, merging
from canvas.fashn.loading import FashnSettings, Loaded, load
from canvas.fashn.photo import photo_type
from canvas.request import TryOn

log = logging.getLogger("canvas")

WARM_UP_SIZE: Final = (576, 864)  # the model's own
PARSED: Final = 864  # longer side of what the pipeline's human parser is given
NOBODY: Final = 0.005  # share of the picture that the parser takes for somebody, or for their clothes


class FashnEngine:
    """FASHN VTON 1.5 behind the endpoint's port.

    It dresses people from a photo of a garment. It has no prompts, knows no shoes, and draws at no more than 576×864:
    larger sources get its garment enlarged, and the answer says so.
    """

    capabilities: Final = Capabilities(
        engine="fashn",
        version="1.5.0",
        mask_types=frozenset({"GARMENT", "IMAGE"}),
        garment_classes=mapping.GARMENT_CLASSES,
        merge_styles=frozenset({"BALANCED", "SEAMLESS"}),
        styling=frozenset(),
        exclusions=frozenset(),
    )
    parallel: Final = 1  # it seeds torch's one generator, and the GPU is full with one batch
    loads: Final = True

    def __init__(self, settings: FashnSettings | None = None) -> None:
        self._settings = settings or FashnSettings()
        self._batch = self._settings.batch
        self._loaded: Loaded | None = None
        self._lock = threading.Lock()

    def start(self) -> None:
        """Loads the pipeline and draws once, so that the first caller does not wait for kernels to be compiled."""
        self._loaded = load(self._settings)
        fields = {"device": self._loaded.device, "precision": self._loaded.precision, "batch": self._batch}
        log.info("pipeline loaded", extra={"fields": fields})
        try:
            self._call(_figure(), Image.new("RGB", (384, 384), "white"), "tops", "flat-lay", {}, 0, 1)
        except MemoryError as error:
            raise EngineStartError(
                f"The GPU's memory does not hold one picture: {error} (FASHN VTON 1.5 has 972 million parameters, see "
                "docs/engines.md, «fashn»)."
            ) from error

    def draw(self, task: TryOn) -> Drawn:
        """The pictures; one request at a time, because the pipeline seeds torch's one generator.

        Raises:
            EngineBusyError: Not even one picture at a time fits into the GPU's memory.
            EngineBrokenError: The GPU is lost to this process.
            ValidationError: There is nobody to dress in the source.
        """
        config = task.parameters.get("imageGenerationConfig") or {}
        category = self._category(task)
        photo = self._settings.garment_photo
        photo = photo_type(task.reference) if photo == "auto" else photo
        with self._lock:
            self._look_for_somebody(task.source)
            painted, adapted = self._painted(task, category, photo, config)
        if painted[0].width * painted[0].height < task.source.width * task.source.height:
            adapted.append(f"resolution={painted[0].width}x{painted[0].height} enlarged")
        if task.mask is not None:
            area = np.asarray(task.mask) < 128
            adapted.append(f"imageBasedMask.garment={category}, by the mask's place")
        else:
            found = merging.changed_area(task.source, painted)
            area = np.ones((task.source.height, task.source.width), np.bool_) if found is None else found
            if found is None:  # a white shirt for a white one: the source as it came would not be a try-on
                adapted.append("garmentBasedMask=whole picture, because the garment hardly differs from what is worn")
            if (task.parameters.get("garmentBasedMask") or {}).get("maskShape") == "BOUNDING_BOX":
                area = merging.boxed(area)
        style = task.parameters.get("mergeStyle", "BALANCED")
        enlarged = [one.convert("RGB").resize(task.source.size, Image.Resampling.LANCZOS) for one in painted]
        images = tuple(merging.merged(task.source, one, area, style) for one in enlarged)
        mask = merging.mask_picture(area) if task.parameters.get("returnMask") else None
        return Drawn(images, mask, tuple(adapted))

    def _category(self, task: TryOn) -> mapping.Category:
        if task.mask is not None:
            return mapping.category_under(task.mask)
        return mapping.category_of(str(task.parameters["garmentBasedMask"]["garmentClass"]))

    def _look_for_somebody(self, person: Image.Image) -> None:
        """Asks the pipeline's human parser; the pipeline itself paints somebody into an empty room.

        A pipeline without the parser (its weights have a licence of their own) is not asked.
        """
        parser = getattr(self._loaded.pipeline, "hp_model", None) if self._loaded else None
        if parser is None:
            return
        small = person.copy()
        small.thumbnail((PARSED, PARSED), Image.Resampling.BOX)
        try:
            labels = np.asarray(self._guarded(lambda: parser.predict(np.asarray(small))))
        except MemoryError as error:
            raise EngineBusyError(f"the GPU's memory does not hold one picture: {error}") from error
        if (labels != 0).mean() < NOBODY:  # 0 is the parser's label for the ground
            raise ValidationError(
                "The engine fashn cannot honour this request: #/virtualTryOnParams/sourceImage: "
                "no person whom it could dress was found."
            )

    def _painted(
        self, task: TryOn, category: mapping.Category, photo: str, config: dict[str, Any]
    ) -> tuple[list[Image.Image], list[str]]:
        """As many pictures as asked for, in smaller and smaller batches while memory runs out."""
        count = int(config.get("numberOfImages", 1))
        while True:
            try:
                painted: list[Image.Image] = []
                for first, number in mapping.batches(count, self._batch):
                    painted += self._call(task.source, task.reference, category, photo, config, first, number)
            except MemoryError as error:
                if self._batch == 1:
                    raise EngineBusyError(f"the GPU's memory does not hold one picture: {error}") from error
                self._batch //= 2  # for the calls that follow, too: they would only run into the same
                log.warning("out of GPU memory", extra={"fields": {"batch": self._batch}})
            else:
                # other batches of one seed are other pictures, so who compares must be told
                smaller = min(self._batch, count) < min(self._settings.batch, count)
                return painted, [f"batch={self._batch}, for want of GPU memory"] if smaller else []

    def _call(
        self, person: Image.Image, garment: Image.Image, category: str, photo: str, config: dict[str, Any],
        first: int, number: int,
    ) -> list[Image.Image]:  # fmt: skip
        """One call of the pipeline; a lack of GPU memory comes out as MemoryError."""
        if self._loaded is None:
            raise EngineBrokenError("the engine was not started")
        pipeline = self._loaded.pipeline
        output = self._guarded(
            lambda: pipeline(
                person_image=person, garment_image=garment, category=category, garment_photo_type=photo,
                num_samples=number, num_timesteps=mapping.steps_of(config), guidance_scale=mapping.guidance_of(config),
                seed=mapping.seed_of(config, first), segmentation_free=True,
            )
        )  # fmt: skip
        if len(output.images) != number:
            raise RuntimeError(f"the pipeline drew {len(output.images)} pictures instead of {number}")
        return list(output.images)

    def _guarded[T](self, work: Callable[[], T]) -> T:
        """Runs the pipeline; a lack of GPU memory comes out as MemoryError, with the memory freed."""
        if self._loaded is None:
            raise EngineBrokenError("the engine was not started")
        torch = self._loaded.torch
        try:
            with redirect_stderr(io.StringIO()):  # its progress bars are no log lines, and cannot be switched off
                return work()
        except torch.cuda.OutOfMemoryError as error:
            lack = str(error)
        except RuntimeError as error:
            if "out of memory" in str(error).lower():  # cuDNN and ONNX Runtime have no class of their own for it
                lack = str(error)
            elif "cuda" in str(error).lower():
                raise EngineBrokenError(f"the GPU failed: {error}") from error
            else:
                raise
        torch.cuda.empty_cache()  # outside the handler: the error's traceback would keep the tensors alive
        raise MemoryError(lack)


def _figure() -> Image.Image:
    """A plain figure, in which a pose detection may see a person."""
    picture = Image.new("RGB", WARM_UP_SIZE, (225, 225, 225))
    draw = ImageDraw.Draw(picture)
    draw.ellipse((248, 60, 328, 170), fill=(224, 178, 150))
    draw.rounded_rectangle((208, 180, 368, 470), 30, fill=(60, 90, 160))
    for left in (160, 372):
        draw.rounded_rectangle((left, 190, left + 44, 480), 20, fill=(224, 178, 150))
    for left in (214, 296):
        draw.rounded_rectangle((left, 470, left + 66, 820), 20, fill=(50, 50, 60))
    return picture
