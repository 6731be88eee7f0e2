"""Cityscapes and Mapillary Vistas."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from nsbench.benchmark.data.split import split_cases
from nsbench.benchmark.errors import UserError
from nsbench.datasets._mapillary_classes import TO_CITYSCAPES
from nsbench.datasets._street import CITYSCAPES_IDS
from nsbench.datasets.cityscapes import Cityscapes
from nsbench.datasets.mapillary import Mapillary

from .written_trees import street, write_cityscapes, write_mapillary, write_picture


def cityscapes(root: Path, **params: Any) -> Cityscapes:
    return Cityscapes(root, None, Cityscapes.Params(**params))


def mapillary(root: Path, task: str = "all", **params: Any) -> Mapillary:
    return Mapillary(root, task, Mapillary.Params(**params))


def pixels(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path))


def test_cityscapes_is_mapped_to_its_19_classes(tmp_path: Path) -> None:
    write_cityscapes(tmp_path)
    dataset = cityscapes(tmp_path)
    ref = dataset.cases()[1]
    case, stored = dataset.load(ref), pixels(ref.files[1])
    np.testing.assert_array_equal(case.image, np.moveaxis(street(1), -1, 0))
    assert case.label is not None
    np.testing.assert_array_equal(np.asarray(case.ignore), np.isin(stored, (1, 255)))
    classes = dataset.task.classes
    assert (len(classes), classes[0], classes[-1]) == (19, "road", "bicycle")
    np.testing.assert_array_equal(case.label == 1 + classes.index("car"), stored == 26)
    np.testing.assert_array_equal(case.label == 1, stored == 7)
    written = pixels(dataset.write_label(case, case.label, tmp_path / "out.png"))
    np.testing.assert_array_equal(written, np.where(np.isin(stored, (1, 255)), 0, stored))


def test_cityscapes_is_split_by_city_as_published(tmp_path: Path) -> None:
    write_cityscapes(tmp_path)
    dataset = cityscapes(tmp_path)
    assert [ref.patient for ref in dataset.cases()] == ["aachen", "aachen", "ulm", "munster"]
    split = split_cases(dataset, dataset.cases(), 0, 5, 0)
    assert (len(split.train), split.test) == (3, ("munster_000000_000019",))


def test_shrunk_pictures_give_predictions_of_full_size(tmp_path: Path) -> None:
    write_cityscapes(tmp_path)
    dataset = cityscapes(tmp_path, shrink=2)
    ref = dataset.cases()[0]
    case = dataset.load(ref)
    assert case.label is not None
    assert (case.image.shape, case.label.shape, dataset.task.tags) == ((3, 8, 12), (8, 12), ("shrunk 2x",))
    blocks = street().astype(float).reshape(8, 2, 12, 2, 3).mean((1, 3))
    np.testing.assert_allclose(case.image, np.moveaxis(blocks, -1, 0), atol=1e-3)
    written = pixels(dataset.write_label(case, case.label, tmp_path / "out.png"))
    stored = pixels(ref.files[1])
    np.testing.assert_array_equal(written, np.where(np.isin(stored, (1, 255)), 0, stored))


def test_faulty_cityscapes(tmp_path: Path) -> None:
    write_cityscapes(tmp_path)
    ref = cityscapes(tmp_path).cases()[0]
    write_picture(ref.files[1], np.full((16, 24), 99, np.uint8))
    with pytest.raises(UserError, match=r"aachen_000000_000019_gtFine_labelIds\.png: label values 99"):
        cityscapes(tmp_path).load(ref)
    write_picture(ref.files[0], street()[:, :, 0])
    with pytest.raises(UserError, match="a picture of 1 channel; expected RGB"):
        cityscapes(tmp_path).load(ref)
    ref.files[1].unlink()
    with pytest.raises(UserError, match=r"no label for .*aachen_000000_000019_leftImg8bit"):
        cityscapes(tmp_path).cases()
    (tmp_path / "gtFine").rename(tmp_path / "gtCoarse")
    with pytest.raises(UserError, match=r"nearest match: .*leftImg8bit/train"):
        cityscapes(tmp_path).cases()


@pytest.mark.parametrize("old", [True, False])
def test_mapillary_reads_indices_and_evaluated_classes(tmp_path: Path, old: bool) -> None:
    write_mapillary(tmp_path, "" if old else "v1.2", "config.json" if old else "config_v1.2.json")
    dataset = mapillary(tmp_path)
    assert [ref.id for ref in dataset.cases()] == ["a_1", "b", "c"]
    split = split_cases(dataset, dataset.cases(), 0, 5, 0)
    assert (split.train, split.test) == (("a_1", "b"), ("c",))
    assert len(dataset.task.classes) == 4
    case, stored = dataset.load(dataset.cases()[0]), pixels(dataset.cases()[0].files[1])
    np.testing.assert_array_equal(np.asarray(case.ignore), stored == 4)
    np.testing.assert_array_equal(case.label, np.where(stored == 4, 0, stored + 1))
    written = pixels(dataset.write_label(case, np.asarray(case.label), tmp_path / "out.png"))
    np.testing.assert_array_equal(written, np.where(stored == 4, 255, stored))


def test_mapillary_as_cityscapes(tmp_path: Path) -> None:
    write_mapillary(tmp_path)
    dataset = mapillary(tmp_path, "cityscapes")
    case, stored = dataset.load(dataset.cases()[0]), pixels(dataset.cases()[0].files[1])
    assert dataset.task.classes == tuple(CITYSCAPES_IDS)
    assert case.label is not None
    np.testing.assert_array_equal(case.label == 1, np.isin(stored, (1, 2)))
    np.testing.assert_array_equal(case.label == 1 + dataset.task.classes.index("car"), stored == 3)
    np.testing.assert_array_equal(np.asarray(case.ignore), np.isin(stored, (0, 4)))
    written = pixels(dataset.write_label(case, case.label, tmp_path / "out.png"))
    assert sorted(np.unique(written)) == [0, 7, 26]
    write_mapillary(tmp_path, "v2.0", "config_v2.0.json")
    with pytest.raises(UserError, match=r"task cityscapes is for version=v1\.2"):
        _ = mapillary(tmp_path, "cityscapes", version="v2.0").task
    assert set(TO_CITYSCAPES.values()) == set(CITYSCAPES_IDS)


def test_faulty_mapillary(tmp_path: Path) -> None:
    write_mapillary(tmp_path)
    with pytest.raises(UserError, match=r"no known layout(?s:.*)config_v2\.0\.json"):
        mapillary(tmp_path, version="v2.0").cases()
    ref = mapillary(tmp_path).cases()[1]
    Image.open(ref.files[1]).convert("RGB").save(ref.files[1])
    with pytest.raises(UserError, match=r"b\.png: label of 3 channels"):
        mapillary(tmp_path).load(ref)
    (tmp_path / "config_v1.2.json").write_text(json.dumps({"labels": [{"name": "x"}]}))
    with pytest.raises(UserError, match=r"config_v1\.2\.json: damaged or not a JSON of Mapillary Vistas file"):
        _ = mapillary(tmp_path).task
