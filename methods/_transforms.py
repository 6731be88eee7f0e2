"""Quarter turns and mirrorings of what a network is fed with."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain, combinations

import torch
from torch import Tensor

from ..benchmark.plugin import Batch, Task

Turns = tuple[int, ...]
Flips = tuple[tuple[int, ...], ...]

TRANSFORMS: dict[str, tuple[Turns, Flips]] = {
    "none": ((0,), ((),)),
    "square": ((0, 1, 2, 3), ((), (0,))),
    "rotations-and-flips": ((0, 1, 2, 3), ((), (0,), (1,))),
}
"""Quarter turns in the plane of the first two axes, and the sets of axes mirrored before each of them."""


def transforms_of(name: str, task: Task, ndim: int) -> tuple[Turns, Flips]:
    """A named set; `flips` are all mirrorings that the task calls plausible, of the axes that a network is fed with."""
    if name != "flips":
        return TRANSFORMS[name]
    axes = [axis for axis in task.flips if axis < ndim]
    return (0,), tuple(chain.from_iterable(combinations(axes, count) for count in range(len(axes) + 1)))


def randomly_transformed(batch: Batch, turns: Turns, flips: Flips) -> Batch:
    """The batch after one of the transforms, drawn from torch's generator; the same for all of its images."""
    turn = turns[int(torch.randint(len(turns), ()))]
    mirrored = flips[int(torch.randint(len(flips), ()))]

    def moved(values: Tensor, first: int) -> Tensor:
        values = values.flip([axis + first for axis in mirrored]) if mirrored else values
        return values.rot90(turn, (first, first + 1)) if turn else values

    return replace(
        batch,
        image=moved(batch.image, 2),
        label=moved(batch.label, 1),
        ignore=None if batch.ignore is None else moved(batch.ignore, 1),
    )
