"""The numbers that the papers report: tidy CSV files beside the leaderboards, validated on reading."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from ..errors import UserError, nearest

FOLDER = Path(__file__).parents[2] / "leaderboards" / "reported"
_ROMAN = {"i": "1", "ii": "2", "iii": "3", "iv": "4", "v": "5", "vi": "6", "vii": "7", "viii": "8", "ix": "9"}


class ReportedNumber(BaseModel):
    """One number of a results table or of the running text, as printed.

    ``std`` is taken over ``spread`` (``n`` of them); with ``spread = variance`` it holds the variance
    that the paper prints. ``setting`` is ``key=value`` pairs separated by ``"; "``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    paper: str = Field(min_length=1)
    table: str = Field(pattern=r"^(Table (\d+|[IVX]+)|text \(.+\))$")
    dataset: str = Field(min_length=1)
    setting: str
    method: str = Field(min_length=1)
    metric: str = Field(min_length=1)
    unit: Literal["", "%", "voxel", "mm", "score", "s", "h"]
    mean: float
    std: float | None = Field(ge=0)
    spread: Literal["", "runs", "cases", "folds", "variance"]
    n: int | None = Field(ge=1)
    note: str

    @field_validator("std", "n", mode="before")
    @classmethod
    def _blank_is_none(cls, value: Any) -> Any:
        return None if value == "" else value

    @model_validator(mode="after")
    def _consistent(self) -> ReportedNumber:
        parse_setting(self.setting)
        if (self.std is None) != (self.spread == ""):
            raise ValueError("std and spread must be given together")
        if self.n is not None and self.std is None:
            raise ValueError("n counts what std is over, and there is no std")
        return self

    @property
    def key(self) -> tuple[str, ...]:
        """What makes a row unique."""
        return self.paper, self.table, self.dataset, self.setting, self.method, self.metric


COLUMNS = tuple(ReportedNumber.model_fields)


def parse_setting(text: str) -> dict[str, str]:
    """The pairs of a ``setting``; ValueError where it is not ``key=value; key=value``."""
    pairs = [part.partition("=") for part in text.split("; ")] if text else []
    if not all(key and sign and value for key, sign, value in pairs):
        raise ValueError(f"setting {text!r} is not 'key=value' pairs separated by '; '")
    if len({key for key, _, _ in pairs}) < len(pairs):
        raise ValueError(f"setting {text!r} names a key twice")
    return {key: value for key, _, value in pairs}


def papers() -> list[str]:
    """Names of the papers that have reported numbers; UserError where the files were not installed."""
    names = sorted(path.stem for path in FOLDER.glob("*.csv"))
    if not names:
        raise UserError(f"no reported numbers in {FOLDER}: reinstall nsbench")
    return names


def load_reported(paper: str | None = None, table: str | None = None) -> list[dict[str, Any]]:
    """The reported numbers, one dict per row with the columns of `ReportedNumber` as keys.

    Parameters
    ----------
    paper
        Only this paper's (``pint``, ``cople`` ...).
    table
        Only this table's: ``1``, ``Table 1``, ``I`` and ``Table I`` mean the same; ``text`` is all
        numbers given in running text only.

    Raises
    ------
    UserError
        For an unknown paper or table, and for a CSV file that breaks the schema.
    """
    if paper is not None and paper not in papers():
        raise UserError(f"no reported numbers of paper {paper!r}: {nearest(paper, papers())}")
    rows = [row for name in papers() if paper in (None, name) for row in read_reported(FOLDER / f"{name}.csv")]
    if table is not None:
        tables = list(dict.fromkeys(row.table for row in rows))
        rows = [row for row in rows if _same_table(row.table, table)]
        if not rows:
            raise UserError(f"no reported numbers in table {table!r}: {nearest(table, tables)}")
    return [row.model_dump() for row in rows]


def read_reported(path: Path) -> list[ReportedNumber]:
    """Read and validate one paper's CSV file.

    Raises
    ------
    UserError
        Naming the file, the line and the field that is wrong.
    """
    rows: dict[tuple[str, ...], int] = {}
    numbers = []
    for line, number in _parsed(path):
        if number.paper != path.stem:
            raise UserError(f"{path}:{line}: paper is {number.paper!r}; write {path.stem!r}, the file's name")
        if number.key in rows:
            raise UserError(f"{path}:{line}: repeats line {rows[number.key]}; drop one or tell them apart by setting")
        rows[number.key] = line
        numbers.append(number)
    return numbers


def _parsed(path: Path) -> Iterator[tuple[int, ReportedNumber]]:
    with path.open(encoding="utf-8", newline="") as stream:
        reader = csv.DictReader(stream, restkey="surplus")
        if tuple(reader.fieldnames or ()) != COLUMNS:
            raise UserError(f"{path}: columns are {reader.fieldnames}; write {', '.join(COLUMNS)}")
        for raw in reader:
            try:
                yield reader.line_num, ReportedNumber.model_validate(raw)
            except ValidationError as error:
                first = error.errors()[0]
                field = ".".join(map(str, first["loc"])) or "row"
                raise UserError(f"{path}:{reader.line_num}: {field}: {first['msg']}, got {first['input']!r}") from None


def _same_table(printed: str, wanted: str) -> bool:
    key = table_key(wanted)
    return table_key(printed) == key or (key == "text" and printed.startswith("text "))


def table_key(text: str) -> str:
    """What `Table 1`, `table I` and `1` have in common, and `Fig. 6`, `figure 6` and `fig 6`."""
    key = text.strip().casefold().removeprefix("table").strip()
    if key.startswith("fig"):
        return f"fig {key.removeprefix('fig').removeprefix('ure').strip('. ')}"
    return _ROMAN.get(key, key)
