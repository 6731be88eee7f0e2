"""Contours with bumps and dents."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np
from scipy.ndimage import binary_dilation

from ..benchmark.plugin import param
from ..benchmark.plugin.ranges import NonNegativeRange
from ._balls import paint
from ._class_wise import ContourModel
from ._components import in_part
from ._draw import draw
from ._preset import PresetModel


class EdgeDistort(ContourModel, PresetModel):
    """Adds and removes discs along the contours: an unsteady hand that bulges out here and cuts in there.

    A share of the voxels just outside the contour each get a disc. `add-then-remove` adds all of them and
    then cuts discs out along the new contour; `either` tosses a coin for each between adding and cutting.

    Notes of the record: per class the numbers of discs added and cut out.
    """

    name = "edge-distort"
    citation = "Wang et al., PyMIC: a deep learning toolkit for annotation-efficient segmentation, CMPB 231, 2023"
    severity_params = ("radius",)

    class Params(ContourModel.Params, PresetModel.Params):
        """How many discs, and how large."""

        presets: ClassVar[dict[str, dict[str, Any]]] = {
            "pymic": {"radius": (6, 12), "share": 0.1, "order": "add-then-remove", "unit": "voxel", "mode": "slice"},
            "cl-clavicle": {"radius": (0, 10), "share": 0.5, "order": "either", "unit": "voxel", "mode": "slice"},
            "cl-heart": {"radius": (0, 20), "share": 0.5, "order": "either", "unit": "voxel", "mode": "slice"},
            "cl-lung": {"radius": (0, 30), "share": 0.5, "order": "either", "unit": "voxel", "mode": "slice"},
        }

        preset: Literal["none", "pymic", "cl-clavicle", "cl-heart", "cl-lung"] = param(
            "none",
            source="pymic: PyMIC_examples, JSRT, noise_simulate.py; cl-*: Zhang et al., 'Characterizing label "
            "errors: confident learning for noisy-labeled image segmentation', 2020, repository, beta of each organ",
            help="settings of a published simulator",
        )
        radius: NonNegativeRange = param(
            (3.0, 6.0), unit="voxel or mm", help="range to draw from for each disc; whole voxels with whole ends"
        )
        share: float = param(0.1, ge=0, le=1, help="share of the contour's voxels that get a disc")
        order: Literal["add-then-remove", "either"] = param("add-then-remove", help="how discs are added and cut out")

    def redraw(
        self, mask: np.ndarray, spacing: tuple[float, ...], rng: np.random.Generator
    ) -> tuple[np.ndarray, dict[str, Any]]:
        places = self._places(mask, rng)
        if self.params.order == "either":
            adds = rng.random(len(places)) < 0.5
            added, removed = places[adds], places[~adds]
            grown = mask | self._discs(mask.shape, added, spacing, rng)
        else:
            added = places
            grown = mask | self._discs(mask.shape, added, spacing, rng)
            removed = self._places(grown, rng)
        cut = self._discs(mask.shape, removed, spacing, rng)
        return grown & ~cut, {"added": len(added), "removed": len(removed)}

    def _places(self, mask: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Some voxels just outside the contour: int `[count, ndim]`."""
        edge = np.argwhere(binary_dilation(mask, in_part(mask.ndim, 1)) & ~mask)
        return edge[rng.permutation(len(edge))[: int(self.params.share * len(edge))]]

    def _discs(
        self, shape: tuple[int, ...], places: np.ndarray, spacing: tuple[float, ...], rng: np.random.Generator
    ) -> np.ndarray:
        discs = np.zeros(shape, bool)
        radii = draw(self.params.radius, rng, len(places), whole=self.params.unit == "voxel")
        for (part, *centre), radius in zip(places.tolist(), radii.tolist()):
            paint(discs[part], centre, [radius] * len(centre), spacing)
        return discs
