"""How well the features of each level of a trained network tell foreground from background (MASSL, Table 3)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ..cell import Cell
from ..data.cell_data import CellData, load_cell_data
from ..data.prepare import PreparedCase
from ..errors import UserError
from ..execution.run_cell import build_method, slice_axis_of
from ..plugin.method import Method
from ..plugin.network import Network
from ..registry import Registries
from ..seeds import stream
from ..store import Store
from ..training import checkpoint
from ..training.resident import tensor_of
from .levels import encoder_levels, level_moments, predicting_networks
from .regression import Moments, coefficients, r_squared, total

Views = Sequence[tuple[list[Network], int | None]]
"""The networks that predict, by the axis that their slices are cut along."""


@dataclass(frozen=True)
class LevelScore:
    """Of one cell and one feature stage.

    Attributes
    ----------
    encoder
        Whether it is a level of the encoder, as those of MASSL's Table 3: up to the last with the coarsest grid.
    score
        R^2 on cases that the regression was not fitted to, averaged over the repetitions and the cell's networks; null
        where no label varies.
    variance
        Between the repetitions.
    """

    level: str
    encoder: bool
    score: float | None
    variance: float | None


@dataclass(frozen=True)
class Analysis:
    """How cases are drawn: `cases` to fit the regression to and as many others to score it on, `repeats` times."""

    cases: int = 5
    repeats: int = 5

    def draws(self, ids: Sequence[str], where: str) -> list[tuple[list[str], list[str]]]:
        """Ids to fit and to score, the same for all methods on the same test cases.

        Raises
        ------
        UserError
            Fewer than two test cases.
        """
        if len(ids) < 2:
            raise UserError(f"{where}: {len(ids)} test case(s); a regression and its score need two at least")
        count = min(self.cases, len(ids) // 2)
        orders = [stream(0, "analysis", repeat, *ids).permutation(len(ids)) for repeat in range(self.repeats)]
        return [([ids[i] for i in o[:count]], [ids[i] for i in o[count : 2 * count]]) for o in orders]


def analyse_cell(
    store: Store, cell: Cell, registries: Registries, how: Analysis, tick: Callable[[str], None] = lambda case: None
) -> list[LevelScore]:
    """Scores of every feature stage of a finished cell's network, in order of computation.

    Raises
    ------
    UserError
        The weights are missing, there are too few test cases, or the network has no feature stage.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    data = load_cell_data(cell, registries)
    draws = how.draws([case.id for case in data.scored], cell.describe())
    used = {case_id for draw in draws for part in draw for case_id in part}
    method = _trained(store, cell, registries, data, device)
    shape = 1, len(data.task.channels), *cell.identity.budget.patch
    blank = tensor_of(data.scored[0].image).new_zeros(shape).to(device)
    views = _views(method, blank, slice_axis_of(cell, data.task.ndim))
    found = {}
    for case in data.scored:
        if case.id in used:
            found[case.id] = _moments(views, case, cell, data, device)
            tick(case.id)
    first = next(iter(found.values()))
    if not first or not first[0]:
        raise UserError(f"cell {cell.id} ({cell.describe()}): its network has no feature stage to look at")
    encoder = encoder_levels(views[0][0][0], blank)
    return [_score(level, level in encoder, draws, found, len(first)) for level in first[0]]


def _views(method: Method, blank: Tensor, axis: int | None) -> Views:
    """With three views one network for every axis, else those of the cell's."""
    return [(predicting_networks(method, blank, each), each) for each in method.slice_axes or (axis,)]


def _moments(
    views: Views, case: PreparedCase, cell: Cell, data: CellData, device: torch.device
) -> list[dict[str, Moments]]:
    """Of all networks, one view after the other."""
    classes, budget = data.task.num_classes, cell.identity.budget
    each = [level_moments(networks, case, classes, budget, axis, device) for networks, axis in views]
    return [moments for of_view in each for moments in of_view]


def _trained(store: Store, cell: Cell, registries: Registries, data: CellData, device: torch.device) -> Method:
    state = checkpoint.load(store.folder(cell.id).weights, device)
    if state is None:
        raise UserError(f"cell {cell.id} ({cell.describe()}) has no weights in {store.out}")
    method = build_method(cell, data.task, registries, device)
    method.load_state_dict(state["method"])
    return method.eval()


def _score(
    level: str,
    encoder: bool,
    draws: Sequence[tuple[Sequence[str], Sequence[str]]],
    found: dict[str, list[dict[str, Moments]]],
    networks: int,
) -> LevelScore:
    scores = []
    for fitted, tested in draws:
        each = [
            r_squared(
                coefficients(total(found[i][k][level] for i in fitted)), total(found[i][k][level] for i in tested)
            )
            for k in range(networks)
        ]
        scores += [float(np.mean([s for s in each if s is not None]))] if any(s is not None for s in each) else []
    if not scores:
        return LevelScore(level, encoder, None, None)
    return LevelScore(level, encoder, float(np.mean(scores)), float(np.var(scores)))
