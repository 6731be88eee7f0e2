"""Objects under the wrong name."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from ..benchmark.plugin import Corruption, NoiseModel, param
from ._components import classes_of, components
from ._stack import as_stack


class ClassSwap(NoiseModel):
    """Labels objects as another class of the case: left taken for right, one vertebra counted twice.

    An object is a connected component of a class, in the volume or (`mode=slice`) in its slice; with
    `what=class` two classes trade names throughout the case. A case with fewer than two classes stays clean.

    Notes of the record: what became what.
    """

    name = "class-swap"
    citation = "Angluin and Laird, Learning from noisy examples, Machine Learning 2, 1988 (label noise by class)"
    severity_params = ("probability",)
    min_classes = 2

    class Params(NoiseModel.Params):
        """What is mistaken."""

        probability: float = param(0.3, ge=0, le=1, help="chance of an object, or of a case, to be mistaken")
        what: Literal["object", "class"] = param("object", help="single objects, or two whole classes of the case")
        mode: Literal["slice", "volume"] = param("volume", help="objects of a slice, or of the volume")
        axis: int = param(-1, ge=-3, le=2, help="axis of a volume along which its slices lie")

    def corrupt(
        self, label: np.ndarray, spacing: tuple[float, ...], rng: np.random.Generator, image: np.ndarray
    ) -> Corruption:
        corrupted, classes = label.copy(), classes_of(label)
        if len(classes) < 2:
            return Corruption(corrupted, {"swapped": []})
        if self.params.what == "class":
            return Corruption(corrupted, {"swapped": self._trade(label, corrupted, classes, rng)})
        axis = self.params.axis if self.params.mode == "slice" else None
        swapped = self._rename(as_stack(label, axis), as_stack(corrupted, axis), classes, rng)
        return Corruption(corrupted, {"swapped": swapped})

    def _trade(
        self, label: np.ndarray, corrupted: np.ndarray, classes: list[int], rng: np.random.Generator
    ) -> list[Any]:
        one, other = rng.choice(classes, size=2, replace=False).tolist()
        if rng.random() >= self.params.probability:
            return []
        corrupted[label == one], corrupted[label == other] = other, one
        return [[one, other]]

    def _rename(self, clean: np.ndarray, result: np.ndarray, classes: list[int], rng: np.random.Generator) -> list[Any]:
        swapped = []
        for value in classes:
            numbers, count = components(clean == value)
            others = rng.choice([other for other in classes if other != value], size=count)
            mistaken = rng.random(count) < self.params.probability
            names = np.append(value, np.where(mistaken, others, value)).astype(clean.dtype)
            result[clean == value] = names[numbers[clean == value]]
            swapped += [[value, other] for other in others[mistaken].tolist()]
        return swapped
