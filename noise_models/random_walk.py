"""Contours that have walked away at random."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np
from scipy.ndimage import gaussian_filter

from ..benchmark.plugin import param
from ._class_wise import ContourModel
from ._preset import PresetModel

_WALK = {"flip": 0.2, "smoothing": 2.0, "unit": "voxel", "mode": "slice"}


class RandomWalk(ContourModel, PresetModel):
    """Lets the boundary walk in random steps: a contour biased to one side and rough all along.

    Each step chooses between expanding and shrinking, and then moves each voxel at the boundary with a small
    chance. At the end voxels anywhere flip at random and the mask is smoothed, which removes most of
    these flips again. Without a step nothing changes. The image's border neither expands nor shrinks.

    In `mm`, the chance to move along an axis falls with its spacing, so that the walk is equally far in all.

    Notes of the record: per class how many of the steps expanded.
    """

    name = "random-walk"
    citation = "Yao et al., Learning to segment from noisy annotations: a spatial correction approach, ICLR 2023"
    severity_params = ("steps",)

    class Params(ContourModel.Params, PresetModel.Params):
        """The walk."""

        presets: ClassVar[dict[str, dict[str, Any]]] = {
            "spatial-correction-j1": {"steps": 180, "expand": 0.8, "chance": 0.05, **_WALK},
            "spatial-correction-j2": {"steps": 180, "expand": 0.2, "chance": 0.05, **_WALK},
            "spatial-correction-j1-clavicle": {"steps": 100, "expand": 0.8, "chance": 0.02, **_WALK},
            "spatial-correction-j2-clavicle": {"steps": 100, "expand": 0.2, "chance": 0.02, **_WALK},
        }

        preset: Literal[
            "none",
            "spatial-correction-j1",
            "spatial-correction-j2",
            "spatial-correction-j1-clavicle",
            "spatial-correction-j2-clavicle",
        ] = param(
            "none",
            source="Yao et al. 2023, JSRT settings J1 and J2 (T, theta1, theta2, theta3) and their repository",
            help="settings of a published simulator",
        )
        steps: int = param(100, ge=0, source="Yao et al. 2023: T", help="number of steps")
        expand: float = param(0.8, ge=0, le=1, source="theta1", help="chance that a step expands; else it shrinks")
        chance: float = param(0.05, ge=0, le=1, source="theta2", help="chance of a boundary voxel to move in a step")
        flip: float = param(0.2, ge=0, le=1, source="theta3", help="chance of any voxel to flip after the walk")
        smoothing: float = param(
            2.0, ge=0, unit="voxel", help="standard deviation of the Gaussian that smooths the mask at the end"
        )

    def redraw(
        self, mask: np.ndarray, spacing: tuple[float, ...], rng: np.random.Generator
    ) -> tuple[np.ndarray, dict[str, Any]]:
        p = self.params
        if not p.steps:
            return mask, {"expanded": 0}
        walking = mask.copy()
        chances = [p.chance * min(spacing) / step for step in spacing]
        expands = rng.random(p.steps) < p.expand
        for expand in expands:
            _move(walking if expand else ~walking, walking, chances, rng)
        walking ^= rng.random(mask.shape) < p.flip
        return self._smooth(walking), {"expanded": int(expands.sum())}

    def _smooth(self, mask: np.ndarray) -> np.ndarray:
        sigma = (0.0, *[self.params.smoothing] * (mask.ndim - 1))
        smooth: np.ndarray = gaussian_filter(mask.astype(np.float32), sigma, mode="mirror", radius=2) > 0.5
        return smooth


def _move(inside: np.ndarray, mask: np.ndarray, chances: list[float], rng: np.random.Generator) -> None:
    """One step, in place: voxels beside `inside` (the mask or its complement) flip by the chance of their axis."""
    before = inside.copy()
    seen = before.copy()
    for axis in sorted(range(len(chances)), key=lambda i: -chances[i]):
        places = np.flatnonzero(_beside(before, axis + 1) & ~seen)
        seen.flat[places] = True
        mask.flat[places[rng.random(len(places)) < chances[axis]]] ^= True


def _beside(inside: np.ndarray, axis: int) -> np.ndarray:
    """Voxels with a neighbour along the axis inside."""
    near = np.zeros_like(inside)
    there, here = np.moveaxis(inside, axis, 0), np.moveaxis(near, axis, 0)
    here[1:] |= there[:-1]
    here[:-1] |= there[1:]
    return near
