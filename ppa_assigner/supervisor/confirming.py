"""A lease that a request has already, as far as is known: asked of Launchpad before it is told.

Invariant: it is told only on an answer that began after the request came, with the attempt of the request in its
record (docs/explanation/protocol.md#attempts).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from ..automaton.events import Confirm, Denied, LeaseShown, Outcome, Refusal
from ..record import Record
from ..reference import Reference
from .line import Asked, Stage
from .office import Office
from .wishes import Wishes


class Confirming:
    """Every method is called under the office's lock.  `decide` goes on with a wish whose attempt was raised
    meanwhile, `elsewhere` with one whose lease is not there, `finish` tells the lease.
    """

    def __init__(
        self,
        office: Office,
        wishes: Wishes,
        decide: Callable[[Asked], None],
        elsewhere: Callable[[Asked, Reference], None],
        finish: Callable[[Asked, Reference, Record], None],
    ) -> None:
        self._office, self._wishes = office, wishes
        self._decide, self._elsewhere, self._finish = decide, elsewhere, finish

    def begin(self, asked: Asked, ppa: Reference) -> None:
        """Bind the wish to the PPA that seems to hold its lease."""
        wish = replace(asked.wish, attempt=asked.attempt)
        asked.bound = ppa
        self._wishes.put(asked, Stage.CONFIRMING)
        self._office.order(
            ppa,
            lambda token: Confirm(token=token, deadline=asked.deadline, wish=wish),
            partial(self._confirmed, asked, ppa),
        )

    def _confirmed(self, asked: Asked, ppa: Reference, outcome: Outcome) -> None:
        if not self._wishes.is_current(asked, Stage.CONFIRMING):
            return
        match outcome:
            case Denied(Refusal.IN_DOUBT):
                return  # its raised attempt may stand, and is told only once it does
            case LeaseShown(record) if record.attempt < asked.attempt:
                self._decide(asked)
            case LeaseShown(record):
                self._finish(asked, ppa, record)
            case Denied(Refusal.ELSEWHERE):
                self._elsewhere(asked, ppa)
            case _:
                self._wishes.answer(asked, self._wishes.refusals.not_confirmed(asked, *why_not(outcome)))
                self._wishes.forget(asked)


def why_not(outcome: Outcome) -> tuple[Refusal, str]:
    """An outcome that no such command has would be a bug; its calls end all the same."""
    return (outcome.why, outcome.detail) if isinstance(outcome, Denied) else (Refusal.OUTAGE, f"unexpected: {outcome}")
