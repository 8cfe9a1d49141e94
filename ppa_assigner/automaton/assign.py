"""Lending a PPA: what it once had, what is in it now, the record of the lease, and the uploader's right.

Invariants: nothing is lent that was not looked into recently enough, or that ever had what is to be uploaded; a lease
is told only after Launchpad showed it.  One request about the past is one step, and other commands go before the next
one: there may be many.  What was learnt of a past is remembered, for it does not change; that there is nothing in it
must be asked each time.  Files count while Launchpad may keep them (docs/explanation/launchpad.md#burnt-versions).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from ..backoff import FENCE_S
from ..packages import SourcePackage, upstream_of
from ..port import (
    AccessDenied,
    ActAnswer,
    Done,
    Entry,
    Gone,
    Lane,
    NewContent,
    PublishedVersion,
    PublishedVersions,
    ReadAnswer,
    Refused,
    SourceFiles,
    Unavailable,
)
from ..record import HOST, INTEGER_MAX, Record, State
from ..views import AssignRequest, Condition
from . import claim
from .events import (
    DEADLINE_EXCEEDED,
    Assign,
    CheckBurnt,
    Confirm,
    Denied,
    LeadShown,
    LeaseShown,
    ListProcessors,
    ProcessorsShown,
    Refusal,
    Reply,
    Requeue,
)
from .group_commands import ClaimPpa, RollForward, TellLead
from .now import Now
from .observe import (
    files_of,
    made_dirty,
    other_content,
    source_seen,
    with_files,
    with_no_entry,
    with_outage,
    with_sources,
)
from .operation import CheckingContent, CheckingFiles, CheckingSource, Granting, ListingProcessors
from .replies import deny, deny_plainly, tell, tell_record
from .requests import Apply, Grant, ListVersions, LookForNewContent, Read, ReadFiles, ReadProcessors, WasPublished
from .rollback import on_entry
from .state import Step, WorkerState
from .transitions import WriteReason
from .write import begin, lane_of, write_record

UNGRANTED = "the upload right could not be given yet"
OF_WHOM = (401, 403, 404, 410)
"""Answers to a grant that may have been given of the PPA, or of the person."""
SURELY_KEPT = timedelta(days=7)
"""So long after its removal from the disk Launchpad keeps a file at the least."""
MAYBE_KEPT = timedelta(days=14)
"""Longer than Launchpad keeps a file after that."""
MOST_READ = 20
"""Versions of one source whose files are read: the files that they share are the same in all that are kept."""

Search = Assign | ClaimPpa | CheckBurnt


def assign(known: WorkerState, command: Assign | ClaimPpa, now: Now) -> Step:
    """Lend a free PPA, or claim it for a group, once it is certain that it never had the sources to be uploaded and
    that nothing has arrived in it.
    """
    record, entry = known.record, known.entry
    if record is None or entry is None or record.state is not State.FREE or known.condition is not Condition.OK:
        return deny(known, command, Refusal.LOST, "not free")
    if isinstance(command, ClaimPpa) and claim.is_of(record, command.group):
        return claim.write(known, command, now)
    if record.claim is not None and (claimed := claim.obstacle(known, command, record, now)) is not None:
        return claimed
    if command.nonce != record.nonce:  # a source that it had not had then, it may have had in another lease since
        command = replace(command, left=None, unread=(), nonce=record.nonce)
    return check_sources(known, command, now)


# -- what it once had -------------------------------------------------------------------------------------------------


def check_sources(known: WorkerState, command: Search, now: Now) -> Step:
    """Ask the next question about the past of the PPA, if what is remembered does not answer it: no look at the content
    shows that.
    """
    sources = command.sources
    if sources and (had := source_seen(known, sources)) is not None:
        return deny(known, command, Refusal.BURNT, str(had))
    left = sources if command.left is None else command.left
    if now.boot >= command.deadline or known.entry is None:
        return deny(known, command, Refusal.OUTAGE, DEADLINE_EXCEEDED)
    if left and command.token in known.abandoned:
        return deny(known, command, Refusal.LOST, "nobody waits for it any more")
    if not left:
        return _on_clear_past(known, command, now)
    source, lane = left[0], _lane(known, command)
    if command.unread:
        version = command.unread[0]
        return replace(known, operation=CheckingFiles(command, source, version)), [ReadFiles(version.url, lane)]
    known = replace(known, operation=CheckingSource(command, source))
    if source.files:
        return known, [ListVersions(known.ppa, source.name, lane)]
    entry: Entry = known.entry  # type: ignore[assignment] # seen above
    return known, [WasPublished(entry, source.name, source.version, lane)]


def _lane(known: WorkerState, command: Search) -> Lane:
    return command.lane if isinstance(command, CheckBurnt) else lane_of(known.ppa, command)


def on_past(
    known: WorkerState, operation: CheckingSource, answer: bool | PublishedVersions | Unavailable, now: Now
) -> Step:
    """The answer whether the PPA had that version, or which versions of that source it had."""
    command, source = operation.command, operation.source
    match answer:
        case Unavailable():
            return deny(with_outage(known, answer.reason), command, Refusal.OUTAGE, answer.reason)
        case PublishedVersions():
            return _on_versions(known, command, source, answer.versions, now)
        case True:
            return check_sources(with_sources(known, [source.identity]), command, now)
    return _next(known, _without_first(command), now)


def on_files(known: WorkerState, operation: CheckingFiles, answer: SourceFiles | Unavailable, now: Now) -> Step:
    """The answer which files a version has that may still be kept."""
    command, source, version = operation.command, operation.source, operation.version
    if isinstance(answer, Unavailable):
        return deny(with_outage(known, answer.reason), command, Refusal.OUTAGE, answer.reason)
    known = with_files(known, (source.name, version.version), answer.files)
    if (file := source.conflict(answer.files)) is not None:
        return _burnt_by_file(known, command, file.name, source, version)
    command = replace(command, unread=command.unread[1:])
    return _next(known, command if command.unread else _without_first(command), now)


def _on_versions(
    known: WorkerState,
    command: Search,
    source: SourcePackage,
    versions: tuple[PublishedVersion, ...],
    now: Now,
) -> Step:
    if any(one.version == source.version for one in versions):
        return check_sources(with_sources(known, [source.identity]), command, now)
    related = [one for one in versions if upstream_of(one.version) == source.upstream]
    unread = []
    for one in (one for one in related if _kept_for(one, MAYBE_KEPT, now.date)):
        files = files_of(known, (source.name, one.version))
        if files is None or not _kept_for(one, SURELY_KEPT, now.date):
            unread.append(one)
        elif (name := other_content(files, source.files)) is not None:
            return _burnt_by_file(known, command, name, source, one)
    command = replace(command, unread=tuple(unread[:MOST_READ]))
    return _next(known, command if command.unread else _without_first(command), now)


def _burnt_by_file(
    known: WorkerState, command: Search, name: str, source: SourcePackage, version: PublishedVersion
) -> Step:
    return deny(known, command, Refusal.BURNT, f"{name} with other content, of {source.name} {version.version}")


def _kept_for(version: PublishedVersion, time: timedelta, date: datetime) -> bool:
    return version.removed is None or date - version.removed < time


def _without_first(command: Search) -> Search:
    left = command.sources if command.left is None else command.left
    return replace(command, left=left[1:])


def _next(known: WorkerState, command: Search, now: Now) -> Step:
    return (known, [Requeue(command)]) if command.left != () else check_sources(known, command, now)


def _on_clear_past(known: WorkerState, command: Search, now: Now) -> Step:
    if isinstance(command, CheckBurnt):
        return tell_record(known, command, now)
    record, entry = known.record, known.entry
    if record is None or entry is None:
        return deny(known, command, Refusal.LOST, "not free")
    return _verify(known, command, record, entry, now)


# -- what is in it now ------------------------------------------------------------------------------------------------


def _verify(known: WorkerState, command: Assign | ClaimPpa, record: Record, entry: Entry, now: Now) -> Step:
    if _looked_into(known, record, now):
        return _lend(known, command, now)
    return replace(known, operation=CheckingContent(command)), [LookForNewContent(entry, _since(known, record, now))]


def on_new_content(known: WorkerState, operation: CheckingContent, answer: NewContent | Unavailable, now: Now) -> Step:
    """The answer to the look for new content.  The lease is written after it, never before."""
    command = operation.command
    match answer:
        case NewContent(count=0, moment=moment):
            return _lend(replace(known, verified=moment.started), command, now)
        case NewContent():
            return begin(known, WriteReason.FOUND, now, command, **made_dirty(known, now))
    return deny(with_outage(known, answer.reason), command, Refusal.OUTAGE, answer.reason)


def _looked_into(known: WorkerState, record: Record, now: Now) -> bool:
    """Whether a look not older than `verify_age` exists: this daemon's, or the last one of the proof that made the PPA
    free.
    """
    age = known.options.verify_age
    if age is None:
        return True
    if known.verified is not None and now.boot - known.verified < age:
        return True
    recent = timedelta(0) <= now.date - record.since < timedelta(seconds=age)
    return recent and now.trusted and _watched_since(record.since, now)


def _since(known: WorkerState, record: Record, now: Now) -> datetime | None:
    """The time from which on new content is looked for; None: any content.  A date counts only if this daemon has seen
    both clocks agree ever since: that of the record, or of this daemon's own last look at all content.
    """
    looked = now.date_of(known.verified) if known.verified is not None else None
    since = next((date for date in (record.since, looked) if date and _watched_since(date, now)), None)
    return min(since, now.date) - timedelta(seconds=known.options.settle) if since is not None else None


def _watched_since(date: datetime, now: Now) -> bool:
    return now.agreeing_since is not None and date >= now.date_of(now.agreeing_since)


def _lend(known: WorkerState, command: Assign | ClaimPpa, now: Now) -> Step:
    if now.boot >= command.deadline:
        return deny(known, command, Refusal.OUTAGE, DEADLINE_EXCEEDED)
    if isinstance(command, ClaimPpa):
        return claim.write(known, command, now)
    used = record_of(known, command.wish, command.lease, now)
    return write_record(known, WriteReason.ASSIGN, used, now, command)


def record_of(known: WorkerState, wish: AssignRequest, lease: str, now: Now) -> Record:
    """What is written for a new lease; what the wish leaves open is as the pool's options say."""
    options = known.options
    ttl, idle = (options.ttl if wish.ttl is None else wish.ttl), (options.idle if wish.idle is None else wish.idle)
    used = begun(
        known, now, owner=wish.owner, lease=lease, request=wish.request_id, attempt=wish.attempt,
        idle=None if idle is None else max(1, round(idle)), by=wish.by, note=wish.note, uploader=wish.uploader,
        select=str(wish.select) if wish.select.requirements else None, want=wish.wanted if wish.want else None,
    )  # fmt: skip
    return replace(used, until=used.since + timedelta(seconds=ttl))


def begun(known: WorkerState, now: Now, **lease: Any) -> Record:
    """The record of a lease that begins now, by the clock that is believed, and is counted."""
    before, since = known.record, now.stamp
    leases = before.leases if before is not None else 0
    return Record(
        serial=0, nonce="", state=State.USED, since=since, touched=since, pool=known.pool,
        clock=HOST if now.by_host else None, leases=min(leases + 1, INTEGER_MAX), **lease,
    )  # fmt: skip


# -- the uploader's right ---------------------------------------------------------------------------------------------


def grant_or_tell(known: WorkerState, command: Assign | Confirm | RollForward, *, fresh: bool) -> Step:
    """Grant the upload right, again if need be, before any lease is told; soon after an answer that showed the
    lease.
    """
    if (record := known.record) is None:
        return deny_plainly(known, command, Refusal.ELSEWHERE)
    return grant_first(known, command, LeaseShown(record, fresh), fresh=fresh)


def grant_first(
    known: WorkerState,
    command: Assign | Confirm | RollForward | TellLead,
    told: LeaseShown | LeadShown,
    *,
    fresh: bool,
) -> Step:
    """Tell this once the uploader, if there is one, has the right.  `fresh`: nobody was told of the lease yet."""
    entry, uploader = known.entry, told.record.uploader
    if entry is None or uploader is None:
        return tell(known, command, told)
    lane = Lane.MEMBERS if isinstance(command, RollForward) else Lane.ASSIGN
    known = replace(known, operation=Granting(command, fresh, told))
    return known, [Apply(Grant(uploader), entry, entry.moment.started + FENCE_S, lane)]


def on_grant(known: WorkerState, operation: Granting, answer: ActAnswer | ReadAnswer, now: Now) -> Step:
    """The answer to a grant.  The lease is told only with its right; a refused right ends a lease that nobody was told
    of yet.
    """
    command, record = operation.command, known.record
    match answer:
        case Done() if record is not None:
            return tell(known, command, operation.told)
        case Refused(status=status) if status in OF_WHOM:
            return replace(known, operation=replace(operation, refused=answer)), [Read(Lane.ASSIGN)]
        case Refused():
            return _on_refused_right(known, operation, answer, now)
        case Entry() if operation.refused is not None:
            return _on_refused_here(known, operation, operation.refused, answer, now)
        case Gone() | AccessDenied():
            known = with_no_entry(known, answer)
    return deny(known, command, Refusal.UNTOLD, UNGRANTED)


def _on_refused_here(known: WorkerState, operation: Granting, refused: Refused, entry: Entry, now: Now) -> Step:
    """The PPA is there and shown: so the refusal was about the person."""
    lease = known.record.lease if known.record is not None else None
    known, effects = on_entry(known, entry, entry.moment.started, now)
    if known.operation is not None or known.record is None or known.record.lease != lease:
        return known, [*effects, Reply(operation.command.token, Denied(Refusal.UNTOLD, UNGRANTED))]
    known, more = _on_refused_right(known, operation, refused, now)
    return known, [*effects, *more]


def _on_refused_right(known: WorkerState, operation: Granting, refused: Refused, now: Now) -> Step:
    """The person cannot have the right: say so, and give up a fresh lease."""
    record = known.record
    if record is None or record.lease is None:
        return deny(known, operation.command, Refusal.UNTOLD, UNGRANTED)
    known, effects = deny(known, operation.command, Refusal.INVALID, f"uploader {record.uploader}: {refused.reason}")
    if not operation.fresh:
        return known, effects
    known, more = begin(known, WriteReason.GIVE_UP, now, **(made_dirty(known, now) | {"uploader": None, "told": False}))
    return known, [*effects, *more]


# -- by which labels it is chosen --------------------------------------------------------------------------------------


def list_processors(known: WorkerState, command: ListProcessors, _: Now) -> Step:
    """Read what the PPA builds for."""
    return replace(known, operation=ListingProcessors(command)), [ReadProcessors(known.ppa)]


def on_processors(
    known: WorkerState, operation: ListingProcessors, answer: tuple[str, ...] | Unavailable, _: Now
) -> Step:
    """The answer what the PPA builds for.  That there is none says nothing of whether the PPA can be reached."""
    if isinstance(answer, Unavailable):
        return deny(known, operation.command, Refusal.OUTAGE, answer.reason)
    return tell(known, operation.command, ProcessorsShown(answer))
