"""A small issuer: its discovery document and its keys over HTTPS on loopback, by a certificate of its own.

Rule: it answers as it is told to, also not at all; it writes down each request.
"""

from __future__ import annotations

import json
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from ..certificate import certified
from . import tokens

DISCOVERY = "/.well-known/openid-configuration"
KEYS = "/keys"
END_S = 30.0


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        issuer = self.server.issuer
        issuer.asked.append(self.path)
        issuer.open.wait(END_S)
        status, body = issuer.answer(self.path)
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        if status == 302:
            self.send_header("Location", f"{issuer.url}{KEYS}")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Quiet."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    issuer: SmallIssuer

    def handle_error(self, *_: object) -> None:
        """A daemon that hung up is part of many a test."""


class SmallIssuer:
    """Listens while its block runs.  `open` is cleared to let nothing be answered; `status` is that of all answers."""

    def __init__(self, folder: Path, name: str = "issuer") -> None:
        self.files = certified(folder, "127.0.0.1", name)
        self.keys: list[dict[str, Any]] = [tokens.listed("k1")]
        self.discovery: dict[str, Any] = {}
        self.raw: bytes | None = None
        self.status = 200
        self.asked: list[str] = []
        self.open = threading.Event()
        self.open.set()
        self._port = 0
        self.start()

    def start(self) -> None:
        """Listen, again at the same place."""
        self._server = _Server(("127.0.0.1", self._port), _Handler)
        self._server.issuer = self
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.files.certificate, self.files.key)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self._port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Nobody listens any more."""
        self.open.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(END_S)

    @property
    def url(self) -> str:
        """The issuer's name."""
        return f"https://127.0.0.1:{self._port}"

    @property
    def ca_file(self) -> Path:
        """Whom to trust for it."""
        return self.files.certificate

    def __enter__(self) -> SmallIssuer:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def answer(self, path: str) -> tuple[int, bytes]:
        """What it says there."""
        if self.status != 200:
            return self.status, b"{}"
        if path == DISCOVERY:
            return 200, json.dumps({"issuer": self.url, "jwks_uri": f"{self.url}{KEYS}", **self.discovery}).encode()
        if path == KEYS:
            return 200, self.raw if self.raw is not None else tokens.key_set(*self.keys)
        return 404, b"{}"

    def claims(self, now: float, **more: Any) -> dict[str, Any]:
        """Those of a job that it knows."""
        return tokens.claims(now, self.url, **more)

    def token(self, now: float, *, key: Any = None, kid: str = "k1", **more: Any) -> str:
        """A token of a job."""
        return tokens.token(self.claims(now, **more), key=key, kid=kid)
