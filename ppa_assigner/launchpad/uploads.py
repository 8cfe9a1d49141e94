"""What is asked about uploads: sources and binaries since a date, builds, indexes; and retries of builds.

Rule: over the connections for following only, so that it takes none from assigning and cleaning.  Entries that cannot
be read make an answer unusable, not shorter: what is missing would look as if it had not come.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlencode

from ..port import ActAnswer, Lane, Refused, Unavailable
from ..publications import (
    ACTIVE_STATUSES,
    BinaryPublication,
    SeriesIndexes,
    SourceBuild,
    SourcePublication,
    TakenSpace,
)
from ..reference import Reference
from . import responses, session
from .content import SeriesCache
from .indexes import Indexes
from .redaction import one_line
from .responses import REDACTED, RequestFailedError, UnreadableResponseError
from .series_indexes import read_series_indexes
from .session import Session, T, failure_as_answer
from .space import taken_space
from .urls import last_part, path, person_url, ppa_url

BUILDS_AT_ONCE = 50  # sources: an address stays far below what servers take
KEY_LINES = ("-----BEGIN PGP PUBLIC KEY BLOCK-----", "-----END PGP PUBLIC KEY BLOCK-----")
BURNT = "the PPA had this version before, and Launchpad takes none a second time: choose a new version"


class UploadReader:
    """Implements upload_port.UploadReports.  `root` is the address of the service's root."""

    def __init__(self, root: str, requests: Session, indexes: Indexes, series: SeriesCache) -> None:
        self._root = root
        self._session = requests
        self._indexes = indexes
        self._series = series

    def sources(self, ppa: Reference, since: datetime) -> tuple[SourcePublication, ...] | Unavailable:
        """All sources of any status that were created since then: one request per 300."""
        return _usable(lambda: tuple(map(source_publication, self._since("getPublishedSources", ppa, since))))

    def binaries(self, ppa: Reference, since: datetime) -> tuple[BinaryPublication, ...] | Unavailable:
        """All active binaries that were created since then: one request per 300."""

        def read() -> tuple[BinaryPublication, ...]:
            found = map(_binary, self._since("getPublishedBinaries", ppa, since))
            return tuple(one for one in found if one.status in ACTIVE_STATUSES)

        return _usable(read)

    def _since(self, name: str, ppa: Reference, since: datetime) -> Iterator[dict[str, Any]]:
        created = since.astimezone(UTC).isoformat()
        url = session.operation_url(ppa_url(self._root, ppa), name, created_since_date=created)
        return session.entries(self._getter(), url)

    def builds(self, ppa: Reference, numbers: Collection[int]) -> Mapping[int, tuple[SourceBuild, ...]] | Unavailable:
        """The builds of the sources with these numbers, of each only those that make its status: one request per 50."""
        return _usable(partial(self._builds, ppa, sorted(numbers)))

    def all_builds(self, ppa: Reference, number: int) -> tuple[SourceBuild, ...] | Unavailable:
        """All builds of the source with this number in this PPA: one request per 300 of them."""
        url = session.operation_url(f"{ppa_url(self._root, ppa)}/+sourcepub/{number}", "getBuilds")
        return _usable(lambda: tuple(map(_build, session.entries(self._getter(), url))))

    def _builds(self, ppa: Reference, numbers: Sequence[int]) -> Mapping[int, tuple[SourceBuild, ...]]:
        get, found = self._getter(), dict[int, tuple[SourceBuild, ...]]()
        for first in range(0, len(numbers), BUILDS_AT_ONCE):
            asked = numbers[first : first + BUILDS_AT_ONCE]
            # As a JSON list: commas alone are refused (docs/explanation/launchpad.md#build-summaries).
            fields = session.operation_form("getBuildSummariesForSourceIds", source_ids=list(asked))
            url = f"{ppa_url(self._root, ppa)}?{urlencode(fields)}"
            response = get(url)
            if response.status != HTTPStatus.OK:
                raise RequestFailedError(responses.on_failure(response))
            found.update(_summaries(responses.json_object(response), asked))
        return found

    def indexes(
        self, ppa: Reference, series: str, arches: Collection[str], kept: SeriesIndexes
    ) -> SeriesIndexes | Unavailable:
        """The indexes of one series for these architectures: one plain request while nothing changes."""
        base = f"{self._indexes.base(ppa)}/{quote(series, safe='')}"
        return _usable(partial(read_series_indexes, self._indexes.transport, base, sorted(arches), kept))

    def refusal(
        self, ppa: Reference, source: str, version: str, since: datetime, uploader: str | None
    ) -> str | Unavailable | None:
        """Why Launchpad must have refused this upload, where that can be known: the version was there before `since`,
        or the uploader may not upload.
        """
        return _usable(partial(self._refusal, ppa, source, version, since, uploader))

    def _refusal(self, ppa: Reference, source: str, version: str, since: datetime, uploader: str | None) -> str | None:
        get, archive = self._getter(), ppa_url(self._root, ppa)
        names: dict[str, Any] = {"source_name": source, "version": version, "exact_match": True}
        history = session.entries(get, session.operation_url(archive, "getPublishedSources", **names))
        if any(source_publication(one).created < since for one in history):
            return BURNT
        return self._right(get, ppa, source, uploader) if uploader is not None else None

    def _right(self, get: session.Get, ppa: Reference, source: str, uploader: str) -> str | None:
        """Why somebody may not upload: a refusal is a 403 (docs/explanation/launchpad.md#telling-a-disabled-ppa)."""
        series = [one for one in self._series.of_distribution(ppa.distribution, get) if not one.obsolete]
        if not series:
            return None
        fields = session.operation_form(
            "checkUpload", person=person_url(self._root, uploader), distroseries=series[0].url,
            sourcepackagename=source, component="main", pocket="Release",
        )  # fmt: skip
        response = get(f"{ppa_url(self._root, ppa)}?{urlencode(fields)}")
        if response.status == HTTPStatus.FORBIDDEN:
            return f"{uploader} may not upload to it: {responses.summary(response)}"
        return None

    def taken_space(self, ppa: Reference) -> TakenSpace | Unavailable | None:
        """How full a PPA is; None: it has no limit, or none that is shown: at most 63 requests."""
        return _usable(lambda: taken_space(self._getter(), ppa_url(self._root, ppa)))

    def signing_key(self, ppa: Reference) -> str | Unavailable | None:
        """The public key that signs the indexes of a PPA; None while there is none: one request."""
        return _usable(partial(self._signing_key, ppa))

    def _signing_key(self, ppa: Reference) -> str | None:
        url = session.operation_url(ppa_url(self._root, ppa), "getSigningKeyData")
        response = self._getter()(url)
        if response.status != HTTPStatus.OK:
            raise RequestFailedError(responses.on_failure(response))
        return _public_key(responses.json_text(response))

    def retry(self, build: str, not_after: float) -> ActAnswer:
        """Ask for a build to be tried again: one POST.  By `not_after` (boot-time clock) it has left or never will."""
        return self._session.act(build, session.operation_form("retry"), not_after, Lane.FOLLOW)

    def _getter(self) -> session.Get:
        return self._session.getter(Lane.FOLLOW)


def _public_key(text: str | None) -> str | None:
    """An ASCII-armoured public key, and nothing else: it is written into files that apt and shells read."""
    if not text:
        return None
    lines = text.strip().splitlines()
    if (lines[0], lines[-1]) != KEY_LINES or not all(line.isascii() and line.isprintable() for line in lines):
        raise UnreadableResponseError("a signing key that is not one")
    return "\n".join(lines) + "\n"


def _usable(ask: Callable[[], T]) -> T | Unavailable:
    """Run a call; a refusal of what is only read, too, proves nothing."""
    answer = failure_as_answer(ask)
    return Unavailable(answer.reason, status=answer.status) if isinstance(answer, Refused) else answer


def _summaries(data: Mapping[str, Any], asked: Sequence[int]) -> Mapping[int, tuple[SourceBuild, ...]]:
    """The builds in a summary: by the number of the source, as text, an object with `builds`."""
    return {number: tuple(map(_build, _listed(data.get(str(number), {})))) for number in asked}


def _listed(summary: Any) -> list[dict[str, Any]]:
    builds = summary.get("builds", []) if isinstance(summary, dict) else None
    if not isinstance(builds, list) or not all(isinstance(one, dict) for one in builds):
        raise UnreadableResponseError("a summary of builds that is not one")
    return builds


def _build(data: Mapping[str, Any]) -> SourceBuild:
    log = responses.safe_link(data.get("build_log_url"))
    waits_for = data.get("dependencies")
    return SourceBuild(
        url=_text(data, "self_link"), arch=_text(data, "arch_tag"), state=_text(data, "buildstate"), log=log,
        waits_for=one_line(waits_for) if isinstance(waits_for, str) and waits_for else None,
    )  # fmt: skip


def source_publication(data: Mapping[str, Any]) -> SourcePublication:
    """A source in a listing.  Raises UnreadableResponseError."""
    number = last_part(_text(data, "self_link"))
    if not number.isdecimal():
        raise UnreadableResponseError("a publication without a number")
    return SourcePublication(
        int(number[:18]), _text(data, "source_package_name"), _text(data, "source_package_version"),
        last_part(_text(data, "distro_series_link")), _text(data, "status"), _date(data, "date_created"),
    )  # fmt: skip


def _binary(data: Mapping[str, Any]) -> BinaryPublication:
    place = path(_text(data, "distro_arch_series_link")).strip("/").split("/")
    if len(place) < 2:
        raise UnreadableResponseError("a binary without series and architecture")
    build = data.get("build_link")
    return BinaryPublication(
        name=_text(data, "binary_package_name"), version=_text(data, "binary_package_version"),
        series=place[-2], arch=place[-1],
        source=_text(data, "source_package_name"), source_version=_text(data, "source_package_version"),
        status=_text(data, "status"), published=responses.parse_date(data.get("date_published")),
        build=build if isinstance(build, str) and build != REDACTED else None, debug=data.get("is_debug") is True,
    )  # fmt: skip


def _text(data: Mapping[str, Any], name: str) -> str:
    text = responses.required_text(data, name)
    if text == REDACTED:
        raise UnreadableResponseError(f"{name} is not shown to us")
    return text


def _date(data: Mapping[str, Any], name: str) -> datetime:
    date = responses.parse_date(data.get(name))
    if date is None:
        raise UnreadableResponseError(f"a publication without {name}")
    return date
