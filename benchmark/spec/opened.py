"""The datasets of a spec, opened: folder found, cases listed, content digested."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import cast

from ..cell import ChosenDataset
from ..data.fingerprint import fingerprint
from ..data.split import split_cases
from ..errors import UserError, nearest
from ..plugin.case import CaseRef, Split, Task
from ..plugin.dataset import Dataset
from ..plugin.params import DatasetParams
from ..registry import Plugin, Registries
from .choices import DatasetChoice
from .models import Spec
from .params import checked_params
from .roots import check_roots, find_root
from .where import FieldError, Loc


@dataclass
class OpenDataset:
    """One dataset of a spec, ready to be planned with.

    Attributes
    ----------
    label
        As the user wrote it.
    root
        Its folder; None for a generated dataset.
    """

    label: str
    plugin: Plugin[Dataset]
    adapter: Dataset
    root: Path | None
    _splits: dict[tuple[int, int, int], Split] = field(default_factory=dict)

    @cached_property
    def task(self) -> Task:
        """The task that was asked for."""
        return self.adapter.task

    @cached_property
    def refs(self) -> list[CaseRef]:
        """All cases; UserError when there is none or an id occurs twice."""
        refs = self.adapter.cases()
        if not refs:
            raise UserError(f"dataset {self.label}: no case with a label under {self.root}; check --data-root")
        twice = [name for name, count in Counter(ref.id for ref in refs).items() if count > 1]
        if twice:
            raise UserError(f"dataset {self.label}: two cases are named {twice[0]}; rename or remove one")
        return refs

    @cached_property
    def chosen(self) -> ChosenDataset:
        """The dataset's part of a cell's identity."""
        params = self.adapter.params.model_dump(mode="json")
        return ChosenDataset(
            name=self.plugin.name,
            params=params,
            code=self.plugin.digest,
            task=self.task.name,
            fingerprint=fingerprint(self.adapter, self.refs, self.root),
        )

    def folds(self, wanted: int) -> int:
        """1 for a published split, else the number that was asked for."""
        return wanted if self.adapter.split(0, 0) is None else 1

    def split(self, fold: int, folds: int, seed: int) -> Split:
        """The split that cells of this fold and seed train and test on; UserError when it cannot be made."""
        key = (fold, folds, seed)
        if key not in self._splits:
            self._splits[key] = split_cases(self.adapter, self.refs, fold, folds, seed)
        return self._splits[key]


def open_datasets(spec: Spec, registries: Registries, roots: Mapping[str, str]) -> list[OpenDataset]:
    """Open every dataset of a spec.

    Raises
    ------
    UserError
        Unknown dataset, task or parameter, a dataset listed twice, a data folder that is missing or wrong.
    """
    plugins = [_plugin(choice, registries, ("datasets", i, "dataset")) for i, choice in enumerate(spec.datasets)]
    _refuse_twins(spec)
    wanted = [choice for choice, plugin in zip(spec.datasets, plugins) if _needs_root(plugin)]
    if spec.source is not None and _needs_root(_plugin(spec.source, registries, ("source", "dataset"))):
        wanted.append(spec.source)
    check_roots(roots, wanted)
    return [_open(choice, plugins[i], roots, ("datasets", i)) for i, choice in enumerate(spec.datasets)]


def open_source(spec: Spec, registries: Registries, roots: Mapping[str, str]) -> OpenDataset | None:
    """The dataset that labels are transferred from; None without one. UserError as of `open_datasets`."""
    if spec.source is None:
        return None
    plugin = _plugin(spec.source, registries, ("source", "dataset"))
    return _open(spec.source, plugin, roots, ("source",))


def _plugin(choice: DatasetChoice, registries: Registries, loc: Loc) -> Plugin[Dataset]:
    try:
        plugin: Plugin[Dataset] = registries.datasets.get(choice.dataset)
    except UserError as error:
        raise FieldError(str(error), loc) from None
    return plugin


def _refuse_twins(spec: Spec) -> None:
    seen: set[str] = set()
    for i, choice in enumerate(spec.datasets):
        if choice.label in seen:
            raise FieldError(f"dataset {choice.label} is listed twice; remove one", ("datasets", i))
        seen.add(choice.label)


def _needs_root(plugin: Plugin[Dataset]) -> bool:
    return bool(plugin.attributes.get("needs_root", True))


def _open(choice: DatasetChoice, plugin: Plugin[Dataset], roots: Mapping[str, str], loc: Loc) -> OpenDataset:
    tasks = list(plugin.attributes.get("tasks", ()))
    if choice.task and tasks and choice.task not in tasks:
        hint = nearest(choice.task, tasks)
        raise FieldError(f"dataset {choice.dataset} has no task {choice.task!r}; {hint}", (*loc, "task"))
    params = checked_params(plugin, choice.params, f"dataset {choice.dataset}", (*loc, "params"))
    root = find_root(choice, roots) if _needs_root(plugin) else None
    adapter = plugin.load()(root, choice.task, cast(DatasetParams, params))
    return OpenDataset(choice.label, plugin, adapter, root)
