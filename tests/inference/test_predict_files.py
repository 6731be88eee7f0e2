"""New image files: predicted with a cell's weights, written in their own geometry."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import nibabel
import numpy as np
import pytest
import torch

from nsbench.benchmark.cell import Cell, ChosenDataset, Transfer
from nsbench.benchmark.data.normalise import normalise
from nsbench.benchmark.data.steps import apply_steps
from nsbench.benchmark.errors import UserError
from nsbench.benchmark.execution.run_cell import build_method, slice_axis_of
from nsbench.benchmark.inference.predict import predict_label, predict_original
from nsbench.benchmark.inference.predict_files import predict_files
from nsbench.benchmark.plugin import Case, Preprocessing
from nsbench.benchmark.registry import Registries
from nsbench.benchmark.store import Provenance, Record, Result, Store
from nsbench.benchmark.training import checkpoint
from nsbench.datasets.phantom import Phantom

CPU = torch.device("cpu")
HOW = Provenance(
    nsbench="0",
    host="h",
    device="cpu",
    platform="p",
    python="3",
    versions={},
    threads=1,
    started="2026-01-01T00:00:00",
    finished="2026-01-01T00:00:01",
)
MakeCell = Callable[..., Cell]
AFFINE = np.array([[0.0, -1.5, 0.0, 10.0], [1.25, 0.0, 0.0, -20.0], [0.0, 0.0, 3.0, 5.0], [0.0, 0.0, 0.0, 1.0]])


def finished(cell: Cell, store: Store, registries: Registries) -> torch.nn.Module:
    """Leave the weights that a finished cell leaves; returns its method."""
    dataset = Phantom(None, cell.identity.dataset.task, Phantom.Params(**cell.identity.dataset.params))
    method = build_method(cell, dataset.task, registries, CPU)
    checkpoint.save(store.folder(cell.id).weights, {"method": method.state_dict()})
    return method.eval()


def write_scan(path: Path, shape: tuple[int, ...]) -> np.ndarray:
    scan = np.random.default_rng(0).normal(100, 20, shape).astype(np.float32)
    path.parent.mkdir(parents=True, exist_ok=True)
    nibabel.save(nibabel.Nifti1Image(scan, AFFINE), path)
    return scan


@pytest.mark.parametrize(
    ("ndim", "view", "shape"), [(2, "2d", (40, 50)), (3, "3d", (40, 36, 20)), (3, "2d:0", (5, 36, 40))]
)
def test_a_scan_is_predicted_in_its_own_geometry(
    make_cell: MakeCell, registries: Registries, tmp_path: Path, ndim: int, view: str, shape: tuple[int, ...]
) -> None:
    cell, store = make_cell("ce", ndim=ndim, view=view), Store(tmp_path / "runs")
    method = finished(cell, store, registries)
    scan = write_scan(tmp_path / "scans" / "p1.nii.gz", shape)
    files = list(predict_files(store, cell, [tmp_path / "scans" / "p1.nii.gz"], tmp_path / "out", registries))
    assert files == [tmp_path / "out" / "p1.nii.gz"]
    written = nibabel.load(files[0])
    np.testing.assert_allclose(written.affine, AFFINE)
    assert written.get_data_dtype() == np.uint8
    image = torch.from_numpy(normalise(scan[None], "zscore"))
    expected = predict_label(method, image, cell.identity.budget, slice_axis_of(cell, ndim), CPU)
    np.testing.assert_array_equal(np.asarray(written.dataobj), expected.numpy())


def test_what_cannot_be_predicted_is_said_before_anything_is_written(
    make_cell: MakeCell, registries: Registries, tmp_path: Path
) -> None:
    cell, store, out = make_cell("ce"), Store(tmp_path / "runs"), tmp_path / "out"
    scan = tmp_path / "scans" / "p1.nii.gz"
    write_scan(scan, (40, 40))
    with pytest.raises(UserError, match=f"{cell.id} has no weights"):
        list(predict_files(store, cell, [scan], out, registries))
    finished(cell, store, registries)
    with pytest.raises(UserError, match=r"no such image: .*p2"):
        list(predict_files(store, cell, [scan, scan.with_name("p2.nii.gz")], out, registries))
    write_scan(tmp_path / "scans" / "volume.nii.gz", (8, 8, 8))
    with pytest.raises(UserError, match="3 axes"):
        list(predict_files(store, cell, [tmp_path / "scans" / "volume.nii.gz"], out, registries))
    assert not list(out.glob("*"))


def test_no_prediction_replaces_a_scan_or_another_prediction(
    make_cell: MakeCell, registries: Registries, tmp_path: Path
) -> None:
    cell, store = make_cell("ce"), Store(tmp_path / "runs")
    finished(cell, store, registries)
    scans = [tmp_path / name / "p1.nii.gz" for name in ("a", "b")]
    for scan in scans:
        write_scan(scan, (40, 40))
    before = scans[0].read_bytes()
    with pytest.raises(UserError, match=r"holds p1\.nii\.gz"):
        list(predict_files(store, cell, scans[:1], tmp_path / "a", registries))
    assert scans[0].read_bytes() == before
    with pytest.raises(UserError, match="second image called p1"):
        list(predict_files(store, cell, scans, tmp_path / "out", registries))


def test_a_transfer_predicts_at_the_spacing_that_it_was_trained_at(
    make_cell: MakeCell, registries: Registries, tmp_path: Path
) -> None:
    source = ChosenDataset(name="phantom", params={}, task="chamber", fingerprint="other")
    cell, store = make_cell("ce", supervision=Transfer(source=source)), Store(tmp_path / "runs")
    method = finished(cell, store, registries)
    result = Result(status="done", preprocessing={"spacing": [2.5, 3.0]})
    store.write(Record(cell=cell.id, identity=cell.identity, result=result), HOW)
    scan = write_scan(tmp_path / "scans" / "p1.nii.gz", (40, 50))
    (file,) = predict_files(store, cell, [tmp_path / "scans" / "p1.nii.gz"], tmp_path / "out", registries)
    case = Case("p1", scan[None], None, (1.25, 1.5))
    ready = apply_steps(case, Preprocessing(spacing=(2.5, 3.0)), "phantom")
    assert ready.image.shape == (1, 20, 25)
    image = torch.from_numpy(ready.image)
    expected = predict_original(method, image, ready.placement, cell.identity.budget, None, CPU)
    np.testing.assert_array_equal(np.asarray(nibabel.load(file).dataobj), expected)
