"""The adapters on the publishers' files, where these are at hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nsbench.benchmark.data.checks import check_case
from nsbench.benchmark.plugin import Dataset
from nsbench.datasets.jsrt import JSRT
from nsbench.datasets.la import LeftAtrium

pytestmark = pytest.mark.data


@pytest.fixture
def folder(data_root: Path, request: pytest.FixtureRequest) -> Path:
    """The folder named by the test's parameter."""
    found = data_root / str(request.param)
    if not found.is_dir():
        pytest.skip(f"no {request.param}/ under NSBENCH_DATA")
    return found


def on_folder(name: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("folder", [name], indirect=True)


def counts(dataset: Dataset) -> tuple[int, int, int]:
    split = dataset.split(0, 0)
    assert split is not None
    assert not set(split.train) & set(split.test)
    return len(dataset.cases()), len(split.train), len(split.test)


@on_folder("la-half")
def test_atrium_at_half_resolution(folder: Path) -> None:
    dataset = LeftAtrium(folder, None, LeftAtrium.Params())
    assert counts(dataset) == (100, 80, 20)
    assert dataset.task.tags == ("gt_cropped",)
    for ref in dataset.cases()[::45]:
        case = dataset.load(ref)
        check_case(case, dataset.task, "la", ref.id)
        assert case.spacing == (1.25,) * 3
        assert case.image.shape[3] == 44
        assert dataset.normalisation_of(case) == "zscore"


@on_folder("la-full-sample")
def test_atrium_at_full_resolution(folder: Path) -> None:
    dataset = LeftAtrium(folder, None, LeftAtrium.Params())
    assert counts(dataset) == (4, 3, 1)
    case = dataset.load(dataset.cases()[0])
    check_case(case, dataset.task, "la", "sample")
    assert case.spacing == (0.625,) * 3
    assert case.image.shape[3] == 88
    assert dataset.normalisation_of(case) == "none"


@on_folder("jsrt")
@pytest.mark.parametrize(("task", "share"), [("heart", 0.08), ("lung", 0.25), ("clavicle", 0.02)])
def test_radiographs(folder: Path, task: str, share: float) -> None:
    dataset = JSRT(folder, task, JSRT.Params())
    assert counts(dataset) == (247, 197, 50)
    found = []
    for ref in dataset.cases()[::60]:
        case = dataset.load(ref)
        check_case(case, dataset.task, "jsrt", ref.id)
        assert case.image.shape == (1, 256, 256)
        assert case.spacing == (1.4, 1.4)
        assert case.label is not None
        found.append(case.label.mean())
    assert np.mean(found) == pytest.approx(share, rel=0.5)


@on_folder("jsrt")
def test_organs_overlap(folder: Path) -> None:
    datasets = [JSRT(folder, task, JSRT.Params(size=128)) for task in ("heart", "lung")]
    heart, lung = (dataset.load(dataset.cases()[0]).label for dataset in datasets)
    assert heart is not None
    assert lung is not None
    assert heart.shape == (128, 128)
    assert (heart & lung).any()
