"""Everything that is said of a run against the papers: claims, numbers, orders, significance marks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..registry import Registries
from ..report.claims import load_claims
from ..report.reported import load_reported
from ..stats.records import Records
from ..store import Store
from .claim_verdicts import ClaimVerdict, verdicts
from .contrast import Scores
from .mappings import mappings_of
from .marks import Mark, marks
from .number_verdicts import NumberVerdict, number_verdicts
from .order import Order, TableOrder, orders, table_orders
from .shown import is_table
from .worlds import worlds


@dataclass(frozen=True)
class Assessment:
    """What becomes of the papers' words and numbers in a run.

    Attributes
    ----------
    claims
        Every claim of the wanted papers, once for each set of rows that can speak to it.
    numbers
        Every reported number that a row stands for.
    orders
        Kendall's tau of each table at each setting.
    table_orders
        That of each table.
    marks
        The papers' marks of significance, by the test that the paper used.
    """

    claims: list[ClaimVerdict]
    numbers: list[NumberVerdict]
    orders: list[Order]
    table_orders: list[TableOrder]
    marks: list[Mark]

    @property
    def reversed(self) -> bool:
        """Whether the opposite of any claim was shown."""
        return any(each.outcome == "reversed" for each in self.claims)

    def as_json(self) -> dict[str, Any]:
        """What `nsbench claims --json` prints."""
        return {name: [each.as_json() for each in found] for name, found in vars(self).items()}


def printed_units(paper: str | None = None) -> dict[tuple[str, str], str]:
    """Unit of each metric of each paper: that of its tables, which come before numbers of the running text."""
    found: dict[tuple[str, str], str] = {}
    for row in load_reported(paper):
        found.setdefault((row["paper"], row["metric"]), row["unit"])
    return found


def assess(
    store: Store,
    registries: Registries | None = None,
    paper: str | None = None,
    margins: Mapping[str, float] | None = None,
    fixed_seeds: bool = False,
) -> Assessment:
    """Test a run against the papers.

    Parameters
    ----------
    paper
        Only this one's; None: all, of a run of a paper's table that paper's.
    margins
        By metric as printed, in the printed unit; they go before those of the spec and the defaults.
    fixed_seeds
        Take the trained models as they are: nothing is then said of other training runs.

    Raises
    ------
    UserError
        The folder holds no plan; an unknown paper.
    """
    records = Records.of(store, registries)
    spec = records.plan["spec"]
    paper = paper or (spec["paper"] if is_table(spec) else None)
    claims = load_claims(paper)
    scores, given = Scores(records, fixed_seeds), dict(margins or {})
    found = [world for reported in mappings_of(records.plan, paper) for world in worlds(records.rows, reported)]
    numbers = list(number_verdicts(found, scores, given))
    tested = list(verdicts(claims, found, scores, printed_units(paper), given))
    ordered = orders(numbers)
    return Assessment(tested, numbers, ordered, table_orders(ordered), list(marks(found, scores)))
