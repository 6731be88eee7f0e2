"""Severity: noise scaled, or calibrated to a wanted mean Dice."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nsbench.benchmark.data.cell_data import load_cell_data
from nsbench.benchmark.data.severity import _bisect, realised_dice, severity_for, training_sample
from nsbench.benchmark.errors import UserError
from nsbench.benchmark.plugin.severity import scaled
from nsbench.benchmark.registry import Registries
from nsbench.benchmark.spec.load import load
from nsbench.benchmark.spec.plan import Plan, plan_loaded

DATA = "phantom,ndim=2,cases=12,size=48"


def planned(registries: Registries, **fields: Any) -> Plan:
    return plan_loaded(load(flags={"datasets": DATA, "methods": "ce", "ratios": 1.0, **fields}), registries)


def noise_params(plan: Plan) -> list[dict[str, Any]]:
    return [cell.identity.supervision.noise.params for cell in plan.cells]


def test_a_factor_multiplies_the_severity_parameters_alone(registries: Registries) -> None:
    (plain,) = noise_params(planned(registries, noise="affine,rotation=4..8"))
    (half,) = noise_params(planned(registries, noise="affine,rotation=4..8", severity="0.5"))
    assert half == {**plain, "shift": [1.0, 3.0], "rotation": [2.0, 4.0], "scale": [0.0, 0.05]}


@pytest.mark.parametrize(
    ("noise", "severity", "expected"),
    [
        ("omit-object,probability=0.4", 10, {"probability": 1.0}),
        ("random-walk,steps=31", 0.5, {"steps": 16}),
        ("erode-dilate,preset=mtcl", 2, {"preset": "none", "radius": [2.0, 14.0], "element": "square"}),
        ("erode-dilate,preset=mtcl", 1, {"preset": "mtcl", "radius": [1.0, 7.0]}),
        ("box", 3, {"share": 1.0, "margin": [0.0, 6.0]}),
    ],
)
def test_scaled_parameters_stay_legal(
    registries: Registries, noise: str, severity: float, expected: dict[str, Any]
) -> None:
    (params,) = noise_params(planned(registries, noise=noise, severity=severity))
    assert {name: params[name] for name in expected} == expected


def test_severity_1_and_no_severity_are_one_cell_and_others_are_not(registries: Registries) -> None:
    ids = [
        planned(registries, noise="erode-dilate,preset=pint", **more).cells[0].id
        for more in ({}, {"severity": 1}, {"severity": 0.9})
    ]
    assert ids[0] == ids[1] != ids[2]


def test_a_spec_without_severity_is_what_it_was(registries: Registries) -> None:
    assert "severity" not in load(flags={"datasets": DATA}).spec.identity()
    assert load(flags={"datasets": DATA, "severity": "dice = .750"}).spec.identity()["severity"] == "dice=0.75"


@pytest.mark.parametrize("noise", ["affine", "erode-dilate", "over-segment", "random-walk", "compose,preset=pymic"])
def test_labels_come_to_the_wanted_dice(registries: Registries, noise: str) -> None:
    plan = planned(registries, noise=noise, severity="dice=0.7", seeds="0,1")
    first, second = noise_params(plan)
    assert first == second
    found = [load_cell_data(cell, registries).noise.dice_mean for cell in plan.cells]
    # other draws than those of the calibration, on nine cases
    assert np.mean([dice for dice in found if dice]) == pytest.approx(0.7, abs=0.08)


def test_the_calibration_itself_meets_the_dice_and_is_kept(
    registries: Registries, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NSBENCH_CACHE", str(tmp_path))
    plugin, data = registries.noise.get("elastic"), registries.datasets.get("phantom")
    adapter = data.load()(None, None, data.validate({"ndim": 2, "cases": 8, "size": 48}))
    refs = adapter.cases()
    sample = training_sample(adapter, refs, [ref.id for ref in refs[:6]], "key")
    model, params = plugin.load(), plugin.load().Params()
    draws: list[object] = []
    corrupt = model.corrupt
    monkeypatch.setattr(model, "corrupt", lambda *given: draws.append(given) or corrupt(*given))
    found = severity_for(0.8, model, params, "code", sample)
    draws.clear()
    assert realised_dice(model, params, found.severity, sample) == found.dice == pytest.approx(0.8, abs=0.002)
    # 17 times 6 cases
    assert len(draws) == 102
    assert realised_dice(model, params, 0, sample) == 1
    monkeypatch.setattr(model, "corrupt", None)
    assert severity_for(0.8, model, params, "code", sample) == found


def test_a_dice_that_is_jumped_over_is_refused() -> None:
    with pytest.raises(UserError, match=r"within 0.01 of 0.8: it jumps, 0.900 at .* and 0.700 at .*; ask for what"):
        _bisect(0.8, lambda severity: 0.9 if severity < 0.3 else 0.7)
    assert _bisect(0.8, lambda severity: 0.9 if severity < 0.3 else 0.792).dice == 0.792
    assert _bisect(0.8, lambda severity: 1 - severity / 10).severity == pytest.approx(2, abs=0.01)


def test_the_plan_tells_what_a_calibration_reached(registries: Registries) -> None:
    (note,) = planned(registries, noise="affine", severity="dice=0.8", seeds="0,1").notes
    assert re.fullmatch(r"affine on phantom.*: severity [\d.]+ gives a mean Dice of 0\.(80|79)\d \(0\.8\)", note)
    assert planned(registries, noise="affine", severity=2).notes == []


def test_classes_to_be_swapped_must_be_two(registries: Registries) -> None:
    with pytest.raises(UserError, match=r"^--noise: .*class-swap needs 2 classes, and phantom.* has 1: chamber; "):
        planned(registries, noise="class-swap")


def test_what_cannot_be_reached_is_said(registries: Registries) -> None:
    with pytest.raises(UserError, match=r"^--severity: noise model false-object on .*: no severity brings .* to 0.01"):
        planned(registries, noise="false-object,radius=1", severity="dice=0.01")
    with pytest.raises(UserError, match="case case000: noise model slice-skip: slice-skip needs volumes"):
        planned(registries, noise="slice-skip", severity="dice=0.5")
    with pytest.raises(UserError, match="noise model real has no severity; leave out severity"):
        planned(registries, noise="real", severity=2)


def test_the_control_stays_clean_beside_a_scaled_model(registries: Registries) -> None:
    plan = planned(registries, noise="none,affine", severity=2, ratios="0,0.5")
    assert [cell.noise_label for cell in plan.cells] == ["clean", "affine (severity 2)"]


@pytest.mark.parametrize("text", ["-1", "dice=0", "dice=1", "dice=75", "nan", "inf", "strong", "dice=", ""])
def test_a_severity_is_a_factor_or_a_dice(text: str) -> None:
    with pytest.raises(UserError, match=r"--severity: found .* a factor of 0 or more, or dice=0.75"):
        load(flags={"severity": text})


def test_scaling_leaves_the_parameters_it_was_given_alone() -> None:
    model = Registries().noise.get("affine").load()
    params = model.Params()
    assert scaled(params, model.severity_params, 0).shift == (0, 0)
    assert params == model.Params()
