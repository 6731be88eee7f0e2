"""A published leaderboard in short."""

from __future__ import annotations

from typing import Any

from ..report.leaderboard import Leaderboard
from ..report.ranking import tables
from ..report.sections import heading
from ..report.supervised import right_labels


def facts_of(board: Leaderboard) -> dict[str, Any]:
    """What the manifest says of a leaderboard: the index is made from it."""
    rows, cells = [row.facts for row in board.rows], board.cells
    return {
        "title": board.title,
        "datasets": board.datasets,
        "supervision": list(dict.fromkeys(_without_dataset(heading(row), row.facts["dataset"]) for row in board.rows)),
        "methods": list(dict.fromkeys(str(row["method"]) for row in rows)),
        "cells": {"done": int((cells["status"] == "done").sum()), "planned": len(cells)},
        "best": _best(board),
    }


def _without_dataset(text: str, dataset: str) -> str:
    return text.removeprefix(f"{dataset}, ")


def _best(board: Leaderboard) -> list[dict[str, Any]]:
    """Per dataset the best row of its hardest table: that of most noise, or of fewest labels."""
    found: dict[str, dict[str, Any]] = {}
    known = [rows for rows in tables(board.rows).values() if rows[0].dice is not None]
    told = [rows for rows in known if rows[0].setting("knows") == "blind"]
    # a later one takes the place of an earlier; equally hard ones stay in the order of the plan
    for best, *others in sorted(told, key=lambda rows: right_labels(rows[0]), reverse=True):
        at = _without_dataset(heading(best), best.facts["dataset"])
        tied = None if best.facts["tied"] is None else sum(row.facts["tied"] is True for row in others)
        found[best.facts["dataset"]] = {"method": best.facts["method"], "dice": best.dice, "at": at, "tied": tied}
    return list(found.values())
