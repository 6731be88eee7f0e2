"""Boxes in place of contours."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.ndimage import find_objects

from ..benchmark.plugin import param
from ..benchmark.plugin.ranges import NonNegativeRange
from ._class_wise import ContourModel
from ._components import components


class Box(ContourModel):
    """Fills the bounding box of objects: coarse annotation, made for a detector or to save time.

    An object is a connected component of a class, in its slice or in the volume. Its box may be drawn wider
    by a margin on every side. Boxes claim background only.

    Notes of the record: per class the numbers of objects and of boxes.
    """

    name = "box"
    citation = "Dai et al., BoxSup: exploiting bounding boxes to supervise convolutional networks, ICCV 2015"
    severity_params = ("share", "margin")

    class Params(ContourModel.Params):
        """Which objects get a box, and how wide a one."""

        share: float = param(1.0, ge=0, le=1, help="chance of each object to be drawn as a box")
        margin: NonNegativeRange = param(
            (0.0, 2.0), unit="voxel or mm", help="how far a side lies outside the object, drawn for each side"
        )

    def redraw(
        self, mask: np.ndarray, spacing: tuple[float, ...], rng: np.random.Generator
    ) -> tuple[np.ndarray, dict[str, Any]]:
        redrawn, boxes = mask.copy(), 0
        found = find_objects(components(mask)[0])
        for part, *sides in found:
            chosen = rng.random() < self.params.share
            low, high = self.params.margin
            margins = rng.uniform(low, high, (len(sides), 2)) / np.array(spacing)[:, None]
            if chosen:
                redrawn[(part, *_widened(sides, np.rint(margins).astype(int).tolist()))] = True
                boxes += 1
        return redrawn, {"objects": len(found), "boxes": boxes}


def _widened(sides: list[slice], margins: list[list[int]]) -> list[slice]:
    return [slice(max(s.start - below, 0), s.stop + above) for s, (below, above) in zip(sides, margins)]
