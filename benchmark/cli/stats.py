"""`nsbench stats`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from .app import app
from .options import AsJson, OutFolder, Plugins, registries
from .output import print_json, print_table

if TYPE_CHECKING:
    from ..stats.compare import Comparison
    from ..stats.pairs import Pair
    from ..stats.ranks import Place

_TESTS = ("difference", "95 % interval", "Wilcoxon p", "Holm", "t-test p", "Holm", "patients", "seeds")
_SEEDS = (
    "The p-values take the seeds as fixed: they speak of other patients only. The intervals speak of other seeds too, "
    "unless --fixed-seeds\nis given, and may hold 0 where p is small: trust the interval."
)


@app.command()
def stats(
    out: OutFolder,
    metric: Annotated[str, typer.Option(help="Which metric, see docs/statistics.md.")] = "dice",
    baseline: Annotated[str | None, typer.Option(metavar="METHOD", help="Test each method against this one.")] = None,
    fixed_seeds: Annotated[
        bool, typer.Option("--fixed-seeds", help="Take the trained models as they are, say nothing of other seeds.")
    ] = False,
    as_json: AsJson = False,
    plugins: Plugins = None,
) -> None:
    """Print paired tests, rank intervals and the chance of being best, from per-case scores."""
    from ..stats.compare import compare
    from ..stats.records import Records
    from ..store import Store

    found = compare(Records.of(Store(out), registries(plugins)), metric, baseline, fixed_seeds)
    if as_json:
        print_json([comparison.as_json() for comparison in found])
        return
    for comparison in found:
        _show(comparison, baseline)


def _show(comparison: Comparison, baseline: str | None) -> None:
    print(f"{comparison.title}: {comparison.metric}\n")
    columns = ("#", "method", "mean", "95 % interval", "rank interval", "P(best)", "tied")
    print_table(columns, [_place(place) for place in comparison.places])
    for title, pairs in ((f"Against {baseline}", comparison.baseline), ("All pairs", comparison.pairs)):
        if pairs:
            print(f"\n{title}\n")
            print_table(("", *_TESTS), [tuple(_pair(pair)) for pair in pairs])
    if any(not pair.reason for pair in comparison.pairs):
        print(f"\n{_SEEDS}")
    print()


def _place(place: Place) -> Sequence[str]:
    if place.reason:
        return "", place.method, f"not enough data: {place.reason}"
    tied = "yes" if place.tied else "no"
    interval = _interval(place.low, place.high)
    ranks = f"{place.rank_low} to {place.rank_high}"
    return str(place.rank), place.method, _number(place.mean), interval, ranks, f"{place.best:.2f}", tied


def _pair(pair: Pair) -> Iterable[str]:
    yield f"{pair.a} - {pair.b}"
    if pair.reason:
        yield f"not enough data: {pair.reason}"
        return
    yield _number(pair.difference)
    yield _interval(pair.low, pair.high)
    yield from (_p(value) for value in (pair.wilcoxon_p, pair.wilcoxon_holm, pair.t_p, pair.t_holm))
    yield from (str(pair.patients), str(pair.seeds))


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"


def _interval(low: float | None, high: float | None) -> str:
    return f"{_number(low)} to {_number(high)}"


def _p(value: float | None) -> str:
    return "" if value is None else "<0.001" if value < 0.001 else f"{value:.3f}"
