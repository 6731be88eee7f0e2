"""Stages of a method that another one holds and lets train."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ..benchmark.plugin import INITIAL, Method, Optimiser, Relabel, Stage, Train, TrainingView

PREFIX = "retrain-"


@dataclass(frozen=True)
class Retrain(Train):
    """A stage of the wrapped method as one of its owner's; `inner` is what the wrapped method declared."""

    inner: Train | None = None


def wrapped_stages(method: Method, view: TrainingView, attribute: str, step: str) -> Sequence[Stage]:
    """The stages of a method, declared for its owner; their shares add up to 1.

    Parameters
    ----------
    attribute
        Name by which the owner holds the method.
    step
        The owner's step function, which calls that of `inner`.
    """
    stages = list(method.stages(view))
    own, shares = {stage.name for stage in stages}, _shares(stages)
    return [
        _relabel(stage, own) if isinstance(stage, Relabel) else _retrain(stage, own, shares, method, attribute, step)
        for stage in stages
    ]


def _relabel(stage: Relabel, own: set[str]) -> Relabel:
    by = tuple(PREFIX + name for name in stage.by)
    return replace(stage, name=PREFIX + stage.name, on=_renamed(stage.on, own), by=by)


def _retrain(
    stage: Train, own: set[str], shares: Mapping[str, float], method: Method, attribute: str, step: str
) -> Retrain:
    views = stage.on
    return Retrain(
        name=PREFIX + stage.name,
        on=_renamed(views, own)
        if isinstance(views, TrainingView)
        else {name: _renamed(part, own) for name, part in views.items()},
        step=step,
        share=shares[stage.name],
        start=stage.start if stage.start in (None, INITIAL) else PREFIX + stage.start,
        optimisers=tuple(_optimiser(each, method, attribute) for each in stage.optimisers),
        slice_axis=stage.slice_axis,
        final=stage.final,
        inner=stage,
    )


def _optimiser(declared: Optimiser, method: Method, attribute: str) -> Optimiser:
    modules = tuple(f"{attribute}.{name}" for name in declared.modules) or (attribute,)
    rate = declared.learning_rate or method.params.learning_rate
    return replace(declared, modules=modules, learning_rate=rate)


def _renamed(view: TrainingView, own: set[str]) -> TrainingView:
    """The view with labels taken from the stages' new names; those of the owner's stages stay."""
    cases = (
        replace(case, label_source=PREFIX + case.label_source) if case.label_source in own else case
        for case in view.cases
    )
    return TrainingView(tuple(cases))


def _shares(stages: Sequence[Stage]) -> dict[str, float]:
    """Each training stage's part of the whole, from fractions and shares."""
    trains = [stage for stage in stages if isinstance(stage, Train)]
    fixed = {stage.name: stage.fraction for stage in trains if stage.fraction is not None}
    total = sum(stage.share for stage in trains if stage.name not in fixed) or 1.0
    rest = 1 - sum(fixed.values())
    return {stage.name: fixed.get(stage.name, rest * stage.share / total) for stage in trains}
