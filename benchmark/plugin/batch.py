"""The batch that a method's step receives."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor
from torch.nn.functional import one_hot


@dataclass
class Batch:
    """Patches of B cases, already augmented and on the training device.

    Attributes
    ----------
    image
        float `[B, C, *spatial]`.
    label
        int64 `[B, *spatial]`, observed labels, 0..num_classes - 1.
    ignore
        bool `[B, *spatial]`, voxels to leave out; None for none.
    case
        int64 `[B]`, index of each patch's case in the stage's view.
    labeled, trusted
        bool `[B]`, see `TrainingCase`.
    num_classes
        Background included.
    slice_axis
        Spatial axis of the volumes that these slices were cut along; None for what was not cut.
    """

    image: Tensor
    label: Tensor
    ignore: Tensor | None
    case: Tensor
    labeled: Tensor
    trusted: Tensor
    num_classes: int
    slice_axis: int | None = None

    @cached_property
    def one_hot(self) -> Tensor:
        """float32 `[B, num_classes, *spatial]`."""
        return one_hot(self.label, self.num_classes).movedim(-1, 1).float()

    @cached_property
    def valid(self) -> Tensor:
        """float32 `[B, *spatial]`: 1 where the loss may look, 0 on ignored voxels."""
        if self.ignore is None:
            return torch.ones_like(self.label, dtype=torch.float32)
        return (~self.ignore).float()
