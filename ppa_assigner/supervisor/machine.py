"""The supervisor's half as a pure machine: an event and the time come in, effects go out, and the state is a value.

Rule: no lock, thread, clock, future, random source or callback; two machines of equal state that are given the same
events have equal states and effects ever after.  What each event, step, outcome and look leads to stands in the tables.
A step that fails of a bug keeps nobody else from what is theirs: it is told by an effect, and the others are taken.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ..problems import Problem
from ..views import Snapshot
from . import (
    assigning,
    calls,
    events as ev,
    fitting,
    group_steps,
    growth,
    leads,
    lease_calls,
    looks,
    matching,
    queue,
    recovery,
    steps,
    tries,
    unclaimed,
    used_versions,
    workers,
)
from .core import Core
from .events import Effect, Event, Failed, Instant, Refuse
from .requests import Key


def handle(core: Core, event: Event, now: Instant) -> list[Effect]:
    """What is to be done about this event, in this order; the state is changed accordingly.  A Problem that an event is
    answered with at once is its refusal.
    """
    core.now, effects = now, core.effects
    agenda: deque[object] = deque((event,))
    while agenda:
        step = agenda.popleft()
        try:
            _STEPS[type(step)](core, step)
        except Problem as problem:
            effects.append(Refuse(problem) if step is event else Failed(step, problem))
        except Exception as error:
            effects.append(Failed(step, error))
        if core.following:
            agenda.extendleft(reversed(core.following))
            core.following.clear()
        if core.soon and not agenda:
            agenda.append(core.soon.pop(0))
    core.effects = []
    return effects


def wake(core: Core) -> float | None:
    """When (boot time) the machine is to be told that time has passed; None: at no time."""
    return core.timers.next


# -- of the daemon -----------------------------------------------------------------------------------------------------


def _on_configured(core: Core, event: ev.Configured) -> None:
    core.settings = event.settings
    assigning.end_unmet(core)
    workers.serve(core)
    for name, pool in event.settings.pools.items():
        if pool.labels or pool.own_labels:
            fitting.find_out(core, name)
        core.then(steps.Relabelled(name))
    if core.rounds.begun:
        core.look()


def _on_tick(core: Core, _: ev.TimePassed) -> None:
    if (step := core.timers.pop(core.now.boot)) is not None:
        core.following.append(step)


def _on_stopping(core: Core, _: ev.Stopping) -> None:
    core.stopping = True
    assigning.end_all(core)


def _on_closed(core: Core, _: ev.Closed) -> None:
    core.following += map(steps.CallIsLate, core.open)


# -- of workers --------------------------------------------------------------------------------------------------------


def _on_changed(core: Core, event: ev.Changed) -> None:
    snapshot = event.snapshot
    managed = core.registry.ppas.get(snapshot.ppa)
    if managed is None:
        return
    core.effects.append(ev.Note(snapshot))
    if core.processors.pools:
        fitting.forget_after_clean(managed, snapshot)
    managed.told, managed.heard_at = snapshot, event.heard_at
    managed.foreign, managed.shown = event.foreign, event.shown
    labels = managed.labels
    key = core.registry.indexed(managed)
    if core.processors.pools:
        fitting.consider(core, managed)
    core.following += _following(core, snapshot, key)
    if core.registry.followers or snapshot.over is not None:  # else there is no group
        leads.on_changed(core, snapshot)
    if managed.labels != labels and managed.lent:
        core.following.append(steps.Relabelled(managed.pool))
    growth.on_changed(core, managed)


def _following(core: Core, snapshot: Snapshot, key: Key | None) -> Iterator[object]:
    """What a change of a PPA leads to that is used for the request of this key, or remembers it."""
    if key is not None or core.duplicates.marked:
        yield steps.Compare(snapshot.ppa, key)
    if snapshot.ppa in core.releases.put_off:
        yield steps.ReleaseSeen(snapshot)
    if key is not None and snapshot.record is not None:
        yield steps.Remember(key, snapshot.record)
    yield steps.GoOn(snapshot.ppa)


def _on_replied(core: Core, event: ev.Replied) -> None:
    core.outcome(event.token, event.outcome)
    core.following.append(steps.GoOn(event.ppa))


def _on_go_on(core: Core, step: steps.GoOn) -> None:
    managed = core.registry.ppas.get(step.ppa)
    if managed is None:
        return
    if not managed.lent:
        workers.serve_out(core, managed)
    elif core.requests.queue.places:
        matching.match(core, managed.pool)


# -- tables ------------------------------------------------------------------------------------------------------------


def _on_came(core: Core, step: steps.Came) -> None:
    _OUTCOMES[type(step.waits)](core, step.waits, step.outcome)


def _on_round_over(core: Core, step: steps.RoundOver) -> None:
    _LOOKS[type(step.waits)](core, step.waits, step.failed)


_STEPS: Mapping[type, Callable[[Core, Any], None]] = {
    # calls of the API
    ev.Asked: assigning.on_asked,
    ev.HungUp: assigning.on_hung_up,
    ev.WithdrawAsked: assigning.on_withdraw,
    ev.TouchAsked: lease_calls.on_lease_call,
    ev.ReleaseAsked: lease_calls.on_lease_call,
    ev.LeaseAsked: lease_calls.on_lease_call,
    ev.PromoteAsked: lease_calls.on_lease_call,
    ev.OperatorActed: lease_calls.on_operator,
    ev.ContentAsked: lease_calls.on_content_asked,
    ev.InquiryBegan: calls.on_inquiry,
    ev.InquiryEnded: calls.on_inquiry_ended,
    ev.CheckAsked: used_versions.on_check_asked,
    ev.SourcesChecked: used_versions.on_sources_checked,
    ev.ProcessorsWanted: fitting.on_wanted,
    # what workers and looks tell
    ev.Changed: _on_changed,
    ev.Replied: _on_replied,
    ev.LeadWanted: leads.on_wanted,
    ev.LookDone: looks.on_done,
    ev.LookBegins: looks.on_begins,
    ev.LookSaw: looks.on_seen,
    ev.NamesSeen: growth.on_names,
    ev.Started: workers.on_started,
    ev.NotStarted: workers.on_not_started,
    ev.Died: workers.on_died,
    # the daemon
    ev.Configured: _on_configured,
    ev.TimePassed: _on_tick,
    ev.Stopping: _on_stopping,
    ev.Closed: _on_closed,
    # what follows, at once or at a time
    group_steps.Adopts: tries.on_adopts,
    steps.AskOn: used_versions.on_room,
    steps.CallIsLate: calls.on_late,
    steps.CallLooks: lease_calls.on_looks,
    steps.Came: _on_came,
    steps.CheckIsOver: used_versions.on_check_over,
    steps.ClaimIsDue: unclaimed.on_due,
    steps.Compare: recovery.on_compare,
    steps.Decide: matching.on_decide,
    steps.Found: recovery.on_found,
    steps.GoOn: _on_go_on,
    steps.Learnt: matching.on_learnt,
    steps.LookNow: looks.on_look_now,
    steps.Match: matching.on_match,
    steps.WaitsAreOver: matching.on_overdue,
    steps.PlaceIsOver: queue.on_place_over,
    steps.Pursue: matching.on_pursue,
    steps.ReleaseSeen: calls.on_release_seen,
    steps.Remember: assigning.on_remember,
    steps.Relabelled: matching.on_relabelled,
    steps.Replace: workers.on_replace,
    steps.RoundOver: _on_round_over,
    group_steps.RenewClaims: tries.on_renew,
    steps.SearchAgain: recovery.on_search_again,
    steps.Settled: assigning.on_settled,
    steps.TimeIsUp: matching.on_time_is_up,
    group_steps.Tried: assigning.on_tried,
    steps.TryAgain: matching.on_try_again,
    steps.TryRelease: calls.on_try_release,
    steps.TurnIsOver: matching.on_match,
    steps.WithdrawalLooks: assigning.on_withdrawal_looks,
}
"""Which function takes which event and step."""

_OUTCOMES: Mapping[type, Callable[[Core, Any, Any], None]] = {
    steps.Assigns: assigning.on_assigned,
    steps.AsksBurnt: used_versions.on_answer,
    group_steps.Claims: tries.on_claimed,
    group_steps.Commits: tries.on_committed,
    group_steps.EndsGroup: tries.on_group_ended,
    group_steps.ReadsAgain: tries.on_read_again,
    group_steps.Renews: tries.on_claimed,
    group_steps.RollsForward: tries.on_rolled,
    group_steps.TakesOff: tries.on_taken_off,
    steps.Checks: used_versions.on_check_answer,
    steps.Discards: growth.on_discarded,
    steps.Confirms: recovery.on_confirmed,
    steps.ListsProcessors: fitting.on_answer,
    group_steps.FindsLead: lease_calls.on_lead_found,
    steps.GivesUp: unclaimed.on_given_up,
    group_steps.ReadsLead: leads.on_read,
    steps.ReadsHigher: recovery.on_higher_read,
    steps.ReleasesLater: calls.on_release_tried,
    steps.Serves: lease_calls.on_outcome,
    steps.Supersedes: recovery.on_superseded,
    steps.Withdraws: assigning.on_released,
}
"""Which function takes the outcome of a command, by what waits for it."""

_LOOKS: Mapping[type, Callable[[Core, Any, Any], None]] = {
    steps.CallSearch: lease_calls.on_looked,
    steps.GrowthLook: growth.on_looked,
    steps.Readiness: looks.on_round_over,
    steps.Search: recovery.on_look,
    steps.WithdrawalSearch: assigning.on_withdrawal_looked,
}
"""Which function takes the end of a round of looks, by what waits for it."""
