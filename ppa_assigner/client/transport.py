"""One request, one answer: over TCP, TLS or a Unix socket.

Rule: sends each request once and within its deadlines; whether to ask again is for the caller to say, who must know
whether the request may have reached the daemon.  Nothing here knows what a call means.
"""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import urllib3
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError, ReadTimeoutError, SSLError
from urllib3.response import BaseHTTPResponse

from .connections import (
    BoundedHTTPConnection,
    BoundedHTTPPool,
    BoundedHTTPSPool,
    ResponseTooLargeError,
    read_deadline,
    read_whole,
)
from .errors import Document, Obstacle, Unavailable, UsageError

DEFAULT_URL = "http://127.0.0.1:8020"
CONNECT_S = 5.0
_CONNECTIONS = 4
_LONGEST_RETRY_AFTER_S = 3600.0


@dataclass(frozen=True, slots=True)
class ApiResponse:
    """A whole answer; `document` is empty when a failure came without JSON."""

    status: int
    document: Document = field(default_factory=dict)
    retry_after: float | None = None


class ApiTransport:
    """Connections to one daemon.  Safe for threads."""

    def __init__(self, url: str, token: str | None, ca_file: str | None = None) -> None:
        """`url` is http(s)://host[:port][/prefix] or unix:/path; `ca_file` has the certificates to trust for https, in
        place of the system's.  Raises UsageError.
        """
        self.url = url
        self._pool, self._prefix = _pool_for(url, ca_file)
        self._headers = {"Accept": "application/json, application/problem+json"}
        if token is not None:
            self._headers["Authorization"] = f"Bearer {_checked(token)}"

    def close(self) -> None:
        """Close what is open; the transport can still be used."""
        if isinstance(self._pool, urllib3.PoolManager):
            self._pool.clear()
        else:
            self._pool.close()

    def send(self, method: str, path: str, body: Document | None, *, read: float) -> ApiResponse:
        """The daemon's answer, whatever it is, all of it within `read` seconds.  Raises Unavailable when there is no
        whole one, or a longer one than any of the daemon's.
        """
        with read_deadline(read):
            response = self._open(method, path, body, read=read)
            data = self._whole(response)
        document = _parsed(data)
        if document is None and 200 <= response.status < 300:
            raise Unavailable(f"{self.url} gave an answer that is not a JSON document")
        return ApiResponse(response.status, document or {}, _retry_after(response))

    @contextlib.contextmanager
    def stream(
        self, path: str, *, read: float, headers: Mapping[str, str] | None = None
    ) -> Iterator[tuple[ApiResponse, Iterator[bytes]]]:
        """The head of an answer without end, and its pieces as they come; or the whole of a failure.

        The head comes within `read` seconds.  The pieces end when nothing came for `read` seconds or when the daemon
        ends them; Unavailable when they break.
        """
        with read_deadline(read):
            response = self._open("GET", path, None, read=read, more=headers)
            document = {} if response.status == 200 else _parsed(self._whole(response)) or {}
        try:
            yield ApiResponse(response.status, document, _retry_after(response)), self._pieces(response)
        finally:
            response.close()

    def _whole(self, response: BaseHTTPResponse) -> bytes:
        try:
            return read_whole(response)
        except (HTTPError, OSError, ResponseTooLargeError) as error:
            raise self._unavailable(error) from error

    def _pieces(self, response: BaseHTTPResponse) -> Iterator[bytes]:
        try:
            while piece := response.read1(1 << 16):
                yield piece
        except ReadTimeoutError:
            return
        except (HTTPError, OSError) as error:
            raise self._unavailable(error) from error

    def _open(
        self,
        method: str,
        path: str,
        body: Document | None,
        *,
        read: float,
        more: Mapping[str, str] | None = None,
    ) -> BaseHTTPResponse:
        headers = {**self._headers, **(more or {})}
        if body is not None:
            headers["Content-Type"] = "application/json"
        try:
            return self._pool.urlopen(
                method,
                self._prefix + path,
                body=None if body is None else _encoded(body),
                headers=headers,
                timeout=urllib3.Timeout(connect=min(CONNECT_S, read), read=read),
                retries=False,
                redirect=False,
                preload_content=False,
            )
        except (HTTPError, OSError) as error:
            raise self._unavailable(error) from error

    def _unavailable(self, error: Exception) -> Unavailable:
        obstacle = _obstacle(error)
        return Unavailable(f"{self.url}: {_reason(error)}", maybe_done=obstacle is None, obstacle=obstacle)


class _UnixConnection(BoundedHTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: str, **options: Any) -> None:
        super().__init__("localhost", **options)
        self._path = path

    def connect(self) -> None:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.settimeout(self.timeout)
            connection.connect(self._path)
        except OSError as error:
            connection.close()
            raise NewConnectionError(self, str(error)) from error
        self.sock = connection


class _UnixPool(BoundedHTTPPool):
    def __init__(self, path: str) -> None:
        super().__init__("localhost", maxsize=_CONNECTIONS)
        self._path = path

    def _new_conn(self) -> _UnixConnection:
        return _UnixConnection(self._path)


def _pool_for(url: str, ca_file: str | None) -> tuple[urllib3.PoolManager | BoundedHTTPPool, str]:
    if url.startswith("unix:"):
        return _UnixPool(_socket_path(url)), ""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise _no_address(url) from None
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise _no_address(url)
    if "@" in parts.netloc or parts.query or parts.fragment or not (url.isascii() and url.isprintable()):
        raise _no_address(url)
    trust = _trusting(ca_file) if ca_file is not None and parts.scheme == "https" else None
    manager = urllib3.PoolManager(maxsize=_CONNECTIONS, ssl_context=trust)
    manager.pool_classes_by_scheme = {"http": BoundedHTTPPool, "https": BoundedHTTPSPool}
    return manager, url.rstrip("/")


def _trusting(ca_file: str) -> ssl.SSLContext:
    context = urllib3.util.create_urllib3_context()
    try:
        context.load_verify_locations(ca_file)
    except ssl.SSLError:
        raise UsageError(f"there are no certificates in PEM in {ca_file}, which should have those to trust") from None
    except OSError as error:
        raise UsageError(f"cannot read {ca_file}, which should have certificates to trust: {error.strerror}") from None
    return context


def _socket_path(url: str) -> str:
    path = url.removeprefix("unix:")
    path = path.removeprefix("//") if path.startswith("///") else path
    if not path.startswith("/") or "\0" in path:
        raise UsageError(f"{url!r} needs an absolute path, like unix:/run/ppa-assigner/api.sock")
    return path


def _no_address(url: str) -> UsageError:
    return UsageError(f"{url!r} is not an address of a daemon; write it like {DEFAULT_URL} or unix:/path")


def _encoded(body: Document) -> bytes:
    try:
        return json.dumps(body, allow_nan=False).encode()
    except (ValueError, TypeError, RecursionError) as error:  # infinity, or more digits than Python writes
        raise UsageError(f"what was asked for cannot be said in JSON: {error}") from None


def _checked(token: str) -> str:
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise UsageError("this is not a token: it must be printable ASCII without spaces")
    return token


def _parsed(data: bytes) -> Document | None:
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def _retry_after(response: BaseHTTPResponse) -> float | None:
    try:
        seconds = float(response.headers.get("Retry-After", ""))
    except ValueError:
        return None
    return min(seconds, _LONGEST_RETRY_AFTER_S) if seconds >= 0 else None


def _obstacle(error: Exception) -> Obstacle | None:
    """None: the request may have been sent."""
    if isinstance(error, NewConnectionError | ConnectTimeoutError):
        return Obstacle.NOBODY
    return Obstacle.CERTIFICATE if _distrust(error) is not None else None


def _distrust(error: Exception) -> str | None:
    """Why the certificate that was shown is not trusted; None where something else is wrong."""
    cause = error.args[0] if isinstance(error, SSLError) and error.args else error
    return cause.verify_message.lower() if isinstance(cause, ssl.SSLCertVerificationError) else None


def _reason(error: Exception) -> str:
    if (distrust := _distrust(error)) is not None:
        return f"its certificate is not trusted ({distrust})"
    if isinstance(error, NewConnectionError):
        return "cannot connect" + (f" ({error.__cause__.strerror})" if isinstance(error.__cause__, OSError) else "")
    if isinstance(error, ConnectTimeoutError):
        return f"no connection within {CONNECT_S:g} s"
    if isinstance(error, ReadTimeoutError):
        return "no answer in time"
    if isinstance(error, ResponseTooLargeError):
        return str(error)
    return f"the connection broke ({error})"
