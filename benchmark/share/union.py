"""The benchmark of which several runs are parts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from ..cell import Cell
from ..digest import canonical_json
from ..errors import UserError

_LISTS = ("datasets", "methods", "noise", "ratios", "networks", "fold", "seeds", "labeled")
"""Fields of a spec that span the grid: their union is a grid that holds both."""

_Named = tuple[str, dict[str, Any]]
"""A spec after its source."""

_CHOSEN = ("dataset", "method", "network")


@dataclass(frozen=True)
class Variant:
    """Cells that ask one question of different code, data or protocol: they are different cells and both stay.

    Attributes
    ----------
    differs_in
        `code of method ce`, `protocol`, `data of dataset jsrt` ...
    values
        By source: what each has, digests by their first digits.
    cells
        Number of questions.
    """

    differs_in: str
    values: dict[str, str]
    cells: int

    def as_json(self) -> dict[str, Any]:
        """The attributes."""
        return asdict(self)

    def __str__(self) -> str:
        held = ", ".join(f"{source}: {value}" for source, value in self.values.items())
        return f"{self.cells} cells are there twice, as they differ in the {self.differs_in} ({held})"


def join_specs(specs: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    """The spec whose grid holds those of all, by source.

    Raises
    ------
    UserError
        They differ in what does not span a grid, such as the budget.
    """
    (first, joined), *others = ((source, dict(spec)) for source, spec in specs.items())
    for source, spec in others:
        joined = _joined((first, joined), (source, spec))
    return joined


def _joined(one: _Named, other: _Named, within: str = "") -> dict[str, Any]:
    """The spec that spans two; `within` is put before the names of fields in the message."""
    (first, joined), (source, spec) = one, other
    found = dict(joined)
    for name in dict.fromkeys([*joined, *spec]):
        ours, theirs = joined.get(name), spec.get(name)
        if ours == theirs:
            continue
        if name in _LISTS and isinstance(ours, list) and isinstance(theirs, list):
            found[name] = _union(name, ours, theirs)
        elif name == "params" and isinstance(ours, dict) and isinstance(theirs, dict) and _agree(ours, theirs):
            found[name] = {**ours, **theirs}
        elif name == "parts" and isinstance(ours, dict) and isinstance(theirs, dict):
            both = ours.keys() & theirs.keys()
            joint = {part: _joined((first, ours[part]), (source, theirs[part]), f"{part}: ") for part in both}
            found[name] = {**ours, **theirs, **joint}
        else:
            raise UserError(
                f"{first} and {source} are runs of different benchmarks: {within}{name} is {_shown(ours)} in the one "
                f"and {_shown(theirs)} in the other; only runs that differ in {', '.join(_LISTS)}, or in the parts of "
                "a paper's table, are parts of one benchmark"
            )
    return found


def join_cells(plans: Iterable[list[Cell]]) -> list[Cell]:
    """All planned cells, each once under each of its labels, in the order of the sources."""
    found: dict[tuple[str, str, str, str], Cell] = {}
    for cells in plans:
        for cell in cells:
            found.setdefault((cell.id, cell.label, cell.dataset_label, cell.noise_label), cell)
    return list(found.values())


def find_variants(plans: Mapping[str, list[Cell]]) -> list[Variant]:
    """Cells of different sources that differ in code, data or protocol alone."""
    questions: dict[str, dict[str, dict[str, str]]] = {}
    for source, cells in plans.items():
        for cell in cells:
            question, held = _split(cell)
            questions.setdefault(question, {})[source] = held
    counts: dict[tuple[str, str], Variant] = {}
    for by_source in questions.values():
        for name in dict.fromkeys(name for held in by_source.values() for name in held):
            values = {source: held.get(name, "none") for source, held in by_source.items()}
            if len(set(values.values())) > 1:
                key = (name, canonical_json(values))
                counts[key] = Variant(name, values, counts[key].cells + 1 if key in counts else 1)
    return list(counts.values())


def _split(cell: Cell) -> tuple[str, dict[str, str]]:
    """A cell's question, and the digests that are not part of it."""
    identity = cell.identity.model_dump(mode="json")
    held = {"protocol": str(identity.pop("protocol")), "split of the cases": str(identity.pop("split"))[:8]}
    dataset = identity["dataset"]
    held[f"data of dataset {dataset['name']}"] = str(dataset.pop("fingerprint"))[:8]
    chosen = [(kind, identity[kind]) for kind in _CHOSEN]
    noise = identity["supervision"].get("noise")
    for kind, plugin in [*chosen, *([("noise model", noise)] if noise else [])]:
        held[f"code of {kind} {plugin['name']}"] = str(plugin.pop("code"))[:8]
    return canonical_json({**identity, "label": cell.label}), held


def _union(name: str, ours: list[Any], theirs: list[Any]) -> list[Any]:
    new = [item for item in theirs if item not in ours]
    return sorted([*ours, *new]) if name in ("ratios", "fold", "seeds", "labeled") else [*ours, *new]


def _agree(ours: dict[str, Any], theirs: dict[str, Any]) -> bool:
    return all(ours[name] == theirs[name] for name in ours.keys() & theirs.keys())


def _shown(value: Any) -> str:
    return "not given" if value is None else canonical_json(value)
