"""Taking out of texts what belongs to this machine."""

from __future__ import annotations

import re
from typing import Any

_QUOTED = re.compile(r"""(?P<quote>["'])(?P<path>(?:/|~/|[A-Za-z]:[\\/]|\\\\)[^"'\n]*)(?P=quote)""")
_BARE = re.compile(
    r"""(?<![\w/\\:.])(?:file://)?(?:~?/[^\s/'"(),:;=]+(?:/[^\s/'"(),:;=]*)+|[A-Za-z]:[\\/][^\s'"(),;]+)"""
)
_SLASHES = "/\\"
_SEPARATORS = re.compile(r"[/\\]+")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def without_paths(text: str) -> str:
    """A text in which absolute paths are shortened to `.../NAME` and control characters are gone."""
    text = _CONTROL.sub("", text)
    text = _QUOTED.sub(lambda found: f"{found['quote']}{_short(found['path'])}{found['quote']}", text)
    return _BARE.sub(lambda found: _short(found[0]), text)


def clean(value: Any) -> Any:
    """A JSON value with all its texts cleaned; names of fields stay."""
    if isinstance(value, str):
        return without_paths(value)
    if isinstance(value, list):
        return [clean(item) for item in value]
    if isinstance(value, dict):
        return {name: clean(item) for name, item in value.items()}
    return value


def first_control(value: Any) -> str | None:
    """The first text or field name of a JSON value with a control character that a terminal would obey."""
    todo = [value]
    while todo:
        item = todo.pop()
        if isinstance(item, str) and _CONTROL.search(item):
            return item
        todo += [*item, *item.values()] if isinstance(item, dict) else item if isinstance(item, list) else ()
    return None


def _short(path: str) -> str:
    return f".../{_SEPARATORS.split(path.rstrip(_SLASHES))[-1]}"
