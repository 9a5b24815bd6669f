"""`vto try` as it is typed, with nothing in its environment but a login and what points it at the stack."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.e2e.conftest import World

VTO = Path(sys.executable).parent / "vto"
SEED = 1_733_209


def vto(world: World, *words: str, password: str = "") -> subprocess.CompletedProcess[str]:
    login = world.login("ada")
    environment = {
        "PATH": os.environ["PATH"],
        "COLUMNS": "200",
        "VTO_USER": login.email,
        "VTO_PASSWORD": password or login.password,
        "VTO_API_URL": world.endpoints.api_url,
        "AWS_ENDPOINT_URL": world.endpoints.aws,
        **world.endpoints.environment(),
    }
    return subprocess.run(
        [VTO, "try", *words, "--stack", world.endpoints.name],
        capture_output=True, text=True, check=False, env=environment, stdin=subprocess.DEVNULL,
    )  # fmt: skip


def test_a_try_on_is_planned_then_made_and_saved_and_then_known(world: World, tmp_path: Path) -> None:
    words = (world.person, world.garment, "--class", "UPPER_BODY", "--seed", str(SEED))
    planned = vto(world, *words, "--dry-run")
    assert planned.returncode == 0, planned.stderr
    assert planned.stdout.startswith("nova_canvas would draw it in about ")
    assert world.model_calls() == 0

    made = vto(world, *words, "--return-mask", "--json", "--out", str(tmp_path), "--idempotency-key", "from-the-shell")
    assert made.returncode == 0, made.stderr
    outcome = json.loads(made.stdout)
    assert (outcome["outcome"], outcome["job"]["seed"]) == ("completed", SEED)
    pictures = sorted(tmp_path.iterdir())
    assert [str(one) for one in pictures] == sorted(outcome["files"])
    assert [one.read_bytes()[:4] for one in pictures] == [b"\x89PNG"] * 2

    again = vto(world, *words, "--return-mask", "--idempotency-key", "from-the-shell")
    assert again.returncode == 0, again.stderr
    assert outcome["job"]["id"] in again.stdout
    assert f"/derived/{outcome['job']['id']}/0.webp?" in again.stdout, "a new link"
    assert world.model_calls() == 1


def test_a_refused_request_ends_with_3_and_all_its_violations(world: World) -> None:
    ran = vto(world, "nobody", "no-such-shirt", "--class", "UPPER_BODY", "--mask-type", "IMAGE")
    assert (ran.returncode, ran.stdout) == (3, "")
    assert "✗ Refused: invalid_request: " in ran.stderr
    for path in (
        "product_id",
        "model_id",
        "parameters.imageBasedMask (--mask)",
        "parameters.garmentBasedMask (--class)",
    ):
        assert f"    {path}: " in ran.stderr
    assert world.garment in ran.stderr, "ids that could be meant"


def test_a_wrong_password_ends_with_4_and_one_line(world: World) -> None:
    ran = vto(world, world.person, world.garment, password="Wrong-password-1")
    assert (ran.returncode, ran.stdout) == (4, "")
    assert ran.stderr == "✗ not signed in: wrong user or password: check VTO_USER and VTO_PASSWORD\n"
