"""Predicting new image files with the weights of a finished cell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import torch

from ..cell import Cell, Transfer
from ..data.cell_data import open_dataset
from ..data.checks import check_case
from ..data.respaced import Respaced
from ..data.steps import apply_steps
from ..errors import UserError
from ..execution.run_cell import build_method, slice_axis_of
from ..plugin.dataset import Dataset
from ..registry import Registries
from ..store import Store
from ..training import checkpoint
from .predict import predict_original


def predict_files(
    store: Store, cell: Cell, images: Sequence[Path], out_dir: Path, registries: Registries
) -> Iterator[Path]:
    """Predict each image and write its label in the image's own geometry; yields the files written.

    Raises
    ------
    UserError
        The cell has no weights, an image is missing or unreadable, its dataset cannot write labels, or a
        prediction would replace an image or another prediction.
    """
    _check(images, out_dir)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    state = checkpoint.load(store.folder(cell.id).weights, device)
    if state is None:
        raise UserError(f"cell {cell.id} has no weights in {store.out}: is it done? (nsbench run --dry-run shows it)")
    dataset = _as_trained(open_dataset(cell, registries), store, cell)
    method = build_method(cell, dataset.task, registries, device)
    method.load_state_dict(state["method"])
    method.eval()
    out_dir.mkdir(parents=True, exist_ok=True)
    axis, done = slice_axis_of(cell, dataset.task.ndim), set[str]()
    for path in images:
        case = dataset.read_image(path)
        check_case(case, dataset.task, dataset.name, str(path), labeled=False)
        if case.id in done:
            raise UserError(f"{path}: a second image called {case.id}; write its prediction to a folder of its own")
        done.add(case.id)
        ready = apply_steps(case, dataset.preprocessing_of(case), dataset.name)
        image = torch.from_numpy(ready.image)
        label = predict_original(method, image, ready.placement, cell.identity.budget, axis, device)
        yield dataset.write_label(case, label, out_dir / path.name)


def _as_trained(dataset: Dataset, store: Store, cell: Cell) -> Dataset:
    """The adapter at the spacing that a transfer brought its datasets to."""
    if not isinstance(cell.identity.supervision, Transfer):
        return dataset
    record = store.read(cell.id)
    spacing = record.result.preprocessing.get("spacing") if record else None
    return dataset if spacing is None else Respaced(dataset, tuple(spacing))


def _check(images: Sequence[Path], out_dir: Path) -> None:
    missing = [path for path in images if not path.exists()]
    if missing:
        raise UserError(f"no such image: {', '.join(map(str, missing))}")
    beside = [path for path in images if path.resolve().parent == out_dir.resolve()]
    if beside:
        raise UserError(f"{out_dir} holds {beside[0].name}, which its prediction might replace; choose another folder")
