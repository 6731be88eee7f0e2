"""A noise model as a cell's identity holds it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..cell import Chosen
from ..digest import digest
from ..plugin.noise_model import PREDICTION_METHOD
from ..registry import Registries
from .opened import OpenDataset
from .params import choose
from .where import FieldError, Loc


def choose_noise(registries: Registries, name: str, params: Mapping[str, Any], loc: Loc) -> Chosen:
    """A noise model; if it makes labels by a trained model, then what that is trained with is part of its code."""
    found = choose(registries.noise, name, params, loc)
    if not registries.noise.get(name).attributes.get("needs_prediction"):
        return found
    parts = registries.methods.get(PREDICTION_METHOD), registries.networks.get(found.params["network"])
    return found.model_copy(update={"code": digest([found.code, *(part.digest for part in parts)])})


def check_classes(noise: Chosen, data: OpenDataset, registries: Registries) -> None:
    """FieldError where the task has too few classes for the noise model to change anything."""
    needed, classes = registries.noise.get(noise.name).attributes.get("min_classes", 1), data.task.classes
    if len(classes) < needed:
        message = f"noise model {noise.name} needs {needed} classes, and {data.label} has {len(classes)}: "
        raise FieldError(f"{message}{', '.join(classes)}; choose another task or noise model", ("noise",))
