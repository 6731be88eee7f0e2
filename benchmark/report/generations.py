"""Generations of pseudo-labels: how good they are on the unlabeled training cases and on the test cases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .rows import Row
from .text import escape, points, table


def generation_table(rows: Sequence[Row]) -> str:
    """Per method and stage Dice on the reference set, on the test cases, and the similarity to the first weights.

    A stage of weights beside those of its generation, and one of labels of super-classes, says so.
    """
    lines = [
        [
            escape(row.facts["method"]),
            escape(found["stage"]) + _kind(found),
            str(found["generation"]),
            *(points(found[name]) for name in _NAMES),
        ]
        for row in rows
        for found in row.facts["generations"]
    ]
    return table(["Generations", "Stage", "Number", "@R", "@E", "Similarity"], lines, left=2) if lines else ""


def _kind(found: Mapping[str, Any]) -> str:
    return " (super-classes)" if found.get("coarse") else " (of all folds)" if found.get("final") else ""


_NAMES = ("reference", "test", "similarity")
