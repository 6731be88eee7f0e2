"""Contracts of noise models."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..errors import UserError
from ..plugin.noise_model import Corruption, NoiseModel
from ..registry import Plugin, Registries
from .contract import require

_SPACING = (0.7, 1.0, 3.0)
_SHAPE = (24, 20, 9)
_CLASSES = 3


def check_corruption_is_deterministic(plugin: Plugin[Any], registries: Registries) -> None:
    """The same label and generator give the same label and notes, whatever other generators did meanwhile.

    All methods are compared on identical masks: `rng` is the only source of randomness.
    """
    for what, label in _labels(plugin):
        first = _corrupt(plugin, label)
        random.seed(1), np.random.seed(1)
        second = _corrupt(plugin, label)
        same = np.array_equal(first.label, second.label) and first.notes == second.notes
        require(same, f"{plugin.name}: {what}: corrupted twice alike, the results differ")


def check_a_corrupted_label_is_a_label(plugin: Plugin[Any], registries: Registries) -> None:
    """Same shape and dtype, values among the task's classes: also for anisotropic spacing, in 2-D and 3-D."""
    for what, label in _labels(plugin):
        found = _corrupt(plugin, label).label
        require(found.shape == label.shape, f"{plugin.name}: {what}: shape {label.shape} became {found.shape}")
        require(found.dtype == label.dtype, f"{plugin.name}: {what}: dtype {label.dtype} became {found.dtype}")
        strange = set(np.unique(found).tolist()) - set(range(_CLASSES + 1))
        require(not strange, f"{plugin.name}: {what}: values {sorted(strange)} are no classes")


def check_the_input_is_left_alone(plugin: Plugin[Any], registries: Registries) -> None:
    """Label and image are neither changed nor returned: they are shared by all cells of a node."""
    for what, label in _labels(plugin):
        image = _image(label)
        before = label.copy(), image.copy()
        found = _corrupt(plugin, label, image)
        kept = np.array_equal(before[0], label) and np.array_equal(before[1], image)
        require(kept, f"{plugin.name}: {what}: the input was changed")
        require(not np.shares_memory(found.label, label), f"{plugin.name}: {what}: the result is the input's memory")


def check_notes_are_json(plugin: Plugin[Any], registries: Registries) -> None:
    """Notes are plain values that JSON can write: they are part of every record."""
    for what, label in _labels(plugin):
        notes = _corrupt(plugin, label).notes
        try:
            again = json.loads(json.dumps(notes, allow_nan=False))
        except (TypeError, ValueError) as error:
            raise AssertionError(
                f"{plugin.name}: {what}: notes {notes}: {error}; use int(), float(), list()"
            ) from error
        require(again == notes, f"{plugin.name}: {what}: notes {notes} come back from JSON as {again}")


def _labels(plugin: Plugin[Any]) -> Iterator[tuple[str, np.ndarray]]:
    """Labels that models are likely to stumble over, of the dimensions that the model does not refuse."""
    refusals = []
    for ndim in (2, 3):
        try:
            _corrupt(plugin, _blocks(ndim))
        except UserError as error:
            refusals.append(str(error))
            continue
        yield f"{ndim}-D blocks", _blocks(ndim)
        yield f"{ndim}-D background", np.zeros(_SHAPE[:ndim], np.uint8)
        yield f"{ndim}-D foreground", np.ones(_SHAPE[:ndim], np.uint8)
        yield f"{ndim}-D single voxel", _single(ndim)
        yield f"{ndim}-D not contiguous", _blocks(ndim)[::2, ::-1]
    require(len(refusals) < 2, f"{plugin.name}: refuses labels of 2 and of 3 dimensions: {'; '.join(refusals)}")


def _blocks(ndim: int) -> np.ndarray:
    label = np.zeros(_SHAPE[:ndim], np.uint8)
    for value in range(1, _CLASSES + 1):
        label[6 * value : 6 * value + 6, 4:14] = value
    return label


def _single(ndim: int) -> np.ndarray:
    label = np.zeros(_SHAPE[:ndim], np.uint8)
    label[(0,) * ndim] = _CLASSES
    return label


def _image(label: np.ndarray) -> np.ndarray:
    return np.random.default_rng(0).normal(label, 0.3, (1, *label.shape)).astype(np.float32)


def _corrupt(plugin: Plugin[Any], label: np.ndarray, image: np.ndarray | None = None) -> Corruption:
    model_class: type[NoiseModel] = plugin.load()
    model = model_class(plugin.load().Params())
    shown = _image(label) if image is None else image
    further: dict[str, Any] = {"annotations": {"observer2": _moved(label)}} if model.uses_annotations else {}
    if model.needs_prediction:
        further["prediction"] = _moved(label)
    return model.corrupt(label, _SPACING[: label.ndim], np.random.default_rng(7), shown, **further)


def _moved(label: np.ndarray) -> np.ndarray:
    moved = np.zeros_like(label)
    moved[1:] = label[:-1]
    return moved
