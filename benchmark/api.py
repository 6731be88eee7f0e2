"""Running a benchmark from Python."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .store import Store

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Results:
    """What an output folder holds.

    Parameters
    ----------
    out
        The output folder of a run, finished or not.
    """

    out: Path

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The leaderboard's rows, as `nsbench leaderboard --format json` prints them."""
        from .report.leaderboard import leaderboard_rows

        return leaderboard_rows(Store(self.out))

    @property
    def cells(self) -> pd.DataFrame:
        """One row per planned cell: what it is, its status, time and memory."""
        from .store.index import frames

        return frames(Store(self.out))[0]

    @property
    def cases(self) -> pd.DataFrame:
        """One row per cell, test case and class: every metric."""
        from .store.index import frames

        return frames(Store(self.out))[1]

    @property
    def markdown(self) -> str:
        """The leaderboard as markdown."""
        from .report.markdown import render_markdown

        return render_markdown(Store(self.out))


def run(spec: Path | str | Mapping[str, Any] | None = None, **options: Any) -> Results:
    """Run a benchmark and write its leaderboard; what is done already is not run again.

    Parameters
    ----------
    spec
        A YAML file, or its content as a mapping; None for the defaults.
    options
        Fields that override the spec's (`methods="ce,nr-dice"`, `out="runs/first"`, `executor="inline"` ...):
        the same names as in YAML.

    Returns
    -------
    The results; cells that failed have their status in `Results.cells`.

    Raises
    ------
    UserError
        The spec, the data or the output folder cannot be used.
    KeyboardInterrupt
        The run was interrupted; what is finished is in the output folder, and the same call goes on from there.
    """
    from .execution.grid import check_data, run_grid
    from .registry import Registries
    from .report.write import write_leaderboard
    from .spec.load import load
    from .spec.plan import plan_loaded
    from .tracking import Tracking

    path = Path(spec) if isinstance(spec, str | Path) else None
    fields = dict(spec) if isinstance(spec, Mapping) else {}
    loaded = load(path, fields | options)
    registries = Registries(loose=loaded.execution.plugins)
    store = Store(loaded.execution.out)
    planned = plan_loaded(loaded, registries)
    tracking = Tracking.of(loaded.execution.track, store, planned.cells, loaded.spec.name)
    store.check_spec(loaded.spec.identity(), loaded.execution.extend)
    check_data(planned.cells, store, loaded.execution, registries, quiet=True)
    about = {"name": loaded.spec.name} if loaded.spec.name else {}
    store.write_plan(loaded.spec.identity(), planned.cells, planned.left_out, loaded.execution.extend, about)
    with tracking:
        summary = run_grid(
            planned.cells, store, loaded.execution, registries, quiet=True, observers=[tracking], checked=True
        )
    write_leaderboard(store, registries)
    if summary.interrupted:
        raise KeyboardInterrupt
    return Results(store.out)
