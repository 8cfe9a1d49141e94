"""How a clean begins, and begins again after a failure.

Invariant: a failure is counted in the record, with its reason, and followed by a pause; after too many nothing more is
tried until an operator says so.
"""

from __future__ import annotations

from dataclasses import replace

from ..backoff import Backoff
from ..record import INTEGER_MAX, Record
from .baseline import recorded_right
from .events import Alarm
from .now import Now
from .observe import jitter
from .operation import LOOKING, TAKING_RIGHTS, CleanProgress, CleanStage, CleanStep, Doing
from .requests import Change
from .state import Step, WorkerState
from .transitions import WriteReason
from .write import begin

FAULT_MAX = 300


def first_progress(known: WorkerState, record: Record, quiet_from: float) -> CleanProgress:
    """The progress of a clean that begins: the right that was granted for the lease is revoked first, then all excess
    rights.
    """
    first = CleanStage.CONTENT if known.options.baseline.uploaders is None else CleanStage.RIGHTS
    todo = recorded_right(known, record)
    step = TAKING_RIGHTS if todo else LOOKING
    return CleanProgress(since=record.since, quiet_from=quiet_from, stage=first, todo=todo, step=step)


def fail(known: WorkerState, reason: str, now: Now, stuck: Change | None = None) -> Step:
    """Count a failed try in the record, with its reason, and pause; after too many, quarantine.  `stuck` is the change
    that failed.
    """
    record = known.record
    if record is None:
        return known, []
    tries = min(record.tries + 1, INTEGER_MAX)
    fault = reason.replace("\0", "?").encode("ascii", "replace").decode()[:FAULT_MAX]
    over = f"cleaning failed {tries} times: {fault}" if tries >= known.options.max_tries else None
    if known.clean is not None:
        known = replace(known, clean=_progress_after(known, known.clean, record, tries, now, stuck))
    known, effects = begin(known, WriteReason.FAIL, now, tries=tries, fault=fault, quarantined=over, touched=now.date)
    return known, [*([Alarm(f"{known.ppa}: {over}")] if over else []), *effects]


def _progress_after(
    known: WorkerState, clean: CleanProgress, record: Record, tries: int, now: Now, stuck: Change | None
) -> CleanProgress:
    """The progress after a failure: from the beginning, after a pause, with what failed to be tried last."""
    retry = known.options.retry
    pause = Backoff(min(retry.first, retry.max), retry.max).pause(tries - 1, jitter(known))
    return replace(
        first_progress(known, record, clean.quiet_from), paused_until=now.boot + pause, left_out=clean.left_out,
        seen=clean.seen, left=clean.left, sticky=clean.sticky | ({stuck} if stuck is not None else set()),
        step=CleanStep(Doing.PAUSING, str(tries)),
    )  # fmt: skip
