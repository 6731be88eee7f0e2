"""DICOM series with NIfTI labels that do not say how they lie."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk

from nsbench.benchmark.data.split import split_cases
from nsbench.benchmark.errors import UserError
from nsbench.benchmark.plugin import Preprocessing
from nsbench.datasets._dicom import read_dicom_series
from nsbench.datasets._flips import FLIPS
from nsbench.datasets.nih_pancreas import NIHPancreas

from .written_trees import abdomen, write_nih, write_series, write_volume


def nih(root: Path, **params: Any) -> NIHPancreas:
    return NIHPancreas(root, None, NIHPancreas.Params(**params))


def slices_of(root: Path) -> list[Path]:
    """Slices of case 1 in the order of their numbers."""
    paths = (root / "Pancreas-CT" / "PANCREAS_0001").rglob("*.dcm")
    return sorted(paths, key=lambda path: int(pydicom.dcmread(path).InstanceNumber))


def alter(path: Path, **fields: Any) -> None:
    data = pydicom.dcmread(path)
    for name, value in fields.items():
        setattr(data, name, value)
    data.save_as(path)


@pytest.mark.parametrize("flip", FLIPS)
def test_the_label_is_put_where_the_tissue_is(tmp_path: Path, flip: str) -> None:
    write_nih(tmp_path, flip=FLIPS[flip])
    scan, mask = abdomen()
    for orientation in ("auto", flip):
        dataset = nih(tmp_path, orientation=orientation)
        case = dataset.load(dataset.cases()[0])
        np.testing.assert_array_equal(case.image[0], scan)
        np.testing.assert_array_equal(case.label, mask)
    assert case.spacing == pytest.approx((0.7, 0.8, 2.5))
    assert dataset.preprocessing_of(case) == Preprocessing("RAS", None, "none", (-100, 240), "minmax")


def test_predictions_overlay_the_series_as_itk_reads_it(tmp_path: Path) -> None:
    write_nih(tmp_path)
    dataset, mask = nih(tmp_path), abdomen()[1]
    for path in (slices_of(tmp_path)[3], slices_of(tmp_path)[0].parent):
        case = dataset.read_image(path)
        written = dataset.write_label(case, mask, tmp_path / path.name)
        assert written.name == "PANCREAS_0001.nii.gz"
    label = sitk.ReadImage(str(written))
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames([str(path) for path in slices_of(tmp_path)])
    series = reader.Execute()
    np.testing.assert_array_equal(sitk.GetArrayFromImage(series).T, case.image[0])
    np.testing.assert_array_equal(sitk.GetArrayFromImage(label).T, mask)
    for voxel in ((0, 0, 0), (11, 9, 7)):
        there, here = (image.TransformIndexToPhysicalPoint(voxel) for image in (series, label))
        np.testing.assert_allclose(there, here, atol=1e-4)


def test_folds_as_published_without_the_withdrawn_scans(tmp_path: Path) -> None:
    write_nih(tmp_path, (1, 2, 21, 25, 41, 62))
    dataset = nih(tmp_path)
    assert [ref.patient for ref in dataset.cases()] == ["0001", "0002", "0021", "0041", "0062"]
    for fold, test in enumerate((("0001", "0002"), ("0021",), ("0041",), ("0062",))):
        split = split_cases(nih(tmp_path, fold=fold), dataset.cases(), 0, 5, 0)
        assert split.test == tuple(f"PANCREAS_{number}" for number in test)
        assert len(split.train) == 5 - len(test)
    with pytest.raises(UserError, match="by the parameter fold"):
        dataset.split(1, 0)


def test_quoted_names_and_flat_folders(tmp_path: Path) -> None:
    scan, mask = abdomen()
    write_series(tmp_path / "'PANCREAS_0007'", scan)
    write_volume(tmp_path / "labels" / "label0007.nii.gz", mask)
    (tmp_path / "'PANCREAS_0007'" / "._000001.dcm").write_bytes(b"\0\5\26\7")
    (ref,) = nih(tmp_path).cases()
    assert ref.id == "PANCREAS_0007"
    np.testing.assert_array_equal(nih(tmp_path).load(ref).label, mask)


@pytest.mark.parametrize("length", [200, 900])
def test_a_slice_that_ends_early_is_called_damaged(tmp_path: Path, length: int) -> None:
    write_nih(tmp_path)
    path = slices_of(tmp_path)[4]
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(UserError, match=rf"{path.name}: damaged or"):
        nih(tmp_path).load(nih(tmp_path).cases()[0])


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"SeriesInstanceUID": "1.2.4"}, r"SeriesInstanceUID is 1\.2\.4, in .* it is 1\.2\.3"),
        ({"ImageOrientationPatient": [0, 1, 0, 1, 0, 0]}, "ImageOrientationPatient is"),
        ({"ImagePositionPatient": [-180, -170, -39]}, r"mm is usual: a slice is missing, doubled or out of order"),
        ({"InstanceNumber": 20}, "out of order"),
        ({"RescaleSlope": None}, "the DICOM header has no RescaleSlope"),
        ({"PixelData": b"\0\0"}, "damaged or not a DICOM file"),
    ],
)
def test_faulty_series(tmp_path: Path, fields: dict[str, Any], message: str) -> None:
    write_nih(tmp_path)
    alter(slices_of(tmp_path)[4], **fields)
    with pytest.raises(UserError, match=rf"\.dcm: .*{message}"):
        nih(tmp_path).load(nih(tmp_path).cases()[0])


def test_missing_slices_are_named(tmp_path: Path) -> None:
    write_nih(tmp_path)
    before, gone, after = slices_of(tmp_path)[3:6]
    gone.unlink()
    with pytest.raises(UserError, match=rf"{after.name}: 5 mm after {before.name}, where 2\.5 mm is usual"):
        nih(tmp_path).load(nih(tmp_path).cases()[0])
    write_nih(tmp_path)
    slices_of(tmp_path)[-1].unlink()
    with pytest.raises(UserError, match=r"label0001\.nii\.gz: 12 x 10 x 8 voxels; its 7 slices make 12 x 10 x 7"):
        nih(tmp_path).load(nih(tmp_path).cases()[0])


def test_damaged_slices_are_named(tmp_path: Path) -> None:
    path = write_series(tmp_path, abdomen()[0])[0]
    whole = path.read_bytes()
    for length in np.linspace(1, len(whole) - 1, 15).astype(int):
        path.write_bytes(whole[:length])
        with pytest.raises(UserError, match=path.name):
            read_dicom_series(tmp_path, sorted(tmp_path.iterdir()))


def test_scans_that_do_not_tell_need_a_word(tmp_path: Path) -> None:
    write_nih(tmp_path)
    folder = slices_of(tmp_path)[0].parent
    write_series(folder, np.full((12, 10, 8), 40, np.int16))
    with pytest.raises(
        UserError, match=r"label0001\.nii\.gz: .*\(undecided, .*set orientation to one of as-is, flip-y"
    ):
        nih(tmp_path).load(nih(tmp_path).cases()[0])
    np.testing.assert_array_equal(nih(tmp_path, orientation="as-is").load(nih(tmp_path).cases()[0]).label, abdomen()[1])


def test_unpaired_and_absent_files(tmp_path: Path) -> None:
    write_nih(tmp_path)
    (tmp_path / "TCIA_pancreas_labels-02-05-2017" / "label0021.nii.gz").unlink()
    with pytest.raises(UserError, match=r"no label for .*PANCREAS_0021"):
        nih(tmp_path).cases()
    with pytest.raises(UserError, match=r"no known layout(?s:.*)nearest match: .*PANCREAS_0001"):
        nih(tmp_path / "Pancreas-CT").cases()
