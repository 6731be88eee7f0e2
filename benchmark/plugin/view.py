"""What a method may see of the training cases."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class TrainingCase:
    """One training case as a method sees it. The clean label of a corrupted case is not here.

    Attributes
    ----------
    id
        As in its `CaseRef`.
    image
        float32 `[C, *spatial]`, memory-mapped, normalised.
    label
        uint8 `[*spatial]`: the observed label, wrong where the case was corrupted; all zero and
        meaningless where `labeled` is False.
    ignore
        bool `[*spatial]` or None. Always None where `labeled` is False: a mask comes from a label file.
    spacing
        Millimetres per voxel, one per spatial axis; 1 where not known.
    labeled
        Whether `label` may be learned from.
    trusted
        Whether the case is known to be clean (told to `trusted` and `scarce` methods only).
    label_source
        Name of the earlier stage whose output replaces `label`; "" for the label at hand.
    patient
        Whose case it is; "" where nothing is known of that: a patient of its own.
    """

    id: str
    image: np.ndarray
    label: np.ndarray
    ignore: np.ndarray | None
    spacing: tuple[float, ...]
    labeled: bool = True
    trusted: bool = False
    label_source: str = ""
    patient: str = ""


@dataclass(frozen=True)
class TrainingView:
    """An ordered set of training cases that can be narrowed or given new labels.

    All operations return a new view; nothing is copied.

    Attributes
    ----------
    cases
        In the order of the split.
    """

    cases: tuple[TrainingCase, ...]

    def __len__(self) -> int:
        return len(self.cases)

    def __add__(self, other: TrainingView) -> TrainingView:
        return TrainingView(self.cases + other.cases)

    @property
    def ids(self) -> tuple[str, ...]:
        """Case ids in order."""
        return tuple(case.id for case in self.cases)

    @property
    def labeled(self) -> TrainingView:
        """The cases with a label."""
        return TrainingView(tuple(case for case in self.cases if case.labeled))

    @property
    def unlabeled(self) -> TrainingView:
        """The cases without a label."""
        return TrainingView(tuple(case for case in self.cases if not case.labeled))

    @property
    def trusted(self) -> TrainingView:
        """The cases known to be clean; empty for a `blind` method."""
        return TrainingView(tuple(case for case in self.cases if case.trusted))

    def fold(self, index: int, folds: int) -> TrainingView:
        """The cases of every `folds`-th patient, starting from `index`; patients in the order of their first case."""
        patients = list(dict.fromkeys(case.patient or case.id for case in self.cases))
        chosen = set(patients[index::folds])
        return TrainingView(tuple(case for case in self.cases if (case.patient or case.id) in chosen))

    def pick(self, ids: Iterable[str]) -> TrainingView:
        """The cases of the given ids, in this view's order."""
        wanted = set(ids)
        return TrainingView(tuple(case for case in self.cases if case.id in wanted))

    def relabeled(self, stage: str) -> TrainingView:
        """The same cases with the labels that the `Relabel` stage of that name produces."""
        return TrainingView(
            tuple(
                replace(case, labeled=True, label_source=stage, ignore=case.ignore if case.labeled else None)
                for case in self.cases
            )
        )
