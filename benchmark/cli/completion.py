"""Shell completion of names, without importing any plugin."""

from __future__ import annotations

from collections.abc import Callable


def names(kind: str) -> Callable[[str], list[str]]:
    """A completer for a comma list of names of one kind (`methods`, `datasets`, `noise`, `networks`, `budgets`)."""

    def complete(incomplete: str) -> list[str]:
        from .listing import names_of

        before, comma, last = incomplete.rpartition(",")
        return [f"{before}{comma}{name}" for name in names_of(kind) if name.startswith(last)]

    return complete
