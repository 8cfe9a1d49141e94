"""Serves the API over HTTP: on an address, a Unix socket, or sockets that the service manager opened.

Rule: every accepted request gets a response, also while the daemon stops, within the given time.  Signals are handled
by the caller.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import resource
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import uvicorn
from fastapi import FastAPI

from ..access import ClientConfig
from ..config import RATE, Listen, Tls
from . import sockets
from .acceptor import AcceptedConnection, Acceptor, ConnectionLimits
from .connection import PATIENCE_S, HttpConnection
from .sockets import ListenError, Listeners
from .tls import Certificate

__all__ = ["ListenError", "Server"]

log = logging.getLogger(__name__)

GRACE_S = 10.0
KEEP_ALIVE_S = 75
TURN_S = 10.0
TICK_S = 1.0
MAX_FILES = 65_536
RESERVE = 64
"""File descriptors that are kept for files, the log and the program itself."""
ASK_S = 0.2
"""How long a connection that was just accepted may take to send a request, once no more are accepted."""


class Server:
    """One listening server for an application of `create_app`.  `started` is set once it accepts connections."""

    def __init__(
        self,
        app: FastAPI,
        listen: Listen,
        inherited: Sequence[socket.socket] = (),
        *,
        tls: Tls | None = None,
        grace: float = GRACE_S,
        patience: float = PATIENCE_S,
        reserve: int = RESERVE,
    ) -> None:
        """Inherited sockets take precedence over the address.  With `tls`, serves HTTPS.  `grace`: how many seconds
        responses may take after `stop`; `patience`: how many seconds a request may take to arrive; `reserve`: how many
        descriptors are left for everything else.  Opens nothing yet.
        """
        self.started = threading.Event()
        self._app = app
        self._listen = listen
        self._inherited = list(inherited)
        self._listeners: Listeners | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping = False
        self._tls = tls
        self._reserve = reserve
        self._certificate: Certificate | None = None
        self._uvicorn = UvicornServer(_config(app, grace, patience), self._on_start)

    def bind(self) -> None:
        """Open the sockets: from now on connections queue.  Raises ListenError."""
        limits = ConnectionLimits.of(_allow_many_files(), self._reserve)
        self._uvicorn.limits = limits
        concurrency = self._app.state.concurrency
        concurrency.most = min(concurrency.most, limits.most)
        if self._tls is not None:
            self._certificate = Certificate(self._tls)
            self._uvicorn.config.context = self._certificate.context
        scheme = "http" if self._tls is None else "https"
        inherited = self._inherited
        listeners = sockets.inherit(inherited, scheme) if inherited else sockets.listen(self._listen, scheme)
        if self._app.state.authenticator.open and not listeners.local:
            listeners.close()
            raise ListenError(f"{self._listen}: without api.clients only this host may be able to connect")
        self._listeners = listeners

    @property
    def addresses(self) -> list[str]:
        """The URLs at which it listens (`unix:/path` for a Unix socket); after `bind`."""
        return list(self._bound().addresses)

    @property
    def listening(self) -> Sequence[socket.socket]:
        """The sockets at which it listens; after `bind`."""
        return self._bound().sockets

    @property
    def acceptor(self) -> Acceptor | None:
        """What accepts connections, once it runs."""
        return self._uvicorn.acceptor

    @property
    def loop(self) -> asyncio.AbstractEventLoop | None:
        """The event loop, while it runs."""
        return self._loop

    def run(self) -> None:
        """Serve until `stop`, in the calling thread; binds first if that was not done."""
        if self._listeners is None:
            self.bind()
        listeners = self._bound()
        try:
            self._uvicorn.run(listeners.sockets)
        finally:
            self._loop = None
            listeners.close()

    def stop_accepting(self) -> None:
        """Accept no more connections; each open one gets one more response."""
        self._bound().remove_file()
        self._in_loop(self._uvicorn.stop_accepting)

    def stop(self) -> None:
        """End: no more connections; responses within the grace; streams end at once."""
        self._stopping = True
        self._uvicorn.should_exit = True
        self._in_loop(self._uvicorn.exit)
        self._in_loop(self._app.state.streams.end)

    def turns(self) -> bool:
        """Whether the event loop ran lately: for the watchdog."""
        return time.monotonic() - self._uvicorn.turned < TURN_S

    def set_clients(self, clients: Sequence[ClientConfig], rate: float = RATE, promote_to: Sequence[str] = ()) -> None:
        """Let these clients in from now on, at this rate.  Without any everybody is let in, so that this is refused
        unless only this host can connect.  Streams of events end; clients that may still read reconnect.  Clients that
        wait for a PPA and are no longer let in are told so.
        """
        if not clients and not self._bound().local:
            log.error("api.clients stays as it was: without clients only this host may be able to connect")
            return
        if self._app.state.authenticator.set_clients(clients, rate, promote_to):
            self._in_loop(self._app.state.streams.ask_again)
            self._in_loop(self._app.state.authenticator.look_again)

    def renew(self, tls: Tls) -> None:
        """Read the certificate again, for new connections; one that cannot be used changes nothing."""
        if self._certificate is not None:
            try:
                self._certificate.renew(tls)
            except ListenError as error:
                log.error("the certificate stays as it was: %s", error)

    def _on_start(self) -> None:
        self._loop = asyncio.get_running_loop()
        if self._stopping:
            self._app.state.streams.end()
        self.started.set()

    def _in_loop(self, call: Callable[[], None]) -> None:
        loop = self._loop
        if loop is not None:
            with contextlib.suppress(RuntimeError):  # it ended just now
                loop.call_soon_threadsafe(call)

    def _bound(self) -> Listeners:
        if self._listeners is None:
            raise RuntimeError("bind() comes first")
        return self._listeners


class UvicornConfig(uvicorn.Config):
    """uvicorn's configuration with an SSL context of ours: uvicorn makes its own from files, and never reads them
    again.
    """

    context: ssl.SSLContext | None = None

    def load(self) -> None:
        super().load()
        self.ssl = self.context


class UvicornServer(uvicorn.Server):
    """uvicorn's server, which also tells when it has started and whether it runs, and can stop accepting before it
    stops.
    """

    config: UvicornConfig

    def __init__(self, config: UvicornConfig, on_start: Callable[[], None]) -> None:
        super().__init__(config)
        self.limits = ConnectionLimits.of(MAX_FILES, RESERVE)
        self.acceptor: Acceptor | None = None
        self.turned = time.monotonic()
        self._on_start = on_start
        self._exit = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept with our own Acceptor.  asyncio's, which uvicorn would use, tries to accept 4,096 times at once when
        no descriptor is left, logs each, and then does so 4,096 times over.
        """
        await super().startup([])
        self.acceptor = Acceptor(sockets or (), self._protocol, self.limits, self.config.context)
        self.acceptor.open()
        self._on_start()

    def _protocol(self, connection: AcceptedConnection) -> HttpConnection:
        kind: type[Any] = self.config.http_protocol_class
        made: HttpConnection = kind(self.config, self.server_state, self.lifespan.state, asyncio.get_running_loop())
        made.connection = connection
        return made

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop accepting, then shut down as uvicorn does."""
        self._close_acceptor()
        await super().shutdown(sockets)

    def _close_acceptor(self) -> None:
        if self.acceptor is not None:
            self.acceptor.close()

    async def main_loop(self) -> None:
        """Run until `exit`.  uvicorn polls for its exit ten times a second; here it is woken, and once a second is
        enough for the rest: the Date header, and the watchdog.
        """
        while not await self.on_tick(0):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._exit.wait(), TICK_S)

    async def on_tick(self, counter: int) -> bool:
        self.turned = time.monotonic()
        return await super().on_tick(counter)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    def exit(self) -> None:
        """End.  Call in the event loop."""
        self.should_exit = True
        self._exit.set()

    def stop_accepting(self) -> None:
        """Accept no more, and end idle connections soon, the others after their response.  Call in the event loop."""
        self._close_acceptor()
        asyncio.get_running_loop().call_later(ASK_S, self._end_idle)

    def _end_idle(self) -> None:
        for connection in list(self.server_state.connections):
            connection.shutdown()


def _config(app: FastAPI, grace: float, patience: float) -> UvicornConfig:
    return UvicornConfig(
        app,
        loop="asyncio",
        http=HttpConnection.within(patience),
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=math.ceil(grace),
    )


def _allow_many_files() -> int:
    """Raise the limit of open files, since each waiting client is one.  Returns the limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_FILES if hard == resource.RLIM_INFINITY else min(hard, MAX_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(OSError, ValueError):  # then it is as it is
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MAX_FILES if allowed == resource.RLIM_INFINITY else allowed
