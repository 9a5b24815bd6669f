"""The real SAM: `sam build` on this machine and `sam deploy` against the emulator."""

import contextlib
import fcntl
import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from local.processes import Child, Processes, StackError

BUILD_SECONDS = 600.0
"""Longest build; the first one downloads the packages of the layers."""
DEPLOY_SECONDS = 180.0

_PASSED_TO_BUILD = ("HOME", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
"""Variables of the shell that pip needs to reach a package registry; those named PIP_* and *_PROXY are passed too."""


def find_sam(root: Path) -> Path:
    """Return the SAM program of the repository's own environment.

    Raises:
        StackError: it is not installed.
    """
    sam = root / ".venv-sam" / "bin" / "sam"
    if not sam.exists():
        raise StackError(f"the AWS SAM CLI is not installed at {sam}; `make install` does it")
    return sam


def find_python(version: str = "3.13") -> Path:
    """Return the folder that holds a real `python3.13`, which `sam build` looks for on its PATH.

    A virtual environment's own binary will do; the shims of version managers will not.

    Raises:
        StackError: there is none beside this interpreter.
    """
    name = f"python{version}"
    for interpreter in (Path(sys.executable), Path(sys.executable).resolve()):
        if (interpreter.parent / name).exists():
            return interpreter.parent
    raise StackError(f"no {name} beside {sys.executable}; the functions run on Python {version}, so must this tool")


def _shell_for_pip() -> dict[str, str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if name in _PASSED_TO_BUILD or name.startswith("PIP_") or name.lower().endswith("_proxy")
    }
    kept.pop("PIP_REQUIRE_VIRTUALENV", None)  # SAM installs into the build folder
    return kept


def _shared_folder(root: Path, template: Path) -> Path:
    return root / ".aws-sam" / f"local-{template.resolve().parent.name}-{template.stem}"


@contextlib.contextmanager
def building_alone(root: Path, template: Path) -> Iterator[Path]:
    """Keep all others from building a template, and lend the folder in which all stacks build it."""
    shared = _shared_folder(root, template)
    shared.mkdir(parents=True, exist_ok=True)
    with (shared / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield shared


class Sam:
    """Builds and deploys one template for one stack."""

    def __init__(self, root: Path, template: Path, work: Path, processes: Processes) -> None:
        """Find SAM and Python.

        Args:
            root: the repository.
            template: the template to deploy.
            work: folder of this stack.
            processes: what starts SAM.

        Raises:
            StackError: SAM or Python is missing.
        """
        self._sam, self._python = find_sam(root), find_python()
        self._root, self._template, self._work, self._processes = root, template, work, processes
        self._shared = _shared_folder(root, template)
        self._config = work / "samconfig.toml"  # empty, so that the repository's own is not read
        work.mkdir(parents=True, exist_ok=True)
        self._config.write_text("version = 0.1\n")
        # beside the shared build: the built template names files of the repository by relative paths
        self.built = self._shared / f"build-{work.name}"

    def _environment(self, extra: Mapping[str, str]) -> dict[str, str]:
        path = [str(self._python), str(self._sam.parent), "/usr/local/bin", "/usr/bin", "/bin"]
        return {
            "PATH": os.pathsep.join(path),
            "LANG": "C.UTF-8",
            "SAM_CLI_TELEMETRY": "0",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            **extra,
        }

    @contextlib.contextmanager
    def building(self, architecture: str | None) -> Iterator[Child]:
        """Start `sam build`; when the block is left, wait for it and take a copy of what it built.

        Stacks share one build folder (and SAM's cache); a lock lets one build at a time, and each deploys its copy.

        Args:
            architecture: `arm64` or `x86_64`, value of the template's parameter of that name; None if it has none.

        Raises:
            StackError: the build failed; with the end of its log.
        """
        with building_alone(self._root, self._template):
            output = self._shared / "build"
            command = [str(self._sam), "build", "--template-file", str(self._template), "--build-dir", str(output)]
            command += ["--cached", "--cache-dir", str(self._shared / "cache"), "--parallel"]
            command += ["--config-file", str(self._config)]
            if architecture:
                command += ["--parameter-overrides", f"ParameterKey=Architecture,ParameterValue={architecture}"]
            child = self._processes.start("sam-build", command, self._environment(_shell_for_pip()), self._root)
            yield child
            child.finish(BUILD_SECONDS)
            self._processes.end(child)
            self.clean()
            shutil.copytree(output, self.built, copy_function=os.link, symlinks=True)

    def clean(self) -> None:
        """Remove this stack's copy of the build."""
        shutil.rmtree(self.built, ignore_errors=True)

    def deploy(self, name: str, parameters: Mapping[str, str], environment: Mapping[str, str]) -> None:
        """Run `sam deploy` on what was built and wait for it.

        Args:
            name: the CloudFormation stack's.
            parameters: values of the template's parameters.
            environment: where AWS is, and with which keys.

        Raises:
            StackError: the deployment failed; with the end of its log.
        """
        command = [str(self._sam), "deploy", "--template-file", str(self.built / "template.yaml")]
        command += ["--stack-name", name, "--resolve-s3", "--no-confirm-changeset", "--no-progressbar"]
        command += ["--no-fail-on-empty-changeset", "--config-file", str(self._config)]
        command += ["--capabilities", "CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]
        if parameters:
            command.append("--parameter-overrides")
            command += [f'ParameterKey={key},ParameterValue="{value}"' for key, value in parameters.items()]
        settings = self._environment({"HOME": str(self._work), "SAM_CLI_POLL_DELAY": "1", **environment})
        child = self._processes.start("sam-deploy", command, settings, self._work)
        child.finish(DEPLOY_SECONDS)
        self._processes.end(child)
