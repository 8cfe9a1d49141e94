"""Priorities, fair shares and quotas, at the supervisor: who is served first, who is skipped, what they are told."""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from ppa_assigner.access import ClientConfig
from ppa_assigner.automaton.events import Assign
from ppa_assigner.config import Pool, Settings
from ppa_assigner.options import LineOrder, PoolOptions
from ppa_assigner.problems import Kind
from ppa_assigner.selectors import parse
from ppa_assigner.views import Want

from .fakecrew import Desk, lent, problem, ref
from .settings import settings

MINUTE = 60.0


def desk(*names: str, client: dict[str, Any] | None = None, used: bool = True, **options: Any) -> Desk:
    """One whose PPAs are all used at first; `client` is what the client `c` may do, `options` are the pool's."""
    made = Desk(*names)
    made.supervisor.reload(with_options(names, client, **options))
    for name in names:
        if used:
            made[name].used(f"of-{name}")
        else:
            made[name].free()
    return made


def with_options(names: tuple[str, ...], client: dict[str, Any] | None = None, **options: Any) -> Settings:
    """Settings of one pool."""
    found = settings(*map(ref, names), options=PoolOptions(settle=0.0, **options))
    clients = (ClientConfig("c", "0" * 64, **client),) if client is not None else ()
    return replace(found, api=replace(found.api, clients=clients))


def served(made: Desk, name: str = "a") -> str | None:
    """The request that this PPA, which becomes free now, is lent to."""
    made[name].free()
    return made[name].lend().request if made.asked() else None


def order(made: Desk) -> list[str]:
    """Who waits, in the order in which they are served."""
    return [one.request_id for one in made.supervisor.line()]


# -- priorities and shares ---------------------------------------------------------------------------------------------


def test_a_step_of_priority_is_worth_its_time_and_no_more() -> None:
    """Ten minutes: one that asked earlier than that is served first all the same."""
    made = desk("a")
    made.ask("early", wait=3000.0)
    made.wait(11 * MINUTE)
    made.ask("late", wait=3000.0)
    made.ask("urgent", wait=3000.0, priority=1)
    assert order(made) == ["early", "urgent", "late"]
    made.wait(MINUTE)
    made.ask("most urgent", wait=3000.0, priority=100)
    assert [served(made) for _ in range(4)] == ["most urgent", "early", "urgent", "late"]


def test_who_has_more_waits_longer_where_shares_are_fair() -> None:
    """Each lease, and each request that came before, is worth a step; another owner's do not count."""
    made = desk("a", "b", order=LineOrder(fair_step=5 * MINUTE))
    made["b"].used("other", owner="greedy")
    for number in range(3):
        made.ask(f"g{number}", wait=3000.0, owner="greedy")
    made.wait(MINUTE)
    made.ask("modest", wait=3000.0, owner="modest")
    assert order(made) == ["modest", "g0", "g1", "g2"]
    assert [one.position for one in made.supervisor.line()] == [1, 2, 3, 4]


def test_what_counts_for_a_share_is_the_clients_for_this_owner() -> None:
    """Once each: what waits, and what is being assigned."""
    fair = LineOrder(fair_step=5 * MINUTE)
    made = desk("a", order=fair)
    made.ask("c1", wait=3000.0, by="c", owner="ann")
    made.ask("c2", wait=3000.0, by="c", owner="ann")
    made.wait(MINUTE)
    made.ask("d1", wait=3000.0, by="d", owner="ann")
    assert order(made) == ["c1", "d1", "c2"]
    other = desk("a", order=fair)
    other.ask("c1", wait=3000.0, by="c", owner="ann")
    other["a"].free()
    other.ask("c2", wait=3000.0, by="c", owner="ann")
    other.wait(6 * MINUTE)
    other.ask("d1", wait=3000.0, by="d", owner="ann")
    assert order(other) == ["c2", "d1"]


def test_the_place_of_a_priority_outlives_the_daemon_in_its_ticket() -> None:
    """With its key: another order of the pool changes nothing of it, and another priority makes it worth nothing."""
    made = desk("a")
    made.ask("early", wait=3000.0)
    made.wait(MINUTE)
    told = problem(made.ask("urgent", priority=3))
    assert (told.kind, told.facts["position"]) == (Kind.NONE_FREE, 1)
    ticket = told.facts["ticket"]
    other = desk("a", order=LineOrder(age_step=1.0))
    other.wait(2 * MINUTE)
    other.ask("first", wait=3000.0, priority=100)
    other.ask("urgent", wait=3000.0, priority=3, ticket=ticket)
    assert order(other) == ["urgent", "first"]
    again = desk("a")
    again.wait(2 * MINUTE)
    again.ask("first", wait=3000.0)
    again.ask("urgent", wait=3000.0, ticket=ticket)
    assert order(again) == ["first", "urgent"]


def test_another_priority_of_a_request_that_waits_is_a_new_place() -> None:
    """For all connections that share it; the same one keeps the place."""
    made = desk("a")
    made.ask("r", wait=3000.0, priority=5)
    made.ask("s", wait=3000.0, priority=4)
    made.ask("r", wait=3000.0, priority=5)
    assert order(made) == ["r", "s"]
    made.ask("r", wait=3000.0, priority=4)
    assert order(made) == ["s", "r"]
    made.ask("r", wait=3000.0, priority=9)
    assert order(made) == ["r", "s"]


def test_who_comes_back_to_its_place_has_it_by_its_priority() -> None:
    """Also where it is searched for, since an attempt was left out; it has waited since it first asked, and may wait
    though no more of its client may by now.
    """
    made = desk("a", client={"max_waiting": 2})
    made.ask("early", wait=3000.0)
    call = made.ask("r", wait=1.0, by="c", priority=1)
    since = {one.request_id: one.since for one in made.supervisor.line()}["r"]
    made.wait(1.0)
    assert problem(call).kind is Kind.NONE_FREE
    made.supervisor.reload(with_options(("a",), {"max_waiting": 0}))
    made.ask("r", wait=3000.0, by="c", priority=1, attempt=2)
    made.look()
    assert order(made) == ["r", "early"]
    assert made.supervisor.line()[0].since == since


def test_a_kept_place_is_only_for_the_same_priority() -> None:
    """One that comes back with another one has a new place, by that."""
    made = desk("a")
    call = made.ask("r", wait=1.0)
    made.ask("s", wait=3000.0)
    made.wait(1.0)
    assert problem(call).kind is Kind.NONE_FREE
    made.ask("r", wait=3000.0, priority=1, attempt=1)
    made.look()
    assert order(made) == ["r", "s"]
    assert made.supervisor.line()[0].since > made.supervisor.line()[1].since


def test_who_has_waited_longest_is_told_though_others_are_served_first() -> None:
    """The metric is about waiting, not about places."""
    made = desk("a")
    made.ask("early", wait=3000.0)
    made.wait(10.0)
    made.ask("urgent", wait=3000.0, priority=9)
    assert made.supervisor.pools()[0].oldest_wait == pytest.approx(10.0, abs=1.1)


def test_a_ppa_that_another_one_names_is_left_to_it() -> None:
    """Of those that fit, the one that the fewest of those that wait could use, though it was not free for so long."""
    made = desk("a", "b", used=False)
    made["b"].free(5)
    made.ask("any", wait=3000.0, attempt=1)
    made.ask("that", wait=3000.0, attempt=1, ppa=ref("a"))
    made.look()
    assert (made["b"].lend().request, made["a"].lend().request) == ("any", "that")


def test_the_line_says_of_one_ppa_how_it_is() -> None:
    """Where that one alone is waited for."""
    made = desk("a")
    made.ask(wait=3000.0, ppa=ref("a"))
    assert [one.why for one in made.supervisor.line()] == [f"{ref('a')} is used"]


# -- quotas ------------------------------------------------------------------------------------------------------------


def test_a_client_over_its_quota_keeps_its_place_and_others_go_on() -> None:
    """What is being assigned counts; once a lease is over it is served before those who came later."""
    made = desk("a", "b", "x", client={"max_leases": 1})
    first = made.ask("c1", wait=3000.0, by="c")
    made.ask("c2", wait=3000.0, by="c")
    made.ask("d", wait=3000.0)
    made["a"].free()
    made["b"].free()
    record = made["a"].lend()
    assert record.request == "c1"
    assert made["b"].lend().request == "d"
    assert lent(first).record.request == "c1"
    assert order(made) == ["c2"]
    assert made.supervisor.line()[0].why == "a quota is full: max_leases 1 of client c"
    made["x"].free()
    assert made.asked() is None
    made["a"].free()
    assert made["a"].lend().request == "c2"


def test_what_its_earlier_requests_want_counts_too() -> None:
    """A later one is told that the quota is full, though no lease fills it yet."""
    made = desk("a", client={"max_leases": 1})
    made.ask("c1", wait=3000.0, by="c")
    told = problem(made.ask("c2", by="c"))
    assert (told.kind, told.facts["leases"], told.facts["position"]) == (Kind.QUOTA, [], 2)


def test_who_fits_a_quota_exactly_is_none_free_and_not_over_it() -> None:
    """With what its client's earlier requests want; those of others, and later ones, do not count."""
    made = desk("a", client={"max_leases": 2})
    made.ask("other", wait=3000.0, by="d")
    made.ask("c1", wait=3000.0, by="c")
    call = made.ask("c2", wait=1.0, by="c")
    made.ask("c3", wait=3000.0, by="c")
    made.wait(1.0)
    assert problem(call).kind is Kind.NONE_FREE


def test_a_full_quota_is_told_in_place_of_none_free_with_what_fills_it() -> None:
    """At the end of the wait; the ticket keeps the place."""
    made = desk("a", "b", client={"max_leases": 1}, used=False)
    held = made.ask("c1", by="c")
    made["a"].lend()
    call = made.ask("c2", by="c", wait=5.0)
    assert not call.future.done()
    made.wait(5.0)
    told = problem(call)
    assert told.kind is Kind.QUOTA
    assert [each.record.lease for each in told.facts["leases"]] == [lent(held).record.lease]
    assert told.facts["ticket"]
    assert told.retry_after


def test_an_owner_may_have_so_many_of_a_pool() -> None:
    """Another owner of the same client goes on."""
    made = desk("a", "b", "x", max_per_owner=1, used=False)
    made.ask("one", owner="ann")
    made["a"].lend()
    told = problem(made.ask("two", owner="ann"))
    assert (told.kind, [lease.ppa for lease in told.facts["leases"]]) == (Kind.QUOTA, [ref("a")])
    made.ask("three", owner="bob")
    assert made["b"].lend().request == "three"


def test_a_group_counts_for_an_owner_in_each_pool_that_it_takes_of() -> None:
    """Not of the first one alone."""
    limited = PoolOptions(settle=0.0, max_per_owner=2)
    pools = {"a": Pool("a", (ref("a"),), PoolOptions(settle=0.0)), "b": Pool("b", (ref("b"), ref("d")), limited)}
    made = Desk("a", "b", "d", given=settings(pools=pools))
    for name in "ad":
        made[name].free()
    made["b"].used("one", owner="ann", pool="b")
    group: dict[str, Any] = {"owner": "ann", "pool": "a", "want": (Want("a"), Want("b", count=2))}
    assert problem(made.ask("two", **group)).kind is Kind.QUOTA
    waits = made.ask("four", wait=3000.0, **group)
    (shown,) = made.supervisor.line("a")
    assert shown.why == "a quota is full: max_per_owner 2 of owner ann in pool b"
    assert made.asked() is None
    assert not waits.future.done()


@pytest.mark.parametrize("client", [{"max_leases": 0}, {"max_waiting": 0}])
def test_one_that_can_never_be_served_or_may_not_wait_is_told_at_once(client: dict[str, int]) -> None:
    """However long it would wait; it has no place in the line."""
    made = desk("a", client=client)
    told = problem(made.ask("c1", by="c", wait=3000.0))
    assert (told.kind, told.facts["position"], told.facts["leases"]) == (Kind.QUOTA, None, [])
    assert order(made) == []


def test_so_many_of_a_client_may_wait() -> None:
    """The next one that would is told at once; one that is served at once, or goes on at its place, is none of them."""
    made = desk("a", client={"max_waiting": 1})
    first = made.ask("c1", by="c", wait=1.0)
    assert problem(made.ask("c2", by="c", wait=3000.0)).kind is Kind.QUOTA
    assert problem(made.ask("c3", by="c")).kind is Kind.NONE_FREE
    made.wait(1.0)
    assert problem(first).kind is Kind.NONE_FREE
    assert problem(made.ask("c2", by="c", wait=3000.0)).kind is Kind.QUOTA
    made.ask("c1", by="c", wait=3000.0, attempt=1)
    assert order(made) == ["c1"]


def test_who_waits_no_more_keeps_no_other_of_its_client_from_waiting() -> None:
    """Nor does another client's."""
    made = desk("a", "b", client={"max_waiting": 1})
    made.ask("d", wait=3000.0, by="d")
    made.ask("c1", wait=3000.0, by="c")
    made["a"].free()
    made["b"].free()
    assert made["b"].take(Assign).wish.request_id == "c1"
    made.ask("c2", wait=3000.0, by="c")
    assert order(made) == ["c2"]


def test_a_reload_takes_up_other_quotas() -> None:
    """Those who wait are matched by them at once."""
    made = desk("a", client={"max_leases": 1}, used=False)
    made.ask("c1", by="c")
    made["a"].lend()
    made.supervisor.reload(with_options(("a", "b"), {"max_leases": 1}))
    made["b"].free()
    made.ask("c2", wait=3000.0, by="c")
    assert made.asked() is None
    made.supervisor.reload(with_options(("a", "b"), {"max_leases": 2}))
    assert made["b"].lend().request == "c2"


def test_a_quota_of_a_client_holds_over_all_pools() -> None:
    """A lease that ends in one pool lets its client's request of another one go on."""
    pools = {name: Pool(name, (ref(name),), PoolOptions(settle=0.0)) for name in "ab"}
    found = settings(pools=pools)
    client = ClientConfig("c", "0" * 64, max_leases=1)
    made = Desk("a", "b", given=replace(found, api=replace(found.api, clients=(client,))))
    made["a"].free()
    made["b"].free()
    made.ask("c1", by="c", pool="a")
    made["a"].lend()
    made.ask("c2", by="c", pool="b", wait=3000.0)
    assert made.asked() is None
    made["a"].free()
    assert made["b"].lend().request == "c2"


def test_the_line_says_what_each_one_waits_for() -> None:
    """In the words that its refusal would have; one that is searched for says so."""
    made = desk("a")
    made.ask("plain", wait=3000.0)
    made.ask("again", wait=3000.0, attempt=1)
    plain, again = made.supervisor.line("default")
    assert plain.why.startswith("no PPA of pool 'default' is free")
    assert "searched for" in again.why
    assert made.supervisor.line("other") == []


# -- many --------------------------------------------------------------------------------------------------------------


def calls_for_a_free_ppa(many: int) -> int:
    """How many functions of the supervisor are called when a PPA becomes free for which so many wait, each with a
    priority, a selector of one of two, and quotas.
    """
    made = desk("a", "b", client={"max_leases": 5000}, max_per_owner=5000, order=LineOrder(fair_step=1.0))
    for number in range(many):
        select = parse("!x" if number % 2 else "!y,!z")
        made.ask(f"r{number}", wait=3000.0, by="c", owner=f"o{number % 9}", priority=number % 101, select=select)
    called = Counter[str]()
    sys.setprofile(lambda frame, what, _: called.update([what] if "supervisor" in frame.f_code.co_filename else []))
    try:
        made["a"].free()
    finally:
        sys.setprofile(None)
    assert made["a"].lend().request
    return called["call"]


def test_what_a_free_ppa_costs_does_not_grow_with_those_who_wait() -> None:
    """The line is gone along only as far as it is served."""
    assert calls_for_a_free_ppa(400) <= calls_for_a_free_ppa(20) + 5
