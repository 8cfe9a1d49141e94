"""How full a PPA is: what its files take up, beside what they may.

Rule: Launchpad tells the limit, and the size of each file, not the sum (docs/explanation/launchpad.md#size-limit).  So
the newest publications whose files count are added up, and no more of them than is worth it: what is told is never more
than what is taken.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from itertools import islice
from typing import Any
from urllib.parse import urlencode

from ..publications import TakenSpace
from . import responses
from .content import is_on_disk
from .responses import RequestFailedError
from .session import Get, operation_form, operation_url
from .urls import last_part

MOST_SOURCES, MOST_BINARIES = 20, 40
"""Publications whose files are asked for, a request each."""


def taken_space(get: Get, url: str) -> TakenSpace | None:
    """How full the PPA at this address is; None: it has no limit, or none that is shown.  Raises RequestFailedError,
    UnreadableResponseError, NotSentError, NoResponseError.
    """
    limit = _limit(get, url)
    if limit is None:
        return None
    sources = islice(_counting(get, url, "getPublishedSources"), MOST_SOURCES)
    binaries = islice(_counting(get, url, "getPublishedBinaries"), MOST_BINARIES)
    sizes: dict[tuple[str, str], int] = {}
    for publications, name in ((sources, "sourceFileUrls"), (binaries, "binaryFileUrls")):
        for publication in publications:
            sizes.update(_sizes(get, publication, name))
    return TakenSpace(sum(sizes.values()), limit)


def _limit(get: Get, url: str) -> int | None:
    response = get(url)
    if response.status != HTTPStatus.OK:
        raise RequestFailedError(responses.on_failure(response))
    limit = responses.json_object(response).get("authorized_size")
    return limit if isinstance(limit, int) else None


def _counting(get: Get, url: str, name: str) -> Iterator[str]:
    """The addresses of the newest publications that count, without those whose files another has."""
    page, _ = responses.parse_page(get(operation_url(url, name, order_by_date=True)))
    seen = set[tuple[object, ...]]()
    for one in page["entries"]:
        if is_on_disk(one) and (key := _key(one)) not in seen:
            seen.add(key)
            yield responses.required_text(one, "self_link")


def _key(data: Mapping[str, Any]) -> tuple[object, ...]:
    """What is the same for publications of the same files: in several series, or for several architectures."""
    if "binary_package_name" not in data:
        return data.get("source_package_name"), data.get("source_package_version")
    where = last_part(str(data.get("distro_arch_series_link"))) if data.get("architecture_specific") else "all"
    return data.get("binary_package_name"), data.get("binary_package_version"), where


def _sizes(get: Get, url: str, name: str) -> Iterator[tuple[tuple[str, str], int]]:
    response = get(f"{url}?{urlencode(operation_form(name, include_meta=True))}")
    if response.status != HTTPStatus.OK:
        raise RequestFailedError(responses.on_failure(response))
    for one in responses.json_objects(response):
        size = one.get("size")
        if isinstance(size, int) and size > 0:
            yield (last_part(responses.required_text(one, "url")), responses.required_text(one, "sha256")), size
