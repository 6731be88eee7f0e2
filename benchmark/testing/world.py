"""A tiny world to try plugins in: eight cases, a U-Net of two channels, a few updates."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from ..budget import Budget, resolve_budget
from ..plugin.case import Task
from ..plugin.view import TrainingCase, TrainingView
from ..seeds import stream

CASES = 8
UPDATES = 3
"""Updates of every training stage."""


@dataclass(frozen=True)
class Geometry:
    """Spatial axes, foreground classes and channels of a task."""

    ndim: Literal[2, 3] = 2
    classes: int = 1
    channels: int = 1

    @property
    def patch(self) -> tuple[int, ...]:
        """Smallest patch that built-in networks can halve four times and still normalise."""
        return (32, 16, 16)[: self.ndim]

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of a case: room for different patches."""
        return (36, 20, 16)[: self.ndim]

    @property
    def task(self) -> Task:
        """A task of this geometry."""
        classes = tuple(f"class{i + 1}" for i in range(self.classes))
        channels = tuple(f"channel{i}" for i in range(self.channels))
        return Task("contract", classes, channels, self.ndim, flips=(0,))

    def __str__(self) -> str:
        return f"{self.ndim}-D, {self.classes} foreground class(es), {self.channels} channel(s)"


GEOMETRIES = (Geometry(2, 1, 1), Geometry(2, 3, 1), Geometry(3, 1, 1), Geometry(3, 3, 2))


def make_view(geometry: Geometry, knows: str = "blind", labeled: int | None = None) -> TrainingView:
    """Eight cases as a method of that knowledge sees them.

    Parameters
    ----------
    knows
        `trusted`: the first half is known to be clean; `scarce`: it is also all that is labeled.
    labeled
        How many cases have a label, whatever the method knows.
    """
    count = labeled if labeled is not None else CASES // 2 if knows == "scarce" else CASES
    trusted = 0 if knows == "blind" else min(count, CASES // 2)
    return TrainingView(tuple(_case(i, geometry, i < count, i < trusted) for i in range(CASES)))


def truth_of(view: TrainingView, geometry: Geometry, seed: int) -> dict[str, np.ndarray]:
    """Random "clean" labels by case id."""
    return {case.id: noise_label(case, geometry, seed) for case in view.cases}


def noise_label(case: TrainingCase, geometry: Geometry, seed: int) -> np.ndarray:
    """A label uint8 `[*spatial]` of independent random voxels."""
    rng = stream(seed, "contract-noise", case.id)
    return rng.integers(0, geometry.classes + 1, geometry.shape, dtype=np.uint8)


def with_ignored(view: TrainingView, share: float) -> TrainingView:
    """The view with the given share of voxels, drawn at random, to be ignored."""
    rng = stream(0, "contract-ignored")
    return TrainingView(tuple(replace(case, ignore=rng.random(case.label.shape) < share) for case in view.cases))


def small_budget(geometry: Geometry, **fields: Any) -> Budget:
    """Three updates for every stage, batches of two patches."""
    values = {
        "updates": UPDATES,
        "accounting": "per-stage",
        "batch_size": 2,
        "patch": geometry.patch,
        "width": 2,
        "precision": "fp32",
    }
    return resolve_budget("smoke", geometry.ndim, values | fields)


def _case(index: int, geometry: Geometry, labeled: bool, trusted: bool) -> TrainingCase:
    rng = stream(0, "contract-case", index)
    label = np.zeros(geometry.shape, dtype=np.uint8)
    for value in range(1, geometry.classes + 1):
        corner = [int(rng.integers(side // 2)) for side in geometry.shape]
        label[tuple(slice(c, c + side // 3) for c, side in zip(corner, geometry.shape))] = value
    image = rng.normal(label, 0.5, (geometry.channels, *geometry.shape)).astype(np.float32)
    return TrainingCase(
        id=f"case{index}",
        image=image,
        label=label if labeled else np.zeros_like(label),
        ignore=None,
        spacing=(1.0, 1.5, 2.0)[: geometry.ndim],
        labeled=labeled,
        trusted=trusted,
    )
