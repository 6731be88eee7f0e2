"""Volumes annotated in some slices only."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from scipy.ndimage import distance_transform_edt

from ..benchmark.plugin import Corruption, NoiseModel, UserError, param
from ..benchmark.plugin.ranges import NonNegativeRange
from ._components import classes_of
from ._stack import as_stack, part_spacing


class SliceSkip(NoiseModel):
    """Keeps every k-th slice and interpolates the others: an annotator who skips slices and lets the tool fill in.

    Between two annotated slices the signed distances to each class's contour are interpolated linearly
    (shape-based interpolation); the class farthest inside its contour gets the voxel. Towards a slice without the
    class its shape shrinks and is gone half-way. Beyond the outermost annotated slices their drawing is
    repeated. What lies between two annotated slices is lost.

    Images have no slices to skip and are refused.

    Notes of the record: the annotated slices, and the classes that are gone.
    """

    name = "slice-skip"
    citation = (
        "Raya and Udupa, Shape-based interpolation of multidimensional objects, IEEE Trans Med Imaging 9(1), 1990"
    )
    severity_params = ("gap",)

    class Params(NoiseModel.Params):
        """How many slices are skipped."""

        gap: NonNegativeRange = param(
            (2.0, 5.0), unit="slices", help="slices between two annotated ones, on average; drawn for every case"
        )
        axis: int = param(-1, ge=-3, le=2, help="axis along which the slices lie")

    def corrupt(
        self, label: np.ndarray, spacing: tuple[float, ...], rng: np.random.Generator, image: np.ndarray
    ) -> Corruption:
        if label.ndim == 2:
            raise UserError("slice-skip needs volumes: an image has no slices to skip; choose another noise model")
        axis = self.params.axis
        clean, corrupted = as_stack(label, axis), np.zeros_like(label)
        result = as_stack(corrupted, axis)
        stride = 1 + rng.uniform(*self.params.gap)
        kept = _annotated(len(clean), stride, rng.random())
        result[: kept[0]], result[kept[-1] :] = clean[kept[0]], clean[kept[-1]]
        for before, after in pairwise(kept):
            result[before] = clean[before]
            _fill(result[before:after], clean[before], clean[after], part_spacing(spacing, axis))
        gone = [value for value in classes_of(label) if not (corrupted == value).any()]
        return Corruption(corrupted, {"annotated": kept, "vanished": gone})


def _annotated(count: int, stride: float, start: float) -> list[int]:
    """Indices of the annotated slices, at least one."""
    places = np.arange(start * min(stride, count), count, stride)
    kept: list[int] = np.unique(places.astype(int)).tolist()
    return kept


def _fill(slices: np.ndarray, first: np.ndarray, last: np.ndarray, spacing: tuple[float, ...]) -> None:
    """Interpolate the slices after `slices[0]`, in place, between the drawings `first` and `last`."""
    best = np.zeros(slices.shape)
    for value in sorted({*classes_of(first), *classes_of(last)}):
        ends = _signed(first == value, spacing), _signed(last == value, spacing)
        near, far = (_or_empty(end, other) for end, other in (ends, ends[::-1]))
        for k in range(1, len(slices)):
            weight = k / len(slices)
            inside = (1 - weight) * near + weight * far
            slices[k][inside > best[k]] = value
            np.maximum(best[k], inside, out=best[k])


def _signed(mask: np.ndarray, spacing: tuple[float, ...]) -> np.ndarray:
    """Distance to the contour, positive inside: the image's diagonal where there is no contour."""
    diagonal = float(np.linalg.norm(np.multiply(mask.shape, spacing)))
    inside = distance_transform_edt(mask, sampling=spacing) if not mask.all() else np.full(mask.shape, diagonal)
    outside = distance_transform_edt(~mask, sampling=spacing) if mask.any() else np.full(mask.shape, diagonal)
    signed: np.ndarray = inside * mask - outside * ~mask
    return signed


def _or_empty(signed: np.ndarray, other: np.ndarray) -> np.ndarray:
    """The distances of a slice; where it lacks the class, as far outside everywhere as the other one goes inside."""
    return signed if (signed > 0).any() else np.full(signed.shape, -other.max())
