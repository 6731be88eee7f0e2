"""Stages: the parts of a method's training, declared as data.

The trainer runs them in order and keeps each one's output (weights of a `Train`, label sets of a
`Relabel`), so that a killed cell skips what is done.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from .view import TrainingView

INITIAL = "initial"
"""As `Train.start`: forget what earlier stages learned."""


@dataclass(frozen=True)
class Optimiser:
    """One optimiser of a stage.

    Attributes
    ----------
    name
        Key by which `step` may address it.
    modules
        Dotted attribute names of the method whose parameters it drives; empty for all.
    learning_rate
        Initial learning rate; None for the method's, else the budget's.
    factor
        What that learning rate is multiplied by.
    """

    name: str = "main"
    modules: tuple[str, ...] = ()
    learning_rate: float | None = None
    factor: float = 1.0


@dataclass(frozen=True)
class Train:
    """Train for a share of the budget.

    Attributes
    ----------
    name
        Unique within the method.
    on
        The view to draw batches from, or several by name: then `step` gets a dict of batches.
    step
        Name of the method's step function.
    share
        Weight of this stage in dividing the cell's updates among its `Train` stages.
    fraction
        Fraction of the cell's updates that this stage gets, in place of a share; what is left is divided by `share`.
        For a stage that is to be equally long in several methods, whatever else they do.
    shared
        Names of the parameters that the stage's outcome depends on (`learning_rate` always counts). Given, the stage is
        trained once for all cells of a run in which it would come out the same: same name, step function and code,
        updates, cases and labels, initial weights, values of these parameters, and all of the cell's identity but the
        method. Its updates and its time count in every cell's row. Other parameters cannot be read while it trains;
        what `setup` made of them and keeps in attributes counts as the weights do. A method that keeps other things
        than numbers, texts, arrays, functions and containers of them shares nothing, nor does a cell with a validation.
    start
        Stage whose weights this one starts from; None: the weights as the previous stage left them;
        `INITIAL`: the method as `setup` left it.
    optimisers
        Default: one over all parameters that require gradients.
    slice_axis
        Spatial axis that a 2-D network's slices of volumes are cut along, or one by name of a view; None, or a
        view that is not named: the cell's. See `Method.slice_axes`.
    alternating
        Whether the views of `on` take turns: `step` then gets a dict with one batch, of the first view in the first
        update, of the second one in the second, and no batch is drawn in vain. A number n above 1: n views have each
        turn together, of K turns that follow one another each K-th view.
    final
        Of a stage that learns from the labels of the last generation's models together: its weights stand for that
        generation, beside those of the models, rather than for a further one (ATSO, line 12). Only for the record.
    """

    name: str
    on: TrainingView | Mapping[str, TrainingView]
    step: str = "step"
    share: float = 1.0
    start: str | None = None
    optimisers: tuple[Optimiser, ...] = (Optimiser(),)
    slice_axis: int | Mapping[str, int] | None = None
    fraction: float | None = None
    shared: tuple[str, ...] | None = None
    alternating: int = False
    final: bool = False

    def slice_axis_of(self, view: str) -> int | None:
        """The axis of a view by its name in `on`, "" for a single one; None: the cell's."""
        return self.slice_axis.get(view) if isinstance(self.slice_axis, Mapping) else self.slice_axis


@dataclass(frozen=True)
class Relabel:
    """Predict new labels for a view with the weights of earlier stages.

    Attributes
    ----------
    name
        Unique within the method; `TrainingView.relabeled` refers to it.
    on
        The cases to predict labels for.
    by
        Names of `Train` stages; their predictions are averaged (`vote="soft"`) or counted (`"hard"`). With several
        transforms, each stage votes on its own first, then the stages do.
    flips
        Sets of axes of the network's input to mirror; the predictions are mirrored back before voting. `((),)`: none.
        Of a method with `slice_axes`, the input is the slice along each of them; these vote before all others.
    turns
        Numbers of quarter turns in the plane of the first two of these axes, each combined with each set of `flips`.
    groups
        Sets of classes whose votes are added up: a voxel gets the first class of the set with the most. Classes in no
        set stand for themselves. `()`: none.
    """

    name: str
    on: TrainingView
    by: tuple[str, ...]
    flips: tuple[tuple[int, ...], ...] = field(default=((),))
    turns: tuple[int, ...] = (0,)
    vote: Literal["soft", "hard"] = "soft"
    groups: tuple[tuple[int, ...], ...] = ()


Stage = Train | Relabel
