"""Whether a PPA can take what is to be uploaded, as far as its past decides that: its versions and its files.

Rule: one request is one step, and other commands go before the next one: there may be many.  What was learnt of a past
is remembered, for it does not change; that there is nothing in it must be asked each time.  Files count while Launchpad
may keep them (docs/explanation/launchpad.md#burnt-versions).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from ..packages import SourcePackage, upstream_of
from ..port import Entry, Lane, PublishedVersion, PublishedVersions, SourceFiles, Unavailable
from . import observe
from .events import DEADLINE_EXCEEDED, Assign, CheckBurnt, Refusal, Requeue
from .now import Now
from .observe import with_outage
from .operation import CheckingFiles, CheckingSource
from .replies import deny
from .requests import ListVersions, ReadFiles, WasPublished
from .state import Step, WorkerState

SURELY_KEPT = timedelta(days=7)
"""So long after its removal from the disk Launchpad keeps a file at the least."""
MAYBE_KEPT = timedelta(days=14)
"""Longer than Launchpad keeps a file after that."""
MOST_READ = 20
"""Versions of one source whose files are read: the files that they share are the same in all that are kept."""

Search = Assign | CheckBurnt
GoOn = Callable[[WorkerState, Search, Now], Step]
"""What is decided when nothing is left to be asked."""


def check(known: WorkerState, command: Search, now: Now, go_on: GoOn) -> Step:
    """Ask the next question about the past of the PPA, if what is remembered does not answer it: no look at the content
    shows that.
    """
    if (had := observe.source_seen(known, command.sources)) is not None:
        return deny(known, command, Refusal.BURNT, str(had))
    left = _left(command)
    if now.boot >= command.deadline or known.entry is None:
        return deny(known, command, Refusal.OUTAGE, DEADLINE_EXCEEDED)
    if left and command.token in known.abandoned:
        return deny(known, command, Refusal.LOST, "nobody waits for it any more")
    if not left:
        return go_on(known, command, now)
    source = left[0]
    if command.unread:
        version = command.unread[0]
        return replace(known, operation=CheckingFiles(command, source, version)), [
            ReadFiles(version.url, _lane(command))
        ]
    known = replace(known, operation=CheckingSource(command, source))
    if source.files:
        return known, [ListVersions(known.ppa, source.name, _lane(command))]
    entry: Entry = known.entry  # type: ignore[assignment] # seen above
    return known, [WasPublished(entry, source.name, source.version, _lane(command))]


def _lane(command: Search) -> Lane:
    return command.lane if isinstance(command, CheckBurnt) else Lane.ASSIGN


def on_past(
    known: WorkerState, operation: CheckingSource, answer: bool | PublishedVersions | Unavailable, now: Now, go_on: GoOn
) -> Step:
    """The answer whether the PPA had that version, or which versions of that source it had."""
    command, source = operation.command, operation.source
    match answer:
        case Unavailable():
            return deny(with_outage(known, answer.reason), command, Refusal.OUTAGE, answer.reason)
        case PublishedVersions():
            return _on_versions(known, command, source, answer.versions, now, go_on)
        case True:
            return check(observe.with_sources(known, [source.identity]), command, now, go_on)
    return _next(known, _without_first(command), now, go_on)


def on_files(
    known: WorkerState, operation: CheckingFiles, answer: SourceFiles | Unavailable, now: Now, go_on: GoOn
) -> Step:
    """The answer which files a version has that may still be kept."""
    command, source, version = operation.command, operation.source, operation.version
    if isinstance(answer, Unavailable):
        return deny(with_outage(known, answer.reason), command, Refusal.OUTAGE, answer.reason)
    known = observe.with_files(known, (source.name, version.version), answer.files)
    if (file := source.conflict(answer.files)) is not None:
        return _burnt_by_file(known, command, file.name, source, version)
    command = replace(command, unread=command.unread[1:])
    return _next(known, command if command.unread else _without_first(command), now, go_on)


def _on_versions(
    known: WorkerState,
    command: Search,
    source: SourcePackage,
    versions: tuple[PublishedVersion, ...],
    now: Now,
    go_on: GoOn,
) -> Step:
    if any(one.version == source.version for one in versions):
        return check(observe.with_sources(known, [source.identity]), command, now, go_on)
    related = [one for one in versions if upstream_of(one.version) == source.upstream]
    unread = []
    for one in (one for one in related if _kept_for(one, MAYBE_KEPT, now.date)):
        files = observe.files_of(known, (source.name, one.version))
        if files is None or not _kept_for(one, SURELY_KEPT, now.date):
            unread.append(one)
        elif (name := observe.other_content(files, source.files)) is not None:
            return _burnt_by_file(known, command, name, source, one)
    command = replace(command, unread=tuple(unread[:MOST_READ]))
    return _next(known, command if command.unread else _without_first(command), now, go_on)


def _burnt_by_file(
    known: WorkerState, command: Search, name: str, source: SourcePackage, version: PublishedVersion
) -> Step:
    return deny(known, command, Refusal.BURNT, f"{name} with other content, of {source.name} {version.version}")


def _kept_for(version: PublishedVersion, time: timedelta, date: datetime) -> bool:
    return version.removed is None or date - version.removed < time


def _left(command: Search) -> tuple[SourcePackage, ...]:
    return command.sources if command.left is None else command.left


def _without_first(command: Search) -> Search:
    return replace(command, left=_left(command)[1:], unread=())


def _next(known: WorkerState, command: Search, now: Now, go_on: GoOn) -> Step:
    return (known, [Requeue(command)]) if command.left != () else check(known, command, now, go_on)
