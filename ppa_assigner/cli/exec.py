"""`exec`: a command that has a PPA for as long as it runs.

Rule: the PPA is given back no matter how the command ends, and the exit code is the command's own.  When a command was
stopped, none of its processes goes on with a PPA that was given back.  No PPA is taken for a command that cannot be
found.
"""

from __future__ import annotations

import os
import shutil
import signal
from typing import TYPE_CHECKING, Annotated

from ..client.errors import AssignerError, Unavailable
from . import leases, options, output, parsing, shell, signals
from .child import Child, ReaperProcess
from .file_options import ChangesOption
from .options import CaFileOption, OnLost, TokenFileOption, UrlOption
from .parameters import Argument, Option
from .signals import interruptible, not_ignored

if TYPE_CHECKING:
    from ..client import Client, Holding, Lease, Wish

CANNOT_RUN = 126
NOT_FOUND = 127
PASSED_ON = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2, signal.SIGTERM)


def exec_command(
    command: Annotated[list[str], Argument(metavar="COMMAND", help="What to run; write -- before it.")],
    owner: options.OwnerOption,
    pool: options.PoolOption = None,
    wait: options.WaitOption = "0",
    ttl: options.TtlOption = None,
    idle: options.IdleOption = None,
    note: options.NoteOption = None,
    ppa: options.PpaOption = None,
    source: options.SourceOption = None,
    changes: ChangesOption = None,
    uploader: options.UploaderOption = None,
    request_id: options.RequestIdOption = None,
    attempt: options.AttemptOption = 0,
    on_lost: Annotated[
        OnLost,
        Option(
            "--on-lost",
            metavar="stop|warn",
            help="What becomes of COMMAND when its lease ends early, or may have ended.",
        ),
    ] = OnLost.STOP,
    url: UrlOption = None,
    token_file: TokenFileOption = None,
    ca_file: CaFileOption = None,
) -> int:
    """Run COMMAND with a PPA of its own, given back after it.

    COMMAND finds it in $PPA (as dput takes it), $PPA_REFERENCE, $PPA_LEASE_ID and $PPA_WEB.
    """
    wish = parsing.wish(
        pool=pool,
        wait=wait,
        ttl=ttl,
        idle=idle,
        note=note,
        ppa=ppa,
        source=source,
        changes=changes,
        uploader=uploader,
        request_id=request_id,
        attempt=attempt,
    )
    if obstacle := _obstacle(command[0]):
        return obstacle
    return _with_ppa(parsing.connect(url, token_file, ca_file), owner, wish, command, on_lost)


def _obstacle(program: str) -> int:
    """Return 0 if the program can be run; else say why not, and return the exit code that a shell has for that."""
    if shutil.which(program) is not None:
        return 0
    if os.path.dirname(program) and os.path.exists(program):
        output.say(f"{program}: cannot be executed")
        return CANNOT_RUN
    output.say(f"{program}: command not found")
    return NOT_FOUND


def _with_ppa(client: Client, owner: str, wish: Wish, command: list[str], on_lost: OnLost) -> int:
    from ..client import Holding

    reaper = ReaperProcess()
    try:
        with interruptible(PASSED_ON), leases.taking_back(client, wish) as progress:
            term = leases.take(client, owner, wish, progress)
            # From here to this process's end nothing interrupts it: signals wait until they are passed on.
            before = signal.pthread_sigmask(signal.SIG_BLOCK, {*PASSED_ON, signal.SIGCHLD})
            signals.again()
    except BaseException:
        reaper.end(left_may_go_on=True)
        raise
    child = Child(command, dict(os.environ) | shell.variables(term.lease), before)
    holding = Holding(client, term, lambda reason: _lost(child, term.lease, reason, on_lost))
    try:
        return _run(child, holding, reaper)
    finally:
        lost = holding.lost is not None and on_lost is OnLost.STOP
        reaper.end(left_may_go_on=not lost and not child.stopped)
        _give_back(client, holding)


def _run(child: Child, holding: Holding, reaper: ReaperProcess) -> int:
    holding.make_sure()
    with holding:  # before the command: if this fails, nothing has begun that would go on without its PPA
        try:
            reaper.watch(child.start(reaper.ready()))
        except OSError as error:
            output.say(f"{child.command[0]}: {error.strerror}")
            return NOT_FOUND if isinstance(error, FileNotFoundError) else CANNOT_RUN
        return child.wait(not_ignored(PASSED_ON))


def _lost(child: Child, lease: Lease, reason: str, on_lost: OnLost) -> None:
    stop = on_lost is OnLost.STOP
    what = f"{child.command[0]} is told to stop" if stop else f"{child.command[0]} runs on"
    output.say(f"the lease of {lease['ppa']} is lost, {what}: {reason}")
    if stop:
        child.send(signal.SIGTERM)


def _give_back(client: Client, holding: Holding) -> None:
    try:
        client.give_back(holding)
    except AssignerError as error:
        if isinstance(error, Unavailable) and error.pending:
            output.say(f"{holding.ppa}: {error}")
            return
        until = holding.lease["until"]
        output.say(f"the release of {holding.ppa} is not confirmed, its lease ends by itself at {until}: {error}")
