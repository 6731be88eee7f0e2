"""Parts of a table whose paper tuned parameters for each method: the search, before the run."""

from __future__ import annotations

from dataclasses import replace

from ..registry import Registries
from ..spec.plan import plan_loaded
from .parts import PlannedPart, Reproduction


def tuned(found: Reproduction, registries: Registries, command: str, *, quiet: bool = False) -> Reproduction:
    """The table with the parameters that the `tune` sections of its parts find on the validation part.

    The studies lie in `OUT/tuned/PART` and go on where they were interrupted.

    Raises
    ------
    UserError
        The data or the folder cannot be used.
    KeyboardInterrupt
        The search was interrupted.
    """
    parts = (
        _tuned(part, found, registries, command, quiet) if part.plan and part.loaded and part.loaded.tune else part
        for part in found.parts
    )
    return replace(found, parts=tuple(parts))


def _tuned(part: PlannedPart, found: Reproduction, registries: Registries, command: str, quiet: bool) -> PlannedPart:
    from ..tuning.page import write_page
    from ..tuning.tune import run_tuning, tune_targets

    assert part.loaded is not None
    out = found.execution.out / "tuned" / part.part.name
    searched = replace(part.loaded, execution=part.loaded.execution.model_copy(update={"out": out}))
    declared, targets = tune_targets(searched, registries)
    studies, interrupted = run_tuning(searched, declared, targets, registries, quiet=quiet)
    if interrupted:
        raise KeyboardInterrupt
    _, facts = write_page(studies, searched, declared, command)
    best = {fact["label"]: fact["best"]["params"] for fact in facts}
    spec = part.loaded.spec
    loaded = replace(part.loaded, spec=spec.model_copy(update={"params": {**spec.params, **best}}))
    return PlannedPart(part.part, loaded, plan_loaded(loaded, registries))
