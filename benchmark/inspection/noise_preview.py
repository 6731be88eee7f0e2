"""Pictures of what a noise model does to labels."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ..cell import Chosen
from ..data.annotated import Annotated, reread
from ..data.corruption import Corrupted, corrupt_one, realised_noise
from ..data.prepare import PreparedCase, dataset_key, prepare
from ..data.pseudo import PseudoLabels, pseudo_labels
from ..plugin.case import Case, CaseRef, Task
from ..plugin.noise_model import NoiseModel
from ..registry import Registries
from ..seeds import stream
from ..spec.opened import OpenDataset
from .preview import case_panel
from .sheet import Panel, draw_sheet


@dataclass(frozen=True)
class NoisePreview:
    """A picture, and the Dice of each case's corrupted label against its clean one."""

    path: Path
    dice: dict[str, float]


def preview_noise(
    data: OpenDataset, noise: Chosen, title: str, count: int, folds: int, seed: int, registries: Registries, out: Path
) -> NoisePreview:
    """Draw clean and corrupted contours of some cases, as a run of that seed corrupts them.

    Parameters
    ----------
    title
        The noise model as the file is named.
    count
        Number of cases, spread over all; over the corrupted training cases of fold 0 where a model predicts their
        labels, which is then trained.
    out
        Folder of the file.

    Raises
    ------
    UserError
        A case is unreadable, or the noise model refuses it.
    """
    plugin = registries.noise.get(noise.name)
    model = plugin.load()(plugin.validate(noise.params, f"noise model {noise.name}"))
    task, refs = data.task, {ref.id: ref for ref in data.refs}
    key = dataset_key(data.adapter, data.chosen.fingerprint, data.chosen.code)
    predict = _predictions(data, model, key + noise.code, folds, seed, registries) if model.needs_prediction else None
    cases = prepare(data.adapter, _spread([r for r in data.refs if not predict or r.id in predict.images], count), key)
    panels, dice = [], {}

    def seen(case: PreparedCase) -> Annotated:
        return reread(data.adapter, refs[case.id], case)

    for case in cases:
        rng = stream(seed, "corruption", f"{data.chosen.name}:{task.name}", case.id, model.name)
        found = corrupt_one(case, model, rng, task.num_classes, seen, predict)
        dice[case.id] = float(realised_noise([case], Corrupted({case.id: found.label})).dice_mean or 0.0)
        panels.append(_panel(case, found.label, dice[case.id], task))
    name = re.sub(r"[^\w.-]+", "-", title).strip("-")
    return NoisePreview(draw_sheet(panels, task.classes, out / f"{name}.png"), dice)


def _spread(refs: Sequence[CaseRef], count: int) -> list[CaseRef]:
    return [refs[i] for i in np.unique(np.linspace(0, len(refs) - 1, count).round().astype(int))]


def _predictions(
    data: OpenDataset, model: NoiseModel, key: str, folds: int, seed: int, registries: Registries
) -> PseudoLabels:
    """What cells of fold 0 take, kept in the cache they share."""
    refs = {ref.id: ref for ref in data.refs}
    known = dataset_key(data.adapter, data.chosen.fingerprint, data.chosen.code)
    train = prepare(data.adapter, [refs[i] for i in data.split(0, data.folds(folds), seed).train], known)
    where = f"{data.chosen.name}:{data.task.name}"
    return pseudo_labels(model, train, 0, data.task, where, key, seed, registries)


def _panel(case: PreparedCase, corrupted: np.ndarray, dice: float, task: Task) -> Panel:
    """The slice with most wrong voxels."""
    clean = np.asarray(case.label)
    wrong = clean != corrupted
    kinds = {"clean": clean, "corrupted": corrupted}
    shown = Case(case.id, np.asarray(case.image), wrong if wrong.any() else clean, case.spacing, annotations=kinds)
    panel = case_panel(shown, task)
    labels = {name: panel.labels[name] for name in kinds}
    return replace(panel, title=f"{panel.title}: Dice {dice:.2f}", labels=labels)
