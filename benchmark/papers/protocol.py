"""What sets a run's protocol apart from the paper's: as the mapping says, and as the run shows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .select import Stands
from .worlds import World


def differences(world: World, stands: Stands, number: dict[str, Any]) -> Iterator[str]:
    """Data, budget and seeds from the run; then those that the mapping declares; each begins with what it is about."""
    reported, facts = world.reported, stands.facts
    if world.dataset not in reported.datasets:
        yield f"data: {world.dataset} stands in for {reported.dataset}"
    if facts["budget"] != "paper":
        fields = facts["budget_fields"]
        yield f"budget: {facts['budget']}, {fields['updates']} updates ({fields['accounting']})"
    if number["spread"] == "runs" and number["n"] and facts["seeds"] != number["n"]:
        yield f"seeds: {facts['seeds']} for the paper's {number['n']} runs"
    yield from reported.differences


def why_not_comparable(world: World, stands: Stands, number: dict[str, Any]) -> str:
    """Why a number cannot be compared at all; empty where it can."""
    reported = world.reported
    if world.dataset not in reported.datasets:
        return f"data: {world.dataset} is not the paper's {reported.dataset}"
    return reported.not_comparable.get(number["metric"], reported.not_comparable.get("all", ""))
