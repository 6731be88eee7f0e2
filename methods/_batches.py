"""Batches put together from labeled and other images."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Any

import torch
from torch import Tensor

from ..benchmark.plugin import Batch


def joined(first: Batch, second: Batch) -> Batch:
    """Both batches as one; `case` keeps counting in each batch's own view."""
    if first.ignore is None and second.ignore is None:
        return _each(first, lambda name: torch.cat([getattr(first, name), getattr(second, name)]), ignore=None)
    masks = [torch.zeros_like(b.label, dtype=torch.bool) if b.ignore is None else b.ignore for b in (first, second)]
    return _each(first, lambda name: torch.cat([getattr(first, name), getattr(second, name)]), ignore=torch.cat(masks))


def leading(batch: Batch, count: int) -> Batch:
    """The first images of a batch."""
    ignore = None if batch.ignore is None else batch.ignore[:count]
    return _each(batch, lambda name: getattr(batch, name)[:count], ignore=ignore)


def trailing(batch: Batch, count: int) -> Batch:
    """The batch without its first images."""
    ignore = None if batch.ignore is None else batch.ignore[count:]
    return _each(batch, lambda name: getattr(batch, name)[count:], ignore=ignore)


def mixed(labeled: Batch, other: Batch, fraction: float) -> tuple[Batch, int]:
    """One batch of a batch's size, the given fraction of it labeled, at least one image of either kind.

    Of batches of a single image, both.

    Returns
    -------
    The batch, labeled images first, and how many these are.
    """
    size = len(labeled.label)
    count = min(max(round(size * fraction), 1), max(size - 1, 1))
    return joined(leading(labeled, count), leading(other, max(size - count, 1))), count


def _each(batch: Batch, of: Callable[[str], Tensor], ignore: Tensor | None) -> Batch:
    """A batch whose tensors are `of(name)`; the rest is that of `batch`."""
    values: dict[str, Any] = {field.name: getattr(batch, field.name) for field in fields(batch)}
    tensors = {name: of(name) for name, value in values.items() if isinstance(value, Tensor) and name != "ignore"}
    return Batch(**{**values, **tensors, "ignore": ignore})
