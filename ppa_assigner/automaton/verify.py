"""What a clean looks at, in the order of its stages, and what must be seen before `free` is written.

Invariants: `free` rests on looks that all began a whole quiet window after the clean's last change, and the last of
them is at the content: nothing active and nothing on its way.  Whatever a look finds leads back to `purge`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..backoff import DISK_POLL_S, INDEX_POLL_S, OWN_WORK
from ..options import Baseline, Proof
from ..port import ArchiveSettings, Content, Leftovers, Refused, Unavailable
from ..record import NOTHING_OF_A_LEASE, State, format_time
from . import baseline, discard, observe, purge
from .events import Effect
from .now import Now
from .observe import jitter
from .operation import (
    LOOKING,
    PROOF,
    QUIET,
    RESTORING,
    TAKING_RIGHTS,
    CleanProgress,
    CleanStage,
    CleanStep,
    Doing,
    Verifying,
)
from .requests import Change, ReadDisk, ReadIndexes, ReadSettings, Request, Setting, Survey
from .retry import fail
from .state import Step, WorkerState
from .transitions import WriteReason
from .write import back_off, begin

TWICE = 2  # how often a setting that does not change, or a right that comes back, is tried
REMAINING = (Doing.AWAITING_DISK, Doing.AWAITING_INDEXES)
SETTINGS = frozenset({CleanStage.SETTINGS, CleanStage.AGAIN})
LookAnswer = Content | ArchiveSettings | Leftovers | Refused | Unavailable


def look_due(known: WorkerState, clean: CleanProgress) -> float:
    """The boot time of the next look; a look of the proof is due only after the quiet window, if one is needed."""
    if clean.stage not in PROOF or clean.look_at < clean.fresh_until:
        return clean.look_at
    return max(clean.look_at, quiet_until(known, clean))


def quiet_until(known: WorkerState, clean: CleanProgress) -> float:
    """The boot time at which the quiet window is over if nothing more is changed."""
    return clean.quiet_from + known.options.settle


def look(known: WorkerState, clean: CleanProgress, now: Now) -> Step:
    """Begin the look of this stage.  Where the PPA's entry shows everything that it needs, nothing is asked."""
    if known.entry is None:
        return known, []
    if clean.stage in SETTINGS and not baseline.needs_settings(known):
        return _on_settings(known, clean, None, now)
    ask: Request
    match clean.stage:
        case CleanStage.RIGHTS | CleanStage.SETTINGS | CleanStage.AGAIN:
            ask = ReadSettings(known.entry)
        case CleanStage.DISK:
            ask = ReadDisk(known.entry)
        case CleanStage.INDEX:
            ask = ReadIndexes(known.ppa)
        case _:
            ask = Survey(known.entry, whole=False)
    return replace(known, operation=Verifying(clean.stage)), [ask]


def on_look(known: WorkerState, operation: Verifying, answer: LookAnswer, now: Now) -> Step:
    """The answer to the look of that stage."""
    clean, stage = known.clean, operation.stage
    match answer:
        case Refused():
            return fail(known, f"{stage.value} cannot be read: {answer.reason}", now)
        case Unavailable():
            return _on_unseen(_with_step(known, CleanStep(Doing.AWAITING_LAUNCHPAD, answer.reason)), stage, answer, now)
    if clean is None:
        return known, []
    clean = replace(clean, unseen=0, erred=0)
    known = replace(known, clean=clean)
    match answer:
        case ArchiveSettings():
            return _on_settings(known, clean, answer, now)
        case Leftovers():
            return _on_leftovers(known, clean, answer, now)
    return _on_content(known, clean, answer, now)


def _on_unseen(known: WorkerState, stage: CleanStage, answer: Unavailable, now: Now) -> Step:
    """A look was not answered.  An outage is not a failure of this PPA, and is waited for, longer each time.  An error
    of Launchpad's own with this listing is one, after several; the write of the failure itself proves that other
    requests are answered.
    """
    known, clean = back_off(known, now), known.clean
    if clean is None:
        return known, []
    own = stage is not CleanStage.INDEX and answer.status not in (None, *purge.OVERLOADED)
    pause = OWN_WORK.within(known.options.retry.max).pause(clean.unseen, jitter(known))
    clean = replace(clean, unseen=clean.unseen + 1, erred=clean.erred + own, paused_until=now.boot + pause)
    known = replace(known, clean=clean)
    if clean.erred < purge.UNANSWERED_MAX:
        return known, []
    return fail(known, f"{stage.value} cannot be read: {answer.reason}", now)


def _on_content(known: WorkerState, clean: CleanProgress, content: Content, now: Now) -> Step:
    """The content as listed: remove it, or go on to the next stage, and after the last one write the PPA free."""
    known = observe.with_sources(known, ((source.name, source.version) for source in content.sources))
    if not content.empty:
        return purge.on_content(known, clean, content, now)
    clean = replace(clean, left=0)
    if clean.stage is not CleanStage.LAST:
        return replace(known, clean=_next_stage(known, clean, now)), []
    if known.entry is not None and _to_set(clean, baseline.field_changes(known.options.baseline, known.entry)):
        return replace(known, clean=replace(clean, stage=CleanStage.AGAIN)), []
    if content.moment.started >= clean.fresh_until and content.moment.started < quiet_until(known, clean):
        return replace(known, clean=replace(clean, stage=CleanStage.CONTENT, fresh_until=float("-inf"))), []
    return free(known, content, now)


def _on_leftovers(known: WorkerState, clean: CleanProgress, remains: Leftovers, now: Now) -> Step:
    """What indexes or disk still have is not a failure: only time takes it away.  What arrives meanwhile is looked for
    each time.
    """
    if not remains.count:
        return replace(known, clean=_next_stage(known, clean, now)), []
    disk = clean.stage is CleanStage.DISK
    doing, wait = (Doing.AWAITING_DISK, DISK_POLL_S) if disk else (Doing.AWAITING_INDEXES, INDEX_POLL_S)
    more = f" and {remains.count - 1} more" if remains.count > 1 else ""
    late = remains.until is not None and remains.until > now.date
    until = f", until {format_time(remains.until)} at the earliest" if remains.until is not None and late else ""
    step = CleanStep(doing, f"{remains.example}{more}{until}")
    clean = replace(clean, stage=CleanStage.STILL, look_at=now.boot + purge.poll_pause(known, wait), step=step)
    return replace(known, clean=clean), []


def _on_settings(known: WorkerState, clean: CleanProgress, archive_settings: ArchiveSettings | None, now: Now) -> Step:
    """Compare rights and settings with the baseline.  A setting that did not change although Launchpad said so is left
    out; a right that comes back again and again is a failure.
    """
    if known.entry is None:
        return known, []
    if clean.stage is CleanStage.RIGHTS and archive_settings is not None:
        changes = baseline.excess_rights(known, archive_settings)
    else:
        changes = baseline.differences(known, known.entry, archive_settings)
    changes, effects = _to_set(clean, changes), list[Effect]()
    for change in [change for change in changes if clean.did.count(change) >= TWICE]:
        if not isinstance(change, Setting):
            return fail(known, f"{change}: it came back after it was taken away", now)
        known, alarms = purge.leave_out(known, change, "Launchpad accepted it, and shows another value")
        effects += alarms
    clean = known.clean or clean
    return replace(known, clean=_with_changes(known, clean, _to_set(clean, changes), now)), effects


def _to_set(clean: CleanProgress, changes: tuple[Change, ...]) -> tuple[Change, ...]:
    """These changes without those that were left out; of a write of several fields, the fields that remain."""
    kept = (baseline.without(change, clean.left_out) for change in changes)
    return tuple(change for change in kept if change is not None)


def _with_changes(known: WorkerState, clean: CleanProgress, changes: tuple[Change, ...], now: Now) -> CleanProgress:
    if not changes:
        return _next_stage(known, clean, now)
    onward = (
        replace(clean, stage=CleanStage.CONTENT) if clean.stage is CleanStage.AGAIN else _next_stage(known, clean, now)
    )
    step = TAKING_RIGHTS if clean.stage is CleanStage.RIGHTS else RESTORING
    return replace(onward, todo=changes, fence=float("-inf"), step=step)


def _next_stage(known: WorkerState, clean: CleanProgress, now: Now) -> CleanProgress:
    """The progress at the next stage that this pool asks for."""
    stages = list(CleanStage)
    stage = next(stage for stage in stages[stages.index(clean.stage) + 1 :] if _wanted(known, stage))
    return replace(clean, stage=stage, step=_step_of(known, clean, stage, now))


def _step_of(known: WorkerState, clean: CleanProgress, stage: CleanStage, now: Now) -> CleanStep:
    if stage not in PROOF:
        return LOOKING
    if now.boot < quiet_until(known, clean) and now.boot >= clean.fresh_until:
        return QUIET
    return clean.step if clean.step.doing in REMAINING else CleanStep(Doing.LOOKING_AGAIN)


def _wanted(known: WorkerState, stage: CleanStage) -> bool:
    match stage:
        case CleanStage.SETTINGS:
            return known.options.baseline != Baseline()
        case CleanStage.DISK:
            return known.options.proof is Proof.DISK
        case CleanStage.STILL | CleanStage.INDEX:
            return known.options.proof is not Proof.ACTIVE
    return True


def _with_step(known: WorkerState, step: CleanStep) -> WorkerState:
    return replace(known, clean=replace(known.clean, step=step)) if known.clean is not None else known


def free(known: WorkerState, proof: Content, now: Now) -> Step:
    """Write dirty -> free, proved, or -> discarded if the PPA is used up.  `since` of a free one is when the last look
    of the proof began, by the earlier of both clocks: what comes later is looked for before the PPA is lent.
    """
    record = known.record
    if record is None:
        return known, []
    if (reason := discard.why(known, record)) is not None:
        return discard.discard(known, reason, now)
    known = replace(known, verified=proof.moment.started)
    since = now.earlier_at(proof.moment)
    bare: dict[str, Any] = {"state": State.FREE, "since": since, "touched": now.date, "pool": known.pool}
    return begin(known, WriteReason.FREE, now, **bare, **NOTHING_OF_A_LEASE)
