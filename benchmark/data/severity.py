"""The severity at which corrupted labels come to a wanted mean Dice."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..cell import PROTOCOL
from ..digest import digest
from ..errors import UserError
from ..plugin.case import CaseRef
from ..plugin.dataset import Dataset
from ..plugin.noise_model import NoiseModel
from ..plugin.params import NoiseParams
from ..plugin.severity import scaled
from ..seeds import stream
from ..store.files import read_json, write_json
from .annotated import Annotated, reread
from .cache import cache_folder
from .corruption import Corrupted, corrupt_one, realised_noise
from .prepare import PreparedCase, prepare

MOST_CASES = 24
"""Training cases that a severity is calibrated on, at most."""

_SEED = 0
_HIGHEST = 64.0
_HALVINGS = 14
_CLOSE = 0.0005


@dataclass(frozen=True)
class Sample:
    """Training cases of one dataset.

    Attributes
    ----------
    key
        Changes whenever the clean labels do.
    seen
        Reads a case again as it was annotated.
    """

    cases: list[PreparedCase]
    key: str
    num_classes: int
    seen: Callable[[PreparedCase], Annotated]


def training_sample(dataset: Dataset, refs: Sequence[CaseRef], train: Sequence[str], key: str) -> Sample:
    """Training cases, evenly picked; those not in the cache yet are prepared.

    Parameters
    ----------
    refs
        All cases of the dataset.
    train
        Ids of its training cases.
    key
        As of `dataset_key`.
    """
    known = {ref.id: ref for ref in refs}
    picked = [train[i] for i in np.unique(np.linspace(0, len(train) - 1, MOST_CASES).round().astype(int))]
    cases = prepare(dataset, [known[i] for i in picked], key)
    return Sample(cases, key, dataset.task.num_classes, lambda case: reread(dataset, known[case.id], case))


def severity_for(dice: float, model: type[NoiseModel], params: NoiseParams, code: str, sample: Sample) -> float:
    """Severity, in steps of 0.0001, at which every case of the sample corrupted gives that mean Dice.

    Found by bisection with one fixed seed, whatever the seeds of the benchmark are, and kept in the cache.

    Parameters
    ----------
    dice
        Wanted mean over the cases of the mean over their classes, 0 to 1.
    code
        Digest of the model's code.

    Raises
    ------
    UserError
        Not even a very large severity comes down to it.
    """
    ids = [case.id for case in sample.cases]
    what = [PROTOCOL, sample.key, ids, model.name, code, params.model_dump(mode="json"), dice]
    path = cache_folder() / "severity" / f"{digest(what)[:24]}.json"
    if not path.exists():
        write_json(path, {"severity": _bisect(dice, lambda severity: realised_dice(model, params, severity, sample))})
    return float(read_json(path)["severity"])


def realised_dice(model: type[NoiseModel], params: NoiseParams, severity: float, sample: Sample) -> float:
    """Mean Dice of the sample's labels, all of them corrupted, against the clean ones."""
    made = model(scaled(params, model.severity_params, severity))
    labels: dict[str, Any] = {}
    for case in sample.cases:
        rng = stream(_SEED, "severity", case.id, model.name)
        labels[case.id] = corrupt_one(case, made, rng, sample.num_classes, sample.seen).label
    return float(realised_noise(sample.cases, Corrupted(labels)).dice_mean or 0.0)


def _bisect(wanted: float, dice_at: Callable[[float], float]) -> float:
    low, high = 0.0, 1.0
    while (reached := dice_at(high)) > wanted:
        if high >= _HIGHEST:
            raise UserError(f"no severity brings the mean Dice down to {wanted:g}; it stays at {reached:.3f} or above")
        low, high = high, 2 * high
    for _ in range(_HALVINGS):
        middle = round((low + high) / 2, 4)
        reached = dice_at(middle)
        if abs(reached - wanted) <= _CLOSE:
            return middle
        low, high = (middle, high) if reached > wanted else (low, middle)
    return high
