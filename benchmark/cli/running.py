"""From a plan to a leaderboard, and what is said of it."""

from __future__ import annotations

import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from .output import print_json

if TYPE_CHECKING:
    from ..execution.grid import Summary
    from ..registry import Registries
    from ..spec.load import Loaded
    from ..spec.models import Execution
    from ..spec.plan import Plan
    from ..store import Store


@dataclass(frozen=True)
class Benchmark:
    """What a run needs to know besides its cells.

    Attributes
    ----------
    identity
        What binds the output folder: another run goes on there only if it has the same.
    name
        Title of the leaderboard; None: what it is about.
    """

    identity: dict[str, Any]
    name: str | None
    execution: Execution

    @classmethod
    def of(cls, loaded: Loaded) -> Benchmark:
        """Of one spec."""
        return cls(loaded.spec.identity(), loaded.spec.name, loaded.execution)


def run_planned(planned: Plan, store: Store, what: Benchmark, registries: Registries) -> tuple[Summary, Path]:
    """Bind the output folder to the benchmark, run what is not done, write the leaderboard.

    Returns
    -------
    How it went, and where the leaderboard lies.
    """
    from ..execution.grid import check_data, run_grid
    from ..report.write import write_leaderboard
    from ..tracking import Tracking

    tracking = Tracking.of(what.execution.track, store, planned.cells, what.name)
    if what.execution.extend:
        _say_what_leaves(planned, store)
    store.check_spec(what.identity, what.execution.extend)
    check_data(planned.cells, store, what.execution, registries)
    about = {"command": command_line(sys.argv[1:])} | ({"name": what.name} if what.name else {})
    about |= {"notes": "; ".join(planned.notes)} if planned.notes else {}
    store.write_plan(what.identity, planned.cells, planned.left_out, what.execution.extend, about)
    with tracking:
        summary = run_grid(planned.cells, store, what.execution, registries, observers=[tracking], checked=True)
    return summary, write_leaderboard(store, registries)


_OF_THIS_MACHINE = {
    "--workers",
    "--storage",
    "--address",
    "--cpus-per-run",
    "--gpus-per-run",
    "--executor",
}


def command_line(arguments: list[str]) -> str:
    """The command as another person would give it: without what belongs to this machine, DIR for folders of data."""
    kept: list[str] = []
    rest = iter(arguments)
    for argument in rest:
        flag, given, value = argument.partition("=")
        if flag not in _OF_THIS_MACHINE and flag != "--data-root":
            kept.append(argument)
            continue
        value = value if given else next(rest, "")
        if flag == "--data-root":
            # whose data are needed, not where they lie here
            kept += [flag, f"{value.split('=', 1)[0]}=DIR" if "=" in value else "DIR"]
    return shlex.join(["nsbench", *kept])


def _say_what_leaves(planned: Plan, store: Store) -> None:
    if (store.out / "plan.json").exists():
        gone = {cell.id for cell in store.planned_cells()} - {cell.id for cell in planned.cells}
        if gone:
            print(f"{len(gone)} cells of the earlier benchmark are not in this one; their results stay in {store.out}")


def finish(summary: Summary, path: Path, store: Store, planned: int, registries: Registries, as_json: bool) -> None:
    """Say how it went, and exit with 1 after a failure, 130 after Ctrl-C."""
    if as_json:
        from ..report.leaderboard import leaderboard_rows

        counts = {"done": summary.done, "failed": summary.failed, "planned": planned}
        print_json(
            {"out": str(store.out), "leaderboard": str(path), **counts, "rows": leaderboard_rows(store, registries)}
        )
    else:
        print(f"{summary.done} of {planned} cells done, {summary.failed} failed; leaderboard: {path}")
    if summary.interrupted:
        raise KeyboardInterrupt
    if summary.failed:
        raise typer.Exit(1)
