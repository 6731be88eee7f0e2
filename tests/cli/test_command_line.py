"""The command that a leaderboard tells others to give."""

from __future__ import annotations

import pytest

from nsbench.benchmark.cli.running import command_line


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("run --dataset la --data-root /home/me/la --seeds 2", "run --dataset la --data-root DIR --seeds 2"),
        ("run --data-root=la=/home/me/la --workers=3 --budget quick", "run --data-root la=DIR --budget quick"),
        ("run --data-root la=/x --data-root jsrt=/y --workers 3", "run --data-root la=DIR --data-root jsrt=DIR"),
        ("run spec.yaml", "run spec.yaml"),
    ],
)
def test_folders_of_data_are_placeholders(given: str, told: str) -> None:
    assert command_line(given.split()) == f"nsbench {told}"
