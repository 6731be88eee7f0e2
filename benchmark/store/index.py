"""The index: a rebuildable copy of all records in few Parquet files, so that tables are made in seconds.

Under `OUT/index` lie `planned.parquet` (the plan as a table) and parts (`index_parts`) with one row per
record, stamped with time and size of its files, and the per-case metrics. A record whose stamp is not that
of the files on disk is read again. Nothing depends on the index: deleting it costs the time to read all
records once.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from filelock import FileLock
from pydantic import ValidationError

from ..cell import Cell
from .files import write_atomically
from .index_parts import VERSION, Part, concat_cases, merge_parts, open_parts, write_part
from .index_rows import RECORDED, case_type, planned_table, read_row
from .published import PublishedRecords, Snapshot, is_published
from .store import Store

if TYPE_CHECKING:
    import pandas as pd

_BATCH = 1000
"""Records in memory at a time while the index is brought up to date."""


class Index:
    """A snapshot of all records of the plan.

    Attributes
    ----------
    plan
        `plan.json` without its cells.
    cells
        One row per planned cell, in the plan's order: the columns of `PLANNED` and `RECORDED`. `status` is
        that of the record, `damaged` (with the reason in `error`) or `missing`.
    """

    def __init__(self, planned: pa.Table, parts: Sequence[Part], stamps: dict[str, str]) -> None:
        self.plan: dict[str, Any] = json.loads(planned.schema.metadata[b"plan"])
        self._parts = parts
        first, self._twins = _positions(planned)
        self._places = _places(first, parts, stamps)
        self.cells = _join(planned, first, parts, self._places)

    @property
    def case_columns(self) -> list[str]:
        """Columns of the per-case tables, those of any dataset."""
        return list(dict.fromkeys(name for part in self._parts for name in part.case_schema.names))

    def cases(self, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """Per-case metrics of the finished cells, one row per cell, case and class.

        Parameters
        ----------
        columns
            Which columns; None for all. Where a cell's table lacks one, it is null.

        Returns
        -------
        The columns (texts are categorical) and `position` (int32), the row number in `cells`.
        """
        wanted = self.case_columns if columns is None else list(columns)
        schema = pa.schema([("position", pa.int32()), *[(name, case_type(name)) for name in wanted]])
        tables = [part.cases(wanted, place) for part, place in zip(self._parts, self._places)]
        merged = concat_cases([schema.empty_table(), *tables])
        if self._twins:
            merged = concat_cases([merged, *_copies(merged, self._twins)])
        found: pd.DataFrame = merged.to_pandas(split_blocks=True)
        return found


def frames(store: Store) -> tuple[pd.DataFrame, pd.DataFrame]:
    """All planned cells, and the per-case metrics of the finished ones.

    Returns
    -------
    `cells` as `Index.cells`; `cases` as `Index.cases`, with the cell's id in `cell`.

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


def open_index(store: Store) -> Snapshot:
    """Bring the index up to date with plan and records, and open it; UserError when there is no plan.

    The folder may also be a published leaderboard, whose records are in two tables.
    """
    if is_published(store.out):
        return PublishedRecords(store.out)
    if not (store.out / "plan.json").exists():
        store.read_plan()
    with _locked(store) as folder:
        try:
            return _open(store, folder)
        except (pa.ArrowException, OSError, KeyError):
            # whatever is wrong with the index, it can be made again
            for path in folder.glob("*.parquet"):
                path.unlink()
            return _open(store, folder)


def update_index(store: Store, ids: Iterable[str]) -> None:
    """Add finished cells; to be called with some hundred cells at a time."""
    with _locked(store) as folder:
        _add(store, folder, list(ids))
        merge_parts(folder)


def _open(store: Store, folder: Path) -> Index:
    planned = _planned(store, folder)
    stamps = _stamps(store)
    parts = open_parts(folder)
    known = {cell for part in parts for cell in _valid(part, stamps)}
    ids = dict.fromkeys(planned["cell"].to_pylist())
    unknown = [cell for cell in ids if cell in stamps and cell not in known]
    for start in range(0, len(unknown), _BATCH):
        _add(store, folder, unknown[start : start + _BATCH])
        merge_parts(folder)
    return Index(planned, open_parts(folder) if unknown else parts, stamps)


@contextmanager
def _locked(store: Store) -> Iterator[Path]:
    """The index folder, ours alone; a passing one where the output folder cannot be written."""
    folder = store.out / "index"
    lock = FileLock(folder / ".lock")
    try:
        folder.mkdir(exist_ok=True)
        lock.acquire()
    except OSError:
        with tempfile.TemporaryDirectory(prefix="nsbench-index-") as passing:
            yield Path(passing)
        return
    try:
        yield folder
    finally:
        lock.release()


def _planned(store: Store, folder: Path) -> pa.Table:
    """The plan as a table, made anew when `plan.json` has changed; the rest of that document as metadata."""
    path = folder / "planned.parquet"
    stamp = f"v{VERSION} {_stamp(store.out / 'plan.json')}".encode()
    if path.exists() and pq.read_schema(path).metadata.get(b"stamp") == stamp:
        return pq.read_table(path)
    plan = store.read_plan()
    try:
        table = planned_table(Cell.model_validate(value) for value in plan.pop("cells"))
    except ValidationError:
        # the same failure, with what to do about it
        store.planned_cells()
        raise
    table = table.replace_schema_metadata({"stamp": stamp, "plan": json.dumps(plan)})
    write_atomically(path, lambda target: pq.write_table(table, target))
    return table


def _stamps(store: Store) -> dict[str, str]:
    """Stamp of every record on disk, by cell id."""
    folder = store.out / "cells"
    if not folder.is_dir():
        return {}
    paths = {entry.name: entry.path for entry in os.scandir(folder)}
    found = {cell: _stamp(f"{path}/record.json") for cell, path in paths.items()}
    return {cell: f"{stamp} {_stamp(f'{paths[cell]}/cases.parquet')}" for cell, stamp in found.items() if stamp}


def _stamp(path: Path | str) -> str:
    try:
        status = os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return ""
    return f"{status.st_mtime_ns}:{status.st_size}"


def _add(store: Store, folder: Path, ids: list[str]) -> None:
    """Read records and write them as a part; stamps are taken first, so that a change meanwhile is seen later."""
    rows, tables = [], []
    for cell in ids:
        place = store.folder(cell)
        stamp = f"{_stamp(place.record)} {_stamp(place.cases)}"
        row, table = read_row(store, cell)
        rows.append(row | {"stamp": stamp})
        tables.append(table)
    if rows:
        write_part(folder, rows, tables)


def _valid(part: Part, stamps: dict[str, str]) -> dict[str, int]:
    """Cells whose record in this part is that on disk, with its row."""
    pairs = zip(part.records["cell"].to_pylist(), part.records["stamp"].to_pylist())
    return {cell: row for row, (cell, stamp) in enumerate(pairs) if stamps.get(cell) == stamp}


def _positions(planned: pa.Table) -> tuple[dict[str, int], dict[int, list[int]]]:
    """Row of each cell in the plan, and the further rows of a cell that is planned under several labels."""
    first: dict[str, int] = {}
    twins: dict[int, list[int]] = {}
    for row, cell in enumerate(planned["cell"].to_pylist()):
        if (found := first.setdefault(cell, row)) != row:
            twins.setdefault(found, []).append(row)
    return first, twins


def _copies(cases: pa.Table, twins: dict[int, list[int]]) -> Iterator[pa.Table]:
    """The cases of cells with several rows, once more for each further row."""
    position = cases["position"].to_numpy()
    for found, others in twins.items():
        own = cases.filter(pa.array(position == found))
        for other in others:
            yield own.set_column(0, "position", pa.array(np.full(own.num_rows, other, np.int32)))


def _places(first: dict[str, int], parts: Sequence[Part], stamps: dict[str, str]) -> list[np.ndarray]:
    """For each part and record, its row in the plan; -1 for what is stale, not planned, or there twice."""
    free = dict(first)
    places = []
    for part in parts:
        place = np.full(part.size, -1, np.int32)
        for cell, row in _valid(part, stamps).items():
            place[row] = free.pop(cell, -1)
        places.append(place)
    return places


def _join(
    planned: pa.Table, first: dict[str, int], parts: Sequence[Part], places: Sequence[np.ndarray]
) -> pd.DataFrame:
    records = pa.concat_tables([RECORDED.empty_table(), *[part.records for part in parts]])
    records = records.unify_dictionaries().combine_chunks()
    place = np.concatenate([np.empty(0, np.int32), *places])
    source = np.full(planned.num_rows, -1, np.int64)
    source[place[place >= 0]] = np.flatnonzero(place >= 0)
    source = source[[first[cell] for cell in planned["cell"].to_pylist()]]
    recorded = records.drop_columns("cell").take(pa.array(source, mask=source < 0))
    for field in recorded.schema:
        planned = planned.append_column(field, recorded[field.name])
    cells: pd.DataFrame = planned.to_pandas()
    cells["status"] = cells["status"].cat.add_categories("missing").fillna("missing")
    return cells
