"""Contracts of methods: training repeats, resumes and stays finite."""

from __future__ import annotations

from collections.abc import Callable
from tempfile import TemporaryDirectory
from typing import Any

import torch
from torch import Tensor

from ..errors import CellFailure
from ..plugin.method import Method
from ..plugin.network import Network
from ..plugin.stages import Train
from ..registry import Plugin, Registries
from ..seeds import stream
from ..training.context import Hooks, TrainContext
from ..training.sampler import PatchSampler, sequence_of
from .contract import require
from .trial import CPU, build, context_in, home, offered, reference_state, require_equal, train, trained_state, view_for
from .world import Geometry, with_ignored

_ATTEMPTS = 200


class _Killed(Exception):
    """Stands for the end of a process."""


def check_training_moves_the_weights(plugin: Plugin[Any], registries: Registries) -> None:
    """After a few updates some weight differs from its initial value: the loss reaches the weights."""
    geometry = home(plugin, registries)
    before = {name: p.detach().clone() for name, p in build(plugin, registries, geometry).named_parameters()}
    after = reference_state(plugin, registries)
    moved = any(not torch.equal(value, after[name]) for name, value in before.items())
    require(moved, f"{plugin.name}: no weight moved: does `step` return a loss with a gradient?")


def check_training_is_deterministic(plugin: Plugin[Any], registries: Registries) -> None:
    """Two trainings of one cell end bit-identical.

    Draw from torch's generator, which the trainer seeds and checkpoints, not from numpy or `random`.
    """
    geometry = home(plugin, registries)
    first, second = (
        reference_state(plugin, registries),
        trained_state(plugin, registries, geometry, view_for(plugin, geometry)),
    )
    require_equal(first, second, f"{plugin.name}: trained twice alike")


def check_a_killed_training_continues_to_the_same_weights(plugin: Plugin[Any], registries: Registries) -> None:
    """Training killed at every third update and resumed in a new process ends bit-identical.

    What a method keeps must be in its `state_dict`; what `enter_stage` sets up must not depend on the past.
    """
    geometry = home(plugin, registries)
    expected = reference_state(plugin, registries)
    with TemporaryDirectory() as folder:
        for _ in range(_ATTEMPTS):
            method = build(plugin, registries, geometry)
            context = context_in(folder, geometry, Hooks(validate=_kill_at_call(3)), validate_every=1)
            try:
                train(method, view_for(plugin, geometry), context)
            except _Killed:
                continue
            break
    require_equal(expected, method.state_dict(), f"{plugin.name}: whole and interrupted training")


def check_the_state_dict_holds_everything(plugin: Plugin[Any], registries: Registries) -> None:
    """A new method that loads a trained one's `state_dict` makes the same next step and the same predictions.

    Keep histories, counters and teachers in buffers or submodules, not in plain attributes.
    """
    geometry = home(plugin, registries)
    trained, copy = build(plugin, registries, geometry), build(plugin, registries, geometry, seed=1)
    view = view_for(plugin, geometry)
    with TemporaryDirectory() as folder:
        context = context_in(folder, geometry)
        train(trained, view, context)
        copy.load_state_dict(trained.state_dict())
        last = [stage for stage in trained.stages(view) if isinstance(stage, Train)][-1]
        expected, found = (_step(method, last, context) for method in (trained, copy))
    require_equal(expected, found, f"{plugin.name}: next step of a trained method and of its copy")
    require_equal(trained.state_dict(), copy.state_dict(), f"{plugin.name}: after that step")
    image = torch.randn(1, geometry.channels, *geometry.patch, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        expected, found = ({"prediction": method.eval().predict(image)} for method in (trained, copy))
    require_equal(expected, found, f"{plugin.name}: a trained method and its copy")


def check_the_state_is_of_a_reasonable_size(plugin: Plugin[Any], registries: Registries) -> None:
    """Buffers take no more room than sixteen networks, plus 1 MiB for histories.

    The state is written at every checkpoint and kept for every stage: no copy of the data belongs in it.
    """
    method = build(plugin, registries, home(plugin, registries))
    network = next((part for part in method.modules() if isinstance(part, Network)), method)
    kept = sum(value.nbytes for value in method.state_dict().values() if isinstance(value, Tensor))
    one = sum(value.nbytes for value in network.state_dict().values())
    learned = sum(value.nbytes for value in method.parameters())
    allowed = learned + 16 * one + 2**20
    message = (
        f"{plugin.name}: its state takes {kept / 2**20:.1f} MiB, of which {learned / 2**20:.1f} MiB are parameters"
    )
    require(kept <= allowed, f"{message}; at most {allowed / 2**20:.1f} MiB are sensible: keep less in buffers")


def check_losses_are_finite_in_bf16(plugin: Plugin[Any], registries: Registries) -> None:
    """Training in bfloat16 autocast gives finite losses and weights: most budgets ask for it.

    In 2-D and 3-D, with one class or several.
    """
    _stays_finite(plugin, registries, "in bf16", lambda view: view, precision="bf16")
    for geometry in offered(plugin, registries):
        where = f"in bf16, {geometry}"
        _stays_finite(plugin, registries, where, lambda view: view, geometry=geometry, precision="bf16", updates=1)


def check_ignored_batches_do_no_harm(plugin: Plugin[Any], registries: Registries) -> None:
    """Batches without a voxel to learn from, and of a `scarce` method without a labeled case, give no NaN.

    Divide by `batch.valid.sum().clamp(min=1)`.
    """
    labeled = 2 if plugin.attributes.get("knows") == "scarce" else None
    _stays_finite(plugin, registries, "on ignored voxels", lambda view: with_ignored(view, 1.0), labeled)


def check_it_trains_in_every_geometry(plugin: Plugin[Any], registries: Registries) -> None:
    """One update in 2-D and 3-D, with one class or several, one channel or two.

    A method that cannot do one of these raises UserError when it is built.
    """
    for geometry in offered(plugin, registries):
        try:
            trained_state(plugin, registries, geometry, view_for(plugin, geometry), updates=1)
        except Exception as error:
            raise AssertionError(f"{plugin.name}: {geometry}: {type(error).__name__}: {error}") from error


def _stays_finite(
    plugin: Plugin[Any],
    registries: Registries,
    where: str,
    change: Callable[[Any], Any],
    labeled: int | None = None,
    geometry: Geometry | None = None,
    **budget: Any,
) -> None:
    geometry = geometry or home(plugin, registries)
    view = change(view_for(plugin, geometry, labeled))
    try:
        state = trained_state(plugin, registries, geometry, view, **budget)
    except CellFailure as failure:
        raise AssertionError(f"{plugin.name}: {where}: {failure}") from failure
    names = {name for name, _ in build(plugin, registries, geometry).named_parameters()}
    bad = [name for name in names if not state[name].isfinite().all()]
    require(not bad, f"{plugin.name}: {where}: weights became NaN or infinite: {', '.join(sorted(bad)[:3])}")


def _kill_at_call(count: int) -> Callable[[Method], float]:
    calls = iter(range(1, count + 1))

    def validate(method: Method) -> float:
        if next(calls) == count:
            raise _Killed
        return 0.0

    return validate


def _step(method: Method, stage: Train, context: TrainContext) -> dict[str, Tensor]:
    """Losses and logged values of one step on fixed batches; of a step for each view that takes turns."""
    batches = {
        name: PatchSampler(context.resolve(view), context.sampling, CPU, stream(0, "contract-step", name)).next()
        for name, view in sequence_of(stage.on)
    }
    turns = [{name: batch} for name, batch in batches.items()] if stage.alternating else [batches]
    method.take_logs()
    method.enter_stage(stage)
    method.train()
    losses: dict[str, Tensor] = {}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        for given in turns:
            result = getattr(method, stage.step)(given.get("", given), 0.5)
            method.after_update(0.5)
            losses |= {"loss": result} if isinstance(result, Tensor) else dict(result or {})
    logged, trust = method.take_logs()
    return {**losses, **logged, **({} if trust is None else {"trust": trust})}
