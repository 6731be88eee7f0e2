"""Files that are cut short, empty, or something else than their name says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import h5py
import nibabel
import nrrd
import numpy as np
import pytest
from PIL import Image

from nsbench.benchmark.errors import UserError
from nsbench.datasets._readers import read_grey_png, read_h5, read_nifti, read_nrrd
from nsbench.datasets.jsrt import JSRT
from nsbench.datasets.la import LeftAtrium

VALUES = np.random.default_rng(0).integers(0, 255, (12, 10, 8)).astype(np.uint8)
FLAT = VALUES[:, :, 0]
Read = Callable[[Path], np.ndarray]


def write_h5(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file.create_dataset("image", data=VALUES, compression="gzip")


def write_nifti(path: Path) -> None:
    nibabel.save(nibabel.Nifti1Image(VALUES, np.eye(4)), path)


FORMS: dict[str, tuple[Callable[[Path], object], Read]] = {
    "a.h5": (write_h5, lambda path: read_h5(path, ["image"])[0]["image"]),
    "gzip.nrrd": (lambda path: nrrd.write(str(path), VALUES), lambda path: read_nrrd(path)[0]),
    "raw.nrrd": (lambda path: nrrd.write(str(path), VALUES, {"encoding": "raw"}), lambda path: read_nrrd(path)[0]),
    "a.nii": (write_nifti, lambda path: read_nifti(path)[0]),
    "a.nii.gz": (write_nifti, lambda path: read_nifti(path)[0]),
    "a.png": (lambda path: Image.fromarray(FLAT).save(path), read_grey_png),
}
"""How each kind of file is written, and read by the adapters."""

IMPOSTORS = {
    "is empty": b"",
    "Git LFS pointer.*git lfs pull": b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n",
    "git-annex pointer.*git annex get": b"/annex/objects/SHA256E-s1234--4d7a.h5\n",
    "AppleDouble": b"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X        ",
    "damaged or not a": b"<!DOCTYPE html><title>404 Not Found</title>",
}


@pytest.mark.parametrize("name", FORMS)
def test_every_cut_is_noticed_or_harmless(name: str, tmp_path: Path) -> None:
    path, (write, read) = tmp_path / name, FORMS[name]
    write(path)
    whole, expected = path.read_bytes(), FLAT if name.endswith("png") else VALUES
    np.testing.assert_array_equal(read(path), expected)
    messages = []
    for length in np.linspace(1, len(whole) - 1, 25).astype(int):
        path.write_bytes(whole[:length])
        try:
            np.testing.assert_array_equal(read(path), expected)
        except UserError as error:
            messages.append(str(error))
    assert len(messages) >= 20
    assert all(message.startswith(f"{path}: ") and "fetch it again" in message for message in messages)


@pytest.mark.parametrize("message", IMPOSTORS)
@pytest.mark.parametrize("name", FORMS)
def test_impostors_are_called_what_they_are(name: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(IMPOSTORS[message])
    with pytest.raises(UserError, match=f"(?s){name}: .*{message}"):
        FORMS[name][1](path)


@pytest.mark.parametrize("name", FORMS)
def test_missing_files_and_dangling_links(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    with pytest.raises(UserError, match="no such file"):
        FORMS[name][1](path)
    path.symlink_to(tmp_path / ".git" / "annex" / "objects" / "gone")
    with pytest.raises(UserError, match="link to a file that is not here"):
        FORMS[name][1](path)


@pytest.mark.parametrize("which", [0, 1])
def test_adapters_name_the_damaged_file(h5_root: Path, nrrd_root: Path, jsrt_root: Path, which: int) -> None:
    datasets = [LeftAtrium(root, None, LeftAtrium.Params()) for root in (h5_root, nrrd_root)]
    for dataset in (*datasets, JSRT(jsrt_root, None, JSRT.Params(size=64))):
        ref = dataset.cases()[0]
        path = ref.files[min(which, len(ref.files) - 1)]
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
        with pytest.raises(UserError, match=rf"{path.name}: damaged"):
            dataset.load(ref)
