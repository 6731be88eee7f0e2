"""Short forms."""

from __future__ import annotations

import pytest

from nsbench.benchmark.spec.text import parse_choices, parse_datasets, parse_roots, parse_setting


def test_dataset_forms() -> None:
    assert parse_datasets("la@la-half")[0] == {"dataset": "la", "task": None, "folder": "la-half", "params": {}}
    both = parse_datasets("phantom:lesions,cases=4,jsrt:heart@old/copy")
    assert [(d["dataset"], d["task"], d["folder"]) for d in both] == [
        ("phantom", "lesions", None),
        ("jsrt", "heart", "old/copy"),
    ]
    assert both[0]["params"] == {"cases": 4}


def test_values_are_yaml_and_ranges_stay_text() -> None:
    found = parse_choices("erode-dilate,radius=3..9,unit=mm,axis=-1,sides=[1, 2],none")
    assert found[0]["params"] == {"radius": "3..9", "unit": "mm", "axis": -1, "sides": [1, 2]}
    assert found[1] == {"name": "none", "params": {}}
    nested = parse_choices("stso,superclasses=[[a, b],[c]],by={x: [1,2]},ce")
    assert nested[0]["params"] == {"superclasses": [["a", "b"], ["c"]], "by": {"x": [1, 2]}}
    assert nested[1]["name"] == "ce"


def test_setting_splits_at_the_last_dot() -> None:
    assert parse_setting("nr-1.5.gamma=1.5") == ("nr-1.5", "gamma", 1.5)
    assert parse_roots(["la=/a", "/b=c"]) == {"la": "/a", "/b": "c"}


@pytest.mark.parametrize("text", ["", "ce,", "gamma=1", "ce,gamma=", "ce,gamma=1,gamma=2"])
def test_refused_choices(text: str) -> None:
    with pytest.raises(ValueError, match=r"empty|no name before|no parameter|twice"):
        parse_choices(text)


@pytest.mark.parametrize("text", ["gamma=1", "nr-dice.gamma", "nr-dice.=1", "nr-dice.gamma="])
def test_refused_settings(text: str) -> None:
    with pytest.raises(ValueError, match=r"METHOD\.PARAM=VALUE"):
        parse_setting(text)


@pytest.mark.parametrize("text", [":heart", "a:b:c", "a@"])
def test_refused_datasets(text: str) -> None:
    with pytest.raises(ValueError, match="ID:TASK"):
        parse_datasets(text)
