"""Where the voxels of a prepared case lie in the original image, and the way there and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from nibabel.orientations import apply_orientation, ornt_transform
from scipy.ndimage import zoom

Shape = tuple[int, ...]

_TOUCHED = 1e-6
"""Weight from which an interpolated voxel counts as touched by a mask."""


@dataclass(frozen=True)
class Placement:
    """Turning, resampling and cropping of one case, in this order.

    Attributes
    ----------
    shape
        Of the original grid.
    axes
        Per original axis: the axis that it becomes, and -1 where it is mirrored, else 1.
    resampled
        Shape after resampling; both grids cover the same field of view, so the outer faces coincide.
    box
        What is kept after resampling: start and stop per axis.
    """

    shape: Shape
    axes: tuple[tuple[int, int], ...]
    resampled: Shape
    box: tuple[tuple[int, int], ...]

    @classmethod
    def whole(cls, shape: Shape, axes: tuple[tuple[int, int], ...] | None = None) -> Placement:
        """Turned to `axes` (None: as it is), neither resampled nor cropped."""
        axes = axes or _identity(len(shape))
        turned = tuple(_in_turn(shape, axes))
        return cls(tuple(shape), axes, turned, tuple((0, size) for size in turned))

    @classmethod
    def from_json(cls, facts: Mapping[str, Any]) -> Placement:
        """What `to_json` gave."""
        pairs = {name: tuple((int(a), int(b)) for a, b in facts[name]) for name in ("axes", "box")}
        return cls(tuple(facts["shape"]), pairs["axes"], tuple(facts["resampled"]), pairs["box"])

    def to_json(self) -> dict[str, Any]:
        """Plain lists and numbers."""
        return asdict(self)

    @property
    def turned(self) -> Shape:
        """Shape after turning."""
        return tuple(_in_turn(self.shape, self.axes))

    @property
    def trivial(self) -> bool:
        """Whether the prepared grid is the original one."""
        return self == Placement.whole(self.shape)

    def turn(self, array: np.ndarray) -> np.ndarray:
        """An array `[*original]` with its axes turned; values and voxels stay."""
        return _turn(array, np.array(self.axes))

    def turn_spacing(self, spacing: tuple[float, ...]) -> tuple[float, ...]:
        """Millimetres per voxel after turning, given those of the original axes."""
        return tuple(_in_turn(spacing, self.axes))

    def spacing(self, original: tuple[float, ...]) -> tuple[float, ...]:
        """Millimetres per voxel of the prepared grid, given those of the original axes."""
        steps = zip(self.turn_spacing(original), self.turned, self.resampled)
        return tuple(step * before / after for step, before, after in steps)

    def resample(self, turned: np.ndarray) -> np.ndarray:
        """Linear interpolation float32 `[*resampled]` of a turned array."""
        return _interpolate(turned, self.resampled)

    def crop(self, resampled: np.ndarray) -> np.ndarray:
        """The part of a resampled array that is kept."""
        return resampled[tuple(slice(*bounds) for bounds in self.box)]

    def label(self, turned: np.ndarray) -> np.ndarray:
        """A turned label on the prepared grid, uint8: per class linear, the largest share wins, the lower on a tie."""
        if self.resampled != self.turned:
            classes = np.unique(turned).tolist()
            turned = _largest(((value, turned == value) for value in classes), self.resampled)
        return np.ascontiguousarray(self.crop(turned), dtype=np.uint8)

    def mask(self, turned: np.ndarray) -> np.ndarray:
        """A turned mask on the prepared grid, bool: whatever it touches belongs to it."""
        return np.ascontiguousarray(self.crop(self.resample(turned) > _TOUCHED))

    def restore(self, probabilities: Iterable[np.ndarray]) -> np.ndarray:
        """The most probable class uint8 `[*original]`.

        Parameters
        ----------
        probabilities
            float32 `[classes, *prepared]`; they are interpolated linearly, and background is certain where
            the image was cropped away.
        """
        whole = ((value, self._uncropped(part, float(value == 0))) for value, part in enumerate(probabilities))
        label = _largest(whole, self.turned)
        back = ornt_transform(  # type: ignore[no-untyped-call]
            np.array(_identity(len(self.axes))), np.array(self.axes)
        )
        return np.ascontiguousarray(_turn(label, back))

    def restore_label(self, label: np.ndarray) -> np.ndarray:
        """A label of the prepared grid, uint8 `[*original]`."""
        return self.restore(label == value for value in range(int(label.max()) + 1))

    def _uncropped(self, values: np.ndarray, outside: float) -> np.ndarray:
        whole = np.full(self.resampled, outside, np.float32)
        self.crop(whole)[:] = values
        return whole


def _identity(ndim: int) -> tuple[tuple[int, int], ...]:
    return tuple((axis, 1) for axis in range(ndim))


def _turn(array: np.ndarray, axes: np.ndarray) -> np.ndarray:
    return np.asarray(apply_orientation(array, axes))  # type: ignore[no-untyped-call]


def _in_turn(values: Iterable[Any], axes: tuple[tuple[int, int], ...]) -> list[Any]:
    return [value for _, value in sorted(zip((target for target, _ in axes), values))]


def _interpolate(values: np.ndarray, shape: Shape) -> np.ndarray:
    values = np.asarray(values, dtype=np.float32)
    if values.shape == shape:
        return values
    factors = [after / before for before, after in zip(values.shape, shape)]
    found: np.ndarray = zoom(values, factors, order=1, mode="nearest", grid_mode=True)
    return found


def _largest(maps: Iterable[tuple[int, np.ndarray]], shape: Shape) -> np.ndarray:
    """The value, uint8 `[*shape]`, whose interpolated map is largest; one map at a time is held."""
    best, label = np.full(shape, -np.inf, np.float32), np.zeros(shape, np.uint8)
    for value, values in maps:
        found = _interpolate(values, shape)
        higher = found > best
        label[higher], best[higher] = value, found[higher]
    return label
