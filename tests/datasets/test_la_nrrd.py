"""The left atrium in the challenge's NRRD form."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import nrrd
import numpy as np
import pytest

from nsbench.benchmark.errors import UserError
from nsbench.datasets.la import LeftAtrium

Scan = tuple[np.ndarray, np.ndarray]


def la(root: Path, **params: Any) -> LeftAtrium:
    return LeftAtrium(root, None, LeftAtrium.Params(**params))


def test_two_folders_are_the_split(nrrd_root: Path, scan: Scan) -> None:
    dataset = la(nrrd_root)
    split = dataset.split(0, 0)
    assert split is not None
    assert (split.train, split.test) == (("AAA", "BBB"), ("CCC",))
    assert dataset.task.tags == ()
    case = dataset.load(dataset.cases()[0])
    np.testing.assert_array_equal(case.image, scan[0][None])
    np.testing.assert_array_equal(case.label, scan[1])
    assert dataset.normalisation_of(case) == "zscore"


def test_header_spacing_is_not_believed(nrrd_root: Path) -> None:
    ref = la(nrrd_root).cases()[0]
    assert la(nrrd_root).load(ref).spacing == (0.625,) * 3
    assert la(nrrd_root, spacing=1.25).load(ref).spacing == (1.25,) * 3


def test_one_folder_is_split_by_the_harness(nrrd_root: Path) -> None:
    dataset = la(nrrd_root / "Training Set")
    assert [ref.id for ref in dataset.cases()] == ["AAA", "BBB"]
    assert dataset.split(0, 0) is None


def test_both_forms_in_one_folder(nrrd_root: Path, h5_root: Path) -> None:
    shutil.copytree(h5_root, nrrd_root, dirs_exist_ok=True)
    assert la(nrrd_root).cases()[0].files[0].suffix == ".h5"
    assert la(nrrd_root, layout="nrrd").cases()[0].files[0].suffix == ".nrrd"


def test_clutter_is_skipped(nrrd_root: Path) -> None:
    training = nrrd_root / "Training Set"
    (training / ".DS_Store").write_bytes(b"\0\0\0\1Bud1")
    (training / "Unet.py").write_text("")
    (training / "AAA" / "lawall.nrrd").write_text("not read")
    twin = training / "._AAA"
    twin.mkdir()
    (twin / "lgemri.nrrd").write_bytes(b"\0\5\26\7")
    assert [ref.id for ref in la(nrrd_root).cases()] == ["AAA", "BBB", "CCC"]


@pytest.mark.parametrize("values", [(0, 1), (0, 254, 255), (0, 255, 128)])
def test_wrong_mask_values(nrrd_root: Path, scan: Scan, values: tuple[int, ...]) -> None:
    mask = np.resize(np.array(values, np.uint8), scan[1].shape)
    nrrd.write(str(nrrd_root / "Training Set" / "AAA" / "laendo.nrrd"), mask)
    with pytest.raises(UserError, match=r"AAA/laendo\.nrrd: mask values .* besides 0 and 255"):
        la(nrrd_root).load(la(nrrd_root).cases()[0])


def test_missing_label_is_named(nrrd_root: Path) -> None:
    (nrrd_root / "Training Set" / "BBB" / "laendo.nrrd").unlink()
    with pytest.raises(UserError, match=r"BBB/laendo\.nrrd missing"):
        la(nrrd_root).cases()


def test_missing_image_is_named(nrrd_root: Path) -> None:
    (nrrd_root / "Training Set" / "BBB" / "lgemri.nrrd").unlink()
    with pytest.raises(UserError, match=r"lgemri\.nrrd"):
        la(nrrd_root).cases()


@pytest.mark.parametrize("header", [{"spacings": [1.25, 1.25, 2.5]}, {"space directions": np.diag([1.25, 1.25, 2.5])}])
def test_resampled_copies_are_believed(tmp_path: Path, scan: Scan, header: dict[str, Any]) -> None:
    space = {"space": "left-posterior-superior"} if "space directions" in header else {}
    nrrd.write(str(tmp_path / "a.nrrd"), scan[0], header | space)
    assert LeftAtrium(None, None, LeftAtrium.Params()).read_image(tmp_path / "a.nrrd").spacing == (1.25, 1.25, 2.5)
