"""Image files of every format: read exactly, refused when damaged."""

from __future__ import annotations

from pathlib import Path

import h5py
import nibabel
import numpy as np
import pytest
import SimpleITK as sitk
import tifffile
from PIL import Image

from nsbench.benchmark.errors import UserError
from nsbench.datasets._image_files import probe, read_image_file, stem_of
from nsbench.datasets._labels import patient_of, relabel, safe_ids

from .written_trees import AFFINE, body, write_picture, write_volume

VOLUME, LABEL = body()
FLAT = VOLUME[:, :, 3].astype(np.uint8)


def write(path: Path) -> np.ndarray:
    """Write a file by its suffix; gives the values that it holds."""
    if path.suffix == ".h5":
        with h5py.File(path, "w") as file:
            file.create_dataset("image", data=VOLUME, compression="gzip")
            file.attrs["spacing"] = (0.5, 0.6, 2.5)
        return VOLUME
    if path.suffix in (".png", ".bmp"):
        write_picture(path, FLAT)
        return FLAT
    if path.suffix == ".tif":
        write_picture(path, VOLUME)
    else:
        write_volume(path, VOLUME)
    return VOLUME


@pytest.mark.parametrize("name", ["a.nii.gz", "a.nii", "a.nrrd", "a.mha", "a.h5", "a.png", "a.bmp", "a.tif"])
def test_every_cut_is_noticed_or_harmless(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    expected = write(path)
    whole, messages = path.read_bytes(), []
    np.testing.assert_array_equal(read_image_file(path).values[0], expected)
    assert probe(path) == (1, expected.ndim)
    for length in np.linspace(1, len(whole) - 1, 25).astype(int):
        path.write_bytes(whole[:length])
        try:
            np.testing.assert_array_equal(read_image_file(path).values[0], expected)
        except UserError as error:
            messages.append(str(error))
    assert len(messages) >= 20
    assert all(message.startswith(f"{path}: ") and "fetch it again" in message for message in messages)


@pytest.mark.parametrize("name", ["a.nii.gz", "a.nrrd", "a.mha"])
def test_all_formats_agree_where_a_voxel_lies(name: str, tmp_path: Path) -> None:
    write_volume(tmp_path / name, VOLUME)
    found = read_image_file(tmp_path / name)
    assert found.affine is not None
    np.testing.assert_allclose(found.affine, AFFINE, atol=1e-5)
    assert found.spacing == pytest.approx(np.linalg.norm(AFFINE[:3, :3], axis=0))


def test_slices_in_space_and_colours_in_itk_files(tmp_path: Path) -> None:
    image = sitk.GetImageFromArray(FLAT.T)
    image.SetSpacing((0.7, 0.8))
    sitk.WriteImage(image, str(tmp_path / "a.mha"))
    found = read_image_file(tmp_path / "a.mha")
    np.testing.assert_array_equal(found.values, FLAT[None])
    assert found.spacing == pytest.approx((0.7, 0.8))
    colours = np.stack([VOLUME, VOLUME + 1], axis=-1)
    sitk.WriteImage(sitk.GetImageFromArray(colours.transpose(2, 1, 0, 3), isVector=True), str(tmp_path / "b.nrrd"))
    np.testing.assert_array_equal(read_image_file(tmp_path / "b.nrrd").values, np.moveaxis(colours, -1, 0))
    with pytest.raises(UserError, match="label of 2 channels"):
        read_image_file(tmp_path / "b.nrrd", "label")


def test_labels_have_one_exact_value_a_voxel(tmp_path: Path) -> None:
    palette = Image.fromarray(LABEL[:, :, 3])
    palette.putpalette([0, 0, 0, 255, 0, 0, 0, 255, 0])
    palette.save(tmp_path / "p.png")
    np.testing.assert_array_equal(read_image_file(tmp_path / "p.png", "label").values[0], LABEL[:, :, 3])
    with pytest.raises(UserError, match="picture of mode P; expected grayscale or RGB"):
        read_image_file(tmp_path / "p.png")
    for mode, name in {"RGB": "c.png", "RGBA": "t.png", "L": "lossy.jpg"}.items():
        Image.fromarray(FLAT).convert(mode).save(tmp_path / name)
        with pytest.raises(UserError, match=name):
            read_image_file(tmp_path / name, "label")
    tifffile.imwrite(tmp_path / "rgb.tif", np.stack([FLAT] * 3, axis=-1), photometric="rgb")
    assert read_image_file(tmp_path / "rgb.tif").values.shape == (3, 12, 10)


def test_h5_of_several_arrays_needs_a_known_name(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["image"], file["label"] = VOLUME, LABEL
    np.testing.assert_array_equal(read_image_file(tmp_path / "a.h5", "label").values[0], LABEL)
    with h5py.File(tmp_path / "b.h5", "w") as file:
        file["x"], file["y"] = VOLUME, LABEL
    with pytest.raises(UserError, match="holds x, y; expected one array, or one called image"):
        read_image_file(tmp_path / "b.h5")


def test_trailing_axes_of_one_are_dropped_and_other_kinds_refused(tmp_path: Path) -> None:
    nibabel.save(nibabel.Nifti1Image(VOLUME[..., None], AFFINE), tmp_path / "a.nii")
    np.testing.assert_array_equal(read_image_file(tmp_path / "a.nii").values[0], VOLUME)
    with pytest.raises(UserError, match=r"a\.npz: unknown kind of file; expected one of \.nii\.gz"):
        read_image_file(tmp_path / "a.npz")
    assert stem_of(tmp_path / "case.1.NII.GZ") == "case.1"


def test_values_are_mapped_exactly(tmp_path: Path) -> None:
    np.testing.assert_array_equal(relabel(tmp_path, np.array([0.0, 7.0]), {0: 0, 7: 1}), [0, 1])
    for wrong in (np.nan, -1, 0.5, 8):
        with pytest.raises(UserError, match=r"label values .*; expected 0, 7"):
            relabel(tmp_path, np.array([0, wrong]), {0: 0, 7: 1})


def test_ids_and_patients() -> None:
    assert safe_ids("d", ["P 01/a", "b"]) == {"P 01/a": "P-01-a", "b": "b"}
    with pytest.raises(UserError, match="P 1, P/1 differ in special characters only"):
        safe_ids("d", ["P 1", "P/1"])
    assert patient_of("d", "sub-07_ses-1", r"(sub-\d+)_") == "sub-07"
