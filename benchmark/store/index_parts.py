"""The parts of the index: pairs of Parquet files that are only ever added or merged."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from .files import write_atomically
from .index_rows import RECORDED, case_type

VERSION = 3
"""Raised when the columns change; parts of another version are not looked at."""

SMALL = 2000
"""Parts with fewer records are merged ..."""

MANY = 16
"""... as soon as there are so many of them."""


class Part:
    """One pair of files, held open, so that a merge elsewhere does not take it away.

    Attributes
    ----------
    path
        The records file; the cases lie beside it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._records = pq.ParquetFile(path, memory_map=True)
        self._cases = pq.ParquetFile(cases_path(path), memory_map=True)

    @property
    def size(self) -> int:
        """Number of records."""
        return int(self._records.metadata.num_rows)

    @cached_property
    def records(self) -> pa.Table:
        """One row per record, columns of `RECORDED`."""
        return self._records.read()

    @property
    def case_schema(self) -> pa.Schema:
        """Columns of the per-case table, less `at`."""
        schema = self._cases.schema_arrow
        return schema.remove(schema.get_field_index("at"))

    def cases(self, columns: Sequence[str], place: np.ndarray) -> pa.Table:
        """Columns of the per-case table and `position`.

        Parameters
        ----------
        columns
            Names; those that this part lacks are left out.
        place
            int32, for each record the position to give its cases; cases of records at -1 are left out.
        """
        held = [name for name in columns if name in self.case_schema.names]
        table = self._cases.read(columns=["at", *held])
        position = place[table["at"].to_numpy()]
        table = table.set_column(0, "position", pa.array(position))
        return table if (position >= 0).all() else table.filter(pa.array(position >= 0))


def cases_path(records: Path) -> Path:
    """The cases file of a records file."""
    return records.with_name(records.name.replace(".records.", ".cases."))


def open_parts(folder: Path) -> list[Part]:
    """All parts, oldest first."""
    return [Part(path) for path in sorted(folder.glob(f"v{VERSION}-*.records.parquet"))]


def write_part(folder: Path, records: Sequence[dict[str, Any]], cases: Sequence[pa.Table | None]) -> None:
    """Add a part: rows of `RECORDED` and the per-case table of each, None where it has none."""
    tables = [
        table.append_column("at", pa.array(np.full(table.num_rows, at, np.int32)))
        for at, table in enumerate(cases)
        if table is not None
    ]
    columns = {name: [row.get(name) for row in records] for name in RECORDED.names}
    _write(folder, pa.table(columns, schema=RECORDED), tables)


def merge_parts(folder: Path) -> None:
    """Merge the small parts when there are many; of a cell's records the one written last is kept."""
    small = [part for part in open_parts(folder) if part.size < SMALL]
    if len(small) < MANY:
        return
    records = pa.concat_tables([part.records for part in small]).unify_dictionaries()
    last = {cell: row for row, cell in enumerate(records["cell"].to_pylist())}
    kept = np.array(sorted(last.values()))
    place = np.full(records.num_rows, -1, np.int32)
    place[kept] = np.arange(len(kept))
    starts = np.cumsum([0, *[part.size for part in small]])
    tables = (
        part.cases(part.case_schema.names, place[start : start + part.size]) for part, start in zip(small, starts)
    )
    _write(folder, records.take(pa.array(kept)), [table.rename_columns({"position": "at"}) for table in tables])
    for part in small:
        part.path.unlink()
        cases_path(part.path).unlink()


def _write(folder: Path, records: pa.Table, cases: Iterable[pa.Table]) -> None:
    numbers = [int(part.path.name.split("-")[1].split(".")[0]) for part in open_parts(folder)]
    path = folder / f"v{VERSION}-{max(numbers, default=0) + 1:06d}.records.parquet"
    merged = concat_cases([pa.schema([("at", pa.int32())]).empty_table(), *cases])
    write_atomically(cases_path(path), lambda target: _write_table(merged, target))
    # the records come last: a part without them does not exist
    write_atomically(path, lambda target: _write_table(records, target))


def _write_table(table: pa.Table, path: Path) -> None:
    repeated = [field.name for field in table.schema if pa.types.is_dictionary(field.type)]
    pq.write_table(table, path, use_dictionary=repeated, compression="lz4")


def concat_cases(tables: Sequence[pa.Table]) -> pa.Table:
    """Stack per-case tables; a column that some of them lack is null there."""
    merged = pa.concat_tables(tables, promote_options="default")
    typed = merged.cast(pa.schema([_field(field) for field in merged.schema]))
    return typed.unify_dictionaries()


def _field(field: pa.Field) -> pa.Field:
    return field.with_type(case_type(field.name)) if pa.types.is_null(field.type) else field
