"""Images and masks in two plain folders."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import nibabel
import numpy as np
import pytest
from PIL import Image

from nsbench.benchmark.data.split import split_cases
from nsbench.benchmark.errors import UserError
from nsbench.benchmark.plugin import Preprocessing
from nsbench.datasets.folder import Folder

from .written_trees import AFFINE, body, write_folder, write_picture, write_volume


def folder(root: Path, **params: Any) -> Folder:
    return Folder(root, None, Folder.Params(**params))


@pytest.mark.parametrize("suffix", [".nii.gz", ".nrrd", ".mha"])
def test_volumes_are_read_exactly_and_predictions_overlay(tmp_path: Path, suffix: str) -> None:
    write_folder(tmp_path, suffix)
    dataset, (image, label) = folder(tmp_path), body(2)
    case = dataset.load(dataset.cases()[2])
    np.testing.assert_array_equal(case.image[0], image)
    np.testing.assert_array_equal(case.label, label > 0)
    assert (dataset.task.ndim, dataset.task.classes, dataset.task.channels) == (3, ("foreground",), ("image",))
    assert dataset.preprocessing_of(case).orientation == "RAS"
    written: Any = nibabel.load(dataset.write_label(case, np.asarray(case.label), tmp_path / "out"))
    np.testing.assert_array_equal(np.asarray(written.dataobj), label > 0)
    np.testing.assert_allclose(written.affine, AFFINE, atol=1e-5)


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".jpg"])
def test_pictures(tmp_path: Path, suffix: str) -> None:
    write_folder(tmp_path, suffix)
    dataset = folder(tmp_path, spacing=(0.5, 0.4))
    case = dataset.load(dataset.cases()[0])
    label = body(0, (12, 10))[1] > 0
    np.testing.assert_array_equal(case.image[0], np.asarray(Image.open(dataset.cases()[0].files[0])))
    np.testing.assert_array_equal(case.label, label)
    assert (dataset.task.ndim, case.spacing, dataset.preprocessing_of(case)) == (2, (0.5, 0.4), Preprocessing())
    written = dataset.write_label(dataset.read_image(dataset.cases()[0].files[0]), label, tmp_path / f"p1_a{suffix}")
    np.testing.assert_array_equal(np.asarray(Image.open(written)), label * 255)
    assert written.name == "p1_a.png"


def test_h5_and_rgb(tmp_path: Path) -> None:
    image, label = body()
    for name, values in {"images": image, "masks": label > 0}.items():
        (tmp_path / "h5" / name).mkdir(parents=True)
        with h5py.File(tmp_path / "h5" / name / "scan.h5", "w") as file:
            file.create_dataset("data", data=values.astype(np.int16), compression="gzip")
            file.attrs["spacing"] = (1.0, 1.0, 5.0)
    dataset = folder(tmp_path / "h5")
    case = dataset.load(dataset.cases()[0])
    np.testing.assert_array_equal(case.label, label > 0)
    assert case.spacing == (1, 1, 5)
    colours = np.random.default_rng(0).integers(0, 256, (12, 10, 3)).astype(np.uint8)
    write_picture(tmp_path / "rgb" / "images" / "x.png", colours)
    write_picture(tmp_path / "rgb" / "labels" / "x.png", label[:, :, 3] // 2)
    dataset = folder(tmp_path / "rgb")
    assert dataset.task.channels == ("red", "green", "blue")
    np.testing.assert_array_equal(dataset.load(dataset.cases()[0]).image, np.moveaxis(colours, -1, 0))


def test_classes_with_values_of_their_own(tmp_path: Path) -> None:
    write_folder(tmp_path)
    label = body()[1]
    stored = np.array([0, 50, 200], np.uint8)[label]
    write_volume(tmp_path / "masks" / "p1_a.nii.gz", stored)
    dataset = folder(tmp_path, classes=("organ", "lesion"), values=(200, 50))
    case = dataset.load(dataset.cases()[0])
    np.testing.assert_array_equal(case.label, np.array([0, 2, 1])[label])
    written: Any = nibabel.load(dataset.write_label(case, np.asarray(case.label), tmp_path / "out"))
    np.testing.assert_array_equal(np.asarray(written.dataobj), stored)
    dataset = folder(tmp_path, values=(50,), ignore=200)
    case = dataset.load(dataset.cases()[0])
    np.testing.assert_array_equal(case.label, label == 1)
    np.testing.assert_array_equal(np.asarray(case.ignore), label == 2)
    with pytest.raises(UserError, match=r"masks/p1_a\.nii\.gz: label values 50, 200; expected 0, 1, 2"):
        folder(tmp_path, classes=("organ", "lesion")).load(dataset.cases()[0])
    with pytest.raises(UserError, match="1 values for 2 classes"):
        folder(tmp_path, classes=("organ", "lesion"), values=(1,)).load(dataset.cases()[0])


def test_a_mask_is_0_and_1_or_0_and_255_and_not_both(tmp_path: Path) -> None:
    write_folder(tmp_path, ".png")
    mixed = np.zeros((12, 10), np.uint8)
    mixed[0, :2] = 1, 255
    write_picture(tmp_path / "masks" / "p1_a.png", mixed)
    with pytest.raises(UserError, match=r"p1_a\.png: label values 0, 1, 255; expected 0 and 1, or 0 and 255"):
        folder(tmp_path).load(folder(tmp_path).cases()[0])


@pytest.mark.parametrize("inner", [True, False])
def test_folders_may_be_the_split(tmp_path: Path, inner: bool) -> None:
    for part, names in {"train": ("a", "b"), "val": ("c",), "test": ("d", "e")}.items():
        write_folder(tmp_path / part, ".png", names)
        if inner:
            for name in ("images", "masks"):
                (tmp_path / name).mkdir(exist_ok=True)
                (tmp_path / part / name).rename(tmp_path / name / part)
    dataset = folder(tmp_path)
    split = split_cases(dataset, dataset.cases(), 0, 5, 0)
    assert (split.train, split.test) == (("a", "b", "c"), ("d", "e"))
    assert dataset.load(dataset.cases()[-1]).image.shape == (1, 12, 10)


@pytest.mark.parametrize("end", ["txt", "csv"])
def test_lists_may_be_the_split(tmp_path: Path, end: str) -> None:
    write_folder(tmp_path)
    head = "image\n" if end == "csv" else ""
    (tmp_path / f"train.{end}").write_text(f"{head}images/p2_a.nii.gz\n")
    with pytest.raises(UserError, match="has no counterpart"):
        folder(tmp_path).split(0, 0)
    (tmp_path / f"test.{end}").write_text(f"{head}p1_b\n")
    dataset = folder(tmp_path)
    split = split_cases(dataset, dataset.cases(), 0, 5, 0)
    assert (split.train, split.test, split.source) == (("p2_a",), ("p1_b",), "published")
    assert dataset.tables() == (tmp_path / f"train.{end}", tmp_path / f"test.{end}")
    assert set(dataset.tables()).isdisjoint(dataset.cases()[0].files)
    (tmp_path / f"test.{end}").write_text(f"{head}p9\n")
    with pytest.raises(UserError, match="names 1 cases without files, first p9"):
        split_cases(folder(tmp_path), dataset.cases(), 0, 5, 0)


def test_a_table_gives_patients_groups_and_parts(tmp_path: Path) -> None:
    write_folder(tmp_path)
    rows = "\ufeffid,patient,site,part\np1_a,p1,A,train\np1_b,p1,A,train\np2_a,p2,B,test\n"
    (tmp_path / "cases.csv").write_text(rows, encoding="utf-8")
    dataset = folder(tmp_path)
    assert [(ref.patient, ref.groups) for ref in dataset.cases()] == [("p1", {"site": "A"})] * 2 + [
        ("p2", {"site": "B"})
    ]
    split = dataset.split(0, 0)
    assert split is not None
    assert split.test == ("p2_a",)
    for rows, message in (("id,site\np7,A\n", "no image for p7"), ("file\nx\n", "no column called id, image, name")):
        (tmp_path / "cases.csv").write_text(rows)
        with pytest.raises(UserError, match=rf"cases\.csv: .*{message}"):
            folder(tmp_path).cases()
    (tmp_path / "cases.csv").unlink()
    assert [ref.patient for ref in folder(tmp_path, patient=r"(p\d)_").cases()] == ["p1", "p1", "p2"]


def test_further_annotators_and_suffixes_of_masks(tmp_path: Path) -> None:
    write_folder(tmp_path)
    other = np.roll(body(0)[1], 1, axis=0)
    write_volume(tmp_path / "masks_novice" / "p1_a_mask.nii.gz", (other > 0).astype(np.uint8))
    for path in (tmp_path / "masks").iterdir():
        path.rename(path.with_name(path.name.replace(".nii", "_mask.nii")))
    with pytest.raises(UserError, match=r"no label for .*p1_a\.nii\.gz.*no image for .*p1_a_mask"):
        folder(tmp_path).cases()
    dataset = folder(tmp_path, mask_suffix="_mask")
    case = dataset.load(dataset.cases()[0])
    np.testing.assert_array_equal(case.annotations["novice"], other > 0)
    np.testing.assert_array_equal(case.label, body(0)[1] > 0)
    assert dataset.load(dataset.cases()[1]).annotations == {}


def test_what_is_done_is_as_asked_for(tmp_path: Path) -> None:
    write_folder(tmp_path)
    dataset = folder(tmp_path, clip=(-100, 240), resample=(1, 1, 3), normalisation="minmax")
    case = dataset.load(dataset.cases()[0])
    assert dataset.preprocessing_of(case) == Preprocessing("RAS", (1, 1, 3), "none", (-100, 240), "minmax")
    wrong: tuple[tuple[dict[str, Any], str], ...] = (
        ({"clip": (9, 9)}, "lower limit first"),
        ({"resample": (1, 0, 1)}, "three positive"),
    )
    for params, message in wrong:
        with pytest.raises(UserError, match=message):
            folder(tmp_path, **params).preprocessing_of(case)
    with pytest.raises(UserError, match=r"p1_a\.nii\.gz: 3 axes; spacing=\[1\.0, 1\.0\] has 2"):
        folder(tmp_path, spacing=(1, 1)).load(dataset.cases()[0])


def test_wrong_folders_and_names(tmp_path: Path) -> None:
    write_folder(tmp_path / "study" / "deep", ".png")
    with pytest.raises(UserError, match=r"nearest match: .*deep/images"):
        folder(tmp_path).cases()
    root = tmp_path / "study" / "deep"
    (root / "images" / "p1_a.bmp").write_bytes((root / "images" / "p1_b.png").read_bytes())
    with pytest.raises(UserError, match="has the same name; keep one"):
        folder(root).cases()
    (root / "images" / "p1_a.bmp").rename(root / "images" / "notes.docx")
    with pytest.raises(UserError, match=r"notes\.docx: unknown kind of file"):
        folder(root).cases()
    (root / "images" / "notes.docx").unlink()
    (root / "masks").rename(root / "truth")
    with pytest.raises(UserError, match="no masks or labels beside"):
        folder(root).cases()


def test_other_grids_are_refused(tmp_path: Path) -> None:
    write_folder(tmp_path)
    write_volume(tmp_path / "masks" / "p1_a.nii.gz", body()[1][:-1])
    with pytest.raises(UserError, match=r"masks/p1_a\.nii\.gz: another shape, \(11, 10, 8\) instead of \(12, 10, 8\)"):
        folder(tmp_path).load(folder(tmp_path).cases()[0])
