"""`make` finds a Python 3.13 that runs by itself, and says what is missing where it cannot."""

import os
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "scripts" / "find-python.sh"


def _run(folder: Path, commands: dict[str, str], **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the script where only these commands are found (and those of a bare system, but no Python)."""
    for name, text in commands.items():
        (folder / name).write_text(f"#!/bin/sh\n{text}\n")
        (folder / name).chmod(0o755)
    for name in ("uname", "sh"):
        if name not in commands:
            (folder / name).symlink_to(Path("/bin") / name)
    plain = {"PATH": str(folder), "HOME": str(folder), **environment}
    return subprocess.run(["/bin/sh", SCRIPT], env=plain, capture_output=True, text=True, check=False)


def test_the_python_named_by_the_user_is_taken_if_it_is_a_3_13(tmp_path: Path) -> None:
    found = _run(tmp_path, {}, VTO_PYTHON=sys.executable)

    assert found.returncode == 0
    assert os.path.realpath(found.stdout.strip()) == os.path.realpath(sys.executable)


def test_a_shim_that_does_not_run_is_passed_over(tmp_path: Path) -> None:
    installed = tmp_path / ".pyenv" / "versions" / "3.13.7" / "bin" / "python3.13"
    installed.parent.mkdir(parents=True)
    installed.symlink_to(Path(sys.executable).resolve())
    found = _run(tmp_path, {"python3.13": "echo 'pyenv: python3.13: command not found' >&2; exit 127"})

    assert found.returncode == 0
    assert os.path.realpath(found.stdout.strip()) == os.path.realpath(sys.executable)


def test_without_one_it_says_what_to_install(tmp_path: Path) -> None:
    missing = _run(tmp_path, {"python3.13": "exit 127", "python3": "exit 127", "pyenv": "exit 1", "uv": "exit 1"})

    assert missing.returncode == 1
    assert "apt install python3.13" in missing.stderr
    assert "VTO_PYTHON" in missing.stderr


def test_on_another_system_it_says_so_at_once(tmp_path: Path) -> None:
    elsewhere = _run(tmp_path, {"uname": '[ "$1" = -s ] && echo Darwin || echo arm64'}, VTO_PYTHON=sys.executable)

    assert elsewhere.returncode == 1
    assert "this is Darwin arm64" in elsewhere.stderr
