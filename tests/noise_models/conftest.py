"""Labels, and a way to run any noise model on them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from nsbench.benchmark.plugin import Corruption
from nsbench.benchmark.plugin.severity import scaled
from nsbench.benchmark.registry import Registries

REGISTRIES = Registries()
SPACING = (0.8, 1.3, 2.5)
MODELS = [name for name, plugin in REGISTRIES.noise.plugins.items() if plugin.attributes.get("severity_params")]
Corrupt = Callable[..., Corruption]


def run_model(
    name: str,
    label: np.ndarray,
    seed: int = 0,
    spacing: tuple[float, ...] = SPACING,
    severity: float = 1,
    image: np.ndarray | None = None,
    **params: Any,
) -> Corruption:
    """What a noise model makes of a label."""
    found: Any = REGISTRIES.noise.get(name).load()
    model = found(scaled(found.Params(**params), found.severity_params, severity))
    shown = label[None].astype(np.float32) if image is None else image
    result: Corruption = model.corrupt(label, spacing[: label.ndim], np.random.default_rng(seed), shown)
    return result


def blobs(ndim: int) -> np.ndarray:
    """Three classes: a large ellipsoid with one inside it, and two balls of a third class."""
    label = np.zeros((44, 40, 20)[:ndim], np.uint8)
    axes = np.ogrid[tuple(slice(n) for n in label.shape)]

    def ball(centre: tuple[int, ...], radii: tuple[float, ...]) -> np.ndarray:
        inside: np.ndarray = sum(((x - c) / r) ** 2 for x, c, r in zip(axes, centre, radii)) <= 1
        return inside

    label[ball((15, 16, 10), (11, 13, 7))] = 1
    label[ball((15, 16, 10), (5, 6, 4))] = 2
    label[ball((34, 10, 8), (6, 5, 4)) | ball((35, 30, 13), (5, 6, 5))] = 3
    return label


def dice(clean: np.ndarray, wrong: np.ndarray) -> float:
    """Mean over the classes of the clean label."""
    classes = [value for value in np.unique(clean) if value]
    pairs = [(clean == value, wrong == value) for value in classes]
    return float(np.mean([2 * (a & b).sum() / (a.sum() + b.sum()) for a, b in pairs]))


@pytest.fixture
def corrupt() -> Corrupt:
    """`corrupt(name, label, seed, spacing, severity, image, **params)`."""
    return run_model
