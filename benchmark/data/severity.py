"""The severity at which corrupted labels come to a wanted mean Dice."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
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

DRAWS = 100
"""Corruptions that a mean Dice is taken over, at least: each case is corrupted so many times."""

TOLERANCE = 0.01
"""Distance from the wanted Dice above which a calibration is refused."""

_SEED = 0
_HIGHEST = 64.0
_HALVINGS = 14
_CLOSE = 0.001
"""Distance from the wanted Dice at which the search ends."""


@dataclass(frozen=True)
class Calibration:
    """A severity, in steps of 0.0001, and the mean Dice that it gives on the sample."""

    severity: float
    dice: float


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


def severity_for(dice: float, model: type[NoiseModel], params: NoiseParams, code: str, sample: Sample) -> Calibration:
    """Severity at which every case of the sample corrupted gives that mean Dice.

    Found by bisection with fixed draws, whatever the seeds of the benchmark are, and kept in the cache.

    Parameters
    ----------
    dice
        Wanted mean over the cases of the mean over their classes, 0 to 1.
    code
        Digest of the model's code.

    Raises
    ------
    UserError
        Not even a very large severity comes down to it, or no severity comes within `TOLERANCE` of it.
    """
    ids = [case.id for case in sample.cases]
    how = [DRAWS, TOLERANCE, _SEED, _HIGHEST, _HALVINGS, _CLOSE]
    what = [PROTOCOL, sample.key, ids, model.name, code, params.model_dump(mode="json"), dice, how]
    path = cache_folder() / "severity" / f"{digest(what)[:24]}.json"
    if not path.exists():
        found = _bisect(dice, lambda severity: realised_dice(model, params, severity, sample))
        write_json(path, asdict(found))
    return Calibration(**read_json(path))


def realised_dice(model: type[NoiseModel], params: NoiseParams, severity: float, sample: Sample) -> float:
    """Mean Dice of the sample's labels, all of them corrupted `DRAWS` times together, against the clean ones."""
    made = model(scaled(params, model.severity_params, severity))
    means = []
    for draw in range(math.ceil(DRAWS / len(sample.cases))):
        labels: dict[str, Any] = {}
        for case in sample.cases:
            rng = stream(_SEED + draw, "severity", case.id, model.name)
            labels[case.id] = corrupt_one(case, made, rng, sample.num_classes, sample.seen).label
        means.append(realised_noise(sample.cases, Corrupted(labels)).dice_mean or 0.0)
    return float(np.mean(means))


def _bisect(wanted: float, dice_at: Callable[[float], float]) -> Calibration:
    low, high = 0.0, 1.0
    tried: dict[float, float] = {}
    while (reached := dice_at(high)) > wanted:
        tried[high] = reached
        if high >= _HIGHEST:
            raise UserError(f"no severity brings the mean Dice down to {wanted:g}; it stays at {reached:.3f} or above")
        low, high = high, 2 * high
    tried[high] = reached
    for _ in range(_HALVINGS):
        if abs(reached - wanted) <= _CLOSE or high - low < 0.0002:
            break
        middle = round((low + high) / 2, 4)
        reached = tried[middle] = dice_at(middle)
        low, high = (middle, high) if reached > wanted else (low, middle)
    best = min(tried, key=lambda severity: abs(tried[severity] - wanted))
    if abs(tried[best] - wanted) > TOLERANCE:
        near = " and ".join(f"{tried[end]:.3f} at {end:g}" for end in (low, high) if end in tried)
        raise UserError(
            f"no severity gives a mean Dice within {TOLERANCE} of {wanted:g}: it jumps, {near}; "
            "ask for what is reached, or give a factor"
        )
    return Calibration(best, tried[best])
