"""Transfer: the labeled cases are another dataset's, and both are brought to one spacing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..cell import Cell, Transfer
from ..errors import UserError
from ..plugin.case import Split
from ..plugin.view import TrainingCase, TrainingView
from ..registry import Registries
from .part import Part
from .prepare import PreparedCase
from .scarce import hidden
from .split import limit_cases, limit_training, split_cases
from .transfer_ids import source_ids

PREFIX = "source."
"""Before the ids of the source's cases: the target may have cases of the same name."""


@dataclass(frozen=True)
class Source:
    """The labeled cases of a transfer, and the spacing that both datasets are resampled to; None for none."""

    cases: list[PreparedCase]
    spacing: tuple[float, ...] | None


def load_source(cell: Cell, target: Part, split: Split, registries: Registries) -> tuple[Part, Source]:
    """The target at the common spacing, and the source's labeled cases at the same.

    The budget's limits hold for the source's training cases as for the target's.

    Raises
    ------
    UserError
        Only one of the datasets has a spacing, or one cannot be resampled.
    """
    who, supervision = cell.identity, cell.identity.supervision
    assert isinstance(supervision, Transfer)
    source = Part.of(supervision.source, cell.source_root, registries)
    # of the whole split: the source does not depend on how many of the target's cases a budget takes
    whole = split_cases(target.dataset, list(target.refs.values()), who.fold, who.folds, who.seed)
    tested, unlabeled = ([target.refs[i] for i in ids] for ids in (whole.test, whole.train))
    ids = source_ids(source.dataset, list(source.refs.values()), target.dataset, tested, unlabeled, who.seed)
    limited = limit_training(Split(ids, ()), who.budget.train_cases, who.seed)
    ids = limit_cases(limited, who.budget.case_limit).train
    spacing = supervision.spacing or common_spacing(source.prepared(ids), target.prepared(split.train), cell)
    if spacing is not None:
        source, target = source.at(spacing), target.at(spacing)
    return target, Source(source.prepared(ids), spacing)


def common_spacing(
    source: Sequence[PreparedCase], target: Sequence[PreparedCase], cell: Cell
) -> tuple[float, ...] | None:
    """The coarser of both datasets' median spacings, axis by axis, mm; None where neither has any.

    The coarser: details that one of the datasets does not show are then in neither.
    """
    medians = [_median(cases) for cases in (source, target)]
    known = [median for median in medians if median is not None]
    if not known:
        return None
    if len(known) < len(medians):
        which = cell.noise_label if medians[0] is None else cell.dataset_label
        raise UserError(
            f"transfer from {cell.noise_label} to {cell.dataset_label}: the cases of {which} have no spacing, so the "
            "two cannot be brought to one; take datasets that both know their spacing, or neither"
        )
    return tuple(float(max(steps)) for steps in zip(*known))


def _median(cases: Sequence[PreparedCase]) -> tuple[float, ...] | None:
    if any(case.spacing is None for case in cases):
        return None
    middle = np.median([case.spacing for case in cases if case.spacing is not None], axis=0)
    return tuple(float(step) for step in middle)


def source_view(
    source: Sequence[TrainingCase], target: Sequence[TrainingCase], unlabeled: int | str, knows: str
) -> TrainingView:
    """The source's cases with their labels, and for a `scarce` method the target's without; `all`: the source's too."""
    labeled = tuple(replace(case, trusted=knows != "blind") for case in source)
    if knows != "scarce":
        return TrainingView(labeled)
    again = labeled if unlabeled == "all" else ()
    return TrainingView(labeled + tuple(hidden(case) for case in (*again, *target)))
