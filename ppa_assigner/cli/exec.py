"""`exec`: a command that has a PPA for as long as it runs.

Rule: the PPA is given back no matter how the command ends, and the exit code is the command's own.  When a command was
stopped, none of its processes goes on with a PPA that was given back.  No PPA is taken for a command that cannot be
found.
"""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

from ..client.errors import AssignerError, Unavailable, UsageError
from ..words import Goal
from . import leases, output, parsing, shell, signals
from .child import ReaperProcess
from .children import BLOCKED, CANNOT_RUN, NOT_FOUND, PASSED_ON, Children
from .options import CaFileOption, OidcOption, OnLost, TokenFileOption, UrlOption
from .parameters import Argument, Option
from .signals import interruptible
from .upload_options import (
    APPEAR,
    TIMEOUT,
    ArchesOption,
    AuthOption,
    GivenAppearOption,
    GivenGoalOption,
    GivenRetryOption,
    GivenTimeoutOption,
    UploadOption,
    UploadToOption,
)
from .wish_options import WishOptions

if TYPE_CHECKING:
    from pathlib import Path

    from ..client import Client, Holding, Wish
    from .exec_upload import UploadSteps


def exec_command(
    wanted: WishOptions,
    command: Annotated[
        list[str] | None,
        Argument(metavar="COMMAND", help="What to run; write -- before it.  With --upload it may be left out."),
    ] = None,
    upload: UploadOption = None,
    goal: GivenGoalOption = None,
    arch: ArchesOption = None,
    appear: GivenAppearOption = None,
    timeout: GivenTimeoutOption = None,
    retry: GivenRetryOption = None,
    auth: AuthOption = None,
    upload_to: UploadToOption = None,
    on_lost: Annotated[
        OnLost | None,
        Option(
            "--on-lost",
            metavar="stop|warn",
            help="What becomes of COMMAND when its lease ends early, or may have ended.  [default: stop]",
        ),
    ] = None,
    url: UrlOption = None,
    token_file: TokenFileOption = None,
    oidc: OidcOption = None,
    ca_file: CaFileOption = None,
) -> int:
    """Run COMMAND with a PPA of its own, given back after it.

    COMMAND finds it in $PPA (as dput takes it), $PPA_REFERENCE, $PPA_LEASE_ID and $PPA_WEB; with --count or --want the
    others in $PPA_1, $PPA_REFERENCE_1, …, $PPA_2, …  With --upload it runs once the packages can be installed, and has
    $PPA_SOURCES (a file for apt), $PPA_VERSIONS and $PPA_SNAPSHOT too; of several PPAs all that is about the first one.
    """
    _refuse_idle_options(
        "with --upload", upload,
        {"--for": goal, "--arch": arch, "--appear": appear, "--timeout": timeout, "--retry": retry, "--auth": auth,
         "--upload-to": upload_to},
    )  # fmt: skip
    _refuse_idle_options("with COMMAND", command, {"--on-lost": on_lost})
    reads = command or goal in (None, Goal.INSTALLABLE)
    _refuse_idle_options("with COMMAND, or with --for installable", reads, {"--auth": auth})
    if not command and not upload:
        raise UsageError("COMMAND is missing: what to run, after --")
    patience = (
        parsing.seconds("--appear", APPEAR if appear is None else appear),
        parsing.seconds("--timeout", TIMEOUT if timeout is None else timeout),
    )
    steps = _steps(upload, goal, arch or (), *patience, retry or 0, auth, upload_to) if upload else None
    wish = wanted.wish(upload or ())
    if obstacle := _obstacles(command or (), steps):
        return obstacle
    client = parsing.connect(url, token_file, ca_file, oidc)
    leases.check_owner(client, wanted.owner)
    return _with_ppa(client, wanted.owner, wish, command or (), on_lost or OnLost.STOP, steps)


def _refuse_idle_options(what: str, there: object, options: Mapping[str, object]) -> None:
    """Raise UsageError for one that is given where nothing is `there` that it is about."""
    given = next((name for name, value in options.items() if value is not None), None)
    if given is not None and not there:
        raise UsageError(f"{given} goes {what}")


def _steps(
    upload: Sequence[Path],
    goal: Goal | None,
    arches: Sequence[str],
    appear: float,
    timeout: float,
    retries: int,
    auth: Path | None,
    door: str | None,
) -> UploadSteps:
    from .exec_upload import UploadSteps

    sources = parsing.sources_in(upload, "--upload")
    return UploadSteps(
        upload, sources, goal=goal or Goal.INSTALLABLE, arches=arches, appear=appear, timeout=timeout,
        retries=retries, auth=auth, door=door,
    )  # fmt: skip


def _obstacles(command: Sequence[str], upload: UploadSteps | None) -> int:
    """Return 0 if all that is to be run can be; else say why not, and return the exit code that a shell has for it."""
    if upload is not None:
        from .dput import missing

        if (why := missing()) is not None:
            output.say(why)
            return NOT_FOUND
    return _obstacle(command[0]) if command else 0


def _obstacle(program: str) -> int:
    """Return 0 if the program can be run; else say why not, and return the exit code that a shell has for that."""
    if shutil.which(program) is not None:
        return 0
    if os.path.dirname(program) and os.path.exists(program):
        output.say(f"{program}: cannot be executed")
        return CANNOT_RUN
    output.say(f"{program}: command not found")
    return NOT_FOUND


def _with_ppa(
    client: Client, owner: str | None, wish: Wish, command: Sequence[str], on_lost: OnLost, upload: UploadSteps | None
) -> int:
    from ..client import Holding

    reaper = ReaperProcess()
    try:
        with interruptible(PASSED_ON), leases.taking_back(client, wish) as progress:
            term = leases.take(client, owner, wish, progress)
            # From here to this process's end nothing interrupts it, but for waits that say so: signals wait until they
            # are passed on.
            before = signal.pthread_sigmask(signal.SIG_BLOCK, BLOCKED)
            signals.again()
    except BaseException:
        reaper.end(left_may_go_on=True)
        raise
    children = Children(reaper, before, term.lease["ppa"], on_lost)
    holding = Holding(client, term, children.lost)
    output.mask(term.token)
    try:
        holding.make_sure()
        with holding:  # before anything runs: if this fails, nothing has begun that would go on without its PPA
            return _run(client, holding, children, command, upload)
    finally:
        lost = holding.lost is not None and on_lost is OnLost.STOP
        reaper.end(left_may_go_on=not lost and not children.stopped)
        _give_back(client, holding)


def _run(
    client: Client, holding: Holding, children: Children, command: Sequence[str], upload: UploadSteps | None
) -> int:
    environment = shell.environment(holding.leases, holding.token)
    if upload is None:
        return children.run(command, environment)
    if len(holding.leases) > 1:
        output.say(f"uploading to {holding.ppa}, the first of {len(holding.leases)} PPAs")
    with upload.done(client, holding, children) as told:
        if isinstance(told, int):
            return told
        return children.run(command, {**environment, **told}) if command else 0


def _give_back(client: Client, holding: Holding) -> None:
    try:
        client.give_back(holding)
    except AssignerError as error:
        if isinstance(error, Unavailable) and error.pending:
            output.say(f"{holding.ppa}: {error}")
            return
        until = holding.lease["until"]
        output.say(f"the release of {holding.ppa} is not confirmed, its lease ends by itself at {until}: {error}")
