"""Does a paper's claim hold in the numbers that the paper itself reports?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, Literal

from ..errors import UserError
from .claims import Claim, Side
from .reported import parse_setting

LOWER_IS_BETTER = frozenset({"ASD", "ADB", "HDD", "HD95", "RVE", "Dice std", "similarity to M0 (DSC)"})
Outcome = Literal["holds", "contradicted", "no numbers"]
# The papers print at most four decimals; below this two printed differences are the same.
_ROUNDING = 1e-9


def own_outcome(claim: Claim, rows: Sequence[dict[str, Any]]) -> Outcome:
    """Check a claim against reported means; no statistics, the printed order decides.

    Parameters
    ----------
    claim
        The claim; its sides are looked up in the tables that its ``source`` names.
    rows
        Reported numbers as `load_reported` gives them.

    Returns
    -------
    Outcome
        ``no numbers`` where no source of the claim is a table with reported numbers.

    Raises
    ------
    UserError
        Where a side of the claim is not exactly one reported number.
    """
    if not _own_rows(claim, rows):
        return "no numbers"
    return "contradicted" if next(failures(claim, rows), None) else "holds"


def failures(claim: Claim, rows: Sequence[dict[str, Any]]) -> Iterator[str]:
    """The comparisons of a claim that its paper's own numbers contradict, one line each."""
    own = _own_rows(claim, rows)
    for metric in claim.metrics:
        for at in claim.at:
            values = [_value(claim, side, metric, at, own) for side in (claim.subject, *claim.against)]
            for better, worse in _comparisons(claim.kind, values):
                if not _holds(claim, better, worse):
                    place = ", ".join(f"{key}={value}" for key, value in at.items()) or "everywhere"
                    yield f"{metric} ({place}): {_printed(better, metric)} against {_printed(worse, metric)}"


def _own_rows(claim: Claim, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return [row for row in rows if row["paper"] == claim.paper and row["table"] in claim.source]


def _printed(value: float, metric: str) -> str:
    return f"{-value if metric in LOWER_IS_BETTER else value:g}"


def _comparisons(kind: str, values: list[float]) -> Iterator[tuple[float, float]]:
    if kind == "ordered":
        yield from pairwise(values)
    elif kind == "worst":
        yield from ((other, values[0]) for other in values[1:])
    else:
        yield from ((values[0], other) for other in values[1:])


def _holds(claim: Claim, better: float, worse: float) -> bool:
    margin = better - worse
    if claim.kind == "similar":
        return abs(margin) <= claim.by + _ROUNDING
    if claim.kind == "greater_equal":
        return margin >= claim.by - _ROUNDING
    return margin > claim.by + _ROUNDING


def _value(claim: Claim, side: Side, metric: str, at: dict[str, str], rows: Sequence[dict[str, Any]]) -> float:
    """A side's number, turned so that higher is better."""
    if side.value is not None:
        return -side.value if metric in LOWER_IS_BETTER else side.value
    number = _lookup(claim, side, metric, at, rows)
    signed = -number if metric in LOWER_IS_BETTER else number
    return signed - (_value(claim, side.over, metric, at, rows) if side.over else 0.0)


def _lookup(claim: Claim, side: Side, metric: str, at: dict[str, str], rows: Sequence[dict[str, Any]]) -> float:
    wanted = {**at, **side.setting}.items()
    found = [
        row["mean"]
        for row in rows
        if (row["dataset"], row["method"], row["metric"]) == (claim.dataset, side.method, metric)
        and wanted <= parse_setting(row["setting"]).items()
    ]
    if len(found) != 1:
        raise UserError(
            f"claim {claim.id} of {claim.paper}: {len(found)} reported numbers for {metric} of {side.method} "
            f"at {dict(wanted)} on {claim.dataset}; a side must name exactly one"
        )
    return float(found[0])
