"""What a paper claims of a parameter's best value, and what was found here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..errors import UserError, nearest
from ..report.claims import Claim, load_claims
from ..report.text import escape, points
from .results import TrialRow


def find_claim(text: str) -> Claim:
    """The claim `PAPER/ID`; UserError when there is none."""
    paper, _, name = text.partition("/")
    claims = {claim.id: claim for claim in load_claims(paper)}
    if name not in claims:
        raise UserError(f"claims: {paper} has no claim {name!r}; {nearest(name, list(claims))}")
    return claims[name]


def verdict(claim: Claim, rows: Sequence[TrialRow]) -> str:
    """The quote, and in plain words whether the value that it names is the best here."""
    quote = f"> {claim.quote}\n>\n> {claim.paper}, {', '.join(claim.source)} ({claim.dataset})"
    claimed = {name: float(value) for name, value in claim.subject.setting.items() if name in rows[0].params}
    if claim.kind != "best" or not claimed:
        return f"{quote}\n\nThe claim is not about the best value of a parameter that was tuned here."
    text = ", ".join(f"{name} = {value:g}" for name, value in claimed.items())
    found = next((row for row in rows if _matches(row.params, claimed)), None)
    if found is None:
        return f"{quote}\n\n{text} was not tried here, so nothing is said of it."
    return f"{quote}\n\n{_words(text, found, rows)}"


def _matches(params: dict[str, Any], claimed: dict[str, float]) -> bool:
    return all(abs(params[name] - value) < 1e-9 for name, value in claimed.items())


def _words(text: str, found: TrialRow, rows: Sequence[TrialRow]) -> str:
    best = rows[0]
    if found is best:
        others = [row for row in rows[1:] if row.tied is not False]
        doubt = f", but not told apart from {len(others)} of the {len(rows) - 1} others" if others else ""
        return f"**Here {escape(text)} is the best of {len(rows)} values as well**{doubt}."
    gap = points(best.dice - found.dice)
    values = ", ".join(f"{name} = {value:g}" for name, value in best.params.items())
    told = {True: "the two are not told apart", False: "the two are told apart", None: "too few patients to tell"}
    return (
        f"**Here {escape(values)} scores highest; {escape(text)} is {gap} points of Dice behind** "
        f"({told[found.tied]} by the 95 % interval of their paired difference)."
    )
