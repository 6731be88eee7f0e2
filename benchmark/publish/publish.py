"""`nsbench publish`: a run as a folder of tables, pictures and records that anybody can read."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from ..errors import UserError
from ..papers.shown import Shown
from ..papers.write import as_csv, told
from ..registry import Registries
from ..report.figures.style import slug
from ..report.leaderboard import Leaderboard, make_leaderboard
from ..report.write import write_page
from ..share.clean import without_paths
from ..store import Store
from ..store.index import open_index
from ..store.published import is_published, write_published
from .facts import facts_of
from .folder import check_target, read_manifest, seal, swapped
from .index_page import index_text, update_index
from .private import check_private
from .provenance import section, summarise
from .records import GENERATED, public_cells, public_plan
from .spec_file import check_same, command_for, pinned, write_specs


@dataclass(frozen=True)
class Published:
    """What was published.

    Attributes
    ----------
    done, planned
        Cells with a result, and all.
    files
        Names of the files in the folder that nsbench wrote.
    index
        The README whose table was written anew; None where the folder above has none with markers.
    notes
        What is not there, and why.
    """

    folder: Path
    done: int
    planned: int
    files: list[str]
    index: Path | None
    notes: list[str] = field(default_factory=list)


def publish_run(
    out: Path, to: Path, *, allow_incomplete: bool = False, registries: Registries | None = None
) -> Published:
    """Write a run's leaderboard, pictures, spec and per-case records as one folder, whole or not at all.

    The page is made from the records that are published. The same run gives the same bytes. No image of a dataset
    with a licence, no path and no name of a machine is in it.

    Parameters
    ----------
    to
        A folder that does not exist, is empty, holds this run's `spec.yaml`, or was published before. Foreign
        files beside those that were published stay.
    allow_incomplete
        Whether cells may be without a result; the page says so.

    Raises
    ------
    UserError
        There is no run, it is incomplete, the folder holds what must not be lost or cannot be written, or the index
        above it cannot be made, as another leaderboard is damaged. Nothing was written then.
    """
    known, store = registries or Registries(), Store(out)
    if is_published(out):
        raise UserError(f"{out} is itself a published leaderboard; publish the folder that nsbench run wrote")
    if not (out / "plan.json").exists() and (out / "tuning").is_dir():
        raise UserError(f"{out} holds a study; nsbench tune publishes it with --page {to}")
    publication = _Publication(store, to, known)
    publication.check(allow_incomplete)
    with swapped(to) as stage:
        facts, notes = publication.fill(stage)
        seal(stage, facts)
        check_private(stage, store)
        files = sorted(path.name for path in stage.iterdir())
    done, planned = facts["cells"]["done"], facts["cells"]["planned"]
    return Published(to, done, planned, files, update_index(to.parent), notes)


class _Publication:
    """One run on its way to one folder."""

    def __init__(self, store: Store, to: Path, registries: Registries) -> None:
        self.store, self.to, self.registries = store, to, registries
        self.snapshot = open_index(store)

    def check(self, allow_incomplete: bool) -> None:
        """UserError unless the run may be published there."""
        cells = self.snapshot.cells
        lacking = cells[cells["status"] != "done"]
        if len(lacking) == len(cells):
            raise UserError(f"{self.store.out}: no cell is done yet, there is nothing to publish")
        if len(lacking) and not allow_incomplete:
            counts = lacking["status"].astype(str).value_counts()
            listed = ", ".join(f"{count} {status}" for status, count in counts.items())
            raise UserError(
                f"{self.store.out} is incomplete: {len(lacking)} of {len(cells)} cells have no result ({listed}); "
                "finish it with nsbench run, or publish it as it is with --allow-incomplete"
            )
        check_target(self.to)
        index_text(self.to.parent)  # another leaderboard's damage is told before anything is written
        if self._spec_there is not None:
            check_same(self._spec_there, self.snapshot.plan["spec"], self._methods)

    @cached_property
    def _spec_there(self) -> Path | None:
        """The spec in the folder that somebody has written; None for one that an earlier publication made."""
        path, manifest = self.to / "spec.yaml", read_manifest(self.to)
        made = manifest is not None and manifest["spec"] == "made"
        return None if made or not path.is_file() else path

    def fill(self, stage: Path) -> tuple[dict[str, Any], list[str]]:
        """Write everything but the manifest; returns what the manifest says, and notes."""
        cells = public_cells(self.snapshot)
        plan = public_plan(self.snapshot.plan, self._command())
        write_published(stage, plan, cells, self.snapshot.cases())
        spec = self._write_spec(stage)
        board = make_leaderboard(Store(stage), self.registries)
        beside = self._write_reproduction(plan, stage)
        provenance = summarise(self.store, self.snapshot.cells)
        overlays, notes = self._draw_overlays(board, stage)
        closing = "\n\n".join(filter(None, [section(provenance), beside]))
        write_page(board, stage, self.registries, overlays, closing)
        return facts_of(board) | {"spec": spec, "provenance": provenance}, notes

    def _draw_overlays(self, board: Leaderboard, stage: Path) -> tuple[dict[tuple[Any, ...], str], list[str]]:
        """Images with predictions, of generated data alone: those of others may not be published."""
        drawn: dict[tuple[Any, ...], str] = {}
        notes = []
        named = board.cells.drop_duplicates("dataset_label")[["dataset_label", "dataset"]].astype(str)
        for label, chosen in named.itertuples(index=False):
            if json.loads(chosen)["name"] != GENERATED:
                continue
            from ..inspection.overlay import draw_overlay

            name = f"overlay-{slug(label)}.png"
            try:
                draw_overlay(self.store, board, label, self.registries, stage / name)
                drawn["overlay", label] = name
            except UserError as error:
                notes.append(f"no picture of the predictions: {error}")
        return drawn, notes

    def _command(self) -> str:
        """The command that makes the run anew, in a checkout."""
        name = self.to.resolve().name
        return command_for(self.snapshot.plan, f"{self.to.resolve().parent.name}/{name}/spec.yaml", f"runs/{name}")

    def _write_spec(self, stage: Path) -> str:
        """The spec that lies there, which may hold comments; else what the plan says. Returns which of them."""
        if self._spec_there is not None:
            shutil.copyfile(self._spec_there, stage / "spec.yaml")
            return "kept"
        plan = self.snapshot.plan
        write_specs(stage, {**plan, "spec": pinned(plan["spec"], self._methods)})
        return "made"

    @property
    def _methods(self) -> list[str]:
        """Names of the rows' methods, in the order of the plan."""
        return list(self.snapshot.cells["label"].astype(str).unique())

    def _write_reproduction(self, plan: dict[str, Any], stage: Path) -> str:
        """The paper's numbers beside the published ones, where the run is of a paper's table; returns a link."""
        shown = Shown.of_plan(plan)
        if shown is None:
            return ""
        page, rows = told(shown, Store(stage), self.registries)
        for name, text in (("reproduction.md", page), ("reproduction.csv", as_csv(rows))):
            (stage / name).write_text(without_paths(text), encoding="utf-8")
        return "Beside the numbers of the paper: [reproduction.md](reproduction.md)."
