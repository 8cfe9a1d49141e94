"""Which leases a command line means: a lease's id, its request's id, its PPA, or all of the caller's.

Rule: whatever is written, what follows is done to the lease that was found, by the lease's id: a later lease of the
same PPA or request is never meant.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from ..client.errors import AssignerError, UnknownLease, UsageError
from ..reference import Reference
from . import parsing

if TYPE_CHECKING:
    from ..client import Client, Lease

T = TypeVar("T")
_DRAWN_BY_A_DAEMON = re.compile(r"[0-9a-f]{32}")
_MOST_SHOWN = 5


class Choice(NamedTuple):
    """A lease that is meant, and its PPA where that is known already."""

    lease: str
    ppa: str | None = None

    def __str__(self) -> str:
        return self.lease if self.ppa is None else f"{self.lease} ({self.ppa})"


def on_lease(client: Client, given: str | None, act: Callable[[Choice], T]) -> T:
    """Do something to the lease that is meant, by default that of $PPA_LEASE_ID.

    An id may be a lease's or a request's; where both are possible the lease is meant.  Raises UsageError where several
    leases have that request's id, UnknownLease where none is meant.
    """
    if given is None or _of_this_job(given):
        return act(Choice(parsing.lease_id(None), None if given is None else parsing.reference(given)))
    if is_ppa(given):
        return act(_of_ppa(client, parsing.reference(given)))
    drawn = _DRAWN_BY_A_DAEMON.fullmatch(given) is not None
    requested = None if drawn else _of_request(client, given)
    try:
        return act(requested or Choice(given))
    except UnknownLease as error:
        if requested is not None:
            raise
        if drawn and (requested := _of_request(client, given)) is not None:
            return act(requested)
        raise UnknownLease(f"{error}, and no lease that runs has that request id", error.problem) from error


def mine(client: Client, owner: str | None) -> list[Choice]:
    """All leases that the caller's client asked for, of this owner if one is given.

    Where no clients are configured nobody tells callers apart: then all leases, if they are of one owner.  Raises
    UsageError if they are not, UnknownLease where there are none.
    """
    from .listing import is_of

    name = client.caller()["name"]
    found = [lease for lease in client.leases() if _asked_by(name, lease) and is_of(owner, lease.get("owner"))]
    owners = sorted({str(lease.get("owner")) for lease in found})
    if name is None and len(owners) > 1:
        raise UsageError(
            "--mine: the daemon has no clients by which it could tell whose lease is whose; --owner says which of "
            + _few([repr(each) for each in owners])
        )
    if not found:
        raise UnknownLease("no lease is yours" + (f" and of the owner {owner!r}" if owner is not None else ""))
    return [Choice(lease["id"], lease["ppa"]) for lease in found]


def on_all(chosen: Sequence[Choice], act: Callable[[Choice], T], failed: list[AssignerError]) -> Iterator[T]:
    """Do something to each; what fails is put into `failed`, and does not keep the others from it."""
    from . import output
    from .hints import with_hint

    for choice in chosen:
        try:
            yield act(choice)
        except AssignerError as error:
            said = with_hint(error)
            output.say(said if choice.ppa is not None and choice.ppa in said else f"{choice}: {said}")
            failed.append(error)


def ppa_of(client: Client, choice: Choice) -> str:
    """The PPA of a lease.  Raises UnknownLease."""
    return choice.ppa or client.get_lease(choice.lease)["ppa"]


def is_ppa(text: str) -> bool:
    """Whether a text names a PPA, rightly or not, and so is not an id."""
    return text.lower().startswith(("~", "ppa:", "%7e"))


def required_of(ppa: str | None, lease: str | None) -> Choice | None:
    """The lease that a PPA must have for an act on both; None where none is named beside it.

    By default that of $PPA_LEASE_ID, unless the environment says that it is another PPA's.
    """
    reference = None if ppa is None or not is_ppa(ppa) else parsing.reference(ppa)
    if lease is None and reference is not None and not os.environ.get("PPA_REFERENCE"):
        lease = os.environ.get("PPA_LEASE_ID")
    return Choice(lease, reference) if lease else None


def _of_this_job(given: str) -> bool:
    """Whether it is the PPA that `exec` or `--export` told of: the lease that came with it is meant, over or not."""
    told = os.environ.get("PPA_REFERENCE")
    with suppress(ValueError):
        return bool(told and os.environ.get("PPA_LEASE_ID")) and Reference.parse(given) == Reference.parse(told or "")
    return False


def _of_ppa(client: Client, reference: str) -> Choice:
    known = client.ppa(reference)
    if not (lease := known.get("lease")):
        raise UnknownLease(f"nobody has {reference}: it is {known.get('state') or known.get('condition')}")
    return Choice(lease, reference)


def _of_request(client: Client, request_id: str) -> Choice | None:
    found = [lease for lease in client.leases(request_id=request_id) if lease.get("lead") is None]  # it leads its group
    if len(found) > 1:  # an operator is shown those of all clients
        found = _own(client, found)
    choices = [Choice(lease["id"], lease["ppa"]) for lease in found]
    if len(choices) > 1:
        raise UsageError(f"{len(choices)} leases have the request id {request_id}; say which: {_few(choices)}")
    return choices[0] if choices else None


def _own(client: Client, found: list[Lease]) -> list[Lease]:
    name = client.caller()["name"]
    return [lease for lease in found if _asked_by(name, lease)] or found


def _asked_by(name: str | None, lease: Lease) -> bool:
    """Whether the lease says so: one of which it is not told is nobody's to act on unasked."""
    return "by" in lease and lease["by"] == name


def _few(items: Sequence[object]) -> str:
    more = f" and {len(items) - _MOST_SHOWN} more" if len(items) > _MOST_SHOWN else ""
    return ", ".join(map(str, items[:_MOST_SHOWN])) + more
