"""A published leaderboard's records: the index's snapshot as two Parquet files, without what belongs to a machine.

`cells.parquet` holds one row per planned cell, and the plan as metadata of its schema; `cases.parquet` holds the
per-case metrics of the finished cells.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from ..errors import UserError
from .files import write_atomically
from .index_rows import PLANNED, RECORDED, case_type

CELLS, CASES = "cells.parquet", "cases.parquet"
_PLAN = b"nsbench_plan"


class Snapshot(Protocol):
    """All records of a plan, wherever they lie; see `Index` for what each means."""

    plan: dict[str, Any]
    cells: pd.DataFrame

    @property
    def case_columns(self) -> list[str]:
        """Columns of the per-case tables, those of any dataset."""

    def cases(self, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """Per-case metrics, with `position`, the row number in `cells`."""


def is_published(folder: Path) -> bool:
    """Whether a folder holds the records of a published leaderboard, and no run."""
    return (folder / CELLS).is_file() and (folder / CASES).is_file() and not (folder / "plan.json").exists()


class PublishedRecords:
    """The snapshot that `write_published` wrote.

    Parameters
    ----------
    folder
        Of the published leaderboard.

    Raises
    ------
    UserError
        A table is damaged, or of another version.
    """

    def __init__(self, folder: Path) -> None:
        try:
            cells, self._cases = (pq.ParquetFile(folder / name).read(use_threads=False) for name in (CELLS, CASES))
            self.plan: dict[str, Any] = json.loads(cells.schema.metadata[_PLAN])
            self.cells = _cells(cells)
        except (pa.ArrowException, OSError, KeyError, TypeError, ValueError) as error:
            raise UserError(
                f"{folder}: its {CELLS} or {CASES} is damaged, or of another version of nsbench "
                f"({type(error).__name__}); fetch the folder anew, or publish the run again"
            ) from error

    @property
    def case_columns(self) -> list[str]:
        """Columns of the per-case tables, those of any dataset."""
        return [name for name in self._cases.column_names if name != "cell"]

    def cases(self, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """As `Index.cases`."""
        wanted = self.case_columns if columns is None else list(columns)
        row, position = self._rows
        table = {"position": pa.array(position)}
        for name in wanted:
            held = name in self._cases.column_names
            found = self._cases[name].take(pa.array(row)) if held else pa.nulls(len(row))
            table[name] = found.cast(case_type(name))
        frame: pd.DataFrame = pa.table(table).unify_dictionaries().to_pandas()
        return frame

    @cached_property
    def _rows(self) -> tuple[np.ndarray, np.ndarray]:
        """Rows of the cases' table, and the position of the cell of each; a cell planned twice has its cases twice."""
        planned = pd.DataFrame({"cell": self.cells["cell"], "position": np.arange(len(self.cells), dtype=np.int32)})
        held = pd.DataFrame({"cell": self._cases["cell"].to_pandas().astype(str), "row": np.arange(len(self._cases))})
        merged = held.merge(planned, on="cell", how="inner")
        return merged["row"].to_numpy(), merged["position"].to_numpy(np.int32)


def _cells(table: pa.Table) -> pd.DataFrame:
    """The columns of `Index.cells`; null where the published table has none."""
    fields = {field.name: field.type for field in (*PLANNED, *RECORDED)}
    columns = {
        name: table[name].cast(kind) if name in table.column_names else pa.nulls(len(table), kind)
        for name, kind in fields.items()
    }
    found: pd.DataFrame = pa.table(columns).to_pandas()
    return found


def write_published(folder: Path, plan: dict[str, Any], cells: pd.DataFrame, cases: pd.DataFrame) -> None:
    """Write a snapshot; the same one gives the same bytes.

    Parameters
    ----------
    plan
        As `Index.plan`.
    cells
        As `Index.cells`; what is not to be published has been taken out.
    cases
        As `Index.cases` with all columns.
    """
    table = pa.Table.from_pandas(cells, preserve_index=False)
    table = table.replace_schema_metadata({_PLAN: json.dumps(plan, sort_keys=True).encode()})
    write_atomically(folder / CELLS, lambda target: pq.write_table(_plain(table), target))
    ordered = cases.sort_values("position", kind="stable", ignore_index=True)
    position = ordered.pop("position").to_numpy()
    ordered.insert(0, "cell", cells["cell"].to_numpy()[position])
    first = cells.drop_duplicates("cell").index.to_numpy()
    ordered = ordered[np.isin(position, first)]
    held = pa.Table.from_pandas(ordered, preserve_index=False).replace_schema_metadata(None)
    write_atomically(folder / CASES, lambda target: pq.write_table(_plain(held), target))


def _plain(table: pa.Table) -> pa.Table:
    """Texts as texts: how they are numbered depends on the order in which the records were found."""
    for at, field in enumerate(table.schema):
        if pa.types.is_dictionary(field.type):
            table = table.set_column(at, field.name, table[field.name].cast(pa.string()))
    return table
