"""Two versions of the record on one pool: the lowest one is written, and an older daemon leaves alone all else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from hypothesis import given

from ppa_assigner.access import EVERYBODY
from ppa_assigner.port import Entry, Look
from ppa_assigner.record import PREFIX, Record, State, encode, parse
from ppa_assigner.reference import Reference
from ppa_assigner.supervisor import Supervisor
from ppa_assigner.views import AssignRequest, Condition

from .fleet import Fleet, Wire
from .test_record import T0, records
from .waiting import until

FIELDS_1 = (
    "serial", "nonce", "state", "since", "touched", "until", "pool", "owner", "lease", "request", "attempt", "idle",
    "by", "note", "uploader", "held", "tries", "fault", "quarantined", "cleaner", "clock", "told", "began", "published",
)  # fmt: skip
"""What the first program knew of a record, and in which order it wrote that."""
STATES_1 = ("free", "used", "dirty")
SAYS_NEW = {"claim", "group", "lead", "members"}
MAY_BE_DROPPED = {"leases", "warned", "made", "select", "why"}
DISCARDED = Record(
    serial=10**9, nonce="n", state=State.DISCARDED, since=T0, touched=T0, pool="default", request="build-1", why="burnt"
)


def read_by_version_1(line: str) -> dict[str, Any] | None:
    """What a daemon of the first version reads in a line; None: a version that it does not know."""
    data: dict[str, Any] = json.loads(line.removeprefix(PREFIX))
    if data["v"] != 1:
        return None
    assert data["state"] in STATES_1
    return {name: data[name] for name in FIELDS_1 if name in data}


@given(records())
def test_the_lowest_version_that_can_say_it_is_written(record: Record) -> None:
    """2 with what is new, else 1; then there is nothing in it that means anything to who knows version 1 alone."""
    said = json.loads(encode(record).removeprefix(PREFIX))
    assert said["v"] == (2 if SAYS_NEW & said.keys() or record.state is State.DISCARDED else 1)
    assert said["v"] == 2 or said.keys() - {"v"} <= {*FIELDS_1} | MAY_BE_DROPPED


@given(records())
def test_a_daemon_of_version_1_reads_what_it_can_and_leaves_the_rest(record: Record) -> None:
    """Of a record of its version all that it knows, in the bytes that it would write; nothing of any other."""
    line = encode(record)
    read = read_by_version_1(line)
    if record.version == 2:
        assert read is None
        return
    bare = replace(record, leases=0, warned=None, made=False, select=None, why=None)
    assert encode(bare) == f"{PREFIX} " + json.dumps({"v": 1, **(read or {})}, separators=(",", ":"))
    assert parse(encode(bare)).record == bare


@pytest.mark.parametrize(
    "new", [{"claim": {"group": "g"}}, {"group": "g"}, {"lead": "~a/ubuntu/b"}, {"members": 7}, {"deleter": "x"}]
)
def test_what_a_version_does_not_know_means_nothing_under_it(new: dict[str, Any]) -> None:
    """Also to who knows the next one: else two daemons would take one record for two things."""
    record = replace(DISCARDED, state=State.FREE, why=None, request=None)
    data = json.loads(encode(record).removeprefix(PREFIX))
    assert parse(f"{PREFIX} {json.dumps({**data, **new})}").record == record
    assert parse(f"{PREFIX} {json.dumps({**data, 'state': 'discarded'})}").fault == "state: not free, used or dirty"


class OlderWire(Wire):
    """The way to Launchpad of a daemon of version 1: what is of version 2 is of a version that it does not know."""

    def __getattr__(self, name: str) -> Any:
        request = super().__getattr__(name)
        if name == "write":
            return lambda entry, *rest: request(self._back(entry), *rest)
        return lambda *arguments: self._seen(request(*arguments)) if name in ("look", "read") else request(*arguments)

    def _seen(self, answer: Any) -> Any:
        match answer:
            case Entry(description=str(text)):
                return replace(answer, description=text.replace(f'{PREFIX} {{"v":2', f'{PREFIX} {{"v":3'))
            case Look(entries=entries):
                return replace(answer, entries={name: self._seen(entry) for name, entry in entries.items()})
        return answer

    def _back(self, entry: Entry) -> Entry:
        text = entry.description or ""
        assert '"v":3' not in text, "it writes over a record that it cannot read"
        return entry


@pytest.fixture
def fleet() -> Iterator[Fleet]:
    """Two PPAs."""
    made = Fleet(2)
    yield made
    made.close()


def test_an_older_daemon_beside_a_newer_one(fleet: Fleet) -> None:
    """Both lend what both can read; what the newer one alone can read stays as it is, and is free to neither."""
    discarded, other = fleet.ppas
    fleet.launchpad.describe(discarded, encode(DISCARDED))
    older, newer = fleet.daemon(wire=OlderWire(fleet.launchpad)), fleet.daemon()
    until(lambda: older.snapshot(discarded).condition is Condition.UNREADABLE, "hands off", 20)
    until(lambda: newer.snapshot(discarded).record == DISCARDED, "read", 20)
    for number, (lends, looks) in enumerate([(older, newer), (newer, older), (older, newer)]):
        until(partial(free, lends, other), "free", 20)
        wish = AssignRequest(owner="me", pool="default", request_id=f"build-{number}")
        lease = lends.assign(wish).future.result(20)
        assert (lease.ppa, lease.record.leases) == (other, number + 1)
        until(partial(knows, looks, other, lease.record.lease), "seen by the other", 20)
        looks.release(lease.record.lease or "", EVERYBODY).result(20)
    assert fleet.launchpad.archives[discarded].history == [None, encode(DISCARDED)]


def free(supervisor: Supervisor, ppa: Reference) -> bool:
    """Whether this daemon knows the PPA as free."""
    record = supervisor.snapshot(ppa).record
    return record is not None and record.state is State.FREE


def knows(supervisor: Supervisor, ppa: Reference, lease: str | None) -> bool:
    """Whether this daemon knows that lease."""
    record = supervisor.snapshot(ppa).record
    return record is not None and record.lease == lease
