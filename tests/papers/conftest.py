"""Tables of papers on generated scans."""

from __future__ import annotations

import pytest

from nsbench.benchmark.papers.catalogue import find_table
from nsbench.benchmark.papers.paper_table import Declared


@pytest.fixture
def pint() -> Declared:
    """PINT's Table 1."""
    return find_table("pint", "1")
