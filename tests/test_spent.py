"""A place in the line serves one wish: its ticket is spent when was served or withdrawn, at each daemon that saw it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from ppa_assigner.access import EVERYBODY, Caller, Role
from ppa_assigner.automaton.events import Confirm, GiveUp, RecordShown, Refusal
from ppa_assigner.record import Record, State
from ppa_assigner.supervisor.requests import Key
from ppa_assigner.supervisor.tickets import KEPT_S, KEYS, LEASES, Spent

from .fakecrew import Desk, lent, problem
from .memory import START


def line(made: Desk) -> list[str]:
    """Whose requests wait, the first one first."""
    return [asked.wish.request_id for asked in made.core.requests.waiting("default")]


def ticket_of(made: Desk, request: str = "r", **fields: Any) -> str:
    """That of a wish that was told none-free."""
    ticket = problem(made.ask(request, **fields)).facts["ticket"]
    assert isinstance(ticket, str)
    return ticket


def busy() -> tuple[Desk, str]:
    """One PPA, somebody's; a ticket of the request `r`, and `behind`, who came after it and waits."""
    made = Desk("a")
    made["a"].used("x")
    ticket = ticket_of(made)
    made.wait(5.0)
    made.ask("behind", wait=3600.0)
    return made, ticket


def over(made: Desk, record: Record, **fields: Any) -> None:
    """A lease has ended, and its PPA remembers it."""
    changed = {"state": State.DIRTY, "nonce": f"over-{record.serial}", "serial": record.serial + 1, "until": None}
    made["a"].show(replace(record, since=START + timedelta(seconds=made.now - 1000.0), **{**changed, **fields}))


# -- at the daemon that served it -------------------------------------------------------------------------------------


def lend_to(made: Desk, ticket: str) -> Record:
    """`r` comes back by its ticket, and is served before `behind`."""
    call = made.ask(ticket=ticket, wait=60.0)
    assert line(made) == ["r", "behind"]
    made["a"].free()
    record = made["a"].lend()
    assert lent(call).record is record
    return record


def test_a_ticket_is_spent_when_its_wish_is_served() -> None:
    """Brought again after the lease, and again: the end of the line each time, while those who wait come nearer."""
    made, ticket = busy()
    over(made, lend_to(made, ticket))
    for _ in range(3):
        made.wait(1.0)
        again = made.ask(ticket=ticket, wait=0.5)
        assert line(made) == ["behind", "r"]
        made.wait(0.5)
        assert problem(again).facts["position"] == 2


def test_the_new_place_is_kept_by_its_own_ticket() -> None:
    """Who uses a request id again has a place from then on, and keeps it like everybody, also at the looks to come."""
    made, ticket = busy()
    record = lend_to(made, ticket)
    over(made, record)
    made.wait(0.2)
    fresh = ticket_of(made, ticket=ticket)
    made.ask("late", wait=3600.0)
    over(made, record)
    made.wait(30.0)
    made.ask(ticket=fresh, wait=60.0)
    assert line(made) == ["behind", "r", "late"]


def test_asked_again_while_it_has_its_lease_it_is_told_of_it() -> None:
    """That the ticket is spent changes nothing for whoever has lost an answer."""
    made, ticket = busy()
    lend_to(made, ticket)
    again = made.ask(ticket=ticket)
    made["a"].confirm()
    assert lent(again).record.request == "r"


def test_a_long_wait_by_short_ones_is_one_wish() -> None:
    """Each of its tickets holds the place of the first until the wish is served."""
    made, ticket = busy()
    for attempt in range(1, 5):
        made.wait(100.0)
        ticket = ticket_of(made, ticket=ticket, attempt=0)
        assert problem(made.ask(ticket=ticket)).facts["position"] == 1, attempt


def test_a_ticket_is_spent_when_its_wish_is_withdrawn() -> None:
    """Whether the wish waits just then or not; another client's is not touched by it."""
    made, ticket = busy()
    theirs = ticket_of(made, by="ann")
    made.supervisor.withdraw("r", EVERYBODY)
    made.wait(1.0)
    made.ask("late", wait=3600.0)
    made.ask(ticket=ticket, wait=60.0)
    assert line(made) == ["behind", "late", "r"]
    made.supervisor.withdraw("r", Caller("bob", Role.CLIENT))
    assert problem(made.ask(by="ann", ticket=theirs)).facts["position"] == 2
    made.ask("s", by="ann", wait=60.0)
    made.supervisor.withdraw("s", Caller("root", Role.OPERATOR))
    assert made.core.spent.is_spent(Key("ann", "s"), made.clock.epoch(), made.now)


def test_a_place_that_is_kept_for_a_moment_is_spent_too() -> None:
    """Another daemon served the wish between two of its short waits."""
    made = Desk("a")
    made["a"].used("x")
    made.ask("r", wait=1.0)
    made.ask("behind", wait=3600.0)
    made.wait(1.0)
    record = made["a"].used("r", lease="theirs")
    over(made, record)
    made.ask("r", wait=60.0, attempt=1)
    assert line(made) == ["behind", "r"]


# -- given up ----------------------------------------------------------------------------------------------------------


def test_what_was_given_up_before_anybody_was_told_spends_nothing() -> None:
    """Who hung up at the very moment at which the PPA was lent has waited for nothing, and has the place again."""
    made, ticket = busy()
    call = made.ask(ticket=ticket, wait=60.0)
    made["a"].free()
    made.supervisor.hang_up(call)
    record = made["a"].lend()
    command = made["a"].take(GiveUp)
    back = made.ask(ticket=ticket, wait=60.0)
    made["a"].deny(Confirm, Refusal.ELSEWHERE)
    assert line(made) == ["behind", "r"]
    over(made, record, told=False)
    made["a"].reply(command, RecordShown(made["a"].snapshot.record))
    assert line(made) == ["r", "behind"]
    assert not back.future.done()


def test_what_another_daemon_gave_up_spends_nothing_here() -> None:
    """Seen used and then over, untold; an earlier service of the request still counts."""
    made, ticket = busy()
    over(made, made["a"].used("r", lease="theirs"), told=False)
    assert problem(made.ask(ticket=ticket)).facts["position"] == 1
    over(made, lend_to(made, ticket))
    over(made, made["a"].used("r", lease="third"), told=False)
    assert problem(made.ask(ticket=ticket)).facts["position"] == 2


# -- at another daemon -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", [State.USED, State.DIRTY])
def test_what_a_look_shows_spends_the_ticket_here_too(state: State) -> None:
    """In use or over: this daemon remembers it for ten minutes, also when the PPA is another's since."""
    made, ticket = busy()
    made.wait(1.0)
    record = made["a"].used("r", lease="theirs")
    if state is State.DIRTY:
        over(made, record)
    made["a"].used("other", lease="other")
    made.wait(KEPT_S - 1.0)
    renewed = made.tickets.issue(replace(place_of(made, ticket), last_asked=made.clock.epoch()))
    assert problem(made.ask(ticket=renewed)).facts["position"] == 2
    made.wait(2.0)
    assert problem(made.ask(ticket=renewed)).facts["position"] == 1


def place_of(made: Desk, ticket: str) -> Any:
    """What it holds."""
    place = made.tickets.redeem(ticket, "default", Key(None, "r"), 0.0)
    assert place is not None
    return place


def test_each_look_is_a_sight() -> None:
    """A lease that lasts for hours is not forgotten after ten minutes."""
    made, ticket = busy()
    record = made["a"].used("r", lease="theirs")
    for _ in range(3):
        made.wait(KEPT_S - 1.0)
        made["a"].show(record)
    made["a"].used("other", lease="other")
    renewed = made.tickets.issue(replace(place_of(made, ticket), last_asked=made.clock.epoch()))
    assert problem(made.ask(ticket=renewed)).facts["position"] == 2


def test_who_asked_after_the_lease_is_another_wish() -> None:
    """A daemon that starts sees a PPA that was released a while ago: who asked since has its place."""
    made = Desk("a")
    made.wait(100.0)
    ticket = ticket_of(made)
    record = made["a"].record(State.DIRTY, request="r", owner="me", lease="old")
    made["a"].show(record)
    made.ask("behind", wait=3600.0)
    assert problem(made.ask(ticket=ticket)).facts["position"] == 1


# -- what is remembered ------------------------------------------------------------------------------------------------


def test_what_is_remembered_is_bounded_and_forgotten() -> None:
    """However many wishes and leases there are, the newest are kept; after ten minutes nothing is."""
    spent = Marks()
    spent.boot = spent.now = 1000.0
    for number in range(KEYS + 10):
        spent.withdrawn(Key(None, f"r{number}"))
    assert len(spent) == KEYS
    assert not spent.is_spent(Key(None, "r0"), 1.0)
    assert spent.is_spent(Key(None, f"r{KEYS}"), 1.0)
    spent.boot = spent.now = spent.now + KEPT_S + 1.0
    spent.withdrawn(Key(None, "last"))
    assert len(spent) == 1
    record = Record(
        serial=1, nonce="n", state=State.USED, since=START, touched=START, pool="default", owner="me", request="many"
    )
    spent.boot = spent.now = START.timestamp() + 1000.0
    for number in range(3 * LEASES):
        spent.saw(replace(record, lease=f"l{number}"))
    assert len(spent.spent.told_apart(Key(None, "many"))) <= LEASES + 1
    assert spent.is_spent(Key(None, "many"), START.timestamp())


S = START.timestamp()
MINE = Key(None, "r")
USED = Record(
    serial=1,
    nonce="n",
    state=State.USED,
    since=START,
    touched=START,
    pool="default",
    owner="me",
    request="r",
    lease="l",
)


def key_of(record: Record) -> Key:
    """The key of the request that it is used for."""
    return Key(record.by, record.request or "")


class Marks:
    """With clocks that are moved by hand: boot time, and Launchpad's."""

    def __init__(self) -> None:
        self.spent = Spent()
        self.boot, self.now = 1000.0, S + 100.0

    def __len__(self) -> int:
        return len(self.spent)

    def served(self, record: Record) -> None:
        """Somebody is told of it now."""
        self.spent.served(key_of(record), record, self.boot, self.now)

    def withdrawn(self, key: Key) -> None:
        """It is withdrawn now."""
        self.spent.withdrawn(key, self.boot, self.now)

    def saw(self, record: Record) -> bool:
        """It is seen now."""
        return self.spent.saw(key_of(record), record, self.boot, self.now)

    def is_spent(self, key: Key, first_asked: float) -> bool:
        """As it is now."""
        return self.spent.is_spent(key, first_asked, self.boot)

    def until(self, latest: float, key: Key = MINE) -> bool:
        """Whether places are spent up to this moment, and none of later."""
        return self.is_spent(key, latest) and not self.is_spent(key, latest + 0.1)


def test_who_is_served_or_withdraws_has_spent_what_was_asked_for_until_then() -> None:
    """Of that key only; a free PPA spends nothing."""
    served, withdrawn = Marks(), Marks()
    served.served(USED)
    withdrawn.withdrawn(MINE)
    for marks in (served, withdrawn):
        assert marks.until(marks.now)
        assert not marks.is_spent(Key("ann", "r"), S)
    served.now += 50.0
    served.served(USED)
    assert served.until(served.now)
    nobody = Marks()
    assert not nobody.saw(replace(USED, state=State.FREE))
    assert not len(nobody)


def test_what_is_seen_spends_until_it_began() -> None:
    """And two seconds more, for clocks differ; not more than now, and each state once, however often it is seen."""
    marks = Marks()
    assert not marks.saw(USED)
    assert marks.until(S + 2.0)
    marks.saw(replace(USED, since=START + timedelta(seconds=50)))
    assert marks.until(S + 2.0)
    marks.saw(replace(USED, state=State.DIRTY, since=START + timedelta(seconds=60)))
    assert marks.until(S + 62.0)
    marks.saw(replace(USED, since=START + timedelta(seconds=10)))
    assert marks.until(S + 62.0)
    marks.saw(replace(USED, state=State.DIRTY, since=START + timedelta(hours=1)))
    assert marks.until(marks.now)
    marks.served(USED)
    marks.saw(replace(USED, since=START + timedelta(seconds=10)))
    assert marks.until(marks.now)


def test_a_mark_lasts_for_ten_minutes_after_it_was_seen_last() -> None:
    """Exactly; each sight counts."""
    marks = Marks()
    marks.saw(USED)
    marks.boot += KEPT_S
    assert marks.is_spent(MINE, S)
    marks.saw(USED)
    marks.boot += KEPT_S
    assert marks.is_spent(MINE, S)
    marks.boot += 0.1
    assert not marks.is_spent(MINE, S)


def test_an_untold_lease_takes_its_own_mark_away() -> None:
    """Once, and no other lease's."""
    marks = Marks()
    untold = replace(USED, state=State.DIRTY, told=False)
    assert not marks.saw(untold)
    marks.saw(USED)
    marks.saw(replace(USED, lease="other", since=START - timedelta(seconds=50)))
    assert marks.saw(untold)
    assert marks.until(S - 48.0)
    assert not marks.saw(untold)


def seen_leases(count: int) -> Marks:
    """So many of one key, the first one first, a second apart each."""
    marks = Marks()
    for number in range(count):
        marks.boot += 1.0
        marks.saw(replace(USED, lease=f"l{number}", since=START + timedelta(seconds=number)))
    return marks


def test_eight_leases_of_one_key_are_told_apart() -> None:
    """Of more, those that were seen longest ago are one: what they spent stays spent."""
    untold = replace(USED, state=State.DIRTY, told=False)
    assert seen_leases(LEASES).saw(replace(untold, lease="l0"))
    marks = seen_leases(LEASES + 1)
    assert not marks.saw(replace(untold, lease="l0"))
    for number in range(1, LEASES + 1):
        assert marks.saw(replace(untold, lease=f"l{number}"))
    assert marks.until(S + 2.0)
    marks = seen_leases(LEASES + 3)
    for number in range(3, LEASES + 3):
        assert marks.saw(replace(untold, lease=f"l{number}"))
    assert marks.until(S + 4.0)
    marks.boot = 1003.0 + KEPT_S
    assert marks.is_spent(MINE, S)
    marks.boot += 0.1
    assert not marks.is_spent(MINE, S)


def test_what_was_not_seen_for_ten_minutes_is_forgotten() -> None:
    """Leases of a key, and keys, whatever else is seen; not a moment before."""
    marks = Marks()
    marks.saw(USED)
    marks.withdrawn(Key(None, "first"))
    marks.boot += KEPT_S
    marks.withdrawn(Key(None, "second"))
    marks.saw(replace(USED, lease="edge"))
    assert len(marks) == 3
    assert marks.spent.told_apart(MINE) == ["l", "edge"]
    marks.boot += 0.1
    marks.saw(replace(USED, lease="other"))
    assert len(marks) == 2
    assert marks.spent.told_apart(MINE) == ["edge", "other"]
