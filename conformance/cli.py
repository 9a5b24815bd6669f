"""The command: which engine, which cases, and a table of how they went."""

import argparse
import json
import sys
import time
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, TextIO
from urllib.error import URLError

from conformance import report
from conformance.case import Answered, Case, Result
from conformance.cases import ALL
from conformance.clients import DEFAULT_MODEL, BedrockClient, Client, Controls, HttpClient
from conformance.limits import UNDECLARED
from conformance.run import Runner

DONE, BROKEN, NOT_RUN = 0, 1, 2


def arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m conformance", description="Check an engine against Nova Canvas' VIRTUAL_TRY_ON contract."
    )
    parser.add_argument("--endpoint", default="", help="its URL; without it boto3 asks AWS, which costs money")
    parser.add_argument("--model-id", default=DEFAULT_MODEL, help=f"(default: {DEFAULT_MODEL})")
    parser.add_argument(
        "--client", choices=["http", "sagemaker", "boto3"], default="http",
        help="http: POST /model/ID/invoke; sagemaker: POST /invocations; boto3: InvokeModel (default: http)",
    )  # fmt: skip
    parser.add_argument("--region", default="", help="for boto3")
    parser.add_argument("--capabilities", type=Path, help="JSON file, for an engine that has no GET /capabilities")
    parser.add_argument("--only", default="*", metavar="PATTERN", help="cases whose name or group fits, as *seed*")
    parser.add_argument("--documented", action="store_true", help="leave out what AWS leaves open and we decided")
    parser.add_argument(
        "--quick", action="store_true", help="leave out what is slow, and pictures that show little more"
    )
    parser.add_argument("--parallel", type=int, default=2, help="requests at once (default: 2)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results there, too")
    parser.add_argument("--all", action="store_true", help="list every case, not only those that failed")
    parser.add_argument("--list", action="store_true", help="say which cases there are, and send nothing")
    return parser.parse_args(argv)


def chosen(only: str = "*", *, documented: bool = False, quick: bool = False) -> list[Case]:
    """The cases whose name or group fits a pattern."""
    return [
        case
        for case in ALL
        if (fnmatchcase(case.name, only) or fnmatchcase(case.group, only))
        and not (documented and case.decided)
        and not (quick and case.slow)
    ]


def main(argv: Sequence[str] | None = None, output: TextIO | None = None) -> int:
    """Runs the cases and prints the table.

    Args:
        argv: The command line, without the program's name; that of the process when None.
        output: Where the table goes; standard output when None.

    Returns:
        0 when every case passed or was skipped, 1 when one failed, 2 when none could be run.
    """
    options, output = arguments(argv), output or sys.stdout
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
        controls = Controls(options.endpoint) if options.endpoint else None
        capabilities = declared(options.capabilities, controls)
        client = client_for(options)
    except (OSError, URLError, ValueError) as error:
        output.write(f"cannot begin: {error}\n")
        return NOT_RUN
    runner = Runner(client, capabilities, controls if capabilities.get("faults") else None)
    started = time.monotonic()
    results: list[Result] = list(runner.run(cases, options.parallel))
    seconds = time.monotonic() - started
    engine = str(capabilities.get("engine", "unknown"))
    output.write(f"engine: {engine}\n")
    for line in report.lines(results, runner.calls, seconds, everything=options.all):
        output.write(line + "\n")
    if options.json:
        document = report.document(results, engine, runner.calls, seconds)
        options.json.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    return BROKEN if any(result.outcome == "failed" for result in results) else DONE


def declared(file: Path | None, controls: Controls | None) -> Mapping[str, Any]:
    """What the engine says it can do: from a file, from itself, or the whole contract; raises OSError or ValueError."""
    if file:
        document = json.loads(file.read_text(encoding="utf-8"))
        if not isinstance(document, dict):
            raise ValueError(f"{file} holds no JSON object")
        return document
    return (controls.capabilities() if controls else None) or UNDECLARED


def client_for(options: argparse.Namespace) -> Client:
    """The client that the command line asks for; raises ValueError."""
    if options.client == "boto3" or not options.endpoint:
        return BedrockClient(options.model_id, endpoint=options.endpoint, region=options.region)
    return HttpClient(options.endpoint, options.model_id, sagemaker=options.client == "sagemaker")
