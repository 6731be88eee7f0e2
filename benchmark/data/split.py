"""Which cases train, validate and test."""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import UserError
from ..plugin.case import CaseRef, Split
from ..plugin.dataset import Dataset
from ..seeds import stream


def split_cases(dataset: Dataset, refs: Sequence[CaseRef], fold: int, folds: int, seed: int) -> Split:
    """The published split, else fold `fold` of `folds` by seed, grouped by patient.

    Raises
    ------
    UserError
        Fewer patients than folds, or a published split that names unknown cases or shares a patient.
    """
    published = dataset.split(fold, seed)
    if published is None:
        return _k_fold(dataset.name, refs, fold, folds, seed)
    _check(published, refs, dataset.name)
    return published


def _k_fold(name: str, refs: Sequence[CaseRef], fold: int, folds: int, seed: int) -> Split:
    patients = sorted({ref.patient for ref in refs})
    if len(patients) < folds:
        raise UserError(f"{name}: {len(patients)} patients cannot make {folds} folds; lower --folds or add cases")
    order = stream(seed, "split", name).permutation(len(patients))
    held_out = {patients[i] for i in order[fold::folds]}
    train = tuple(ref.id for ref in refs if ref.patient not in held_out)
    test = tuple(ref.id for ref in refs if ref.patient in held_out)
    return Split(train, test, f"{folds}-fold by patient, seed {seed}")


def _check(split: Split, refs: Sequence[CaseRef], name: str) -> None:
    patient_of = {ref.id: ref.patient for ref in refs}
    unknown = [i for i in (*split.train, *split.test) if i not in patient_of]
    if unknown:
        raise UserError(f"{name}: the split names {len(unknown)} cases without files, first {unknown[0]}")
    if not split.train or not split.test:
        raise UserError(f"{name}: {len(split.train)} training and {len(split.test)} test cases; both are needed")
    shared = {patient_of[i] for i in split.train} & {patient_of[i] for i in split.test}
    if shared:
        raise UserError(f"{name}: patients on both sides of the split: {', '.join(sorted(shared)[:5])}")


def limit_cases(split: Split, limit: int | None) -> Split:
    """At most `limit` training and test cases, the same ones for every seed."""
    if limit is None:
        return split
    rng = stream(0, "limit")

    def some(ids: tuple[str, ...]) -> tuple[str, ...]:
        kept = set(rng.permutation(len(ids))[:limit].tolist())
        return tuple(case_id for i, case_id in enumerate(ids) if i in kept)

    return Split(some(split.train), some(split.test), f"{split.source}, at most {limit} cases a side")


def limit_training(split: Split, limit: int | None, seed: int) -> Split:
    """At most `limit` training cases, drawn by the seed; those of a lower limit are among those of a higher one."""
    if limit is None or limit >= len(split.train):
        return split
    kept = set(stream(seed, "train_cases").permutation(len(split.train))[:limit].tolist())
    train = tuple(case_id for i, case_id in enumerate(split.train) if i in kept)
    return Split(train, split.test, f"{split.source}, {limit} of {len(split.train)} training cases")


def carve_validation(ids: Sequence[str], patient_of: dict[str, str], share: float, seed: int) -> tuple[str, ...]:
    """Training cases held out for checkpoint selection, by patient; at least one patient on each side."""
    patients = sorted({patient_of[i] for i in ids})
    if len(patients) < 2:
        raise UserError("selection by validation needs at least two training patients")
    count = min(max(round(share * len(patients)), 1), len(patients) - 1)
    order = stream(seed, "validation").permutation(len(patients))
    held_out = {patients[i] for i in order[:count]}
    return tuple(i for i in ids if patient_of[i] in held_out)
