"""Contracts of methods: the stages they declare."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from ..errors import UserError
from ..plugin.method import Method
from ..plugin.stages import INITIAL, Relabel, Stage, Train
from ..plugin.view import TrainingView
from ..registry import Plugin, Registries
from ..training.optim import build_optimisers
from ..training.sampler import sequence_of
from .contract import require
from .trial import build, home, view_for
from .world import small_budget

_RESERVED = {INITIAL, "best-validation"}
_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def check_stages_are_a_pure_function(plugin: Plugin[Any], registries: Registries) -> None:
    """`stages` gives the same stages whenever it is asked: a resumed cell asks again."""
    method, view = _method(plugin, registries)
    first, second = ([_facts(stage) for stage in method.stages(view)] for _ in range(2))
    require(first == second, f"{plugin.name}: stages differ from call to call: {first} and {second}")


def check_stages_have_names_of_their_own(plugin: Plugin[Any], registries: Registries) -> None:
    """Stage names are unique, fit in a file name and are none of the trainer's: each names the stage's output."""
    method, view = _method(plugin, registries)
    names = [stage.name for stage in method.stages(view)]
    require(len(set(names)) == len(names), f"{plugin.name}: stage names are not unique: {names}")
    unfit = [name for name in names if name in _RESERVED or not _FILE_NAME.fullmatch(name)]
    require(not unfit, f"{plugin.name}: stage names {unfit} are reserved or unfit for a file")


def check_stages_refer_to_earlier_ones(plugin: Plugin[Any], registries: Registries) -> None:
    """`start` and `by` name earlier `Train` stages, relabeled views earlier `Relabel` stages of those cases."""
    method, view = _method(plugin, registries)
    weights, labels = {INITIAL}, dict[str, set[str]]()
    for stage in method.stages(view):
        wanted = set(stage.by) if isinstance(stage, Relabel) else {stage.start or INITIAL}
        require(len(wanted) > 0, f"{plugin.name}: stage {stage.name} is made by no stage")
        require(
            wanted <= weights, f"{plugin.name}: stage {stage.name} needs weights of {wanted - weights}: not earlier"
        )
        for part in _views(stage):
            require(len(part) > 0, f"{plugin.name}: stage {stage.name} has no case")
            for case in part.cases:
                known = not case.label_source or case.id in labels.get(case.label_source, set())
                require(known, f"{plugin.name}: stage {stage.name}: {case.label_source!r} gave no label to {case.id}")
        if isinstance(stage, Relabel):
            labels[stage.name] = set(stage.on.ids)
        else:
            weights.add(stage.name)


def check_stages_can_be_optimised(plugin: Plugin[Any], registries: Registries) -> None:
    """Every `Train` stage names an existing step, optimisers of different names, and modules that can learn."""
    geometry = home(plugin, registries)
    view = view_for(plugin, geometry)
    for stage in build(plugin, registries, geometry).stages(view):
        if isinstance(stage, Train):
            names = [optimiser.name for optimiser in stage.optimisers]
            require(len(set(names)) == len(names), f"{plugin.name}: stage {stage.name}: optimisers {names}")
            method = build(plugin, registries, geometry)
            require(callable(getattr(method, stage.step, None)), f"{plugin.name}: it has no method {stage.step!r}")
            method.enter_stage(stage)
            try:
                build_optimisers(method, stage, small_budget(geometry))
            except (UserError, AttributeError) as error:
                raise AssertionError(f"{plugin.name}: stage {stage.name}: {error}") from error


def _method(plugin: Plugin[Any], registries: Registries) -> tuple[Method, TrainingView]:
    geometry = home(plugin, registries)
    return build(plugin, registries, geometry), view_for(plugin, geometry)


def _views(stage: Stage) -> Sequence[TrainingView]:
    return [stage.on] if isinstance(stage, Relabel) else [view for _, view in sequence_of(stage.on)]


def _facts(stage: Stage) -> dict[str, Any]:
    """What a stage is, with its cases by id and source of label instead of their arrays."""
    cases = [[(case.id, case.labeled, case.label_source) for case in view.cases] for view in _views(stage)]
    return {name: value for name, value in vars(stage).items() if name != "on"} | {"on": cases}
