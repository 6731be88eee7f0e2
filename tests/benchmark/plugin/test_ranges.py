"""The forms of a range parameter."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError

from nsbench.benchmark.plugin import Params, param
from nsbench.benchmark.plugin.ranges import NonNegativeRange, Range, parse_range


class Model(Params):
    angle: Range = param((-30.0, 30.0), unit="degree")
    radius: NonNegativeRange = param("2..5", unit="voxel")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (4, (4, 4)),
        (2.5, (2.5, 2.5)),
        ("5", (5, 5)),
        ("3..9", (3, 9)),
        (" 2.5 .. 9e0 ", (2.5, 9)),
        ("-30..-2.5", (-30, -2.5)),
        ([3, 9], (3, 9)),
        ((0, 0), (0, 0)),
    ],
)
def test_forms(value: Any, expected: tuple[float, float]) -> None:
    assert parse_range(value) == expected
    assert Model(angle=value).angle == expected


@pytest.mark.parametrize(
    "value",
    ["", "a..b", "3..", "1..2..3", "9..3", [1, 2, 3], [1], [], True, [0, True], None, "nan", "0..inf", {}, "[3, 9]"],
)
def test_everything_else_is_refused(value: Any) -> None:
    with pytest.raises(ValidationError, match=r"low\.\.high"):
        Model(angle=value)


def test_a_range_that_may_not_be_negative() -> None:
    assert Model().radius == (2, 5)
    with pytest.raises(ValidationError, match="-1 is negative"):
        Model.model_validate({"radius": "-1..2"})


def test_json_is_a_pair_and_the_schema_offers_every_form() -> None:
    model = Model.model_validate({"radius": "3..9"})
    assert json.loads(model.model_dump_json())["radius"] == [3, 9]
    assert Model.model_validate_json(model.model_dump_json()) == model
    types = {form["type"] for form in Model.model_json_schema()["properties"]["radius"]["anyOf"]}
    assert types == {"number", "array", "string"}
