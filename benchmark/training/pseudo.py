"""The model that makes pseudo-labels: trained like a cell's, on the CPU, and the same on any number of cores."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch

from ..budget import Budget, resolve_budget
from ..data.pseudo import PseudoLabels
from ..inference.predict import predict_label
from ..plugin.method import Builder, Method
from ..plugin.network import Network
from ..seeds import stream_seed
from .context import TrainContext
from .resident import tensor_of
from .sampler import Sampling
from .trainer import Trainer

CPU = torch.device("cpu")
LEAST_SIDE = 32
"""Of a patch, in voxels: smaller ones leave built-in networks too little to normalise."""


def predicted(labels: PseudoLabels, folder: Path) -> list[tuple[str, np.ndarray]]:
    """Train the model in `folder`; id and label uint8 `[*spatial]` of every case to be labeled."""
    with _reproducible():
        method = _build(labels)
        budget = _budget(labels, method)
        Trainer(TrainContext(budget, _sampling(labels, budget), CPU, labels.seed, folder)).fit(method, labels.view)
        method.eval()
        return [
            (case_id, predict_label(method, tensor_of(image), budget, None, CPU).numpy())
            for case_id, image in labels.images.items()
        ]


@contextmanager
def _reproducible() -> Iterator[None]:
    """Deterministic kernels on one thread; torch's global state is afterwards as it was."""
    threads, deterministic = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    warn_only = torch.is_deterministic_algorithms_warn_only_enabled()
    with torch.random.fork_rng(devices=[]):
        torch.set_num_threads(1)
        torch.use_deterministic_algorithms(True, warn_only=True)
        try:
            yield
        finally:
            torch.set_num_threads(threads)
            torch.use_deterministic_algorithms(deterministic, warn_only=warn_only)


def _build(labels: PseudoLabels) -> Method:
    task = labels.task
    network_class: type[Network] = labels.network.load()
    params = network_class.Params(width=labels.params.width)

    def make() -> Network:
        return network_class(len(task.channels), task.num_classes, task.ndim, params)

    method_class: type[Method] = labels.method.load()
    method = method_class(method_class.Params(), task, task.ndim)
    method.setup(Builder(make, lambda i: stream_seed(labels.seed, "initialisation", i)))
    return method


def _budget(labels: PseudoLabels, method: Method) -> Budget:
    """The quick budget with the noise model's parameters, in full precision, its patch no larger than the cases."""
    p, ndim = labels.params, labels.task.ndim
    divisor = max(part.divisor for part in method.modules() if isinstance(part, Network))
    images = [*labels.images.values(), *(case.image for case in labels.view.cases)]
    longest = [max(sides) for sides in zip(*(image.shape[1:] for image in images))]
    sides = zip(resolve_budget("quick", ndim).patch, longest)
    patch = tuple(_rounded_up(min(usual, max(side, LEAST_SIDE)), divisor) for usual, side in sides)
    learning = {"updates": p.updates, "width": p.width, "learning_rate": p.learning_rate, "precision": "fp32"}
    return resolve_budget("quick", ndim, {**learning, "patch": patch})


def _rounded_up(side: int, divisor: int) -> int:
    return -(-side // divisor) * divisor


def _sampling(labels: PseudoLabels, budget: Budget) -> Sampling:
    return Sampling(
        patch=budget.patch,
        batch_size=budget.batch_size,
        foreground=budget.foreground,
        augmentation=budget.augmentation,
        flips=labels.task.flips,
        slice_axis=None,
        num_classes=labels.task.num_classes,
    )
