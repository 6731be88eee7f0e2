"""Stages of a method that another one holds and lets train."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from ..benchmark.plugin import INITIAL, Method, Optimiser, Relabel, Stage, Train, TrainingView
from ._pseudo_labels import along_axes, of_view

PREFIX = "retrain-"


@dataclass(frozen=True)
class Retrain(Train):
    """A stage of the wrapped method as one of its owner's; `inner` is what the wrapped method declared."""

    inner: Train = field(kw_only=True)


def wrapped_stages(
    methods: Sequence[Method], view: TrainingView, attribute: str, step: str, axes: Sequence[int]
) -> Sequence[Stage]:
    """The stages of a method, declared for its owner; their shares add up to 1.

    Parameters
    ----------
    methods
        The method, once for each of the axes, or once where there are none. They train side by side.
    attribute
        Name by which the owner holds them.
    step
        The owner's step function, which calls that of `inner`.
    axes
        Along which slices are cut, by number of the method; see `along_axes`.
    """
    stages = list(methods[0].stages(view))
    own, shares = {stage.name for stage in stages}, _shares(stages)

    def train(stage: Train) -> Retrain:
        numbers = range(len(axes)) if axes else (None,)
        optimisers = [
            _optimiser(each, methods[i or 0], f"{attribute}.{i or 0}", i) for i in numbers for each in stage.optimisers
        ]
        return along_axes(_retrain(stage, own, shares[stage.name], tuple(optimisers), step), axes)

    return [_relabel(stage, own) if isinstance(stage, Relabel) else train(stage) for stage in stages]


def _relabel(stage: Relabel, own: set[str]) -> Relabel:
    by = tuple(PREFIX + name for name in stage.by)
    return replace(stage, name=PREFIX + stage.name, on=_renamed(stage.on, own), by=by)


def _retrain(stage: Train, own: set[str], share: float, optimisers: tuple[Optimiser, ...], step: str) -> Retrain:
    views = stage.on
    return Retrain(
        name=PREFIX + stage.name,
        on=_renamed(views, own)
        if isinstance(views, TrainingView)
        else {name: _renamed(part, own) for name, part in views.items()},
        step=step,
        share=share,
        start=stage.start if stage.start in (None, INITIAL) else PREFIX + stage.start,
        optimisers=optimisers,
        slice_axis=stage.slice_axis,
        alternating=stage.alternating,
        final=stage.final,
        inner=stage,
    )


def _optimiser(declared: Optimiser, method: Method, attribute: str, view: int | None) -> Optimiser:
    modules = tuple(f"{attribute}.{name}" for name in declared.modules) or (attribute,)
    rate = declared.learning_rate or method.params.learning_rate
    return replace(declared, name=of_view(declared.name, view), modules=modules, learning_rate=rate)


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
