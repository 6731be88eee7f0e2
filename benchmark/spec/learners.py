"""The training cases of a cell, and how many of them a method sees with and without label."""

from __future__ import annotations

from dataclasses import dataclass

from ..cell import Identity, Noisy, Scarce, Supervision
from ..data.counts import rounded
from ..plugin.case import CaseRef
from .opened import OpenDataset


@dataclass(frozen=True)
class Learners:
    """Training cases of one dataset, fold and seed, the limits of the budget applied.

    Attributes
    ----------
    train
        Ids of all, also of those that are held out to validate.
    refs
        The ones that are learned from.
    limit
        The most cases that the budget takes of a source; None for any number.
    """

    train: tuple[str, ...]
    refs: tuple[CaseRef, ...]
    limit: int | None
    seed: int
    where: str

    def corrupted(self, ratio: float) -> set[str]:
        """Ids of the training cases that a ratio corrupts."""
        from ..data.corruption import corrupted_ids

        return set(corrupted_ids(self.train, ratio, self.seed, self.where))

    def seen(self, supervision: Supervision, source_cases: int) -> tuple[int, int]:
        """Numbers of cases that a `scarce` method sees labeled and unlabeled, whether or not there are so many.

        Parameters
        ----------
        source_cases
            Number of labeled cases of a transfer's source.
        """
        count = len(self.refs)
        if isinstance(supervision, Noisy):
            unlabeled = len(self.corrupted(supervision.ratio) & {ref.id for ref in self.refs})
            return count - unlabeled, unlabeled
        if isinstance(supervision, Scarce):
            share = supervision.labeled
            labeled = share if isinstance(share, int) else rounded(share * count)
            rest = max(count - labeled, 0)
        else:
            labeled, rest = min(source_cases, self.limit or source_cases), count
        wanted = supervision.unlabeled
        if isinstance(wanted, int):
            return labeled, wanted
        return labeled, {"rest": rest, "all": rest + labeled, "none": 0}[wanted]


def learners_of(who: Identity, data: OpenDataset) -> Learners:
    """The training cases of a cell's dataset; UserError as of `carve_validation`."""
    from ..data.cell_data import split_of, validation_ids, where_of

    refs = {ref.id: ref for ref in data.refs}
    split = split_of(who, data.adapter, data.refs)
    held_out = validation_ids(who, split, refs)
    limits = [limit for limit in (who.budget.train_cases, who.budget.case_limit) if limit]
    learned_from = tuple(refs[i] for i in split.train if i not in held_out)
    return Learners(split.train, learned_from, min(limits, default=None), who.seed, where_of(who))
