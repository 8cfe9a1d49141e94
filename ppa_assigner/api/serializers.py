"""The documents of responses, as plain dictionaries and bytes: leases, PPAs, pools, contents, events.

Rule: members are exactly those of the shapes in `documents`, and no model is built for one: a list of a thousand PPAs
is asked for often.
"""

from __future__ import annotations

import json
import operator
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from starlette.responses import Response

from .. import documents, port
from ..access import Caller
from ..record import format_time
from ..reference import Reference
from ..uploads.model import Report, SourceReport
from ..uploads.promotion import Promotion
from ..views import (
    AptSource,
    End,
    LaunchpadStatus,
    LeaseView,
    PastLeaseView,
    PoolView,
    PpaEvent,
    Snapshot,
    SnapshotAddress,
    SourceCheck,
    UploadCheck,
    WaitingView,
    WantedView,
)

Document = Mapping[str, object]


def lease(lent: LeaseView, web: str | None = None) -> documents.Lease:
    """The document of a lease, in use or remembered; `web` is the PPA's page as Launchpad gave it."""
    ppa, record = lent.ppa, lent.record
    return {
        "id": record.lease or "",
        "request_id": record.request,
        "attempt": record.attempt,
        "ppa": str(ppa),
        "dput": ppa.dput,
        "web": web or ppa.web,
        "pool": record.pool,
        "owner": record.owner,
        "by": record.by,
        "state": record.state.value,
        "since": format_time(record.since),
        "touched": format_time(record.touched),
        "until": _time(record.until),
        "ends": _ends(lent.end),
        "ends_by": _ends_by(lent.end),
        "idle": record.idle,
        "note": record.note,
        "uploader": record.uploader,
        "snapshot": snapshot(lent.left),
        "group": record.group,
        "lead": str(record.lead) if record.lead is not None else None,
        "members": [str(member) for member in record.members],
    }


def ppa(known: Snapshot) -> documents.Ppa:
    """The document of a PPA as it is known now."""
    record, cleaning = known.record, known.cleaning
    return {
        "ppa": str(known.ppa),
        "pool": known.pool,
        "state": record.state.value if record else None,
        "condition": known.condition.value,
        "owner": record.owner if record else None,
        "lease": record.lease if record else None,
        "since": format_time(record.since) if record else None,
        "touched": format_time(record.touched) if record else None,
        "until": _time(record.until) if record else None,
        "ends": _ends(known.end),
        "ends_by": _ends_by(known.end),
        "note": record.note if record else None,
        "tries": record.tries if record else None,
        "fault": known.fault,
        "quarantined": record.quarantined if record else None,
        "cleaning": None if cleaning is None else {
            "step": cleaning.step,
            "found": cleaning.found,
            "deleted": cleaning.deleted,
            "left": cleaning.left,
            "since": format_time(cleaning.since),
        },
        "seen": _time(known.seen),
        "snapshot": snapshot(known.left),
        "labels": dict(known.labels.values),
    }  # fmt: skip


def _ends(end: End | None) -> str | None:
    return format_time(end.at) if end is not None else None


def _ends_by(end: End | None) -> str | None:
    return end.by.value if end is not None else None


def pool(view: PoolView) -> documents.Pool:
    """The document of a pool in numbers."""
    return {
        "pool": view.pool,
        "counts": {"state": dict(view.states), "condition": dict(view.conditions)},
        "waiting": view.waiting,
        "oldest_wait": view.oldest_wait,
        "labels": dict(view.labels),
    }


def waiting(one: WaitingView) -> documents.WaitingRequest:
    """The document of a request that waits."""
    return {
        "request_id": one.request_id,
        "owner": one.owner,
        "pool": one.pool,
        "want": [_wanted(want) for want in one.want],
        "since": format_time(one.since),
        "priority": one.priority,
        "position": one.position,
        "why": one.why,
    }


def _wanted(want: WantedView) -> documents.WantedPpas:
    said: documents.WantedPpas = {"pool": want.pool, "count": want.count}
    return said if want.select is None else {**said, "select": want.select}


def caller(known: Caller) -> documents.Caller:
    """The document that says as whom somebody calls."""
    return {"name": known.name, "role": known.role.value, "owners": list(known.owners)}


def launchpad_status(state: LaunchpadStatus) -> documents.LaunchpadStatus:
    """The document that says whether Launchpad answers."""
    return {"ok": state.ok, "since": format_time(state.since), "why": state.why}


def content(of: Reference, found: port.Content) -> documents.Content:
    """The document of what is in a PPA or on its way into it."""
    return {
        "ppa": str(of),
        "sources": [_publication(source) for source in found.sources],
        "binaries": [_publication(binary) for binary in found.binaries],
        "builds": [{"title": build.title, "state": build.state} for build in found.builds],
        "uploads": list(found.uploads),
        "seen": format_time(found.moment.date),
    }


def upload_check(check: UploadCheck) -> documents.UploadCheck:
    """The document of what would become of an upload."""
    return {
        "accepted": check.accepted,
        "sources": [_source_check(one) for one in check.sources],
        "takes": [str(ppa) for ppa in check.takes],
        "unknown": {str(ppa): why for ppa, why in check.unknown.items()},
    }


def _source_check(one: SourceCheck) -> documents.SourceCheck:
    orig = one.orig
    return {
        "name": one.source.name,
        "version": one.source.version,
        "series": one.source.series,
        "known": one.known,
        "component": one.component,
        "orig": {"file": orig.file, "sha256": orig.sha256, "url": orig.url} if orig is not None else None,
        "burnt": {str(ppa): had for ppa, had in one.burnt.items()},
    }


def apt_source(source: AptSource) -> documents.AptSource:
    """The document of what apt needs to read a PPA."""
    return {
        "ppa": str(source.ppa),
        "private": source.private,
        "uri": source.uri,
        "suites": list(source.suites),
        "components": ["main"],
        "key": source.key,
        "snapshot": snapshot(source.snapshot),
    }


def uploads(report: Report) -> documents.Uploads:
    """The document of what became of uploads."""
    return {
        "goal": report.goal.value,
        "reached": report.reached,
        "final": report.final,
        "why": report.why,
        "sources": [_uploaded(source) for source in report.sources],
    }


def _uploaded(source: SourceReport) -> documents.UploadedSource:
    return {
        "name": source.name,
        "version": source.version,
        "series": source.series,
        "state": source.state.value,
        "builds": [
            {"arch": build.arch, "state": build.state, "log": build.log, "waits_for": build.waits_for}
            for build in source.builds
        ],
        "binaries": [
            {"name": binary.name, "version": binary.version, "arch": binary.arch, "status": binary.status}
            for binary in source.binaries
        ],
    }


def promotion(promoted: Promotion) -> documents.Promotion:
    """The document of copies to another PPA."""
    copies: list[documents.Copy] = [
        {"name": one.name, "version": one.version, "series": one.series, "state": one.state.value, "why": one.why}
        for one in promoted.copies
    ]
    return {"state": promoted.state.value, "copies": copies}


def past_lease(one: PastLeaseView) -> documents.PastLease:
    """The document of a lease that Launchpad remembers."""
    lease = one.lease
    return {
        "lease": lease.lease,
        "owner": lease.owner,
        "since": _time(lease.since),
        "until": format_time(lease.until),
        "sources": [{"name": name, "version": version, "series": series} for name, version, series in lease.sources],
        "snapshot": snapshot(one.snapshot),
    }


def snapshot(found: SnapshotAddress | None) -> documents.SnapshotAddress | None:
    """The document that says where what a lease had stays readable."""
    return {"at": format_time(found.at), "url": found.url} if found is not None else None


def event(happened: PpaEvent) -> documents.Event:
    """The document of an event."""
    return {
        "number": happened.number,
        "at": format_time(happened.at),
        "ppa": str(happened.ppa),
        "kind": happened.kind,
        "data": dict(happened.data),
    }


def encoded(document: Document) -> bytes:
    """A document as JSON, on one line of ASCII."""
    return json.dumps(document, separators=(",", ":"), allow_nan=False).encode("ascii")


def answer(document: Document, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A response with a document."""
    return raw_answer(encoded(document), status, headers)


def raw_answer(body: bytes, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A response with a document that is JSON already."""
    return Response(body, status, {"Cache-Control": "no-store", **(headers or {})}, "application/json")


def items(found: Iterable[Document]) -> Response:
    """A response with a list of documents."""
    return answer({"items": list(found)})


class PpaListCache:
    """Encodes lists of PPAs, and reuses what it can.  Snapshots are immutable: the JSON of each is kept as long as it
    is listed, and the JSON of the last list as long as the same list is asked for.
    """

    def __init__(self) -> None:
        self._known: dict[int, tuple[Snapshot, bytes]] = {}
        self._last: tuple[list[Snapshot], bytes] = ([], b'{"items":[]}')

    def __len__(self) -> int:
        """How many snapshots' JSON is kept."""
        return len(self._known)

    def encoded(self, snapshots: Collection[Snapshot]) -> bytes:
        """The JSON of a list of these snapshots."""
        last, text = self._last
        if len(last) == len(snapshots) and all(map(operator.is_, last, snapshots)):
            return text
        known, texts = self._known, []
        for snapshot in snapshots:
            entry = known.get(id(snapshot))  # the entry keeps the snapshot, so the number stays its own
            if entry is None:
                entry = known[id(snapshot)] = (snapshot, encoded(ppa(snapshot)))
            texts.append(entry[1])
        text = b'{"items":[' + b",".join(texts) + b"]}"
        self._last = (list(snapshots), text)
        return text

    def forget_others(self, snapshots: Collection[Snapshot]) -> None:
        """Drop what is kept of snapshots that are not among these, which are all that there are."""
        if len(self._known) > 2 * len(snapshots):
            current = {id(snapshot) for snapshot in snapshots}
            self._known = {number: entry for number, entry in self._known.items() if number in current}


def _publication(found: port.Publication) -> documents.Publication:
    return {"name": found.name, "version": found.version, "where": found.where}


def _time(moment: datetime | None) -> str | None:
    return format_time(moment) if moment is not None else None
