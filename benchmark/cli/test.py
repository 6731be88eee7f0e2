"""`nsbench test`."""

from __future__ import annotations

import os
import textwrap
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import UserError
from ..scaffold.kinds import PluginKind
from .app import app
from .lookup import find_plugin
from .options import AsJson, Plugins, registries
from .output import print_json, quiet_stdout

if TYPE_CHECKING:
    from ..registry import Plugin, Registries
    from ..testing import Finding

_PRINTED = {"kept": "passed", "broken": "FAILED", "not applicable": "skipped"}


@app.command("test")
def run_contracts(
    name: Annotated[str, typer.Argument(help="Name of a method, dataset, noise model or network.")],
    kind: Annotated[PluginKind | None, typer.Option("--kind", help="What it is, if several have the name.")] = None,
    data_root: Annotated[Path | None, typer.Option("--data-root", metavar="DIR", help="Folder of a dataset.")] = None,
    as_json: AsJson = False,
    plugins: Plugins = None,
) -> None:
    """Check that a plugin keeps the contracts of its kind; exit with 1 when it breaks one."""
    found = registries(plugins)
    plugin = find_plugin(name, kind, found)
    with quiet_stdout(as_json), _data_at(data_root, plugin):
        findings = _examine(plugin, found, print_each=not as_json)
    if as_json:
        print_json(_document(plugin, findings))
    if any(finding.status == "broken" for finding in findings):
        raise typer.Exit(1)


def _examine(plugin: Plugin[Any], found: Registries, print_each: bool) -> list[Finding]:
    from ..testing import examine

    if not print_each:
        return list(examine(plugin, found))
    print(f"{plugin.kind} {plugin.name} ({plugin.origin})\n")
    findings = []
    for finding in examine(plugin, found):
        findings.append(finding)
        print(_text(finding), flush=True)
    counts = Counter(finding.status for finding in findings)
    print(f"\n{counts['kept']} passed, {counts['broken']} failed, {counts['not applicable']} skipped")
    return findings


@contextmanager
def _data_at(folder: Path | None, plugin: Plugin[Any]) -> Iterator[None]:
    """Show the contracts a dataset's folder under the name at which they look for it."""
    if folder is None:
        yield
        return
    if plugin.kind != "dataset" or not folder.is_dir():
        reason = "no such folder" if plugin.kind == "dataset" else f"{plugin.name} is no dataset"
        raise UserError(f"--data-root {folder}: {reason}")
    before = os.environ.get("NSBENCH_DATA")
    with TemporaryDirectory() as base:
        (Path(base) / plugin.name).symlink_to(folder.resolve())
        os.environ["NSBENCH_DATA"] = base
        try:
            yield
        finally:
            del os.environ["NSBENCH_DATA"]
            if before is not None:
                os.environ["NSBENCH_DATA"] = before


def _text(finding: Finding) -> str:
    line = f"{_PRINTED[finding.status]}  {finding.contract.name}"
    if finding.status == "kept":
        return line
    details = finding.message
    if finding.status == "broken":
        details += f"\nThe contract: {finding.contract.why}"
    return f"{line}\n{textwrap.indent(details, ' ' * 10)}"


def _document(plugin: Plugin[Any], findings: list[Finding]) -> dict[str, Any]:
    contracts = [
        {
            "name": f.contract.name,
            "status": _PRINTED[f.status].lower(),
            "contract": f.contract.why,
            "message": f.message,
        }
        for f in findings
    ]
    return {
        "kind": plugin.kind,
        "name": plugin.name,
        "origin": plugin.origin,
        "file": str(plugin.declared.path),
        "ok": all(contract["status"] != "failed" for contract in contracts),
        "contracts": contracts,
    }
