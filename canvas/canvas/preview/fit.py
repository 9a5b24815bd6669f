"""Lays the product on the body: each part of it is stretched along its own middle line, row by row."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from PIL import Image, ImageFilter

from canvas.preview.arrays import Bools, Floats, bounds, dilated, floats, resized, row_runs, sampled, smooth_line
from canvas.preview.body import Body
from canvas.preview.product import Product
from canvas.preview.shape import LEFT, RIGHT, Limb, Lower, Trunk, Upper, read_lower, read_upper

TAIL: Final = 0.06  # face widths by which an old hem's soft edge may hang below it
LONG_SLEEVE: Final = 0.92  # sleeves longer than this part of the chest's width reach the wrist
HIGH_COLLAR: Final = 0.22  # what rises higher above the shoulders, in parts of the chest's width, is a hood
EDGE: Final = 1.2  # pixels over which a drawn side fades


@dataclass(slots=True)
class Worn:
    """The product on the picture: colours and coverage, where it claims the old garment, and what that leaves over.

    ``arm`` is what of an arm a long sleeve hides. ``claim`` is 1 where the old garment's own outline decides the edge of the new one. ``skin`` is 1 where the body
    shows when the old garment goes; elsewhere its place becomes ground.
    """

    colours: Floats
    cover: Floats
    claim: Floats
    skin: Floats
    old: Floats
    keep: Floats
    arm: Floats

    @classmethod
    def empty(cls, body: Body) -> "Worn":
        """Nothing worn yet."""
        width, height = body.size
        flat = [np.zeros((height, width), np.float32) for _ in range(6)]
        return cls(body.pixels.copy(), *flat)

    def lay(self, box: tuple[int, int, int, int], colours: Floats, cover: Floats) -> None:
        """Puts a piece over what lies there."""
        left, top, right, bottom = box
        here = self.colours[top:bottom, left:right]
        under = self.cover[top:bottom, left:right]
        total = cover + under * (1 - cover)
        share = (cover / np.maximum(total, 1e-4))[..., None]
        # where nothing is covered yet the colour is still taken, so that a claimed edge finds cloth there
        self.colours[top:bottom, left:right] = np.where(
            (under < 0.02)[..., None], colours, colours * share + here * (1 - share)
        )
        self.cover[top:bottom, left:right] = total


def widened(cover: Floats) -> Floats:
    """The coverage one pixel wider, so that no fringe of the old garment's colour is left around the new one."""
    picture = Image.fromarray((np.clip(cover * 1.35, 0, 1) * 255).astype(np.uint8))
    return floats(picture.filter(ImageFilter.MaxFilter(3))) / 255


def _grid(box: tuple[int, int, int, int]) -> tuple[Floats, Floats]:
    left, top, right, bottom = box
    ys, xs = np.mgrid[top:bottom, left:right]
    return floats(xs) + 0.5, floats(ys) + 0.5


def _clipped(box: tuple[float, float, float, float], size: tuple[int, int]) -> tuple[int, int, int, int]:
    left, top = max(0, math.floor(box[0])), max(0, math.floor(box[1]))
    return left, top, max(left, min(size[0], math.ceil(box[2]))), max(top, min(size[1], math.ceil(box[3])))


def _rows(worn: Worn, product: Product, here: Trunk, there: Trunk, ys_there: Floats, slack: float) -> None:
    """Lays a trunk: rows of the product (``there``, at heights ``ys_there``) onto rows of the body (``here``).

    ``slack`` is how far beyond its sides, in parts of its width, the product may reach.
    """
    height, width = worn.cover.shape
    top, bottom = max(0, math.floor(here.top)), min(height, math.ceil(here.bottom))
    if bottom <= top:
        return
    ys = floats(np.arange(top, bottom)) + 0.5
    left, right = here.sides(ys)
    wide = np.maximum(right - left, 2)
    box = _clipped(
        (float((left - slack * wide).min()) - 2, top, float((right + slack * wide).max()) + 3, bottom), (width, height)
    )
    xs = floats(np.arange(box[0], box[2])) + 0.5
    part = (xs[None] - left[:, None]) / wide[:, None]
    from_left, from_right = there.sides(ys_there)
    source_x = from_left[:, None] + part * (from_right - from_left)[:, None]
    source_y = np.broadcast_to(ys_there[:, None], source_x.shape)
    both = np.concatenate([product.colours, product.cover[..., None] * 255], axis=2)
    found = sampled(both, floats(source_x), floats(source_y))
    inside = np.clip((xs[None] - (left - slack * wide)[:, None]) / EDGE, 0, 1)
    inside *= np.clip(((right + slack * wide)[:, None] - xs[None]) / EDGE, 0, 1)
    worn.lay(box, found[..., :3], floats(found[..., 3] / 255 * inside))


def _limb(worn: Worn, product: Product, cover: Floats, here: Limb, there: Limb, reach: float) -> Floats:
    """Lays a sleeve (``cover`` of the product) along an arm up to ``reach`` pixels of it.

    Returns how far along the arm each pixel of the sleeve lies, -1 elsewhere.
    """
    height, width = worn.cover.shape
    wide = float(here.half.max()) * 1.5 + 4
    box = _clipped(
        (
            float(here.xs.min()) - wide,
            float(here.ys.min()) - wide,
            float(here.xs.max()) + wide,
            float(here.ys.max()) + wide,
        ),
        (width, height),
    )
    full = np.full((height, width), -1, np.float32)
    if box[2] <= box[0] or box[3] <= box[1]:
        return full
    along, across = _along(here, box)
    share = np.clip(along / max(reach, 1), -0.05, 1.2)
    there_along = share * there.length
    line = there.along
    x = np.interp(there_along, line, there.xs)
    y = np.interp(there_along, line, there.ys)
    # a middle line's direction is taken over a good part of it: short steps of it wobble
    reach_there = max(there.length * 0.12, 0.5)
    ahead = (np.interp(there_along + reach_there, line, there.xs), np.interp(there_along + reach_there, line, there.ys))
    behind = (
        np.interp(there_along - reach_there, line, there.xs),
        np.interp(there_along - reach_there, line, there.ys),
    )
    dx, dy = ahead[0] - behind[0], ahead[1] - behind[1]
    norm = np.maximum(np.hypot(dx, dy), 1e-3)
    beyond = np.clip(there_along - there.length, 0, None)
    half_there = np.interp(there_along, line, there.half)
    half_here = np.interp(along, here.along, here.half)
    part = across / np.maximum(half_here, 1)
    source_x = x + dx / norm * beyond - dy / norm * part * half_there
    source_y = y + dy / norm * beyond + dx / norm * part * half_there
    both = np.concatenate([product.colours, cover[..., None] * 255], axis=2)
    found = sampled(both, floats(source_x), floats(source_y))
    inside = np.clip((1.12 - np.abs(part)) * np.maximum(half_here, 1) / EDGE, 0, 1) * (along >= 0)
    inside = inside * np.clip((reach - along) / EDGE + 1, 0, 1)
    worn.lay(box, found[..., :3], floats(np.minimum(found[..., 3] / 255, inside)))
    full[box[1] : box[3], box[0] : box[2]] = np.where(
        (np.abs(part) < 1.15) & (along >= 0) & (along <= reach), along, -1
    )
    return full


def _along(limb: Limb, box: tuple[int, int, int, int]) -> tuple[Floats, Floats]:
    """For each pixel of a box: how far along the limb's middle line it lies, and how far beside it (signed)."""
    xs, ys = _grid(box)
    best = np.full(xs.shape, np.inf, np.float32)
    along = np.full(xs.shape, -1, np.float32)
    across = np.full(xs.shape, 1e6, np.float32)
    line = limb.along
    for index in range(len(limb.xs) - 1):
        x0, y0 = float(limb.xs[index]), float(limb.ys[index])
        dx, dy = float(limb.xs[index + 1]) - x0, float(limb.ys[index + 1]) - y0
        length = math.hypot(dx, dy)
        if length < 1e-3:
            continue
        at = ((xs - x0) * dx + (ys - y0) * dy) / length
        # the ends run on: above the shoulder, and past the cuff
        low = -0.4 * limb.half[0] if index == 0 else 0.0
        high = length + (limb.half[-1] * 2 if index == len(limb.xs) - 2 else 0.0)
        inner = np.clip(at, low, high)
        side = (ys - y0) * dx / length - (xs - x0) * dy / length
        away = (at - inner) ** 2 + side**2
        closer = away < best
        best = np.where(closer, away, best)
        along = np.where(closer, np.maximum(line[index] + inner, 0), along)
        across = np.where(closer, np.sign(side) * np.sqrt(away), across)
    return floats(along), floats(across)


def _height_map(ys: Floats, here: list[float], there: list[float]) -> Floats:
    """Heights of the product for heights of the body: straight between landmarks, at the first one's scale above."""
    found = np.interp(ys, here, there)
    first = (there[1] - there[0]) / max(here[1] - here[0], 1e-3)
    last = (there[-1] - there[-2]) / max(here[-1] - here[-2], 1e-3)
    found = np.where(ys < here[0], there[0] + (ys - here[0]) * first, found)
    return floats(np.where(ys > here[-1], there[-1] + (ys - here[-1]) * last, found))


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
    rise = (there.shoulder - there.trunk.top) / max(there.chest, 1)
    hem_there = there.trunk.bottom - 0.012 * (there.trunk.bottom - there.trunk.top)  # not its frayed last row
    hem = here.armpit + (hem_there - there.armpit) * scale
    old_hem = here.trunk.bottom
    tall = scale
    if long:
        hem = min(hem, _ankle(body))
    else:
        natural, room = (hem_there - there.shoulder) * scale, old_hem - here.shoulder
        tall = scale * float(np.clip(room / max(natural, 1), 0.82, 1.25))
        hem = here.shoulder + (hem_there - there.shoulder) * tall
        if hem > old_hem:  # what is longer goes into the waist, if it is not to hang over it
            hem = min(hem, old_hem + 0.3 * room) if untucked else old_hem
        elif hem - here.armpit > 0.55 * (old_hem - here.armpit):
            hem = old_hem  # a top ends where the old one does: what lies below it is not known well enough
            tall = room / max(hem_there - there.shoulder, 1)
    sleeves, bare_arm, off_arm = _sleeves(worn, body, product, here, there, scale, up=sleeves_up)
    trunk = _trunk(body, here, there, scale, hem, long=long)
    ys = floats(np.arange(max(0, math.floor(trunk.top)), min(body.size[1], math.ceil(trunk.bottom)))) + 0.5
    if long:
        marks_here = [here.shoulder, here.armpit, hem]
        heights = _height_map(ys, marks_here, [there.shoulder, there.armpit, hem_there])
        heights = np.where(ys < here.shoulder, there.shoulder + (ys - here.shoulder) / scale, heights)
    else:
        heights = there.shoulder + (ys - here.shoulder) / tall
    worn.cover *= _room(body, here, sleeves, long=long, collar=0)
    _rows(worn, product, trunk, there.trunk, floats(heights), 0.0)
    worn.cover *= _room(body, here, sleeves, long=long, collar=max(rise, 0.01))
    _claims(worn, body, here, trunk, hem, bare_arm, off_arm, long=long)
    if open_front:
        closed_part = _open_front(body, here)
        worn.cover *= closed_part
        worn.claim *= closed_part
        worn.old = worn.old * closed_part
    return worn


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


def _room(body: Body, here: Upper, sleeves: Floats, *, long: bool, collar: float) -> Floats:
    """Where a top may be: inside the old one's outline, on the arms, with a ``collar`` (its height in parts of the chest's width) beside the neck, and for a
    ``long`` one below the armpits."""
    width, height = body.size
    near = widened(body.top)
    ys = floats(np.arange(height))[:, None] + 0.5
    xs = floats(np.arange(width))[None] + 0.5
    rising = np.clip((0.72 * body.unit - np.abs(xs - body.neck)) / 6, 0, 1) * (ys < here.armpit) * (collar > 0)
    if collar < HIGH_COLLAR:  # the neckline that is seen now stays; a hood or a high collar rises above it
        rising = rising * (1 - np.clip(body.skin + body.head, 0, 1) * (1 - floats(near_top(body))))
    low = here.shoulder + 0.5 * (here.armpit - here.shoulder)
    on_arm = sleeves * np.clip((ys - low) / (0.15 * here.chest), 0, 1)
    below = np.clip((ys - here.armpit) / (0.1 * here.chest), 0, 1) if long else np.zeros((1, 1))
    beyond = np.clip((ys - here.trunk.bottom + 2) / 2, 0, 1)
    return floats(np.maximum.reduce([near, rising, on_arm, np.maximum(below, beyond) + 0 * near]))


def _trunk(body: Body, here: Upper, there: Upper, scale: float, hem: float, *, long: bool) -> Trunk:
    """The sides of the garment on the body: the old garment's as far as it goes, then the new one's own width."""
    top = here.shoulder - (there.shoulder - there.trunk.top) * scale
    ys = floats(np.arange(math.floor(top), math.ceil(hem + TAIL * body.unit) + 1))
    left, right = here.trunk.sides(ys)
    old_hem = here.trunk.bottom
    if long:
        # below the armpits a dress may be wider than what is worn now, never narrower than the body
        heights = _height_map(ys, [here.armpit, hem], [there.armpit, there.trunk.bottom])
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


def _ankle(body: Body) -> float:
    """How far down a garment may reach."""
    if body.lower is not None:
        low = body.lower.outline.bottom
        return low - 0.02 * body.size[1]
    return body.size[1] * 0.98


def _sleeves(
    worn: Worn, body: Body, product: Product, here: Upper, there: Upper, scale: float, *, up: bool
) -> tuple[Floats, Floats, Floats]:
    """Lays both sleeves along the arms.

    Returns three maps: 1 where they lie, 1 where the old ones go on beyond them (skin shows there), and 1 where the
    old ones are wider than they are (the ground shows there).
    """
    on_arms = np.zeros(worn.cover.shape, np.float32)
    bare_arm = np.zeros(worn.cover.shape, np.float32)
    off_arm = np.zeros(worn.cover.shape, np.float32)
    width, height = body.size
    for side in (LEFT, RIGHT):
        old = here.sleeves[side]
        arm = body.arms[side] or old
        if arm and old and arm.length < 1.1 * old.length:
            arm = old  # the arm was lost behind something
        other = there.sleeves[1 - side]
        sleeve = there.sleeves[side] or (_flipped(other, there) if other else None)
        region = resized(floats(dilated(here.sleeve_regions[side], 1)), width, height)
        if arm is None:
            continue
        if sleeve is None:
            bare_arm = np.maximum(bare_arm, floats(region > 0.5))
            continue
        if other is not None and sleeve.length > 1.25 * other.length:
            sleeve = sleeve.until(other.length)  # one of a pair is longer when something was taken for a part of it
        reach, replaced, whole = sleeve.length * scale, False, False
        if sleeve.length > LONG_SLEEVE * there.chest and arm.length > 1.2 * (old.length if old else 0):
            reach = (0.6 if up else 1.0) * arm.length + 0.06 * body.unit
            arm = _loose(arm, sleeve, scale, old)
            whole = True
            replaced = body.scene.plain  # elsewhere nobody knows what the wider old sleeve hides
        elif old is not None and 0.6 < reach / old.length < 1.6:
            reach, arm = old.length * 1.06, old  # nearly the same length: the old cuff is the true one
        else:
            reach = min(reach, arm.length)
        own = there.sleeve_regions[side if there.sleeves[side] else 1 - side]
        cover = product.cover * np.minimum(resized(floats(dilated(own, 2)), *product.cover.shape[::-1]) * 2, 1)
        along = _limb(worn, product, cover, arm, sleeve, reach)
        on_arms = np.maximum(on_arms, floats(along >= 0))
        if whole:  # a long sleeve leaves no sliver of the arm beside it
            bare = widened(body.skin) * (along >= 0) * (1 - widened(body.head))
            worn.arm = np.maximum(worn.arm, floats(bare))
        if old is not None and reach < 0.9 * old.length:
            bare_arm = np.maximum(bare_arm, floats((region > 0.5) & (along < 0)))
        if replaced:
            lower = np.arange(height)[:, None] > here.shoulder + 0.35 * (here.armpit - here.shoulder)
            off_arm = np.maximum(off_arm, floats((region > 0.05) & (along < 0) & lower))
    return on_arms, bare_arm, off_arm


def _loose(arm: Limb, sleeve: Limb, scale: float, old: Limb | None) -> Limb:
    """The arm as wide as the sleeve on it is: never tighter than the arm, a little looser than it.

    From the cuff of a wider ``old`` sleeve it narrows gently: the new sleeve is not to step in there.
    """
    share = arm.along / max(arm.length, 1) * sleeve.length
    own = np.interp(share, sleeve.along, sleeve.half) * scale
    half = np.maximum(arm.half * 1.16, np.minimum(own, arm.half * 1.75))
    if old is not None:
        cuff = float(old.half[-1])
        half = np.maximum(half, np.minimum(cuff * 1.02, cuff - 0.3 * (arm.along - old.length)))
    return Limb(arm.xs, arm.ys, floats(half))


def _flipped(limb: Limb, upper: Upper) -> Limb:
    """The other side's sleeve, for a picture in which one is hidden."""
    axis = float((upper.trunk.left[0] + upper.trunk.right[0]) / 2)
    return Limb(2 * axis - limb.xs, limb.ys, limb.half)


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
    neck = (np.abs(xs - body.neck) < 0.62 * body.unit) & (ys < here.shoulder + 0.45 * chest)[:, None]
    # a small gap at the neck is a collar that is cut a little differently; a large one is a low neckline
    gap = float(((worn.old > 0.5) & neck & (worn.cover < 0.5)).sum()) / body.unit**2
    low_cut = gap > 0.16
    claim = np.broadcast_to((ys < hem + (0 if long else TAIL * body.unit))[:, None], (height, width)) & (
        np.maximum(bare_arm, off_arm) < 0.5
    )
    if low_cut:
        claim = claim & ~neck
    if long:
        left, right = trunk.sides(ys)
        inside = (xs >= left[:, None]) & (xs <= right[:, None])
        claim = claim & (inside | (ys < here.armpit)[:, None])
    worn.claim = floats(claim)
    worn.skin = floats((neck | (bare_arm > 0.5) | _legs(body)) & (off_arm < 0.5))


def _legs(body: Body) -> Bools:
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


def dress_lower(body: Body, product: Product) -> Worn | None:
    """Puts on trousers, shorts or a skirt; None when the body or the product shows none."""
    shape = read_lower(product.region)
    if shape is None or body.lower is None:
        return None
    there, here = shape.scaled(product.scale), body.lower
    worn = Worn.empty(body)
    worn.old = widened(body.bottom)
    worn.skin = floats(_legs(body))
    worn.keep = np.maximum(np.maximum(body.head, body.hands), body.top)
    waist_there = _width(there.outline, there.outline.top + 0.04 * (there.outline.bottom - there.outline.top))
    waist_here = _width(here.outline, here.outline.top + 0.02 * (here.outline.bottom - here.outline.top))
    scale = waist_here / max(waist_there, 1)
    product = product.softened(scale)
    # the waistband sits under the hem of what is worn above
    waist = here.outline.top - 0.16 * waist_here
    length = there.outline.bottom - there.outline.top
    if there.legs and here.legs:
        _trousers(worn, product, here, there, waist)
        worn.cover *= worn.old
    elif there.legs:
        _rows_between(worn, product, here.outline, there.outline, waist, here.outline.bottom)
        worn.cover *= worn.old
        worn.claim = floats(body.bottom > 0)
    else:
        hem = min(waist + length * scale, _ankle(body) - 0.03 * body.size[1])
        _rows_between(worn, product, _skirt(here, there, waist, hem, scale), there.outline, waist, hem)
        ys = floats(np.arange(body.size[1]))
        worn.claim = floats(np.broadcast_to(((ys < hem) & (ys < here.crotch))[:, None], worn.cover.shape))
    worn.cover[: max(0, math.floor(here.outline.top - 1))] = 0
    return worn


def _width(trunk: Trunk, y: float) -> float:
    left, right = trunk.sides(floats([y]))
    return float(right[0] - left[0])


def _rows_between(worn: Worn, product: Product, here: Trunk, there: Trunk, top: float, bottom: float) -> None:
    ys = floats(np.arange(max(0, math.floor(top)), min(worn.cover.shape[0], math.ceil(bottom)))) + 0.5
    left, right = here.sides(ys)
    heights = _height_map(ys, [top, bottom], [there.top, there.bottom])
    _rows(worn, product, Trunk(float(ys[0]), float(ys[-1]) + 0.5, left, right), there, heights, 0.01)


def _skirt(here: Lower, there: Lower, waist: float, hem: float, scale: float) -> Trunk:
    ys = floats(np.arange(math.floor(waist), math.ceil(hem) + 1))
    left, right = here.outline.sides(ys)
    axis = float(np.median((here.outline.left + here.outline.right) / 2))
    heights = _height_map(ys, [waist, hem], [there.outline.top, there.outline.bottom])
    own_left, own_right = there.outline.sides(heights)
    own = (own_right - own_left) / 2 * scale
    hips = np.where(ys < here.crotch + 30, (right - left) / 2 * 1.01, 0)
    wide = np.maximum(own, hips)
    wide = floats(np.convolve(np.pad(wide, 20, mode="edge"), np.ones(41) / 41, mode="valid"))
    return Trunk(float(ys[0]), float(ys[-1]), floats(axis - wide), floats(axis + wide))


def _trousers(worn: Worn, product: Product, here: Lower, there: Lower, waist: float) -> None:
    if not (here.legs and there.legs):
        return
    width = _width(there.outline, there.outline.top + 0.05 * (there.outline.bottom - there.outline.top))
    inseam_there = there.legs[0].bottom - there.crotch
    hem = here.legs[0].bottom + 1
    short = inseam_there < 1.25 * width
    if short:
        scale = _width(here.outline, here.outline.top + 4) / max(width, 1)
        hem = min(hem, here.crotch + inseam_there * scale * 1.05)
    top = floats(np.arange(math.floor(waist), math.ceil(here.crotch) + 1))
    left, right = here.outline.sides(top)
    heights = _height_map(top + 0.5, [waist, here.crotch], [there.outline.top, there.crotch])
    _rows(worn, product, Trunk(float(top[0]), float(top[-1]) + 1, left, right), there.outline, heights[: len(top)], 0.0)
    for side in (LEFT, RIGHT):
        leg_here, leg_there = here.legs[side], there.legs[side]
        ys = floats(np.arange(math.floor(here.crotch), math.ceil(hem)))
        left, right = leg_here.sides(ys)
        heights = _height_map(ys + 0.5, [here.crotch, hem], [there.crotch, leg_there.bottom])
        _rows(worn, product, Trunk(float(ys[0]), float(ys[-1]) + 1, left, right), leg_there, heights, 0.0)
    rows = floats(np.arange(worn.cover.shape[0]))
    worn.claim = floats(np.broadcast_to((rows < hem)[:, None], worn.cover.shape))


def put_on_shoes(body: Body, product: Product, *, boots: bool | None) -> Worn | None:
    """Puts on shoes; None when no foot is seen.

    Args:
        body: Who wears them.
        product: One shoe or a pair.
        boots: Whether the class says boots (None: look at the shape).
    """
    if not body.feet:
        return None
    worn = Worn.empty(body)
    worn.old = widened(body.shoes)
    worn.keep = body.hands
    boxes = _pair(product)
    for index, (left, top, right, bottom) in enumerate(body.feet):
        box = boxes[min(index, len(boxes) - 1)]
        mirror = len(boxes) == 1 and len(body.feet) == 2 and index == 0
        tall = (box[3] - box[1]) / max(box[2] - box[0], 1)
        wide = (right - left) * 1.10
        limit = 2.7 if boots or (boots is None and tall > 2.9) else 1.15
        if tall < 0.8:  # a shoe seen from its side is longer than the foot seen from the front
            wide *= 1.5
        high = wide * min(tall, limit)
        high = max(high, (bottom - top) * 1.06)
        middle = (left + right) / 2
        low = bottom + 0.01 * (right - left)
        where = _clipped((middle - wide / 2, low - high, middle + wide / 2, low), body.size)
        if where[2] - where[0] < 2 or where[3] - where[1] < 2:
            continue
        soft = product.softened(wide / max(box[2] - box[0], 1) * 0.8)
        xs, ys = _grid(where)
        part_x = (xs - (middle - wide / 2)) / wide
        part_y = np.clip((ys - (low - high)) / high, 0, 1)
        if limit < 2 and tall > 1.3:
            part_y = part_y**0.8  # seen from the front, the toe takes most of the room
        if mirror:
            part_x = 1 - part_x
        both = np.concatenate([soft.colours, soft.cover[..., None] * 255], axis=2)
        found = sampled(both, floats(box[0] + part_x * (box[2] - box[0])), floats(box[1] + part_y * (box[3] - box[1])))
        worn.lay(where, found[..., :3], floats(found[..., 3] / 255))
        rows = floats(np.arange(body.size[1]))[:, None]
        columns = floats(np.arange(body.size[0]))[None]
        zone = (rows > low - high * 0.96) & (rows < low + 6) & (np.abs(columns - middle) < wide * 0.6)
        worn.claim = np.maximum(worn.claim, floats(zone))
    worn.skin = floats(np.zeros(worn.cover.shape))
    return worn


def _pair(product: Product) -> list[tuple[int, int, int, int]]:
    """Boxes of the shoes in the product's picture, from left to right: one or two."""
    left, top, right, bottom = bounds(product.region)
    columns = product.region[top:bottom].sum(axis=0) > 0.02 * (bottom - top)
    runs = [run for run in row_runs(columns) if run[1] - run[0] > 0.2 * (right - left)]
    if len(runs) != 2:
        return [product.box]
    boxes = []
    for start, end in runs:
        part = product.region.copy()
        part[:, :start] = False
        part[:, end:] = False
        boxes.append(tuple(round(edge * product.scale) for edge in bounds(part)))
    return boxes  # type: ignore[return-value]


def place(
    pixels: Floats, product: Product, area: Bools, *, stretch: float = 1.15, shift: float = 0.0
) -> tuple[Floats, Floats]:
    """Puts a thing into an area: as large as fits, standing on its lower edge.

    Args:
        pixels: The picture, RGB.
        product: The thing.
        area: Where it may go.
        stretch: How much its proportions may bend to fill the area (1 = not at all).
        shift: Sideways move, in parts of the area's width.

    Returns:
        Colours and coverage, both of the picture's size.
    """
    height, width = area.shape
    left, top, right, bottom = bounds(area)
    box = product.box
    wide, high = max(box[2] - box[0], 1), max(box[3] - box[1], 1)
    scale = min((right - left) / wide, (bottom - top) / high)
    new_wide = min(right - left, wide * scale * stretch)
    new_high = min(bottom - top, high * scale * stretch)
    x0 = (left + right - new_wide) / 2 + shift * (right - left)
    y0 = bottom - new_high
    xs, ys = _grid((left, top, right, bottom))
    source_x = box[0] + (xs - x0) / max(new_wide, 1) * wide
    source_y = box[1] + (ys - y0) / max(new_high, 1) * high
    soft = product.softened(scale)
    both = np.concatenate([soft.colours, soft.cover[..., None] * 255], axis=2)
    found = sampled(both, floats(source_x), floats(source_y))
    inside = (source_x >= box[0] - 1) & (source_x <= box[2] + 1) & (source_y >= box[1] - 1) & (source_y <= box[3] + 1)
    colours, cover = pixels.copy(), np.zeros((height, width), np.float32)
    colours[top:bottom, left:right] = found[..., :3]
    cover[top:bottom, left:right] = found[..., 3] / 255 * inside
    return colours, cover * floats(area)
