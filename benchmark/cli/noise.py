"""`nsbench noise preview`."""

from __future__ import annotations

from pathlib import Path
from statistics import mean
from typing import Annotated, Any

import typer

from ..errors import UserError
from . import fields
from .app import Commands, app
from .options import AsJson, Plugins, registries
from .output import print_json, quiet_stdout

noise = typer.Typer(cls=Commands, no_args_is_help=True, help="Look at noise models before training against them.")
app.add_typer(noise, name="noise")


@noise.command("preview")
def preview(
    noise: Annotated[str, fields.text("--noise", fields.WHAT, "Noise models.", "NAME[,PARAM=VALUE]", "noise")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Folder for the pictures.")],
    dataset: Annotated[
        str, fields.text("--dataset", fields.WHAT, "Whose labels.", "ID[:TASK][@FOLDER]", "datasets")
    ] = "phantom",
    data_root: Annotated[str | None, fields.text("--data-root", fields.WHAT, "Folder of the data.", "DIR")] = None,
    severity: fields.Severity = None,
    folds: fields.Folds = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of the run to be previewed.")] = 0,
    cases: Annotated[int, typer.Option("--cases", min=1, max=100, help="How many cases, spread over all.")] = 4,
    as_json: AsJson = False,
    plugins: Plugins = None,
) -> None:
    """Draw clean against corrupted contours, one picture for each noise model, with the realised Dice."""
    given = {"datasets": dataset, "noise": noise, "data_root": data_root and [data_root], "severity": severity}
    given["folds"] = folds
    flags = {name: value for name, value in given.items() if value is not None}
    with quiet_stdout(as_json):
        found = list(_previews(flags, cases, seed, out, plugins))
    if as_json:
        print_json(found)
        return
    for each in found:
        print(f"{each['noise']}: mean Dice {mean(each['dice'].values()):.3f}, {each['file']}")
        if "calibration" in each:
            print(f"  {each['calibration']}")


def _previews(flags: dict[str, Any], cases: int, seed: int, out: Path, plugins: list[Path] | None) -> Any:
    from ..inspection.noise_preview import preview_noise
    from ..spec.load import load
    from ..spec.noise import check_classes, choose_noise
    from ..spec.opened import open_datasets
    from ..spec.severity import at_severity
    from ..spec.where import FieldError

    loaded, known = load(flags=flags), registries(plugins)
    spec = loaded.spec
    try:
        chosen = [choose_noise(known, each.name, each.params, ("noise", i)) for i, each in enumerate(spec.noise)]
        opened = open_datasets(spec, known, loaded.execution.data_root)
        if len(opened) != 1:
            raise UserError(f"--dataset: {len(opened)} datasets; name one")
        for choice, model in zip(spec.noise, chosen):
            note = ""
            check_classes(model, opened[0], known)
            if spec.severity is not None:
                at = at_severity(model, spec.severity, opened[0], spec.folds, known)
                model, note = at.noise, at.note
            made = preview_noise(opened[0], model, choice.text, cases, spec.folds, seed, known, out)
            facts = {"noise": choice.text, "params": model.params, "file": str(made.path), "dice": made.dice}
            yield facts | ({"calibration": note} if note else {})
    except FieldError as error:
        raise loaded.origin.explain(error) from None
