"""A plain HTTP client of the stand-in's web service for tests: one call is one request, nothing is sent twice."""

from __future__ import annotations

import json
import socket
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import urllib3

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"


def authorization(token: dict[str, str]) -> str:
    """The header that launchpadlib sends for such a token."""
    return (
        f'OAuth realm="OAuth", oauth_consumer_key="{token["consumer"]}", oauth_token="{token["token"]}", '
        f'oauth_signature_method="PLAINTEXT", oauth_signature="%26{token["secret"]}"'
    )


@dataclass
class Client:
    """Asks as the owner of `token`, or anonymously. A request may take `patience` seconds."""

    service_root: str
    token: dict[str, str] | None = None
    patience: float = 20.0
    version: str = "devel"

    def __post_init__(self) -> None:
        self._pool = urllib3.PoolManager(maxsize=64, retries=False)

    def close(self) -> None:
        """Close its connections."""
        self._pool.clear()

    def url(self, path: str) -> str:
        """The whole address of a path below the version's root."""
        return f"{self.service_root}{self.version}/{path}"

    def send(self, method: str, path: str, body: bytes | None = None, **headers: str) -> urllib3.BaseHTTPResponse:
        """One request; headers are given with `_` for `-`."""
        sent = {"Accept": JSON} | {name.replace("_", "-"): value for name, value in headers.items()}
        if self.token:
            sent["Authorization"] = authorization(self.token)
        return self._pool.request(
            method, self.url(path), body=body, headers=sent, redirect=False, timeout=urllib3.Timeout(self.patience)
        )

    def get(self, path: str) -> Any:
        """What a GET gives; the answer must be 200."""
        answer = self.send("GET", path)
        assert answer.status == 200, (answer.status, answer.data)
        return json.loads(answer.data)

    def patch(self, path: str, changes: dict[str, Any], etag: str | None = None) -> urllib3.BaseHTTPResponse:
        """A PATCH, conditional when an ETag is given."""
        headers = {"Content_Type": JSON} | ({"If_Match": etag} if etag else {})
        return self.send("PATCH", path, json.dumps(changes).encode(), **headers)

    def post(self, path: str, operation: str, **form: str) -> urllib3.BaseHTTPResponse:
        """A named operation."""
        return self.send("POST", path, urlencode({"ws.op": operation, **form}).encode(), Content_Type=FORM)


def archive(reference: str) -> str:
    """The path of a PPA: of `~owner/ubuntu/name`."""
    owner, distribution, name = reference.split("/")
    return f"{owner}/+archive/{distribution}/{name}"


def sent(root: str, token: dict[str, str]) -> socket.socket:
    """A connection that has sent a request and waits."""
    port = int(root.rstrip("/").rpartition(":")[2])
    connection = socket.create_connection(("127.0.0.1", port), timeout=10)
    path = "/devel/" + archive("~ci-pool/ubuntu/pool-002")
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: {authorization(token)}\r\n\r\n".encode())
    return connection
