"""Predicting whole cases: Gaussian-blended sliding windows, or slices of a volume."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import torch
from monai.inferers.utils import sliding_window_inference
from torch import Tensor

from ..budget import Budget
from ..data.placement import Placement
from ..plugin.method import Method

SLICES_AT_ONCE = 16
WINDOWS_AT_ONCE = 4

TIE_BREAK = 1e-3
"""Weight of the probabilities beside a hard vote: decides ties without overruling a vote."""

Predict = Callable[[Tensor], Tensor]
"""Class probabilities `[B, num_classes, *spatial]` of images `[B, C, *spatial]`."""


@torch.no_grad()
def predict_probabilities(
    method: Method, image: Tensor, budget: Budget, slice_axis: int | None, device: torch.device
) -> Tensor:
    """Class probabilities float32 `[num_classes, *spatial]` of one image `[C, *spatial]`.

    Images smaller than the patch are padded. With `slice_axis`, the slices along that axis are
    predicted by a 2-D network and stacked; those along each of the method's `slice_axes` where it has any.
    The method must be in eval mode.
    """
    axes = predicted_axes(method, slice_axis)
    return majority([probabilities_along(method, image, budget, axis, device) for axis in axes])


def predicted_axes(method: Method, slice_axis: int | None) -> Sequence[int | None]:
    """The axes that a case is predicted along: the cell's alone, or each of the method's own."""
    return method.slice_axes if method.slice_axes and slice_axis is not None else (slice_axis,)


@torch.no_grad()
def probabilities_along(
    method: Method, image: Tensor, budget: Budget, slice_axis: int | None, device: torch.device
) -> Tensor:
    """As `predict_probabilities`, along one axis alone: the cell's, or one of the method's own."""
    image = image.to(device)
    if slice_axis is None:
        # what lies beyond the image is padded as in training
        return _windows(method.predict, image[None], budget, float(image.min()))[0]
    predict = partial(method.predict_along, axis=slice_axis) if method.slice_axes else method.predict
    return _stacked(predict, image, budget, slice_axis)


def majority(along: Sequence[Tensor]) -> Tensor:
    """The vote of the predictions along several axes, as shares of 1; a single one as it is."""
    if len(along) == 1:
        return along[0]
    return torch.stack([hard_vote(found) for found in along]).mean(0) / (1 + TIE_BREAK)


def hard_vote(probabilities: Tensor) -> Tensor:
    """A vote `[num_classes, *spatial]` for the most probable class, with so little of the rest as breaks ties."""
    chosen = torch.zeros_like(probabilities).scatter_(0, probabilities.argmax(0, keepdim=True), 1.0)
    return chosen + probabilities * TIE_BREAK


def _stacked(predict: Predict, image: Tensor, budget: Budget, axis: int) -> Tensor:
    slices, outside = image.movedim(axis + 1, 0), float(image.min())
    parts = [_windows(predict, part, budget, outside) for part in torch.split(slices, SLICES_AT_ONCE)]
    return torch.cat(parts).movedim(0, axis + 1)


def autocast(device_type: str, budget: Budget) -> torch.autocast:
    """The precision of the budget, for training and prediction alike."""
    dtype = torch.float16 if budget.precision == "fp16" else torch.bfloat16
    return torch.autocast(device_type, dtype=dtype, enabled=budget.precision != "fp32")


def predict_label(
    method: Method, image: Tensor, budget: Budget, slice_axis: int | None, device: torch.device
) -> Tensor:
    """Most probable class uint8 `[*spatial]`."""
    return predict_probabilities(method, image, budget, slice_axis, device).argmax(0).to(torch.uint8)


def predict_original(
    method: Method,
    image: Tensor,
    placement: Placement | None,
    budget: Budget,
    slice_axis: int | None,
    device: torch.device,
) -> np.ndarray:
    """Most probable class uint8 `[*original]` of a prepared image, on the grid that it was prepared from."""
    if placement is None:
        return predict_label(method, image, budget, slice_axis, device).cpu().numpy()
    probabilities = predict_probabilities(method, image, budget, slice_axis, device)
    return placement.restore(probabilities.cpu().numpy())


def _windows(predict: Predict, images: Tensor, budget: Budget, outside: float) -> Tensor:
    def predictor(window: Tensor) -> Tensor:
        shape = torch.channels_last if window.ndim == 4 else torch.channels_last_3d
        with autocast(window.device.type, budget):
            return predict(window.contiguous(memory_format=shape)).float()

    found = sliding_window_inference(
        images, budget.patch, WINDOWS_AT_ONCE, predictor, overlap=budget.overlap, mode="gaussian", cval=outside
    )
    assert isinstance(found, Tensor)
    return found
