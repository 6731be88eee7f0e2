"""The tables of the papers run: a cell of every network here, everything by `pytest -m nightly`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from nsbench.benchmark.cell import Cell
from nsbench.benchmark.execution.run_cell import run_cell
from nsbench.benchmark.papers.paper_table import Declared
from nsbench.benchmark.papers.parts import Reproduction, reproduction
from nsbench.benchmark.papers.side_by_side import side_by_side
from nsbench.benchmark.registry import Registries
from nsbench.benchmark.store import Store

from .test_paper_specs import named_by, stand_in, tables, unfit

_SLICES = {"base": "smoke", "updates": 1, "accounting": "per-stage", "width": 2, "batch_size": 2, "patch": [64, 64]}
_VOLUMES = _SLICES | {"patch": [32, 32, 32]}


def _tiny(declared: Declared, registries: Registries) -> Reproduction:
    """A table with the smallest of budgets on generated scans: slices for the parts that take them, else volumes."""
    flags = [_flags(declared, ndim, budget) for ndim, budget in _choices(declared)]
    found = [reproduction(declared, each, registries) for each in flags]
    chosen = [next((part for part in parts if not part.reason), parts[0]) for parts in zip(*(f.parts for f in found))]
    assert unfit(declared, chosen) == []
    return Reproduction(declared, tuple(chosen), found[0].stand_in, found[0].execution)


def _choices(declared: Declared) -> list[tuple[int, dict[str, Any]]]:
    """Three views need volumes."""
    return [(3, _SLICES)] if "views: three" in declared.path.read_text() else [(2, _SLICES), (3, _VOLUMES)]


def _flags(declared: Declared, ndim: int, budget: dict[str, Any]) -> dict[str, Any]:
    # a thirtieth of which is one case
    many = declared.table.slug == "atso-table-4"
    cases, budget = (32, budget | {"case_limit": 32}) if many else (16, budget)
    generated = f"phantom:multiclass,cases={cases},size=32,ndim={ndim}"
    sources = {name: f"{generated},population=b" for name in stand_in(declared) if name == "source"}
    return {"datasets": generated, **sources, "budget": budget, "seeds": "1"}


def _first_of_each_network(found: Reproduction) -> list[Cell]:
    first: dict[str, Cell] = {}
    for cell in found.plan.cells:
        first.setdefault(cell.identity.network.model_dump_json(), cell)
    return list(first.values())


def _narrow(cell: Cell) -> Cell:
    """With a network as wide as the budget says."""
    network = cell.identity.network
    network = network.model_copy(update={"params": network.params | {"width": None}})
    # a copy would keep the id
    fields = {name: getattr(cell, name) for name in Cell.model_fields}
    return Cell(**fields | {"identity": cell.identity.model_copy(update={"network": network})})


def _errors(cells: list[Cell], store: Store, registries: Registries) -> list[str]:
    """What went wrong, cell by cell."""
    found = []
    for cell in cells:
        if run_cell(cell, store, registries, torch.device("cpu")) != "done":
            record = store.read(cell.id)
            found.append(f"{cell.describe()}: {record and record.result.error}")
    return found


def _once() -> list[Any]:
    """Tables that bring a network, or a way of supervision, that those before them do not."""
    wanted = {"pint-table-1", "cople-table-ii", "massl-table-2", "tsman-table-2", "atso-table-6"}
    return [each for each in tables() if each.id in wanted]


@pytest.mark.parametrize("declared", _once())
def test_every_network_trains(declared: Declared, registries: Registries, tmp_path: Path) -> None:
    cells = [_narrow(cell) for cell in _first_of_each_network(_tiny(declared, registries))]
    assert _errors(cells, Store(tmp_path), registries) == []


@pytest.mark.nightly
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("declared", tables())
def test_the_whole_table_runs(declared: Declared, registries: Registries, tmp_path: Path) -> None:
    found, store = _tiny(declared, registries), Store(tmp_path)
    cells = [_narrow(cell) for cell in found.plan.cells]
    assert _errors(cells, store, registries) == []
    store.write_plan(found.identity(), cells, [])
    lines = side_by_side(found.shown, store, registries)
    # the levels of an encoder are measured by nsbench analyze alone
    placed = set() if declared.table.slug == "massl-table-3" else set(declared.table.reported.methods)
    assert {line.label for line in lines if line.label} == placed - named_by(found.parts)
    assert [line.reason for line in lines if line.label and not line.measured and not _known(declared, line)] == []
    assert all(line.reason for line in lines if not line.label)


def _known(declared: Declared, line: Any) -> bool:
    """Numbers that no stand-in has: of classes of its own, of a challenge's score."""
    setting, metric = line.printed["setting"], line.printed["metric"]
    named = any(word in setting for word in ("class=", "structure=", "label="))
    return named or metric in ("overall score", *declared.table.reported.not_comparable)
