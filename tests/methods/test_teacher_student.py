"""Self-learning, STSO and ATSO: who labels what, and where students start."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.nn.functional import softmax

from nsbench.benchmark.errors import UserError
from nsbench.benchmark.plugin import Batch, Relabel, Train, TrainingView
from nsbench.benchmark.testing.world import make_view
from nsbench.methods._superclasses import groups_of, reduced_batch, reduced_logits

from .scarce import VIEW, WORLD, after, built, same, trained

NAMES = ("self-learning", "stso", "atso")


def graph(name: str, **params: Any) -> dict[str, Any]:
    return {stage.name: stage for stage in built(name, **params).stages(VIEW)}


def learned_from(stage: Train) -> dict[str, str]:
    """Id of each case of a stage, and the stage that labeled it."""
    (view,) = dict(stage.on).values()  # type: ignore[call-overload]
    return {case.id: case.label_source for case in view.cases}


def test_self_learning_goes_on_and_stso_starts_over() -> None:
    for name, starts in (("self-learning", ["m0", "m1", "m2"]), ("stso", ["m0", "m0", "m0"])):
        stages = graph(name, generations=3)
        assert list(stages) == ["m0", "r1", "m1", "r2", "m2", "r3", "m3"]
        assert [stages[f"m{t}"].start for t in (1, 2, 3)] == starts
        assert [stages[f"r{t}"].by for t in (1, 2, 3)] == [("m0",), ("m1",), ("m2",)]
        assert learned_from(stages["m0"]) == dict.fromkeys(VIEW.labeled.ids, "")
        assert learned_from(stages["m2"]) == dict.fromkeys(VIEW.labeled.ids, "") | dict.fromkeys(
            VIEW.unlabeled.ids, "r2"
        )


@pytest.mark.parametrize("folds", [2, 3])
def test_atso_labels_a_fold_by_the_model_of_another_one(folds: int) -> None:
    stages = graph("atso", generations=3, folds=folds)
    cases = {k: set(VIEW.unlabeled.fold(k, folds).ids) for k in range(folds)}
    assert set.union(*cases.values()) == set(VIEW.unlabeled.ids)
    seen = {"m0": set(VIEW.labeled.ids)}
    for stage in stages.values():
        if isinstance(stage, Relabel):
            assert all(not set(stage.on.ids) & seen[teacher] for teacher in stage.by), "labels of its own lesson"
        elif stage.name != "m0":
            assert stage.start == "m0"
            seen[stage.name] = set(learned_from(stage)) - set(VIEW.labeled.ids)
    assert all(seen[f"m{t}.{k}"] == cases[k] for t in (1, 2, 3) for k in range(folds))
    assert stages["r2.0"].by == ("m1.1",)
    last = learned_from(stages["final"])
    assert {last[case] for case in cases[0]} == {"r4.0"}
    assert last.keys() == set(VIEW.ids)


@pytest.mark.parametrize("scans", [1, 2])
def test_a_patients_scans_are_in_one_fold(scans: int) -> None:
    view = VIEW.labeled + TrainingView(
        tuple(replace(case, patient=f"p{i // scans}") for i, case in enumerate(VIEW.unlabeled.cases))
    )
    stages = {stage.name: stage for stage in built("atso").stages(view)}
    ids = view.unlabeled.ids
    folds = [{name for i, name in enumerate(ids) if i // scans % 2 == k} for k in (0, 1)]
    assert [set(stages[f"r1.{k}"].on.ids) for k in (0, 1)] == folds
    last = learned_from(stages["final"])
    assert all({last[name] for name in fold} == {f"r3.{k}"} for k, fold in enumerate(folds))
    assert list(last) == list(view.ids)


def test_the_letter_of_line_12_makes_one_generation_that_of_stso() -> None:
    ours, theirs = graph("atso", generations=1, last_labels="to-the-letter"), graph("stso", generations=1)
    assert list(ours) == ["m0", "r1.0", "r1.1", "final"]
    assert [ours[name].by for name in ("r1.0", "r1.1")] == [("m0",), ("m0",)]
    assert list(learned_from(ours["final"])) == list(learned_from(theirs["m1"]))
    assert (ours["final"].share, ours["final"].start) == (theirs["m1"].share, "m0")


def test_every_student_starts_bit_identical_to_m0(tmp_path: Path) -> None:
    method = built("atso", generations=1)
    starts: dict[str, Any] = {}

    def begin_stage(stage: Train) -> None:
        starts[stage.name] = {name: value.clone() for name, value in method.state_dict().items()}

    method.begin_stage = begin_stage
    trained(method, tmp_path)
    assert list(starts) == ["m0", "m1.0", "m1.1", "final"]
    for name in ("m1.0", "m1.1", "final"):
        assert same(starts[name], after(tmp_path, "m0")), name
        assert not same(after(tmp_path, name), starts[name]), name
    labels = after(tmp_path, "r2.0")
    assert set(labels) == set(VIEW.unlabeled.fold(0, 2).ids)


def test_m0_is_the_same_stage_in_all_three() -> None:
    first = [graph(name, generations=3)["m0"] for name in NAMES]
    assert all(stage == first[0] for stage in first)
    assert first[0].fraction == 0.5
    assert {"loss", "views"} <= set(first[0].shared)
    states = [built(name).state_dict() for name in NAMES]
    assert all(same(states[0], state) for state in states[1:])


@pytest.mark.parametrize("name", NAMES)
def test_students_may_learn_slower_than_m0(name: str) -> None:
    stages = graph(name, student_rate=0.1, superclasses=(("class1", "class2"),))
    factors = {stage.name: stage.optimisers[0].factor for stage in stages.values() if isinstance(stage, Train)}
    students = ["m1.0", "m1.1", "m2.0", "m2.1", "final"] if name == "atso" else ["m1", "m2"]
    assert factors == {"m0": 1.0} | dict.fromkeys([*students, "fine"], 0.1)


def test_with_nothing_unlabeled_all_updates_are_m0s() -> None:
    everything = make_view(WORLD, "scarce", labeled=8)
    for name in NAMES:
        (stage,) = built(name).stages(everything)
        assert (stage.name, stage.fraction) == ("m0", None)


def test_too_few_cases_for_the_folds_are_refused() -> None:
    with pytest.raises(UserError, match="patients of 1 unlabeled cases are too few for 2 folds"):
        built("atso").stages(make_view(WORLD, "scarce", labeled=7))


def test_three_views_are_three_networks_along_three_axes() -> None:
    method = built("stso", views="three", labeled_fraction=0.5)
    stages = [stage for stage in method.stages(VIEW) if isinstance(stage, Train)]
    assert dict(stages[0].slice_axis) == {"cases0": 0, "cases1": 1, "cases2": 2}  # type: ignore[call-overload]
    assert dict(stages[1].slice_axis) == {f"{kind}{i}": i for i in range(3) for kind in ("labeled", "pseudo")}  # type: ignore[call-overload]
    assert method.slice_axes == (0, 1, 2)
    image = torch.randn(1, 1, 32, 16)
    with torch.no_grad():
        found = [method.eval().predict_along(image, axis) for axis in range(3)]
        torch.testing.assert_close(found[1], softmax(method.networks[1](image), 1))
    assert not torch.allclose(found[0], found[1])
    with pytest.raises(UserError, match="use view 2d"):
        built("stso", ndim=3, views="three")


def test_a_batch_holds_the_labeled_fraction_asked_for(random_batch: Any) -> None:
    method = built("stso", labeled_fraction=0.25, superclasses=(("class1", "class2"),))
    method.reduces = True
    labeled, pseudo = random_batch(3, (4, 8, 8)), random_batch(3, (4, 8, 8), seed=1)
    batch, flags = method.batch_of({"labeled0": labeled, "pseudo0": pseudo}, 0)
    assert flags == [False, True, True, True]
    assert torch.equal(batch.label, torch.cat([labeled.label[:1], pseudo.label[:3]]))


def test_super_classes_add_up_probabilities() -> None:
    groups = groups_of((("class2", "background"),), WORLD.task)
    assert groups == ((0, 2), (1,))
    logits = torch.randn(2, 3, 4, 4)
    found = reduced_logits(logits, groups).softmax(1)
    torch.testing.assert_close(found[:, 0], logits.softmax(1)[:, [0, 2]].sum(1))
    for wrong, message in (((("lung",),), "no such class"), ((("class1",), ("class1",)), "two super-classes")):
        with pytest.raises(UserError, match=message):
            groups_of(wrong, WORLD.task)


@pytest.mark.parametrize("loss", ["ce", "dice"])
def test_pseudo_labels_teach_super_classes_and_labels_all_classes(loss: str, random_batch: Any) -> None:
    method = built("stso", superclasses=(("class1", "class2"),), loss=loss)
    batch: Batch = random_batch(3, (2, 8, 8))
    swapped = Batch(**{**vars(batch), "label": torch.where(batch.label > 0, 3 - batch.label, 0)})
    logits = torch.randn(2, 3, 8, 8)

    def losses(pseudo: list[bool] | None) -> list[float]:
        return [float(method.objective(logits, each, pseudo)) for each in (batch, swapped)]

    assert losses([True, True])[0] == pytest.approx(losses([True, True])[1]), "the two classes are one"
    assert losses(None)[0] != pytest.approx(losses(None)[1])
    assert losses([False, True])[0] != pytest.approx(losses([False, True])[1])
    coarse = reduced_batch(batch, method.groups)
    assert losses([True, True])[0] == pytest.approx(float(method.loss(reduced_logits(logits, method.groups), coarse)))


def test_after_super_classes_the_training_goes_on_with_all_classes(tmp_path: Path) -> None:
    method = built("stso", generations=1, superclasses=(("class1", "class2"),))
    stages = {stage.name: stage for stage in method.stages(VIEW)}
    assert list(stages) == ["m0", "r1", "m1", "fine-labels", "fine"]
    assert (stages["r1"].groups, stages["fine-labels"].groups) == (((0,), (1, 2)), ())
    assert stages["fine"].start == "m1"
    trained(method, tmp_path)
    assert 2 not in torch.stack(list(after(tmp_path, "r1").values())).unique().tolist()
