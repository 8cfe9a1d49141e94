"""A request and an answer of the stand-in, as plain values, apart from how they travel."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class HttpRequest:
    """A request as it came: `target` is path and query."""

    method: str
    target: str
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    number: int = 0


@dataclass(frozen=True)
class HttpResponse:
    """A response as it goes back."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    reason: str = ""
