"""A forward proxy on loopback through which alone the stand-in can be reached by the name `launchpad.test`.

Rule: takes absolute addresses and CONNECT, as proxies do; behind CONNECT it is the TLS end of that name, too.  It puts
its name in place of the stand-in's in all texts, for the stand-in knows only its own.
"""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import threading
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import quote, urlsplit

NAME = "launchpad.test"
KEPT_OUT = ("content-length", "connection", "transfer-encoding", "proxy-authorization", "proxy-connection", "host")


class Proxy(ThreadingHTTPServer):
    """`upstream` is the stand-in's root; `user` what the proxy wants to hear, as name:password.  Without that it is no
    proxy but a front end: the stand-in at another address.  It refuses connections until it is `serving`.
    """

    daemon_threads = True

    def __init__(
        self, upstream: str, user: str | None = None, context: ssl.SSLContext | None = None, port: int = 0
    ) -> None:
        super().__init__(("127.0.0.1", port), Handler, bind_and_activate=False)
        self.server_bind()
        self.upstream, self.user, self.context = upstream.rstrip("/"), user, context
        self.front = f"{'https' if context else 'http'}://{NAME}" if user is not None else self.root
        self.seen: list[str] = []
        self.open: list[socket.socket] = []
        self.refused = 0

    @property
    def root(self) -> str:
        """Its address, without who may use it."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def hang_up(self) -> None:
        """End all connections."""
        for one in self.open:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        self.open.clear()

    def outward(self, data: bytes) -> bytes:
        """The stand-in's texts as others are to see them."""
        return _renamed(data, self.upstream, self.front)

    def inward(self, data: bytes) -> bytes:
        """What others say, as the stand-in understands it."""
        return _renamed(data, self.front, self.upstream)


def _renamed(data: bytes, old: str, new: str) -> bytes:
    for written in (str, lambda text: quote(text, safe="")):
        data = data.replace(written(old).encode(), written(new).encode())
    return data


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server: Proxy
    tunnel = False

    def setup(self) -> None:
        """A connection has come."""
        super().setup()
        self.server.open.append(self.connection)

    def do_CONNECT(self) -> None:
        """From here on it is TLS to whoever the name is."""
        if not self._admitted():
            return
        assert self.server.context is not None
        self.send_response(200)
        self.end_headers()
        self.connection = self.server.context.wrap_socket(self.connection, server_side=True)
        self.server.open.append(self.connection)
        self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", 0)
        self.tunnel, self.close_connection = True, False

    def _forward(self) -> None:
        if not self.tunnel and not self._admitted():
            return
        parts = urlsplit(self.path)
        target = parts._replace(scheme="", netloc="").geturl()
        body = self.server.inward(self.rfile.read(int(self.headers.get("Content-Length") or 0)))
        headers = {name: value for name, value in self.headers.items() if name.lower() not in KEPT_OUT}
        connection = http.client.HTTPConnection(urlsplit(self.server.upstream).netloc, timeout=20)
        try:
            connection.request(self.command, self.server.inward(target.encode()).decode(), body, headers)
            answer = connection.getresponse()
            self._answer(answer.status, answer.getheaders(), self.server.outward(answer.read()))
        finally:
            connection.close()

    do_GET = do_POST = do_PATCH = do_DELETE = _forward  # noqa: N815 - the base class's names

    def _admitted(self) -> bool:
        """Whether it may use the proxy; noted, if so."""
        wanted = None if self.server.user is None else "Basic " + b64encode(self.server.user.encode()).decode()
        if self.headers.get("Proxy-Authorization") == wanted:
            self.server.seen.append(f"{self.command} {self.path}")
            return True
        self.server.refused += 1
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self._answer(407, [("Proxy-Authenticate", 'Basic realm="proxy"')], b"who are you?")
        return False

    def _answer(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in KEPT_OUT:
                self.send_header(name, self.server.outward(value.encode()).decode())
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def handle(self) -> None:
        """Until somebody hangs up."""
        with contextlib.suppress(OSError):
            super().handle()
        self.connection.close()  # the one of the tunnel is nobody else's to close

    def log_message(self, *_: object) -> None:  # what passed is in `seen`
        """Nothing."""


@contextmanager
def serving(proxy: Proxy) -> Iterator[Proxy]:
    """It runs, and ends."""
    proxy.server_activate()
    thread = threading.Thread(target=proxy.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.shutdown()
        thread.join(10)
        proxy.server_close()
        proxy.hang_up()
