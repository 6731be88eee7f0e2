"""Reported and measured numbers side by side, as GitHub-flavoured markdown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from ..report.text import NOTHING, escape, table
from .number_verdicts import NumberVerdict
from .shown import Shown
from .side_by_side import Line

_HOW = """\
Verdicts are those of `nsbench claims`: an equivalence test with a margin, of the measured mean against the printed one;
`margins` in the table's spec, or `nsbench claims OUT --margin METRIC=VALUE`, replace the margins.
Reported: mean ± standard deviation as printed, over runs, cases or folds as the paper has it. Measured: the mean over
seeds and patients in the paper's unit, ± over seeds where the paper's is over runs, else over cases. A number stands
only where every cell of its row is done."""


def render(found: Shown, lines: Sequence[Line]) -> str:
    """One section per setting, one line per method, reported beside measured for each metric."""
    where = f" ({escape(found.stand_in)} for {escape(found.declared.table.reported.dataset)})" if found.stand_in else ""
    parts = [f"# {escape(found.heading)}", escape(found.declared.table.title), _warning(found), _one_cell(lines)]
    for setting, group in _by_setting(lines).items():
        parts += [f"## {escape(setting or 'All')}{where}", _numbers(group)]
    parts += [_reasons(found, lines), _verdicts(lines), _differences(found, lines), "## How to read the tables", _HOW]
    return "\n\n".join(part for part in parts if part) + "\n"


def _warning(found: Shown) -> str:
    parts = [f"{found.stand_in} stands in for {found.declared.table.reported.dataset}"] if found.stand_in else []
    changed = ", ".join(f"{about} {text}" for about, text in found.changed.items())
    parts += [f"{changed} in place of the paper's"] if changed else []
    return f"**Not the paper's protocol: {escape('; '.join(parts))}.**" if parts else ""


def _one_cell(lines: Sequence[Line]) -> str:
    """Rows that what was changed has made equal."""
    return "\n".join(f"**{escape(text)}.**" for text in dict.fromkeys(line.one_cell for line in lines) if text)


def _by_setting(lines: Sequence[Line]) -> dict[str, list[Line]]:
    found: dict[str, list[Line]] = {}
    for line in lines:
        found.setdefault(str(line.printed["setting"]), []).append(line)
    return found


def _numbers(lines: Sequence[Line]) -> str:
    units = {str(line.printed["metric"]): str(line.printed["unit"]) for line in lines}
    digits = {name: _digits(line.printed for line in lines if line.printed["metric"] == name) for name in units}
    heads = ["Method", "Row"]
    for name, unit in units.items():
        heads += [f"{escape(name)}{f' [{unit}]' if unit else ''}, reported", "measured", "verdict"]
    methods: dict[str, dict[str, Line]] = {}
    for line in lines:
        methods.setdefault(str(line.printed["method"]), {})[str(line.printed["metric"])] = line
    return table(heads, [_row(method, own, digits) for method, own in methods.items()], left=2)


def _digits(printed: Iterable[dict[str, Any]]) -> int:
    """Decimals that the paper prints of a metric; 2 where it prints none."""
    values = [f"{number[name]:g}" for number in printed for name in ("mean", "std") if number[name] is not None]
    return max((len(value.partition(".")[2]) for value in values), default=2)


def _row(method: str, own: dict[str, Line], digits: dict[str, int]) -> list[str]:
    label = next((line.label for line in own.values() if line.label), NOTHING)
    cells = [escape(method), escape(label)]
    for metric, places in digits.items():
        line = own.get(metric)
        cells += [_reported(line, places), _measured(line, places), _verdict(line)] if line else [NOTHING] * 3
    return cells


def _verdict(line: Line) -> str:
    return line.verdict.verdict if line.verdict else NOTHING


def _reported(line: Line, digits: int) -> str:
    return _number(line.printed["mean"], line.printed["std"], digits)


def _measured(line: Line, digits: int) -> str:
    score = line.measured
    if score is None:
        return NOTHING
    over_runs = line.printed["spread"] in ("runs", "variance", "")
    return _number(score.mean, score.std_runs if over_runs else score.std_cases, digits)


def _number(mean: float | None, std: float | None, digits: int) -> str:
    if mean is None:
        return NOTHING
    return f"{mean:.{digits}f}" + ("" if std is None else f" ± {std:.{digits}f}")


def _reasons(found: Shown, lines: Sequence[Line]) -> str:
    """Why numbers are missing, with the methods that lack them."""
    missing: dict[str, dict[str, None]] = {}
    for line in lines:
        if line.reason:
            missing.setdefault(line.reason, {})[str(line.printed["method"])] = None
    listed = [f"- {escape(', '.join(methods))}: {escape(reason)}" for reason, methods in missing.items()]
    listed += [] if lines else [f"- {escape(reason)}" for reason in found.left_out]
    return "\n".join(["## Not measured", "", *listed]) if listed else ""


def _verdicts(lines: Sequence[Line]) -> str:
    """How many numbers have each verdict, and why; the margins of those that were tested."""
    found = Counter((line.verdict.verdict, line.verdict.reason) for line in lines if line.verdict)
    listed = [
        f"- {verdict}: {count} of {found.total()} numbers{f' ({escape(reason)})' if reason else ''}"
        for (verdict, reason), count in found.most_common()
    ]
    margins = {str(line.printed["metric"]): _margin(line.printed, line.verdict) for line in lines if line.verdict}
    told = ", ".join(f"{escape(name)} {text}" for name, text in margins.items() if text)
    listed += [f"- equal is what differs by no more than: {told}"] if told else []
    return "\n".join(["## Verdicts", "", *listed]) if listed else ""


def _margin(printed: dict[str, Any], verdict: NumberVerdict) -> str:
    return "" if verdict.margin is None else f"{verdict.margin:g} {printed['unit']}".strip()


def _differences(found: Shown, lines: Sequence[Line]) -> str:
    """What the user changed, what the run shows, what is declared."""
    shown = dict.fromkeys(text for line in lines if line.verdict for text in line.verdict.differences)
    # what the run shows of a change says more than that there was one
    again = [about for about in found.changed if any(text.startswith(f"{about}: ") for text in shown)]
    own = (text for text in found.differences if text not in {found.change(about) for about in again})
    listed = [f"- {escape(text)}" for text in dict.fromkeys([*own, *shown])]
    return "\n".join(["## Protocol differences", "", *listed]) if listed else ""
