"""Progress while data are prepared."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn


@contextmanager
def preparing(quiet: bool) -> Iterator[Callable[[str], Callable[[str], None]]]:
    """Gives a function from a dataset's label to the `tick` that `prepare` calls for each new case."""
    console = Console(file=sys.stderr, quiet=quiet)
    columns = (SpinnerColumn(), TextColumn("preparing {task.description}: {task.completed} cases"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=quiet or not console.is_terminal) as progress:

        def tick(label: str) -> Callable[[str], None]:
            task = progress.add_task(label, total=None)
            return lambda case_id: progress.advance(task)

        yield tick
