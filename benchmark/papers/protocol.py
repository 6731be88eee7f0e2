"""What sets a run's protocol apart from the paper's: as the mapping says, and as the run shows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .select import Stands
from .worlds import World

_COMPARED = ("network", "view", "selection")


def differences(world: World, stands: Stands, number: dict[str, Any]) -> Iterator[str]:
    """What the run shows, held against the mapping; then what that declares; each begins with what it is about."""
    reported, facts = world.reported, stands.facts
    if world.dataset not in reported.datasets:
        yield f"data: {world.dataset} stands in for {reported.dataset}"
    for name in _COMPARED:
        theirs, ours = getattr(reported, name), facts[name]
        if theirs is not None and ours != theirs:
            yield f"{name}: {ours} for the paper's {theirs}"
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
