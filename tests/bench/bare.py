"""The floor: the same requests by urllib3 on connections that are kept alive, with nothing around them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median
from time import perf_counter, process_time
from typing import Any, NamedTuple
from urllib.parse import urlencode

import urllib3

from ..processes import Launchpad
from ..standin.client import authorization
from .site import OWNER, Site

TEXT = "A PPA.\nppa-assigner: " + json.dumps({"as": "long as a record is"}) + "x" * 380
SINCE = "2026-01-01T00:00:00+00:00"
ROUNDS = 9


@dataclass
class Entry:
    """A PPA as the service showed it last."""

    url: str
    etag: str
    writes: int = 0


class Bare:
    """Asks the service with so many connections; safe for as many threads."""

    def __init__(self, launchpad: Launchpad, connections: int) -> None:
        self._pool = urllib3.PoolManager(maxsize=connections, block=True, retries=False)
        self._root = f"{launchpad.service_root}devel/"
        self._headers = {"Authorization": authorization(launchpad.credentials["ppa-bot"]), "Accept": "application/json"}
        self._second = ThreadPoolExecutor(1)

    def close(self) -> None:
        """Ask no more."""
        self._second.shutdown()
        self._pool.clear()

    def look(self) -> list[Entry]:
        """All PPAs, 300 with one request."""
        found, url = [], f"{self._root}~{OWNER}/ppas?ws.size=300"
        while url:
            page = self._get(url)
            found += [Entry(one["self_link"], one["http_etag"]) for one in page["entries"]]
            url = page.get("next_collection_link")
        return found

    def entries(self, pool: str) -> Iterator[Entry]:
        """Those of a pool of the site."""
        return (entry for entry in self.look() if entry.url.rpartition("/")[2].startswith(f"{pool}-"))

    def patch(self, entry: Entry) -> None:
        """Compare-and-swap of the description."""
        entry.writes += 1
        headers = {**self._headers, "If-Match": entry.etag, "Content-Type": "application/json"}
        body = json.dumps({"description": f"{TEXT}{entry.writes}"})
        answer = self._pool.request("PATCH", entry.url, body=body, headers=headers)
        if answer.status != 209:
            raise RuntimeError(f"{answer.status} {answer.data!r}")
        entry.etag = answer.json()["http_etag"]

    def verified(self, entry: Entry) -> None:
        """Two looks for new content at once, then the compare-and-swap."""
        sources, binaries = (_new_content(entry.url, name) for name in ("getPublishedSources", "getPublishedBinaries"))
        second = self._second.submit(self._get, binaries)
        self._get(sources)
        second.result()
        self.patch(entry)

    def _get(self, url: str) -> Any:
        answer = self._pool.request("GET", url, headers=self._headers)
        if answer.status != 200:
            raise RuntimeError(f"{answer.status} {answer.data!r}")
        return answer.json()


@contextmanager
def bare(launchpad: Launchpad, connections: int) -> Iterator[Bare]:
    """Closed at the end."""
    client = Bare(launchpad, connections)
    try:
        yield client
    finally:
        client.close()


def burst(client: Bare, entries: list[Entry], at_once: int) -> float:
    """Seconds until all are patched, so many at once."""
    with ThreadPoolExecutor(at_once) as threads:
        start = perf_counter()
        list(threads.map(client.patch, entries))
        return perf_counter() - start


def crowd(client: Bare, entries: list[Entry], size: int, at_once: int) -> list[float]:
    """What each PATCH takes while so many clients patch, one after the other each; whoever waits for a connection
    gets the next one that is free, in the order of coming.
    """

    def one(mine: list[Entry]) -> list[float]:
        return [timed(lane, client, entry) for entry in mine]

    with ThreadPoolExecutor(at_once) as lane, ThreadPoolExecutor(size) as threads:
        return [seconds for times in threads.map(one, (entries[n::size] for n in range(size))) for seconds in times]


class Spent(NamedTuple):
    """Seconds by the clock, and of a core in this process."""

    wall: float
    cpu: float


def patches(where: Site, pool: str, count: int = 1) -> Spent:
    """Medians for so many PATCHes one after the other, of a PPA that is new in `pool`, at the site's pace of now."""
    where.ppas(pool, 1)
    with bare(where.launchpad, 1) as client:
        (entry,) = client.entries(pool)
        client.patch(entry)  # the connection is opened before
        spent = [_in_a_row(client, entry, count) for _ in range(ROUNDS)]
    return Spent(median(one.wall for one in spent), median(one.cpu for one in spent))


def _in_a_row(client: Bare, entry: Entry, count: int) -> Spent:
    wall, cpu = perf_counter(), process_time()
    for _ in range(count):
        client.patch(entry)
    return Spent(perf_counter() - wall, process_time() - cpu)


def alone(client: Bare, entry: Entry) -> float:
    """Seconds of one PATCH."""
    start = perf_counter()
    client.patch(entry)
    return perf_counter() - start


def timed(lane: ThreadPoolExecutor, client: Bare, entry: Entry) -> float:
    """Seconds of one PATCH, waiting for its connection included."""
    start = perf_counter()
    lane.submit(client.patch, entry).result()
    return perf_counter() - start


def _new_content(url: str, name: str) -> str:
    return f"{url}?{urlencode({'ws.op': name, 'created_since_date': json.dumps(SINCE), 'ws.size': 300})}"
