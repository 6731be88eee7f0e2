"""What the cells of each row of a leaderboard counted and measured together, besides per-case scores."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import pandas as pd

from .scores import number

SHOWN_ERROR = 4000
"""Characters of a traceback's tail that are kept."""

_SIZES = ("train_cases", "labeled_cases", "pool_cases", "validation_cases", "test_cases")
_WHOLE = ("updates", "parameters", *_SIZES)
_LARGEST = (*_WHOLE, "passes", "peak_memory_mib", "peak_gpu_memory_mib")
_NO_RESULT: dict[str, Any] = {"memorisation": None, "trust": [], "pooled": {}, "generations": []}
_UNMEASURED = dict.fromkeys([*_LARGEST, "train_seconds", "realised_dice"])


def outcomes(cells: pd.DataFrame) -> dict[int, dict[str, Any]]:
    """The facts of each row (by number) that come from its records.

    Sizes, times and the realised noise are those of the finished cells. `memorisation`, `trust`, `pooled` and
    `generations` are results: they are there only where all cells are finished.

    Parameters
    ----------
    cells
        As `Index.cells`.
    """
    done = cells[cells["status"] == "done"]
    measured, failed, noise, results = _measured(done), _failed(cells), _realised(done), _results(done)
    found = {}
    for row, counts in _counted(cells).items():
        facts = counts | {"failed": failed.get(row, [])} | measured.get(row, _UNMEASURED)
        result = results[row] if facts["complete"] else _NO_RESULT
        found[row] = facts | {"realised_dice": noise.get(row)} | result
    return found


def class_names(cells: pd.DataFrame) -> dict[int, list[str]]:
    """Foreground classes of each row with a finished cell."""
    done = cells[cells["status"] == "done"].drop_duplicates("row")
    return {row: parsed(text) for row, text in zip(done["row"].tolist(), done["classes"].tolist())}


def _counted(cells: pd.DataFrame) -> dict[int, dict[str, Any]]:
    """Numbers of seeds, folds and cells."""
    by_row = cells.assign(done=cells["status"] == "done").groupby("row")
    counts = pd.DataFrame(
        {
            "seeds": by_row["seed"].nunique(),
            "folds": by_row["fold"].nunique(),
            "cells_done": by_row["done"].sum(),
            "cells_planned": by_row.size(),
        }
    )
    counts["complete"] = counts["cells_done"] == counts["cells_planned"]
    return _records(counts)


def _failed(cells: pd.DataFrame) -> dict[int, list[dict[str, Any]]]:
    """Cells that ended without a result."""
    found: dict[int, list[dict[str, Any]]] = {}
    ended = cells[~cells["status"].isin(["done", "missing"])]
    for row, cell, status, error in zip(ended["row"], ended["cell"], ended["status"], ended["error"]):
        found.setdefault(row, []).append({"cell": cell, "status": status, "error": str(error)[-SHOWN_ERROR:]})
    return found


def _measured(done: pd.DataFrame) -> dict[int, dict[str, Any]]:
    """Mean of the time, the largest of the sizes."""
    by_row = done.groupby("row")
    numbers = by_row[list(_LARGEST)].max().join(by_row["train_seconds"].mean())
    # nullable: a published table of an earlier version lacks some
    numbers[list(_WHOLE)] = numbers[list(_WHOLE)].astype("Int64").astype(object)
    return _records(numbers)


def _realised(done: pd.DataFrame) -> dict[int, dict[str, Any]]:
    """Mean and standard deviation of the noise over the corrupted cases of all finished cells."""
    noisy = done[done["realised_mean"].notna()]
    count, mean, std = (noisy[name] for name in ("corrupted", "realised_mean", "realised_std"))
    sums = pd.DataFrame({"n": count, "first": count * mean, "second": count * (std**2 + mean**2)})
    sums = sums.groupby(noisy["row"]).sum()
    middle = sums["first"] / sums["n"]
    spread = (sums["second"] / sums["n"] - middle**2).clip(lower=0) ** 0.5
    return _records(pd.DataFrame({"mean": middle, "std": spread}))


def _results(done: pd.DataFrame) -> dict[int, dict[str, Any]]:
    """Means over cells of what was found out about training."""
    known = done[done["wrong"].notna()].groupby("row")[["wrong", "right"]].mean()
    memorisation, trust, pooled = _records(known), _lists(done, "trust"), _lists(done, "pooled")
    generations = _lists(done, "generations")
    return {
        row: {
            "memorisation": memorisation.get(row),
            "trust": _average_trust(trust[row]),
            "pooled": _average_nested(pooled[row]),
            "generations": _average_generations(generations[row]),
        }
        for row in trust
    }


def _lists(done: pd.DataFrame, name: str) -> dict[int, list[Any]]:
    """A JSON column, parsed; empty lists where a published table of an earlier version has none."""
    found: dict[int, list[Any]] = {}
    for row, text in zip(done["row"].tolist(), done[name].tolist()):
        found.setdefault(row, []).append(parsed(text) if isinstance(text, str) else [])
    return found


def _records(frame: pd.DataFrame) -> dict[int, dict[str, Any]]:
    """A frame's rows by their label, NaN as None."""
    plain = frame.astype(object).where(frame.notna(), None).to_dict("records")
    return {row: {str(name): value for name, value in values.items()} for row, values in zip(frame.index, plain)}


def _average_trust(cells: list[list[dict[str, Any]]]) -> list[dict[str, Any]]:
    groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for stage in (stage for cell in cells for stage in cell):
        groups.setdefault((stage["stage"], stage["class"]), []).append(stage)
    return [
        {"stage": stage, "class": name, **{key: _average([row[key] for row in rows]) for key in ("auroc", "kept")}}
        for (stage, name), rows in groups.items()
    ]


def _average_generations(cells: list[list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """Means over cells of each stage's scores; null where any cell has none."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for found in (found for cell in cells for found in cell):
        groups.setdefault(found["stage"], []).append(found)
    names = ("reference", "test", "similarity")
    return [
        {
            "stage": stage,
            "generation": rows[0]["generation"],
            **{name: bool(rows[0].get(name)) for name in ("final", "coarse")},
            **{name: _average([found[name] for found in rows], whole=True) for name in names},
        }
        for stage, rows in groups.items()
    ]


def _average_nested(cells: list[dict[str, dict[str, float | None]]]) -> dict[str, dict[str, float | None]]:
    """Means over cells of scores by class and name; null where any cell has none."""
    if not cells:
        return {}
    return {
        name: {key: _average([cell[name][key] for cell in cells], whole=True) for key in scores}
        for name, scores in cells[0].items()
    }


def _average(values: Sequence[Any], whole: bool = False) -> float | None:
    known = [float(value) for value in values if number(value) is not None]
    if not known or (whole and len(known) < len(values)):
        return None
    return sum(known) / len(known)


@lru_cache(maxsize=4096)
def parsed(text: str) -> Any:
    """A JSON text that many cells share."""
    return json.loads(text)
