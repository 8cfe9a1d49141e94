"""Terminals as people have them, for tests: what commands show of PPAs in every state, whole, line by line.

Rule: the API is the daemon's own, over a socket; the command is a process on a terminal of that width, in UTC.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from ppa_assigner.record import Record, State
from ppa_assigner.reference import Reference
from ppa_assigner.supervisor.event_log import EventLog
from ppa_assigner.supervisor.registry import counted
from ppa_assigner.views import Cleaning, Condition, End, EndsBy, PoolView, Snapshot

from ..api.fakes import FakeBackend, Served, serving
from ..commandline import on_terminal

JENKINS = "https://jenkins.example/job/archive-rebuild/job/noble-proposed/4711/"
FAULT = "503 Service Unavailable"
GITHUB = "https://github.com/example/project/actions/runs/9188273645"
MARGIN = timedelta(seconds=58)  # a test may take so long before what is left is another text


class CountedBackend(FakeBackend):
    """A supervisor with these PPAs, whose pools are counted."""

    def pools(self) -> list[PoolView]:
        names = sorted({snapshot.pool for snapshot in self.known})
        return [self._pool(name) for name in names]

    def pool_names(self) -> list[str]:
        return sorted({snapshot.pool for snapshot in self.known})

    def _pool(self, name: str) -> PoolView:
        counts = counted(snapshot for snapshot in self.known if snapshot.pool == name)
        waiting, oldest = (3, 260.0) if name == "default" else (0, None)
        return PoolView(name, counts["state"], counts["condition"], waiting, oldest)


def ago(**period: float) -> datetime:
    """That long before now, and not yet longer for some time."""
    return _now() - timedelta(**period)


def ahead(**period: float) -> datetime:
    """That long after now, and not yet shorter for some time."""
    return _now() + timedelta(**period) + MARGIN


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def free(name: str, since: datetime, **known: Any) -> Snapshot:
    """A PPA that may be lent."""
    return _snapshot(
        name, Record(serial=1, nonce="n", state=State.FREE, since=since, touched=since, pool="default"), **known
    )


def used(
    name: str, since: datetime, owner: str, end: End, *, known: Mapping[str, Any] | None = None, **more: Any
) -> Snapshot:
    """A PPA that is lent."""
    record = Record(
        serial=1, nonce="n", state=State.USED, since=since, touched=ago(minutes=4), pool="default", owner=owner,
        until=ahead(hours=5), lease=f"{name[-3:]}c1f8f0e3a7d4b5f9e2c6d1a0b7c8e", request=f"build-{name[-3:]}", **more,
    )  # fmt: skip
    return _snapshot(name, record, end=end, **(known or {}))


def dirty(name: str, since: datetime, owner: str, *, known: Mapping[str, Any] | None = None, **more: Any) -> Snapshot:
    """A PPA after its lease."""
    record = Record(
        serial=1, nonce="n", state=State.DIRTY, since=since, touched=since, pool="default", owner=owner,
        lease=f"{name[-3:]}c1f8f0e3a7d4b5f9e2c6d1a0b7c8e", request=f"build-{name[-3:]}", **more,
    )  # fmt: skip
    return _snapshot(name, record, **(known or {}))


def _snapshot(name: str, record: Record | None, **known: Any) -> Snapshot:
    values = {"pool": "default", "condition": Condition.OK, "seen": ago(minutes=2), **known}
    return Snapshot(ppa=Reference("ci-pool", "ubuntu", name), record=record, **values)


def of_pool(pool: str, *snapshots: Snapshot) -> list[Snapshot]:
    """The same in another pool."""
    return [replace(each, pool=pool, record=each.record and replace(each.record, pool=pool)) for each in snapshots]


def everything() -> list[Snapshot]:
    """A PPA in each state and some conditions."""
    cleaning = Cleaning("deleting", 40, 12, 28, ago(minutes=3))
    stray = Snapshot(Reference("ci-pool", "ubuntu", "pool-006"), "default", None, Condition.UNMANAGED,
                     ago(minutes=2), fault="it has no record, and packages are in it")  # fmt: skip
    return [
        free("pool-001", ago(hours=2)),
        used("pool-002", ago(hours=3), JENKINS, End(ahead(minutes=45), EndsBy.UNTIL)),
        used("pool-003", ago(minutes=12), "ticket-4711", End(ahead(minutes=9), EndsBy.IDLE), idle=600, by="jenkins",
             note="a crash of the installer is looked into"),
        dirty("pool-004", ago(minutes=5), GITHUB, known={"cleaning": cleaning}),
        dirty("pool-005", ago(days=2), "mia", known={"condition": Condition.QUARANTINED, "fault": FAULT},
              tries=5, fault=FAULT, quarantined="5 cleans failed"),
        stray,
        used("pool-007", ago(hours=30), "ann", End(ahead(days=4), EndsBy.UNTIL),
             known={"condition": Condition.UNREACHABLE, "seen": ago(minutes=7)}),
    ]  # fmt: skip


def two_pools() -> list[Snapshot]:
    """The first of these, and some of another pool."""
    noble = [
        free("noble-001", ago(days=3)),
        used("noble-002", ago(minutes=50), JENKINS, End(ahead(hours=7), EndsBy.UNTIL)),
    ]
    return [*everything()[:4], *of_pool("release", *noble)]


def happened(events: EventLog, name: str) -> None:
    """The life of a PPA, on some day."""
    ppa, day = Reference("ci-pool", "ubuntu", name), datetime(2026, 11, 25, tzinfo=UTC)

    def at(hour: int, minute: int, kind: str, **data: Any) -> None:
        events.add(day + timedelta(hours=hour, minutes=minute, seconds=12), ppa, kind, data)

    def moved(hour: int, minute: int, before: str | None, after: str | None, why: str, **more: Any) -> None:
        owner = {"owner": JENKINS, "lease": "4c1f", "request_id": "build-77"} if "used" in (before, after) else {}
        nothing = {"owner": None, "lasted": None, "tries": 0, "first": False}
        at(hour, minute, "transition", **{"from": before, "to": after, "why": why, **nothing, **owner, **more})

    moved(3, 0, None, "free", "seen", first=True)
    moved(3, 14, "free", "used", "assigned")
    moved(6, 20, "used", "dirty", "released", lasted=11160.0)
    at(6, 20, "cleaning", step="looking", found=0, deleted=0, left=0)
    at(6, 21, "cleaning", step="deleting", found=40, deleted=12, left=28)
    at(6, 24, "failure", tries=1, fault="503 Service Unavailable", pool="default")
    at(6, 25, "alarm", text=f"{ppa}: its record cannot be written: 401 Unauthorized")
    at(6, 25, "condition", **{"from": "ok", "to": "quarantined", "why": "kept for #42", "pool": "default"})
    at(6, 40, "condition", **{"from": "quarantined", "to": "ok", "why": None, "pool": "default"})
    moved(6, 45, "dirty", "free", "proved clean", lasted=1500.0, tries=1)
    at(6, 50, "labelled", by="ann", label=None)


@contextmanager
def served_ppas(*snapshots: Snapshot) -> Iterator[Served]:
    """These PPAs, served."""
    with serving(CountedBackend(*snapshots)) as served:
        yield served


def screen(columns: int, *arguments: str, url: str) -> str:
    """All that a terminal of that width shows of a command that ends well; no line is longer than it is wide."""
    code, shown = on_terminal(*arguments, url=url, env={"TZ": "UTC"}, columns=columns)
    assert code == 0, shown
    lines = shown.replace("\r\n", "\n")
    assert all(len(line) <= columns for line in lines.splitlines())
    return "\n" + lines


def timeless(shown: str) -> str:
    """The screen with the times of the facts, which depend on the day, made one word."""
    facts, events, rest = shown.partition("\nEvents")
    return re.sub(r"[A-Z][a-z]{2} \d\d \d\d:\d\d:\d\d", "TIME", facts) + events + rest
