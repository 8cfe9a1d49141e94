"""What whoever asks for something of a PPA is told while it cannot be read.

Invariant: a lease is unknown here, or over, only where its PPA is gone for good or its end has passed; till then nobody
can tell, and whoever asks is to ask again.
"""

from __future__ import annotations

from ..record import Record, State
from ..views import Sight
from .events import (
    Adopt,
    Assign,
    Command,
    Confirm,
    Hold,
    Inspect,
    Quarantine,
    Refusal,
    Release,
    Resume,
    Stands,
    Touch,
)
from .known import Known
from .lending import alive, deny, tell, was_its
from .now import Now
from .writing import Step


def lost_sight(known: Known, command: Command, now: Now, reason: str | None = None) -> Step:
    """The PPA could not be read just now, or (`reason`) not be compared.  Only where it is gone for good, or the lease
    past its end, is anything known of a lease in it: anybody else asks again.
    """
    record, detail = known.record, reason or known.fault or ""
    if isinstance(command, Assign):
        return deny(known, command, Refusal.LOST, detail)
    if known.sight is Sight.LASTING_GONE:
        return _of_a_gone_one(known, command, detail)
    match command:
        case Touch() | Release() if was_its(known, command.lease):  # whatever is so of the one that has its name now
            return _of_a_gone_one(known, command, detail)
        case Touch(lease=str(lease)) | Release(lease=str(lease)) if _is_over(record, lease, now):
            if isinstance(command, Release) and known.state is State.DIRTY:
                return tell(known, command, Stands(record))
            return deny(known, command, Refusal.OVER)
        case Confirm(request=request) if record is not None and record.request == request and not alive(record, now):
            return deny(known, command, Refusal.ELSEWHERE, detail)
    return deny(known, command, Refusal.OUTAGE, detail)


def _is_over(record: Record | None, lease: str, now: Now) -> bool:
    return record is not None and record.lease == lease and not alive(record, now)


def _of_a_gone_one(known: Known, command: Command, detail: str) -> Step:
    match command:
        case Touch() if was_its(known, command.lease):
            return deny(known, command, Refusal.OVER, detail)
        case Release() if was_its(known, command.lease):
            return tell(known, command, Stands(None))
        case Hold() | Adopt() | Quarantine() | Resume():
            return deny(known, command, Refusal.WRONG_STATE, detail)
        case Inspect():
            return deny(known, command, Refusal.OUTAGE, detail)
    return deny(known, command, Refusal.ELSEWHERE, detail)
