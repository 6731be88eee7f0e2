"""What to do with rows whose metrics are undefined: count them, or put the worst distance in their place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from .table import METRICS


def count_empty(rows: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """Number of rows with an empty `prediction`, an empty `truth` and `both` empty, zeros included."""
    counts = Counter(row["empty"] for row in rows)
    return {which: counts[which] for which in ("prediction", "truth", "both")}


def penalised(row: Mapping[str, Any], metric: str) -> float:
    """A surface metric with the image diagonal where exactly one of the masks is empty.

    The diagonal is the largest distance that the image can hold, so a method gains nothing by predicting
    nothing. Where both masks are empty there is nothing to find and nothing was found: NaN.

    Parameters
    ----------
    row
        One dict of `score_case`.
    metric
        A surface metric, in voxels or mm.

    Raises
    ------
    ValueError
        `metric` is not a surface metric.
    """
    entry = METRICS.get(metric)
    if entry is None or not entry.is_surface:
        raise ValueError(f"no penalty is defined for {metric!r}: it is not a surface metric")
    if row["empty"] in ("prediction", "truth"):
        return float(row["diagonal_mm" if entry.unit == "mm" else "diagonal"])
    return float(row[metric])
