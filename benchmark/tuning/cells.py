"""A trial's cells: those of the spec, with the trial's parameters, scored on the validation part."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..cell import Cell, Chosen, Validation
from ..digest import digest
from ..errors import UserError
from ..registry import Registries
from ..spec.load import Loaded
from ..spec.plan import plan_loaded
from ..spec.tune import Tune
from ..spec.where import FieldError


@dataclass(frozen=True)
class TrialCells:
    """The cells of one tuned method.

    Attributes
    ----------
    label
        Name of the method's row.
    base
        Its cells with the parameters that the spec gives it, in the order in which a trial runs them.
    fixed
        Those parameters, as they were written.
    """

    label: str
    base: tuple[Cell, ...]
    fixed: Mapping[str, Any] = field(default_factory=dict)

    @property
    def method(self) -> str:
        """Name of the method's plugin."""
        return self.base[0].identity.method.name

    def of(self, params: Mapping[str, Any], registries: Registries) -> list[Cell]:
        """The cells of a trial; UserError where the method refuses the parameters together."""
        plugin = registries.methods.get(self.method)
        values = plugin.validate({**self.fixed, **params}, self.label).model_dump(mode="json")
        chosen = Chosen(name=self.method, params=values, code=plugin.digest)
        return [_with(cell, {"method": chosen}) for cell in self.base]

    def bound_to(self) -> str:
        """Digest of data, code and settings: trials of another one cannot be compared with these."""
        return digest([cell.identity.model_dump(mode="json") for cell in self.base])


def trial_cells(loaded: Loaded, tune: Tune, registries: Registries) -> list[TrialCells]:
    """The methods to tune, each with its cells.

    Raises
    ------
    UserError
        What the spec names does not exist or does not fit; the methods are not named; checkpoints would be
        selected, or learning rates lowered, by other labels than those that trials are scored with.
    """
    if any(choice.name == "all" for choice in loaded.spec.methods):
        error = FieldError("name the methods to tune: all has parameters of many kinds", ("methods",))
        raise loaded.origin.explain(error)
    names = [choice.name for choice in loaded.spec.methods]
    if len(set(names)) < len(names):
        raise loaded.origin.explain(FieldError("name each method once: it is tuned as one", ("methods",)))
    planned = plan_loaded(loaded, registries)
    by_label: dict[str, list[Cell]] = {}
    for cell in {cell.id: cell for cell in planned.cells}.values():
        by_label.setdefault(cell.label, []).append(_scored_on(tune.objective, cell))
    return [TrialCells(label, tuple(cells), _fixed(loaded, label)) for label, cells in by_label.items()]


def _fixed(loaded: Loaded, label: str) -> dict[str, Any]:
    choice = next(choice for choice in loaded.spec.methods if choice.row == label)
    shared = loaded.spec.params.get(choice.name, {}) if choice.name != label else {}
    return {**shared, **choice.params, **loaded.spec.params.get(label, {})}


def _scored_on(objective: Validation, cell: Cell) -> Cell:
    who = cell.identity
    selected = who.selection.removeprefix("best-") if who.selection != "last" else None
    deciding = selected or ("noisy-val" if who.budget.schedule == "plateau" else None)
    if deciding not in (None, objective):
        what = f"selection {who.selection}" if selected else "the plateau schedule"
        raise UserError(f"objective {objective}: {what} decides by {deciding}; choose --objective {deciding}")
    return _with(cell, {"evaluate": objective})


def _with(cell: Cell, changes: dict[str, Any]) -> Cell:
    # a new object: a copy would keep the id of the old identity
    identity = cell.identity.model_copy(update=changes)
    return Cell(
        identity=identity,
        label=cell.label,
        dataset_label=cell.dataset_label,
        noise_label=cell.noise_label,
        root=cell.root,
        source_root=cell.source_root,
    )
