"""Contracts of methods: what they must not learn from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ..plugin.view import TrainingCase, TrainingView
from ..registry import Plugin, Registries
from ..training.context import Hooks
from .trial import home, reference_state, require_equal, require_repeatable, trained_state, view_for
from .world import CASES, noise_label, truth_of, with_ignored


def check_labels_of_unlabeled_cases_change_nothing(plugin: Plugin[Any], registries: Registries) -> None:
    """Training is bit-identical whatever arrays stand in for label and ignore mask of an unlabeled case.

    Take `view.labeled` to learn from labels, or `batch.labeled` within a step; a method without use for
    unlabeled cases leaves them out.
    """
    require_repeatable(plugin, registries)
    geometry = home(plugin, registries)
    view = view_for(plugin, geometry, labeled=CASES // 2)

    def scrambled(case: TrainingCase) -> TrainingCase:
        label = noise_label(case, geometry, 1)
        return case if case.labeled else replace(case, label=label, ignore=label > 0)

    other = _changed(view, scrambled)
    first, second = (trained_state(plugin, registries, geometry, each) for each in (view, other))
    require_equal(first, second, f"{plugin.name}: labels of unlabeled cases were learned from")


def check_labels_under_ignored_voxels_change_nothing(plugin: Plugin[Any], registries: Registries) -> None:
    """Training is bit-identical whatever labels stand at ignored voxels.

    Multiply by `batch.valid`, or leave out `batch.ignore`, wherever a label comes in.
    """
    require_repeatable(plugin, registries)
    geometry = home(plugin, registries)
    view = with_ignored(view_for(plugin, geometry), 0.3)

    def scrambled(case: TrainingCase) -> TrainingCase:
        label = case.label.copy()
        label[case.ignore] = noise_label(case, geometry, 1)[case.ignore]
        return replace(case, label=label)

    first, second = (trained_state(plugin, registries, geometry, each) for each in (view, _changed(view, scrambled)))
    require_equal(first, second, f"{plugin.name}: labels under ignored voxels were learned from")


def check_the_hidden_truth_changes_nothing(plugin: Plugin[Any], registries: Registries) -> None:
    """Training is bit-identical whatever the clean labels are that the harness audits a method's weights with."""
    require_repeatable(plugin, registries)
    geometry = home(plugin, registries)
    view = view_for(plugin, geometry)
    shown = trained_state(plugin, registries, geometry, view, Hooks(truth=truth_of(view, geometry, 1)))
    require_equal(reference_state(plugin, registries), shown, f"{plugin.name}: the hidden truth was learned from")


def _changed(view: TrainingView, change: Callable[[TrainingCase], TrainingCase]) -> TrainingView:
    return TrainingView(tuple(change(case) for case in view.cases))
