"""One test case of a generated dataset: image, true and corrupted label, and what the best methods made of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from ..cell import Cell, Noisy
from ..data.annotated import Annotated, reread
from ..data.cell_data import open_dataset
from ..data.corruption import Corrupted, corrupt_one, realised_noise
from ..data.prepare import PreparedCase, dataset_key, prepare
from ..errors import UserError
from ..execution.run_cell import build_method, slice_axis_of
from ..inference.predict import predict_original
from ..plugin.case import Case
from ..plugin.dataset import Dataset
from ..publish.records import GENERATED
from ..registry import Registries
from ..report.leaderboard import Leaderboard
from ..report.ranking import tables
from ..report.rows import Row
from ..report.supervised import right_labels
from ..seeds import stream
from ..store import Store
from ..store.index import open_index
from ..training import checkpoint
from .preview import case_panel
from .sheet import Panel, draw_sheet

BEST = 3
BASELINES = ("ce", "dice", "cnn")
"""What the papers improve on; the first one that a board has is shown."""

_COLUMNS, _SCALE = 3, 1.5


def draw_overlay(store: Store, board: Leaderboard, dataset: str, registries: Registries, path: Path) -> None:
    """Draw the test case whose Dice, averaged over the methods, is the middle one, where labels are worst or fewest.

    Shown are the three best methods and the baseline, each with the weights of its first seed.

    Parameters
    ----------
    store
        The run, with its weights.
    dataset
        Label of a dataset of the board.

    Raises
    ------
    UserError
        Its images may not be published, or a cell's weights are not there.
    """
    rows = _hardest([row for row in board.rows if row.facts["dataset"] == dataset and row.dice is not None])
    cells = {cell.id: cell for cell in store.planned_cells()}
    chosen = {row.unit: cells[_first_cell(board.cells, row)] for row in rows}
    if any(cell.identity.dataset.name != GENERATED for cell in chosen.values()):
        raise UserError(f"{dataset}: images of {GENERATED} alone may be published")
    if not rows:
        raise UserError(f"{dataset}: no row of noisy or few labels is finished; transfers are not drawn")
    for row in _worth_showing(rows):
        if not store.folder(chosen[row.unit].id).weights.exists():
            raise UserError(
                f"cell {chosen[row.unit].id} has no weights in {store.out.name}: its prediction is not known"
            )
    scores = _scores(store, [row.unit for row in rows])
    case = _middle(scores)
    shown = _Shown(chosen[rows[0].unit], case, registries)
    predicted = [(row, shown.predict(store, chosen[row.unit])) for row in _worth_showing(rows)]
    labels = {"true": shown.clean, **shown.corrupted} | {str(row.unit): label for row, label in predicted}
    whole = case_panel(Case(case, shown.image, shown.clean, shown.spacing, annotations=labels), shown.dataset.task)
    panels = [Panel(whole.title, whole.pixels, {}, whole.aspect)]
    panels.append(Panel("true label", whole.pixels, {"true": whole.labels["true"]}, whole.aspect))
    titles = [(name, f"as corrupted in training: Dice {shown.realised:.2f}") for name in shown.corrupted]
    baseline = _baseline(rows)
    titles += [(str(row.unit), _title(row, scores[row.unit, case], baseline)) for row, _ in predicted]
    for name, title in titles:
        both = {"true": whole.labels["true"], "as titled": whole.labels[name]}
        panels.append(Panel(title, whole.pixels, both, whole.aspect))
    draw_sheet(panels, shown.dataset.task.classes, path, columns=_COLUMNS, scale=_SCALE)


def _hardest(rows: Sequence[Row]) -> list[Row]:
    """The first table of blind methods at the highest ratio, or with the fewest labels, best first."""
    # a transfer's images are seen at the spacing that both datasets have in common
    blind = [row for row in rows if row.setting("knows") == "blind" and row.facts["supervision"] != "transfer"]
    fewest = min(map(right_labels, blind), default=None)
    return next(iter(tables(row for row in blind if right_labels(row) == fewest).values()), [])


def _worth_showing(rows: Sequence[Row]) -> Iterator[Row]:
    yield from rows[:BEST]
    baseline = _baseline(rows)
    yield from (row for row in rows[BEST:] if row.facts["plugin"] == baseline)


def _baseline(rows: Sequence[Row]) -> str:
    """The plain method of a table; empty where it has none."""
    known = {row.facts["plugin"] for row in rows}
    return next((name for name in BASELINES if name in known), "")


def _title(row: Row, dice: float, baseline: str) -> str:
    method = row.facts["method"]
    name = f"baseline {method}" if row.facts["plugin"] == baseline else method
    return f"{row.facts['rank']}. {name}: Dice {dice:.2f}"


def _first_cell(cells: pd.DataFrame, row: Row) -> str:
    own = cells[cells["row"] == row.unit].sort_values(["seed", "fold"], kind="stable")
    return str(own["cell"].iloc[0])


def _scores(store: Store, units: Sequence[int]) -> dict[tuple[int, str], float]:
    """Dice by row and case, of the first seed of each row, averaged over the classes."""
    snapshot = open_index(store)
    cases = snapshot.cases(["case", "dice"])
    cells = snapshot.cells.iloc[cases["position"].to_numpy()]
    frame = pd.DataFrame({"unit": cells["row"].to_numpy(), "seed": cells["seed"].to_numpy()})
    frame["case"], frame["dice"] = cases["case"].astype(str).to_numpy(), cases["dice"].to_numpy()
    frame = frame[frame["unit"].isin(units)]
    frame = frame[frame["seed"] == frame.groupby("unit")["seed"].transform("min")]
    means = frame.groupby(["unit", "case"], as_index=False)["dice"].mean()
    keys = zip(means["unit"].tolist(), means["case"].tolist())
    return dict(zip(keys, means["dice"].tolist()))


def _middle(scores: dict[tuple[int, str], float]) -> str:
    by_case: dict[str, list[float]] = {}
    for (_, case), value in scores.items():
        by_case.setdefault(case, []).append(value)
    ordered = sorted(by_case, key=lambda case: (float(np.nanmean(by_case[case])), case))
    return ordered[len(ordered) // 2]


class _Shown:
    """The case that is shown, with its labels."""

    def __init__(self, cell: Cell, case_id: str, registries: Registries) -> None:
        self._registries = registries
        self.dataset: Dataset = open_dataset(cell, registries)
        chosen = cell.identity.dataset
        ref = next((ref for ref in self.dataset.cases() if ref.id == case_id), None)
        if ref is None:
            raise UserError(f"dataset {self.dataset.name} generates no case {case_id} here: another version ran")
        key = dataset_key(self.dataset, chosen.fingerprint, chosen.code)
        self._ref, self._case = ref, prepare(self.dataset, [ref], key)[0]
        read = self.dataset.load(ref)
        self.image, self.clean, self.spacing = read.image, np.asarray(read.label), read.spacing
        self.corrupted, self.realised = self._corrupt(cell)

    def _corrupt(self, cell: Cell) -> tuple[dict[str, np.ndarray], float]:
        """The label as it would be corrupted if this were a training case, and its Dice; none without label noise."""
        supervision = cell.identity.supervision
        if not isinstance(supervision, Noisy) or not supervision.ratio:
            return {}, 1.0
        noise = supervision.noise
        plugin = self._registries.noise.get(noise.name)
        model: Any = plugin.load()(plugin.validate(noise.params, f"noise model {noise.name}"))
        task, case = self.dataset.task, self._case
        rng = stream(cell.identity.seed, "corruption", f"{self.dataset.name}:{task.name}", case.id, model.name)
        label = corrupt_one(case, model, rng, task.num_classes, self._seen).label
        realised = realised_noise([case], Corrupted({case.id: label})).dice_mean
        return {"corrupted": label}, 1.0 if realised is None else realised

    def _seen(self, case: PreparedCase) -> Annotated:
        return reread(self.dataset, self._ref, case)

    def predict(self, store: Store, cell: Cell) -> np.ndarray:
        """Label of the case by a finished cell."""
        state = checkpoint.load(store.folder(cell.id).weights, torch.device("cpu"))
        assert state is not None
        method = build_method(cell, self.dataset.task, self._registries, torch.device("cpu"))
        method.load_state_dict(state["method"])
        method.eval()
        axis = slice_axis_of(cell, self.dataset.task.ndim)
        placement = self._case.original.placement if self._case.original else None
        image = torch.from_numpy(np.array(self._case.image))
        return predict_original(method, image, placement, cell.identity.budget, axis, torch.device("cpu"))
