"""Fields that belong to different supervisions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .where import FieldError

_OF_NOISE = ("noise", "ratios", "severity")
_KINDS = {"labeled": "scarce labels", "source": "a transfer"}
_NEEDS = {"unlabeled": ("labeled", "source"), "spacing": ("source",)}


def refuse_mixed(values: Mapping[str, Any]) -> None:
    """Refuse fields of two supervisions in one spec, and fields of one that is not asked for.

    Raises
    ------
    FieldError
        `labeled` and `source` together, noise or validation by noisy labels beside either, `unlabeled` or `spacing`
        without.
    """
    given = {name for name, value in values.items() if value is not None}
    kinds = [name for name in _KINDS if name in given]
    if len(kinds) > 1:
        raise FieldError("a transfer labels all training cases of its source; leave out labeled or source", ("source",))
    for name in _OF_NOISE if kinds else ():
        if name in given:
            why = f"{_KINDS[kinds[0]]} ({kinds[0]}) have no wrong label"
            raise FieldError(f"{why}; leave out {name}, or {kinds[0]}", (name,))
    if kinds and values.get("selection") == "best-noisy-val":
        why = f"{_KINDS[kinds[0]]} ({kinds[0]}) have no wrong label, so that validation labels are clean"
        raise FieldError(f"{why}; choose last, or best-clean-val", ("selection",))
    for name, needed in _NEEDS.items():
        if name in given and not set(needed) & given:
            raise FieldError(f"belongs to {' or '.join(needed)}, which is not given", (name,))
