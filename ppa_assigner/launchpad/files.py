"""The past of one source in an archive: which versions were ever published, and which files of them are still kept.

Rule: history is read newest first, so that what comes meanwhile pushes nothing over the end of a page unseen.  A file
that is not listed any more is one that Launchpad has thrown away (docs/explanation/launchpad.md#burnt-versions).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import islice
from typing import Any
from urllib.parse import unquote, urlencode

from ..packages import NamedFile
from ..port import Moment, PublishedVersion, PublishedVersions, SourceFiles, Unavailable
from . import responses
from .content import ACTIVE_STATUSES
from .responses import REDACTED, RequestFailedError, UnreadableResponseError
from .session import MAX_PAGES, Get, operation_form, operation_url, pages
from .urls import last_part

SHA256_DIGITS = 64


def source_versions(get: Get, url: str, source: str, most_pages: int = MAX_PAGES) -> PublishedVersions:
    """The versions of a source in the archive at this address, from so many pages of its history.  Raises
    RequestFailedError, NotSentError, NoResponseError.
    """
    listing = operation_url(url, "getPublishedSources", source_name=source, exact_match=True, order_by_date=True)
    first: Moment | None = None
    found: list[dict[str, Any]] = []
    for page, moment in islice(pages(get, listing), most_pages):
        first = first or moment
        found += page
    if first is None:
        raise RequestFailedError(Unavailable("no page of publications"))
    return PublishedVersions(tuple(_merged(_version(one) for one in found)), first)


def source_files(get: Get, url: str) -> SourceFiles:
    """The files of the source publication at this address.  Raises RequestFailedError, UnreadableResponseError,
    NotSentError, NoResponseError.
    """
    response = get(f"{url}?{urlencode(operation_form('sourceFileUrls', include_meta=True))}")
    if response.status != 200:
        raise RequestFailedError(responses.on_failure(response))
    files: list[NamedFile] = []
    urls: dict[str, str] = {}
    for one in responses.json_objects(response):
        where = responses.required_text(one, "url")
        sha256 = responses.required_text(one, "sha256").lower()
        if len(sha256) != SHA256_DIGITS:
            raise UnreadableResponseError("a file whose sha256 is not one")
        name = unquote(last_part(where))
        files.append(NamedFile(name, sha256))
        urls[name] = where
    return SourceFiles(tuple(files), responses.moment_of(response), urls)


def _version(data: Mapping[str, Any]) -> PublishedVersion:
    removed, status, version = (data.get(name) for name in ("date_removed", "status", "source_package_version"))
    if REDACTED in (removed, status, version) or not isinstance(version, str):
        raise RequestFailedError(Unavailable("the history of a source is not readable for us"))
    gone = None if status in ACTIVE_STATUSES else responses.parse_date(removed)
    try:
        return PublishedVersion(version, responses.required_text(data, "self_link"), gone)
    except UnreadableResponseError as error:
        raise RequestFailedError(Unavailable(str(error))) from error


def _merged(publications: Iterable[PublishedVersion]) -> Iterator[PublishedVersion]:
    """One for each version: it may have been copied, or be in several series."""
    by_version: dict[str, list[PublishedVersion]] = {}
    for one in publications:
        by_version.setdefault(one.version, []).append(one)
    for same in by_version.values():
        yield PublishedVersion(same[0].version, same[0].url, _last_removed(one.removed for one in same))


def _last_removed(dates: Iterable[datetime | None]) -> datetime | None:
    known = list(dates)
    gone = [date for date in known if date is not None]
    return max(gone) if len(gone) == len(known) else None
