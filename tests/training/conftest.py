"""Tiny views, methods with a network that costs nothing, and their training."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from nsbench.benchmark.plugin import (
    Batch,
    Builder,
    LossMethod,
    Method,
    MethodParams,
    Network,
    Task,
    TrainingCase,
    TrainingView,
)
from nsbench.benchmark.plugin.network import Flow
from nsbench.benchmark.testing.trial import context_in, train
from nsbench.benchmark.testing.world import Geometry, make_view
from nsbench.benchmark.training.context import Hooks, Outcome, TrainContext
from nsbench.benchmark.training.sampler import Sampling

PLANE = Geometry()


class Small(Network):
    """One 3 x 3 convolution."""

    def __init__(self) -> None:
        super().__init__(1, 2, 2, None)  # type: ignore[arg-type]
        self.layer = nn.Conv2d(1, 2, 3, padding=1)

    def flow(self, image: Tensor) -> Flow:
        feature = yield "only", self.layer(image)
        return feature


class CE(LossMethod):
    """Cross entropy over the valid voxels."""

    name = "toy"

    def loss(self, logits: Tensor, batch: Batch) -> Tensor:
        voxels = cross_entropy(logits, batch.label, reduction="none")
        return (voxels * batch.valid).sum() / batch.valid.sum().clamp(min=1)


def _make(method_class: type[Method] = CE, seed: int = 0, **params: Any) -> Any:
    method = method_class(MethodParams(**params), Task("toy", ("thing",), ndim=2), 2)
    method.setup(Builder(Small, lambda i: 100 * seed + i))
    return method


def _view(*labels: np.ndarray, **fields: Any) -> TrainingView:
    cases = []
    for i, label in enumerate(labels):
        image = np.random.default_rng(i).normal(label, 0.5, (1, *label.shape)).astype(np.float32)
        values = {"image": image, "ignore": None, "spacing": (1.0,) * label.ndim} | fields
        cases.append(TrainingCase(f"case{i}", label=label.astype(np.uint8), **values))
    return TrainingView(tuple(cases))


def _sampling(patch: tuple[int, ...], **fields: Any) -> Sampling:
    values = {"batch_size": 2, "foreground": 0.5, "augmentation": "none", "flips": (), "slice_axis": None}
    return Sampling(patch, num_classes=2, **(values | fields))


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def toy() -> type[CE]:
    """Cross entropy with one convolution: a base class for methods of a test's own."""
    return CE


@pytest.fixture(scope="session")
def make() -> Callable[..., Any]:
    """`make(method_class, seed, **params)`: a method, set up."""
    return _make


@pytest.fixture(scope="session")
def view_of() -> Callable[..., TrainingView]:
    """`view_of(*labels, **fields)`: a view of the given labels with images that show them."""
    return _view


@pytest.fixture(scope="session")
def sampling() -> Callable[..., Sampling]:
    """`sampling(patch, **fields)`: two patches a batch, half of them on the foreground, no augmentation."""
    return _sampling


@pytest.fixture(scope="session")
def view() -> TrainingView:
    """Eight labeled cases in 2-D."""
    return make_view(PLANE)


@pytest.fixture
def context(tmp_path: Path) -> Callable[..., TrainContext]:
    """`context(folder, hooks, **budget)`: three updates a stage, files in a folder of the test's."""

    def make_context(folder: str = "cell", hooks: Hooks | None = None, **budget: Any) -> TrainContext:
        return context_in(str(tmp_path / folder), PLANE, hooks, **budget)

    return make_context


@pytest.fixture
def fit(context: Callable[..., TrainContext]) -> Callable[..., Outcome]:
    """`fit(method, view, folder, hooks, **budget)`: train through all stages."""

    def run(method: Method, view: TrainingView, folder: str = "cell", **others: Any) -> Outcome:
        return train(method, view, context(folder, **others))

    return run
