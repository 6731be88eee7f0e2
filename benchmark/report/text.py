"""Numbers and tables as text. Scores are fractions in the data and points (0 to 100) in text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

NOTHING = "-"
"""Stands where there is no value."""

_WIDEST = 60
"""Columns of a table's source are padded up to here."""


def points(value: float | None, signed: bool = False) -> str:
    """A fraction in points: 0.8765 is `87.65`."""
    return NOTHING if value is None else f"{100 * value:{'+' if signed else ''}.2f}"


def distance(value: float | None) -> str:
    """A distance in voxels or mm."""
    return NOTHING if value is None else f"{value:.2f}"


def interval(bounds: Sequence[float] | None) -> str:
    """An interval of fractions, in points."""
    return NOTHING if bounds is None else f"{points(bounds[0])} to {points(bounds[1])}"


def auroc(value: float | None) -> str:
    """An area under a curve, 0 to 1."""
    return NOTHING if value is None else f"{value:.3f}"


def percent(value: float | None) -> str:
    """A share in whole percent."""
    return NOTHING if value is None else f"{100 * value:.0f} %"


def score(summary: dict[str, Any], is_surface: bool) -> str:
    """A mean with the number of undefined values, if any."""
    text = distance(summary["mean"]) if is_surface else points(summary["mean"])
    return f"{text} ({summary['undefined']} undefined)" if summary["undefined"] else text


def duration(seconds: float | None) -> str:
    """Seconds in a unit that suits."""
    if seconds is None:
        return NOTHING
    for size, unit in ((3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1f} s"


def memory(mib: float | None) -> str:
    """MiB in a unit that suits."""
    if mib is None:
        return NOTHING
    return f"{mib / 1024:.1f} GiB" if mib >= 1024 else f"{mib:.0f} MiB"


def count(value: float | None) -> str:
    """A number of things: `600`, `12.3 k`, `1.93 M`."""
    if value is None:
        return NOTHING
    for size, unit, digits in ((10**6, " M", 2), (10**4, " k", 0)):
        if value >= size:
            return f"{value / (1000 if unit == ' k' else size):.{digits if unit == ' M' else 1}f}{unit}"
    return f"{value:g}"


def ratio(value: float | None) -> str:
    """A corruption ratio: `clean` or `50 %`."""
    if value is None:
        return NOTHING
    return "clean" if value == 0 else f"{100 * value:g} %"


def settings(values: dict[str, Any]) -> str:
    """Parameters as `a=1, b=2`."""
    return ", ".join(f"{name}={_value(value)}" for name, value in values.items() if value is not None)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return (
            "x".join(map(str, value))
            if all(isinstance(v, int) for v in value)
            else f"[{', '.join(map(_value, value))}]"
        )
    return f"{value:g}" if isinstance(value, float) else str(value)


def by_reason(left_out: Iterable[str]) -> list[str]:
    """`ce: why` and `mae: why` as `ce; mae: why`; labels may hold commas."""
    found: dict[str, list[str]] = {}
    for name, _, why in (line.partition(": ") for line in left_out):
        found.setdefault(why, []).append(name)
    return [": ".join(filter(None, ("; ".join(names), why))) for why, names in found.items()]


def escape(text: str) -> str:
    """Text that may stand in a cell of a markdown table."""
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("\n", " ").replace("*", "\\*").replace("_", "\\_")


def code(text: str) -> str:
    """Text as code, in a cell of a markdown table too."""
    return "`" + text.replace("`", "'").replace("|", "\\|").replace("\n", " ") + "`"


def cells(number: int) -> str:
    """`1 cell`, `2 cells`."""
    return counted(number, "cell")


def counted(number: int, what: str) -> str:
    """`1 test case`, `2 test cases`."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], left: int = 1) -> str:
    """A markdown table, its columns padded so that the source reads well too; the first `left` align left."""
    lines = [list(heads), *map(list, rows)]
    widths = [min(_WIDEST, max(3, *(len(line[i]) for line in lines))) for i in range(len(heads))]
    rule = [f"{'-' * width}" if i < left else f"{'-' * (width - 1)}:" for i, width in enumerate(widths)]
    padded = [
        [cell.ljust(width) if i < left else cell.rjust(width) for i, (cell, width) in enumerate(zip(line, widths))]
        for line in [lines[0], rule, *lines[1:]]
    ]
    return "\n".join(f"| {' | '.join(line)} |" for line in padded)
