"""From a spec to its grid of cells."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Any, Literal

from ..budget import Budget, budget_names, resolve_budget
from ..cell import Cell, Chosen, Identity, View
from ..digest import digest
from ..errors import UserError
from ..plugin.setting import Setting
from ..registry import Registries
from .annotations import check_annotations
from .fitting import idle, misfit, unfit
from .instances import Instance, knows_of, method_instances
from .labels import check_drawn, check_labeled, equal_shares
from .learners import Learners, learners_of
from .load import Loaded
from .models import Spec
from .opened import OpenDataset, open_datasets, open_source
from .params import choose, wrong_field
from .supervisions import Planned, on_dataset, supervisions, transfer
from .where import FieldError, Loc


@dataclass(frozen=True)
class Plan:
    """The grid of a spec.

    Attributes
    ----------
    cells
        In the order in which they run: seed by seed, so that a partial grid is balanced.
    left_out
        What `all` does not include, with the reason.
    test_cases
        Number of test cases by cell id, the budget's limit applied.
    notes
        What severities were calibrated to; shares of labels that are the same cases.
    """

    cells: list[Cell]
    left_out: list[str] = field(default_factory=list)
    test_cases: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def plan(spec: Spec, registries: Registries, data_roots: Mapping[str, str] | None = None) -> Plan:
    """Resolve and check everything that a spec names, and lay out its cells.

    Parameters
    ----------
    data_roots
        Data folder by dataset, as `--data-root` gives them.

    Raises
    ------
    UserError
        Whatever the spec names does not exist or does not fit; FieldError where one field is to blame.
    """
    instances, left_out = method_instances(spec, registries)
    networks = [choose(registries.networks, n.name, n.params, ("networks", i)) for i, n in enumerate(spec.networks)]
    found = supervisions(spec, registries)
    datasets = open_datasets(spec, registries, data_roots or {})
    source = open_source(spec, registries, data_roots or {})
    notes: list[str] = []
    grids = [
        _Grid(spec, registries, instances, on_dataset(data, found, spec, registries, notes), networks, source, left_out)
        for data in datasets
    ]
    cells: dict[tuple[str, ...], Cell] = {}
    test_cases: dict[str, int] = {}
    for seed, fold, (data, grid) in product(spec.seeds, spec.fold, list(zip(datasets, grids))):
        tests = len(data.split(fold, spec.folds, seed).test)
        for cell in grid.cells(data, fold, seed):
            # the clean cell of several noise models is one cell
            cells.setdefault((cell.id, cell.label, cell.dataset_label, cell.noise_label), cell)
            test_cases[cell.id] = min(tests, cell.identity.budget.case_limit or tests)
    left_out = list(dict.fromkeys(left_out))
    if not cells:
        raise FieldError(f"nothing is left to run; {'; '.join(left_out)}", ("methods",))
    for data in datasets:
        own = [cell for cell in cells.values() if cell.dataset_label == data.label]
        check_annotations(own, data, registries)
        check_labeled(own, data)
        notes += equal_shares(own, data)
    return Plan(list(cells.values()), left_out, test_cases, list(dict.fromkeys(notes)))


def plan_loaded(loaded: Loaded, registries: Registries) -> Plan:
    """`plan`, with the file and line, or the flag, in the message of an error."""
    try:
        return plan(loaded.spec, registries, loaded.execution.data_root)
    except FieldError as error:
        raise loaded.origin.explain(error) from None


@dataclass(frozen=True)
class _Grid:
    spec: Spec
    registries: Registries
    instances: list[Instance]
    supervisions: list[Planned]
    networks: list[Chosen]
    source: OpenDataset | None
    left_out: list[str]

    def cells(self, data: OpenDataset, fold: int, seed: int) -> Iterator[Cell]:
        """The cells of one dataset, fold and seed; methods that a supervision does not fit are noted as left out."""
        view = _view(self.spec, data)
        budget = _budget(self.spec, _ndim(view))
        self._check_networks(view, data)
        folds, split = data.folds(self.spec.folds), data.split(fold, self.spec.folds, seed)
        found = self.supervisions
        if self.source is not None:
            found = [transfer(self.spec, self.source, data, fold, seed)]
        learners: Learners | None = None
        for network, planned, instance in product(self.networks, found, self.instances):
            identity = Identity(
                dataset=data.chosen,
                fold=fold,
                folds=folds,
                split=digest([split.train, split.test]),
                supervision=planned.supervision,
                method=instance.chosen,
                network=network,
                view=view,
                budget=budget,
                selection=self.spec.selection,
                seed=seed,
            )
            learners = learners or learners_of(identity, data)
            if reason := self._against(instance, planned, learners, data):
                check_drawn(identity, data)  # with more labels than cases the reason would mislead
                self.left_out.append(reason)
                continue
            root = str(data.root) if data.root else None
            yield Cell(
                identity=identity,
                label=instance.label,
                dataset_label=data.label,
                noise_label=planned.label,
                root=root,
                source_root=planned.source_root,
            )

    def _against(self, instance: Instance, planned: Planned, learners: Learners, data: OpenDataset) -> str:
        """Why a method is left out; FieldError where its parameters were asked for and do not fit."""
        if reason := idle(planned.supervision, learners):
            return reason
        labeled, unlabeled = learners.seen(planned.supervision, planned.source_cases)
        if reason := unfit(instance, planned.supervision, labeled, unlabeled):
            return reason
        ndim = _ndim(_view(self.spec, data))
        setting = Setting(data.task, ndim, labeled, unlabeled, self._knows, self._has_one_loss)
        if not (reason := misfit(instance, setting, self.registries)):
            return ""
        reason = f"{reason} ({data.label}, {planned.supervision.describe()})"
        if instance.set_by_hand:
            raise FieldError(reason, instance.loc)
        return reason

    def _knows(self, method: str) -> str:
        return knows_of(self.registries.methods.get(method))

    def _has_one_loss(self, method: str) -> bool:
        return bool(self.registries.methods.get(method).declared.one_loss)

    def _check_networks(self, view: View, data: OpenDataset) -> None:
        for i, network in enumerate(self.networks):
            ndims = self.registries.networks.get(network.name).attributes.get("ndims", (2, 3))
            if _ndim(view) not in ndims:
                remedy = "choose another network" if view != "3d" else "choose another network, or view 2d"
                message = f"{network.name} is not made for {_ndim(view)}-D input, as {data.label} gives it; {remedy}"
                raise FieldError(message, ("networks", i))


def _view(spec: Spec, data: OpenDataset) -> View:
    if data.task.ndim == 2:
        return "2d"
    return "2d" if spec.view == "2d:2" else spec.view or "3d"


def _ndim(view: View) -> Literal[2, 3]:
    return 3 if view == "3d" else 2


def _budget(spec: Spec, ndim: int) -> Budget:
    overrides = dict(spec.budget.overrides)
    if spec.iterations is not None:
        overrides["updates"] = spec.iterations
    try:
        budget = resolve_budget(spec.budget.base, ndim, overrides)
    except UserError as error:
        raise FieldError(str(error), _budget_field(spec, overrides)) from None
    if budget.patience and spec.selection == "last":
        raise FieldError("patience waits for a better validation: choose selection best-*-val", ("budget", "patience"))
    return budget


def _budget_field(spec: Spec, overrides: dict[str, Any]) -> Loc:
    if spec.budget.base not in budget_names():
        return ("budget", "base")
    return ("budget", *wrong_field(Budget, overrides))
