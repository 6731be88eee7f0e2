"""The data of one cell: what the method may see, and what only the harness knows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ..cell import Cell
from ..errors import UserError
from ..plugin.case import CaseRef, Split, Task
from ..plugin.dataset import Dataset
from ..plugin.view import TrainingCase, TrainingView
from ..registry import Registries
from ..store.record import Noise
from .annotated import Annotated, reread
from .corruption import Corrupted, corrupt, corrupted_ids, realised_noise
from .prepare import PreparedCase, dataset_key, missing_classes, prepare
from .pseudo import pseudo_labels
from .split import carve_validation, limit_cases, limit_training, split_cases
from .steps import recipe_text


@dataclass(frozen=True)
class ValidationCase:
    """A held-out training case and the label, on the prepared grid, that selection compares with."""

    case: PreparedCase
    label: np.ndarray

    @property
    def compared(self) -> PreparedCase:
        """The case with that label in place of its clean one, to be scored."""
        original = self.case.original
        if original is not None and self.label is not self.case.label:
            original = replace(original, label=original.placement.restore_label(self.label))
        return replace(self.case, label=self.label, original=original)


@dataclass(frozen=True)
class CellData:
    """Everything a cell's run needs of its data.

    Attributes
    ----------
    view
        Handed to the method; contains no clean label of a corrupted case and nothing of the test cases.
    truth
        Clean labels of the training cases by id; never handed to a method.
    corrupted_labels
        Corrupted labels by case id, also of cases that a `scarce` method sees unlabeled.
    """

    task: Task
    view: TrainingView
    truth: dict[str, np.ndarray]
    corrupted_labels: dict[str, np.ndarray]
    validation: list[ValidationCase]
    test: list[PreparedCase]
    noise: Noise
    split: Split
    preprocessing: dict[str, Any]

    @property
    def corrupted(self) -> set[str]:
        """Ids of the corrupted training cases."""
        return set(self.noise.corrupted)

    @property
    def scored(self) -> list[PreparedCase]:
        """What the cell is scored on: its test cases, or its validation cases where those are not read."""
        return self.test or [item.compared for item in self.validation]


def open_dataset(cell: Cell, registries: Registries) -> Dataset:
    """The cell's dataset adapter."""
    chosen = cell.identity.dataset
    plugin = registries.datasets.get(chosen.name)
    params = plugin.validate(chosen.params, f"dataset {chosen.name}")
    adapter: Dataset = plugin.load()(Path(cell.root) if cell.root else None, chosen.task, params)
    return adapter


def load_cell_data(cell: Cell, registries: Registries, tick: Callable[[str], None] = lambda case_id: None) -> CellData:
    """Prepare the cell's cases, corrupt its training labels and build its training view.

    Raises
    ------
    UserError
        The data cannot be used: see `prepare` and `split_cases`; a class that no training label holds.
    """
    who = cell.identity
    dataset = open_dataset(cell, registries)
    key = dataset_key(dataset, who.dataset.fingerprint, who.dataset.code)
    refs = {ref.id: ref for ref in dataset.cases()}
    split = _split(cell, dataset, list(refs.values()))
    train = prepare(dataset, [refs[i] for i in split.train], key, tick)
    test = [] if who.evaluate else prepare(dataset, [refs[i] for i in split.test], key, tick)
    if absent := missing_classes(train, dataset.task):
        raise UserError(f"{cell.dataset_label}: no training label holds class {', '.join(absent)}; choose another task")
    held_out = _validation_ids(cell, split, refs)

    def seen(case: PreparedCase) -> Annotated:
        return reread(dataset, refs[case.id], case)

    corrupted = _corrupt(cell, train, key, registries, dataset.task, seen)
    learners = [case for case in train if case.id not in held_out]
    return CellData(
        task=dataset.task,
        view=_view(learners, corrupted, registries.methods.get(who.method.name).attributes.get("knows", "blind")),
        truth={case.id: case.label for case in learners},
        corrupted_labels=corrupted.labels,
        validation=[_validation_case(cell, case, corrupted) for case in train if case.id in held_out],
        test=test,
        noise=realised_noise(train, corrupted),
        split=split,
        preprocessing=train[0].preprocessing | {"recipe": recipe_text(train[0].preprocessing)},
    )


def _split(cell: Cell, dataset: Dataset, refs: list[CaseRef]) -> Split:
    who = cell.identity
    whole = split_cases(dataset, refs, who.fold, who.folds, who.seed)
    return limit_cases(limit_training(whole, who.budget.train_cases, who.seed), who.budget.case_limit)


def _corrupt(
    cell: Cell,
    train: list[PreparedCase],
    key: str,
    registries: Registries,
    task: Task,
    seen: Callable[[PreparedCase], Annotated],
) -> Corrupted:
    supervision, seed = cell.identity.supervision, cell.identity.seed
    where = f"{cell.identity.dataset.name}:{cell.identity.dataset.task}"
    chosen = set(corrupted_ids([case.id for case in train], supervision.ratio, seed, where))
    if not chosen:
        return Corrupted()
    plugin = registries.noise.get(supervision.noise.name)
    model = plugin.load()(plugin.validate(supervision.noise.params, f"noise model {plugin.name}"))
    wrong = [case for case in train if case.id in chosen]
    key += supervision.noise.code
    predict = None
    if model.needs_prediction:
        predict = pseudo_labels(model, train, len(chosen), task, where, key, seed, registries)
        key += predict.key
    return corrupt(wrong, model, where, key, seed, task.num_classes, seen, predict)


def _validation_ids(cell: Cell, split: Split, refs: dict[str, CaseRef]) -> set[str]:
    who = cell.identity
    if who.evaluate is None and who.selection == "last" and who.budget.schedule != "plateau":
        return set()
    patient_of = {i: refs[i].patient for i in split.train}
    return set(carve_validation(split.train, patient_of, who.budget.validation, who.seed))


def _validation_case(cell: Cell, case: PreparedCase, corrupted: Corrupted) -> ValidationCase:
    who = cell.identity
    clean = who.evaluate == "clean-val" if who.evaluate else who.selection == "best-clean-val"
    return ValidationCase(case, case.label if clean else corrupted.labels.get(case.id, case.label))


def _view(cases: list[PreparedCase], corrupted: Corrupted, knows: str) -> TrainingView:
    return TrainingView(tuple(_training_case(case, corrupted.labels.get(case.id), knows) for case in cases))


def _training_case(case: PreparedCase, wrong: np.ndarray | None, knows: str) -> TrainingCase:
    hidden = wrong is not None and knows == "scarce"
    observed = case.label if wrong is None else wrong
    return TrainingCase(
        id=case.id,
        image=case.image,
        label=np.zeros_like(observed) if hidden else observed,
        ignore=case.ignore,
        spacing=case.voxel,
        labeled=not hidden,
        trusted=wrong is None and knows != "blind",
    )
