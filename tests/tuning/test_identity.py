"""A cell scored on validation is another cell, and the others keep their ids."""

from __future__ import annotations

import json
from collections.abc import Callable

from nsbench.benchmark.cell import Cell, Identity
from nsbench.benchmark.digest import digest
from nsbench.benchmark.registry import Registries
from nsbench.benchmark.tuning.tune import tune_targets

from .conftest import Spec

FIELDS = {
    *("protocol", "dataset", "fold", "folds", "split", "supervision", "method", "network", "view", "budget"),
    *("selection", "seed"),
}
"""What identities consisted of before cells could be scored on validation."""


def test_an_identity_without_it_is_what_it_was(make_cell: Callable[..., Cell]) -> None:
    cell = make_cell()
    document = cell.identity.model_dump(mode="json")
    assert document.keys() == FIELDS
    assert digest(document)[:16] == cell.id
    assert cell.model_dump(mode="json")["identity"] == document
    assert Cell.model_validate_json(cell.model_dump_json()).id == cell.id


def test_an_identity_with_it_is_another(make_cell: Callable[..., Cell]) -> None:
    cell = make_cell()
    ids = {cell.id}
    for evaluate in ("clean-val", "noisy-val"):
        document = {**cell.identity.model_dump(mode="json"), "evaluate": evaluate}
        identity = Identity.model_validate(json.loads(json.dumps(document)))
        assert identity.model_dump(mode="json") == document
        ids.add(digest(document))
    assert len(ids) == 3


def test_a_trial_is_cells_with_its_parameters(spec: Spec, registries: Registries) -> None:
    _, (target,) = tune_targets(spec({"objective": "noisy-val"}, seeds=2, ratios=[0.25, 0.5]), registries)
    cells = target.method.of({"gamma": 1.25}, registries)
    assert [(cell.identity.seed, cell.identity.supervision.ratio) for cell in cells] == [
        (0, 0.25),
        (0, 0.5),
        (1, 0.25),
        (1, 0.5),
    ]
    assert {cell.identity.evaluate for cell in cells} == {"noisy-val"}
    assert {cell.identity.method.params["gamma"] for cell in cells} == {1.25}
    assert len({cell.id for cell in [*cells, *target.method.base]}) == 8
    assert [cell.id for cell in target.method.of({"gamma": 1.5}, registries)] == [c.id for c in target.method.base]
