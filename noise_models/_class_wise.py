"""Bases of noise models that redraw the mask of each class by itself."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, Literal

import numpy as np

from ..benchmark.plugin import Corruption, NoiseModel, param
from ._components import classes_of, merge
from ._stack import as_stack, part_spacing


class ClassWise(NoiseModel):
    """Redraws each class on its own, slice by slice or as a volume; labels stay a partition (see `merge`).

    A subclass writes `redraw`. Notes of the record: those of `redraw` by class, and the classes that are gone.
    """

    class Params(NoiseModel.Params):
        """What is one drawing."""

        mode: Literal["slice", "volume"] = param("slice", help="draw each slice in its plane, or the volume in 3-D")
        axis: int = param(-1, ge=-3, le=2, help="axis of a volume along which its slices lie")

    @abstractmethod
    def redraw(
        self, mask: np.ndarray, spacing: tuple[float, ...], rng: np.random.Generator
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """Redraw one class.

        Parameters
        ----------
        mask
            bool `[parts, *part]`: slices, or one volume; holds at least one voxel.
        spacing
            Of a part, per axis, in the unit of the model's lengths.

        Returns
        -------
        The wrong mask, of the same shape, and facts for the record.
        """

    def lengths(self, spacing: tuple[float, ...]) -> tuple[float, ...]:
        """Spacing in the unit of the model's lengths; millimetres here."""
        return spacing

    def corrupt(
        self, label: np.ndarray, spacing: tuple[float, ...], rng: np.random.Generator, image: np.ndarray
    ) -> Corruption:
        axis = self.params.axis if self.params.mode == "slice" else None
        clean, steps = as_stack(label, axis), self.lengths(part_spacing(spacing, axis))
        masks, notes = {}, {}
        for value in classes_of(label):
            masks[value], notes[str(value)] = self.redraw(clean == value, steps, rng)
        corrupted = np.zeros_like(label)
        as_stack(corrupted, axis)[...] = merge(clean, masks)
        gone = [value for value in masks if not (corrupted == value).any()]
        return Corruption(corrupted, {"classes": notes, "vanished": gone})


class ContourModel(ClassWise):
    """A class-wise model whose parameters are lengths."""

    class Params(ClassWise.Params):
        """The unit of all lengths."""

        unit: Literal["voxel", "mm"] = param("voxel", help="unit of lengths; mm honours anisotropic spacing")

    def lengths(self, spacing: tuple[float, ...]) -> tuple[float, ...]:
        """Spacing in the chosen unit."""
        return spacing if self.params.unit == "mm" else (1.0,) * len(spacing)
