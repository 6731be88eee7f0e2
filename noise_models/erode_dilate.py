"""Contours drawn too tight or too wide."""

from __future__ import annotations

from typing import Any, ClassVar, Literal, Self

import numpy as np
from pydantic.functional_validators import model_validator

from ..benchmark.plugin import Corruption, param
from ..benchmark.plugin.ranges import NonNegativeRange
from ._draw import draw, is_whole
from ._preset import PresetModel
from ._resize import Resizing, deeper, dilate_free, largest_radius
from ._stack import as_stack, part_spacing


class ErodeDilate(PresetModel):
    """Erodes or dilates the contours: an annotator who draws too tight or too wide.

    A voxel is eroded when its distance to the nearest voxel outside its class is at most the radius, and
    dilation claims the voxels at most the radius away; distances are exact for any spacing. What lies beyond
    the image is unknown: the border erodes nothing. Slice-wise, a slice may lose its structure (as at the
    tips) as long as the case keeps it; `vanish` decides for a class that the case would lose.

    Labels stay a partition. Erosion comes first and leaves background; dilation then claims background only,
    for the nearest class, the lower value at equal distance. So an eroded class lies within its clean one
    and a dilated class contains it.

    Notes of the record: per class the operation and radius (per slice: lists, with the indices of the slices
    that hold the class), and the classes that erosion would have removed with what was done.
    """

    name = "erode-dilate"
    citation = (
        "Shi and Wu, Distilling effective supervision for robust medical image segmentation with noisy labels, 2021"
    )
    severity_params = ("radius",)

    class Params(PresetModel.Params):
        """What is changed, by how much, and what is spared."""

        presets: ClassVar[dict[str, dict[str, Any]]] = {
            "pint": {"radius": (3.125, 11.25), "unit": "mm", "mode": "slice", "element": "disc"},
            "mtcl": {"radius": (1, 7), "unit": "voxel", "mode": "volume", "element": "square"},
            "spatial-correction": {"radius": (7, 9), "unit": "voxel", "mode": "slice", "element": "disc"},
        }

        preset: Literal["none", "pint", "mtcl", "spatial-correction"] = param(
            "none",
            source="pint: Shi and Wu 2021, 3.2: 5-18 pixels at 0.625 mm; mtcl: cubes of side 3-15 (Xu et al., 'Anti-"
            "interference from noisy labels', 2022); spatial-correction: J3 of Yao et al. 2023 (lung, heart)",
            help="settings of a published simulator",
        )
        radius: NonNegativeRange = param(
            (2.0, 5.0),
            unit="voxel or mm",
            help="range to draw from, uniform; whole numbers when in voxels with whole ends; 0 changes nothing",
        )
        unit: Literal["voxel", "mm"] = param("voxel", help="unit of the radius; mm honours anisotropic spacing")
        mode: Literal["slice", "volume"] = param(
            "slice",
            source="Shi and Wu 2021, 3.2: 'contours'",
            help="change each slice in its plane, or the volume in 3-D",
        )
        axis: int = param(-1, ge=-3, le=2, help="axis of a volume along which its slices lie")
        erode_probability: float = param(0.5, ge=0, le=1, help="probability to erode; otherwise dilate")
        element: Literal["disc", "square", "cross"] = param(
            "disc", help="structuring element: ball of the Euclidean, the greatest or the summed distance"
        )
        per: Literal["case", "slice"] = param("case", help="draw operation and radius once a case or for each slice")
        classes: Literal["joint", "independent"] = param("joint", help="one draw for all classes or one for each")
        vanish: Literal["keep", "shrink", "allow"] = param(
            "shrink",
            help="a class that erosion would remove from the case: keep it clean, erode by the largest radius "
            "that leaves some of it, or let it go",
        )

        @model_validator(mode="after")
        def _slices_to_draw_for(self) -> Self:
            if self.per == "slice" and self.mode == "volume":
                raise ValueError("per = slice needs mode = slice: in mode = volume there are no slices to draw for")
            return self

    def corrupt(
        self, label: np.ndarray, spacing: tuple[float, ...], rng: np.random.Generator, image: np.ndarray
    ) -> Corruption:
        axis = self.params.axis if self.params.mode == "slice" else None
        corrupted = np.zeros_like(label)
        clean, result = as_stack(label, axis), as_stack(corrupted, axis)
        plan = self._plan(clean, part_spacing(spacing, axis), rng)
        vanished: dict[str, Any] = {}
        for value, resizing in plan.items():
            kept, outcome = self._erode(clean == value, resizing)
            result[kept] = value
            if outcome:
                vanished[str(value)] = outcome
        dilate_free(clean, result, plan)
        changes = {str(value): self._note(clean == value, resizing) for value, resizing in plan.items()}
        return Corruption(corrupted, {"unit": self.params.unit, "classes": changes, "vanished": vanished})

    def _plan(self, clean: np.ndarray, spacing: tuple[float, ...], rng: np.random.Generator) -> dict[int, Resizing]:
        """What is done to each class that is present."""
        present = [int(value) for value in np.unique(clean) if value]
        if self.params.classes == "joint":
            return dict.fromkeys(present, self._draw(len(clean), spacing, rng))
        return {value: self._draw(len(clean), spacing, rng) for value in present}

    def _draw(self, parts: int, spacing: tuple[float, ...], rng: np.random.Generator) -> Resizing:
        p = self.params
        count = parts if p.per == "slice" else 1
        erode = np.broadcast_to(rng.random(count) < p.erode_probability, parts)
        radius = np.broadcast_to(draw(p.radius, rng, count, whole=p.unit == "voxel"), parts)
        return Resizing(erode, radius, spacing if p.unit == "mm" else (1.0,) * len(spacing), p.element)

    def _erode(self, mask: np.ndarray, resizing: Resizing) -> tuple[np.ndarray, dict[str, Any] | None]:
        """What erosion leaves of a class; and, where that was nothing, what was done instead."""
        policy = self.params.vanish
        depth = resizing.depth(mask)
        kept = deeper(depth, resizing.radius)
        if kept.any():
            return kept, None
        if policy == "shrink":
            radius = largest_radius(depth, whole=self.params.unit == "voxel" and is_whole(self.params.radius))
            return deeper(depth, np.minimum(resizing.radius, radius)), {"policy": policy, "radius": radius}
        return mask if policy == "keep" else kept, {"policy": policy}

    def _note(self, mask: np.ndarray, resizing: Resizing) -> dict[str, Any]:
        """Operation and radius of one class, as drawn."""
        held = np.flatnonzero(mask.reshape(len(mask), -1).any(axis=1))
        operations = np.where(resizing.erode[held], "erode", "dilate").tolist()
        radii = resizing.radius[held].tolist()
        if self.params.per == "slice":
            return {"slices": held.tolist(), "operation": operations, "radius": radii}
        return {"operation": operations[0], "radius": radii[0]}
