"""A contract: what every plugin of a kind must keep, as a check with a name and a reason."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..registry import Plugin, Registries

Check = Callable[[Plugin[Any], Registries], None]


class NotApplicable(Exception):
    """The contract asks nothing of this plugin here; the message says why."""


@dataclass(frozen=True)
class Contract:
    """One promise of a plugin.

    Attributes
    ----------
    name
        Words joined by hyphens (`training-is-deterministic`).
    why
        What is promised, and what breaks without it.
    check
        Raises AssertionError with a message for the plugin's author when the promise is broken,
        `NotApplicable` where there is nothing to check.
    """

    name: str
    why: str
    check: Check

    def __str__(self) -> str:
        return self.name


def contract(check: Check, name: str, why: str | None) -> Contract:
    """The contract that a function `check_...` states in its docstring."""
    return Contract(name.removeprefix("check_").replace("_", "-"), inspect.cleandoc(why or ""), check)


def require(kept: bool, message: str) -> None:
    """Raise AssertionError, also under `python -O`."""
    if not kept:
        raise AssertionError(message)
