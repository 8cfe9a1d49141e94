"""Problems as HTTP answers (RFC 9457), and the one table that gives each kind its status.

Rule: whatever goes wrong, the answer is a problem document whose `type` ends in the kind; it never shows a traceback
or anything of the program's inside.
"""

from __future__ import annotations

import json
import math
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, cast

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import Scope

from .. import documents
from ..backoff import RETRY_AFTER_S
from ..problems import EXPLANATIONS, Kind, Problem

MEDIA_TYPE = "application/problem+json"
ASSIGN = ("POST", "/v1/leases")


@dataclass(frozen=True, slots=True)
class Shape:
    """How a kind of problem looks in HTTP; `again`: the response carries Retry-After."""

    status: int
    again: bool = False


SHAPES: Mapping[Kind, Shape] = {
    Kind.NONE_FREE: Shape(409, again=True),
    Kind.ALL_BURNT: Shape(409),
    Kind.NO_MATCH: Shape(422),
    Kind.QUOTA: Shape(409),
    Kind.TOO_MANY_WANTED: Shape(422),
    Kind.ORIG_DIFFERS: Shape(422),
    Kind.UNFINISHED: Shape(409),
    Kind.NOT_NEWER: Shape(409),
    Kind.REQUEST_ID_TAKEN: Shape(409),
    Kind.SUPERSEDED: Shape(409),
    Kind.WRONG_STATE: Shape(409),
    Kind.UNKNOWN_POOL: Shape(404),
    Kind.UNKNOWN_PPA: Shape(404),
    Kind.UNKNOWN_LEASE: Shape(404),
    Kind.UNKNOWN_REQUEST: Shape(404),
    Kind.NOT_FOUND: Shape(404),
    Kind.METHOD_NOT_ALLOWED: Shape(405),
    Kind.LEASE_OVER: Shape(410),
    Kind.UNAUTHORIZED: Shape(401),
    Kind.FORBIDDEN: Shape(403),
    Kind.TOO_LARGE: Shape(413),
    Kind.INVALID: Shape(422),
    Kind.TOO_MANY: Shape(429, again=True),
    Kind.INTERNAL: Shape(500),
    Kind.UNAVAILABLE: Shape(503, again=True),
}
_KINDS_BY_STATUS = {404: Kind.NOT_FOUND, 405: Kind.METHOD_NOT_ALLOWED, 413: Kind.TOO_LARGE, 429: Kind.TOO_MANY}


def type_of(kind: Kind) -> str:
    """The `type` of a problem of this kind: it ends in the kind."""
    return f"/problems/{kind.value}"


def document(problem: Problem) -> documents.Problem:
    """The problem document; facts cannot replace its own members."""
    kind = problem.kind
    title, status = EXPLANATIONS[kind].title, SHAPES[kind].status
    said: documents.Problem = {"type": type_of(kind), "title": title, "status": status, "detail": problem.detail}
    facts = {name: fact for name, fact in problem.facts.items() if name not in said}
    return cast("documents.Problem", {**said, **facts})


def answer(scope: Scope, problem: Problem) -> Response:
    """The response to the request of this scope that tells a problem; the one to an assign always has a request id."""
    told = document(problem)
    if (scope["method"], scope["path"]) == ASSIGN and not told.get("request_id"):
        told["request_id"] = request_id(scope)
    body = json.dumps(told, separators=(",", ":"), allow_nan=False)
    return Response(body, SHAPES[problem.kind].status, _headers(problem), MEDIA_TYPE)


def request_id(scope: Scope) -> str:
    """The request id of an assign: what its body said, else one drawn here, the same for the whole request."""
    state: dict[str, Any] = scope.setdefault("state", {})
    given: str = state.setdefault("request_id", uuid.uuid4().hex)
    return given


def bug() -> Problem:
    """The problem that is answered for an unexpected exception."""
    return Problem(Kind.INTERNAL, "the daemon failed to answer this; its log says more")


def install(app: FastAPI) -> None:
    """Have the application answer its own failures as problems."""
    app.add_exception_handler(Problem, _on_problem)
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(RequestValidationError, _on_invalid)


def sentence(error: Mapping[str, Any]) -> str:
    """A validation error in one sentence that begins with the field's name; `loc` is the field's path."""
    field = ".".join(str(part) for part in error["loc"]) or "the body"
    if error["type"] == "missing":
        return f"{field}: is missing"
    if error["type"] == "extra_forbidden":
        return f"{field}: unknown member"
    message = str(error["msg"]).removeprefix("Value error, ").removeprefix("Input ")
    return f"{field}: {message[:1].lower()}{message[1:]}"


def _headers(problem: Problem) -> dict[str, str]:
    headers = {"Cache-Control": "no-store"}
    if SHAPES[problem.kind].again:
        seconds = problem.retry_after if problem.retry_after is not None else RETRY_AFTER_S
        headers["Retry-After"] = str(max(1, math.ceil(seconds)))
    if problem.kind is Kind.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    return headers


async def _on_problem(request: Request, error: Exception) -> Response:
    if not isinstance(error, Problem):
        raise error
    return answer(request.scope, error)


async def _on_invalid(request: Request, error: Exception) -> Response:
    """Answer a validation error of the framework, which validates query parameters only."""
    if not isinstance(error, RequestValidationError):
        raise error
    first = error.errors()[0]
    where = {**first, "loc": first["loc"][1:] or first["loc"]}
    return answer(request.scope, Problem(Kind.INVALID, sentence(where)))


async def _on_http_exception(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        return _not_allowed(request)
    fallback = Kind.INVALID if error.status_code < HTTPStatus.INTERNAL_SERVER_ERROR else Kind.INTERNAL
    kind = _KINDS_BY_STATUS.get(error.status_code, fallback)
    detail = f"there is nothing at {request.url.path}" if kind is Kind.NOT_FOUND else str(error.detail)
    return answer(request.scope, Problem(kind, detail))


def _not_allowed(request: Request) -> Response:
    methods = ", ".join(allowed(request.app, request.url.path))
    problem = Problem(Kind.METHOD_NOT_ALLOWED, f"{request.method} is not allowed here; allowed are {methods}")
    response = answer(request.scope, problem)
    response.headers["Allow"] = methods
    return response


def allowed(app: FastAPI, path: str) -> list[str]:
    """The methods that a path allows; an empty list for an unknown path."""
    found: set[str] = set()
    for route in app.routes:
        pattern, methods = getattr(route, "path_regex", None), getattr(route, "methods", None)
        if pattern is not None and methods and pattern.match(path):
            found |= set(methods)
    if "GET" in found:
        found.add("HEAD")
    return sorted(found | {"OPTIONS"}) if found else []
