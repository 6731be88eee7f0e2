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
    target: str,
    tested: Iterable[CaseRef],
    unlabeled: Iterable[CaseRef],
    seed: int,
) -> tuple[str, ...]:
    """The source's training cases: those of its published split, or all where it has none.

    Of a source that is read by the target's own adapter, the target's patients are left out: the tested ones, and those
    of its training cases, which are to have no label. The latter only of data in a folder: phantoms of one name are
    other phantoms where their parameters differ.

    Parameters
    ----------
    target
        Name of the target's adapter.
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
    own = [*tested, *(unlabeled if dataset.root is not None else ())] if dataset.name == target else []
    barred = {ref.patient for ref in own}
    ids = tuple(i for i in known if patient_of[i] not in barred)
    if not ids:
        remedy = "choose another source, or rename them where they are other people"
        raise UserError(f"source {dataset.name}: all its patients are named like the target's; {remedy}")
    return ids
