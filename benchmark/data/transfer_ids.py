"""Which cases a transfer takes its labels from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..errors import UserError
from ..plugin.case import CaseRef
from ..plugin.dataset import Dataset
from .split import split_cases


def source_ids(
    dataset: Dataset, refs: Sequence[CaseRef], target: str, tested: Iterable[CaseRef], seed: int
) -> tuple[str, ...]:
    """The source's training cases: those of its published split, or all where it has none.

    Of a source that is read by the target's own adapter, patients among the target's test cases are left out.

    Parameters
    ----------
    target
        Name of the target's adapter.
    tested
        The target's test cases.

    Raises
    ------
    UserError
        No case is left.
    """
    published = dataset.split(0, seed)
    known = split_cases(dataset, refs, 0, 1, seed).train if published else tuple(ref.id for ref in refs)
    patient_of = {ref.id: ref.patient for ref in refs}
    barred = {ref.patient for ref in tested} if dataset.name == target else set()
    ids = tuple(i for i in known if patient_of[i] not in barred)
    if not ids:
        raise UserError(f"source {dataset.name}: all its patients are among the test cases; choose another source")
    return ids
