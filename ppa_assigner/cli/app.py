"""The commands by name, and how a command line that cannot be read ends.

Rule: importing this module loads the parser and nothing of the client's connections, the daemon or Launchpad.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import Annotated, Any

import typer

from .. import __version__
from . import leases, listing, login, operator
from .check_config import check_config_command
from .doctor.command import doctor
from .exec import exec_command
from .init import init
from .run import demo_command, run_command

# What the parser raises for a line that it cannot read, under whatever module its version keeps it.
_Unreadable: Any = typer.BadParameter.__mro__[2]

app = typer.Typer(
    name="ppa-assigner",
    help="Lends Launchpad PPAs from a fixed pool: one owner at a time, always empty.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

app.command("run")(run_command)
app.command("demo")(demo_command)
app.command("init")(init)
app.command("check-config")(check_config_command)
app.command("login")(login.login)
app.command("doctor")(doctor)
app.command("token")(operator.token)
app.command("assign")(leases.assign)
app.command("touch")(leases.touch)
app.command("release")(leases.release)
app.command("status")(listing.status)
app.command("leases")(listing.leases)
app.command("pools")(listing.pools)
app.command("exec", context_settings={"allow_interspersed_args": False})(exec_command)
app.command("adopt")(operator.adopt)
app.command("quarantine")(operator.quarantine)
app.command("resume")(operator.resume)
app.command("hold")(operator.hold)
app.command("clean")(operator.clean)
app.command("events")(operator.events)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"ppa-assigner {__version__}")  # noqa: T201 - what was asked for
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Lends Launchpad PPAs from a fixed pool: one owner at a time, always empty."""


def run(arguments: list[str]) -> int:
    """Run a command and give its exit code; what it raises is the caller's."""
    try:
        code = app(args=arguments, prog_name="ppa-assigner", standalone_mode=False)
    except _Unreadable as unreadable:
        unreadable.show(file=sys.stderr)
        return os.EX_USAGE
    except typer.Abort:
        return 128 + signal.SIGINT
    except SystemExit as end:
        if isinstance(end.__context__, BrokenPipeError):  # which the parser takes for an end like any other
            raise end.__context__ from None
        raise
    return code if isinstance(code, int) else 0
