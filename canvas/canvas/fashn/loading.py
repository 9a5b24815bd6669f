"""Finds and loads the pipeline; what is missing is named with its remedy."""

import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Final, Protocol, Self

from PIL import Image

from canvas.engine import EngineStartError
from canvas.fashn.mapping import MOST_SAMPLES

log = logging.getLogger("canvas")

SAGEMAKER_MODEL: Final = Path("/opt/ml/model")  # where SageMaker unpacks a model's data
FILES: Final = ("model.safetensors", "dwpose/yolox_l.onnx", "dwpose/dw-ll_ucoco_384.onnx")
PARSER: Final = "models--fashn-ai--fashn-human-parser"  # its folder in the hub's cache
GUIDE: Final = "see docs/engines.md, «fashn»"
PHOTO_TYPES: Final = ("auto", "model", "flat-lay")


class Output(Protocol):
    """What the pipeline returns."""

    images: Sequence[Image.Image]


class Pipeline(Protocol):
    """The part of ``fashn_vton.TryOnPipeline`` that we use."""

    def __call__(
        self, *, person_image: Image.Image, garment_image: Image.Image, category: str, garment_photo_type: str,
        num_samples: int, num_timesteps: int, guidance_scale: float, seed: int, segmentation_free: bool,
    ) -> Output:  # fmt: skip
        """1 to 4 pictures, each at most 576×864, in the person picture's proportions."""


@dataclass(frozen=True, slots=True)
class FashnSettings:
    """How the engine runs.

    ``weights`` is the folder with the model's files; ``device`` is cuda, cpu or auto; ``batch`` is how many pictures
    are drawn in one call of the pipeline (1 to 4); ``garment_photo`` is model, flat-lay or auto.
    """

    weights: Path = SAGEMAKER_MODEL
    device: str = "auto"
    batch: int = MOST_SAMPLES
    garment_photo: str = "auto"

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """From ``CANVAS_FASHN_WEIGHTS``, ``…_DEVICE``, ``…_BATCH`` and ``…_GARMENT_PHOTO``."""
        batch = environment.get("CANVAS_FASHN_BATCH", str(MOST_SAMPLES))
        photo = environment.get("CANVAS_FASHN_GARMENT_PHOTO", "auto")
        if not batch.isdecimal() or not 1 <= int(batch) <= MOST_SAMPLES:
            raise SystemExit(f"CANVAS_FASHN_BATCH must be 1 to {MOST_SAMPLES}, not {batch!r}")
        if photo not in PHOTO_TYPES:
            raise SystemExit(f"CANVAS_FASHN_GARMENT_PHOTO must be one of {', '.join(PHOTO_TYPES)}, not {photo!r}")
        weights = Path(environment.get("CANVAS_FASHN_WEIGHTS", str(SAGEMAKER_MODEL)))
        return cls(weights, environment.get("CANVAS_FASHN_DEVICE", "auto"), int(batch), photo)


@dataclass(frozen=True, slots=True)
class Loaded:
    """The pipeline, torch, and where and how precisely it computes, in words for the log."""

    pipeline: Pipeline
    torch: Any
    device: str
    precision: str


def load(settings: FashnSettings, environment: Mapping[str, str] = os.environ) -> Loaded:
    """Loads the pipeline with its weights; half precision (bfloat16) is the pipeline's own choice on GPUs that have it.

    Raises:
        EngineStartError: A package, a file or the GPU is missing; the message names it and the remedy.
    """
    torch, package = _module("torch"), _module("fashn_vton")
    missing = [name for name in FILES if not (settings.weights / name).is_file()]
    if missing:
        raise EngineStartError(
            f"The weights folder {settings.weights} lacks {', '.join(missing)}. Download them (about 2 GB) with the "
            f"pipeline's scripts/download_weights.py and name the folder in CANVAS_FASHN_WEIGHTS; on SageMaker give "
            f"them as the model's data ({GUIDE})."
        )
    _check_parser(environment)
    device = _device(settings.device, torch)
    if device == "cuda":
        torch.set_float32_matmul_precision("high")  # for what stays in 32 bits on a GPU without bfloat16
        torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark = True, False  # one seed, one picture
    try:
        # with no logger it would make one of its own, whose lines are no JSON
        pipeline = package.TryOnPipeline(weights_dir=str(settings.weights), device=device, logger=log)
    except (OSError, RuntimeError, ValueError, KeyError) as error:
        raise EngineStartError(
            f"The pipeline did not load from {settings.weights} on {device}: {type(error).__name__}: {error} "
            f"(damaged or other weights, too little GPU memory, or no access to the human parser's; {GUIDE})."
        ) from error
    return Loaded(pipeline, torch, device, str(getattr(pipeline, "inference_dtype", "unknown")))


def _module(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError as error:
        lacking = error.name or name
        raise EngineStartError(
            f"The package {lacking} is not installed: pip install -r requirements-fashn.txt, and the pipeline itself "
            f"from its repository, as in fashn.Dockerfile ({GUIDE})."
        ) from error


def _check_parser(environment: Mapping[str, str]) -> None:
    """The human parser's weights are fetched on first use; where that is switched off they must be there already."""
    if environment.get("HF_HUB_OFFLINE", "").lower() not in {"1", "true", "yes", "on"}:
        return
    home = Path(environment.get("HF_HOME", Path.home() / ".cache" / "huggingface"))
    folder = Path(environment.get("HF_HUB_CACHE", home / "hub")) / PARSER
    if not folder.is_dir():
        raise EngineStartError(
            f"The human parser's weights (about 244 MB) are not in {folder}, and HF_HUB_OFFLINE forbids to fetch them. "
            f"Fetch them once where there is a network and bring that folder along, or unset HF_HUB_OFFLINE ({GUIDE})."
        )


def _device(wanted: str, torch: Any) -> str:
    there = bool(torch.cuda.is_available())
    if wanted == "auto":
        return "cuda" if there else "cpu"
    if wanted.startswith("cuda") and not there:
        raise EngineStartError(
            f"CANVAS_FASHN_DEVICE is {wanted}, but torch sees no GPU: check the driver, the container's access to the "
            f"GPU, and that torch is a CUDA build; or set it to cpu, which takes minutes for a picture ({GUIDE})."
        )
    return wanted
