"""What a leaderboard says of a row besides its scores, from the plan and the records."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from ..errors import UserError
from ..registry import Registries
from .outcomes import class_names, outcomes, parsed
from .scores import number
from .supervised import supervision_facts
from .text import settings

SETTINGS = ("knows", "network", "view", "budget", "selection")
"""What sets the tables of one section apart."""

_QUESTION = ("dataset_label", "dataset", "kind", "noise", "ratio")
_PROTOCOL = ("network", "view", "budget", "selection")


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
    def one_run(self) -> bool:
        """Whether it was trained once: its scores say nothing of another training run."""
        return bool(self.facts["seeds"] == self.facts["folds"] == 1)

    def setting(self, name: str) -> str:
        """One of `SETTINGS` in words; networks of different parameters differ.

        What a method knows sets it apart where labels are wrong. Of few labels all methods know the same.
        """
        if name == "knows" and self.facts["supervision"] != "noisy":
            return "blind"
        if name != "network":
            return str(self.facts[name])
        return ", ".join(filter(None, [self.facts[name], settings(self.facts["network_params"])]))

    @property
    def dice(self) -> float | None:
        """Mean Dice; None for an incomplete row."""
        mean: float | None = self.facts["metrics"]["dice"]["mean"]
        return mean


def read_rows(cells: pd.DataFrame, registries: Registries) -> list[Row]:
    """The rows in the plan's order, their scores still missing.

    Parameters
    ----------
    cells
        As `Index.cells`.
    """
    known = {text: knows(parsed(text)["name"], registries) for text in cells["method"].unique()}
    found, names, twins = outcomes(cells), class_names(cells), _twins(cells)
    rows = []
    for values in cells.drop_duplicates("row").astype(object).to_dict("records"):
        cell = {str(name): value for name, value in values.items()}
        unit = int(cell["row"])
        facts = _chosen(cell, known[cell["method"]]) | found[unit] | {"same_as": twins[unit]}
        facts |= supervision_facts(parsed(cell["noise"]), facts, registries)
        # a NaN would not be equal to itself
        section = tuple(facts["ratio"] if name == "ratio" else cell[name] for name in _QUESTION)
        knows_more = facts["knows"] if facts["supervision"] == "noisy" else ""
        table = (*section, knows_more, *(cell[name] for name in _PROTOCOL))
        rows.append(Row(unit, section, table, names.get(unit, []), facts))
    return rows


def _twins(cells: pd.DataFrame) -> dict[int, list[str]]:
    """By row the labels of the others with the very same cells, which are one measurement under several names."""
    ids: dict[int, set[str]] = {}
    for unit, cell in zip(cells["row"].tolist(), cells["cell"].tolist()):
        ids.setdefault(unit, set()).add(cell)
    labels = dict(zip(cells["row"].tolist(), cells["label"].astype(str).tolist()))
    names: dict[frozenset[str], dict[str, None]] = {}
    for unit, own in ids.items():
        names.setdefault(frozenset(own), {})[labels[unit]] = None
    return {unit: [name for name in names[frozenset(own)] if name != labels[unit]] for unit, own in ids.items()}


def _chosen(cell: dict[str, Any], known: str) -> dict[str, Any]:
    """What the plan says of a row, by one of its cells."""
    method, network, budget = (parsed(cell[name]) for name in ("method", "network", "budget"))
    return {
        "dataset": cell["dataset_label"],
        "supervision": cell["kind"],
        "noise": cell["noise_label"],
        "ratio": number(cell["ratio"]),
        "method": cell["label"],
        "plugin": method["name"],
        "knows": known,
        "params": method["params"],
        "network": network["name"],
        "network_params": network["params"],
        "view": cell["view"],
        "budget": budget["name"],
        "budget_fields": budget,
        "selection": cell["selection"],
        "protocol": int(cell["protocol"]),
    }


def knows(method: str, registries: Registries) -> str:
    """What a method may know; `unknown` where its plugin is not installed."""
    try:
        return str(registries.methods.get(method).attributes.get("knows", "blind"))
    except UserError:
        return "unknown"
