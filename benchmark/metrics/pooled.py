"""Scores of a whole dataset that are no mean over its cases."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .overlap import Overlap


def pooled(rows: Iterable[Mapping[str, Any]]) -> dict[str, float]:
    """Dice and IoU of all voxels of all cases together: the `global` convention of the Medical Segmentation Decathlon.

    Large objects weigh more than small ones, and a case with an empty truth still counts its false positives.

    Parameters
    ----------
    rows
        Dicts of `score_case`, all of one class; only `class, tp, fp, fn` are read.

    Returns
    -------
    `dice` and `iou`, in [0, 1]; NaN where no row has a voxel in either mask.

    Raises
    ------
    ValueError
        Rows of several classes.
    """
    total = Overlap(0, 0, 0)
    classes = set()
    for row in rows:
        classes.add(row["class"])
        total += Overlap(int(row["tp"]), int(row["fp"]), int(row["fn"]))
    if len(classes) > 1:
        raise ValueError(f"pooled scores are per class, found rows of classes {sorted(classes)}: group them first")
    return {"dice": total.dice, "iou": total.iou}
