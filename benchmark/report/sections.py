"""One section of the leaderboard: a dataset, a supervision, a ratio."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..metrics import METRICS
from .generations import generation_table
from .ranking import apart, tables
from .rows import Row
from .supervised import named
from .text import (
    NOTHING,
    auroc,
    cells,
    code,
    count,
    counted,
    duration,
    escape,
    interval,
    memory,
    percent,
    points,
    ratio,
    score,
    table,
)

_KNOWS = {
    "blind": "",
    "trusted": "Methods that know more: which cases are clean",
    "scarce": "Methods that know more: trained on the clean cases as labeled, the corrupted ones as unlabeled",
    "unknown": "Methods whose plugin is not installed here: what they know cannot be told",
}


_OPTIONAL = ("Drop", "Wrong / right")


def heading(row: Row) -> str:
    """`jsrt:heart, erode-dilate at 50 %`."""
    facts = row.facts
    if facts["supervision"] != "noisy":
        words = f"labels of {facts['noise']}" if facts["source"] else facts["noise"]
        return f"{facts['dataset']}, {words}"
    supervision = "clean labels" if facts["ratio"] == 0 else f"{facts['noise']} at {ratio(facts['ratio'])}"
    return f"{facts['dataset']}, {supervision}"


def surface_metrics(rows: Sequence[Row]) -> tuple[str, str]:
    """HD95 and ASD, in mm where every scored row has them in mm, else in voxels."""
    scored = [row for row in rows if row.dice is not None]
    known = scored and all(row.facts["metrics"]["asd_mm"]["mean"] is not None for row in scored)
    return ("hd95_mm", "asd_mm") if known else ("hd95", "asd")


def section(rows: Sequence[Row], figure: str | None, upper: Sequence[Row] = (), generations: str | None = None) -> str:
    """Tables of one section.

    Parameters
    ----------
    rows
        In the order of the tables.
    figure, generations
        File names of its box plot, and of its picture of generations.
    upper
        Rows of another section that bound these from above.
    """
    parts = [f"### {escape(heading(rows[0]))}", _noise_line(rows), _upper_line(upper)]
    by_table = tables(rows)
    for together in by_table.values():
        parts += [_table_title(together[0], by_table), _scores(together), _classes(together), _trust(together)]
        parts += [generation_table(together), _costs(together)]
    if generations:
        parts.append(f"![Dice of each generation, {heading(rows[0])}]({generations})")
    if figure:
        parts.append(f"![Dice of each test case, {heading(rows[0])}]({figure})")
    parts.append(_failures(rows))
    return "\n\n".join(part for part in parts if part)


def _noise_line(rows: Sequence[Row]) -> str:
    known = [row.facts for row in rows if row.facts["test_cases"] is not None]
    if not known:
        return "No cell is finished yet."
    facts = max(known, key=lambda facts: facts["cells_done"])
    sizes = _sizes(facts["train_cases"], facts["test_cases"])
    realised = facts["realised_dice"]
    if facts["supervision"] != "noisy":
        labeled = max(row["labeled_cases"] for row in known)
        return f"{labeled} labeled of {_most_cases(known)} in each cell.{_validated(known)}"
    if realised is None:
        return f"{sizes} in each cell; no label was changed."
    dice = f"{points(realised['mean'])} ± {points(realised['std'])}"
    return f"{sizes} in each cell. Realised noise: Dice {dice} of corrupted against clean labels."


def _most_cases(known: Sequence[dict[str, Any]]) -> str:
    most = max(facts["pool_cases"] or facts["train_cases"] for facts in known)
    return _sizes(most, known[0]["test_cases"])


def _sizes(train: int, test: int) -> str:
    return f"{counted(train, 'training case')}, {counted(test, 'test case')}"


def _validated(known: Sequence[dict[str, Any]]) -> str:
    """How many labels were used beside those that are learned from."""
    further = max(facts["validation_cases"] or 0 for facts in known)
    if not further:
        return ""
    deciders = (
        "checkpoints were chosen" if any(facts["selection"] != "last" for facts in known) else "rates were lowered"
    )
    return f" By the labels of {further} further training case{'' if further == 1 else 's'} {deciders}."


def _upper_line(upper: Sequence[Row]) -> str:
    found = [f"{escape(row.facts['method'])} {points(row.dice)}" for row in upper]
    return f"Upper bound, trained with all labels: {', '.join(found)}." if found else ""


def _table_title(row: Row, by_table: dict[tuple[Any, ...], list[Row]]) -> str:
    """What sets a table apart from the section's others."""
    names = [name for name in apart(together[0] for together in by_table.values()) if name != "knows"]
    settings = ", ".join(f"{name} {row.setting(name)}" for name in names)
    title = ": ".join(part for part in (_KNOWS.get(row.setting("knows"), ""), settings) if part)
    return f"**{escape(title)}**" if title else ""


def _scores(rows: Sequence[Row]) -> str:
    surface = surface_metrics(rows)
    heads = ["#", "Method", "Dice", "95 % interval", "Ranks", "P(best)", "SD cases", "SD seeds"]
    heads += [_head(name) for name in surface]
    heads += ["Drop", "Wrong / right", "Cells"]
    lines = [_score_line(row, surface) for row in rows]
    # what no row can have, as memorisation where no label is wrong
    known = [i for i, head in enumerate(heads) if head not in _OPTIONAL or any(line[i] != NOTHING for line in lines)]
    return table([heads[i] for i in known], [[line[i] for i in known] for line in lines], left=2)


def _head(metric: str) -> str:
    return f"{METRICS[metric].title.split(' (')[0]} [{METRICS[metric].unit}]"


def _score_line(row: Row, surface: Sequence[str]) -> list[str]:
    facts, metrics = row.facts, row.facts["metrics"]
    dice, memorised = metrics["dice"], facts["memorisation"]
    finished = f"{facts['cells_done']} of {facts['cells_planned']}"
    name = escape(named(row))
    if not row.complete:
        return [NOTHING, name, "*incomplete*", *[NOTHING] * 9, f"**{finished}**"]
    mean = score(dice, is_surface=False)
    return [
        str(facts["rank"] or NOTHING),
        f"**{name}**" if facts["tied"] else name,
        f"**{mean}**" if facts["tied"] else mean,
        interval(dice["ci95"]),
        *_chances(facts),
        points(dice["std_cases"]),
        points(dice["std_seeds"]),
        *[score(metrics[metric], is_surface=True) for metric in surface],
        points(facts["drop"], signed=True),
        f"{percent(memorised['wrong'])} / {percent(memorised['right'])}" if memorised else NOTHING,
        finished,
    ]


def _chances(facts: dict[str, Any]) -> tuple[str, str]:
    """`1-3` and `0.62`."""
    if facts["rank_low"] is None:
        return NOTHING, NOTHING
    low, high = facts["rank_low"], facts["rank_high"]
    return str(low) if low == high else f"{low}-{high}", f"{facts['p_best']:.2f}"


def _classes(rows: Sequence[Row]) -> str:
    """Dice and HD95 class by class, where there are several."""
    scored = [row for row in rows if row.facts["classes"]]
    if not scored:
        return ""
    names, metric = scored[0].classes, surface_metrics(rows)[0]
    heads = ["Method", *(f"{escape(name)}: {part}" for name in names for part in ("Dice", _head(metric)))]
    lines = []
    for row in scored:
        found = row.facts["classes"]
        pairs = [(score(found[name]["dice"], False), score(found[name][metric], True)) for name in names]
        lines.append([escape(row.facts["method"]), *(text for pair in pairs for text in pair)])
    return table(heads, lines)


def _trust(rows: Sequence[Row]) -> str:
    """How well the weights of methods that weigh voxels or cases find the true corruption."""
    lines = [
        [escape(row.facts["method"]), escape(stage["stage"]), auroc(stage["auroc"]), percent(stage["kept"])]
        for row in rows
        for stage in row.facts["trust"]
        if stage["class"] == "all"
    ]
    return table(["Weights of voxels", "Stage", "AUROC", "Kept"], lines, left=2) if lines else ""


def _costs(rows: Sequence[Row]) -> str:
    heads = ["Cost of a cell", "Updates", "Passes", "Training", "Peak memory", "Parameters"]
    lines = [
        [
            escape(row.facts["method"]),
            count(row.facts["updates"]),
            count(row.facts["passes"]),
            duration(row.facts["train_seconds"]),
            _memory(row.facts),
            count(row.facts["parameters"]),
        ]
        for row in rows
        if row.facts["cells_done"]
    ]
    return table(heads, lines) if lines else ""


def _memory(facts: dict[str, Any]) -> str:
    own = memory(facts["peak_memory_mib"])
    gpu = facts["peak_gpu_memory_mib"]
    return f"{own} + {memory(gpu)} GPU" if gpu is not None else own


def _failures(rows: Sequence[Row]) -> str:
    """Cells that ended without a result, and how many have not run."""
    missing = sum(row.facts["cells_planned"] - row.facts["cells_done"] - len(row.facts["failed"]) for row in rows)
    failed = [(row.facts["method"], cell) for row in rows for cell in row.facts["failed"]]
    parts = [f"{cells(missing)} not run yet."] if missing else []
    if failed:
        lines = [[code(f["cell"]), escape(name), f["status"], code(last_line(f["error"]))] for name, f in failed]
        parts.append("Cells that ended without a result:")
        parts.append(table(["Cell", "Method", "Status", "Last line of the error"], lines, left=4))
    return "\n\n".join(parts)


def last_line(error: str) -> str:
    """The last line of a traceback that says anything, not longer than a table bears."""
    lines = [line.strip() for line in error.splitlines() if line.strip()]
    return lines[-1][:200] if lines else "no message"
