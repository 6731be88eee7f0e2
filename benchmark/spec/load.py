"""From a spec file and flags to a validated spec."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from ..errors import UserError, nearest
from .choices import Choice, DatasetChoice, MethodChoice
from .mixed import refuse_mixed
from .models import Document, Execution, Spec
from .text import parse_roots, parse_setting
from .tune import Tune
from .where import FieldError, Loc, Origin
from .yaml_file import read_yaml

_FLAGS = {"datasets": "--dataset", "networks": "--network", "plugins": "--plugin", "params": "--set"}
_ITEMS: dict[str, type[BaseModel]] = {
    "datasets": DatasetChoice,
    "source": DatasetChoice,
    "methods": MethodChoice,
    "noise": Choice,
    "networks": Choice,
    "tune": Tune,
}
_TUNE_FLAGS = {"params": "--param", "seed": "--sampler-seed"}


@dataclass(frozen=True)
class Loaded:
    """A validated benchmark and where its fields were written."""

    spec: Spec
    execution: Execution
    origin: Origin
    tune: Tune | None = None


def flag_of(name: str) -> str:
    """The flag that overrides a field."""
    return _FLAGS.get(name, f"--{name.replace('_', '-')}")


def load(path: Path | None = None, flags: Mapping[str, Any] | None = None) -> Loaded:
    """Read a spec file, let flags override its fields, and validate.

    Parameters
    ----------
    flags
        Field -> value, text forms allowed; `params` is a list of `METHOD.PARAM=VALUE` and is merged
        into the file's, as are the fields of `tune`.

    Raises
    ------
    UserError
        Names the file and line or the flag, the field, what was found and what is allowed; or the command that
        reads the file, where it declares a paper's table.
    """
    data, node = read_yaml(path) if path else ({}, None)
    if {"paper", "table", "parts"} <= data.keys():
        remedy = f'nsbench reproduce {data["paper"]} "{data["table"]}" runs it'
        raise UserError(f"{path} declares a paper's table, several benchmarks in one; {remedy}")
    folder = path.resolve().parent if path else None
    return load_mapping(data, flags or {}, Origin(str(path) if path else "", node), folder)


def load_mapping(
    data: Mapping[str, Any], flags: Mapping[str, Any], origin: Origin, folder: Path | None = None
) -> Loaded:
    """Validate a spec that stands anywhere, with flags that override its fields.

    Parameters
    ----------
    data
        The fields, as YAML gives them.
    origin
        Where they were written; which flags were given is added to it.
    folder
        What paths in the fields are relative to; None: the working directory.

    Raises
    ------
    UserError
        As `load`.
    """
    given = dict(flags)
    settings = [_setting(text) for text in given.pop("params", [])]
    anchored = _anchored(dict(data), folder) if folder else dict(data)
    origin = replace(origin, flags=_flag_names(given, settings))
    merged = {**_merged_params(anchored, settings), **_merged_roots(anchored, given), **_merged_tune(anchored, given)}
    values = {**anchored, **given, **merged}
    try:
        refuse_mixed(values)
    except FieldError as error:
        raise origin.explain(error) from None
    document = _validate(values, origin)
    return Loaded(_part(Spec, document), _part(Execution, document), origin, document.tune)


def schema() -> dict[str, Any]:
    """The JSON Schema of a spec file."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **Document.model_json_schema()}


def _setting(text: str) -> tuple[str, str, Any]:
    try:
        return parse_setting(text)
    except ValueError as error:
        raise UserError(f"--set: {error}") from None


def _flag_names(given: Mapping[str, Any], settings: list[tuple[str, str, Any]]) -> dict[Loc, str]:
    names: dict[Loc, str] = {(name,): flag_of(name) for name in given}
    for method, param, _ in settings:
        names[("params", method)] = f"--set {method}"
        names[("params", method, param)] = f"--set {method}.{param}"
    if isinstance(tune := given.get("tune"), Mapping):
        del names[("tune",)]
        names |= {("tune", name): _TUNE_FLAGS.get(name, f"--{name}") for name in tune}
    return names


def _merged_params(data: Mapping[str, Any], settings: list[tuple[str, str, Any]]) -> dict[str, Any]:
    params = data.get("params", {})
    if not settings or not isinstance(params, dict) or not all(isinstance(v, dict) for v in params.values()):
        return {}
    merged = {method: dict(values) for method, values in params.items()}
    for method, param, value in settings:
        merged.setdefault(method, {})[param] = value
    return {"params": merged}


def _merged_roots(data: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    known, new = data.get("data_root"), given.get("data_root")
    if not isinstance(known, dict) or not new:
        return {}
    try:
        return {"data_root": {**known, **parse_roots(new)}}
    except ValueError as error:
        raise UserError(f"--data-root: {error}") from None


def _merged_tune(data: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    known, new = data.get("tune"), given.get("tune")
    return {"tune": {**known, **new}} if isinstance(known, dict) and isinstance(new, Mapping) else {}


def _anchored(data: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Paths in a spec file are relative to it."""
    anchored = dict(data)
    if isinstance(data.get("datasets"), list):
        anchored["datasets"] = [_anchored_root(item, folder) for item in data["datasets"]]
    anchored |= {"source": _anchored_root(data["source"], folder)} if "source" in data else {}
    if isinstance(data.get("plugins"), list):
        anchored["plugins"] = [folder / p if isinstance(p, str) else p for p in data["plugins"]]
    if isinstance(data.get("data_root"), dict):
        anchored["data_root"] = {name: str(folder / str(root)) for name, root in data["data_root"].items()}
    return anchored


def _anchored_root(item: Any, folder: Path) -> Any:
    if isinstance(item, dict) and isinstance(item.get("root"), str):
        return {**item, "root": str(folder / item["root"])}
    return item


def _validate(data: dict[str, Any], origin: Origin) -> Document:
    try:
        return Document.model_validate(data)
    except ValidationError as error:
        messages = [str(origin.explain(_complaint(problem))) for problem in error.errors(include_url=False)]
        raise UserError("\n".join(messages)) from None


def _complaint(problem: Any) -> FieldError:
    loc: Loc = problem["loc"]
    if problem["type"] == "extra_forbidden":
        return FieldError(f"unknown field {loc[-1]!r}; {nearest(str(loc[-1]), _siblings(loc))}", loc)
    if problem["type"] == "missing":
        return FieldError(f"{loc[-1]!r} is missing", loc)
    allowed = problem["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
    return FieldError(f"found {problem['input']!r}, allowed: {allowed}", loc)


def _siblings(loc: Loc) -> list[str]:
    model = Document if len(loc) == 1 else _ITEMS.get(str(loc[0]), Document)
    return list(model.model_fields)


def _part(model: type[Any], document: Document) -> Any:
    return model.model_validate({name: getattr(document, name) for name in model.model_fields})
