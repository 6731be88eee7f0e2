"""One cell from its data to its record."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import torch

from ..cell import Cell, Noisy, Scarce
from ..data.cell_data import CellData, load_cell_data
from ..errors import UserError
from ..plugin.method import Builder, Method
from ..plugin.network import Network
from ..registered import code_folder
from ..registry import Registries
from ..seeds import stream_seed
from ..store import CellFolder, Provenance, Record, Result, Status, Store
from ..store.files import OutputError, check_writable, sweep, write_json
from ..store.record import Generation
from ..training import checkpoint
from ..training.audit import without_ignored
from ..training.context import Hooks, Outcome, TrainContext
from ..training.sampler import Sampling
from ..training.shared import Sharing
from ..training.trainer import Trainer
from ..wrapped import method_finder
from .clock import now
from .evaluate import Evaluator, pooled_scores
from .failure import describe_failure
from .generations import Generations
from .predictions import PredictionFolder
from .provenance import host_facts, peak_memory_mib, reset_peak_memory

ROOM_BYTES = 16 * 2**20
"""Free space below which a cell is not begun: it would be lost when it is saved."""


Listener = Callable[[Sequence[float]], None]
"""Hears all validation scores so far, after every validation; may raise `Pruned`."""


@dataclass(frozen=True)
class CellOptions:
    """How a cell is run; nothing here changes its result.

    Attributes
    ----------
    timeout_seconds
        Wall-clock limit of one attempt; None for none.
    save_predictions
        Keep the predicted labels of the test cases, in the form that their dataset writes labels in.
    checkpoint_seconds
        Time between checkpoints.
    """

    timeout_seconds: float | None = None
    save_predictions: bool = False
    checkpoint_seconds: float = 20.0


def slice_axis_of(cell: Cell, ndim: int) -> int | None:
    """The axis that slices are taken along; None when cases are fed whole."""
    view = cell.identity.view
    if ndim == 2 or view == "3d":
        return None
    return int(view.split(":")[1]) if ":" in view else ndim - 1


def build_method(cell: Cell, data_task: Any, registries: Registries, device: torch.device) -> Method:
    """The cell's method with freshly initialised networks, on the device."""
    who = cell.identity
    ndim = len(who.budget.patch)
    plugin = registries.methods.get(who.method.name)
    network = registries.networks.get(who.network.name)
    network_class: type[Network] = network.load()
    values = {"width": who.budget.width} | {k: v for k, v in who.network.params.items() if v is not None}
    network_params = network_class.Params.model_validate(values)

    def make() -> Network:
        return network_class(len(data_task.channels), data_task.num_classes, ndim, network_params)

    method_class: type[Method] = plugin.load()
    method = method_class(method_class.Params.model_validate(who.method.params), data_task, ndim)
    find = method_finder(registries, data_task, ndim)
    method.setup(Builder(make, lambda i: stream_seed(who.seed, "initialisation", i), find))
    for part in method.modules():
        if isinstance(part, Network) and any(side % part.divisor for side in who.budget.patch):
            raise UserError(
                f"patch {'x'.join(map(str, who.budget.patch))}: network {who.network.name} needs sides that are "
                f"multiples of {part.divisor}; set budget.patch accordingly"
            )
    if method.slice_axes and slice_axis_of(cell, data_task.ndim) is None:
        raise UserError(f"{cell.label} learns from slices along several axes of volumes: give it volumes, and view 2d")
    layout = torch.channels_last if ndim == 2 else torch.channels_last_3d
    return method.to(device=device, memory_format=layout)  # type: ignore[call-overload, no-any-return]


def run_cell(
    cell: Cell,
    store: Store,
    registries: Registries,
    device: torch.device,
    options: CellOptions | None = None,
    validated: Listener = lambda scores: None,
) -> Status:
    """Run one cell and write its record, whatever happens to it; returns the record's status.

    Raises
    ------
    OutputError
        The output folder cannot be written: there is no record, and the cell is still to be run.
    Pruned
        `validated` ended the cell: there is no record.
    """
    run = _CellRun(cell, store, registries, device, options or CellOptions(), validated)
    try:
        run.execute()
        return "done"
    except OutputError:
        raise
    except (Exception, SystemExit) as error:
        return run.fail(*describe_failure(error))


class _CellRun:
    """State of one attempt at a cell."""

    def __init__(
        self,
        cell: Cell,
        store: Store,
        registries: Registries,
        device: torch.device,
        options: CellOptions,
        validated: Listener,
    ) -> None:
        self.cell, self.store, self.registries, self.device, self.options = cell, store, registries, device, options
        self.validated = validated
        self.folder: CellFolder = store.folder(cell.id)
        self.started, self.clock = now(), time.monotonic()
        self.times: dict[str, float] = {}
        self.resumed = 0
        self.shared: list[str] = []

    def execute(self) -> None:
        who = self.cell.identity
        check_writable(self.folder.path, ROOM_BYTES)
        sweep(self.folder.path)
        # killed from here on, a cell that failed before is one to be continued
        self.folder.record.unlink(missing_ok=True)
        self.folder.progress.unlink(missing_ok=True)
        reset_peak_memory()
        if self.device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(self.device)
        data = self._timed("prepare_seconds", lambda: load_cell_data(self.cell, self.registries))
        method = build_method(self.cell, data.task, self.registries, self.device)
        evaluator = Evaluator(who.budget, slice_axis_of(self.cell, data.task.ndim), self.device)
        outcome = self._train(method, data, evaluator)
        result, tables = self._timed("evaluate_seconds", lambda: self._evaluate(method, data, evaluator, outcome))
        checkpoint.save(self.folder.weights, {"method": method.state_dict()})
        self._write(result, tables)
        self.store.tidy(self.cell.id)

    def _timed(self, name: str, work: Any) -> Any:
        before = time.monotonic()
        result = work()
        self.times[name] = time.monotonic() - before
        return result

    def _train(self, method: Method, data: CellData, evaluator: Evaluator) -> Outcome:
        who, task = self.cell.identity, data.task
        hooks = Hooks(
            progress=lambda facts: write_json(self.folder.progress, _plain(facts), durable=False),
            validated=self.validated,
            truth=without_ignored(data.truth, data.ignored, data.reference) if data.corrupted else None,
            deadline=self.clock + self.options.timeout_seconds if self.options.timeout_seconds else None,
        )
        if data.validation:
            hooks.validate = lambda trained: evaluator.validate(trained.eval(), data.validation, task)
        self.context = context = TrainContext(
            budget=who.budget,
            sampling=_sampling(self.cell, data),
            device=self.device,
            seed=who.seed,
            folder=self.folder.path,
            hooks=hooks,
            select=who.selection != "last",
            checkpoint_seconds=self.options.checkpoint_seconds,
            sharing=_sharing(self.cell, self.store, self.registries),
        )
        outcome = Trainer(context).fit(method, data.view)
        self.times["train_seconds"], self.resumed, self.shared = outcome.seconds, outcome.resumed, outcome.shared
        return outcome

    def _evaluate(
        self, method: Method, data: CellData, evaluator: Evaluator, outcome: Outcome
    ) -> tuple[Result, dict[str, pd.DataFrame]]:
        method.eval()
        facts = {"stage": "evaluation", "update": 0, "total": len(data.scored)}
        write_json(self.folder.progress, facts, durable=False)
        rows: list[dict[str, Any]] = []
        predictions = PredictionFolder(self.folder.predictions, self.cell, self.registries)
        for case in data.scored:
            prediction, scores = evaluator.score(method, case, data.task)
            rows += scores
            if self.options.save_predictions:
                predictions.write(case.id, prediction)
        cases = pd.DataFrame(rows)
        supervision = self.cell.identity.supervision
        result = Result(
            status="done",
            updates=outcome.updates,
            passes=outcome.passes,
            parameters=sum(p.numel() for p in method.parameters()),
            train_cases=len(set(data.view.ids)),
            labeled_cases=len(data.view.labeled),
            pool_cases=len(data.truth) if isinstance(supervision, Scarce) else 0,
            validation_cases=0 if isinstance(supervision, Noisy) else len(data.validation),
            test_cases=len(data.test),
            split=data.split.source,
            classes=list(data.task.classes),
            tags=list(data.task.tags),
            preprocessing=data.preprocessing,
            noise=data.noise,
            memorisation=evaluator.memorisation(method, data),
            trust=outcome.trust,
            selected=outcome.selected,
            pooled=pooled_scores(cases, data.task),
            generations=[] if self.cell.identity.evaluate else self._generations(method, data, evaluator),
        )
        validations = outcome.validations if self.cell.identity.evaluate else []
        return result, {"cases.parquet": cases, "curves.parquet": pd.DataFrame(outcome.curves + validations)}

    def _generations(self, method: Method, data: CellData, evaluator: Evaluator) -> list[Generation]:
        return Generations(method, data, evaluator, self.context).measure()

    def fail(self, status: Status, error: str) -> Status:
        self._write(Result(status=status, error=error), {})
        self.folder.progress.unlink(missing_ok=True)
        return status

    def _write(self, result: Result, tables: dict[str, pd.DataFrame]) -> None:
        record = Record(cell=self.cell.id, identity=self.cell.identity, result=result)
        cuda = self.device.type == "cuda"
        provenance = Provenance(
            **host_facts(self.device),  # type: ignore[arg-type]
            started=self.started,
            finished=now(),
            resumed=self.resumed,
            shared_stages=self.shared,
            total_seconds=time.monotonic() - self.clock,
            peak_memory_mib=peak_memory_mib(),
            peak_gpu_memory_mib=torch.cuda.max_memory_allocated(self.device) / 2**20 if cuda else None,
            **self.times,  # type: ignore[arg-type]
        )
        self.store.write(record, provenance, tables)


def _sampling(cell: Cell, data: CellData) -> Sampling:
    budget = cell.identity.budget
    return Sampling(
        patch=budget.patch,
        batch_size=budget.batch_size,
        foreground=budget.foreground,
        augmentation=budget.augmentation,
        flips=data.task.flips,
        slice_axis=slice_axis_of(cell, data.task.ndim),
        num_classes=data.task.num_classes,
    )


def _sharing(cell: Cell, store: Store, registries: Registries) -> Sharing:
    plugin = registries.methods.get(cell.identity.method.name)
    code = code_folder(plugin.module, plugin.declared.path, plugin.origin)
    return Sharing(store.shared_stages, cell.identity.model_dump(mode="json", exclude={"method"}), code)


def _plain(facts: dict[str, Any]) -> dict[str, Any]:
    text = json.dumps(facts)
    plain: dict[str, Any] = json.loads(text.replace("NaN", "null").replace("Infinity", "null"))
    return plain


def pick_device(gpus: float) -> torch.device:
    """The GPU when the cell was given (a share of) one, else the CPU."""
    return torch.device("cuda") if gpus > 0 and torch.cuda.is_available() else torch.device("cpu")
