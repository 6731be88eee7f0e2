"""Super-classes in training: which predictions are reduced where pseudo-labels do not tell all classes apart."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from torch import Tensor

from nsbench.benchmark.errors import UserError
from nsbench.benchmark.plugin import Batch, Train, TrainingView
from nsbench.methods._superclasses import groups_of

from .scarce import VIEW, WORLD, built, trained

GROUPS = (("class1", "class2"),)
LABELED, PSEUDO, REDUCED = (3, False), (3, True), (2, True)
Seen = dict[str, set[tuple[int, bool]]]


def what_teaches(method: Any, loss_of: Any, folder: Path) -> Seen:
    """Of each stage, the number of classes that the loss told apart, and whether the images were the unlabeled ones."""
    bright = set(VIEW.unlabeled.ids)
    cases = tuple(replace(case, image=np.full_like(case.image, case.id in bright)) for case in VIEW.cases)
    seen: Seen = {}
    stage = ""

    def enter_stage(entered: Train) -> None:
        nonlocal stage
        stage = entered.name
        type(method).enter_stage(method, entered)

    def spy(loss: Any) -> Any:
        def seen_loss(logits: Tensor, batch: Batch) -> Tensor:
            assert logits.shape[1] == batch.num_classes > int(batch.label.max())
            seen.setdefault(stage, set()).update((batch.num_classes, bool(x.mean() > 0.5)) for x in batch.image)
            found: Tensor = loss(logits, batch)
            return found

        return seen_loss

    method.enter_stage = enter_stage
    for holder in loss_of:
        holder.loss = spy(holder.loss)
    trained(method, folder, updates=4, view=TrainingView(cases))
    return seen


@pytest.mark.parametrize("fraction", [None, 0.5], ids=["all-alike", "mixed"])
def test_students_reduce_where_pseudo_labels_teach(fraction: float | None, tmp_path: Path) -> None:
    method = built("stso", generations=1, superclasses=GROUPS, labeled_fraction=fraction)
    found = what_teaches(method, [method], tmp_path)
    assert found == {"m0": {LABELED}, "m1": {LABELED, REDUCED}, "fine": {LABELED, PSEUDO}}


def test_so_does_what_retrains_after_a_distillation(tmp_path: Path) -> None:
    method = built("model-distillation", models=1, superclasses=GROUPS, retrain="dice", augmentation="none")
    stages = {stage.name: stage for stage in method.stages(VIEW)}
    assert list(stages) == ["base0", "distilled", "retrain-train", "fine-labels", "fine"]
    assert (stages["distilled"].groups, stages["fine-labels"].groups) == (((0,), (1, 2)), ())
    assert (stages["fine-labels"].by, stages["fine"].start) == (("retrain-train",), "retrain-train")
    assert stages["fine"].share / (1 + stages["fine"].share) == pytest.approx(0.25)
    found = what_teaches(method, [method, method.students[0]], tmp_path)
    assert found == {"base0": {LABELED}, "retrain-train": {LABELED, REDUCED}, "fine": {LABELED, PSEUDO}}


@pytest.mark.parametrize("retrain", ["tsman", "mean-teacher", "label-update"])
def test_what_is_more_than_a_network_and_a_loss_cannot_be_reduced(retrain: str) -> None:
    with pytest.raises(UserError, match=f"retrain {retrain} is no single network"):
        built("data-distillation", retrain=retrain, superclasses=GROUPS)


def test_super_classes_that_tell_nothing_apart_are_refused() -> None:
    with pytest.raises(UserError, match="all classes are in one super-class"):
        groups_of((("background", "class1", "class2"),), WORLD.task)
