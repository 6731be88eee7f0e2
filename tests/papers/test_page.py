"""The page of a paper's table."""

from __future__ import annotations

from nsbench.benchmark.papers.number_verdicts import NumberVerdict
from nsbench.benchmark.papers.page import render
from nsbench.benchmark.papers.paper_table import Declared
from nsbench.benchmark.papers.parts import reproduction
from nsbench.benchmark.papers.side_by_side import Line
from nsbench.benchmark.registry import Registries
from nsbench.benchmark.report.reported import load_reported


def test_page_names_the_margins_of_what_was_tested(pint: Declared, registries: Registries) -> None:
    dice, asd = load_reported("pint", "1")[:2]
    tested = NumberVerdict(dice, "la", "ce", "underpowered", margin=2.0)
    untested = NumberVerdict(asd, "la", "ce", "not comparable", reason="other data")
    lines = [Line(each.printed, "ce", None, verdict=each) for each in (tested, untested)]
    page = render(reproduction(pint, {}, registries).shown, lines)
    assert f"- equal is what differs by no more than: {dice['metric']} 2 {dice['unit']}\n" in page
    assert "--margin METRIC=VALUE" in page
