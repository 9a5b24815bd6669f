"""Puts it all together: shading, what shows where the old garment was, merging."""

from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image, ImageFilter

from canvas.preview.arrays import Bools, Floats, blur, bounds, dilated, eroded, floats, resized, sampled, spread
from canvas.preview.body import Body
from canvas.preview.product import Product, brightness
from canvas.preview.worn import Worn


@dataclass(frozen=True, slots=True)
class Painting:
    """What is painted over the picture: colours, how strongly, and where it is the product (folds are drawn there)."""

    colours: Floats
    strength: Floats
    product: Floats


def dressed(body: Body, worn: Worn, keep: Floats, closeness: float, *, long: bool) -> Painting:
    """The garment with the light of the old one, and body or ground where the old one shows no more.

    Args:
        body: The person.
        worn: The garment laid on them.
        keep: What must not change (0 to 1).
        long: Whether one garment hangs over what were two: only the broad light is taken over then.
        closeness: 0 to 1; the higher, the more of the product's own colours and the less of the scene's light.
    """
    free = 1 - np.maximum(worn.keep, keep)
    cover = _even(np.maximum.reduce([worn.cover, worn.old * worn.claim, worn.arm])) * free
    folds, plain = _light(body, (1 - 0.45 * closeness) * (0.7 if long else 1), body.unit * 0.14 if long else 0)
    light = np.ones_like(folds) if worn.lit else folds
    # cloth is continued to wherever the old outline is wider than what was laid
    laid = floats(worn.cover > 0.6)
    if laid.any():
        half = (max(1, body.size[0] // 2), max(1, body.size[1] // 2))
        # not from its very edge, where a lining or a shadow may show
        core = eroded(resized(laid, *half) > 0.95, max(1, round(body.unit * 0.02)))
        cloth = resized(spread(resized(worn.colours, *half), floats(core)), *body.size)
        sure = np.clip(worn.cover * 1.6, 0, 1)[..., None]
        garment = (worn.colours * sure + cloth * (1 - sure)) * light[..., None]
    else:
        garment = worn.colours * light[..., None]
    region = dilated(body.scene.top | body.scene.bottom | body.scene.shoes, 1)
    rim = resized(floats(region), *body.size)
    # what goes takes its soft shadow on the ground with it
    wide = 2.2 if body.scene.plain else 0.0  # on a busy ground what is guessed shows
    reach = np.clip(blur(floats(worn.old > 0.3), max(1.0, body.unit * 0.05)) * wide, 0, 1)
    reach = reach * np.clip((np.abs(body.pixels - body.ground).max(axis=2) - 5) / 14, 0, 1)
    person = np.clip(body.top + body.bottom + body.shoes + body.skin + body.head, 0, 1)
    gone = (
        np.clip(np.maximum(np.maximum(worn.old, rim * (worn.old > 0.004)), reach * (1 - person)) - cover, 0, 1) * free
    )
    gone *= 1 - np.clip(body.shoes + body.skin, 0, 1) * (1 - worn.old)
    skin = _bare(body, plain)
    body_shows = np.clip(blur(worn.skin * (worn.old > 0.3), 1), 0, 1)[..., None]
    under = skin * body_shows + body.ground * (1 - body_shows)
    total = np.clip(cover + gone * (1 - cover), 0, 1)
    share = (cover / np.maximum(total, 1e-4))[..., None]
    return Painting(floats(garment * share + under * (1 - share)), floats(total), floats(cover))


def _bare(body: Body, light: Floats) -> Floats:
    """Skin where clothes hide it: near bare skin as that is, elsewhere of the face's colour in the clothes' light."""
    guess = body.skin_colour * np.clip(light, 0.62, 1.10)[..., None]
    small = (max(1, body.size[0] // 4), max(1, body.size[1] // 4))
    seen = resized(floats(eroded(body.skin > 0.97, max(2, round(0.03 * body.unit)))), *small)
    if not seen.any():
        return floats(guess)
    near = np.clip(blur(seen, 0.12 * body.unit) * 8, 0, 1)
    shown = spread(resized(body.pixels, *small), floats(seen > 0.9))
    shown, near = resized(blur(shown, 0.02 * body.unit), *body.size), resized(near, *body.size)
    return floats(shown * near[..., None] + guess * (1 - near[..., None]))


def _even(cover: Floats) -> Floats:
    """The coverage without the steps of the smaller copies that its outline was found on, and with a soft edge."""
    sigma = max(0.8, cover.shape[1] / 640)
    return floats(np.clip((cv2.GaussianBlur(cover, (0, 0), sigma) - 0.5) * 1.9 + 0.5, 0, 1))


def above(upper: Painting, lower: Painting) -> Painting:
    """Two paintings as one, the first over the second."""
    total = upper.strength + lower.strength * (1 - upper.strength)
    share = (upper.strength / np.maximum(total, 1e-4))[..., None]
    colours = upper.colours * share + lower.colours * (1 - share)
    return Painting(floats(colours), floats(total), np.maximum(upper.product, lower.product))


def _light(body: Body, strength: float, smoothing: float) -> tuple[Floats, Floats]:
    """The folds and shadows of what is worn now, as factors around 1: as strong as wanted, and in full."""
    bright = brightness(body.pixels)
    width, height = body.size
    fine = blur(bright, max(1.0, width / 700))
    # a print is no light: what stands out from the cloth around it counts as the cloth around it
    size = 2 * max(1, round(min(0.16 * body.unit, 60) / 2)) + 1
    around = floats(cv2.medianBlur(np.clip(fine * 255, 0, 255).astype(np.uint8), size)) / 255
    inside = eroded((body.top > 0.5) | (body.bottom > 0.5), size // 2 + 1)
    fine = np.where(inside & (np.abs(fine - around) > 0.13), around, fine)
    full = np.ones((height, width), np.float32)
    toned = np.ones((height, width), np.float32)
    known = np.zeros((height, width), np.float32)
    for region, power in ((body.skin, 0.6), (body.top, 1.0), (body.bottom, 1.0), (body.shoes, 0.5)):
        # not at the very edge, where the ground's light has been mixed in
        inner = eroded(region > 0.97, max(1, round(width / 500)))
        if inner.sum() < 100:
            continue
        soft = fine
        if smoothing:
            weight = floats(inner)
            soft = blur(bright * weight, smoothing) / np.maximum(blur(weight, smoothing), 1e-3)
        level = float(np.percentile(soft[inner], 75))
        rough = float(np.abs(bright - fine)[inner].mean()) / max(level, 0.05)
        # a print or a very dark cloth says little about the light on it
        trust = power * float(np.clip(1.5 - rough * 12, 0.25, 1)) * float(np.clip(level / 0.4, 0.35, 1))
        factor = np.clip(soft / max(level, 0.03), 0.45, 1.16)
        full = np.where(inner, 1 + (factor - 1) * trust, full)
        toned = np.where(inner, 1 + (factor - 1) * trust * strength, toned)
        known = np.where(inner, 1, known).astype(np.float32)
    both = spread(np.stack([toned, full], axis=-1).astype(np.float32), known)
    # the edge of a sleeve must not show through a longer one: where cloth and skin meet the light is soft
    width_of_edge = max(1, round(body.unit * 0.10))
    edge = dilated(body.top > 0.5, width_of_edge) & dilated(body.skin > 0.5, width_of_edge)
    if edge.any():
        soft_edge = np.clip(blur(floats(edge), max(1.0, body.unit * 0.05)), 0, 1)[..., None]
        both = both * (1 - soft_edge) + blur(both, max(1.0, body.unit * 0.12)) * soft_edge
    # far from anything known the light is even
    near = np.clip(blur(known, width / 60) * 3, 0, 1)[..., None]
    both = both * near + (1 - near)
    return floats(both[..., 0]), floats(both[..., 1])


def without(pixels: Floats, hole: Bools) -> Floats:
    """The picture with a hole filled from what is around it: walls and floors go on behind a thing.

    Sideways, because that is how walls and floors run; evenly where nothing is known at the sides.
    """
    if not hole.any() or hole.all():
        return pixels
    height, width = hole.shape
    known = ~dilated(hole, 3)
    calm = cv2.blur(pixels, (1, 3))
    # from the nearest known place on the left to that on the right, row by row
    at = np.broadcast_to(np.arange(width), hole.shape)
    left = np.maximum.accumulate(np.where(known, at, -1), axis=1)
    right = np.minimum.accumulate(np.where(known, at, width)[:, ::-1], axis=1)[:, ::-1]
    seen = (left >= 0) & (right < width)
    start, end = np.where(left < 0, right, left), np.where(right >= width, left, right)
    start, end = np.clip(start, 0, width - 1), np.clip(end, 0, width - 1)
    share = ((at - start) / np.maximum(end - start, 1))[..., None]
    ends = [np.take_along_axis(calm, side[..., None], 1) for side in (start, end)]
    # rows that end in different things (a wall, the sofa beside it) fade into the broad colour around
    unlike = np.clip((np.abs(ends[0] - ends[1]).max(axis=2) - 24) / 40, 0, 1)
    small = (max(8, width // 4), max(8, height // 4))
    weight = resized(floats(known), *small)
    colours = resized(pixels * known[..., None], *small) / np.maximum(weight, 1e-3)[..., None]
    broad = resized(floats(cv2.blur(spread(colours, floats(weight > 0.5)), (5, 5))), width, height)
    doubt = np.where(seen, cv2.blur(floats(unlike), (1, 9)), 1)[..., None]
    guess = (ends[0] * (1 - share) + ends[1] * share) * (1 - doubt) + broad * doubt
    return floats(np.where(hole[..., None], guess, pixels))


def covering(pixels: Floats, cloth: Floats, area: Bools, keep: Floats) -> Painting:
    """A material over a surface, in the surface's own light."""
    bright = brightness(pixels)
    soft = blur(bright, max(1.0, pixels.shape[1] / 300))
    level = float(np.percentile(soft[area], 70)) if area.any() else 1.0
    light = np.clip(soft / max(level, 0.05), 0.35, 1.3)
    edge = cv2.blur(floats(area), (3, 3)) * area * (1 - keep)
    return Painting(floats(cloth * light[..., None]), floats(edge), floats(edge))


def laid_flat(pixels: Floats, product: Product, whole: Bools, area: Bools) -> Painting:
    """A thing on the floor, in the outline (``whole``) of what lay there and where that was seen (``area``).

    Its further half is shown smaller, as a floor is that one looks along.
    """
    left, top, right, bottom = bounds(whole)
    height, width = max(bottom - top, 1), max(right - left, 1)
    own_left, own_top, own_right, own_bottom = product.box
    rows, columns = np.mgrid[top:bottom, left:right].astype(np.float32)
    down, across = (rows + 0.5 - top) / height, (columns + 0.5 - left) / width
    far = 0.78  # how wide the far edge is, of the near one
    wide = far + (1 - far) * down
    source_y = own_top + (0.02 + 0.96 * down / (down + far * (1 - down))) * (own_bottom - own_top)
    source_x = own_left + np.clip(0.5 + (across - 0.5) / (1.08 * wide), 0.02, 0.98) * (own_right - own_left)
    scale = np.sqrt(height * width / max((own_right - own_left) * (own_bottom - own_top), 1))
    colours = pixels.copy()
    colours[top:bottom, left:right] = sampled(
        product.softened(float(scale)).colours, floats(source_x), floats(source_y)
    )
    # the room's light on it, without the old one's pattern
    bright = blur(brightness(pixels), width / 12)
    level = float(np.median(bright[area])) if area.any() else 1.0
    light = np.clip(bright / max(level, 0.05), 0.8, 1.15)
    edge = cv2.GaussianBlur(floats(area), (0, 0), max(0.8, pixels.shape[1] / 1000)) * area
    return Painting(floats(colours * light[..., None]), floats(edge), floats(edge))


def varied(painting: Painting, seed: int, amount: float = 0.05) -> Floats:
    """The painting's colours with soft folds and a light that depend on the seed only."""
    dice = np.random.default_rng(seed)
    height, width = painting.strength.shape
    columns, rows = 9 + int(dice.integers(0, 4)), 6 + int(dice.integers(0, 3))
    coarse = floats(dice.normal(0, 1, (rows, columns)))
    picture = Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)
    folds = floats(picture) * amount * 0.6
    ys, xs = np.mgrid[0:height, 0:width].astype(np.float32)
    turn = float(dice.uniform(0, 6.283))
    slope = (np.cos(turn) * (xs / width - 0.5) + np.sin(turn) * (ys / height - 0.5)) * amount
    change = 1 + (folds + slope) * painting.product
    return floats(painting.colours * change[..., None])


def merged(source: Floats, colours: Floats, strength: Floats, area: Bools, style: str) -> Image.Image:
    """The picture: BALANCED leaves every pixel outside the area as it is; SEAMLESS fades over its edge and touches the
    whole picture a little; DETAILED sharpens inside it."""
    strength = np.where(area, strength, 0)
    if style == "SEAMLESS":
        # the edge as wide as a lens would make it: less is a seam, more is a halo
        sigma = max(0.6, source.shape[1] / 1100)
        strength = 0.4 * strength + 0.6 * floats(cv2.GaussianBlur(floats(strength), (0, 0), sigma))
        source = source * 0.985 + np.stack([blur(source[..., c], 1) for c in range(3)], axis=-1) * 0.015 + 0.4
    if style == "DETAILED":
        picture = Image.fromarray(np.clip(colours, 0, 255).astype(np.uint8))
        colours = floats(picture.filter(ImageFilter.UnsharpMask(radius=1.6, percent=70, threshold=1)))
    mixed = source + (colours - source) * strength[..., None]
    return Image.fromarray(np.clip(np.rint(mixed), 0, 255).astype(np.uint8))
