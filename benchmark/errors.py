"""The errors that nsbench raises on purpose."""

from __future__ import annotations


class UserError(Exception):
    """Bad input: one message that names the file or field and says what to do.

    The command line prints it without a traceback and exits with code 2.
    """


class CellFailure(Exception):
    """A cell that cannot go on (NaN loss, timeout ...); the rest of the grid does.

    Parameters
    ----------
    status
        ``failed``, ``timeout`` or ``oom``: the status the cell's record gets.
    """

    def __init__(self, message: str, status: str = "failed") -> None:
        super().__init__(message)
        self.status = status

    def __reduce__(self) -> tuple[type[CellFailure], tuple[str, str]]:
        return type(self), (str(self), self.status)


class Pruned(BaseException):
    """A cell is ended early because a better one is known; like an interrupt it leaves no record of failure."""


def nearest(name: str, known: list[str]) -> str:
    """A hint for an unknown name: the nearest known ones, else all of them."""
    from difflib import get_close_matches

    close = get_close_matches(name, known, n=3, cutoff=0.5)
    if close:
        return f"did you mean {' or '.join(close)}?"
    return f"known: {', '.join(sorted(known)) or 'none'}"
