"""The application that the commands join, and what happens to their errors."""

from __future__ import annotations

import sys
import warnings
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from ..errors import UserError


class Commands(TyperGroup):
    """Turns errors that are the user's to mend into one message and an exit code."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command; 2 for bad input, 130 for Ctrl-C. Deprecations of nsbench are shown, not those of others."""
        warnings.filterwarnings("default", category=DeprecationWarning, message="nsbench:")
        try:
            return super().invoke(ctx)
        except UserError as error:
            print(f"nsbench: {error}", file=sys.stderr)
            raise typer.Exit(2) from None
        except KeyboardInterrupt:
            print("\ninterrupted; what is finished is kept, the same command goes on from there", file=sys.stderr)
            raise typer.Exit(130) from None


app = typer.Typer(
    name="nsbench",
    cls=Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(version("nsbench"))
        raise typer.Exit()


@app.callback()
def nsbench(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Which training method to use when segmentation labels are wrong or scarce."""
