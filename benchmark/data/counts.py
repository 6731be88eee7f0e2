"""How many cases are labeled."""

from __future__ import annotations

from ..errors import UserError


def rounded(value: float) -> int:
    """To the nearest whole number, a half up."""
    return int(value + 0.5 + 1e-9)


def labeled_count(cases: int, wanted: float) -> int:
    """How many of the cases a fraction, a half rounded up, or a count (int) labels.

    Raises
    ------
    UserError
        It leaves no case, or there are not so many.
    """
    if isinstance(wanted, int):
        if wanted > cases:
            raise UserError(f"{wanted} labeled cases are wanted, but only {cases} train; lower labeled")
        return wanted
    count = rounded(wanted * cases)
    if not count:
        raise UserError(f"{100 * wanted:g} % of {cases} training cases is no case; raise labeled to {1 / cases:.2g}")
    return count
