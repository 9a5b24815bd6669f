"""Lays a skirt over bent legs: cloth that runs from waist to hem between two sides, as water would."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from canvas.preview.arrays import (
    Bools,
    Floats,
    Ints,
    blur,
    bools,
    bounds,
    closed,
    dilated,
    filled,
    floats,
    largest,
    resized,
    sampled,
    smooth_line,
)
from canvas.preview.body import Body
from canvas.preview.cuts import leg_ends
from canvas.preview.product import Product
from canvas.preview.shape import Trunk, straight_ends
from canvas.preview.worn import Worn, widened

LEVELS: Final = (8, 4, 2)  # the flow is solved on copies this many times smaller than the working picture
ROUNDS: Final = 160  # sweeps on each
HOLLOW: Final = 0.30  # how much darker cloth is that no leg lies under


@dataclass(frozen=True, slots=True)
class Flow:
    """Where cloth lies (``region``, of the working picture), and for each place how far it is from side to side
    (``across``) and from waist to hem (``down``), both 0 to 1."""

    region: Bools
    across: Floats
    down: Floats


def flow_over_legs(body: Body, *, belt: bool) -> Flow | None:
    """The cloth of a skirt that reaches to the legs' ends; None when the legs are not seen well enough.

    With ``belt`` it covers what is between top and bottom, too.
    """
    scene, unit = body.scene, body.face.width / body.scene.scale
    legs = scene.bottom
    if belt:
        legs = legs | (closed(scene.top | legs, round(0.2 * unit)) & ~scene.top & ~scene.skin & ~scene.head)
        legs = largest(legs)
    ends = leg_ends(scene.bottom, unit)
    if legs.sum() < unit * unit or not ends:
        return None
    region = _hull(legs) & ~_above(body, legs)
    corners = _corners(body, region, ends)
    outlines, _ = cv2.findContours(region.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    line = max(outlines, key=len)[:, 0].astype(np.int32)
    places = [int(np.argmin(np.hypot(line[:, 0] - x, line[:, 1] - y))) for x, y in corners]
    order = [(place - places[0]) % len(line) for place in places]
    if order[1] > order[2]:  # the outline runs the other way round
        line = line[::-1]
        places = [len(line) - 1 - place for place in places]
        order = [(place - places[0]) % len(line) for place in places]
    if not 0 < order[1] < order[2] < order[3]:
        return None
    line = np.roll(line, -places[0], axis=0)
    waist, right, hem, left = np.split(line, order[1:])
    region = _filled_line(line, region.shape)
    return Flow(region, _potential(region, left, right), _potential(region, waist, hem))


def _hull(region: Bools) -> Bools:
    points = np.argwhere(region)[:, ::-1].astype(np.int32)
    found = np.zeros(region.shape, np.uint8)
    cv2.fillConvexPoly(found, cv2.convexHull(points[:, None]), (1,))
    return bools(found)


def _filled_line(line: Ints, shape: tuple[int, int]) -> Bools:
    found = np.zeros(shape, np.uint8)
    cv2.fillPoly(found, [np.ascontiguousarray(line[:, None])], (1,))
    return bools(found)


def _above(body: Body, legs: Bools) -> Bools:
    """What of the hull is above the waist: the top, and what lies beside it."""
    scene = body.scene
    rows, columns = np.mgrid[0 : legs.shape[0], 0 : legs.shape[1]]
    first = np.where(legs.any(axis=0), legs.argmax(axis=0), legs.shape[0])
    return bools(scene.top | ((rows < first[None]) & dilated(scene.top, 2) & (columns >= 0)))


def _corners(body: Body, region: Bools, ends: list[tuple[float, float, float]]) -> list[tuple[float, float]]:
    """Waist left, waist right, hem right, hem left."""
    unit = body.face.width / body.scene.scale
    touched = region & dilated(body.scene.top, max(2, round(0.12 * unit)))
    if not touched.any():
        left, top, right, _ = bounds(body.scene.bottom)
        touched = np.zeros_like(region)
        touched[top : top + 3, left:right] = region[top : top + 3, left:right]
    ys, xs = np.nonzero(touched)
    first, last = int(np.argmin(xs)), int(np.argmax(xs))
    outer = [min(ends), max(ends)]
    (left_x, left_y, left_wide), (right_x, right_y, right_wide) = outer
    return [
        (float(xs[first]), float(ys[first])), (float(xs[last]), float(ys[last])),
        (right_x + right_wide / 2, right_y), (left_x - left_wide / 2, left_y),
    ]  # fmt: skip


def _potential(region: Bools, low: Ints, high: Ints) -> Floats:
    """The smoothest values over a region that are 0 along one line and 1 along another (Laplace's equation; no flow
    through the rest of the outline), solved from coarse to fine."""
    height, width = region.shape
    found: Floats | None = None
    for level in LEVELS:
        size = (max(4, width // level), max(4, height // level))
        inside = resized(floats(region), *size) > 0.3
        fixed = np.full((size[1], size[0]), -1, np.float32)
        for line, value in ((low, 0.0), (high, 1.0)):
            columns = np.clip(line[:, 0] * size[0] // width, 0, size[0] - 1)
            rows = np.clip(line[:, 1] * size[1] // height, 0, size[1] - 1)
            fixed[rows, columns] = value
            inside[rows, columns] = True
        known = fixed >= 0
        weight = floats(inside)
        around = np.maximum(cv2.blur(weight, (3, 3), borderType=cv2.BORDER_CONSTANT), 1e-4)
        values = np.full(fixed.shape, 0.5, np.float32) if found is None else resized(found, *size)
        for _ in range(ROUNDS):
            values = np.where(known, fixed, values) * weight
            values = cv2.blur(values, (3, 3), borderType=cv2.BORDER_CONSTANT) / around
        found = np.where(known, fixed, values)
        # beyond its outline it goes on as at the outline, so that it may be enlarged
        mean = cv2.blur(found * weight, (5, 5)) / np.maximum(cv2.blur(weight, (5, 5)), 1e-4)
        found = floats(np.where(inside, found, mean))
    return resized(found, width, height)  # type: ignore[arg-type]


def lay_flow(body: Body, product: Product, there: Trunk, flow: Flow, until: float) -> Worn:
    """Lays the product's rows (``there``: the sides of its skirt) along the flow, down to a part of the way."""
    worn = Worn.empty(body)
    soft = flow.region & (flow.down < until)
    smooth = np.clip((blur(resized(floats(soft), *body.size), max(1.0, 0.6 * body.scene.scale)) - 0.5) * 3 + 0.5, 0, 1)
    worn.cover = floats(smooth)
    worn.old = np.maximum(widened(body.bottom), worn.cover) if until >= 1 else worn.cover
    worn.claim = floats(np.ones_like(worn.cover))
    worn.keep = np.maximum.reduce([body.head, body.hands, body.top, body.shoes, body.skin])
    # without the steps of the copy that they were solved on
    soften = max(1.0, 1.6 * body.scene.scale)
    across, down = (blur(resized(values, *body.size), soften) for values in (flow.across, flow.down))
    ys = there.top + (0.02 + 0.96 * np.clip(down / until, 0, 1)) * (there.bottom - there.top)
    left, right = there.sides(floats(ys.ravel()))
    inner = 0.03 + 0.94 * np.clip(across, 0, 1)
    xs = left.reshape(ys.shape) * (1 - inner) + right.reshape(ys.shape) * inner
    scale = np.sqrt(worn.cover.sum() / max(float((product.cover > 0.5).sum()), 1.0))
    worn.colours = sampled(product.softened(float(scale)).colours, floats(xs), floats(ys))
    # between the legs the cloth hangs free, and further back
    legs = body.scene.bottom
    away = cv2.distanceTransform((~legs).astype(np.uint8), cv2.DIST_L2, 5) / max(body.unit / body.scene.scale, 1)
    shade = 1 - HOLLOW * np.clip(away / 0.9, 0, 1)
    worn.colours = floats(worn.colours * resized(floats(blur(floats(shade), 2)), *body.size)[..., None])
    return worn


def skirt_of(region: Bools, scale: float, first: float) -> Trunk | None:
    """The sides of a skirt, or of a dress below ``first`` of its height, in pixels of the product's picture."""
    left, top, right, bottom = bounds(region)
    start = round(top + first * (bottom - top))
    rows = range(start, bottom)
    part = filled(closed(region, 2))
    edges = [np.flatnonzero(part[y]) for y in rows if part[y].any()]
    if len(edges) < 8 or right - left < 6:
        return None
    sides = straight_ends(floats([edge[0] for edge in edges]), floats([edge[-1] + 1 for edge in edges]))
    lines = (smooth_line(side, max(2, len(edges) // 24)) * scale for side in sides)
    return Trunk(start * scale, bottom * scale, *(floats(line) for line in lines))
