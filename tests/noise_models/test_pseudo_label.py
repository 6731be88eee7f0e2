"""A model's prediction in place of the clean label."""

from __future__ import annotations

import numpy as np
import pytest
from typer.testing import CliRunner

from nsbench.benchmark.cli.main import app
from nsbench.benchmark.plugin import Corruption, UserError
from nsbench.noise_models.pseudo_label import PseudoLabel

LABEL = np.array([[0, 1], [2, 3]], np.uint8)
IMAGE = np.zeros((1, 2, 2), np.float32)


def corrupted(prediction: np.ndarray | None) -> Corruption:
    model = PseudoLabel(PseudoLabel.Params())
    return model.corrupt(LABEL, (1.0, 1.0), np.random.default_rng(0), IMAGE, prediction=prediction)


def test_the_label_is_the_prediction_and_lost_classes_are_named() -> None:
    prediction = np.array([[0, 1], [0, 1]], np.int64)
    found = corrupted(prediction)
    np.testing.assert_array_equal(found.label, prediction)
    assert found.label.dtype == np.uint8
    assert found.notes == {"vanished": [2, 3]}
    assert corrupted(LABEL).notes == {"vanished": []}


def test_there_is_none_outside_of_a_run() -> None:
    with pytest.raises(UserError, match="a model that a run trains"):
        corrupted(None)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--noise", "pseudo-label", "--severity", "0.5"), "noise model pseudo-label has no severity"),
        (("--noise", "pseudo-label,fraction=1"), "fraction"),
        (("--noise", "compose,models=[pseudo-label]"), "'pseudo-label' cannot be composed"),
    ],
)
def test_what_cannot_be_shown_is_refused_clearly(tmp_path: object, arguments: tuple[str, ...], message: str) -> None:
    data = ("--dataset", "phantom,ndim=2,cases=4,size=32", "--out", str(tmp_path))
    result = CliRunner().invoke(app, ["noise", "preview", *arguments, *data])
    assert result.exit_code == 2
    assert message in " ".join(result.output.split())
