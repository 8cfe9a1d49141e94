"""What `doctor` asks Launchpad beyond the port: our account, its rights, and PPAs of any status.

Rule: reads only; few requests however many PPAs there are; nothing is concluded that a response does not prove.
Nothing here judges what it finds.
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
from .responses import ACTIVE, REDACTED, RequestFailedError
from .session import collection_url, failure_as_answer
from .urls import last_part, person_url, ppa_url, reference_at

NO_SUCH_TOKEN = "ppa-assigner-doctor"  # noqa: S105 - a name that no key of a PPA has: no secret is read
_REDIRECTS = (HTTPStatus.MOVED_PERMANENTLY, HTTPStatus.FOUND, HTTPStatus.SEE_OTHER)


@dataclass(frozen=True, slots=True)
class ListedPPA:
    """A PPA as a listing shows it, whatever its status.  `quota` in MiB; None: no limit, or not shown."""

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
        """Whether it is neither deleted nor being deleted."""
        return self.status in (ACTIVE, REDACTED)


@dataclass(frozen=True, slots=True)
class PPAListing:
    """All PPAs of an owner that we may know of.  `moment` is that of the first page."""

    ppas: Mapping[Reference, ListedPPA]
    moment: Moment


class AccountClient(LaunchpadClient):
    """Reads as the daemon would, with its credentials and over its transport; see `LaunchpadClient`."""

    def me(self) -> str | Refused | Unavailable:
        """Whose the credentials are, as `~name`: one request."""
        return failure_as_answer(self._me)

    def _me(self) -> str:
        response = self._session.send("GET", f"{self._root}people/+me", lane=Lane.WORK)
        if response.status in _REDIRECTS:
            return last_part(responses.required_text(response.headers, "location"))
        raise RequestFailedError(responses.on_failure(response))

    def ppas(self, owner: str) -> PPAListing | Refused | Unavailable:
        """All PPAs of an owner: one request per 300."""
        return failure_as_answer(partial(self._ppas, collection_url(f"{person_url(self._root, owner)}/ppas")))

    def _ppas(self, url: str) -> PPAListing:
        pages = list(session.pages(self._session.getter(), url))
        found = (_listed_ppa(data) for page, _ in pages for data in page)
        return PPAListing({one.ppa: one for one in found}, pages[0][1])

    def ppa(self, ppa: Reference) -> ListedPPA | Refused | Unavailable:
        """One PPA, whatever its status: one request."""
        return failure_as_answer(partial(self._ppa, ppa_url(self._root, ppa)))

    def _ppa(self, url: str) -> ListedPPA:
        return _listed_ppa(self._read_object(url))

    def may_edit(self, shown: ListedPPA) -> Done | Refused | Unavailable:
        """Whether we may write to a PPA: one request, which writes nothing.

        Launchpad has no operation for that.  It answers this read, for a key that does not exist, only to those who may
        write descriptions: both need launchpad.Edit, of the account and of the access level of its token.
        """
        return failure_as_answer(partial(self._may_edit, shown))

    def _may_edit(self, shown: ListedPPA) -> Done:
        asked = urlencode(session.operation_form("getNamedAuthTokens", names=[NO_SUCH_TOKEN]))
        response = self._session.send("GET", f"{shown.url}?{asked}", lane=Lane.WORK)
        if response.status != HTTPStatus.OK:
            raise RequestFailedError(responses.on_failure(response))
        return Done(responses.moment_of(response))

    def teams(self, person: str) -> frozenset[str] | Refused | Unavailable:
        """The teams that a person is in, directly or not, as `~name`: one request per 300."""
        return failure_as_answer(partial(self._names, collection_url(f"{person_url(self._root, person)}/super_teams")))

    def administrators(self, team: str) -> frozenset[str] | Refused | Unavailable:
        """The members that may change a team besides its owner, as `~name`: one request per 300.  A team among them
        stands for all its members.
        """
        return failure_as_answer(partial(self._names, collection_url(f"{person_url(self._root, team)}/admins")))

    def _names(self, url: str) -> frozenset[str]:
        return frozenset(
            f"~{responses.required_text(one, 'name')}" for one in session.entries(self._session.getter(), url)
        )

    def owner_of(self, who: str) -> str | Refused | Unavailable | None:
        """Who owns a team, as `~name`; None for a person: one request."""
        return failure_as_answer(partial(self._owner_of, person_url(self._root, who)))

    def _owner_of(self, url: str) -> str | None:
        owner = self._read_object(url).get("team_owner_link")
        return None if owner is None else last_part(str(owner))

    def _read_object(self, url: str) -> dict[str, Any]:
        response = self._session.send("GET", url, lane=Lane.WORK)
        if response.status != HTTPStatus.OK:
            raise RequestFailedError(responses.on_failure(response))
        return responses.json_object(response)


def _listed_ppa(data: dict[str, Any]) -> ListedPPA:
    url = responses.required_text(data, "self_link")
    quota, description = data.get("authorized_size"), data.get("description")
    return ListedPPA(
        ppa=reference_at(url),
        url=url,
        status=str(data.get("status")),
        description=description if isinstance(description, str) else None,
        private=data.get("private") is True,
        publish=data.get("publish") is not False,
        quota=quota if isinstance(quota, int) else None,
    )
