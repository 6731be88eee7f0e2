"""Brain tumours as MetaImage."""

from __future__ import annotations

import shutil
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

from nsbench.benchmark.errors import UserError
from nsbench.datasets.brats2015 import BRATS2015

from .written_volumes import SHAPE, drawn, intensities, write_brats2015


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "BRATS2015_Training"
    write_brats2015(folder)
    return folder


def brats(root: Path, task: str | None = None, **params: Any) -> BRATS2015:
    return BRATS2015(root, task, BRATS2015.Params(**params))


def release(root: Path, hgg: int = 220, lgg: int = 54) -> BRATS2015:
    """As many scans as released, by name alone; six of them of patient tcia_pat153."""
    for grade, count in {"HGG": hgg, "LGG": lgg}.items():
        for number in range(count):
            patient = f"tcia_pat153_{number:04}" if grade == "HGG" and number < 6 else f"2013_pat{grade}{number}_1"
            folder = root / grade / f"brats_{patient}"
            folder.mkdir(parents=True)
            for modality in ("MR_Flair", "MR_T1", "MR_T1c", "MR_T2"):
                (folder / f"VSD.Brain.XX.O.{modality}.{number}.mha").touch()
            (folder / f"VSD.Brain.XX.O.OT.{number}.mha").touch()
    return brats(root)


def test_modalities_and_tissues(root: Path) -> None:
    dataset = brats(root)
    refs = dataset.cases()
    assert [ref.id for ref in refs] == [
        "brats_2013_pat0008_1",
        "brats_tcia_pat101_0001",
        "brats_tcia_pat153_0002",
        "brats_tcia_pat153_0109",
    ]
    assert [ref.patient for ref in refs[2:]] == ["brats_tcia_pat153"] * 2
    assert [ref.groups["grade"] for ref in refs] == ["HGG", "LGG", "HGG", "HGG"]
    case = dataset.load(refs[1])
    np.testing.assert_array_equal(case.image, np.stack([intensities(16 + channel) for channel in range(4)]))
    np.testing.assert_array_equal(case.label, drawn((1, 2, 3, 4)))
    assert case.spacing == (1.0, 1.5, 2.0)
    assert dataset.task.num_classes == 5


def test_t1_is_not_t1c(root: Path) -> None:
    dataset = brats(root, "whole-tumour", modality="t1")
    case = dataset.load(dataset.cases()[0])
    np.testing.assert_array_equal(case.image, intensities(13)[None])
    np.testing.assert_array_equal(case.label, drawn((1, 1, 1, 1)))
    assert dataset.task.channels == ("t1",)


def test_smir_names_and_whole_downloads(root: Path) -> None:
    for path in sorted(root.rglob("*.mha")):
        path.rename(path.with_name(path.name.replace("VSD.", "SMIR.")))
    assert len(brats(root.parent).cases()) == 4


def test_grades(root: Path) -> None:
    assert [ref.id for ref in brats(root, grade="LGG").cases()] == ["brats_tcia_pat101_0001"]
    assert len(brats(root / "HGG", grade="HGG").cases()) == 3
    for folder in list((root / "HGG").iterdir()):
        folder.rename(root / folder.name)
    with pytest.raises(UserError, match=r"grade of brats_2013_pat0008_1.* is unknown.*grade=all"):
        brats(root, grade="HGG").cases()
    assert len(brats(root).cases()) == 4


def test_the_split_of_tsman_is_drawn_by_counts(tmp_path: Path) -> None:
    dataset = release(tmp_path)
    split = dataset.split(0, 3)
    assert split is not None
    grade = {ref.id: ref.groups["grade"] for ref in dataset.cases()}
    assert (len(split.train), len(split.test)) == (244, 30)
    assert [sum(grade[name] == g for name in split.test) for g in ("HGG", "LGG")] == [25, 5]
    assert "TSMAN" in split.source
    assert split == dataset.split(0, 3) != dataset.split(0, 4)
    for seed in range(5):
        drawn_split = dataset.split(0, seed)
        assert drawn_split is not None
        assert sum("pat153" in name for name in drawn_split.test) in (0, 6)
    assert brats(tmp_path, split="k-fold").split(0, 0) is None
    assert brats(tmp_path, grade="HGG").split(0, 0) is None


def test_the_split_of_massl_has_its_220_here(tmp_path: Path) -> None:
    release(tmp_path)
    draws = [brats(tmp_path, split="massl").split(fold, 0) for fold in (0, 1)]
    assert draws[0] is not None
    assert (len(draws[0].train), len(draws[0].test)) == (170, 50)
    assert draws[0] != draws[1]


def test_incomplete_releases_are_refused_with_choices(root: Path) -> None:
    assert brats(root).split(0, 0) is None
    with pytest.raises(UserError, match=r"25 of 220 HGG and 5 of 54 LGG, but 3 HGG, 1 LGG.*split=k-fold"):
        brats(root, split="tsman").split(0, 0)
    with pytest.raises(UserError, match=r"of 220 HGG, but .* has 3 .*Choose split=k-fold with grade=HGG"):
        brats(root, split="massl").split(0, 0)


def test_damage_is_named(root: Path) -> None:
    flair = next(root.rglob("*pat0008_1/*/*Flair*.mha"))
    content = flair.read_bytes()
    flair.write_bytes(content[: len(content) // 2])
    with pytest.raises(UserError, match=r"MR_Flair\.300\.mha: damaged"):
        brats(root).load(brats(root).cases()[0])
    flair.unlink()
    with pytest.raises(UserError, match=r"brats_2013_pat0008_1 \(no flair\)"):
        brats(root).cases()


def test_an_uncompressed_file_that_ends_early(root: Path) -> None:
    label = next(root.rglob("LGG/*/*OT*.mha"))
    label.write_bytes(label.read_bytes()[:-100])
    with pytest.raises(UserError, match=r"OT\.404\.mha: damaged"):
        brats(root).load(brats(root).cases()[1])


def test_a_prediction_lies_on_its_image(root: Path, tmp_path: Path) -> None:
    folder = root / "LGG" / "brats_tcia_pat101_0001"
    for path in (folder, next(folder.glob("*T2*"))):
        case = brats(root).read_image(path)
        assert (case.id, case.image.shape) == (folder.name, (4, *SHAPE))
    label = drawn((4, 3, 2, 1))
    original = sitk.ReadImage(str(next(folder.glob("*T2*"))))
    written = sitk.ReadImage(str(brats(root).write_label(case, label, tmp_path / "x")))
    np.testing.assert_array_equal(sitk.GetArrayFromImage(written).transpose(2, 1, 0), label)
    for corner in product(*((0, n - 1) for n in SHAPE)):
        index = [int(i) for i in corner]
        expected = original.TransformIndexToPhysicalPoint(index)
        np.testing.assert_allclose(written.TransformIndexToPhysicalPoint(index), expected, atol=1e-4)


def test_one_modality_is_read_from_any_file(root: Path, tmp_path: Path) -> None:
    path = shutil.copy(next(root.rglob("*T1c*.mha")), tmp_path / "new.mha")
    assert brats(root, modality="t1c").read_image(Path(path)).id == "new"
