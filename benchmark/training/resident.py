"""Training cases as tensors that stay on the training device."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import pad

from ..plugin.view import TrainingView

MAX_ANCHORS = 4096


@dataclass
class ResidentCase:
    """One case on the device, at least as large as a patch.

    Attributes
    ----------
    image, label, ignore
        float `[C, *spatial]`, uint8 `[*spatial]`, bool `[*spatial]` or None.
    anchors
        int64 `[n, ndim]`: foreground voxels of the observed label, not ignored, that patches may be centred on.
    margin
        Voxels that were padded in front of each axis.
    """

    image: Tensor
    label: Tensor
    ignore: Tensor | None
    anchors: np.ndarray
    margin: tuple[int, ...]


def make_resident(
    view: TrainingView, patch: Sequence[int], device: torch.device, rng: np.random.Generator
) -> list[ResidentCase]:
    """Move a view to the device. On the CPU a case that needs no padding is not copied."""
    return [
        _resident(c.image, np.asarray(c.label), c.ignore if c.labeled else None, patch, device, rng, anchored=c.labeled)
        for c in view.cases
    ]


def _resident(
    image: np.ndarray,
    label: np.ndarray,
    ignore: np.ndarray | None,
    patch: Sequence[int],
    device: torch.device,
    rng: np.random.Generator,
    anchored: bool,
) -> ResidentCase:
    lacking = [max(p - s, 0) for p, s in zip(patch, label.shape)]
    before = tuple(n // 2 for n in lacking)
    after = tuple(n - b for n, b in zip(lacking, before))
    if any(lacking) and ignore is None:
        ignore = np.zeros(label.shape, dtype=bool)
    edge = float(image.min()) if any(lacking) else 0.0
    anchors = _foreground(label, ignore) + np.asarray(before) if anchored else np.zeros((0, label.ndim), int)
    if len(anchors) > MAX_ANCHORS:
        anchors = anchors[rng.permutation(len(anchors))[:MAX_ANCHORS]]
    return ResidentCase(
        image=padded(tensor_of(image), before, after, edge).to(device),
        label=padded(tensor_of(label), before, after, 0).to(device),
        ignore=None if ignore is None else padded(tensor_of(ignore), before, after, True).to(device),
        anchors=anchors,
        margin=before,
    )


def _foreground(label: np.ndarray, ignore: np.ndarray | None) -> np.ndarray:
    return np.argwhere(label > 0 if ignore is None else (label > 0) & ~ignore)


def tensor_of(array: np.ndarray) -> Tensor:
    """A tensor on the array's memory. Prepared arrays are mapped copy-on-write, so workers share their pages."""
    return torch.from_numpy(np.asarray(array))


def padded(tensor: Tensor, before: Sequence[int], after: Sequence[int], value: float) -> Tensor:
    """Pad the last axes with a constant; the tensor itself when there is nothing to pad."""
    if not any(before) and not any(after):
        return tensor
    sides = [n for b, a in zip(reversed(before), reversed(after)) for n in (b, a)]
    return pad(tensor, sides, value=value)
