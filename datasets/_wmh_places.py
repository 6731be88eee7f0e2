"""Where a WMH case comes from, as its folders tell."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

SITES = ("Utrecht", "Singapore", "Amsterdam")


@dataclass(frozen=True)
class Place:
    """Site, scanner (a site may have several), training or test part, and number."""

    site: str
    scanner: str
    part: str
    number: str

    @property
    def id(self) -> str:
        """Site, scanner where a site has several, number; the test part's begin with `test-`."""
        scanner = () if self.scanner == self.site else (self.scanner,)
        return "-".join(("test",) * (self.part == "test") + (self.site, *scanner, self.number))


def place_of(folders: Sequence[str]) -> Place | None:
    """The place of a case's folder, given with the folders above it; None where no site is among them."""
    if len(folders) < 2:
        return None
    # a scanner is called `Philips_VU .PETMR_01.`, and ids go into file names
    scanner = re.sub(r"[^A-Za-z0-9]+", "_", folders[-2]).strip("_")
    site = next((site for site in SITES if site in folders), "Amsterdam" if scanner == "GE3T" else "")
    return Place(site, scanner, "test" if "test" in folders else "training", folders[-1]) if site else None


def observer_of(path: Path) -> str:
    """`observer_o3` of a file below a folder of that name; empty where there is none."""
    return next((part for part in path.parts if part.startswith("observer_")), "")
