"""The numbers of a paper's table beside the measured ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from pydantic import TypeAdapter

from ..registry import Registries
from ..report.reported import load_reported, parse_setting
from ..spec.fields import Methods
from ..stats.records import Records
from ..store import Store
from .contrast import Scores
from .mapping import Reported
from .measured import Measured, Measurements
from .metrics import printed_metric
from .number_verdicts import NumberVerdict, number_verdicts
from .select import Stands
from .shown import Shown
from .worlds import worlds


@dataclass(frozen=True)
class Line:
    """One number of a table.

    Attributes
    ----------
    printed
        As `nsbench reported --json` has it; `mean` is None where the paper shows a figure alone.
    label
        Row of the run that stands for it; empty where none does.
    measured
        In the paper's unit; None where there is nothing, for the reason in `reason`.
    verdict
        As `nsbench claims` has it; None where nothing was measured, or nothing is printed.
    one_cell
        See `Stands`.
    """

    printed: dict[str, Any]
    label: str
    measured: Measured | None
    reason: str = ""
    verdict: NumberVerdict | None = None
    one_cell: str = ""

    def as_json(self) -> dict[str, Any]:
        """The columns of the CSV file."""
        measured = vars(self.measured) if self.measured else dict.fromkeys(Measured.__annotations__)
        ours = {f"measured_{name}": value for name, value in measured.items()}
        found = self.verdict
        said = {"verdict": found and found.verdict, "verdict_reason": (found and found.reason) or None}
        one = {"one_cell": self.one_cell or None}
        return {**self.printed, "row": self.label or None, **ours, "reason": self.reason or None, **said, **one}


def side_by_side(found: Shown, store: Store, registries: Registries) -> list[Line]:
    """The lines of a table, in the paper's order; what it shows as a figure alone comes last."""
    reported = found.declared.table.reported
    measured = Measurements.of(store, reported, registries)
    numbers = [number for number in load_reported(reported.paper) if number["table"] in reported.tables]
    lines = [_line(number, measured, found, reported) for number in numbers]
    lines += [_line(number, measured, found, reported) for number in _unprinted(measured, reported, numbers)]
    said = _verdicts(store, reported, registries) if measured.stands else {}
    return [replace(line, verdict=said.get(_key(line.printed))) if line.measured else line for line in lines]


def _verdicts(store: Store, reported: Reported, registries: Registries) -> dict[tuple[str, ...], NumberVerdict]:
    records = Records.of(store, registries)
    found = number_verdicts(worlds(records.rows, reported), Scores(records), {})
    return {_key(verdict.printed): verdict for verdict in found}


def _key(printed: dict[str, Any]) -> tuple[str, ...]:
    return tuple(str(printed[name]) for name in ("table", "method", "setting", "metric"))


def _unprinted(measured: Measurements, reported: Reported, numbers: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """What the run has and the paper prints no number of, in the metrics that the mapping names."""
    known = {(number["method"], number["setting"], number["metric"]) for number in numbers}
    units = {number["metric"]: number["unit"] for number in load_reported(reported.paper)}
    empty = dict.fromkeys(("mean", "std", "n")) | {"spread": "", "note": ""}
    for stands in measured.stands:
        setting = "; ".join(f"{key}={value}" for key, value in stands.setting.items())
        for metric in reported.metrics:
            if (stands.method, setting, metric) not in known:
                where = {"paper": reported.paper, "table": reported.tables[0], "dataset": reported.dataset}
                what = {"setting": setting, "method": stands.method, "metric": metric, "unit": units.get(metric, "")}
                yield {**where, **what, **empty}


def _line(number: dict[str, Any], measured: Measurements, found: Shown, reported: Reported) -> Line:
    rows = measured.find(number["method"], parse_setting(number["setting"]))
    if not rows:
        return Line(number, "", None, _why_missing(number, found, reported))
    stands = rows[0]
    label = str(stands.facts["method"])
    if len(rows) > 1:
        return Line(number, label, None, f"{len(rows)} rows of the run stand for it")
    score, reason = _score(number, measured, stands, reported)
    return Line(number, label, score, reason, one_cell=stands.one_cell)


def _score(
    number: dict[str, Any], measured: Measurements, stands: Stands, reported: Reported
) -> tuple[Measured | None, str]:
    facts = stands.facts
    if not facts["complete"]:
        return None, f"{facts['cells_done']} of {facts['cells_planned']} cells done"
    metric = printed_metric(reported, number["metric"], number["unit"])
    score = measured.score(stands, metric) if metric else None
    known = reported.not_comparable
    return score, "" if score else known.get(number["metric"], "the run does not measure it on these data")


def _why_missing(number: dict[str, Any], found: Shown, reported: Reported) -> str:
    table, method = found.declared.table, number["method"]
    for quoted in table.quoted:
        if method in quoted.methods:
            return quoted.reason
    labels = {label for label, printed in reported.methods.items() if any(each.method == method for each in printed)}
    reasons = [reason for name, reason in found.reasons.items() if labels & _labels(found, name)]
    known = reported.not_comparable.get(number["metric"], "no row of the run stands for it")
    return "; ".join(dict.fromkeys(reasons)) or known


def _labels(found: Shown, name: str) -> set[str]:
    """The labels of a part's rows, whether it can be run or not."""
    part = next(part for part in found.declared.table.parts if part.name == name)
    fields = found.declared.fields(part, bool(found.stand_in))
    return {choice.row for choice in TypeAdapter(Methods).validate_python(fields.get("methods", []))}
