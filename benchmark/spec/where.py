"""Where a field of a spec was written, so that a complaint can point there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from ..errors import UserError

Loc = tuple[str | int, ...]
"""Path of a field: `("methods", 1, "params", "gamma")`."""


class FieldError(UserError):
    """Bad input in one field of a spec."""

    def __init__(self, message: str, loc: Loc) -> None:
        super().__init__(message)
        self.loc = loc


@dataclass(frozen=True)
class Origin:
    """Where the fields of one spec were written.

    Attributes
    ----------
    file
        Name of the spec file; empty when there is none.
    node
        Its YAML document.
    flags
        Path of a field -> the flag that gave it.
    """

    file: str = ""
    node: yaml.Node | None = None
    flags: Mapping[Loc, str] = field(default_factory=dict)

    def explain(self, error: FieldError) -> UserError:
        """The error with file, line and field, or with the flag, in front."""
        return UserError(f"{self.where(error.loc)}{error}")

    def where(self, loc: Loc) -> str:
        """`bench.yaml, line 4: methods[1]: `, `--methods: ` or, for a default, `methods: `."""
        for length in range(len(loc), 0, -1):
            if loc[:length] in self.flags:
                return f"{self.flags[loc[:length]]}: "
        line, known = self._locate(loc)
        if not known:
            return f"{path_text(loc)}: " if loc else f"{self.file}: " if self.file else ""
        return f"{self.file}, line {line}: {path_text(known)}: "

    def _locate(self, loc: Loc) -> tuple[int, Loc]:
        """Line of the deepest part of the path that the file holds, and that part."""
        node, line, known = self.node, 0, 0
        for part in loc:
            found = _child(node, part)
            if found is None:
                break
            line, node = found
            known += 1
        return line, loc[:known]


def path_text(loc: Loc) -> str:
    """`methods[1].params.gamma`."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc).removeprefix(".")


def _child(node: yaml.Node | None, part: str | int) -> tuple[int, Any] | None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == str(part):
                return key.start_mark.line + 1, value
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        return node.value[part].start_mark.line + 1, node.value[part]
    return None
