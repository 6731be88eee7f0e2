"""Labels that a model made, which learned from training cases that stay clean."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock

from ..cell import PROTOCOL
from ..digest import digest
from ..errors import UserError
from ..plugin.case import Task
from ..plugin.noise_model import PREDICTION_METHOD, NoiseModel
from ..plugin.view import TrainingCase, TrainingView
from ..registry import Plugin, Registries
from ..seeds import stream_seed
from ..store.files import write_json
from .cache import cache_folder
from .corruption import corruption_order
from .prepare import PreparedCase, save_array


@dataclass(frozen=True)
class PseudoLabels:
    """Predicted labels of the training cases that the model does not learn from, made when one is asked for.

    The model is the same for every method, network, view and budget, and for every ratio.

    Attributes
    ----------
    params
        Of a noise model that `needs_prediction`.
    view
        The clean cases that it learns from.
    images
        float32 `[C, *spatial]` of the others by case id.
    key
        Changes whenever the predictions do; names their folder in the cache.
    """

    params: Any
    view: TrainingView
    images: dict[str, np.ndarray]
    task: Task
    method: Plugin[Any]
    network: Plugin[Any]
    seed: int
    key: str

    def __call__(self, case: PreparedCase) -> np.ndarray:
        """Predicted label uint8 `[*spatial]`; the first call trains, unless that was done before, by any cell."""
        folder = cache_folder() / "predicted" / self.key
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / ".lock"):
            if not (folder / "done.json").exists():
                self._make(folder)
        label: np.ndarray = np.load(folder / f"{case.id}.npy")
        return label

    def _make(self, folder: Path) -> None:
        # torch takes seconds to import, which no other noise model needs
        from ..training.pseudo import predicted

        # not continued: a checkpoint that a killed process left may be another machine's
        shutil.rmtree(folder / "training", ignore_errors=True)
        count = len(self.view)
        cases = f"{count} clean case{'' if count == 1 else 's'}"
        print(f"pseudo-label: training on {cases} for {self.params.updates} updates", file=sys.stderr)
        for case_id, label in predicted(self, folder / "training"):
            save_array(folder / f"{case_id}.npy", label)
        shutil.rmtree(folder / "training")
        write_json(folder / "done.json", {"learned_from": list(self.view.ids)})


def pseudo_labels(
    model: NoiseModel,
    train: Sequence[PreparedCase],
    corrupted: int,
    task: Task,
    where: str,
    key: str,
    seed: int,
    registries: Registries,
) -> PseudoLabels:
    """The pseudo-labels of one training set.

    The model learns from the cases that a growing ratio would corrupt last; they may be held out for validation
    by a cell that selects or is tuned on it, since labels depend on neither.

    Parameters
    ----------
    corrupted
        Number of cases to be corrupted.
    where
        The dataset's id and task.
    key
        Changes whenever the clean labels or the noise model's code do.

    Raises
    ------
    UserError
        So many cases are to be corrupted that too few stay clean; an unknown network.
    """
    params: Any = model.params
    learners = _learners([case.id for case in train], corrupted, model, where, seed)
    method, network = registries.methods.get(PREDICTION_METHOD), registries.networks.get(params.network)
    if task.ndim not in network.attributes.get("ndims", (2, 3)):
        raise UserError(f"noise model {model.name}: network {params.network} is not made for {task.ndim}-D images")
    ids = [case.id for case in train]
    what = [PROTOCOL, key, model.name, params.model_dump(mode="json"), ids, learners, method.digest, network.digest]
    return PseudoLabels(
        params=params,
        view=TrainingView(tuple(_clean(case) for case in train if case.id in learners)),
        images={case.id: case.image for case in train if case.id not in learners},
        task=task,
        method=method,
        network=network,
        seed=stream_seed(seed, "pseudo-label"),
        key=digest([*what, seed])[:24],
    )


def _learners(ids: Sequence[str], corrupted: int, model: NoiseModel, where: str, seed: int) -> list[str]:
    fraction = model.params.fraction
    # rounded as the ratio is, so that ratio = 1 - fraction leaves them clean
    count = max(len(ids) - round((1 - fraction) * len(ids) + 1e-9), 1)
    if corrupted + count > len(ids):
        raise UserError(
            f"noise model {model.name}: it learns from {count} of {len(ids)} training cases (fraction={fraction:g}), "
            f"which must stay clean, but {corrupted} are to be corrupted; "
            f"lower the ratio to {(len(ids) - count) * 100 // len(ids) / 100:g} at most, or the fraction"
        )
    return sorted(corruption_order(ids, seed, where)[-count:])


def _clean(case: PreparedCase) -> TrainingCase:
    return TrainingCase(case.id, case.image, case.label, case.ignore, case.voxel)
