"""The life of a PPA: which change of its record is legal, and why a record is written at all.

Rule: one table, held to at every write; the diagram in the documentation and the metrics are made from it.  A new state
needs a new version of the record: a daemon that does not know the state would take it for a record that was rolled
back, and write over it.
"""

from __future__ import annotations

import enum

from ..record import State

Move = tuple[State | None, State]
"""From which state, None where there is no record, to which."""


class WriteReason(enum.Enum):
    """Why a record is written.  The values are words of the log, the events and the metrics."""

    CREATE = "created"
    """Launchpad lacked the PPA, and its pool says that it is created."""
    TAKE_IN = "taken in"
    """The PPA had no record and nothing in it."""
    ADOPT = "adopted"
    """An operator said that a PPA without a readable record is to be emptied."""

    ASSIGN = "assigned"
    """The PPA was empty, and a request for one was waiting."""
    WANT = "claimed"
    """The PPA was empty, and a request for several at once was waiting."""
    UNWANT = "not claimed any more"
    """The request has other PPAs or none, or nobody stands behind the claim any more."""
    COMMIT = "assigned as lead"
    """A request has claimed all the PPAs that it wants: with this one all of them are lent."""
    ROLL_FORWARD = "assigned as member"
    """The lead of the group that had claimed the PPA is lent, and so is this one."""
    RAISE = "told again"
    """The request was repeated with a higher attempt: the senders of the earlier ones have no lease."""
    TOUCH = "touched"
    """The owner showed that it is alive, or moved the end."""
    REPAIR = "put right"
    """A wrong clock had written times that lie ahead."""
    HOLD = "held"
    """An operator keeps the lease longer, once."""

    RELEASE = "released"
    """The owner, or an operator, gave the PPA back."""
    GIVE_UP = "given up"
    """Nobody was told of the lease, or its owner cannot have the upload right that it asked for."""
    SUPERSEDE = "superseded"
    """The request has another lease with a higher attempt."""
    EXPIRE = "expired"
    """The end of the lease came, or its owner was silent for too long."""

    END_GROUP = "member lost"
    """A member of the group cannot be had, or is gone for good."""
    FOLLOW = "group over"
    """The lease of the group's lead is over."""

    FOUND = "found not empty"
    """Something had arrived in a free PPA when it was about to be lent."""
    CLAIM = "cleaning"
    """This daemon becomes the cleaner, or shows that it still is."""
    FAIL = "clean failed"
    """A try failed; it is counted, and after too many the PPA is quarantined."""
    FREE = "proved clean"
    """The PPA was proved to be empty."""
    QUARANTINE = "quarantined"
    """An operator keeps the PPA from being lent and cleaned."""
    RESUME = "resumed"
    """An operator ends the quarantine."""
    WEAR_OUT = "to be discarded"
    """The next clean of the PPA ends in `discarded`."""
    DISCARD = "discarded"
    """The PPA is not lent again, and stays as it is."""
    DELETE = "to be deleted"
    """This daemon is about to have Launchpad delete a discarded PPA."""

    RESTORE = "restored"
    """An old description had been put over a lease or a clean: the known record is written again."""
    ROLLED_BACK = "rolled back"
    """An old description had been put into a free PPA: it is cleaned."""
    SETTLE = "settled"
    """Only to learn what became of a write: all but serial and nonce stays, so no transition is ever told with it."""


_FREE, _USED, _DIRTY, _DISCARDED = State.FREE, State.USED, State.DIRTY, State.DISCARDED
LEGAL: dict[WriteReason, frozenset[Move]] = {
    WriteReason.CREATE: frozenset({(None, _DIRTY)}),
    WriteReason.TAKE_IN: frozenset({(None, _DIRTY)}),
    WriteReason.ADOPT: frozenset({(None, _DIRTY)}),
    WriteReason.ASSIGN: frozenset({(_FREE, _USED)}),
    WriteReason.WANT: frozenset({(_FREE, _FREE)}),
    WriteReason.UNWANT: frozenset({(_FREE, _FREE)}),
    WriteReason.COMMIT: frozenset({(_FREE, _USED)}),
    WriteReason.ROLL_FORWARD: frozenset({(_FREE, _USED)}),
    WriteReason.RAISE: frozenset({(_USED, _USED)}),
    WriteReason.TOUCH: frozenset({(_USED, _USED)}),
    WriteReason.REPAIR: frozenset({(_USED, _USED)}),
    WriteReason.HOLD: frozenset({(_USED, _USED)}),
    WriteReason.RELEASE: frozenset({(_USED, _DIRTY)}),
    WriteReason.GIVE_UP: frozenset({(_USED, _DIRTY)}),
    WriteReason.SUPERSEDE: frozenset({(_USED, _DIRTY)}),
    WriteReason.EXPIRE: frozenset({(_USED, _DIRTY)}),
    WriteReason.END_GROUP: frozenset({(_USED, _DIRTY)}),
    WriteReason.FOLLOW: frozenset({(_USED, _DIRTY)}),
    WriteReason.FOUND: frozenset({(_FREE, _DIRTY)}),
    WriteReason.QUARANTINE: frozenset({(_FREE, _DIRTY), (_DIRTY, _DIRTY), (_USED, _USED)}),
    WriteReason.RESUME: frozenset({(_DIRTY, _DIRTY), (_USED, _USED)}),
    WriteReason.CLAIM: frozenset({(_DIRTY, _DIRTY)}),
    WriteReason.FAIL: frozenset({(_DIRTY, _DIRTY)}),
    WriteReason.FREE: frozenset({(_DIRTY, _FREE)}),
    WriteReason.WEAR_OUT: frozenset({(_FREE, _DIRTY), (_DIRTY, _DIRTY), (_USED, _USED)}),
    WriteReason.DISCARD: frozenset({(_DIRTY, _DISCARDED)}),
    WriteReason.DELETE: frozenset({(_DISCARDED, _DISCARDED)}),
    # What stands on Launchpad is older than what is known: the states are those of the known record.
    WriteReason.RESTORE: frozenset({(_USED, _USED), (_DIRTY, _DIRTY), (_DISCARDED, _DISCARDED)}),
    WriteReason.ROLLED_BACK: frozenset({(_FREE, _DIRTY)}),
    WriteReason.SETTLE: frozenset({(state, state) for state in State}),
}
"""The whole life of a PPA: the moves that each reason for a write may make."""
