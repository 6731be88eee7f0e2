"""A dataset with what is needed to prepare its cases."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from ..cell import ChosenDataset
from ..digest import digest
from ..plugin.case import CaseRef
from ..plugin.dataset import Dataset
from ..registry import Registries
from .prepare import PreparedCase, dataset_key, prepare
from .respaced import Respaced


@dataclass
class Part:
    """An opened dataset.

    Attributes
    ----------
    key
        As of `dataset_key`.
    """

    dataset: Dataset
    key: str

    @classmethod
    def of(cls, chosen: ChosenDataset, root: str | None, registries: Registries) -> Part:
        """Open what a cell's identity names; UserError for an unknown dataset or parameter."""
        dataset = open_chosen(chosen, root, registries)
        return cls(dataset, dataset_key(dataset, chosen.fingerprint, chosen.code))

    @cached_property
    def refs(self) -> dict[str, CaseRef]:
        """All cases by id."""
        return {ref.id: ref for ref in self.dataset.cases()}

    def prepared(self, ids: Sequence[str], tick: Callable[[str], None] = lambda case_id: None) -> list[PreparedCase]:
        """The cases of the given ids, prepared; UserError as of `prepare`."""
        return prepare(self.dataset, [self.refs[i] for i in ids], self.key, tick)

    def at(self, spacing: tuple[float, ...]) -> Part:
        """The same cases, resampled to a spacing (mm per voxel, one per axis)."""
        recipe, content = self.key.split("-")
        return Part(Respaced(self.dataset, spacing), f"{digest([recipe, list(spacing)])[:24]}-{content}")


def open_chosen(chosen: ChosenDataset, root: str | None, registries: Registries) -> Dataset:
    """The adapter of what a cell's identity names."""
    plugin = registries.datasets.get(chosen.name)
    params = plugin.validate(chosen.params, f"dataset {chosen.name}")
    adapter: Dataset = plugin.load()(Path(root) if root else None, chosen.task, params)
    return adapter
