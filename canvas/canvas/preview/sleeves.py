"""Lays the sleeves of a top or a dress along the arms."""

from typing import Final

import numpy as np

from canvas.preview.arrays import Floats, dilated, floats, resized
from canvas.preview.body import Body
from canvas.preview.limbs import Limb
from canvas.preview.product import Product
from canvas.preview.shape import LEFT, RIGHT, Upper
from canvas.preview.worn import Worn, lay_limb, widened

LONG_SLEEVE: Final = 0.92  # sleeves longer than this part of the chest's width reach the wrist


def lay_sleeves(
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
        # in the old sleeve's place it fills that one's outline
        along = lay_limb(worn, product, cover, arm, sleeve, reach, 0.5 if arm is old else 0.12)
        if arm is not old:  # else it ends where the old one does
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
