"""Does a paper's claim hold here? Paired bootstrap over patients and seeds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from ..report.claims import Claim
from .contrast import Scores
from .margins import Given, margin
from .metrics import PrintedMetric, printed_metric
from .resolve import Asked, asked, never
from .worlds import World

Outcome = Literal["holds", "reversed", "undecided", "not tested"]
Units = Mapping[tuple[str, str], str]
"""Unit of each metric of each paper."""

TAIL = 0.025
"""Level of each one-sided test: a claim is decided wrongly, either way, in at most 5 % of runs."""


@dataclass(frozen=True)
class Compared:
    """One comparison of a claim.

    Attributes
    ----------
    difference, low, high
        Mean and 95 % interval in the printed unit, positive where the claim is right; None where not tested.
    for_p, against_p
        One-sided p-values of the claim and of its opposite.
    reason
        Why there is no number.
    """

    text: str
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    for_p: float | None = None
    against_p: float | None = None
    patients: int = 0
    seeds: int = 0
    reason: str = ""


@dataclass(frozen=True)
class ClaimVerdict:
    """What becomes of a claim on one set of rows; `not tested` where it has none."""

    claim: Claim
    where: str
    outcome: Outcome
    reason: str
    compared: tuple[Compared, ...]

    def as_json(self) -> dict[str, Any]:
        """What `nsbench claims --json` prints of a claim."""
        claim = self.claim
        return {
            "paper": claim.paper,
            "id": claim.id,
            "quote": claim.quote,
            "source": claim.source,
            "where": self.where or None,
            "outcome": self.outcome,
            "reason": self.reason or None,
            "comparisons": [{**vars(each), "reason": each.reason or None} for each in self.compared],
        }


def one_verdict(claim: Claim, world: World, scores: Scores, units: Units, given: Given) -> ClaimVerdict:
    """Test a claim on the rows of a world.

    Parameters
    ----------
    given
        Margins of the user.
    """
    compared = tuple(_compared(claim, question, world, scores, units, given) for question in asked(claim, world))
    outcome, reason = decide(compared)
    return ClaimVerdict(claim, world.title, outcome, reason, compared)


def decide(compared: Sequence[Compared]) -> tuple[Outcome, str]:
    """All comparisons must come out for a claim to hold; one that comes out the other way reverses it.

    For the second, the level is divided by the number of comparisons (Bonferroni).
    """
    tested = [each for each in compared if not each.reason]
    missing = [each for each in compared if each.reason]
    if not tested:
        kind: Outcome = "undecided" if missing and all(each.patients for each in missing) else "not tested"
        return kind, _listed([each.reason for each in missing])
    if min(each.against_p or 0.0 for each in tested) <= TAIL / len(tested):
        return "reversed", ""
    right = sum((each.for_p or 0.0) <= TAIL for each in tested)
    if right == len(compared):
        return "holds", ""
    gone = f"; {len(missing)} not tested: {missing[0].reason}" if missing else ""
    return "undecided", f"{right} of {len(compared)} comparisons come out as claimed{gone}"


def _listed(reasons: Sequence[str]) -> str:
    first, *others = dict.fromkeys(reasons) or [""]
    return f"{first} (and {len(others)} more)" if others else first


def _compared(claim: Claim, question: Asked, world: World, scores: Scores, units: Units, given: Given) -> Compared:
    metric = _metric(world, question.metric, units)
    if question.missing:
        return Compared(question.text, reason=question.missing)
    if metric is None:
        return Compared(question.text, reason=f"{question.metric} is not measured by a run")
    if one := next(filter(None, (stands.one_cell for _, stands in question.terms)), ""):
        return Compared(question.text, reason=one)
    found = scores.contrast(question.terms, metric)
    if found.estimates is None:
        return Compared(
            question.text, patients=found.patients, seeds=found.seeds, reason=f"not enough data: {found.reason}"
        )
    drawn = found.estimates.draws()[:, 0] + question.constant
    if np.ptp(drawn) == 0:
        return Compared(question.text, patients=found.patients, seeds=found.seeds, reason="not enough data: all equal")
    allowed = margin(world.reported, question.metric, metric, given) if claim.kind == "greater_equal" else 0.0
    low, high = np.quantile(drawn, [TAIL, 1 - TAIL])
    chances = p_values(drawn, claim.kind, claim.by, allowed)
    mean = float(found.estimates.mean[0] + question.constant)
    right, wrong = (float(chance) for chance in chances)
    return Compared(question.text, mean, float(low), float(high), right, wrong, found.patients, found.seeds)


def p_values(drawn: np.ndarray, kind: str, by: float = 0.0, allowed: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """One-sided p-values of a comparison and of its opposite, from draws of the difference.

    Parameters
    ----------
    drawn
        Along the first axis.
    by
        Margin that the claim names.
    allowed
        For `greater_equal`: how much worse still counts as not worse.
    """
    if kind == "similar":
        # two one-sided tests at 5 % each; halved, as they are read at the level of the others
        within = np.maximum(_share(drawn <= -by), _share(drawn >= by)) / 2
        return within, np.minimum(_share(drawn <= by), _share(drawn >= -by))
    bound = by - allowed
    return _share(drawn <= bound), _share(drawn >= bound)


def _share(hits: np.ndarray) -> np.ndarray:
    """Never 0: so many draws cannot show that."""
    return np.asarray((1 + hits.sum(0)) / (1 + len(hits)))


def _metric(world: World, printed: str, units: Units) -> PrintedMetric | None:
    metric = printed_metric(world.reported, printed, units.get((world.reported.paper, printed), ""))
    if metric and metric.name == "pooled.iou":
        # pooled scores have no cases to resample
        return PrintedMetric("iou", metric.scale)
    return metric


def untested(claim: Claim, reason: str) -> ClaimVerdict:
    """A claim for which a run has no rows."""
    return ClaimVerdict(claim, "", "not tested", reason, ())


def verdicts(
    claims: Sequence[Claim], found: Sequence[World], scores: Scores, units: Units, given: Given
) -> Iterator[ClaimVerdict]:
    """Each claim on each world whose mapping names its paper, its dataset and one of its sources."""
    for claim in claims:
        fits = [world for world in found if speaks_of(world, claim)]
        if not fits:
            yield untested(claim, _listed(never(claim)) or "nothing here stands for its rows")
        for world in fits:
            yield one_verdict(claim, world, scores, units, given)


def speaks_of(world: World, claim: Claim) -> bool:
    """Whether a world's mapping is about the claim's tables and figures; a claim of the text fits all of its paper."""
    reported = world.reported
    if (reported.paper, reported.dataset) != (claim.paper, claim.dataset):
        return False
    printed = [source for source in claim.source if source.startswith(("Table", "Fig"))]
    return not printed or any(source in reported.tables for source in claim.source)
