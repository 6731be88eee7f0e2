"""Objects that are not there."""

from __future__ import annotations

from typing import Literal

import numpy as np

from ..benchmark.plugin import Corruption, NoiseModel, param
from ..benchmark.plugin.ranges import NonNegativeRange
from ._balls import paint
from ._components import classes_of
from ._distance import distance_outside

_ROUNDNESS = (0.7, 1.3)


class FalseObject(NoiseModel):
    """Invents objects in the background: vessels, artefacts or normal anatomy marked as lesions.

    Each object is an ellipsoid away from all true ones, of a class that the case holds (of class 1 where it holds
    none). With `lookalike` its centre has an intensity that true objects have, too.

    Notes of the record: class, centre and radius of each object.
    """

    name = "false-object"
    citation = "Commowick et al., Objective evaluation of multiple sclerosis lesion segmentation, Sci Rep 8, 2018"
    severity_params = ("count",)

    class Params(NoiseModel.Params):
        """How many objects, and how large."""

        count: NonNegativeRange = param((1.0, 3.0), unit="objects", help="number of objects, drawn for every case")
        radius: NonNegativeRange = param((2.0, 5.0), unit="voxel or mm", help="mean radius of an object")
        unit: Literal["voxel", "mm"] = param("voxel", help="unit of the radius; mm honours anisotropic spacing")
        lookalike: bool = param(True, help="only where the image's first channel looks like a true object")

    def corrupt(
        self, label: np.ndarray, spacing: tuple[float, ...], rng: np.random.Generator, image: np.ndarray
    ) -> Corruption:
        p = self.params
        steps = spacing if p.unit == "mm" else (1.0,) * label.ndim
        count = int(rng.uniform(*p.count) + rng.random())
        places = self._places(label, steps, image) if count else np.empty((0, label.ndim), int)
        corrupted, objects = label.copy(), []
        for _ in range(count if len(places) else 0):
            value = int(rng.choice(classes_of(label) or [1]))
            centre, radius = places[rng.integers(len(places))].tolist(), float(rng.uniform(*p.radius))
            body = np.zeros(label.shape, bool)
            paint(body, centre, (radius * rng.uniform(*_ROUNDNESS, size=label.ndim)).tolist(), steps)
            corrupted[body & (corrupted == 0)] = value
            objects.append({"class": value, "centre": centre, "radius": radius})
        return Corruption(corrupted, {"objects": objects})

    def _places(self, label: np.ndarray, steps: tuple[float, ...], image: np.ndarray) -> np.ndarray:
        """Where a centre may be, int `[count, ndim]`: far from true objects, and alike, as far as there is such."""
        choices = [label == 0]
        room = self.params.radius[1] * _ROUNDNESS[1]
        choices.append(choices[-1] & (distance_outside(label > 0, steps, "disc", room) > room))
        if self.params.lookalike and label.any():
            true = image[0][label > 0]
            choices.append(choices[-1] & (np.abs(image[0] - true.mean()) <= true.std()))
        return np.argwhere(next((choice for choice in reversed(choices) if choice.any()), choices[0]))
