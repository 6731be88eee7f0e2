"""A cell that trains on resampled, turned and cropped volumes is scored, and predicts, on the original ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from torch import Tensor

from nsbench.benchmark.cell import Cell
from nsbench.benchmark.execution.predictions import PredictionFolder
from nsbench.benchmark.execution.run_cell import CellOptions, run_cell
from nsbench.benchmark.inference import predict
from nsbench.benchmark.inference.predict_files import predict_files
from nsbench.benchmark.metrics import score_case
from nsbench.benchmark.registry import Registries
from nsbench.benchmark.store import Store

from ..conftest import build_cell

CPU = torch.device("cpu")
PLUGIN = Path(__file__).parents[1] / "data" / "tilted_volumes.py"


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def tilted() -> Registries:
    """The registries with the dataset `tilted`."""
    return Registries(loose=(PLUGIN,))


@pytest.fixture
def cell(tilted: Registries, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cell:
    """Slices of a volume that is brought to RAS and 1 x 1 x 4 mm, and cropped."""
    monkeypatch.setenv("NSBENCH_CACHE", str(tmp_path / "cache"))
    root = tilted.datasets.get("tilted").load().write(tmp_path / "data")
    recipe = {"spacing": (1.0, 1.0, 4.0), "crop": "nonzero"}
    return build_cell(tilted, dataset="tilted", task="blob", root=str(root), dataset_params=recipe, updates=2)


@pytest.fixture
def _perfect(monkeypatch: pytest.MonkeyPatch) -> None:
    """Predictions by intensity, which tells the classes apart: 100, 400 and 700 before normalisation."""

    def by_intensity(method: Any, image: Tensor, *rest: Any) -> Tensor:
        low, high = float(image.min()), float(image.max())
        values = (image[0] - low) / (high - low) * 720
        near = torch.stack([-(values - centre).abs() for centre in (100.0, 400.0, 700.0)])
        return (near / 30).softmax(0)

    monkeypatch.setattr(predict, "predict_probabilities", by_intensity)


def stored(root: str, folder: str, name: str) -> Any:
    return nibabel.load(Path(root) / folder / f"{name}.nii.gz")


@pytest.mark.usefixtures("_perfect")
def test_scores_and_saved_predictions_are_those_of_the_files(cell: Cell, tilted: Registries, tmp_path: Path) -> None:
    store = Store(tmp_path / "out")
    assert run_cell(cell, store, tilted, CPU, CellOptions(save_predictions=True)) == "done"
    rows = pd.read_parquet(store.folder(cell.id).cases)
    files = sorted(store.folder(cell.id).predictions.iterdir())
    assert [path.name for path in files] == sorted(f"{name}.nii.gz" for name in set(rows["case"]))
    codes = set()
    for path in files:
        name = path.name.split(".")[0]
        written, label = nibabel.load(path), stored(cell.root or "", "labels", name)
        image = stored(cell.root or "", "images", name)
        np.testing.assert_array_equal(written.affine, image.affine)
        codes.add(nibabel.aff2axcodes(written.affine))
        spacing = tuple(np.linalg.norm(image.affine[:3, :3], axis=0).tolist())
        prediction, truth = np.asarray(written.dataobj), np.asarray(label.dataobj).astype(np.uint8)
        expected = score_case(prediction, truth, spacing, 3)
        found = rows[rows["case"] == name].set_index("class")
        for row in expected:
            assert row["dice"] > 0.85
            for metric in ("dice", "hd95_mm", "truth_voxels", "prediction_voxels", "truth_volume_ml"):
                assert found.loc[row["class"], metric] == pytest.approx(row[metric])
    assert len(codes) == len(files) > 1


def test_the_same_cell_twice_gives_the_same_result(cell: Cell, tilted: Registries, tmp_path: Path) -> None:
    records = []
    for name in "ab":
        store = Store(tmp_path / name)
        assert run_cell(cell, store, tilted, CPU) == "done"
        records.append(store.folder(cell.id).record.read_text())
    assert records[0] == records[1]
    assert "read, check, orient, resample, crop, clip, normalise" in records[0]


@pytest.mark.usefixtures("_perfect")
def test_new_files_are_predicted_in_their_own_geometry(cell: Cell, tilted: Registries, tmp_path: Path) -> None:
    store, root = Store(tmp_path / "out"), Path(cell.root or "")
    assert run_cell(cell, store, tilted, CPU) == "done"
    images = sorted((root / "images").iterdir())
    for path, image in zip(predict_files(store, cell, images, tmp_path / "predicted", tilted), images, strict=True):
        written, label = nibabel.load(path), nibabel.load(root / "labels" / image.name)
        np.testing.assert_array_equal(written.affine, nibabel.load(image).affine)
        rows = score_case(np.asarray(written.dataobj), np.asarray(label.dataobj).astype(np.uint8), None, 3)
        assert min(row["dice"] for row in rows) > 0.85


def test_a_dataset_that_writes_no_labels_gets_arrays(
    cell: Cell, tilted: Registries, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = tilted.datasets.get("tilted").load()
    monkeypatch.delattr(dataset, "write_label")
    store = Store(tmp_path / "out")
    assert run_cell(cell, store, tilted, CPU, CellOptions(save_predictions=True)) == "done"
    for path in store.folder(cell.id).predictions.iterdir():
        shape = stored(cell.root or "", "labels", path.stem).shape
        assert np.load(path).shape == shape


def test_radiographs_are_predicted_at_their_own_size(registries: Registries, tmp_path: Path) -> None:
    for part in ("training", "validation"):
        for folder in ("images", "heart"):
            (tmp_path / part / folder).mkdir(parents=True)
            Image.new("L", (64, 64)).save(tmp_path / part / folder / f"{part}.png")
    cell = build_cell(registries, dataset="jsrt", task="heart", root=str(tmp_path), dataset_params={"size": 32})
    label = np.zeros((32, 32), np.uint8)
    label[4:9, 10:20] = 1
    PredictionFolder(tmp_path / "out", cell, registries).write("validation", label)
    (path,) = (tmp_path / "out").iterdir()
    with Image.open(path) as picture:
        np.testing.assert_array_equal(np.asarray(picture), 255 * label.repeat(2, axis=0).repeat(2, axis=1))
