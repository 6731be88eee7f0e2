"""The specs of the papers' tables: everything they name exists, and every number has its place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from nsbench.benchmark.papers.catalogue import find_table, table_files
from nsbench.benchmark.papers.mappings import defaults
from nsbench.benchmark.papers.paper_table import Declared, read_table
from nsbench.benchmark.papers.parts import PlannedPart, reproduction
from nsbench.benchmark.papers.side_by_side import side_by_side
from nsbench.benchmark.registry import Registries
from nsbench.benchmark.report.claims import load_claims
from nsbench.benchmark.report.reported import load_reported, parse_setting
from nsbench.benchmark.spec.choices import DatasetChoice
from nsbench.benchmark.store import Store

FILES = table_files()
TABLES = {
    *(f"tsman-table-{n}" for n in (1, 2, 3, 4)),
    *("tsman-fig-6", "tsman-fig-7", "pint-table-1", "pint-table-2"),
    *(f"massl-table-{n}" for n in (1, 2, 3)),
    *(f"atso-table-{n}" for n in range(1, 7)),
    *(f"cople-table-{n}" for n in ("i", "ii", "iii", "iv")),
    "cople-fig-4",
}
UNPLACED = {
    "atso-table-1": 18 + 3,
    "atso-table-3": 15,
    "massl-table-3": 15,
    "tsman-table-4": 2,
}
"""Numbers that no row of a run stands for: reference set, similarity to M0, levels of an encoder, background."""
NO_NETWORK = {"atso-table-4", "atso-table-5", "atso-table-6", "cople-table-ii"}
"""DeepLab v2 is not here; a table that compares networks has many."""

OWN_CLASSES = {("atso-table-6", "super-classes")}
"""Parts that name classes of the paper's data: no stand-in has them."""


def tables() -> list[Any]:
    """Each table under its folder's name."""
    return [pytest.param(each, id=each.table.slug) for each in map(read_table, FILES)]


def unfit(declared: Declared, parts: Iterable[PlannedPart]) -> list[str]:
    """Why parts cannot run that a stand-in could well do."""
    found = {part.part.name: part.reason for part in parts if part.reason}
    own = {name for table, name in OWN_CLASSES if table == declared.table.slug}
    assert all("superclasses: road" in found.get(name, "") for name in own)
    return [reason for name, reason in found.items() if name not in own]


def stand_in(declared: Declared) -> dict[str, Any]:
    """Flags by which generated scans of as many dimensions stand in for a table's data."""
    fields = declared.fields(declared.table.parts[0], stands_in=False)
    flat = len(fields["budget"].get("patch", (0, 0, 0))) == 2 and fields.get("view") != "2d"
    # of which a thirtieth is one case
    cases = 32 if declared.table.slug == "atso-table-4" else 16
    generated = f"phantom:multiclass,cases={cases},size=32{',ndim=2' if flat else ''}"
    return {"datasets": generated} | ({"source": generated + ",population=b"} if "source" in fields else {})


def test_a_table_of_which_nothing_is_finished_has_reasons_only(registries: Registries, tmp_path: Path) -> None:
    declared = next(each.values[0] for each in tables() if each.id == "pint-table-2")
    found, store = reproduction(declared, stand_in(declared), registries), Store(tmp_path)
    store.write_plan(found.identity(), found.plan.cells, [])
    lines = side_by_side(found.shown, store, registries)
    assert lines
    assert all(line.reason and not line.measured for line in lines)


def named_by(parts: Iterable[PlannedPart]) -> set[str]:
    """Labels of the methods of the parts that cannot run."""
    specs = [part.part.spec for part in parts if part.reason]
    return {method["label"] for spec in specs for method in spec["methods"]}


def test_every_table_of_the_papers_is_there() -> None:
    assert {path.parent.name for path in FILES} == TABLES


@pytest.mark.parametrize("declared", tables())
def test_everything_resolves_with_the_papers_own_budget(declared: Declared, registries: Registries) -> None:
    found = reproduction(declared, stand_in(declared), registries)
    assert unfit(declared, found.parts) == []
    assert all(cell.identity.budget.name == "paper" for cell in found.plan.cells)
    labels = {cell.label for cell in found.plan.cells}
    assert labels == set(declared.table.reported.methods) - named_by(found.parts)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.parent.name)
def test_datasets_and_their_parameters_exist(path: Path, registries: Registries) -> None:
    declared = read_table(path)
    for part in declared.table.parts:
        fields = declared.fields(part, stands_in=False)
        for text in [*fields.get("datasets", []), *filter(None, [fields.get("source")])]:
            choice = DatasetChoice.model_validate(text)
            plugin = registries.datasets.get(choice.dataset)
            plugin.validate(choice.params)
            assert choice.task in (None, *plugin.attributes["tasks"])


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.parent.name)
def test_every_number_has_its_place(path: Path) -> None:
    table = read_table(path).table
    reported = table.reported
    printed = [each for several in reported.methods.values() for each in several]
    places = {(each.method, _key({**at.setting, **each.setting})) for each in printed for at in reported.at}
    quoted = {method for each in table.quoted for method in each.methods}
    numbers = [number for number in load_reported(reported.paper) if number["table"] in reported.tables]
    keys = Counter((number["method"], _key(parse_setting(number["setting"]))) for number in numbers)
    unplaced = sum(count for key, count in keys.items() if key not in places and key[0] not in quoted)
    assert unplaced == UNPLACED.get(table.slug, 0)
    if numbers:
        assert {each.method for each in printed} <= {method for method, _ in keys}
        assert {number["dataset"] for number in numbers} == {reported.dataset}
        assert quoted <= {method for method, _ in keys}
    else:
        said = [claim for claim in load_claims(reported.paper) if table.table in claim.source]
        assert {side.method for claim in said for side in (claim.subject, *claim.against)} <= {
            each.method for each in printed
        } | quoted


@pytest.mark.parametrize("declared", tables())
def test_the_papers_patients_network_and_view_are_declared(declared: Declared, registries: Registries) -> None:
    """Verdicts need them: a run that has others is told apart."""
    table = declared.table
    assert table.reported.test_cases
    assert (table.reported.network is None) == (table.slug in NO_NETWORK)
    assert table.reported.view or table.slug == "cople-table-ii"
    cells = reproduction(declared, stand_in(declared), registries).plan.cells
    if table.reported.network:
        assert {cell.identity.network.name for cell in cells} == {table.reported.network}
    if table.reported.view:
        assert {cell.identity.view for cell in cells} == {table.reported.view}


def test_mappings_for_any_run_say_what_those_of_the_tables_say() -> None:
    names = ("datasets", "test_cases", "network", "view", "selection")
    of_tables = [table.values[0].table.reported for table in tables()]
    for mapping in defaults():
        same = [each for each in of_tables if each.paper == mapping.paper and each.tables[0] == mapping.tables[0]]
        assert [[getattr(each, name) for name in names] for each in same] == [
            [getattr(mapping, name) for name in names]
        ]


@pytest.mark.parametrize("figure", ["6", "7"])
def test_tsman_is_compared_with_two_averaged_networks_at_every_share_of_labels(
    figure: str, registries: Registries
) -> None:
    found = reproduction(find_table("tsman", f"Fig. {figure}"), {"datasets": "phantom,cases=16,size=32"}, registries)
    switches = ("f1", "f2", "f3", "f4")
    averaged: dict[float, Any] = {}
    for cell in found.plan.cells:
        params, printed = cell.identity.method.params, found.declared.table.reported.methods[cell.label]
        if printed[0].method == "DenseVoxNet":
            averaged[cell.identity.supervision.labeled] = params.get("retrain_params") or params
    assert sorted(averaged) == [tenth / 10 for tenth in range(1, 11)]
    assert not any(params[switch] for params in averaged.values() for switch in switches)


def _key(setting: dict[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(setting.items()))
