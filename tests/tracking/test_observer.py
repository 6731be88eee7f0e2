"""When trackers are told, and what their failures do."""

from __future__ import annotations

import sys
import threading
from collections.abc import Mapping
from typing import Any

import pytest

from nsbench.benchmark.cell import Cell
from nsbench.benchmark.errors import UserError
from nsbench.benchmark.execution.events import Event
from nsbench.benchmark.spec.load import load
from nsbench.benchmark.store import Store
from nsbench.benchmark.store.files import write_json
from nsbench.benchmark.tracking import Tracking, observer
from nsbench.benchmark.tracking.summary import CellSummary
from nsbench.benchmark.tracking.tracker import Tracker


class Listener(Tracker):
    """Remembers what it is told; fails at the first cell that ends where it is told to fail."""

    def __init__(self, name: str = "listener", fails: bool = False) -> None:
        self.name = name  # type: ignore[misc]
        self.fails = fails
        self.written: list[tuple[str, str]] = []
        self.heard: list[Mapping[str, Any]] = []
        self.spoken_to = threading.Event()

    def write(self, summary: CellSummary) -> None:
        self.written.append((summary.cell.id, summary.status))
        if self.fails:
            raise ConnectionError("server gone\nmore")

    def live(self, cell: Cell, facts: Mapping[str, Any]) -> None:
        self.heard.append(facts)
        self.spoken_to.set()


def tell(tracking: Tracking, *cells: Cell) -> None:
    with tracking:
        for cell in cells:
            tracking(Event("started", cell))
            tracking(Event("ended", cell))


def test_cells_are_told_as_they_end(store: Store, cells: list[Cell]) -> None:
    listener = Listener()
    tell(Tracking([listener], store), *cells)
    assert listener.written == [(cells[0].id, "done"), (cells[1].id, "failed")]


def test_a_failing_tracker_is_left_out_and_harms_nobody(
    store: Store, cells: list[Cell], capsys: pytest.CaptureFixture[str]
) -> None:
    good, bad = Listener("good"), Listener("bad", fails=True)
    tell(Tracking([bad, good], store), *cells)
    assert (len(bad.written), len(good.written)) == (1, 2)
    said = capsys.readouterr().err.splitlines()
    assert said == ["tracking with bad stopped, the run goes on: ConnectionError: server gone"]


def test_what_a_tracker_missed_it_is_told_the_next_time(store: Store, cells: list[Cell]) -> None:
    tell(Tracking([Listener(fails=True)], store), cells[0])
    first, second = Listener(), Listener()
    tell(Tracking([first], store, backlog=cells))
    tell(Tracking([second], store, backlog=cells))
    assert first.written == [(cells[0].id, "done"), (cells[1].id, "failed")]
    assert second.written == []


def test_an_attempt_after_a_failure_is_told_again(store: Store, cells: list[Cell]) -> None:
    first, second = Listener(), Listener()
    tell(Tracking([first], store), cells[1])
    tell(Tracking([second], store, backlog=cells[1:]), cells[1])
    assert first.written == second.written == [(cells[1].id, "failed")]


def test_after_an_error_of_the_run_there_is_no_backlog(store: Store, cells: list[Cell]) -> None:
    listener = Listener()
    with pytest.raises(UserError), Tracking([listener], store, backlog=cells):
        raise UserError("the output folder is taken")
    assert listener.written == []
    assert not (store.out / "tracking").exists()


def test_a_damaged_record_is_said(store: Store, cells: list[Cell], capsys: pytest.CaptureFixture[str]) -> None:
    store.folder(cells[0].id).cases.write_bytes(b"")
    listener = Listener()
    tell(Tracking([listener], store), cells[0])
    assert listener.written == []
    assert f"cell {cells[0].id} is not tracked" in capsys.readouterr().err


def test_running_cells_are_heard_live(store: Store, cells: list[Cell], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(observer, "LIVE_SECONDS", 0.01)
    facts = {"stage": "train", "update": 3, "total": 6, "loss": 0.5, "seconds_per_update": 0.1}
    write_json(store.folder(cells[2].id).progress, facts)
    listener = Listener()
    with Tracking([listener], store) as tracking:
        tracking(Event("started", cells[2]))
        assert listener.spoken_to.wait(60)
    assert listener.heard == [facts]


@pytest.mark.parametrize(
    ("name", "package"), [("tensorboard", "tensorboardX"), ("mlflow", "mlflow"), ("wandb", "wandb")]
)
def test_a_missing_package_is_named(store: Store, name: str, package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(
        UserError, match=rf"--track {name}: {package} is not installed; pip install 'nsbench\[{name}\]'"
    ):
        Tracking.of([name], store, [], None)
    assert Tracking.of(None, store, [], None).trackers == [] or name != "tensorboard"


def test_the_field(tmp_path: Any) -> None:
    assert load(flags={"track": "mlflow,wandb"}).execution.track == ("mlflow", "wandb")
    assert load(flags={"track": "none"}).execution.track == ()
    assert load().execution.track is None
    for wrong, message in {"none,mlflow": "none, or trackers", "tensorbord": "'tensorboard'", "": "empty item"}.items():
        with pytest.raises(UserError, match=rf"--track.*{message}"):
            load(flags={"track": wrong})
