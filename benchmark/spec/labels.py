"""Are there as many cases to label, and to leave without label, as a spec asks for? Do its shares differ?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..cell import Cell, Identity, Noisy, Scarce
from ..data.counts import labeled_count
from ..digest import digest
from ..errors import UserError
from .learners import learners_of
from .opened import OpenDataset
from .where import FieldError


def check_labeled(cells: Iterable[Cell], data: OpenDataset) -> None:
    """Refuse cells of one dataset that would label no case, more cases than there are, or see more unlabeled ones.

    Raises
    ------
    FieldError
        Naming the number of training cases.
    """
    seen: set[str] = set()
    for cell in cells:
        # methods of one setting learn from the same cases
        setting = digest([cell.identity.model_dump(mode="json", exclude={"method", "network", "view"})])
        if not isinstance(cell.identity.supervision, Noisy) and setting not in seen:
            seen.add(setting)
            check_drawn(cell.identity, data)


def check_drawn(who: Identity, data: OpenDataset) -> None:
    """`check_labeled` for one cell, whether it is run or left out."""
    try:
        _draw(who, data)
    except UserError as error:
        field = "unlabeled" if "unlabeled" in str(error) else "labeled"
        raise FieldError(f"{data.label}: {error}{_limited(who)}", (field,)) from None


def _limited(who: Identity) -> str:
    """What else than the data may be too small."""
    names = [name for name in ("train_cases", "case_limit") if getattr(who.budget, name)]
    limits = " and ".join(f"{name} {getattr(who.budget, name)}" for name in names)
    return f", or raise the budget's {limits} (budget {who.budget.name})" if limits else ""


def _draw(who: Identity, data: OpenDataset) -> None:
    from ..data.scarce import draw_labeling, draw_unlabeled

    learners = learners_of(who, data)
    if isinstance(who.supervision, Scarce):
        draw_labeling(learners.refs, who.supervision, who.seed, learners.where)
    elif not isinstance(who.supervision, Noisy):
        draw_unlabeled(learners.refs, who.supervision, who.seed, learners.where)


def equal_shares(cells: Iterable[Cell], data: OpenDataset) -> Iterator[str]:
    """Notes on shares of one dataset's labels that are the same cases, so that their rows are alike."""
    # by their words: 1 is a case, 1.0 are all
    by_share = {cell.identity.supervision.describe(): cell.identity for cell in cells}
    drawn: dict[tuple[int, int], list[str]] = {}
    for words, who in by_share.items():
        if isinstance(who.supervision, Scarce):
            cases = len(learners_of(who, data).refs)
            drawn.setdefault((labeled_count(cases, who.supervision.labeled), cases), []).append(words)
    for (count, cases), shares in drawn.items():
        if len(shares) > 1:
            yield f"{data.label}: {' and '.join(shares)} are the same {count} of {cases} training cases"
