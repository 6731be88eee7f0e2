"""A published leaderboard in short."""

from __future__ import annotations

from typing import Any

from ..report.leaderboard import Leaderboard
from ..report.ranking import tables
from ..report.sections import heading


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
    """Per dataset the best row of its last table, that of most noise."""
    found: dict[str, dict[str, Any]] = {}
    for together in tables(board.rows).values():
        best = together[0]
        if best.dice is None or best.facts["knows"] != "blind":
            continue
        at = _without_dataset(heading(best), best.facts["dataset"])
        tied = sum(row.facts["tied"] is True for row in together[1:])
        found[best.facts["dataset"]] = {"method": best.facts["method"], "dice": best.dice, "at": at, "tied": tied}
    return list(found.values())
