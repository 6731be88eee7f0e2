"""What the harness knows: AUROC of weights against the corruption, memorisation of wrong labels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nsbench.benchmark.plugin import Batch, LossMethod, TrainingView
from nsbench.benchmark.training.audit import agreement, audit_trust, auroc, without_ignored
from nsbench.benchmark.training.context import Hooks, Outcome
from nsbench.benchmark.training.sampler import PatchSampler


def by_pairs(scores: np.ndarray, positive: np.ndarray) -> float:
    """Share of pairs (positive, negative) in the right order, ties counting half."""
    pairs = scores[positive][:, None] - scores[~positive][None]
    return float((pairs > 0).mean() + 0.5 * (pairs == 0).mean())


@settings(max_examples=100, deadline=None)
@given(values=st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=2, max_size=60))
def test_auroc_is_the_share_of_ordered_pairs(values: list[tuple[int, bool]]) -> None:
    scores, positive = np.array([v for v, _ in values], float), np.array([p for _, p in values])
    if positive.all() or not positive.any():
        assert auroc(scores, positive) is None
    else:
        assert auroc(scores, positive) == pytest.approx(by_pairs(scores, positive))


def batch_of(label: np.ndarray, **fields: Any) -> Batch:
    count = len(label)
    flags = torch.ones(count, dtype=torch.bool)
    values = {"ignore": None, "labeled": flags, "trusted": ~flags} | fields
    return Batch(
        torch.zeros(count, 1, *label.shape[1:]), torch.tensor(label), case=torch.arange(count), num_classes=3, **values
    )


def test_weights_are_audited_by_observed_class_on_the_voxels_that_count() -> None:
    rng = np.random.default_rng(0)
    label, truth = rng.integers(0, 3, (3, 6, 5)), rng.integers(0, 3, (3, 6, 5))
    ignore, weights = rng.random(label.shape) < 0.3, rng.integers(0, 4, label.shape) / 4
    batch = batch_of(label, ignore=torch.tensor(ignore), labeled=torch.tensor([True, True, False]))
    rows = audit_trust(torch.tensor(weights), batch, torch.tensor(truth), ("a", "b"))
    assert [row["class"] for row in rows] == ["all", "background", "a", "b"]
    usable = ~ignore & np.array([True, True, False])[:, None, None]
    for row, chosen in zip(rows, (usable, *(usable & (label == value) for value in range(3)))):
        assert row["kept"] == pytest.approx(weights[chosen].mean())
        assert row["auroc"] == pytest.approx(by_pairs(weights[chosen], (label == truth)[chosen]))


def test_a_weight_for_each_case_counts_for_all_its_voxels() -> None:
    label, truth = np.ones((2, 4, 4), int), np.ones((2, 4, 4), int)
    truth[1] = 0
    rows = audit_trust(torch.tensor([0.75, 0.25]), batch_of(label), torch.tensor(truth), ("a", "b"))
    assert rows == [{"class": name, "kept": 0.5, "auroc": 1.0} for name in ("all", "a")]


def test_a_mask_that_the_method_does_not_see_is_left_out_as_one_that_it_sees() -> None:
    rng = np.random.default_rng(0)
    label, truth = rng.integers(0, 2, (1, 6, 5)), rng.integers(0, 2, (1, 6, 5)).astype(np.uint8)
    mask, weights = rng.random(label.shape) < 0.3, torch.tensor(rng.random(label.shape))
    marked = without_ignored({"h": truth[0], "seen": truth[0]}, {"h": mask[0], "seen": mask[0]}, {"h", "other"})
    assert np.array_equal(marked["seen"], truth[0])
    hidden = audit_trust(weights, batch_of(label), torch.tensor(marked["h"])[None], ("a", "b"))
    assert hidden == audit_trust(weights, batch_of(label, ignore=torch.tensor(mask)), torch.tensor(truth), ("a", "b"))
    assert hidden != audit_trust(weights, batch_of(label), torch.tensor(truth), ("a", "b"))


def test_agreement_counts_the_wrong_voxels_only() -> None:
    truth = np.array([0, 0, 1, 1, 2, 2, 0])
    observed = np.array([0, 1, 1, 0, 1, 1, 1])
    prediction = np.array([1, 1, 0, 1, 1, 0, 1])
    valid = np.array([True] * 6 + [False])
    assert agreement(prediction, observed, truth, valid).tolist() == [2, 1, 4]
    assert agreement(observed, observed, truth, valid).tolist() == [4, 0, 4]
    assert agreement(truth, truth, truth, valid).tolist() == [0, 0, 0]


def test_the_trainer_audits_with_the_patches_of_the_step(
    toy: type[LossMethod],
    make: Callable[..., Any],
    fit: Callable[..., Outcome],
    view: TrainingView,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Weights that are the truth of the very patches have an AUROC of 1: cutting again is exact."""
    clean = {case.id: np.roll(case.label, 3, axis=0) for case in view.cases}
    right = {case.id: (clean[case.id] == case.label).astype(np.uint8) for case in view.cases}
    samplers: list[PatchSampler] = []

    class Oracle(toy):  # type: ignore[misc, valid-type]
        def step(self, batch: Batch, progress: float) -> Any:
            self.log_trust(samplers[-1].cut_again(right).float())
            return super().step(batch, progress)

    def remember(sampler: PatchSampler) -> Batch:
        samplers.append(sampler)
        return following(sampler)

    following = PatchSampler.next
    monkeypatch.setattr(PatchSampler, "next", remember)
    outcome = fit(make(Oracle), view, hooks=Hooks(truth=clean), augmentation="light")
    rows = [row for row in outcome.trust if row["class"] == "all"]
    assert [row["update"] for row in rows] == [1, 2, 3]
    assert [row["auroc"] for row in rows] == [1.0] * 3
