"""I4: the daemon is killed at every request of its start and of telling a lease again, one start after the other."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from ppa_assigner.record import Record, State

from ..cleaning.proof import assert_free_was_proved, pattern, state_of
from ..cleaning.stage import EACH, free_ppas
from ..processes import Daemon, Launchpad, configure, running, running_launchpad
from ..test_daemon import records
from ..waiting import until
from .trial import SETTLE, Point, Way, points

KEPT, IDLE = "~ci-pool/ubuntu/kept-001", "~ci-pool/ubuntu/idle-001"
OWN = rf"/devel/$|/~ci-pool/ppas\?|{pattern(KEPT)}"  # in this order: login, first look, the look for a lease, its raise
SERIES = r"/ubuntu/series\?"  # asked for once, by the first clean
WISH = {"owner": "job-1", "ppa": KEPT, "uploader": "~ann", "note": "keep", "ttl": 7200}
LONG_S = 90.0


class Chain:
    """A daemon that is killed at one point and, started anew, at the next.  `told` is all that its client was told."""

    def __init__(self, folder: Path, launchpad: Launchpad) -> None:
        self.launchpad = launchpad
        self.control = self.launchpad.control
        self.control.person("ann")
        for prefix in ("kept", "idle"):
            free_ppas(self.launchpad, f"{prefix}", 1)
        self.daemon: Daemon = configure(folder, self.launchpad, look_every="1h")
        self.new: list[str] = []
        self.told: list[dict[str, Any]] = []
        self.late: int | None = None
        self.attempts = itertools.count()

    def serve(self) -> None:
        """There is always a PPA that is to be cleaned, so that the series are asked for."""
        if all(state_of({"description": self.control.description(ppa)}) is State.FREE for ppa in self.new):
            self.new += self.control.ppas("ci-pool", names=[f"new-{len(self.new):03}"])
        document = json.loads(self.daemon.config.read_text())
        document["launchpad"]["timeout"] = {"read": LONG_S, "total": LONG_S}
        document["pools"] = {"default": {"ppas": [KEPT, IDLE, *self.new], **EACH, "settle": SETTLE}}
        self.daemon.config.write_text(json.dumps(document))

    def ask(self) -> None:
        """The client asks, or asks again; its answer may be lost."""
        with suppress(httpx.TransportError):
            answer = self.daemon.assign("wish", attempt=next(self.attempts), **WISH)
            assert answer.status_code in (200, 201), answer.text
            self.told.append(answer.json())

    def whole(self) -> list[Point]:
        """A start that is not disturbed, with a lease that is told again; all points that there are in it."""
        self.serve()
        since = self.control.last()
        self.daemon.start()
        self.ask()
        assert self.control.log(since=since, path=SERIES, least=1, timeout=LONG_S)
        self.daemon.kill()
        return [
            *points("own", self.control.log(since=since, path=OWN, state="any")),
            *points("series", self.control.log(since=since, path=SERIES, state="any")),
        ]

    def killed_at(self, point: Point) -> None:
        """Started, and killed there; what was to land late from the start before lands after the first look."""
        self.serve()
        rule = self._stopped_at(point)
        with ThreadPoolExecutor(1) as pool:
            self.daemon.launch()
            until(lambda: self._held(rule) or self.daemon.ready, f"{point} or ready", LONG_S)
            self._land()
            asked = None if self._held(rule) else pool.submit(self.ask)
            until(lambda: self._held(rule), str(point), LONG_S)
            self._kill(rule, point.way)
            if asked is not None:
                asked.result(LONG_S)

    def _stopped_at(self, point: Point) -> int:
        path, after = OWN if point.kind == "own" else SERIES, point.way in (Way.APPLIED, Way.ANSWERED)
        action = "hold_after" if after else "hold"
        return self.control.fault(action, path=path, skip=point.number - 1, times=1)

    def _held(self, rule: int) -> int | None:
        return next((held["number"] for held in self.control.held() if held["rule"] == rule), None)

    def _land(self) -> None:
        if self.late is not None and self.daemon.ready:
            self.control.release(rule=self.late)
            self.late = None

    def _kill(self, rule: int, way: Way) -> None:
        number = self._held(rule)
        assert number is not None
        if way is Way.ANSWERED:
            self.control.release(number)
            until(lambda: self.control.log(since=number - 1, path=f"{OWN}|{SERIES}"), "its answer", LONG_S)
        self.daemon.kill()
        self.control.unfault()
        if way is Way.LANDS_LATE:
            self.late = rule
        elif way is not Way.ANSWERED:
            self.control.release(number, verdict="drop")


@pytest.fixture
def chain(tmp_path: Path) -> Iterator[Chain]:
    """Nothing has run yet."""
    with running_launchpad("--owner", "ci-pool", "--ppas", "0") as launchpad:
        chain = Chain(tmp_path, launchpad)
        with running(chain.daemon):
            yield chain


def same(record: Record) -> Record:
    """What no start and no asking again may change."""
    return replace(record, serial=0, nonce="", attempt=0, touched=record.since)


@pytest.mark.timeout(600)
def test_killed_at_every_request_of_its_start(chain: Chain, record_property: Callable[[str, object], None]) -> None:
    """Login, first look, and what a client who asks again brings about: the lease stays what it was and is the only
    one, what is free is not written to, and what is new is taken in and proved in the end.
    """
    chain.whole()
    lent = records(chain.launchpad, KEPT)[-1]
    every = chain.whole()
    for point in every:
        chain.killed_at(point)
        assert same(records(chain.launchpad, KEPT)[-1]) == same(lent), point
    chain.daemon.start().wait_for_states(60, used=1, free=len(chain.new) + 1)
    chain.ask()
    assert {told["id"] for told in chain.told} == {lent.lease}
    assert chain.told[-1]["until"] == chain.told[0]["until"]
    assert chain.control.ppa(KEPT)["uploaders"] == ["ann"]
    history = records(chain.launchpad, KEPT)
    assert [record.serial for record in history] == list(range(1, len(history) + 1))
    assert len({record.nonce for record in history}) == len(history)
    assert {entry["request"] for entry in chain.control.descriptions(IDLE)} == {None}
    for ppa in chain.new:
        assert_free_was_proved(chain.launchpad, ppa, SETTLE)
    found = sum(point.ways for point in every)
    assert found == len(Way) * (len({(point.kind, point.number) for point in every}))
    record_property("crash points", found)
