"""Contracts of methods: what they hand to the harness, predictions and logs."""

from __future__ import annotations

from tempfile import TemporaryDirectory
from typing import Any, get_args

import torch
from torch import Tensor

from ..plugin.method import Knows, Method
from ..registry import Plugin, Registries
from ..training.context import Hooks
from .contract import require
from .trial import build, context_in, home, offered, require_equal, train, view_for
from .world import Geometry, truth_of

_TOLERANCE = 1e-4


def check_knowledge_and_cost_are_declared(plugin: Plugin[Any], registries: Registries) -> None:
    """`knows` is blind, trusted or scarce: it decides what the method is shown; `passes` is positive."""
    knows = plugin.attributes.get("knows", "blind")
    require(knows in get_args(Knows), f"{plugin.name}: knows = {knows!r}; allowed: {', '.join(get_args(Knows))}")
    passes = build(plugin, registries, home(plugin, registries)).passes
    require(passes > 0, f"{plugin.name}: passes = {passes}")


def check_predictions_are_probabilities(plugin: Plugin[Any], registries: Registries) -> None:
    """`predict` gives finite `[B, num_classes, *spatial]`, not negative, summing to 1 over classes; any geometry."""
    for geometry in offered(plugin, registries):
        method = build(plugin, registries, geometry).eval()
        found, where = _predict(method, _image(geometry)), f"{plugin.name}: {geometry}: predict"
        shape = (2, geometry.task.num_classes, *geometry.patch)
        require(found.shape == shape, f"{where} gives shape {tuple(found.shape)}, expected {shape}")
        require(bool(found.isfinite().all()), f"{where} gives NaN or infinite values")
        require(float(found.min()) >= -_TOLERANCE, f"{where} gives negative values: logits?")
        error = float((found.float().sum(1) - 1).abs().max())
        require(error <= _TOLERANCE, f"{where}: classes sum to 1 only within {error:.2g}")


def check_predictions_are_repeatable(plugin: Plugin[Any], registries: Registries) -> None:
    """In eval mode the same image gives the same prediction again, and predicting changes no state."""
    geometry = home(plugin, registries)
    method, image = build(plugin, registries, geometry).eval(), _image(geometry)
    before = {name: value.clone() for name, value in method.state_dict().items()}
    first, second = ({"prediction": _predict(method, image)} for _ in range(2))
    require_equal(first, second, f"{plugin.name}: predicted twice")
    require_equal(before, method.state_dict(), f"{plugin.name}: before and after predicting")


def check_predictions_do_not_depend_on_the_batch(plugin: Plugin[Any], registries: Registries) -> None:
    """An image's prediction does not depend on what else is in the batch: windows are predicted several at once."""
    geometry = home(plugin, registries)
    method, image = build(plugin, registries, geometry).eval(), _image(geometry)
    together, alone = _predict(method, image), _predict(method, image[:1])
    error = float((together[:1] - alone).abs().max())
    require(error <= _TOLERANCE, f"{plugin.name}: a prediction moves by {error:.2g} when another image is beside it")


def check_logs_have_the_right_shapes(plugin: Plugin[Any], registries: Registries) -> None:
    """`log` takes scalars; `log_trust` takes finite weights `[B, *spatial]` or `[B]` of the stage's first batch."""
    geometry = home(plugin, registries)
    method, view = build(plugin, registries, geometry), view_for(plugin, geometry)
    shapes: set[tuple[int, ...]] = set()
    take_logs = method.take_logs

    def watched() -> tuple[dict[str, Tensor], Tensor | None]:
        logged, trust = take_logs()
        bad = [name for name, value in logged.items() if value.numel() != 1]
        require(not bad, f"{plugin.name}: logged values are no scalars: {', '.join(bad)}")
        if trust is not None:
            shapes.add(tuple(trust.shape))
            require(bool(trust.isfinite().all()), f"{plugin.name}: log_trust was given NaN or infinite weights")
        return logged, trust

    method.take_logs = watched  # type: ignore[method-assign]
    with TemporaryDirectory() as folder:
        context = context_in(folder, geometry, Hooks(truth=truth_of(view, geometry, 0)))
        size = context.sampling.batch_size
        train(method, view, context)
    unfit = shapes - {(size,), (size, *geometry.patch)}
    require(not unfit, f"{plugin.name}: log_trust was given weights of shape {unfit}")


def _predict(method: Method, image: Tensor) -> Tensor:
    with torch.no_grad(), torch.random.fork_rng(devices=[]):
        return method.predict(image)


def _image(geometry: Geometry) -> Tensor:
    return torch.randn(2, geometry.channels, *geometry.patch, generator=torch.Generator().manual_seed(0))
