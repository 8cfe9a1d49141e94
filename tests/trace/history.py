"""A trace against Launchpad's own history of a PPA: what landed was sent, over what it was sent over, and lent once.

Rule: pure.  What no daemon sent was written by people: before the daemons' first record it may be there, and after that
if the caller says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from ppa_assigner.automaton.events import LeaseShown, Reply
from ppa_assigner.record import Record, State, parse

from .reading import Line
from .rules import written


@dataclass(frozen=True)
class Sent:
    """A record that a worker asked Launchpad to write, over that one, and where the trace says so."""

    where: str
    base: Record | None
    record: Record


@dataclass
class Doings:
    """All that workers sent, by nonce, and the leases that they told, by PPA."""

    sent: dict[str, Sent] = field(default_factory=dict)
    told: dict[str, list[tuple[str, str | None]]] = field(default_factory=dict)


def doings(lines: Iterable[Line]) -> Doings:
    """What these lines tell of that."""
    found = Doings()
    for line in lines:
        found.sent |= {record.nonce: Sent(str(line), base, record) for base, record in written(line)}
        for effect in line.effects:
            if isinstance(effect, Reply) and isinstance(effect.outcome, LeaseShown):
                found.told.setdefault(line.ppa, []).append((str(line), effect.outcome.record.lease))
    return found


def contradicted(done: Doings, ppa: str, texts: Sequence[str | None], *, by_people: bool = False) -> Iterator[str]:
    """Where the trace of all daemons and what stood in that PPA, one text after another, contradict each other."""
    records = [parse(text).record for text in texts]
    ours = (number for number, record in enumerate(records) if record is not None and record.nonce in done.sent)
    for before, record in pairwise(records[max(0, next(ours, len(records)) - 1) :]):
        yield from _landed(ppa, before, record, done.sent, by_people=by_people)
    stood = {record.lease for record in records if record is not None and record.state is State.USED}
    for where, lease in done.told.get(ppa, ()):
        if lease not in stood:
            yield f"told_what_stood: {where}: lease {lease} never stood on Launchpad"


def _landed(
    ppa: str, before: Record | None, record: Record | None, sent: dict[str, Sent], *, by_people: bool
) -> Iterator[str]:
    if (record.nonce if record else None) == (before.nonce if before else None):
        return  # people changed their words
    of = sent.get(record.nonce) if record is not None else None
    if of is None:
        if not by_people:
            yield f"landed_was_sent: {ppa}: nobody sent {record}"
        return
    if (of.base.nonce if of.base else None) != (before.nonce if before else None):
        yield f"landed_in_order: {of.where}: it was sent over {of.base} and landed over {before}"
    if of.record != record:
        yield f"landed_was_sent: {of.where}: {of.record} became {record}"
    if before is not None and before.state is of.record.state is State.USED and before.lease != of.record.lease:
        yield f"lent_once: {of.where}: lease {of.record.lease} follows {before.lease}"
