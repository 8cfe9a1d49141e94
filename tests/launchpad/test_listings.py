"""Listings are many requests: few at once, so that each is over in time and a single request finds a connection."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

from ppa_assigner.launchpad.http import Timeouts
from ppa_assigner.port import Content, Entry, Unavailable
from tests.rawserver import Peer, Request
from tests.rawservice import PATH, PPA, archive, service

ANSWER_S = 0.05
TOTAL_S = 4.0
_NEVER = threading.Event()


def slow(request: Request, peer: Peer) -> None:
    """An empty PPA whose answers take their time."""
    _NEVER.wait(ANSWER_S)
    if request.target == PATH:
        peer.json(archive())
    elif "getBuildCounters" in request.target:
        peer.json({"pending": 0})
    else:
        peer.json({"entries": [], "start": 0})


def test_more_listings_than_there_is_time_for() -> None:
    """Two hundred at once would all be given up before they are over; in turn those that are begun succeed, the others
    cost nothing, and whoever reads a single PPA meanwhile is not kept.
    """
    with service(slow, Timeouts(1, 1, TOTAL_S)) as (server, operations, entry), ThreadPoolExecutor(201) as pool:
        begun = time.monotonic()
        listings = [pool.submit(operations.content, entry) for _ in range(200)]
        server.wait(lambda: len(server.requests) > 6)
        for _ in range(5):
            assert isinstance(operations.read(PPA), Entry)
        answers = [one.result(30) for one in listings]
        assert time.monotonic() - begun < TOTAL_S + 5
    seen = [answer for answer in answers if isinstance(answer, Content)]
    assert len(seen) >= 6
    refused = [answer for answer in answers if isinstance(answer, Unavailable)]
    assert len(seen) + len(refused) == 200
    assert all("under way" in answer.reason for answer in refused), refused
    each = [request for request in server.requests if "getPublishedSources" in request.target]
    assert len(each) == 2 * len(seen)
