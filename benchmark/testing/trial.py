"""Building and training a method in the tiny world, the way the harness does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from torch import Tensor

from ..errors import UserError
from ..plugin.method import Builder, Method
from ..plugin.network import Network
from ..plugin.view import TrainingView
from ..registry import Plugin, Registries
from ..seeds import stream_seed
from ..training.context import Hooks, Outcome, TrainContext
from ..training.sampler import Sampling
from ..training.trainer import Trainer
from ..wrapped import method_finder
from .contract import NotApplicable, require
from .world import GEOMETRIES, Geometry, make_view, small_budget

NETWORK = "unet"
CPU = torch.device("cpu")
_REFERENCES: dict[str, dict[str, Tensor]] = {}
_REPEATABLE: dict[str, bool] = {}


def build(plugin: Plugin[Any], registries: Registries, geometry: Geometry, seed: int = 0) -> Method:
    """The method with its default parameters and a U-Net of width 2.

    Raises
    ------
    UserError
        The method refuses the geometry.
    """
    network = registries.networks.get(NETWORK)
    network_class: type[Network] = network.load()
    width = network_class.Params(width=2)
    task = geometry.task

    def make() -> Network:
        return network_class(geometry.channels, task.num_classes, geometry.ndim, width)

    method_class: type[Method] = plugin.load()
    method = method_class(plugin.load().Params(), task, geometry.ndim)
    find = method_finder(registries, task, geometry.ndim)
    method.setup(Builder(make, lambda i: stream_seed(seed, "initialisation", i), find))
    layout = torch.channels_last if geometry.ndim == 2 else torch.channels_last_3d
    return method.to(memory_format=layout)  # type: ignore[call-overload, no-any-return]


def offered(plugin: Plugin[Any], registries: Registries) -> Iterator[Geometry]:
    """The geometries that the method does not refuse with a UserError; AssertionError when it refuses all."""
    refusals = []
    for geometry in GEOMETRIES:
        try:
            build(plugin, registries, geometry)
        except UserError as error:
            refusals.append(f"{geometry}: {error}")
        else:
            yield geometry
    require(len(refusals) < len(GEOMETRIES), f"method {plugin.name} refuses every geometry: {'; '.join(refusals)}")


def home(plugin: Plugin[Any], registries: Registries) -> Geometry:
    """The simplest geometry that the method offers."""
    return next(offered(plugin, registries))


def view_for(plugin: Plugin[Any], geometry: Geometry, labeled: int | None = None) -> TrainingView:
    """The tiny world's cases as the method may see them."""
    return make_view(geometry, plugin.attributes.get("knows", "blind"), labeled)


def context_in(folder: str, geometry: Geometry, hooks: Hooks | None = None, **budget: Any) -> TrainContext:
    """A training context on the CPU that keeps its files in `folder` and checkpoints after every update."""
    chosen, task = small_budget(geometry, **budget), geometry.task
    sampling = Sampling(
        patch=chosen.patch,
        batch_size=chosen.batch_size,
        foreground=chosen.foreground,
        augmentation=chosen.augmentation,
        flips=task.flips,
        slice_axis=None,
        num_classes=task.num_classes,
    )
    return TrainContext(chosen, sampling, CPU, 0, Path(folder), hooks or Hooks(), checkpoint_seconds=0.0)


def train(method: Method, view: TrainingView, context: TrainContext) -> Outcome:
    """Train through all stages, leaving torch's global generator as it was."""
    with torch.random.fork_rng(devices=[]):
        return Trainer(context).fit(method, view)


def trained_state(
    plugin: Plugin[Any],
    registries: Registries,
    geometry: Geometry,
    view: TrainingView,
    hooks: Hooks | None = None,
    **budget: Any,
) -> dict[str, Tensor]:
    """The `state_dict` of a newly built method after its training."""
    method = build(plugin, registries, geometry)
    with TemporaryDirectory() as folder:
        context = context_in(folder, geometry, hooks, **budget)
        context.checkpoint_seconds = float("inf")
        train(method, view, context)
    return method.state_dict()


def reference_state(plugin: Plugin[Any], registries: Registries) -> dict[str, Tensor]:
    """`trained_state` on the usual view in the simplest geometry; kept, because several contracts compare with it."""
    key = f"{plugin.kind} {plugin.name} {plugin.digest}"
    if key not in _REFERENCES:
        geometry = home(plugin, registries)
        _REFERENCES[key] = trained_state(plugin, registries, geometry, view_for(plugin, geometry))
    return _REFERENCES[key]


def require_repeatable(plugin: Plugin[Any], registries: Registries) -> None:
    """NotApplicable for a method whose two equal trainings differ: whatever is compared then says nothing."""
    key = f"{plugin.kind} {plugin.name} {plugin.digest}"
    if key not in _REPEATABLE:
        geometry = home(plugin, registries)
        again = trained_state(plugin, registries, geometry, view_for(plugin, geometry))
        first = reference_state(plugin, registries)
        _REPEATABLE[key] = first.keys() == again.keys() and all(_identical(first[name], again[name]) for name in first)
    if not _REPEATABLE[key]:
        raise NotApplicable("two equal trainings differ: see training-is-deterministic")


def require_equal(expected: Mapping[str, Tensor], found: Mapping[str, Tensor], message: str) -> None:
    """AssertionError naming the first tensors that are not bit-identical."""
    absent = set(expected) ^ set(found)
    require(not absent, f"{message}: only one of the two holds {', '.join(sorted(absent))}")
    differ = [name for name, value in expected.items() if not _identical(value, found[name])]
    require(not differ, f"{message}: {len(differ)} tensors differ, {', '.join(differ[:3])} among them")


def _identical(a: Tensor, b: Tensor) -> bool:
    """Bit-identical; a NaN equals a NaN, so that buffers may start as NaN."""
    return a.shape == b.shape and a.dtype == b.dtype and bool(((a == b) | ((a != a) & (b != b))).all())
