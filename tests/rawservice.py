"""A Launchpad of single answers: the port's calls against a server that says what a test wants."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from ppa_assigner.launchpad.http import HttpTransport, Timeouts
from ppa_assigner.launchpad.indexes import Indexes
from ppa_assigner.launchpad.operations import Operations
from ppa_assigner.port import Entry, Moment
from ppa_assigner.reference import Reference
from ppa_assigner.times import boottime
from tests.rawserver import RawServer, Request, Script

PPA = Reference("ci", "ubuntu", "one")
PATH = "/devel/~ci/+archive/ubuntu/one"
DATE = datetime(2026, 11, 25, 3, 14, 12, tzinfo=UTC)
EARLY = Moment(DATE, 0.0, 0.0)
PLAIN = {"Content_Type": "text/plain; charset=utf-8"}


def archive(root: str = "http://h/", name: str = "one", **fields: Any) -> dict[str, Any]:
    """A PPA as Launchpad shows it, as far as it matters."""
    return {
        "self_link": f"{root}devel/~ci/+archive/ubuntu/{name}",
        "http_etag": f'"1-{name}"',
        "status": "Active",
        "description": "text",
        "displayname": "One",
        "publish": True,
        **fields,
    }


@contextmanager
def service(script: Script, timeouts: Timeouts = Timeouts(2, 5, 10)) -> Iterator[tuple[RawServer, Operations, Entry]]:  # noqa: B008 - frozen
    """A server, the calls to it, and an entry that it could have shown."""

    def signed(headers: Mapping[str, str]) -> Mapping[str, str]:
        return {"Authorization": "signed", "User-Agent": "test", **headers}

    with RawServer(script) as server:
        transport = HttpTransport(server.root, timeouts, 16, boottime)
        indexes = Indexes(f"{server.root}apt/", timeouts, boottime)
        operations = Operations(f"{server.root}devel/", transport, signed, boottime, indexes)
        try:
            yield server, operations, Entry(f"{server.root}{PATH[1:]}", '"1-2"', "text", EARLY)
        finally:
            operations.close()


def fields(request: Request) -> dict[str, str]:
    """Of the query, or of the form."""
    text = request.body.decode() if request.method == "POST" else urlsplit(request.target).query
    return {name: values[0] for name, values in parse_qs(text, strict_parsing=True).items()}


def soon() -> float:
    """When an act must have left."""
    return boottime() + 10
