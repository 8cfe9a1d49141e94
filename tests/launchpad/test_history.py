"""What was ever published in a PPA, and what of it is still on the disk: on the wire."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from ppa_assigner.launchpad.responses import REDACTED
from ppa_assigner.port import Lane, Leftovers, Refused, Unavailable
from tests.rawserver import Peer, Request, Script
from tests.rawservice import DATE, fields, service

REMOVED = {"status": "Deleted", "date_removed": "2026-11-25T00:00:00+00:00"}
LEFT = {"status": "Superseded", "date_removed": None, "display_name": "foo 1 in noble"}
SOURCES, BINARIES = "getPublishedSources", "getPublishedBinaries"


def publications(**pages: list[list[dict[str, Any]]]) -> Script:
    """A service with these pages, by operation."""

    def script(request: Request, peer: Peer) -> None:
        asked = fields(request)
        number = int(asked.get("ws.start", "0"))
        found = pages.get(asked["ws.op"], [[]])
        page: dict[str, Any] = {"entries": found[number]}
        if number + 1 < len(found):
            here = f"http://{request.headers['host']}{request.target.partition('&ws.start')[0]}"
            page["next_collection_link"] = f"{here}&ws.start={number + 1}"
        peer.json(page)

    return script


@pytest.mark.parametrize(("found", "ever"), [([], False), ([REMOVED], True), ([LEFT], True)])
def test_a_version_that_was_ever_there(found: list[dict[str, Any]], ever: bool) -> None:
    """One request for one entry, of whatever status."""
    with service(publications(getPublishedSources=[found])) as (server, lp, entry):
        assert lp.was_published(entry, "foo", "1:2~3+b", Lane.ASSIGN) is ever
        (request,) = server.requests
        assert fields(request) == {
            "ws.op": SOURCES,
            "source_name": '"foo"',
            "version": '"1:2~3+b"',
            "exact_match": "true",
            "ws.size": "1",
        }


@pytest.mark.parametrize("status", [404, 401, 400, 503])
def test_an_answer_without_a_list_tells_no_version(status: int) -> None:
    """Neither that it was there nor that it was not."""
    with service(lambda request, peer: peer.answer(status)) as (server, lp, entry):
        assert type(lp.was_published(entry, "foo", "1")) is Unavailable
        assert len(server.requests) == 1


PUT_OUT = {"date_published": "2026-11-25T12:00:05+00:00", "date_superseded": None}


@pytest.mark.parametrize(
    ("found", "ever"),
    [
        ([], False),
        ([PUT_OUT], True),
        ([{"date_published": None, "date_superseded": None}], False),
        ([PUT_OUT | {"date_superseded": "2026-11-25T12:00:09+00:00"}], False),
        ([PUT_OUT | {"date_superseded": "2026-11-25T12:00:11+00:00"}], True),
        ([PUT_OUT | {"date_superseded": "2026-11-25T12:00:09+00:00"}, PUT_OUT], True),
    ],
)
def test_what_a_lease_published_is_not_what_the_one_before_did(found: list[dict[str, Any]], ever: bool) -> None:
    """However soon the PPA was lent again: what was deleted before a lease began is not of it."""
    since = datetime(2026, 11, 25, 12, 0, 10, tzinfo=UTC)
    with service(publications(getPublishedSources=[found])) as (server, lp, entry):
        assert lp.published_since(entry, since) is ever
        (request,) = server.requests
        assert fields(request)["created_since_date"].strip('"') == "2026-11-25T11:59:10+00:00"


def test_all_of_history_is_removed() -> None:
    """All pages of sources and binaries, newest first, of any status: nothing is left."""
    with service(publications(getPublishedSources=[[REMOVED], [REMOVED]])) as (server, lp, entry):
        found = lp.disk_leftovers(entry)
        assert isinstance(found, Leftovers)
        assert (found.count, found.example, found.moment.date) == (0, None, DATE)
        assert [fields(request)["ws.op"] for request in server.requests] == [SOURCES, SOURCES, BINARIES]
        for request in server.requests:
            assert fields(request)["order_by_date"] == "true"
            assert fields(request)["ws.size"] == "300"
            assert "status" not in fields(request)


@pytest.mark.parametrize(
    ("pages", "requests"),
    [
        ({SOURCES: [[LEFT, REMOVED, LEFT], [LEFT]]}, 1),
        ({SOURCES: [[REMOVED], [LEFT, LEFT]]}, 2),
        ({BINARIES: [[LEFT, LEFT]]}, 2),
        ({SOURCES: [[LEFT, {**LEFT, "status": "Published"}]]}, 1),
        ({SOURCES: [[LEFT, {**REMOVED, "status": "Published"}]]}, 1),
    ],
)
def test_something_is_left(pages: dict[str, list[list[dict[str, Any]]]], requests: int) -> None:
    """The first page with some ends the reading."""
    with service(publications(**pages)) as (server, lp, entry):
        found = lp.disk_leftovers(entry)
        assert isinstance(found, Leftovers)
        assert (found.count, found.example) == (2, "foo 1 in noble (Superseded)")
        assert len(server.requests) == requests


@pytest.mark.parametrize(
    ("dates", "until"),
    [
        ([None, None], None),
        (["2026-11-26T01:02:03.456789+00:00", None], datetime(2026, 11, 26, 1, 2, 3, 456789, tzinfo=UTC)),
        (["2026-11-26T01:02:03+00:00", "2026-11-27T00:00:00+00:00"], datetime(2026, 11, 27, tzinfo=UTC)),
        ([REDACTED, "soon"], None),
        ([7, "0001-01-01T00:00:00+14:00"], None),
    ],
)
def test_the_latest_date_of_what_is_left_is_told(dates: list[Any], until: datetime | None) -> None:
    """Before it not all can be gone; what is no date tells nothing."""
    left = [{**LEFT, "scheduled_deletion_date": date} for date in dates]
    with service(publications(getPublishedSources=[left])) as (_, lp, entry):
        found = lp.disk_leftovers(entry)
        assert isinstance(found, Leftovers)
        assert found.until == until


@pytest.mark.parametrize("hidden", [{"date_removed": REDACTED}, {"status": REDACTED}])
def test_what_we_may_not_read_is_not_removed(hidden: dict[str, str]) -> None:
    """The word that stands for a hidden date is no date."""
    with service(publications(getPublishedSources=[[{**REMOVED, **hidden}]])) as (_, lp, entry):
        assert isinstance(lp.disk_leftovers(entry), Unavailable)


@pytest.mark.parametrize("lost", [SOURCES, BINARIES])
@pytest.mark.parametrize(("status", "kind"), [(404, Unavailable), (400, Refused), (503, Unavailable)])
def test_half_of_history_is_none(lost: str, status: int, kind: type) -> None:
    """If one of both fails, nothing is known."""

    def script(request: Request, peer: Peer) -> None:
        return peer.answer(status) if fields(request)["ws.op"] == lost else peer.json({"entries": []})

    with service(script) as (_, lp, entry):
        assert type(lp.disk_leftovers(entry)) is kind
