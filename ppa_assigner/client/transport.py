"""One request, one answer: over TCP, TLS or a Unix socket.

Rule: sends each request once and within its deadlines; whether to ask again is for the caller to say, who must know
whether the request may have reached the daemon.  Nothing here knows what a call means.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote, urlsplit

from . import sockets
from .connections import BROKEN, ConnectionPool, OpenResponse, ResponseTooLargeError
from .credentials import Credentials
from .errors import Document, Obstacle, Unavailable, UsageError
from .http1 import ProtocolError
from .sockets import NotConnectedError, NotEncryptedError, NotTrustedError

if TYPE_CHECKING:
    import socket

INTERRUPTIBLE = True
"""A signal may end a command's wait anywhere in this module: what it locks, it locks by a `with`."""

DEFAULT_URL = "http://127.0.0.1:8020"
CONNECT_S = 5.0
_PORTS = {"http": 80, "https": 443}
_ACCEPTED = {"Accept": "application/json, application/problem+json"}
_UNAUTHORIZED = 401
_SAFE = "/%:@!$&'()*+,;=~"
_OBSTACLES = {NotConnectedError: Obstacle.NOBODY, NotTrustedError: Obstacle.CERTIFICATE}
_NEVER_SENT = (NotConnectedError, NotEncryptedError, NotTrustedError)
_LONGEST_RETRY_AFTER_S = 3600.0


class ApiResponse(NamedTuple):
    """A whole answer; `document` is empty when a failure came without JSON.  `tag` is its ETag, empty without one."""

    status: int
    document: Document
    retry_after: float | None
    tag: str = ""


class ApiTransport:
    """Connections to one daemon.  Safe for threads."""

    def __init__(self, url: str, token: str | Credentials | None, ca_file: str | None = None) -> None:
        """`url` is http(s)://host[:port][/prefix] or unix:/path; `ca_file` has the certificates to trust for https, in
        place of the system's.  Raises UsageError.
        """
        self.url = url
        self._pool, self._prefix = _pool_for(url, ca_file)
        self.credentials = token if isinstance(token, Credentials) else Credentials(token)

    def close(self) -> None:
        """Close what is open; the transport can still be used."""
        self._pool.close()

    def send(
        self,
        method: str,
        path: str,
        body: Mapping[str, object] | None,
        *,
        read: float,
        headers: Mapping[str, str] | None = None,
    ) -> ApiResponse:
        """The daemon's answer, whatever it is, all of it within `read` seconds.  Raises Unavailable when there is no
        whole one, or a longer one than any of the daemon's.
        """
        token = self.credentials.token(method, path)
        response = self._open(method, path, body, read=read, more=headers, token=token)
        data = self._whole(response)
        if response.status == _UNAUTHORIZED and self.credentials.refused(token):
            return self.send(method, path, body, read=read, headers=headers)
        document = _parsed(data)
        if document is None and 200 <= response.status < 300:
            raise Unavailable(f"{self.url} gave an answer that is not a JSON document")
        return ApiResponse(response.status, document or {}, _retry_after(response), response.header("ETag"))

    @contextlib.contextmanager
    def stream(
        self, path: str, *, read: float, headers: Mapping[str, str] | None = None
    ) -> Iterator[tuple[ApiResponse, Iterator[bytes]]]:
        """The head of an answer without end, and its pieces as they come; or the whole of a failure.

        The head comes within `read` seconds.  The pieces end when nothing came for `read` seconds or when the daemon
        ends them; Unavailable when they break.
        """
        response = self._open("GET", path, None, read=read, more=headers, token=self.credentials.token("GET", path))
        document = {} if response.status == 200 else _parsed(self._whole(response)) or {}
        try:
            yield ApiResponse(response.status, document, _retry_after(response)), self._pieces(response)
        finally:
            response.close()

    def _whole(self, response: OpenResponse) -> bytes:
        try:
            return response.whole()
        except (*BROKEN, ResponseTooLargeError) as error:
            raise self._unavailable(error) from error

    def _pieces(self, response: OpenResponse) -> Iterator[bytes]:
        try:
            yield from response.pieces()
        except TimeoutError:
            return
        except BROKEN as error:
            raise self._unavailable(error) from error

    def _open(
        self,
        method: str,
        path: str,
        body: Mapping[str, object] | None,
        *,
        read: float,
        more: Mapping[str, str] | None = None,
        token: str | None = None,
    ) -> OpenResponse:
        headers = {**_ACCEPTED, **(more or {})}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        if body is not None:
            headers["Content-Type"] = "application/json"
        content = None if body is None else _encoded(body)
        try:
            return self._pool.send(
                method, self._prefix + path, content, headers, connect=min(CONNECT_S, read), read=read
            )
        except (*BROKEN, *_NEVER_SENT) as error:
            raise self._unavailable(error) from error

    def _unavailable(self, error: Exception) -> Unavailable:
        return Unavailable(
            f"{self.url}: {_reason(error)}",
            maybe_done=not isinstance(error, _NEVER_SENT),
            obstacle=_OBSTACLES.get(type(error)),
        )


def _pool_for(url: str, ca_file: str | None) -> tuple[ConnectionPool, str]:
    if url.startswith("unix:"):
        return ConnectionPool("localhost", partial(sockets.unix, _socket_path(url))), ""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise _no_address(url) from None
    if parts.scheme not in _PORTS or not parts.hostname or port == 0:
        raise _no_address(url)
    if "@" in parts.netloc or parts.query or parts.fragment or not (url.isascii() and url.isprintable()):
        raise _no_address(url)
    connect = partial(_connect(parts.scheme, ca_file), parts.hostname, port or _PORTS[parts.scheme])
    return ConnectionPool(parts.netloc, connect), quote(parts.path.rstrip("/"), safe=_SAFE)


def _connect(scheme: str, ca_file: str | None) -> Callable[[str, int, float], socket.socket]:
    if scheme == "http":
        return sockets.tcp
    try:
        return sockets.tls(ca_file)
    except sockets.NoCertificatesError as error:
        raise UsageError(str(error)) from None


def _socket_path(url: str) -> str:
    path = url.removeprefix("unix:")
    path = path.removeprefix("//") if path.startswith("///") else path
    if not path.startswith("/") or "\0" in path:
        raise UsageError(f"{url!r} needs an absolute path, like unix:/run/ppa-assigner/api.sock")
    return path


def _no_address(url: str) -> UsageError:
    return UsageError(f"{url!r} is not an address of a daemon; write it like {DEFAULT_URL} or unix:/path")


def _encoded(body: Mapping[str, object]) -> bytes:
    try:
        return json.dumps(body, allow_nan=False).encode()
    except (ValueError, TypeError, RecursionError) as error:  # infinity, or more digits than Python writes
        raise UsageError(f"what was asked for cannot be said in JSON: {error}") from None


def _parsed(data: bytes) -> Document | None:
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def _retry_after(response: OpenResponse) -> float | None:
    try:
        seconds = float(response.header("Retry-After"))
    except ValueError:
        return None
    return min(seconds, _LONGEST_RETRY_AFTER_S) if seconds >= 0 else None


def _reason(error: Exception) -> str:
    if isinstance(error, NotConnectedError):
        return f"no connection within {CONNECT_S:g} s" if error.late else f"cannot connect ({error})"
    if isinstance(error, NotEncryptedError):
        return f"what listens there does not come to TLS ({error})"
    if isinstance(error, NotTrustedError):
        return f"its certificate is not trusted ({error})"
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, ResponseTooLargeError):
        return str(error)
    if isinstance(error, ProtocolError):
        return f"what answers there does not keep to HTTP ({error})"
    return f"the connection broke ({(isinstance(error, OSError) and error.strerror) or error})"
