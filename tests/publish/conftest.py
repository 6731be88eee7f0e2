"""A finished run with known scores."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from nsbench.benchmark.spec.models import Spec
from nsbench.benchmark.store import Store

from ..report.conftest import Grid


def score(cell: Any, case: int, name: str) -> dict[str, Any]:
    """Dice that falls with the noise, sizes that grow with the case."""
    dice = 0.7 + 0.02 * case + 0.01 * (cell.label == "mae") - 0.1 * cell.identity.supervision.ratio
    return {"dice": dice, "truth_voxels": 100 * (case + 1), "truth_volume_ml": float("nan")}


@pytest.fixture(autouse=True)
def no_pictures(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures take most of the time, and are drawn where a test asks for them."""
    if "pictures" not in request.fixturenames:
        monkeypatch.setattr("nsbench.benchmark.report.figures.draw", lambda *_: {})


@pytest.fixture
def grid(tmp_path: Path) -> Grid:
    """A grid of two methods, clean and 50 %, two seeds, four cases; nothing of it has run."""
    return Grid(Store(tmp_path / "secret folder" / "out"))


@pytest.fixture
def finished(grid: Grid) -> Grid:
    """The same, finished, with a plan as a spec makes it."""
    grid.store.out.parent.mkdir()
    grid.run(grid.plan(), score)
    bind(grid)
    return grid


def bind(grid: Grid) -> None:
    """Give a plan the spec that its cells come from."""
    methods = [{"name": name, "params": {}, "label": None} for name in grid.methods]
    changes = {"methods": methods, "ratios": list(grid.ratios), "seeds": list(grid.seeds)}
    cells = grid.store.planned_cells()
    about = {"name": "A grid", "command": f"nsbench run {grid.store.out}/spec.yaml --data-root={grid.store.out}"}
    grid.store.write_plan({**Spec().identity(), **changes}, cells, [], extend=True, about=about)
