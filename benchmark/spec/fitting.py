"""Which method learns from which supervision, and with which parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..cell import Noisy, Supervision
from ..errors import UserError
from ..plugin.params import MethodParams
from ..plugin.setting import Setting
from ..registry import Plugin, Registries
from ..wrapped import wrapped_plugins
from .instances import Instance
from .learners import Learners
from .where import FieldError


def idle(supervision: Supervision, learners: Learners) -> str:
    """Why a supervision is not what it is called; empty where it is."""
    if not isinstance(supervision, Noisy) or not supervision.ratio or learners.corrupted(supervision.ratio):
        return ""
    count = len(learners.train)
    return f"{supervision.describe()}: none of {count} training cases is corrupted; raise the ratio to {1 / count:.2g}"


def unfit(instance: Instance, supervision: Supervision, labeled: int, unlabeled: int) -> str:
    """Why a method has nothing to learn from a supervision as it is meant to; empty where it has.

    A method that learns from images without label needs some of both kinds; one that knows which labels are clean needs
    some that are.

    Parameters
    ----------
    labeled, unlabeled
        Numbers of cases of either kind.
    """
    words = f"{instance.label}: {supervision.describe()}"
    if isinstance(supervision, Noisy) and instance.knows != "blind" and not labeled:
        return f"{words}: no case is clean"
    if unlabeled or not instance.needs_unlabeled:
        return ""
    if isinstance(supervision, Noisy):
        return f"{words}: no case is corrupted, so that none is unlabeled"
    remedy = "unlabeled: all takes the labeled images again"
    if supervision.unlabeled == "none":
        remedy = "leave out unlabeled: none, or choose all"
    return f"{words}: no image is unlabeled; {remedy}"


def misfit(instance: Instance, setting: Setting, registries: Registries) -> str:
    """What a method, or one that it wraps, says against its parameters in a setting; empty for nothing."""
    try:
        reason = _said(registries.methods.get(instance.chosen.name), instance.chosen.params, setting, registries)
    except UserError as error:
        # as other broken plugins: all leaves it out, its name is refused
        if instance.named:
            raise FieldError(f"{instance.label}: {error}", instance.loc) from None
        reason = str(error)
    return f"{instance.label}: {reason}" if reason else ""


def _said(plugin: Plugin[Any], values: Mapping[str, Any], setting: Setting, registries: Registries) -> str:
    params = plugin.validate(dict(values))
    if not isinstance(params, MethodParams):
        return ""
    try:
        reason = params.misfit(setting)
    except Exception as error:
        remedy = "it is run before anything is imported, and may use what the body of Params may"
        raise UserError(f"{plugin.origin}: Params.misfit fails: {error!r}; {remedy}") from error
    if reason:
        return reason
    for field, name, inner in wrapped_plugins(params):
        if within := _said(registries.methods.get(name), inner, setting, registries):
            return f"{field} {name}: {within}"
    return ""
