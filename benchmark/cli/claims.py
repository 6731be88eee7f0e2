"""`nsbench claims`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import UserError
from .app import app
from .options import AsJson, OfPaper, Plugins, registries
from .output import print_json, print_table

if TYPE_CHECKING:
    from ..papers.assess import Assessment
    from ..papers.claim_verdicts import ClaimVerdict
    from ..papers.marks import Mark
    from ..papers.number_verdicts import NumberVerdict
    from ..papers.order import Order, TableOrder


@app.command()
def claims(
    out: Annotated[Path | None, typer.Argument(metavar="OUT", help="Folder of the results, or a leaderboard.")] = None,
    paper: OfPaper = None,
    margin: Annotated[
        list[str] | None, typer.Option(metavar="METRIC=VALUE", help="What counts as equal, as printed (repeatable).")
    ] = None,
    fixed_seeds: Annotated[
        bool, typer.Option("--fixed-seeds", help="Take the trained models as they are, say nothing of other seeds.")
    ] = False,
    own: Annotated[bool, typer.Option("--own", help="Check the claims on the papers' own printed numbers.")] = False,
    as_json: AsJson = False,
    plugins: Plugins = None,
) -> None:
    """Print which of the papers' claims and numbers hold in a run; exit code 1 where a claim is reversed."""
    if own == (out is not None):
        raise UserError("claims: give a folder of results, or --own for the papers' own numbers")
    if out is None:
        _own(paper, as_json)
        return
    from ..papers.assess import assess
    from ..papers.margins import parse_margins
    from ..store import Store

    found = assess(Store(out), registries(plugins), paper, parse_margins(margin or []), fixed_seeds)
    if as_json:
        print_json(found.as_json())
    else:
        _show(found)
    if found.reversed:
        raise typer.Exit(1)


def _own(paper: str | None, as_json: bool) -> None:
    from ..report.claims import load_claims
    from ..report.own_numbers import failures, own_outcome
    from ..report.reported import load_reported

    rows = load_reported(paper)
    found = [
        {"paper": claim.paper, "id": claim.id, "quote": claim.quote, "outcome": own_outcome(claim, rows)}
        | {"contradicted_by": list(failures(claim, rows)) if own_outcome(claim, rows) != "no numbers" else []}
        for claim in load_claims(paper)
    ]
    if as_json:
        print_json(found)
        return
    lines = [[row["paper"], row["id"], row["outcome"], "; ".join(row["contradicted_by"])] for row in found]
    print_table(("paper", "claim", "in its own numbers", "contradicted by"), lines)


def _show(found: Assessment) -> None:
    tested = [each for each in found.claims if each.outcome != "not tested"]
    if tested:
        print_table(("outcome", "paper", "claim", "where", "seeds", "why"), [_claim(each) for each in tested])
    untested = [each for each in found.claims if each.outcome == "not tested"]
    reasons = Counter((each.claim.paper, each.reason) for each in untested)
    if reasons:
        print("\nNot tested\n")
        print_table(("paper", "claims", "why"), [(name, n, reason) for (name, reason), n in reasons.items()])
    _show_numbers(found.numbers)
    _show_orders(found)
    _show_marks(found)
    _show_differences(found.numbers)
    counts = Counter(each.outcome for each in found.claims)
    print(f"\n{', '.join(f'{count} {outcome}' for outcome, count in counts.items())}")


def _claim(verdict: ClaimVerdict) -> Sequence[Any]:
    claim, seeds = verdict.claim, min(each.seeds for each in verdict.compared if each.patients)
    return verdict.outcome, claim.paper, claim.id, verdict.where, seeds, verdict.reason or _worst(verdict)


def _worst(verdict: ClaimVerdict) -> str:
    """The comparison that decided it: the least favourable one."""
    tested = [each for each in verdict.compared if each.for_p is not None]
    worst = max(tested, key=lambda each: each.for_p or 0.0)
    return f"{worst.text}: {worst.difference:.3g} ({worst.low:.3g} to {worst.high:.3g})"


def _show_numbers(numbers: Sequence[NumberVerdict]) -> None:
    comparable = [each for each in numbers if each.verdict != "not comparable"]
    if comparable:
        print("\nReported numbers\n")
        heads = ("verdict", "paper", "table", "setting", "method", "metric", "reported", "measured", "seeds", "margin")
        print_table((*heads, "why"), [_number(each) for each in comparable])
    gone = Counter((each.printed["paper"], each.reason) for each in numbers if each.verdict == "not comparable")
    for (paper, reason), count in gone.items():
        print(f"\n{count} reported numbers of {paper} are not comparable: {reason}")


def _number(each: NumberVerdict) -> Sequence[Any]:
    names = ("paper", "table", "setting", "method", "metric")
    measured = "" if each.measured is None else f"{each.measured:.4g} ± {each.error:.2g}"
    margin = "" if each.margin is None else f"{each.margin:g}"
    printed = f"{each.printed['mean']:g}"
    about = (each.verdict, *(each.printed[name] for name in names), printed, measured, each.seeds, margin)
    return *about, each.reason or each.treated


def _show_orders(found: Assessment) -> None:
    known = [each for each in found.orders if each.tau is not None]
    if known:
        print("\nOrder of the methods, Kendall's tau of reported and measured\n")
        heads = ("paper", "table", "setting", "metric", "where", "methods", "tau", "p")
        print_table(heads, [_order(each) for each in known])
        print("\nOver all settings and metrics of a table\n")
        whole = [_table_order(each) for each in found.table_orders if each.tau is not None]
        print_table(("paper", "table", "where", "settings", "pairs", "tau"), whole)
    for reason, count in Counter(each.reason for each in found.orders if each.reason).items():
        print(f"\nno tau for {count} combinations of table, setting and metric: {reason}")


def _order(each: Order) -> Sequence[Any]:
    about = (each.paper, each.table, each.setting, each.metric, each.where, len(each.methods))
    return *about, f"{each.tau:.2f}", f"{each.p:.3f}"


def _table_order(each: TableOrder) -> Sequence[Any]:
    return each.paper, each.table, each.where, each.settings, each.pairs, f"{each.tau:.2f}"


def _show_marks(found: Assessment) -> None:
    earned = [each for each in found.marks if each.marked is not None]
    if earned:
        print("\nMarks of significance, by the papers' own tests\n")
        heads = ("paper", "table", "setting", "method", "metric", "mark", "printed", "here", "p")
        print_table(heads, [_mark(each) for each in earned])


def _mark(each: Mark) -> Sequence[str]:
    about = (each.paper, each.table, each.setting, each.method, each.metric, each.meaning)
    return *about, _yes(each.printed), _yes(each.marked), f"{each.p:.3f}"


def _yes(value: bool | None) -> str:
    return {True: "yes", False: "no", None: "lost"}[value]


def _show_differences(numbers: Sequence[NumberVerdict]) -> None:
    by_paper: dict[str, dict[str, None]] = {}
    for each in numbers:
        by_paper.setdefault(f"{each.printed['paper']}, {each.printed['table']}", {}).update(
            dict.fromkeys(each.differences)
        )
    for paper, texts in by_paper.items():
        print(f"\nProtocol differences to {paper}\n")
        print("\n".join(f"- {text}" for text in texts))
