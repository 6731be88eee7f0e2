"""Stages in order: what is handed from one to the next, and what a killed training does again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from nsbench.benchmark.errors import CellFailure
from nsbench.benchmark.plugin import INITIAL, LossMethod, Method, Relabel, Stage, Train, TrainingView
from nsbench.benchmark.testing.world import Geometry, small_budget
from nsbench.benchmark.training import checkpoint
from nsbench.benchmark.training.context import Hooks, Outcome, TrainContext
from nsbench.benchmark.training.trainer import divide_updates

Make = Callable[..., Any]
Fit = Callable[..., Outcome]
NONE = TrainingView(())


class Killed(Exception):
    """Stands for the end of a process."""


def kill_at(call: int) -> Hooks:
    """Hooks that end the process at the given validation, one of which follows every update."""
    calls = iter(range(1, call + 1))

    def validate(method: Method) -> float:
        if next(calls) == call:
            raise Killed
        return 0.0

    return Hooks(validate=validate)


@pytest.fixture
def staged(toy: type[LossMethod]) -> type[Any]:
    """Trains, labels the second half of the cases, trains again from the start, then goes on; keeps a diary."""

    class Staged(toy):  # type: ignore[misc, valid-type]
        def setup(self, build: Any) -> None:
            super().setup(build)
            self.diary: list[str] = []

        def stages(self, view: TrainingView) -> Sequence[Stage]:
            first, second = view.fold(0, 2), view.fold(1, 2)
            return (
                Train("teacher", on=first),
                Relabel("labels", on=second, by=("teacher",)),
                Train("student", on=first + second.relabeled("labels"), start=INITIAL),
                Train("further", on=first),
            )

        def begin_stage(self, stage: Train) -> None:
            self.diary.append(f"begin {stage.name}")
            weights = self.network.layer.weight.detach().clone()
            self.begun = {**getattr(self, "begun", {}), stage.name: weights}

        def enter_stage(self, stage: Train) -> None:
            self.diary.append(f"enter {stage.name}")
            self.network.layer.bias.requires_grad_(stage.name != "teacher")

        def loss(self, logits: Tensor, batch: Any) -> Tensor:
            self.diary.append("update")
            return super().loss(logits, batch)

    return Staged


def test_stages_run_in_order_and_start_where_they_say(
    staged: type[Any], make: Make, fit: Fit, view: TrainingView
) -> None:
    method, initial = make(staged), make(staged).state_dict()
    outcome = fit(method, view)
    assert method.diary == [
        *["begin teacher", "enter teacher", *["update"] * 3],
        *["begin student", "enter student", *["update"] * 3],
        *["begin further", "enter further", *["update"] * 3],
    ]
    assert torch.equal(method.begun["student"], initial["network.layer.weight"])
    assert not torch.equal(method.begun["further"], method.begun["student"])
    assert outcome.updates == 9
    assert [row["stage"] for row in outcome.curves] == ["teacher"] * 3 + ["student"] * 3 + ["further"] * 3


def test_a_stage_starts_from_the_weights_of_the_one_it_names(
    toy: type[LossMethod], make: Make, fit: Fit, view: TrainingView, context: Callable[..., TrainContext]
) -> None:
    class Returning(toy):  # type: ignore[misc, valid-type]
        def stages(self, view: TrainingView) -> Sequence[Stage]:
            return (Train("a", on=view), Train("b", on=view), Train("c", on=view, start="a"))

        def begin_stage(self, stage: Train) -> None:
            self.begun = {name: value.clone() for name, value in self.state_dict().items()}

    method = make(Returning)
    fit(method, view)
    done = checkpoint.load(context().stage_file("a"))
    assert done is not None
    assert all(torch.equal(value, done["method"][name]) for name, value in method.begun.items())


def test_the_weights_of_all_that_vote_stay_in_their_files(
    toy: type[LossMethod], make: Make, fit: Fit, view: TrainingView, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Voting(toy):  # type: ignore[misc, valid-type]
        def stages(self, view: TrainingView) -> Sequence[Stage]:
            labels = Relabel("labels", on=view, by=("a", "b"))
            return (Train("a", on=view), Train("b", on=view), labels, Train("c", on=view.relabeled("labels")))

    def load(path: Path, *args: Any, **kwargs: Any) -> Any:
        if kwargs["mmap"]:
            mapped.append(path.stem)
        return torch_load(path, *args, **kwargs)

    mapped: list[str] = []
    torch_load = torch.load
    monkeypatch.setattr(torch, "load", load)
    fit(make(Voting), view)
    assert mapped == ["a", "b"]


@pytest.mark.parametrize("call", range(1, 10))
def test_training_killed_anywhere_skips_what_is_done(
    staged: type[Any], make: Make, fit: Fit, view: TrainingView, call: int
) -> None:
    whole, killed, resumed = (make(staged) for _ in range(3))
    expected = fit(whole, view, "whole", validate_every=1)
    with pytest.raises(Killed):
        fit(killed, view, "broken", hooks=kill_at(call), validate_every=1)
    found = fit(resumed, view, "broken", validate_every=1)
    stage, begun_before = divmod(call - 1, 3)
    assert resumed.diary.count("update") == 9 - (call - 1)
    assert len([line for line in resumed.diary if line.startswith("begin")]) == 3 - stage - (begun_before > 0)
    assert len([line for line in resumed.diary if line.startswith("enter")]) == 3 - stage
    assert all(torch.equal(value, resumed.state_dict()[name]) for name, value in whole.state_dict().items())
    assert found.resumed == (call > 1)
    assert (found.updates, found.passes, found.curves) == (expected.updates, expected.passes, expected.curves)


def test_what_a_stage_froze_moves_again_in_the_next_one_also_after_a_resume(
    toy: type[LossMethod], make: Make, fit: Fit, view: TrainingView
) -> None:
    class Freezing(toy):  # type: ignore[misc, valid-type]
        def stages(self, view: TrainingView) -> Sequence[Stage]:
            return (Train("first", on=view), Train("second", on=view))

        def enter_stage(self, stage: Train) -> None:
            if stage.name == "first":
                self.network.layer.bias.requires_grad_(False)

    whole, killed, resumed = (make(Freezing) for _ in range(3))
    initial = whole.network.layer.bias.detach().clone()
    fit(whole, view, "whole")
    with pytest.raises(Killed):
        fit(killed, view, "broken", hooks=kill_at(4), validate_every=1)
    assert torch.equal(killed.network.layer.bias, initial) is False
    fit(resumed, view, "broken")
    assert torch.equal(whole.network.layer.bias, resumed.network.layer.bias)
    assert torch.equal(whole.network.layer.weight, resumed.network.layer.weight)


@pytest.mark.parametrize(
    ("stage", "message"),
    [
        (Train("train", on=NONE), "stage train has no case to train on"),
        (Train("train", on={"clean": NONE}), "as clean"),
        (Train("train", on=NONE, start="later"), "weights of stage later"),
        (Relabel("labels", on=NONE, by=("later",)), "needs the weights of stage later"),
    ],
)
def test_a_stage_that_lacks_something_says_what(
    toy: type[LossMethod], make: Make, fit: Fit, view: TrainingView, stage: Stage, message: str
) -> None:
    method = make(type("Lacking", (toy,), {"stages": lambda self, view: (stage, Train("end", on=view))}))
    with pytest.raises(CellFailure, match=message):
        fit(method, view)


def test_labels_of_a_stage_that_is_not_done_are_missed(
    toy: type[LossMethod], make: Make, fit: Fit, view: TrainingView
) -> None:
    stages = (Train("train", on=view.relabeled("votes")),)
    with pytest.raises(CellFailure, match="labels of stage votes"):
        fit(make(type("Lacking", (toy,), {"stages": lambda self, view: stages})), view)


def recorded(scores: Sequence[float], seen: list[Tensor]) -> Callable[[Method], float]:
    """A validation of such scores, one after the other, that keeps the weights it is shown."""
    left = iter(scores)

    def validate(method: Method) -> float:
        seen.append(method.state_dict()["network.layer.weight"].clone())
        return next(left)

    return validate


def test_the_best_validated_weights_are_taken(
    toy: type[LossMethod], make: Make, context: Callable[..., TrainContext], view: TrainingView
) -> None:
    from nsbench.benchmark.testing.trial import train

    seen: list[Tensor] = []
    validate = recorded([0.2, 0.7, 0.7, 0.5], seen)
    chosen = context(hooks=Hooks(validate=validate), validate_every=1, updates=4)
    chosen.select = True
    method = make()
    outcome = train(method, view, chosen)
    assert outcome.selected == {"stage": "train", "update": 2, "score": 0.7}
    assert torch.equal(method.network.layer.weight, seen[1])
    assert not torch.equal(seen[1], seen[3])


def test_an_earlier_stages_validation_selects_nothing(
    toy: type[LossMethod], make: Make, context: Callable[..., TrainContext], view: TrainingView
) -> None:
    from nsbench.benchmark.testing.trial import train

    def stages(self: LossMethod, view: TrainingView) -> tuple[Train, ...]:
        return Train("first", view), Train("second", view), Train("never", view, share=0)

    seen: list[Tensor] = []
    validate = recorded([0.9, 0.8, 0.3, 0.2], seen)
    chosen = context(hooks=Hooks(validate=validate), validate_every=1, updates=2)
    chosen.select = True
    method = make(type("Two", (toy,), {"stages": stages}))
    outcome = train(method, view, chosen)
    assert outcome.selected == {"stage": "second", "update": 1, "score": 0.3}
    assert torch.equal(method.network.layer.weight, seen[2])
    kept = {name: chosen.weights_of(name)["network.layer.weight"] for name in ("first", "second")}
    assert torch.equal(kept["first"], seen[1])
    assert torch.equal(kept["second"], seen[2])
    assert not torch.equal(seen[2], seen[3])


@pytest.mark.parametrize("calls", [1, 4, 6])
def test_a_killed_training_selects_as_an_uninterrupted_one(
    toy: type[LossMethod], make: Make, context: Callable[..., TrainContext], view: TrainingView, calls: int
) -> None:
    from nsbench.benchmark.testing.trial import train

    class Two(toy):  # type: ignore[misc, valid-type]
        def stages(self, view: TrainingView) -> tuple[Train, ...]:
            return Train("first", view), Train("second", view)

    def selected(folder: str, calls: int) -> Outcome | None:
        def validate(method: Method) -> float:
            nonlocal calls
            calls -= 1
            if not calls:
                raise KeyboardInterrupt
            # weights shrink: the first model of a stage is its best
            return float(method.state_dict()["network.layer.weight"].square().sum())

        chosen = context(folder, Hooks(validate=validate), validate_every=1, updates=4)
        chosen.select, chosen.checkpoint_seconds = True, 0.0
        method = make(Two)
        try:
            outcome = train(method, view, chosen)
        except KeyboardInterrupt:
            return None
        found[folder] = method.state_dict()["network.layer.weight"]
        return outcome

    found: dict[str, torch.Tensor] = {}
    whole = selected("whole", 0)
    assert selected("killed", calls) is None
    again = selected("killed", 0)
    assert whole is not None
    assert again is not None
    assert again.selected == whole.selected
    assert (whole.selected["stage"], whole.selected["update"]) == ("second", 1)
    assert torch.equal(found["killed"], found["whole"])


def test_a_stage_without_an_update_is_refused(
    toy: type[LossMethod], make: Make, context: Callable[..., TrainContext], view: TrainingView
) -> None:
    from nsbench.benchmark.testing.trial import train

    stages = tuple(Train(f"s{i}", view) for i in range(3))
    method = make(type("Three", (toy,), {"stages": lambda self, view: stages}))
    with pytest.raises(CellFailure, match="2 updates leave none for s2 of 3 stages; raise them"):
        train(method, view, context(updates=2, accounting="total"))


def test_updates_are_divided_by_share_the_largest_remainder_first() -> None:
    stages = [Train("a", NONE, share=1), Relabel("r", NONE, ("a",)), Train("b", NONE, share=2), Train("c", NONE)]
    budget = small_budget(Geometry(), updates=10, accounting="total")
    assert divide_updates(stages, budget) == [3, 0, 5, 2]
    each = small_budget(Geometry(), updates=10, accounting="per-stage")
    assert divide_updates(stages, each) == [10, 0, 10, 10]


@settings(max_examples=100, deadline=None)
@given(shares=st.lists(st.floats(0.1, 10), min_size=1, max_size=8), updates=st.integers(1, 1000))
def test_every_update_is_given_to_a_stage(shares: list[float], updates: int) -> None:
    stages = [Train(f"s{i}", NONE, share=share) for i, share in enumerate(shares)]
    found = divide_updates(stages, small_budget(Geometry(), updates=updates, accounting="total"))
    assert sum(found) == updates
    assert all(abs(n - updates * share / sum(shares)) < 1 for n, share in zip(found, shares))


@settings(max_examples=50, deadline=None)
@given(shares=st.lists(st.floats(0.1, 10), min_size=1, max_size=4), updates=st.integers(20, 1000))
def test_a_fraction_is_as_long_whatever_the_other_stages_share(shares: list[float], updates: int) -> None:
    others = [Train(f"s{i}", NONE, share=share) for i, share in enumerate(shares)]
    stages = [Relabel("r", NONE, ("m0",)), Train("m0", NONE, fraction=0.4, share=7), *others]
    found = divide_updates(stages, small_budget(Geometry(), updates=updates, accounting="total"))
    assert (found[0], found[1], sum(found)) == (0, round(0.4 * updates), updates)


@pytest.mark.parametrize("fractions", [(0.6, 0.6), (0.5, 0.5), (0.5,)])
def test_fractions_that_leave_nothing_or_too_much_are_refused(fractions: tuple[float, ...]) -> None:
    stages: list[Stage] = [Train(f"m{i}", NONE, fraction=part) for i, part in enumerate(fractions)]
    if len(fractions) > 1:
        stages.append(Train("last", NONE))
    with pytest.raises(CellFailure, match="as fractions"):
        divide_updates(stages, small_budget(Geometry(), updates=10, accounting="total"))
