"""Corrupted training labels: the same for every method, nested in the ratio."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from filelock import FileLock

from ..cell import PROTOCOL
from ..digest import digest
from ..errors import UserError
from ..plugin.noise_model import Corruption, NoiseModel
from ..seeds import stream
from ..store.files import write_json
from ..store.record import Noise
from .annotated import Annotated
from .cache import cache_folder
from .prepare import PreparedCase, save_array


@dataclass
class Corrupted:
    """Corrupted labels by case id, with the model's notes."""

    labels: dict[str, np.ndarray] = field(default_factory=dict)
    notes: dict[str, dict[str, Any]] = field(default_factory=dict)


Predict = Callable[[PreparedCase], np.ndarray]
"""The label that a model gives a case, on the prepared grid."""


def corruption_order(ids: Sequence[str], seed: int, key: str) -> list[str]:
    """The order in which a growing ratio corrupts the cases."""
    return [ids[i] for i in stream(seed, "corrupted-cases", key).permutation(len(ids))]


def corrupted_ids(ids: Sequence[str], ratio: float, seed: int, key: str) -> list[str]:
    """The first `round(ratio * n)` cases of one permutation: a smaller ratio's set lies within a larger one's."""
    return sorted(corruption_order(ids, seed, key)[: round(ratio * len(ids))])


def corrupt(
    cases: Sequence[PreparedCase],
    model: NoiseModel,
    task: str,
    cache_key: str,
    seed: int,
    num_classes: int,
    reread: Callable[[PreparedCase], Annotated] | None = None,
    predict: Predict | None = None,
) -> Corrupted:
    """Corrupt every given case; depends on (dataset task, case, noise model, seed) and is kept in the cache.

    The model sees the label as its annotator did: the original voxels and spacing, the axes turned to the
    declared orientation. What it gives is resampled and cropped as the clean label was. So masks do not
    depend on the spacing that a recipe resamples to, and the slices of all cases lie alike. A model that
    `needs_prediction` sees the prepared label and image, since predictions are made from these.

    Parameters
    ----------
    task
        The dataset's id and task.
    cache_key
        Changes whenever the clean labels or the model's code do.
    reread
        Reads a case again as it was annotated; called where a prepared grid is not the original one, and for
        a model that `uses_annotations`.
    predict
        For a model that `needs_prediction`; called for cases that are not in the cache.

    Raises
    ------
    UserError
        The model refuses a case, or gives what is no label of it.
    """
    params = model.params.model_dump(mode="json")
    key = digest([PROTOCOL, cache_key, model.name, params, seed])[:24]
    folder = cache_folder() / "corrupted" / key
    folder.mkdir(parents=True, exist_ok=True)
    found = Corrupted()
    with FileLock(folder / ".lock"):
        for case in cases:
            path, facts = folder / f"{case.id}.npy", folder / f"{case.id}.json"
            if not facts.exists():
                rng = stream(seed, "corruption", task, case.id, model.name)
                result = corrupt_one(case, model, rng, num_classes, reread, predict)
                save_array(path, result.label.astype(np.uint8))
                write_json(facts, result.notes)
            found.labels[case.id] = np.load(path, mmap_mode="c")
            found.notes[case.id] = json.loads(facts.read_text())
    return found


def corrupt_one(
    case: PreparedCase,
    model: NoiseModel,
    rng: np.random.Generator,
    num_classes: int,
    reread: Callable[[PreparedCase], Annotated] | None,
    predict: Predict | None = None,
) -> Corruption:
    """A corrupted label on the prepared grid, and the model's notes; nothing is kept.

    Parameters
    ----------
    rng
        What the model draws from.
    num_classes, reread, predict
        As of `corrupt`.

    Raises
    ------
    UserError
        As of `corrupt`.
    """
    if case.spacing is None and getattr(model.params, "unit", "") == "mm":
        raise UserError(f"case {case.id} has no spacing, so {model.name} cannot work in mm; use unit=voxel")
    seen = Annotated(np.asarray(case.label), case.image, case.voxel)
    as_annotated = not model.needs_prediction and (case.original is not None or model.uses_annotations)
    if as_annotated:
        assert reread is not None
        seen = reread(case)
    further: dict[str, Any] = {"annotations": seen.annotations} if model.uses_annotations else {}
    if model.needs_prediction and predict is not None:
        further["prediction"] = predict(case)
    try:
        result = model.corrupt(seen.label, seen.voxel, rng, seen.image, **further)
    except UserError as error:
        raise UserError(f"case {case.id}: noise model {model.name}: {error}") from error
    _check(result.label, seen.label.shape, case.id, num_classes, model.name)
    if case.original is None or not as_annotated:
        return result
    return Corruption(case.original.placement.label(result.label), result.notes)


def _check(label: np.ndarray, shape: tuple[int, ...], case_id: str, num_classes: int, name: str) -> None:
    if label.shape != shape:
        raise UserError(f"noise model {name} changed the shape of case {case_id}: {shape} -> {label.shape}")
    wrong = [v for v in np.unique(label).tolist() if not 0 <= v < num_classes]
    if wrong:
        raise UserError(f"noise model {name} gave labels {wrong[:5]} for case {case_id}; they must be < {num_classes}")


def realised_noise(cases: Sequence[PreparedCase], corrupted: Corrupted) -> Noise:
    """Dice of corrupted against clean labels (mean over the classes a case has), and a hash of the masks.

    A case whose clean label is empty counts 1 if the corrupted one is empty too, else 0.
    """
    by_id = {case.id: case for case in cases}
    scores = [_dice(by_id[i], label) for i, label in corrupted.labels.items()]
    masks = hashlib.sha256()
    for case_id in sorted(corrupted.labels):
        masks.update(case_id.encode() + np.ascontiguousarray(corrupted.labels[case_id]).tobytes())
    return Noise(
        corrupted=sorted(corrupted.labels),
        dice_mean=float(np.mean(scores)) if scores else None,
        dice_std=float(np.std(scores)) if scores else None,
        masks=masks.hexdigest() if scores else "",
        notes=corrupted.notes,
    )


def _dice(case: PreparedCase, corrupted: np.ndarray) -> float:
    valid = np.ones(case.label.shape, bool) if case.ignore is None else ~case.ignore
    scores = []
    for value in np.unique(case.label[valid]):
        if value:
            clean, wrong = (case.label == value) & valid, (corrupted == value) & valid
            scores.append(2 * float((clean & wrong).sum()) / float(clean.sum() + wrong.sum()))
    return float(np.mean(scores)) if scores else float(not (corrupted[valid] > 0).any())
