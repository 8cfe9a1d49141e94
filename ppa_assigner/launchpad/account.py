"""What Launchpad tells about our account and about PPAs beside what the port needs: for `doctor`.

Rule: reads only; few requests however many PPAs there are; no answer is taken for more than it proves.  Nothing here
judges what it found.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from ..port import Done, Lane, Moment, Refused, Unavailable
from ..reference import Reference
from . import responses, session
from .client import LaunchpadClient
from .responses import ACTIVE, REDACTED, FailedError
from .session import told
from .urls import last_part, reference_of, to_person, to_ppa

NO_SUCH_TOKEN = "ppa-assigner-doctor"  # noqa: S105 - a name that no key of a PPA has: nothing secret is asked for
_REDIRECTS = (HTTPStatus.MOVED_PERMANENTLY, HTTPStatus.FOUND, HTTPStatus.SEE_OTHER)


@dataclass(frozen=True, slots=True)
class Shown:
    """A PPA as a listing shows it, whatever its status.  `quota` in MiB; None: no limit, or not told."""

    ppa: Reference
    url: str
    status: str
    description: str | None
    private: bool
    publish: bool
    quota: int | None

    @property
    def readable(self) -> bool:
        """Whether its texts are shown to us."""
        return REDACTED not in (self.status, self.description)

    @property
    def active(self) -> bool:
        """Not deleted, nor being deleted."""
        return self.status in (ACTIVE, REDACTED)


@dataclass(frozen=True, slots=True)
class Listing:
    """All PPAs of an owner that we may know of.  `moment` is that of the first page."""

    ppas: Mapping[Reference, Shown]
    moment: Moment


class Examiner(LaunchpadClient):
    """Asks as the daemon would, with its credentials and over its transport; see `LaunchpadClient`."""

    def me(self) -> str | Refused | Unavailable:
        """Whose the credentials are, as `~name`: one request."""
        return told(self._me)

    def _me(self) -> str:
        answer = self._asking.send("GET", f"{self._root}people/+me", lane=Lane.WORK)
        if answer.status in _REDIRECTS:
            return last_part(responses.text(answer.headers, "location"))
        raise FailedError(responses.problem(answer))

    def ppas(self, owner: str) -> Listing | Refused | Unavailable:
        """One request per 300 PPAs."""
        return told(
            partial(self._ppas, f"{to_person(self._root, owner)}/ppas?{urlencode({'ws.size': responses.PAGE})}")
        )

    def _ppas(self, url: str) -> Listing:
        pages = list(session.pages(self._asking.getter(), url))
        found = (_shown(data) for page, _ in pages for data in page)
        return Listing({one.ppa: one for one in found}, pages[0][1])

    def ppa(self, ppa: Reference) -> Shown | Refused | Unavailable:
        """One of them, which a listing lacked: one request."""
        return told(partial(self._ppa, to_ppa(self._root, ppa)))

    def _ppa(self, url: str) -> Shown:
        return _shown(self._document(url))

    def may_edit(self, shown: Shown) -> Done | Refused | Unavailable:
        """Whether we may write to it: one request, that writes nothing.

        Launchpad has no question for that.  It answers this read, for a key that does not exist, to those alone whom it
        lets write descriptions: both are launchpad.Edit, for the account and for the access that its token was granted.
        """
        return told(partial(self._may_edit, shown))

    def _may_edit(self, shown: Shown) -> Done:
        asked = urlencode(session.operation("getNamedAuthTokens", names=[NO_SUCH_TOKEN]))
        answer = self._asking.send("GET", f"{shown.url}?{asked}", lane=Lane.WORK)
        if answer.status != HTTPStatus.OK:
            raise FailedError(responses.problem(answer))
        return Done(responses.moment(answer))

    def teams(self, person: str) -> frozenset[str] | Refused | Unavailable:
        """The teams that somebody is in, directly or not, as `~name`: one request per 300."""
        return told(partial(self._names, f"{to_person(self._root, person)}/super_teams?ws.size={responses.PAGE}"))

    def administrators(self, team: str) -> frozenset[str] | Refused | Unavailable:
        """The members that may change a team beside its owner, as `~name`: one request per 300.  A team among them
        stands for all that are in it.
        """
        return told(partial(self._names, f"{to_person(self._root, team)}/admins?ws.size={responses.PAGE}"))

    def _names(self, url: str) -> frozenset[str]:
        return frozenset(f"~{responses.text(one, 'name')}" for one in session.entries(self._asking.getter(), url))

    def owner_of(self, who: str) -> str | Refused | Unavailable | None:
        """Who owns a team, as `~name`; None for a person: one request."""
        return told(partial(self._owner_of, to_person(self._root, who)))

    def _owner_of(self, url: str) -> str | None:
        owner = self._document(url).get("team_owner_link")
        return None if owner is None else last_part(str(owner))

    def _document(self, url: str) -> dict[str, Any]:
        answer = self._asking.send("GET", url, lane=Lane.WORK)
        if answer.status != HTTPStatus.OK:
            raise FailedError(responses.problem(answer))
        return responses.document(answer)


def _shown(data: dict[str, Any]) -> Shown:
    url, quota, description = responses.text(data, "self_link"), data.get("authorized_size"), data.get("description")
    return Shown(
        ppa=reference_of(url),
        url=url,
        status=str(data.get("status")),
        description=description if isinstance(description, str) else None,
        private=data.get("private") is True,
        publish=data.get("publish") is not False,
        quota=quota if isinstance(quota, int) else None,
    )
