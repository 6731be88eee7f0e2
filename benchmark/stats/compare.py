"""All that is said of the methods of one table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import UserError, nearest
from ..metrics import METRICS
from ..report.ranking import tables
from ..report.rows import Row
from ..report.sections import heading
from .pairs import Pair, against, all_pairs
from .panel import Panel
from .ranks import Place, places
from .records import Records


@dataclass(frozen=True)
class Comparison:
    """The methods of one table of a leaderboard.

    Attributes
    ----------
    row
        One of its rows, for what they have in common.
    places
        Best first; methods whose cells are not all done come last, with the reason.
    pairs
        Every two methods; Holm's correction over all of them.
    baseline
        Every method less the baseline; Holm's correction over these. Empty without one.
    """

    row: Row
    metric: str
    places: list[Place]
    pairs: list[Pair]
    baseline: list[Pair]

    @property
    def title(self) -> str:
        """Dataset, supervision and protocol."""
        settings = (self.row.setting(name) for name in ("network", "view", "budget", "selection"))
        knows = "" if self.row.facts["knows"] == "blind" else f"; methods that know more: {self.row.facts['knows']}"
        return f"{heading(self.row)} ({'; '.join(settings)}{knows})"

    def as_json(self) -> dict[str, Any]:
        """What `nsbench stats --json` prints of a table."""
        names = ("dataset", "supervision", "noise", "ratio", "network", "network_params", "view", "budget", "selection")
        return {
            **{name: self.row.facts[name] for name in names},
            "knows": self.row.facts["knows"],
            "metric": self.metric,
            "ranks": [place.as_json() for place in self.places],
            "pairs": [pair.as_json() for pair in self.pairs],
            "baseline": [pair.as_json() for pair in self.baseline],
        }


def compare(
    records: Records, metric: str = "dice", baseline: str | None = None, fixed_seeds: bool = False
) -> list[Comparison]:
    """One comparison per table, in the plan's order.

    Parameters
    ----------
    baseline
        Label of a row; tables without it have no tests against it.
    fixed_seeds
        Take the trained models as they are: nothing is then said of other training runs.

    Raises
    ------
    UserError
        An unknown metric, or a baseline that no table has.
    """
    if metric not in METRICS:
        raise UserError(f"--metric {metric}: {nearest(metric, list(METRICS))}")
    labels = sorted({row.facts["method"] for row in records.rows})
    if baseline is not None and baseline not in labels:
        raise UserError(f"--baseline {baseline}: {nearest(baseline, labels)}")
    return [_compare(records, rows, metric, baseline, fixed_seeds) for rows in tables(records.rows).values()]


def _compare(records: Records, rows: Sequence[Row], metric: str, baseline: str | None, fixed_seeds: bool) -> Comparison:
    complete = [row for row in rows if row.complete]
    scores = records.together(complete, metric) if complete else None
    panel = Panel.of(scores) if scores is not None and len(scores) else None
    ranked = places(panel, METRICS[metric], fixed_seeds) if panel else []
    ranked += [Place(row.facts["method"], reason=_unfinished(row)) for row in rows if not row.complete]
    pairs = all_pairs(panel, fixed_seeds) if panel else []
    known = panel is not None and baseline in panel.methods
    own = against(panel, baseline, fixed_seeds) if known and panel and baseline else []
    return Comparison(rows[0], metric, ranked, pairs, own)


def _unfinished(row: Row) -> str:
    return f"{row.facts['cells_done']} of {row.facts['cells_planned']} cells are done"
