"""Which PPAs could take an upload, told without a lease.

Rule: each PPA's worker is asked, as for a request that waits; no more than a few at a time.  Who does not answer in
time is said to be unknown.
"""

from __future__ import annotations

from ..automaton.events import CheckBurnt, Denied, Outcome, Refusal
from ..backoff import RETRY_AFTER_S
from ..port import Lane
from ..problems import Kind, Problem
from ..reference import Reference
from ..views import SourceCheck, UploadCheck
from .calls import begin, end
from .core import Core, UploadCall
from .events import CheckAsked, SourcesChecked
from .keys import CallId
from .steps import CheckIsOver, Checks

AT_ONCE = 16
FOR_THE_REST = 0.1  # of a call's time is kept to tell what is known by then
LATE = "it did not answer in time"


def on_asked(core: Core, event: CheckAsked) -> None:
    """Wait for what concerns no single PPA."""
    found = sorted(one.ppa for one in core.registry if one.lent and event.pool in (None, one.pool))
    boot = core.now.boot
    begin(core, UploadCall(event.call, event, boot, boot + core.total, ppas=tuple(found)))


def on_sources(core: Core, event: SourcesChecked) -> None:
    """Ask every PPA about every source."""
    call = _of(core, event.call)
    if call is None:
        return
    call.checks = event.checks
    call.burnt = {number: {} for number in range(len(event.checks))}
    call.todo.extend((number, ppa) for ppa in call.ppas for number in range(len(event.checks)))
    core.after((call.deadline - core.now.boot) * (1 - FOR_THE_REST), CheckIsOver(call.id))
    _go_on(core, call)


def on_answer(core: Core, waits: Checks, outcome: Outcome) -> None:
    """A PPA told what it had, or could not."""
    call, ppa = _of(core, waits.call), waits.ppa
    if call is None:
        return
    match outcome:
        case Denied(Refusal.IN_DOUBT):
            return
        case Denied(Refusal.BURNT, had):
            call.burnt[waits.number][ppa] = had
        case Denied(_, why):
            call.unknown[ppa] = why
    call.under_way.discard((waits.number, ppa))
    _go_on(core, call)


def on_over(core: Core, step: CheckIsOver) -> None:
    """What is known by now is told."""
    if (call := _of(core, step.call)) is not None:
        _end(core, call)


def _of(core: Core, number: CallId) -> UploadCall | None:
    call = core.calls.get(number)
    return call if isinstance(call, UploadCall) else None


def _go_on(core: Core, call: UploadCall) -> None:
    while call.todo and len(call.under_way) < AT_ONCE:
        _ask(core, call, *call.todo.popleft())
    if not call.todo and not call.under_way:
        _end(core, call)


def _ask(core: Core, call: UploadCall, number: int, ppa: Reference) -> None:
    source = call.checks[number].source
    call.under_way.add((number, ppa))
    command = CheckBurnt(token=core.token(), deadline=call.deadline, sources=(source,), lane=Lane.WORK)
    core.order(ppa, command, Checks(call.id, number, ppa))


def _end(core: Core, call: UploadCall) -> None:
    late = {ppa for _, ppa in (*call.todo, *call.under_way)}
    unknown = dict.fromkeys(sorted(late), LATE) | call.unknown
    burnt = {ppa for had in call.burnt.values() for ppa in had}
    takes = tuple(ppa for ppa in call.ppas if ppa not in burnt and ppa not in unknown)
    if not takes and unknown and not any(check.hopeless for check in call.checks):
        ppa, why = next(iter(unknown.items()))
        end(core, call, Problem(Kind.UNAVAILABLE, f"{ppa}: {why}", retry_after=RETRY_AFTER_S))
        return
    checks = (
        SourceCheck(one.source, one.known, one.component, one.orig, call.burnt[number])
        for number, one in enumerate(call.checks)
    )
    end(core, call, UploadCheck(tuple(checks), takes, {ppa: unknown[ppa] for ppa in sorted(unknown)}))
