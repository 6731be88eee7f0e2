"""Compositions of noise models, and the presets of published simulators."""

from __future__ import annotations

from collections import Counter
from contextlib import nullcontext
from typing import Any

import numpy as np
import pytest

from nsbench.benchmark.data.corruption import corrupt_one
from nsbench.benchmark.data.prepare import PreparedCase
from nsbench.benchmark.digest import code_files
from nsbench.benchmark.errors import UserError
from nsbench.benchmark.registry import Registries
from nsbench.noise_models._parts import PARTS
from nsbench.noise_models.compose import Compose

from .conftest import MODELS, REGISTRIES, Corrupt, blobs, dice


def disc(size: int = 120, radius: float = 30) -> np.ndarray:
    distance = np.hypot(*np.ogrid[-size // 2 : size // 2, -size // 2 : size // 2])
    return (distance <= radius).astype(np.uint8)


def compose(label: np.ndarray, seed: int = 0, **params: Any) -> Any:
    model = Compose(Compose.Params(**params))
    return model.corrupt(label, (1.0,) * label.ndim, np.random.default_rng(seed), label[None].astype(np.float32))


def test_all_models_with_a_severity_can_be_composed() -> None:
    assert set(MODELS) - {"compose"} <= set(PARTS)


def test_a_sequence_applies_each_to_what_the_one_before_left() -> None:
    clean = blobs(3)
    result = compose(
        clean, models=("erode-dilate,radius=1,erode_probability=1", "erode-dilate,radius=1,erode_probability=0")
    )
    assert [each["model"] for each in result.notes["applied"]] == ["erode-dilate", "erode-dilate"]
    assert 0.8 < dice(clean, result.label) < 1
    alone = compose(clean, models=("erode-dilate,radius=1,erode_probability=1",)).label
    assert (result.label >= alone).all()


def test_a_choice_follows_the_weights() -> None:
    clean = disc(30, 8)
    params = {"models": ("none", "box", "affine,shift=1..2"), "weights": (1, 3, 0), "how": "choice"}
    drawn = Counter(compose(clean, seed, **params).notes["applied"][0]["model"] for seed in range(200))
    assert set(drawn) == {"none", "box"}
    assert 0.65 < drawn["box"] / 200 < 0.85


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"models": ["erode-dilat"]}, "'erode-dilat' cannot be composed; known: affine"),
        ({"models": ["affine,shift"]}, "'shift' in 'affine,shift' is no parameter: write NAME,PARAM=VALUE"),
        ({"models": ["affine,shift=-1"]}, "the low end -1 is negative"),
        ({"models": ["affine,shfit=1"]}, "shfit"),
        ({"models": []}, "name at least one"),
        ({"models": ["box"], "weights": [1, 2]}, "1 numbers"),
        ({"preset": "pymic", "how": "sequence"}, "preset pymic fixes how = choice"),
    ],
)
def test_mistakes_are_found_before_anything_runs(params: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        REGISTRIES.noise.get("compose").validate(params)


def test_millimetres_need_a_spacing(registries: Registries) -> None:
    plugin = registries.noise.get("compose")
    label = disc(20, 5)
    case = PreparedCase("p1", "p1", {}, label[None].astype(np.float32), label, None, None, {})
    for models, refused in (
        (("box", "affine,unit=mm"), True),
        (("erode-dilate,preset=pint",), True),
        (("box",), False),
    ):
        model = plugin.load()(plugin.validate({"models": models}))
        with pytest.raises(UserError, match="p1 has no spacing, so compose") if refused else nullcontext():
            corrupt_one(case, model, np.random.default_rng(0), 2, None)


def test_its_digest_depends_on_the_code_of_its_parts() -> None:
    path = REGISTRIES.noise.get("compose").declared.path
    files = {file.name for file in code_files(path, path.parent)}
    assert {"affine.py", "erode_dilate.py", "_distance.py", "random_walk.py", "_parts.py"} <= files


@pytest.mark.parametrize("share", [0.5, 0.7])
def test_sp_guided_changes_a_share_of_the_foreground(share: float) -> None:
    clean = disc()
    kinds = set()
    for seed in range(12):
        result = compose(clean, seed, preset=f"sp-guided-{share}")
        changed = (result.label != clean).sum() / clean.sum()
        # dilation and erosion go by whole rings of voxels
        assert share - 0.01 < changed < share + 0.12
        kinds.add(result.notes["applied"][0]["model"])
    assert kinds == {"erode-dilate", "affine"}


def test_pymic_draws_from_its_three_kinds() -> None:
    clean = disc()
    found: Counter[str] = Counter()
    for seed in range(120):
        (note,) = compose(clean, seed, preset="pymic").notes["applied"]
        if note["model"] == "erode-dilate":
            change = note["classes"]["1"]
            assert change["radius"] in range(6, 13)
            found[change["operation"]] += 1
        else:
            found[note["model"]] += 1
    shares = np.array([found[kind] for kind in ("dilate", "erode", "edge-distort")]) / 120
    np.testing.assert_allclose(shares, (0.35, 0.35, 0.3), atol=0.12)


@pytest.mark.parametrize("model", ["compose", "edge-distort", "random-walk", "erode-dilate"])
def test_every_preset_has_a_source_and_can_be_run(corrupt: Corrupt, model: str) -> None:
    params = REGISTRIES.noise.get(model).declared.params
    presets: Any = params
    field = params.model_fields["preset"]
    assert isinstance(field.json_schema_extra, dict)
    source = str(field.json_schema_extra["source"])
    for preset in presets.presets:
        assert preset.rsplit("-", 1)[0] in source or preset in source or "J1 and J2" in source
        clean = disc(160, 50)
        assert 0 < dice(clean, corrupt(model, clean, 1, (1.0, 1.0), preset=preset).label) < 1


def test_spatial_correction_expands_in_j1_and_shrinks_in_j2(corrupt: Corrupt) -> None:
    clean = disc(160, 40)
    grown, shrunk = (corrupt("random-walk", clean, preset=f"spatial-correction-j{i}").label for i in (1, 2))
    assert grown.sum() > 1.15 * clean.sum()
    assert shrunk.sum() < 0.9 * clean.sum()
    # smoothing leaves none of the flips far from the contour
    assert grown[:5].sum() + grown[-5:].sum() <= 4
