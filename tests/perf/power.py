"""How often the verdicts say something, on made-up scores of known truth.

    python tests/perf/power.py [--draws 1000] [--apart 2] [--by-patient 4] [--by-seed 0.6]

Level: two samples of one truth. Power: `--apart` points of Dice apart. By test patients and training runs, those of
the papers' tables among them. Claims compare two methods on the same patients; numbers compare a run with a paper,
which has patients and runs of its own and prints their spread as the real one does. Ranks are those of a table of
methods, any two of which differ as the two of a claim do, in a fifth of the draws.
"""

from __future__ import annotations

import argparse
from collections import Counter
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from nsbench.benchmark.papers.claim_verdicts import TAIL, p_values
from nsbench.benchmark.papers.equivalence import equivalence
from nsbench.benchmark.papers.spread import gap
from nsbench.benchmark.stats.bootstrap import Estimates
from nsbench.benchmark.stats.simulate import Sample, tables
from nsbench.benchmark.stats.simultaneous import better


@dataclass(frozen=True)
class Table:
    """Sample sizes of a paper's table; `spread` is what its standard deviation is over."""

    name: str
    patients: int
    runs: int
    spread: str


TABLES = (
    Table("TSMAN 1-2, HVSMR", 10, 1, ""),
    Table("ATSO 1-2, NIH", 20, 1, ""),
    Table("PINT 1, LA", 20, 3, "runs"),
    Table("MASSL 2, WMH", 20, 5, ""),
    Table("MASSL 1, BraTS18", 50, 5, ""),
    Table("COPLE I-IV, COVID-19 CT", 130, 1, "cases"),
)
MARGIN = 2.0
SKEWED = (6, 10, 20, 50)
"""Patients."""
RANKED = ((2, 20, 2), (10, 20, 3), (24, 50, 2), (24, 50, 3))
"""Methods, patients and seeds."""


def claims(sample: Sample, draws: int, apart: float, fixed_seeds: bool) -> float:
    """Share of runs in which a claim is decided, either way."""
    return decided(sample.draw(np.random.default_rng(1), draws, apart), fixed_seeds)


def decided(differences: np.ndarray, fixed_seeds: bool = False) -> float:
    """Share of `[times, patients, seeds]` paired differences of which a claim is decided, either way."""
    parts = np.array_split(differences, max(1, len(differences) // 250))
    chances = [np.stack(p_values(Estimates.of(part, fixed_seeds).draws(), "greater")) for part in parts]
    return float((np.concatenate(chances, 1) <= TAIL).any(0).mean())


def numbers(table: Table, ours: Sample, draws: int, apart: float) -> Counter[str]:
    """Verdicts on the mean of a run, against the mean of a paper."""
    rng = np.random.default_rng(2)
    runs, papers = ours.draw(rng, draws, apart), replace(ours, seeds=table.runs).draw(rng, draws)
    found: Counter[str] = Counter()
    for run, paper in zip(runs, papers):
        values = {"runs": paper.mean(0), "cases": paper.mean(1)}.get(table.spread)
        spread = {"std": values.std(ddof=1), "n": len(values)} if values is not None else {"std": None, "n": None}
        number: dict[str, Any] = {"mean": paper.mean(), "spread": table.spread, **spread}
        found[equivalence(gap(number, Estimates.of(run[None]), same_cases=False), MARGIN).verdict] += 1
    return found


def ranks(sample: Sample, means: np.ndarray, draws: int, unequal: float = 1.0) -> tuple[float, float]:
    """Share of tables in which an equally good method is told apart from the leader; share of the worse ones found."""
    apart, found = [], []
    for scores in tables(sample, np.random.default_rng(3), draws, means, unequal):
        estimates = Estimates.of(scores)
        above, equal = better(estimates), means == means.max()
        leader = above[estimates.mean.argmax()]
        apart.append((leader & equal).any())
        found.append(leader[~equal].mean() if (~equal).any() else 0.0)
    return float(np.mean(apart)), float(np.mean(found))


def main() -> None:
    """Print the tables as markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("draws", 1000), ("apart", 2.0), ("by-patient", 4.0), ("by-seed", 0.6)):
        parser.add_argument(f"--{name}", type=type(default), default=default)
    given = parser.parse_args()
    _claims(given)
    _skewed(given)
    _numbers(given)
    _ranks(given)


def _claims(given: argparse.Namespace) -> None:
    print(f"Claims: decided on one truth, and {given.apart:g} points apart\n")
    print("| table | patients | runs | level | power | 3 runs: level | power | fixed seeds: level | power |")
    print("|---|---|---|---|---|---|---|---|---|")
    for table in TABLES:
        cells: list[str] = []
        for runs, fixed in ((table.runs, False), (3, False), (1, True)):
            sample = Sample(table.patients, runs, given.by_patient, given.by_seed)
            if runs < 2 and not fixed:
                cells += ["one seed"] * 2
                continue
            shares = (claims(sample, given.draws, apart, fixed) for apart in (0.0, given.apart))
            cells += [f"{100 * share:.1f} %" for share in shares]
        print(f"| {table.name} | {table.patients} | {table.runs} | {' | '.join(cells)} |")


def _skewed(given: argparse.Namespace) -> None:
    print("\nClaims on skewed scores (a few patients fail), 3 runs: decided on one truth\n")
    print("| patients | both methods' scores are skewed | their differences are |")
    print("|---|---|---|")
    for patients in SKEWED:
        sample = Sample(patients, 3, given.by_patient, given.by_seed, skewed=True)
        a, b = (
            replace(sample, **of_one_method(given))
            .draw(np.random.default_rng(4), 4 * given.draws)
            .reshape(2, 2 * given.draws, patients, 3)
        )
        shares = decided(a - b), claims(sample, 2 * given.draws, 0.0, False)
        print(f"| {patients} | {' | '.join(f'{100 * share:.1f} %' for share in shares)} |")


def of_one_method(given: argparse.Namespace) -> dict[str, float]:
    """Standard deviations of a method's scores: the differences of two such vary as those of a claim do."""
    parts = {"by_patient": given.by_patient, "by_seed": given.by_seed, "rest": 1.0}
    return {name: part / np.sqrt(2) for name, part in parts.items()}


def _numbers(given: argparse.Namespace) -> None:
    print(f"\nNumbers, 3 runs of ours, margin {MARGIN:g}: verdicts on one truth, and {given.apart:g} points apart\n")
    print(
        "| table | higher or lower | reproduced | underpowered | apart: higher or lower | reproduced | underpowered |"
    )
    print("|---|---|---|---|---|---|---|")
    for table in TABLES:
        ours = Sample(table.patients, 3, given.by_patient, given.by_seed)
        cells = []
        for apart in (0.0, given.apart):
            found = numbers(table, ours, given.draws, apart)
            counts = (found["higher"] + found["lower"], found["reproduced"], found["underpowered"])
            cells += [f"{100 * count / given.draws:.1f} %" for count in counts]
        print(f"| {table.name} | {' | '.join(cells)} |")


def _ranks(given: argparse.Namespace) -> None:
    print(f"\nRanks: equal methods of which some is told apart, and every second {given.apart:g} points behind\n")
    print("| methods | patients | seeds | equal | one in ten with 4 times the SD of seeds | worse ones told apart |")
    print("|---|---|---|---|---|---|")
    for methods, patients, seeds in RANKED:
        sample = Sample(patients, seeds, **of_one_method(given))
        equal, worse = np.zeros(methods), -given.apart * (np.arange(methods) % 2)
        found = [ranks(sample, equal, given.draws // 5, unequal)[0] for unequal in (1.0, 4.0)]
        found.append(ranks(sample, worse, given.draws // 5)[1])
        print(
            f"| {methods} | {patients} | {seeds} | {' | '.join(f'{100 * share:.1f} %' for share in found)} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
