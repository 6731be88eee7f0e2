"""A bar and a table that a terminal shows while work goes on. Writes to standard error only."""

from __future__ import annotations

import sys
from typing import Self

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, TextColumn, TimeElapsedColumn


class LiveTable:
    """Base of the displays: shown between enter and exit, on a terminal only.

    `picture` is asked for from `__init__` on.

    Parameters
    ----------
    title, total, completed
        Of the bar.
    columns
        Further columns of the bar.
    """

    def __init__(
        self, title: str, total: int, completed: int = 0, quiet: bool = False, columns: tuple[ProgressColumn, ...] = ()
    ) -> None:
        self.quiet = quiet
        self.console = Console(file=sys.stderr)
        usual = (TextColumn("[bold]{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        self.bar = Progress(*usual, *columns, console=self.console)
        self.task = self.bar.add_task(title, total=total, completed=completed, left="")
        self.live = Live(get_renderable=self.picture, console=self.console, refresh_per_second=2, transient=True)

    @property
    def on_terminal(self) -> bool:
        """Whether the live table is shown."""
        return self.console.is_terminal and not self.quiet

    def __enter__(self) -> Self:
        if self.on_terminal:
            self.live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.on_terminal:
            self.live.stop()

    def say(self, line: str) -> None:
        """A line that stays, as it is."""
        self.console.print(line, markup=False, highlight=False, soft_wrap=True)

    def picture(self) -> Group:
        """What is shown now."""
        raise NotImplementedError
