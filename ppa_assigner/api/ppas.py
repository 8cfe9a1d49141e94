"""/v1/ppas and /v1/pools: what is known of PPAs and pools, and the operator's actions.

Rule: what is shown comes from memory and never waits; an action is passed to the supervisor only for an operator.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import FastAPI, Path, Request
from starlette.responses import Response

from .. import documents
from ..problems import Kind
from ..record import State
from ..reference import Reference
from ..selectors import EVERYTHING
from ..views import (
    AdoptAction,
    Condition,
    DiscardAction,
    HoldAction,
    OperatorAction,
    QuarantineAction,
    ReleaseAction,
    ResumeAction,
    Snapshot,
)
from . import auth, long_poll, openapi, parsing, serializers
from .backend import Backend
from .leases import Wanted, WantedLabels, reference

_PATH = "/v1/ppas/{owner}/{distribution}/{name}"
_NAME = "[a-z0-9][a-z0-9+.-]*"
# The patterns are for the API's description only: `reference` says what is wrong with a name.
OwnerPart = Annotated[str, Path(json_schema_extra={"pattern": f"^~{_NAME}$", "examples": ["~ci-pool"]})]
DistributionPart = Annotated[str, Path(json_schema_extra={"pattern": f"^{_NAME}$", "examples": ["ubuntu"]})]
NamePart = Annotated[str, Path(json_schema_extra={"pattern": f"^{_NAME}$", "examples": ["pool-001"]})]
_ACTING = (Kind.UNKNOWN_PPA, Kind.WRONG_STATE, Kind.UNAVAILABLE)

Handler = Callable[[Request, str, str, str], Awaitable[Response]]


class PpaRoutes:
    """The calls below `/v1/ppas` and `/v1/pools`, a handler each."""

    def __init__(self, backend: Backend[Any]) -> None:
        self._backend = backend
        self._list = serializers.PpaListCache()

    def install(self, app: FastAPI) -> None:
        """Add the routes."""
        add: Any = app.add_api_route
        responses, one = openapi.responses, {200: documents.Ppa}
        add("/v1/ppas", self.list, methods=["GET"], summary="List PPAs", response_model=None,
            responses=responses({200: documents.PpaList}))  # fmt: skip
        add(_PATH, self.show, methods=["GET"], summary="Show a PPA", response_model=None,
            responses=responses(one, (Kind.UNKNOWN_PPA,)))  # fmt: skip
        add(f"{_PATH}/content", self.content, methods=["GET"], summary="List what a clean would delete",
            responses=responses({200: documents.Content}, (Kind.UNKNOWN_PPA, Kind.UNAVAILABLE)),
            response_model=None)  # fmt: skip
        add(f"{_PATH}/history", self.history, methods=["GET"], summary="List the leases that a PPA had",
            responses=responses({200: documents.History}, (Kind.UNKNOWN_PPA, Kind.UNAVAILABLE)),
            response_model=None)  # fmt: skip
        for name, (summary, model, action) in ACTIONS.items():
            add(f"{_PATH}/{name}", self._operating(model, action), methods=["POST"], summary=summary, name=name,
                responses=responses(one, _ACTING), response_model=None, description="For operators.",
                openapi_extra=openapi.body(model, required=model not in ABSENT))  # fmt: skip
        add("/v1/pools", self.pools, methods=["GET"], summary="List pools, in numbers", response_model=None,
            responses=responses({200: documents.PoolList}))  # fmt: skip

    async def list(
        self,
        pool: Wanted = None,
        state: State | None = None,
        condition: Condition | None = None,
        select: WantedLabels = None,
    ) -> Response:
        """All PPAs that match, from memory; `seen` tells how old that is.  `select` selects by labels; of what is not
        known of a PPA yet it selects nothing.
        """
        selector = parsing.selector(select)
        self._backend.find_out(selector)
        known = self._backend.snapshots()
        self._list.forget_others(known)
        if (pool, state, condition) != (None, None, None):
            known = [each for each in known if _matches(each, pool, state, condition)]
        if selector is not EVERYTHING:
            known = [each for each in known if each.labels.judge(selector)]
        return serializers.raw_answer(self._list.encoded(known))

    async def show(self, owner: OwnerPart, distribution: DistributionPart, name: NamePart) -> Response:
        """What is known of a PPA, from memory; `seen` tells how old that is."""
        return serializers.answer(serializers.ppa(self._backend.snapshot(_named(owner, distribution, name))))

    async def content(
        self, request: Request, owner: OwnerPart, distribution: DistributionPart, name: NamePart
    ) -> Response:
        """What a clean would delete now, asked of Launchpad.  For operators."""
        auth.operator(request.scope)
        ppa = _named(owner, distribution, name)
        return serializers.answer(serializers.content(ppa, await long_poll.result(self._backend.content(ppa))))

    async def history(self, owner: OwnerPart, distribution: DistributionPart, name: NamePart) -> Response:
        """Who had a PPA, when, and what was in it, the newest first: as Launchpad remembers the leases that published
        something.
        """
        ppa = _named(owner, distribution, name)
        found = await long_poll.result(self._backend.history(ppa))
        return serializers.items(serializers.past_lease(one) for one in found)

    async def pools(self, select: WantedLabels = None) -> Response:
        """Each pool's PPAs by state and condition, and its waiting line.  `select` selects by the labels of pools."""
        selector = parsing.selector(select)
        return serializers.items(serializers.pool(v) for v in self._backend.pools() if selector.matches(v.labels))

    def _operating(self, model: type, action: Callable[[Any], OperatorAction]) -> Handler:
        async def operate(
            request: Request, owner: OwnerPart, distribution: DistributionPart, name: NamePart
        ) -> Response:
            caller = auth.operator(request.scope)
            ppa = _named(owner, distribution, name)
            body: Any = parsing.checked(model, await parsing.read(request))
            return serializers.answer(
                serializers.ppa(await long_poll.result(self._backend.operate(ppa, action(body), caller)))
            )

        return operate


ABSENT = (documents.EmptyBody, documents.DiscardRequest)
"""Bodies that may be absent, since no member of theirs is required."""
ACTIONS: dict[str, tuple[str, type, Callable[[Any], OperatorAction]]] = {
    "release": ("End a lease", documents.ReleaseRequest, lambda body: ReleaseAction(body["lease"])),
    "hold": ("Keep a lease longer, once", documents.HoldRequest, lambda body: HoldAction(body["lease"], body["for"])),
    "adopt": ("Take in a PPA, deleting what is in it", documents.EmptyBody, lambda _: AdoptAction()),
    "quarantine": (
        "Keep from being cleaned and lent",
        documents.QuarantineRequest,
        lambda body: QuarantineAction(body["reason"]),
    ),
    "resume": ("End a quarantine", documents.EmptyBody, lambda _: ResumeAction()),
    "discard": (
        "Lend no more, after its lease and a last clean",
        documents.DiscardRequest,
        lambda body: DiscardAction(body.get("reason") or DiscardAction.UNSAID, body.get("delete") or False),
    ),
}


def _named(owner: str, distribution: str, name: str) -> Reference:
    return reference(f"{owner}/{distribution}/{name}")


def _matches(snapshot: Snapshot, pool: str | None, state: State | None, condition: Condition | None) -> bool:
    if pool is not None and snapshot.pool != pool:
        return False
    if state is not None and (snapshot.record is None or snapshot.record.state is not state):
        return False
    return condition is None or snapshot.condition is condition
