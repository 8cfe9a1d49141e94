"""The OpenAPI document: what each call takes, and with which statuses, problems and schemas it may respond.

Rule: a description only; no response is made or checked here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import TypeAdapter

from .. import __version__, documents
from ..problems import EXPLANATIONS, Kind, Problem
from . import errors

Responses = dict[int | str, dict[str, Any]]

EVERYWHERE = (Kind.UNAUTHORIZED, Kind.FORBIDDEN, Kind.TOO_LARGE, Kind.INVALID, Kind.TOO_MANY)
"""Problems with which any call may respond."""
UNGUARDED = (Kind.FORBIDDEN, Kind.TOO_LARGE, Kind.INVALID)
"""Problems with which any call may respond that needs no token."""
REFERRED: Sequence[type] = (
    documents.AssignRequest,
    documents.TouchRequest,
    documents.UploadCheckRequest,
    documents.PromoteRequest,
    documents.ReleaseRequest,
    documents.HoldRequest,
    documents.QuarantineRequest,
    documents.DiscardRequest,
    documents.EmptyBody,
    documents.RetryRequest,
    documents.Event,
    documents.Reset,
    documents.Problem,
)
_REF = "#/components/schemas/{model}"
_FRAME = {
    "type": "object",
    "description": "one event of the stream",
    "required": ["id", "data"],
    "properties": {
        "id": {"type": "string"},
        "event": {"type": "string", "enum": ["message", "reset"]},
        "data": {
            "type": "string",
            "contentMediaType": "application/json",
            "contentSchema": {"anyOf": [{"$ref": _REF.format(model=model)} for model in ("Event", "Reset")]},
        },
    },
}
_DESCRIPTION = """Lends Launchpad PPAs from a fixed pool: one owner at a time, always empty.

Times are RFC 3339 in UTC, durations are seconds, lists are `{"items": […]}`.  Every error is `application/problem+json`
whose `type` ends in the kind of problem; a `GET` of that `type` explains it, in HTML or, if asked for, in JSON.  A
client that gets no answer, or a 503, asks again with the same `request_id` and `attempt` one higher: it gets the PPA
that the first try may have got, never a second one."""
_DETAILS = {
    Kind.NONE_FREE: "no PPA of pool 'default' is free; the next lease ends at 2026-11-25T11:14:12Z",
    Kind.ALL_BURNT: "every PPA of pool 'default' had one of these sources before and cannot take it: hello 2.10-3",
    Kind.TOO_MANY_WANTED: "4 PPAs of pool 'default' are wanted, and it has 3",
    Kind.NO_MATCH: "no PPA of pool 'default' can ever match size=huge",
    Kind.ORIG_DIFFERS: "hello_2.10.orig.tar.gz: ubuntu has it with other content, and Launchpad takes no other",
    Kind.UNFINISHED: "not everything is published yet: hello 2.10-3 is being built: arm64 (Currently building)",
    Kind.NOT_NEWER: "~acme/ubuntu/stable has hello 2.10-4 in noble, newer than 2.10-3",
    Kind.INVALID: "owner: is missing",
    Kind.UNAVAILABLE: "Launchpad did not answer in time; asking again is safe",
}
_FACTS: dict[Kind, dict[str, Any]] = {
    Kind.NONE_FREE: {
        "request_id": "build-77",
        "counts": {"state": {"free": 0, "used": 19, "dirty": 1}, "condition": {"ok": 20}},
        "position": 3,
        "next_until": "2026-11-25T11:14:12Z",
        "next_ends": "2026-11-25T11:14:12Z",
        "ticket": "eyJ…",
    },
    Kind.ORIG_DIFFERS: {
        "request_id": "build-78",
        "file": "hello_2.10.orig.tar.gz",
        "sha256": f"{0x31E066:064x}",
        "url": "https://launchpad.net/ubuntu/+archive/primary/+sourcefiles/hello/2.10-3/hello_2.10.orig.tar.gz",
    },
    Kind.UNFINISHED: {
        "unfinished": [{"name": "hello", "version": "2.10-3", "state": "building", "why": "is being built"}],
    },
    Kind.ALL_BURNT: {
        "request_id": "build-78",
        "sources": [{"name": "hello", "version": "2.10-3"}],
        "burnt": {"~ci-pool/ubuntu/pool-001": "hello 2.10-3", "~ci-pool/ubuntu/pool-002": "hello 2.10-3"},
    },
}


def responses(
    good: Mapping[int, type], kinds: Iterable[Kind] = (), everywhere: Iterable[Kind] = EVERYWHERE
) -> Responses:
    """The responses of a call, for its route: the schemas of good ones by status, and all problems."""
    found: Responses = {status: {"model": model, "description": _doc(model)} for status, model in good.items()}
    for kind in dict.fromkeys((*kinds, *everywhere)):
        _add_problem(found, kind)
    return found


def events() -> Responses:
    """The response of the stream of events, for its route."""
    description = "events: `id` is for `Last-Event-ID`, `data` an Event; `event: reset` where some are missing"
    return {200: {"description": description, "content": {"text/event-stream": {"schema": _FRAME}}}}


def body(model: type, *, required: bool = True) -> dict[str, Any]:
    """The description of a body, as the `openapi_extra` of its route."""
    schema = {"$ref": _REF.format(model=model.__name__)}
    return {"requestBody": {"required": required, "content": {"application/json": {"schema": schema}}}}


def describe(app: FastAPI, *, open_to_all: bool, asks_issuers: bool = False) -> dict[str, Any]:
    """The OpenAPI document of an application.  `open_to_all`: no token is needed.  `asks_issuers`: any call that needs
    one may be told that the issuer of tokens is away.
    """
    document = get_openapi(title="PPA assigner", version=__version__, description=_DESCRIPTION, routes=app.routes)
    _, definitions = TypeAdapter.json_schemas(
        [(shape.__name__, "validation", TypeAdapter[Any](shape)) for shape in REFERRED], ref_template=_REF
    )
    components = document.setdefault("components", {})
    if not asks_issuers:  # nobody's token says whose the lease is
        definitions["$defs"][documents.AssignRequest.__name__]["required"] = ["owner"]
    components["schemas"] = dict(sorted((components.get("schemas", {}) | definitions["$defs"]).items()))
    for name in definitions["$defs"]:
        _say_defaults(components["schemas"][name])
    for name, schema in components["schemas"].items():
        schema |= _examples(getattr(documents, name, None))
    components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    document["security"] = [{"token": []}, {}] if open_to_all else [{"token": []}]
    guarded = (call for calls in document["paths"].values() for call in calls.values() if "security" not in call)
    for call in guarded if asks_issuers else ():
        _say_away(call["responses"])
    return document


def _say_away(known: dict[str, Any]) -> None:
    found: Responses = {}
    _add_problem(found, Kind.UNAVAILABLE)
    for status, entry in found.items():
        known.setdefault(str(status), entry)


def _say_defaults(schema: dict[str, Any]) -> None:
    """A member that may be absent counts as null then, unless its shape says as what."""
    for name in schema.get("properties", {}).keys() - schema.get("required", ()):
        schema["properties"][name].setdefault("default", None)


def _examples(shape: object) -> dict[str, Any]:
    """A schema's examples unchanged: the framework drops members that are null."""
    found = documents.examples_of(shape)
    return {"examples": found} if found else {}


def _add_problem(found: Responses, kind: Kind) -> None:
    shape = errors.SHAPES[kind]
    entry = found.setdefault(
        shape.status,
        {"description": "", "content": {errors.MEDIA_TYPE: {"schema": {"$ref": _REF.format(model="Problem")}}}},
    )
    entry["description"] = ", ".join(filter(None, (entry["description"], f"`{kind.value}`")))
    entry["content"][errors.MEDIA_TYPE].setdefault("examples", {})[kind.value] = {"value": _example(kind)}
    if shape.again:
        entry["headers"] = {"Retry-After": {"description": "seconds", "schema": {"type": "integer"}}}
    if kind is Kind.UNAUTHORIZED:
        entry["headers"] = {"WWW-Authenticate": {"schema": {"type": "string", "const": "Bearer"}}}


def _example(kind: Kind) -> documents.Problem:
    problem = Problem(kind, _DETAILS.get(kind, EXPLANATIONS[kind].title), **_FACTS.get(kind, {}))
    return errors.document(problem)


def _doc(model: type) -> str:
    return (model.__doc__ or "").strip().split("\n")[0]
