"""Base class of methods: how to learn a segmenter from wrong or scarce labels."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Literal, TypeAlias, TypeVar

import torch
from torch import Tensor, nn

from ..errors import UserError
from .batch import Batch
from .case import Task
from .network import Network
from .params import MethodParams
from .stages import Stage, Train
from .view import TrainingView

Knows = Literal["blind", "trusted", "scarce"]
M = TypeVar("M", bound=nn.Module)
StepResult = Tensor | Mapping[str, Tensor] | None


class Builder:
    """Hands a method its networks, each with an initialisation of its own from the cell's seed.

    Parameters
    ----------
    make
        Builds one network on the current random state.
    seed_of
        Seed of the i-th module built.
    find
        Makes a registered method by name and parameters, before its `setup`; None where there is no registry.
    """

    def __init__(
        self,
        make: Callable[[], Network],
        seed_of: Callable[[int], int],
        find: Callable[[str, Mapping[str, Any]], Method] | None = None,
    ) -> None:
        self._make = make
        self._seed_of = seed_of
        self._find = find
        self._built = 0

    def network(self) -> Network:
        """A new network of the cell's architecture; no two calls give the same initialisation."""
        return self.module(self._make)

    def module(self, make: Callable[[], M]) -> M:
        """A module of the method's own (attention, a second decoder), initialised from the cell's seed."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self._seed_of(self._built))
            self._built += 1
            return make()

    def method(self, name: str, params: Mapping[str, Any] | None = None) -> Method:
        """Another registered method, set up with networks of its own: for schemes that wrap any method.

        A parameter that names it is declared with `param(..., names_plugin=True)`.

        Raises
        ------
        UserError
            Unknown method or parameter.
        """
        if self._find is None:
            raise UserError(f"method {name} cannot be looked up here")
        inner = self._find(name, params or {})
        inner.setup(self)
        return inner


class Method(nn.Module):
    """A training method. Whatever it keeps (networks, teachers, histories as buffers) is in its `state_dict`.

    A subclass writes `setup`, `step` and `predict`; multi-stage schemes also `stages`. It contains no
    training loop, no device and no autocast code: the trainer owns these, and resume with them.

    Attributes
    ----------
    name, citation
        Id on the command line; the paper.
    knows
        `blind`: all labels, not which are wrong; `trusted`: also which cases are clean;
        `scarce`: a labeled subset and unlabeled images.
    needs_unlabeled
        Of a `scarce` method: whether it is meant for images without label, so that it is left out where there are
        none. False for one that learns from the labeled cases alone.
    passes
        Forward-and-backward passes of one network that an update needs (1 for plain training); a class
        attribute, or set in `setup` where it depends on a parameter.
    slice_axes
        Spatial axes of volumes, set in `setup` by a method with a 2-D network for each: a volume is then predicted
        slice by slice along each of them, by `predict_along`, and the most frequent class wins, of equally frequent
        ones that of the larger summed probability. Empty: along the cell's view alone, by `predict`. Stages say with
        `Train.slice_axis` along which axis their batches are cut.
    """

    name: ClassVar[str]
    citation: ClassVar[str]
    knows: ClassVar[Knows] = "blind"
    needs_unlabeled: ClassVar[bool] = True
    passes: float = 1.0
    slice_axes: tuple[int, ...] = ()

    Params: TypeAlias = MethodParams

    def __init__(self, params: MethodParams, task: Task, ndim: int) -> None:
        super().__init__()
        self.params: Any = params
        self.task = task
        self.ndim = ndim
        self._logged: dict[str, Tensor] = {}
        self._trust: Tensor | None = None

    def setup(self, build: Builder) -> None:
        """Create the networks and buffers."""
        raise NotImplementedError("write setup(self, build): create the networks, e.g. self.network = build.network()")

    def stages(self, view: TrainingView) -> Sequence[Stage]:
        """The stages of training. Must be a pure function of the view and the parameters."""
        return (Train("train", on=view.labeled),)

    def begin_stage(self, stage: Train) -> None:
        """Called when a stage starts, not when it is resumed: copy weights, reset histories."""

    def enter_stage(self, stage: Train) -> None:
        """Called when a stage starts and when it is resumed: freeze what this stage must not move.

        What earlier stages froze moves again, as `setup` left it.
        """

    def step(self, batch: Batch, progress: float) -> StepResult:
        """Loss of one update.

        Parameters
        ----------
        batch
            See `Batch`.
        progress
            Fraction of the stage that is done, in [0, 1).

        Returns
        -------
        A scalar to minimise with every optimiser of the stage; a dict from optimiser name to scalar
        (only those step); or None for no update at all.
        """
        raise NotImplementedError("write step(self, batch, progress): return the loss of one update")

    def after_update(self, progress: float) -> None:
        """Called after every step, also when it returned None (EMA, schedules of the method's own)."""

    def predict(self, image: Tensor) -> Tensor:
        """Class probabilities `[B, num_classes, *spatial]` of images `[B, C, *spatial]`; called in eval mode."""
        raise NotImplementedError("write predict(self, image): return class probabilities")

    def predict_along(self, image: Tensor, axis: int) -> Tensor:
        """As `predict`, for slices of volumes along one of `slice_axes`."""
        return self.predict(image)

    def log(self, **scalars: Tensor) -> None:
        """Put scalars of this step into the record's curves."""
        self._logged.update({k: v.detach() for k, v in scalars.items()})

    def log_trust(self, weights: Tensor) -> None:
        """Expose how much each voxel, or case, of this batch counted.

        `weights` is `[B, *spatial]` or `[B]`, higher for more trusted; the harness reports their mean as
        the share kept, and the AUROC against the true corruption, which the method never sees. Weights that
        a method normalises to mean 1 are all kept, by construction.
        """
        self._trust = weights.detach()

    def take_logs(self) -> tuple[dict[str, Tensor], Tensor | None]:
        """For the trainer: what was logged since the last call."""
        logged, trust = self._logged, self._trust
        self._logged, self._trust = {}, None
        return logged, trust


class LossMethod(Method):
    """One network trained with one loss: a new loss is one function and this class."""

    def setup(self, build: Builder) -> None:
        self.network = build.network()

    def loss(self, logits: Tensor, batch: Batch) -> Tensor:
        """Scalar loss of float32 logits `[B, num_classes, *spatial]`; must leave out `batch.ignore`."""
        raise NotImplementedError("write loss(self, logits, batch): return a scalar")

    def step(self, batch: Batch, progress: float) -> Tensor:
        logits = self.network(batch.image)
        with torch.autocast(logits.device.type, enabled=False):
            return self.loss(logits.float(), batch)

    def predict(self, image: Tensor) -> Tensor:
        probabilities: Tensor = self.network(image).float().softmax(1)
        return probabilities
