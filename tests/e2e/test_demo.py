"""`make demo` as somebody runs it who has just cloned the repository into a folder with a blank in its name."""

import os
import shutil
import subprocess
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).parents[2]


def test_the_demo_leaves_a_picture_and_nothing_else(tmp_path: Path) -> None:
    clone = tmp_path / "a clone with blanks"
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True).stdout
    for name in filter(None, tracked.split("\0")):
        if (ROOT / name).exists():
            (clone / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, clone / name)
    for environment in (".venv", ".venv-sam"):  # what `make` would install; CI's first step does that for real
        (clone / environment).symlink_to(ROOT / environment, target_is_directory=True)
        (ROOT / environment / "ready").touch()

    garment = tmp_path / "my shirt.png"
    Image.new("RGB", (500, 600), "white").save(garment)
    refused = _make(clone, "demo", GARMENT=str(garment), CLASS="HAT")
    assert refused.returncode != 0
    assert "CLASS is HAT; it must be one of UPPER_BODY" in refused.stdout

    shown = _make(clone, "demo")
    assert shown.returncode == 0, shown.stdout + shown.stderr
    (picture,) = (clone / "out").glob("try-on-*.png")
    with Image.open(picture) as shown_picture:
        assert shown_picture.size == (768, 1152)
    assert "What happened" in shown.stdout
    assert _processes_of(clone) == []


def _make(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    plain = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG") or "PIP" in name}
    given = [f"{name}={value}" for name, value in variables.items()]
    return subprocess.run(
        ["make", *arguments, *given], cwd=folder, env=plain, capture_output=True, text=True, timeout=240, check=False
    )


def _processes_of(folder: Path) -> list[str]:
    """Command lines of processes that still work in a folder."""
    found = []
    for process in Path("/proc").iterdir():
        if not process.name.isdigit():
            continue
        try:
            command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            if str(folder) in command or (process / "cwd").readlink().is_relative_to(folder):
                found.append(command)
        except OSError:
            continue  # it has ended meanwhile
    return found
