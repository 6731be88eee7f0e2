"""Generations of pseudo-labels: how good they are on the unlabeled training cases and on the test cases."""

from __future__ import annotations

from collections.abc import Sequence

from .rows import Row
from .text import escape, points, table


def generation_table(rows: Sequence[Row]) -> str:
    """Per method and stage Dice on the reference set, on the test cases, and the similarity to the first weights."""
    lines = [
        [
            escape(row.facts["method"]),
            escape(found["stage"]),
            str(found["generation"]),
            *(points(found[name]) for name in _NAMES),
        ]
        for row in rows
        for found in row.facts["generations"]
    ]
    return table(["Generations", "Stage", "Number", "@R", "@E", "Similarity"], lines, left=2) if lines else ""


_NAMES = ("reference", "test", "similarity")
