"""The command line, `ppa-assigner`.

Rule: every end has an exit code of sysexits.h that scripts can rely on, and at most one line on stderr says why; only
this package wires the parts of the daemon together.  What a command needs is imported when it runs.
"""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..client.errors import AssignerError

INTERRUPTED = 128 + signal.SIGINT
BROKEN_PIPE = 128 + signal.SIGPIPE
NEEDS_MORE = """\
this command needs more than the client: the library {} is not installed (apt install ppa-assigner, or pipx install \
ppa-assigner, bring all of them)"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line, by default the process's own, and give its exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        code = _interruptibly(given)
        _tell_shell(given, code)
    except BrokenPipeError:
        return _quietly(BROKEN_PIPE)
    return _flushed(code)


def _interruptibly(arguments: list[str]) -> int:
    try:
        return _run(arguments)
    except KeyboardInterrupt:
        return INTERRUPTED


def _tell_shell(arguments: list[str], code: int) -> None:
    """Print what makes the shell that evaluates the output fail too, no matter what failed."""
    from . import output, shell

    if code and shell.evaluates(arguments):
        with contextlib.suppress(output.OutputError):  # which has been said when the answer met the same
            output.line(shell.refusal(code, arguments))


def _flushed(code: int) -> int:
    """What is left of the output goes out; that it cannot has been said already when the code tells a failure."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        return _quietly(BROKEN_PIPE)
    except OSError as error:
        return _quietly(code or _full(error))
    return code


def _run(arguments: list[str]) -> int:
    from ..client.errors import AssignerError
    from .dispatch import run
    from .signals import Interrupted

    for stream in (sys.stdout, sys.stderr):
        _print_anything(stream)
    try:
        return run(arguments)
    except Interrupted as interrupted:
        return 128 + interrupted.signal
    except AssignerError as error:
        return _refused(arguments, error)
    except (BrokenPipeError, KeyboardInterrupt, SystemExit):
        raise
    except ModuleNotFoundError as error:
        if _is_ours(error.name):
            return _bug(arguments, error)
        return _failed(NEEDS_MORE.format(error.name), os.EX_UNAVAILABLE)
    except BaseException as error:
        return _full(error) if isinstance(error, OSError) and error.errno == errno.ENOSPC else _bug(arguments, error)


def _refused(arguments: list[str], error: AssignerError) -> int:
    """Say why there is no answer; where JSON was asked for, by the problem document on stdout as well."""
    from . import json_problems
    from .hints import with_hint
    from .output import OutputError

    code = _failed(with_hint(error), error.exit_code)
    if not isinstance(error, OutputError):
        with contextlib.suppress(OutputError):
            json_problems.tell(arguments, json_problems.document_of(error))
    return code


def _print_anything(stream: object) -> None:
    """Have a stream escape characters that its encoding lacks, instead of failing."""
    reconfigure: Callable[..., None] | None = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="backslashreplace")


def _is_ours(module: str | None) -> bool:
    return module is None or module.partition(".")[0] == __package__.partition(".")[0]


def _failed(message: str, code: int) -> int:
    from .output import say

    say(message)
    return code


def _full(error: OSError) -> int:
    return _failed(f"could not write the answer: {error.strerror}", os.EX_SOFTWARE)


def _bug(arguments: list[str], error: BaseException) -> int:
    if os.environ.get("PPA_ASSIGNER_DEBUG") == "1":
        import traceback

        traceback.print_exception(error)
        return os.EX_SOFTWARE
    from ..client.errors import Bug

    what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return _refused(arguments, Bug(f"this is a bug, please report it (PPA_ASSIGNER_DEBUG=1 shows more): {what}"))


def _quietly(code: int) -> int:
    """The reader of the output is gone: print nothing more, not even when the interpreter ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
    return code
