"""The package index of a private PPA, read as apt reads it, with the login that apt has for it.

Rule: the login is sent to the host and path that its file names, and to no other; it is in no message.
"""

from __future__ import annotations

import base64
import time
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import SplitResult, quote, unquote, urlsplit

from ..client.errors import UsageError
from ..reference import Reference

if TYPE_CHECKING:
    from ..client import Uploads
    from ..publications import SeriesIndexes

INTERRUPTIBLE = True
"""A signal may end a command's wait anywhere in this module: what it locks, it locks by a `with`."""
PAUSE_S = 5.0
_REFUSED = (401, 403)


class Login(NamedTuple):
    """Who reads below an address, without a slash at its end."""

    address: str
    user: str
    password: str


def logins_in(path: Path) -> list[Login]:
    """The logins in a file: of apt's `auth.conf`, or the `deb` lines that Launchpad shows a subscriber.  Raises
    UsageError.
    """
    try:
        text = path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise UsageError(f"--auth: cannot read {path}: {reason}") from error
    try:
        found = [*_of_machines(text), *_of_sources(text)]
        ports = [urlsplit(login.address).port for login in found]
    except ValueError:
        raise UsageError(
            f"--auth: {path} has a login for what is not an address like private-ppa.example.com"
        ) from None
    if not ports:
        raise UsageError(f"--auth: {path} has neither machine … login … password … nor a deb line with a login")
    return found


def login_for(logins: Sequence[Login], ppa: str) -> tuple[Login, str]:
    """The login that is meant for a PPA, and the path of its archive on that host.  Raises UsageError where none is."""
    reference = Reference.parse(ppa)
    path = "/" + "/".join(map(quote, (reference.owner, reference.name, reference.distribution)))
    fitting = [login for login in logins if f"{path}/".startswith(f"{urlsplit(login.address).path}/")]
    if not fitting:
        raise UsageError(f"--auth: it has no login for {ppa}, whose index is at …{path}")
    return max(fitting, key=lambda login: len(urlsplit(login.address).path)), path


class PrivateIndex:
    """The indexes of one private PPA.  Raises UsageError where no login is for it."""

    def __init__(self, logins: list[Login], ppa: str) -> None:
        from ..launchpad.http import HttpTransport, Timeouts, UnusableProxyError
        from ..times import boottime

        self._login, self._path = login_for(logins, ppa)
        parts = urlsplit(self._login.address)
        self._root = f"{parts.scheme}://{parts.netloc}"
        try:
            self._transport = HttpTransport(self._root, Timeouts(), 4, boottime)
        except UnusableProxyError as error:
            raise UsageError(f"--auth: the index cannot be read: {error}") from None
        self._kept: dict[str, SeriesIndexes] = {}

    def look(self, report: Uploads) -> Uploads:
        """The report of what is published, as far as the indexes have it.  Raises UsageError where the login is
        refused; what cannot be read now is not there yet.
        """
        sources = [{**source, "state": self._state(source)} for source in report["sources"]]
        missing = [f"{one['name']} {one['version']}" for one in sources if one["state"] != "installable"]
        why = f"{missing[0]} is published; the index does not have it yet" if missing else report["why"]
        found = {**report, "goal": "installable", "reached": not missing, "final": not missing}
        return {**found, "why": why, "sources": sources}  # type: ignore[typeddict-item]

    def pause(self, left: float) -> None:
        """Wait before the next look."""
        time.sleep(min(left, PAUSE_S))

    def _state(self, source: Mapping[str, object]) -> object:
        if source["state"] not in ("published", "installable"):
            return source["state"]
        rows: list[Mapping[str, str]] = source["binaries"]  # type: ignore[assignment]
        packages = self._packages(str(source["series"]), {row["arch"] for row in rows})
        there = all((row["name"], row["version"]) in packages.get(row["arch"], ()) for row in rows)
        return "installable" if there else "published"

    def _packages(self, series: str, arches: set[str]) -> Mapping[str, frozenset[tuple[str, str]]]:
        from ..launchpad.http import NoResponseError, NotSentError
        from ..launchpad.responses import RequestFailedError, UnreadableResponseError
        from ..launchpad.series_indexes import read_series_indexes
        from ..publications import SeriesIndexes

        kept = self._kept.get(series, SeriesIndexes())
        base = f"{self._root}{self._path}/dists/{quote(series)}"
        try:
            found = read_series_indexes(self._transport, base, sorted(arches), kept, self._headers)
        except RequestFailedError as error:
            if getattr(error.answer, "status", None) in _REFUSED:
                raise UsageError(f"--auth: {self._root} refuses this login for {self._path}") from None
            return {}
        except (NotSentError, NoResponseError, UnreadableResponseError):
            return {}
        self._kept[series] = found
        return found.packages

    @property
    def _headers(self) -> Mapping[str, str]:
        token = base64.b64encode(f"{self._login.user}:{self._login.password}".encode()).decode()
        return {"Authorization": f"Basic {token}"}


def _of_machines(text: str) -> list[Login]:
    found: list[dict[str, str]] = []
    for key, value in pairwise(_words(text)):
        if key == "machine":
            found.append({key: value})
        elif key in ("login", "password") and found:
            found[-1].setdefault(key, value)
    whole = [one for one in found if len(one) == len(Login._fields)]
    return [Login(_address(one["machine"]), one["login"], one["password"]) for one in whole]


def _address(machine: str) -> str:
    return (machine if "://" in machine else f"https://{machine}").rstrip("/")


def _of_sources(text: str) -> list[Login]:
    found = [urlsplit(word) for word in _words(text) if word.startswith(("https://", "http://")) and "@" in word]
    return [
        Login(_without_login(one), unquote(one.username), unquote(one.password))
        for one in found
        if one.username and one.password
    ]


def _without_login(parts: SplitResult) -> str:
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}".rstrip("/")


def _words(text: str) -> list[str]:
    return [word for line in text.splitlines() if not line.lstrip().startswith("#") for word in line.split()]
