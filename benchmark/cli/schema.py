"""`nsbench schema`."""

from __future__ import annotations

from .app import app
from .output import print_json


@app.command()
def schema() -> None:
    """Print the JSON Schema of spec files, for editors."""
    from ..spec.load import schema as spec_schema

    print_json(spec_schema())
