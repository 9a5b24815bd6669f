"""The command: which engine, which cases, and a table of how they went."""

import argparse
import json
import sys
import time
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from http.client import HTTPException
from pathlib import Path
from typing import Any, TextIO

from conformance import limits, report
from conformance.case import FAILED, Answered, Case, Result
from conformance.cases import ALL
from conformance.clients import DEFAULT_MODEL, BedrockClient, Client, Controls, HttpClient
from conformance.limits import UNDECLARED
from conformance.reading import plain
from conformance.run import Runner

DONE, BROKEN, NOT_RUN, STOPPED = 0, 1, 2, 130


def arguments(argv: Sequence[str] | None = None, program: str = "python -m conformance") -> argparse.Namespace:
    """The command line; ends the program with 2 when it makes no sense."""
    parser = argparse.ArgumentParser(
        prog=program, description="Check an engine against Nova Canvas' VIRTUAL_TRY_ON contract.",
        epilog="Exit code: 0 all that is offered was kept, 1 not, or nothing was drawn, 2 no case could be run.",
    )  # fmt: skip
    parser.add_argument("--endpoint", default="", metavar="URL", help="where the engine listens")
    parser.add_argument("--model-id", default=DEFAULT_MODEL, help=f"(default: {DEFAULT_MODEL})")
    parser.add_argument(
        "--client", choices=["http", "sagemaker", "boto3"], default="http",
        help="http: POST /model/ID/invoke; sagemaker: POST /invocations; boto3: InvokeModel, which without --endpoint "
        "asks AWS itself and costs money (default: http)",
    )  # fmt: skip
    parser.add_argument("--region", default="", help="for boto3")
    parser.add_argument("--capabilities", type=Path, help="JSON file, for an engine that has no GET /capabilities")
    parser.add_argument("--only", default="*", metavar="PATTERN", help="cases whose name or group fits, as *seed*")
    parser.add_argument("--documented", action="store_true", help="leave out what AWS leaves open and we decided")
    parser.add_argument(
        "--quick", action="store_true", help="leave out what is slow, and pictures that show little more"
    )
    parser.add_argument("--parallel", type=_at_once, default=2, metavar="N", help="requests at once (default: 2)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results there, too")
    parser.add_argument("--all", action="store_true", help="list every case, not only those that failed")
    parser.add_argument("--list", action="store_true", help="say which cases there are, and send nothing")
    options = parser.parse_args(argv)
    if not options.endpoint and options.client != "boto3" and not options.list:
        parser.error("which engine? Give --endpoint URL; or --client boto3 to ask AWS itself, which costs money")
    if options.json and not options.json.parent.is_dir():
        parser.error(f"--json: there is no folder {options.json.parent}")
    return options


def _at_once(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 64:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 to 64")
    return int(text)


def chosen(only: str = "*", *, documented: bool = False, quick: bool = False) -> list[Case]:
    """The cases whose name or group fits a pattern."""
    return [
        case
        for case in ALL
        if (fnmatchcase(case.name, only) or fnmatchcase(case.group, only))
        and not (documented and case.decided)
        and not (quick and case.slow)
    ]


def main(
    argv: Sequence[str] | None = None, output: TextIO | None = None, *, program: str = "python -m conformance"
) -> int:
    """Runs the cases and prints the table.

    Args:
        argv: The command line, without the program's name; that of the process when None.
        output: Where the table goes; standard output when None.
        program: The name under which it was called, for its help.

    Returns:
        0 when no case failed and, of those that draw, one was drawn; 1 when not; 2 when none could be run; 130 after
        Ctrl-C.

    Raises:
        SystemExit: With 2 for a command line that makes no sense, with 0 after ``--help``.
    """
    options, output = arguments(argv, program), output or sys.stdout
    cases = chosen(options.only, documented=options.documented, quick=options.quick)
    if options.list:
        for case in cases:
            output.write(f"{case.group}: {case.name}\n")
        drawn = sum(isinstance(case.expected, Answered) for case in cases)
        output.write(f"{len(cases)} cases, at most {drawn} of which draw pictures\n")
        return DONE
    if not cases:
        output.write(f"cannot begin: no case's name or group fits {options.only!r}\n")
        return NOT_RUN
    try:
        return _run(options, cases, output)
    except KeyboardInterrupt:
        output.write("stopped\n")
        return STOPPED


def _run(options: argparse.Namespace, cases: Sequence[Case], output: TextIO) -> int:
    try:
        controls = Controls(options.endpoint) if options.endpoint else None
        capabilities = declared(options.capabilities, controls)
        client = client_for(options)
    except (OSError, HTTPException, ValueError) as error:
        where = f"{options.endpoint}: " if options.endpoint else ""
        output.write(f"cannot begin: {where}{getattr(error, 'reason', error)}\n")
        return NOT_RUN
    runner = Runner(client, capabilities, controls if capabilities.get("faults") else None)
    started = time.monotonic()
    results: list[Result] = list(runner.run(cases, options.parallel))
    seconds = time.monotonic() - started
    if runner.calls and not runner.answers:
        output.write(f"cannot begin: none of {runner.calls} calls was answered: {plain(runner.lost)}\n")
        return NOT_RUN
    engine = plain(str(capabilities.get("engine", "unknown")))
    output.write(f"engine: {engine}\n")
    output.writelines(line + "\n" for line in report.lines(results, runner.calls, seconds, everything=options.all))
    if options.json:
        document = report.document(results, engine, runner.calls, seconds)
        try:
            options.json.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
        except OSError as error:
            output.write(f"the results cannot be written: {error}\n")
            return NOT_RUN
    broken = any(result.outcome == FAILED for result in results) or report.undrawn(results)
    return BROKEN if broken else DONE


def declared(file: Path | None, controls: Controls | None) -> Mapping[str, Any]:
    """What the engine says it can do: from a file, from itself, or the whole contract.

    Raises:
        OSError: There is no such file, or the engine cannot be reached.
        ValueError: What is said is no declaration.
    """
    said = controls.capabilities() if controls else None  # asked in any case: it shows whether the engine is there
    if file:
        said = json.loads(file.read_text(encoding="utf-8"))
        if not isinstance(said, dict):
            raise ValueError(f"{file} holds no JSON object")
    if wrong := limits.misdeclared(said or {}):
        raise ValueError(f"the capabilities are not as they should be: {wrong}")
    return said or UNDECLARED


def client_for(options: argparse.Namespace) -> Client:
    """The client that the command line asks for; raises ValueError."""
    if options.client == "boto3":
        return BedrockClient(options.model_id, endpoint=options.endpoint, region=options.region)
    return HttpClient(options.endpoint, options.model_id, sagemaker=options.client == "sagemaker")
