"""Lives on one stand-in whose daemon is killed while each of them is at a point of its own.

Rule: a point is the k-th request about one PPA, counted by the stand-in; at the kill every life is at its point, which
the stand-in says, not the daemon.  What must hold afterwards is asked of the stand-in's history.
"""

from __future__ import annotations

import enum
import json
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from itertools import count, groupby, pairwise
from pathlib import Path
from typing import Any

from ppa_assigner.backoff import SILENCE_GAP_S
from ppa_assigner.client import Client
from ppa_assigner.record import State, parse_time

from ..cleaning.proof import assert_free_was_proved, assert_words_were_kept
from ..cleaning.stage import BASELINE, EACH
from ..processes import Launchpad, configure, running, start_launchpad
from ..test_daemon import MOVES, records
from ..waiting import until
from .lives import ARRANGED, KINDS, OPTIONS, Expired, Life

SETTLE = 0.5
LONG_S = 120.0
SHARED = r"/devel/$|/~ci-pool/ppas\?|/ubuntu/series\?"  # what a daemon asks for itself, not for one PPA
Entry = dict[str, Any]


class Way(enum.Enum):
    """When the daemon is killed, seen from a request: as it arrives, once it was applied, once its answer was sent, or
    before it was applied, which it is after the next daemon's first look.
    """

    ARRIVED = "hold"
    APPLIED = "hold_after"
    ANSWERED = "answered"
    LANDS_LATE = "late"


@dataclass(frozen=True)
class Point:
    """The k-th request of a life, killed in one way.  `ways` is how many ways of the four this is: a read that is
    applied late is one that the daemon was killed at as it arrived, for it changes nothing.
    """

    kind: str
    number: int
    way: Way
    ways: int = 1

    @property
    def settle(self) -> float:
        """How quiet it was before `free`: a change of a killed daemon lands when it likes, unknown to the next one."""
        return float("-inf") if self.way is Way.LANDS_LATE and self.ways == 1 else SETTLE


def points(kind: str, asked: Iterable[Entry]) -> Iterator[Point]:
    """All points of a life with such requests."""
    for number, request in enumerate(asked, 1):
        for way in Way:
            if request["method"] != "GET":
                yield Point(kind, number, way)
            elif way is not Way.ARRIVED:
                yield Point(kind, number, way, 2 if way is Way.LANDS_LATE else 1)


@dataclass
class Trial:
    """A stand-in, a daemon that is started again and again, and its PPAs."""

    launchpad: Launchpad
    folder: Path

    def __post_init__(self) -> None:
        self._numbers = count(1)
        control = self.launchpad.control
        for person in ("ann", "mia", "keeper", "other"):
            control.person(person)
        control.member("ci-pool", "mia")
        control.ppas("ci-pool", names=["origin"])
        self.daemon = configure(self.folder, self.launchpad, look_every="1h")

    def lives(self, kinds: Iterable[str]) -> list[Life]:
        """New ones, arranged."""
        lives = [KINDS[kind](self.launchpad, self.daemon, f"~ci-pool/ubuntu/life-{next(self._numbers):03}")
                 for kind in kinds]  # fmt: skip
        self.launchpad.control.ppas("ci-pool", names=[life.ppa.rpartition("/")[2] for life in lives])
        for life in lives:
            life.arrange()
        self._serve(lives)
        return lives

    def _serve(self, lives: list[Life]) -> None:
        document = json.loads(self.daemon.config.read_text())
        document["launchpad"] |= {"connections": 256, "timeout": {"read": LONG_S, "total": LONG_S}}
        document["pools"] = {
            pool: {"ppas": ppas, **EACH, "settle": SETTLE, **options}
            for pool, options in OPTIONS.items()
            if (ppas := [life.ppa for life in lives if life.pool == pool])
        }
        self.daemon.config.write_text(json.dumps(document))

    @contextmanager
    def lived(self, lives: list[Life]) -> Iterator[None]:
        """All live meanwhile, and at last all are free."""
        client = Client(f"unix:{self.daemon.address}")
        with ThreadPoolExecutor(len(lives)) as pool:
            futures = [pool.submit(life.live, client) for life in lives]
            try:
                yield
            except BaseException:
                self.launchpad.control.unfault()  # nobody is kept waiting for a test that has failed
                self.launchpad.control.release()
                for future in filter(Future.done, futures):
                    future.result()  # a life that broke off is why the others wait
                raise
            for future in futures:
                future.result(LONG_S)
            self._all_free()
            list(pool.map(lambda life: life.afterwards(client), lives, timeout=LONG_S))
        self._all_free()
        client.close()

    def _all_free(self) -> None:
        # a list of all costs the daemon more than it is worth to hurry
        until(lambda: {ppa["state"] for ppa in self.daemon.ppas()} == {"free"}, "all free", LONG_S, every=0.2)

    def uncrashed(self) -> tuple[dict[str, Life], list[Point]]:
        """Each kind of life, from a start of the daemon to its kill at the end, and all points that there are in it."""
        lives = self.lives(KINDS)
        since = self.launchpad.control.last()
        self.daemon.start()
        with self.lived(lives):
            pass
        self.daemon.kill()
        asked = {life.ppa: requests(life, since) for life in lives}
        mine = [request["number"] for each in asked.values() for request in each]
        shared = [request["number"] for request in self.launchpad.control.log(since=since, path=SHARED)]
        every = [request["number"] for request in self.launchpad.control.log(since=since, state="any")]
        assert sorted(mine + shared) == every  # a request is a life's, or one of the daemon's start
        found = [point for kind, each in zip(KINDS, asked.values(), strict=True) for point in points(kind, each)]
        assert sum(point.ways for point in found) == len(Way) * len(mine)
        return dict(zip(KINDS, lives, strict=True)), found

    def crashed(self, at: Sequence[Point]) -> list[Life]:
        """A life for each point; the daemon is killed when all are at theirs."""
        stops = [Stop(life, point) for life, point in zip(self.lives(each.kind for each in at), at, strict=True)]
        self.daemon.start()
        with self.lived([stop.life for stop in stops]):
            self._kill_at(stops)
            self.daemon.start()
            for stop in stops:
                self.launchpad.control.release(rule=stop.rule)  # what still waits lands now
        return [stop.life for stop in stops]

    def _held(self) -> dict[int, int]:
        """The requests that are held now, by the rule that does."""
        return {entry["rule"]: entry["number"] for entry in self.launchpad.control.held()}

    def _not_yet(self, stops: list[Stop]) -> str:
        """Who is not at its point, and the requests that it made."""
        held = self._held()
        away = [stop for stop in stops if stop.rule not in held]
        return "\n".join(f"{stop.point}: {_asked(stop.life)}" for stop in away)

    def _kill_at(self, stops: list[Stop]) -> None:
        control = self.launchpad.control
        rules = {stop.rule for stop in stops}  # others are held too: how many there are tells nothing
        until(lambda: rules <= self._held().keys(), lambda: self._not_yet(stops), LONG_S, every=0.2)
        held = self._held()
        answered = {stop.rule: held[stop.rule] for stop in stops if stop.point.way is Way.ANSWERED}
        for rule in answered:
            control.release(rule=rule)
        since = min(held.values()) - 1
        until(lambda: set(answered.values()) <= {entry["number"] for entry in control.log(since=since)}, "answers", 30)
        self.daemon.kill()
        met = {rule["id"]: rule["met"] for rule in control.faults()}
        assert [met[stop.rule] for stop in stops] == [1] * len(stops)
        control.unfault()
        late = {stop.rule for stop in stops if stop.point.way is Way.LANDS_LATE}
        for entry in control.held():
            if entry["rule"] not in late:
                control.release(entry["number"], verdict="drop")


class Stop:
    """A life that is stopped at its point by the stand-in."""

    def __init__(self, life: Life, point: Point) -> None:
        self.life, self.point = life, point
        control, path, skip = life.launchpad.control, about(life), point.number - 1
        after = point.way in (Way.APPLIED, Way.ANSWERED)
        self.rule = control.fault("hold_after" if after else "hold", path=path, skip=skip, times=1)
        if point.way is Way.ANSWERED:  # it goes on from there, but no further than to its next request
            control.fault("hold", path=path, skip=skip)


@contextmanager
def trial(folder: Path) -> Iterator[Trial]:
    """Of one series, so that a look is short."""
    launchpad = start_launchpad("--owner", "ci-pool", "--ppas", "0")
    about = launchpad.control.reset(spec={"series": ["noble"]}, owner="ci-pool")
    launchpad.credentials = about["credentials"]
    try:
        each = Trial(launchpad, folder)
        with running(each.daemon):
            yield each
    finally:
        launchpad.stop()


def about(life: Life) -> str:
    """What the address of a request has in it that is about its PPA, or about deleted ones that had its name."""
    return rf"ubuntu(/|%2F){life.ppa.rpartition('/')[2]}(-deletedppa\d*)?(?![\w-])"


def requests(life: Life, since: int) -> list[Entry]:
    """Those about its PPA, by the daemon."""
    return life.launchpad.control.log(since=since, path=about(life), state="any")


def _asked(life: Life) -> list[str]:
    return [f"{each['method']} {each['operation'] or each['path']} {each['status']}" for each in requests(life, 0)]


# -- what must hold ----------------------------------------------------------------------------------------------------


@contextmanager
def said_of(what: object) -> Iterator[None]:
    """A failure names what it is of."""
    try:
        yield
    except AssertionError as error:
        raise AssertionError(f"{what}: {error}") from error


def shape(life: Life) -> list[Any]:
    """What its history says, without names, times and repetitions."""
    name = life.ppa.rpartition("/")[2]
    history = records(life.launchpad, life.ppa)
    facts = [(r.state, r.owner, (r.request or "").replace(name, "life"), r.note, r.uploader, r.idle, r.by, r.tries,
              r.fault, r.quarantined, r.held) for r in history]  # fmt: skip
    return [each for each, _ in groupby(facts)]


def lengths(life: Life) -> list[float]:
    """How far away its first end was from its beginning, and each later one when it was written; in seconds."""
    used = [record for record in records(life.launchpad, life.ppa) if record.state is State.USED]
    given = [next(group) for _, group in groupby(used, key=lambda record: record.until)]
    spans = [
        (r.until - (r.touched if number else r.since)).total_seconds() for number, r in enumerate(given) if r.until
    ]
    return [*spans[:1], *(span for span, _ in groupby(spans[1:]))]


def assert_as_if_nothing_had_been(life: Life, uncrashed: Life, settle: float = SETTLE) -> None:
    """The same states, owners, leases and ends as without a kill; nothing is left; people's words are kept.

    `settle`: how long before the last look the last changing request had ended.
    """
    launchpad, ppa = life.launchpad, life.ppa
    assert_history(life)
    assert shape(life) == shape(uncrashed)
    assert lengths(life) == lengths(uncrashed)
    assert_free_was_proved(launchpad, ppa, settle, uploaders=life.keepers)
    assert_words_were_kept(launchpad, ppa)
    after = launchpad.control.ppa(ppa)
    assert after["uploaders"] == list(life.keepers)
    assert life.pool != "baseline" or after | BASELINE == after | {"uploaders": ["~keeper"]}
    assert_lease_was_kept(life)
    if isinstance(life, Expired):
        assert_not_over_too_soon(life)


def assert_history(life: Life) -> None:
    """Serial +1 with each write, each nonce new, legal moves only."""
    history = records(life.launchpad, life.ppa)
    assert [r.serial for r in history] == list(range(history[0].serial, history[0].serial + len(history)))
    assert len({r.nonce for r in history}) == len(history)
    states: list[State | None] = [r.state for r in history]
    assert set(pairwise(states if history[0].nonce == ARRANGED else [None, *states])) <= MOVES


def assert_lease_was_kept(life: Life) -> None:
    """One lease; its end is what was told last, to the second, and its last proof of life within 60 s of that."""
    used = [record for record in records(life.launchpad, life.ppa) if record.state is State.USED]
    assert len({record.lease for record in used}) <= 1
    assert {lease["id"] for lease in life.told} <= {record.lease for record in used}
    if life.told:
        last, told = used[-1], life.told[-1]
        assert last.until == parse_time(told["until"] or "")
        assert last.touched >= parse_time(told["touched"]) - timedelta(seconds=SILENCE_GAP_S)


def assert_not_over_too_soon(life: Expired) -> None:
    """It was used until its end, to the second."""
    history = records(life.launchpad, life.ppa)
    used = [record for record in history if record.state is State.USED]
    assert {record.until for record in used} == {life.until}
    assert history[len(used)].since >= life.until
