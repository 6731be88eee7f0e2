"""Contracts of every kind of plugin: what its file declares."""

from __future__ import annotations

import json
import re
from typing import Any

from pydantic import ValidationError
from pydantic.fields import FieldInfo

from ..errors import UserError
from ..plugin.params import Params
from ..registry import Plugin, Registries
from .contract import require

_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def check_name_fits_the_command_line(plugin: Plugin[Any], registries: Registries) -> None:
    """A name is lower-case letters and digits joined by hyphens.

    `--set NAME.PARAM=VALUE`, `--dataset ID:TASK@FOLDER` and `--noise ID,param=value` take names apart at
    other characters.
    """
    require(_NAME.fullmatch(plugin.name) is not None, f"name {plugin.name!r}: write it like 'nr-dice'")


def check_citation_is_given(plugin: Plugin[Any], registries: Registries) -> None:
    """A literal `citation` names the paper, so that a leaderboard can give credit."""
    citation = plugin.attributes.get("citation")
    require(isinstance(citation, str) and len(citation.split()) >= 2, f"{plugin.name}: no citation = '...'")


def check_summary_is_given(plugin: Plugin[Any], registries: Registries) -> None:
    """The docstring's first line says what the plugin is; `nsbench list` prints it."""
    require(bool(plugin.declared.summary), f"{plugin.name}: class {plugin.declared.class_name} has no docstring")


def check_parameters_have_defaults(plugin: Plugin[Any], registries: Registries) -> None:
    """Every parameter has a legal default, the paper's, so that the plugin runs by name alone."""
    bare = [name for name, field in _fields(plugin).items() if field.is_required()]
    require(not bare, f"{plugin.name}: no default for {', '.join(bare)}")
    _defaults(plugin)


def check_parameters_are_explained(plugin: Plugin[Any], registries: Registries) -> None:
    """Every parameter has a source (paper, equation) or a help text; `nsbench show` prints them."""
    bare = [name for name, field in _fields(plugin).items() if not (_extra(field).get("source") or field.description)]
    require(not bare, f"{plugin.name}: neither source nor help for {', '.join(bare)}: param(..., source=..., help=...)")


def check_tuning_ranges_are_legal(plugin: Plugin[Any], registries: Registries) -> None:
    """`low` and `high` come together, in order, positive on a log scale, and are values that the plugin accepts.

    A tuner draws between them, ends included.
    """
    for name, field in _fields(plugin).items():
        extra = _extra(field)
        ends = [extra[end] for end in ("low", "high") if extra.get(end) is not None]
        where = f"{plugin.name}: tuning range {ends} of {name}"
        require(len(ends) != 1 and ends == sorted(set(ends)), f"{where}: give low < high, or neither")
        require(not ends or ends[0] > 0 or extra.get("scale") != "log", f"{where}: a log scale needs low > 0")
        for end in ends:
            try:
                plugin.declared.params.model_validate({name: end})
            except ValidationError as error:
                raise AssertionError(f"{where}: {end} is refused: {error.errors()[0]['msg']}") from None


def check_parameters_survive_json(plugin: Plugin[Any], registries: Registries) -> None:
    """Default parameters written as JSON and read back are the same: a cell's identity is made of them."""
    defaults = _defaults(plugin)
    try:
        again = plugin.validate(json.loads(json.dumps(defaults.model_dump(mode="json"), allow_nan=False)))
    except (TypeError, ValueError, UserError) as error:
        raise AssertionError(f"{plugin.name}: parameters {defaults} by way of JSON: {error}") from error
    require(again == defaults, f"{plugin.name}: {defaults} becomes {again} by way of JSON")


def check_declaration_is_what_python_sees(plugin: Plugin[Any], registries: Registries) -> None:
    """What is read from the file's text equals what importing it gives: attributes and parameters.

    Listing and planning read the text, cells import it; they must not disagree.
    """
    found = plugin.load()
    for name, value in plugin.attributes.items():
        require(getattr(found, name, None) == value, f"{plugin.name}: {name} is {value!r} in the text only")
    declared, imported = (params.model_json_schema() for params in (plugin.declared.params, found.Params))
    require(declared == imported, f"{plugin.name}: Params read from the text {declared} are imported as {imported}")


def _defaults(plugin: Plugin[Any]) -> Params:
    try:
        return plugin.validate({})
    except UserError as error:
        raise AssertionError(f"the defaults are refused: {error}") from error


def _fields(plugin: Plugin[Any]) -> dict[str, FieldInfo]:
    return plugin.declared.params.model_fields


def _extra(field: FieldInfo) -> dict[str, Any]:
    return dict(field.json_schema_extra) if isinstance(field.json_schema_extra, dict) else {}
