"""`nsbench doctor`."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from .app import app
from .options import AsJson, Plugins, registries
from .output import print_json, print_table, quiet_stdout

if TYPE_CHECKING:
    from .checks import Check


@app.command()
def doctor(as_json: AsJson = False, plugins: Plugins = None) -> None:
    """Look at packages, processor, memory, disk, data and plugins; exit with 1 when something is wrong."""
    from .checks import all_checks

    with quiet_stdout(as_json):
        checks = all_checks(registries(plugins))
    if as_json:
        print_json({"ok": all(check.ok for check in checks), "checks": [asdict(check) for check in checks]})
    else:
        _print(checks)
    if not all(check.ok for check in checks):
        raise typer.Exit(1)


def _print(checks: list[Check]) -> None:
    print_table(["", "what", "found"], [["ok" if c.ok else "!!", c.name, c.found] for c in checks])
    for check in checks:
        if not check.ok:
            print(f"\n{check.name}: {check.remedy}")
