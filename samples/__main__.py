"""``python -m samples FOLDER``: draws the whole catalogue into a folder."""

import argparse
from pathlib import Path

from samples.catalogue import CATALOGUE


def main() -> None:
    """Draws and writes every picture, and says where."""
    parser = argparse.ArgumentParser(prog="python -m samples", description="Draw the sample pictures.")
    parser.add_argument("folder", type=Path, help="where to write; made if it does not exist")
    folder: Path = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    for one in CATALOGUE:
        path = one.write(folder)
        print(f"{path}  {path.stat().st_size // 1024} KiB  {one.key}")


if __name__ == "__main__":
    main()
