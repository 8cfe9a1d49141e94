"""Sockets that keep to the deadline of the request they carry, and know whether any of it has left.

Rule: no byte is waited for beyond the deadline, names and connecting included: urllib3 bounds each single wait only,
so an answer that trickles would pass any time-out (docs/explanation/launchpad.md#time-outs).  This module knows
no HTTP of its own.
"""

from __future__ import annotations

import concurrent.futures
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

IDLE_S = 25.0  # a connection idle for longer may have been forgotten by something between, unseen


class TooLateError(Exception):
    """The request was not sent: its time was over before it could leave."""


@dataclass(slots=True)
class Exchange:
    """One request on its way, used by one thread.  `deadline`: monotonic clock, seconds."""

    deadline: float
    connect: float
    read: float
    in_time: Callable[[], bool]
    sent: bool = False

    def left(self, most: float = threading.TIMEOUT_MAX) -> float:
        """Seconds that a wait may take, never 0.  Raises TimeoutError when the time is over."""
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("the time for the whole call is over")
        return min(left, most)

    def leaving(self) -> None:
        """A byte is about to leave.  Raises TooLateError when the first would leave too late."""
        if not self.sent and not self.in_time():
            raise TooLateError("not sent: by then it would no longer have been safe")
        self.sent = True


_carried: ContextVar[Exchange] = ContextVar("exchange")


@contextmanager
def carrying(exchange: Exchange) -> Iterator[None]:
    """What this thread's sockets do in this block belongs to that exchange."""
    token = _carried.set(exchange)
    try:
        yield
    finally:
        _carried.reset(token)


class PlainSocket(socket.socket):
    """Each wait ends with the exchange's read time-out or its deadline, whichever comes first."""

    def sendall(self, data: ReadableBuffer, flags: int = 0, /) -> None:
        self._bound(leaving=True)
        super().sendall(data, flags)

    def send(self, data: ReadableBuffer, flags: int = 0, /) -> int:
        self._bound(leaving=True)
        return super().send(data, flags)

    def recv_into(self, *args: Any, **kwargs: Any) -> int:
        self._bound()
        return super().recv_into(*args, **kwargs)

    def recv(self, *args: Any, **kwargs: Any) -> bytes:
        self._bound()
        return super().recv(*args, **kwargs)

    def _bound(self, leaving: bool = False) -> None:
        exchange = _carried.get()
        if leaving:
            exchange.leaving()
        self.settimeout(exchange.left(exchange.read))


class SecureSocket(PlainSocket, ssl.SSLSocket):
    """The same over TLS."""


class PlainConnection(HTTPConnection):
    """Connects within the exchange's deadline; a connection that the server closed, or that was idle for long, is
    opened anew before use and never found out by losing a request.
    """

    _begun = 0.0

    def _new_conn(self) -> socket.socket:
        exchange = _carried.get()
        try:
            addresses = names.addresses(self._dns_host.strip("[]"), self.port, exchange.left(exchange.connect))
            return _connected(addresses, exchange, self.socket_options or [])
        except socket.gaierror as error:
            raise NameResolutionError(self.host, self, error) from error
        except TimeoutError as error:
            raise ConnectTimeoutError(self, f"no connection to {self.host} in time") from error
        except OSError as error:
            raise NewConnectionError(self, f"no connection to {self.host}: {error}") from error

    def connect(self) -> None:
        try:
            super().connect()
        finally:
            _carried.get().sent = False  # what a tunnel through a proxy began with was not the request

    def request(self, *args: Any, **kwargs: Any) -> None:
        self._begun = time.monotonic()
        super().request(*args, **kwargs)

    @property
    def is_connected(self) -> bool:
        return super().is_connected and time.monotonic() - self._begun < IDLE_S


class SecureConnection(PlainConnection, HTTPSConnection):
    """The same over TLS."""


class PlainPool(HTTPConnectionPool):
    """For urllib3."""

    ConnectionCls = PlainConnection


class SecurePool(HTTPSConnectionPool):
    """For urllib3."""

    ConnectionCls = SecureConnection


class Names:
    """getaddrinfo with a time-out.  It cannot be interrupted, so a thread asks; all who wait for a name share one."""

    def __init__(self, ask: Callable[..., list[Any]] = socket.getaddrinfo) -> None:
        self._getaddrinfo = ask
        self._lock = threading.Lock()
        self._asked: dict[tuple[str, int], concurrent.futures.Future[list[Any]]] = {}

    def addresses(self, host: str, port: int, timeout: float) -> list[Any]:
        """As getaddrinfo gives them.  Raises TimeoutError after that many seconds, gaierror, and OSError."""
        future = self._ask((host, port))
        concurrent.futures.wait([future], timeout)
        if not future.done():
            raise TimeoutError(f"no address for {host} in time")
        return future.result()

    def _ask(self, key: tuple[str, int]) -> concurrent.futures.Future[list[Any]]:
        with self._lock:
            future = self._asked.get(key)
            if future is None:
                future = concurrent.futures.Future()
                thread = threading.Thread(target=self._resolve, args=(key, future), name="names", daemon=True)
                try:
                    thread.start()
                except RuntimeError as error:  # who asks later must not wait for an answer that nobody looks for
                    raise OSError(f"the name is not looked up: {error}") from error
                self._asked[key] = future
            return future

    def _resolve(self, key: tuple[str, int], future: concurrent.futures.Future[list[Any]]) -> None:
        try:
            found = self._getaddrinfo(*key, type=socket.SOCK_STREAM)
        except BaseException as error:
            self._forget(key)
            future.set_exception(error)
        else:
            self._forget(key)
            future.set_result(found)

    def _forget(self, key: tuple[str, int]) -> None:
        with self._lock:
            self._asked.pop(key, None)


names = Names()


def _connected(addresses: list[Any], exchange: Exchange, options: Any) -> socket.socket:
    """A connection to the first address that takes one."""
    failure: OSError = OSError("the name has no address")
    for family, kind, protocol, _, address in addresses:
        opened = PlainSocket(family, kind, protocol)
        try:
            for option in options:
                opened.setsockopt(*option)
            opened.settimeout(exchange.left(exchange.connect))
            opened.connect(address)
        except OSError as error:
            opened.close()
            failure = error
        else:
            return opened
    raise failure
