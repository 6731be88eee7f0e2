"""How long cells will take, from their size and from what finished cells took."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from math import prod
from statistics import median

from ..cell import Cell, Identity
from ..digest import digest
from ..store import Store

SECONDS_PER_VOXEL = 1.2e-6
"""Of one update with the U-Net of width 8 in fp32, on one core of a server CPU."""

SECONDS_PER_UPDATE = 0.005
WIDTH_EXPONENT = 1.6
REDUCED_PRECISION = 0.65
SECONDS_PER_TEST_CASE = {"2d": 0.1, "3d": 1.5}
"""Of prediction and metrics, width 8."""

_SAMPLE = 5


def core_seconds(cell: Cell, passes: float, test_cases: int, speeds: Mapping[str, float] | None = None) -> float:
    """Core-seconds that a cell takes on a CPU, rough where nothing like it has been measured.

    Parameters
    ----------
    passes
        Network passes of one update of its method.
    test_cases
        Number of cases to evaluate.
    speeds
        What `measured_speeds` found.
    """
    who = cell.identity
    speed = (speeds or {}).get(speed_key(who)) or _seconds_per_pass(who)
    evaluation = SECONDS_PER_TEST_CASE[who.view[:2]] * _width_factor(who) * test_cases
    return who.budget.updates * passes * speed + evaluation


def measured_speeds(store: Store, cells: Iterable[Cell], passes: Mapping[str, float]) -> dict[str, float]:
    """Core-seconds per update and pass by `speed_key`: the median of a few finished cells each.

    Parameters
    ----------
    passes
        Passes per update by method name.
    """
    finished = store.finished_ids()
    found: dict[str, list[float]] = defaultdict(list)
    for cell in cells:
        key = speed_key(cell.identity)
        if cell.id in finished and len(found[key]) < _SAMPLE:
            speed = _measured(store, cell)
            if speed is not None:
                found[key].append(speed / passes[cell.identity.method.name])
    return {key: median(values) for key, values in found.items() if values}


def speed_key(who: Identity) -> str:
    """Cells of one key take equally long per update and pass."""
    return digest([who.network.model_dump(mode="json"), who.view, who.budget.model_dump(mode="json")])


def _measured(store: Store, cell: Cell) -> float | None:
    try:
        record, how = store.read(cell.id), store.provenance(cell.id)
    except ValueError:
        # a damaged record: the run itself reports it
        return None
    if record is None or how is None or record.result.status != "done" or not record.result.updates:
        return None
    return how.train_seconds * how.threads / record.result.updates


def _seconds_per_pass(who: Identity) -> float:
    voxels = who.budget.batch_size * prod(who.budget.patch)
    precision = 1.0 if who.budget.precision == "fp32" else REDUCED_PRECISION
    return SECONDS_PER_UPDATE + voxels * SECONDS_PER_VOXEL * _width_factor(who) * precision


def _width_factor(who: Identity) -> float:
    width = who.network.params.get("width") or who.budget.width
    return float((width / 8) ** WIDTH_EXPONENT)
