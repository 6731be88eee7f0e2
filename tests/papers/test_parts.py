"""From a paper's table to its cells."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from nsbench.benchmark.errors import UserError
from nsbench.benchmark.papers.catalogue import find_table
from nsbench.benchmark.papers.paper_table import Declared, read_table
from nsbench.benchmark.papers.parts import reproduction
from nsbench.benchmark.registry import Registries

_HEAD = "table: Table 1\ntitle: long enough to be one\n"
_PART = "{name: a, spec: {datasets: [la]}}"
_REPORTED = "reported: {paper: pint, tables: [Table 1], dataset: LA}"

STAND_IN = {"datasets": "phantom,cases=4,size=32"}


@pytest.fixture(autouse=True)
def _no_data(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NSBENCH_DATA", raising=False)


@pytest.mark.parametrize(("paper", "table"), [("pint", "Table 1"), ("cople", "i"), ("cople", "1"), ("cople", "fig 4")])
def test_tables_are_found_as_people_write_them(paper: str, table: str) -> None:
    assert find_table(paper, table).table.paper == paper


@pytest.mark.parametrize(
    ("paper", "table", "message"),
    [("pnt", "1", "did you mean pint"), ("pint", "7", "pint has no table '7'"), ("pint", None, "which table of pint")],
)
def test_unknown_tables_are_refused(paper: str, table: str | None, message: str) -> None:
    with pytest.raises(UserError, match=message):
        find_table(paper, table)


def test_parts_become_one_grid_seed_by_seed(pint: Declared, registries: Registries) -> None:
    found = reproduction(pint, STAND_IN, registries)
    cells = found.plan.cells
    assert Counter(cell.label for cell in cells)["ce"] == 3 * 4
    assert [cell.identity.seed for cell in cells] == sorted(cell.identity.seed for cell in cells)
    updates = {cell.label: cell.identity.budget.updates for cell in cells}
    assert (updates["pint"], updates["pnt"]) == (8000, 6000)
    assert {cell.identity.network.name for cell in cells} == {"vnet"}


def test_absent_data_are_a_reason(pint: Declared, registries: Registries) -> None:
    found = reproduction(pint, {}, registries)
    assert found.plan.cells == []
    assert all("give it with --data-root la=DIR" in part.reason for part in found.parts)


def test_private_data_are_a_reason_until_something_stands_in(registries: Registries) -> None:
    table = find_table("pint", "2")
    assert all("private" in part.reason for part in reproduction(table, {}, registries).parts)
    found = reproduction(table, STAND_IN, registries)
    assert not any(part.reason for part in found.parts)
    assert found.heading == "PINT, Table 2, with phantom,cases=4,size=32 in place of CTV"
    assert found.differences[0] == "data: phantom,cases=4,size=32 stands in for CTV"


def test_another_budget_replaces_the_papers(pint: Declared, registries: Registries) -> None:
    found = reproduction(pint, {**STAND_IN, "budget": "smoke", "seeds": "1"}, registries)
    assert {cell.identity.budget.name for cell in found.plan.cells} == {"smoke"}
    assert "budget: smoke in place of the paper's" in found.differences
    # the declared ones speak of the paper's own budget
    assert [text for text in found.differences if text.startswith("budget")] == [
        "budget: smoke in place of the paper's"
    ]
    assert len(found.plan.cells) == 22


def test_fields_of_a_stand_in_apply_to_it_alone(registries: Registries) -> None:
    table = find_table("cople", "I")
    flags = {**STAND_IN, "budget": "smoke"}
    noisy = {cell.identity.supervision.ratio for cell in reproduction(table, flags, registries).plan.cells}
    assert noisy == {1.0}
    assert all(part.loaded and part.loaded.spec.ratios == (0.0,) for part in reproduction(table, {}, registries).parts)


def test_what_a_stand_in_replaces_is_a_difference(registries: Registries) -> None:
    cople, massl = find_table("cople", "IV"), find_table("massl", "2")
    found = reproduction(cople, {"datasets": "phantom"}, registries).shown
    assert "noise: erode-dilate on the stand-in in place of none" in found.differences
    assert "ratios: 1 on the stand-in in place of 0" in found.differences
    found = reproduction(massl, {"datasets": "phantom"}, registries).shown
    assert "labeled: 0.33 on the stand-in in place of 10" in found.differences
    assert any(text.startswith("fold: 0 on the stand-in in place of 0, 1") for text in found.differences)
    assert not reproduction(massl, {"data_root": None}, registries).shown.replaced


def test_every_share_of_labels_has_its_stand_in_or_a_reason(registries: Registries) -> None:
    table = find_table("atso", "4")
    large = reproduction(table, {"datasets": "phantom,ndim=2,cases=32,size=32"}, registries)
    shares = {cell.identity.supervision.labeled for cell in large.plan.cells}
    assert shares == {0.034, 0.125, 0.25}
    assert {value for at in table.table.reported.at for value in at.rows["labeled"]} >= shares
    small = reproduction(table, {"datasets": "phantom,ndim=2,cases=16,size=32"}, registries)
    assert {cell.identity.supervision.labeled for cell in small.plan.cells} == {0.125, 0.25}
    assert [part.part.name for part in small.parts if "is no case" in part.reason] == ["one-thirtieth"]


@pytest.mark.parametrize(
    ("flags", "only", "message"),
    [
        ({"budget": "quik"}, [], "budget"),
        ({"seeds": "many"}, [], "--seeds"),
        ({"data_root": ["jsrt=/x"]}, [], "--data-root jsrt=/x: no such dataset here"),
        ({}, ["noisy"], "--part noisy"),
    ],
)
def test_flags_that_fit_nothing_are_refused(
    pint: Declared, registries: Registries, flags: dict[str, object], only: list[str], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        reproduction(pint, flags, registries, only)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("table: Tabel 1", "line 2: table: "),
        ("table: Table 1\ntitle: too short", "title: "),
        (f"{_HEAD}parts: [{{name: a}}]\n{_REPORTED}", "either datasets, or why"),
        (f"{_HEAD}parts: [{_PART}, {_PART}]\n{_REPORTED}", "each part a name of its own"),
        (f"{_HEAD}parts: [{_PART}]\n{_REPORTED.replace('1', '2')}", "Table 1 among them"),
    ],
)
def test_wrong_files_are_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "pint-table-1" / "spec.yaml"
    path.parent.mkdir()
    path.write_text(f"paper: pint\n{text}\n")
    with pytest.raises(UserError, match=message):
        read_table(path)


def test_a_file_in_the_wrong_folder_is_refused(tmp_path: Path, pint: Declared) -> None:
    path = tmp_path / "spec.yaml"
    path.write_text(pint.path.read_text())
    with pytest.raises(UserError, match="belongs into a folder pint-table-1/"):
        read_table(path)
