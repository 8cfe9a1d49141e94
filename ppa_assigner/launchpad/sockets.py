"""Sockets that keep to the deadline of the request they carry, and record whether any of it has left.

Rule: no byte is waited for beyond the deadline, names and connecting included: urllib3 bounds each single wait only,
so a response that trickles would pass any time-out (docs/explanation/launchpad.md#time-outs).  This module has no
HTTP of its own.
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

INTERRUPTIBLE = True
"""A signal may end a command's wait anywhere in this module: what it locks, it locks by a `with`."""

MAX_IDLE_S = 25.0  # a firewall in between may have dropped a connection that was idle for longer, unnoticed


class DeadlinePassedError(Exception):
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

    def on_send(self) -> None:
        """Record that a byte is about to leave.  Raises DeadlinePassedError if the first would leave too late."""
        if not self.sent and not self.in_time():
            raise DeadlinePassedError("not sent: by then it would no longer have been safe")
        self.sent = True


_current_exchange: ContextVar[Exchange] = ContextVar("exchange")


@contextmanager
def in_exchange(exchange: Exchange) -> Iterator[None]:
    """Let this thread's sockets belong to that exchange in this block."""
    token = _current_exchange.set(exchange)
    try:
        yield
    finally:
        _current_exchange.reset(token)


class DeadlineSocket(socket.socket):
    """A socket each of whose waits ends with the exchange's read time-out or its deadline, whichever comes first."""

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
        exchange = _current_exchange.get()
        if leaving:
            exchange.on_send()
        self.settimeout(exchange.left(exchange.read))


class DeadlineTLSSocket(DeadlineSocket, ssl.SSLSocket):
    """A TLS socket each of whose waits ends with the read time-out or the deadline of its exchange."""


class DeadlineConnection(HTTPConnection):
    """An HTTP connection made within the exchange's deadline.  One that the server closed, or that was idle for long,
    is reopened before use, so that no request is lost on it.
    """

    _begun = 0.0

    def _new_conn(self) -> socket.socket:
        exchange = _current_exchange.get()
        try:
            addresses = resolver.addresses(self._dns_host.strip("[]"), self.port, exchange.left(exchange.connect))
            return _connect_first(addresses, exchange, self.socket_options or [])
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
            _current_exchange.get().sent = False  # the CONNECT of a tunnel through a proxy is not the request

    def request(self, *args: Any, **kwargs: Any) -> None:
        self._begun = time.monotonic()
        super().request(*args, **kwargs)

    @property
    def is_connected(self) -> bool:
        return super().is_connected and time.monotonic() - self._begun < MAX_IDLE_S


class DeadlineTLSConnection(DeadlineConnection, HTTPSConnection):
    """An HTTPS connection made within the exchange's deadline, and reopened before use when it was idle for long."""


class DeadlinePool(HTTPConnectionPool):
    """A pool of such connections, for urllib3."""

    ConnectionCls = DeadlineConnection


class DeadlineTLSPool(HTTPSConnectionPool):
    """A pool of such connections over TLS, for urllib3."""

    ConnectionCls = DeadlineTLSConnection


class Resolver:
    """getaddrinfo with a time-out.  It cannot be interrupted, so a thread calls it; all waiters for a name
    share one.
    """

    def __init__(self, getaddrinfo: Callable[..., list[Any]] = socket.getaddrinfo) -> None:
        self._getaddrinfo = getaddrinfo
        self._lock = threading.Lock()
        self._pending: dict[tuple[str, int], concurrent.futures.Future[list[Any]]] = {}

    def addresses(self, host: str, port: int, timeout: float) -> list[Any]:
        """The addresses of a host, as getaddrinfo returns them.  Raises TimeoutError when `timeout` seconds have
        passed, gaierror, and OSError.
        """
        future = self._lookup((host, port))
        concurrent.futures.wait([future], timeout)
        if not future.done():
            raise TimeoutError(f"no address for {host} in time")
        return future.result()

    def _lookup(self, key: tuple[str, int]) -> concurrent.futures.Future[list[Any]]:
        with self._lock:
            future = self._pending.get(key)
            if future is None:
                future = concurrent.futures.Future()
                thread = threading.Thread(target=self._resolve, args=(key, future), name="names", daemon=True)
                try:
                    thread.start()
                except RuntimeError as error:  # later callers must not wait for a thread that never started
                    raise OSError(f"the name is not looked up: {error}") from error
                self._pending[key] = future
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
            self._pending.pop(key, None)


resolver = Resolver()


def _connect_first(addresses: list[Any], exchange: Exchange, options: Any) -> socket.socket:
    """A socket connected to the first address that accepts a connection."""
    failure: OSError = OSError("the name has no address")
    for family, kind, protocol, _, address in addresses:
        opened = DeadlineSocket(family, kind, protocol)
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
