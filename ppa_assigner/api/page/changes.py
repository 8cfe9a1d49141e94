"""What the page's script asks for, again and again: what has changed since it asked before.

Rule: a row is made again only when its PPA has changed, whoever asks, and sent only to those who have an older one.
Safe for threads.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from ...access import Caller
from ...documents import WaitingRequest
from ...reference import Reference
from ...views import Condition, PpaEvent, Snapshot
from .. import serializers
from ..backend import Backend
from . import overview, rows, words
from .static import DIGEST

Document = dict[str, Any]
KEPT = 200
"""How many of the last events are looked at for the first list of them."""


@dataclass(slots=True)
class _Row:
    """A row as it was made last."""

    snapshot: Snapshot
    facts: Document
    encoded: bytes
    version: int
    """Of the table, when the row became what it is."""


@dataclass(frozen=True, slots=True)
class _Place:
    """How much somebody knows: the table up to a version, and the events up to a number."""

    version: int = 0
    number: int = 0


class Changes:
    """The rows of all PPAs, and the rest of the page with them."""

    def __init__(self, backend: Backend[Any]) -> None:
        self._backend = backend
        self._lock = threading.Lock()
        self._rows: dict[Reference, _Row] = {}
        self._root = ""
        self._version = 0
        self._whole = 1  # who knows less than this version is sent the whole table

    def since(self, place: str, caller: Caller, root: str) -> bytes:
        """The document for this caller.  `place` is that of the document before, or empty; another start's is too."""
        events, run = self._backend.events, self._backend.events.run
        known, newest = _place(place, run), events.newest  # read first, so that no event is missed
        with self._lock:
            self._update(self._backend.snapshots(), root)
            whole = not self._whole <= known.version <= self._version
            changed = [row.encoded for row in self._rows.values() if whole or row.version > known.version]
            facts, version = [row.facts for row in self._rows.values()], self._version
        pools = [serializers.pool(view) for view in self._backend.pools()]
        document = {
            "name": caller.name,
            "role": caller.role.value,
            "trouble": words.banner(self._backend.unready(), serializers.launchpad_status(self._backend.launchpad())),
            "free": sum(view["counts"]["state"].get("free", 0) for view in pools),
            "alike": overview.alike(facts),
            "pools": overview.pool_rows(pools, facts, None),
            "lately": self._lately(known.number, newest),
            "waiting": overview.waiting(waiting(self._backend), None),
            "follow": f"{run}-{newest}",
            "place": f"{run}.{version}.{newest}",
            "whole": whole,
            "files": DIGEST,
        }
        return serializers.encoded(document)[:-1] + b',"ppas":[' + b",".join(changed) + b"]}"

    def _lately(self, number: int, newest: int) -> list[Any]:
        """What happened after the one number, and up to the other: what comes later is for the next answer."""
        happened = (event for event in last_events(self._backend, number) if event.number <= newest)
        return overview.lately(map(serializers.event, happened), None)

    def _update(self, snapshots: Sequence[Snapshot], root: str) -> None:
        gone = self._rows.keys() - {snapshot.ppa for snapshot in snapshots}
        if gone or root != self._root:
            kept = {} if root != self._root else {name: row for name, row in self._rows.items() if name not in gone}
            self._rows, self._root, self._whole = kept, root, self._version + 1
        version = self._version + 1
        for snapshot in snapshots:
            before = self._rows.get(snapshot.ppa)
            if before is not None and _same(before.snapshot, snapshot):
                before.snapshot = snapshot
            else:
                self._rows[snapshot.ppa] = _made(snapshot, root, version)
                self._version = version
        self._version = max(self._version, self._whole)


def waiting(backend: Backend[Any]) -> list[WaitingRequest]:
    """Who waits, in the order in which they are served."""
    return [serializers.waiting(one) for one in backend.line(None)]


def last_events(backend: Backend[Any], number: int = 0) -> Sequence[PpaEvent]:
    """The last events, not more than are shown at first, of those after this number."""
    events = backend.events
    return events.since(max(number, events.newest - KEPT))[0]


def _same(before: Snapshot, now: Snapshot) -> bool:
    """Whether both have the same row: when a PPA was seen is shown only while it cannot be reached."""
    unseen = now.condition is not Condition.UNREACHABLE
    return before is now or (replace(before, seen=now.seen) if unseen else before) == now


def _made(snapshot: Snapshot, root: str, version: int) -> _Row:
    shown = serializers.ppa(snapshot)
    facts = rows.facts(shown)
    return _Row(snapshot, facts, serializers.encoded({"facts": facts, "row": rows.ppa(shown, None, root)}), version)


def _place(text: str, run: str) -> _Place:
    """What this text stands for; nothing is known where it is another run's, or none of ours."""
    of, _, numbers = text.partition(".")
    version, _, number = numbers.partition(".")
    if of != run or not re.fullmatch(r"[0-9]{1,18}\.[0-9]{1,18}", numbers):
        return _Place()
    return _Place(int(version), int(number))
