"""Methods that name another one: its code and its parameters count, and wrong names are told while planning."""

from __future__ import annotations

from typing import Any

import pytest

from nsbench.benchmark.registry import Registries
from nsbench.benchmark.spec.params import choose
from nsbench.benchmark.spec.where import FieldError

METHODS = Registries().methods


def code(**params: Any) -> str:
    return choose(METHODS, "model-distillation", params, ("methods", 0)).code


def test_the_wrapped_methods_code_is_part_of_the_identity() -> None:
    assert code(retrain="ce") != code(retrain="co-teaching")
    assert code(retrain="ce") == code()
    assert code() != METHODS.get("model-distillation").digest
    assert choose(METHODS, "ce", {}, ()).code == METHODS.get("ce").digest, "ids of other methods stay"


@pytest.mark.parametrize(
    ("params", "field", "message"),
    [
        ({"retrain": "tsmann"}, "retrain", "unknown method 'tsmann'"),
        ({"retrain": "tsman", "retrain_params": {"f5": True}}, "retrain_params", "unknown parameter 'f5'"),
    ],
)
def test_what_is_wrong_is_told_at_its_field(params: dict[str, Any], field: str, message: str) -> None:
    with pytest.raises(FieldError, match=message) as caught:
        code(**params)
    assert caught.value.loc == ("methods", 0, "params", field)
