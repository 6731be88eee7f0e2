"""The raw folders of nnU-Net v2."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
import tifffile
from PIL import Image

from nsbench.benchmark.data.split import split_cases
from nsbench.benchmark.errors import UserError
from nsbench.benchmark.plugin import Preprocessing
from nsbench.datasets.nnunet import NNUNetRaw

from .written_trees import AFFINE, body, write_json, write_nnunet, write_nnunet_pictures, write_picture, write_volume


def nnunet(root: Path, **params: Any) -> NNUNetRaw:
    return NNUNetRaw(root, None, NNUNetRaw.Params(**params))


def change(root: Path, **fields: Any) -> None:
    """Replace fields of dataset.json; None removes one."""
    path = root / "dataset.json"
    content = {key: value for key, value in (json.loads(path.read_text()) | fields).items() if value is not None}
    path.write_text(json.dumps(content))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write_nnunet(tmp_path / "Dataset001_Toy")
    return tmp_path / "Dataset001_Toy"


@pytest.mark.parametrize("ending", [".nii.gz", ".nii", ".nrrd", ".mha"])
def test_volumes_are_read_exactly_and_predictions_overlay(tmp_path: Path, ending: str) -> None:
    write_nnunet(tmp_path / "Dataset001_Toy", ending)
    dataset = nnunet(tmp_path)
    image, label = body(1)
    case = dataset.load(dataset.cases()[1])
    np.testing.assert_array_equal(case.image, [image, image + 500])
    np.testing.assert_array_equal(case.label, label)
    np.testing.assert_allclose(case.geometry["affine"], AFFINE, atol=1e-5)
    assert case.spacing == pytest.approx(np.linalg.norm(AFFINE[:3, :3], axis=0))
    assert (dataset.task.classes, dataset.task.channels, dataset.task.ndim) == (("organ", "lesion"), ("T1", "T2"), 3)
    unlabeled = dataset.read_image(tmp_path / "Dataset001_Toy" / "imagesTr" / f"b_01_0001{ending}")
    np.testing.assert_array_equal(unlabeled.image, case.image)
    written: Any = nibabel.load(dataset.write_label(unlabeled, label, tmp_path / f"b_01_0001{ending}"))
    assert Path(written.get_filename()).name == "b_01.nii.gz"
    np.testing.assert_array_equal(np.asarray(written.dataobj), label)
    np.testing.assert_allclose(written.affine, AFFINE, atol=1e-5)


def test_pictures_of_three_colours_are_three_channels(tmp_path: Path) -> None:
    write_nnunet_pictures(tmp_path)
    dataset = nnunet(tmp_path)
    ref = dataset.cases()[0]
    case = dataset.load(ref)
    pixels = np.asarray(Image.open(tmp_path / "imagesTr" / "img-1_0000.png"))
    np.testing.assert_array_equal(case.image, np.moveaxis(pixels, -1, 0))
    assert (dataset.task.ndim, case.spacing, dataset.preprocessing_of(case)) == (2, None, Preprocessing())
    written = dataset.write_label(case, np.asarray(case.label), tmp_path / "out.png")
    np.testing.assert_array_equal(np.asarray(Image.open(written)), body(0, (12, 10))[1])


def test_tiff_stacks_have_their_spacing_beside_them(tmp_path: Path) -> None:
    for name in ("cell6", "cell7"):
        image, label = body(0, (8, 12, 10))
        write_picture(tmp_path / "imagesTr" / f"{name}_0000.tif", image)
        write_picture(tmp_path / "labelsTr" / f"{name}.tif", label)
    write_json(tmp_path / "imagesTr" / "cell6.json", {"spacing": [7.5, 0.5, 0.4]})
    labels = {"background": 0, "cell": 1, "border": 2}
    write_json(tmp_path / "dataset.json", {"channel_names": {"0": "m"}, "labels": labels, "file_ending": ".tif"})
    dataset = nnunet(tmp_path)
    first, second = (dataset.load(ref) for ref in dataset.cases())
    np.testing.assert_array_equal(first.image[0], tifffile.imread(tmp_path / "imagesTr" / "cell6_0000.tif"))
    assert (dataset.task.ndim, first.spacing, second.spacing) == (3, (7.5, 0.5, 0.4), None)
    assert tmp_path / "imagesTr" / "cell6.json" in dataset.cases()[0].files
    write_json(tmp_path / "imagesTr" / "cell6.json", {"spacing": [7.5, 0.5]})
    with pytest.raises(UserError, match=r"cell6\.json: spacing \(7\.5, 0\.5\); expected 3"):
        dataset.load(dataset.cases()[0])


def test_ignored_voxels_are_neither_class_nor_background(root: Path) -> None:
    change(root, labels={"background": 0, "organ": 1, "ignore": 2})
    dataset, label = nnunet(root), body(0)[1]
    case = dataset.load(dataset.cases()[0])
    assert dataset.task.classes == ("organ",)
    np.testing.assert_array_equal(case.label, label == 1)
    np.testing.assert_array_equal(np.asarray(case.ignore), label == 2)


def test_regions_are_disjoint_classes_or_one_binary_target(root: Path, tmp_path: Path) -> None:
    labels = {"background": 0, "whole": [1, 2], "core": [2]}
    change(root, labels=labels, regions_class_order=[1, 2])
    assert nnunet(root).task.classes == ("whole", "whole+core")
    ref, label = nnunet(root).cases()[0], body(0)[1]
    np.testing.assert_array_equal(nnunet(root).load(ref).label, label)
    for target, values in {"whole": (1, 2), "core": (2,)}.items():
        dataset = nnunet(root, target=target)
        case = dataset.load(ref)
        np.testing.assert_array_equal(case.label, np.isin(label, values))
        assert dataset.task.classes == (target,)
        written: Any = nibabel.load(dataset.write_label(case, np.asarray(case.label), tmp_path / "out"))
        np.testing.assert_array_equal(np.asarray(written.dataobj), case.label * min(values))
    with pytest.raises(UserError, match=r"dataset\.json: no label 'edema'; target can be whole, core"):
        _ = nnunet(root, target="edema").task


def test_listed_files_lie_anywhere(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / "imagesTr").rename(tmp_path / "elsewhere")
    monkeypatch.setenv("SCANS", str(tmp_path / "elsewhere"))
    images = ["$SCANS/b_02_0000.nii.gz", "../elsewhere/b_02_0001.nii.gz"]
    change(root, dataset={"case 1": {"images": images, "label": "labelsTr/b_02.nii.gz"}}, numTraining=1)
    (ref,) = nnunet(root).cases()
    assert ref.id == "case-1"
    np.testing.assert_array_equal(nnunet(root).load(ref).image[0], body(2)[0])
    monkeypatch.delenv("SCANS")
    with pytest.raises(UserError, match=r"dataset\.json: lists .*b_02_0000\.nii\.gz, which is missing"):
        nnunet(root).cases()


def test_further_annotators(root: Path) -> None:
    label = body(0)[1]
    write_volume(root / "labelsTr_observer2" / "a_01.nii.gz", np.roll(label, 1, axis=0))
    dataset = nnunet(root)
    first, second = (dataset.load(ref) for ref in dataset.cases()[:2])
    np.testing.assert_array_equal(first.annotations["observer2"], np.roll(label, 1, axis=0))
    assert second.annotations == {}
    assert root / "labelsTr_observer2" / "a_01.nii.gz" in dataset.cases()[0].files


def test_splits_of_the_planner(root: Path) -> None:
    assert nnunet(root).split(0, 0) is None
    with pytest.raises(UserError, match=r"fold=1: no .*splits_final\.json; copy it there"):
        nnunet(root, fold=1).split(0, 0)
    folds = [{"train": ["a_01"], "val": ["b_01", "b_02"]}, {"train": ["b_02", "b_01"], "val": ["a_01"]}]
    write_json(root / "splits_final.json", folds)
    for fold in (0, 1):
        dataset = nnunet(root, fold=fold, patient="([a-z]+)_")
        split = split_cases(dataset, dataset.cases(), 0, 2, 0)
        assert (split.train, split.test) == (tuple(folds[fold]["train"]), tuple(folds[fold]["val"]))
        assert split.source == f"splits_final.json, fold {fold}"
    with pytest.raises(UserError, match="no fold 2; there are 2"):
        nnunet(root, fold=2).split(0, 0)
    assert nnunet(root).tables() == (root / "dataset.json", root / "splits_final.json")
    assert set(nnunet(root).tables()).isdisjoint(nnunet(root).cases()[0].files)


def test_labeled_test_folder_is_the_test_part(root: Path) -> None:
    image, label = body(9)
    for name in ("t_1", "t_2"):
        for channel in ("0000", "0001"):
            write_volume(root / "imagesTs" / f"{name}_{channel}.nii.gz", image)
    assert len(nnunet(root).cases()) == 3
    write_volume(root / "labelsTs" / "t_2.nii.gz", label)
    split = nnunet(root).split(0, 0)
    assert split is not None
    assert (split.train, split.test) == (("a_01", "b_01", "b_02"), ("t_2",))


def test_patients_by_expression(root: Path) -> None:
    assert [ref.patient for ref in nnunet(root).cases()] == ["a_01", "b_01", "b_02"]
    assert [ref.patient for ref in nnunet(root, patient="([a-z]+)_").cases()] == ["a", "b", "b"]
    with pytest.raises(UserError, match=r"patient=(?s:.*)does not match the case a_01"):
        nnunet(root, patient="(p)").cases()
    with pytest.raises(UserError, match="write a regular expression"):
        nnunet(root, patient="([a-z").cases()


def test_what_is_done_follows_the_channels(root: Path) -> None:
    dataset = nnunet(root, resample=(1, 1, 2))
    case = dataset.load(dataset.cases()[0])
    assert dataset.preprocessing_of(case) == Preprocessing("RAS", (1, 1, 2), "nonzero", None, "zscore")
    change(root, channel_names={"0": "CT", "1": "ct"})
    assert nnunet(root).preprocessing_of(case) == Preprocessing("RAS", None, "none", (-1000, 1000), "zscore")
    change(root, channel_names={"0": "noNorm", "1": "nonorm"})
    assert nnunet(root).normalisation_of(case) == "none"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"labels": None}, "labels: Field required"),
        ({"file_ending": 3}, "file_ending: Input should be a valid string"),
        ({"channel_names": None, "modality": {"0": "MR"}}, "version 1; use the dataset msd"),
        ({"channel_names": {"0": "T1", "2": "T2"}}, "channel_names has the keys 0, 2, expected 0, 1"),
        ({"labels": {"background": 0, "organ": 1, "lesion": 3}}, "values 0, 1, 3 are not 0, 1, 2"),
        ({"labels": {"background": 0, "ignore": 1, "organ": 2}}, "ignore is 1, expected the highest"),
        ({"labels": {"background": 1, "organ": 2}}, "background is 1, expected 0"),
        ({"labels": {"background": 0}}, "no class besides background"),
        ({"numTraining": 4}, "numTraining is 4, 3 training cases are there"),
    ],
)
def test_faulty_descriptions(root: Path, fields: dict[str, Any], message: str) -> None:
    change(root, **fields)
    with pytest.raises(UserError, match=rf"dataset\.json: .*{message}"):
        nnunet(root).cases()
    (root / "dataset.json").write_text("{")
    with pytest.raises(UserError, match=r"dataset\.json: damaged or not a JSON file"):
        nnunet(root).cases()


def test_a_gap_is_told_once(root: Path) -> None:
    (root / "imagesTr" / "a_01_0001.nii.gz").unlink()
    (root / "labelsTr" / "b_01.nii.gz").unlink()
    dataset = nnunet(root)
    dataset.incomplete = []
    assert [ref.id for ref in dataset.cases()] == ["b_02"]
    lacking, bare = dataset.incomplete
    assert lacking.endswith("lacks a_01_0001; every case needs the same channels")
    assert ("b_01_0000" in bare, "no image" in bare) == (True, False)


def test_unpaired_files_and_missing_channels_are_named(root: Path) -> None:
    (root / "imagesTr" / "a_01_0001.nii.gz").unlink()
    with pytest.raises(UserError, match="imagesTr lacks a_01_0001"):
        nnunet(root).cases()
    (root / "imagesTr" / "a_01_0000.nii.gz").unlink()
    (root / "labelsTr" / "b_02.nii.gz").unlink()
    with pytest.raises(UserError, match=r"no label for .*b_02_0000.*no image for .*labelsTr/a_01"):
        nnunet(root).cases()


def test_other_grids_and_values_are_refused(root: Path) -> None:
    (image, label), ref = body(0), nnunet(root).cases()[0]
    for path, values, affine, message in (
        (ref.files[1], image[:-1], AFFINE, r"a_01_0001\.nii\.gz: another shape"),
        (ref.files[1], image, AFFINE * [[1, 1, 1.2, 1]], r"a_01_0001\.nii\.gz: another spacing"),
        (ref.files[2], label[1:], AFFINE, r"labelsTr/a_01\.nii\.gz: another shape"),
        (ref.files[2], label + np.uint8(1), AFFINE, r"labelsTr/a_01\.nii\.gz: label values 3; expected 0, 1, 2"),
        (ref.files[2], label * np.float32(0.5), AFFINE, r"label values 0\.5; expected"),
    ):
        before = path.read_bytes()
        write_volume(path, values, affine)
        with pytest.raises(UserError, match=message):
            nnunet(root).load(ref)
        path.write_bytes(before)
    change(root, channel_names={"0": "T1", "1": "T2", "2": "PD"})
    with pytest.raises(UserError, match=r"2 channels in a_01_0000.*dataset\.json names 3"):
        nnunet(root).load(ref)


def test_a_fourth_axis_is_refused(root: Path) -> None:
    ref = nnunet(root).cases()[0]
    write_volume(ref.files[0], np.zeros((12, 10, 8, 3), np.int16))
    with pytest.raises(UserError, match="image of 12x10x8x3 voxels; expected 2 or 3 axes, one file per channel"):
        nnunet(root).load(ref)


def test_folders_of_several_datasets_and_none(root: Path, tmp_path: Path) -> None:
    assert len(nnunet(tmp_path).cases()) == 3
    write_nnunet(tmp_path / "Dataset002_Other")
    with pytest.raises(UserError, match=r"holds Dataset001_Toy, Dataset002_Other; choose one: --data-root nnunet="):
        nnunet(tmp_path).cases()
    for name in ("Dataset001_Toy", "Dataset002_Other"):
        (tmp_path / name / "dataset.json").unlink()
    with pytest.raises(UserError, match=r"nearest match: .*imagesTr"):
        nnunet(root).cases()


def test_clutter_is_skipped(root: Path) -> None:
    (root / "imagesTr" / "._a_01_0000.nii.gz").write_bytes(b"\0\5\26\7")
    (root / "labelsTr" / ".DS_Store").write_bytes(b"\0")
    assert [ref.id for ref in nnunet(root).cases()] == ["a_01", "b_01", "b_02"]
