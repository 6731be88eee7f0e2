"""The papers' marks of significance, recomputed by the test that the paper used.

COPLE marks what is better than the baseline, MASSL what is better than CNN and what is worse than MASSL(alter), all
by a paired t-test over the test cases at p < 0.05 (MASSL writes "two-sided t-test"; it is taken as paired, as all
methods of a column segment the same images). The papers' tests take the trained models as they are and are not
corrected for their number; here patients are the unit and scores are averaged over the seeds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ..report.own_numbers import LOWER_IS_BETTER
from ..report.reported import load_reported, parse_setting
from .contrast import Scores
from .metrics import printed_metric
from .select import Stands
from .worlds import World

LEVEL = 0.05


@dataclass(frozen=True)
class Rule:
    """A mark: `better` or worse than a row, which has the same setting but for `setting`."""

    than: str
    better: bool
    setting: tuple[tuple[str, str], ...] = ()


_RULES: dict[tuple[str, str], tuple[Rule, ...]] = {
    ("cople", "Table III"): (Rule("Baseline", True, (("loss", "Dice"),)),),
    ("cople", "Table IV"): (Rule("Baseline", True, (("loss", "Dice"),)),),
    ("massl", "Table 1"): (Rule("CNN", True), Rule("MASSL(alter)", False)),
    ("massl", "Table 2"): (Rule("CNN", True), Rule("MASSL(alter)", False)),
}


@dataclass(frozen=True)
class Mark:
    """One mark of one number.

    Attributes
    ----------
    meaning
        `better than CNN`.
    printed
        Whether the paper has it; None where the mark is lost in our text of the paper.
    marked
        Whether it is earned here; None where there is not enough data, for the reason in `reason`.
    """

    paper: str
    table: str
    setting: str
    method: str
    metric: str
    where: str
    meaning: str
    printed: bool | None
    marked: bool | None = None
    p: float | None = None
    reason: str = ""

    def as_json(self) -> dict[str, Any]:
        """The attributes."""
        return {**vars(self), "reason": self.reason or None}


def marks(found: Sequence[World], scores: Scores) -> Iterator[Mark]:
    """Every mark that a row of a run could earn."""
    for world in found:
        for number in load_reported(world.reported.paper):
            for rule in _RULES.get((number["paper"], number["table"]), ()):
                setting = parse_setting(number["setting"])
                pair = (_find(world, number["method"], setting), _find(world, rule.than, setting | dict(rule.setting)))
                if number["table"] in world.reported.tables and pair[0] and pair[1] and pair[0] is not pair[1]:
                    yield _mark(world, number, rule, pair[0], pair[1], scores)


def _find(world: World, method: str, setting: dict[str, str]) -> Stands | None:
    return next((each for each in world.stands if (each.method, each.setting) == (method, setting)), None)


def _mark(world: World, number: dict[str, Any], rule: Rule, row: Stands, other: Stands, scores: Scores) -> Mark:
    meaning = f"{'better' if rule.better else 'worse'} than {rule.than}"
    names = ("paper", "table", "setting", "method", "metric")
    about = {**{name: number[name] for name in names}, "where": world.title, "meaning": meaning}
    printed = ("* significantly" in number["note"]) if rule.better else None
    metric = printed_metric(world.reported, number["metric"], number["unit"])
    if metric is None:
        return Mark(**about, printed=printed, reason=f"{number['metric']} is not measured by a run")
    test = scores.paired_t(row, other, metric)
    if test.reason:
        return Mark(**about, printed=printed, reason=f"not enough data: {test.reason}")
    gain = test.difference if number["metric"] not in LOWER_IS_BETTER else -test.difference
    return Mark(**about, printed=printed, marked=test.p < LEVEL and (gain > 0) == rule.better, p=test.p)
