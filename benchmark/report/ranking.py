"""Ranks, ties and drops: what rows of one table say of each other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from ..stats.panel import Panel
from ..stats.ranks import places
from .rows import SETTINGS, Row
from .scores import Observations
from .stats import Design, group_means


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
    """Set `rank` (1 for the highest mean Dice, equal means share it), `tied` and the chances of the rows of one table.

    `tied` is True where a row is not told apart from the best, `rank_low` and `rank_high` are the 95 % interval of the
    rank, both by simultaneous intervals of all paired differences; `p_best` is the chance of being best. All of them,
    see `stats.ranks`, are for other patients and other training runs. They are None where there is not enough data to
    tell: too few patients, or a single run, which says nothing of the next. Rows without a score have no rank.

    Parameters
    ----------
    observations, dice
        Those of complete rows, and their Dice.
    """
    for row in rows:
        row.facts |= dict.fromkeys(("rank", "tied", "rank_low", "rank_high", "p_best"))
    scored = sorted((row for row in rows if row.dice is not None), key=lambda row: -(row.dice or 0.0))
    for place, row in enumerate(scored):
        above = scored[place - 1]
        row.facts["rank"] = above.facts["rank"] if place and above.dice == row.dice else place + 1
    if scored:
        _set_chances(scored, observations, dice)


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


def _set_chances(scored: Sequence[Row], observations: Observations, dice: np.ndarray) -> None:
    """Ties, rank intervals and P(best) of rows that were scored on the same cases by the same runs as the best."""
    best = scored[0]
    rows = [row for row in scored if observations.same_cases(best.unit, row.unit)]
    design = observations.design_of[best.unit]
    if len(rows) < 2:
        best.facts["tied"] = True if best.facts["metrics"]["dice"]["ci95"] and not design.one_run else None
        return
    values = observations.matrix(dice, [row.unit for row in rows])
    panel = _panel([str(row.unit) for row in rows], values, design)
    found = {place.method: place for place in places(panel, leader=str(best.unit))}
    for row in rows:
        place = found[str(row.unit)]
        chances = {"rank_low": place.rank_low, "rank_high": place.rank_high, "p_best": place.best}
        row.facts |= {"tied": place.tied} | chances


def _panel(names: Sequence[str], values: np.ndarray, design: Design) -> Panel:
    """Scores `[n, methods]` of one design by patient and run; cases of one patient are averaged."""
    patients, runs = (tuple(range(int(codes.max()) + 1)) for codes in (design.patients, design.runs))
    means = group_means(values, design.patients * len(runs) + design.runs, len(patients) * len(runs))
    shape = (len(names), len(patients), len(runs))
    return Panel(tuple(names), tuple(map(str, patients)), runs, means.T.reshape(shape))
