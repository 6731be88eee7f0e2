"""What every adapter of volumes refuses: files that end early, further axes, labels stored in another orientation."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import nibabel
import numpy as np
import pytest

from nsbench.benchmark.errors import UserError
from nsbench.benchmark.plugin import CaseRef, Dataset
from nsbench.benchmark.registry import Registries
from nsbench.datasets._image_files import read_image_file

from .written_trees import write_formats, write_volume
from .written_volumes import write_volume_trees

NIFTI = (
    "acdc",
    "bids-derivatives",
    "brats2018",
    "covid19-ct-seg",
    "folder",
    "hvsmr2016",
    "msd",
    "nih-pancreas",
    "nnunet",
    "uestc-covid19",
    "wmh2017",
)
LABELS_LIE_AS_STORED = ("uestc-covid19", "nih-pancreas")
"""Headers of labels are known to be wrong."""


def opened(name: str, root: Path) -> tuple[Dataset, CaseRef, list[Path]]:
    """An adapter, its first case, and the volumes of that."""
    (
        write_volume_trees
        if name in ("acdc", "brats2015", "brats2018", "hvsmr2016", "msd", "wmh2017")
        else write_formats
    )(root)
    plugin = Registries().datasets.get(name)
    dataset = plugin.load()(root / name, None, plugin.load().Params())
    ref = dataset.cases()[0]
    assert dataset.load(ref).label is not None
    volumes = [path for path in ref.files if path.name.endswith((".nii", ".nii.gz", ".mha"))]
    assert volumes
    return dataset, ref, volumes


def refused(dataset: Dataset, ref: CaseRef, path: Path, change: Callable[[Path], None], message: str) -> None:
    """Change one file, see that the case is refused with a message that names it, and restore the file."""
    whole = path.read_bytes()
    change(path)
    with pytest.raises(UserError, match=message) as caught:
        dataset.load(ref)
    assert str(path) in str(caught.value)
    path.write_bytes(whole)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])


def stack(path: Path) -> None:
    file = nibabel.load(path)
    values = np.asarray(file.dataobj)
    nibabel.save(nibabel.Nifti1Image(np.stack([values, values], axis=-1), file.affine), path)


def colour(path: Path) -> None:
    file = nibabel.load(path)
    rgb = np.zeros(file.shape[:3], [(name, "u1") for name in "RGB"])
    nibabel.save(nibabel.Nifti1Image(rgb, file.affine), path)


def make_complex(path: Path) -> None:
    file = nibabel.load(path)
    nibabel.save(nibabel.Nifti1Image(np.asarray(file.dataobj) + np.complex64(1j), file.affine), path)


def misplace(path: Path, first_row: tuple[float, ...]) -> None:
    """A header whose matrix has another first row."""
    file = nibabel.load(path)
    header = file.header.copy()
    header["sform_code"], header["srow_x"] = 2, first_row
    nibabel.Nifti1Image(np.asarray(file.dataobj), None, header).to_filename(path)


def store_turned(path: Path) -> None:
    """The same voxels in the same places, the first two axes running the other way."""
    file = read_image_file(path)
    assert file.affine is not None
    values, ends = file.values[0, ::-1, ::-1], np.array([file.shape[0] - 1, file.shape[1] - 1, 0])
    turn = np.diag([-1.0, -1.0, 1.0, 1.0])
    turn[:3, 3] = ends
    write_volume(path, np.ascontiguousarray(values), file.affine @ turn)


@pytest.mark.parametrize("name", [*NIFTI, "brats2015"])
def test_a_file_that_ends_early(name: str, tmp_path: Path) -> None:
    dataset, ref, volumes = opened(name, tmp_path)
    for path in volumes:
        refused(dataset, ref, path, cut, "damaged")


@pytest.mark.parametrize("name", NIFTI)
def test_an_axis_too_many(name: str, tmp_path: Path) -> None:
    dataset, ref, volumes = opened(name, tmp_path)
    for path in volumes:
        refused(dataset, ref, path, stack, "axes|channels|its image|its 8 slices")


@pytest.mark.parametrize("name", NIFTI)
def test_voxels_that_are_no_real_numbers(name: str, tmp_path: Path) -> None:
    dataset, ref, volumes = opened(name, tmp_path)
    for path in volumes:
        refused(dataset, ref, path, colour, "voxels are made of R, G, B; convert it to one real number a voxel")
        refused(dataset, ref, path, make_complex, "voxels are of type complex(64|128); convert it")


@pytest.mark.parametrize("first_row", [(np.nan, 0, 0, 0), (1, 0, 0, np.inf), (0, 0, 0, 0)])
@pytest.mark.parametrize("name", [name for name in NIFTI if name != "nih-pancreas"])
def test_headers_that_do_not_say_where_voxels_lie(name: str, first_row: tuple[float, ...], tmp_path: Path) -> None:
    dataset, ref, volumes = opened(name, tmp_path)
    for path in volumes[:1] if name in LABELS_LIE_AS_STORED else volumes:
        refused(dataset, ref, path, lambda path: misplace(path, first_row), "does not say where the voxels lie")


@pytest.mark.parametrize("name", [name for name in (*NIFTI, "brats2015") if name not in LABELS_LIE_AS_STORED])
def test_a_label_in_lps_and_its_image_in_ras(name: str, tmp_path: Path) -> None:
    dataset, ref, volumes = opened(name, tmp_path)
    assert len(volumes) > 1
    for path in volumes[1:]:
        refused(dataset, ref, path, store_turned, "voxels lie up to .* mm from those of")


def test_where_labels_have_wrong_headers_these_do_not_count(tmp_path: Path) -> None:
    dataset, ref, volumes = opened("uestc-covid19", tmp_path)
    before = dataset.load(ref)
    store_turned(volumes[1])
    after = dataset.load(ref)
    np.testing.assert_array_equal(after.label, np.asarray(before.label)[::-1, ::-1])
    np.testing.assert_array_equal(after.geometry["affine"], before.geometry["affine"])
