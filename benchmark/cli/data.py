"""`nsbench data check` and `nsbench data preview`."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import UserError
from .app import Commands, app
from .completion import names
from .options import AsJson, Plugins, registries
from .output import print_json, print_table, quiet_stdout

if TYPE_CHECKING:
    from ..inspection.report import CaseFacts, DataReport
    from ..spec.opened import OpenDataset

_MOST_REMARKS = 20

data = typer.Typer(cls=Commands, no_args_is_help=True, help="Look at the data before training on them.")
app.add_typer(data, name="data")

_Name = Annotated[
    str,
    typer.Argument(
        metavar="ID[:TASK][@FOLDER]", help="The dataset, as for nsbench run.", autocompletion=names("datasets")
    ),
]
_Root = Annotated[str | None, typer.Option("--data-root", metavar="DIR", help="Folder of the data.")]


@data.command("check")
def check(name: _Name, data_root: _Root = None, as_json: AsJson = False, plugins: Plugins = None) -> None:
    """Read every case and print what it holds; exit with 1 and name all problems when there are any."""
    with quiet_stdout(as_json):
        from ..inspection.check import check_dataset

        opened = _open(name, data_root, plugins)
        report = check_dataset(opened.adapter, opened.label, lambda refs: _progress(refs, "checking"))
    if as_json:
        print_json(report.to_json())
    else:
        _print(report)
    if not report.ok:
        raise typer.Exit(1)


@data.command("preview")
def preview(
    name: _Name,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Folder for the picture.")],
    cases: Annotated[int, typer.Option("--cases", min=1, max=100, help="How many cases, spread over all.")] = 12,
    data_root: _Root = None,
    plugins: Plugins = None,
) -> None:
    """Draw a contact sheet: one slice a case with the contours of its label."""
    from ..inspection.preview import preview_dataset

    opened = _open(name, data_root, plugins)
    label = _file_label(opened, data_root)
    made = preview_dataset(opened.adapter, opened.refs, cases, label, out, lambda refs: _progress(refs, "drawing"))
    for message in made.left_out:
        print(message, file=sys.stderr)
    print(made.path)


def _file_label(opened: OpenDataset, data_root: str | None) -> str:
    """The dataset as it was written; with its folder's name where that was given apart."""
    return f"{opened.label}@{opened.root.name}" if data_root and opened.root else opened.label


def _open(name: str, data_root: str | None, plugins: list[Path] | None) -> OpenDataset:
    from ..spec.load import load
    from ..spec.opened import open_datasets

    flags: dict[str, Any] = {"datasets": [name]} | ({"data_root": [data_root]} if data_root else {})
    loaded = load(flags=flags)
    found = open_datasets(loaded.spec, registries(plugins), loaded.execution.data_root)
    if len(found) != 1:
        raise UserError(f"{name}: {len(found)} datasets; name one")
    return found[0]


def _progress(items: Sequence[Any], what: str) -> Iterable[Any]:
    from rich.console import Console
    from rich.progress import track

    console = Console(file=sys.stderr)
    return track(items, what, console=console, transient=True, disable=not console.is_terminal)


def _print(report: DataReport) -> None:
    from ..inspection.report import told

    columns = ["case", "shape", "spacing (mm)", "axes", "intensity", "label"]
    annotated = any(case.annotations for case in report.cases)
    rows = [_row(case) + ([", ".join(case.annotations) or "-"] if annotated else []) for case in report.cases]
    print_table(columns + (["annotators"] if annotated else []), rows)
    problems, remarks = told(report.problems), told(report.remarks)
    for title, lines, most in (("problems", problems, len(problems)), ("remarks", remarks, _MOST_REMARKS)):
        if lines:
            print(f"\n{title}:")
            print("\n".join(f"- {line}" for line in lines[:most]))
        if len(lines) > most:
            print(f"- and {len(lines) - most} more; --json lists all")
    found, read = _number(report.found, "case"), len(report.cases)
    print(f"\n{report.dataset}: {found} found, {read} read, {_number(len(report.problems), 'problem')}")


def _number(count: int, what: str) -> str:
    return f"{count or 'no'} {what}{'' if count == 1 else 's'}"


def _row(case: CaseFacts) -> list[str]:
    channels = f"{case.channels} x " if case.channels > 1 else ""
    total = sum(case.voxels.values())
    shares = [f"{name} {100 * count / total:.3g} %" for name, count in case.voxels.items() if name != "background"]
    shares += [f"ignored {100 * case.ignored / total:.3g} %"] if case.ignored and total else []
    return [
        case.id,
        channels + " x ".join(map(str, case.shape)),
        " x ".join(f"{step:.4g}" for step in case.spacing) if case.spacing else "unknown",
        case.orientation or "-",
        f"{case.intensity[0]:.4g} .. {case.intensity[1]:.4g}" if case.intensity else "-",
        ", ".join(shares) or "empty",
    ]
