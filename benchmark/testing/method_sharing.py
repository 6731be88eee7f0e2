"""Contract of methods whose stages other cells may share."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ..plugin.stages import Train
from ..registered import code_folder
from ..registry import Plugin, Registries
from ..training.shared import Sharing
from .trial import build, context_in, home, reference_state, require_equal, require_repeatable, train, view_for


def check_a_shared_stage_comes_out_the_same(plugin: Plugin[Any], registries: Registries) -> None:
    """Training that takes its shared stages from another cell ends bit-identical.

    What a stage leaves for later ones must be in the `state_dict`; what it depends on is named in `shared`. A method
    without shared stages keeps this.
    """
    geometry = home(plugin, registries)
    view = view_for(plugin, geometry)
    stages = build(plugin, registries, geometry).stages(view)
    if not any(isinstance(stage, Train) and stage.shared is not None for stage in stages):
        return
    require_repeatable(plugin, registries)
    folder = code_folder(plugin.module, plugin.declared.path, plugin.origin)
    with TemporaryDirectory() as place:
        sharing = Sharing(Path(place) / "shared", {}, folder)
        for cell in ("first", "second"):
            method, context = build(plugin, registries, geometry), context_in(f"{place}/{cell}", geometry)
            context.sharing, context.checkpoint_seconds = sharing, float("inf")
            train(method, view, context)
    require_equal(reference_state(plugin, registries), method.state_dict(), f"{plugin.name}: own and shared stages")
