"""The method rows of a spec: `all` spelt out, parameters set, labels told apart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..cell import Chosen
from ..errors import nearest
from ..registry import Plugin, Registries
from .models import Spec
from .params import choose
from .where import FieldError, Loc

SECTIONS = ("blind", "trusted", "scarce")
"""What methods may know, in the order of the leaderboard's sections."""

_FIT = {"noisy": SECTIONS, "scarce": ("blind", "scarce"), "transfer": ("blind", "scarce")}
"""What methods may know, by supervision."""

_NO_WRONG_LABEL = "learns from wrong labels beside clean ones, and here every label is clean"


@dataclass(frozen=True)
class Instance:
    """A method with its parameters and the name of its row.

    Attributes
    ----------
    knows
        `blind`, `trusted` or `scarce`.
    needs_unlabeled
        Whether it learns from images without label.
    named
        Whether the spec names it, or sets a parameter of it; False where it is merely one of `all`.
    set_by_hand
        Whether the spec sets a parameter of it.
    loc
        Where the spec asks for it.
    """

    label: str
    chosen: Chosen
    knows: str
    needs_unlabeled: bool
    named: bool
    set_by_hand: bool
    loc: Loc


@dataclass(frozen=True)
class _Wanted:
    name: str
    label: str
    own: Mapping[str, Any]
    loc: Loc
    named: bool


def method_instances(spec: Spec, registries: Registries) -> tuple[list[Instance], list[str]]:
    """The rows, blind methods first, and what `all` leaves out, with the reason.

    Raises
    ------
    FieldError
        Unknown method or parameter, two rows of one label, parameters for a method that is not compared.
    """
    wanted = list(_wanted(spec, registries))
    _refuse_twins(wanted)
    _refuse_unfit(wanted, spec, registries)
    _refuse_stray_params(spec, wanted)
    instances = [_instance(item, spec, registries) for item in wanted]
    ordered = sorted(instances, key=lambda instance: SECTIONS.index(instance.knows))
    everything = any(choice.name == "all" for choice in spec.methods)
    return ordered, _left_out(spec, registries) if everything else []


def _wanted(spec: Spec, registries: Registries) -> Iterator[_Wanted]:
    for i, choice in enumerate(spec.methods):
        loc: Loc = ("methods", i)
        if choice.name != "all":
            yield _Wanted(choice.name, choice.row, choice.params, loc, named=True)
        elif choice.params or choice.label:
            raise FieldError("'all' takes no parameters and no label; name the method", loc)
        else:
            usable = [p for p in registries.methods.plugins.values() if knows_of(p) in _FIT[spec.supervision]]
            yield from (_Wanted(plugin.name, plugin.name, {}, loc, named=False) for plugin in usable)


def knows_of(plugin: Plugin[Any]) -> str:
    """What the method may know: one of `SECTIONS`."""
    return str(plugin.attributes.get("knows", "blind"))


def _refuse_twins(wanted: list[_Wanted]) -> None:
    seen: set[str] = set()
    for item in wanted:
        if item.label in seen:
            raise FieldError(f"two methods are labeled {item.label!r}; give one a label of its own", item.loc)
        seen.add(item.label)


def _refuse_unfit(wanted: list[_Wanted], spec: Spec, registries: Registries) -> None:
    for item in wanted:
        plugin = registries.methods.plugins.get(item.name)
        if plugin is not None and knows_of(plugin) not in _FIT[spec.supervision]:
            raise FieldError(f"{item.name} {_NO_WRONG_LABEL}; leave it out", item.loc)


def _refuse_stray_params(spec: Spec, wanted: list[_Wanted]) -> None:
    known = sorted({name for item in wanted for name in (item.name, item.label)})
    for name in spec.params:
        if name not in known:
            raise FieldError(f"no method {name!r} in this benchmark; {nearest(name, known)}", ("params", name))


def _instance(item: _Wanted, spec: Spec, registries: Registries) -> Instance:
    shared = spec.params.get(item.name, {}) if item.name != item.label else {}
    by_label = spec.params.get(item.label, {})
    try:
        chosen = choose(registries.methods, item.name, {**shared, **item.own, **by_label}, item.loc)
    except FieldError as error:
        raise FieldError(str(error), _blame(error.loc, item, spec)) from None
    plugin = registries.methods.get(item.name)
    knows = knows_of(plugin)
    unlabeled = knows == "scarce" and bool(plugin.attributes.get("needs_unlabeled", True))
    by_hand = bool(shared or item.own or by_label)
    return Instance(item.label, chosen, knows, unlabeled, item.named or by_hand, by_hand, item.loc)


def _blame(loc: Loc, item: _Wanted, spec: Spec) -> Loc:
    """Where the wrong parameter was really written: among `params`, or with the method."""
    param = loc[-1]
    for owner in (item.label, item.name):
        if param in spec.params.get(owner, {}) and (owner == item.label or param not in item.own):
            return ("params", owner, param)
    return loc


def _left_out(spec: Spec, registries: Registries) -> list[str]:
    """What `all` is not, here."""
    unfit = [p for p in registries.methods.plugins.values() if knows_of(p) not in _FIT[spec.supervision]]
    reasons = [f"{plugin.name}: {_NO_WRONG_LABEL}" for plugin in unfit]
    return reasons + [f"{plugin.name}: {plugin.error}" for plugin in registries.methods.broken]
