"""Are there as many cases to label, and to leave without label, as a spec asks for?"""

from __future__ import annotations

from collections.abc import Iterable

from ..cell import Cell, Identity, Noisy, Scarce
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
        raise FieldError(f"{data.label}: {error}", (field,)) from None


def _draw(who: Identity, data: OpenDataset) -> None:
    from ..data.scarce import draw_labeling, draw_unlabeled

    learners = learners_of(who, data)
    if isinstance(who.supervision, Scarce):
        draw_labeling(learners.refs, who.supervision, who.seed, learners.where)
    elif not isinstance(who.supervision, Noisy):
        draw_unlabeled(learners.refs, who.supervision, who.seed, learners.where)
