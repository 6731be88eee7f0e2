"""The index: a rebuildable copy of all records in few Parquet files, so that tables are made in seconds.

Under `OUT/index` lie `planned.parquet` (the plan as a table) and pairs of parts: `000001.records.parquet`
(one row per record, with a stamp of its files) and `000001.cases.parquet` (per-case metrics; `at` is the
row in the records part). A row whose stamp is not that of the files on disk is read again. Nothing else
depends on the index; deleting it costs the time to read all records.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from filelock import FileLock

from ..errors import UserError
from .files import write_atomically
from .index_rows import NO_CASES, PLANNED, RECORDED, TEXT, planned_table, read_row
from .store import Store

if TYPE_CHECKING:
    import pandas as pd

VERSION = 1
_BATCH = 1000
_SMALL = 2000
_MANY = 16


class Index:
    """A snapshot of all records of the plan.

    Attributes
    ----------
    cells
        One row per planned cell, in the plan's order: the columns of `PLANNED` and of `RECORDED`. `status`
        is that of the record, `damaged` (with the reason in `error`) or `missing`.
    """

    def __init__(self, planned: pa.Table, parts: Sequence[_Part], current: dict[str, str]) -> None:
        self._parts = parts
        position = {cell: i for i, cell in enumerate(planned["cell"].to_pylist())}
        self._at = [_positions(part.records, position, current) for part in parts]
        self.cells = _join(planned, [part.records for part in parts], self._at)

    @property
    def case_columns(self) -> list[str]:
        """Columns of the per-case tables, group columns of any dataset included."""
        names = dict.fromkeys(name for part in self._parts for name in part.cases.schema_arrow.names)
        return [name for name in names if name != "at"]

    def cases(self, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """Per-case metrics of all finished cells, one row per cell, case and class.

        Parameters
        ----------
        columns
            Which columns; None for all. A column that a cell's table lacks is null there.

        Returns
        -------
        The columns and `position` (int32), the row of `cells`; texts are categorical.
        """
        wanted = self.case_columns if columns is None else list(columns)
        tables = [part.read_cases(wanted, at) for part, at in zip(self._parts, self._at)]
        empty = pa.schema([("position", pa.int32()), *[(name, _case_type(name)) for name in wanted]]).empty_table()
        merged = pa.concat_tables([empty, *tables], promote_options="default").unify_dictionaries()
        return merged.to_pandas(split_blocks=True, self_destruct=True)


def frames(store: Store) -> tuple[pd.DataFrame, pd.DataFrame]:
    """All planned cells and the per-case metrics of the finished ones.

    Returns
    -------
    `cells` as in `Index.cells`; `cases` as in `Index.cases` with the column `cell`.

    Raises
    ------
    UserError
        The output folder has no plan.
    """
    index = open_index(store)
    cases = index.cases()
    cases.insert(0, "cell", index.cells["cell"].to_numpy()[cases.pop("position").to_numpy()])
    return index.cells, cases


def damaged(cells: pd.DataFrame) -> list[str]:
    """One message per damaged record."""
    return [str(message) for message in cells.loc[cells["status"] == "damaged", "error"]]


def open_index(store: Store) -> Index:
    """Bring the index up to date with plan and records and open it; UserError when there is no plan."""
    if not (store.out / "plan.json").exists():
        store.read_plan()
    with _folder(store) as folder:
        try:
            return _open(store, folder)
        except (pa.ArrowException, OSError):
            # whatever is wrong with it, it can be made again
            _clear(folder)
            return _open(store, folder)


def update_index(store: Store, ids: Iterable[str]) -> None:
    """Append finished cells to the index; call it in batches of some hundred cells."""
    with _folder(store) as folder:
        _append(store, folder, list(ids))
        _compact(folder)


def _open(store: Store, folder: Path) -> Index:
    planned = _planned(store, folder)
    current = _stamps(store)
    known = {pair for part in _parts(folder) for pair in part.stamps()}
    wanted = [c for c in planned["cell"].to_pylist() if c in current and (c, current[c]) not in known]
    for start in range(0, len(wanted), _BATCH):
        _append(store, folder, wanted[start : start + _BATCH])
    if wanted:
        _compact(folder)
    return Index(planned, _parts(folder), current)


@contextmanager
def _folder(store: Store) -> Iterator[Path]:
    """The locked index folder; a passing one where the output folder cannot be written."""
    folder = store.out / "index"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / ".lock")
        lock.acquire()
    except OSError:
        with tempfile.TemporaryDirectory(prefix="nsbench-index-") as passing:
            yield Path(passing)
        return
    try:
        yield folder
    finally:
        lock.release()


def _clear(folder: Path) -> None:
    for path in folder.glob("*.parquet"):
        path.unlink()
