"""Addresses in Launchpad's web service: what one names, and which one names something.

Rule: only canonical addresses are made: any other is redirected, and a write to it changes nothing
(docs/explanation/launchpad.md#canonical-addresses).  Nothing here sends a request.
"""

from __future__ import annotations

import re
from urllib.parse import quote, urlsplit

from ..reference import Reference
from .redaction import one_line
from .responses import UnreadableResponseError

PRIMARY = "primary"
_NAME = r"[^/]+"
_PPA = re.compile(rf"/~(?P<owner>{_NAME})/\+archive/(?P<distribution>{_NAME})/(?P<name>{_NAME})")
_MAIN = re.compile(rf"/(?P<distribution>[^/~+]+)/\+archive/(?P<name>{_NAME})/?$")
_MAIN_NAME = re.compile(r"(?P<distribution>[a-z0-9][a-z0-9+.-]*)(?:/(?P<name>[a-z0-9][a-z0-9+.-]*))?")


def origin(url: str) -> tuple[str, str, int | None] | None:
    """Scheme, host and port of a plain web address; None for anything else.  Our signature is sent to one
    origin only.
    """
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:
        return None
    if not parts.hostname or parts.username is not None:
        return None
    return parts.scheme, parts.hostname, port


def reference_at(url: str) -> Reference:
    """The PPA at this address.  Raises UnreadableResponseError."""
    match = _PPA.search(path(url))
    if match is None:
        raise UnreadableResponseError(f"{one_line(url)} is not an address of a PPA")
    return Reference(match["owner"], match["distribution"], match["name"])


def archive_at(url: str) -> str:
    """The archive at this address, as Launchpad names it: `~owner/ubuntu/name`, `ubuntu` for the primary archive of a
    distribution, `ubuntu/partner` for another of it.  Raises UnreadableResponseError.
    """
    match = _MAIN.search(path(url))
    if match is None:
        name = str(reference_at(url))
    else:
        name = match["distribution"] if match["name"] == PRIMARY else f"{match['distribution']}/{match['name']}"
    try:
        archive_url("", name)
    except ValueError as error:  # no request could be made with that name
        raise UnreadableResponseError(f"{one_line(url)} is not an address of an archive") from error
    return name


def archive_url(root: str, name: str) -> str:
    """The address of an archive in the form that `archive_at` gives.  Raises ValueError."""
    if match := _MAIN_NAME.fullmatch(name):
        return f"{root}{quote(match['distribution'])}/+archive/{quote(match['name'] or PRIMARY)}"
    return ppa_url(root, Reference.parse(name))


def ppa_url(root: str, ppa: Reference) -> str:
    """The address of a PPA."""
    return f"{root}{quote(ppa.path, safe='~/+')}"


def person_url(root: str, who: str) -> str:
    """The address of a person or team, given with or without `~`."""
    return f"{root}~{quote(who.removeprefix('~'), safe='')}"


def last_part(url: str) -> str:
    """The name at the end of an address: of a series, or with its `~` of a person."""
    return path(url).rstrip("/").rpartition("/")[2]


def path(url: str) -> str:
    """The path of an address, with `+` and `~` unescaped.  Raises UnreadableResponseError."""
    try:
        return urlsplit(url.replace("%2B", "+").replace("%7E", "~")).path
    except ValueError as error:
        raise UnreadableResponseError(f"{one_line(url)} is not an address") from error
