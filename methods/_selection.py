"""Which voxels a network learns from: those with the smallest loss, and how many of them."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor


def forget_rate(progress: float, tau: float, start: float, ramp: float, exponent: float) -> float:
    """1 - R of Han et al. (2018): 0 up to `start`, from there rising to `tau` within `ramp`.

    With c = `exponent`, 1 - R(T) = tau * min(T^c / T_k, 1) depends on the unit of T unless c = 1. Here T / T_k,
    both as fractions of training, is raised to c as a whole, so that tau is reached after `ramp` for every c.
    """
    done = min(max((progress - start) / ramp, 0.0), 1.0)
    return tau * float(done**exponent)


def smallest(scores: Tensor, candidates: Tensor, share: float) -> Tensor:
    """1 on the `share` of the candidates with the smallest scores, else 0; float32, shaped as `scores`.

    Parameters
    ----------
    scores
        Any shape.
    candidates
        As `scores`, 1 where an element may be selected.
    share
        In (0, 1]. Rounded to whole elements, but at least one while there is a candidate.
    """
    if share >= 1:
        return candidates
    available = int(candidates.count_nonzero())
    selected = torch.zeros_like(candidates).flatten()
    if available:
        count = max(round(share * available), 1)
        ranked = scores.masked_fill(candidates == 0, float("inf")).flatten()
        selected[ranked.topk(count, largest=False, sorted=False).indices] = 1
    return selected.view_as(candidates)


def smallest_of_each_class(scores: Tensor, label: Tensor, candidates: Tensor, share: float, num_classes: int) -> Tensor:
    """As `smallest`, the share taken of each labeled class by itself; all tensors `[B, *spatial]`."""
    classes = (smallest(scores, candidates * (label == value), share) for value in range(num_classes))
    return torch.stack(list(classes)).sum(0)


def smallest_units(
    loss: Tensor, valid: Tensor, share: float, granularity: Literal["slice", "image"], slice_axis: int
) -> Tensor:
    """1 on the valid voxels of the slices, or images, whose mean loss is smallest among those of the batch.

    Parameters
    ----------
    loss, valid
        `[B, *spatial]`; means run over the valid voxels, and units without any are no candidates.
    share
        Fraction of the units, see `smallest`.
    slice_axis
        Spatial axis that counts the slices of a 3-D image, 0..2; a 2-D image is one slice.
    """
    axes = [axis for axis in range(1, loss.ndim) if granularity == "image" or loss.ndim == 3 or axis != slice_axis + 1]
    voxels = valid.sum(axes, keepdim=True)
    means = (loss * valid).sum(axes, keepdim=True) / voxels.clamp(min=1)
    return smallest(means, (voxels > 0).float(), share) * valid
