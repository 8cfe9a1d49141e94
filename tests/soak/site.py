"""What the daemons of a soak share: the pools, one that is listed and one that grows, the clients and their quotas.

Rule: what became of the PPAs is read from the stand-in, never from a daemon.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from itertools import count, pairwise
from pathlib import Path
from typing import Any

from ppa_assigner.client import Client
from ppa_assigner.record import Record, State
from ppa_assigner.standin.control_client import ControlClient, ControlError

from ..cleaning.proof import record_of
from ..processes import Daemon, Launchpad, configure

LISTED, GROWN_MOST, NAMES = 6, 3, 2000
BROKEN_S = 150.0  # an upper limit: by then nothing is claimed any more, whoever wants it
POOL = [f"~ci-pool/ubuntu/pool-{number:03}" for number in range(1, LISTED + 1)]
BIG = POOL[-2:]
OPERATOR = "ops"
CLIENTS: dict[str, dict[str, Any]] = {
    "small": {"max_leases": 5, "max_waiting": 8, "max_priority": 5},
    "large": {"max_priority": 100},
    OPERATOR: {"role": "operator"},
}
OPTIONS: dict[str, Any] = {
    "settle": "200ms", "verify_age": 0, "grant_upload": True, "max_tries": 1000,
    "retry": {"first": "50ms", "max": "500ms"}, "order": {"age_step": "1s", "fair_step": "500ms"},
}  # fmt: skip
POOLS: dict[str, Any] = {
    "default": {**OPTIONS, "ppas": [*POOL[:-2], {"ppa": "~ci-pool/ubuntu/pool-{005..006}", "labels": {"size": "big"}}],
                "max_per_owner": 4},
    "grown": {**OPTIONS, "grow": {"names": f"~ci-pool/ubuntu/grown-{{0001..{NAMES}}}", "keep_free": 1,
                                  "max": GROWN_MOST, "per_hour": 1000},
              "as_new": {"after": 4, "when": ["burnt", "stuck"]}, "delete_discarded": "3s"},
}  # fmt: skip


def configured(folder: Path, launchpad: Launchpad, name: str) -> Daemon:
    """A daemon that does not wait long for Launchpad.  The token of each client is its name."""
    daemon = configure(folder, launchpad, name, look_every="1s")
    document = json.loads(daemon.config.read_text())
    document["launchpad"]["timeout"] = {"connect": "1s", "read": "2s", "total": "5s"}
    document["pools"] = POOLS
    document["api"]["clients"] = [
        {"name": name, "token_sha256": hashlib.sha256(name.encode()).hexdigest(), **options}
        for name, options in CLIENTS.items()
    ]
    daemon.config.write_text(json.dumps(document))
    return daemon


def lend_each(daemons: Sequence[Daemon], ppas: Sequence[str], token: str | None = None) -> None:
    """Have each lent once more, to who comes before all others: whatever a daemon that was killed claimed is broken."""
    with ThreadPoolExecutor(len(ppas)) as pool:

        def once(number: int) -> None:
            with Client(f"unix:{daemons[number % len(daemons)].address}", token) as client:
                lease = client.assign(f"last-{number}", ppa=ppas[number], priority=100, wait=BROKEN_S)
                client.release(lease["id"])

        list(pool.map(once, range(len(ppas))))


def grown(control: ControlClient) -> Iterator[tuple[str, str]]:
    """Each PPA that the pool has grown by, and what it is called by now."""
    for number in count(1):
        name = f"~ci-pool/ubuntu/grown-{number:04}"
        there = [called for called in (name, f"{name}-deletedppa") if exists(control, called)]
        if not there:
            return
        for called in there:
            yield name, called


def exists(control: ControlClient, ppa: str) -> bool:
    """Whether there is such a PPA, deleted or not."""
    try:
        control.ppa(ppa)
    except ControlError:
        return False
    return True


def history(control: ControlClient, called: str) -> list[tuple[Record | None, float]]:
    """Every record of it, and when it was written (POSIX seconds)."""
    entries = control.descriptions(called)
    return [(record_of(entry), datetime.fromisoformat(entry["at"]).timestamp()) for entry in entries]


def is_at_rest(control: ControlClient, called: str) -> bool:
    """Nobody has it, claims it or cleans it: it is free, or used up."""
    try:
        record = history(control, called)[-1][0]
    except ControlError:  # it has just been given the name of a deleted one
        return False
    if record is None:
        return False
    return record.state is State.DISCARDED or (record.state is State.FREE and record.claim is None)


def grown_wrongly(control: ControlClient) -> Iterator[str]:
    """More at once than there may be; one that was lent although its name was used before."""
    alive: list[tuple[float, int]] = []
    names: set[str] = set()
    for name, called in grown(control):
        records = history(control, called)
        states = [(record.state if record is not None else None, at) for record, at in records]
        if name in names and any(state is State.USED for state, _ in states):
            yield f"{name} was lent again"
        names.add(name)
        end = next((at for state, at in states if state is State.DISCARDED), float("inf"))
        alive += [(records[0][1], 1), (end, -1)]
        if any(before is State.DISCARDED is not after for (before, _), (after, _) in pairwise(states)):
            yield f"{name} was discarded, and then something else: {states}"
    now = 0
    for at, change in sorted(alive, key=lambda one: (one[0], one[1])):
        now += change
        if now > GROWN_MOST:
            yield f"at {at} the pool had grown to {now}"
