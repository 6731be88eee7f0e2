"""What is shown of a run of a paper's table: all of it stands in the run's plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ..spec.choices import DatasetChoice
from ..spec.load import Loaded, load_mapping
from .catalogue import find_table
from .paper_table import Declared

Specs = Mapping[str, Mapping[str, Any]]
"""`Spec.identity()` by name of the part."""


@dataclass(frozen=True)
class Shown:
    """A run of a table, as its page tells it.

    Attributes
    ----------
    stand_in
        The dataset that stands in for the paper's, as the user wrote it; empty: the paper's own.
    specs
        Of the parts that are run.
    reasons
        Why other parts are not, by name.
    """

    declared: Declared
    stand_in: str
    specs: Specs
    reasons: Mapping[str, str]

    @classmethod
    def of_plan(cls, plan: Mapping[str, Any]) -> Shown | None:
        """Of a run, a merged or a published one; None where its plan is of no paper's table."""
        spec = plan["spec"]
        if not is_table(spec):
            return None
        declared = find_table(spec["paper"], spec["table"])
        texts = dict(text.split(": ", 1) for text in reversed(plan.get("left_out", [])) if ": " in text)
        gone = [part.name for part in declared.table.parts if part.name not in spec["parts"]]
        reasons = {name: texts.get(name, "not part of the run") for name in gone}
        return cls(declared, spec["stand_in"], spec["parts"], reasons)

    @property
    def heading(self) -> str:
        """`PINT, Table 1`, and what stands in for its data."""
        table = self.declared.table
        instead = f", with {self.stand_in} in place of {table.reported.dataset}" if self.stand_in else ""
        return table.heading + instead

    @property
    def left_out(self) -> dict[str, None]:
        """Why rows are missing, without repeats."""
        gone = [f"{name}: {reason}" for name, reason in self.reasons.items()]
        quoted = [f"{', '.join(each.methods)}: {each.reason}" for each in self.declared.table.quoted]
        return dict.fromkeys(gone + quoted)

    @property
    def differences(self) -> tuple[str, ...]:
        """The protocol differences: those of this run, then the declared ones about what it did not replace."""
        reported = self.declared.table.reported
        own = [f"data: {self.stand_in} stands in for {reported.dataset}"] if self.stand_in else []
        own += map(self.change, self.changed)
        own += self.replaced
        if any(self._declared[name].tune and not self._is_tuned(name) for name in self.specs):
            own.append("budget: what the paper tuned for each method is not tuned; --tune does")
        return (*own, *reported.differences_but({*self.changed, *(["data"] if self.stand_in else [])}))

    @property
    def changed(self) -> dict[str, str]:
        """What of the declared protocol the user set otherwise, by what a difference in it is about."""
        found: dict[str, dict[str, None]] = {}
        for name, spec in self.specs.items():
            theirs = self._declared[name].spec.identity()
            for field, about in _ABOUT.items():
                if spec.get(field) != theirs.get(field):
                    found.setdefault(about, {})[_words(field, spec.get(field))] = None
        return {about: ", ".join(texts) for about, texts in found.items()}

    def change(self, about: str) -> str:
        """One of `changed` as a protocol difference."""
        return f"{about}: {self.changed[about]} in place of the paper's"

    @property
    def replaced(self) -> dict[str, None]:
        """What the table itself sets otherwise on a stand-in: fields that fit the paper's data alone."""
        table = self.declared.table
        found: dict[str, None] = {}
        for part in table.parts if self.stand_in else ():
            own = table.common | part.spec
            for field, value in (table.stand_in | part.stand_in).items() if part.name in self.specs else ():
                instead = f" in place of {_listed(own[field])}" if field in own else ""
                found[f"{field}: {_listed(value)} on the stand-in{instead}"] = None
        return found

    @cached_property
    def _declared(self) -> dict[str, Loaded]:
        return declared_specs(self.declared, bool(self.stand_in))

    def _is_tuned(self, name: str) -> bool:
        return bool(self.specs[name].get("params") != self._declared[name].spec.identity()["params"])


_ABOUT = {"budget": "budget", "iterations": "budget", "seeds": "seeds", "fold": "seeds", "source": "data"}
"""Fields that the user may set, by what a difference in them is about."""


def is_table(spec: Mapping[str, Any]) -> bool:
    """Whether a plan's spec is that of a paper's table."""
    return {"paper", "table", "parts"} <= spec.keys()


def declared_specs(declared: Declared, stands_in: bool) -> dict[str, Loaded]:
    """The spec of every part as the table declares it, by name."""
    folder = declared.path.parent
    return {
        part.name: load_mapping(declared.fields(part, stands_in), {}, declared.origin(part), folder)
        for part in declared.table.parts
    }


def _listed(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _words(field: str, value: Any) -> str:
    if field == "budget":
        return str(value["base"])
    if field == "iterations":
        return f"{value} updates"
    if field == "source":
        return f"source {DatasetChoice.model_validate(value).label}"
    listed = ",".join(map(str, value))
    if field == "fold":
        return f"folds {listed}"
    return str(len(value)) if value == list(range(len(value))) else listed
