"""The data of one cell: what the method may see, and what only the harness knows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..cell import Cell, Identity, Noisy, Scarce, Transfer
from ..errors import UserError
from ..plugin.case import CaseRef, Split, Task
from ..plugin.dataset import Dataset
from ..plugin.view import TrainingCase, TrainingView
from ..registry import Registries
from ..store.record import Noise
from .annotated import Annotated, reread
from .corruption import Corrupted, corrupt, corrupted_ids, realised_noise
from .part import Part, open_chosen
from .prepare import PreparedCase, missing_classes
from .pseudo import pseudo_labels
from .scarce import draw_labeling, draw_unlabeled, hidden, view_of
from .split import carve_validation, limit_cases, limit_training, split_cases
from .steps import recipe_text
from .transfer import PREFIX, Source, load_source, source_view


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
        Clean labels of the training cases by id, of all that could be seen; never handed to a method.
    ignored
        What is not to be scored of them, where their label files say so.
    corrupted_labels
        Corrupted labels by case id, also of cases that a `scarce` method sees unlabeled.
    """

    task: Task
    view: TrainingView
    truth: dict[str, np.ndarray]
    ignored: dict[str, np.ndarray]
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
    def reference(self) -> dict[str, np.ndarray]:
        """Clean labels of the training cases that the method sees without any, by id."""
        labeled = set(self.view.labeled.ids)
        return {i: self.truth[i] for i in self.view.unlabeled.ids if i not in labeled}

    @property
    def scored(self) -> list[PreparedCase]:
        """What the cell is scored on: its test cases, or its validation cases where those are not read."""
        return self.test or [item.compared for item in self.validation]


def open_dataset(cell: Cell, registries: Registries) -> Dataset:
    """The cell's dataset adapter."""
    return open_chosen(cell.identity.dataset, cell.root, registries)


def load_cell_data(cell: Cell, registries: Registries, tick: Callable[[str], None] = lambda case_id: None) -> CellData:
    """Prepare the cell's cases, corrupt or hide its training labels and build its training view.

    Raises
    ------
    UserError
        The data cannot be used: see `prepare`, `split_cases`, `draw_labeling` and `load_source`; a class that no
        training label holds.
    """
    who = cell.identity
    part = Part.of(who.dataset, cell.root, registries)
    split = split_of(who, part.dataset, list(part.refs.values()))
    source = None
    if isinstance(who.supervision, Transfer):
        part, source = load_source(cell, part, split, registries)
    train = part.prepared(split.train, tick)
    test = [] if who.evaluate else part.prepared(split.test, tick)
    task = part.dataset.task
    if absent := missing_classes(train, task):
        raise UserError(f"{cell.dataset_label}: no training label holds class {', '.join(absent)}; choose another task")
    held_out = validation_ids(who, split, part.refs)
    corrupted = _corrupt(cell, train, part, registries)
    learners = [case for case in train if case.id not in held_out]
    seen = [*learners, *_named(source)]
    knows = str(registries.methods.get(who.method.name).attributes.get("knows", "blind"))
    view = _view(who, learners, corrupted, source, part.refs, knows)
    _require_classes(cell, view.labeled, task)
    return CellData(
        task=task,
        view=view,
        truth={case.id: case.label for case in seen},
        ignored={case.id: case.ignore for case in seen if case.ignore is not None},
        corrupted_labels=corrupted.labels,
        validation=[_validation_case(cell, case, corrupted) for case in train if case.id in held_out],
        test=test,
        noise=realised_noise(train, corrupted),
        split=split,
        preprocessing=train[0].preprocessing | {"recipe": recipe_text(train[0].preprocessing)},
    )


def split_of(who: Identity, dataset: Dataset, refs: Sequence[CaseRef]) -> Split:
    """Training and test cases, the budget's limits applied; UserError as of `split_cases`."""
    whole = split_cases(dataset, refs, who.fold, who.folds, who.seed)
    return limit_cases(limit_training(whole, who.budget.train_cases, who.seed), who.budget.case_limit)


def validation_ids(who: Identity, split: Split, refs: Mapping[str, CaseRef]) -> set[str]:
    """Training cases that are held out to validate; none where nothing is decided by validation."""
    if who.evaluate is None and who.selection == "last" and who.budget.schedule != "plateau":
        return set()
    patient_of = {i: refs[i].patient for i in split.train}
    return set(carve_validation(split.train, patient_of, who.budget.validation, who.seed))


def where_of(who: Identity) -> str:
    """The dataset's id and task: what random streams of its cases are named after."""
    return f"{who.dataset.name}:{who.dataset.task}"


def _corrupt(cell: Cell, train: list[PreparedCase], part: Part, registries: Registries) -> Corrupted:
    supervision, seed, where = cell.identity.supervision, cell.identity.seed, where_of(cell.identity)
    if not isinstance(supervision, Noisy):
        return Corrupted()
    chosen = set(corrupted_ids([case.id for case in train], supervision.ratio, seed, where))
    if not chosen:
        return Corrupted()
    plugin, task = registries.noise.get(supervision.noise.name), part.dataset.task
    model = plugin.load()(plugin.validate(supervision.noise.params, f"noise model {plugin.name}"))
    wrong = [case for case in train if case.id in chosen]
    key = part.key + supervision.noise.code
    predict = None
    if model.needs_prediction:
        predict = pseudo_labels(model, train, len(chosen), task, where, key, seed, registries)
        key += predict.key

    def seen(case: PreparedCase) -> Annotated:
        return reread(part.dataset, part.refs[case.id], case)

    return corrupt(wrong, model, where, key, seed, task.num_classes, seen, predict)


def _validation_case(cell: Cell, case: PreparedCase, corrupted: Corrupted) -> ValidationCase:
    who = cell.identity
    clean = who.evaluate == "clean-val" if who.evaluate else who.selection == "best-clean-val"
    return ValidationCase(case, case.label if clean else corrupted.labels.get(case.id, case.label))


def _view(
    who: Identity,
    learners: list[PreparedCase],
    corrupted: Corrupted,
    source: Source | None,
    refs: Mapping[str, CaseRef],
    knows: str,
) -> TrainingView:
    supervision = who.supervision
    if isinstance(supervision, Noisy):
        return TrainingView(tuple(_training_case(case, corrupted.labels.get(case.id), knows) for case in learners))
    clean = {case.id: _training_case(case, None, knows) for case in learners}
    of_learners = [refs[i] for i in clean]
    if isinstance(supervision, Scarce):
        return view_of(clean, draw_labeling(of_learners, supervision, who.seed, where_of(who)), knows)
    ids = draw_unlabeled(of_learners, supervision, who.seed, where_of(who))
    labeled = [_training_case(case, None, knows) for case in _named(source)]
    return source_view(labeled, [clean[i] for i in ids], supervision.unlabeled, knows)


def _named(source: Source | None) -> list[PreparedCase]:
    """The source's cases under ids that no case of the target has."""
    return [replace(case, id=PREFIX + case.id) for case in source.cases] if source else []


def _require_classes(cell: Cell, labeled: TrainingView, task: Task) -> None:
    """UserError where few labels leave out a class: no method could learn it."""
    if isinstance(cell.identity.supervision, Noisy):
        return
    held = {int(value) for case in labeled.cases for value in np.unique(case.label)}
    if absent := [name for i, name in enumerate(task.classes) if i + 1 not in held]:
        raise UserError(
            f"{cell.dataset_label}, {cell.supervision}, seed {cell.identity.seed}: none of the {len(labeled)} labeled "
            f"cases holds class {', '.join(absent)}; label more cases, or choose another task"
        )


def _training_case(case: PreparedCase, wrong: np.ndarray | None, knows: str) -> TrainingCase:
    shown = TrainingCase(
        id=case.id,
        image=case.image,
        label=case.label if wrong is None else wrong,
        ignore=case.ignore,
        spacing=case.voxel,
        trusted=wrong is None and knows != "blind",
        patient=case.patient,
    )
    return hidden(shown) if wrong is not None and knows == "scarce" else shown
