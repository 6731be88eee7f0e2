"""Predicting whole cases: Gaussian-blended sliding windows, or slices of a volume."""

from __future__ import annotations

import numpy as np
import torch
from monai.inferers.utils import sliding_window_inference
from torch import Tensor

from ..budget import Budget
from ..data.placement import Placement
from ..plugin.method import Method

SLICES_AT_ONCE = 16
WINDOWS_AT_ONCE = 4


@torch.no_grad()
def predict_probabilities(
    method: Method, image: Tensor, budget: Budget, slice_axis: int | None, device: torch.device
) -> Tensor:
    """Class probabilities float32 `[num_classes, *spatial]` of one image `[C, *spatial]`.

    Images smaller than the patch are padded. With `slice_axis`, the slices along that axis are
    predicted by a 2-D network and stacked. The method must be in eval mode.
    """
    image = image.to(device)
    # what lies beyond the image is padded as in training
    outside = float(image.min())
    if slice_axis is None:
        return _windows(method, image[None], budget, outside)[0]
    slices = image.movedim(slice_axis + 1, 0)
    stacked = torch.cat([_windows(method, part, budget, outside) for part in torch.split(slices, SLICES_AT_ONCE)])
    return stacked.movedim(0, slice_axis + 1)


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


def _windows(method: Method, images: Tensor, budget: Budget, outside: float) -> Tensor:
    def predictor(window: Tensor) -> Tensor:
        shape = torch.channels_last if window.ndim == 4 else torch.channels_last_3d
        with autocast(window.device.type, budget):
            return method.predict(window.contiguous(memory_format=shape)).float()

    found = sliding_window_inference(
        images, budget.patch, WINDOWS_AT_ONCE, predictor, overlap=budget.overlap, mode="gaussian", cval=outside
    )
    assert isinstance(found, Tensor)
    return found
