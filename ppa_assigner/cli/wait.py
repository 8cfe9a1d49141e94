"""`wait`: until what was uploaded to a leased PPA is built, published or installable, or until that cannot be any more.

Rule: the lease is touched while the command waits, by whoever may touch it; nothing is released here.  The exit code
tells why the wait ended: 0 reached, 65 failed or rejected, 75 the time is up, 77 the lease is over, 69 nobody answers.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from ..client.errors import LeaseOver, NotPermitted, UsageError
from ..words import Goal
from . import output, parsing, selection
from .file_options import ChangesOption
from .options import CaFileOption, JsonOption, LeaseArgument, OidcOption, TokenFileOption, UrlOption
from .parameters import Option
from .selection import Choice
from .upload_options import (
    APPEAR,
    TIMEOUT,
    AppearOption,
    ArchesOption,
    AuthOption,
    GoalOption,
    RetryOption,
    TimeoutOption,
)

if TYPE_CHECKING:
    from ..client import Client, Holding, Source, Uploads
    from .private_index import Login
    from .upload_view import UploadView


SourcesOption = Annotated[
    list[str] | None,
    Option(
        "--source",
        metavar="NAME=VERSION",
        help="A source to wait for, up to 50 times.  [default: all that came since the lease began]",
    ),
]


def wait(
    lease: LeaseArgument = None,
    source: SourcesOption = None,
    changes: ChangesOption = None,
    goal: GoalOption = Goal.PUBLISHED,
    arch: ArchesOption = None,
    appear: AppearOption = APPEAR,
    timeout: TimeoutOption = TIMEOUT,
    retry: RetryOption = 0,
    auth: AuthOption = None,
    json: JsonOption = False,
    url: UrlOption = None,
    token_file: TokenFileOption = None,
    oidc: OidcOption = None,
    ca_file: CaFileOption = None,
) -> int:
    """Wait until what was uploaded is built, published or installable.

    Shows each build, with the address of its log when it fails.  The lease is kept alive meanwhile.
    """
    from .signals import interruptible
    from .upload_view import view_for

    named = [*map(parsing.source_of, source or ()), *(parsing.sources_in(changes) if changes else ())]
    patience = parsing.seconds("--appear", appear), parsing.seconds("--timeout", timeout)
    waiting = UploadsWait(named, goal.value, arch or (), *patience, retries=retry, auth=auth)
    client = parsing.connect(url, token_file, ca_file, oidc)
    with interruptible():
        return selection.on_lease(client, lease, lambda chosen: _wait(client, chosen, waiting, view_for(json)))


def _wait(client: Client, chosen: Choice, waiting: UploadsWait, view: UploadView) -> int:
    with keeping_alive(client, chosen, ours=waiting.retries > 0) as check:
        found = waiting.run(client, chosen.lease, view, check)
    return view.ended(found)


@contextlib.contextmanager
def keeping_alive(client: Client, chosen: Choice, *, ours: bool = False) -> Iterator[Callable[[], None]]:
    """Touch a lease while the block runs, where the caller may.  Gives a check, which raises LeaseOver once the lease
    is lost.  Raises NotPermitted for a lease that the caller may not touch and that must be `ours`.
    """
    from ..client import Holding
    from ..client.lease import term_of_assign
    from ..times import boottime

    sent = boottime()
    try:
        found = client.touch(chosen.lease)
    except NotPermitted as error:
        if ours:  # now, and not when the first build has failed after hours
            raise NotPermitted(f"--retry is for whoever has the lease: {error}") from error
        yield lambda: None  # who has it keeps it
        return
    holding = Holding(client, term_of_assign(found, sent, boottime(), written=False))
    with holding:
        yield lambda: _check(holding)


def _check(holding: Holding) -> None:
    if holding.lost is not None:
        raise LeaseOver(f"the lease of {holding.ppa} is lost: {holding.lost}")


class UploadsWait:
    """A wait for uploads.  `retries`: how often builds of lost builders are tried again; `auth`: a file with the login
    with which the index of a private PPA is read.
    """

    def __init__(
        self,
        sources: Sequence[Source],
        goal: str,
        arches: Sequence[str],
        appear: float,
        timeout: float,
        *,
        retries: int = 0,
        auth: Path | None = None,
    ) -> None:
        """Raises UsageError."""
        from ..client import WantedUploads
        from ..times import boottime

        if auth is not None and goal != Goal.INSTALLABLE:
            raise UsageError("--auth is for reading an index: it goes with --for installable")
        if goal == Goal.ACCEPTED and (arches or retries):
            raise UsageError(
                f"{'--arch' if arches else '--retry'} is about builds: it goes with more than --for accepted"
            )
        self._login = None if auth is None else _logins(auth)
        told = Goal.PUBLISHED.value if auth is not None else goal
        self._wanted = WantedUploads(sources, told, arches, appear)
        self.retries, self._boottime = retries, boottime
        self._ends = boottime() + timeout

    def run(self, client: Client, lease: str, view: UploadView, check: Callable[[], object]) -> Uploads:
        """Show what becomes of the uploads until it is final or the time is up, and give the last report.  `check` is
        called again and again; what it raises ends the wait.
        """
        while True:
            last: Uploads | None = None
            for last in client.follow_uploads(lease, self._wanted, within=self._left, check=check):
                view.changed(last)
            if last is None:
                raise AssertionError("a wait without a report")
            if last["reached"] and self._login is not None:
                return self._installable(client, lease, last, view, check)
            if not self._retried(client, lease, last):
                return self._explained(client, lease, last, view)

    @property
    def _left(self) -> float:
        return max(0.0, self._ends - self._boottime())

    def _retried(self, client: Client, lease: str, last: Uploads) -> bool:
        """Whether builds are tried again, so that there is something to wait for."""
        if last["reached"] or not last["final"] or not self.retries:
            return False
        self.retries -= 1
        tried = client.retry_uploads(lease, self._wanted.sources)
        for each in tried:
            output.say(f"{each['name']} {each['version']} is tried again for {each['arch']}")
        return bool(tried)

    def _explained(self, client: Client, lease: str, last: Uploads, view: UploadView) -> Uploads:
        """The last report, with what the .changes files tell of uploads that did not appear."""
        from .rejections import with_rejections

        found = with_rejections(client, lease, last, self._wanted.sources)
        if found is not last:
            view.changed(found)
        return found

    def _installable(
        self, client: Client, lease: str, last: Uploads, view: UploadView, check: Callable[[], object]
    ) -> Uploads:
        """Read the index of a private PPA until it has all that is published."""
        from .private_index import PrivateIndex

        index = PrivateIndex(self._login or [], client.get_lease(lease)["ppa"])
        while True:
            check()
            found = index.look(last)
            view.changed(found)
            if found["reached"] or not self._left:
                return found
            index.pause(self._left)


def _logins(path: Path) -> list[Login]:
    from .private_index import logins_in

    return logins_in(path)
