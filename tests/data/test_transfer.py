"""Labels of one dataset for the images of another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nsbench.benchmark.cell import Cell, ChosenDataset, Transfer
from nsbench.benchmark.data.cell_data import CellData, load_cell_data
from nsbench.benchmark.data.prepare import PreparedCase
from nsbench.benchmark.data.transfer import common_spacing
from nsbench.benchmark.data.transfer_ids import source_ids
from nsbench.benchmark.errors import UserError
from nsbench.benchmark.plugin import CaseRef, Dataset, Split, param
from nsbench.benchmark.registry import Registries

_SCARCE = '''
from nsbench.benchmark.plugin import Method


class Few(Method):
    """Knows few labels."""

    name = "t-few"
    citation = "tests"
    knows = "scarce"
'''
SMALL = {"ndim": 2, "cases": 8, "size": 32}


@pytest.fixture
def known(tmp_path: Path) -> Registries:
    """Built-in plugins and a scarce method."""
    (tmp_path / "few.py").write_text(_SCARCE)
    return Registries(loose=(tmp_path / "few.py",))


@pytest.fixture
def load(known: Registries, make_cell: Callable[..., Cell]) -> Callable[..., CellData]:
    """`load(method, spacing, unlabeled)`: from phantoms of population b, in-plane 4 mm, to population a at 3 mm."""
    build_cell = make_cell.func  # type: ignore[attr-defined]

    def load_data(method: str = "t-few", spacing: tuple[float, ...] | None = None, unlabeled: Any = "rest") -> CellData:
        values = SMALL | {"population": "b", "spacing": 4.0}
        params = known.datasets.get("phantom").validate(values).model_dump(mode="json")
        source = ChosenDataset(name="phantom", params=params, task="chamber", fingerprint="other")
        supervision = Transfer(source=source, spacing=spacing, unlabeled=unlabeled)
        cell: Cell = build_cell(known, method, dataset_params=SMALL | {"spacing": 3.0}, supervision=supervision)
        return load_cell_data(cell, known)

    return load_data


def test_source_cases_are_labeled_and_target_cases_hidden(load: Callable[..., CellData]) -> None:
    data = load()
    assert data.view.labeled.ids == tuple(f"source.case00{i}" for i in range(6))
    assert data.view.unlabeled.ids == tuple(f"case00{i}" for i in range(6))
    assert all(case.label.any() for case in data.view.labeled.cases)
    assert not any(case.label.any() for case in data.view.unlabeled.cases)
    assert set(data.reference) == set(data.view.unlabeled.ids)
    assert all(data.truth[i].any() for i in data.view.ids)
    assert load("ce").view.ids == data.view.labeled.ids
    assert len(load(unlabeled="all").view.unlabeled) == 12
    assert len(load(unlabeled=2).view.unlabeled) == 2


def test_both_are_brought_to_the_coarser_spacing_and_scored_at_the_targets_own(load: Callable[..., CellData]) -> None:
    data = load()
    spacings = np.array([case.spacing for case in data.view.cases])
    # grids are whole numbers of voxels
    assert np.ptp(spacings) < 0.1 * spacings.mean()
    assert spacings.min() > 1.1 * 3.0
    assert data.test[0].original is not None
    assert data.test[0].original.label.shape == (32, 32)
    assert data.test[0].label.shape[0] < 32
    wanted = load(spacing=(2.0, 2.0))
    assert np.array([case.spacing for case in wanted.view.cases]) == pytest.approx(2.0, rel=0.05)
    assert wanted.test[0].label.shape[0] > 32


def prepared(spacing: tuple[float, ...] | None) -> PreparedCase:
    label = np.zeros((4, 4), np.uint8)
    return PreparedCase("c", "p", {}, label[None].astype(np.float32), label, None, spacing, {})


def test_the_common_spacing_is_the_coarser_axis_by_axis(make_cell: Callable[..., Cell]) -> None:
    cell = make_cell()
    one = [prepared((1.0, 3.0)), prepared((1.2, 3.0)), prepared((9.0, 3.0))]
    assert common_spacing(one, [prepared((2.0, 1.0))], cell) == (2.0, 3.0)
    assert common_spacing([prepared(None)], [prepared(None)], cell) is None
    with pytest.raises(UserError, match="the cases of erode-dilate have no spacing"):
        common_spacing([prepared(None)], one, cell)


class Generated(Dataset.Params):
    """Of cases that are made up."""

    cases: int = param(2)
    contrast: float = param(1.0)


def test_patients_of_the_target_are_no_source_of_the_same_adapter(squares: Callable[..., Any]) -> None:
    source, tested, unlabeled = squares(), [CaseRef("x", "p1")], [CaseRef("y", "p2")]
    refs = source.cases()

    def kept(dataset: Any, target: Any, *more: CaseRef) -> tuple[str, ...]:
        return source_ids(dataset, refs, target, [*tested, *more], unlabeled, 0)

    def without(*patients: str) -> tuple[str, ...]:
        return tuple(ref.id for ref in refs if ref.patient not in patients)

    target, other, stranger = squares(), squares(), squares()
    source.params, target.params, other.params = (
        Generated(cases=2),
        Generated(cases=9),
        Generated(cases=9, contrast=2.0),
    )
    stranger.name = "other"
    assert kept(source, target) == without("p1", "p2")
    assert kept(source, other) == without("p1")
    source.root = Path("folder")
    assert kept(source, other) == without("p1", "p2")
    assert kept(source, stranger) == without()
    published = squares(published=Split(("p0s0", "p1s0"), ("p2s0",)))
    assert kept(published, target) == ("p0s0",)
    with pytest.raises(UserError, match="all its patients are named like the target's"):
        kept(published, target, replace(tested[0], patient="p0"))
