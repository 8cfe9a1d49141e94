"""All PPAs of an owner, page by page.

Rule: what is absent from a listing may still be there, and one entry that cannot be read hides no other.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator
from typing import Any

from ..port import Entry, Look, Moment
from ..reference import Reference
from . import responses, session
from .http import TooLargeResponseError
from .responses import UnreadableResponseError
from .urls import reference_at

log = logging.getLogger(__name__)


def read(url: str, get: session.Get, boottime: Callable[[], float]) -> Look:
    """Read all pages of a listing of PPAs, of which deleted ones are never dropped
    (docs/explanation/launchpad.md#deleted-ppas).
    """
    found: dict[Reference, Entry] = {}
    named, requests = set[Reference](), 0
    started = boottime()
    ended = started
    try:
        for page, moment in session.pages(get, url):
            ended, requests = moment.ended, requests + 1
            found.update(_entries(page, moment))
            named.update(_names(page))
    except TooLargeResponseError as error:  # one endless description must not hide the other PPAs
        log.warning("%s: all further PPAs are read one by one", error)
    return Look(found, started, ended, named=frozenset(named), requests=max(1, requests))


def shown_to_all(url: str, get: session.Get) -> frozenset[Reference]:
    """The PPAs that everybody is shown (docs/explanation/launchpad.md#telling-a-disabled-ppa)."""
    listed = session.entries(get, url)
    return frozenset(reference_at(responses.required_text(data, "self_link")) for data in listed)


def _entries(page: list[dict[str, Any]], moment: Moment) -> Iterator[tuple[Reference, Entry]]:
    """The usable entries of a page.  One that cannot be read proves nothing of the others; its PPA is read alone."""
    for data in page:
        try:
            found = responses.parse_entry(data, moment)
            if isinstance(found, Entry):
                yield reference_at(found.url), found
        except UnreadableResponseError as error:
            log.debug("left out of a listing: %s", error)


def _names(page: list[dict[str, Any]]) -> Iterator[Reference]:
    """The names of all PPAs of a page, deleted ones too."""
    for data in page:
        with contextlib.suppress(UnreadableResponseError):
            yield reference_at(responses.required_text(data, "self_link"))
