"""The left atrium in the community's h5 form."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from nsbench.benchmark.data.prepare import prepare
from nsbench.benchmark.errors import UserError
from nsbench.benchmark.plugin import Dataset
from nsbench.datasets.la import LeftAtrium

Scan = tuple[np.ndarray, np.ndarray]


def la(root: Path | None, **params: Any) -> LeftAtrium:
    return LeftAtrium(root, None, LeftAtrium.Params(**params))


def h5_file(root: Path, name: str) -> Path:
    return root / "2018LA_Seg_Training Set" / name / "mri_norm2.h5"


def replace(root: Path, key: str, values: np.ndarray) -> None:
    """Another array in place of one of AAA."""
    with h5py.File(h5_file(root, "AAA"), "r+") as file:
        del file[key]
        file[key] = values


def prepared(dataset: Dataset) -> Any:
    return prepare(dataset, dataset.cases()[:1], "key")[0]


@pytest.mark.parametrize("below", ["", "data"])
def test_lists_give_cases_and_split(h5_root: Path, scan: Scan, tmp_path: Path, below: str) -> None:
    root = h5_root
    if below:
        (tmp_path / "download").mkdir()
        h5_root.rename(tmp_path / "download" / below)
        root = tmp_path / "download"
    dataset = la(root)
    split = dataset.split(0, 0)
    assert split is not None
    assert (split.train, split.test, split.source) == (("AAA", "BBB"), ("CCC",), "published")
    assert dataset.task.tags == ("gt_cropped",)
    case = dataset.load(dataset.cases()[0])
    assert case.image.dtype == np.float32
    np.testing.assert_array_equal(case.image, scan[0][None])
    np.testing.assert_array_equal(case.label, scan[1])
    assert case.spacing == (0.625,) * 3


def test_only_fold_zero_is_published(h5_root: Path) -> None:
    with pytest.raises(UserError, match="only fold 0"):
        la(h5_root).split(1, 0)


@pytest.mark.parametrize("holder", ["file", "image"])
@pytest.mark.parametrize(("stored", "expected"), [(1.25, (1.25,) * 3), ([1.0, 2.0, 3.0], (1.0, 2.0, 3.0))])
def test_spacing_attribute(h5_root: Path, holder: str, stored: Any, expected: tuple[float, ...]) -> None:
    with h5py.File(h5_file(h5_root, "AAA"), "r+") as file:
        (file if holder == "file" else file["image"]).attrs["spacing"] = stored
    first, second = la(h5_root).cases()[:2]
    assert la(h5_root).load(first).spacing == expected
    assert la(h5_root).load(second).spacing == (0.625,) * 3
    assert la(h5_root, spacing=2.5).load(first).spacing == (2.5,) * 3


@pytest.mark.parametrize("stored", [0.0, [1.0, 2.0], [1.0, -1.0, 1.0], float("nan")])
def test_senseless_spacing_is_refused(h5_root: Path, stored: Any) -> None:
    with h5py.File(h5_file(h5_root, "AAA"), "r+") as file:
        file.attrs["spacing"] = stored
    with pytest.raises(UserError, match=r"AAA/mri_norm2\.h5: attribute spacing .* 3 positive millimetres"):
        la(h5_root).load(la(h5_root).cases()[0])


def test_integer_images_are_normalised_once(h5_root: Path, scan: Scan) -> None:
    case = prepared(la(h5_root))
    assert case.preprocessing == {"normalisation": "zscore"}
    assert abs(case.image.mean()) < 1e-6
    assert case.image.std() == pytest.approx(1, abs=1e-5)


def test_float_images_were_normalised_by_the_publisher(h5_root: Path, scan: Scan) -> None:
    values = (scan[0] / 40 + 0.5).astype(np.float32)
    replace(h5_root, "image", values)
    case = prepared(la(h5_root))
    assert case.preprocessing == {"normalisation": "none"}
    np.testing.assert_array_equal(case.image[0], values)


def test_lists_of_other_editors(h5_root: Path) -> None:
    (h5_root / "train.list").write_bytes(b"\xef\xbb\xbfAAA\r\n\r\nBBB  \r\n")
    assert [ref.id for ref in la(h5_root).cases()] == ["AAA", "BBB", "CCC"]


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("train.list", "AAA\nDDD\n", r"lists name .*DDD/mri_norm2\.h5, which is missing"),
        ("train.list", "AAA\nAAA\n", r"train\.list: AAA listed more than once"),
        ("train.list", "\n \n", r"train\.list: the list is empty"),
        ("test.list", "AAA\n", "AAA in the training and in the test part"),
        ("test.list", None, r"test\.list: no such file"),
    ],
)
def test_wrong_lists(h5_root: Path, file: str, text: str | None, message: str) -> None:
    if text is None:
        (h5_root / file).unlink()
    else:
        (h5_root / file).write_text(text)
    with pytest.raises(UserError, match=message):
        la(h5_root).split(0, 0)


@pytest.mark.parametrize("key", ["image", "label"])
def test_missing_array_is_named(h5_root: Path, key: str) -> None:
    with h5py.File(h5_file(h5_root, "AAA"), "r+") as file:
        del file[key]
    with pytest.raises(UserError, match=rf"AAA/mri_norm2\.h5: no array {key}; the file holds"):
        la(h5_root).load(la(h5_root).cases()[0])


@pytest.mark.parametrize(
    ("key", "values", "message"),
    [
        ("label", np.full((12, 10, 8), 2, np.uint8), r"la/labels\] case AAA \(mri_norm2\.h5\): label values \[2\]"),
        ("label", np.full((12, 10, 8), 0.5, np.float32), r"label values \[0\.5\]"),
        ("label", np.zeros((12, 10, 7), np.uint8), r"la/geometry\] case AAA"),
        ("image", np.full((12, 10, 8), np.nan, np.float32), "960 NaN or infinite"),
        ("image", np.zeros((12, 10), np.uint8), r"shape \(1, 12, 10\), expected 1 channel"),
    ],
)
def test_content_that_is_not_the_task(h5_root: Path, key: str, values: np.ndarray, message: str) -> None:
    replace(h5_root, key, values)
    with pytest.raises(UserError, match=message):
        prepared(la(h5_root))


def test_wrong_folders_and_their_remedy(h5_root: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no data folder; give it with --data-root la=DIR"):
        la(None).cases()
    with pytest.raises(UserError, match=r"la-h6 does not exist; .* holds la-h5"):
        la(tmp_path / "la-h6").cases()
    with pytest.raises(UserError, match=r"Looked for:(\n.*)+nearest match: .*la-h5/train\.list"):
        la(tmp_path).cases()
    with pytest.raises(UserError, match="no known layout"):
        la(h5_root, layout="nrrd").cases()
    (tmp_path / "none").mkdir()
    with pytest.raises(UserError, match="the folder holds nothing"):
        la(tmp_path / "none").cases()
