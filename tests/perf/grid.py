"""How much of a grid's wall time is training and evaluation.

    python tests/perf/grid.py [--cells 30] [--workers 2] [--executor ray]

Prints the sum of the cells' bare training and evaluation seconds over (wall time x workers), with and
without the time that ray and the workers take to start.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from nsbench.benchmark.execution.grid import run_grid
from nsbench.benchmark.registry import Registries
from nsbench.benchmark.spec.models import Execution, Spec
from nsbench.benchmark.spec.plan import plan
from nsbench.benchmark.store import Store


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cells", type=int, default=30)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--updates", type=int, default=100)
    parser.add_argument("--executor", default="ray")
    options = parser.parse_args()
    registries = Registries()
    spec = Spec.model_validate(
        {
            "datasets": ["phantom,ndim=2"],
            "methods": ["ce"],
            "seeds": options.cells,
            "ratios": [0.5],
            "budget": {"base": "quick", "updates": options.updates},
        }
    )
    cells = plan(spec, registries).cells
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder))
        execution = Execution(out=Path(folder), executor=options.executor, workers=options.workers)
        before = time.monotonic()
        summary = run_grid(cells, store, execution, registries, quiet=True)
        wall = time.monotonic() - before
        found = [store.provenance(cell.id) for cell in cells]
    records = [record for record in found if record is not None]
    bare = sum(record.train_seconds + record.evaluate_seconds for record in records)
    whole = sum(record.total_seconds for record in records)
    print(f"{summary.done} of {len(cells)} cells done, {options.workers} workers, {options.executor}")
    print(f"wall {wall:.1f} s; training and evaluation {bare:.1f} s; cells from start to record {whole:.1f} s")
    print(f"efficiency {bare / (wall * options.workers):.3f}")


if __name__ == "__main__":
    main()
