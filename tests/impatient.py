"""A transport, one that waits only for fractions of a second, and what tests ask of them."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from ppa_assigner.launchpad.http import HttpTransport, Timeouts
from ppa_assigner.port import Lane
from ppa_assigner.times import boottime
from tests.rawserver import Peer, Request, Script

PROXY_VARIABLES = ("http_proxy", "https_proxy", "no_proxy", "all_proxy", "REQUEST_METHOD")
PATIENT = Timeouts(connect=10.0, read=20.0, total=40.0)
QUICK = Timeouts(connect=2.0, read=0.3, total=1.0)  # where no answer is to come in time
SLACK_S = 4.0  # two busy cores; what would be wrong takes longer


HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n"


def transport(root: str, timeouts: Timeouts = PATIENT, connections: int = 16, **more: Any) -> HttpTransport:
    return HttpTransport(root, timeouts, connections, boottime, **more)


def get(transport: HttpTransport, url: str, lane: Lane = Lane.WORK) -> bytes:
    return transport.request("GET", url, {}, lane=lane).body


def seconds(call: Callable[[], object], error: type[Exception]) -> float:
    begun = time.monotonic()
    with pytest.raises(error):
        call()
    return time.monotonic() - begun


def trickled(data: bytes) -> Script:
    def script(request: Request, peer: Peer) -> None:
        for byte in data:
            peer.send(bytes([byte]))
            if peer.released.wait(0.05):
                return

    return script


def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the environment of the tests says."""
    for name in PROXY_VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
