"""Every metric of one case, class by class."""

from __future__ import annotations

from math import hypot, isfinite, nan, prod
from typing import Any

import numpy as np

from ..errors import UserError
from .overlap import Overlap, overlap
from .surface import SURFACE_METRICS, Surface, surface_metrics, undefined_surface_metrics

Row = dict[str, Any]


def score_case(
    prediction: np.ndarray,
    truth: np.ndarray,
    spacing: tuple[float, ...] | None,
    num_classes: int,
    ignore: np.ndarray | None = None,
) -> list[Row]:
    """Score one predicted label map against the true one.

    Empty masks: with an empty prediction and a non-empty truth, Dice and IoU are 0 and RVE is 1; with an
    empty truth alone, Dice and IoU are 0 and RVE is NaN; with both empty all three are NaN. Surface
    distances are NaN in all three cases, and `empty` says which it was, so that each can be counted
    (`count_empty`) or penalised (`penalised`).

    Ignored voxels are cleared in both masks before anything is measured, as in the WMH 2017 evaluation.

    Parameters
    ----------
    prediction, truth
        Integer or bool `[*spatial]`, values 0..num_classes - 1, 0 being background.
    spacing
        Millimetres per voxel along each axis; None where unknown: what is in mm is then NaN.
    num_classes
        Number of classes, background included.
    ignore
        bool `[*spatial]`, True where a voxel does not count; None for nowhere.

    Returns
    -------
    One dict per foreground class: `class` (label value); `empty` (`prediction`, `truth`, `both` or ``);
    the counts `tp, fp, fn, truth_voxels, prediction_voxels`; `truth_volume_ml` (3-D only, else NaN);
    the metrics of `METRICS`, float; `diagonal` and `diagonal_mm`, the largest distance within the image.

    Raises
    ------
    UserError
        Shapes differ, labels are not integers or not within 0..num_classes - 1, or spacing does not fit.
    """
    _check_labels("prediction", prediction, truth.shape, num_classes)
    _check_labels("truth", truth, truth.shape, num_classes)
    _check_spacing(spacing, truth.ndim)
    if ignore is not None:
        if ignore.shape != truth.shape:
            raise UserError(f"ignore: shape {ignore.shape} differs from the truth's {truth.shape}")
        kept = ~ignore.astype(bool)
        prediction, truth = prediction * kept, truth * kept
    extent = _extent(truth.shape, spacing)
    return [{"class": c, **_score_mask(prediction == c, truth == c, spacing), **extent} for c in range(1, num_classes)]


def _score_mask(prediction: np.ndarray, truth: np.ndarray, spacing: tuple[float, ...] | None) -> Row:
    box = _bounding_box(prediction | truth)
    prediction, truth = prediction[box], truth[box]
    counts = overlap(prediction, truth)
    voxel_ml = prod(spacing) / 1000 if spacing is not None and truth.ndim == 3 else nan
    return {
        "empty": counts.empty,
        "tp": counts.tp,
        "fp": counts.fp,
        "fn": counts.fn,
        "truth_voxels": counts.truth_voxels,
        "prediction_voxels": counts.prediction_voxels,
        "truth_volume_ml": counts.truth_voxels * voxel_ml,
        "dice": counts.dice,
        "iou": counts.iou,
        "rve": counts.rve,
        **_score_surface(prediction, truth, counts, spacing),
    }


def _score_surface(
    prediction: np.ndarray, truth: np.ndarray, counts: Overlap, spacing: tuple[float, ...] | None
) -> dict[str, float]:
    """Surface metrics in voxels and, with the suffix `_mm`, in millimetres."""
    if counts.empty:
        voxels = millimetres = undefined_surface_metrics()
    else:
        surfaces = Surface.of(prediction), Surface.of(truth)
        voxels = surface_metrics(*surfaces, (1.0,) * truth.ndim)
        if spacing is None:
            millimetres = undefined_surface_metrics()
        elif len(set(spacing)) == 1:
            millimetres = {name: value * spacing[0] for name, value in voxels.items()}
        else:
            millimetres = surface_metrics(*surfaces, spacing)
    return voxels | {f"{name}_mm": millimetres[name] for name in SURFACE_METRICS}


def _bounding_box(mask: np.ndarray) -> tuple[slice, ...]:
    """The smallest box that holds the mask; the whole grid for an empty one."""
    box = []
    for axis in range(mask.ndim):
        others = tuple(other for other in range(mask.ndim) if other != axis)
        filled = np.flatnonzero(mask.any(axis=others))
        box.append(slice(filled[0], filled[-1] + 1) if filled.size else slice(None))
    return tuple(box)


def _extent(shape: tuple[int, ...], spacing: tuple[float, ...] | None) -> dict[str, float]:
    """Distance between the two voxels of a grid that lie farthest apart."""
    steps = [size - 1 for size in shape]
    millimetres = nan if spacing is None else hypot(*(n * s for n, s in zip(steps, spacing)))
    return {"diagonal": hypot(*steps), "diagonal_mm": millimetres}


def _check_labels(name: str, label: np.ndarray, shape: tuple[int, ...], num_classes: int) -> None:
    if label.shape != shape:
        raise UserError(f"{name}: shape {label.shape} differs from the truth's {shape}")
    if label.dtype.kind not in "bui":
        raise UserError(f"{name}: labels must be integers, found {label.dtype}; take the argmax over classes first")
    if label.size and not 0 <= int(label.min()) <= int(label.max()) < num_classes:
        found = f"{int(label.min())}..{int(label.max())}"
        raise UserError(f"{name}: label values {found} are not within 0..{num_classes - 1}")


def _check_spacing(spacing: tuple[float, ...] | None, ndim: int) -> None:
    if spacing is None:
        return
    if len(spacing) != ndim or not all(isfinite(size) and size > 0 for size in spacing):
        raise UserError(f"spacing: needs {ndim} positive numbers (mm per voxel), found {tuple(spacing)}")
