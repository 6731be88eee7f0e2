"""Which rows of a leaderboard stand for which reported numbers."""

from __future__ import annotations

from typing import Any

import pytest

from nsbench.benchmark.papers.mapping import Reported
from nsbench.benchmark.papers.select import matches, stand_for

FACTS: dict[str, Any] = {
    "method": "nr-dice, gamma 1.5",
    "plugin": "nr-dice",
    "ratio": 0.25,
    "network": "cople-net",
    "network_params": {"aspp": False, "width": None},
    "params": {"gamma": 1.5, "retrain_params": {"f1": False}},
}


@pytest.mark.parametrize(
    ("wanted", "fits"),
    [
        ({}, True),
        ({"ratio": 0.25}, True),
        ({"ratio": (0.5, 0.25)}, True),
        ({"ratio": ">0"}, True),
        ({"ratio": "<0.25"}, False),
        ({"network": "COPLE-Net"}, True),
        ({"network_params.aspp": "false"}, True),
        ({"network_params.aspp": 0.0}, False),
        ({"params.retrain_params.f1": "false"}, True),
        ({"params.gamma.f1": "false"}, False),
        ({"params.gamma": 1.5, "ratio": 0.5}, False),
        ({"params.q": 0.7}, False),
        ({"labeled": 0.25}, False),
    ],
)
def test_facts_are_compared(wanted: dict[str, Any], fits: bool) -> None:
    assert matches(FACTS, wanted) is fits


def test_methods_are_crossed_with_settings() -> None:
    reported = Reported.model_validate(
        {
            "paper": "cople",
            "tables": ["Table II"],
            "dataset": "COVID-19 CT",
            "methods": {
                "nr-dice, gamma 1.5": [
                    {"method": "COPLE-Net (-A)", "rows": {"network_params.aspp": "false"}},
                    {"method": "COPLE-Net", "rows": {"network_params.aspp": "true"}},
                ],
                "ce": "CE",
            },
            "at": [
                {"rows": {"ratio": 0.25}, "setting": {"ratio": "25%"}},
                {"rows": {"ratio": 0.25}, "setting": {"ratio": "25%", "class": "lesion"}, "only": "lesion"},
                {"rows": {"ratio": 0.5}, "setting": {"ratio": "50%"}},
            ],
        }
    )
    found = [(each.method, each.setting, each.only) for each in stand_for([FACTS], reported)]
    assert found == [
        ("COPLE-Net (-A)", {"ratio": "25%"}, None),
        ("COPLE-Net (-A)", {"ratio": "25%", "class": "lesion"}, "lesion"),
    ]


def test_rows_may_be_named_by_plugin() -> None:
    reported = Reported.model_validate(
        {"paper": "cople", "tables": ["Table I"], "dataset": "x", "methods": {"nr-dice": "NR-Dice"}}
        | {"methods_are": "plugins"}
    )
    assert [each.method for each in stand_for([FACTS], reported)] == ["NR-Dice"]
