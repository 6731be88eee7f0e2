"""Running a benchmark from Python."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import UserError
from .store import Store

if TYPE_CHECKING:
    import pandas as pd

    from .registry import Registries


@dataclass(frozen=True)
class Results:
    """What an output folder holds.

    Parameters
    ----------
    out
        The output folder of a run, finished or not. UserError, on first use, where there is none.
    plugins
        Files with further plugins that the run used, as `--plugin` names them.
    """

    out: Path
    plugins: tuple[Path, ...] = ()

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The leaderboard's rows, as `nsbench leaderboard --format json` prints them.

        A row is one method on one dataset under one supervision. `metrics` maps each metric to mean, deviations and
        95 % interval: Dice, IoU in 0 to 1; distances in voxels, or in mm where the name ends so. `trust` says how well
        its weights found the noise, `cells_done` of `cells_planned` how complete it is.
        """
        from .report.leaderboard import leaderboard_rows

        return leaderboard_rows(self._store, self._registries)

    @property
    def cells(self) -> pd.DataFrame:
        """One row per planned cell.

        What it is (`cell`, `label`, `dataset_label`, `supervision`, `ratio`, `fold`, `seed` ...), its `status`
        (`done`, `failed` ..., `missing` where it has not ended) and `error`, times in seconds,
        memory in MiB, realised noise as Dice.
        """
        from .store.index import frames

        return frames(self._store)[0]

    @property
    def cases(self) -> pd.DataFrame:
        """One row per done cell, test case and class: `cell`, `case`, `patient`, `class` and a column per metric.

        Dice, IoU in 0 to 1; distances in voxels, in mm where the column ends so; NaN where a metric is undefined.
        """
        from .store.index import frames

        return frames(self._store)[1]

    @property
    def markdown(self) -> str:
        """The leaderboard as markdown."""
        from .report.markdown import render_markdown

        return render_markdown(self._store, self._registries)

    @cached_property
    def _store(self) -> Store:
        return Store(Path(self.out))

    @cached_property
    def _registries(self) -> Registries:
        from .registry import Registries

        return Registries(tuple(map(Path, self.plugins)))


def run(spec: Path | str | Mapping[str, Any] | None = None, **options: Any) -> Results:
    """Run a benchmark and write its leaderboard; what is done already is not run again.

    Parameters
    ----------
    spec
        A YAML file (its path), or its content as a mapping; None for the defaults.
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

    if not (spec is None or isinstance(spec, str | Path | Mapping)):
        raise UserError(f"run: a spec is a path, a mapping or None, not {type(spec).__name__}; e.g. methods=['ce']")
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
    about |= {"notes": "; ".join(planned.notes)} if planned.notes else {}
    store.write_plan(loaded.spec.identity(), planned.cells, planned.left_out, loaded.execution.extend, about)
    with tracking:
        summary = run_grid(
            planned.cells, store, loaded.execution, registries, quiet=True, observers=[tracking], checked=True
        )
    write_leaderboard(store, registries)
    if summary.interrupted:
        raise KeyboardInterrupt
    return Results(store.out, tuple(loaded.execution.plugins))
