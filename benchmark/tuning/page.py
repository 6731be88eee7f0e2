"""The result of tuning on disk: `OUT/tuning/` with a page, pictures, the trials as CSV and JSON, best.yaml."""

from __future__ import annotations

import csv
import io
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..cell import labeled_text
from ..errors import UserError
from ..report.text import escape, interval, points, table
from ..spec.load import Loaded
from ..spec.models import Spec
from ..spec.tune import Tune
from ..store import Store
from ..store.files import write_atomically, write_json
from .best import write_best
from .display import params_text
from .figures import draw
from .optuna_parts import quiet_optuna
from .results import TrialRow, trial_rows
from .tune import Tuned
from .verdict import find_claim, verdict

_MOST_ROWS = 25
_JUDGED = {
    "clean-val": "clean labels of the validation part",
    "noisy-val": "the labels of the validation part as they are, corrupted ones included",
}


def write_page(studies: Sequence[Tuned], loaded: Loaded, tune: Tune, command: str) -> tuple[Path, list[dict[str, Any]]]:
    """Write everything; returns the page and, for each method, what `--json` prints.

    Raises
    ------
    UserError
        A study has no completed trial, a claim is not known, or the folder cannot be written.
    """
    with quiet_optuna():
        return _write_all(studies, loaded, tune, command)


def _write_all(studies: Sequence[Tuned], loaded: Loaded, tune: Tune, command: str) -> tuple[Path, list[dict[str, Any]]]:
    store = Store(loaded.execution.out)
    folder = store.out / "tuning"
    rows = {tuned.target.method.label: trial_rows(tuned, store) for tuned in studies}
    claims = [find_claim(text) for text in tune.claims]
    facts = [_facts(tuned, rows[tuned.target.method.label]) for tuned in studies]
    write_json(folder / "tuning.json", facts)
    _write(folder / "trials.csv", _csv(rows))
    best = {fact["method"]: fact["best"]["params"] for fact in facts}
    judged = f"{tune.objective}, {tune.over} over the cells of a trial; the test cases were not read"
    write_best(
        folder / "best.yaml", best, [f"nsbench tune: the best by {judged}", "use: nsbench run --params best.yaml"]
    )
    parts = [f"# {escape(loaded.spec.name or 'Tuning of ' + ', '.join(rows))}", _introduction(loaded, tune)]
    for tuned in studies:
        own = rows[tuned.target.method.label]
        parts += _section(tuned, own, draw(tuned, own, folder))
        parts += [verdict(claim, own) for claim in claims]
    parts += ["## To reproduce", f"```\n{command}\n```", _NEXT]
    _write(folder / "README.md", "\n\n".join(parts) + "\n")
    return folder / "README.md", facts


_NEXT = (
    "The scores above are those by which parameters were chosen, so the best of them is flattered. How tuned and "
    "default parameters do on the test cases is the leaderboard of `nsbench run --params best.yaml --methods ...`, "
    "with the same data and budget."
)


def publish(page: Path, folder: Path) -> Path:
    """Copy the page with its pictures, trials and best parameters; returns where it lies."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for pattern in ("README.md", "*.png", "trials.csv", "tuning.json", "best.yaml"):
            for path in page.parent.glob(pattern):
                shutil.copy(path, folder / path.name)
    except OSError as error:
        raise UserError(f"--page {folder}: cannot be written: {error.strerror}") from error
    return folder / page.name


def _introduction(loaded: Loaded, tune: Tune) -> str:
    spec = loaded.spec
    data = ", ".join(f"`{choice.label}`" for choice in spec.datasets)
    return (
        f"Which parameters are best on {data} with {labels_of(spec)}, budget "
        f"{spec.budget.base}, seeds {', '.join(map(str, spec.seeds))}? Judged by Dice against "
        f"{_JUDGED[tune.objective]} ({tune.objective}), training patients held out for it; {tune.over} over the cells "
        f"of a trial. **The test cases were never read.** Sampler {tune.sampler}, pruner {tune.early_stop}."
    )


def labels_of(spec: Spec) -> str:
    """What the training labels are, in words."""
    if spec.source is not None:
        return f"the labels of `{spec.source.label}`"
    if spec.labeled is not None:
        return ", ".join(labeled_text(share, spec.unlabeled or "rest") for share in spec.labeled) + " training cases"
    noise = ", ".join(f"`{choice.text}`" for choice in spec.noise)
    return f"{noise} on {', '.join(f'{100 * value:g} %' for value in spec.ratios)} of the training cases"


def _facts(tuned: Tuned, rows: Sequence[TrialRow]) -> dict[str, Any]:
    best = rows[0]
    method = tuned.target.method
    defaults = {d.name: d.default for d in tuned.target.dimensions}
    default = next((row for row in rows if row.params == defaults), None)
    front = {trial.number for trial in tuned.study.study.best_trials} if tuned.study.tune.against else set()
    return {
        "method": method.method,
        "label": method.label,
        "study": tuned.study.study.study_name,
        "objective": tuned.study.tune.objective,
        "trials": dict(tuned.study.counts()),
        "best": {"trial": best.number, "params": {**method.fixed, **best.params}, "dice": best.dice, "ci95": best.ci95},
        "default": None if default is None else {"trial": default.number, "dice": default.dice, "ci95": default.ci95},
        "rows": [_plain(row) | ({"pareto": row.number in front} if front else {}) for row in rows],
    }


def _plain(row: TrialRow) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in vars(row).items()}


def _section(tuned: Tuned, rows: Sequence[TrialRow], figures: dict[str, str]) -> list[str]:
    best, counts = rows[0], tuned.study.counts()
    tied = sum(row.tied is True for row in rows[1:])
    apart = f"; {tied} of {len(rows) - 1} other trials are not told apart from it" if best.tied is not None else ""
    trials = ", ".join(f"{number} {state}" for state, number in sorted(counts.items()))
    parts = [
        f"## {escape(tuned.target.method.label)}",
        f"Best: **{escape(params_text(best.params))}**, Dice {points(best.dice)} ({interval(best.ci95)}){apart}. "
        f"Trials: {trials}.",
        _searched(tuned),
        _trials(tuned, rows),
    ]
    if any(row.ci95 is None for row in rows):
        parts.append("No interval where there are too few validation patients: raise the cases of the budget.")
    return parts + [f"![{escape(what)}]({name})" for what, name in figures.items()]


def _searched(tuned: Tuned) -> str:
    lines = [
        [f"`{d.name}`", d.describe(), "-" if d.default is None else str(d.default), d.unit, escape(d.source)]
        for d in tuned.target.dimensions
    ]
    return table(["parameter", "searched", "default", "unit", "source"], lines, left=5)


def _trials(tuned: Tuned, rows: Sequence[TrialRow]) -> str:
    names = [d.name for d in tuned.target.dimensions]
    shown = list(rows)[:_MOST_ROWS]
    if tuned.study.tune.sampler == "grid":
        shown.sort(key=lambda row: [str(row.params[name]).zfill(12) for name in names])
    time = ["seconds"] if rows[0].seconds is not None else []
    cells = [f"cell {i + 1}" for i in range(len(rows[0].scores))] if 1 < len(rows[0].scores) <= 6 else []
    lines = []
    for row in shown:
        dice = f"**{points(row.dice)}**" if row.tied else points(row.dice)
        values = [
            f"{row.params[name]:.4g}" if isinstance(row.params[name], float) else str(row.params[name])
            for name in names
        ]
        own = [points(score) for score in row.scores] if cells else []
        lines.append([*values, dice, interval(row.ci95), *own, *([f"{row.seconds:.1f}"] if time else [])])
    note = "Dice in points, with the 95 % interval over patients and seeds; bold: not told apart from the best."
    more = f" The best {_MOST_ROWS} of {len(rows)}; `trials.csv` has all." if len(rows) > _MOST_ROWS else ""
    what = ", ".join(f"{i + 1}: {cell.describe()}" for i, cell in enumerate(tuned.target.method.base)) if cells else ""
    legend = f"\n\nCells: {escape(what)}." if what else ""
    heads = [*(f"`{name}`" for name in names), "Dice", "95 % interval", *cells, *time]
    return f"{note}{more}\n\n{table(heads, lines, left=len(names))}{legend}"


def _csv(rows: dict[str, list[TrialRow]]) -> str:
    names = list(dict.fromkeys(name for own in rows.values() for row in own for name in row.params))
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["method", "trial", *names, "dice", "ci95_low", "ci95_high", "tied", "seconds", "cells"])
    for label, own in rows.items():
        for row in own:
            low, high = row.ci95 or (None, None)
            values = [row.params.get(name) for name in names]
            writer.writerow(
                [label, row.number, *values, row.dice, low, high, row.tied, row.seconds, " ".join(row.cells)]
            )
    return stream.getvalue()


def _write(path: Path, text: str) -> None:
    write_atomically(path, lambda target: _fill(target, text))


def _fill(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
