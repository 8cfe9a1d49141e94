"""A daemon with PPAs and credentials of its own on a shared stand-in, so that trouble can be made for it alone.

Rule: arranges, asks and counts; what must hold is asserted by the tests.  Waits of the daemon are short: an answer of
Launchpad is waited for at most TOTAL seconds.
"""

from __future__ import annotations

import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from ppa_assigner.record import Record, State, compose, parse, whole_seconds
from ppa_assigner.standin.standin import credentials_text

from ..processes import Daemon, Launchpad, configure

CONNECT, READ, TOTAL = 0.5, 1.0, 2.0
LOOK_EVERY = 2.0
CONNECTIONS = 8
TIMEOUTS = {"connect": CONNECT, "read": READ, "total": TOTAL}
QUICK: dict[str, Any] = {
    "settle": "1s", "verify_age": 0, "max_tries": 3, "retry": {"first": "200ms", "max": "400ms"},
}  # fmt: skip
SLACK = 6.0  # seconds that two busy cores may add to a deadline


def stocked(launchpad: Launchpad, prefix: str, state: State, count: int) -> list[str]:
    """New PPAs with a record in that state, the first one in it for longest."""
    made = launchpad.control.ppas("ci-pool", count=count, prefix=f"{prefix}-") if count else []
    now = whole_seconds(datetime.fromisoformat(launchpad.control.clock()["now"]))
    for number, ppa in enumerate(made):
        since = now - timedelta(seconds=3600 - number)
        record = Record(serial=1, nonce=secrets.token_hex(16), state=state, since=since, touched=since, pool="default")
        launchpad.control.describe(ppa, compose("", record))
    return made


@dataclass
class Answered:
    """An answer of the daemon, and how long it took in seconds."""

    status: int
    document: dict[str, Any]
    headers: Mapping[str, str]
    seconds: float

    @property
    def kind(self) -> str:
        """The slug of a problem."""
        return str(self.document.get("type", "")).rpartition("/")[2]


@dataclass
class Site:
    """One daemon; `name` names its consumer, so faults and the log of requests can tell it from others."""

    launchpad: Launchpad
    daemon: Daemon
    name: str
    free: list[str]
    dirty: list[str]
    pool: ThreadPoolExecutor
    since: int = 0

    def start(self, ready: bool = True) -> None:
        """The daemon runs."""
        self.daemon.start(ready)

    def ask(self, method: str, path: str, body: Any = None) -> Answered:
        """One call."""
        begun = time.monotonic()
        answer = self.daemon.http.request(method, path, json=body)
        taken = time.monotonic() - begun
        return Answered(answer.status_code, answer.json() if answer.content else {}, answer.headers, taken)

    def assign(self, request_id: str, **wish: Any) -> Answered:
        """Ask for a PPA."""
        return self.ask("POST", "/v1/leases", {"owner": "tester", "request_id": request_id, **wish})

    def asked(self, method: str, path: str, body: Any = None) -> Future[Answered]:
        """One call, in a thread of its own."""
        return self.pool.submit(self.ask, method, path, body)

    def wishes(self, count: int, wait: float) -> list[Future[Answered]]:
        """So many clients that wait for a PPA; all of them are in the line when this returns."""
        before = self.waiting
        asked = [self.pool.submit(self.assign, f"{self.name}-{i}", wait=wait, ttl=3600) for i in range(count)]
        eventually(lambda: self.waiting >= before + count, "clients in the line", 30)
        return asked

    def replace_credentials(self, text: str) -> None:
        """It has others from its next start on; those that it had are kept for the replay of its trace."""
        file = self.daemon.folder / "launchpad.credentials"
        file.rename(file.with_name(f"{file.name}.{len(list(file.parent.glob(f'{file.name}*')))}"))
        file.write_text(text)

    @property
    def waiting(self) -> int:
        """How many are in the line."""
        return int(self.ask("GET", "/v1/pools").document["items"][0]["waiting"])

    def fault(self, action: str, **rule: Any) -> int:
        """Trouble for this daemon alone, from now on."""
        return self.launchpad.control.fault(action, consumer=self.name, **rule)

    def heal(self, *rules: int) -> None:
        """The trouble is over; what hangs is dropped."""
        for rule in rules:
            self.launchpad.control.unfault(rule)
            self.launchpad.control.release(verdict="drop", rule=rule)

    def requests(self, **wanted: Any) -> list[dict[str, Any]]:
        """What this daemon asked of Launchpad, since `since`."""
        return self.launchpad.control.log(**{"since": self.since, "state": "any", "consumer": self.name, **wanted})

    def conditions(self) -> list[str]:
        """Of all its PPAs."""
        return [ppa["condition"] for ppa in self.daemon.ppas()]

    def record(self, ppa: str) -> Record:
        """What stands on Launchpad."""
        record = parse(self.launchpad.control.description(ppa)).record
        assert record is not None
        return record


def most_at_once(requests: Sequence[Mapping[str, Any]]) -> int:
    """How many of these were under way at the same time, at the most, and not given up."""
    return max((one["under_way"] for one in requests), default=0)


def busiest_second(requests: Sequence[Mapping[str, Any]]) -> int:
    """How many of these began within one second, at the most."""
    starts = sorted(one["started"] for one in requests)
    return max((sum(a <= b < a + 1 for b in starts[i : i + 1000]) for i, a in enumerate(starts)), default=0)


@contextmanager
def site(
    folder: Path, launchpad: Launchpad, name: str, free: int = 0, dirty: int = 0, *, person: str = "ppa-bot",
    root: str | None = None, **options: Any,
) -> Iterator[Site]:  # fmt: skip
    """A daemon that is ended; `person` is whose token it has, `root` where it finds Launchpad."""
    short = name[:8]  # the address of a Unix socket has its limit
    place = folder / short
    place.mkdir()
    launchpad.control.person(person)
    launchpad.control.member("ci-pool", person)
    credentials = launchpad.control.token(person, consumer=name)
    (place / "launchpad.credentials").write_text(credentials_text(credentials))
    ppas = stocked(launchpad, f"{name}-free", State.FREE, free), stocked(launchpad, f"{name}-dirty", State.DIRTY, dirty)
    daemon = configure(place, launchpad, short, ppas=[*ppas[0], *ppas[1]], **{**QUICK, **options})
    adjust(daemon, root)
    with ThreadPoolExecutor(64) as pool:
        try:
            yield Site(launchpad, daemon, name, *ppas, pool)
        finally:
            daemon.close()


def adjust(daemon: Daemon, root: str | None = None, **launchpad: Any) -> None:
    """Short waits, and another address of Launchpad."""
    document = json.loads(daemon.config.read_text())
    document["launchpad"] |= {
        "timeout": TIMEOUTS, "look_every": LOOK_EVERY, "connections": CONNECTIONS,
        **({"service": root} if root else {}), **launchpad,
    }  # fmt: skip
    daemon.config.write_text(json.dumps(document))


def together(acts: Sequence[Any]) -> list[Any]:
    """Do these at once, each in a thread; what they gave, or the first failure."""
    with ThreadPoolExecutor(max(1, len(acts))) as pool:
        return [one.result() for one in [pool.submit(act) for act in acts]]


_NEVER = threading.Event()


def lasting(seconds: float) -> None:
    """Let the trouble last: nothing is waited for but time."""
    _NEVER.wait(seconds)


def eventually(condition: Callable[[], object], what: str, seconds: float = 30.0) -> None:
    """As `waiting.until`, asking seldom: each time costs a request or two."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not in {seconds:g} s: {what}"
        _NEVER.wait(0.1)
