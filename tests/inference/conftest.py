"""A method that looks at one voxel at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from nsbench.benchmark.plugin import Method, MethodParams, Task


class Convolving(Method):
    """Predicts by one convolution of the given kernel size."""

    name = "convolving"

    def __init__(self, ndim: int, kernel: int = 1, classes: int = 3) -> None:
        super().__init__(MethodParams(), Task("toy", ("a", "b")[: classes - 1], ("x", "y"), ndim), ndim)  # type: ignore[arg-type]
        torch.manual_seed(0)
        self.layer = (nn.Conv2d if ndim == 2 else nn.Conv3d)(2, classes, kernel, padding=kernel // 2)
        self.shapes: list[tuple[int, ...]] = []

    def predict(self, image: Tensor) -> Tensor:
        self.shapes.append(tuple(image.shape))
        found: Tensor = self.layer(image).softmax(1)
        return found


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def convolving() -> Callable[..., Any]:
    """`convolving(ndim, kernel, classes)`: a method in eval mode on images of two channels."""
    return lambda *args, **fields: Convolving(*args, **fields).eval()
