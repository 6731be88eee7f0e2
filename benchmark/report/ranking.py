"""Ranks, ties and drops: what rows of one table say of each other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from .rows import Row
from .scores import Observations
from .stats import summarise


def tables(rows: Iterable[Row]) -> dict[tuple, list[Row]]:
    """Rows that may be ranked together, in the given order."""
    found: dict[tuple, list[Row]] = {}
    for row in rows:
        found.setdefault(row.table, []).append(row)
    return found


def rank(rows: Sequence[Row], observations: Observations, dice: np.ndarray) -> None:
    """Set `rank` (1 for the highest mean Dice, equal means share it) and `tied` in the rows of one table.

    `tied` is True where the 95 % interval of the paired difference to the best row, resampled over patients
    and seeds, holds 0; None where there is not enough data to tell. Rows without a score have no rank.

    Parameters
    ----------
    observations, dice
        Those of complete rows, and their Dice.
    """
    for row in rows:
        row.facts |= {"rank": None, "tied": None}
    scored = sorted((row for row in rows if row.dice is not None), key=lambda row: -(row.dice or 0.0))
    for row in scored:
        row.facts["rank"] = 1 + sum((other.dice or 0.0) > (row.dice or 0.0) for other in scored)
    if scored:
        _mark_ties(scored[0], scored, observations, dice)


def add_drops(rows: Sequence[Row]) -> None:
    """Set `drop`: Dice less that of the same method, trained alike on clean labels; None where there is none."""
    clean = {_without_noise(row): row for row in rows if row.facts["ratio"] == 0}
    for row in rows:
        reference = clean.get(_without_noise(row))
        both = (row.dice, reference.dice) if reference and reference is not row else (None, None)
        row.facts["drop"] = None if both[0] is None or both[1] is None else both[0] - both[1]


def _without_noise(row: Row) -> tuple:
    names = ("dataset", "method", "view", "selection")
    return (*(row.facts[name] for name in names), str(row.facts["budget_fields"]), str(row.facts["network_params"]))


def _mark_ties(best: Row, scored: Sequence[Row], observations: Observations, dice: np.ndarray) -> None:
    paired = [row for row in scored if observations.same_cases(best.unit, row.unit)]
    values = observations.matrix(dice, [row.unit for row in paired])
    # the best row comes first
    summary = summarise(values - values[:, :1], observations.design(best.unit))
    for row, low, high in zip(paired, summary.low, summary.high):
        row.facts["tied"] = bool(low <= 0 <= high) if np.isfinite(low) else None
