"""The waiting line's plain choices."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from ppa_assigner.config import Pool
from ppa_assigner.options import PoolOptions
from ppa_assigner.record import Record, State
from ppa_assigner.selectors import parse
from ppa_assigner.supervisor.fitting import FreePpas, may_match
from ppa_assigner.supervisor.registry import FreeList
from ppa_assigner.supervisor.requests import (
    AssignCall,
    Avoided,
    CallId,
    Key,
    PendingRequest,
    RequestId,
    Stage,
    WaitQueue,
    key_in,
    key_of,
    nonce_of,
    state_of,
)
from ppa_assigner.views import AssignRequest, Condition, Snapshot, Want

from .fakecrew import Desk, ref
from .memory import START
from .settings import settings


def asked(first: float, number: int, **fields: str) -> PendingRequest:
    """A wish that waits."""
    given = {"owner": "me", "pool": "default", "request_id": f"r{number}", **fields}
    wish = AssignRequest(**given)  # type: ignore[arg-type]  # texts only
    made = PendingRequest(RequestId(number), key_of(wish), wish, 0, first)
    made.stage = Stage.WAITING
    return made


def calls_of(request: PendingRequest, *ends: tuple[float, float]) -> dict[CallId, AssignCall]:
    """Calls that wait until then, and are answered by then."""
    calls = (AssignCall(CallId(n), request.wish, until, deadline) for n, (until, deadline) in enumerate(ends))
    return {call.id: call for call in calls}


def free(name: str, minutes: int = 0) -> Snapshot:
    """A free PPA."""
    when = START + timedelta(minutes=minutes)
    record = Record(serial=1, nonce=name, state=State.FREE, since=when, touched=when, pool="default")
    return Snapshot(ref(name), "default", record, Condition.OK)


def test_the_line_is_ordered_by_first_asked_then_by_coming() -> None:
    """One that stands in no line is behind all who came before; each pool has a line of its own."""
    late, early, same = asked(2.0, 1), asked(1.0, 2), asked(1.0, 3)
    other, absent = asked(0.0, 4, pool="other"), asked(1.5, 5)
    queue = WaitQueue()
    for one in (late, early, same, other):
        queue.add(one.id, one.wish.pool, one.place)
    assert queue.of("default") == [early.id, same.id, late.id]
    assert [queue.ahead("default", one.place) for one in (early, same, late, absent)] == [0, 1, 2, 2]
    assert (queue.length("default"), queue.length("other"), queue.length("none")) == (3, 1, 0)


def test_a_place_in_the_line_may_change() -> None:
    """It stands where it was added, until it is added again; gone is gone."""
    first, second = asked(1.0, 1), asked(2.0, 2)
    queue = WaitQueue()
    queue.add(first.id, first.wish.pool, first.place)
    queue.add(second.id, second.wish.pool, second.place)
    second.first = 0.5
    assert queue.of("default") == [first.id, second.id]
    queue.add(second.id, second.wish.pool, second.place)
    assert queue.of("default") == [second.id, first.id]
    queue.discard(second.id)
    queue.discard(second.id)
    assert queue.of("default") == [first.id]


def test_the_shelf_has_the_longest_free_first() -> None:
    """Each pool its own; one that is bound is on none until it is put there again."""
    free_list = FreeList()
    for name, minutes in (("b", 1), ("a", 1), ("c", 0)):
        free_list.put(ref(name), "default", START + timedelta(minutes=minutes))
    free_list.put(ref("d"), "other", START)
    assert list(free_list.of("default")) == [ref("c"), ref("a"), ref("b")]
    assert list(free_list.of("default", ref("a"))) == [ref("a")]
    assert list(free_list.of("default", ref("d"))) == []
    free_list.bind(ref("c"))
    free_list.put(ref("c"), "default", START)
    assert (free_list.count("default"), list(free_list.of("default", ref("c")))) == (2, [])
    free_list.bound.discard(ref("c"))
    free_list.put(ref("c"), "other", START)
    free_list.put(ref("a"), "default", START + timedelta(minutes=5))
    assert list(free_list.of("default")) == [ref("b"), ref("a")]
    assert list(free_list.of("other")) == [ref("c"), ref("d")]


def test_those_avoided_are_not_taken_while_they_have_not_changed() -> None:
    """For a while: what disappointed a request is left to others."""
    wish, ppa = asked(0.0, 1), free("a", 1)
    assert not wish.avoids(ppa, 9.0)
    wish.avoided[ref("a")] = Avoided("a", 10.0)
    assert wish.avoids(ppa, 9.0)
    assert not wish.avoids(ppa, 10.0)
    assert ppa.record is not None
    assert not wish.avoids(replace(ppa, record=replace(ppa.record, nonce="new")), 9.0)


def test_a_ppa_without_a_record_has_no_nonce_to_be_avoided_by() -> None:
    """It is avoided by time alone."""
    wish, unknown = asked(0.0, 1), Snapshot(ref("a"), "default", None, Condition.UNREACHABLE)
    wish.avoided[ref("a")] = Avoided(None, 10.0)
    assert wish.avoids(unknown, 9.0)
    assert not wish.avoids(unknown, 10.0)


def test_a_turn_is_kept_for_a_moment_of_searching_only() -> None:
    """Five seconds from when its search began; who is not searched for keeps nobody waiting."""
    wish = asked(0.0, 1)
    wish.stage, wish.search_since = Stage.SEARCHING, 100.0
    assert [wish.keeps_its_turn(boot) for boot in (100.0, 104.9, 105.0)] == [True, True, False]
    wish.stage = Stage.WAITING
    assert not wish.keeps_its_turn(100.0)


def test_a_wish_may_wait_while_any_of_its_calls_may() -> None:
    """Not at the very end of the last one."""
    wish = asked(0.0, 1)
    wish.calls = calls_of(wish, (1.0, 5.0), (3.0, 5.0))
    assert [wish.may_wait(boot) for boot in (0.0, 2.0, 3.0)] == [True, True, False]


def test_a_wisher_is_an_owner_at_a_client_in_a_pool() -> None:
    """Each of these counts, and the selector, however it is written; and nothing else of the wish."""
    wish = asked(0.0, 1, by="jenkins", note="n")
    assert wish.same_wisher(replace(wish.wish, note="other", request_id="other"))
    others = [replace(wish.wish, owner="you"), replace(wish.wish, by="ann"), replace(wish.wish, pool="other")]
    others.append(replace(wish.wish, select=parse("size=big")))
    assert not any(wish.same_wisher(other) for other in others)


def test_only_the_ppa_that_is_wished_for_fits_and_no_burnt_one() -> None:
    """Named, it is that one or none; what is burnt for the wish is passed by, whoever else is free."""
    desk = Desk("a", "b")
    named = asked(0.0, 1)
    named.wish = replace(named.wish, ppa=ref("b"))
    ppas = FreePpas(desk.core, [ref("b"), ref("a")])
    assert ppas.fit(asked(0.0, 2), Want("default")) == [ref("b"), ref("a")]
    assert ppas.fit(named, Want("default")) == [ref("b")]
    named.burnt[ref("b")] = "hello 1"
    assert ppas.fit(named, Want("default")) == []


def test_a_ppa_fits_by_pool_and_labels() -> None:
    """As they are now, and each request what it asks for, in the order of those that are free."""
    own = {"a": {"size": "big"}, "b": {}, "c": {"size": "big", "gpu": ""}}
    pools = {"default": Pool("default", (*map(ref, own),), PoolOptions(), {}, {ref(a): own[a] for a in own})}
    pools["other"] = Pool("other", (ref("d"),), PoolOptions(), {"size": "big"})
    desk = Desk(given=settings(pools=pools))
    request, ppas = asked(0.0, 1), [ref(name) for name in "dcba"]

    def fit(select: str, pool: str = "default") -> list[str]:
        return [ppa.name for ppa in FreePpas(desk.core, ppas).fit(request, Want(pool, parse(select)))]

    assert [fit(select) for select in ("", "size=big", "size=big,!gpu", "size=small")] == [[*"cba"], [*"ca"], ["a"], []]
    assert (fit("size=big", "other"), fit("", "none")) == (["d"], [])
    desk.supervisor.reload(settings(pools={**pools, "default": replace(pools["default"], own_labels={})}))
    assert (fit("!gpu"), fit("size=big")) == ([*"cba"], [])


def test_what_is_not_known_of_a_ppa_does_not_fit_and_may_match() -> None:
    """Once it is told it does; what is served to the end of its lease only never does."""
    wish = asked(0.0, 1)
    wish.wish = replace(wish.wish, select=parse("!lp/arch-armhf"))
    desk = Desk("a")
    managed = desk.core.registry.ppas[ref("a")]
    ppas = FreePpas(desk.core, [ref("a")])
    assert may_match(wish.wish, managed) is None
    assert ppas.fit(wish, Want("default", wish.wish.select)) == []
    managed.processors = ("amd64",)
    desk.core.registry.indexed(managed)
    assert ppas.fit(wish, Want("default", wish.wish.select)) == [ref("a")]
    managed.lent = False
    assert may_match(wish.wish, managed) is False


def test_what_was_asked_holds_for_the_same_lease_in_the_same_condition() -> None:
    """A touch changes nothing of it; another lease, state or condition does, and a PPA without a record has none."""
    used = Record(
        serial=1, nonce="n", state=State.USED, since=START, touched=START, pool="default", owner="me", lease="l"
    )
    seen = Snapshot(ref("a"), "default", used, Condition.OK)
    assert state_of(seen) == ((State.USED, "l"), Condition.OK)
    assert state_of(replace(seen, record=replace(used, serial=2, nonce="m"))) == state_of(seen)
    assert state_of(replace(seen, record=None)) == ((None, None), Condition.OK)
    assert (nonce_of(seen), nonce_of(replace(seen, record=None))) == ("n", None)


def test_a_record_is_of_its_client_and_request_id() -> None:
    """Two clients may choose one id."""
    used = Record(
        serial=1, nonce="n", state=State.USED, since=START, touched=START, pool="default", owner="me", lease="l",
        by="jenkins", request="r",
    )  # fmt: skip
    assert key_in(used) == Key("jenkins", "r")
    assert (key_in(replace(used, request=None)), key_in(None)) == (None, None)


def test_the_deadline_of_a_wish_is_that_of_its_last_call() -> None:
    """None of its calls has to be answered: no deadline at all."""
    wish = asked(0.0, 1)
    assert wish.deadline == 0.0
    wish.calls = calls_of(wish, (1.0, 5.0), (1.0, 7.0))
    assert wish.deadline == 7.0
