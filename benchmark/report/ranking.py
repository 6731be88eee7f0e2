"""Ranks, ties and drops: what rows of one table say of each other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from .rows import SETTINGS, Row
from .scores import Observations
from .stats import summarise


def tables(rows: Iterable[Row]) -> dict[tuple, list[Row]]:
    """Rows that may be ranked together, in the given order."""
    found: dict[tuple, list[Row]] = {}
    for row in rows:
        found.setdefault(row.table, []).append(row)
    return found


def apart(rows: Iterable[Row]) -> list[str]:
    """Names of the settings in which rows differ."""
    known = list(rows)
    return [name for name in SETTINGS if len({row.setting(name) for row in known}) > 1]


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
    for place, row in enumerate(scored):
        above = scored[place - 1]
        row.facts["rank"] = above.facts["rank"] if place and above.dice == row.dice else place + 1
    if scored:
        _mark_ties(scored[0], scored, observations, dice)


def add_drops(rows: Sequence[Row]) -> None:
    """Set `drop`: Dice less that of the same method, trained alike on clean labels or on all; None without such."""
    clean = {_without_noise(row): row for row in rows if row.facts["ratio"] == 0 or _all_labeled(row)}
    for row in rows:
        reference = clean.get(_without_noise(row))
        both = (row.dice, reference.dice) if reference and reference is not row else (None, None)
        row.facts["drop"] = None if both[0] is None or both[1] is None else both[0] - both[1]


def _all_labeled(row: Row) -> bool:
    labeled = row.facts["labeled"]
    return isinstance(labeled, float) and labeled == 1.0


def _without_noise(row: Row) -> tuple:
    names = ("supervision", "dataset", "method", "network", "network_params", "view", "budget_fields", "selection")
    return tuple(str(row.facts[name]) for name in names)


def _mark_ties(best: Row, scored: Sequence[Row], observations: Observations, dice: np.ndarray) -> None:
    paired = [row for row in scored if observations.same_cases(best.unit, row.unit)]
    values = observations.matrix(dice, [row.unit for row in paired])
    # the best row comes first
    summary = summarise(values - values[:, :1], observations.design_of[best.unit])
    for row, low, high in zip(paired, summary.low, summary.high):
        row.facts["tied"] = bool(low <= 0 <= high) if np.isfinite(low) else None
