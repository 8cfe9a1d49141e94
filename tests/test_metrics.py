"""Metrics: what is counted, under which few labels, and what a scrape costs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from prometheus_client.parser import text_string_to_metric_families

from ppa_assigner.api.long_poll import ClientGoneError
from ppa_assigner.api.metrics import LaunchpadMetrics, Metrics, requests
from ppa_assigner.api.metrics.labels import PoolLabels
from ppa_assigner.api.metrics.requests import outcome_of
from ppa_assigner.automaton.events import Transition
from ppa_assigner.config import Pool
from ppa_assigner.launchpad import RequestOutcome
from ppa_assigner.options import PoolOptions
from ppa_assigner.port import Lane, Moment
from ppa_assigner.problems import Kind, Problem
from ppa_assigner.record import State
from ppa_assigner.views import AssignRequest, Condition, LeaseView

from .fakecrew import Desk, ref
from .memory import START
from .settings import settings

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def told(metrics: Metrics) -> Samples:
    """All samples of a scrape."""
    text = bytes(metrics.answer().body).decode()
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


@dataclass
class Scrape:
    """What one scrape told; names without their common beginning."""

    samples: Samples

    def __call__(self, name: str, **labels: str) -> float | None:
        wanted = {key.rstrip("_"): value for key, value in labels.items()}
        return self.samples.get((f"ppa_assigner_{name}", frozenset(wanted.items())))


def scrape(metrics: Metrics) -> Scrape:
    """Now."""
    return Scrape(told(metrics))


# -- requests to Launchpad --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (209, "written"), (412, "conflict"), (404, "gone"), (410, "gone"), (400, "refused"), (401, "refused"),
        (500, "unknown"), (503, "unknown"), ("no-answer", "unknown"), ("not-sent", "not-sent"),
        (200, "unknown"), (302, "unknown"),  # nothing that Launchpad answers to a write
    ],
)  # fmt: skip
def test_outcomes_of_writes_are_kept_apart(status: int | str, outcome: str) -> None:
    """Only 209 is a success (docs/explanation/protocol.md#outcomes-of-a-write)."""
    assert outcome_of(status) == outcome


def test_requests_are_counted_by_what_became_of_them() -> None:
    """All outcomes of writes are there from the start, so that a first one is an increase."""
    traffic = LaunchpadMetrics()
    metrics = Metrics(Desk("a").supervisor, traffic)
    assert scrape(metrics)("launchpad_writes_total", outcome="conflict") == 0
    for method, lane, outcome in (
        ("GET", Lane.WORK, 200), ("GET", Lane.WORK, 200),
        ("PATCH", Lane.ASSIGN, 412), ("PATCH", Lane.WORK, "no-answer"),
    ):  # fmt: skip
        traffic.on_request(RequestOutcome(method, lane, outcome, 0.2))
    now = scrape(metrics)
    assert now("launchpad_requests_total", method="GET", status="200") == 2
    assert now("launchpad_requests_total", method="PATCH", status="no-answer") == 1
    assert now("launchpad_writes_total", outcome="conflict") == 1
    assert now("launchpad_writes_total", outcome="unknown") == 1
    assert now("launchpad_request_seconds_bucket", method="GET", lane="work", le="0.25") == 2
    assert now("launchpad_request_seconds_bucket", method="GET", lane="work", le="0.1") == 0
    assert now("launchpad_request_seconds_count", method="PATCH", lane="assign") == 1


# -- calls for a PPA --------------------------------------------------------------------------------------------------


def ends(metrics: Metrics, wish: AssignRequest, how: LeaseView | Exception) -> None:
    """A call for a PPA ends like that; who asked hears of it all the same."""

    async def lending() -> LeaseView:
        if isinstance(how, Exception):
            raise how
        return how

    async def counted(call: Awaitable[LeaseView]) -> None:
        assert await metrics.assigns.counted(wish, call) is how

    if isinstance(how, Exception):
        with pytest.raises(type(how)):
            asyncio.run(counted(lending()))
    else:
        asyncio.run(counted(lending()))


def test_assigns_are_counted_by_how_they_ended() -> None:
    """Fresh and known leases, refusals, those who left, and bugs; a pool that there is not is no label."""
    made = Desk("a")
    made["a"].used("r")
    record = made["a"].snapshot.record
    assert record is not None
    metrics, wish = Metrics(made.supervisor), AssignRequest("me", "default", "r")
    ends(metrics, wish, LeaseView(ref("a"), record, fresh=True))
    ends(metrics, replace(wish, attempt=1), LeaseView(ref("a"), record))
    for kind in (Kind.NONE_FREE, Kind.NONE_FREE, Kind.SUPERSEDED, Kind.UNAVAILABLE, Kind.ALL_BURNT, Kind.UNAUTHORIZED,
                 Kind.ORIG_DIFFERS, Kind.NO_MATCH):  # fmt: skip
        ends(metrics, wish, Problem(kind, "because"))
    ends(metrics, replace(wish, pool="whatever"), Problem(Kind.UNKNOWN_POOL, "none such"))
    ends(metrics, wish, ClientGoneError())
    ends(metrics, wish, RuntimeError("a bug"))
    now = scrape(metrics)
    counted = {
        outcome: now("assigns_total", pool="other" if outcome == "unknown-pool" else "default", outcome=outcome)
        for outcome in requests.ASSIGN_OUTCOMES
    }
    assert counted == {
        "created": 1, "again": 1, "none-free": 2, "superseded": 1, "launchpad-unavailable": 1, "all-burnt": 1,
        "unknown-pool": 1, "client-gone": 1, "internal-error": 1, "unauthorized": 1,
        "request-id-taken": 0, "unknown-ppa": 0, "invalid": 0, "orig-differs": 1, "no-match": 1, "too-many": 0,
    }  # fmt: skip
    assert now("assign_seconds_count", pool="default", outcome="none-free") == 2
    assert now("assign_retries_total", pool="default") == 1


def test_pools_that_are_labels_stay_few() -> None:
    """Whatever names records and clients bring: only those that are configured are told apart."""
    configured = {"default"}
    pools = PoolLabels(lambda: configured)
    assert {pools.label(f"pool-{number}") for number in range(1000)} == {"other"}
    assert pools.label("default") == "default"
    configured = {"fast"}
    assert (pools.label("default"), pools.label("fast"), pools.label(None)) == ("other", "fast", "other")


def test_a_pool_is_told_of_from_its_first_moment_to_its_last() -> None:
    """Each of its counters is 0 before anything happened; after a reload without it there is no series of it."""
    made = Desk("a", "b")
    metrics = Metrics(made.supervisor)
    first = scrape(metrics)
    for outcome in requests.ASSIGN_OUTCOMES:
        assert first("assigns_total", pool="default", outcome=outcome) == 0
    assert first("assign_seconds_count", pool="default", outcome="created") == 0
    assert first("assign_retries_total", pool="default") == 0
    assert first("clean_failures_total", pool="default") == 0
    assert first("transitions_total", pool="default", from_="used", to="dirty", why="expired") == 0
    assert first("state_seconds_count", pool="default", state="used") == 0
    assert first("clean_tries_count", pool="default") == 0
    made["b"].used("r")
    ends(metrics, AssignRequest("me", "default", "r"), Problem(Kind.NONE_FREE, "none"))
    made.supervisor.reload(settings(pools={"fast": Pool("fast", (ref("a"),), PoolOptions())}))
    ends(metrics, AssignRequest("me", "default", "r"), Problem(Kind.NONE_FREE, "none"))
    labels = {value for _, found in told(metrics) for name, value in found if name == "pool"}
    assert labels == {"fast", "other"}
    now = scrape(metrics)
    assert now("assigns_total", pool="fast", outcome="created") == 0
    assert now("assigns_total", pool="other", outcome="none-free") == 1
    assert now("oldest_state_seconds", pool="other", state="used") is not None  # served to its end


# -- what happens to PPAs ---------------------------------------------------------------------------------------------


def test_states_cleans_and_alarms_are_counted() -> None:
    """How long each lasted, how many tries a clean took; a lease that goes on under another name is no end."""
    made = Desk("a")
    metrics, tell = Metrics(made.supervisor), made.listener
    used, dirty, free = (
        made["a"].record(state, owner="me", lease="L") for state in (State.USED, State.DIRTY, State.FREE)
    )
    tell.on_transition(ref("a"), Transition(State.FREE, used, "assigned", START, 50.0))
    tell.on_transition(ref("a"), Transition(State.USED, used, "seen", START, 1.0))
    tell.on_transition(ref("a"), Transition(State.USED, dirty, "expired", START, 4000.0))
    tell.on_transition(ref("a"), Transition(State.DIRTY, free, "proved clean", START, 700.0, tries=2))
    tell.on_transition(ref("a"), Transition(None, dirty, "taken in", START))
    tell.on_transition(ref("a"), Transition(None, free, "seen", START, first=True))
    made["a"].show(dirty)
    made["a"].show(replace(dirty, tries=1, fault="no"))
    tell.on_alarm(ref("a"), "look here")
    now = scrape(metrics)
    assert now("transitions_total", pool="default", from_="used", to="dirty", why="expired") == 1
    assert now("transitions_total", pool="default", from_="none", to="dirty", why="taken in") == 1
    assert now("transitions_total", pool="default", from_="none", to="free", why="seen") is None
    assert now("state_seconds_sum", pool="default", state="used") == 4000
    assert now("state_seconds_count", pool="default", state="used") == 1
    assert now("state_seconds_bucket", pool="default", state="dirty", le="900.0") == 1
    assert now("state_seconds_bucket", pool="default", state="dirty", le="600.0") == 0
    assert now("clean_tries_sum", pool="default") == 3
    assert now("clean_failures_total", pool="default") == 1
    assert now("alarms_total") == 1


# -- the pools and the daemon -----------------------------------------------------------------------------------------


def test_the_oldest_of_each_state_is_told() -> None:
    """By Launchpad's clock; a free PPA that is in quarantine is not available."""
    made = Desk("a", "b", "c", "d")
    metrics = Metrics(made.supervisor)
    made["a"].show(made["a"].record(State.DIRTY, minutes=0))
    made["b"].show(made["b"].record(State.DIRTY, minutes=30))
    made["c"].free(10)
    made["d"].show(made["d"].record(State.FREE), Condition.QUARANTINED)
    made.wait(3600.0)
    now = scrape(metrics)
    assert now("oldest_state_seconds", pool="default", state="dirty") == 3600
    assert now("oldest_state_seconds", pool="default", state="free") == 3600
    assert now("oldest_state_seconds", pool="default", state="used") is None
    assert now("ppas", pool="default", state="free") == 2
    assert now("available", pool="default") == 1
    assert now("conditions", pool="default", condition="quarantined") == 1


def test_the_line_is_told() -> None:
    """How many wait, and how long the first one does."""
    made = Desk("a")
    metrics = Metrics(made.supervisor)
    made["a"].used("x")
    made.ask("r", wait=3600.0)
    made.wait(90.0)
    made.ask("s", wait=3600.0)
    now = scrape(metrics)
    assert now("waiting", pool="default") == 2
    assert now("oldest_wait_seconds", pool="default") == pytest.approx(90)


def test_threads_that_die_or_hang_are_told() -> None:
    """A worker that is busy for longer than any request may last is stuck; one that died was replaced."""
    made = Desk("a", "b")
    metrics = Metrics(made.supervisor)
    now = scrape(metrics)
    assert (now("workers"), now("workers_stuck"), now("worker_restarts_total")) == (2, 0, 0)
    made["a"].busy = True
    made["b"].die()
    made.wait(1000.0)
    now = scrape(metrics)
    assert (now("workers"), now("workers_stuck"), now("worker_restarts_total")) == (2, 1, 1)


def test_a_clock_that_is_not_believed_is_an_alarm() -> None:
    """Until both clocks agree again."""
    made = Desk("a")
    metrics, later = Metrics(made.supervisor), START + timedelta(hours=1)
    assert scrape(metrics)("launchpad_clock_alarm") == 0
    made.clock.observe(Moment(later, made.now, made.now))
    assert scrape(metrics)("launchpad_clock_alarm") == 1
    for _ in range(20):
        made.clock.observe(Moment(later, made.now, made.now))
    assert scrape(metrics)("launchpad_clock_alarm") == 1
    made.clock.observe(Moment(START, made.now, made.now))
    assert scrape(metrics)("launchpad_clock_alarm") == 0


def test_the_last_look_is_the_one_that_showed_all() -> None:
    """No answer for one of the owners, and it grows old; before the first one it is as old as can be."""
    made = Desk("a", ready=False)
    metrics, down = Metrics(made.supervisor), True
    made.launchpad.fault = lambda request: "down" if down and request.what == "look" else None
    assert scrape(metrics)("ready") == 0
    made.look()
    assert scrape(metrics)("last_look_timestamp_seconds") == 0
    down = False
    made.look()
    assert scrape(metrics)("ready") == 1
    first = scrape(metrics)("last_look_timestamp_seconds")
    assert first is not None
    assert abs(first - time.time()) < 60
    down = True
    made.wait(5000.0)
    made.look()
    grown = scrape(metrics)("last_look_timestamp_seconds")
    assert grown is not None
    assert abs(grown - (first - 5000)) < 60


# -- the whole --------------------------------------------------------------------------------------------------------


def test_each_daemon_has_its_own() -> None:
    """Two in one process neither clash nor mix."""
    one, two = Metrics(Desk("a").supervisor), Metrics(Desk("a", "b").supervisor)
    one.answered("GET", "/v1/ppas", 200, time.monotonic())
    labels = {"method": "GET", "route": "/v1/ppas", "status": "200"}
    assert (scrape(one)("http_requests_total", **labels), scrape(two)("http_requests_total", **labels)) == (1, None)
    assert (scrape(one)("workers"), scrape(two)("workers")) == (1, 2)


def test_no_name_stands_twice_and_none_is_only_about_time() -> None:
    """One family of each name, each with its text; the times at which series began are left out."""
    answer = Metrics(Desk("a").supervisor).answer()
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    text = bytes(answer.body).decode()
    names = [line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")]
    assert len(set(names)) == len(names) > 30
    assert {
        line.split()[2] for line in text.splitlines() if line.startswith("# HELP") and len(line.split()) > 3
    } == set(names)
    assert "_created" not in text


def test_a_scrape_of_a_thousand_ppas_is_cheap_and_not_longer() -> None:
    """It may be asked for every few seconds, in the loop that answers clients: how much it tells and how long that
    takes must not grow with them.
    """
    few, many = Desk("p"), Desk(*(f"p{number}" for number in range(1000)))
    for made in (few, many):
        for number, worker in enumerate(made.workers.values()):
            worker.used(f"r{number}") if number % 2 else worker.free()
    metrics = Metrics(many.supervisor)
    assert len(told(metrics)) <= len(told(Metrics(few.supervisor))) + 1  # the oldest used one
    assert min(_cpu_seconds(metrics) for _ in range(5)) < 0.1


def _cpu_seconds(metrics: Metrics) -> float:
    began = time.thread_time()
    metrics.answer()
    return time.thread_time() - began
