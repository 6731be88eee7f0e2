"""The short forms that specs and flags are written in: `la@la-half`, `erode-dilate,radius=3..9`, `0,3`."""

from __future__ import annotations

import re
from typing import Any

_DATASET = re.compile(r"(?P<dataset>[^:@\s]+)(?::(?P<task>[^:@\s]+))?(?:@(?P<folder>.+))?")


def split_list(text: str) -> list[str]:
    """The items of a comma list; commas inside brackets do not count.

    Raises
    ------
    ValueError
        An item is empty.
    """
    pieces, depth = [""], 0
    for character in text:
        depth = max(depth + (character in "[{") - (character in "]}"), 0)
        if character == "," and not depth:
            pieces.append("")
        else:
            pieces[-1] += character
    items = [piece.strip() for piece in pieces]
    if "" in items:
        raise ValueError(f"empty item in {text!r}: write NAME,NAME with no comma too many")
    return items


def scalar(text: str) -> Any:
    """A value as YAML reads it (`2`, `0.5`, `true`, `[1, 2]`); any other text stays text (`3..9`)."""
    import yaml

    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        return text


def parse_choices(text: str) -> list[dict[str, Any]]:
    """`NAME[,PARAM=VALUE...]`, several of them after one another: `[{name, params}]`.

    Raises
    ------
    ValueError
        A parameter stands before any name, or is given twice.
    """
    found: list[dict[str, Any]] = []
    for item in split_list(text):
        name, equals, value = item.partition("=")
        if not equals:
            found.append({"name": name, "params": {}})
            continue
        if not found:
            raise ValueError(f"{item!r} has no name before it: 'NAME,PARAM=VALUE' (quoted, within YAML's brackets)")
        _put(found[-1]["params"], name.strip(), value.strip())
    return found


def parse_datasets(text: str) -> list[dict[str, Any]]:
    """`ID[:TASK][@FOLDER][,PARAM=VALUE...]`, several after one another: `[{dataset, task, folder, params}]`.

    Raises
    ------
    ValueError
        A name is not of that form.
    """
    return [_dataset(choice["name"], choice["params"]) for choice in parse_choices(text)]


def parse_setting(text: str) -> tuple[str, str, Any]:
    """`METHOD.PARAM=VALUE`: (method, parameter, value).

    Raises
    ------
    ValueError
        The text is not of that form.
    """
    where, equals, value = text.partition("=")
    method, dot, name = where.strip().rpartition(".")
    if not (equals and dot and method and name and value.strip()):
        raise ValueError(f"{text!r} is no setting: write METHOD.PARAM=VALUE")
    return method, name, scalar(value.strip())


def parse_roots(items: list[Any]) -> dict[str, str]:
    """`[NAME=]DIR` items as folder by name; the name of a bare folder is empty.

    Raises
    ------
    ValueError
        Two folders of one name.
    """
    found: dict[str, str] = {}
    for item in items:
        name, _, folder = str(item).rpartition("=")
        if name in found:
            raise ValueError("one folder for each dataset: write NAME=DIR")
        found[name] = folder
    return found


def one(found: list[dict[str, Any]], text: str) -> dict[str, Any]:
    """The only item of a parsed text; ValueError when it holds several."""
    if len(found) != 1:
        raise ValueError(f"{text!r} names {len(found)}: write each as an item of its own")
    return found[0]


def _dataset(name: str, params: dict[str, Any]) -> dict[str, Any]:
    match = _DATASET.fullmatch(name)
    if match is None:
        raise ValueError(f"{name!r} is no dataset: write ID, ID:TASK, ID@FOLDER or ID:TASK@FOLDER")
    return {**match.groupdict(), "params": params}


def _put(params: dict[str, Any], name: str, value: str) -> None:
    if not name or not value:
        raise ValueError(f"'{name}={value}' is no parameter: write PARAM=VALUE")
    if name in params:
        raise ValueError(f"parameter {name!r} is given twice")
    params[name] = scalar(value)
