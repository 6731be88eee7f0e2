"""From the words of a claim to rows of a run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

from ..report.claims import Claim, Side
from ..report.own_numbers import LOWER_IS_BETTER
from .contrast import Term
from .select import Stands
from .worlds import World


@dataclass(frozen=True)
class Asked:
    """One comparison of a claim: is this sum above 0 (after `constant`)?

    Attributes
    ----------
    text
        `Dice (ratio=50%): PINT against PNT`.
    terms
        Turned so that more is better for the claim's subject.
    missing
        What no row stands for, or can stand for; empty where all is there.
    """

    metric: str
    text: str
    terms: tuple[Term, ...]
    constant: float
    missing: str = ""


def asked(claim: Claim, world: World) -> Iterator[Asked]:
    """All comparisons that must come out for the claim to hold."""
    for metric, at, better, worse in _comparisons(claim):
        found = _comparison(world, metric, at, better, worse)
        why = _never(claim, metric, at, better, worse)
        yield replace(found, terms=(), missing=why) if why else found


def never(claim: Claim) -> list[str]:
    """Why no run can test it, one reason for each comparison; empty where a run can test some of them."""
    reasons = [_never(claim, *compared) for compared in _comparisons(claim)]
    return reasons if all(reasons) else []


def _comparisons(claim: Claim) -> Iterator[tuple[str, dict[str, str], Side, Side]]:
    for metric in claim.metrics:
        for at in claim.at:
            for better, worse in _sides(claim):
                yield metric, at, better, worse


def _never(claim: Claim, metric: str, at: dict[str, str], *sides: Side) -> str:
    words = {metric, *_words(at), *(word for side in sides for word in _said(side))}
    found = (f"no run can test it: {word}: {why}" for word, why in claim.never.items() if word in words)
    return next(found, "")


def _said(side: Side) -> Iterator[str]:
    yield from [*_words(side.setting), *([side.method] if side.method else [])]
    if side.over:
        yield from _said(side.over)


def _words(setting: dict[str, str]) -> list[str]:
    return [f"{key}={value}" for key, value in setting.items()]


def _sides(claim: Claim) -> Iterator[tuple[Side, Side]]:
    """The better and the worse side of each comparison, as the claim has it."""
    if claim.kind == "ordered":
        yield from pairwise((claim.subject, *claim.against))
    elif claim.kind == "worst":
        yield from ((other, claim.subject) for other in claim.against)
    else:
        yield from ((claim.subject, other) for other in claim.against)


def _comparison(world: World, metric: str, at: dict[str, str], better: Side, worse: Side) -> Asked:
    sign = -1.0 if metric in LOWER_IS_BETTER else 1.0
    place = ", ".join(_words(at))
    text = f"{metric}{f' ({place})' if place else ''}: {_name(better)} against {_name(worse)}"
    try:
        terms = (*_terms(world, better, at, sign), *_terms(world, worse, at, -sign))
    except LookupError as error:
        return Asked(metric, text, (), 0.0, str(error.args[0]))
    return Asked(metric, text, terms, sign * ((better.value or 0.0) - (worse.value or 0.0)))


def _name(side: Side) -> str:
    if side.method is None:
        return f"{side.value:g}"
    setting = ", ".join(_words(side.setting))
    name = f"{side.method} [{setting}]" if setting else side.method
    return f"gain of {name} over {_name(side.over)}" if side.over else name


def _terms(world: World, side: Side, at: dict[str, str], factor: float) -> Iterator[Term]:
    if side.method is None:
        return
    yield factor, _find(world, side.method, {**at, **side.setting})
    if side.over:
        yield from _terms(world, side.over, at, -factor)


def _find(world: World, method: str, wanted: dict[str, str]) -> Stands:
    """The row of a method at a setting; of several, the one that says the least more than was asked for."""
    fits = [each for each in world.stands if each.method == method and wanted.items() <= each.setting.items()]
    place = " at " + ", ".join(_words(wanted)) if wanted else ""
    if not fits:
        raise LookupError(f"no row stands for {method}{place}")
    least = min(len(each.setting) for each in fits)
    closest = [each for each in fits if len(each.setting) == least]
    if len({(each.facts["unit"], each.only, each.group) for each in closest}) > 1:
        raise LookupError(f"several rows stand for {method}{place}")
    return closest[0]
