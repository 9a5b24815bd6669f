"""What a shop has: a folder of pictures, or a table (CSV) that names them, as rows to import."""

import csv
import difflib
import hashlib
import io
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

from vto_client.connect import USAGE
from vto_client.pictures import type_of
from vto_client.problems import CommandError

NEEDED: Final = ("product_id", "name", "category", "picture")
COLUMNS: Final = (*NEEDED, "description", "garment_class")
ENDINGS: Final = frozenset({".jpg", ".jpeg", ".png", ".webp"})
NO_CATEGORY: Final = "uncategorised"
DELIMITERS: Final = ",;\t"
FIRST_BYTES: Final = 16
SURPLUS: Final = ("it has more cells than there are columns", 'put text with a comma in it between quotes: "blue, new"')


@dataclass(frozen=True, slots=True)
class Row:
    """One product of the source, and where it stands there."""

    where: str
    product_id: str
    name: str
    category: str
    picture: Path
    description: str = ""
    garment_class: str = ""
    surplus: int = 0
    """Cells with something in them that no column has a name for."""

    def fingerprint(self) -> str:
        """What is to be in the stack: changes when a word or the picture does; raises OSError."""
        said = {name: value for name, value in asdict(self).items() if name not in ("where", "picture", "surplus")}
        with self.picture.open("rb") as file:
            drawn = hashlib.file_digest(file, "sha256").hexdigest()
        return hashlib.sha256(json.dumps([said, drawn], sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Problem:
    """Why one row is not in the stack, and what to do about it."""

    where: str
    product_id: str
    problem: str
    remedy: str


@dataclass
class Source:
    """All rows that can be used, and what is wrong with the others."""

    rows: list[Row] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    ignored: tuple[str, ...] = ()
    """Columns that nobody reads."""


def read(path: Path) -> Source:
    """Read a folder or a table.

    Raises:
        CommandError: It is neither, it lacks a column, or nothing is in it.
    """
    if path.is_dir():
        source = _checked(_of_folder(path))
    elif path.is_file():
        try:
            source = _of_table(path)
        except (OSError, UnicodeDecodeError, csv.Error) as problem:
            remedy = "save it as CSV in UTF-8, with one line of column names first"
            raise CommandError(f"{path} cannot be read: {problem}: {remedy}", USAGE) from problem
    else:
        raise CommandError(f"there is no folder and no file {path}: name one", USAGE)
    if not source.rows and not source.problems:
        what = f"pictures ({', '.join(sorted(ENDINGS))})" if path.is_dir() else "rows below its column names"
        raise CommandError(f"{path} has no {what}: nothing to import", USAGE)
    return source


def _of_folder(folder: Path) -> Iterator[Row]:
    """A picture's folder is its category, its name says what it is: ``tops/striped-shirt.jpg``."""
    for picture in sorted(one for one in folder.rglob("*") if one.suffix.lower() in ENDINGS and one.is_file()):
        place = picture.relative_to(folder)
        if any(part.startswith(".") for part in place.parts):
            continue
        category = place.parent.as_posix() if place.parent != Path() else NO_CATEGORY
        slug = re.sub(r"[^a-z0-9]+", "-", picture.stem.lower()).strip("-")[:100]
        name = re.sub(r"[-_.\s]+", " ", picture.stem).strip().capitalize()
        yield Row(place.as_posix(), slug, name, category, picture)


def _of_table(path: Path) -> Source:
    text = path.read_text(encoding="utf-8-sig")
    first, _, _ = text.partition("\n")
    delimiter = max(DELIMITERS, key=first.count)
    # by line feeds alone: what else str.splitlines takes for an end of line, spreadsheets write within a cell
    reader = csv.DictReader(io.StringIO(text), delimiter=delimiter, strict=True)
    names = [str(name).strip().lower() for name in reader.fieldnames or ()]
    reader.fieldnames = names
    if missing := [name for name in NEEDED if name not in names]:
        close = {name: difflib.get_close_matches(name, names, 1) for name in missing}
        meant = "".join(f" (is {found[0]!r} meant to be {name!r}?)" for name, found in close.items() if found)
        raise CommandError(f"{path} has no column {', '.join(missing)}{meant}: put it into its first line", USAGE)
    source = _checked(_rows(reader, path.parent))
    source.ignored = tuple(name for name in names if name and name not in COLUMNS)
    return source


def _rows(reader: "csv.DictReader[str]", folder: Path) -> Iterator[Row]:
    for one in reader:
        given = {name: (one.get(name) or "").strip() for name in COLUMNS}
        picture = given.pop("picture")
        more: Sequence[str] = one.get(None) or ()  # where csv keeps them
        yield Row(
            where=f"line {reader.line_num}",
            picture=folder / picture if picture else Path(),
            surplus=sum(bool(cell.strip()) for cell in more),
            **given,
        )


def _checked(rows: Iterator[Row]) -> Source:
    """Keep what can be used; what its values may be besides is the service's to say."""
    source, seen = Source(), dict[str, str]()
    for row in rows:
        problem, remedy = SURPLUS if row.surplus else _problem(row, seen)
        if problem:
            source.problems.append(Problem(row.where, row.product_id, problem, remedy))
        else:
            seen[row.product_id] = row.where
            source.rows.append(row)
    return source


def _problem(row: Row, seen: dict[str, str]) -> tuple[str, str]:
    for name in ("product_id", "name", "category"):
        if not getattr(row, name):
            return f"{name} is empty", f"write its {name} there; in a folder, name its file in Latin letters or digits"
    if row.product_id in seen:
        return (
            f"product_id {row.product_id} is that of {seen[row.product_id]} too",
            "give each an id of its own; in a folder, each file a name of its own",
        )
    if row.picture == Path():
        return "picture is empty", "write the name of its file there, as seen from the table"
    try:
        with row.picture.open("rb") as file:
            type_of(file.read(FIRST_BYTES))
    except OSError as error:
        return (
            f"picture: {row.picture.name}: {error.strerror or error}",
            "write the name of its file, as seen from the table",
        )
    except ValueError as error:
        return f"picture: {row.picture.name}: {error}", "name a JPEG, PNG or WebP picture"
    return "", ""
