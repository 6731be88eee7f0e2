"""What sets a run apart from a paper's protocol, told from the run."""

from __future__ import annotations

from typing import Any

import pytest

from nsbench.benchmark.papers.mapping import Reported
from nsbench.benchmark.papers.mappings import defaults
from nsbench.benchmark.papers.protocol import differences
from nsbench.benchmark.papers.select import Stands
from nsbench.benchmark.papers.worlds import World

NUMBER = {"spread": "", "n": None}


def said(reported: Reported, **facts: Any) -> list[str]:
    """The differences of a run of the paper's own budget and data."""
    stands = Stands({"dataset": reported.datasets[0], "budget": "paper", "seeds": 3, **facts}, "V-net", {}, None, None)
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


def test_the_papers_own_network_is_no_difference(la: Reported) -> None:
    found = said(la, network="vnet", view="3d", selection="best-clean-val")  # PINT does not say how it selects
    assert not [text for text in found if text.startswith(("network", "view", "selection"))]
