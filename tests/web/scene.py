"""What the page is shown for: PPAs in every state and condition, written into the stand-in, and daemons for them.

Rule: a state is set by its record, so that nothing has to be lent or cleaned first; what the daemon then makes of it is
its own.
"""

from __future__ import annotations

import hashlib
import json
import socket
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import httpx

from ppa_assigner.record import Record, State, compose
from ppa_assigner.standin.control_client import ControlClient

from ..ports import free_port
from ..processes import Daemon, Launchpad, configure, running, start_launchpad

HOSTILE = "<img src=x onerror=\"document.title='owned'\"> & </td>"
JOB = "https://jenkins.example/job/archive-rebuild/job/noble-proposed/4711/"
OWNERS = (
    JOB, "ann", "ticket-4711", "https://github.com/example/project/actions/runs/9188273645", "release team: 24.04.4",
    "https://launchpad.net/bugs/2041234", HOSTILE, "javascript:alert(1)", "https://user@evil.example/", "mia",
)  # fmt: skip
NOTES = (None, "kept for the investigation of a crash in the installer", None, None, "до пятницы, пожалуйста")
TOKENS = {"ann": "operators-token", "ci": "clients-token"}
ROLES = {"ann": "operator", "ci": "client"}


@dataclass
class Site(Daemon):
    """A daemon on an address of its own, which a browser can reach."""

    port: int = field(default_factory=free_port)

    def __post_init__(self) -> None:
        self.http = httpx.Client(base_url=self.url, timeout=120)

    @property
    def url(self) -> str:
        """Where the page is."""
        return f"http://127.0.0.1:{self.port}"

    def listens(self) -> bool:
        """Whether it takes connections."""
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


def site(folder: Path, launchpad: Launchpad, name: str, pools: dict[str, Any], clients: bool = False) -> Site:
    """A daemon with these pools, and with the clients of `TOKENS` or with none."""
    plain = configure(folder, launchpad, name)
    plain.close()
    document = json.loads(plain.config.read_text())
    made = Site(folder, name)
    document["pools"] = {pool: {"settle": "1s", **options} for pool, options in pools.items()}
    document["api"] = {"listen": f"127.0.0.1:{made.port}"}
    if clients:
        document["api"]["clients"] = [
            {"name": who, "token_sha256": hashlib.sha256(token.encode()).hexdigest(), "role": ROLES[who]}
            for who, token in TOKENS.items()
        ]
    made.config.write_text(json.dumps(document))
    return made


# -- PPAs --------------------------------------------------------------------------------------------------------------


def record(state: State, pool: str, age: float = 3 * 3600.0, **values: Any) -> Record:
    """A record that is `age` seconds old."""
    since = datetime.now(UTC).replace(microsecond=0) - timedelta(seconds=age)
    nonce = hashlib.sha256(f"{state}{pool}{age}{values}".encode()).hexdigest()[:32]
    return Record(serial=1, nonce=nonce, state=state, since=since, touched=since, pool=pool, **values)


def used(number: int, pool: str, owner: str, hours: float = 6.0, **values: Any) -> Record:
    """A lease; the number makes it its own."""
    made = record(State.USED, pool, 600.0 + 1733.0 * (number % 37), owner=owner, request=f"build-{number}", **values)
    lease = hashlib.sha256(f"{pool}{number}".encode()).hexdigest()[:32]
    ends = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=hours)
    return replace(made, lease=lease, until=ends)


def fill(control: ControlClient, owner: str, records: Sequence[Record | None]) -> list[str]:
    """A team with PPAs pool-001 and so on that have these records, or none."""
    control.team(owner, "ppa-bot")
    texts = [compose(None, each) if each is not None else None for each in records]
    names = [f"pool-{number:03}" for number in range(1, len(records) + 1)]
    for text in dict.fromkeys(texts):
        of_text = [name for name, its in zip(names, texts, strict=True) if its == text]
        control.ppas(owner, names=of_text, description=text)
    return [f"~{owner}/ubuntu/{name}" for name in names]


def twenty(control: ControlClient) -> dict[str, Any]:
    """Two pools, with something of everything."""
    free = [record(State.FREE, "default", 7200.0 + 60 * number) for number in range(7)]
    lent = [used(number, "default", owner, hours=0.15 + 1.7 * number, note=note)
            for number, (owner, note) in enumerate(zip(OWNERS[:8], cycle(NOTES), strict=False))]  # fmt: skip
    last = {"owner": JOB, "lease": "77aa", "request": "build-1"}
    trouble = [
        record(State.DIRTY, "default", 90000.0, tries=5, fault="HTTP 401: the PPA is not ours to edit",
               quarantined="cleaning failed 5 times: HTTP 401: the PPA is not ours to edit", **last),
        record(State.DIRTY, "default", 500.0, owner="ticket-9", lease="77ab", request="build-2"),
        None,
    ]  # fmt: skip
    ppas = fill(control, "ci-pool", [*free, *lent, *trouble])
    control.build(ppas[16], "hello", "1.0-1", "Currently building")
    control.upload(ppas[17], "somebody", "1.0-1")
    rest = fill(control, "release", [used(99, "release", "mia"), None])
    control.describe(rest[1], 'ppa-assigner: {"v":1}')
    return {
        "default": {"ppas": [*ppas, "~ci-pool/ubuntu/pool-404"]},
        "release": {"ppas": rest, "settle": "5m", "labels": {"size": "big"}},
    }


def many(control: ControlClient, count: int = 500, owner: str = "many") -> dict[str, Any]:
    """One pool of that size; nothing in it has to be cleaned."""
    free = record(State.FREE, "default", 86400.0)
    kept = record(State.DIRTY, "default", 86400.0, quarantined="kept for the investigation of #42", tries=2)
    kinds = islice(cycle("fufuufuuufuufuuuq" if count > 1 else "u"), count)
    records = [
        free if kind == "f" else kept if kind == "q"
        else used(number, "default", OWNERS[number % len(OWNERS)], hours=1 + number % 40)
        for number, kind in enumerate(kinds)
    ]  # fmt: skip
    return {"default": {"ppas": fill(control, owner, records), "verify_age": None}}


@contextmanager
def sites(folder: Path, *wanted: str) -> Iterator[dict[str, Site]]:
    """The stand-in and the daemons of these names: `one`, `few`, `twenty`, `many`, `guarded`."""
    launchpad = start_launchpad()
    with ExitStack() as stack:
        stack.callback(launchpad.stop)
        control = launchpad.control
        scenes = {
            "one": lambda: many(control, 1, "one"),
            "twenty": lambda: twenty(control),
            "few": lambda: many(control, 20, "few"),
            "many": lambda: many(control),
            "guarded": lambda: many(control, 1, "guarded"),
        }
        made = {name: site(folder, launchpad, name, scenes[name](), clients=name == "guarded") for name in wanted}
        stack.enter_context(running(*made.values()))
        for each in made.values():
            each.start()
        yield made
