"""A history of leases as their clients saw it, and what is wrong with it.

Rule: pure.  Each PPA is a register that an assign sets and a release clears, each somewhere between its call and its
return.  A lease is certainly held from the return of the first answer that told of it to the call of its release or to
its end; an operation whose answer was lost has no return, and binds nobody: only what was told is held.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

Moment = float  # seconds, of one clock for all


@dataclass(frozen=True)
class Told:
    """An answer told that this request has this lease of this PPA to `until`; assigned, told again or touched."""

    request: str
    lease: str
    ppa: str
    called: Moment
    returned: Moment
    until: Moment
    group: str = ""
    """Of a lease that was told together with others."""


@dataclass(frozen=True)
class Released:
    """The lease's owner asked for its end; `returned` is None when the answer was lost."""

    lease: str
    called: Moment
    returned: Moment | None = None


@dataclass(frozen=True)
class Stood:
    """Launchpad's own history: this lease stood in the record as used; `until` is when something else was written."""

    ppa: str
    lease: str
    since: Moment
    until: Moment


@dataclass(frozen=True)
class Held:
    """When a lease was certainly held."""

    request: str
    lease: str
    ppa: str
    start: Moment
    end: Moment
    group: str = ""

    def overlaps(self, other: Held) -> bool:
        """Whether both were certainly held at once."""
        return max(self.start, other.start) < min(self.end, other.end)


def held(told: Iterable[Told], released: Iterable[Released]) -> list[Held]:
    """Each lease that was told while it ran, with the time for which it was certainly held."""
    ends: dict[str, Moment] = {}
    for each in released:
        ends[each.lease] = min(each.called, ends.get(each.lease, each.called))
    found: dict[str, Held] = {}
    for tell in sorted(told, key=lambda tell: tell.returned):
        start, until = tell.returned, tell.until
        if (before := found.get(tell.lease)) is not None:
            start, until = before.start, max(before.end, until)
        found[tell.lease] = Held(tell.request, tell.lease, tell.ppa, start, until, tell.group)
    cut = (replace(held, end=min(held.end, ends.get(held.lease, held.end))) for held in found.values())
    return [each for each in cut if each.start < each.end]


def faults(told: Sequence[Told], released: Sequence[Released], stood: Sequence[Stood]) -> list[str]:
    """What is wrong, in words; nothing is best."""
    leases = held(told, released)
    return [
        *_twice(leases, "PPA", lambda lease: lease.ppa),
        *_twice(leases, "request", lambda lease: lease.request, apart=True),
        *_moved(told),
        *_made_up(told, stood),
        *_in_part(told, stood),
    ]


def _twice(leases: list[Held], what: str, of: Callable[[Held], str], *, apart: bool = False) -> Iterator[str]:
    """Two leases at once of one PPA, or of one request; `apart`: but those of one group."""
    groups: dict[str, list[Held]] = {}
    for lease in leases:
        groups.setdefault(of(lease), []).append(lease)
    for name, group in groups.items():
        yield from (
            f"{what} {name} has two leases at once: {one} and {two}"
            for one, two in combinations(group, 2)
            if one.overlaps(two) and not (apart and one.group == two.group != "")
        )


def _moved(told: Sequence[Told]) -> Iterator[str]:
    """A lease is of one PPA and one request for ever."""
    first: dict[str, Told] = {}
    for tell in told:
        before = first.setdefault(tell.lease, tell)
        if (before.ppa, before.request) != (tell.ppa, tell.request):
            yield f"lease {tell.lease} has moved: {before} and {tell}"


def _spans(stood: Sequence[Stood]) -> dict[tuple[str, str], list[Stood]]:
    """When each lease stood in its PPA."""
    spans: dict[tuple[str, str], list[Stood]] = {}
    for each in stood:
        spans.setdefault((each.ppa, each.lease), []).append(each)
    return spans


def _made_up(told: Sequence[Told], stood: Sequence[Stood]) -> Iterator[str]:
    """What was told must have stood on Launchpad at some moment between the call and the answer."""
    spans = _spans(stood)
    for tell in told:
        of_it = spans.get((tell.ppa, tell.lease), [])
        if not any(span.since <= tell.returned and span.until >= tell.called for span in of_it):
            yield f"{tell} was told, and did not stand on Launchpad meanwhile: {of_it}"


def _in_part(told: Sequence[Told], stood: Sequence[Stood]) -> Iterator[str]:
    """All that one answer told of a group stood at once, at some moment between the call and the answer."""
    spans, answers = _spans(stood), dict[tuple[str, Moment, Moment], list[Told]]()
    for tell in told:
        if tell.group:
            answers.setdefault((tell.group, tell.called, tell.returned), []).append(tell)
    for (group, called, returned), tells in answers.items():
        each = [spans.get((tell.ppa, tell.lease), []) for tell in tells]
        moments = [called, *(span.since for one in each for span in one if called <= span.since <= returned)]
        if not any(all(_stood_at(moment, one) for one in each) for moment in moments):
            yield f"group {group} was told, and did not stand whole meanwhile: {tells}: {each}"


def _stood_at(moment: Moment, spans: Iterable[Stood]) -> bool:
    return any(span.since <= moment <= span.until for span in spans)
