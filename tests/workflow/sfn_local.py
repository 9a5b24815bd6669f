"""Runs the cases of ``MockConfigFile.json`` in Step Functions Local: ``python -m tests.workflow.sfn_local``."""

import argparse
import sys

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from asl.step_functions_local import run_cases
from local.processes import StackError
from local.step_functions_local import ROOT, running
from tests.workflow.mock_file import FILE, LONGEST_WAIT, expected
from tests.workflow.world import MACHINE, definition
from vto.domain.job import execution_input

SETTINGS = {
    "AWS_ACCOUNT_ID": "123456789012",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "mocked",
    "AWS_SECRET_ACCESS_KEY": "mocked",
}


def main() -> int:
    """Start the tool, run every case, and say which went another way."""
    parser = argparse.ArgumentParser(prog="python -m tests.workflow.sfn_local", description=__doc__)
    parser.add_argument("tool", choices=["docker", "jar"], nargs="?", default="docker")
    tool = parser.parse_args().tool
    cases = expected()
    try:
        with running(tool, SETTINGS, ROOT / "out" / "sfn-local", FILE) as endpoint:
            client = boto3.client(
                "stepfunctions",
                endpoint_url=endpoint,
                region_name=SETTINGS["AWS_DEFAULT_REGION"],
                aws_access_key_id=SETTINGS["AWS_ACCESS_KEY_ID"],
                aws_secret_access_key=SETTINGS["AWS_SECRET_ACCESS_KEY"],
                # the port may listen before the tool behind it does
                config=Config(retries={"total_max_attempts": 10, "mode": "standard"}),
            )
            document = execution_input("479db467-ea13-5b91-b847-791ff4ad1228")
            problems = run_cases(client, MACHINE, definition(), document, cases, within=2 * LONGEST_WAIT)
    except (StackError, ClientError, BotoCoreError) as problem:
        sys.stderr.write(f"✗ {problem}\n")
        return 1
    for one in problems:
        sys.stderr.write(f"✗ {one}\n")
    sys.stdout.write(f"{len(cases) - len(problems)} of {len(cases)} cases went their way in Step Functions Local\n")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
