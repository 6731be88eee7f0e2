"""MLflow and Weights & Biases, with their own libraries and without a server."""

from __future__ import annotations

from pathlib import Path

import pytest

from nsbench.benchmark.cell import Cell
from nsbench.benchmark.errors import UserError
from nsbench.benchmark.execution.events import Event
from nsbench.benchmark.store import Store
from nsbench.benchmark.tracking import Tracking


def track(name: str, store: Store, cells: list[Cell], capsys: pytest.CaptureFixture[str]) -> None:
    with Tracking.of([name], store, cells, "My benchmark: 50 %") as tracking:
        tracking(Event("ended", cells[1]))
    assert "stopped" not in capsys.readouterr().err


def test_mlflow_runs(
    store: Store, cells: list[Cell], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    mlflow = pytest.importorskip("mlflow", reason="needs nsbench[mlflow]")
    for name in ("MLFLOW_TRACKING_URI", "MLFLOW_EXPERIMENT_NAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(store.out)
    track("mlflow", store, cells, capsys)
    client = mlflow.MlflowClient(tracking_uri=f"sqlite:///{store.out / 'tracking' / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("My benchmark: 50 %")
    runs = {run.info.run_name: run for run in client.search_runs([experiment.experiment_id])}
    assert {name: run.info.status for name, run in runs.items()} == {
        "ce fold 0 seed 0": "FINISHED",
        "ce fold 0 seed 1": "FAILED",
    }
    done = runs["ce fold 0 seed 0"]
    assert (done.data.params["method"], done.data.params["ratio"]) == ("ce", "0.5")
    assert done.data.tags["nsbench.cell"] == cells[0].id
    assert round(done.data.metrics["test/dice"], 6) == 0.6
    history = client.get_metric_history(done.info.run_id, "train/loss")
    assert sorted((point.step, point.value) for point in history) == [(2, 4), (4, 3), (6, 2)]
    assert (done.info.end_time - done.info.start_time) == 60_000


def test_wandb_runs_offline(
    store: Store, cells: list[Cell], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("wandb", reason="needs nsbench[wandb]")
    monkeypatch.setenv("WANDB_MODE", "offline")
    track("wandb", store, cells, capsys)
    files = {path.name.split("-")[1]: path for path in (store.out / "tracking" / "wandb").glob("*/run-*.wandb")}
    assert files.keys() == {cells[0].id, cells[1].id}
    content = files[cells[0].id].read_bytes()
    assert all(text in content for text in (b"train/loss", b"test/dice", b"erode-dilate", b"My-benchmark-50"))
    assert b"loss is nan" in files[cells[1].id].read_bytes()


def test_wandb_asks_nobody_to_log_in_during_a_run(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wandb = pytest.importorskip("wandb", reason="needs nsbench[wandb]")
    wandb.teardown()
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    for name in ("WANDB_MODE", "WANDB_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(UserError, match="wandb login, or set WANDB_MODE=offline"):
        Tracking.of(["wandb"], store, [], None)
