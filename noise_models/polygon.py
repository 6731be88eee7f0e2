"""Contours clicked with few vertices."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from skimage.draw import polygon2mask
from skimage.measure import find_contours

from ..benchmark.plugin import param
from ..benchmark.plugin.ranges import NonNegativeRange
from ._class_wise import ContourModel


class Polygon(ContourModel):
    """Draws each contour as a polygon of few vertices: an annotator who clicks now and then instead of tracing.

    Vertices lie on the true contour at equal distances along it, from a random start; corners are cut
    between them. Holes have polygons of their own. In volumes every slice is drawn by itself.

    Notes of the record: per class the distance of the vertices and the number of vertices of all contours.
    """

    name = "polygon"
    citation = "Acuna et al., Efficient interactive annotation of segmentation datasets with Polygon-RNN++, CVPR 2018"
    severity_params = ("step",)

    class Params(ContourModel.Params):
        """How far apart the vertices are."""

        mode: Literal["slice"] = param("slice", help="contours are drawn in slices")
        step: NonNegativeRange = param(
            (15.0, 30.0), unit="voxel or mm", help="distance of the vertices along the contour, drawn for every class"
        )
        least: int = param(3, ge=3, unit="vertices", help="vertices that even the smallest contour gets")

    def redraw(
        self, mask: np.ndarray, spacing: tuple[float, ...], rng: np.random.Generator
    ) -> tuple[np.ndarray, dict[str, Any]]:
        step = float(rng.uniform(*self.params.step))
        redrawn, vertices = np.zeros_like(mask), 0
        for part in np.flatnonzero(mask.any(axis=(1, 2))):
            padded = np.pad(mask[part], 1)
            filled = np.zeros_like(padded)
            for contour in find_contours(padded.astype(float), 0.5):  # type: ignore[no-untyped-call]
                corners = self._corners(contour, step, spacing, float(rng.random()))
                # a contour within another one bounds a hole
                filled ^= polygon2mask(padded.shape, corners)  # type: ignore[no-untyped-call]
                vertices += len(corners)
            redrawn[part] = filled[1:-1, 1:-1]
        return redrawn, {"step": step, "vertices": vertices}

    def _corners(self, contour: np.ndarray, step: float, spacing: tuple[float, ...], start: float) -> np.ndarray:
        """Points `[count, 2]` on a closed contour, whose last point is its first."""
        lengths = np.linalg.norm(np.diff(contour, axis=0) * spacing, axis=1)
        along = np.append(0.0, np.cumsum(lengths))
        count = max(self.params.least, round(along[-1] / step)) if step else len(contour)
        if count >= len(contour) - 1:
            return contour[:-1]
        places = (start + np.arange(count)) * along[-1] / count
        return np.stack([np.interp(places, along, values) for values in contour.T], axis=1)
