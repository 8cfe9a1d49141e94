"""Accepts connections, up to limits in all and for each peer; when it is full, idle connections are closed for new
ones.

Rule: descriptors are left for the daemon's own work; accepting never spins; a connection with a whole request is never
closed in favour of another.  For the event loop of the server only.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import json
import logging
import socket
import ssl
import struct
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from functools import partial

from ..backoff import ACCEPT_AGAIN_S, RETRY_AFTER_S
from ..problems import Kind, Problem
from . import errors

log = logging.getLogger(__name__)

BACKLOG = 4096
AT_ONCE = 64
"""The most connections that are accepted in one iteration of the loop."""
LEAST = 16
_CREDENTIALS = struct.Struct("3i")


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """The most connections in all, and of one peer."""

    most: int
    each: int

    @classmethod
    def of(cls, descriptors: int, reserve: int) -> ConnectionLimits:
        """The limits with that many descriptors, of which `reserve` are kept for everything else."""
        most = max(LEAST, descriptors - reserve)
        return cls(most, most * 3 // 4)


@dataclass(eq=False, slots=True)
class AcceptedConnection:
    """One connection as the Acceptor counts it; its HttpConnection reports here.  `end` aborts it."""

    peer: str
    _acceptor: Acceptor
    end: Callable[[], object] = lambda: None
    here: bool = True
    taken: bool = False  # by a transport, which closes the socket

    def asked(self) -> None:
        """Report that a whole request has come and waits for its response."""
        self._acceptor.busy(self)

    def answered(self) -> None:
        """Report that no request waits for a response."""
        self._acceptor.idle(self)

    def gone(self) -> None:
        """Report that the connection is closed."""
        self._acceptor.gone(self)


@dataclass(slots=True)
class _Peer:
    """A peer's connections: `silent` have sent no whole request yet, `idle` wait for the next one; the oldest first."""

    count: int = 0
    silent: dict[AcceptedConnection, None] = field(default_factory=dict)
    idle: dict[AcceptedConnection, None] = field(default_factory=dict)

    @property
    def idlers(self) -> int:
        return len(self.silent) + len(self.idle)

    def forget(self, connection: AcceptedConnection) -> None:
        self.silent.pop(connection, None)
        self.idle.pop(connection, None)


class Acceptor:
    """Accepts on these sockets once it is open.  `serve` makes the asyncio protocol of a connection."""

    def __init__(
        self,
        sockets: Sequence[socket.socket],
        serve: Callable[[AcceptedConnection], asyncio.Protocol],
        limits: ConnectionLimits,
        tls: ssl.SSLContext | None,
    ) -> None:
        self._sockets = list(sockets)
        self._serve, self._limits, self._tls = serve, limits, tls
        self._peers: dict[str, _Peer] = {}
        self._count = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._paused: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()

    @property
    def count(self) -> int:
        """How many connections there are."""
        return self._count

    @property
    def peers(self) -> Collection[str]:
        """Those who have connections."""
        return self._peers.keys()

    @property
    def beginning(self) -> int:
        """How many connections are not set up yet."""
        return len(self._tasks)

    def open(self) -> None:
        """Begin to accept."""
        for one in self._sockets:
            one.listen(BACKLOG)
        self._listen()

    def close(self) -> None:
        """Stop accepting, and close the listening sockets."""
        self._ignore()
        if self._paused is not None:
            self._paused.cancel()
        for one in self._sockets:
            one.close()
        self._sockets = []

    # -- what connections report -----------------------------------------------------------------------------------

    def busy(self, connection: AcceptedConnection) -> None:
        """Count a connection as busy: it must not be closed for another."""
        if connection.here:
            self._peers[connection.peer].forget(connection)

    def idle(self, connection: AcceptedConnection) -> None:
        """Count a connection as idle: it may be closed for another, but after those that never sent a request."""
        if connection.here:
            peer = self._peers[connection.peer]
            peer.forget(connection)
            peer.idle[connection] = None

    def gone(self, connection: AcceptedConnection) -> None:
        """Stop counting a connection."""
        if not connection.here:
            return
        connection.here = False
        peer = self._peers[connection.peer]
        peer.forget(connection)
        peer.count -= 1
        self._count -= 1
        if not peer.count:
            del self._peers[connection.peer]

    # -- accepting -------------------------------------------------------------------------------------------------

    def _listen(self) -> None:
        self._paused = None
        for one in self._sockets:
            self._loop.add_reader(one, self._accept, one)

    def _ignore(self) -> None:
        for one in self._sockets:
            if one.fileno() >= 0:
                self._loop.remove_reader(one)

    def _pause(self) -> None:
        self._ignore()
        self._paused = self._loop.call_later(ACCEPT_AGAIN_S, self._listen)

    def _accept(self, listening: socket.socket) -> None:
        for _ in range(AT_ONCE):
            if self._count >= self._limits.most and self._most_idle() is None:
                log.warning("all %d connections are busy: new ones wait", self._count)
                self._pause()
                return
            try:
                accepted, _ = listening.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                log.error("no connection can be accepted for a moment: %s", error.strerror or error)
                self._pause()
                return
            self._let_in(accepted)

    def _let_in(self, accepted: socket.socket) -> None:
        name = peer_of(accepted)
        peer = self._peers.get(name) or _Peer()
        if peer.count >= self._limits.each and not self._close_idlest(peer):
            log.warning("%s has %d busy connections: its new ones are refused", name, peer.count)
            self._refuse(accepted, name)
            return
        if self._count >= self._limits.most and (other := self._most_idle()) is not None:
            self._close_idlest(other)
        connection = AcceptedConnection(name, self)
        peer = self._peers.setdefault(name, _Peer())
        peer.count += 1
        peer.silent[connection] = None
        self._count += 1
        task = self._loop.create_task(self._begin(connection, accepted))
        connection.end = task.cancel  # until it has its protocol
        self._tasks.add(task)
        task.add_done_callback(partial(self._begun, connection, accepted))

    async def _begin(self, connection: AcceptedConnection, accepted: socket.socket) -> None:
        """Give a connection its protocol; with TLS, after the handshake."""
        connection.taken = True
        accepted.setblocking(False)
        await self._loop.connect_accepted_socket(lambda: self._serve(connection), accepted, ssl=self._tls)

    def _begun(self, connection: AcceptedConnection, accepted: socket.socket, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not connection.taken:
            accepted.close()
        if task.cancelled():
            connection.gone()
        elif (error := task.exception()) is not None:
            log.info("a connection of %s could not be set up: %s", connection.peer, error)
            connection.gone()

    def _most_idle(self) -> _Peer | None:
        """The peer with the most connections that may be closed for another."""
        found = max(self._peers.values(), key=lambda peer: peer.idlers, default=None)
        return found if found is not None and found.idlers else None

    def _close_idlest(self, peer: _Peer) -> bool:
        """Close the peer's connection that has been idle for the longest time.  Returns whether there was one."""
        chosen = next(iter(peer.silent), None) or next(iter(peer.idle), None)
        if chosen is None:
            return False
        log.warning("an idle connection of %s is closed for a new one: there are %d", chosen.peer, self._count)
        self.gone(chosen)
        chosen.end()
        return True

    def _refuse(self, accepted: socket.socket, name: str) -> None:
        with accepted, contextlib.suppress(OSError):
            accepted.setblocking(False)
            if self._tls is None:
                accepted.send(refusal(f"{name} has {self._limits.each} connections that are busy"))


def peer_of(accepted: socket.socket) -> str:
    """The peer of a connection: its address, the network of its IPv6 address, or the user at a Unix socket."""
    try:
        if accepted.family == socket.AF_UNIX:
            found = accepted.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
            return f"uid {_CREDENTIALS.unpack(found)[1]}"
        address = ipaddress.ip_address(str(accepted.getpeername()[0]).partition("%")[0])
    except (OSError, ValueError):  # it is gone already
        return "somebody"
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        if not address.is_loopback:
            return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)


def refusal(detail: str) -> bytes:
    """The response to a peer that is not let in, no matter what it requests."""
    body = json.dumps(errors.document(Problem(Kind.TOO_MANY, detail))).encode()
    head = f"HTTP/1.1 429 Too Many Requests\r\ncontent-type: {errors.MEDIA_TYPE}\r\ncontent-length: {len(body)}\r\n"
    return f"{head}retry-after: {RETRY_AFTER_S:.0f}\r\nconnection: close\r\n\r\n".encode() + body
