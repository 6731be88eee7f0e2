"""Records that can be trusted, and those that cannot."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nsbench.benchmark.cell import Cell
from nsbench.benchmark.errors import UserError
from nsbench.benchmark.store import CellFolder, Result, Store

from .conftest import write_record

Finished = tuple[Store, Cell]


def test_a_record_is_read_back_and_nothing_of_it_is_pickled(finished: Finished) -> None:
    store, cell = finished
    record = store.read(cell.id)
    assert record is not None
    assert (record.identity, record.result.updates) == (cell.identity, 6)
    assert store.finished_ids() == {cell.id}
    suffixes = {path.suffix for path in store.folder(cell.id).path.iterdir()}
    assert suffixes == {".json", ".parquet"}


def _truncate(folder: CellFolder) -> None:
    folder.record.write_bytes(folder.record.read_bytes()[:100])


def _flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def _edit(folder: CellFolder, **changes: Any) -> None:
    folder.record.write_text(json.dumps(json.loads(folder.record.read_text()) | changes))


def _change_identity(folder: CellFolder) -> None:
    identity = json.loads(folder.record.read_text())["identity"]
    _edit(folder, identity=identity | {"seed": 5})


def _replace_by_folder(folder: CellFolder) -> None:
    folder.record.unlink()
    folder.record.mkdir()


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (_truncate, "record.json is damaged"),
        (lambda folder: folder.record.write_text("[]"), "record.json is damaged"),
        (_replace_by_folder, "record.json is damaged: Is a directory"),
        (lambda folder: _flip(folder.cases), "cases.parquet is damaged"),
        (lambda folder: folder.curves.unlink(), "curves.parquet is damaged: missing"),
        (lambda folder: _edit(folder, cell="0123456789abcdef"), "belongs to cell"),
        (_change_identity, "belongs to cell"),
        (lambda folder: _edit(folder, format=99), "format 99, this nsbench reads 1"),
        (lambda folder: _edit(folder, result={"status": "fine"}), "record.json is damaged"),
    ],
)
def test_a_damaged_record_is_told_from_a_good_one(
    finished: Finished, damage: Callable[[CellFolder], None], words: str
) -> None:
    store, cell = finished
    damage(store.folder(cell.id))
    with pytest.raises(ValueError, match=words):
        store.read(cell.id)


def test_the_record_of_another_cell_is_told(finished: Finished, make_cell: Callable[..., Cell]) -> None:
    store, cell = finished
    other = make_cell("ce", seed=1)
    store.folder(cell.id).path.rename(store.folder(other.id).path)
    with pytest.raises(ValueError, match=f"belongs to cell {cell.id}"):
        store.read(other.id)


def test_what_is_set_aside_is_kept_and_no_record(finished: Finished) -> None:
    store, cell = finished
    first = store.set_aside(cell.id)
    write_record(store, cell)
    second = store.set_aside(cell.id)
    assert first != second
    assert all((path / "record.json").exists() for path in (first, second))
    assert store.finished_ids() == set()
    assert store.read(cell.id) is None


def test_a_record_that_may_not_be_read_is_no_damage(finished: Finished, monkeypatch: pytest.MonkeyPatch) -> None:
    store, cell = finished

    def refuse(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("nsbench.benchmark.store.store.read_json", refuse)
    with pytest.raises(UserError, match=r"cannot read .*record.json: permission denied"):
        store.read(cell.id)


def test_a_failure_may_say_anything(finished: Finished) -> None:
    store, cell = finished
    error = 'quotes " and \x00 and \N{SNOWMAN}\n' * 100
    write_record(store, cell, Result(status="failed", error=error))
    record = store.read(cell.id)
    assert record is not None
    assert record.result.error == error


def test_a_folder_belongs_to_one_spec(finished: Finished) -> None:
    store, cell = finished
    store.write_plan({"ratios": [0.5], "name": "a"}, [cell], ["none left out"])
    with pytest.raises(UserError, match=r"another benchmark \(differs in: ratios\)"):
        store.write_plan({"ratios": [0.25], "name": "a"}, [], [])
    assert store.planned_cells() == [cell]
    store.write_plan({"ratios": [0.25], "name": "a"}, [], [], extend=True)
    assert store.planned_cells() == []
    assert store.finished_ids() == {cell.id}


@pytest.mark.parametrize("text", ["", "[]", '{"spec": {}}', '{"spec": {}, "cells": 3}', '{"spec": {}, "cells": [{}]}'])
def test_a_damaged_plan_is_named_with_a_remedy(tmp_path: Path, text: str) -> None:
    (tmp_path / "plan.json").write_text(text)
    with pytest.raises(UserError, match=r"plan.json is damaged.*; delete it and run the same nsbench run"):
        Store(tmp_path).planned_cells()
