"""The command `show`: all that is known of one PPA and its lease, with what happened to it last.

Rule: nothing is shortened, and what is not known is left out; a time is told as an age beside the local time.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

from ..client.errors import Unavailable, UnknownLease, UsageError
from ..reference import Reference
from ..times import local_time
from . import completion, output, parsing
from .options import CaFileOption, DocumentForm, DocumentFormOption, JsonOption, OidcOption, TokenFileOption, UrlOption
from .parameters import Argument
from .selection import is_ppa

if TYPE_CHECKING:
    from ..client import PPA, Client, Event, Lease

_EVENTS = 10


def show(
    what: Annotated[
        str,
        Argument(
            metavar="PPA|LEASE",
            help="A PPA, a lease's id, or a request's id.",
            autocompletion=completion.ppas_or_leases,
        ),
    ],
    form: DocumentFormOption = None,
    json: JsonOption = False,
    url: UrlOption = None,
    token_file: TokenFileOption = None,
    oidc: OidcOption = None,
    ca_file: CaFileOption = None,
) -> None:
    """Show all that is known of a PPA, and its last events.

    -o json and -o yaml print the daemon's documents: `ppa`, `lease` (null where there is none) and `events`.
    """
    if json and form is DocumentForm.YAML:
        raise UsageError("--json or -o yaml, not both")
    client = parsing.connect(url, token_file, ca_file, oidc)
    ppa = _meant(client, what)
    lease = _lease(client, ppa)
    found = (each for each in client.events(ppa=ppa["ppa"], latest=_EVENTS) if each.get("ppa") == ppa["ppa"])
    events = list(found)[-_EVENTS:]
    if json or form is not None:
        output.structured({"ppa": ppa, "lease": lease, "events": events}, form or DocumentForm.JSON)
        return
    for text in _lines(ppa, lease, events):
        output.line(text)


# -- which --------------------------------------------------------------------------------------------------------


def _meant(client: Client, text: str) -> PPA:
    """The PPA that a text means, by its own name or by its lease or request."""
    if is_ppa(text) or "/" in text:
        return client.ppa(parsing.reference(text))
    if (known := next((each for each in client.ppas() if each.get("lease") == text), None)) is not None:
        return known
    requested = client.leases(request_id=text)
    if len(requested) > 1:
        ids = ", ".join(f"{each['id']} ({each['ppa']})" for each in requested)
        raise UsageError(f"several leases have the request id {text!r}: {ids}")
    return client.ppa((requested[0] if requested else client.get_lease(text))["ppa"])


def _lease(client: Client, ppa: PPA) -> Lease | None:
    """Its lease, also one that is over as long as its PPA remembers it."""
    if lease := ppa.get("lease"):
        with suppress(UnknownLease, Unavailable):
            return client.get_lease(lease)
    return None


# -- what is said -------------------------------------------------------------------------------------------------


def _lines(ppa: PPA, lease: Lease | None, events: list[Event]) -> Iterator[str]:
    from .sentences import line_of

    yield from output.aligned(_facts(dict(ppa), dict(lease or {})))
    yield ""
    yield "Events" if events else "Events: none since the daemon's start"
    for event in events:
        yield line_of(event, output.terminal_width(), ppa=False)


def _facts(ppa: dict[str, Any], lease: dict[str, Any]) -> Iterator[tuple[str, str | None]]:
    from .tables import cleaning, condition, ending, labels, since, trouble

    now = datetime.now(UTC)
    why = condition(ppa, now)
    yield "PPA", ppa["ppa"]
    yield "dput", Reference.parse(ppa["ppa"]).dput
    yield "Page", lease.get("web")
    yield "Pool", ppa.get("pool")
    yield "Labels", labels(ppa)
    yield "State", _with_age(ppa.get("state"), since("since")(ppa, now), ppa.get("since"))
    yield "Condition", why or "ok"
    yield "Fault", trouble(ppa, why)
    yield "Cleaning", cleaning(ppa)
    yield "Owner" if ppa.get("state") == "used" else "Last owner", ppa.get("owner")
    yield "Lease", ppa.get("lease")
    yield "Request", lease.get("request_id")
    yield "Client", lease.get("by")
    yield "Uploader", lease.get("uploader")
    yield "Ends", ending(ppa, now)
    yield "Touched", _ago(since("touched")(ppa, now), ppa.get("touched")) if ppa.get("state") == "used" else None
    yield "Note", ppa.get("note")
    yield "Seen", _ago(since("seen")(ppa, now), ppa.get("seen"))


def _with_age(state: str | None, age: str | None, moment: str | None) -> str | None:
    return f"{state} for {age}, since {local_time(moment)}" if state and age else state


def _ago(age: str | None, moment: str | None) -> str | None:
    return None if age is None else f"{age} ago, {local_time(moment)}"
