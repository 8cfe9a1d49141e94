"""The parser of command lines, with help, completion and what is said of a line that cannot be read.

Rule: it only reads: what a line asks for is given back, not done.  Importing this loads the parser and no command.
"""

from __future__ import annotations

import contextlib
import inspect
import os
import signal
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Annotated, Any

import typer

from .. import __version__
from . import json_problems
from .commands import COMMANDS, COMPLETION, RUNS_OTHERS, Call, load
from .parameters import Option, called, declared, defaults

# What the parser raises for a line that it cannot read, under whatever module its version keeps it.
_Unreadable: Any = typer.BadParameter.__mro__[2]


def parser(names: Iterable[str] = tuple(COMMANDS)) -> Any:
    """The parser, with these commands and no others: the modules of all others need not be loaded."""
    app = typer.Typer(
        name="ppa-assigner",
        help="Lends Launchpad PPAs from a fixed pool: one owner at a time, always empty.",
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_root)
    for name in names:
        settings = {"allow_interspersed_args": False} if name == RUNS_OTHERS else None
        app.command(name, context_settings=settings)(_typed(load(name)))
    return typer.main.get_command(app)


def read(arguments: Sequence[str]) -> Call | int:
    """What a command line asks for; or the exit code where that was all: help, completion, a mistake."""
    if not arguments and COMPLETION not in os.environ:
        with contextlib.redirect_stdout(sys.stderr):  # versions of the parser differ in where, and with which code
            _read(["--help"])
        return os.EX_USAGE
    return _read(arguments)


def _read(arguments: Sequence[str]) -> Call | int:
    try:
        asked = _parser_for(arguments)(args=arguments, prog_name="ppa-assigner", standalone_mode=False)
    except _Unreadable as unreadable:
        unreadable.show(file=sys.stderr)
        json_problems.tell(arguments, json_problems.made(unreadable.format_message(), os.EX_USAGE))
        return os.EX_USAGE
    except typer.Abort:
        return 128 + signal.SIGINT
    except SystemExit as end:
        if isinstance(end.__context__, BrokenPipeError):  # which the parser takes for an end like any other
            raise end.__context__ from None
        raise
    return asked if callable(asked) or isinstance(asked, int) else 0


def _parser_for(arguments: Sequence[str]) -> Any:
    """With the one command that is given; with all where none is, or one that there is not."""
    given = arguments[:1]
    return parser(given) if given and given[0] in COMMANDS else parser()


def _version(wanted: bool) -> None:
    if wanted:
        print(f"ppa-assigner {__version__}")  # noqa: T201 - what was asked for
        raise typer.Exit


def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Lends Launchpad PPAs from a fixed pool: one owner at a time, always empty."""


def _typed(function: Callable[..., Any]) -> Callable[..., Call]:
    """What gives the function back, with its arguments, in place of calling it; declared as the parser wants it."""

    def asked(**values: Any) -> Call:
        return called(function, values)

    types = {name: _annotated(kind, what) for name, kind, what in declared(function)}
    given = dict.fromkeys(types, inspect.Parameter.empty) | defaults(function)
    parameters = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=given[name], annotation=kind)
        for name, kind in types.items()
    ]
    asked.__doc__, asked.__name__ = function.__doc__, function.__name__
    asked.__annotations__ = dict(types)
    asked.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return asked


def _annotated(kind: Any, what: Any) -> Any:
    made = typer.Option if isinstance(what, Option) else typer.Argument
    return Annotated[kind, made(*what.names, **what.facts)]
