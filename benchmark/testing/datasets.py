"""Contracts of datasets."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ..data.checks import check_case
from ..data.split import split_cases
from ..data.steps import apply_steps
from ..errors import UserError
from ..plugin.case import Case
from ..plugin.dataset import Dataset
from ..registry import Plugin, Registries
from .contract import NotApplicable, require

_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def check_a_missing_folder_is_a_clear_error(plugin: Plugin[Any], registries: Registries) -> None:
    """Listing the cases of a folder that is not there raises UserError naming the folder or saying how to give it."""
    if not _needs_root(plugin):
        raise NotApplicable("generated: it needs no folder")
    for root in (None, Path("no-such-folder")):
        try:
            found: Dataset = plugin.load()(root, None, plugin.load().Params())
            found.cases()
        except UserError as error:
            hint = plugin.name if root is None else str(root)
            require(hint in str(error), f"{plugin.name}: the message does not say {hint!r}: {error}")
        except Exception as error:
            raise AssertionError(f"{plugin.name}: root {root} gives {error!r}, expected UserError") from error
        else:
            raise AssertionError(f"{plugin.name}: root {root} gives no UserError")


def check_tasks_are_as_declared(plugin: Plugin[Any], registries: Registries) -> None:
    """Each of `tasks` can be asked for and describes itself; without a name the first one is meant."""
    declared = plugin.attributes["tasks"]
    require(_open(plugin, None).task.name == declared[0], f"{plugin.name}: the default task is not {declared[0]!r}")
    for dataset in _each_task(plugin):
        task, where = dataset.task, f"{plugin.name}:{dataset.task_name}"
        require(task.name == dataset.task_name, f"{where}: the task calls itself {task.name!r}")
        require(task.ndim in (2, 3), f"{where}: ndim {task.ndim}")
        require(set(task.flips) <= set(range(task.ndim)), f"{where}: flips {task.flips} are no spatial axes")
        for names in (task.classes, task.channels):
            require(0 < len(set(names)) == len(names), f"{where}: names {names} are empty or not unique")


def check_cases_are_listed_alike_every_time(plugin: Plugin[Any], registries: Registries) -> None:
    """`cases` has a stable order, unique ids that fit in a file name, a patient each, and files that exist."""
    for dataset in _each_task(plugin):
        where, refs = f"{plugin.name}:{dataset.task_name}", dataset.cases()
        require(len(refs) >= 2, f"{where}: {len(refs)} cases; at least two are needed")
        require(refs == dataset.cases(), f"{where}: listed twice, the cases differ")
        ids = [ref.id for ref in refs]
        require(len(set(ids)) == len(ids), f"{where}: case ids are not unique")
        unfit = [name for name in ids if not _FILE_NAME.fullmatch(name)]
        require(not unfit, f"{where}: ids unfit for a file name: {unfit[:3]}")
        require(all(ref.patient for ref in refs), f"{where}: a case has no patient; use its id")
        absent = [str(path) for ref in refs for path in ref.files if not path.is_file()]
        require(not absent, f"{where}: files that do not exist: {absent[:3]}")
        require(bool(refs[0].files) or not _needs_root(plugin), f"{where}: no files: the fingerprint is made of them")


def check_cases_pass_the_checks(plugin: Plugin[Any], registries: Registries) -> None:
    """What `load` returns fits the task: shapes, finite float32 image, label values, spacing; the recipe works."""
    for dataset in _each_task(plugin):
        for case in _some_cases(dataset):
            where = f"{plugin.name}:{dataset.task_name}: case {case.id}"
            require(case.image.dtype == np.float32, f"{where}: image is {case.image.dtype}, expected float32")
            require(case.label is not None, f"{where}: no label")
            recipe = dataset.preprocessing_of(case)
            try:
                check_case(case, dataset.task, plugin.name, "contract")
                ready = apply_steps(case, recipe, plugin.name)
            except UserError as error:
                raise AssertionError(str(error)) from None
            require(bool(np.isfinite(ready.image).all()), f"{where}: NaN after {recipe}")


def check_cases_load_alike_every_time(plugin: Plugin[Any], registries: Registries) -> None:
    """A case is the same whenever and after whatever others it is read, and carries the id it was listed under."""
    dataset = next(_each_task(plugin))
    refs = {case.id: ref for case, ref in zip(_some_cases(dataset), _some_refs(dataset))}
    require(list(refs) == [ref.id for ref in refs.values()], f"{plugin.name}: cases read are {list(refs)}")
    again = _open(plugin, None)
    for ref in reversed(list(refs.values())):
        a, b = dataset.load(ref), again.load(ref)
        same = np.array_equal(a.image, b.image) and np.array_equal(np.asarray(a.label), np.asarray(b.label))
        require(same and a.spacing == b.spacing, f"{plugin.name}: case {ref.id} differs when it is read again")


def check_the_split_is_fair(plugin: Plugin[Any], registries: Registries) -> None:
    """Training and test part are not empty, share no patient, name listed cases and are the same every time."""
    for dataset in _each_task(plugin):
        refs = dataset.cases()
        try:
            first, second = (split_cases(dataset, refs, fold=0, folds=2, seed=3) for _ in range(2))
        except UserError as error:
            raise AssertionError(str(error)) from None
        require(first == second, f"{plugin.name}: split twice alike, the parts differ")
        both = set(first.train) & set(first.test)
        require(not both, f"{plugin.name}: cases in both parts: {sorted(both)[:3]}")


def _needs_root(plugin: Plugin[Any]) -> bool:
    return bool(plugin.attributes.get("needs_root", True))


def _open(plugin: Plugin[Any], task: str | None) -> Dataset:
    """The adapter on the folder of its name under NSBENCH_DATA."""
    root = Path(os.environ.get("NSBENCH_DATA", "")).expanduser() / plugin.name
    if _needs_root(plugin) and not (os.environ.get("NSBENCH_DATA") and root.is_dir()):
        raise NotApplicable(f"no data: set NSBENCH_DATA to a folder that holds {plugin.name}/")
    dataset: Dataset = plugin.load()(root if _needs_root(plugin) else None, task, plugin.load().Params())
    return dataset


def _each_task(plugin: Plugin[Any]) -> Iterator[Dataset]:
    yield from (_open(plugin, task) for task in plugin.attributes["tasks"])


def _some_refs(dataset: Dataset) -> list[Any]:
    refs = dataset.cases()
    return [refs[0], refs[-1]]


def _some_cases(dataset: Dataset) -> Iterator[Case]:
    yield from (dataset.load(ref) for ref in _some_refs(dataset))
