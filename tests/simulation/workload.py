"""Who comes and what they want: many shoppers, some of whom want the same, use own photos, leave, or click twice."""

from random import Random
from typing import TYPE_CHECKING, Any

from tests.simulation.shopper import Habits, Shopper

if TYPE_CHECKING:
    from tests.simulation.simulation import Simulation

JOBS_PER_SECOND = 4
GUESTS = 8
"""Every so manieth has no account, unless they do what only shoppers may."""
PHOTOS = (b"a photo", b"another photo")
"""So few that different people upload equal bytes."""


def arrive(simulation: "Simulation", jobs: int, seed: int) -> None:
    """Let so many requests come, from shoppers of all kinds."""
    random = Random(f"workload {seed}")
    left, number = jobs, 0
    while left:
        number += 1
        count = min(left, random.choice((1, 1, 2, 3, 5)))
        wishes = [_wish(random, f"wish-{n}") for n in range(count)]
        habits = _habits(random, jobs / JOBS_PER_SECOND)
        is_guest = number % GUESTS == 0 and habits.photo is None and not habits.over_rest
        simulation.add(Shopper(simulation, f"{'guest#' if is_guest else 'user-'}{number}", wishes, habits))
        left -= count


def _wish(random: Random, request_id: str) -> dict[str, Any]:
    wish: dict[str, Any] = {
        "request_id": request_id,
        "product_id": f"product-{random.randrange(40)}",
        "model_id": f"stock-{random.randrange(10)}",
    }
    if random.random() < 0.7:  # the others may meet somebody who wants the same
        wish["parameters"] = {
            "maskType": "GARMENT",
            "garmentBasedMask": {"garmentClass": "UPPER_BODY"},
            "imageGenerationConfig": {"seed": random.randrange(2**31)},
        }
    else:
        wish["product_id"], wish["model_id"] = f"product-{random.randrange(4)}", f"stock-{random.randrange(3)}"
    return wish


def _habits(random: Random, seconds: float) -> Habits:
    leaves = random.random() < 0.25
    return Habits(
        arrives=random.uniform(0, seconds),
        over_rest=random.random() < 0.1,
        devices=2 if random.random() < 0.15 else 1,
        leaves_after=random.uniform(0.1, 8) if leaves else None,
        stays_away=random.uniform(5, 3000) if random.random() < 0.05 else random.uniform(5, 120),
        says_goodbye=random.random() < 0.5,
        clicks=2 if random.random() < 0.05 else 1,
        photo=random.choice(PHOTOS) if random.random() < 0.25 else None,
        cancels_after=random.uniform(0.05, 6) if random.random() < 0.1 else None,
    )
