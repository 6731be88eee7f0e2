"""Several runs of one benchmark, or of its parts, as one."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..cell import Cell
from ..errors import UserError
from ..papers.shown import Shown
from ..papers.write import write_side_by_side
from ..publish.spec_file import write_specs
from ..registry import Registries
from ..store import Provenance, Record, Store
from ..store.files import explain
from ..store.published import is_published
from .command import joint_command
from .conflict import Conflict, compare, made_with
from .union import Variant, find_variants, join_cells, join_specs

NONE, NEWEST = "none", "newest"
_ONLY_UNFINISHED = ("checkpoint.pt", "progress.json", "stages", ".*")


class ConflictsError(UserError):
    """Cells have different results and no source is preferred; nothing was written."""

    def __init__(self, conflicts: Sequence[Conflict]) -> None:
        listed = "\n".join(f"  {conflict}" for conflict in conflicts)
        super().__init__(
            f"{len(conflicts)} cells have different results:\n{listed}\n"
            "say which to take with --prefer FOLDER or --prefer newest; nothing was written"
        )
        self.conflicts = list(conflicts)


@dataclass(frozen=True)
class Merged:
    """What was merged.

    Attributes
    ----------
    done, failed, missing
        Planned cells by what became of them.
    taken
        Number of records by source.
    damaged
        One message per record that could not be read.
    made_with
        By source: the distinct versions and devices of its records.
    command
        What runs the cells that are missing.
    """

    out: Path
    done: int
    failed: int
    missing: int
    taken: dict[str, int]
    conflicts: list[Conflict]
    variants: list[Variant]
    damaged: list[str]
    made_with: dict[str, list[str]]
    command: str


@dataclass(frozen=True)
class _Found:
    source: str
    store: Store
    record: Record
    provenance: Provenance | None

    @property
    def is_done(self) -> bool:
        return self.record.result.status == "done"

    @property
    def finished(self) -> str:
        return self.provenance.finished if self.provenance else ""


def merge_runs(sources: Sequence[Path], out: Path, *, prefer: str = NONE) -> Merged:
    """Join the records of several output folders in a new one; the sources stay as they are.

    A cell that is done somewhere is done. Where sources hold different results of one cell, that is a conflict: the
    same cell on one machine's CPU gives the same result bit by bit.

    Parameters
    ----------
    sources
        Two output folders or more, of the same spec or of specs that differ in what spans the grid.
    out
        A folder that does not exist, or is empty.
    prefer
        Which result is taken in a conflict: one of the sources, `newest`, or `none`.

    Raises
    ------
    ConflictsError
        There are conflicts and `prefer` is `none`, or a source that has no result of such a cell.
    UserError
        A source is no run, the runs do not fit together, or the folder is not free or cannot be written.
    """
    names = [str(path) for path in sources]
    _check(sources, names, out, prefer)
    merge = _Merge({name: Store(path) for name, path in zip(names, sources)}, prefer)
    conflicts = merge.choose()
    if undecided := [conflict for conflict in conflicts if conflict.taken is None]:
        raise ConflictsError(undecided)
    merge.write(out)
    if shown := Shown.of_plan(Store(out).read_plan()):
        write_side_by_side(shown, Store(out), Registries())
    return merge.result(out, conflicts)


def _check(sources: Sequence[Path], names: Sequence[str], out: Path, prefer: str) -> None:
    if len(set(names)) < 2 or len({path.resolve() for path in sources}) < len(names):
        raise UserError("merge needs two different folders of results or more")
    for path in sources:
        if is_published(path) or path.suffix == ".zip":
            kind, remedy = ("an archive", "nsbench import unpacks it") if path.suffix == ".zip" else _PUBLISHED
            raise UserError(f"{path} is {kind}; {remedy}")
    if prefer not in (*names, NEWEST, NONE):
        raise UserError(f"--prefer {prefer}: allowed are {', '.join(names)}, {NEWEST}, {NONE}")
    if out.is_symlink() or (out.exists() and (not out.is_dir() or any(out.iterdir()))):
        raise UserError(f"{out} is not an empty folder; choose another --out")


_PUBLISHED = ("a published leaderboard, which holds no records of runs", "merge the folders that nsbench run wrote")


class _Merge:
    """One merge: chooses a record for each cell, then writes."""

    def __init__(self, stores: dict[str, Store], prefer: str) -> None:
        self.prefer = prefer
        self.plans = {name: store.read_plan() for name, store in stores.items()}
        self.cells = {name: store.planned_cells() for name, store in stores.items()}
        self.spec = join_specs({name: plan["spec"] for name, plan in self.plans.items()})
        self.stores = stores
        self.damaged: list[str] = []
        self.chosen: dict[str, _Found] = {}
        self.made: dict[str, set[str]] = {name: set() for name in stores}

    def choose(self) -> list[Conflict]:
        """Choose the records; returns the conflicts."""
        conflicts = []
        for cell in {cell.id: cell for cell in self._planned()}.values():
            found = self._found(cell)
            done = [each for each in found if each.is_done] or found
            if not done:
                continue
            own = [self._conflict(cell, done[0], other) for other in done[1:] if done[0].is_done]
            differing = [conflict for conflict in own if conflict is not None]
            preferred = self._preferred(done) if differing else None
            self.chosen[cell.id] = preferred or done[0]
            taken = preferred.source if preferred else None
            conflicts += [replace(conflict, taken=taken) for conflict in differing]
        return conflicts

    def _planned(self) -> list[Cell]:
        return join_cells(self.cells.values())

    def _found(self, cell: Cell) -> list[_Found]:
        found = []
        for source, store in self.stores.items():
            try:
                record, provenance = store.read(cell.id), store.provenance(cell.id)
            except ValueError as error:
                self.damaged.append(str(error))
                continue
            if record is not None:
                found.append(_Found(source, store, record, provenance))
            if provenance is not None:
                self.made[source].add(f"nsbench {provenance.nsbench}, {provenance.device}")
        return found

    def _conflict(self, cell: Cell, one: _Found, other: _Found) -> Conflict | None:
        fields, metrics = compare((one.store, one.record), (other.store, other.record))
        if not fields:
            return None
        made = made_with(one.provenance, other.provenance)
        return Conflict(cell.id, cell.describe(), (one.source, other.source), fields, metrics, made)

    def _preferred(self, found: Sequence[_Found]) -> _Found | None:
        """What is taken in a conflict; None where the preferred source has no part in it."""
        if self.prefer == NEWEST:
            return max(found, key=lambda each: each.finished)
        return next((each for each in found if each.source == self.prefer), None)

    def write(self, out: Path) -> None:
        """Copy the chosen records beside the folder's place and only then give it its name."""
        try:
            out.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(prefix=".nsbench-merge-", dir=out.parent) as place:
                stage = Store(Path(place) / "run")
                for cell, found in self.chosen.items():
                    ignore = shutil.ignore_patterns(*_ONLY_UNFINISHED)
                    shutil.copytree(found.store.folder(cell).path, stage.folder(cell).path, ignore=ignore)
                self._write_plan(stage, out)
                if out.exists():
                    out.rmdir()
                stage.out.rename(out)
        except OSError as error:
            raise explain(error, Path(error.filename or out)) from error

    def _write_plan(self, stage: Store, out: Path) -> None:
        run = self.spec.get("parts", {})
        told = dict.fromkeys(text for plan in self.plans.values() for text in plan.get("left_out", []))
        # a part that one source lacks may be there in another
        left_out = [text for text in told if text.partition(": ")[0] not in run]
        title = next((plan["name"] for plan in self.plans.values() if plan.get("name")), None)
        about = {"command": self.command(out)} | ({"name": title} if title else {})
        stage.write_plan(self.spec, self._planned(), left_out, about=about)
        (stage.out / ".lock").unlink(missing_ok=True)
        write_specs(stage.out, {"spec": self.spec, **about})

    def command(self, out: Path) -> str:
        """What goes on with the merged run."""
        return joint_command(list(self.plans.values()), self.spec, str(out))

    def result(self, out: Path, conflicts: list[Conflict]) -> Merged:
        """What became of it."""
        planned = {cell.id for cell in self._planned()}
        done = sum(found.is_done for found in self.chosen.values())
        taken: dict[str, Any] = Counter(found.source for found in self.chosen.values())
        return Merged(
            out,
            done,
            len(self.chosen) - done,
            len(planned) - len(self.chosen),
            {source: taken[source] for source in self.stores},
            conflicts,
            find_variants(self.cells),
            self.damaged,
            {source: sorted(made) for source, made in self.made.items()},
            self.command(out),
        )
