"""Lays trousers, shorts and skirts on the body."""

import math
from typing import Final

import cv2
import numpy as np

from canvas.preview.arrays import Bools, Floats, bounds, floats
from canvas.preview.body import Body
from canvas.preview.flow import flow_over_legs, lay_flow, skirt_of
from canvas.preview.product import Product, brightness
from canvas.preview.shape import LEFT, RIGHT, Lower, Trunk, read_lower
from canvas.preview.uppers import ankle, bare_legs
from canvas.preview.worn import Worn, grid, height_map, lay_rows, widened

KNEES: Final = 0.55  # of the way from waist to ankle
TO_THE_ENDS: Final = "is drawn down to the ends of bent legs, because what a shorter one bares is not known"


def dress_lower(body: Body, product: Product) -> Worn | None:
    """Puts on trousers, shorts or a skirt; None when the body or the product shows none.

    Who sits, or whose legs are bent, gets the product's cloth draped over the legs as they are; so does everybody
    when the product's picture ends before the product does.
    """
    shape = read_lower(product.region)
    if shape is None or body.lower is None:
        return None
    there, here = shape.scaled(product.scale), body.lower
    worn = Worn.empty(body)
    worn.old = widened(body.bottom)
    worn.skin = floats(bare_legs(body))
    worn.keep = np.maximum(np.maximum(body.head, body.hands), body.top)
    waist_there = _width(there.outline, there.outline.top + 0.04 * (there.outline.bottom - there.outline.top))
    waist_here = _width(here.outline, here.outline.top + 0.02 * (here.outline.bottom - here.outline.top))
    if is_bent(body) and shape.legs is None and not product.cropped:
        skirt = drape_skirt(body, product)
        if skirt is not None:
            return skirt
    if is_bent(body) or _spreads(product.region) or (product.cropped and not body.runs_out):
        hips = 0.9 * body.upper.chest if body.upper else waist_here
        drape(worn, product, min(hips, 2.5 * body.unit) / max(waist_there, 1))
        worn.claim = floats(np.ones_like(worn.cover))
        return worn
    scale = waist_here / max(waist_there, 1)
    product = product.softened(scale)
    # the waistband sits under the hem of what is worn above
    waist = here.outline.top - 0.16 * waist_here
    length = there.outline.bottom - there.outline.top
    if body.runs_out and not (there.legs and here.legs):
        even = Trunk(here.outline.top, here.outline.bottom, _straight(here.outline.left), _straight(here.outline.right))
        _rows_between(worn, product, even, there.outline, waist, max(waist + length * scale, body.size[1]))
        worn.cover *= worn.old
        worn.claim = floats(body.bottom > 0)
    elif there.legs and here.legs:
        _trousers(worn, product, here, there, waist, out=body.runs_out)
        worn.cover *= worn.old
    elif there.legs:
        _rows_between(worn, product, here.outline, there.outline, waist, here.outline.bottom)
        worn.cover *= worn.old
        worn.claim = floats(body.bottom > 0)
    else:
        hem = min(waist + length * scale, ankle(body) - 0.03 * body.size[1])
        hem = max(hem, waist + 12)
        _rows_between(worn, product, _skirt(here, there, waist, hem, scale), there.outline, waist, hem)
        ys = floats(np.arange(body.size[1]))
        worn.claim = floats(np.broadcast_to(((ys < hem) & (ys < here.crotch))[:, None], worn.cover.shape))
    worn.cover[: max(0, math.floor(here.outline.top - 1))] = 0
    return worn


def is_bent(body: Body) -> bool:
    """Whether somebody does not stand upright: sits, or strides."""
    return not body.runs_out and _spreads(body.scene.bottom)


def _spreads(region: Bools) -> bool:
    """Whether legs spread too far, and fill too little of the place between them, to be those of somebody upright."""
    left, top, right, bottom = bounds(region)
    if bottom - top < 8:
        return False
    return bool((right - left) / (bottom - top) > 0.6 and region.sum() < 0.68 * (right - left) * (bottom - top))


def drape_skirt(body: Body, product: Product, *, first: float = 0.0, short: bool = False) -> Worn | None:
    """Puts a skirt, or a dress below ``first`` of its height, over legs that are bent; None when none are seen.

    It covers what is worn now whole, or (``short``) down to the knees.
    """
    flow, there = flow_over_legs(body, belt=first > 0), skirt_of(product.region, product.scale, first)
    if flow is None or there is None:
        return None
    worn = lay_flow(body, product, there, flow, KNEES if short else 1.0)
    if not short:
        worn.told.append(TO_THE_ENDS)
    return worn


def drape(worn: Worn, product: Product, scale: float) -> None:
    """Covers everything with the product's cloth, as if a piece of it lay there: for what has no shape to follow.

    The cloth is the largest square that is all product, without its own light, continued by mirroring.
    """
    inner = floats(cv2.distanceTransform((product.cover > 0.95).astype(np.uint8), cv2.DIST_L2, 3))
    # where the cloth is least creased: seams and folds of the product are not those of who wears it
    grey = brightness(product.colours)
    creased = np.abs(cv2.blur(grey, (5, 5)) - cv2.blur(grey, (41, 41)))
    reach = 0.5 * float(inner.max())
    creased = cv2.blur(creased, (2 * int(0.6 * reach) + 1,) * 2)
    y, x = np.unravel_index(int(np.argmin(np.where(inner >= reach, creased, np.inf))), inner.shape)
    half = max(2, int(0.62 * inner[y, x]))
    patch = product.colours[max(0, y - half) : y + half, max(0, x - half) : x + half]
    even = cv2.GaussianBlur(patch, (0, 0), max(1.0, half / 4), borderType=cv2.BORDER_REFLECT_101)
    patch = floats(np.clip(patch - even + np.median(patch.reshape(-1, 3), axis=0), 0, 255))
    if scale < 0.8:
        patch = floats(cv2.GaussianBlur(patch, (0, 0), 0.42 / max(scale, 0.05)))
    height, width = worn.cover.shape
    xs, ys = grid((0, 0, width, height))
    places = floats(xs / max(scale, 0.05)), floats(ys / max(scale, 0.05))
    worn.colours = floats(cv2.remap(patch, *places, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101))
    worn.cover = worn.old.copy()


def _width(trunk: Trunk, y: float) -> float:
    left, right = trunk.sides(floats([y]))
    return float(right[0] - left[0])


def _straight(line: Floats) -> Floats:
    """A side as a straight line: what is seen of hips is too short, and hands hide too much of it, for a curve."""
    at = np.arange(len(line))
    return floats(np.polyval(np.polyfit(at, line, 1), at)) if len(line) > 2 else line


def _rows_between(worn: Worn, product: Product, here: Trunk, there: Trunk, top: float, bottom: float) -> None:
    ys = floats(np.arange(max(0, math.floor(top)), min(worn.cover.shape[0], math.ceil(bottom)))) + 0.5
    left, right = here.sides(ys)
    heights = height_map(ys, [top, bottom], [there.top, there.bottom])
    lay_rows(worn, product, Trunk(float(ys[0]), float(ys[-1]) + 0.5, left, right), there, heights)


def _skirt(here: Lower, there: Lower, waist: float, hem: float, scale: float) -> Trunk:
    ys = floats(np.arange(math.floor(waist), math.ceil(hem) + 1))
    left, right = here.outline.sides(ys)
    axis = float(np.median((here.outline.left + here.outline.right) / 2))
    heights = height_map(ys, [waist, hem], [there.outline.top, there.outline.bottom])
    own_left, own_right = there.outline.sides(heights)
    own = (own_right - own_left) / 2 * scale
    hips = np.where(ys < here.crotch + 30, (right - left) / 2 * 1.01, 0)
    wide = np.maximum(own, hips)
    wide = floats(np.convolve(np.pad(wide, 20, mode="edge"), np.ones(41) / 41, mode="valid"))
    return Trunk(float(ys[0]), float(ys[-1]), floats(axis - wide), floats(axis + wide))


def _trousers(worn: Worn, product: Product, here: Lower, there: Lower, waist: float, *, out: bool) -> None:
    if not (here.legs and there.legs):
        return
    width = _width(there.outline, there.outline.top + 0.05 * (there.outline.bottom - there.outline.top))
    inseam_there = there.legs[0].bottom - there.crotch
    hem = here.legs[0].bottom + 1
    short = inseam_there < 1.25 * width
    if out and not short:  # the picture ends above the hem
        scale = _width(here.outline, here.outline.top + 4) / max(width, 1)
        hem = max(hem, here.crotch + inseam_there * scale)
    if short:
        scale = _width(here.outline, here.outline.top + 4) / max(width, 1)
        hem = min(hem, here.crotch + inseam_there * scale * 1.05)
    top = floats(np.arange(math.floor(waist), math.ceil(here.crotch) + 1))
    left, right = here.outline.sides(top)
    heights = height_map(top + 0.5, [waist, here.crotch], [there.outline.top, there.crotch])
    hips = Trunk(float(top[0]), float(top[-1]) + 1, left, right)
    lay_rows(worn, product, hips, there.outline, heights[: len(top)])
    for side in (LEFT, RIGHT):
        leg_here, leg_there = here.legs[side], there.legs[side]
        ys = floats(np.arange(math.floor(here.crotch), min(worn.cover.shape[0], math.ceil(hem))))
        if not len(ys):
            continue
        left, right = leg_here.sides(ys)
        heights = height_map(ys + 0.5, [here.crotch, hem], [there.crotch, leg_there.bottom])
        lay_rows(worn, product, Trunk(float(ys[0]), float(ys[-1]) + 1, left, right), leg_there, heights)
    rows = floats(np.arange(worn.cover.shape[0]))
    worn.claim = floats(np.broadcast_to((rows < hem)[:, None], worn.cover.shape))
