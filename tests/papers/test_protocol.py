"""What sets a run apart from a paper's protocol, told from the run."""

from __future__ import annotations

from typing import Any

import pytest

from nsbench.benchmark.budget import resolve_budget
from nsbench.benchmark.papers.catalogue import find_table
from nsbench.benchmark.papers.mapping import Reported
from nsbench.benchmark.papers.mappings import defaults
from nsbench.benchmark.papers.protocol import differences
from nsbench.benchmark.papers.select import Stands
from nsbench.benchmark.papers.worlds import World

NUMBER = {"spread": "", "n": None}
OWN = {"network": "vnet", "view": "3d", "selection": "last"}


def budget(**changes: Any) -> dict[str, Any]:
    """That of PINT's Table 1, as a row has it."""
    return resolve_budget("paper", 3, {"foreground": 0, **changes}).model_dump(mode="json")


def said(reported: Reported, **facts: Any) -> list[str]:
    """The differences of a run of the paper's own budget and data."""
    own: dict[str, Any] = {"dataset": reported.datasets[0], "budget": "paper", "budget_fields": budget(), "seeds": 3}
    stands = Stands(own | facts, "V-net", {}, None, None)
    return list(differences(World("", reported, (stands,)), stands, NUMBER))


@pytest.fixture
def la() -> Reported:
    """The mapping of PINT's Table 1 for any run."""
    return next(each for each in defaults() if (each.paper, each.dataset) == ("pint", "LA"))


def test_another_network_view_and_selection_are_told_from_the_run(la: Reported) -> None:
    strict = la.model_copy(update={"selection": "last"})
    found = said(strict, network="unet", view="2d", selection="best-clean-val")
    assert found[:3] == [
        "network: unet for the paper's vnet",
        "view: 2d for the paper's 3d",
        "selection: best-clean-val for the paper's last",
    ]


def test_a_budget_that_is_called_the_papers_and_is_not_is_told(la: Reported) -> None:
    short = budget(updates=10, patch=(64, 64, 48))
    (told,) = (text for text in said(la, **OWN, budget_fields=short) if text.startswith("budget"))
    assert told == "budget: updates 10 for the paper's 6000, patch 64x64x48 for the paper's 112x112x80"
    two_phases = budget(updates=8000)
    assert not [text for text in said(la, **OWN, budget_fields=two_phases) if text.startswith("budget")]
    assert "budget: quick, 10 updates (total)" in said(la, **OWN, budget="quick", budget_fields=short)
    few = said(la, **OWN, budget="smoke", budget_fields=short | {"case_limit": 6})
    assert "budget: smoke, 10 updates (total), at most 6 training and 6 test cases" in few


def test_what_was_declared_of_the_papers_data_and_budget_is_not_said_of_others() -> None:
    """The published split of `la` is none of a stand-in's; 6000 updates are none of a quick run's."""
    own = find_table("pint", "1").table.reported
    assert {text.partition(":")[0] for text in own.differences} >= {"data", "budget", "network"}
    assert set(said(own, **OWN)) == set(own.differences)
    other = said(own, **OWN, dataset="la@la-half", budget="quick")
    assert [text for text in other if text.startswith(("data", "budget"))] == [
        "data: la@la-half stands in for LA",
        "budget: quick, 6000 updates (total)",
    ]
    assert set(own.differences) - set(other) == {text for text in own.differences if text[:4] in ("data", "budg")}


def test_the_papers_own_network_is_no_difference(la: Reported) -> None:
    found = said(la, network="vnet", view="3d", selection="best-clean-val")  # PINT does not say how it selects
    assert not [text for text in found if text.startswith(("network", "view", "selection"))]
