"""What a tracker is told of a cell that has ended."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from ..cell import Cell, Noisy
from ..metrics import METRICS
from ..store import Provenance, Record, Store

Scalar = str | int | float | bool
Point = tuple[int, dict[str, float]]
_NO_CURVE = ("stage", "update")
_COSTS = ("train_seconds", "total_seconds", "peak_memory_mib", "peak_gpu_memory_mib")
_BUDGET = ("updates", "batch_size", "optimiser", "learning_rate", "schedule", "precision", "augmentation")


@dataclass(frozen=True)
class CellSummary:
    """A cell and its record, flat.

    Attributes
    ----------
    params
        What the cell is: dataset, noise, ratio, method, seed, budget, parameters of its plugins.
    facts
        How it came about: host, device, versions, status.
    curve
        `(update, {tag: value})`; updates count on from stage to stage. Tags are `train/loss`, `train/` and
        the name of each logged scalar, `learning_rate`, `trust/auroc`, `trust/kept`.
    scores
        Final numbers: `test/METRIC` (mean over test cases and classes, undefined values left out),
        `test/METRIC/CLASS` where there are several classes, `memorisation/...`, `cost/...`.
    started, finished
        UTC, ISO 8601; None where the provenance is lost.
    """

    cell: Cell
    status: str
    error: str
    params: dict[str, Scalar]
    facts: dict[str, str]
    curve: list[Point]
    scores: dict[str, float]
    started: str | None
    finished: str | None

    @property
    def last_update(self) -> int:
        """Where the curve ends."""
        return max((update for update, _ in self.curve), default=0)


def run_name(cell: Cell) -> str:
    """`nr-dice seed 0`, with the fold where there are several."""
    who = cell.identity
    return f"{cell.label}{f' fold {who.fold}' if who.folds > 1 else ''} seed {who.seed}"


def summarise(store: Store, cell: Cell) -> CellSummary | None:
    """Read a cell's record and tables; None where it has no record.

    Raises
    ------
    ValueError
        The record is damaged.
    """
    record = store.read(cell.id)
    if record is None:
        return None
    folder = store.folder(cell.id)
    known = store.provenance(cell.id)
    return CellSummary(
        cell=cell,
        status=record.result.status,
        error=record.result.error,
        params=_params(cell),
        facts=_facts(cell, record, known),
        curve=list(_curve(folder.curves, record)) if folder.curves.name in record.files else [],
        scores=dict(_scores(folder.cases, record, known)),
        started=known.started if known else None,
        finished=known.finished if known else None,
    )


def _params(cell: Cell) -> dict[str, Scalar]:
    who = cell.identity
    budget, supervision = who.budget.model_dump(mode="json"), who.supervision.model_dump(mode="json")
    plugins = {"dataset": who.dataset, "method": who.method, "network": who.network}
    if isinstance(who.supervision, Noisy):
        plugins["noise"] = who.supervision.noise
    params = {
        "dataset": cell.dataset_label,
        "supervision": cell.supervision,
        "noise": cell.noise_label,
        **{name: supervision.get(name) for name in ("ratio", "labeled", "unlabeled")},
        "method": cell.label,
        "network": who.network.name,
        "view": who.view,
        "selection": who.selection,
        "seed": who.seed,
        "fold": who.fold,
        "budget": who.budget.name,
        **{name: budget[name] for name in _BUDGET},
        "patch": "x".join(map(str, who.budget.patch)),
        **{f"{kind}.{name}": value for kind, chosen in plugins.items() for name, value in chosen.params.items()},
    }
    return {
        name: value if isinstance(value, Scalar) else str(value) for name, value in params.items() if value is not None
    }


def _facts(cell: Cell, record: Record, known: Provenance | None) -> dict[str, str]:
    facts = {"cell": cell.id, "status": record.result.status, "split": record.result.split}
    if known is not None:
        facts |= {"host": known.host, "device": known.device, "python": known.python, "nsbench": known.nsbench}
        facts["versions"] = ", ".join(f"{name} {version}" for name, version in known.versions.items())
    return {name: value for name, value in facts.items() if value}


def _curve(path: Path, record: Record) -> Iterator[Point]:
    starts: dict[str, int] = {}
    last = 0
    for row in pq.read_table(path, use_threads=False).to_pylist():
        update = starts.setdefault(row["stage"], last) + row["update"]
        last = max(last, update)
        yield update, _finite({_tag(name): value for name, value in row.items() if name not in _NO_CURVE})
    for row in record.result.trust:
        if row.get("class", "all") == "all":
            values = {f"trust/{name}": row.get(name) for name in ("auroc", "kept")}
            yield starts.get(row["stage"], 0) + row["update"], _finite(values)


def _tag(column: str) -> str:
    return column if column == "learning_rate" else f"train/{column}"


def _scores(path: Path, record: Record, known: Provenance | None) -> Iterator[tuple[str, float]]:
    if record.result.status == "done":
        yield from _test_scores(pq.read_table(path, use_threads=False).to_pydict(), record.result.classes)
    if record.result.memorisation is not None:
        yield "memorisation/wrong", record.result.memorisation.wrong
        yield "memorisation/right", record.result.memorisation.right
    costs = {f"cost/{name}": getattr(known, name) for name in _COSTS} if known else {}
    yield from _finite(costs).items()


def _test_scores(table: dict[str, list[Any]], classes: list[str]) -> Iterator[tuple[str, float]]:
    for metric in METRICS:
        values = list(zip(table["class_name"], table.get(metric, [])))
        for name in ("", *(classes if len(classes) > 1 else ())):
            found = [value for label, value in values if name in ("", label) and _is_finite(value)]
            if found:
                yield f"test/{metric}{f'/{name}' if name else ''}", sum(found) / len(found)


def _finite(values: dict[str, Any]) -> dict[str, float]:
    return {name: float(value) for name, value in values.items() if _is_finite(value)}


def _is_finite(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)
