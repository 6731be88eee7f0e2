"""Which cases a transfer takes its labels from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..errors import UserError
from ..plugin.case import CaseRef
from ..plugin.dataset import Dataset
from .split import split_cases


def source_ids(
    dataset: Dataset,
    refs: Sequence[CaseRef],
    target: Dataset,
    tested: Iterable[CaseRef],
    unlabeled: Iterable[CaseRef],
    seed: int,
) -> tuple[str, ...]:
    """The source's training cases: those of its published split, or all where it has none.

    Of a source that is read by the target's own adapter, the target's patients are left out: the tested ones, and those
    of its training cases, which are to have no label. The latter only where one name is one patient: in a folder, and
    of generated cases where nothing differs but which of them there are.

    Parameters
    ----------
    target
        The target's adapter.
    tested, unlabeled
        The target's test and training cases.

    Raises
    ------
    UserError
        No case is left.
    """
    published = dataset.split(0, seed)
    known = split_cases(dataset, refs, 0, 1, seed).train if published else tuple(ref.id for ref in refs)
    patient_of = {ref.id: ref.patient for ref in refs}
    own = [*tested, *(unlabeled if _same_patients(dataset, target) else ())] if dataset.name == target.name else []
    barred = {ref.patient for ref in own}
    ids = tuple(i for i in known if patient_of[i] not in barred)
    if not ids:
        remedy = "choose another source, or rename them where they are other people"
        raise UserError(f"source {dataset.name}: all its patients are named like the target's; {remedy}")
    return ids


def _same_patients(one: Dataset, other: Dataset) -> bool:
    """Whether patients of one name in two datasets of one adapter are the same."""
    choices = {"cases", *one.choice_params}
    alike: bool = one.params.model_dump(exclude=choices) == other.params.model_dump(exclude=choices)
    return one.root is not None or (alike and one.task_name == other.task_name)
