"""HTTP to one web service: bounded connections, each request sent once, no wait without an end.

Rule: whatever the network does ends in a `Response`, in `NotSentError` (nothing of the request left this host) or in
`NoResponseError` (it may have been carried out), within the deadline.  This module must not repeat a request, follow a
redirect, cache a response, or know Launchpad.
"""

from __future__ import annotations

import http.client
import ipaddress
import os
import re
import ssl
import time
from collections.abc import Callable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit
from urllib.request import (  # type: ignore[attr-defined]  # typeshed lacks the second
    getproxies_environment,
    proxy_bypass_environment,
)

import urllib3
from urllib3.exceptions import HTTPError, ProxyError, ProxySchemeUnknown
from urllib3.util import make_headers, parse_url

from ..port import Lane
from .bodies import MAX_BODY_BYTES, BodyReader, BodyTooLongError, Sink
from .redaction import Secrets, one_line
from .semaphore import FairSemaphore
from .sockets import DeadlinePassedError, DeadlinePool, DeadlineTLSPool, DeadlineTLSSocket, Exchange, in_exchange

if TYPE_CHECKING:
    from collections.abc import Iterator

_OBJECT = re.compile(r"^(?:\w+\(host=[^)]*\)|<(?:[^<>]|<[^<>]*>)*>): ")  # how urllib3's messages begin, by its version
UNREDACTED_STATUSES = (200, 209)
"""Statuses of responses that are what was asked for, which must not be changed."""
SYSTEM_CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds: to connect to one address, between two pieces of a response, and for a whole call, waiting for a
    connection included.
    """

    connect: float = 5.0
    read: float = 30.0
    total: float = 60.0


@dataclass(frozen=True, slots=True)
class RequestOutcome:
    """One request, for metrics: `outcome` is the HTTP status, or `not-sent` or `no-answer`."""

    method: str
    lane: Lane
    outcome: int | str
    seconds: float


@dataclass(frozen=True, slots=True)
class Response:
    """A whole response.  Names of headers are in lower case; `started` (before the request left) and `ended` in seconds
    of the boot-time clock.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    started: float
    ended: float


class NotSentError(Exception):
    """No byte of the request left: no connection in time, no name, no route, refused, an untrusted certificate."""


class NoResponseError(Exception):
    """The request may have been carried out, or may still be: it left, and no whole response came."""


class TooLargeResponseError(NoResponseError):
    """The response is longer than the caller's limit."""


class UnusableProxyError(ValueError):
    """The environment names a proxy that cannot be used; the text has no password of it."""


class HttpTransport:
    """Connections to the service at `root`, split in lanes that never wait for each other.  Safe for threads.

    Proxies come from the environment (http_proxy, https_proxy, no_proxy, upper case too), but never for this host
    itself; a proxy of an unknown kind is a ValueError.  What a proxy itself refuses was not sent; the message names the
    proxy, without its password.  Certificates are verified against `ca_file`, or else the system's bundle.
    """

    def __init__(
        self,
        root: str,
        timeouts: Timeouts,
        connections: int,
        boottime: Callable[[], float],
        on_request: Callable[[RequestOutcome], None] | None = None,
        secrets: Secrets = Secrets(),  # noqa: B008 - immutable
        ca_file: Path | None = None,
    ) -> None:
        self._timeouts = timeouts
        self._boottime = boottime
        self._on_request = on_request
        self.secrets = secrets
        """Removed from every error, and from every response but those that succeeded with what was asked for."""
        self.sizes = connections_by_lane(connections)
        self._semaphores = {lane: FairSemaphore(size) for lane, size in self.sizes.items()}
        context = ssl_context(ca_file)
        proxy = proxy_for(root)
        self._via = f" by the proxy {_without_credentials(proxy)}" if proxy is not None else ""
        self._managers = {lane: _pool_manager(proxy, size, context) for lane, size in self.sizes.items()}

    def deadline(self) -> float:
        """When (monotonic clock, seconds) a call that begins now must end."""
        return time.monotonic() + self._timeouts.total

    def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None = None,
        *,
        lane: Lane = Lane.WORK,
        deadline: float | None = None,
        leave_by: float | None = None,
        max_bytes: int = MAX_BODY_BYTES,
        sink: Sink | None = None,
    ) -> Response:
        """Send once and read the whole response, whatever its status, up to `max_bytes` of its decompressed body.  A
        `sink` gets the body of a 200 piece by piece; the response then has none.

        `deadline`: monotonic clock, default `deadline()`.  `leave_by`: boot-time clock; if the first byte could leave
        only later, nothing is sent.  Raises NotSentError and NoResponseError, nothing else.
        """
        exchange = Exchange(
            deadline=self.deadline() if deadline is None else deadline,
            connect=self._timeouts.connect,
            read=self._timeouts.read,
            in_time=lambda: leave_by is None or self._boottime() < leave_by,
        )
        started = self._boottime()
        outcome: int | str = "not-sent"
        try:
            response = self._exchange(exchange, lane, method, url, headers, body, started, BodyReader(max_bytes, sink))
            outcome = response.status
        except NoResponseError:
            outcome = "no-answer"
            raise
        finally:
            self._report(RequestOutcome(method, lane, outcome, self._boottime() - started))
        return response

    def close(self) -> None:
        """Close the idle connections; requests under way end by themselves."""
        for manager in self._managers.values():
            manager.clear()

    def _exchange(
        self,
        exchange: Exchange,
        lane: Lane,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None,
        started: float,
        reader: BodyReader,
    ) -> Response:
        try:
            with self._connection(lane, exchange), in_exchange(exchange):
                response = self._begin(exchange, lane, method, url, headers, body)
                content = reader.read(response)
        except (HTTPError, OSError, http.client.HTTPException, ValueError, DeadlinePassedError) as error:
            kind = NoResponseError if exchange.sent else NotSentError
            if isinstance(error, BodyTooLongError):
                kind = TooLargeResponseError
            # Without the cause: an error about a header has the header, and with it the signature, in it.
            raise kind(self._failed(method, url, _reason(error))) from None
        if self._via and response.status == http.client.PROXY_AUTHENTICATION_REQUIRED:
            raise NotSentError(self._failed(method, url, f"{response.status} {response.reason}"))
        names = {name.lower(): self.secrets.out_of(value) for name, value in response.headers.items()}
        if response.status not in UNREDACTED_STATUSES:
            content = self.secrets.out_of_bytes(content)
        return Response(response.status, names, content, started, self._boottime())

    def _failed(self, method: str, url: str, what: str) -> str:
        path = self.secrets.out_of(urlsplit(url).path)
        return f"{method} {path}{self._via}: {one_line(self.secrets.out_of(what))}"

    @contextmanager
    def _connection(self, lane: Lane, exchange: Exchange) -> Iterator[None]:
        semaphore = self._semaphores[lane]
        if not semaphore.acquire(timeout=exchange.left()):
            raise DeadlinePassedError(f"none of the {self.sizes[lane]} connections was free in time")
        try:
            yield
        finally:
            semaphore.release()

    def _begin(
        self,
        exchange: Exchange,
        lane: Lane,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None,
    ) -> urllib3.BaseHTTPResponse:
        timeout = urllib3.Timeout(connect=exchange.left(self._timeouts.connect), read=self._timeouts.read)
        return self._managers[lane].urlopen(
            method,
            url,
            body=body,
            headers=urllib3.HTTPHeaderDict({"Accept-Encoding": "gzip"}) | headers,
            retries=False,
            redirect=False,
            timeout=timeout,
            pool_timeout=exchange.left(),
            preload_content=False,
        )

    def _report(self, outcome: RequestOutcome) -> None:
        if self._on_request is not None:
            self._on_request(outcome)


def connections_by_lane(connections: int) -> dict[Lane, int]:
    """How many connections each lane has: a quarter, at least 4, are reserved for assigning; as many beyond them follow
    uploads, and twice as many are for the members of groups.
    """
    quarter = max(4, connections // 4)
    work = max(2, connections - quarter)
    return {Lane.ASSIGN: quarter, Lane.MEMBERS: 2 * quarter, Lane.WORK: work, Lane.FOLLOW: quarter}


def most_connections(connections: int) -> int:
    """How many connections all lanes have together."""
    return sum(connections_by_lane(connections).values())


def ssl_context(ca_file: Path | None = None) -> ssl.SSLContext:
    """TLS that verifies certificates against this file, or else $SSL_CERT_FILE, $SSL_CERT_DIR or the system's bundle.
    Raises OSError for a file that has none.
    """
    context = ssl.create_default_context(cafile=ca_file)
    named = ca_file is not None or "SSL_CERT_FILE" in os.environ or "SSL_CERT_DIR" in os.environ
    if not named and SYSTEM_CERTIFICATES.exists():
        context.load_verify_locations(SYSTEM_CERTIFICATES)
    context.sslsocket_class = DeadlineTLSSocket
    return context


def proxy_for(url: str) -> str | None:
    """The URL of the proxy that the environment names for this address; None if there is none.

    Raises UnusableProxyError.
    """
    parts = urlsplit(url)
    proxies = getproxies_environment()
    proxy = proxies.get(parts.scheme)
    if not proxy or _is_loopback(parts.hostname or "") or proxy_bypass_environment(parts.netloc, proxies):
        return None
    whole = proxy if "://" in proxy else f"http://{proxy}"
    try:
        told = urlsplit(whole)
        usable = bool(told.hostname and parse_url(whole).host) and told.port != 0
    except ValueError:
        usable = False
    if not usable:  # not shown: there may be a password in it
        raise UnusableProxyError(
            f"{parts.scheme}_proxy in the environment is not an address like http://proxy.example.com:3128"
        )
    return whole


def _is_loopback(name: str) -> bool:
    """Whether a host name means this host, which a proxy must not be asked for: there it means another."""
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost" or name.endswith(".localhost")


def _without_credentials(proxy: str) -> str:
    """The URL of a proxy without user name and password."""
    parts = urlsplit(proxy)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def _pool_manager(proxy: str | None, size: int, context: ssl.SSLContext) -> urllib3.PoolManager:
    manager = _new_manager(proxy, size, context)
    manager.pool_classes_by_scheme = {"http": DeadlinePool, "https": DeadlineTLSPool}
    return manager


def _new_manager(proxy: str | None, size: int, context: ssl.SSLContext) -> urllib3.PoolManager:
    if proxy is None:
        return urllib3.PoolManager(num_pools=2, maxsize=size, block=True, ssl_context=context)
    parts = urlsplit(proxy)
    who = None if parts.username is None else f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    try:
        return urllib3.ProxyManager(
            _without_credentials(proxy),
            num_pools=2,
            maxsize=size,
            block=True,
            ssl_context=context,
            proxy_ssl_context=context,
            proxy_headers=make_headers(proxy_basic_auth=who) if who else None,
        )
    except ProxySchemeUnknown:
        raise UnusableProxyError(f"a proxy of the kind {parts.scheme}:// is not supported") from None


def _reason(error: BaseException) -> str:
    """A failure in one line, without the library's names for its own objects."""
    if isinstance(error, ProxyError):
        error = error.original_error
    text = " ".join(str(error).split()) or type(error).__name__
    return _OBJECT.sub("", text)
