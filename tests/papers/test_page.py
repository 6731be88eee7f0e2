"""The page of a paper's table."""

from __future__ import annotations

from pathlib import Path

from nsbench.benchmark.papers.assess import printed_units
from nsbench.benchmark.papers.catalogue import find_table
from nsbench.benchmark.papers.claim_verdicts import verdicts
from nsbench.benchmark.papers.contrast import Scores
from nsbench.benchmark.papers.number_verdicts import NumberVerdict, number_verdicts
from nsbench.benchmark.papers.page import render
from nsbench.benchmark.papers.paper_table import Declared
from nsbench.benchmark.papers.parts import reproduction
from nsbench.benchmark.papers.side_by_side import Line, side_by_side
from nsbench.benchmark.papers.worlds import worlds
from nsbench.benchmark.registry import Registries
from nsbench.benchmark.report.claims import load_claims
from nsbench.benchmark.report.reported import load_reported
from nsbench.benchmark.stats.records import Records
from nsbench.benchmark.store import Store


def test_page_names_the_margins_of_what_was_tested(pint: Declared, registries: Registries) -> None:
    dice, asd = load_reported("pint", "1")[:2]
    tested = NumberVerdict(dice, "la", "ce", "underpowered", margin=2.0)
    untested = NumberVerdict(asd, "la", "ce", "not comparable", reason="other data")
    lines = [Line(each.printed, "ce", None, verdict=each) for each in (tested, untested)]
    page = render(reproduction(pint, {}, registries).shown, lines)
    assert f"- equal is what differs by no more than: {dice['metric']} 2 {dice['unit']}\n" in page
    assert "--margin METRIC=VALUE" in page


def test_numbers_that_no_run_measures_say_what_does(registries: Registries, tmp_path: Path) -> None:
    found = reproduction(find_table("massl", "3"), {"datasets": "phantom,cases=16,size=32"}, registries)
    lines = side_by_side(found.shown, Store(tmp_path), registries)
    assert len(lines) == 15
    assert all("nsbench analyze features" in line.reason for line in lines)


def test_a_shorter_budget_and_fewer_seeds_are_told_once(pint: Declared, registries: Registries) -> None:
    flags = {"datasets": "phantom,cases=16,size=32", "budget": "quick", "seeds": "2"}
    shown = reproduction(pint, flags, registries).shown
    dice, asd = load_reported("pint", "1")[:2]
    seen = ("budget: quick, 400 updates (total)", "seeds: 2 for the paper's 3 runs")
    for differences, changes in (((), 2), (seen, 0), (seen[:1], 1)):
        verdict = NumberVerdict(dice, "la", "ce", "lower", differences=differences)
        page = render(shown, [Line(dice, "ce", None, verdict=verdict), Line(asd, "ce", None)])
        told = page.split("## Protocol differences")[1].split("##")[0]
        assert told.count("in place of the paper's") == changes
        assert all(text in told for text in differences)


def test_rows_that_a_budget_makes_equal_are_one_figure(registries: Registries, tmp_path: Path) -> None:
    """The base models of TSMAN's Table 1 differ in their updates alone."""
    flags = {"datasets": "phantom,cases=16,size=32", "seeds": "1"}
    assert reproduction(find_table("tsman", "1"), flags, registries).one_cell == []
    found = reproduction(find_table("tsman", "1"), {**flags, "budget": "quick"}, registries)
    assert found.one_cell == [("A", "B", "C")]
    store, reason = Store(tmp_path), "A, B, C are one and the same here: one figure, not 3 measurements"
    store.write_plan(found.identity(), found.plan.cells, [])
    records = Records.of(store, registries)
    held = worlds(records.rows, found.declared.table.reported)
    numbers = list(number_verdicts(held, Scores(records), {}))
    assert {number.reason == reason for number in numbers if number.label in "ABC"} == {True}
    assert {number.reason == reason for number in numbers if number.label.startswith("DD")} == {False}
    claims = [claim for claim in load_claims("tsman") if claim.id == "dd-improves-every-base-model"]
    (verdict,) = verdicts(claims, held, Scores(records), printed_units("tsman"), {})
    assert (verdict.outcome, verdict.reason) == ("not tested", reason)
    assert f"**{reason}.**" in render(found.shown, side_by_side(found.shown, store, registries))
