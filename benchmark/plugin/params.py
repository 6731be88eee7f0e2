"""How a plugin declares its parameters: a pydantic model whose fields know unit, range and source."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    from .setting import Setting


def param(
    default: Any = ...,
    *,
    ge: float | None = None,
    gt: float | None = None,
    le: float | None = None,
    lt: float | None = None,
    low: float | None = None,
    high: float | None = None,
    scale: Literal["linear", "log"] = "linear",
    unit: str = "",
    source: str = "",
    help: str = "",
    names_plugin: bool = False,
) -> Any:
    """Declare one parameter of a plugin.

    Parameters
    ----------
    default
        The paper's value.
    ge, gt, le, lt
        Legal range; a value outside is refused before anything runs.
    low, high, scale
        Range and scale for tuning; a parameter without them is not tuned unless a range is given.
    unit
        ``voxel``, ``mm``, ``updates`` ...; empty for a plain number.
    source
        Paper and equation or section that the parameter and its default come from.
    help
        One sentence on what it does.
    names_plugin
        The value is the name of a plugin of the same kind, whose code then counts in a cell's identity, too; a
        parameter `NAME_params`, if there is one, holds that plugin's parameters.
    """
    extra: dict[str, Any] = {"low": low, "high": high, "scale": scale, "unit": unit, "source": source}
    extra |= {"names_plugin": True} if names_plugin else {}
    bounds: dict[str, Any] = {k: v for k, v in {"ge": ge, "gt": gt, "le": le, "lt": lt}.items() if v is not None}
    return Field(default, description=help or None, json_schema_extra=extra, **bounds)


class Params(BaseModel):
    """Base of every plugin's parameters: frozen, no unknown names."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, protected_namespaces=())


class MethodParams(Params):
    """Parameters that every method has."""

    learning_rate: float | None = param(
        None, gt=0, low=1e-4, high=1e-2, scale="log", help="initial learning rate; unset: the budget's"
    )

    def misfit(self, setting: Setting) -> str:
        """Why these parameters cannot be used in a setting, with the remedy; empty where they can.

        Asked when a run is planned, before the plugin is imported: it can use what the body of `Params` can (the
        standard library's typing, math, enum and collections, pydantic, simple constants of the file, and of nsbench
        what needs no torch), and must not read files.
        """
        return ""


class NetworkParams(Params):
    """Parameters that every network has."""

    width: int | None = param(None, ge=1, unit="channels", help="channels of the first level; unset: the budget's")


class DatasetParams(Params):
    """Parameters that every dataset has: none."""


class NoiseParams(Params):
    """Parameters that every noise model has: none."""
