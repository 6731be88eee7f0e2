"""Which executor runs the trials."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..execution.executors import worker_settings
from .runs import TrialExecutor

if TYPE_CHECKING:
    from ..spec.models import Execution


def make_trials(execution: Execution) -> TrialExecutor:
    """The executor that the spec asks for, ready to run.

    Raises
    ------
    UserError
        Ray is not installed or does not start, or no machine has the cores or the GPU that a trial asks for.
    """
    settings = worker_settings(execution)
    if execution.executor == "inline":
        from .inline import InlineTrials

        return InlineTrials(execution.out, settings)
    from .ray_trials import RayTrials

    return RayTrials(execution.out, settings, execution.workers, execution.address, execution.retries)
