"""What a leaderboard says of a row besides its scores, from the plan and the records."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from ..errors import UserError
from ..registry import Registries
from .scores import number

SHOWN_ERROR = 4000
"""Characters of a traceback's tail that are kept."""


@dataclass
class Row:
    """All cells that differ in nothing but seed and fold.

    Attributes
    ----------
    unit
        Its number in the plan.
    section
        Dataset and supervision: rows of one section answer one question.
    table
        The section and all that must be equal for rows to be ranked together.
    classes
        Names of the foreground classes; empty before a cell is done.
    facts
        The row as JSON shows it.
    """

    unit: int
    section: tuple[Any, ...]
    table: tuple[Any, ...]
    classes: list[str]
    facts: dict[str, Any]

    @property
    def complete(self) -> bool:
        """Whether every planned cell is done."""
        return bool(self.facts["complete"])

    @property
    def dice(self) -> float | None:
        """Mean Dice; None for an incomplete row."""
        mean: float | None = self.facts["metrics"]["dice"]["mean"]
        return mean


def read_rows(cells: pd.DataFrame, registries: Registries) -> list[Row]:
    """The rows in the plan's order, their scores still missing."""
    names = {text: _parsed(text)["name"] for text in cells["method"].unique()}
    knows = {text: _knows(name, registries) for text, name in names.items()}
    return [_row(unit, group, knows[group["method"][0]]) for unit, group in _groups(cells)]


def _groups(cells: pd.DataFrame) -> Iterator[tuple[int, dict[str, list[Any]]]]:
    """Each row's cells, column by column."""
    order = np.argsort(cells["row"].to_numpy(), kind="stable")
    columns = {str(name): cells[name].astype(object).to_numpy()[order] for name in cells.columns}
    unit = columns["row"].astype(int)
    edges = [0, *(np.flatnonzero(np.diff(unit)) + 1).tolist(), len(unit)]
    for start, stop in pairwise(edges):
        if stop > start:
            yield int(unit[start]), {name: values[start:stop].tolist() for name, values in columns.items()}


def _row(unit: int, cells: dict[str, list[Any]], knows: str) -> Row:
    first = {name: values[0] for name, values in cells.items()}
    method, network, budget = (_parsed(first[name]) for name in ("method", "network", "budget"))
    section = (first["dataset_label"], first["dataset"], first["kind"], first["noise"], first["ratio"])
    table = (*section, knows, *(first[name] for name in ("network", "view", "budget", "selection")))
    facts = {
        "dataset": first["dataset_label"],
        "supervision": first["kind"],
        "noise": first["noise_label"],
        "ratio": number(first["ratio"]),
        "method": first["label"],
        "plugin": method["name"],
        "knows": knows,
        "params": method["params"],
        "network": network["name"],
        "network_params": network["params"],
        "view": first["view"],
        "budget": budget["name"],
        "budget_fields": budget,
        "selection": first["selection"],
        "protocol": int(first["protocol"]),
        "seeds": len(set(cells["seed"])),
        "folds": len(set(cells["fold"])),
    }
    classes: list[str] = next((_parsed(text) for text in cells["classes"] if isinstance(text, str)), [])
    return Row(unit, section, table, classes, facts | _progress(cells) | _measured(cells))


def _progress(cells: dict[str, list[Any]]) -> dict[str, Any]:
    done, planned = cells["status"].count("done"), len(cells["status"])
    failed = [
        {"cell": cell, "status": status, "error": str(error or "")[-SHOWN_ERROR:]}
        for cell, status, error in zip(cells["cell"], cells["status"], cells["error"])
        if status not in ("done", "missing")
    ]
    return {"cells_done": done, "cells_planned": planned, "complete": done == planned, "failed": failed}


def _measured(cells: dict[str, list[Any]]) -> dict[str, Any]:
    """What the finished cells measured; outcomes of training only where all cells are finished."""
    done = [i for i, status in enumerate(cells["status"]) if status == "done"]
    finished = {name: [values[i] for i in done] for name, values in cells.items()}
    whole = finished if len(done) == len(cells["status"]) else {name: [] for name in cells}
    wrong, right = _average(whole["wrong"]), _average(whole["right"])
    return {
        "realised_dice": _realised(finished),
        "memorisation": None if wrong is None else {"wrong": wrong, "right": right},
        "trust": _average_trust([_parsed(text) for text in whole["trust"]]),
        "updates": _largest(finished["updates"], int),
        "passes": _largest(finished["passes"]),
        "parameters": _largest(finished["parameters"], int),
        "train_cases": _largest(finished["train_cases"], int),
        "test_cases": _largest(finished["test_cases"], int),
        "train_seconds": _average(finished["train_seconds"]),
        "peak_memory_mib": _largest(finished["peak_memory_mib"]),
        "peak_gpu_memory_mib": _largest(finished["peak_gpu_memory_mib"]),
        "pooled": _average_nested([_parsed(text) for text in whole["pooled"]]),
    }


def _realised(cells: dict[str, list[Any]]) -> dict[str, float] | None:
    """Mean and standard deviation over all corrupted cases of all finished cells."""
    columns = (cells["corrupted"], cells["realised_mean"], cells["realised_std"])
    parts = [(n, mean, std) for n, mean, std in zip(*columns) if number(mean) is not None]
    if not parts:
        return None
    count, mean, std = np.array(parts, float).T
    middle = np.average(mean, weights=count)
    variance = np.average(std**2 + (mean - middle) ** 2, weights=count)
    return {"mean": float(middle), "std": float(np.sqrt(variance))}


def _average_trust(cells: list[list[dict[str, Any]]]) -> list[dict[str, Any]]:
    groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for stage in (stage for cell in cells for stage in cell):
        groups.setdefault((stage["stage"], stage["class"]), []).append(stage)
    return [
        {"stage": stage, "class": name, **{key: _average([row[key] for row in rows]) for key in ("auroc", "kept")}}
        for (stage, name), rows in groups.items()
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


def _largest(values: Sequence[Any], kind: type = float) -> Any:
    known = [value for value in values if number(value) is not None]
    return kind(max(known)) if known else None


def _knows(method: str, registries: Registries) -> str:
    try:
        return str(registries.methods.get(method).attributes.get("knows", "blind"))
    except UserError:
        return "unknown"


@lru_cache(maxsize=4096)
def _parsed(text: str) -> Any:
    return json.loads(text)
