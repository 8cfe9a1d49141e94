"""/v1/leases/{id}/uploads: what became of what was uploaded to a leased PPA.

Rule: a call is parsed and passed on; what uploads mean is decided in `uploads`, and waiting for that takes no thread.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import FastAPI, Path, Query, Request
from starlette.responses import Response

from .. import documents
from ..access import Caller
from ..problems import Kind, Problem
from ..record import State
from ..times import parse_duration
from ..uploads import FollowedLease
from ..uploads.model import Goal, NamedSource, Report, Wanted
from ..views import LeaseView
from . import auth, long_poll, openapi, parsing, serializers
from .backend import Backend, Uploads

Id = Annotated[str, Path(json_schema_extra=documents.NO_NUL)]
_PATH = "/v1/leases/{id}/uploads"
_FINDING = (Kind.UNKNOWN_LEASE, Kind.LEASE_OVER, Kind.UNAVAILABLE)
LONGEST_WAIT_S = 3600.0
MOST_ARCHES = 20
_SOURCE = re.compile(r"([a-z0-9][a-z0-9+.-]{0,255})=([0-9A-Za-z][0-9A-Za-z+.:~-]{0,255})")
_ARCH = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_DURATION = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?(ms|s|m|h|d)?")
_PRIVATE = (
    "for: of {ppa}, which is private, it cannot be told whether something is installable: its indexes are shown to"
    " subscribers only. Wait for=published here, and read the index yourself; ppa-assigner wait --for installable"
    " --auth FILE does both"
)
_NOT_MODIFIED: openapi.Responses = {304: {"description": "the answer is what `If-None-Match` has: nothing changed"}}

Sources = Annotated[
    list[str],
    Query(
        description="NAME=VERSION, up to 50 times: what to wait for; absent: all that came since the lease began, at"
        " least one",
        json_schema_extra={
            "maxItems": documents.SOURCES,
            "items": {"type": "string", "pattern": f"^{_SOURCE.pattern}$"},
        },
        examples=[["hello=2.10-3"]],
    ),
]
Arches = Annotated[
    list[str],
    Query(
        description="the architectures that count; absent: those that each source has builds for",
        json_schema_extra={"maxItems": MOST_ARCHES, "items": {"type": "string", "pattern": f"^{_ARCH.pattern}$"}},
    ),
]
Duration = Annotated[
    str, Query(json_schema_extra={"pattern": f"^{_DURATION.pattern}$"}, description="like 90, 30s, 20m")
]


class UploadRoutes:
    """The calls about the uploads of a lease."""

    def __init__(self, backend: Backend[Any], uploads: Uploads) -> None:
        self._backend = backend
        self._uploads = uploads

    def install(self, app: FastAPI) -> None:
        """Add the routes."""
        add: Any = app.add_api_route
        add(_PATH, self.show, methods=["GET"], summary="What became of the uploads to a leased PPA",
            response_model=None,
            responses={**openapi.responses({200: documents.Uploads}, _FINDING), **_NOT_MODIFIED})  # fmt: skip
        add(f"{_PATH}/retry", self.retry, methods=["POST"], summary="Try builds again that failed for a lost builder",
            response_model=None, openapi_extra=openapi.body(documents.RetryRequest, required=False),
            responses=openapi.responses({200: documents.RetriedBuildList}, _FINDING))  # fmt: skip

    async def show(
        self,
        request: Request,
        id: Id,  # noqa: A002 - the contract's name of the parameter
        source: Sources = [],  # noqa: B006 - the framework copies it
        goal: Annotated[Goal, Query(alias="for")] = Goal.PUBLISHED,
        arch: Arches = [],  # noqa: B006
        appear: Duration = "20m",
        wait: Duration = "0",
    ) -> Response:
        """Waits up to `wait` for the goal, or until it can no longer be reached.

        With `If-None-Match`, the `ETag` of an earlier answer, it waits for any other answer than that.
        """
        wanted = Wanted(goal, _sources(source), _arches(arch))
        patience = _seconds("appear", appear), min(_seconds("wait", wait), LONGEST_WAIT_S)
        caller = auth.caller(request.scope)
        lease = await self._lease(id, caller if caller.lease is not None else None)
        if goal is Goal.INSTALLABLE and self._backend.snapshot(lease.ppa).private:
            raise Problem(Kind.INVALID, _PRIVATE.format(ppa=lease.ppa))
        return await self._report(request, lease, wanted, *patience)

    async def _report(self, request: Request, lease: LeaseView, wanted: Wanted, appear: float, wait: float) -> Response:
        known, told = request.headers.get("if-none-match"), ReportText()
        followed = _followed(lease)
        waiting = self._uploads.ask(
            followed, wanted, appear,
            lambda report: report.final or (known is not None and told.tag(report) != known),
            holder=auth.caller(request.scope).may_end(lease.record),
        )  # fmt: skip
        try:
            self._check(lease)
            await long_poll.report_of(request.receive, waiting, request.app.state.authenticator, request.scope, wait)
        finally:
            self._uploads.leave(followed.lease, waiting)
        if (report := waiting.report) is None:
            why = waiting.trouble or "Launchpad did not answer in time"
            raise Problem(Kind.UNAVAILABLE, f"{lease.ppa}: {why}")
        headers = {"ETag": told.tag(report)}
        if headers["ETag"] == known:
            return Response(status_code=304, headers=headers)
        return serializers.raw_answer(told.text(report), headers=headers)

    async def retry(self, request: Request, id: Id) -> Response:  # noqa: A002 - the contract's name
        """Asks Launchpad to try builds again that failed for a chroot problem, or without a log: its builder was lost.

        For whoever may end the lease.
        """
        caller = auth.caller(request.scope)
        asked = parsing.checked(documents.RetryRequest, await parsing.read(request)).get("sources") or ()
        lease = await self._lease(id, caller)
        names = [NamedSource(one["name"], one["version"]) for one in asked]
        retrying = self._uploads.retry(_followed(lease), names)
        self._check(lease)
        done = await long_poll.result(retrying.done)
        return serializers.items(
            documents.RetriedBuild(name=source.name, version=source.version, arch=build.arch) for source, build in done
        )

    async def _lease(self, lease: str, caller: Caller | None = None) -> LeaseView:
        """The lease, while it runs; only if the caller may end it, where one is given."""
        found = await long_poll.result(self._backend.lease(lease))
        if caller is not None and not caller.may_end(found.record):
            raise Problem(Kind.FORBIDDEN, "this lease is not yours")
        if found.record.state is not State.USED:
            raise Problem(Kind.LEASE_OVER, f"the lease of {found.ppa} is over")
        return found

    def _check(self, lease: LeaseView) -> None:
        """Its end before the call was known to those who follow it told this call nothing."""
        record = self._backend.snapshot(lease.ppa).record
        if record is not None and (record.lease, record.state) != (lease.record.lease, State.USED):
            raise Problem(Kind.LEASE_OVER, f"the lease of {lease.ppa} is over")


class ReportText:
    """A report as it is sent, and its tag; made once for each."""

    def __init__(self) -> None:
        self._report: Report | None = None
        self._text = b""
        self._tag = ""

    def text(self, report: Report) -> bytes:
        """The JSON of a report."""
        if report is not self._report:
            self._report, self._text = report, serializers.encoded(serializers.uploads(report))
            self._tag = f'"{hashlib.sha256(self._text).hexdigest()[:32]}"'
        return self._text

    def tag(self, report: Report) -> str:
        """What changes whenever the JSON does."""
        self.text(report)
        return self._tag


def _followed(lease: LeaseView) -> FollowedLease:
    record = lease.record
    return FollowedLease(record.lease or "", lease.ppa, record.since, record.uploader)


def _sources(texts: Sequence[str]) -> tuple[NamedSource, ...]:
    if len(texts) > documents.SOURCES:
        raise Problem(Kind.INVALID, f"source: at most {documents.SOURCES} times")
    found = [(text, _SOURCE.fullmatch(text)) for text in texts]
    if wrong := next((text for text, match in found if match is None), None):
        raise Problem(Kind.INVALID, f"source: {wrong!r} is not NAME=VERSION")
    return tuple(dict.fromkeys(NamedSource(match[1], match[2]) for _, match in found if match))


def _arches(texts: Sequence[str]) -> tuple[str, ...]:
    if len(texts) > MOST_ARCHES:
        raise Problem(Kind.INVALID, f"arch: at most {MOST_ARCHES} times")
    if wrong := next((text for text in texts if not _ARCH.fullmatch(text)), None):
        raise Problem(Kind.INVALID, f"arch: {wrong!r} is not an architecture")
    return tuple(sorted(set(texts)))


def _seconds(name: str, text: str) -> float:
    seconds = parse_duration(text) if _DURATION.fullmatch(text) else None
    if seconds is None:
        raise Problem(Kind.INVALID, f"{name}: {text[:40]!r} is not a duration: write 90, 30s or 20m")
    return min(seconds, documents.LONGEST_S)
