"""Where parameters are searched, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from nsbench.benchmark.errors import UserError
from nsbench.benchmark.registry import Registries
from nsbench.benchmark.tuning.space import Dimension, grid
from nsbench.benchmark.tuning.tune import tune_targets

from .conftest import Spec


def dimensions(spec: Spec, registries: Registries, tune: dict[str, Any], **fields: Any) -> tuple[Dimension, ...]:
    return tune_targets(spec(tune, **fields), registries)[1][0].dimensions


def test_the_declaration_gives_range_scale_and_default(spec: Spec, registries: Registries) -> None:
    gamma, rate = dimensions(spec, registries, {"params": ["gamma", "learning_rate"]})
    assert (gamma.low, gamma.high, gamma.log, gamma.default) == (1.0, 2.0, False, 1.5)
    assert (rate.low, rate.high, rate.log, rate.default) == (1e-4, 1e-2, True, 3e-3)
    assert "Eq. 3" in gamma.source


def test_the_flag_overrides_the_range(spec: Spec, registries: Registries) -> None:
    (gamma,) = dimensions(spec, registries, {"params": ["gamma=1.6..1.9"]})
    assert (gamma.low, gamma.high, gamma.default) == (1.6, 1.9, None)
    (gamma,) = dimensions(spec, registries, {"params": ["gamma=1,1.5"]})
    assert (gamma.values, gamma.default) == ((1, 1.5), 1.5)


def test_yaml_has_the_same_forms(spec: Spec, registries: Registries) -> None:
    texts = {"gamma": "1.0..1.5", "learning_rate": {"low": 0.001, "high": 0.002, "scale": "linear"}}
    gamma, rate = dimensions(spec, registries, {"params": texts})
    assert (gamma.low, gamma.high) == (1.0, 1.5)
    assert (rate.low, rate.high, rate.log) == (0.001, 0.002, False)
    assert dimensions(spec, registries, {"params": {"gamma": [1.25, 1.5]}})[0].values == (1.25, 1.5)
    assert dimensions(spec, registries, {"params": {"gamma": None}})[0].high == 2.0


def test_a_grid_takes_points_on_the_scale() -> None:
    assert Dimension("g", low=1.0, high=2.0).points(5) == (1.0, 1.25, 1.5, 1.75, 2.0)
    assert Dimension("lr", low=1e-4, high=1e-2, log=True).points(3) == (1e-4, 1e-3, 1e-2)
    assert Dimension("n", low=1, high=3, whole=True).points(9) == (1, 2, 3)
    assert Dimension("v", values=("a", "b")).points(9) == ("a", "b")
    assert list(grid((Dimension("a", (1, 2)), Dimension("b", ("x", "y")))))[1:3] == [
        {"a": 1, "b": "y"},
        {"a": 2, "b": "x"},
    ]


@pytest.mark.parametrize(
    ("tune", "fields", "message"),
    [
        ({"params": ["gama"]}, {}, "--param: nr-dice has no parameter 'gama'; did you mean gamma?"),
        ({"params": ["gamma=0.5..2"]}, {}, "--param: nr-dice: parameter 'gamma' = 0.5"),
        ({"params": ["gamma=1,7"]}, {}, "--param: nr-dice: parameter 'gamma' = 7"),
        ({"params": ["gamma=1,high"]}, {}, "parameter 'gamma' = 'high'"),
        ({"params": ["gamma=2..1"]}, {}, "a low end below the high end"),
        ({"params": ["gamma=1..x"]}, {}, "write LOW..HIGH"),
        ({"params": ["gamma="]}, {}, "NAME=LOW..HIGH"),
        ({"params": ["gamma", "gamma"]}, {}, "gamma once"),
        ({"params": ["learning_rate=0..1"]}, {}, "range 0..1 must be above 0"),
        ({"params": []}, {}, "nothing to tune: name a parameter"),
        ({"trials": 0}, {}, "--trials: found 0"),
        ({"sampler": "cma-es"}, {}, "cma-es searches two ranges or more"),
        ({"pruner": "wilcoxon"}, {}, "a trial here is one cell"),
        ({"against": "time", "pruner": "asha"}, {}, "no pruner with a second objective"),
        ({}, {"methods": "all"}, "name the methods to tune"),
        ({}, {"methods": "nr-dice,gamma=1.2"}, "gamma is both fixed (1.2) and tuned"),
        ({}, {"params": ["nr-dice.gamma=1.2"]}, "gamma is both fixed (1.2) and tuned"),
        ({}, {"selection": "best-noisy-val"}, "choose --objective noisy-val"),
    ],
    ids=str,
)
def test_bad_input_is_one_message(
    spec: Spec, registries: Registries, tune: dict[str, Any], fields: dict[str, Any], message: str
) -> None:
    with pytest.raises(UserError) as caught:
        tune_targets(spec(tune, **fields), registries)
    assert message in str(caught.value)
