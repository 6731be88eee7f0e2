"""Solid shapes as signed distances on a grid of any dimension.

Points `x` are float32 `[D, *spatial]` in fields of view (the in-plane width of the image is 1); a
distance is negative inside.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

Vector = Sequence[float] | np.ndarray


def grid(shape: Sequence[int], spacing: Sequence[float], unit: float) -> np.ndarray:
    """Voxel centres `[D, *shape]` in units of `unit` mm, the middle of the image at 0."""
    axes = [(np.arange(n) - (n - 1) / 2) * step / unit for n, step in zip(shape, spacing)]
    return np.stack(np.meshgrid(*axes, indexing="ij")).astype(np.float32)


def ellipsoid(x: np.ndarray, centre: Vector, radii: Vector) -> np.ndarray:
    """Ellipsoid along the axes; first-order distance, exact on a sphere."""
    size = _column(radii, x)
    scaled = (x - _column(centre, x)) / size
    length = _norm(scaled)
    return length * (length - 1) / np.maximum(_norm(scaled / size), 1e-6)  # type: ignore[no-any-return]


def capsule(x: np.ndarray, start: Vector, end: Vector, radius: float, end_radius: float | None = None) -> np.ndarray:
    """Tube with round ends, its radius going linearly from `radius` to `end_radius`."""
    offset = x - _column(start, x)
    axis = (np.asarray(end, dtype=np.float32) - np.asarray(start, dtype=np.float32))[: len(x)]
    along = np.clip(np.tensordot(axis, offset, 1) / max(float(axis @ axis), 1e-12), 0, 1)
    taper = radius + ((radius if end_radius is None else end_radius) - radius) * along
    return _norm(offset - _column(axis, x) * along) - taper


def blend(first: np.ndarray, second: np.ndarray, width: float) -> np.ndarray:
    """Union of two shapes with a fillet of the given width (polynomial smooth minimum)."""
    near = np.maximum(width - np.abs(first - second), 0) / width
    return np.minimum(first, second) - near * near * (width / 4)  # type: ignore[no-any-return]


def warp(x: np.ndarray, rng: np.random.Generator, amplitude: float, waves: int = 3) -> np.ndarray:
    """Points moved by a smooth random field: every shape evaluated there comes out bent."""
    moved = x.copy()
    for axis in range(len(x)):
        for _ in range(waves):
            moved[axis] += amplitude * wave(x, rng, cycles=1.5)
    return moved


def wave(x: np.ndarray, rng: np.random.Generator, cycles: float) -> np.ndarray:
    """One plane wave of random direction and phase, about `cycles` a field of view, in [-1, 1]."""
    vector = rng.normal(0, 2 * np.pi * cycles / np.sqrt(len(x)), len(x)).astype(np.float32)
    return np.sin(np.tensordot(vector, x, 1) + np.float32(rng.uniform(0, 2 * np.pi)))


def turn(x: np.ndarray, angle: float) -> np.ndarray:
    """Points turned in the plane of the first two axes by `angle` radians."""
    cos, sin = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    return np.stack([cos * x[0] + sin * x[1], cos * x[1] - sin * x[0], *x[2:]])


def _column(vector: Vector, x: np.ndarray) -> np.ndarray:
    return np.asarray(vector, dtype=np.float32)[: len(x)].reshape(-1, *[1] * (x.ndim - 1))


def _norm(x: np.ndarray) -> np.ndarray:
    return np.sqrt(np.einsum("i...,i...->...", x, x))  # type: ignore[no-any-return]
