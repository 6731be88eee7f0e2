"""Files of a BIDS dataset by their names."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..benchmark.plugin import UserError
from ._files import reading, visible
from ._search import named

_NAME = re.compile(r"(sub-[A-Za-z0-9]+(?:_[A-Za-z]+-[A-Za-z0-9+]+)*)_([A-Za-z0-9]+)\.nii(?:\.gz)?")
_OF_CASE = ("sub", "ses", "run")


@dataclass(frozen=True)
class Named:
    """A file and what its name says: entities (`sub`, `ses`, `label` ...) and suffix (`T1w`, `dseg`)."""

    path: Path
    entities: dict[str, str]
    suffix: str

    @property
    def case(self) -> str:
        """Subject, session and run, as in the name."""
        return "_".join(f"{key}-{self.entities[key]}" for key in _OF_CASE if key in self.entities)


def parse(path: Path) -> Named | None:
    """What a file's name says; None for another kind of name."""
    match = _NAME.fullmatch(path.name)
    if not match:
        return None
    pairs = (part.split("-", 1) for part in match[1].split("_"))
    return Named(path, {key: value for key, value in pairs}, match[2])


def raw_files(root: Path) -> Iterator[Named]:
    """Images below the subjects' folders."""
    for subject in visible(root):
        if subject.is_dir() and subject.name.startswith("sub-"):
            yield from _below(subject)


def label_files(pipeline: Path, label: str) -> Iterator[Named]:
    """`dseg` files of a derivative, or its masks of one label."""
    for file in _below(pipeline):
        if file.suffix == "mask" and file.entities.get("label") == label if label else file.suffix == "dseg":
            yield file


def read_classes(pipeline: Path) -> tuple[Path, dict[int, str]]:
    """The table of a derivative's `dseg` files, and value -> name, without 0.

    Raises
    ------
    UserError
        When there is no single `*dseg.tsv`, or it lacks the columns `index` and `name`.
    """
    tables = sorted(path for path in pipeline.rglob("*dseg.tsv") if not path.name.startswith("."))
    if len(tables) != 1:
        raise UserError(f"{pipeline}: {len(tables)} files *dseg.tsv; expected one, with the columns index and name")
    with reading(tables[0], "table with the columns index and name"), tables[0].open(newline="") as file:
        rows = csv.DictReader(file, delimiter="\t")
        found = {int(row["index"]): row["name"] for row in rows}
    found.pop(0, None)
    if not found or len(set(found.values())) < len(found):
        raise UserError(f"{tables[0]}: no class, or two of one name; give each index above 0 a name of its own")
    return tables[0], found


def _below(folder: Path) -> Iterator[Named]:
    for path, _ in named(folder, _NAME):
        file = parse(path)
        assert file is not None
        yield file
