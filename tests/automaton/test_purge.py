"""What each answer to a change makes of the clean that asked for it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ppa_assigner.automaton import Now, WorkerState, WriteReason
from ppa_assigner.automaton.events import Alarm
from ppa_assigner.automaton.observe import jitter
from ppa_assigner.automaton.operation import CleanProgress, CleanStage, CleanStep, Doing, Purging
from ppa_assigner.automaton.purge import change_next, on_change, on_content
from ppa_assigner.automaton.requests import Apply, Cancel, Change, CheckEnabled, Delete, Grant, Read, Revoke, SetFields
from ppa_assigner.automaton.write import back_off
from ppa_assigner.backoff import FENCE_S, OWN_WORK
from ppa_assigner.history import comment
from ppa_assigner.options import PoolOptions, Retry
from ppa_assigner.port import (
    AccessDenied,
    Build,
    Conflict,
    Content,
    Done,
    Moment,
    Publication,
    Refused,
    Unavailable,
    Unknown,
)
from tests.automaton.lab import World

NOW = 20_000.0
MOMENT = Moment(World().launchpad.date(), NOW - 2.0, NOW - 1.0)
SOURCE = Publication("memory://1", "source", "1", "noble")
BUILD = Build("build:1", "foo on amd64", "Needs building", True)
DELETE, CANCEL, REVOKE, GRANT = Delete(SOURCE), Cancel(BUILD), Revoke("~eve"), Grant("~bot")
TITLE, FLAG = ("displayname", "Pool"), ("publish", False)
FIELDS = SetFields((TITLE, FLAG))
NEVER, DELETING = float("-inf"), CleanStep(Doing.DELETING)


def changing(change: Change, **clean: Any) -> tuple[WorkerState, CleanProgress, Now]:
    """A daemon whose clean is to make this change, and to give a right after it."""
    runner = World(boot=NOW - 1000.0, options=PoolOptions(settle=100.0, retry=Retry(5.0, 60.0))).dirty_ppa()
    runner.world.move_to(NOW)
    assert runner.known.clean is not None
    fields = {"todo": (change, GRANT), "fence": NOW - 3.0, "unanswered": 1, "left": 2, "step": DELETING, **clean}
    begun = replace(runner.known.clean, stage=CleanStage.CONTENT, **fields)
    return replace(runner.known, clean=begun), begun, runner.clock.now()


@pytest.mark.parametrize("named", [True, False])
def test_a_deletion_says_after_which_lease_it_is(named: bool) -> None:
    """Where the pool wants that."""
    known, clean, now = changing(DELETE)
    known = replace(known, options=replace(known.options, removal_comment=named))
    (ask,) = change_next(known, clean, now)[1]
    assert isinstance(ask, Apply)
    assert known.record is not None
    assert (known.record.lease is not None, ask.comment) == (True, comment(known.record, named=named))
    assert ((known.record.lease or "") in (ask.comment or "")) is named


DONE: dict[str, Any] = {"todo": (GRANT,), "unanswered": 0, "quiet_from": MOMENT.ended, "look_at": MOMENT.ended}
ANEW: dict[str, Any] = {"todo": (), "stage": CleanStage.SETTINGS}
UNFENCED: dict[str, Any] = {"quiet_from": NOW, "fence": NEVER}
SINGLY: dict[str, Any] = {"todo": (SetFields((TITLE,)), SetFields((FLAG,)), GRANT)}


@pytest.mark.parametrize(
    ("change", "answer", "becomes"),
    [
        (DELETE, Done(MOMENT), {**DONE, "asked": {DELETE}, "left": 1}),
        (CANCEL, Done(MOMENT), {**DONE, "asked": {CANCEL}, "did": (CANCEL,)}),
        (REVOKE, Done(MOMENT), {**DONE, "did": (REVOKE,)}),
        (REVOKE, Refused("whom?", MOMENT, 400), {**DONE, "did": (REVOKE,)}),
        (DELETE, Refused("gone", MOMENT, 404), {**DONE, "asked": {DELETE}, "left": 1}),
        (FIELDS, Refused("no", MOMENT, 400), SINGLY),
        (FIELDS, AccessDenied("no", MOMENT, 403), SINGLY),
        (FIELDS, AccessDenied("no", MOMENT), SINGLY),
        (FIELDS, Conflict(MOMENT), {**ANEW, "quiet_from": NOW}),
        (DELETE, Unavailable("cut off"), {}),
        (DELETE, Unavailable("busy", sent=True, status=503), UNFENCED),
        (FIELDS, Unavailable("busy", sent=True, status=503), {**UNFENCED, **ANEW}),
    ],
)
def test_an_answer_changes_only_what_it_tells_of(change: Change, answer: Any, becomes: dict[str, Any]) -> None:
    """Done, or not to be done any more: on to the next.  Not certain: a new fence; a setting is looked at anew.  No
    failure is counted for any of these, and nothing more is asked.
    """
    known, clean, now = changing(change)
    known, effects = on_change(known, Purging(change), answer, now)
    assert known.clean == replace(clean, **becomes)
    assert (effects, known.pending, known.operation) == ([], None, None)


@pytest.mark.parametrize(("change", "anew"), [(DELETE, {}), (FIELDS, ANEW)])
@pytest.mark.parametrize("unanswered", [0, 1])
def test_what_is_not_answered_is_asked_for_again_after_a_pause(
    change: Change, anew: dict[str, Any], unanswered: int
) -> None:
    """Longer each time, with jitter; it may have been done, so the quiet window counts from then."""
    known, clean, now = changing(change, unanswered=unanswered)
    pause = OWN_WORK.pause(unanswered, jitter(known))
    known, effects = on_change(known, Purging(change), Unknown("no answer"), now)
    assert known.clean == replace(clean, unanswered=unanswered + 1, paused_until=NOW + pause, **UNFENCED, **anew)
    assert effects == []


@pytest.mark.parametrize(("asked_for", "waited"), [(None, 0.0), (40.0, 40.0), (1e6, 60.0)])
def test_a_pause_that_launchpad_asks_for_is_kept(asked_for: float | None, waited: float) -> None:
    """As long as the pool's own longest one at the most."""
    known, _, now = changing(DELETE)
    usual = back_off(known, now)
    known, _ = on_change(known, Purging(DELETE), Unavailable("busy", retry_after=asked_for, sent=True, status=503), now)
    assert known.not_before == max(usual.not_before, NOW + waited)
    assert known.failures == usual.failures


def test_a_setting_that_is_refused_is_left_out() -> None:
    """Said once; what was to follow it follows."""
    known, clean, now = changing(GRANT, todo=(GRANT, REVOKE))
    known, effects = on_change(known, Purging(GRANT), Refused("a team", MOMENT, 400), now)
    assert known.clean == replace(clean, todo=(REVOKE,), unanswered=0, left_out=frozenset({GRANT}))
    assert [type(effect) for effect in effects] == [Alarm]


def test_only_a_deletion_that_is_not_allowed_asks_whether_the_ppa_is_disabled() -> None:
    """Nothing is changed before that is answered."""
    known, clean, now = changing(DELETE)
    known, effects = on_change(known, Purging(DELETE), Refused("no", MOMENT, 403), now)
    assert known.clean == clean
    assert known.entry is not None
    assert effects == [CheckEnabled(known.entry)]


@pytest.mark.parametrize(
    ("change", "answer"),
    [(DELETE, Refused("no", MOMENT, 400)), (DELETE, Unknown("no answer")), (FIELDS, Unknown("no answer"))],
)
def test_a_change_that_fails_is_remembered(change: Change, answer: Any) -> None:
    """As what is tried last from then on; the failure is written at once, and names it."""
    known, _, now = changing(change, unanswered=2)
    known, _ = on_change(known, Purging(change), answer, now)
    failed(known, change)


@pytest.mark.parametrize(
    ("change", "content", "clean"),
    [
        (DELETE, Content((SOURCE,), (), MOMENT), {"asked": frozenset({DELETE})}),
        (
            CANCEL,
            Content((), (), MOMENT, (BUILD,)),
            {"asked": frozenset({CANCEL}), "waited": frozenset({CANCEL}), "did": (CANCEL, CANCEL)},
        ),
    ],
)
def test_what_is_still_there_is_remembered(change: Change, content: Content, clean: dict[str, Any]) -> None:
    """The same where Launchpad said that it was done."""
    known, begun, now = changing(change, **clean)
    known, _ = on_content(known, begun, content, now)
    failed(known, change)


def failed(known: WorkerState, change: Change) -> None:
    """A try is counted, for this change."""
    assert known.clean is not None
    assert known.pending is not None
    assert known.clean.sticky == {change}
    assert (known.pending.reason, known.pending.record.tries) == (WriteReason.FAIL, 1)
    assert (known.pending.record.fault or "").startswith(str(change))


@pytest.mark.parametrize(("age", "asks"), [(FENCE_S, Read), (FENCE_S - 0.1, Apply)])
def test_a_fence_is_good_for_less_than_ten_seconds(age: float, asks: type) -> None:
    """Then the record is read anew, before anything else is changed."""
    known, clean, now = changing(DELETE, fence=NOW - age)
    assert [type(effect) for effect in change_next(known, clean, now)[1]] == [asks]


def test_a_build_that_only_time_ends_is_named() -> None:
    """Before an upload that waits as well."""
    known, clean, now = changing(DELETE)
    build = replace(BUILD, cancellable=False)
    known, _ = on_content(known, clean, Content((), (), MOMENT, (build,), ("hello 1.0",)), now)
    assert known.cleaning is not None
    assert known.cleaning.step == "waiting for a build to end: foo on amd64"
