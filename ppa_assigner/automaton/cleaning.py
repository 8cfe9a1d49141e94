"""Empty a dirty PPA, prove it empty, and only then write it free.

Invariants: `dirty` was written before anything is deleted; a destructive request leaves only shortly after a read
that showed our own dirty record (Launchpad's POSTs cannot be conditional); `free` is written only after a look that
began a whole quiet window after the last request of the clean that changed something, and found nothing active and
nothing on its way.  One daemon cleans: the one in `cleaner`.
"""

from __future__ import annotations

import dataclasses
from dataclasses import replace
from datetime import timedelta
from typing import Any

from ..port import ActAnswer, Build, Content, Done, Gone, Publication, ReadAnswer, Refused, Unavailable
from ..record import Record, State
from .events import LATE, Alarm, Cancel, Delete, Effect, Read, Revoke, Survey
from .known import (
    CLEANER_SILENCE_S,
    CLEANER_TOUCH_S,
    FENCE_S,
    Clean,
    Emptying,
    Known,
    Now,
    Purpose,
    Reading,
    Surveying,
    Why,
)
from .learning import absent, fraction
from .reading import absorb
from .writing import Step, back_off, begin

POLL_S, POLL_MIN_S = 30.0, 1.0  # how often something that only time can finish is looked at again
FAULT_MAX = 300
NOTHING_OF_A_LEASE: dict[str, Any] = {
    field.name: field.default for field in dataclasses.fields(Record) if field.default is not dataclasses.MISSING
}


def advance(known: Known, now: Now) -> Step:
    """The next step of the clean, if it is ours to do.  One request at a time, so that commands come between."""
    record = known.record
    if record is None:
        return known, []
    if not ours(known, record, now):
        return known, []
    if record.cleaner != known.daemon.cleaner:  # what another did last is not known: the quiet window begins anew
        known = replace(known, clean=None)
    if record.cleaner != known.daemon.cleaner or _touch_due(record, now):
        return begin(known, Purpose.CLAIM, now, cleaner=known.daemon.cleaner, touched=now.date)
    clean = _clean_of(known, record, now.boot)
    known = replace(known, clean=clean)
    if now.boot < clean.paused_until:
        return known, []
    if clean.todo or _rights_to_revoke(record, clean):
        return _empty(known, clean, record, now)
    if now.boot >= clean.survey_at and known.entry is not None:
        return replace(known, doing=Surveying(Why.CLEAN)), [Survey(known.entry)]
    return known, []


def ours(known: Known, record: Record, now: Now) -> bool:
    """Whether this daemon is the cleaner, or may become it."""
    if known.daemon.may_clean_after(record.cleaner):
        return True
    return now.trusted and now.date - record.touched >= timedelta(seconds=CLEANER_SILENCE_S)


def due(known: Known, record: Record, now: Now) -> float:
    """The boot time of the next step."""
    if not ours(known, record, now):
        silence = (record.touched + timedelta(seconds=CLEANER_SILENCE_S) - now.date).total_seconds()
        return now.boot + max(silence, 1.0)
    if record.cleaner != known.daemon.cleaner:
        return now.boot
    clean = _clean_of(known, record, now.boot)
    touch = (record.touched + timedelta(seconds=CLEANER_TOUCH_S) - now.date).total_seconds()
    busy = bool(clean.todo) or _rights_to_revoke(record, clean)
    return min(now.boot + max(touch, 0.0), max(clean.paused_until, now.boot if busy else clean.survey_at))


def started(known: Known) -> Known:
    """One of ours has landed.  If it is dirty, the quiet window begins with it at the earliest."""
    record = known.record
    if record is None or record.state is not State.DIRTY:
        return replace(known, clean=None)
    return replace(known, clean=_clean_of(known, record, known.asof))


def _clean_of(known: Known, record: Record, quiet_from: float) -> Clean:
    """What was done since this record became dirty; one that became so anew is begun anew."""
    if known.clean is not None and known.clean.since == record.since:
        return known.clean
    return Clean(since=record.since, quiet_from=quiet_from)


def fenced(known: Known, answer: ReadAnswer, now: Now) -> Step:
    """The read before a destructive batch: only if it shows the record that we know does the batch go on."""
    match answer:
        case Gone():
            return absent(known, answer.reason, answer.moment), []
        case Unavailable():
            return back_off(known, now), []
    before = known.record
    known, effects = absorb(known, answer, answer.moment.started, now)
    same = before is not None and known.record is not None and known.record.nonce == before.nonce
    if same and not known.suspect and known.clean is not None:
        known = replace(known, clean=replace(known.clean, fence=answer.moment.started))
    return known, effects


def surveyed(known: Known, answer: Content | Gone | Refused | Unavailable, now: Now) -> Step:
    """Something is there: remove it.  Nothing, for a whole quiet window: free.  Nothing, too early: look again."""
    match answer:
        case Gone():
            return absent(known, answer.reason, answer.moment), []
        case Unavailable():
            return back_off(known, now), []
        case Refused():
            return fail(known, f"its content cannot be listed: {answer.reason}", now)
    clean = known.clean
    if clean is None:
        return known, []
    if not answer.empty:
        return _found(known, clean, answer, now)
    quiet_until = clean.quiet_from + known.options.settle
    if answer.moment.started < quiet_until:
        step = "waiting for the quiet window to end"
        return replace(known, clean=replace(clean, survey_at=quiet_until, step=step, left=0)), []
    return free(known, answer, now)


def free(known: Known, proof: Content, now: Now) -> Step:
    """dirty -> free, proved.  `since` is when the last look of the proof began: what comes later is looked for then."""
    record = known.record
    if record is None:
        return known, []
    known = replace(known, verified=proof.moment.started)
    bare: dict[str, Any] = {"state": State.FREE, "since": proof.moment.date, "touched": now.date, "pool": known.pool}
    return begin(known, Purpose.FREE, now, **bare, **NOTHING_OF_A_LEASE)


def acted(known: Known, what: Publication | Build | str, answer: ActAnswer, now: Now) -> Step:
    """One request of the batch is answered.  Any that may have changed something starts the quiet window anew."""
    clean = known.clean
    if clean is None or answer is LATE:
        return known, []
    if isinstance(answer, Unavailable):  # it may have been done all the same
        return back_off(replace(known, clean=replace(clean, quiet_from=now.boot)), now), []
    if isinstance(answer, Refused):
        return fail(known, f"{_named(what)}: {answer.reason}", now)
    clean = replace(clean, quiet_from=answer.moment.ended)
    if isinstance(what, str):
        return replace(known, clean=replace(clean, revoked=True)), []
    done = 1 if isinstance(answer, Done) else 0
    clean = replace(
        clean, todo=clean.todo[1:], asked=clean.asked | {what.url}, deleted=clean.deleted + done,
        left=max(0, clean.left - 1), survey_at=now.boot,
    )  # fmt: skip
    return replace(known, clean=clean), []


def fail(known: Known, reason: str, now: Now) -> Step:
    """Count the try, say why, come back later; after too many, quarantine."""
    record = known.record
    if record is None:
        return known, []
    tries, retry = record.tries + 1, known.options.retry
    pause = min(retry.max, retry.first * 2.0 ** min(tries - 1, 30)) * (0.5 + fraction(known))
    clean = known.clean
    if clean is not None:
        clean = replace(
            clean, todo=(), asked=frozenset(), revoked=False, paused_until=now.boot + pause, survey_at=now.boot,
            step=f"waiting after failure {tries}",
        )  # fmt: skip
    known = replace(known, clean=clean)
    fault = reason.replace("\0", "?").encode("ascii", "replace").decode()[:FAULT_MAX]
    over = f"cleaning failed {tries} times: {fault}" if tries >= known.options.max_tries else None
    known, effects = begin(known, Purpose.FAIL, now, tries=tries, fault=fault, quarantined=over, touched=now.date)
    return known, [*([Alarm(f"{known.ppa}: {over}")] if over else []), *effects]


def _touch_due(record: Record, now: Now) -> bool:
    return now.date - record.touched >= timedelta(seconds=CLEANER_TOUCH_S)


def _rights_to_revoke(record: Record, clean: Clean) -> bool:
    return record.uploader is not None and not clean.revoked


def _empty(known: Known, clean: Clean, record: Record, now: Now) -> Step:
    """The next destructive request, behind its fence."""
    not_after = clean.fence + FENCE_S
    if now.boot >= not_after:
        return replace(known, doing=Reading(Why.FENCE)), [Read()]
    effect: Effect
    what: Publication | Build | str
    if _rights_to_revoke(record, clean) and known.entry is not None and record.uploader is not None:
        what, effect = record.uploader, Revoke(known.entry, record.uploader, not_after)
    else:
        what = clean.todo[0]
        effect = Delete(what, not_after) if isinstance(what, Publication) else Cancel(what, not_after)
    return replace(known, doing=Emptying(what)), [effect]


def _found(known: Known, clean: Clean, content: Content, now: Now) -> Step:
    """Builds are cancelled and sources deleted first: a source takes the binaries made from it along.

    Debug symbols go with the binary that they belong to and cannot be deleted by themselves (facts sheet, D.3).
    """
    builds = tuple(build for build in content.builds if build.cancellable and build.url not in clean.asked)
    direct = tuple(binary for binary in content.binaries if not binary.debug)
    packages = content.sources or direct
    todo: tuple[Publication | Build, ...] = (*builds, *packages)
    left = len(content.sources) + len(content.binaries)
    if not todo and content.binaries:
        return fail(known, f"{_named(content.binaries[0])}: debug symbols without their binary", now)
    if stuck := next((package for package in packages if package.url in clean.asked), None):
        return fail(known, f"{_named(stuck)}: still there after it was deleted", now)
    step = "deleting" if todo else "waiting for builds and uploads to end"
    clean = replace(
        clean, todo=todo, found=max(clean.found, clean.deleted + left), left=left, quiet_from=now.boot, step=step,
        survey_at=now.boot + min(POLL_S, max(known.options.settle, POLL_MIN_S)), fence=float("-inf"),
    )  # fmt: skip
    return replace(known, clean=clean), []


def _named(what: Publication | Build | str) -> str:
    if isinstance(what, Publication):
        return f"{what.name} {what.version} in {what.where}"
    return what.title if isinstance(what, Build) else f"upload right of {what}"
