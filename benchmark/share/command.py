"""The command that goes on with a merged run."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..publish.spec_file import command_for

_SPANNING = {"--seeds": "seeds", "--fold": "fold"}
_OWN = (*_SPANNING, "--part")


def joint_command(plans: Sequence[Mapping[str, Any]], spec: dict[str, Any], out: str) -> str:
    """What runs the cells that are missing of a merged run.

    The command of a paper's table names all seeds, folds and parts of its sources, where any of them named some.

    Parameters
    ----------
    plans
        Of the sources.
    spec
        The joint one.
    """
    first = dict(plans[0]) | {"spec": spec}
    if "parts" in spec:
        given = [shlex.split(str(plan.get("command", ""))) for plan in plans]
        named = {word.partition("=")[0] for words in given for word in words} & set(_OWN)
        first["command"] = shlex.join([*_without(given[0]), *_named(named, spec["parts"])]) if given[0] else ""
    return command_for(first, f"{out}/spec.yaml", out)


def _without(words: Sequence[str]) -> Iterator[str]:
    """The words of a command but for the flags that are given anew, and `--extend`."""
    rest = iter(words)
    for word in rest:
        flag, is_whole, _ = word.partition("=")
        if flag in _OWN:
            _ = is_whole or next(rest, "")
        elif word != "--extend":
            yield word


def _named(flags: set[str], parts: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """The flags that span all parts; `--extend` where that is more than the sources had."""
    if "--part" in flags:
        yield from (word for name in parts for word in ("--part", name))
    for flag in sorted(flags & _SPANNING.keys()):
        listed = [spec[_SPANNING[flag]] for spec in parts.values()]
        every = sorted({value for values in listed for value in values})
        # a single number of seeds is a count
        counted = flag == "--seeds" and every == list(range(len(every)))
        yield from (flag, str(len(every)) if counted else ",".join(map(str, every)))
        if any(values != every for values in listed):
            yield "--extend"
