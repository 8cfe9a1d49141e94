"""What would become of an upload, told without a lease: series, component, upstream tarballs, and what each PPA had.

Rule: each PPA's worker is asked, as for a request that waits; no more than a few at a time.  Who does not answer in
time is said to be unknown.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from functools import partial

from ..automaton.events import CheckBurnt, Denied, Outcome, Refusal
from ..backoff import RETRY_AFTER_S
from ..packages import SourcePackage
from ..port import Lane
from ..problems import Kind, Problem
from ..reference import Reference
from ..views import SourceCheck, UploadCheck
from .archives import Archives
from .inquiries import Inquiries, go_on, known
from .office import Office
from .order import Order
from .origs import DISTRIBUTION, Origs

AT_ONCE = 16
FOR_THE_REST = 0.1  # of a call's time is kept to tell what is known by then
LATE = "it did not answer in time"


class Checking:
    """Every method is called under the office's lock."""

    def __init__(self, office: Office, inquiries: Inquiries, origs: Origs, archives: Archives | None) -> None:
        self._office, self._inquiries = office, inquiries
        self._origs, self._primary = origs, archives.primary if archives is not None else None

    def check(self, sources: tuple[SourcePackage, ...], pool: str | None) -> Future[UploadCheck]:
        """All that is known of an upload of these to the PPAs of this pool, or of all pools."""
        members = [member for member in self._office.crew if member.lent and pool in (None, member.pool)]
        ppas = sorted(member.worker.ppa for member in members)
        upload = _Upload(self._office, ppas)
        facts: Order[list[SourceCheck]] = self._inquiries.call()
        facts.future.add_done_callback(partial(self._begin, upload))
        self._inquiries.run(partial(self._facts, sources, facts), facts)
        return upload.order.future

    def _begin(self, upload: _Upload, facts: Future[list[SourceCheck]]) -> None:
        with self._office.deciding():
            error = facts.exception()
            if isinstance(error, Problem):
                upload.order.end(error)
            else:
                upload.begin(facts.result())

    def _facts(self, sources: Iterable[SourcePackage], order: Order[list[SourceCheck]]) -> list[SourceCheck]:
        return [self._fact(source, order) for source in sources]

    def _fact(self, source: SourcePackage, order: Order[list[SourceCheck]]) -> SourceCheck:
        go_on(order)
        takes_uploads = component = None
        if self._primary is not None and source.series is not None:
            series = known(self._primary.series(DISTRIBUTION))
            takes_uploads = series.get(source.series, False) if series else None
            if takes_uploads:
                component = known(self._primary.component(DISTRIBUTION, source.name, source.series))
        return SourceCheck(source, takes_uploads, component, self._origs.conflict(source), {})


class _Upload:
    """One such call: asks every PPA about every source."""

    def __init__(self, office: Office, ppas: Sequence[Reference]) -> None:
        self._office, self._ppas = office, ppas
        self.order: Order[UploadCheck] = Order(office, _not_translated)
        self._checks: list[SourceCheck] = []
        self._burnt: dict[int, dict[Reference, str]] = {}
        self._unknown: dict[Reference, str] = {}
        self._todo: deque[tuple[int, Reference]] = deque()
        self._under_way: set[tuple[int, Reference]] = set()

    def begin(self, checks: list[SourceCheck]) -> None:
        """All that concerns no single PPA is known."""
        self._checks, self._burnt = checks, {number: {} for number in range(len(checks))}
        self._todo.extend((number, ppa) for ppa in self._ppas for number in range(len(checks)))
        now = self._office.clock.boot()
        self._office.at(now + (self.order.deadline - now) * (1 - FOR_THE_REST), self._end)
        self._go_on()

    def _go_on(self) -> None:
        while self._todo and len(self._under_way) < AT_ONCE and not self.order.over:
            self._ask(*self._todo.popleft())
        if not self._todo and not self._under_way:
            self._end()

    def _ask(self, number: int, ppa: Reference) -> None:
        source, deadline = self._checks[number].source, self.order.deadline
        self._under_way.add((number, ppa))
        self._office.order(
            ppa,
            lambda token: CheckBurnt(token=token, deadline=deadline, sources=(source,), lane=Lane.WORK),
            partial(self._answered, number, ppa),
        )

    def _answered(self, number: int, ppa: Reference, outcome: Outcome) -> None:
        match outcome:
            case Denied(Refusal.IN_DOUBT):
                return
            case Denied(Refusal.BURNT, had):
                self._burnt[number][ppa] = had
            case Denied(_, why):
                self._unknown[ppa] = why
        self._under_way.discard((number, ppa))
        self._go_on()

    def _end(self) -> None:
        late = {ppa for _, ppa in (*self._todo, *self._under_way)}
        unknown = dict.fromkeys(sorted(late), LATE) | self._unknown
        burnt = {ppa for had in self._burnt.values() for ppa in had}
        takes = tuple(ppa for ppa in self._ppas if ppa not in burnt and ppa not in unknown)
        if not takes and unknown and not any(check.hopeless for check in self._checks):
            ppa, why = next(iter(unknown.items()))
            self.order.end(Problem(Kind.UNAVAILABLE, f"{ppa}: {why}", retry_after=RETRY_AFTER_S))
            return
        checks = (
            SourceCheck(one.source, one.known, one.component, one.orig, self._burnt[number])
            for number, one in enumerate(self._checks)
        )
        self.order.end(UploadCheck(tuple(checks), takes, {ppa: unknown[ppa] for ppa in sorted(unknown)}))


def _not_translated(*_: object) -> UploadCheck:
    raise AssertionError("its outcomes are collected")
