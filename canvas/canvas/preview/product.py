"""Cuts the product out of its picture: from a plain ground, or off the person who wears it."""

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from PIL import Image, ImageFilter

from canvas.preview.arrays import (
    Bools,
    Floats,
    bools,
    bounds,
    box_mean,
    closed,
    components,
    dilated,
    eroded,
    filled,
    floats,
    largest,
    opened,
    resized,
    row_runs,
    spread,
    touching,
)
from canvas.preview.people import Scene, in_front, plain_ground, read_scene, standing_out
from canvas.preview.shape import read_upper

Group = Literal["upper", "lower", "full", "feet", "thing"]
LONGEST: Final = 1100  # more detail than this is not seen in the result


@dataclass(frozen=True, slots=True)
class Product:
    """The product's colours (continued beyond its edge, so that any place can be sampled), its coverage and shape.

    ``region`` is the product in working pixels, ``scale`` turns those into pixels of ``colours``.
    """

    colours: Floats
    cover: Floats
    region: Bools
    scale: float

    @property
    def cropped(self) -> bool:
        """Whether the picture ends before the product does."""
        return bool(self.region[-1].sum() > 0.4 * self.region.any(axis=0).sum())

    @property
    def box(self) -> tuple[int, int, int, int]:
        """Its bounding box in pixels of ``colours``."""
        return tuple(round(edge * self.scale) for edge in bounds(self.region))  # type: ignore[return-value]

    def softened(self, scale: float) -> "Product":
        """The product as it is to be sampled when it is drawn ``scale`` times as large: without what would flicker."""
        if scale > 0.8:
            return self
        sigma = 0.42 / max(scale, 0.05)
        both = np.concatenate([self.colours, self.cover[..., None] * 255], axis=2)
        picture = Image.fromarray(np.clip(both, 0, 255).astype(np.uint8), "RGBA")
        soft = floats(picture.filter(ImageFilter.GaussianBlur(sigma)))
        return Product(soft[..., :3], soft[..., 3] / 255, self.region, self.scale)


def matte(region: Bools, guide: Floats, size: tuple[int, int]) -> Floats:
    """The region at full size with soft edges that follow the picture.

    Args:
        region: Working-size mask.
        guide: Brightness of the full-size picture, 0 to 1.
        size: (width, height) of the full-size picture.
    """
    width, height = size
    coarse = resized(guide, region.shape[1], region.shape[0])
    values = floats(region)
    radius, smooth = 3, 2e-4
    mean_g, mean_v = box_mean(coarse, radius), box_mean(values, radius)
    cov = box_mean(coarse * values, radius) - mean_g * mean_v
    var = box_mean(coarse * coarse, radius) - mean_g * mean_g
    slope = cov / (var + smooth)
    offset = mean_v - slope * mean_g
    fine = resized(box_mean(slope, 2), width, height) * guide + resized(box_mean(offset, 2), width, height)
    # the filter follows edges but leaves haze; near the coarse edge it decides, elsewhere the region does
    soft = resized(floats(region), width, height)
    core = resized(floats(eroded(region, 2)), width, height)
    reach = resized(floats(dilated(region, 2)), width, height)
    mixed = np.clip((0.65 * fine + 0.35 * soft - 0.32) / 0.36, 0, 1)
    return floats(np.clip(np.maximum(mixed, core) * np.minimum(reach * 1.5, 1), 0, 1))


def brightness(pixels: Floats) -> Floats:
    """Luma of sRGB pixels, 0 to 1."""
    return floats(pixels @ floats([0.299, 0.587, 0.114]) / 255)


@dataclass(frozen=True, slots=True)
class Reference:
    """The product's picture, RGB, no larger than is of use, and what was found in it."""

    picture: Image.Image
    scene: Scene


def look(reference: Image.Image) -> Reference:
    """The reference picture as ``cut`` takes it: looked at once, however often it is cut from."""
    factor = max(reference.size) / LONGEST
    if factor > 1:
        size = (max(1, round(reference.width / factor)), max(1, round(reference.height / factor)))
        reference = reference.resize(size, Image.Resampling.LANCZOS)
    return Reference(reference, read_scene(reference))


def cut(reference: Reference, group: Group) -> Product:
    """The part of the reference picture that is worth trying on.

    Args:
        reference: The product; it may be worn, and several may lie in its picture.
        group: What is looked for.
    """
    picture, scene = reference.picture, reference.scene
    region = _worn(scene, group) if scene.face else None
    if region is None or region.sum() < 0.004 * region.size:
        region = _laid(scene, group)
        if group in {"upper", "full"}:
            region &= ~_opening(scene, region)
    return _cut_out(picture, scene, region)


def cut_outfit(reference: Reference) -> tuple[Product, Product] | None:
    """Top and bottom of an outfit; None when the picture shows one piece (a dress) or only one of them."""
    picture, scene = reference.picture, reference.scene
    if scene.face:
        top, bottom = scene.top, scene.bottom
        if min(top.sum(), bottom.sum()) < 0.01 * top.size:
            return None
        colours = [np.median(scene.colours[part], axis=0) for part in (top, bottom)]
        cropped = bottom[-1].sum() > 0.4 * bottom.any(axis=0).sum()  # where it ends is not known, nor if in one piece
        if float(np.abs(colours[0] - colours[1]).sum()) < 9 and not cropped:  # one cloth from neck to hem
            return None
    else:
        pieces = _pieces(scene)
        kinds = [_kind(piece) for piece in pieces]
        if "upper" not in kinds or "lower" not in kinds:
            return None
        top, bottom = pieces[kinds.index("upper")], pieces[kinds.index("lower")]
        top = top & ~_opening(scene, top)
    return _cut_out(picture, scene, top), _cut_out(picture, scene, bottom)


def _cut_out(reference: Image.Image, scene: Scene, region: Bools) -> Product:
    pixels = floats(reference)
    cover = matte(region, brightness(pixels), reference.size)
    # a cut before a busy ground is a little less sure of its edge
    inner = matte(eroded(region, 1 if scene.plain else 3), brightness(pixels), reference.size)
    colours = spread(pixels, np.where(inner > 0.9, 1, 0).astype(np.float32))
    colours = pixels * inner[..., None] + colours * (1 - inner[..., None])
    # the mask was found on a small copy: its edge is smoothed into a line
    picture = Image.fromarray((cover * 255).astype(np.uint8)).filter(ImageFilter.GaussianBlur(2.2))
    cover = np.clip((floats(picture) / 255 - 0.5) * 2.4 + 0.5, 0, 1)
    return Product(floats(colours), floats(cover), region, scene.scale)


def _worn(scene: Scene, group: Group) -> Bools | None:
    if group == "upper":
        return scene.top
    if group == "lower":
        return scene.bottom
    if group == "full":
        whole = closed(scene.top | scene.bottom, 2)
        return largest(whole) if whole.any() else None
    if group == "feet" and scene.shoes.any():
        return scene.shoes
    return None


def _laid(scene: Scene, group: Group) -> Bools:
    """The thing that lies there; of several products the one that is looked for."""
    pieces = _pieces(scene)
    if not pieces:
        return np.ones(scene.shape, np.bool_)
    if len(pieces) > 1 and group != "thing":
        kinds = [_kind(piece) for piece in pieces]
        wanted = [piece for piece, kind in zip(pieces, kinds, strict=True) if kind == group]
        if group == "feet":  # a pair, and smaller than anything worn above it
            small = [piece for piece in pieces if piece.sum() < 0.5 * pieces[0].sum()]
            low = sorted(small or pieces, key=lambda piece: -bounds(piece)[3])[:2]
            return bools(np.logical_or.reduce(low))
        if wanted:
            return wanted[0]
        if pieces[1].sum() < 0.5 * pieces[0].sum() or group == "full":
            return pieces[0]
        way = 1 if group == "upper" else -1
        return min(pieces[:2], key=lambda piece: way * (bounds(piece)[1] + bounds(piece)[3]))
    return bools(np.logical_or.reduce(pieces))


def _pieces(scene: Scene) -> list[Bools]:
    """The things in a picture that shows nobody, the largest first."""
    if scene.plain:
        ground, misfit = plain_ground(scene.colours)
        front = in_front(scene.colours, ground, misfit, gaps=False)
    else:
        front = standing_out(scene.pixels)
    front = filled(front, below=front.size // 400)
    labels, sizes = components(front)
    largest_first = sorted(range(1, len(sizes)), key=lambda label: -sizes[label])
    return [bools(labels == label) for label in largest_first if sizes[label] >= 0.06 * max(sizes[1:])]


def _kind(piece: Bools) -> Group:
    """What a piece looks like by its outline: legs make it a lower garment, sleeves an upper one."""
    left, top, right, bottom = bounds(piece)
    wide, tall = right - left, bottom - top
    low = piece[top + round(0.6 * tall) : top + round(0.95 * tall)]
    runs = [[run for run in row_runs(row) if run[1] - run[0] > 0.1 * wide] for row in low]
    parted = [row for row in runs if len(row) == 2]
    if len(parted) > 0.6 * len(runs):
        gap = float(np.median([(row[0][1] + row[1][0]) / 2 for row in parted]))
        if abs(gap - (left + right) / 2) < 0.12 * wide:
            return "lower"
    upper = read_upper(piece)
    if upper is not None and any(upper.sleeves):
        return "full" if tall > 2.1 * upper.chest else "upper"
    return "lower" if tall > 1.15 * wide else "thing"


def _opening(scene: Scene, region: Bools) -> Bools:
    """The inside of a garment's back that shows through its neck: nobody sees it once a neck is in it.

    It is taken as the darker patch that begins at the middle of the upper edge and ends at the front's edge. A patch
    that runs on is no opening (a hood, a jacket that is closed to the top), and nothing is cut then.
    """
    left, top, right, bottom = bounds(region)
    none = np.zeros(region.shape, np.bool_)
    rows = np.flatnonzero(region[:, (left + right) // 2])
    if not len(rows):
        return none
    middle, first = (left + right) // 2, int(rows[0])
    seeds = none.copy()
    seeds[first + 2 : first + 5, middle - 2 : middle + 3] = True
    seeds &= region
    if not seeds.any():
        return none
    colour = np.median(scene.colours[seeds], axis=0)
    away = np.sqrt(((scene.colours - colour) ** 2).sum(axis=2))
    patch = touching(opened((away < 11) & region, 1), seeds)
    wide, high = right - left, bottom - top
    box = bounds(patch)
    fits = box[2] - box[0] < 0.45 * wide and box[3] - first < 0.24 * high and patch.sum() > 0.002 * region.sum()
    return dilated(closed(patch, 2), 1) & region if fits and patch.any() else none
