"""Every reported number that a run has a row for, with a verdict."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..report.reported import load_reported, parse_setting
from .contrast import Scores
from .equivalence import Verdict, equivalence
from .margins import Given, margin
from .metrics import printed_metric
from .protocol import differences, why_not_comparable
from .select import Stands
from .spread import gap
from .worlds import World


@dataclass(frozen=True)
class NumberVerdict:
    """One reported number beside the measured one.

    Attributes
    ----------
    printed
        As `nsbench reported --json` has it.
    where, label
        The rows' dataset and protocol, and the row.
    setting
        The printed one less what belongs to the method: what it has in common with those it is compared with.
    measured, error
        Mean in the printed unit over patients and seeds, and its standard error.
    seeds
        How many training runs it rests on.
    margin
        What counts as equal, in the printed unit.
    treated
        How the paper's own uncertainty was taken into account.
    reason
        Why the verdict is what it is, where no test says so.
    differences
        What sets the run's protocol apart from the paper's.
    """

    printed: dict[str, Any]
    where: str
    label: str
    verdict: Verdict
    setting: str = ""
    measured: float | None = None
    error: float | None = None
    seeds: int = 0
    margin: float | None = None
    equal_p: float | None = None
    different_p: float | None = None
    treated: str = ""
    reason: str = ""
    differences: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """What `nsbench claims --json` prints of a number."""
        rest = {name: value for name, value in vars(self).items() if name not in ("printed", "setting")}
        return {**self.printed, **rest, "treated": self.treated or None, "reason": self.reason or None}


def number_verdicts(found: Sequence[World], scores: Scores, given: Given) -> Iterator[NumberVerdict]:
    """The numbers of each world's tables that one of its rows stands for, in the paper's order.

    Parameters
    ----------
    given
        Margins of the user.
    """
    for world in found:
        for number in load_reported(world.reported.paper):
            if number["table"] in world.reported.tables and number["dataset"] == world.reported.dataset:
                stands = _row(world, number)
                if stands:
                    yield _verdict(world, number, stands, scores, given)


def _row(world: World, number: dict[str, Any]) -> Stands | None:
    setting = parse_setting(number["setting"])
    fits = (each for each in world.stands if (each.method, each.setting) == (number["method"], setting))
    return next(fits, None)


def _common_setting(world: World, number: dict[str, Any]) -> str:
    own = {key for several in world.reported.methods.values() for printed in several for key in printed.setting}
    return "; ".join(f"{key}={value}" for key, value in parse_setting(number["setting"]).items() if key not in own)


def _verdict(world: World, number: dict[str, Any], stands: Stands, scores: Scores, given: Given) -> NumberVerdict:
    common = _common_setting(world, number)
    base = NumberVerdict(number, world.title, str(stands.facts["method"]), "not comparable", common)
    base = replace(base, differences=tuple(differences(world, stands, number)))
    if stands.one_cell:
        return replace(base, reason=stands.one_cell)
    metric = printed_metric(world.reported, number["metric"], number["unit"])
    if metric is None:
        return replace(base, reason=f"{number['metric']} is not measured by a run")
    if metric.name == "pooled.iou":
        return replace(base, reason="metric: a score of all cases together has no spread over cases to test with")
    found = scores.contrast([(1.0, stands)], metric)
    base = replace(base, seeds=found.seeds)
    why = why_not_comparable(world, stands, number)
    if found.estimates is None:
        verdict: Verdict = "not comparable" if why or not found.patients else "underpowered"
        return replace(base, verdict=verdict, reason=why or f"not enough data: {found.reason}")
    compared = gap(number, found.estimates, world.reported.same_cases, world.reported.test_cases)
    base = replace(base, measured=float(found.estimates.mean[0]), error=compared.error)
    if why:
        return replace(base, reason=why)
    allowed = margin(world.reported, number["metric"], metric, given)
    return replace(base, margin=allowed, treated=compared.treated, **vars(equivalence(compared, allowed)))
