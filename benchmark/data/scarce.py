"""Which training cases are labeled: nested in their number, stratified by group, drawn by the seed alone.

They are dealt patient by patient within each group, so that the reference set, on which pseudo-labels are scored (@R),
is one of new patients but for a few: one of each group, and those with scans in groups of unequal size.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..cell import Scarce, Transfer
from ..errors import UserError
from ..plugin.case import CaseRef
from ..plugin.view import TrainingCase, TrainingView
from ..seeds import stream
from .counts import labeled_count


@dataclass(frozen=True)
class Labeling:
    """Ids of the training cases by what is seen of them, in the order of the split.

    Attributes
    ----------
    unlabeled
        May hold labeled ones again.
    """

    labeled: tuple[str, ...]
    unlabeled: tuple[str, ...]


def labeling_order(refs: Sequence[CaseRef], seed: int, where: str) -> list[str]:
    """The order in which a growing number of labels is given to the cases.

    Within a group patients are in random order, the same in every group, and the scans of each follow one another: the
    labels of a group end within the scans of one patient at most. Groups (cases of equal `CaseRef.groups`) take turns
    by the quota method of Balinski & Young (1975, "The quota method of apportionment", Amer. Math. Monthly 82): of any
    first n cases, each group has its share of n, rounded up or down.

    Parameters
    ----------
    where
        The dataset's id and task.
    """
    waiting: dict[str, list[str]] = {}
    for ref in _shuffled(refs, stream(seed, "labeled-cases", where)):
        waiting.setdefault(str(sorted(ref.groups.items())), []).append(ref.id)
    sizes = {name: len(ids) for name, ids in waiting.items()}
    given = dict.fromkeys(waiting, 0)
    order = []
    for house in range(1, len(refs) + 1):
        # a group that has its upper quota of the cases so far must not get one more
        eligible = [name for name in waiting if given[name] * len(refs) < house * sizes[name]]
        chosen = max(eligible, key=lambda name: sizes[name] / (given[name] + 1))
        order.append(waiting[chosen][given[chosen]])
        given[chosen] += 1
    return order


def _shuffled(refs: Sequence[CaseRef], rng: np.random.Generator) -> Iterable[CaseRef]:
    """Patients in random order, and the scans of each."""
    patients = list(dict.fromkeys(ref.patient for ref in refs))
    place = {patients[i]: at for at, i in enumerate(rng.permutation(len(patients)))}
    return sorted((refs[i] for i in rng.permutation(len(refs))), key=lambda ref: place[ref.patient])


def draw_labeling(refs: Sequence[CaseRef], supervision: Scarce, seed: int, where: str) -> Labeling:
    """The labeled and the unlabeled cases among the training cases; UserError as in `labeled_count`."""
    order = labeling_order(refs, seed, where)
    count = labeled_count(len(refs), supervision.labeled)
    labeled, rest = set(order[:count]), order[count:]
    every = tuple(ref.id for ref in refs)
    unlabeled = set(_unlabeled(rest, supervision.unlabeled)) | (labeled if supervision.unlabeled == "all" else set())
    return Labeling(tuple(i for i in every if i in labeled), tuple(i for i in every if i in unlabeled))


def draw_unlabeled(refs: Sequence[CaseRef], supervision: Transfer, seed: int, where: str) -> tuple[str, ...]:
    """The target's training cases that are seen, in the order of the split; UserError when there are not so many."""
    chosen = set(_unlabeled(labeling_order(refs, seed, where), supervision.unlabeled))
    return tuple(ref.id for ref in refs if ref.id in chosen)


def _unlabeled(rest: Sequence[str], wanted: int | str) -> Sequence[str]:
    if wanted == "none":
        return ()
    if not isinstance(wanted, int):
        return rest
    if wanted > len(rest):
        raise UserError(f"{wanted} unlabeled cases are wanted, but only {len(rest)} have no label; lower unlabeled")
    return rest[:wanted]


def view_of(cases: Mapping[str, TrainingCase], labeling: Labeling, knows: str) -> TrainingView:
    """The labeled cases, and for a `scarce` method the others without their labels.

    Parameters
    ----------
    cases
        With their clean labels, by id.
    """
    labeled = tuple(replace(cases[i], labeled=True, trusted=knows != "blind") for i in labeling.labeled)
    if knows != "scarce":
        return TrainingView(labeled)
    return TrainingView(labeled + tuple(hidden(cases[i]) for i in labeling.unlabeled))


def hidden(case: TrainingCase) -> TrainingCase:
    """The case without its label, and without the ignore mask: that is part of the label file."""
    return replace(case, label=np.zeros_like(case.label), ignore=None, labeled=False, trusted=False)
