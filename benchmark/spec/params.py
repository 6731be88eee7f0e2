"""Parameters of plugins, checked against their declarations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from ..cell import Chosen
from ..digest import digest
from ..errors import UserError
from ..plugin.params import Params
from ..registry import Plugin, Registry
from ..wrapped import wrapped_plugins
from .where import FieldError, Loc


def checked_params(plugin: Plugin[Any], values: Mapping[str, Any], where: str, loc: Loc) -> Params:
    """Parameters with defaults filled in; FieldError points at the wrong one."""
    try:
        return plugin.validate(dict(values), where)
    except UserError as error:
        raise FieldError(str(error), (*loc, *wrong_field(plugin.declared.params, values))) from None


def choose(registry: Registry[Any], name: str, values: Mapping[str, Any], loc: Loc) -> Chosen:
    """A plugin with all its parameters and its code's digest, as a cell's identity holds it.

    Raises
    ------
    FieldError
        Unknown or broken plugin, unknown or illegal parameter.
    """
    try:
        plugin = registry.get(name)
    except UserError as error:
        raise FieldError(str(error), (*loc, "name")) from None
    params = checked_params(plugin, values, name, (*loc, "params"))
    return Chosen(name=name, params=params.model_dump(mode="json"), code=_code(registry, plugin, params, loc))


def _code(registry: Registry[Any], plugin: Plugin[Any], params: Params, loc: Loc) -> str:
    """The digest of the plugin's code, with those of the plugins that it wraps."""
    codes = [plugin.digest]
    for field, name, values in wrapped_plugins(params):
        try:
            codes.append(choose(registry, name, values, ()).code)
        except FieldError as error:
            where = f"{field}_params" if error.loc[:1] == ("params",) else field
            raise FieldError(f"{plugin.name}: {field}: {error}", (*loc, "params", where)) from None
    return digest(codes) if len(codes) > 1 else plugin.digest


def wrong_field(model: type[BaseModel], values: Mapping[str, Any]) -> Loc:
    """The first of the given fields that the model refuses; empty where it is none of them alone."""
    try:
        model.model_validate(dict(values))
    except ValidationError as error:
        found = [problem["loc"][0] for problem in error.errors() if problem["loc"]]
        return tuple(name for name in found if name in values)[:1]
    return ()
