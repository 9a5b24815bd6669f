"""What is built is what is deployed: packages for one processor do not run on the other."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.template.reading import ROOT, read_template
from vto.use_cases.reserve_slot import MAX_THROTTLED

HOST = {"aarch64": "arm64"}.get(os.uname().machine, os.uname().machine)
# SAM, as far as the Makefile is concerned: it notes what it was asked, one argument on each line.
SAM = '#!/bin/sh\nprintf "%s\\n" "--- $1" "$@" >> asked\n'
SAVED_BY_SAM = r"""
[default.deploy.parameters]
parameter_overrides = "Environment=\"dev\" Architecture=\"x86_64\" AlarmEmail=\"\""
"""

documents = pytest.mark.parametrize("document", ["README.md", "docs/deploying.md"])


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with the files that building and deploying read, and a SAM that only listens."""
    folder = tmp_path / "a project"
    sam = folder / ".venv-sam" / "bin" / "sam"
    for path in (sam.parent, folder / "scripts"):
        path.mkdir(parents=True)
    for name in ("Makefile", "samconfig.toml", "scripts/find-python.sh"):
        shutil.copy(ROOT / name, folder / name)
    sam.write_text(SAM)
    sam.chmod(0o755)
    python = folder / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    return folder


def asked(project: Path, *arguments: str) -> dict[str, list[str]]:
    """What make asks of SAM, by SAM's command."""
    environment = {name: value for name, value in os.environ.items() if name not in ("ARCHITECTURE", "MAKEFLAGS")}
    subprocess.run(
        ["make", "READY=", *arguments],
        cwd=project,
        env=environment | {"VTO_PYTHON": sys.executable},
        check=True,
        capture_output=True,
    )
    calls = (project / "asked").read_text().split("--- ")[1:]
    return {lines[0]: lines[1:] for lines in (call.splitlines() for call in calls)}


def overrides(call: list[str]) -> str:
    return call[call.index("--parameter-overrides") + 1]


def architecture(text: str) -> str:
    """The processor that overrides name; as in SAM the last one counts, and the template's default without any."""
    default: str = read_template()["Parameters"]["Architecture"]["Default"]
    return [default, *re.findall(r'Architecture="?(\$\(uname[^)]+\)|\w+)', text)][-1]


def test_make_build_builds_for_this_machine(project: Path) -> None:
    calls = asked(project, "build")

    assert list(calls) == ["validate", "build"]
    assert overrides(calls["build"]) == f"Architecture={HOST}"


def test_make_deploy_builds_for_the_processor_that_it_deploys_on(project: Path) -> None:
    calls = asked(project, "deploy")

    assert list(calls) == ["validate", "build", "deploy"]
    assert "--guided" in calls["deploy"]
    assert overrides(calls["build"]) == overrides(calls["deploy"])
    assert architecture(overrides(calls["build"])) == "arm64"


def test_make_deploy_takes_another_processor_for_both(project: Path) -> None:
    calls = asked(project, "deploy", "ARCHITECTURE=x86_64")

    assert overrides(calls["build"]) == overrides(calls["deploy"])
    assert architecture(overrides(calls["build"])) == "x86_64"


def test_make_deploy_offers_the_answers_that_were_saved_and_builds_for_them(project: Path) -> None:
    (project / "samconfig.toml").write_text(SAVED_BY_SAM)

    calls = asked(project, "deploy")

    assert overrides(calls["build"]) == overrides(calls["deploy"])
    assert overrides(calls["deploy"]).strip() == 'Environment="dev" Architecture="x86_64" AlarmEmail=""'
    assert architecture(overrides(calls["build"])) == "x86_64"


def test_make_deploy_stops_when_the_configuration_cannot_be_read(project: Path) -> None:
    (project / "samconfig.toml").write_text("[default")

    with pytest.raises(subprocess.CalledProcessError):
        asked(project, "deploy")

    assert "--- build" not in (project / "asked").read_text()


def shell_blocks(document: str) -> list[str]:
    return re.findall(r"^```bash\n(.*?)^```$", (ROOT / document).read_text(), re.MULTILINE | re.DOTALL)


@documents
def test_commands_of_a_document_build_for_the_processor_that_they_deploy_or_run_on(document: str) -> None:
    of_this_machine = re.findall(r"Architecture=(\$\$\(uname.*\))", (ROOT / "Makefile").read_text())[0]
    on_this_machine = of_this_machine.replace("$$", "$")
    found = 0
    for block in shell_blocks(document):
        built = [on_this_machine] if "make build" in block else []
        for line in block.splitlines():
            if line.startswith("sam build"):
                built.append(architecture(line))
            if line.startswith(("sam deploy", "sam local invoke")):
                found += 1
                assert built, f"nothing was built for: {line}"
                assert architecture(line) == built[-1], line
    assert found


@documents
def test_a_document_says_that_build_and_deployment_need_the_same_processor(document: str) -> None:
    text = " ".join((ROOT / document).read_text().split())
    assert "make deploy ARCHITECTURE=x86_64" in text
    assert "same `Architecture`" in text


def test_the_deployment_page_names_the_sam_cli_that_the_project_pins() -> None:
    pinned = re.search(r"^aws-sam-cli==([\d.]+)", (ROOT / "requirements" / "sam.in").read_text(), re.MULTILINE)
    assert pinned is not None
    assert f"SAM CLI {pinned[1]} or later" in " ".join((ROOT / "docs" / "deploying.md").read_text().split())


def test_the_deployment_page_counts_repeated_calls_of_the_model_as_the_state_machine_does() -> None:
    machine = json.loads((ROOT / "statemachines" / "try_on.asl.json").read_text())
    retries = {
        error: retry["MaxAttempts"]
        for retry in machine["States"]["Invoke Model"]["Retry"]
        for error in retry["ErrorEquals"]
    }
    rows = re.findall(
        r"^\| [^|]*(timed out|unavailable|throttled)[^|]* \| [^|]*(once|twice|three times)",
        (ROOT / "docs" / "deploying.md").read_text(),
        re.MULTILINE,
    )
    words = {"once": 1, "twice": 2, "three times": 3}
    assert {what: words[word] for what, word in rows} == {
        "timed out": retries["ModelTimeoutError"],
        "unavailable": retries["ModelUnavailableError"],
        "throttled": MAX_THROTTLED,
    }
    assert "ModelThrottledError" not in retries  # it goes back to Reserve Slot, which counts
