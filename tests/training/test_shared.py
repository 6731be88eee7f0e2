"""Stages that several cells share are trained once, and come out as if each had trained its own."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from filelock import FileLock
from torch import Tensor

from nsbench.benchmark.errors import CellFailure
from nsbench.benchmark.plugin import Batch, Builder, LossMethod, MethodParams, Stage, Train, TrainingView, param
from nsbench.benchmark.testing.trial import require_equal, train
from nsbench.benchmark.training import shared_stages
from nsbench.benchmark.training.context import Hooks, TrainContext
from nsbench.benchmark.training.shared import Sharing
from nsbench.benchmark.training.stage_run import StageRun

CODE = Path(__file__).parent
MakeContext = Callable[..., TrainContext]


@pytest.fixture
def methods(toy: type[LossMethod]) -> dict[str, type[Any]]:
    """Methods of one first stage; the heavier one has another step."""

    class Few(toy):  # type: ignore[misc, valid-type]
        class Params(MethodParams):
            weight: float = param(1.0)
            other: float = param(1.0)

        rest = 1

        def stages(self, view: TrainingView) -> Sequence[Stage]:
            first = Train("m0", on=view.labeled, fraction=0.5, shared=("weight",))
            return (first, *(Train(f"m{i + 1}", on=view, start="m0") for i in range(self.rest)))

        def step(self, batch: Batch, progress: float) -> Tensor:
            self.log(part=self.weighed(torch.ones(())))
            loss: Tensor = super().step(batch, progress)
            return self.weighed(loss)

        def weighed(self, loss: Tensor) -> Tensor:
            return loss * self.params.weight

    class More(Few):
        rest = 2

    class Heavier(Few):
        def weighed(self, loss: Tensor) -> Tensor:
            return 2.0 * loss * self.params.weight

    class Careless(Few):
        def weighed(self, loss: Tensor) -> Tensor:
            return loss * self.params.other

    class Dumping(Few):
        def weighed(self, loss: Tensor) -> Tensor:
            return loss * self.params.model_dump()["weight"]

    class Computing(Few):
        class Params(Few.Params):
            @property
            def both(self) -> float:
                return self.weight * self.other

        def weighed(self, loss: Tensor) -> Tensor:
            return loss * self.params.both

    class Dear(Few):
        passes = 3.0

    class Odd(Few):
        def setup(self, build: Builder) -> None:
            super().setup(build)
            self.odd = object()

    return {kind.__name__.lower(): kind for kind in (Few, More, Heavier, Careless, Dumping, Computing, Dear, Odd)}


@pytest.fixture
def shared_in(context: MakeContext, tmp_path: Path) -> MakeContext:
    """`shared_in(folder, identity, hooks)`: a context whose stages are shared with the other ones of this test."""

    def make(folder: str, identity: str = "one", **fields: Any) -> TrainContext:
        found = context(folder, accounting="total", updates=8, **fields)
        found.sharing = Sharing(tmp_path / "shared", {"seed": identity}, CODE)
        return found

    return make


def fitted(make: Any, kind: type[Any], view: TrainingView, context: TrainContext, **params: Any) -> Any:
    method = make(kind)
    method.params = kind.Params(**params)
    train(method, view, context)
    return method


def plain(context: TrainContext) -> dict[str, Any]:
    """What goes into a record."""
    outcome = vars(context.outcome)
    return {name: outcome[name] for name in ("updates", "passes", "curves", "trust", "selected")}


def test_a_second_cell_takes_the_stage_and_leaves_the_same_record(
    methods: dict[str, Any], make: Any, view: TrainingView, shared_in: MakeContext, context: MakeContext
) -> None:
    alone = context("alone", accounting="total", updates=8)
    expected = fitted(make, methods["more"], view, alone)
    first, second = shared_in("first"), shared_in("second")
    fitted(make, methods["few"], view, first)
    found = fitted(make, methods["more"], view, second)
    assert (first.outcome.shared, second.outcome.shared) == ([], ["m0"])
    assert plain(second) == plain(alone)
    assert second.outcome.updates == 8
    require_equal(expected.state_dict(), found.state_dict(), "shared")
    assert len(list((second.sharing.folder).glob("*.pt"))) == 1  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("heavier", {}),
        ("few", {"weight": 0.5}),
        ("few", {"learning_rate": 0.5}),
        ("few", {"identity": "other"}),
        ("few", {"labels": True}),
        ("few", {"updates": True}),
        ("few", {"seed": 1}),
    ],
)
def test_whatever_the_stage_depends_on_makes_it_another(
    methods: dict[str, Any], make: Any, view: TrainingView, shared_in: MakeContext, kind: str, change: dict[str, Any]
) -> None:
    fitted(make, methods["few"], view, shared_in("first"))
    params = {name: value for name, value in change.items() if name in ("weight", "learning_rate")}
    second = shared_in("second", change.get("identity", "one"))
    if change.get("labels"):
        changed = replace(view.cases[0], label=view.cases[0].label[::-1].copy())
        view = TrainingView((changed, *view.cases[1:]))
    if change.get("updates"):
        second.budget = second.budget.model_copy(update={"updates": 12})
    method = make(methods[kind], seed=change.get("seed", 0))
    method.params = methods[kind].Params(**params)
    train(method, view, second)
    assert second.outcome.shared == []


def test_an_undeclared_parameter_is_no_part_of_the_stage_and_may_differ(
    methods: dict[str, Any], make: Any, view: TrainingView, shared_in: MakeContext
) -> None:
    fitted(make, methods["few"], view, shared_in("first"))
    second = shared_in("second")
    fitted(make, methods["few"], view, second, other=3.0)
    assert second.outcome.shared == ["m0"]
    for kind, read in (("careless", "other"), ("dumping", "model_dump"), ("computing", "both")):
        with pytest.raises(CellFailure, match=f"stage m0 is shared .* depends on '{read}' of the parameters"):
            fitted(make, methods[kind], view, shared_in(kind))


def test_a_taken_stage_costs_what_the_method_says(
    methods: dict[str, Any], make: Any, view: TrainingView, shared_in: MakeContext
) -> None:
    fitted(make, methods["few"], view, shared_in("first"))
    second = shared_in("second")
    fitted(make, methods["dear"], view, second)
    assert (second.outcome.shared, second.outcome.passes) == (["m0"], 3.0 * 8)


def test_a_method_that_keeps_what_cannot_be_compared_trains_all_of_its_stages(
    methods: dict[str, Any], make: Any, view: TrainingView, shared_in: MakeContext
) -> None:
    for folder in ("first", "second"):
        cell = shared_in(folder)
        fitted(make, methods["odd"], view, cell)
        assert (cell.outcome.shared, cell.outcome.updates) == ([], 8)


def test_a_method_that_shares_nothing_is_not_looked_into(
    toy: type[LossMethod],
    make: Any,
    view: TrainingView,
    shared_in: MakeContext,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def looked(*_: Any) -> None:
        raise AssertionError("it trains alone")

    monkeypatch.setattr(shared_stages, "attributes_of", looked)
    cell = shared_in("first")
    fitted(make, toy, view, cell)
    assert cell.outcome.updates == 8


def test_a_cell_that_is_killed_within_a_shared_stage_continues_it_to_the_same_result(
    methods: dict[str, Any],
    make: Any,
    view: TrainingView,
    shared_in: MakeContext,
    context: MakeContext,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    alone = context("alone", accounting="total", updates=8)
    expected = fitted(make, methods["few"], view, alone)
    tend = StageRun._tend

    def interrupt(run: StageRun, done: int) -> None:
        tend(run, done)
        if done == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(StageRun, "_tend", interrupt)
    with pytest.raises(KeyboardInterrupt):
        fitted(make, methods["few"], view, shared_in("broken"))
    monkeypatch.setattr(StageRun, "_tend", tend)
    again = shared_in("broken")
    found = fitted(make, methods["few"], view, again)
    assert again.outcome.resumed == 1
    assert plain(again) == plain(alone)
    require_equal(expected.state_dict(), found.state_dict(), "resumed")
    other = shared_in("other")
    fitted(make, methods["more"], view, other)
    assert (other.outcome.shared, other.outcome.resumed) == (["m0"], 0)


def lock_of(context: TrainContext, methods: dict[str, Any], make: Any, view: TrainingView) -> Path:
    """The lock file of the methods' first stage."""
    fitted(make, methods["few"], view, context)
    (path,) = context.sharing.folder.glob("*.pt")  # type: ignore[union-attr]
    path.unlink()
    return path.with_suffix(".lock")


def test_a_killed_owner_blocks_nobody(
    methods: dict[str, Any], make: Any, view: TrainingView, shared_in: MakeContext
) -> None:
    lock = lock_of(shared_in("first"), methods, make, view)
    code = f"import filelock, time\nwith filelock.FileLock({str(lock)!r}): print(1, flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as owner:
        assert owner.stdout is not None
        owner.stdout.readline()
        said: list[str] = []

        def hear(facts: dict[str, Any]) -> None:
            said.append(facts["stage"])
            owner.kill()

        second = shared_in("second", hooks=Hooks(progress=hear))
        fitted(make, methods["few"], view, second)
    assert said[0] == "m0 (in another cell)"
    assert second.outcome.shared == []


def test_waiting_for_another_cell_counts_towards_the_time_limit(
    methods: dict[str, Any], make: Any, view: TrainingView, shared_in: MakeContext
) -> None:
    lock = FileLock(lock_of(shared_in("first"), methods, make, view))
    with lock, pytest.raises(CellFailure, match="out of time while another cell trained stage m0") as caught:
        fitted(make, methods["few"], view, shared_in("second", hooks=Hooks(deadline=time.monotonic())))
    assert caught.value.status == "timeout"
