"""Event files that TensorBoard can read."""

from __future__ import annotations

from pathlib import Path

import pytest

from nsbench.benchmark.cell import Cell
from nsbench.benchmark.execution.events import Event
from nsbench.benchmark.store import Store
from nsbench.benchmark.tracking import Tracking
from nsbench.benchmark.tracking.to_tensorboard import TensorBoard

from .conftest import read_events, scalars

pytest.importorskip("tensorboardX")


def track(store: Store, *cells: Cell) -> None:
    with Tracking.of(None, store, cells, None) as tracking:
        for cell in cells:
            tracking(Event("ended", cell))


def test_a_cell_that_ended_is_written_whole(store: Store, cells: list[Cell]) -> None:
    track(store, cells[0])
    folder = TensorBoard(store.out).folder(cells[0])
    assert folder.relative_to(store.out / "tracking" / "tensorboard").parts[:2] == (
        "phantom-chamber",
        "erode-dilate-50",
    )
    found = scalars(folder)
    assert found["train/loss"] == [(2, 4), (4, 3), (6, 2)]
    assert found["test/dice"] == [(8, 0.6)]
    assert found["trust/auroc"] == [(8, 0.9)]
    assert [step for step, _ in found["learning_rate"]] == [2, 4, 6, 8]


def test_hyper_parameters_are_in_the_same_run(store: Store, cells: list[Cell]) -> None:
    from tensorboardX.proto.plugin_hparams_pb2 import HParamsPluginData

    track(store, cells[0])
    values = [value for event in read_events(TensorBoard(store.out).folder(cells[0])) for value in event.summary.value]
    start = next(value for value in values if value.tag == "_hparams_/session_start_info")
    told = HParamsPluginData.FromString(start.metadata.plugin_data.content).session_start_info.hparams
    assert (told["method"].string_value, told["ratio"].number_value) == ("ce", 0.5)
    assert told["status"].string_value == "done"


def test_a_failed_cell_tells_its_error(store: Store, cells: list[Cell]) -> None:
    track(store, cells[1])
    values = [value for event in read_events(TensorBoard(store.out).folder(cells[1])) for value in event.summary.value]
    text = next(value for value in values if value.tag.startswith("error"))
    assert b"loss is nan" in text.tensor.string_val[0]


def test_live_scalars_give_way_to_the_whole_cell(store: Store, cells: list[Cell]) -> None:
    board = TensorBoard(store.out)
    facts = {"stage": "first", "update": 1, "total": 4, "seconds_per_update": 0.1}
    board.live(cells[0], facts | {"loss": 5.0})
    board.live(cells[0], {"stage": "evaluation", "update": 0, "total": 3})
    board.close()
    folder = board.folder(cells[0])
    assert scalars(folder) == {"live/first/loss": [(1, 5)]}
    track(store, cells[0])
    assert "live/first/loss" not in scalars(folder)
    assert "test/dice" in scalars(folder)


def test_nothing_is_written_for_no_tracker(store: Store, cells: list[Cell]) -> None:
    with Tracking.of((), store, cells, None) as tracking:
        tracking(Event("ended", cells[0]))
    assert not (store.out / "tracking").exists()


def test_labels_do_not_lead_out_of_the_folder(store: Store, cells: list[Cell]) -> None:
    board = TensorBoard(store.out)
    folder = board.folder(cells[0].model_copy(update={"dataset_label": "../..", "label": "a/../../b"}))
    assert folder.resolve().is_relative_to(board.root.resolve())
    assert len(folder.relative_to(board.root).parts) == 3
    assert Path("..") not in folder.parents
