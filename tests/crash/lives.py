"""Four lives of a PPA, each with all that Launchpad is asked for in it, and clients that ask again as real ones do.

Rule: a life is lived the same way whether its daemon is killed in the midst or not: nothing here knows of kills.  It
arranges and remembers what it was told; what must hold is asserted by `trial`.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import ClassVar, TypeVar

from ppa_assigner.client import AssignerError, Client, Lease, LeaseOver, NotPermitted, Source, Unavailable, UnknownLease
from ppa_assigner.record import Record, State, compose, whole_seconds

from ..cleaning.stage import BASELINE, WORDS, Scene
from ..processes import Daemon, Launchpad
from ..waiting import until

TTL, LONGER = 3600, 7200
PATIENCE_S = 120.0
ARRANGED = "0" * 32  # the nonce of a record that no daemon wrote
_T = TypeVar("_T")


@dataclass
class Life(ABC):
    """One PPA's.  `told` is each lease that an answer told of, in that order."""

    launchpad: Launchpad
    daemon: Daemon
    ppa: str
    told: list[Lease] = field(default_factory=list)

    pool: ClassVar[str] = "plain"
    keepers: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def arrange(self) -> None:
        """What is there before the daemon starts."""

    @abstractmethod
    def live(self, client: Client) -> None:
        """What its people do."""

    def afterwards(self, client: Client) -> None:  # noqa: B027 - of most lives nobody does anything then
        """What they do once all lives are over: what is looked for then finds nobody at work, who would be asked one
        request more.
        """

    @property
    def scene(self) -> Scene:
        """Its PPA."""
        return Scene(self.launchpad, self.daemon, self.ppa, self.pool)

    def describe(self, state: State, at: datetime, **facts: object) -> None:
        """A record that is so since then, under people's words."""
        record = Record(serial=1, nonce=ARRANGED, state=state, since=at, touched=at, pool=self.pool, **facts)  # type: ignore[arg-type]  # of the caller's choice
        self.launchpad.control.describe(self.ppa, compose(WORDS, record))


class Lent(Life):
    """Free, lent with a right to upload, uploaded to, touched, released; emptied and its settings restored."""

    pool, keepers = "baseline", ("keeper",)

    def arrange(self) -> None:
        """Free, with settings that are not the baseline's."""
        scene = self.scene
        scene.as_("mia", "setProcessors", processors=f'["{scene.url("+processors/arm64")}"]')
        other = scene.url("debian/+archive/primary")
        scene.as_("mia", "addArchiveDependency", dependency=other, pocket="Release", component="main")
        self.describe(State.FREE, now(self.launchpad) - timedelta(hours=1))

    def live(self, client: Client) -> None:
        """A build job's."""
        sources: list[Source] = [{"name": "hello", "version": "1.0"}]
        lease = client.assign(
            "job-1",
            request_id=self.ppa.rpartition("/")[2],
            pool=self.pool,
            ppa=self.ppa,
            ttl=TTL,
            idle=600,
            note="keep",
            uploader="~ann",
            sources=sources,
            wait=PATIENCE_S,
        )  # fmt: skip
        self.told.append(lease)
        self.use()
        self.told.append(asked_again(lambda: client.touch(lease["id"], LONGER)))
        self.told.append(asked_again(lambda: client.touch(lease["id"])))
        done_at_last(lambda: client.release(lease["id"]), UnknownLease)

    def use(self) -> None:
        """An upload with its builds, what it replaced with its binaries, and settings of one's own."""
        control = self.launchpad.control
        control.upload(self.ppa, "old", "1.0", binaries=[{"name": "libold", "arch": "amd64"}])
        control.dput(self.ppa, "hello", "1.0", signer="ann")
        control.settings(self.ppa, publish=False, displayname="Mine")
        control.uploader(self.ppa, "stranger")


class Expired(Life):
    """Lent to somebody who never came back: it ends by its `until`, and is emptied."""

    def arrange(self) -> None:
        """Used, for a few seconds more."""
        at = now(self.launchpad)
        self.until = at + timedelta(seconds=5)
        self.lease = self.ppa.rpartition("/")[2]
        self.launchpad.control.uploader(self.ppa, "ann")
        self.describe(
            State.USED, at - timedelta(minutes=1), owner="job-2", lease=self.lease, request=self.lease,
            until=self.until, uploader="~ann",
        )  # fmt: skip

    def live(self, client: Client) -> None:
        """Nobody does anything."""

    def afterwards(self, client: Client) -> None:
        """Somebody touches it: that changes nothing."""
        try:
            asked_again(lambda: client.touch(self.lease))
        except (LeaseOver, UnknownLease):
            return
        raise AssertionError("a lease that is over was touched")


class Adopted(Life):
    """Somebody's packages and no record: an operator gives it to the assigner."""

    def arrange(self) -> None:
        """Words and a package."""
        self.launchpad.control.describe(self.ppa, WORDS)
        self.launchpad.control.upload(self.ppa, "theirs", "1.0")

    def live(self, client: Client) -> None:
        """The operator's act; one that was lost and done shows in the state."""
        until(lambda: self._condition(client) == "unmanaged", "unmanaged", PATIENCE_S)
        done_at_last(lambda: client.operate(self.ppa, "adopt"), NotPermitted)

    def _condition(self, client: Client) -> str:
        return asked_again(lambda: client.ppa(self.ppa))["condition"]


class TakenIn(Life):
    """New and empty: taken in without anybody's help."""

    def arrange(self) -> None:
        """Nothing but words."""
        self.launchpad.control.describe(self.ppa, WORDS)

    def live(self, client: Client) -> None:
        """Nobody does anything."""


KINDS: dict[str, type[Life]] = {kind.__name__: kind for kind in (Lent, Expired, Adopted, TakenIn)}
OPTIONS = {"plain": {}, "baseline": {"baseline": BASELINE}}


def now(launchpad: Launchpad) -> datetime:
    """By the stand-in's clock, as a record keeps it."""
    return whole_seconds(datetime.fromisoformat(launchpad.control.clock()["now"]))


def asked_again(call: Callable[[], _T]) -> _T:
    """Until the daemon answers: the client's own patience is shorter than a restart on a busy machine."""
    end = time.monotonic() + PATIENCE_S
    while True:
        try:
            return call()
        except Unavailable:
            if time.monotonic() > end:
                raise


def done_at_last(call: Callable[[], object], done: type[AssignerError]) -> None:
    """Asked again until the daemon answers; after an answer that was lost, `done` says that it happened then."""
    lost = False

    def once() -> None:
        nonlocal lost
        try:
            call()
        except Unavailable as error:
            lost |= error.maybe_done
            raise
        except done:
            if not lost:
                raise

    asked_again(once)
