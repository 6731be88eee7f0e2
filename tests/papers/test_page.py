"""The page of a paper's table."""

from __future__ import annotations

from pathlib import Path

from nsbench.benchmark.papers.catalogue import find_table
from nsbench.benchmark.papers.number_verdicts import NumberVerdict
from nsbench.benchmark.papers.page import render
from nsbench.benchmark.papers.paper_table import Declared
from nsbench.benchmark.papers.parts import reproduction
from nsbench.benchmark.papers.side_by_side import Line, side_by_side
from nsbench.benchmark.registry import Registries
from nsbench.benchmark.report.reported import load_reported
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
