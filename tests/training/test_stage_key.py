"""What makes a shared stage another one, and what does not."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property, partial, partialmethod, wraps
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from nsbench.benchmark.plugin import Batch, LossMethod, MethodParams, Optimiser, Train, TrainingView, param
from nsbench.benchmark.training.described import Indescribable, attributes_of
from nsbench.benchmark.training.stage_code import digest_of
from nsbench.benchmark.training.stage_key import stage_key

CODE = Path(__file__).parent
this_file = sys.modules[__name__]


class Scaled(nn.Module):
    """Keeps a number that is no weight."""

    def __init__(self, scale: float) -> None:
        super().__init__()
        self.scale = scale


@pytest.fixture
def base(toy: type[LossMethod]) -> type[Any]:
    """A method whose setup, given `weight`, may keep it anywhere; its shared stage reads none of its parameters."""

    class Base(toy):  # type: ignore[misc, valid-type]
        class Params(MethodParams):
            weight: float = param(1.0)

        scale = 1.0
        table = ({"wall": 1.0},)

        @cached_property
        def factor(self) -> float:
            return self.offset()

        def offset(self) -> float:
            return 0.0

        def step(self, batch: Batch, progress: float) -> Tensor:
            loss: Tensor = super().step(batch, progress)
            return loss * self.scale * self.table[0]["wall"] + self.factor

    return Base


@pytest.fixture
def key_of(make: Any, base: type[Any], view: TrainingView) -> Callable[..., str]:
    """`key_of(kind, weight, keep, **stage)`: the key of a method's stage; `keep(method, weight)` is called in setup."""

    def find(kind: type[Any] = base, weight: float = 1.0, keep: Any = None, seen: Any = None, **stage: Any) -> str:
        method = make(kind)
        method.params = kind.Params(weight=weight)
        if keep is not None:
            keep(method, weight)
        kept = attributes_of(method, partial(digest_of, folder=CODE))
        first = Train(**{"name": "m0", "on": seen or view.labeled, "shared": ()} | stage)
        return stage_key({}, CODE, method, kept, first, {"": first.on}, 4, torch.device("cpu"))  # type: ignore[dict-item]

    return find


def _within(method: Any, weight: float) -> None:
    method.part = Scaled(weight)


def _wrapped(method: Any, weight: float) -> None:
    method.inner = type(method)(type(method).Params(weight=weight), method.task, 2)


def _frozen(method: Any, weight: float) -> None:
    method.network.requires_grad_(weight == 1.0)


def _buffered(method: Any, weight: float) -> None:
    method.register_buffer("kept", torch.tensor(weight), persistent=False)


@pytest.mark.parametrize(
    "keep",
    [
        _frozen,
        _buffered,
        lambda method, weight: setattr(method, "kept", weight),
        lambda method, weight: setattr(method, "_kept", weight),
        lambda method, weight: setattr(method, "kept", [{"a": weight}]),
        lambda method, weight: setattr(method, "kept", torch.tensor([weight])),
        lambda method, weight: setattr(method, "kept", torch.tensor(weight, dtype=torch.bfloat16)),
        lambda method, weight: setattr(method, "kept", partial(max, weight)),
        lambda method, weight: setattr(method, "kept", replace(method.task, classes=("a",) * int(weight))),
        _within,
        _wrapped,
    ],
    ids=[
        "frozen",
        "buffer",
        "number",
        "private",
        "list",
        "tensor",
        "bfloat16",
        "partial",
        "dataclass",
        "module",
        "wrapped-method",
    ],
)
def test_what_setup_keeps_of_a_parameter_counts(keep: Any, key_of: Callable[..., str]) -> None:
    assert key_of(weight=1.0) == key_of(weight=2.0)
    assert key_of(weight=2.0, keep=keep) == key_of(weight=2.0, keep=keep)
    assert key_of(weight=1.0, keep=keep) != key_of(weight=2.0, keep=keep)


def _hooked(method: Any, weight: float) -> None:
    method.network.register_forward_hook(lambda module, given, result: weight * result)


def _hooked_gradient(method: Any, weight: float) -> None:
    next(method.network.parameters()).register_hook(lambda gradient: weight * gradient)


@pytest.mark.parametrize("keep", [_hooked, _hooked_gradient])
def test_a_method_with_hooks_is_not_shared(keep: Any, key_of: Callable[..., str]) -> None:
    with pytest.raises(Indescribable):
        key_of(keep=keep)


@dataclass
class Unfinished:
    """Holds a field that nobody has set."""

    number: float = field(init=False)


def _closed_over(number: float) -> Callable[[], float]:
    return lambda: number


def _containing_itself() -> dict[str, Any]:
    found: dict[str, Any] = {}
    found["me"] = found
    return found


@pytest.mark.parametrize(
    "value",
    [
        _closed_over(1.0),
        lambda weight=1.0: weight,
        torch.eye(2).to_sparse(),
        Unfinished(),
        _containing_itself(),
    ],
    ids=["closure", "lambda", "sparse", "unset-field", "recursive"],
)
def test_what_cannot_be_described_is_not_shared(value: Any, key_of: Callable[..., str]) -> None:
    with pytest.raises(Indescribable):
        key_of(keep=lambda method, weight: setattr(method, "kept", value))


def test_a_state_of_other_than_tensors_is_not_shared(base: type[Any], key_of: Callable[..., str]) -> None:
    def extra(self: nn.Module) -> dict[str, float]:
        return {"a": 1.0}

    with pytest.raises(Indescribable):
        key_of(type("Other", (base,), {"get_extra_state": extra}))


def _scaled_by(base: type[Any], number: float) -> type[Any]:
    class Made(base):  # type: ignore[misc, valid-type]
        def offset(self) -> float:
            return number

    return Made


@pytest.mark.parametrize("change", [{"scale": 50.0}, {"table": ({"wall": 50.0},)}, {"offset": lambda self: 1.0}])
def test_what_the_step_reads_of_the_class_counts(
    change: dict[str, Any], base: type[Any], key_of: Callable[..., str]
) -> None:
    assert key_of(type("Other", (base,), change)) != key_of()


def _offset(method: Any, by: float = 0.0) -> float:
    return by * method.unit


def _times(number: float) -> Callable[[Any], Any]:
    def decorate(function: Any) -> Any:
        @wraps(function)
        def wrapped(method: Any) -> float:
            found: float = number * function(method)
            return found

        return wrapped

    return decorate


@pytest.mark.parametrize(
    "bound",
    [
        lambda by: partialmethod(_offset, by=by),
        lambda by: property(partial(_offset, by=by)),
        lambda by: _times(by)(_offset),
    ],
    ids=["partialmethod", "partial", "decorated"],
)
def test_what_a_function_of_the_class_is_given_beforehand_counts(
    bound: Any, base: type[Any], key_of: Callable[..., str]
) -> None:
    given = [(1.0, 1.0), (1.0, 1.0), (2.0, 1.0), (1.0, 2.0)]
    keys = [key_of(type("Other", (base,), {"offset": bound(by), "unit": unit})) for by, unit in given]
    assert keys[0] == keys[1]
    assert len(set(keys)) == 3


def _helper(method: Any) -> float:
    return _no_grad_helper(method)


@torch.no_grad()
def _no_grad_helper(method: Any) -> float:
    found: float = method.unit
    return found


def test_what_a_function_of_the_file_reads_of_the_class_counts(base: type[Any], key_of: Callable[..., str]) -> None:
    class Helped(base):  # type: ignore[misc, valid-type]
        unit, other = 0.0, 0.0

        def offset(self) -> float:
            return _helper(self)

    class ByModule(Helped):
        def offset(self) -> float:
            return this_file._helper(self)

    for kind in (Helped, ByModule):
        assert key_of(type("Other", (kind,), {"unit": 50.0})) != key_of(type("Other", (kind,), {}))
        assert key_of(type("Other", (kind,), {"other": 50.0})) == key_of(type("Other", (kind,), {}))


def test_functions_of_a_factory_differ_by_what_they_closed_over(base: type[Any], key_of: Callable[..., str]) -> None:
    keys = [key_of(_scaled_by(base, number)) for number in (1.0, 1.0, 2.0)]
    assert keys[0] == keys[1]
    assert keys[0] != keys[2]


def test_a_method_in_between_counts(base: type[Any], key_of: Callable[..., str]) -> None:
    class Between(LossMethod):
        def step(self, batch: Batch, progress: float) -> Tensor:
            return 2 * super().step(batch, progress)

    assert key_of(type("Other", (base,), {})) == key_of()
    assert key_of(type("Other", (base, Between), {})) != key_of()


def test_what_a_method_is_called_and_costs_counts_where_it_is_read(base: type[Any], key_of: Callable[..., str]) -> None:
    class Reading(base):  # type: ignore[misc, valid-type]
        def offset(self) -> float:
            return len(self.name)

    called = {"name": "another", "citation": "nobody", "passes": 2.0}
    assert key_of(type("Other", (base,), called)) == key_of()
    assert key_of(type("Other", (Reading,), called)) != key_of(Reading)


def _masked(view: TrainingView) -> TrainingView:
    first = view.cases[0]
    return TrainingView((replace(first, ignore=first.label > 0), *view.cases[1:]))


@pytest.mark.parametrize(
    "change",
    [
        {"name": "m1"},
        {"step": "loss"},
        {"slice_axis": 1},
        {"optimisers": (Optimiser(factor=0.5),)},
        {"optimisers": (Optimiser(modules=("network",)),)},
        {"shared": ("weight",)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_the_stage_as_it_is_declared_counts(change: dict[str, Any], key_of: Callable[..., str]) -> None:
    assert key_of(**change) != key_of()


def test_the_mask_of_a_case_counts(key_of: Callable[..., str], view: TrainingView) -> None:
    assert key_of(seen=_masked(view.labeled)) != key_of()


def test_the_share_of_the_updates_does_not_count(key_of: Callable[..., str]) -> None:
    assert key_of(share=2.0) == key_of(fraction=0.5) == key_of()
