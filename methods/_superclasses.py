"""Super-classes: pseudo-labels that are coarser than the classes (Huo et al. 2021, Section 5.2)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from ..benchmark.plugin import Batch, Task, UserError
from .data_reweighting import images_of

Groups = tuple[tuple[int, ...], ...]
"""Classes by super-class, each class in one of them; ordered by the lowest class, so that background comes first."""


def groups_of(named: Sequence[Sequence[str]], task: Task) -> Groups:
    """The super-classes that a parameter names by their classes; a class that it does not name stays its own.

    Raises
    ------
    UserError
        A name that is no class of the task (nor `background`), a class in two super-classes, or all in one.
    """
    values = {name: value for value, name in enumerate(("background", *task.classes))}
    unknown = [name for group in named for name in group if name not in values]
    if unknown:
        raise UserError(f"superclasses: {', '.join(unknown)}: no such class; there are {', '.join(values)}")
    listed = [values[name] for group in named for name in group]
    if len(set(listed)) < len(listed):
        raise UserError("superclasses: a class is in two super-classes; leave it in one")
    groups = [tuple(sorted(values[name] for name in group)) for group in named if group]
    found = tuple(sorted([*groups, *((value,) for value in values.values() if value not in listed)]))
    if len(found) < 2:
        raise UserError("superclasses: all classes are in one super-class, which tells nothing apart; leave one out")
    return found


def reduced_logits(logits: Tensor, groups: Groups) -> Tensor:
    """Logits of the super-classes: their softmax is the sum of their classes' probabilities.

    Float32 `[B, classes, *spatial]` to `[B, super-classes, *spatial]`.
    """
    return torch.stack([logits[:, list(group)].logsumexp(1) for group in groups], 1)


def reduced_batch(batch: Batch, groups: Groups) -> Batch:
    """The batch with labels of super-classes."""
    lookup = torch.empty(batch.num_classes, dtype=torch.long, device=batch.label.device)
    for value, group in enumerate(groups):
        lookup[list(group)] = value
    return replace(batch, label=lookup[batch.label], num_classes=len(groups))


def mixed_loss(
    loss: Callable[[Tensor, Batch], Tensor], logits: Tensor, batch: Batch, pseudo: Sequence[bool], groups: Groups
) -> Tensor:
    """The loss of a batch, of its images with pseudo-labels that of super-classes, both by the number of images.

    Parameters
    ----------
    pseudo
        Of each image whether its label is a pseudo-label; at least one is.
    """
    index = torch.tensor(pseudo, device=logits.device)
    part = index.nonzero().squeeze(1)
    coarse = reduced_batch(images_of(batch, part), groups)
    total = len(part) * loss(reduced_logits(logits[part], groups), coarse)
    part = (~index).nonzero().squeeze(1)
    if len(part):
        total = total + len(part) * loss(logits[part], images_of(batch, part))
    return total / len(pseudo)
