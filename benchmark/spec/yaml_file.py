"""Reading a spec file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from ..errors import UserError


def read_yaml(path: Path) -> tuple[dict[str, Any], yaml.Node | None]:
    """The mapping that a YAML file holds and its node tree; an empty file is an empty mapping.

    Raises
    ------
    UserError
        The file is missing, not YAML, not a mapping, or gives a key twice.
    """
    loader = yaml.SafeLoader(_text(path))
    try:
        node = loader.get_single_node()
        if node is None:
            return {}, None
        _refuse_twins(node, path)
        data = loader.construct_document(node)
    except yaml.MarkedYAMLError as error:
        line = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise UserError(f"{path}{line}: not valid YAML: {error.problem or error.context}") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise UserError(f"{path}: not valid YAML: {str(error).splitlines()[0]}") from None
    if not isinstance(data, dict):
        raise UserError(f"{path}, line {node.start_mark.line + 1}: a spec is a mapping such as 'methods: all'")
    return data, node


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise UserError(f"{path}: not a text file in UTF-8") from None
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from None


def _refuse_twins(node: yaml.Node, path: Path) -> None:
    seen: set[int] = set()
    todo = [node]
    while todo:
        here = todo.pop()
        if id(here) in seen:
            continue
        seen.add(id(here))
        if isinstance(here, yaml.MappingNode):
            _refuse_twin_keys(here, path)
            todo += [value for _, value in here.value]
        elif isinstance(here, yaml.SequenceNode):
            todo += here.value


def _refuse_twin_keys(node: yaml.MappingNode, path: Path) -> None:
    lines: dict[str, int] = {}
    for key, _ in node.value:
        line = key.start_mark.line + 1
        if isinstance(key, yaml.ScalarNode) and key.value in lines:
            raise UserError(f"{path}, line {line}: {key.value!r} is given twice (first in line {lines[key.value]})")
        lines[str(key.value)] = line
