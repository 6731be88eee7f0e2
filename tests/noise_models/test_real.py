"""Stored annotations in place of the clean label."""

from __future__ import annotations

import numpy as np
import pytest

from nsbench import UserError
from nsbench.noise_models.real import RealNoise

LABEL = np.array([[0, 1], [1, 0]], np.uint8)
READERS = {"observer3": np.array([[1, 1], [1, 0]], np.int64), "observer4": np.array([[0, 0], [1, 0]], np.int64)}


def corrupted(readers: dict[str, np.ndarray], **params: object) -> tuple[np.ndarray, dict[str, object]]:
    model = RealNoise(RealNoise.Params(**params))  # type: ignore[arg-type]
    image = np.zeros((1, 2, 2), np.float32)
    result = model.corrupt(LABEL, (1.0, 1.0), np.random.default_rng(0), image, annotations=readers)
    return result.label, result.notes


def test_the_first_annotation_or_the_one_that_is_named() -> None:
    for annotator, expected in ((None, "observer3"), ("observer4", "observer4")):
        label, notes = corrupted(READERS, annotator=annotator)
        np.testing.assert_array_equal(label, READERS[expected])
        assert label.dtype == np.uint8
        assert notes == {"annotator": expected}


def test_a_case_without_it_is_refused_or_stays_clean() -> None:
    with pytest.raises(UserError, match=r"no annotation 'observer5' \(it has observer3, observer4\); .* missing=clean"):
        corrupted(READERS, annotator="observer5")
    with pytest.raises(UserError, match="no annotation beside its label"):
        corrupted({})
    for readers in (READERS, {}):
        label, notes = corrupted(readers, annotator="observer5", missing="clean")
        np.testing.assert_array_equal(label, LABEL)
        assert label is not LABEL
        assert notes == {"annotator": None}
