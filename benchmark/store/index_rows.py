"""What the index keeps of a planned cell and of a record, as flat rows."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ..cell import Cell
from ..digest import canonical_json
from .record import Provenance, Record
from .store import Store

_REPEATED = pa.dictionary(pa.int32(), pa.string())
_LABELS = ("label", "dataset_label", "noise_label", "kind", "supervision", "view", "selection")
_CHOICES = ("dataset", "noise", "method", "network", "budget")
PLANNED = pa.schema(
    [
        ("cell", pa.string()),
        *[(name, pa.int32()) for name in ("row", "fold", "folds", "seed", "protocol")],
        ("ratio", pa.float64()),
        *[(name, _REPEATED) for name in (*_LABELS, *_CHOICES)],
    ]
)
"""One row per planned cell. `row` numbers the leaderboard's rows; `dataset` ... `budget` are JSON."""

RECORDED = pa.schema(
    [
        *[(name, pa.string()) for name in ("cell", "stamp", "error", "trust", "selected", "pooled", "generations")],
        *[(name, _REPEATED) for name in ("status", "split", "classes", "tags", "preprocessing")],
        *[(name, pa.int64()) for name in ("updates", "parameters", "train_cases", "test_cases", "corrupted")],
        *[(name, pa.int64()) for name in ("labeled_cases", "pool_cases", "validation_cases")],
        *[(name, pa.float64()) for name in ("passes", "realised_mean", "realised_std", "wrong", "right")],
        *[(name, _REPEATED) for name in ("nsbench", "host", "device", "platform", "python", "versions")],
        *[(name, pa.float64()) for name in ("train_seconds", "total_seconds", "peak_memory_mib")],
        ("peak_gpu_memory_mib", pa.float64()),
    ]
)
"""One row per record; what is not a number or a name is JSON."""

_TEXT = ("case", "patient", "class_name", "empty")
_SIZES = ("train_cases", "labeled_cases", "pool_cases", "validation_cases", "test_cases")
_RESULT = ("updates", "passes", "parameters", *_SIZES, "split")
_RESULT_JSON = ("classes", "tags", "preprocessing", "selected", "pooled")
_PROVENANCE = ("nsbench", "host", "device", "platform", "python")
_PROVENANCE_NUMBERS = ("train_seconds", "total_seconds", "peak_memory_mib", "peak_gpu_memory_mib")


def planned_table(cells: Iterable[Cell]) -> pa.Table:
    """The plan as a table; cells that differ in nothing but seed and fold share a `row`."""
    rows: dict[tuple[Any, ...], int] = {}
    texts: dict[str, str] = {}
    columns: dict[str, list[Any]] = {name: [] for name in PLANNED.names}
    for cell in cells:
        # equal texts of many cells are kept once
        values = {k: texts.setdefault(v, v) if isinstance(v, str) else v for k, v in _planned(cell).items()}
        key = tuple(v for k, v in values.items() if k not in ("cell", "seed", "fold"))
        values["row"] = rows.setdefault(key, len(rows))
        for name, column in columns.items():
            column.append(values[name])
    return pa.table(columns, schema=PLANNED)


def _planned(cell: Cell) -> dict[str, Any]:
    who = cell.identity
    supervision = who.supervision.model_dump(mode="json")
    return {
        "cell": cell.id,
        "fold": who.fold,
        "folds": who.folds,
        "seed": who.seed,
        "protocol": who.protocol,
        "ratio": supervision.get("ratio"),
        "label": cell.label,
        "dataset_label": cell.dataset_label,
        "noise_label": cell.noise_label,
        "kind": who.supervision.kind,
        "supervision": cell.supervision,
        "view": who.view,
        "selection": who.selection,
        "noise": canonical_json(supervision),
        **{name: canonical_json(getattr(who, name).model_dump(mode="json")) for name in _CHOICES if name != "noise"},
    }


def read_row(store: Store, cell_id: str) -> tuple[dict[str, Any], pa.Table | None]:
    """One record as a row of `RECORDED` (less its stamp) and its cases; a damaged one gets status `damaged`."""
    try:
        record = store.read(cell_id)
        if record is None:
            raise ValueError(f"{store.folder(cell_id).record} is gone")
        cases = _read_cases(store, record)
    except (ValueError, OSError, pa.ArrowException) as error:
        # tables are shown to others: no path of this machine
        return {"cell": cell_id, "status": "damaged", "error": str(error).replace(f"{store.out}{os.sep}", "")}, None
    return {"cell": cell_id, **_recorded(record), **_provenance(store, cell_id)}, cases


def _recorded(record: Record) -> dict[str, Any]:
    result = record.result
    memory = result.memorisation
    return {
        "status": result.status,
        "error": result.error,
        "corrupted": len(result.noise.corrupted),
        "realised_mean": result.noise.dice_mean,
        "realised_std": result.noise.dice_std,
        "wrong": memory.wrong if memory else None,
        "right": memory.right if memory else None,
        "generations": json.dumps([each.model_dump() for each in result.generations], allow_nan=False),
        "trust": json.dumps(summarise_trust(result.trust), allow_nan=False),
        **{name: getattr(result, name) for name in _RESULT},
        **{name: json.dumps(getattr(result, name), allow_nan=False) for name in _RESULT_JSON},
    }


def summarise_trust(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Per stage and class, mean AUROC and share kept over the second half of the stage's rows."""
    groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in rows:
        groups.setdefault((str(row.get("stage", "")), str(row.get("class", "all"))), []).append(row)
    return [
        {"stage": stage, "class": name, **{key: _mean(found[len(found) // 2 :], key) for key in ("auroc", "kept")}}
        for (stage, name), found in groups.items()
    ]


def _mean(rows: list[dict[str, Any]], key: str) -> float | None:
    values = [row[key] for row in rows if row.get(key) is not None]
    return sum(values) / len(values) if values else None


def _provenance(store: Store, cell_id: str) -> dict[str, Any]:
    """How it came about; null where that file is lost, which harms no result."""
    try:
        known = store.provenance(cell_id)
    except (ValueError, OSError):
        known = None
    if known is None:
        return {}
    return _provenance_row(known)


def _provenance_row(known: Provenance) -> dict[str, Any]:
    values = {name: getattr(known, name) for name in (*_PROVENANCE, *_PROVENANCE_NUMBERS)}
    return values | {"versions": json.dumps(known.versions, sort_keys=True)}


def _read_cases(store: Store, record: Record) -> pa.Table | None:
    """The per-case table in uniform types; None for a cell that is not done."""
    path = store.folder(record.cell).cases
    if record.result.status != "done":
        return None
    table = pq.ParquetFile(path).read(use_threads=False)
    missing = {"case", "class", "dice"} - set(table.column_names)
    if missing or not table.num_rows:
        raise ValueError(f"{path} is damaged: no {', '.join(sorted(missing)) or 'rows'}")
    return pa.table({name: _uniform(name, table[name]) for name in table.column_names})


def case_type(name: str) -> pa.DataType:
    """Type that the index gives to a column of the per-case tables."""
    if name in _TEXT or name.startswith("group_"):
        return _REPEATED
    return pa.int32() if name == "class" else pa.float64()


def _uniform(name: str, column: pa.ChunkedArray) -> pa.ChunkedArray:
    wanted = case_type(name)
    if pa.types.is_dictionary(wanted):
        return column.cast(pa.string()).dictionary_encode()
    return column.cast(wanted)
