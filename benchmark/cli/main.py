"""Entry point of the `nsbench` command."""

from __future__ import annotations

from importlib import import_module

from .app import app

_COMMANDS = (
    *("run", "tune", "listing", "show", "schema", "leaderboard", "publish", "merge", "predict", "share"),
    *("reported", "reproduce", "stats", "claims", "analyze"),
    *("data", "noise", "new", "test", "doctor"),
)
"""Modules that add a command to the application, in the order of the help text."""

for _name in _COMMANDS:
    import_module(f".{_name}", __package__)


def main() -> None:
    """Run the command line; exits with 0, 1 (something failed), 2 (bad input) or 130 (interrupted)."""
    app()
