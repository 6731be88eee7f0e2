"""From a paper's table to its grid of cells: part by part, with the reason where a part cannot be run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..budget import budget_names
from ..cell import Cell
from ..errors import UserError, nearest
from ..registry import Registries
from ..spec.choices import DatasetChoice
from ..spec.load import Loaded, load_mapping
from ..spec.models import Execution
from ..spec.plan import Plan, plan_loaded
from ..spec.roots import check_roots, root_names
from ..spec.text import parse_roots
from ..spec.where import Origin
from .paper_table import Declared, Part
from .shown import Shown


@dataclass(frozen=True)
class PlannedPart:
    """A part with its plan.

    Attributes
    ----------
    loaded
        Its spec; None where it is not a valid one here.
    plan
        None where it cannot be run.
    reason
        Why it cannot; empty where it can.
    """

    part: Part
    loaded: Loaded | None
    plan: Plan | None
    reason: str = ""


@dataclass(frozen=True)
class Reproduction:
    """A table, ready to be run.

    Attributes
    ----------
    stand_in
        The dataset that stands in for the paper's, as the user wrote it; empty: the paper's own.
    execution
        How and where.
    """

    declared: Declared
    parts: tuple[PlannedPart, ...]
    stand_in: str
    execution: Execution

    @property
    def shown(self) -> Shown:
        """What its page tells."""
        reasons = {part.part.name: part.reason for part in self.parts if part.reason}
        return Shown(self.declared, self.stand_in, self.identity()["parts"], reasons)

    @property
    def heading(self) -> str:
        """See `Shown`."""
        return self.shown.heading

    @property
    def plan(self) -> Plan:
        """The cells of all parts, seed by seed."""
        plans = [part.plan for part in self.parts if part.plan]
        cells: dict[tuple[str, ...], Cell] = {}
        for cell in (cell for plan in plans for cell in plan.cells):
            cells.setdefault((cell.id, cell.label, cell.dataset_label, cell.noise_label), cell)
        ordered = sorted(cells.values(), key=lambda cell: (cell.identity.seed, cell.identity.fold))
        test_cases = {cell: count for plan in plans for cell, count in plan.test_cases.items()}
        notes = dict.fromkeys(note for plan in plans for note in plan.notes)
        return Plan(ordered, list(self.left_out), test_cases, list(notes))

    @property
    def one_cell(self) -> list[tuple[str, ...]]:
        """Rows that are one and the same, as where a budget replaces those that set them apart."""
        labels: dict[str, dict[str, None]] = {}
        for cell in self.plan.cells:
            labels.setdefault(cell.id, {})[cell.label] = None
        return list(dict.fromkeys(tuple(sorted(names)) for names in labels.values() if len(names) > 1))

    @property
    def is_transfer(self) -> bool:
        """Whether some part learns from the labels of another dataset."""
        return any(part.loaded and part.loaded.spec.source for part in self.parts)

    @property
    def left_out(self) -> dict[str, None]:
        """See `Shown`."""
        return self.shown.left_out

    @property
    def differences(self) -> tuple[str, ...]:
        """See `Shown`."""
        return self.shown.differences

    def identity(self) -> dict[str, Any]:
        """What binds an output folder to this table, stand-in and budget."""
        table = self.declared.table
        specs = {part.part.name: part.loaded.spec.identity() for part in self.parts if part.plan and part.loaded}
        return {"paper": table.paper, "table": table.table, "stand_in": self.stand_in, "parts": specs}


def reproduction(
    declared: Declared, flags: Mapping[str, Any], registries: Registries, only: Sequence[str] = ()
) -> Reproduction:
    """Plan all parts of a table.

    Parameters
    ----------
    flags
        Fields that the user overrides; `datasets` names a stand-in.
    only
        Names of the parts that are wanted; empty: all.

    Raises
    ------
    UserError
        A flag fits nothing in the table. What stops single parts is their `reason`.
    """
    _check_only(declared, only)
    given = {name: value for name, value in flags.items() if name != "data_root"}
    budget = given.get("budget")
    if isinstance(budget, str) and budget not in budget_names():
        raise UserError(f"--budget: unknown budget {budget!r}: {nearest(budget, budget_names())}")
    # a flag that is wrong by itself is no reason of a part
    execution = load_mapping({}, given, Origin()).execution
    parts = [_loaded(declared, part, given) for part in declared.table.parts]
    roots = _roots(flags.get("data_root"), parts, registries)
    planned = tuple(_planned(part, roots, only, registries) for part in parts)
    return Reproduction(declared, planned, str(given.get("datasets", "")), execution)


def _check_only(declared: Declared, only: Sequence[str]) -> None:
    names = [part.name for part in declared.table.parts]
    for name in only:
        if name not in names:
            raise UserError(f"--part {name}: {declared.table.heading} has no such part; {nearest(name, names)}")


def _loaded(declared: Declared, part: Part, given: Mapping[str, Any]) -> PlannedPart:
    fields = declared.fields(part, "datasets" in given)
    # a source other than the paper's is meant for the parts that have one
    own = {name: value for name, value in given.items() if name != "source" or fields.get("source")}
    reason = part.unavailable if part.unavailable and "datasets" not in given else ""
    try:
        return PlannedPart(part, load_mapping(fields, own, declared.origin(part), declared.path.parent), None, reason)
    except UserError as error:
        return PlannedPart(part, None, None, str(error))


def _roots(given: Any, parts: Sequence[PlannedPart], registries: Registries) -> dict[str, str]:
    """Data folders by dataset, each of which some part needs."""
    try:
        roots = parse_roots(given or [])
    except ValueError as error:
        raise UserError(f"--data-root: {error}") from None
    wanted = {choice.label: choice for part in parts for choice in _with_folder(part, registries)}
    check_roots(roots, list(wanted.values()))
    return roots


def _with_folder(part: PlannedPart, registries: Registries) -> list[DatasetChoice]:
    """The datasets of a part that lie in a folder."""
    if part.loaded is None:
        return []
    known = registries.datasets.names()
    needing = {name for name in known if registries.datasets.get(name).attributes.get("needs_root", True)}
    source: DatasetChoice | None = getattr(part.loaded.spec, "source", None)
    choices = [*part.loaded.spec.datasets, *([source] if source else [])]
    return [choice for choice in choices if choice.dataset in needing]


def _planned(part: PlannedPart, roots: Mapping[str, str], only: Sequence[str], registries: Registries) -> PlannedPart:
    if only and part.part.name not in only:
        return replace(part, reason="not asked for")
    if part.loaded is None or part.reason:
        return part
    names = {name for choice in _with_folder(part, registries) for name in (*root_names(choice), "")}
    own = {name: folder for name, folder in roots.items() if name in names}
    execution = part.loaded.execution.model_copy(update={"data_root": own})
    loaded = replace(part.loaded, execution=execution)
    try:
        return PlannedPart(part.part, loaded, plan_loaded(loaded, registries))
    except UserError as error:
        return PlannedPart(part.part, loaded, None, str(error))
