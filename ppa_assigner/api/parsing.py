"""Bodies of requests: strict JSON, read up to a limit, and checked against a shape of `documents`.

Rule: a body that is not understood as a whole is refused in one sentence that names the member.  Who may send it was
decided before.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, MutableMapping
from functools import lru_cache
from typing import Any, TypeVar, cast

from fastapi import Request
from pydantic import TypeAdapter, ValidationError
from starlette.types import Receive

from .. import strict_json
from ..problems import Kind, Problem
from ..record import unstorable
from ..selectors import EVERYTHING, Selector, SelectorError, parse
from .errors import sentence

MEDIA_TYPE = "application/json"
LIMIT = 64 * 1024
"""The most bytes that a body may have."""

D = TypeVar("D")


async def read(request: Request) -> dict[str, Any]:
    """The body as a JSON object; no body is an empty one.  Raises Problem `invalid`, or `too-large` (see `limited`)."""
    data = await request.body()
    if not data.strip():
        return {}
    _must_say_json(request)
    try:
        value = strict_json.loads(data.decode())
    except (ValueError, RecursionError) as error:
        raise Problem(Kind.INVALID, f"the body: is not JSON ({_first_line(error)})") from None
    if not isinstance(value, dict):
        raise Problem(Kind.INVALID, "the body: must be a JSON object")
    for where, text in _texts(value, ""):
        check_text(where or "the body", text)
    return value


def _must_say_json(request: Request) -> None:
    """Raises Problem unless the body says that it is JSON.  A page of another site can have a browser post any text,
    but as JSON only after a preflight request, which is never granted.
    """
    said = request.headers.getlist("content-type")
    if len(said) != 1 or said[0].partition(";")[0].strip().lower() != MEDIA_TYPE:
        raise Problem(Kind.INVALID, f"the body: its header must say Content-Type: {MEDIA_TYPE}")


def checked(shape: type[D], value: dict[str, Any]) -> D:
    """A body as a document of this shape.  Raises Problem `invalid`, which names the first member that is wrong."""
    try:
        document: D = _adapter(cast("Hashable", shape)).validate_python(value)
    except ValidationError as error:
        raise Problem(Kind.INVALID, sentence(error.errors()[0])) from None
    return document


@lru_cache
def _adapter(shape: Hashable) -> TypeAdapter[Any]:
    return TypeAdapter(cast("Any", shape))


def check_text(where: str, text: str) -> None:
    """Raises Problem `invalid` for a text that Launchpad could not store."""
    if unstorable(text):
        raise Problem(Kind.INVALID, f"{where}: NUL and lone surrogates are not allowed")


def selector(text: str | None, where: str = "select") -> Selector:
    """The selector in a member of a body, or of a query; without one, what selects everything.  Raises Problem
    `invalid`.
    """
    try:
        return parse(text) if text else EVERYTHING
    except SelectorError as error:
        raise Problem(Kind.INVALID, f"{where}: {error}") from None


def limited(receive: Receive, declared: bytes | None) -> Receive:
    """An ASGI `receive` that ends at LIMIT bytes of body; `declared` is the Content-Length.  Raises Problem
    `too-large`, at once or when more has come.
    """
    if declared is not None and (not declared.isdigit() or int(declared[:20]) > LIMIT):
        raise _too_large()
    read = 0

    async def receive_some() -> MutableMapping[str, Any]:
        nonlocal read
        message = await receive()
        read += len(message.get("body", b""))
        if read > LIMIT:
            raise _too_large()
        return message

    return receive_some


def _too_large() -> Problem:
    return Problem(Kind.TOO_LARGE, f"a body may have at most {LIMIT} bytes")


def _first_line(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return "not UTF-8"
    return "nested too deeply" if isinstance(error, RecursionError) else str(error).split("\n")[0]


def _texts(value: Any, where: str) -> Iterator[tuple[str, str]]:
    """All texts in a document, each with the path of its member; the names of members are texts too."""
    if isinstance(value, str):
        yield where, value
    elif isinstance(value, dict):
        for name, member in value.items():
            yield where, name
            yield from _texts(member, f"{where}.{name}" if where else name)
    elif isinstance(value, list):
        for index, member in enumerate(value):
            yield from _texts(member, f"{where}.{index}")
