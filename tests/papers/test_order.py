"""Kendall's tau of a table, at each setting and over all of them."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from nsbench.benchmark.papers.catalogue import find_table
from nsbench.benchmark.papers.number_verdicts import NumberVerdict, _common_setting
from nsbench.benchmark.papers.order import orders, table_orders
from nsbench.benchmark.papers.worlds import World
from nsbench.benchmark.report.reported import load_reported


def column(setting: str, measured: Sequence[float]) -> list[NumberVerdict]:
    """Methods a, b, c ... whose printed means rise, and what was measured of them."""
    about = {"paper": "pint", "table": "Table 1", "dataset": "LA", "setting": setting, "metric": "Dice"}
    return [
        NumberVerdict({**about, "method": name, "mean": 80.0 + at}, "here", name, "lower", setting, score)
        for at, (name, score) in enumerate(zip("abcdef", measured))
    ]


def test_the_tau_of_a_table_is_that_of_all_pairs_within_settings() -> None:
    found = orders([*column("ratio=25%", [1, 2, 3]), *column("ratio=50%", [1, 3, 2, 4]), *column("ratio=75%", [2, 1])])
    assert [order.tau for order in found] == [1, pytest.approx(4 / 6), None]
    (table,) = table_orders(found)
    # 8 of 9 pairs come out as printed
    assert (table.settings, table.pairs, table.tau) == (2, 9, pytest.approx((8 - 1) / 9))
    (nothing,) = table_orders(found[2:])
    assert (nothing.pairs, nothing.tau) == (0, None)


def test_a_row_that_stands_for_one_number_on_several_lines_counts_once() -> None:
    (order,) = orders([*column("", [1, 2, 3]), *column("", [1, 2, 3])])
    assert (order.methods, order.pairs) == (("a", "b", "c"), 3)


@pytest.mark.parametrize(("paper", "table", "rows"), [("cople", "IV", 4), ("tsman", "1", 8), ("pint", "1", 7)])
def test_methods_of_different_settings_of_their_own_are_compared(paper: str, table: str, rows: int) -> None:
    reported = find_table(paper, table).table.reported
    world = World("", reported, ())
    numbers = [number for number in load_reported(paper) if number["table"] == reported.tables[0]]
    found = orders(
        NumberVerdict(number, "", str(at), "lower", _common_setting(world, number), float(number["mean"]))
        for at, number in enumerate(numbers)
    )
    assert {len(order.methods) for order in found} == {rows}
    assert [order.tau for order in table_orders(found)] == [pytest.approx(1)]
    if paper == "cople":
        assert found[0].setting == "network=COPLE-Net"
        assert found[0].methods[-1] == "Proposed [loss=NR-Dice]"
