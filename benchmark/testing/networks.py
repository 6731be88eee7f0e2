"""Contracts of networks."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from ..plugin.network import Network
from ..registry import Plugin, Registries
from .contract import require
from .trial import require_equal
from .world import GEOMETRIES, Geometry

_WIDTH = 2
_SIDE = 16
_TOLERANCE = 1e-4


def check_logits_fit_every_geometry(plugin: Plugin[Any], registries: Registries) -> None:
    """Any number of channels and classes, 2-D and 3-D as declared: logits `[B, num_classes, *spatial]`, finite.

    In float32 and in bfloat16 autocast, with any sides that are multiples of `divisor`.
    """
    for geometry in _geometries(plugin):
        network = _build(plugin, geometry).eval()
        for precise in (True, False):
            with torch.no_grad(), torch.autocast("cpu", torch.bfloat16, enabled=not precise):
                image = _image(network, geometry)
                logits = network(image)
            expected = (len(image), geometry.task.num_classes, *image.shape[2:])
            require(logits.shape == expected, f"{plugin.name}: {geometry}: {tuple(logits.shape)}, expected {expected}")
            require(bool(logits.isfinite().all()), f"{plugin.name}: {geometry}: NaN or infinite logits")


def check_forward_is_the_flow(plugin: Plugin[Any], registries: Registries) -> None:
    """Calling the network and driving its `flow` by hand give the same logits: schemes use either."""
    for geometry in _geometries(plugin):
        network = _build(plugin, geometry).eval()
        image = _image(network, geometry)
        called, driven = {"logits": network(image)}, {"logits": _drive(network, image)}
        require_equal(called, driven, f"{plugin.name}: {geometry}: forward and flow")


def check_flow_stops_at_the_declared_stages(plugin: Plugin[Any], registries: Registries) -> None:
    """`flow` stops once at each of `feature_stages`, in order, with `[B, channels, *spatial]` no larger than the image.

    Other schemes name these stages.
    """
    declared = tuple(plugin.load().feature_stages)
    for geometry in _geometries(plugin):
        network = _build(plugin, geometry).eval()
        image = _image(network, geometry)
        *stops, _ = _stops(network, image)
        names = tuple(name for name, _ in stops)
        require(names == declared, f"{plugin.name}: {geometry}: flow stops at {names}, declared {declared}")
        for name, feature in stops:
            fits = feature.ndim == image.ndim and all(f <= i for f, i in zip(feature.shape[2:], image.shape[2:]))
            require(fits, f"{plugin.name}: {geometry}: feature {name} has shape {tuple(feature.shape)}")


def check_replaced_features_count(plugin: Plugin[Any], registries: Registries) -> None:
    """What is sent into `flow` at a stage replaces its feature: `feature = yield name, feature`."""
    geometry = next(_geometries(plugin))
    network = _build(plugin, geometry).eval()
    image = _image(network, geometry)
    usual = network(image)
    for name in network.feature_stages:
        changed = _drive(network, image, replaced=name)
        require(not torch.equal(usual, changed), f"{plugin.name}: a feature sent into stage {name} is not used")


def check_gradients_reach_all_parameters(plugin: Plugin[Any], registries: Registries) -> None:
    """Every parameter takes part in the logits; an idle one costs memory and breaks parameter counts."""
    for geometry in _geometries(plugin):
        network = _build(plugin, geometry).train()
        network(_image(network, geometry)).square().sum().backward()
        idle = [name for name, parameter in network.named_parameters() if parameter.grad is None]
        require(not idle, f"{plugin.name}: {geometry}: no gradient reaches {', '.join(idle[:5])}")


def check_initialisation_comes_from_the_seed(plugin: Plugin[Any], registries: Registries) -> None:
    """The same seed gives the same weights, another seed others: draw from torch's generator only."""
    geometry = next(_geometries(plugin))
    first, second, other = (_build(plugin, geometry, seed).state_dict() for seed in (0, 0, 1))
    require_equal(first, second, f"{plugin.name}: built twice from one seed")
    same = all(torch.equal(value, other[name]) for name, value in first.items())
    require(not same, f"{plugin.name}: another seed gives the same weights")


def check_checkpoints_round_trip(plugin: Plugin[Any], registries: Registries) -> None:
    """Weights saved and read back (`weights_only`) into another instance give the same logits in eval mode."""
    geometry = next(_geometries(plugin))
    network, other = _build(plugin, geometry, 0), _build(plugin, geometry, 1)
    image = _image(network, geometry)
    network.train()(image)
    stream = io.BytesIO()
    torch.save(network.state_dict(), stream)
    stream.seek(0)
    other.load_state_dict(torch.load(stream, weights_only=True))
    with torch.no_grad():
        logits = [{"logits": each.eval()(image)} for each in (network, other, network)]
    require_equal(logits[0], logits[1], f"{plugin.name}: a network and its copy by way of a file")
    require_equal(logits[0], logits[2], f"{plugin.name}: called twice in eval mode")


def check_logits_do_not_depend_on_the_batch(plugin: Plugin[Any], registries: Registries) -> None:
    """In eval mode an image's logits do not depend on what else is in the batch."""
    geometry = next(_geometries(plugin))
    network = _build(plugin, geometry).eval()
    image = _image(network, geometry)
    with torch.no_grad():
        error = float((network(image)[:1] - network(image[:1])).abs().max())
    require(error <= _TOLERANCE, f"{plugin.name}: logits move by {error:.2g} when another image is beside")


def _geometries(plugin: Plugin[Any]) -> Iterator[Geometry]:
    ndims = plugin.load().ndims
    yield from (geometry for geometry in GEOMETRIES if geometry.ndim in ndims)


def _build(plugin: Plugin[Any], geometry: Geometry, seed: int = 0) -> Network:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        params = plugin.load().Params(width=_WIDTH)
        network: Network = plugin.load()(geometry.channels, geometry.task.num_classes, geometry.ndim, params)
    return network


def _image(network: Network, geometry: Geometry) -> Tensor:
    """Sides that are the smallest multiples of the divisor from 16 on, the first one twice as long."""
    side = -(-_SIDE // network.divisor) * network.divisor
    shape = (2, geometry.channels, 2 * side, *[side] * (geometry.ndim - 1))
    return torch.randn(shape, generator=torch.Generator().manual_seed(0))


def _stops(network: Network, image: Tensor, replaced: str = "") -> Iterator[tuple[str, Tensor]]:
    """Every stop of the flow, then the logits under the name ``""``; one feature may be replaced."""
    flow = network.flow(image)
    try:
        name, feature = next(flow)
        while True:
            yield name, feature
            name, feature = flow.send(feature.flip(-1) + 1 if name == replaced else feature)
    except StopIteration as end:
        yield "", end.value


@torch.no_grad()
def _drive(network: Network, image: Tensor, replaced: str = "") -> Tensor:
    *_, (_, logits) = _stops(network, image, replaced)
    return logits
