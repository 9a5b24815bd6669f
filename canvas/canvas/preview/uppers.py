"""Lays tops and dresses on the body: trunk row by row, sleeves along the arms."""

import math
from typing import Final

import numpy as np

from canvas.preview.arrays import Bools, Floats, blur, dilated, floats, smooth_line
from canvas.preview.body import Body
from canvas.preview.product import Product
from canvas.preview.shape import Trunk, Upper, read_upper
from canvas.preview.sleeves import lay_sleeves
from canvas.preview.worn import Pull, Worn, height_map, lay_rows, widened

TAIL: Final = 0.06  # face widths by which an old hem's soft edge may hang below it
USUAL: Final = 1.45  # a torso's length by the width of its chest, seen from the front
TURNED: Final = 1.9  # the same from which a body is seen from the side
FROM_THE_SIDE: Final = "sourceImage=shows the body from the side, where the product's front is drawn"


def dress_upper(
    body: Body, product: Product, *, long: bool, sleeves_up: bool = False, open_front: bool = False,
    untucked: bool = False,
) -> Worn | None:  # fmt: skip
    """Puts on a top or (``long``) a dress.

    Args:
        body: Who wears it.
        product: What is worn.
        long: Whether it may go on below the old top's hem.
        sleeves_up: Whether long sleeves are pushed up.
        open_front: Whether it is worn open, over what is worn now.
        untucked: Whether it may hang over the waist, as far as it is long.

    Returns:
        The garment on the picture; None when the body or the product shows no torso.
    """
    shape = read_upper(product.region)
    if shape is None or body.upper is None:
        return None
    there, here = shape.scaled(product.scale), body.upper
    worn = Worn.empty(body)
    # on a busy ground the legs are not known well enough to be bared
    both = long and body.scene.studio
    worn.old = np.maximum(widened(body.top), widened(body.bottom) if both else 0)
    scale = here.chest / max(there.chest, 1)
    product = product.softened(scale)
    room = here.trunk.bottom - here.shoulder
    if room > TURNED * here.chest:  # seen from the side a chest is narrow, but no garment is shorter for that
        scale = room / USUAL / max(there.chest, 1)
        worn.told.append(FROM_THE_SIDE)
    rise = (there.shoulder - there.trunk.top) / max(there.chest, 1)
    hem_there = there.trunk.bottom - 0.012 * (there.trunk.bottom - there.trunk.top)  # not its frayed last row
    hem = here.armpit + (hem_there - there.armpit) * scale
    old_hem = here.trunk.bottom
    tall = scale
    if long:
        hem = min(hem, ankle(body))
    else:
        natural = (hem_there - there.shoulder) * scale
        tall = scale * float(np.clip(room / max(natural, 1), 0.82, 1.25))
        hem = here.shoulder + (hem_there - there.shoulder) * tall
        if hem > old_hem:  # what is longer goes into the waist, if it is not to hang over it
            hem = min(hem, old_hem + 0.3 * room) if untucked else old_hem
        else:  # a top ends where the old one does: what lies below it is not known well enough
            hem = old_hem
            tall = room / max(hem_there - there.shoulder, 1)
    sleeves, bare_arm, off_arm = lay_sleeves(worn, body, product, here, there, scale, up=sleeves_up)
    trunk = _trunk(body, here, there, here.chest / max(there.chest, 1), hem, long=long)
    ys = floats(np.arange(max(0, math.floor(trunk.top)), min(body.size[1], math.ceil(trunk.bottom)))) + 0.5
    if long:
        marks_here = [here.shoulder, here.armpit, hem]
        heights = height_map(ys, marks_here, [there.shoulder, there.armpit, hem_there])
        heights = np.where(ys < here.shoulder, there.shoulder + (ys - here.shoulder) / scale, heights)
    else:
        heights = there.shoulder + (ys - here.shoulder) / tall
    worn.cover *= _room(body, here, sleeves, long=long, collar=0, hem=hem)
    slack = np.zeros_like(ys) if long else floats(0.1 * (ys > here.armpit))
    pull = _to_the_neck(here, there, trunk, ys, floats(heights))
    lay_rows(worn, product, trunk, there.trunk, floats(heights), slack, widened(body.top), pull)
    worn.cover *= _room(body, here, sleeves, long=long, collar=max(rise, 0.01), hem=hem)
    _claims(worn, body, here, trunk, hem, bare_arm, off_arm, long=long)
    if open_front:
        closed_part = _open_front(body, here)
        worn.cover *= closed_part
        worn.claim *= closed_part
        worn.old = worn.old * closed_part
    return worn


def _to_the_neck(here: Upper, there: Upper, trunk: Trunk, ys: Floats, heights: Floats) -> Pull | None:
    """Bends a garment so that its neckline comes to lie on the one that is worn now, when they are about as deep."""
    if here.neck is None or there.neck is None:
        return None
    y = float(np.interp(there.neck[1], heights, ys))
    lefts, rights = (float(side[0]) for side in there.trunk.sides(floats([there.neck[1]])))
    part = (there.neck[0] - lefts) / max(rights - lefts, 1)
    left, right = (float(side[0]) for side in trunk.sides(floats([y])))
    dx, dy = here.neck[0] - (left + part * (right - left)), here.neck[1] - y
    most = 0.28 * here.chest
    if abs(dy) > 0.16 * here.chest:  # a neckline of another cut
        dy = 0.0
    x = left + part * (right - left)
    return Pull(x + dx, y + dy, float(np.clip(dx, -most, most)), dy, 0.5 * here.chest)


def _open_front(body: Body, here: Upper) -> Floats:
    """0 in a strip down the middle of the chest, 1 elsewhere."""
    ys = floats(np.arange(body.size[1])) + 0.5
    xs = floats(np.arange(body.size[0]))[None] + 0.5
    left, right = here.trunk.sides(ys)
    middle = ((left + right) / 2)[:, None]
    low = np.clip((ys - here.shoulder) / max(here.trunk.bottom - here.shoulder, 1), 0, 1)[:, None]
    half = here.chest * (0.10 + 0.08 * low)
    return floats(np.clip((np.abs(xs - middle) - half) / 2 + 0.5, 0, 1))


def near_top(body: Body) -> Bools:
    """The top that is worn now and a finger's width around it."""
    return dilated(body.top > 0.5, max(1, round(0.06 * body.unit)))


def _room(body: Body, here: Upper, sleeves: Floats, *, long: bool, collar: float, hem: float) -> Floats:
    """Where a top may be: inside the old one's outline, on the arms, with a ``collar`` (its height in parts of the
    chest's width) beside the neck, for a ``long`` one below the armpits, and down to its ``hem``."""
    width, height = body.size
    near = widened(body.top)
    ys = floats(np.arange(height))[:, None] + 0.5
    xs = floats(np.arange(width))[None] + 0.5
    rising = np.clip((0.72 * body.unit - np.abs(xs - body.neck)) / 6, 0, 1) * (ys < here.armpit) * (collar > 0)
    # the neckline that is seen now stays; what rises above it, as a hood does, lies behind the neck
    bare = dilated(body.skin + body.head > 0.5, round(0.1 * body.unit)) & ~near_top(body)
    rising = rising * (dilated(body.top > 0.5, round(0.16 * body.unit)) & ~bare)
    rising = rising * np.clip((ys - body.face.chin) / (0.1 * body.unit), 0, 1)
    low = here.shoulder + 0.5 * (here.armpit - here.shoulder)
    on_arm = sleeves * np.clip((ys - low) / (0.15 * here.chest), 0, 1)
    below = np.clip((ys - here.armpit) / (0.1 * here.chest), 0, 1) if long else np.zeros((1, 1))
    beyond = np.clip((ys - here.trunk.bottom + 2) / 2, 0, 1) * (hem > here.trunk.bottom + 1)
    return floats(np.maximum.reduce([near, rising, on_arm, np.maximum(below, beyond) + 0 * near]))


def _trunk(body: Body, here: Upper, there: Upper, scale: float, hem: float, *, long: bool) -> Trunk:
    """The sides of the garment on the body: the old garment's as far as it goes, then the new one's own width."""
    top = here.shoulder - (there.shoulder - there.trunk.top) * scale
    ys = floats(np.arange(math.floor(top), math.ceil(hem + TAIL * body.unit) + 1))
    left, right = here.trunk.sides(ys)
    old_hem = here.trunk.bottom
    if long:
        # below the armpits a dress may be wider than what is worn now, never narrower than the body
        heights = height_map(ys, [here.armpit, hem], [there.armpit, there.trunk.bottom])
        own_left, own_right = there.trunk.sides(heights)
        own = (own_right - own_left) / 2 * scale
        middle = np.where(ys < old_hem, (left + right) / 2, 0)
        hips = body.lower.outline if body.lower and body.scene.studio else None
        axis = float(np.mean(here.trunk.sides(floats([old_hem - 4]))))
        if hips is not None:
            axis_low = float(np.mean([*hips.sides(floats([hips.top + 6]))[0], *hips.sides(floats([hips.top + 6]))[1]]))
            axis = (axis + axis_low) / 2
        middle = np.where(ys < old_hem - 10, middle, axis)
        blend = np.clip((ys - here.armpit) / max(old_hem - here.armpit, 1), 0, 1)
        half_body = (right - left) / 2
        # on a plain ground a dress may be slimmer than the shirt it replaces; on a busy one what it uncovers is unknown
        slim = 0.84 if body.scene.plain else 0.98
        wide = np.where(ys < old_hem, np.clip(own, half_body * (1 - (1 - slim) * blend), half_body * (1 + blend)), own)
        if hips is not None:
            hip_left, hip_right = hips.sides(ys)
            reach = np.maximum(axis - hip_left, hip_right - axis)
            near = (ys > old_hem - 6) & (ys < old_hem + 0.9 * here.chest)
            wide = np.where(near, np.maximum(wide, reach * 1.02), wide)
        reach_rows = max(6, round(0.16 * body.unit))
        wide = smooth_line(floats(wide), reach_rows)
        below = ys > here.armpit + 0.3 * (old_hem - here.armpit)
        left = np.where(below, middle - wide, left)
        right = np.where(below, middle + wide, right)
    return Trunk(float(ys[0]), float(ys[-1]), floats(left), floats(right))


def ankle(body: Body) -> float:
    """How far down a garment may reach."""
    if body.runs_out:
        return 2.0 * body.size[1]
    if body.lower is not None:
        low = body.lower.outline.bottom
        return low - 0.02 * body.size[1]
    return body.size[1] * 0.98


def _claims(
    worn: Worn,
    body: Body,
    here: Upper,
    trunk: Trunk,
    hem: float,
    bare_arm: Floats,
    off_arm: Floats,
    *,
    long: bool,
) -> None:
    """Where the old garment's outline is the new one's, and where skin shows when it goes.

    ``bare_arm`` is 1 where the old sleeve goes on beyond the new one, ``off_arm`` where it is wider.
    """
    width, height = body.size
    ys = floats(np.arange(height)) + 0.5
    xs = floats(np.arange(width))[None] + 0.5
    chest = here.chest
    neck = (np.abs(xs - body.neck) < 0.62 * body.unit) & (ys < here.shoulder + 0.62 * chest)[:, None]
    # a small gap at the neck is a collar that is cut a little differently; a large one is a low neckline
    gap = (worn.old > 0.5) & neck & (worn.cover < 0.5)
    low_cut = gap.sum() / body.unit**2 > 0.16 and abs(float(np.nonzero(gap)[1].mean()) - body.neck) < 0.3 * body.unit
    claim = np.broadcast_to((ys < hem + (0 if long else TAIL * body.unit))[:, None], (height, width)) & (
        np.maximum(bare_arm, off_arm) < 0.5
    )
    if low_cut:
        claim = claim & ~neck
        # the old collar's edge goes into the neck softly
        edge = floats(dilated((worn.old > 0.5) & neck, round(0.05 * body.unit)) & neck)
        worn.old = np.maximum(worn.old, blur(edge, 0.02 * body.unit) * (body.skin > 0.5))
    if long:
        left, right = trunk.sides(ys)
        inside = (xs >= left[:, None]) & (xs <= right[:, None])
        claim = claim & (inside | (ys < here.armpit)[:, None])
    worn.claim = floats(claim)
    worn.skin = floats((neck | (bare_arm > 0.5) | bare_legs(body)) & (off_arm < 0.5))


def bare_legs(body: Body) -> Bools:
    """Where the bare legs would be: narrower than the trousers around them."""
    width, height = body.size
    found = np.zeros((height, width), np.bool_)
    if body.lower is None:
        return found
    ys = floats(np.arange(height)) + 0.5
    xs = floats(np.arange(width))[None] + 0.5
    outline = body.lower.outline
    legs = body.lower.legs or ()
    for leg in legs:
        left, right = leg.sides(ys)
        middle, half = (left + right) / 2, (right - left) / 2
        share = np.clip((ys - leg.top) / max(leg.bottom - leg.top, 1), 0, 1)
        # thigh, knee, calf, ankle in parts of the trouser leg's half width
        slim = np.interp(share, [0, 0.35, 0.48, 0.66, 0.95, 1.0], [0.96, 0.86, 0.74, 0.80, 0.56, 0.58])
        rows = (ys >= leg.top - 2) & (ys <= leg.bottom + 0.05 * height)
        found |= (np.abs(xs - middle[:, None]) < (half * slim)[:, None]) & rows[:, None]
    above = (ys >= outline.top) & (ys < body.lower.crotch)
    left, right = outline.sides(ys)
    found |= (xs >= left[:, None]) & (xs <= right[:, None]) & above[:, None]
    return found
