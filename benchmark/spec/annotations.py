"""Are the annotations there that a noise model takes in place of the clean label?"""

from __future__ import annotations

from collections.abc import Iterable

from ..cell import Cell, Noisy
from ..digest import digest
from ..registry import Registries
from .opened import OpenDataset
from .where import FieldError

_MOST_NAMES = 20


def check_annotations(cells: Iterable[Cell], data: OpenDataset, registries: Registries) -> None:
    """Refuse cells of one dataset that would corrupt a case without the wanted annotation.

    Only cells of a noise model that `uses_annotations` and does not leave such cases clean (`missing=clean`) have
    their cases prepared.

    Raises
    ------
    FieldError
        Naming these cases.
    """
    wanted: dict[str | None, set[str]] = {}
    seen: set[str] = set()
    for cell in cells:
        supervision = cell.identity.supervision
        if not isinstance(supervision, Noisy):
            continue
        noise = supervision.noise
        uses = registries.noise.get(noise.name).attributes.get("uses_annotations")
        if not uses or noise.params.get("missing") == "clean":
            continue
        # methods of one setting corrupt the same cases
        setting = digest([cell.identity.model_dump(mode="json", exclude={"method", "network", "view"})])
        if setting not in seen:
            seen.add(setting)
            wanted.setdefault(noise.params.get("annotator"), set()).update(_corrupted(cell, supervision.ratio, data))
    for annotator, ids in wanted.items():
        _refuse(annotator, ids, data)


def _corrupted(cell: Cell, ratio: float, data: OpenDataset) -> list[str]:
    from ..data.corruption import corrupted_ids
    from ..data.split import limit_cases, limit_training

    who = cell.identity
    whole = data.split(who.fold, who.folds, who.seed)
    train = limit_cases(limit_training(whole, who.budget.train_cases, who.seed), who.budget.case_limit).train
    return corrupted_ids(train, ratio, who.seed, f"{who.dataset.name}:{who.dataset.task}")


def _refuse(annotator: str | None, ids: set[str], data: OpenDataset) -> None:
    from ..data.prepare import dataset_key, prepare

    refs = [ref for ref in data.refs if ref.id in ids]
    cases = prepare(data.adapter, refs, dataset_key(data.adapter, data.chosen.fingerprint, data.chosen.code))
    held = dict.fromkeys(name for case in cases for name in case.annotations)
    lacking = [c.id for c in cases if (annotator not in c.annotations if annotator else not c.annotations)]
    if not lacking:
        return
    what = f"annotation {annotator!r}" if annotator else "annotation beside the label"
    more = f" and {len(lacking) - _MOST_NAMES} more" if len(lacking) > _MOST_NAMES else ""
    names = f"{', '.join(lacking[:_MOST_NAMES])}{more}"
    known = f" (annotators there: {', '.join(held)})" if held else ""
    remedy = "choose another annotator, or missing=clean to leave such cases clean"
    message = f"{data.label}: no {what} for {len(lacking)} of {len(cases)} cases to be corrupted: {names}{known}"
    raise FieldError(f"{message}; {remedy}", ("noise",))
