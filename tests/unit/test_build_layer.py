"""What `sam build` runs for each layer: wheels for the chosen processor, our packages, byte code of both."""

import importlib.util
import sys
import zipfile
from pathlib import Path

import pytest

from scripts import build_layer

NATIVE = "native-1.0-cp313-cp313-manylinux_2_28_{machine}.whl"


def wheel(folder: Path, name: str, **files: str) -> None:
    package, version = name.split("-")[:2]
    about = f"{package}-{version}.dist-info"
    with zipfile.ZipFile(folder / name, "w") as archive:
        for file, text in files.items():
            archive.writestr(file.replace("__", "/") + ".py", text)
        archive.writestr(f"{about}/METADATA", f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n")
        tag = name.removesuffix(".whl").split("-", 2)[2]
        archive.writestr(f"{about}/WHEEL", f"Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: {tag}\n")
        archive.writestr(f"{about}/RECORD", "")


@pytest.fixture
def layer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A layer with a package of its own, and a package registry with one wheel for each processor."""
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    for machine in ("aarch64", "x86_64"):
        wheel(wheels, NATIVE.format(machine=machine), native=f"FOR = '{machine}'\n", native_lib__tests__test_it="1\n")
    for name in ("PIP_FIND_LINKS", "PIP_EXTRA_INDEX_URL", "PIP_REQUIRE_VIRTUALENV"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheels))
    monkeypatch.setattr(build_layer, "CACHE", tmp_path / "cache")
    folder = tmp_path / "layer"
    (folder / "own").mkdir(parents=True)
    (folder / "own" / "__init__.py").write_text("ANSWER = 42\n")
    (folder / "requirements.txt").write_text("native==1.0\n")
    return folder


def compiled(module: Path) -> bytes:
    return Path(importlib.util.cache_from_source(str(module))).read_bytes()


@pytest.mark.parametrize(("architecture", "machine"), [("arm64", "aarch64"), ("x86_64", "x86_64")])
def test_a_layer_holds_wheels_of_the_chosen_processor_and_byte_code_that_is_never_checked(
    layer: Path, tmp_path: Path, architecture: str, machine: str
) -> None:
    build_layer.build(layer, build_layer.ROOT / "layers" / "processors" / architecture, tmp_path / "made")

    python = tmp_path / "made" / "python"
    assert (python / "native.py").read_text() == f"FOR = '{machine}'\n"
    for module in (python / "native.py", python / "own" / "__init__.py"):
        code = compiled(module)
        assert code[:4] == importlib.util.MAGIC_NUMBER
        assert int.from_bytes(code[4:8], "little") == 0b01  # by hash, and not to be checked: PEP 552
        assert str(tmp_path).encode() not in code  # the same wherever it is built
        assert f"/opt/python/{module.relative_to(python)}".encode() in code
    assert not (python / "native_lib" / "tests").exists()


def test_a_changed_line_of_code_needs_no_registry_and_a_changed_requirement_does(
    layer: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    processor = build_layer.ROOT / "layers" / "processors" / "arm64"
    build_layer.build(layer, processor, tmp_path / "first")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "nowhere"))
    monkeypatch.setattr(build_layer, "ROOT", tmp_path)
    (layer / "own" / "__init__.py").write_text("ANSWER = 43\n")

    build_layer.build(layer, processor, tmp_path / "second")

    assert (tmp_path / "second" / "python" / "own" / "__init__.py").read_text() == "ANSWER = 43\n"
    (layer / "requirements.txt").write_text("native==1.0\nother==1.0\n")
    with pytest.raises(
        SystemExit, match=r"layer/requirements.txt: pip could not install it for manylinux_2_34_aarch64"
    ):
        build_layer.build(layer, processor, tmp_path / "third")
    assert "No matching distribution found for native==1.0" in capfd.readouterr().err


def test_another_version_of_python_is_refused_before_anything_is_built(
    layer: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 12, 1))

    with pytest.raises(SystemExit, match=r"compiled for Python 3.13.*put python3.13 on the PATH"):
        build_layer.build(layer, build_layer.ROOT / "layers" / "processors" / "arm64", tmp_path / "made")
    assert not (tmp_path / "made").exists()


def test_code_that_cannot_be_compiled_is_an_error_of_the_build(layer: Path, tmp_path: Path) -> None:
    (layer / "own" / "broken.py").write_text("def\n")

    with pytest.raises(SystemExit, match="layer: not every module could be compiled"):
        build_layer.build(layer, build_layer.ROOT / "layers" / "processors" / "arm64", tmp_path / "made")
