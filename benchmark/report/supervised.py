"""What a leaderboard says of few labels and of transferred ones."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from ..errors import UserError
from ..registry import Registries

if TYPE_CHECKING:
    from .rows import Row

BOUNDS = {"lower": "lower bound", "upper": "upper bound"}
"""Methods that learn from the labeled cases alone, of which there are some, or all."""


def supervision_facts(supervision: dict[str, Any], facts: dict[str, Any], registries: Registries) -> dict[str, Any]:
    """`labeled`, `unlabeled` and `source` of a row, null where they mean nothing, and its `bound`.

    Parameters
    ----------
    supervision
        As in a cell's identity.
    facts
        The row's other facts, among them the method's `plugin` and how many cases were labeled.
    """
    source = supervision.get("source")
    return {
        "labeled": supervision.get("labeled"),
        "unlabeled": supervision.get("unlabeled"),
        "source": f"{source['name']}:{source['task']}" if source else None,
        "bound": _bound(supervision, facts, registries),
    }


def _bound(supervision: dict[str, Any], facts: dict[str, Any], registries: Registries) -> str | None:
    """`lower` or `upper` for a method that uses no unlabeled image; None for others, and where labels are noisy."""
    if supervision["kind"] == "noisy":
        return None
    try:
        attributes = registries.methods.get(facts["plugin"]).attributes
    except UserError:
        return None
    if attributes.get("knows", "blind") == "scarce" and attributes.get("needs_unlabeled", True):
        return None
    share, pool = supervision.get("labeled"), facts["pool_cases"]
    whole = isinstance(share, float) and share == 1.0
    # a count, or a share that is rounded, may be every case; which is known when cells are finished
    return "upper" if whole or (pool and facts["labeled_cases"] == pool) else "lower"


def named(row: Row) -> str:
    """The method, with what bound it is."""
    bound = row.facts["bound"]
    return f"{row.facts['method']} ({BOUNDS[bound]})" if bound else str(row.facts["method"])


def share(labeled: float | None) -> str:
    """A share of labels: `20 %`, or a count: `20 cases`."""
    if labeled is None:
        return "-"
    if isinstance(labeled, int):
        return f"{labeled} case{'' if labeled == 1 else 's'}"
    return f"{100 * labeled:g} %"


def right_labels(row: Row) -> float:
    """Share (0..1) of the training cases that have a right label of their own; 0 where labels are another dataset's."""
    facts = row.facts
    if facts["supervision"] == "noisy":
        return 1.0 - float(facts["ratio"])
    if facts["labeled"] is None:
        return 0.0
    return float(facts["labeled_cases"] / (facts["pool_cases"] or facts["train_cases"]))


def upper_bounds(rows: Iterable[Row], of: Row) -> list[Row]:
    """Complete rows with all labels that bound a section's rows from above: same dataset, same protocol."""
    names = ("network", "view", "budget", "selection")
    wanted = [of.facts["dataset"], *map(of.setting, names)]
    return [
        row
        for row in rows
        if row.facts["bound"] == "upper"
        and row.section != of.section
        and row.dice is not None
        and [row.facts["dataset"], *map(row.setting, names)] == wanted
    ]


def question(rows: Sequence[Row]) -> str | None:
    """What a leaderboard without noise asks; None for one of noise."""
    kinds = {row.facts["supervision"] for row in rows}
    if "transfer" in kinds:
        sources = ", ".join(dict.fromkeys(row.facts["noise"] for row in rows))
        return f"when all labels are of another dataset ({sources})"
    if "scarce" in kinds:
        shares = ", ".join(dict.fromkeys(share(row.facts["labeled"]) for row in rows))
        return f"when few training cases are labeled ({shares})"
    return None
