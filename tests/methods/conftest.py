"""Small batches and methods built the way the harness builds them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from nsbench.benchmark.plugin import Batch, Builder, LossMethod, Network, Task
from nsbench.benchmark.plugin.network import Flow
from nsbench.benchmark.registry import Registries

REGISTRIES = Registries()


class Pointwise(Network):
    """One 1 x 1 convolution: a network that costs nothing."""

    def __init__(self, in_channels: int, num_classes: int, ndim: int, params: Any = None) -> None:
        super().__init__(in_channels, num_classes, ndim, params)
        self.layer = (nn.Conv2d if ndim == 2 else nn.Conv3d)(in_channels, num_classes, 1)

    def flow(self, image: Tensor) -> Flow:
        feature = yield "only", self.layer(image)
        return feature


def _batch(
    label: Tensor, ignore: Tensor | None = None, classes: int = 2, channels: int = 1, image: Tensor | None = None
) -> Batch:
    size = len(label)
    if image is None:
        image = torch.randn(size, channels, *label.shape[1:], generator=torch.Generator().manual_seed(3))
    flags = torch.ones(size, dtype=torch.bool)
    return Batch(image, label, ignore, torch.arange(size), flags, ~flags, classes)


def _random_batch(classes: int = 2, shape: tuple[int, ...] = (2, 5, 4), seed: int = 0, ignored: float = 0.0) -> Batch:
    draw = torch.Generator().manual_seed(seed)
    label = torch.randint(0, classes, shape, generator=draw)
    ignore = torch.rand(shape, generator=draw) < ignored if ignored else None
    return _batch(label, ignore, classes)


def _method(name: str, classes: int = 2, ndim: int = 2, **params: Any) -> LossMethod:
    plugin = REGISTRIES.methods.get(name)
    task = Task("task", tuple(f"class{i}" for i in range(1, classes)), ndim=ndim)  # type: ignore[arg-type]
    method: LossMethod = plugin.load()(plugin.validate(params), task, ndim)
    method.setup(Builder(lambda: Pointwise(1, classes, ndim), lambda i: 100 + i))
    return method


def _network(name: str, ndim: int = 2, channels: int = 1, classes: int = 2, **params: Any) -> Network:
    plugin = REGISTRIES.networks.get(name)
    values = {"width": 2, **params}
    network: Network = plugin.load()(channels, classes, ndim, plugin.validate(values))
    return network


def _unet_method(name: str, ndim: int = 2, classes: int = 2, **params: Any) -> Any:
    plugin = REGISTRIES.methods.get(name)
    task = Task("task", tuple("abc"[: classes - 1]), ndim=ndim)  # type: ignore[arg-type]
    method = plugin.load()(plugin.validate(params), task, ndim)
    torch.manual_seed(0)
    method.setup(Builder(lambda: _network("unet", ndim, classes=classes), lambda i: i))
    return method.train()


@pytest.fixture(scope="session")
def make_batch() -> Callable[..., Batch]:
    """`make_batch(label, ignore, classes, channels, image)`."""
    return _batch


@pytest.fixture(scope="session")
def random_batch() -> Callable[..., Batch]:
    """`random_batch(classes, shape, seed, ignored)`: random labels, a fraction ignored."""
    return _random_batch


@pytest.fixture(scope="session")
def make_method() -> Callable[..., LossMethod]:
    """`make_method(name, classes, ndim, **params)`: a method with a one-layer network."""
    return _method


@pytest.fixture(scope="session")
def make_network() -> Callable[..., Network]:
    """`make_network(name, ndim, channels, classes, **params)`: a network, of width 2 unless told."""
    return _network


@pytest.fixture(scope="session")
def make_unet_method() -> Callable[..., Any]:
    """`make_unet_method(name, ndim, classes, **params)`: a method in training mode with a U-Net of width 2."""
    return _unet_method
