"""Who is told what of the uploads that are followed, and which of that is an event for all."""

from __future__ import annotations

from ppa_assigner.uploads.following import LINGER_S, MOST_UNSEEN, Following, Retrying, Waiting
from ppa_assigner.uploads.looks import MOST_NAMES, look
from ppa_assigner.uploads.model import NamedSource, SourceState, Wanted

from .followed import LEASE, WANTED, Place, final
from .seen import DONE, FINAL, GOING, HELLO, LIBFOO, NOW, build


def test_changes_are_told_once() -> None:
    """With the state before; not that something is not there yet."""
    place = Place(WANTED)
    place.look()
    assert place.changes() == []
    place.reports.uploaded[HELLO] = [build(HELLO, "amd64", GOING)]
    place.look()
    assert place.changes() == [("hello", None, "building")]
    assert place.changes() == []
    place.reports.uploaded[HELLO] = [build(HELLO, "amd64", DONE)]
    place.look()
    assert place.changes() == [("hello", "building", "built")]


def test_all_that_somebody_waits_for_is_told() -> None:
    """By name or not: what was deleted is only told to those who named it."""
    place = Place(WANTED, Wanted())
    place.reports.uploaded = {HELLO: [build(HELLO, "amd64", GOING)], LIBFOO: []}
    place.reports.status[HELLO] = "Deleted"
    place.look()
    assert place.changes() == [("hello", None, "failed"), ("libfoo", None, "accepted")]


def test_what_did_not_appear_is_told_when_the_holder_has_given_it_up() -> None:
    """And that it came after all."""
    place = Place(WANTED, appear=10)
    place.look()
    place.now += 10
    place.look()
    assert place.changes() == [("hello", None, "lost")]
    assert place.changes() == []
    place.reports.uploaded[HELLO] = [build(HELLO, "amd64", GOING)]
    place.look()
    assert place.changes() == [("hello", "lost", "building")]


def test_sources_that_others_invent_are_told_to_nobody_else() -> None:
    """Who may look at a lease may name anything, and give it up at once: also what its holder still waits for."""
    place = Place(WANTED, Wanted(sources=(LIBFOO,)), appear=0, holder=False)
    place.join(WANTED)
    place.look()
    assert {one.state for number in (0, 1) for one in place.report(number).sources} == {SourceState.LOST}
    assert place.changes() == []
    place.reports.uploaded[LIBFOO] = [build(LIBFOO, "amd64", GOING)]
    place.look()
    assert place.changes() == [("libfoo", None, "building")]


def test_of_one_lease_no_more_is_told_to_be_lost_than_a_call_may_name() -> None:
    """Events are for all PPAs."""
    names = [NamedSource("hello", f"{number:03}") for number in range(MOST_UNSEEN + 9)]
    place = Place(*(Wanted(sources=(one,)) for one in names), appear=0)
    place.look()
    assert len(place.changes()) == MOST_UNSEEN
    assert place.changes() == []


def test_names_that_others_invent_do_not_put_off_when_the_holders_are_given_up() -> None:
    """However many there are: their own are forgotten instead."""
    place = Place(WANTED, appear=10)
    for number in range(MOST_NAMES + 1):
        place.join(Wanted(sources=(NamedSource("hello", f"0.{number}"),)), holder=False)
    place.waiting.append(place.join(Wanted(sources=(NamedSource("hello", "0.0"),)), 10, holder=False))
    place.now += 9
    place.waiting.append(place.join(Wanted(sources=(NamedSource("new", "1"),)), 10, holder=False))
    place.now += 1
    place.look()
    assert [place.report(number).sources[0].state.value for number in range(3)] == ["lost", "lost", "absent"]


def waits(wanted: Wanted = WANTED, appear: float = 1200.0) -> Waiting:
    """A call that waits for the end."""
    return Waiting(wanted, appear, final)


def test_a_look_that_fails_is_told_to_those_who_were_told_nothing_yet() -> None:
    """Who has a report keeps it."""
    waiting, report = waits(), Place(WANTED)
    waiting.failed("503")
    assert (waiting.trouble, waiting.looked.done(), waiting.done.done()) == ("503", True, False)
    report.look()
    waiting.told(report.report())
    waiting.failed("504")
    assert (waiting.trouble, waiting.report, waiting.done.done()) == (None, report.report(), False)
    waiting.over(KeyError("over"))
    waiting.over(ValueError("again"))
    assert isinstance(waiting.done.exception(0), KeyError)


def test_the_end_is_told() -> None:
    """Once."""
    place, waiting = Place(WANTED), waits()
    place.reports.uploaded[HELLO] = [build(HELLO, "amd64", FINAL[0])]
    place.look()
    waiting.told(place.report())
    assert waiting.looked.done()
    assert waiting.done.result(0) == place.report()
    waiting.over(KeyError("over"))
    assert waiting.done.exception(0) is None


def test_a_first_look_that_fails_is_tried_again_as_soon_as_any() -> None:
    """After ten minutes as late as any."""
    place = Place(WANTED)
    place.following.failed(place.now)
    assert place.following.due == place.now + 15
    place.following.failed(place.now + 600)
    assert place.following.due == place.now + 660


def test_a_lease_with_a_call_to_retry_is_not_forgotten() -> None:
    """Nor one that is being looked at."""
    following = Following(LEASE)
    assert following.forgettable(LINGER_S + 2)
    following.retrying = [Retrying(())]
    assert not following.forgettable(LINGER_S + 2)
    following.retrying, following.looking = [], True
    assert not following.forgettable(LINGER_S + 2)


def test_a_call_to_retry_that_came_during_a_look_needs_one_of_its_own() -> None:
    """The others are answered by it."""
    place = Place(WANTED)
    place.look()
    due, first, second = place.following.due, Retrying(()), Retrying((HELLO,))
    place.following.retrying = [first]
    place.following.taken([first])
    assert (place.following.retrying, place.following.due) == ([], due)
    place.following.retrying = [first, second]
    place.following.taken([first])
    assert (place.following.retrying, place.following.due) == ([second], place.now)


def test_what_was_seen_is_told_at_once_where_it_answers_all_that_is_asked() -> None:
    """Not to one who gives up a source of which it was not asked yet why it may have been refused."""
    place = Place(WANTED)
    place.look()
    assert place.join(WANTED).report is not None
    hasty = place.join(WANTED, 0)
    assert (hasty.report, place.following.due) == (None, place.now)
    place.look()
    assert place.join(WANTED, 0).report is not None
    place.reports.uploaded[HELLO] = [build(HELLO, "amd64", GOING)]
    place.look()
    place.following.known.refusals.clear()
    assert place.join(WANTED, 0).report is not None


def test_who_names_nothing_is_told_at_once_that_nothing_came() -> None:
    """There is nothing to ask about it."""
    place = Place(Wanted())
    place.look()
    report = place.join(Wanted(), 0).report
    assert report is not None
    assert report.why == "no source was uploaded in time"


def test_a_look_is_for_those_whose_questions_it_asked() -> None:
    """Who came meanwhile for another source, or to give up sooner, has the next one at once."""
    place = Place(WANTED)
    question = place.following.question(place.now)
    others = [place.join(WANTED, 0), place.join(Wanted(sources=(LIBFOO,)))]
    seen = look(place.reports, place.following.known, question, NOW)
    assert place.following.covered(question, place.now) == place.waiting
    place.following.looked(question, seen, place.now - 1, whole=True)
    assert place.following.due == place.now - 1
    for one in others:
        place.following.leave(one)
    place.following.looked(question, seen, place.now, whole=True)
    assert place.following.due == place.now + 15


def test_what_is_given_up_at_once_does_not_have_it_looked_at_all_the_time() -> None:
    """Its moment is over."""
    place = Place(WANTED, appear=0)
    place.look()
    assert place.following.due == place.now + 15
