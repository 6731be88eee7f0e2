"""Objects that were missed."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from ..benchmark.plugin import param
from ._class_wise import ClassWise
from ._components import components


class OmitObject(ClassWise):
    """Leaves objects out: lesions that were overlooked, or slices where the structure was not drawn.

    An object is a connected component of a class, in the volume or (`mode=slice`) in its slice. With
    `prefer=small` the smallest object of a class has the full chance to be missed, an object of n times its size
    the n-th part of it.

    Notes of the record: per class the numbers of objects and of missed ones; the classes that are gone.
    """

    name = "omit-object"
    citation = (
        "Armato et al., Assessment of radiologist performance in the detection of lung nodules, Acad Radiol, 2009"
    )
    severity_params = ("probability",)

    class Params(ClassWise.Params):
        """Which objects are missed."""

        mode: Literal["slice", "volume"] = param("volume", help="objects of a slice, or of the volume")
        probability: float = param(0.3, ge=0, le=1, help="chance of an object to be missed")
        prefer: Literal["any", "small"] = param("any", help="all objects alike, or small ones before large ones")

    def redraw(
        self, mask: np.ndarray, spacing: tuple[float, ...], rng: np.random.Generator
    ) -> tuple[np.ndarray, dict[str, Any]]:
        numbers, count = components(mask)
        sizes = np.bincount(numbers.ravel(), minlength=count + 1)[1:]
        weight = sizes.min() / sizes if self.params.prefer == "small" else np.ones(count)
        missed = np.append(False, rng.random(count) < self.params.probability * weight)
        return mask & ~missed[numbers], {"objects": count, "missed": int(missed.sum())}
