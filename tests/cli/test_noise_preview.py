"""`nsbench noise preview`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner

from nsbench.benchmark.cli.noise import app
from nsbench.benchmark.data.cell_data import load_cell_data
from nsbench.benchmark.registry import Registries
from nsbench.benchmark.spec.load import load
from nsbench.benchmark.spec.plan import plan_loaded

PHANTOM = "phantom,ndim=2,cases=5,size=40"


def preview(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["noise", "preview", *arguments])
    return result.exit_code, result.output


def test_a_picture_for_each_model_with_the_realised_dice(tmp_path: Path) -> None:
    code, text = preview(
        "--noise", "affine,shift=3,elastic", "--dataset", PHANTOM, "--cases", "3", "--out", str(tmp_path), "--json"
    )
    assert code == 0
    first, second = json.loads(text)
    assert (first["noise"], second["noise"]) == ("affine,shift=3", "elastic")
    assert first["params"]["shift"] == [3.0, 3.0]
    assert list(first["dice"]) == ["case000", "case002", "case004"]
    assert all(0 < dice < 1 for dice in first["dice"].values())
    for each, name in ((first, "affine-shift-3.png"), (second, "elastic.png")):
        assert Path(each["file"]) == tmp_path / name
        with Image.open(each["file"]) as picture:
            assert picture.width > 3 * picture.height / 2


def test_it_shows_what_a_run_of_that_seed_is_trained_on(tmp_path: Path) -> None:
    flags = {"datasets": PHANTOM, "methods": "ce", "noise": "elastic", "ratios": 1.0, "seeds": [3], "severity": "0.7"}
    (cell,) = plan_loaded(load(flags=flags), Registries()).cells
    noise = load_cell_data(cell, Registries()).noise
    command = ("--noise", "elastic", "--dataset", PHANTOM, "--severity", "0.7", "--seed", "3")
    _, text = preview(*command, "--cases", "5", "--json", "--out", str(tmp_path))
    (found,) = json.loads(text)
    dice = [found["dice"][case] for case in noise.corrupted]
    assert sum(dice) / len(dice) == pytest.approx(noise.dice_mean)


def test_pseudo_labels_are_those_that_a_run_trains_on(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    noise = "pseudo-label,updates=3,width=2,fraction=0.4"
    flags = {"datasets": "phantom,ndim=2,cases=6,size=40", "methods": "ce", "noise": noise, "ratios": 0.6}
    (cell,) = plan_loaded(load(flags=flags), Registries()).cells
    run = load_cell_data(cell, Registries()).noise
    command = ("--noise", noise, "--dataset", flags["datasets"], "--cases", "9", "--json", "--out", str(tmp_path))
    (found,) = json.loads(preview(*command)[1])
    assert sorted(found["dice"]) == sorted(run.corrupted), "cases that the model learned from are not shown"
    assert sum(found["dice"].values()) / len(found["dice"]) == pytest.approx(run.dice_mean)
    assert capfd.readouterr().err.count("training on") == 1, "trained once for both"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--noise", "afine"), "--noise: unknown noise model 'afine': did you mean affine?"),
        (("--noise", "affine,shift=-2"), "the low end -2 is negative"),
        (("--noise", "affine", "--severity", "dice=7"), "--severity: found 'dice=7'"),
        (("--noise", "affine", "--dataset", "phantom,phantom:lesions"), "--dataset: 2 datasets; name one"),
        (("--noise", "class-swap"), "--noise: noise model class-swap needs 2 classes, and phantom has 1: chamber;"),
        (("--noise", "slice-skip", "--dataset", PHANTOM), "case case000: noise model slice-skip"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, arguments: tuple[str, ...], message: str) -> None:
    code, text = preview(*arguments, "--out", str(tmp_path))
    assert code == 2
    assert message in text
