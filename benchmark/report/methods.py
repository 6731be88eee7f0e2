"""The methods of a leaderboard: what each is, with which parameters, and what was left out."""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import UserError
from ..registry import Registries
from .rows import Row
from .text import NOTHING, by_reason, escape, settings, table


def methods(rows: Sequence[Row], registries: Registries) -> str:
    """One line per method label and set of parameters."""
    found: dict[tuple[str, ...], None] = {}
    for row in rows:
        facts = row.facts
        found[facts["method"], facts["plugin"], settings(facts["params"]), facts["knows"]] = None
    heads = ["Method", "What it is", "Citation", "Parameters", "Knows"]
    lines = []
    for label, plugin, params, knows in sorted(found):
        lines.append([escape(label), *_about(plugin, registries), escape(params) or NOTHING, knows])
    return table(heads, lines, left=len(heads))


def left_out(reasons: Sequence[str]) -> str:
    """Methods that were asked for and cannot be compared here."""
    return "\n".join(["Left out:", "", *(f"- {escape(line)}" for line in by_reason(reasons))]) if reasons else ""


def _about(plugin: str, registries: Registries) -> tuple[str, str]:
    try:
        declared = registries.methods.get(plugin).declared
    except UserError:
        return "not installed here", NOTHING
    return escape(declared.summary), escape(str(declared.attributes.get("citation", NOTHING)))
