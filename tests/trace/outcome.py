"""What is known of the outcome of one worker's write, followed line by line: a second telling of how it is settled.

Rule: the automaton is not asked.  A write is open from its request on.  It is settled by an answer that shows one of
its nonces or another record, or by a refusal after which none of its requests can land any more
(docs/explanation/protocol.md#settling).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from ppa_assigner.automaton.events import Answered, LeaseShown, Reply
from ppa_assigner.automaton.operation import PendingWrite
from ppa_assigner.automaton.requests import Apply, Create, Read, Write
from ppa_assigner.backoff import ABSENCE_LASTS_S, REQUEST_ENDS_S
from ppa_assigner.port import AccessDenied, Conflict, Content, Deleted, Entry, Gone, Refused, Unavailable, Unknown
from ppa_assigner.record import Record, parse

from .reading import Line


def record_of(entry: Entry) -> Record | None:
    """The record that an answer showed."""
    return parse(entry.description).record


@dataclass
class Open:
    """A write that is under way or `unsettled`; `read` is the last answer that showed that nothing happened yet."""

    base: Entry
    record: Record
    nonces: set[str]
    unsettled: bool = False
    read: Entry | None = None
    under_way: float = float("inf")
    gone: float | None = None

    def stands(self, entry: Entry) -> bool:
        """Whether the entry shows what was to be replaced."""
        before, now = record_of(self.base), record_of(entry)
        if before is None or now is None:
            return self.base.description == entry.description and not (now is None and self.gone is not None)
        return before.nonce == now.nonce


@dataclass
class Outcome:
    """The open write of one worker, if there is one."""

    open: Open | None = None
    asked: object = field(default=None)

    @classmethod
    def of(cls, pending: PendingWrite | None) -> Outcome:
        """What a worker takes over from the one that died."""
        if pending is None:
            return cls()
        nonces = {candidate.nonce for candidate in pending.candidates}
        return cls(Open(pending.base, pending.record, nonces, unsettled=True, under_way=pending.under_way))

    def follow(self, line: Line) -> Iterator[str]:
        """What the line does that is not allowed while the outcome is unknown."""
        if self.open is not None and isinstance(line.event, Answered):
            self.open = self._answered(self.open, line)
        if self.open is not None and self.open.unsettled:
            yield from _decided(self.open, line)
        if self.open is not None and "pending" not in line.after:
            yield "the outcome of a write is unknown, and forgotten"
            self.open = None
        self._sent(line)

    def _sent(self, line: Line) -> None:
        self.asked = line.requests[0] if line.requests else None
        if not isinstance(self.asked, Write):
            return
        record = parse(self.asked.description).record
        assert record is not None
        if self.open is None:
            self.open = Open(self.asked.entry, record, {record.nonce})
        else:
            self.open = replace(self.open, base=self.asked.entry, nonces=self.open.nonces | {record.nonce}, read=None)

    def _answered(self, write: Open, line: Line) -> Open | None:
        if isinstance(self.asked, Write):
            return _on_write(write, line)
        if isinstance(self.asked, Read) and write.unsettled:
            return _on_read(write, line)
        forgotten = "pending" not in line.after
        if isinstance(line.answer, Deleted) and forgotten:
            return None  # the PPA that was written to is one of these
        if isinstance(line.answer, Content) and not line.answer.empty and forgotten:
            return None  # it is somebody's, and left alone
        return write


def _on_write(write: Open, line: Line) -> Open | None:
    match line.answer:
        case Entry():
            record = record_of(line.answer)
            return None if record is not None and record.nonce in write.nonces else replace(write, unsettled=True)
        case Conflict() | Unknown():
            return replace(write, unsettled=True, read=None, under_way=line.boot)
        case Gone():
            return _on_gone(write, line) if write.unsettled else None
        case AccessDenied() | Refused() if write.base.moment.started - write.under_way > REQUEST_ENDS_S:
            return None
        case AccessDenied() | Refused() | Unavailable() if not write.unsettled:
            return None
    return write


def _on_read(write: Open, line: Line) -> Open | None:
    match line.answer:
        case Entry():
            return replace(write, read=line.answer) if write.stands(line.answer) else None
        case Gone():
            return _on_gone(write, line)
    return write


def _on_gone(write: Open, line: Line) -> Open | None:
    """It binds nobody once the PPA is gone for good: when all reads of a minute said so."""
    since = line.boot if write.gone is None else write.gone
    lasting = line.boot - since >= ABSENCE_LASTS_S - 5.0  # counted from the end of the first answer
    return None if lasting and "pending" not in line.after else replace(write, gone=since)


def _decided(write: Open, line: Line) -> Iterator[str]:
    for request in line.requests:
        if isinstance(request, Apply | Create):
            yield f"the outcome of a write is unknown, and {type(request).__name__} is asked for"
        elif isinstance(request, Write):
            yield from _settling(write, request)
    if any(isinstance(effect, Reply) and isinstance(effect.outcome, LeaseShown) for effect in line.effects):
        yield "the outcome of a write is unknown, and a lease is told"


def _settling(write: Open, request: Write) -> Iterator[str]:
    """A write while another is open: over what a read showed since, what stood there or what was meant."""
    record = parse(request.description).record
    assert record is not None
    if write.read is None or write.read.etag != request.entry.etag:
        yield "the outcome of a write is unknown, and another is sent without a read in between"
    same = [one for one in (record_of(write.base), write.record) if one is not None and _alike(one, record)]
    if not same:
        yield f"the outcome of a write is unknown, and something else is written: {record}"


def _alike(one: Record, other: Record) -> bool:
    return replace(one, serial=0, nonce="") == replace(other, serial=0, nonce="")
