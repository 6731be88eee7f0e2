"""The parameters of erode-dilate as a user writes them."""

from __future__ import annotations

from typing import Any

import pytest

from nsbench.benchmark.errors import UserError
from nsbench.benchmark.registry import Registry


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"radius": "9..3"}, "'radius' = '9..3': the low end 9 exceeds the high end 3"),
        ({"radius": -2}, "'radius' = -2: the low end -2 is negative"),
        ({"radius": "wide"}, "'wide' is no range: write a number"),
        ({"unit": "cm"}, "'unit' = 'cm': Input should be 'voxel' or 'mm'"),
        ({"erode_probability": 1.5}, "erode_probability"),
        ({"axis": 3}, "axis"),
        ({"per": "slice", "mode": "volume"}, "per = slice needs mode = slice"),
        ({"preset": "pint", "radius": "3..9"}, "preset pint fixes radius = (3.125, 11.25)"),
        ({"preset": "pint", "mode": "volume"}, "preset pint fixes mode = slice"),
        ({"raduis": 3}, "did you mean radius"),
    ],
)
def test_bad_parameters_are_refused_by_name(values: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError) as error:
        Registry[Any]("noise").get("erode-dilate").validate(values)
    assert message in str(error.value)


def test_parameters_survive_their_own_json() -> None:
    plugin = Registry[Any]("noise").get("erode-dilate")
    for values in ({}, {"preset": "pint"}, {"radius": "3..9", "per": "slice"}):
        params = plugin.validate(values)
        assert plugin.validate(params.model_dump(mode="json")) == params
