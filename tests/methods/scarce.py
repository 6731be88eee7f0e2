"""Methods for scarce labels, built and trained in the tiny world."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from nsbench.benchmark.plugin import Builder
from nsbench.benchmark.registry import Registries
from nsbench.benchmark.testing.trial import context_in, train
from nsbench.benchmark.testing.world import Geometry, make_view
from nsbench.benchmark.training import checkpoint
from nsbench.benchmark.wrapped import method_finder

WORLD = Geometry(2, 2)
VIEW = make_view(WORLD, "scarce")
REGISTRIES = Registries()


def built(name: str, network: str = "unet", ndim: int = 2, geometry: Geometry = WORLD, **params: Any) -> Any:
    """The method with a network of width 2 for the tiny world's task."""
    plugin, net = REGISTRIES.methods.get(name), REGISTRIES.networks.get(network)
    task = geometry.task
    method = plugin.load()(plugin.validate(params), task, ndim)

    def make() -> Any:
        return net.load()(geometry.channels, task.num_classes, ndim, net.validate({"width": 2}))

    method.setup(Builder(make, lambda i: 100 + i, method_finder(REGISTRIES, task, ndim)))
    return method.to(memory_format=torch.channels_last) if ndim == 2 else method


def trained(method: Any, folder: Path, updates: int = 2, view: Any = VIEW) -> dict[str, Any]:
    """Train through all stages in `folder`; the final state."""
    context = context_in(str(folder), WORLD, updates=updates)
    context.checkpoint_seconds = float("inf")
    train(method, view, context)
    return dict(method.state_dict())


def after(folder: Path, stage: str) -> dict[str, Any]:
    """What a stage left: weights or labels."""
    done = checkpoint.load(folder / "stages" / f"{stage}.pt")
    assert done is not None
    found: dict[str, Any] = done.get("method") or done["labels"]
    return found


def same(one: dict[str, Any], other: dict[str, Any], names: Any = None) -> bool:
    """Whether the two hold bit-identical tensors, of the given names or all."""
    chosen = list(one) if names is None else list(names)
    return (names is not None or one.keys() == other.keys()) and all(torch.equal(one[n], other[n]) for n in chosen)
