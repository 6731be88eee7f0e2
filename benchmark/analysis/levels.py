"""Features of a network's stages beside the labels of the same places."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d, adaptive_avg_pool3d, one_hot, pad

from ..budget import Budget
from ..data.prepare import PreparedCase
from ..inference.predict import autocast
from ..plugin.method import Method
from ..plugin.network import Network
from ..training.resident import tensor_of
from .regression import Moments, total

AT_ONCE = 8
"""Patches that a network is shown together."""


def predicting_networks(method: Method, image: Tensor, axis: int | None) -> list[Network]:
    """The networks that take part in a prediction; all of them where they are not called as a whole.

    Parameters
    ----------
    image
        `[1, C, *spatial]`.
    axis
        That slices were cut along.
    """
    found: list[Network] = []
    every = [part for part in method.modules() if isinstance(part, Network)]
    hooks = [network.register_forward_pre_hook(lambda module, _: found.append(module)) for network in every]  # type: ignore[arg-type]
    with torch.no_grad():
        method.predict_along(image, axis) if method.slice_axes and axis is not None else method.predict(image)
    for hook in hooks:
        hook.remove()
    return list(dict.fromkeys(found)) or every


@torch.no_grad()
def encoder_levels(network: Network, image: Tensor) -> list[str]:
    """Feature stages of the encoder: all up to the last of those with the coarsest grid."""
    sizes = {name: feature[0, 0].numel() for name, feature in network.features(image).items()}
    names, coarsest = list(sizes), min(sizes.values(), default=0)
    last = max((i for i, name in enumerate(names) if sizes[name] == coarsest), default=-1)
    return names[: last + 1]


def level_moments(
    networks: list[Network],
    case: PreparedCase,
    num_classes: int,
    budget: Budget,
    axis: int | None,
    device: torch.device,
) -> list[dict[str, Moments]]:
    """Per network, the moments of one case at each feature stage.

    The image is cut into patches like those of training, side by side. A voxel of a feature map has as targets the
    shares of the foreground classes in the voxels that it stands for; those mostly ignored or outside are left out.
    """
    sums: list[dict[str, list[Moments]]] = [{} for _ in networks]
    for image, label, valid in _patches(case, budget.patch, axis):
        shares = one_hot(label.long(), num_classes)[..., 1:].movedim(-1, 1).float() * valid[:, None]
        for network, levels in zip(networks, sums):
            with torch.no_grad(), autocast(device.type, budget):
                features = network.features(image.to(device))
            for name, feature in features.items():
                levels.setdefault(name, []).append(_moments(feature.float().cpu(), shares, valid))
    return [{name: total(parts) for name, parts in levels.items()} for levels in sums]


def _moments(feature: Tensor, shares: Tensor, valid: Tensor) -> Moments:
    grid = feature.shape[2:]
    weight = _pooled(valid[:, None], grid)
    target = _pooled(shares, grid) / weight.clamp(min=1e-6)
    counts = weight[:, 0] > 0.5
    rows = [values.movedim(1, -1)[counts].numpy() for values in (feature, target)]
    return Moments.of(*rows)


def _pooled(values: Tensor, grid: torch.Size) -> Tensor:
    pool = adaptive_avg_pool2d if len(grid) == 2 else adaptive_avg_pool3d
    return pool(values, tuple(grid))  # type: ignore[arg-type]


def _patches(case: PreparedCase, patch: tuple[int, ...], axis: int | None) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Batches of image `[B, C, *patch]`, label and validity `[B, *patch]`; what lies outside is not valid."""
    image, label = tensor_of(case.image), tensor_of(np.asarray(case.label))
    valid = torch.ones(label.shape) if case.ignore is None else 1 - tensor_of(np.asarray(case.ignore)).float()
    if axis is None:
        image, label, valid = image[None], label[None], valid[None]
    else:
        image, label, valid = image.movedim(axis + 1, 0), label.movedim(axis, 0), valid.movedim(axis, 0)
    lacking = [-side % p for side, p in zip(label.shape[1:], patch)]
    after = [n for side in reversed(lacking) for n in (0, side)]
    image = pad(image, after, value=float(image.min()))
    label, valid = pad(label, after), pad(valid, after)
    corners = product(*(range(0, side, p) for side, p in zip(label.shape[1:], patch)))
    for corner in corners:
        where = tuple(slice(c, c + p) for c, p in zip(corner, patch))
        parts = (image[(slice(None), slice(None), *where)], label[(slice(None), *where)], valid[(slice(None), *where)])
        yield from zip(*(torch.split(part, AT_ONCE) for part in parts), strict=True)
