"""A stand-in of FASHN VTON 1.5's pipeline: its documented interface, and paint instead of a model.

Interface: github.com/fashn-AI/fashn-vton-1.5 at 7c0f10af, ``src/fashn_vton/pipeline.py``: the same arguments and
defaults, the same checks of the weights folder, output in the person's proportions within 576×864, all pixels a little
changed, the same picture for the same seed and number of samples, a logger of its own when it is given none, a progress
bar on the standard error, and somebody painted into a picture with nobody in it: a pose that is not found is replaced
by the whole picture (``dwpose/onnxpose.py``), and nothing after that raises. ``hp_model`` is its human parser, whose
label 0 is the ground.
In the environment, ``STAND_IN_MEMORY`` is the number of samples that fit into the GPU (more raise torch's error),
``STAND_IN_LOADS`` and ``STAND_IN_DRAWS`` are the seconds of loading and drawing, ``STAND_IN_BREAKS`` is CUDA's error.
"""

import logging
import os
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from PIL import Image

WIDTH, HEIGHT = 576, 864
PLACES = {"tops": (0.2, 0.5), "bottoms": (0.5, 0.92), "one-pieces": (0.2, 0.92)}


@dataclass
class PipelineOutput:
    images: list[Image.Image]
    timings: dict[str, float] = field(default_factory=dict)


class HumanParser:
    def predict(self, image: np.ndarray) -> np.ndarray:
        ground = np.median(image.reshape(-1, 3), axis=0)
        return (np.abs(image.astype(np.int16) - ground).max(axis=2) > 12).astype(np.uint8)


class TryOnPipeline:
    calls: list[dict[str, Any]] = []  # noqa: RUF012 - of all pipelines, for tests to look at

    def __init__(self, weights_dir: str, device: str | None = None, logger: Any = None) -> None:
        missing = [
            name
            for name in ("model.safetensors", "dwpose/yolox_l.onnx", "dwpose/dw-ll_ucoco_384.onnx")
            if not (Path(weights_dir) / name).exists()
        ]
        if missing:
            raise FileNotFoundError("Missing model weights:\n" + "\n".join(missing))
        if (Path(weights_dir) / "model.safetensors").read_bytes() == b"damaged":
            raise ValueError("Error while deserializing header: HeaderTooLarge")
        time.sleep(float(os.environ.get("STAND_IN_LOADS", "0")))
        if logger is None:
            logger = logging.Logger("TryOnPipeline")
            logger.addHandler(logging.StreamHandler())
        logger.info("Using device: %s", device)
        self.hp_model = HumanParser()
        self.device = device or "cpu"
        self.inference_dtype = "torch.bfloat16" if self.device == "cuda" else "torch.float32"

    def __call__(
        self,
        person_image: Image.Image,
        garment_image: Image.Image,
        category: Literal["tops", "bottoms", "one-pieces"],
        garment_photo_type: Literal["model", "flat-lay"] = "model",
        num_samples: int = 1,
        num_timesteps: int = 30,
        guidance_scale: float = 1.5,
        skip_cfg_last_n_steps: int = 1,
        seed: int = 42,
        segmentation_free: bool = True,
    ) -> PipelineOutput:
        assert person_image.mode == garment_image.mode == "RGB"
        assert garment_photo_type in {"model", "flat-lay"}
        assert 1 <= num_samples <= 4
        assert 10 <= num_timesteps <= 50
        assert 1.0 <= guidance_scale <= 3.0
        assert 0 <= seed < 2**32  # np.random.seed takes no other
        assert segmentation_free
        self.calls.append(
            {
                "category": category, "garment_photo_type": garment_photo_type, "num_samples": num_samples,
                "num_timesteps": num_timesteps, "guidance_scale": guidance_scale, "seed": seed,
            }
        )  # fmt: skip
        if num_samples > int(os.environ.get("STAND_IN_MEMORY", "4")):
            raise torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.25 GiB.")
        if "STAND_IN_BREAKS" in os.environ and len(self.calls) > 1:  # not in the warm-up
            raise RuntimeError(os.environ["STAND_IN_BREAKS"])
        if len(self.calls) > 1:
            time.sleep(float(os.environ.get("STAND_IN_DRAWS", "0")))
        sys.stderr.write("Sampling: 100%|##########| 30/30\n")
        factor = min(WIDTH / person_image.width, HEIGHT / person_image.height)
        size = (round(person_image.width * factor), round(person_image.height * factor))
        person = np.asarray(person_image.resize(size)).astype(np.int16)
        dice = np.random.default_rng([seed, num_samples, num_timesteps, round(guidance_scale * 1000)])
        return PipelineOutput(
            [self._painted(person, garment_image, category, dice) for _ in range(num_samples)],
        )

    def _painted(
        self, person: np.ndarray, garment: Image.Image, category: str, dice: np.random.Generator
    ) -> Image.Image:
        height, width = person.shape[:2]
        top, bottom = (round(part * height) for part in PLACES[category])
        left, right = round(0.3 * width), round(0.7 * width)
        painted = person + dice.integers(-2, 3, person.shape, dtype=np.int16)
        wide, high = garment.size
        middle = garment.crop((round(0.3 * wide), round(0.3 * high), round(0.7 * wide), round(0.7 * high)))
        cloth = np.asarray(middle.resize((right - left, bottom - top))).astype(np.int16)
        cloth = cloth + dice.integers(-6, 7, cloth.shape, dtype=np.int16)
        # with round corners: a garment is no box
        down, across = np.linspace(-1, 1, bottom - top)[:, None], np.linspace(-1, 1, right - left)[None, :]
        worn = down**4 + across**4 <= 1
        painted[top:bottom, left:right][worn] = cloth[worn]
        return Image.fromarray(np.clip(painted, 0, 255).astype(np.uint8))
