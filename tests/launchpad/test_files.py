"""The past of a source and its files, on the wire."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from ppa_assigner.launchpad.responses import REDACTED
from ppa_assigner.packages import NamedFile
from ppa_assigner.port import PublishedVersion, PublishedVersions, SourceFiles, Unavailable
from ppa_assigner.reference import Reference
from tests.rawserver import Peer, Request, Script
from tests.rawservice import DATE, fields, service

from .test_history import publications

PPA = Reference("team", "ubuntu", "ppa")
GONE = datetime(2026, 11, 20, 1, 2, 3, tzinfo=UTC)


def publication(number: int, version: str, **more: Any) -> dict[str, Any]:
    """A publication of a source."""
    address = f"http://x/~team/+archive/ubuntu/ppa/+sourcepub/{number}"
    return {"self_link": address, "source_package_version": version, "status": "Deleted", "date_removed": None, **more}


REMOVED = {"date_removed": "2026-11-20T01:02:03+00:00"}


def test_versions_are_listed_newest_first_over_all_pages() -> None:
    """Each once; it is gone from the disk when all of its publications are."""
    one = publication(1, "1.0-2")
    pages = [
        [one, publication(2, "1.0-1", **REMOVED)],
        [publication(3, "1.0-1"), publication(4, "0.9", **REMOVED), publication(5, "0.9", date_removed="2026-11-01")],
        [publication(6, "0.8", status="Published", **REMOVED)],
    ]
    with service(publications(getPublishedSources=pages)) as (server, lp, _):
        found = lp.source_versions(PPA, "hello")
        assert isinstance(found, PublishedVersions)
        address = "http://x/~team/+archive/ubuntu/ppa/+sourcepub/{}"
        assert found.versions == (
            PublishedVersion("1.0-2", address.format(1)),
            PublishedVersion("1.0-1", address.format(2)),
            PublishedVersion("0.9", address.format(4), GONE),
            PublishedVersion("0.8", address.format(6)),
        )
        assert found.moment.date == DATE
        assert [request.target.partition("?")[0] for request in server.requests] == [
            "/devel/~team/+archive/ubuntu/ppa"
        ] * 3
        asked = fields(server.requests[0])
        assert (asked["source_name"], asked["exact_match"], asked["order_by_date"]) == ('"hello"', "true", "true")
        assert "status" not in asked


def test_of_the_primary_archive_the_latest_pages_are_enough() -> None:
    """A kernel has thousands of publications."""
    with service(publications(getPublishedSources=[[publication(n, f"1-{n}")] for n in range(9)])) as (server, lp, _):
        found = lp.source_versions("ubuntu", "linux")
        assert isinstance(found, PublishedVersions)
        assert [one.version for one in found.versions] == ["1-0", "1-1", "1-2"]
        assert {request.target.partition("?")[0] for request in server.requests} == {"/devel/ubuntu/+archive/primary"}


@pytest.mark.parametrize(
    "odd",
    [{"status": REDACTED}, {"date_removed": REDACTED}, {"source_package_version": REDACTED}, {"self_link": None}]
    + [{"source_package_version": value} for value in (None, 1)],
)
def test_a_past_that_cannot_be_read_is_none(odd: dict[str, Any]) -> None:
    """It may hold the very version."""
    pages = [[publication(1, "1.0-1"), publication(2, "1.0-2") | odd]]
    with service(publications(getPublishedSources=pages)) as (_, lp, _entry):
        assert isinstance(lp.source_versions(PPA, "hello"), Unavailable)


def urls_of(*files: Any) -> Script:
    """A service that answers with these files."""
    return lambda request, peer: peer.json(list(files))


def test_files_are_named_by_the_ends_of_their_addresses() -> None:
    """With their sums, in lower case."""
    base = "https://launchpad.net/~team/+archive/ubuntu/ppa/+sourcefiles/hello/1.0%2Bds-1/"
    listed = [
        {"url": f"{base}hello_1.0%2Bds.orig.tar.gz", "size": 7, "sha256": "AB" * 32},
        {"url": f"{base}hello_1.0+ds-1.dsc", "size": 8, "sha256": "cd" * 32},
    ]
    with service(urls_of(*listed)) as (server, lp, entry):
        found = lp.source_files(f"{entry.url}/+sourcepub/7")
        assert isinstance(found, SourceFiles)
        names = ["hello_1.0+ds.orig.tar.gz", "hello_1.0+ds-1.dsc"]
        assert found.files == (NamedFile(names[0], "ab" * 32), NamedFile(names[1], "cd" * 32))
        assert dict(found.urls) == dict(zip(names, (one["url"] for one in listed), strict=True))
        (request,) = server.requests
        assert request.target.partition("?")[0].endswith("/+sourcepub/7")
        assert fields(request) == {"ws.op": "sourceFileUrls", "include_meta": "true"}


def test_no_file_is_kept_any_more() -> None:
    """That is an answer."""
    with service(urls_of()) as (_, lp, entry):
        found = lp.source_files(f"{entry.url}/+sourcepub/7")
        assert isinstance(found, SourceFiles)
        assert (found.files, dict(found.urls)) == ((), {})


@pytest.mark.parametrize(
    "listed",
    [
        ["https://x/hello.dsc"],
        [{"url": "https://x/a", "sha256": "ab"}],
        [{"url": "https://x/a"}],
        [{"sha256": "0" * 64}],
    ],
)
def test_files_without_sums_prove_nothing(listed: list[Any]) -> None:
    """A service that does not tell the content."""
    with service(urls_of(*listed)) as (_, lp, entry):
        assert isinstance(lp.source_files(f"{entry.url}/+sourcepub/7"), Unavailable)


@pytest.mark.parametrize("status", [400, 401, 404, 503])
def test_no_answer_is_not_an_empty_past(status: int) -> None:
    """Neither of versions nor of files."""

    def script(request: Request, peer: Peer) -> None:
        peer.answer(status)

    with service(script) as (_, lp, entry):
        assert isinstance(lp.source_versions(PPA, "hello"), Unavailable)
        assert isinstance(lp.source_files(f"{entry.url}/+sourcepub/7"), Unavailable)
