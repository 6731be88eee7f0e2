"""The supervisions of a spec: noise at ratios, shares of labels, or a source."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..cell import Chosen, Noisy, Scarce, Supervision, Transfer, labeled_text
from ..data.transfer_ids import source_ids
from ..digest import digest
from ..errors import UserError
from ..registry import Registries
from .models import Spec
from .noise import check_classes, choose_noise
from .opened import OpenDataset
from .params import choose
from .severity import at_severity, severity_text
from .where import FieldError


@dataclass(frozen=True)
class Planned:
    """A supervision and how tables call it; of a transfer's source its folder and its number of labeled cases."""

    label: str
    supervision: Supervision
    source_root: str | None = None
    source_cases: int = 0


def supervisions(spec: Spec, registries: Registries) -> list[Planned]:
    """Those of noise and of few labels, the same for every dataset; none for a transfer.

    Raises
    ------
    FieldError
        Unknown noise model or parameter, or a ratio that leaves it too few clean cases to learn from.
    """
    if spec.labeled is not None:
        unlabeled = "rest" if spec.unlabeled is None else spec.unlabeled
        # one case (1) is not all of them (1.0)
        shares = {repr(share): share for share in spec.labeled}.values()
        return [Planned(labeled_text(share, unlabeled), Scarce(labeled=share, unlabeled=unlabeled)) for share in shares]
    return [] if spec.source else _noisy(spec, registries)


def _noisy(spec: Spec, registries: Registries) -> list[Planned]:
    chosen = [choose_noise(registries, n.name, n.params, ("noise", i)) for i, n in enumerate(spec.noise)]
    clean = Planned("clean", Noisy(noise=choose(registries.noise, "none", {}, ("noise",)), ratio=0.0))
    found = []
    for choice, noise in zip(spec.noise, chosen):
        for ratio in spec.ratios:
            _room_to_learn(noise, ratio, registries)
            corrupts = ratio > 0 and choice.name != "none"
            found.append(Planned(choice.text, Noisy(noise=noise, ratio=ratio)) if corrupts else clean)
    return found


def _room_to_learn(noise: Chosen, ratio: float, registries: Registries) -> None:
    """FieldError where a model is to learn from clean cases, of which the ratio leaves too few."""
    if registries.noise.get(noise.name).attributes.get("needs_prediction"):
        fraction = noise.params["fraction"]
        if ratio + fraction > 1 + 1e-9:
            message = f"noise model {noise.name} learns from {fraction:g} of the cases, which must stay clean: "
            raise FieldError(f"{message}a ratio of {ratio:g} is more than {1 - fraction:g}", ("ratios",))


def on_dataset(
    data: OpenDataset, found: Sequence[Planned], spec: Spec, registries: Registries, notes: list[str]
) -> list[Planned]:
    """The noise with the parameters that the spec's severity amounts to on one dataset; others as they are."""
    for each in found:
        if isinstance(each.supervision, Noisy):
            check_classes(each.supervision.noise, data, registries)
    if spec.severity is None:
        return list(found)
    return [_scaled(each, data, spec, registries, notes) for each in found]


def _scaled(each: Planned, data: OpenDataset, spec: Spec, registries: Registries, notes: list[str]) -> Planned:
    noisy = each.supervision
    if spec.severity is None or not isinstance(noisy, Noisy) or not noisy.ratio:
        return each
    at = at_severity(noisy.noise, spec.severity, data, spec.folds, registries)
    notes += [at.note] if at.note else []
    return Planned(f"{each.label} ({severity_text(spec.severity)})", Noisy(noise=at.noise, ratio=noisy.ratio))


def transfer(spec: Spec, source: OpenDataset, target: OpenDataset, fold: int, seed: int) -> Planned:
    """The supervision of one target, fold and seed.

    Raises
    ------
    FieldError
        Source and target do not fit: the same data, other classes, channels or axes; no labeled case is left.
    """
    _check_fit(spec, source, target)
    split, refs = target.split(fold, spec.folds, seed), {ref.id: ref for ref in target.refs}
    tested, unlabeled = ([refs[i] for i in ids] for ids in (split.test, split.train))
    try:
        ids = source_ids(source.adapter, source.refs, target.adapter, tested, unlabeled, seed)
    except UserError as error:
        raise FieldError(str(error), ("source",)) from None
    chosen = Transfer(
        source=source.chosen,
        split=digest(ids),
        unlabeled="rest" if spec.unlabeled is None else spec.unlabeled,
        spacing=spec.spacing,
    )
    return Planned(source.label, chosen, str(source.root) if source.root else None, len(ids))


def _check_fit(spec: Spec, source: OpenDataset, target: OpenDataset) -> None:
    one, other = source.task, target.task
    if source.chosen == target.chosen:
        raise FieldError(f"{source.label} is the target itself; name another dataset, or use labeled", ("source",))
    pairs = {
        "spatial axes": (one.ndim, other.ndim),
        "channels": (len(one.channels), len(other.channels)),
        "classes": (", ".join(one.classes), ", ".join(other.classes)),
    }
    for what, (of_source, of_target) in pairs.items():
        if of_source != of_target:
            message = f"{source.label} has {of_source} ({what}), {target.label} has {of_target}; they must be the same"
            raise FieldError(f"{message}: choose another task or dataset", ("source",))
    if spec.spacing is not None and len(spec.spacing) != other.ndim:
        raise FieldError(f"{len(spec.spacing)} values, but {target.label} has {other.ndim} axes", ("spacing",))
