"""The papers' claims as data: YAML files beside the leaderboards, validated on reading."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from ..errors import UserError, nearest

FOLDER = Path(__file__).parents[2] / "leaderboards" / "claims"
Kind = Literal["greater", "greater_equal", "best", "worst", "ordered", "similar"]


class _Strict(BaseModel):
    # YAML reads 25 and 0.7 as numbers; settings are compared as text.
    model_config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=True)


class Side(_Strict):
    """What a claim compares: a method at a setting, its gain over another side, or a fixed value."""

    method: str | None = None
    setting: dict[str, str] = {}
    over: Side | None = None
    value: float | None = None

    @model_validator(mode="after")
    def _method_or_value(self) -> Side:
        if (self.method is None) == (self.value is None):
            raise ValueError("a side is either a method or a value")
        if self.value is not None and (self.setting or self.over):
            raise ValueError("a value has neither setting nor over")
        return self


class Claim(_Strict):
    """One claim of a paper; every word on better or worse is in the metric's own direction.

    ``greater``: the subject is better than each side in `against`, by more than `by`;
    ``greater_equal``: it is not worse than any; ``best`` and ``worst``: `against` is all that the paper
    compares; ``ordered``: subject, then `against` in turn, each better than the next;
    ``similar``: nowhere further apart than `by`.
    It is claimed for each metric and for each setting in `at`, which is added to every side's own.
    ``never`` is the paper's: a metric, a method or a setting's ``key=value`` that no run has scores of, and why.
    """

    paper: str
    id: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")
    quote: str = Field(min_length=10)
    source: list[str] = Field(min_length=1)
    kind: Kind
    dataset: str
    metrics: list[str] = Field(min_length=1)
    at: list[dict[str, str]] = Field(default=[{}], min_length=1)
    subject: Side
    against: list[Side] = Field(min_length=1)
    by: float = Field(default=0.0, ge=0)
    significant: bool = False
    note: str = ""
    never: dict[str, str] = {}

    @model_validator(mode="after")
    def _margin(self) -> Claim:
        if self.kind == "similar" and not self.by:
            raise ValueError("a similar claim needs its margin in 'by'")
        return self


class _ClaimFile(_Strict):
    paper: str
    never: dict[str, str] = {}
    claims: list[Claim] = Field(min_length=1)

    @model_validator(mode="before")
    @classmethod
    def _paper_into_claims(cls, raw: object) -> object:
        if not isinstance(raw, dict) or not isinstance(raw.get("claims"), list):
            return raw
        common = {name: raw[name] for name in ("paper", "never") if name in raw}
        claims = [{**common, **claim} if isinstance(claim, dict) else claim for claim in raw["claims"]]
        return {**raw, "claims": claims}


def load_claims(paper: str | None = None) -> list[Claim]:
    """The claims of one paper, or of all.

    Raises
    ------
    UserError
        For an unknown paper, and for a YAML file that breaks the schema.
    """
    known = sorted(path.stem for path in FOLDER.glob("*.yaml"))
    if not known:
        raise UserError(f"no claims in {FOLDER}: reinstall nsbench")
    if paper is not None and paper not in known:
        raise UserError(f"no claims of paper {paper!r}: {nearest(paper, known)}")
    return [claim for name in known if paper in (None, name) for claim in read_claims(FOLDER / f"{name}.yaml")]


def read_claims(path: Path) -> list[Claim]:
    """Read and validate one paper's claims.

    Raises
    ------
    UserError
        Naming the file and the field that is wrong.
    """
    try:
        content = _ClaimFile.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except yaml.YAMLError as error:
        raise UserError(f"{path}: not valid YAML: {' '.join(str(error).split())}") from None
    except ValidationError as error:
        first = error.errors()[0]
        raise UserError(f"{path}: {'.'.join(map(str, first['loc'])) or 'file'}: {first['msg']}") from None
    ids = [claim.id for claim in content.claims]
    twice = sorted({name for name in ids if ids.count(name) > 1})
    if content.paper != path.stem or twice:
        reason = f"ids used twice: {', '.join(twice)}" if twice else f"paper is {content.paper!r}, not the file's name"
        raise UserError(f"{path}: {reason}")
    return content.claims
