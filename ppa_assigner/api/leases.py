"""/v1/leases: assign, withdraw, list, show, touch, release.

Rule: a request is parsed and passed on; the supervisor decides which PPA it gets, and waiting for that takes no thread.
"""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any, Generic
from urllib.parse import quote

from fastapi import FastAPI, Path, Query, Request
from starlette.responses import Response
from starlette.types import Scope

from .. import documents
from ..access import Caller, Role
from ..packages import NamedFile, SourcePackage
from ..problems import Kind, Problem
from ..record import State
from ..reference import Reference
from ..supervisor.lease_tokens import LeaseTokens
from ..views import AssignRequest, LeaseView, Snapshot, Want
from . import auth, errors, long_poll, openapi, parsing, serializers
from .backend import Backend, C
from .metrics import AssignMetrics

Wanted = Annotated[str | None, Query(json_schema_extra=documents.NO_NUL)]
WantedLabels = Annotated[documents.Selector | None, Query()]
Id = Annotated[str, Path(json_schema_extra=documents.NO_NUL)]
LONGEST_REQUEST_ID = 128
_REQUEST_ID = re.compile(rf"[A-Za-z0-9._-]{{1,{LONGEST_REQUEST_ID}}}")
_FINDING = (Kind.UNKNOWN_LEASE, Kind.UNAVAILABLE)
_ASSIGNING = (
    Kind.NONE_FREE,
    Kind.ALL_BURNT,
    Kind.NO_MATCH,
    Kind.QUOTA,
    Kind.TOO_MANY_WANTED,
    Kind.ORIG_DIFFERS,
    Kind.REQUEST_ID_TAKEN,
    Kind.SUPERSEDED,
    Kind.UNKNOWN_POOL,
    Kind.UNKNOWN_PPA,
    Kind.UNAVAILABLE,
)


class LeaseRoutes(Generic[C]):
    """The calls below `/v1/leases`, a handler each."""

    def __init__(self, backend: Backend[C], assigns: AssignMetrics, tokens: LeaseTokens) -> None:
        self._backend, self._assigns, self._tokens = backend, assigns, tokens

    def install(self, app: FastAPI) -> None:
        """Add the routes."""
        add: Any = app.add_api_route
        responses, one = openapi.responses, {200: documents.Lease}
        lent: Any = documents.AssignedLease | documents.LeaseGroup
        add("/v1/leases", self.assign, methods=["POST"], status_code=201, summary="Assign a PPA",
            responses=responses({200: lent, 201: lent}, _ASSIGNING), response_model=None,
            openapi_extra=openapi.body(documents.AssignRequest))  # fmt: skip
        add("/v1/leases", self.withdraw, methods=["DELETE"], summary="Withdraw a request", response_model=None,
            responses=responses({200: documents.PpaList}, (Kind.UNKNOWN_REQUEST, Kind.UNAVAILABLE)))  # fmt: skip
        add("/v1/leases", self.list, methods=["GET"], summary="Leases in use", response_model=None,
            responses=responses({200: documents.LeaseList}))  # fmt: skip
        add("/v1/leases/{id}", self.show, methods=["GET"], summary="Show a lease", response_model=None,
            responses=responses(one, _FINDING))  # fmt: skip
        add("/v1/leases/{id}/touch", self.touch, methods=["POST"], summary="Touch a lease, and extend it",
            response_model=None, responses=responses(one, (Kind.LEASE_OVER, *_FINDING)),
            openapi_extra=openapi.body(documents.TouchRequest, required=False))  # fmt: skip
        add("/v1/leases/{id}", self.release, methods=["DELETE"], summary="Release a lease", response_model=None,
            responses=responses({200: documents.Ppa}, _FINDING))  # fmt: skip

    async def assign(self, request: Request) -> Response:
        """Waits up to `wait` seconds for a PPA.  The same `request_id` gets the same lease again (200)."""
        caller = auth.caller(request.scope)
        wanted, several = await _parse(request, caller)
        lent = await self._assigns.counted(wanted, self._grant(request, wanted))
        headers = {"Location": f"/v1/leases/{quote(lent.record.lease or '', safe='')}"} if lent.fresh else None
        token = self._tokens.issue(lent.record)
        document = self._documents(lent, token) if several else {**self._document(lent), "token": token}
        return serializers.answer(document, 201 if lent.fresh else 200, headers)

    async def _grant(self, request: Request, wanted: AssignRequest) -> LeaseView:
        call, authenticator = self._backend.assign(await self._checked(wanted)), request.app.state.authenticator
        try:
            return await long_poll.lease_of(request.receive, call, self._backend, authenticator, request.scope)
        except Problem as problem:
            if problem.kind is Kind.QUOTA:
                problem.facts = {**problem.facts, "leases": [self._document(lent) for lent in problem.facts["leases"]]}
            raise

    async def _checked(self, wanted: AssignRequest) -> AssignRequest:
        """The request once its upstream tarballs were compared with the distribution's, as far as that can be done in a
        moment: that Launchpad is away is the assign's to say.  Raises Problem `orig-differs`.
        """
        if not any(source.origs for source in wanted.sources):
            return wanted
        began = time.monotonic()
        try:
            await long_poll.result(self._backend.compare_origs(wanted.sources))
        except Problem as problem:
            if problem.kind is not Kind.UNAVAILABLE:
                raise
        return replace(wanted, spent=time.monotonic() - began)

    async def withdraw(self, request: Request, request_id: Annotated[documents.RequestId, Query()]) -> Response:
        """The request leaves the waiting line; the lease that it got is released.  Request ids are per client; an
        operator without such a request of its own ends those of other clients.
        """
        caller = auth.caller(request.scope)
        released = await long_poll.result(self._backend.withdraw(caller.whole_request_id(request_id), caller))
        return serializers.items(serializers.ppa(snapshot) for snapshot in released)

    async def list(
        self,
        request: Request,
        owner: Wanted = None,
        request_id: Wanted = None,
        pool: Wanted = None,
        select: WantedLabels = None,
    ) -> Response:
        """From memory: a listed lease is not thereby granted.  Request ids are per client; an operator sees all leases
        that have this one.  `select` selects by the labels of the PPAs.
        """
        caller, selector = auth.caller(request.scope), parsing.selector(select)
        self._backend.find_out(selector)
        wanted = {"owner": owner, "request": request_id, "pool": pool}
        if request_id is not None and caller.role is not Role.OPERATOR:
            wanted |= {"by": caller.name, "request": caller.whole_request_id(request_id)}
        selected = (each for each in self._backend.snapshots() if each.labels.judge(selector))
        found = ((_in_use(snapshot, wanted), snapshot.web) for snapshot in selected)
        return serializers.items(serializers.lease(lent, web) for lent, web in found if lent is not None)

    async def show(self, id: Id) -> Response:  # noqa: A002 - the contract's name of the parameter
        """A lease in use, or one that is over as long as its PPA remembers it."""
        return serializers.answer(self._document(await long_poll.result(self._backend.lease(id))))

    async def touch(self, request: Request, id: Id) -> Response:  # noqa: A002 - the contract's name
        """Proves that the owner is alive.  With `ttl` the lease ends that many seconds from now, never earlier than
        before.
        """
        caller = auth.caller(request.scope)
        try:
            ttl = parsing.checked(documents.TouchRequest, await parsing.read(request)).get("ttl")
        except Problem:
            self._refuse_stranger(id, caller)
            raise
        return serializers.answer(self._document(await long_poll.result(self._backend.touch(id, ttl, caller))))

    def _document(self, lent: LeaseView) -> documents.Lease:
        with contextlib.suppress(Problem):  # its PPA is no longer served
            return serializers.lease(lent, self._backend.snapshot(lent.ppa).web)
        return serializers.lease(lent)

    def _documents(self, lent: LeaseView, token: str) -> documents.LeaseGroup:
        record, leases = lent.record, [self._document(one) for one in (lent, *lent.members)]
        return {
            "group": record.group, "request_id": record.request, "attempt": record.attempt, "leases": leases,
            "token": token,
        }  # fmt: skip

    def _refuse_stranger(self, lease: str, caller: Caller) -> None:
        """A stranger is refused before an invalid body is complained about; the supervisor gets only valid calls."""
        records = (snapshot.record for snapshot in self._backend.snapshots())
        if any(record and record.lease == lease and not caller.may_end(record) for record in records):
            raise Problem(Kind.FORBIDDEN, "this lease is not yours to touch or end")

    async def release(self, request: Request, id: Id) -> Response:  # noqa: A002 - the contract's name
        """Ends the lease; the PPA is cleaned.  Can be repeated as long as the PPA remembers the lease."""
        caller = auth.caller(request.scope)
        return serializers.answer(serializers.ppa(await long_poll.result(self._backend.release(id, caller))))


async def _parse(request: Request, caller: Caller) -> tuple[AssignRequest, bool]:
    """The request in the body, and whether it says what it wants as a list.  Every problem from here on names the
    request id, if the body has a usable one.
    """
    body = await parsing.read(request)
    given = body.get("request_id")
    if isinstance(given, str) and _REQUEST_ID.fullmatch(given):
        request.scope["state"]["request_id"] = given
    asked = parsing.checked(documents.AssignRequest, body)
    _name_request(request.scope, caller)
    said: dict[str, Any] = {"pool": documents.POOL} | {
        name: value for name, value in asked.items() if value is not None
    }
    if "ppa" in said:
        said["ppa"] = reference(said["ppa"])
    if (asked.get("priority") or 0) > caller.max_priority:
        raise Problem(Kind.FORBIDDEN, f"priority: you may ask with at most {caller.max_priority} (`max_priority`)")
    said |= {
        "owner": _owner(asked.get("owner"), caller),
        "request_id": errors.request_id(request.scope),
        "select": parsing.selector(asked.get("select")),
        "sources": packages(asked.get("sources")),
    }
    wants = said.pop("want", None)
    if wants is not None:
        said |= _wanted(wants, [name for name in ("pool", "select", "ppa") if asked.get(name) is not None])
    return AssignRequest(**said, by=caller.name), wants is not None


def _name_request(scope: Scope, caller: Caller) -> None:
    """From here on the request has its whole id, which begins with what an issuer signed, if something is.  Raises
    Problem `invalid` for one that is too long.
    """
    given = errors.request_id(scope)
    whole = scope["state"]["request_id"] = caller.whole_request_id(given)
    if not _REQUEST_ID.fullmatch(whole):
        most = max(0, LONGEST_REQUEST_ID - (len(whole) - len(given)))
        raise Problem(Kind.INVALID, f"request_id: at most {most} characters, beside what your token puts before it")


def _owner(given: str | None, caller: Caller) -> str:
    """Whose the lease is.  Raises Problem: `forbidden` for another than the one that an issuer signed."""
    if caller.owner is not None:
        if given not in (None, caller.owner):
            raise Problem(Kind.FORBIDDEN, "owner: it is made of your token's claims, and is another; leave it out")
        return caller.owner
    if given is None:
        raise Problem(Kind.INVALID, "owner: is missing")
    return given


def _wanted(wants: Sequence[documents.Want], beside: Sequence[str]) -> dict[str, Any]:
    """What `want` says: one PPA is asked for as ever."""
    if beside:
        raise Problem(Kind.INVALID, f"{beside[0]}: not beside `want`, which says it for each PPA")
    found = tuple(
        Want(
            one.get("pool") or documents.POOL,
            parsing.selector(one.get("select"), f"want.{number}.select"),
            one.get("count", 1),
        )
        for number, one in enumerate(wants)
    )
    if (many := sum(want.count for want in found)) > documents.MOST_WANTED:
        raise Problem(Kind.INVALID, f"want: {many} PPAs, and at most {documents.MOST_WANTED} at once")
    first = found[0]
    return {"pool": first.pool, "select": first.select} if many == 1 else {"pool": first.pool, "want": found}


def packages(sources: Sequence[documents.Source] | None) -> tuple[SourcePackage, ...]:
    """The source packages that a body names.  Raises Problem `invalid`."""
    if sum(len(source.get("files") or ()) for source in sources or ()) > documents.FILES:
        raise Problem(Kind.INVALID, f"sources: at most {documents.FILES} files in all")
    return tuple(
        SourcePackage(
            source["name"],
            source["version"],
            source.get("series"),
            tuple(NamedFile(file["name"], file["sha256"].lower()) for file in source.get("files") or ()),
        )
        for source in sources or ()
    )


def reference(text: str, where: str = "ppa") -> Reference:
    """The PPA that a text names; `where` is where the text stands.  Raises Problem `invalid`."""
    try:
        return Reference.parse(text)
    except ValueError as error:
        raise Problem(Kind.INVALID, f"{where}: {error}") from None


def _in_use(snapshot: Snapshot, wanted: dict[str, str | None]) -> LeaseView | None:
    record = snapshot.record
    if record is None or record.state is not State.USED:
        return None
    if any(value is not None and getattr(record, name) != value for name, value in wanted.items()):
        return None
    return LeaseView(snapshot.ppa, record, end=snapshot.end)
