"""Empty a dirty PPA, prove it empty, and only then write it free: who does it, and what comes next.

Invariants: `dirty` is written before anything is changed; one daemon cleans, the one in `cleaner`, touched while the
work goes on.  What is changed is in `purge`, what is looked at in `verify`, what a PPA should be like in `baseline`,
what follows a failure in `retry`.
"""

from __future__ import annotations

from dataclasses import replace

from ..backoff import CLEANER_SILENCE_S, CLEANER_TOUCH_S
from ..port import AccessDenied, Gone, ReadAnswer, Unavailable
from ..record import Record, State
from . import discard, purge, verify
from .now import Now
from .observe import with_no_entry
from .operation import CleanProgress, Reading, ReadReason
from .requests import Read
from .retry import first_progress
from .rollback import on_entry
from .state import Step, WorkerState
from .transitions import WriteReason
from .write import back_off, begin


def advance(known: WorkerState, now: Now) -> Step:
    """The next step of the clean, if this daemon may clean.  One request at a time, so that commands come between."""
    record = known.record
    if record is None:
        return known, []
    if not may_clean(known, record):
        if now.boot < _silent_from(known):
            return known, []
        return replace(known, operation=Reading(ReadReason.FENCE)), [Read()]
    if record.cleaner != known.daemon.cleaner:  # what another daemon did last is unknown: the quiet window begins again
        known = replace(known, clean=None)
    if record.cleaner != known.daemon.cleaner or now.boot >= _touch_due(known):
        return begin(known, WriteReason.CLAIM, now, cleaner=known.daemon.cleaner, touched=now.date)
    clean = _progress_of(known, record, now.boot)
    known = replace(known, clean=clean)
    if now.boot < clean.paused_until:
        return known, []
    return _next(known, clean, record, now)


def _next(known: WorkerState, clean: CleanProgress, record: Record, now: Now) -> Step:
    if record.made and not clean.past_known:
        return discard.read_past(known)
    if clean.todo:
        return purge.change_next(known, clean, now)
    if (reason := discard.why_at_once(known, record)) is not None:
        return discard.discard(known, reason, now)
    if now.boot >= verify.look_due(known, clean):
        return verify.look(known, clean, now)
    return known, []


def may_clean(known: WorkerState, record: Record) -> bool:
    """Whether this daemon is the cleaner or may become it.  Another's silence is measured by how long its record was
    seen to stand unchanged, not by the dates in the record.
    """
    if known.daemon.may_clean_after(record.cleaner):
        return True
    return known.entry is not None and known.entry.moment.started >= _silent_from(known)


def _silent_from(known: WorkerState) -> float:
    """The boot time from which another daemon's cleaner counts as silent if its record still stands.  The time during
    which the PPA could not be reached does not count.
    """
    return max(known.unchanged, known.heard_at) + CLEANER_SILENCE_S


def _touch_due(known: WorkerState) -> float:
    return known.unchanged + CLEANER_TOUCH_S


def due(known: WorkerState, record: Record, now: Now) -> float:
    """The boot time of the next step of the clean."""
    if not may_clean(known, record):
        return max(now.boot, _silent_from(known))
    if record.cleaner != known.daemon.cleaner:
        return now.boot
    clean = _progress_of(known, record, now.boot)
    work = now.boot if clean.todo else verify.look_due(known, clean)
    return min(max(now.boot, _touch_due(known)), max(clean.paused_until, work))


def after_write(known: WorkerState) -> WorkerState:
    """The state after a write of ours was applied.  If the record is dirty, the quiet window begins with it at the
    earliest.
    """
    record = known.record
    if record is None or record.state is not State.DIRTY:
        return replace(known, clean=None)
    return replace(known, clean=_progress_of(known, record, known.asof))


def _progress_of(known: WorkerState, record: Record, quiet_from: float) -> CleanProgress:
    """The progress of the clean of this record; a new one if the record became dirty since."""
    if known.clean is not None and known.clean.since == record.since:
        return known.clean
    return first_progress(known, record, quiet_from)


def on_fence_read(known: WorkerState, answer: ReadAnswer, now: Now) -> Step:
    """The answer to the read before destructive requests: only if it shows the record that is known may they follow."""
    match answer:
        case Gone() | AccessDenied():
            return with_no_entry(known, answer), []
        case Unavailable():
            return back_off(known, now), []
    before = known.record
    known, effects = on_entry(known, answer, answer.moment.started, now)
    same = before is not None and known.record is not None and known.record.nonce == before.nonce
    if same and not known.suspect and known.clean is not None:
        known = replace(known, clean=replace(known.clean, fence=answer.moment.started))
    return known, effects
