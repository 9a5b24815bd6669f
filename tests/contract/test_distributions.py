"""The client and the conformance suite install by themselves: what their wheels hold is all that they need of ours."""

import subprocess
import sys
import sysconfig
import tomllib
import zipfile
from importlib.metadata import version
from pathlib import Path

import pytest
from flit_core.wheel import make_wheel_in
from packaging.requirements import Requirement

from conformance.cases import ALL
from scripts.facts import ROOT

DISTRIBUTIONS = {"client": "vto_client", "conformance": "conformance"}


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Each distribution's wheel, unpacked into a folder of its own."""
    unpacked = {}
    for name in DISTRIBUTIONS:
        folder = tmp_path_factory.mktemp(name)
        wheel = make_wheel_in(ROOT / name / "pyproject.toml", folder).file
        zipfile.ZipFile(wheel).extractall(folder / "unpacked")
        unpacked[name] = folder / "unpacked"
    return unpacked


def run(command: str, *paths: Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run `vto` with these folders and what was installed from elsewhere; `-S` leaves editable installations out."""
    places = [str(path) for path in (*paths, sysconfig.get_path("purelib"))]
    script = f"import sys; sys.path += {places}; sys.argv = {['vto', *command.split()]}; "
    script += "from vto_client.cli import main; main()"
    return subprocess.run(
        [sys.executable, "-I", "-S", "-c", script], capture_output=True, text=True, check=False, cwd=cwd
    )


@pytest.mark.parametrize(("name", "package"), DISTRIBUTIONS.items())
def test_a_wheel_holds_every_file_of_its_package(name: str, package: str, wheels: dict[str, Path]) -> None:
    source = ROOT / name
    files = {str(one.relative_to(source)) for one in (source / package).rglob("*") if one.is_file()}
    packed = {str(one.relative_to(wheels[name])) for one in (wheels[name] / package).rglob("*") if one.is_file()}
    assert packed == {one for one in files if "__pycache__" not in one}


def test_both_installed_outside_the_clone_run_the_suite(wheels: dict[str, Path], tmp_path: Path) -> None:
    ran = run("conformance --list", *wheels.values(), cwd=tmp_path)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.splitlines()[-1].startswith(f"{len(ALL)} cases, ")


def test_a_command_line_that_makes_no_sense_ends_with_2_and_says_why(wheels: dict[str, Path], tmp_path: Path) -> None:
    ran = run("conformance", *wheels.values(), cwd=tmp_path)
    assert ran.returncode == 2
    assert "vto conformance: error: which engine? Give --endpoint URL" in ran.stderr


def test_without_the_suite_the_remedy_is_told(wheels: dict[str, Path], tmp_path: Path) -> None:
    ran = run("conformance --endpoint http://127.0.0.1:1", wheels["client"], cwd=tmp_path)
    assert ran.returncode == 2
    assert ran.stderr.startswith("✗ the conformance suite is not installed (there is no conformance): `python3 -m pip")
    assert len(ran.stderr.splitlines()) == 1
    assert run("--help", wheels["client"], cwd=tmp_path).returncode == 0


def test_a_program_that_imports_the_client_does_not_load_the_command_line(
    wheels: dict[str, Path], tmp_path: Path
) -> None:
    places = [str(wheels["client"]), sysconfig.get_path("purelib")]
    script = f"import sys; sys.path += {places}; from vto_client import AsyncVto, SignIn, Vto; "
    script += "print(Vto.__module__, {'typer', 'boto3'} & set(sys.modules))"
    command = [sys.executable, "-I", "-S", "-c", script]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert (ran.returncode, ran.stdout) == (0, "vto_client.blocking set()\n"), ran.stderr
    assert (wheels["client"] / "vto_client" / "py.typed").exists()


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_what_a_distribution_asks_for_is_what_is_tested(name: str) -> None:
    asked = tomllib.loads((ROOT / name / "pyproject.toml").read_text())
    wanted = [*asked["project"]["dependencies"], *asked["build-system"]["requires"]]
    for requirement in map(Requirement, wanted):
        assert version(requirement.name) in requirement.specifier
