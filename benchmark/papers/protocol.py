"""What sets a run's protocol apart from the paper's: as the mapping says, and as the run shows."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from ..budget import resolve_budget
from ..errors import UserError
from .catalogue import find_table
from .select import Stands
from .shown import declared_specs
from .worlds import World

_COMPARED = ("network", "view", "selection")


def differences(world: World, stands: Stands, number: dict[str, Any]) -> Iterator[str]:
    """What the run shows, held against the mapping; then what that declares; each begins with what it is about."""
    reported, facts, budget = world.reported, stands.facts, tuple(_budget(world, stands))
    if world.dataset not in reported.datasets:
        yield f"data: {world.dataset} stands in for {reported.dataset}"
    for name in _COMPARED:
        theirs, ours = getattr(reported, name), facts[name]
        if theirs is not None and ours != theirs:
            yield f"{name}: {ours} for the paper's {theirs}"
    yield from budget
    if number["spread"] == "runs" and number["n"] and facts["seeds"] != number["n"]:
        yield f"seeds: {facts['seeds']} for the paper's {number['n']} runs"
    yield from reported.differences_but({*(["budget"] if budget else []), *(["data"] if _stands_in(world) else [])})


def _stands_in(world: World) -> bool:
    """Whether a table was run on other data than its spec names."""
    reported = world.reported
    return reported.methods_are == "labels" and world.dataset not in _declared_datasets(
        reported.paper, reported.tables[0]
    )


def _budget(world: World, stands: Stands) -> Iterator[str]:
    """Another budget by its name, or the fields in which it is not one of the paper's table: those of the closest."""
    name, ours = stands.facts["budget"], stands.facts["budget_fields"]
    theirs = _declared_budgets(world.reported.paper, world.reported.tables[0], len(ours["patch"]))
    if name != "paper" or not theirs:
        limit = ours.get("case_limit")
        few = f", at most {limit} training and {limit} test cases" if limit else ""
        yield f"budget: {name}, {ours['updates']} updates ({ours['accounting']}){few}"
        return
    apart = [[field for field in each if _plain(each[field]) != _plain(ours.get(field))] for each in theirs]
    if fields := min(apart, key=len):
        closest = theirs[apart.index(fields)]
        listed = [f"{field} {_plain(ours.get(field))} for the paper's {_plain(closest[field])}" for field in fields]
        yield f"budget: {', '.join(listed)}"


@lru_cache(maxsize=64)
def _declared_budgets(paper: str, table: str, ndim: int) -> tuple[dict[str, Any], ...]:
    """Those of the parts of a paper's table, for patches of so many sides; none where a part's have others."""
    specs = [loaded.spec for loaded in declared_specs(find_table(paper, table), stands_in=False).values()]
    try:
        found = [resolve_budget(spec.budget.base, ndim, dict(spec.budget.overrides)) for spec in specs]
    except UserError:
        return ()
    return tuple(budget.model_dump(mode="json") for budget in found)


@lru_cache(maxsize=64)
def _declared_datasets(paper: str, table: str) -> frozenset[str]:
    """Labels of the datasets that the parts of a paper's table name."""
    declared = find_table(paper, table)
    specs = declared_specs(declared, stands_in=False)
    named = [specs[part.name].spec for part in declared.table.parts if not part.unavailable]
    return frozenset(choice.label for spec in named for choice in spec.datasets)


def _plain(value: Any) -> Any:
    """Records and specs hold sides as lists and as tuples."""
    return "x".join(map(str, value)) if isinstance(value, list | tuple) else value


def why_not_comparable(world: World, stands: Stands, number: dict[str, Any]) -> str:
    """Why a number cannot be compared at all; empty where it can."""
    reported = world.reported
    if world.dataset not in reported.datasets:
        return f"data: {world.dataset} is not the paper's {reported.dataset}"
    return reported.not_comparable.get(number["metric"], reported.not_comparable.get("all", ""))
