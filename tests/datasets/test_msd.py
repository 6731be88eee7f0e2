"""The Medical Segmentation Decathlon."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest

from nsbench.benchmark.errors import UserError
from nsbench.datasets.msd import MSD

from .written_volumes import MSD_TASKS, OBLIQUE, SHAPE, drawn, intensities, write_msd, write_msd_json, write_nifti

PANCREAS = "Task07_Pancreas"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write_msd(tmp_path / "msd", ("Task01_BrainTumour", "Task02_Heart", PANCREAS))
    return tmp_path / "msd"


def msd(root: Path, task: str | None = None, **params: Any) -> MSD:
    return MSD(root, task, MSD.Params(**params))


def test_pancreas_has_its_tumour_merged(root: Path) -> None:
    for folder in (root, root / PANCREAS):
        dataset = msd(folder)
        assert [ref.id for ref in dataset.cases()] == ["pancreas_001", "pancreas_004"]
        case = dataset.load(dataset.cases()[1])
        np.testing.assert_array_equal(case.image, intensities(1)[None])
        np.testing.assert_array_equal(case.label, drawn((1, 1)))
        assert (dataset.task.classes, dataset.task.channels) == (("pancreas",), ("CT",))
    apart = msd(root, labels="classes")
    np.testing.assert_array_equal(apart.load(apart.cases()[0]).label, drawn((1, 2)))
    assert apart.task.classes == ("pancreas", "cancer")


def test_channels_are_the_last_axis(root: Path) -> None:
    dataset = msd(root, "brain-tumour")
    case = dataset.load(dataset.cases()[0])
    assert dataset.task.channels == ("FLAIR", "T1w", "t1gd", "T2w")
    assert dataset.task.classes == ("edema", "core")
    np.testing.assert_array_equal(case.image, np.moveaxis(intensities(0, (*SHAPE, 4)), 3, 0))
    np.testing.assert_array_equal(case.label, drawn((1, 2)))
    wanted = dataset.preprocessing_of(case)
    assert (wanted.crop, wanted.normalisation, wanted.clip) == ("nonzero", "zscore-nonzero", None)
    merged = msd(root, "brain-tumour", labels="merged")
    np.testing.assert_array_equal(merged.load(merged.cases()[0]).label, drawn((1, 1)))


def test_ct_is_windowed_as_the_papers_do(root: Path) -> None:
    dataset = msd(root, slice_spacing=1.0)
    wanted = dataset.preprocessing_of(dataset.load(dataset.cases()[0]))
    assert (wanted.orientation, wanted.clip, wanted.normalisation) == ("RAS", (-100, 240), "minmax")
    assert wanted.spacing == (None, None, 1.0)
    dataset = msd(root, lowest=-125, highest=275)
    wanted = dataset.preprocessing_of(dataset.load(dataset.cases()[0]))
    assert (wanted.clip, wanted.spacing) == ((-125, 275), None)
    for task, window, message in (
        ("heart", {"lowest": 0, "highest": 1}, "lowest and highest are for CT, and heart is not"),
        ("pancreas", {"lowest": 0}, r"lowest=0\.0, highest=None; give both"),
        ("pancreas", {"lowest": 9, "highest": 3}, "the lower one first"),
    ):
        dataset = msd(root, task, **window)
        case = dataset.load(dataset.cases()[0])
        with pytest.raises(UserError, match=message):
            dataset.preprocessing_of(case)


def test_the_split_of_atso_is_drawn_by_counts(tmp_path: Path, root: Path) -> None:
    names = [f"pancreas_{number:03}.nii.gz" for number in range(281)]
    folder = tmp_path / PANCREAS
    for part in ("imagesTr", "labelsTr"):
        (folder / part).mkdir(parents=True)
        for name in names:
            (folder / part / name).touch()
    write_msd_json(folder, names, *MSD_TASKS[PANCREAS][1:])
    split = msd(folder).split(0, 0)
    assert split is not None
    assert (len(split.train), len(split.test)) == (200, 81)
    assert msd(folder, split="k-fold").split(0, 0) is None
    assert msd(root).split(0, 0) is None
    assert msd(root, "heart").split(0, 0) is None
    for task in ("pancreas", "heart"):
        with pytest.raises(UserError, match=rf"81 of the 281 scans of pancreas, but 2 of {task}"):
            msd(root, task, split="atso").split(0, 0)


def _drop_label(content: dict[str, Any]) -> None:
    del content["labels"]["1"]


def _twice(content: dict[str, Any]) -> None:
    content["training"][1] = content["training"][0]


def _missing(content: dict[str, Any]) -> None:
    content["training"][1]["label"] = "./labelsTr/gone.nii.gz"


def _v2(content: dict[str, Any]) -> None:
    content["channel_names"] = content.pop("modality")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_drop_label, "labels has the keys 0, 2; expected 0, 1"),
        (_twice, r"lists pancreas_001\.nii\.gz more than once"),
        (_missing, r"missing: .*labelsTr/gone\.nii\.gz"),
        (_v2, "no object modality; it is of nnU-Net v2: use the dataset nnunet"),
        (lambda content: content.update(numTraining=281), "numTraining is 281, but training lists 2"),
        (lambda content: content.update(training=["a"]), "training lists 'a'; expected an object"),
        (lambda content: content.pop("training"), "no list training; fetch it again"),
    ],
)
def test_dataset_json_is_checked(root: Path, change: Callable[[dict[str, Any]], Any], message: str) -> None:
    path = root / PANCREAS / "dataset.json"
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))
    with pytest.raises(UserError, match=rf"dataset\.json: .*{message}"):
        msd(root).cases()


def test_listed_twins_of_macos_are_skipped(root: Path) -> None:
    path = root / PANCREAS / "dataset.json"
    content = json.loads(path.read_text())
    content["training"].append(
        {"image": "./imagesTr/._pancreas_001.nii.gz", "label": "./labelsTr/._pancreas_001.nii.gz"}
    )
    path.write_text("\ufeff" + json.dumps(content))
    assert len(msd(root).cases()) == 2


def test_another_task_is_recognised(root: Path) -> None:
    with pytest.raises(UserError, match=r"lists la_001, but the files of pancreas begin with pancreas_.*msd:heart"):
        msd(root / "Task02_Heart").cases()
    with pytest.raises(UserError, match=r"(?s)Task09_Spleen/dataset\.json.*nearest match"):
        msd(root, "spleen").cases()
    (root / PANCREAS / "dataset.json").write_text("{")
    with pytest.raises(UserError, match=r"dataset\.json: damaged or not a JSON"):
        msd(root).cases()


def test_damaged_scans(root: Path) -> None:
    write_nifti(root / PANCREAS / "imagesTr" / "pancreas_001.nii.gz", intensities(0, (*SHAPE, 3)))
    with pytest.raises(UserError, match=r"pancreas_001\.nii\.gz: 12 x 10 x 8 x 3 voxels; expected three axes"):
        msd(root).load(msd(root).cases()[0])
    write_nifti(root / PANCREAS / "labelsTr" / "pancreas_004.nii.gz", drawn((1, 2, 3)))
    with pytest.raises(UserError, match=r"pancreas_004\.nii\.gz: label values 3; expected 0, 1, 2"):
        msd(root).load(msd(root).cases()[1])
    path = root / PANCREAS / "imagesTr" / "pancreas_004.nii.gz"
    path.write_bytes(path.read_bytes()[:-50])
    with pytest.raises(UserError, match=r"pancreas_004\.nii\.gz: damaged"):
        msd(root).load(msd(root).cases()[1])


def test_a_prediction_lies_on_its_image(root: Path, tmp_path: Path) -> None:
    for task, channels in (("pancreas", 1), ("brain-tumour", 4)):
        dataset = msd(root, task)
        path = next((dataset.cases()[0].files[0].parents[1] / "imagesTs").iterdir())
        case = dataset.read_image(path)
        assert case.image.shape == (channels, *SHAPE)
        written: Any = nibabel.load(dataset.write_label(case, drawn((1,)), tmp_path / path.name))
        np.testing.assert_array_equal(np.asarray(written.dataobj), drawn((1,)))
        np.testing.assert_allclose(written.affine, OBLIQUE, atol=1e-6)
