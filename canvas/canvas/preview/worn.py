"""A product on a picture, and how a part of it is laid along the same part of the body."""

import math
from dataclasses import dataclass, field
from typing import Final

import cv2
import numpy as np

from canvas.preview.arrays import Bools, Floats, floats, sampled
from canvas.preview.body import Body
from canvas.preview.limbs import Limb
from canvas.preview.product import Product
from canvas.preview.shape import Trunk

EDGE: Final = 1.2  # pixels over which a drawn side fades


@dataclass(slots=True)
class Worn:
    """The product on the picture: colours and coverage, where it claims the old garment, and what that leaves over.

    ``claim`` is 1 where the old garment's own outline decides the edge of the new one. ``skin`` is 1 where the body
    shows when the old garment goes; elsewhere its place becomes ground. ``arm`` is what of an arm a long sleeve hides.
    ``lit`` says that the colours have their light already. ``told`` says what the caller should know of it.
    """

    colours: Floats
    cover: Floats
    claim: Floats
    skin: Floats
    old: Floats
    keep: Floats
    arm: Floats
    lit: bool = False
    told: list[str] = field(default_factory=list)

    @classmethod
    def bare(cls, pixels: Floats) -> "Worn":
        """Nothing laid on a picture yet."""
        cover, claim, skin, old, keep, arm = (np.zeros(pixels.shape[:2], np.float32) for _ in range(6))
        return cls(pixels.copy(), cover, claim, skin, old, keep, arm)

    @classmethod
    def empty(cls, body: Body) -> "Worn":
        """Nothing worn yet."""
        return cls.bare(body.pixels)

    def limited(self, where: Bools | None) -> None:
        """Leaves only what lies within an area, if one is given."""
        if where is not None:
            self.cover, self.claim, self.old, self.arm = (
                floats(part * where) for part in (self.cover, self.claim, self.old, self.arm)
            )

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
    """The coverage a pixel or two wider, so that no fringe of the old garment's colour is left around the new one."""
    side = 3 if cover.shape[1] < 640 else 5
    return floats(cv2.dilate(floats(np.clip(cover * 1.35, 0, 1)), np.ones((side, side), np.uint8)))


def grid(box: tuple[int, int, int, int]) -> tuple[Floats, Floats]:
    left, top, right, bottom = box
    ys, xs = np.mgrid[top:bottom, left:right]
    return floats(xs) + 0.5, floats(ys) + 0.5


def clipped(box: tuple[float, float, float, float], size: tuple[int, int]) -> tuple[int, int, int, int]:
    left, top = max(0, math.floor(box[0])), max(0, math.floor(box[1]))
    return left, top, max(left, min(size[0], math.ceil(box[2]))), max(top, min(size[1], math.ceil(box[3])))


@dataclass(frozen=True, slots=True)
class Pull:
    """Moves what lies above and around a place by (``dx``, ``dy``), and less and less what lies further off."""

    x: float
    y: float
    dx: float
    dy: float
    reach: float

    def moved(self, values: Floats, left: int, top: int) -> Floats:
        """The values of a box, whose corner is at (left, top), moved."""
        rows, columns = np.indices(values.shape[:2], np.float32)
        weight = np.exp(
            -((columns + left - self.x) ** 2 + (2 * np.maximum(rows + top - self.y, 0)) ** 2) / self.reach**2
        )
        return sampled(values, floats(columns - self.dx * weight), floats(rows - self.dy * weight))


def lay_rows(
    worn: Worn, product: Product, here: Trunk, there: Trunk, ys_there: Floats, slack: float | Floats = 0.0,
    within: Floats | None = None, pull: Pull | None = None,
) -> None:  # fmt: skip
    """Lays a trunk: rows of the product (``there``, at heights ``ys_there``) onto rows of the body (``here``).

    ``slack`` is how far beyond its sides (in parts of its width, for all rows or each) the product goes on as it is at
    its sides, ``within`` an area; a ``pull`` bends it.
    """
    height, width = worn.cover.shape
    top, bottom = max(0, math.floor(here.top)), min(height, math.ceil(here.bottom))
    if bottom <= top:
        return
    ys = floats(np.arange(top, bottom)) + 0.5
    left, right = here.sides(ys)
    wide = np.maximum(right - left, 2)
    first, last = left - slack * wide, right + slack * wide
    box = clipped((float(first.min()) - 2, top, float(last.max()) + 3, bottom), (width, height))
    xs = floats(np.arange(box[0], box[2])) + 0.5
    part = (xs[None] - left[:, None]) / wide[:, None]
    room = np.broadcast_to(np.asarray(slack, np.float32), ys.shape)[:, None] > 0
    beside = room & ((part < 0) | (part > 1))
    part = np.where(room, np.clip(part, 0.015, 0.985), part)
    from_left, from_right = there.sides(ys_there)
    source_x = from_left[:, None] + part * (from_right - from_left)[:, None]
    source_y = np.broadcast_to(ys_there[:, None], source_x.shape)
    places = floats(source_x), floats(source_y)
    if pull is not None:
        places = pull.moved(places[0], box[0], top), pull.moved(places[1], box[0], top)
    both = np.concatenate([product.colours, product.cover[..., None] * 255], axis=2)
    found = sampled(both, *places)
    inside = np.clip((xs[None] - first[:, None]) / EDGE, 0, 1) * np.clip((last[:, None] - xs[None]) / EDGE, 0, 1)
    laid = worn.cover[box[1] : box[3], box[0] : box[2]]
    area = np.ones_like(laid) if within is None else within[box[1] : box[3], box[0] : box[2]]
    free = np.where(beside, (1 - laid) * area, 1)  # not over sleeves
    worn.lay(box, found[..., :3], floats(found[..., 3] / 255 * inside * free))


def lay_limb(
    worn: Worn, product: Product, cover: Floats, here: Limb, there: Limb, reach: float, spare: float = 0.12
) -> Floats:
    """Lays a sleeve (``cover`` of the product) along an arm up to ``reach`` pixels of it, and ``spare`` of its half
    width beyond its sides.

    Returns how far along the arm each pixel of the sleeve lies, -1 elsewhere.
    """
    height, width = worn.cover.shape
    wide = float(here.half.max()) * 1.5 + 4
    box = clipped(
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
    inside = np.clip((1 + spare - np.abs(part)) * np.maximum(half_here, 1) / EDGE, 0, 1) * (along >= 0)
    seen = np.abs(part) < 1.03 + spare
    part = np.clip(part, -0.94, 0.94) if spare > 0.2 else part
    source_x = x + dx / norm * beyond - dy / norm * part * half_there
    source_y = y + dy / norm * beyond + dx / norm * part * half_there
    both = np.concatenate([product.colours, cover[..., None] * 255], axis=2)
    found = sampled(both, floats(source_x), floats(source_y))
    inside = inside * np.clip((reach - along) / EDGE + 1, 0, 1)
    worn.lay(box, found[..., :3], floats(np.minimum(found[..., 3] / 255, inside)))
    full[box[1] : box[3], box[0] : box[2]] = np.where(seen & (along >= 0) & (along <= reach), along, -1)
    return full


def _along(limb: Limb, box: tuple[int, int, int, int]) -> tuple[Floats, Floats]:
    """For each pixel of a box: how far along the limb's middle line it lies, and how far beside it (signed)."""
    xs, ys = grid(box)
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


def height_map(ys: Floats, here: list[float], there: list[float]) -> Floats:
    """Heights of the product for heights of the body: straight between landmarks, at the first one's scale above."""
    found = np.interp(ys, here, there)
    first = (there[1] - there[0]) / max(here[1] - here[0], 1e-3)
    last = (there[-1] - there[-2]) / max(here[-1] - here[-2], 1e-3)
    found = np.where(ys < here[0], there[0] + (ys - here[0]) * first, found)
    return floats(np.where(ys > here[-1], there[-1] + (ys - here[-1]) * last, found))
