"""Looks and reads: the newest truth counts, what is older is ignored, and what somebody brings back is put right."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from ppa_assigner.automaton import WriteReason
from ppa_assigner.automaton.events import Denied, LeaseShown, RecordShown, Refusal, Release, Touch
from ppa_assigner.automaton.reachability import SEEN
from ppa_assigner.automaton.requests import Read
from ppa_assigner.port import Look
from ppa_assigner.record import Record, State, Text, compose, encode, parse
from ppa_assigner.views import AdoptAction, Condition, QuarantineAction
from tests.automaton.lab import Runner, World, assign, changed, confirm, discarded, faults


def describe(runner: Runner, text: str | None) -> None:
    """A person saves a web form."""
    runner.world.launchpad.describe(runner.world.ppa, text)


def kept(runner: Runner) -> Look:
    """A bulk look that is handed over later."""
    look = runner.world.launchpad.look("owner")
    assert isinstance(look, Look)
    runner.world.boot += 1.0
    return look


# -- the first look ---------------------------------------------------------------------------------------------------


def test_what_is_seen_for_the_first_time_did_not_move() -> None:
    """A start finds each PPA as it is.  A record that another daemon made in one that was seen without is a move."""
    world = World()
    world.free_ppa()
    again = world.start()
    again.look()
    assert [(move.before, move.record.state, move.first) for move in again.transitions] == [(None, State.FREE, True)]
    record = world.record
    other = (bare := World()).start()
    bare.launchpad.upload(bare.ppa, "theirs")
    other.look()
    describe(other, compose(None, record))
    other.look()
    assert [(move.before, move.record.state, move.first) for move in other.transitions] == [(None, State.FREE, False)]


# -- looks -------------------------------------------------------------------------------------------------------------


def test_a_look_older_than_our_last_write_is_ignored() -> None:
    """It would show the past, and look like somebody's rollback; the round is served by what is known."""
    runner = World().free_ppa()
    old = kept(runner)
    runner.order(assign())
    runner.forget_the_past()
    runner.look(seen=old)
    assert runner.known.state is State.USED
    assert runner.asked == []
    assert [done.reason for done in runner.rounds] == [None]


def test_a_look_older_than_a_newer_look_is_ignored() -> None:
    """Looks may overtake each other."""
    runner, record = World().used_ppa()
    old = kept(runner)
    describe(runner, compose(None, changed(record, note="newer")))
    runner.look()
    runner.look(seen=old)
    assert runner.known.record is not None
    assert runner.known.record.note == "newer"
    assert runner.asked == []


def test_a_look_that_began_while_our_write_was_under_way_serves_nobody_who_waits_for_it() -> None:
    """† What we wrote may have been written over since the look began, and the look may have seen less: only a read of
    its own tells those who wait.
    """
    runner = World().free_ppa()
    runner.order(assign())
    ours = runner.world.launchpad.record(runner.world.ppa)
    assert ours is not None
    other = changed(ours, lease="another", request="other")
    basis, asof = runner.known.basis, runner.known.asof
    runner.known = replace(runner.known, asof=basis + 2.0)  # the answer to our write took two seconds
    look = kept(runner)
    describe(runner, compose(None, other))
    runner.forget_the_past()
    runner.look(seen=replace(look, started=basis + 1.0))
    assert asof >= basis
    assert [type(ask) for ask in runner.asked] == [Read]
    assert runner.known.record is not None
    assert runner.known.record.lease == "another"
    assert [done.reason for done in runner.rounds] == [None]


def test_a_look_as_old_as_the_request_that_what_is_known_rests_on_needs_no_read() -> None:
    """Nothing that it may have seen is newer."""
    runner = World().free_ppa()
    runner.known = replace(runner.known, asof=runner.known.basis + 2.0)
    runner.look(seen=replace(kept(runner), started=runner.known.basis))
    assert runner.asked == []
    assert [done.reason for done in runner.rounds] == [None]


def test_an_old_look_at_an_unreachable_ppa_ends_its_round_with_that() -> None:
    """Those who wait for the round must not take memory for news."""
    runner, _ = World().used_ppa()
    old = kept(runner)
    runner.look()
    runner.world.launchpad.fault = lambda request: "down"
    runner.look()
    runner.look(seen=old)
    assert [done.reason for done in runner.rounds] == [None, "down", "down"]


def test_what_is_not_listed_is_read_alone() -> None:
    """Absence from a listing proves nothing: paging is no snapshot."""
    runner, record = World().used_ppa()
    runner.world.launchpad.archives[runner.world.ppa].listed = False
    runner.look()
    assert runner.kinds() == ["Read"]
    assert (runner.known.record, runner.known.condition) == (record, Condition.OK)
    assert runner.rounds[-1].reason is None


def test_a_read_of_what_is_not_listed_may_fail() -> None:
    """Then nothing is known of it."""
    runner, _ = World().used_ppa()
    runner.world.launchpad.archives[runner.world.ppa].listed = False
    runner.world.launchpad.fault = faults("down", of="read")
    runner.look()
    assert runner.known.condition is Condition.UNREACHABLE
    assert runner.rounds[-1].reason == "down"


def test_another_daemons_write_is_seen() -> None:
    """And told to the log."""
    runner = World().free_ppa()
    other = runner.world.start("other")
    other.look()
    other.order(assign())
    runner.look()
    assert runner.known.record == runner.world.record
    assert [(move.before, move.record.state, move.why) for move in runner.transitions] == [
        (State.FREE, State.USED, "seen")
    ]


def test_with_launchpad_silent_what_was_known_is_shown_with_its_age() -> None:
    """Unreachable, with the record as it was seen last."""
    runner, record = World().used_ppa()
    seen = runner.known.seen
    runner.world.launchpad.fault = lambda request: "down"
    runner.look()
    snapshot = runner.known.snapshot()
    assert (snapshot.condition, snapshot.record, snapshot.seen, snapshot.fault) == (
        Condition.UNREACHABLE, record, seen, "down",
    )  # fmt: skip
    runner.world.launchpad.fault = faults()
    runner.look()
    assert runner.known.snapshot().condition is Condition.OK


# -- taking in ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["source", "binary", "build", "upload", "debug"])
def test_a_ppa_without_a_record_is_taken_in_only_when_wholly_empty(kind: str) -> None:
    """I5: nothing active and nothing on its way; otherwise it is somebody's, and looked into now and then."""
    from ppa_assigner.port import Build

    world = World(description="mine")
    archive = world.launchpad.archives[world.ppa]
    if kind == "build":
        archive.builds.append(Build("b", "x", "Pending", True))
    elif kind == "upload":
        archive.uploads.append("x")
    else:
        world.launchpad.upload(world.ppa, "x", binary=kind != "source", debug=kind == "debug")
    runner = world.start()
    runner.look()
    runner.pass_time(3600.0)
    assert archive.history == ["mine"]
    assert runner.known.condition is Condition.UNMANAGED
    assert 3 < runner.kinds().count("Survey") < 10
    archive.items.clear()
    archive.builds.clear()
    archive.uploads.clear()
    runner.until(lambda: runner.known.state is State.DIRTY)
    assert runner.known.record is not None
    assert (runner.known.record.lease, runner.known.text.human) == (None, "mine")
    assert runner.transitions[-1].before is None


@pytest.mark.parametrize("state", [State.USED, State.DIRTY])
def test_what_another_daemon_adopted_is_served_at_once(state: State) -> None:
    """That somebody's packages are not looked into again for ten minutes holds back nothing once there is a record:
    neither the end of its lease nor its clean.
    """
    runner = (world := World()).start()
    world.launchpad.upload(world.ppa, "theirs")
    runner.look()
    runner.pass_time(1.0)
    assert runner.known.occupied
    at = world.launchpad.date().replace(microsecond=0)
    lease: dict[str, Any] = {"owner": "job", "lease": "l", "request": "r", "until": at + timedelta(seconds=2)}
    record = Record(
        serial=1, nonce="other", state=state, since=at, touched=at, pool="default",
        **(lease if state is State.USED else {}),
    )  # fmt: skip
    describe(runner, compose(None, record))
    runner.look()
    runner.pass_time(300.0)
    assert runner.known.state is State.FREE


@pytest.mark.parametrize("adopted", [True, False])
def test_one_that_is_taken_in_is_nobodys_and_ours_to_clean(adopted: bool) -> None:
    """Whether an operator adopts it or it was empty: dirty from now on, of its pool, and nothing else is so of it."""
    world = World()
    runner = world.start()
    runner.look()
    runner.order(AdoptAction()) if adopted else runner.tick()
    runner.until(lambda: runner.known.state is State.DIRTY, ticks=3)
    record = world.record
    assert record == Record(
        serial=record.serial, nonce=record.nonce, state=State.DIRTY, since=record.since, touched=record.since,
        pool="default", cleaner=runner.known.daemon.cleaner,
    )  # fmt: skip


@pytest.mark.parametrize("fault", ["gone", "denied", "down"])
def test_a_survey_without_an_answer_takes_nothing_in(fault: str) -> None:
    """It is tried again later."""
    world = World()
    runner = world.start()
    runner.look()
    world.launchpad.fault = faults(fault, of="content")
    runner.tick()
    assert runner.known.condition is Condition.UNMANAGED
    assert world.launchpad.archives[world.ppa].history == [None]


# -- rollback ----------------------------------------------------------------------------------------------------------


def rollbacks(runner: Runner, old: Record) -> dict[str, str | None]:
    """Texts that somebody may save over the newest record."""
    newest = runner.world.record
    return {
        "old": compose(None, old),
        "twin": compose(None, replace(newest, nonce="foreign")),
        "deleted": "gone are the records",
        "emptied": None,
        "garbled": compose(None, newest)[:-2],
        "doubled": compose(None, newest) + "\n" + compose(None, newest),
    }


@pytest.mark.parametrize("what", ["old", "twin", "deleted", "emptied", "garbled", "doubled"])
@pytest.mark.parametrize("state", [State.USED, State.DIRTY])
def test_a_known_lease_or_clean_is_written_back_at_once(state: State, what: str) -> None:
    """With the highest serial seen, plus one; the people's text of now is kept."""
    runner, old = World().used_ppa()
    runner.order(Touch, lease="lease-1", ttl=7200.0)
    if state is State.DIRTY:
        runner.order(Release, lease="lease-1")
    newest = runner.world.record
    describe(runner, rollbacks(runner, old)[what])
    runner.look()
    record = runner.world.record
    assert replace(record, serial=0, nonce="") == replace(newest, serial=0, nonce="")
    assert record.serial == newest.serial + 1
    assert runner.known.text.human == {"deleted": "gone are the records", "doubled": ""}.get(what)
    assert runner.known.condition is Condition.OK
    assert runner.alarms


@pytest.mark.parametrize("what", ["old", "twin", "deleted", "emptied", "garbled", "doubled"])
def test_a_free_ppa_that_was_rolled_back_is_cleaned_after_two_looks(what: str) -> None:
    """Until then it is no candidate, and the restored lease is never alive."""
    runner, old = World().used_ppa()
    runner.order(Release, lease="lease-1")
    runner.until(lambda: runner.known.state is State.FREE)
    newest = runner.world.record
    describe(runner, rollbacks(runner, old)[what])
    runner.forget_the_past()
    runner.look()
    assert runner.known.condition is Condition.UNREADABLE
    assert runner.asked == []
    for order in (assign(lease="lease-2"), lambda t, d: Touch(token=t, deadline=d, lease="lease-1"), confirm()):
        runner.known = replace(runner.known, suspect=1)
        outcome = runner.order(order)
        assert isinstance(outcome, Denied)
        assert outcome.why in (Refusal.LOST, Refusal.ELSEWHERE)
    runner.look()
    assert (runner.world.state, runner.world.record.lease) == (State.DIRTY, None)
    assert runner.world.record.serial > newest.serial
    runner.until(lambda: runner.known.state is State.FREE)


def test_a_free_ppa_that_is_put_right_by_hand_is_free_again() -> None:
    """One look is not enough to write."""
    runner = World().free_ppa()
    text = runner.world.launchpad.archives[runner.world.ppa].description
    describe(runner, "oops")
    runner.look()
    describe(runner, text)
    runner.look()
    assert runner.known.condition is Condition.OK
    assert runner.asked == []


@pytest.mark.parametrize("how", ["denied", "down", None])
@pytest.mark.parametrize("text", ["words", None, "ppa-assigner: {"])
def test_of_what_was_put_back_only_the_words_beside_it_count(text: str | None, how: str | None) -> None:
    """What is known of the record stays as it was; that it was reached, when, and what is to be written over is new.
    That it was looked into counts no more.
    """
    runner = World().free_ppa()
    if how is not None:
        runner.world.archive.listed = False
        runner.world.launchpad.fault = faults(how, of="read")
        runner.look()
    runner.world.archive.listed = True
    runner.world.boot += 60.0
    describe(runner, text)
    before = runner.known
    runner.look()
    entry = runner.known.entry
    assert entry is not None
    assert entry.description == text
    assert runner.known == replace(
        before, entry=entry, text=Text(parse(text).human, before.record), asof=runner.world.boot,
        basis=runner.world.boot, seen=entry.moment.date, reach=SEEN, silent=None, verified=None, suspect=1,
    )  # fmt: skip
    assert "was put back" in (runner.known.fault or "")


def test_a_command_reads_what_one_look_showed_put_back() -> None:
    """Before anything is written: what stands there was seen once, and not compared."""
    runner = World().free_ppa()
    describe(runner, "words")
    runner.look()
    assert runner.asked == []
    runner.order(QuarantineAction("odd"))
    assert runner.kinds()[:3] == ["Read", "ReadDeleted", "Write"]
    assert runner.world.record.quarantined == "odd"


def test_a_look_before_a_rollback_counts_no_more() -> None:
    """What came to be there meanwhile, whoever put the text back, it did not see."""
    runner = World().free_ppa()
    runner.world.boot += 100.0
    runner.world.launchpad.fault = faults("down", of="write")
    runner.order(assign())
    text = runner.world.archive.description
    for one in ("oops", text):
        describe(runner, one)
        runner.look()
    runner.forget_the_past()
    assert isinstance(runner.order(assign()), LeaseShown)
    assert runner.kinds() == ["LookForNewContent", "Write"]


@pytest.mark.parametrize("state", State)
def test_an_unknown_version_is_never_a_rollback(state: State) -> None:
    """Hands off: a later program wrote it."""
    runner = World().free_ppa()
    if state is not State.FREE:
        runner.order(assign())
    if state in (State.DIRTY, State.DISCARDED):
        runner.order(Release, lease="lease-1")
    if state is State.DISCARDED:
        describe(runner, encode(discarded(runner.world.record)))
        runner.look()
    assert runner.known.state is state
    runner.forget_the_past()
    text = 'ppa-assigner: {"v":3}'
    describe(runner, text)
    runner.look()
    runner.pass_time(20_000.0)
    assert runner.known.condition is Condition.UNREADABLE
    assert runner.world.launchpad.archives[runner.world.ppa].description == text


def test_an_unknown_state_under_a_known_version_is_a_rollback() -> None:
    """Why a state that is added needs a new version (docs/explanation/protocol.md#record-versions)."""
    runner = World().free_ppa()
    runner.order(assign())
    lent = runner.known.record
    assert lent is not None
    later = encode(replace(lent, serial=lent.serial + 1)).replace('"used"', '"reserved"')
    assert parse(later).fault is not None
    describe(runner, later)
    runner.look()
    assert runner.known.record is not None
    assert (runner.known.record.state, runner.known.record.lease) == (State.USED, lent.lease)
    assert '"reserved"' not in (runner.world.launchpad.archives[runner.world.ppa].description or "")


def test_a_restored_lease_is_dead_for_its_owner() -> None:
    """A touch finds the old record standing, puts it right first, and then finds itself over."""
    runner, old = World().used_ppa()
    runner.order(Release, lease="lease-1")
    describe(runner, compose(None, old))
    outcome = runner.order(confirm())
    assert outcome == Denied(Refusal.ELSEWHERE)
    assert runner.world.state is State.DIRTY


def test_what_could_not_be_written_back_is_written_back_by_the_next_read() -> None:
    """Whoever asked for the read is told what stands then."""
    runner, old = World().used_ppa()
    runner.order(Touch, lease="lease-1", ttl=7200.0)
    newest = runner.world.record
    describe(runner, compose(None, old))
    runner.world.launchpad.fault = faults("down", of="write")
    runner.look()
    assert runner.known.condition is Condition.UNREADABLE
    runner.forget_the_past()
    outcome = runner.order(Touch, lease="lease-1")
    assert isinstance(outcome, LeaseShown)
    assert outcome.record.until == newest.until
    assert runner.kinds() == ["Read", "ReadDeleted", "Write", "Read"]


def test_an_assign_that_meets_a_rollback_is_lost() -> None:
    """The wish gets another candidate."""
    runner, old = World().used_ppa()
    runner.order(Touch, lease="lease-1", ttl=7200.0)
    describe(runner, compose(None, old))
    runner.world.launchpad.fault = faults("down", of="write")
    runner.look()
    outcome = runner.order(assign(lease="lease-2"))
    assert isinstance(outcome, Denied)
    assert outcome.why is Refusal.LOST
    runner.look()
    assert runner.world.record.lease == "lease-1"


@pytest.mark.parametrize("fault", ["unknown", "late", "lost", "down"])
def test_writing_back_survives_lost_answers(fault: str) -> None:
    """The restored record is meant again, however often somebody must try."""
    runner, old = World().used_ppa()
    runner.order(Touch, lease="lease-1", ttl=7200.0)
    newest = runner.world.record
    describe(runner, compose(None, old))
    runner.world.launchpad.fault = faults(fault, fault, of="write")
    runner.look()
    runner.world.launchpad.land()
    runner.until(lambda: runner.known.condition is Condition.OK and runner.known.pending is None)
    record: Any = runner.world.record
    assert replace(record, serial=0, nonce="") == replace(newest, serial=0, nonce="")


def test_a_clean_goes_on_after_its_record_was_brought_back() -> None:
    """The fence before a batch shows a foreign text: nothing is deleted on the strength of it."""
    runner = World().dirty_ppa()
    runner.world.launchpad.upload(runner.world.ppa, "junk")
    runner.until(lambda: bool(runner.known.clean and runner.known.clean.todo))
    runner.forget_the_past()
    describe(runner, "mine")
    runner.world.launchpad.fault = faults("down", of="write")
    runner.tick()
    assert runner.kinds() == ["Read", "ReadDeleted", "Write"]
    assert runner.known.clean is not None
    assert runner.known.clean.fence < runner.world.boot - 1.0 or runner.known.clean.fence == float("-inf")
    runner.until(lambda: runner.known.state is State.FREE)
    assert runner.kinds().index("Delete") > runner.kinds().index("Write", 3)
    assert runner.known.text.human == "mine"


def test_a_clean_is_begun_anew_once_its_record_is_there_again() -> None:
    """What a daemon of a later version did meanwhile nobody here knows: the quiet window counts from then."""
    runner = World().dirty_ppa()
    runner.pass_time(90.0)
    for one in ('ppa-assigner: {"v":3}', runner.world.archive.description):
        describe(runner, one)
        runner.look()
    back = runner.world.boot
    runner.until(lambda: runner.known.state is State.FREE)
    assert runner.world.boot >= back + runner.known.options.settle


def test_people_may_edit_their_text_at_any_time() -> None:
    """I6: it survives every write, byte for byte, and moves above the record."""
    runner = World(description="one\r\n\n two ").free_ppa()
    runner.order(assign())
    text = runner.world.launchpad.archives[runner.world.ppa].description
    assert text is not None
    assert text.startswith("one\r\n\n two \nppa-assigner: ")
    describe(runner, f"<b>é</b>\n{text}\nbelow")
    runner.order(Release, lease="lease-1")
    text = runner.world.launchpad.archives[runner.world.ppa].description
    assert text is not None
    assert text.startswith("<b>é</b>\none\r\n\n two \nbelow\nppa-assigner: ")
    runner.until(lambda: runner.known.state is State.FREE)
    assert parse(text).human == runner.known.text.human


def test_a_record_found_in_a_new_ppa_counts() -> None:
    """Blindly started, a daemon believes what it reads."""
    runner, record = World().used_ppa()
    other = runner.world.start("other")
    other.look()
    assert other.known.record == record
    assert other.known.highest == record
    assert isinstance(other.order(Release, lease="lease-1"), RecordShown)
    assert other.transitions[-1].why == WriteReason.RELEASE.value
