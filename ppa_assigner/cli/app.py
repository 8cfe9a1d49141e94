"""The commands by name, and how a command line that cannot be read ends.

Rule: importing this module loads the parser and nothing of the client's connections, the daemon or Launchpad.
"""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from .. import __version__
from . import INTERRUPTED, USAGE, daemon, doctor, execute, lending, login, operating

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

app.command("run")(daemon.run_command)
app.command("demo")(daemon.demo_command)
app.command("check-config")(daemon.check_config_command)
app.command("login")(login.login)
app.command("doctor")(doctor.doctor)
app.command("token")(operating.token)
app.command("assign")(lending.assign)
app.command("touch")(lending.touch)
app.command("release")(lending.release)
app.command("status")(lending.status)
app.command("exec", context_settings={"allow_interspersed_args": False})(execute.exec_command)
app.command("adopt")(operating.adopt)
app.command("quarantine")(operating.quarantine)
app.command("resume")(operating.resume)
app.command("hold")(operating.hold)
app.command("clean")(operating.clean)
app.command("events")(operating.events)


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
        return USAGE
    except typer.Abort:
        return INTERRUPTED
    except SystemExit as end:
        if isinstance(end.__context__, BrokenPipeError):  # which the parser takes for an end like any other
            raise end.__context__ from None
        raise
    return code if isinstance(code, int) else 0
