"""Runs in MLflow: on the server that is configured, else in `OUT/tracking/mlflow.db`."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any

from .summary import CellSummary, run_name
from .tracker import Tracker

METRICS_AT_ONCE = 1000
PARAMS_AT_ONCE = 100
LONGEST_VALUE = 500
"""Limits of MLflow's REST interface, in all its versions."""


class MLflow(Tracker):
    """One run per ended attempt at a cell.

    Parameters
    ----------
    out
        The output folder of the run.
    title
        Name of the experiment, unless MLFLOW_EXPERIMENT_NAME gives one.
    """

    name = "mlflow"

    def __init__(self, out: Path, title: str) -> None:
        self.folder = (out / "tracking").resolve()
        self.title = os.environ.get("MLFLOW_EXPERIMENT_NAME") or title

    @cached_property
    def _client(self) -> Any:
        # it tells of every step of making its tables
        logging.getLogger("mlflow.store.db").setLevel(logging.WARNING)
        logging.getLogger("alembic").setLevel(logging.WARNING)
        mlflow = import_module("mlflow")
        if mlflow.is_tracking_uri_set():
            return mlflow.MlflowClient()
        self.folder.mkdir(parents=True, exist_ok=True)
        return mlflow.MlflowClient(tracking_uri=f"sqlite:///{self.folder / 'mlflow.db'}")

    @cached_property
    def _experiment(self) -> str:
        known = self._client.get_experiment_by_name(self.title)
        if known is not None:
            return str(known.experiment_id)
        local = str(self._client.tracking_uri).startswith("sqlite:")
        place = (self.folder / "mlflow-artifacts").as_uri() if local else None
        return str(self._client.create_experiment(self.title, artifact_location=place))

    def write(self, summary: CellSummary) -> None:
        """See `Tracker.write`."""
        entities, client = import_module("mlflow.entities"), self._client
        start, end = _milliseconds(summary.started), _milliseconds(summary.finished)
        run = client.create_run(self._experiment, start_time=start, run_name=run_name(summary.cell))
        metrics = [entities.Metric(_key(name), value, end, step) for name, value, step in _points(summary)]
        for part in _parts(metrics, METRICS_AT_ONCE):
            client.log_batch(run.info.run_id, metrics=part)
        params = [entities.Param(_key(name), _short(str(value))) for name, value in summary.params.items()]
        for part in _parts(params, PARAMS_AT_ONCE):
            client.log_batch(run.info.run_id, params=part)
        error = {"error": summary.error} if summary.error else {}
        tags = [entities.RunTag(f"nsbench.{name}", _short(text)) for name, text in (summary.facts | error).items()]
        client.log_batch(run.info.run_id, tags=tags)
        client.set_terminated(run.info.run_id, "FINISHED" if summary.status == "done" else "FAILED", end)


def _points(summary: CellSummary) -> Iterator[tuple[str, float, int]]:
    for update, values in summary.curve:
        yield from ((name, value, update) for name, value in values.items())
    yield from ((name, value, summary.last_update) for name, value in summary.scores.items())


def _parts(items: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    return (items[start : start + size] for start in range(0, len(items), size))


def _key(name: str) -> str:
    """A name of the characters that MLflow takes."""
    return re.sub(r"[^\w\-. :/]", "_", name, flags=re.ASCII)


def _short(text: str) -> str:
    """The end of a long text: of an error, what it was."""
    return text if len(text) <= LONGEST_VALUE else f"...{text[3 - LONGEST_VALUE :]}"


def _milliseconds(time: str | None) -> int:
    moment = datetime.fromisoformat(time) if time else datetime.now(UTC)
    return round(moment.timestamp() * 1000)
