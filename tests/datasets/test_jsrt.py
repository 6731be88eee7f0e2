"""Chest radiographs in PNG folders."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from nsbench.benchmark.data.prepare import prepare
from nsbench.benchmark.errors import UserError
from nsbench.datasets.jsrt import JSRT


def jsrt(root: Path, task: str | None = None, **params: Any) -> JSRT:
    return JSRT(root, task, JSRT.Params(**{"size": 64} | params))


def pixels(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path))


@pytest.mark.parametrize("below", ["", "clean-data"])
def test_folders_are_the_split(jsrt_root: Path, tmp_path: Path, below: str) -> None:
    root = jsrt_root
    if below:
        (tmp_path / "download").mkdir()
        root = tmp_path / "download"
        jsrt_root.rename(root / below)
    dataset = jsrt(root)
    split = dataset.split(0, 0)
    assert (split.train, split.test, split.source) == (("P1", "P2"), ("P3",), "published")
    ref = dataset.cases()[0]
    case = dataset.load(ref)
    np.testing.assert_array_equal(case.image, pixels(ref.files[0])[None])
    np.testing.assert_array_equal(case.label, pixels(ref.files[1]) // 255)
    assert case.image.dtype == np.float32
    assert case.spacing == (0.175 * 2048 / 64,) * 2


def test_organs_overlap_and_are_tasks_of_their_own(jsrt_root: Path) -> None:
    masks = {}
    for task in JSRT.tasks:
        dataset = jsrt(jsrt_root, task)
        assert dataset.task.classes == (task,)
        masks[task] = np.asarray(dataset.load(dataset.cases()[0]).label)
    assert (masks["heart"] & masks["lung"]).any()
    assert not (masks["heart"] & masks["clavicle"]).any()


def test_size_shrinks_images_by_area_and_masks_by_majority(jsrt_root: Path) -> None:
    dataset = jsrt(jsrt_root, size=32)
    ref = dataset.cases()[0]
    prepared = prepare(dataset, [ref], "key")[0]
    case = dataset.load(ref)
    blocks = pixels(ref.files[0]).astype(float).reshape(32, 2, 32, 2).mean((1, 3))
    np.testing.assert_allclose(case.image[0], blocks, atol=1e-3)
    assert case.label is not None
    assert case.label.sum() == pixels(ref.files[1]).astype(bool).sum() / 4
    assert case.spacing == (0.175 * 2048 / 32,) * 2
    assert prepared.label.dtype == np.uint8
    assert dataset.task.tags == ("resampled to 32x32",)
    assert JSRT(jsrt_root, None, JSRT.Params()).task.tags == ()


def test_clutter_is_skipped(jsrt_root: Path) -> None:
    for folder in ("images", "heart"):
        (jsrt_root / "training" / folder / ".DS_Store").write_bytes(b"\0\0\0\1Bud1")
        (jsrt_root / "training" / folder / "._P1.png").write_bytes(b"\0\5\26\7")
        (jsrt_root / "training" / folder / "Thumbs.db").write_bytes(b"\0")
    (jsrt_root / "training" / "heart" / "P2.png").rename(jsrt_root / "training" / "heart" / "P2.PNG")
    assert [ref.id for ref in jsrt(jsrt_root).cases()] == ["P1", "P2", "P3"]


@pytest.mark.parametrize(
    ("removed", "message"), [("heart", "no label for .*images/P2"), ("images", "no image for .*heart/P2")]
)
def test_unpaired_files_are_named(jsrt_root: Path, removed: str, message: str) -> None:
    (jsrt_root / "training" / removed / "P2.png").unlink()
    with pytest.raises(UserError, match=message):
        jsrt(jsrt_root, "heart").cases()


def test_masks_of_one_bit_are_read(jsrt_root: Path) -> None:
    ref = jsrt(jsrt_root).cases()[0]
    before = jsrt(jsrt_root).load(ref).label
    Image.open(ref.files[1]).convert("1").save(ref.files[1])
    np.testing.assert_array_equal(jsrt(jsrt_root).load(ref).label, before)


def test_images_of_sixteen_bits_are_read(jsrt_root: Path) -> None:
    ref = jsrt(jsrt_root).cases()[0]
    deep = np.arange(64 * 64, dtype=np.uint16).reshape(64, 64) * 15
    Image.fromarray(deep).save(ref.files[0])
    np.testing.assert_array_equal(jsrt(jsrt_root).load(ref).image[0], deep)


@pytest.mark.parametrize(
    ("values", "message"),
    [((0, 1), r"P1\.png: mask values 1 besides 0 and 255"), ((0, 3, 250, 255), "mask values 3, 250 besides")],
)
def test_wrong_mask_values(jsrt_root: Path, values: tuple[int, ...], message: str) -> None:
    ref = jsrt(jsrt_root).cases()[0]
    Image.fromarray(np.resize(np.array(values, np.uint8), (64, 64))).save(ref.files[1])
    with pytest.raises(UserError, match=message):
        jsrt(jsrt_root).load(ref)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA", "P"])
@pytest.mark.parametrize("which", [0, 1])
def test_coloured_files_are_refused(jsrt_root: Path, mode: str, which: int) -> None:
    ref = jsrt(jsrt_root).cases()[0]
    Image.open(ref.files[which]).convert(mode).save(ref.files[which])
    with pytest.raises(UserError, match=rf"P1\.png: PNG of mode {mode}; expected grayscale"):
        jsrt(jsrt_root).load(ref)


def test_other_picture_formats_are_refused(jsrt_root: Path) -> None:
    ref = jsrt(jsrt_root).cases()[0]
    Image.open(ref.files[0]).save(ref.files[0], format="JPEG")
    with pytest.raises(UserError, match="damaged or not a PNG file"):
        jsrt(jsrt_root).load(ref)


def test_case_in_both_parts(jsrt_root: Path) -> None:
    for folder in ("images", "heart"):
        (jsrt_root / "validation" / folder / "P3.png").rename(jsrt_root / "validation" / folder / "P1.png")
    with pytest.raises(UserError, match="P1 in the training and in the test part"):
        jsrt(jsrt_root).split(0, 0)


def test_wrong_folder_names_the_nearest_match(jsrt_root: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"nearest match: .*jsrt/training/images"):
        jsrt(tmp_path).cases()
    (jsrt_root / "validation" / "lung").rename(jsrt_root / "validation" / "lungs")
    with pytest.raises(UserError, match=r"\{training,validation\}/\{images,lung\}"):
        jsrt(jsrt_root, "lung").cases()


@pytest.mark.parametrize("size", [64, 32])
def test_mask_of_another_size_is_refused(jsrt_root: Path, size: int) -> None:
    dataset = jsrt(jsrt_root, size=size)
    ref = dataset.cases()[0]
    Image.open(ref.files[1]).crop((0, 0, 48, 40)).save(ref.files[1])
    with pytest.raises(UserError, match=r"P1"):
        prepare(dataset, [ref], "key")


@pytest.mark.parametrize("shape", [(64, 48), (32, 32)])
def test_images_are_neither_squeezed_nor_enlarged(jsrt_root: Path, shape: tuple[int, int]) -> None:
    ref = jsrt(jsrt_root).cases()[0]
    Image.fromarray(np.zeros(shape, np.uint8)).save(ref.files[0])
    with pytest.raises(UserError, match=r"P1\.png: image of .* pixels; expected square, at least 64"):
        jsrt(jsrt_root).load(ref)


@pytest.fixture
def pymic_root(jsrt_root: Path, tmp_path: Path) -> Path:
    """The same lungs in PyMIC's form, with a noisy label of P1."""
    root = tmp_path / "PyMIC_data" / "JSRT"
    for folder, source in {"image": "images", "label": "lung", "label_noise1": "heart"}.items():
        (root / folder).mkdir(parents=True)
        for path in jsrt_root.glob(f"*/{source}/*.png"):
            if folder != "label_noise1" or path.stem == "P1":
                path.rename(root / folder / path.name)
    return root.parent


def test_the_other_form_has_lists_and_noisy_labels(pymic_root: Path) -> None:
    lists = pymic_root / "JSRT" / "config" / "data"
    dataset = jsrt(pymic_root, "lung")
    assert [ref.id for ref in dataset.cases()] == ["P1", "P2", "P3"]
    assert dataset.split(0, 0) is None
    lists.mkdir(parents=True)
    (lists / "jsrt_train_mix.csv").write_text(
        "image,label\nimage/P2.png,label/P2.png\nimage/P1.png,label_noise1/P1.png\n"
    )
    (lists / "jsrt_test.csv").write_text("image,label\nimage/P3.png,label/P3.png\n")
    split = dataset.split(0, 0)
    assert split is not None
    assert (split.train, split.test) == (("P2", "P1"), ("P3",))
    first, second = (dataset.load(ref) for ref in dataset.cases()[:2])
    assert first.label is not None
    assert first.label[20, 20]
    assert set(first.annotations) == {"label_noise1"}
    assert first.annotations["label_noise1"][40, 36]
    assert not first.label[40, 36]
    assert second.annotations == {}


def test_the_other_form_has_lungs_only_and_complete_lists(pymic_root: Path) -> None:
    with pytest.raises(UserError, match=r"lung only"):
        jsrt(pymic_root, "heart").cases()
    (pymic_root / "JSRT" / "jsrt_test.csv").write_text("image,label\nimage/P3.png,label/P3.png\n")
    with pytest.raises(UserError, match=r"none of jsrt_train.csv, jsrt_train_mix.csv"):
        jsrt(pymic_root, "lung").split(0, 0)
    (pymic_root / "JSRT" / "jsrt_train.csv").write_text("label\nlabel/P3.png\n")
    with pytest.raises(UserError, match=r"jsrt_train.csv: no column image"):
        jsrt(pymic_root, "lung").split(0, 0)
