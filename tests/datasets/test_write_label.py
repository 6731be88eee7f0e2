"""Images to predict, and predictions written in their geometry."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import nibabel
import nrrd
import numpy as np
import pytest
from PIL import Image

from nsbench.benchmark.errors import UserError
from nsbench.benchmark.plugin import Dataset
from nsbench.datasets.jsrt import JSRT
from nsbench.datasets.la import LeftAtrium
from nsbench.datasets.phantom import Phantom

Scan = tuple[np.ndarray, np.ndarray]
AFFINE = np.array([[-0.5, 0.1, 0, 90], [0.1, 0.6, 0.2, -126], [0, -0.2, 1.4, -72], [0, 0, 0, 1]])


def la() -> LeftAtrium:
    return LeftAtrium(None, None, LeftAtrium.Params())


def predict(dataset: Dataset, image: Path, label: np.ndarray) -> tuple[Any, Path]:
    """The image as read, and the file that the label is written to as its prediction."""
    out = image.parent / "out"
    out.mkdir(exist_ok=True)
    case = dataset.read_image(image)
    assert case.label is None
    return case, dataset.write_label(case, label, out / image.name)


def test_nrrd_keeps_the_header(tmp_path: Path, scan: Scan) -> None:
    header = {
        "space": "left-posterior-superior",
        "space directions": AFFINE[:3, :3].T,
        "space origin": AFFINE[:3, 3],
        "kinds": ["domain"] * 3,
    }
    (tmp_path / "AAA").mkdir()
    nrrd.write(str(tmp_path / "AAA" / "lgemri.nrrd"), scan[0], header)
    case, file = predict(la(), tmp_path / "AAA" / "lgemri.nrrd", scan[1])
    written, geometry = nrrd.read(str(file))
    np.testing.assert_array_equal(case.image[0], scan[0])
    np.testing.assert_array_equal(written, scan[1])
    assert file.name == "AAA.nrrd"
    assert geometry["space"] == header["space"]
    np.testing.assert_array_equal(geometry["space directions"], header["space directions"])
    np.testing.assert_array_equal(geometry["space origin"], header["space origin"])


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
def test_nifti_keeps_the_affine(tmp_path: Path, scan: Scan, suffix: str) -> None:
    path = tmp_path / f"a.patient{suffix}"
    nibabel.save(nibabel.Nifti1Image(scan[0], AFFINE), path)
    phantom = Phantom(None, None, Phantom.Params(ndim=3))
    for dataset in (la(), phantom):
        case, file = predict(dataset, path, scan[1])
        written: Any = nibabel.load(file)
        assert file.name == "a.patient.nii.gz"
        assert case.spacing == pytest.approx(np.linalg.norm(AFFINE[:3, :3], axis=0))
        np.testing.assert_array_equal(case.image[0], scan[0])
        np.testing.assert_array_equal(np.asarray(written.dataobj), scan[1])
        np.testing.assert_allclose(written.affine, AFFINE, atol=1e-6)
        assert written.get_data_dtype() == np.uint8


def test_slices_keep_the_affine(tmp_path: Path, scan: Scan) -> None:
    path = tmp_path / "slice.nii.gz"
    nibabel.save(nibabel.Nifti1Image(scan[0][:, :, 2], AFFINE), path)
    case, file = predict(Phantom(None, None, Phantom.Params(ndim=2)), path, scan[1][:, :, 2])
    written: Any = nibabel.load(file)
    assert case.image.shape == (1, 12, 10)
    np.testing.assert_array_equal(np.asarray(written.dataobj), scan[1][:, :, 2])
    np.testing.assert_allclose(written.affine, AFFINE, atol=1e-6)
    with pytest.raises(UserError, match=r"slice\.nii\.gz: 2 axes; expected 3 \(parameter ndim\)"):
        Phantom(None, None, Phantom.Params(ndim=3)).read_image(path)


def test_h5_becomes_nifti_with_the_spacing(h5_root: Path, scan: Scan) -> None:
    path = h5_root / "2018LA_Seg_Training Set" / "AAA" / "mri_norm2.h5"
    with h5py.File(path, "r+") as file:
        del file["label"]
        file.attrs["spacing"] = 1.25
    _, written = predict(la(), path, scan[1])
    loaded: Any = nibabel.load(written)
    assert written.name == "AAA.nii.gz"
    np.testing.assert_array_equal(np.asarray(loaded.dataobj), scan[1])
    np.testing.assert_array_equal(loaded.affine, np.diag([1.25, 1.25, 1.25, 1]))


@pytest.mark.parametrize("side", [64, 128])
def test_png_keeps_the_size(tmp_path: Path, side: int) -> None:
    path = tmp_path / "chest.png"
    Image.fromarray(np.zeros((side, side), np.uint8)).save(path)
    label = (np.random.default_rng(0).random((64, 64)) < 0.5).astype(np.uint8)
    case, file = predict(JSRT(None, None, JSRT.Params(size=64)), path, label)
    written = np.asarray(Image.open(file))
    assert case.image.shape == (1, 64, 64)
    assert file.name == "chest.png"
    np.testing.assert_array_equal(written, np.kron(label, np.ones((side // 64,) * 2, np.uint8)) * 255)


@pytest.mark.parametrize("suffix", [".nrrd", ".h5"])
def test_two_images_of_one_folder_give_two_files(tmp_path: Path, scan: Scan, suffix: str) -> None:
    written = set()
    for name in ("first", "second"):
        path = (tmp_path / name).with_suffix(suffix)
        if suffix == ".nrrd":
            nrrd.write(str(path), scan[0])
        else:
            with h5py.File(path, "w") as file:
                file["image"] = scan[0]
        written.add(predict(la(), path, scan[1])[1])
    assert len(written) == 2


def test_unknown_kinds_of_file_are_refused(tmp_path: Path) -> None:
    (tmp_path / "scan.dcm").write_bytes(b"DICM")
    with pytest.raises(UserError, match=r"scan\.dcm: unknown kind of file; expected \.h5, \.nrrd"):
        la().read_image(tmp_path / "scan.dcm")
