"""Keeps the index of records up to date while a long grid runs."""

from __future__ import annotations

from contextlib import suppress

from ..store import Store
from ..store.files import OutputError
from .events import Event

BATCH = 256


class IndexKeeper:
    """Adds finished cells to the index in batches, so that the leaderboard of a large grid need not read them all."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.waiting: list[str] = []

    def __call__(self, event: Event) -> None:
        """Take in one event."""
        if event.kind != "ended":
            return
        self.waiting.append(event.cell.id)
        if len(self.waiting) >= BATCH:
            from ..store.index import update_index

            # a full disk costs nothing here: the leaderboard reads what the index does not hold
            with suppress(OutputError):
                update_index(self.store, self.waiting)
            self.waiting = []
