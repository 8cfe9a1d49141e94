"""HTTP to one web service: bounded connections, each request sent once, no wait without an end.

Rule: whatever the network does ends in an `Answer`, in `NotSentError` (nothing of the request left this host) or in
`NoAnswerError` (it may have been carried out), within the deadline.  This module must not repeat a request, follow a
redirect, keep an answer, or know Launchpad.
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
from urllib3.util import make_headers

from ..port import Lane
from .bodies import LARGEST_BYTES, Body, LongerError, Take
from .redaction import Secrets, one_line
from .semaphore import Slots
from .sockets import Exchange, PlainPool, SecurePool, SecureSocket, TooLateError, carrying

if TYPE_CHECKING:
    from collections.abc import Iterator

_OBJECT = re.compile(r"^\w+\(host=[^)]*\): ")  # how urllib3 begins what it says
DOCUMENTS = (200, 209)
"""Statuses of answers that are what was asked for, and not to be changed."""
SYSTEM_CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds: to connect to one address, between two pieces of an answer, and for all of a call (waiting for a
    connection included).
    """

    connect: float = 5.0
    read: float = 30.0
    total: float = 60.0


@dataclass(frozen=True, slots=True)
class RequestSeen:
    """One request, for metrics: `outcome` is the HTTP status, or `not-sent` or `no-answer`."""

    method: str
    lane: Lane
    outcome: int | str
    seconds: float


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer.  Names of headers are in lower case; `started` (before the request left) and `ended` in seconds
    of the boot-time clock.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    started: float
    ended: float


class NotSentError(Exception):
    """No byte of the request left: no connection in time, no name, no route, refused, an untrusted certificate."""


class NoAnswerError(Exception):
    """The request may have been carried out, or may still be: it left, and no whole answer came."""


class TooLargeError(NoAnswerError):
    """The answer is longer than whoever asked takes."""


class Transport:
    """Connections to the service at `root`, split in lanes that never wait for each other.  Safe for threads.

    Proxies come from the environment (http_proxy, https_proxy, no_proxy, upper case too), but never for this host
    itself; a proxy of an unknown kind is a ValueError.  What a proxy itself refuses is told as not sent, with its name
    and without its password.  Certificates are verified against the system's bundle.
    """

    def __init__(
        self,
        root: str,
        timeouts: Timeouts,
        connections: int,
        boottime: Callable[[], float],
        on_request: Callable[[RequestSeen], None] | None = None,
        secrets: Secrets = Secrets(),  # noqa: B008 - immutable
    ) -> None:
        self._timeouts = timeouts
        self._boottime = boottime
        self._on_request = on_request
        self.secrets = secrets
        """They are in no error, and in no answer but one that succeeded with what was asked for."""
        self.sizes = lanes(connections)
        self._slots = {lane: Slots(size) for lane, size in self.sizes.items()}
        context = trusting_the_system()
        proxy = proxy_for(root)
        self._way = f" by the proxy {_address(proxy)}" if proxy is not None else ""
        self._managers = {lane: _manager(proxy, size, context) for lane, size in self.sizes.items()}

    def deadline(self) -> float:
        """When (monotonic clock, seconds) a call that begins now must be over."""
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
        most: int = LARGEST_BYTES,
        take: Take | None = None,
    ) -> Answer:
        """Send once and read all of the answer, whatever its status, if it has no more than `most` bytes, unpacked.
        With `take`, that gets the body of a 200 piece by piece, and the answer has none.

        `deadline`: monotonic clock, default `deadline()`.  `leave_by`: boot-time clock; if the first byte could leave
        only later, nothing is sent.  Raises NotSentError and NoAnswerError, nothing else.
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
            answer = self._answered(exchange, lane, method, url, headers, body, started, Body(most, take))
            outcome = answer.status
        except NoAnswerError:
            outcome = "no-answer"
            raise
        finally:
            self._tell(RequestSeen(method, lane, outcome, self._boottime() - started))
        return answer

    def close(self) -> None:
        """Close the idle connections; requests under way end by themselves."""
        for manager in self._managers.values():
            manager.clear()

    def _answered(
        self,
        exchange: Exchange,
        lane: Lane,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None,
        started: float,
        into: Body,
    ) -> Answer:
        try:
            with self._slot(lane, exchange), carrying(exchange):
                response = self._begin(exchange, lane, method, url, headers, body)
                content = into.read(response)
        except (HTTPError, OSError, http.client.HTTPException, ValueError, TooLateError) as error:
            kind = NoAnswerError if exchange.sent else NotSentError
            if isinstance(error, LongerError):
                kind = TooLargeError
            # Without the cause: an error about a header has the header, and with it the signature, in it.
            raise kind(self._failed(method, url, _told(error))) from None
        if self._way and response.status == http.client.PROXY_AUTHENTICATION_REQUIRED:
            raise NotSentError(self._failed(method, url, f"{response.status} {response.reason}"))
        names = {name.lower(): self.secrets.out_of(value) for name, value in response.headers.items()}
        if response.status not in DOCUMENTS:
            content = self.secrets.out_of_bytes(content)
        return Answer(response.status, names, content, started, self._boottime())

    def _failed(self, method: str, url: str, what: str) -> str:
        path = self.secrets.out_of(urlsplit(url).path)
        return f"{method} {path}{self._way}: {one_line(self.secrets.out_of(what))}"

    @contextmanager
    def _slot(self, lane: Lane, exchange: Exchange) -> Iterator[None]:
        slots = self._slots[lane]
        if not slots.acquire(timeout=exchange.left()):
            raise TooLateError(f"none of the {self.sizes[lane]} connections was free in time")
        try:
            yield
        finally:
            slots.release()

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

    def _tell(self, seen: RequestSeen) -> None:
        if self._on_request is not None:
            self._on_request(seen)


def lanes(connections: int) -> dict[Lane, int]:
    """How many connections each lane has: a quarter, at least 4, are kept for assigning."""
    assigning = max(4, connections // 4)
    return {Lane.ASSIGN: assigning, Lane.WORK: max(2, connections - assigning)}


def trusting_the_system() -> ssl.SSLContext:
    """TLS with verification on, against $SSL_CERT_FILE, $SSL_CERT_DIR or what the system trusts."""
    context = ssl.create_default_context()
    if "SSL_CERT_FILE" not in os.environ and "SSL_CERT_DIR" not in os.environ and SYSTEM_CERTIFICATES.exists():
        context.load_verify_locations(SYSTEM_CERTIFICATES)
    context.sslsocket_class = SecureSocket
    return context


def proxy_for(url: str) -> str | None:
    """The proxy that the environment names for this address, as a URL."""
    parts = urlsplit(url)
    proxies = getproxies_environment()
    proxy = proxies.get(parts.scheme)
    if not proxy or _is_this_host(parts.hostname or "") or proxy_bypass_environment(parts.netloc, proxies):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"


def _is_this_host(name: str) -> bool:
    """What another host calls by that name is another service."""
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost" or name.endswith(".localhost")


def _address(proxy: str) -> str:
    """Without who we are there."""
    parts = urlsplit(proxy)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def _manager(proxy: str | None, size: int, context: ssl.SSLContext) -> urllib3.PoolManager:
    manager = _connecting(proxy, size, context)
    manager.pool_classes_by_scheme = {"http": PlainPool, "https": SecurePool}
    return manager


def _connecting(proxy: str | None, size: int, context: ssl.SSLContext) -> urllib3.PoolManager:
    if proxy is None:
        return urllib3.PoolManager(num_pools=2, maxsize=size, block=True, ssl_context=context)
    parts = urlsplit(proxy)
    who = None if parts.username is None else f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    try:
        return urllib3.ProxyManager(
            _address(proxy),
            num_pools=2,
            maxsize=size,
            block=True,
            ssl_context=context,
            proxy_ssl_context=context,
            proxy_headers=make_headers(proxy_basic_auth=who) if who else None,
        )
    except ProxySchemeUnknown:
        raise ValueError(f"a proxy of the kind {parts.scheme}:// is not supported") from None


def _told(error: BaseException) -> str:
    """The failure in one line, without the library's names for its own objects."""
    if isinstance(error, ProxyError):
        error = error.original_error
    text = " ".join(str(error).split()) or type(error).__name__
    return _OBJECT.sub("", text)
