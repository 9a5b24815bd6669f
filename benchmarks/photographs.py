"""Photographs that nobody took: detail at every scale, and noise as a sensor's, make files as large as real ones."""

import io
from typing import Any

import numpy as np
from PIL import Image, ImageChops

SIZES = {12: (4032, 3024), 24: (5712, 4284), 48: (8064, 6048)}
"""What phones take, by megapixels."""
QUALITY = 88
ON_ITS_SIDE = 6
FALL = 0.62
"""How strong the detail of each scale is, beside that of the scale twice as coarse; in photographs it is about so."""

type Noise = np.random.Generator


def photograph(size: tuple[int, int], seed: int = 1) -> Image.Image:
    """A picture of that size, always the same for the same seed."""
    chance = np.random.default_rng(seed)
    image = _coarse(chance, (size[0] // 4, size[1] // 4)).resize(size, Image.Resampling.BICUBIC)
    detail = _noise(chance, 1024, 1.6).resize((2048, 2048), Image.Resampling.BICUBIC)
    for noise in (detail, _noise(chance, 2048, 3.9)):
        image = ImageChops.add(image, _tiled(noise, size), 1, -128)
    return image


def jpeg(image: Image.Image, **options: Any) -> bytes:
    """A camera's file of it: turned by its EXIF data, colours at half the size."""
    exif = Image.Exif()
    exif[0x0112] = ON_ITS_SIDE
    out = io.BytesIO()
    image.save(out, "JPEG", quality=QUALITY, exif=exif, **options)
    return out.getvalue()


def _coarse(chance: Noise, size: tuple[int, int]) -> Image.Image:
    """All the detail down to pixels of this size: octaves of noise, mostly of light and a little of colour."""
    width, height = size
    pixels = np.full((height, width, 3), 128, np.float32)
    side, strength = 6, 60.0
    while side < width:
        shape = max(2, side * height // width), side
        light = chance.standard_normal((*shape, 1), np.float32)
        octave = strength * (light + 0.35 * chance.standard_normal((*shape, 3), np.float32))
        for colour in range(3):
            layer = Image.fromarray(octave[..., colour]).resize(size, Image.Resampling.BICUBIC)
            pixels[..., colour] += np.asarray(layer)
        side, strength = side * 2, strength * FALL
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def _noise(chance: Noise, side: int, deviation: float) -> Image.Image:
    """Grey noise around 128, the same in all colours."""
    grey = (128 + deviation * chance.standard_normal((side, side), np.float32)).round().clip(0, 255).astype(np.uint8)
    return Image.fromarray(grey).convert("RGB")


def _tiled(tile: Image.Image, size: tuple[int, int]) -> Image.Image:
    image = Image.new("RGB", size)
    for top in range(0, size[1], tile.height):
        for left in range(0, size[0], tile.width):
            image.paste(tile, (left, top))
    return image
