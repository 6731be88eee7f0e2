"""Help texts say what they mean to say."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from nsbench.benchmark.cli.main import app

COMMANDS = sorted(get_command(app).commands)  # type: ignore[attr-defined]


@pytest.mark.parametrize("command", COMMANDS)
def test_no_word_of_a_help_text_is_taken_for_markup(command: str) -> None:
    """Words in square brackets would vanish, and leave a gap before the full stop."""
    shown = CliRunner().invoke(app, [command, "--help"], env={"COLUMNS": "200"})
    assert shown.exit_code == 0
    assert not re.search(r"\w +\.(\s|$)", shown.output)


def test_deprecations_are_printed() -> None:
    """Python itself would hide them: they are raised in modules, not in __main__."""
    code = """
import warnings
from nsbench.benchmark.cli.main import app
@app.command("old")
def old() -> None:
    exec(compile("warnings.warn('nsbench: old is now new, gone in 0.3', DeprecationWarning)", "m", "exec"),
         {"warnings": warnings, "__name__": "module"})
app(["old"])
"""
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "DeprecationWarning: nsbench: old is now new" in shown.stderr
