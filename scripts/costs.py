"""What `vto cost` prints, for ``docs/cli.md``."""

from typer.testing import CliRunner

from vto_client.cli import app

WIDTH = 110


def example() -> str:
    """The command's answer with its own options left as they are, and a part of the pictures used again."""
    made = CliRunner().invoke(app, ["cost", "--hit-rate", "0.3"], env={"COLUMNS": str(WIDTH)}, catch_exceptions=False)
    text = "\n".join(line.rstrip() for line in made.output.rstrip().splitlines())
    return f"```text\n{text}\n```"
