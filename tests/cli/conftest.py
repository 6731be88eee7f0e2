"""Running the command line in tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from nsbench.benchmark.cli.main import app

Command = Callable[..., Result]


@pytest.fixture
def nsbench() -> Command:
    """Run a command in this process: `nsbench("list", "methods")`."""
    return lambda *words: CliRunner().invoke(app, [str(word) for word in words])


@pytest.fixture
def broken_plugin(tmp_path: Path) -> Path:
    """A plugin file that cannot be read."""
    path = tmp_path / "broken.py"
    path.write_text("class Broken(:\n")
    return path
