"""What a clean changes: deletions, cancellations, rights and settings, one request at a time; and whether a PPA is
disabled, where nothing can be deleted.

Invariant: each change leaves only shortly after a read that showed our own dirty record, for Launchpad's POSTs cannot
be conditional; every change that may have been made starts the quiet window again.  That a PPA is disabled, only an
answer about the PPA itself tells.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import chain

from .. import history
from ..backoff import CONTENT_POLL_S, FENCE_S, OWN_WORK, POLL_LEAST_S
from ..port import (
    AccessDenied,
    ActAnswer,
    Conflict,
    Content,
    Done,
    Entry,
    Gone,
    Refused,
    Unavailable,
    Unknown,
    WriteAnswer,
)
from . import baseline
from .events import Alarm
from .now import Now
from .observe import jitter, with_absence
from .operation import (
    PROOF,
    QUIET,
    CheckingEnabled,
    CleanProgress,
    CleanStage,
    CleanStep,
    Doing,
    Purging,
    Reading,
    ReadReason,
)
from .requests import TOO_LATE, Apply, Cancel, Change, CheckEnabled, Delete, Read, Revoke, Setting
from .retry import fail
from .rollback import on_entry
from .state import Step, WorkerState
from .write import back_off

OVERLOADED = (502, 503, 504)  # answers of a front end, a time-out or maintenance, which say nothing of the request
CANCELS = 2  # how often a cancellation that changes nothing is asked for in one try
NOT_THERE, NOT_ALLOWED = (404, 410), (401, 403)
UNANSWERED_MAX = 3  # how often in a row, each after a read that was answered, is a failure


def change_next(known: WorkerState, clean: CleanProgress, now: Now) -> Step:
    """The next change of the batch; behind a read if the last one that showed our record is too old."""
    not_after = clean.fence + FENCE_S
    if now.boot >= not_after or known.entry is None:
        return replace(known, operation=Reading(ReadReason.FENCE)), [Read()]
    change = clean.todo[0]
    comment = history.comment(known.record, named=known.options.removal_comment)
    return replace(known, operation=Purging(change)), [Apply(change, known.entry, not_after, comment=comment)]


# -- what is in the way --------------------------------------------------------------------------------------------


def on_content(known: WorkerState, clean: CleanProgress, content: Content, now: Now) -> Step:
    """Plan what to remove.  Builds are cancelled and sources deleted first: a source takes its binaries along.

    A cancellation is given time, then repeated; after that it is a failure.  Debug symbols go with the binary that they
    belong to and cannot be deleted by themselves (docs/explanation/launchpad.md#debug-symbols).  What failed before is
    tried last, so that it does not keep the rest from going.
    """
    deletions = _deletions(clean, content)
    cancels = [Cancel(build) for build in content.builds if build.cancellable]
    due = [cancel for cancel in cancels if cancel not in clean.asked or cancel in clean.waited]
    changes: tuple[Change, ...] = (*due, *deletions)
    todo = tuple(sorted(changes, key=clean.sticky.__contains__))
    everything = (*content.sources, *content.binaries)
    clean = replace(
        clean, stage=CleanStage.CONTENT, todo=todo, seen=clean.seen | {one.url for one in everything},
        left=len(everything),
        quiet_from=now.boot, look_at=now.boot + poll_pause(known, CONTENT_POLL_S), fence=float("-inf"),
        fresh_until=float("-inf"),
        waited=frozenset(cancels) & clean.asked - clean.waited,
        step=CleanStep(Doing.DELETING) if todo else _awaited(content),
    )  # fmt: skip
    known = replace(known, clean=clean)
    if not todo and content.binaries:
        return fail(known, f"{Delete(content.binaries[0])}: debug symbols without their binary", now)
    if still := next((deletion for deletion in deletions if deletion in clean.asked), None):
        return fail(known, f"{still}: still there after it was deleted", now, still)
    if undone := next((cancel for cancel in due if clean.did.count(cancel) >= CANCELS), None):
        return fail(known, f"{undone}: still there after it was cancelled", now, undone)
    return known, []


def _deletions(clean: CleanProgress, content: Content) -> list[Delete]:
    """The sources, and the binaries that no source will take along: where there is none, or all of them failed
    before.
    """
    sources = [Delete(source) for source in content.sources]
    if any(source not in clean.sticky for source in sources):
        return sources
    return [*sources, *(Delete(binary) for binary in content.binaries if not binary.debug)]


def poll_pause(known: WorkerState, most: float) -> float:
    """How long to wait before looking again for what only time can finish: less where the quiet window is short."""
    return min(most, max(known.options.settle, POLL_LEAST_S))


def _awaited(content: Content) -> CleanStep:
    builds = (f"a build to end: {build.title}" for build in content.builds)
    uploads = (f"an upload to be published: {upload}" for upload in content.uploads)
    return CleanStep(Doing.AWAITING, next(chain(builds, uploads), "what is left to go"))


# -- how a request ended -------------------------------------------------------------------------------------------


def on_change(known: WorkerState, operation: Purging, answer: ActAnswer | WriteAnswer, now: Now) -> Step:
    """The answer to a change of the batch."""
    clean, change = known.clean, operation.change
    if clean is None or answer is TOO_LATE:
        return known, []
    match answer:
        case Unavailable(sent=False):
            return back_off(known, now), []
        case Unavailable(status=status, retry_after=pause) if status in OVERLOADED:
            return _on_overload(known, clean, change, pause, now), []
        case Unavailable() | Unknown():
            return _on_unanswered(known, clean, change, answer.reason, now)
        case Conflict():  # somebody changed something, perhaps this very request that was sent twice on the way
            return back_off(replace(known, clean=_look_again(replace(clean, quiet_from=now.boot))), now), []
        case Refused() | AccessDenied():
            return _on_not_done(known, clean, change, Refused(answer.reason, answer.moment, answer.status or 0), now)
        case Gone():
            return with_absence(known, answer), []
        case Entry():
            known, effects = on_entry(known, answer, answer.moment.ended, now)
            return _on_done(known, change, answer), effects
    return _on_done(known, change, answer), []


def _on_not_done(known: WorkerState, clean: CleanProgress, change: Change, answer: Refused, now: Now) -> Step:
    """Launchpad refused a change.  A right that cannot be revoked is of an unknown person: the last look shows whether
    it stands; and the next read, whether it was the PPA that was not there.
    """
    if isinstance(change, Revoke) or answer.status in NOT_THERE:
        return _on_done(known, change, answer), []
    if answer.status in NOT_ALLOWED and not isinstance(change, Setting):
        return _on_forbidden(known, clean, change, answer, now)
    return _on_refusal(known, clean, change, answer, now)


def _on_overload(
    known: WorkerState, clean: CleanProgress, change: Change, pause: float | None, now: Now
) -> WorkerState:
    """Launchpad as a whole is overloaded: not a failure of this PPA, however long it takes."""
    clean = replace(clean, quiet_from=now.boot, fence=float("-inf"))
    known = back_off(replace(known, clean=_look_again(clean) if isinstance(change, Setting) else clean), now)
    return replace(known, not_before=max(known.not_before, now.boot + min(pause or 0.0, known.options.retry.max)))


def _on_done(known: WorkerState, change: Change, answer: Done | Entry | Refused) -> WorkerState:
    """The state after a change that was made, or needs no more to be made."""
    clean = known.clean
    if clean is None:
        return known
    ended = answer.moment.ended
    clean = replace(_without_first(clean), quiet_from=ended, look_at=ended)
    if isinstance(change, Delete | Cancel):
        clean = replace(clean, asked=clean.asked | {change}, left=clean.left - isinstance(change, Delete))
    if not isinstance(change, Delete):
        clean = replace(clean, did=(*clean.did, change))
    return replace(known, clean=clean)


def _on_unanswered(known: WorkerState, clean: CleanProgress, change: Change, reason: str, now: Now) -> Step:
    """The change may have been made all the same.  Where reads are answered and it is not, again and again, it is a
    failure.
    """
    count = clean.unanswered + 1
    pause = OWN_WORK.within(known.options.retry.max).pause(clean.unanswered, jitter(known))
    clean = replace(clean, quiet_from=now.boot, unanswered=count, fence=float("-inf"), paused_until=now.boot + pause)
    known = replace(known, clean=_look_again(clean) if isinstance(change, Setting) else clean)
    if count >= UNANSWERED_MAX:
        return fail(known, f"{change}: {reason}", now, change)
    return known, []


def _look_again(clean: CleanProgress) -> CleanProgress:
    """Look at the settings again instead of repeating a change: removing what is not there is an error of
    Launchpad's.
    """
    return replace(clean, stage=CleanStage.SETTINGS, todo=())


def _on_forbidden(known: WorkerState, clean: CleanProgress, change: Change, answer: Refused, now: Now) -> Step:
    """A change was forbidden: in a disabled PPA nobody may delete; of a private one nothing tells that it is disabled
    (docs/explanation/launchpad.md#disabled-ppas).
    """
    if known.entry is None or known.entry.private:
        return _on_refusal(known, clean, change, answer, now)
    return replace(known, operation=CheckingEnabled((change, answer))), [CheckEnabled(known.entry)]


def on_refused(known: WorkerState, change: Change, answer: Refused, now: Now) -> Step:
    """The PPA is enabled, so the refusal was about the change itself."""
    return _on_refusal(known, known.clean, change, answer, now) if known.clean is not None else (known, [])


def _on_refusal(known: WorkerState, clean: CleanProgress, change: Change, answer: Refused, now: Now) -> Step:
    """Report a setting that was refused, and leave it: the PPA is no less empty.  Anything else is a failure."""
    if not isinstance(change, Setting):
        return fail(known, f"{change}: {answer.reason}", now, change)
    if len(singly := baseline.one_by_one(change)) > 1:  # which of them is refused shows only one by one
        return replace(known, clean=replace(clean, todo=(*singly, *clean.todo[1:]))), []
    return leave_out(replace(known, clean=_without_first(clean)), change, answer.reason)


def _without_first(clean: CleanProgress) -> CleanProgress:
    todo = clean.todo[1:]
    return replace(clean, todo=todo, unanswered=0, step=clean.step if todo or clean.stage not in PROOF else QUIET)


def leave_out(known: WorkerState, setting: Setting, reason: str) -> Step:
    """Report a setting that cannot be made, once, and do not try it again in this clean."""
    clean = known.clean
    if clean is None:
        return known, []
    known = replace(known, clean=replace(clean, left_out=clean.left_out | {*baseline.one_by_one(setting)}))
    return known, [Alarm(f"{known.ppa}: {setting} could not be set as the baseline says: {reason}")]


def check_disabled(known: WorkerState) -> Step:
    """Ask whether the PPA is disabled: a listing that lacks it proves nothing, and its end is to be noticed soon.  Not
    while another request is made: the next look asks again.
    """
    if not known.disabled or known.entry is None or known.operation is not None:
        return known, []
    return replace(known, operation=CheckingEnabled()), [CheckEnabled(known.entry)]


def on_enabled(known: WorkerState, operation: CheckingEnabled, answer: bool | Unavailable, now: Now) -> Step:
    """The answer whether the PPA is enabled; without one it is what it was taken for."""
    if not isinstance(answer, Unavailable):
        known = replace(known, disabled=not answer)
    if operation.refused is None or known.disabled:
        return known, []
    return on_refused(known, *operation.refused, now)
