"""Launchpad is away in one way or another: answers in time, what is known with its age, no storm, nothing lost.

One daemon for each way, all at once on one stand-in: what costs time here is waiting.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from ppa_assigner.record import State

from ..processes import Launchpad, start_launchpad
from ..test_daemon import MOVES, records
from .site import (
    CONNECTIONS,
    LOOK_EVERY,
    SLACK,
    TOTAL,
    Answered,
    Site,
    busiest_second,
    eventually,
    lasting,
    most_at_once,
    site,
    together,
)

IDLE = 8
OUTAGE = 12.0
"""Longer than the idle lease may be silent (10 s)."""
PAGE = "<html><body><h1>Launchpad is down for maintenance</h1></body></html>"
HTML = {"Content-Type": "text/html; charset=utf-8"}
PER_PPA = 10
"""Requests per PPA that an outage of OUTAGE seconds may cost: the one under way, and what the back-off lets through."""


@dataclass(frozen=True)
class Way:
    """How Launchpad is away.  `busy`: so many PPAs are dirty, and as many clients but two wait."""

    action: str
    busy: int = 6
    rule: dict[str, Any] = field(default_factory=dict)


WAYS = {
    "hangs": Way("hang", busy=16),
    "maintenance": Way("status", 40, {"status": 503, "text": PAGE, "headers": {**HTML, "Retry-After": "3"}}),
    "gateway": Way("status", 6, {"status": 502, "text": "<html>Bad Gateway</html>", "headers": HTML}),
    "trickles": Way("trickle", 6, {"seconds": 60}),
    "breaks": Way("drop_before"),
    "suspended": Way("suspended"),
}


@dataclass
class Story:
    """What one daemon goes through."""

    site: Site
    way: Way
    kept: dict[str, Any] = field(default_factory=dict)
    loud: dict[str, Any] = field(default_factory=dict)
    waiting: list[Future[Answered]] = field(default_factory=list)
    served: list[float] = field(default_factory=list)
    rules: tuple[int, ...] = ()
    recovered: float = 0.0

    @property
    def ppas(self) -> list[str]:
        return [*self.site.free, *self.site.dirty]

    def before(self) -> None:
        """Of three free PPAs one is lent to somebody who stays silent, one to somebody who does not, and one is asked
        for when the outage begins; clients wait for the dirty ones.
        """
        self.site.start()
        self.kept = self.site.assign("kept", idle=IDLE, owner="silent").document
        self.loud = self.site.assign("loud", idle=IDLE).document
        self.site.since = self.site.launchpad.control.last()
        self.begin()
        early = self.site.assign("early")
        assert (early.status, early.kind) == (503, "launchpad-unavailable"), early
        assert early.seconds < TOTAL + SLACK
        self.waiting = self.site.wishes(self.way.busy - 2, 90)

    def begin(self) -> None:
        if self.way.action == "suspended":
            self.site.launchpad.control.suspend(f"bot-{self.site.name}")
        else:
            self.rules = (self.site.fault(self.way.action, **self.way.rule),)

    def end(self) -> None:
        for one in self.waiting:
            one.add_done_callback(lambda _: self.served.append(time.monotonic()))
        if self.way.action == "suspended":
            self.site.launchpad.control.suspend(f"bot-{self.site.name}", False)
        self.site.heal(*self.rules)

    def requests(self) -> list[dict[str, Any]]:
        """Those since the outage began; whose token is not good has no consumer in the log."""
        refused = self.site.requests(consumer=None, status=401) if self.way.action == "suspended" else []
        return sorted([*self.site.requests(), *refused], key=lambda one: one["number"])


def calls(story: Story) -> dict[str, tuple[str, str, Any, float, tuple[int, ...]]]:
    """Calls of the API: method, path, body, seconds it may wait, how it may be answered."""
    lease, dirty = story.loud["id"], story.site.dirty
    wish = {"owner": "tester", "pool": "default"}
    return {
        "assign": ("POST", "/v1/leases", {**wish, "request_id": "now"}, 0, (503,)),
        "assign again": ("POST", "/v1/leases", {**wish, "request_id": "again", "attempt": 1}, 0, (503,)),
        "assign and wait": ("POST", "/v1/leases", {**wish, "request_id": "later", "wait": 2}, 2, (503,)),
        "assign what it has": ("POST", "/v1/leases", {**wish, "request_id": "loud"}, 0, (503,)),
        "touch": ("POST", f"/v1/leases/{lease}/touch", {"ttl": 7200}, 0, (503,)),
        "touch what is unknown": ("POST", "/v1/leases/nobody/touch", None, 0, (503,)),
        "release what is unknown": ("DELETE", "/v1/leases/nobody", None, 0, (503,)),
        "withdraw what is unknown": ("DELETE", "/v1/leases?request_id=nobody", None, 0, (503,)),
        "lease that is unknown": ("GET", "/v1/leases/nobody", None, 0, (503,)),
        "content": ("GET", f"/v1/ppas/{dirty[0]}/content", None, 0, (503,)),
        "quarantine": ("POST", f"/v1/ppas/{dirty[1]}/quarantine", {"reason": "look"}, 0, (503,)),
        "hold": ("POST", f"/v1/ppas/{story.loud['ppa']}/hold", {"lease": lease, "for": 60}, 0, (503,)),
        "adopt": ("POST", f"/v1/ppas/{dirty[2]}/adopt", None, 0, (409, 503)),
    }


MEMORY = ("/v1/ppas", "/v1/pools", "/v1/leases", "/healthz", "/readyz")


def during(story: Story) -> None:
    """All calls at once: each answered in its time, and as it should be."""
    site, name = story.site, story.site.name
    eventually(
        lambda: set(site.conditions()) == {"unreachable"}, f"{name}: unreachable", LOOK_EVERY + 4 * TOTAL + SLACK
    )
    seen = {ppa["ppa"]: ppa["seen"] for ppa in site.daemon.ppas()}
    assert all(seen.values())
    asked = {call: site.asked(method, path, body) for call, (method, path, body, _, _) in calls(story).items()}
    for path in (*MEMORY, f"/v1/leases/{story.kept['id']}"):
        told = site.ask("GET", path)
        assert (told.status, told.seconds < SLACK) == (200, True), (name, path, told)
    for call, (_, path, _, wait, wanted) in calls(story).items():
        told = asked[call].result(60)
        assert told.status in wanted, (name, call, told)
        assert told.seconds < wait + TOTAL + SLACK, (name, call, told)
        if told.status == 503:
            assert told.kind == "launchpad-unavailable", (name, call, told)
            assert int(told.headers["retry-after"]) > 0
            assert ("ticket" in told.document) == (path == "/v1/leases"), (name, call, told)
    assert {ppa["ppa"]: ppa["seen"] for ppa in site.daemon.ppas()} == seen, f"{name}: as old as before"
    assert all(ppa["fault"] for ppa in site.daemon.ppas())


def after(story: Story) -> None:
    """By itself: the silent one has its lease, who waited is served, who asked before asks again and gets one PPA."""
    site, healed = story.site, time.monotonic()
    touch = f"/v1/leases/{story.kept['id']}/touch"
    shown = f"/v1/ppas/{story.kept['ppa']}"
    eventually(lambda: site.ask("GET", shown).document["condition"] == "ok", f"{site.name}: in reach")
    touched = site.ask("POST", touch)
    assert touched.status == 200, (site.name, touched)
    assert {k: touched.document[k] for k in ("owner", "until")} == {k: story.kept[k] for k in ("owner", "until")}
    assert State.DIRTY not in [one.state for one in records(site.launchpad, story.kept["ppa"])]
    again = site.assign("early", attempt=1, wait=60)
    assert again.status in (200, 201), (site.name, again)
    told = [one.result(90) for one in story.waiting]
    assert {one.status for one in told} == {201}, (site.name, [one.document for one in told])
    # the silent one is silent again: its lease may have ended since, and its PPA have been lent
    assert len({one.document["ppa"] for one in told} | {again.document["ppa"]}) == len(told) + 1
    story.recovered = min(story.served) - healed
    assert story.recovered < 30, site.name
    nothing_lost(story)


def nothing_lost(story: Story) -> None:
    """Each record is the successor of the one before it, and no lease ended."""
    for ppa in story.ppas:
        history = records(story.site.launchpad, ppa)
        assert [one.serial for one in history] == list(range(1, len(history) + 1)), ppa
        assert len({one.nonce for one in history}) == len(history)
        states = [one.state for one in history]
        assert set(pairwise(states)) <= MOVES
        ended = (State.USED, State.DIRTY) in pairwise(states)
        assert not ended or ppa in (story.kept["ppa"], story.loud["ppa"]), f"{ppa}: a lease ended"


def no_storm(story: Story, asked: list[dict[str, Any]]) -> None:
    """An outage costs a few requests per PPA, however many clients ask and wait; never more at once than allowed."""
    site, ppas = story.site, len(story.ppas)
    assert len(asked) <= PER_PPA * ppas + 2 * OUTAGE, (site.name, len(asked))
    assert most_at_once(asked) <= CONNECTIONS
    middle = [one for one in asked if one["started"] > asked[0]["started"] + OUTAGE / 2]
    assert busiest_second(middle) <= ppas + 8, (site.name, "it does not calm down")


@pytest.fixture
def launchpad() -> Any:
    """A stand-in."""
    launchpad = start_launchpad("--owner", "ci-pool")
    yield launchpad
    launchpad.stop()


@pytest.mark.timeout(240)
def test_launchpad_is_away(
    tmp_path: Path, launchpad: Launchpad, record_property: Callable[[str, object], None]
) -> None:
    """Hanging, 502, maintenance, trickling, breaking connections, an account that is suspended: and back again."""
    opened = {
        name: site(tmp_path, launchpad, name, 3, way.busy, person=f"bot-{name}", settle="4s")
        for name, way in WAYS.items()
    }
    stories = {name: Story(opened[name].__enter__(), way) for name, way in WAYS.items()}
    try:
        together([story.before for story in stories.values()])
        began = time.monotonic()
        together([lambda story=story: during(story) for story in stories.values()])
        lasting(began + OUTAGE - time.monotonic())
        for name, story in stories.items():
            assert not any(one.done() for one in story.waiting), f"{name}: clients lost their wait"
            no_storm(story, story.requests())
            story.site.since = launchpad.control.last()
        for story in stories.values():
            story.end()
        together([lambda story=story: after(story) for story in stories.values()])
        for story in stories.values():
            assert most_at_once(story.requests()) <= CONNECTIONS
    finally:
        for one in opened.values():
            one.__exit__(None, None, None)
    record_property("troubles", len(WAYS))
