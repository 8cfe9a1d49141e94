"""A daemon with several pools on a stand-in, and a PPA of them that is lent, given back and cleaned.

Rule: arranges and waits; what must hold is asserted by the tests.
"""

from __future__ import annotations

import itertools
import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from ppa_assigner.record import Record, State, compose, whole_seconds

from ..processes import Daemon, Launchpad, configure
from ..standin.client import Client, archive
from ..waiting import until
from . import proof

SETTLE = 1.0
WORDS = "What people wrote.\nIn two lines."
ORIGIN = "~ci-pool/ubuntu/origin"
SERIES = ("noble", "jammy", "questing")
EACH: dict[str, Any] = {
    "settle": f"{SETTLE}s", "verify_age": 0, "grant_upload": True, "max_tries": 2,
    "retry": {"first": "200ms", "max": "400ms"},
}  # fmt: skip
BASELINE = {
    "dependencies": [ORIGIN], "processors": ["amd64"], "publish": True, "build_debug_symbols": True,
    "publish_debug_symbols": True, "displayname": "Pool", "uploaders": ["~keeper"],
}  # fmt: skip
POOLS: dict[str, tuple[int, dict[str, Any]]] = {
    "plain": (45, {}),
    "index": (2, {"proof": "index"}),
    "disk": (2, {"proof": "disk"}),
    "baseline": (3, {"baseline": BASELINE}),
    "stray": (2, {}),
    "burnt": (2, {}),
}


def names(pool: str, count: int) -> list[str]:
    """The PPAs of a pool."""
    return [f"~ci-pool/ubuntu/{pool}-{number:03}" for number in range(1, count + 1)]


def free_ppas(launchpad: Launchpad, pool: str, count: int) -> list[str]:
    """New PPAs that are free, the first one for longest."""
    made = launchpad.control.ppas("ci-pool", count=count, prefix=f"{pool}-")
    now = whole_seconds(datetime.fromisoformat(launchpad.control.clock()["now"]))
    for number, ppa in enumerate(made):
        since = now - timedelta(seconds=3600 - number)
        record = Record(serial=1, nonce=secrets.token_hex(16), state=State.FREE, since=since, touched=since, pool=pool)
        launchpad.control.describe(ppa, compose(WORDS, record))
    return made


@dataclass
class Stage:
    """One stand-in and one daemon that serves all pools."""

    launchpad: Launchpad
    daemon: Daemon
    _taken: dict[str, Iterator[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        control = self.launchpad.control
        for person in ("ann", "mia", "keeper"):
            control.person(person)
        control.member("ci-pool", "mia")
        control.ppas("ci-pool", names=["origin"])
        control.upload(ORIGIN, "tool", "1.0", binaries=[{"name": "tool"}])
        for pool, (count, _) in POOLS.items():
            self._taken[pool] = iter(free_ppas(self.launchpad, pool, count))

    def take(self, pool: str = "plain") -> Scene:
        """A PPA that no other test uses."""
        return Scene(self.launchpad, self.daemon, next(self._taken[pool]), pool)


def staged(folder: Path, launchpad: Launchpad) -> Stage:
    """Everything is there, and the daemon is not started yet."""
    daemon = configure(folder, launchpad)
    document = json.loads(daemon.config.read_text())
    document["pools"] = {
        pool: {"ppas": names(pool, count), **EACH, **options} for pool, (count, options) in POOLS.items()
    }
    daemon.config.write_text(json.dumps(document))
    return Stage(launchpad, daemon)


_NUMBERS = itertools.count(1)


@dataclass
class Scene:
    """A PPA to which something happens."""

    launchpad: Launchpad
    daemon: Daemon
    ppa: str
    pool: str = "default"
    lease: dict[str, Any] = field(default_factory=dict)
    since: int = 0

    # the lease

    def lend(self, **wish: Any) -> None:
        """It is used."""
        answer = self.daemon.assign(f"wish-{next(_NUMBERS)}", pool=self.pool, ppa=self.ppa, **wish)
        assert answer.status_code == 201, answer.text
        self.lease = answer.json()

    def release(self) -> None:
        """It is dirty."""
        self.since = self.launchpad.control.last()
        answer = self.daemon.http.delete(f"/v1/leases/{self.lease['id']}")
        assert answer.status_code == 200, answer.text

    # what happens to it

    def upload(self, source: str, version: str = "1.0", **more: Any) -> None:
        """Publications come to be."""
        self.launchpad.control.upload(self.ppa, source, version, **more)

    def as_(self, person: str, operation: str, **form: str) -> None:
        """What somebody asks of Launchpad; it must be granted."""
        client = Client(self.launchpad.service_root, self.launchpad.control.token(person))
        try:
            answer = client.post(archive(self.ppa), operation, **form)
            assert answer.status in (200, 201), answer.data
        finally:
            client.close()

    def url(self, path: str) -> str:
        """The address of something in Launchpad."""
        return f"{self.launchpad.service_root}devel/{path}"

    def copy_as(self, person: str) -> None:
        """A copy is asked for, with binaries; it lands when its job runs."""
        self.as_(
            person, "copyPackage", source_name="tool", version='"1.0"', from_archive=self.url(archive(ORIGIN)),
            to_pocket="Release", to_series="noble", include_binaries="true",
        )  # fmt: skip

    # the requests about it

    def fault(self, action: str, path: str = "", **rule: Any) -> int:
        """A fault of requests about this PPA."""
        return self.launchpad.control.fault(action, path=proof.pattern(self.ppa) + path, **rule)

    def caught(self, rule: int) -> None:
        """A request is held by that rule."""
        until(lambda: any(held["rule"] == rule for held in self.launchpad.control.held()), "a held request", 30)

    def let_go(self, rule: int) -> None:
        """It goes on."""
        self.launchpad.control.release(rule=rule)

    @contextmanager
    def held_at_a_look(self, number: int = 2) -> Iterator[None]:
        """Released, and held at the beginning of the n-th look at its content; the second one is the last, where
        nothing was found before.
        """
        rule = self.fault("hold", r".*getPublishedSources.*status=Pending", method="GET", skip=number - 1, times=1)
        self.release()
        self.caught(rule)
        assert self.state is State.DIRTY
        yield
        self.let_go(rule)

    def requests(self, operation: str | None = None, **wanted: Any) -> list[dict[str, Any]]:
        """Those since its release."""
        path = proof.pattern(self.ppa)
        return self.launchpad.control.log(since=self.since, path=path, operation=operation, **wanted)

    def asked(self, operation: str) -> None:
        """That was asked since its release, and answered."""
        assert self.requests(operation, least=1, timeout=30), operation

    # what has become of it

    @property
    def state(self) -> State | None:
        """As its record says."""
        return proof.state_of({"description": self.launchpad.control.description(self.ppa)})

    @property
    def shown(self) -> dict[str, Any]:
        """What the daemon shows."""
        answer: dict[str, Any] = self.daemon.http.get(f"/v1/ppas/{self.ppa}").json()
        return answer

    def reaches(self, step: str) -> None:
        """The daemon says that it does that."""

        def there() -> bool:
            cleaning = self.shown["cleaning"]
            return cleaning is not None and str(cleaning["step"]).startswith(step)

        until(there, lambda: f"{step}: {self.shown}", 30)

    def is_looked_at(self) -> None:
        """A round of looks at all PPAs, which a wish that asks again begins with; it cannot have this PPA."""
        answer = self.daemon.assign(f"wish-{next(_NUMBERS)}", attempt=1, pool=self.pool, ppa=self.ppa)
        assert answer.status_code == 409, answer.text

    def is_freed(self) -> None:
        """It becomes free."""
        until(lambda: self.state is State.FREE, lambda: f"free: {self.shown}", 40)
        until(lambda: self.shown["state"] == "free", "the daemon knows", 10)

    def becomes(self, condition: str) -> None:
        """The daemon thinks that of it."""
        until(lambda: self.shown["condition"] == condition, condition, 40)

    def resume(self) -> None:
        """An operator lets it be cleaned again."""
        assert self.daemon.http.post(f"/v1/ppas/{self.ppa}/resume").status_code == 200

    def left(self) -> list[str]:
        """What is active or on its way."""
        there = self.launchpad.control.packages(self.ppa)
        found = [p["name"] for p in [*there["sources"], *there["binaries"]] if p["status"] in ("Pending", "Published")]
        going = ("Needs building", "Currently building", "Uploading build", "Cancelling build")
        found += [build["name"] for build in there["builds"] if build["state"] in going]
        return found + [upload["name"] for upload in there["uploads"] if upload["status"] == "Accepted"]
